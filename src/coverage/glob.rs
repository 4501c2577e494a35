//! coverage.py's language of path patterns, as `[paths]`, `include` and `omit` use it.
//!
//! `/` and `\` are one and match both. `*` and `?` stop at slashes, `**/` is any folders or none, a trailing `/*` is
//! everything below, `[...]` is a character class, and a pattern without a slash matches in any folder.

use regex::{Regex, RegexBuilder};

/// A pattern that has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A part of it is not in the language.
    #[error("file pattern `{pattern}` can't include `{part}`")]
    Part {
        /// The pattern as written.
        pattern: String,
        /// The part that is wrong.
        part: String,
    },
    /// A character class is empty or goes backwards.
    #[error("file pattern `{pattern}` has a character class that matches nothing: `{class}`")]
    Class {
        /// The pattern as written.
        pattern: String,
        /// The class.
        class: String,
    },
    /// A pattern of `[paths]` names folders, so a wildcard cannot be its last character.
    #[error("pattern `{0}` of `[paths]` must not end with a wildcard")]
    TrailingWildcard(String),
    /// It is too large to compile.
    #[error("file pattern `{0}` is too large")]
    TooLarge(String),
}

/// How much of a path a pattern has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it, as for `include` and `omit`.
    Whole,
    /// Its beginning, as for `[paths]`.
    Start,
}

const SEPARATOR: &str = r"[/\\]";
const NO_SEPARATOR: &str = r"[^/\\]";
const FOLDERS: &str = r"(?:.*[/\\])?";

/// The pattern as a regular expression.
///
/// # Errors
/// Says which part has no meaning.
pub fn compile(pattern: &str, extent: Extent, ignore_case: bool) -> Result<Regex, PatternError> {
    let end = if extent == Extent::Whole { r"\z" } else { "" };
    RegexBuilder::new(&format!(r"\A(?:{}){end}", translate(pattern)?))
        .case_insensitive(ignore_case)
        .build()
        .map_err(|_| PatternError::TooLarge(pattern.to_owned()))
}

