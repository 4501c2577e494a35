//! coverage.py's glob language, for `include`, `omit` and `[paths]`.
//!
//! `/` and `\` are one and match both. `*` and `?` stop at slashes, `**/` is any folders or none, a trailing `/*` is
//! everything below, `[...]` is a character class, and a pattern without a slash matches in any folder.

use std::fmt::Write as _;

use super::config::pyregex::{self, PyRegex, Scan};

/// Whether letters match in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They do not.
    Sensitive,
    /// They do.
    Insensitive,
}

impl Case {
    /// The rule for `include` and `omit`: only Windows does not tell cases apart.
    pub const NATIVE: Self = if cfg!(windows) { Self::Insensitive } else { Self::Sensitive };
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// A part that has no meaning.
    #[error("File pattern can't include '{0}'")]
    Part(String),
    /// A `[...]` that is no set of characters.
    #[error("File pattern '{pattern}' is not valid: {error}")]
    Set {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        error: pyregex::PatternError,
    },
}

/// Why a pattern of `[paths]` is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no pattern.
    #[error("`{pattern}` of `[paths]`: {error}")]
    Glob {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        error: GlobError,
    },
    /// It names folders, so a wildcard cannot be its last character.
    #[error("pattern `{0}` of `[paths]` must not end with a wildcard")]
    TrailingWildcard(String),
}

/// The patterns of `include` or `omit`: each matches the whole of a file name.
#[derive(Debug, Clone)]
pub struct GlobMatcher {
    regex: Option<PyRegex>,
}

impl GlobMatcher {
    /// Compiles patterns as they are. See [`prepare`] for what `include` and `omit` do with theirs first.
    pub fn new<S: AsRef<str>>(patterns: &[S], case: Case) -> Result<Self, GlobError> {
        if patterns.is_empty() {
            return Ok(Self { regex: None });
        }
        let mut texts = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let text = translate(pattern.as_ref())?;
            // Each by itself first, so that the error can name the pattern.
            compile(pattern.as_ref(), &format!(r"(?:{text})\Z"), case)?;
            texts.push(format!("(?:{text})"));
        }
        let regex = compile("", &format!(r"(?:{})\Z", texts.join("|")), case)?;
        Ok(Self { regex: Some(regex) })
    }

    /// Whether one of the patterns matches the whole name.
    pub fn matches(&self, path: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.match_start(path).is_some(),
            None => path.is_empty(),
        }
    }
}

/// One pattern of `[paths]`: matches the start of a file name.
#[derive(Debug, Clone)]
pub struct PathPattern {
    regex: PyRegex,
}

impl PathPattern {
    /// Compiles a pattern, its closing separator included. Letters match in either case.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        compile(pattern, &translate(pattern)?, Case::Insensitive).map(|regex| Self { regex })
    }

    /// A folder of this very name, wherever it is.
    pub fn folder(name: &str) -> Result<Self, GlobError> {
        let mut text = ANY_DIRECTORIES.to_owned();
        name.chars().for_each(|char| literal(char, &mut text));
        text.push_str(SEPARATOR);
        compile(name, &text, Case::Sensitive).map(|regex| Self { regex })
    }

    /// The length of the start that matches, in bytes.
    pub fn matched_prefix(&self, path: &str) -> Option<usize> {
        self.regex.match_start(path)
    }
}

/// What `include` and `omit` try: a pattern that starts with `*` or `?` as it is, any other as written and made
/// absolute.
pub fn prepare<S: AsRef<str>>(patterns: &[S], absolute: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut prepared = Vec::with_capacity(2 * patterns.len());
    for pattern in patterns {
        let pattern = pattern.as_ref();
        prepared.push(pattern.to_owned());
        if !pattern.starts_with(['*', '?']) {
            prepared.push(absolute(pattern));
        }
    }
    prepared
}

fn compile(pattern: &str, regex: &str, case: Case) -> Result<PyRegex, GlobError> {
    let scan = Scan { ignore_case: case == Case::Insensitive, anchored: true, ..Scan::default() };
    PyRegex::new(regex, scan).map_err(|error| GlobError::Set { pattern: pattern.to_owned(), error })
}

/// Any directories, or none.
const ANY_DIRECTORIES: &str = r"(?:.*[/\\])?";
const SEPARATOR: &str = r"[/\\]";

/// The Python regex of a pattern, not anchored.
fn translate(pattern: &str) -> Result<String, GlobError> {
    let mut pattern = pattern.replace('\\', "/");
    if !pattern.contains('/') {
        pattern.insert_str(0, "**/");
    }
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern.as_str();
    let mut at_start = true;
    while let Some(first) = rest.chars().next() {
        if let Some(part) = forbidden(rest) {
            return Err(GlobError::Part(part.to_owned()));
        }
        let stars = rest.len() - rest.trim_start_matches('*').len();
        let length = if (stars == 2 || at_start && stars > 0) && rest[stars..].starts_with('/') {
            out.push_str(ANY_DIRECTORIES);
            stars + 1
        } else if first == '/' && closing_stars(&rest[1..]) {
            out.push_str(r"[/\\].*");
            rest.trim_end_matches('\n').len()
        } else {
            token(rest, first, &mut out)?
        };
        rest = &rest[length..];
        at_start = false;
    }
    Ok(out)
}

/// One or more stars that end the pattern (before a line end, if there is one).
fn closing_stars(rest: &str) -> bool {
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    !rest.is_empty() && rest.bytes().all(|byte| byte == b'*')
}

