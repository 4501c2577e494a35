//! Globs over paths relative to the configuration file's folder.

use regex::{Regex, RegexBuilder};

/// A path glob: `*` and `?` stay within one folder, `**` crosses folders, `[ab]` and `{a,b}` choose, `\` escapes.
#[derive(Debug, Clone)]
pub struct PathGlob {
    text: String,
    regex: Regex,
}

impl PathGlob {
    /// Reads a glob.
    ///
    /// # Errors
    /// What is wrong with it, for a message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim().trim_start_matches("./").trim_end_matches('/');
        if trimmed.is_empty() {
            return Err("it names nothing".to_owned());
        }
        if trimmed.starts_with('/') || text.trim().starts_with('/') {
            return Err("it is absolute; paths are relative to the folder of this file".to_owned());
        }
        if trimmed.split('/').any(|part| part == "..") {
            return Err("it leaves the folder of this file by `..`".to_owned());
        }
        let regex = RegexBuilder::new(&translate(trimmed)?)
            .size_limit(super::pattern::REGEX_LIMIT)
            .build()
            .map_err(|_| "it is too large or holds an impossible `[…]`".to_owned())?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The glob as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `path`, written with `/`, is named by this glob.
    pub fn is_match(&self, path: &str) -> bool {
        self.regex.is_match(path.trim_start_matches("./"))
    }

    /// Whether `path` or a folder above it is named by this glob.
    pub fn covers(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./");
        self.is_match(path) || path.match_indices('/').any(|(at, _)| self.is_match(&path[..at]))
    }

    /// The glob that names exactly `path`.
    pub fn escape(path: &str) -> String {
        let mut out = String::with_capacity(path.len());
        for c in path.chars() {
            if "*?[]{}\\".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    }
}

fn translate(glob: &str) -> Result<String, String> {
    let mut out = String::from("(?s)^");
    let mut chars = glob.chars().peekable();
    let mut braces = false;
    let mut before = '/';
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                while chars.next_if_eq(&'*').is_some() {}
                if before == '/' && chars.next_if_eq(&'/').is_some() {
                    out.push_str("(?:[^/]+/)*");
                    before = '/';
                    continue;
                }
                out.push_str(".*");
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => class(&mut chars, &mut out)?,
            '{' if braces => return Err("a `{` stands inside `{…}`".to_owned()),
            '{' => {
                braces = true;
                out.push_str("(?:");
            }
            '}' if braces => {
                braces = false;
                out.push(')');
            }
            ',' if braces => out.push('|'),
            '\\' => match chars.next() {
                Some(escaped) => out.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4]))),
                None => return Err("it ends with a `\\` that escapes nothing".to_owned()),
            },
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
        before = c;
    }
    if braces {
        return Err("a `{` is not closed".to_owned());
    }
    out.push('$');
    Ok(out)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.next_if(|&c| c == '!' || c == '^').is_some() {
        out.push_str("^/");
    }
    let mut first = true;
    for c in chars.by_ref() {
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(());
            }
            '-' => out.push('-'),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        first = false;
    }
    Err("a `[` is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> PathGlob {
        PathGlob::parse(text).expect("a glob")
    }

    #[test]
    fn stars_stay_in_their_folder_unless_doubled() {
        assert!(glob(".github/workflows/*.yml").is_match(".github/workflows/ci.yml"));
        assert!(!glob(".github/*.yml").is_match(".github/workflows/ci.yml"));
        assert!(glob("**/ci.yml").is_match("ci.yml") && glob("**/ci.yml").is_match("a/b/ci.yml"));
        assert!(glob(".github/**").is_match(".github/workflows/ci.yml"));
        assert!(glob("a/**/b").is_match("a/b") && glob("a/**/b").is_match("a/x/y/b"));
        assert!(glob("./ci.{yml,yaml}").is_match("./ci.yaml"));
        assert!(glob("c[hi].y?l").is_match("ci.yml") && !glob("c[!i].yml").is_match("ci.yml"));
    }

    #[test]
    fn a_folder_covers_what_is_in_it() {
        assert!(glob("vendor/").covers("vendor/x/ci.yml"));
        assert!(glob("*/generated").covers("a/generated/ci.yml"));
        assert!(!glob("vendor").covers("vendored/ci.yml"));
    }

    #[test]
    fn escaped_paths_name_themselves() {
        for path in ["a*b/[c]{d,e}?.yml", "a\\b.yml", "ä/-.yml", "{", "]"] {
            assert!(glob(&PathGlob::escape(path)).is_match(path), "{path}");
        }
    }

    #[test]
    fn bad_globs_are_explained() {
        for (text, words) in [
            ("", "nothing"),
            ("/etc/*", "absolute"),
            ("../x", "`..`"),
            ("a[b", "`[` is not closed"),
            ("a{b", "`{` is not closed"),
            ("{a{b}}", "inside"),
            ("a\\", "escapes nothing"),
            ("[z-a]", "impossible"),
        ] {
            let error = PathGlob::parse(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