fn translate(pattern: &str) -> Result<String, PatternError> {
    let mut text = pattern.replace('\\', "/");
    if !text.contains('/') {
        text.insert_str(0, "**/");
    }
    let mut regex = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        if let Some(length) = meaningless(rest) {
            return Err(PatternError::Part { pattern: pattern.to_owned(), part: rest[..length].to_owned() });
        }
        let stars = rest.len() - rest.trim_start_matches('*').len();
        let length = if stars > 0 && rest[stars..].starts_with('/') && (rest.len() == text.len() || stars == 2) {
            regex.push_str(FOLDERS);
            stars + 1
        } else if rest.len() > 1 && rest.starts_with('/') && rest[1..].bytes().all(|byte| byte == b'*') {
            regex.push_str(SEPARATOR);
            regex.push_str(".*");
            rest.len()
        } else if first == '[' {
            let Some(end) = rest.find(']') else {
                return Err(PatternError::Part { pattern: pattern.to_owned(), part: "[".to_owned() });
            };
            let class = &rest[..=end];
            regex.push_str(
                &character_class(class)
                    .ok_or_else(|| PatternError::Class { pattern: pattern.to_owned(), class: class.to_owned() })?,
            );
            class.len()
        } else {
            match first {
                ']' => return Err(PatternError::Part { pattern: pattern.to_owned(), part: "]".to_owned() }),
                '*' => {
                    regex.push_str(NO_SEPARATOR);
                    regex.push('*');
                }
                '?' => regex.push_str(NO_SEPARATOR),
                '/' => regex.push_str(SEPARATOR),
                _ => regex.push_str(&regex::escape(first.encode_utf8(&mut [0; 4]))),
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    Ok(regex)
}

/// The length of a part without a meaning at the start: three stars, two stars that touch something else in the same
/// folder, or two such folders in a row.
fn meaningless(rest: &str) -> Option<usize> {
    let stars = |text: &str| text.len() - text.trim_start_matches('*').len();
    let leading = stars(rest);
    if leading >= 3 {
        return Some(leading);
    }
    let folder = &rest[..rest.find('/').unwrap_or(rest.len())];
    // Something, then two stars: the last such stars of this folder count.
    if let Some(at) = folder.rfind("**") {
        let first = folder[..at + 2].trim_end_matches('*').len();
        if first > 0 || at > 0 {
            return Some(at + 2);
        }
    }
    if leading == 2 {
        if folder.len() > 2 {
            return Some(folder.len());
        }
        if rest.starts_with("**/**") {
            return Some(5);
        }
    }
    None
}

/// A class in the words of the regex crate; `None` when Python would not take it either.
fn character_class(class: &str) -> Option<String> {
    let inner = &class[1..class.len() - 1];
    let (negated, inner) = inner.strip_prefix('^').map_or((false, inner), |rest| (true, rest));
    let chars: Vec<char> = inner.chars().collect();
    if chars.is_empty() {
        return None;
    }
    let mut result = String::from(if negated { "[^" } else { "[" });
    let mut at = 0;
    let mut pieces = Vec::new();
    while at < chars.len() {
        if at + 2 < chars.len() && chars[at + 1] == '-' {
            if chars[at] > chars[at + 2] {
                return None;
            }
            pieces.push((chars[at], Some(chars[at + 2])));
            at += 3;
        } else {
            pieces.push((chars[at], None));
            at += 1;
        }
    }
    let escaped = |char: char| {
        if char.is_ascii_punctuation() { format!("\\{char}") } else { char.to_string() }
    };
    for (from, to) in pieces {
        result.push_str(&escaped(from));
        if let Some(to) = to {
            result.push('-');
            result.push_str(&escaped(to));
        }
    }
    result.push(']');
    Some(result)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        compile(pattern, Extent::Whole, false).unwrap().is_match(path)
    }

    #[test]
    fn wildcards_stop_at_slashes() {
        assert!(
            matches("foo", "foo") && matches("foo", "a/b/foo") && matches("foo", r"a\foo") && !matches("foo", "xfoo")
        );
        assert!(matches("a/*/b", r"a\x\b") && !matches("a/*/b", "a/x/y/b"));
        assert!(matches("a/**/b", "a/x/y/b") && matches("a/**/b", "a/b"));
        assert!(matches("a/*", "a/b/c") && matches("a/**", "a/b/c") && matches("a/***", "a/b/c"));
        assert!(matches("*/foo", "foo") && matches("*/a/*/b/*", "q/a/x/b/y/z") && !matches("*foo/bar", "a/foo/bar"));
        assert!(matches("a?b", "x/axb") && !matches("a?b", "a/b"));
        assert!(matches("**/*/**", "a/b/c"));
    }

    #[test]
    fn classes_are_pythons() {
        assert!(matches("[a-c]x", "bx") && matches("[!a]x", "!x") && !matches("[!a]x", "bx"));
        assert!(matches("[^a]x", "bx") && matches("[[]x", "[x") && matches("[&&~~]x", "~x") && matches("[-a]x", "-x"));
        assert!(compile("[z-a]", Extent::Start, false).is_err() && compile("[]", Extent::Start, false).is_err());
    }

    #[test]
    fn meaningless_parts_are_named() {
        for (pattern, part) in [
            ("**", "**/**"),
            ("***", "**/**"),
            ("x**", "x**"),
            ("**x", "**/**"),
            ("a/**b", "**b"),
            ("a/***/b", "***"),
            ("a/b*c**d", "b*c**"),
            ("*a**/x", "*a**"),
            ("?**/x", "?**"),
            ("**[a]/b", "**[a]"),
            ("***/x", "***"),
            ("a/**/**/b", "**/**"),
            ("[a-z", "["),
            ("a]", "]"),
        ] {
            let error = compile(pattern, Extent::Start, true).unwrap_err();
            assert_eq!(error, PatternError::Part { pattern: pattern.to_owned(), part: part.to_owned() });
        }
    }
}