/// Translates what stands at the start of `rest`; how long it is.
fn token(rest: &str, first: char, out: &mut String) -> Result<usize, GlobError> {
    match first {
        '*' => out.push_str(r"[^/\\]*"),
        '?' => out.push_str(r"[^/\\]"),
        '/' => out.push_str(SEPARATOR),
        '[' => {
            let Some(end) = rest.find(']') else { return Err(GlobError::Part("[".to_owned())) };
            out.push_str(&rest[..=end]);
            return Ok(end + 1);
        }
        ']' => return Err(GlobError::Part("]".to_owned())),
        c => literal(c, out),
    }
    Ok(first.len_utf8())
}

fn literal(c: char, out: &mut String) {
    if c.is_alphanumeric() || c == '_' {
        out.push(c);
    } else {
        // Writing to a text cannot fail.
        let _ = write!(out, "\\U{:08x}", u32::from(c));
    }
}

/// The part at the start of `rest` that has no meaning.
fn forbidden(rest: &str) -> Option<&str> {
    let stars = rest.len() - rest.trim_start_matches('*').len();
    if stars >= 3 {
        return Some(&rest[..stars]);
    }
    let segment = &rest[..rest.find('/').unwrap_or(rest.len())];
    let first = segment.chars().next().map_or(0, char::len_utf8);
    if let Some(last) = segment.rfind("**").filter(|last| *last >= first && first > 0) {
        return Some(&segment[..last + 2]);
    }
    if stars == 2 && segment.len() > 2 {
        return Some(segment);
    }
    rest.starts_with("**/**").then_some("**/**")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        GlobMatcher::new(&[pattern], Case::Sensitive).unwrap().matches(path)
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, path, expected) in [
            ("a.py", "/x/a.py", true),
            ("a.py", "a.py", true),
            ("a.py", "/x/aXpy", false),
            ("*/a.py", "/x/y/a.py", true),
            ("**/a.py", "a.py", true),
            ("/x/*", "/x/y/z.py", true),
            ("/x/**", "/x/y/z.py", true),
            ("src/*.py", "src/a.py", true),
            ("src/*.py", "src/b/a.py", false),
            ("src/*.py", "/x/src/a.py", false),
            ("src/**/a.py", "src/a.py", true),
            ("src/**/a.py", "src/b/c/a.py", true),
            ("s?c/a.py", "s/c/a.py", false),
            ("[st]rc/a.py", "trc/a.py", true),
            ("src\\a.py", "src/a.py", true),
            ("src/a.py", "src\\a.py", true),
            ("A.py", "a.py", false),
            ("*", "/any/thing", true),
            ("é-*.py", "x/é-1.py", true),
            ("foo", "xfoo", false),
            ("a/*/b", r"a\x\b", true),
            ("a/**/b", "a/b", true),
            ("a/***", "a/b/c", true),
            ("*/foo", "foo", true),
            ("*/a/*/b/*", "q/a/x/b/y/z", true),
            ("*foo/bar", "a/foo/bar", false),
            ("a?b", "a/b", false),
            ("**/*/**", "a/b/c", true),
            ("[!a]x", "!x", true),
            ("[!a]x", "bx", false),
            ("[^a]x", "bx", true),
            ("[[]x", "[x", true),
            ("[&&~~]x", "~x", true),
            ("[-a]x", "-x", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
        assert!(GlobMatcher::new(&["A.py"], Case::Insensitive).unwrap().matches("x/a.PY"));
        assert!(!GlobMatcher::new::<&str>(&[], Case::Sensitive).unwrap().matches("a"));
        assert!(GlobMatcher::new(&["a", "b/c"], Case::Sensitive).unwrap().matches("b/c"));
    }

    #[test]
    fn senseless_parts_are_named() {
        for (pattern, part) in [
            ("***", "**/**"),
            ("**", "**/**"),
            ("x**", "x**"),
            ("**x", "**/**"),
            ("a/**x", "**x"),
            ("**/**", "**/**"),
            ("a/**/**/b", "**/**"),
            ("***/a", "***"),
            ("a/***/b", "***"),
            ("ab**c/d", "ab**"),
            ("?**/x", "?**"),
            ("[a]**/b", "[a]**"),
            ("[a", "["),
            ("a]", "]"),
            ("a/b[", "["),
            ("[[a]]", "]"),
            ("a/b*c**d", "b*c**"),
            ("**[a]/b", "**[a]"),
            ("[a-z", "["),
        ] {
            let error = GlobMatcher::new(&[pattern], Case::Sensitive).unwrap_err();
            assert_eq!(error, GlobError::Part(part.to_owned()), "{pattern}");
        }
        let error = GlobMatcher::new(&["a[]b"], Case::Sensitive).unwrap_err();
        assert!(error.to_string().starts_with("File pattern 'a[]b' is not valid: "), "{error}");
    }

    #[test]
    fn a_path_pattern_matches_a_start() {
        let pattern = PathPattern::new("*/SRC/").unwrap();
        assert_eq!(pattern.matched_prefix("/ci/src/a.py"), Some("/ci/src/".len()));
        assert_eq!(pattern.matched_prefix("c:\\src\\a.py"), Some("c:\\src\\".len()));
        assert_eq!(pattern.matched_prefix("/ci/source/a.py"), None);
        let folder = PathPattern::folder("a*[").unwrap();
        assert_eq!(folder.matched_prefix("/x/a*[/b.py"), Some("/x/a*[/".len()));
        assert_eq!(folder.matched_prefix("/x/A*[/b.py"), None);
        assert!(PathPattern::new("[z-a]/").is_err());
    }

    #[test]
    fn plain_patterns_are_tried_absolute_too() {
        let prepared = prepare(&["a", "*/b", "?c"], &|pattern| format!("/here/{pattern}"));
        assert_eq!(prepared, ["a", "/here/a", "*/b", "?c"]);
    }
}
