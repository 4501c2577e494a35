//! The regular expressions that mark lines.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

/// Finds all matches in a text, from left to right and not overlapping, as byte offsets (start, end).
pub type Matcher = dyn Fn(&str) -> Vec<(usize, usize)> + Send + Sync;

/// What excludes lines and what excuses partial branches. [`Patterns::default`] is coverage.py's default.
pub struct Patterns {
    /// Matches the lines to exclude; `None` excludes nothing.
    pub exclude: Option<Box<Matcher>>,
    /// Matches the lines whose missing branches do not count; `None` excuses none.
    pub no_branch: Option<Box<Matcher>>,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            exclude: Some(Box::new(|text| default_matches(EXCLUDE.as_ref(), text))),
            no_branch: Some(Box::new(|text| default_matches(NO_BRANCH.as_ref(), text))),
        }
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns")
            .field("exclude", &self.exclude.is_some())
            .field("no_branch", &self.no_branch.is_some())
            .finish()
    }
}

/// What Python's `\s` takes, the separators of ASCII included, which Rust's does not.
const BLANK: &str = r"[\s\x1c-\x1f]";

/// A comment such as `# pragma: no cover`.
fn pragma(word: &str) -> String {
    let upper = word.to_uppercase();
    format!("#{BLANK}*(?:pragma|PRAGMA)(?::|{BLANK})?{BLANK}*(?:no|NO){BLANK}*(?:{word}|{upper})")
}

/// The default exclusions: the pragma; a body that is only `...`, on its own line or behind the header's colon; a
/// `TYPE_CHECKING` block.
static EXCLUDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pragma = pragma("cover");
    let header = format!(r"(?:(?:async )?def .*?)?[)\]]+(?:{BLANK}*->.*?)?:{BLANK}*");
    let stub = format!(r"^{BLANK}*(?:{header})?\.\.\.{BLANK}*(?:#|$)");
    let checking = format!("^{BLANK}*if (?:typing\\.)?TYPE_CHECKING:");
    compile(&format!("{pragma}|{stub}|{checking}"))
});

/// The default excuses: the pragma, and constant conditions.
static NO_BRANCH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pragma = pragma("branch");
    compile(&format!("{pragma}|^{BLANK}*(?:while|if) (?:True|1|False|0):"))
});

fn compile(pattern: &str) -> Option<Regex> {
    let regex = Regex::new(&format!("(?m){pattern}"));
    debug_assert!(regex.is_ok(), "{regex:?}");
    regex.ok()
}

fn default_matches(regex: Option<&Regex>, text: &str) -> Vec<(usize, usize)> {
    regex.into_iter().flat_map(|regex| regex.find_iter(text)).map(|found| (found.start(), found.end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(matcher: Option<&Matcher>, text: &str) -> Vec<String> {
        matcher.into_iter().flat_map(|matcher| matcher(text)).map(|(start, end)| text[start..end].to_owned()).collect()
    }

    #[test]
    fn default_exclusions_match_what_coverage_pys_match() {
        let excluded = |text: &str| !matched(Patterns::default().exclude.as_deref(), text).is_empty();
        for text in [
            "x = 1  # pragma: no cover",
            "x = 1  #PRAGMA NO COVER",
            "x = 1  # pragma nocover: why",
            "    ...",
            "def f(x): ...",
            "async def f(x) -> int: ...  # stub",
            ") -> List[int]: ...",
            "]: ...",
            "if TYPE_CHECKING:",
            "    if typing.TYPE_CHECKING:",
        ] {
            assert!(excluded(text), "{text}");
        }
        for text in [
            "x = 1  # Pragma: no cover",
            "x = ...",
            "class C: ...",
            "... + 1",
            "elif TYPE_CHECKING:",
            "if t.TYPE_CHECKING:",
        ] {
            assert!(!excluded(text), "{text}");
        }
    }

    #[test]
    fn leading_blanks_reach_over_lines() {
        assert_eq!(matched(Patterns::default().exclude.as_deref(), "x\n\n\n  ...\n"), ["\n\n  ...\n"]);
        assert_eq!(
            matched(Patterns::default().no_branch.as_deref(), "a\nwhile True:\n  if 2:\n if 0:\n"),
            ["while True:", " if 0:"]
        );
    }
}
