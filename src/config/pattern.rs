//! What a contract demands of one value, and the tree of such demands. The tree owns its text and keeps its spans, so
//! it can be shared between threads while workflows are read.

use std::fmt;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::schema::Level;
use super::uses::{self, UsesTest};
use crate::source::Span;

/// The most memory one compiled `/regex/` may take, in bytes.
pub const REGEX_LIMIT: usize = 1 << 19;

/// A demand and its place in the configuration file.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Where it is written.
    pub span: Span,
    /// The place of the value it is about.
    pub level: Level,
    /// What is demanded.
    pub kind: PatternKind,
}

/// What is demanded of a value.
#[derive(Debug, Clone)]
pub enum PatternKind {
    /// The key is there, whatever its value.
    Present,
    /// The value is one text that passes a test.
    Scalar(ScalarPattern),
    /// These items are present; in the order given under `steps`, in any order elsewhere.
    List(Vec<Pattern>),
    /// These keys match.
    Mapping(MappingPattern),
}

/// Demands on the keys of a mapping.
#[derive(Debug, Clone, Default)]
pub struct MappingPattern {
    /// Keys that must be there and match.
    pub entries: Vec<EntryPattern>,
    /// What must not match.
    pub never: Vec<Never>,
}

/// A key and what is demanded of its value.
#[derive(Debug, Clone)]
pub struct EntryPattern {
    /// Which keys.
    pub key: KeyPattern,
    /// Where the key is written.
    pub key_span: Span,
    /// The demand on their values.
    pub value: Pattern,
}

/// One thing that must not be so.
#[derive(Debug, Clone)]
pub enum Never {
    /// None of these keys may match, each by itself. Holds a mapping.
    Keys(Pattern),
    /// This fragment may not match as a whole. Holds a mapping.
    Fragment(Pattern),
}

/// Which keys of a mapping an entry is about.
#[derive(Debug, Clone)]
pub enum KeyPattern {
    /// This one.
    Exact(String),
    /// Every one that matches the glob.
    Glob(Glob),
    /// Every one that matches the `/regex/`.
    Regex(String, Regex),
}

impl KeyPattern {
    /// Reads a key: `/regex/`, a glob with `*`, or the key itself.
    ///
    /// # Errors
    /// What is wrong with a regular expression.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        match regex_parts(text) {
            Some((body, ignore_case)) => Ok(Self::Regex(text.to_owned(), compile_regex(body, ignore_case)?)),
            None if text.contains('*') => Ok(Self::Glob(Glob::new(text))),
            None => Ok(Self::Exact(text.to_owned())),
        }
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Regex(text, _) => text,
            Self::Glob(glob) => &glob.text,
        }
    }

    /// Whether it can be about several keys.
    pub fn is_wild(&self) -> bool {
        !matches!(self, Self::Exact(_))
    }

    /// Whether it is about `key`.
    pub fn is_match(&self, key: &str) -> bool {
        match self {
            Self::Exact(text) => text == key,
            Self::Glob(glob) => glob.is_match(key),
            Self::Regex(_, regex) => regex.is_match(key),
        }
    }
}

/// A text with `*`, each standing for any text, line feeds included.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    parts: Vec<String>,
}

impl Glob {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), parts: text.split('*').map(str::to_owned).collect() }
    }

    /// Whether the whole of `value` matches.
    pub fn is_match(&self, value: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only == value);
        };
        let Some(mut rest) = value.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    #[allow(clippy::float_cmp, reason = "both sides are numbers as written, no results of a calculation")]
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::Greater => value > bound,
            Self::AtLeast => value >= bound,
            Self::Equal => value == bound,
            Self::Unequal => value != bound,
        }
    }
}

/// The test of a [`ScalarPattern`].
#[derive(Debug, Clone)]
enum Test {
    Any,
    Equal,
    Regex(Regex),
    Glob(Glob),
    Compare(Comparison, f64),
    Uses(UsesTest),
}

/// A demand on one text.
#[derive(Debug, Clone)]
pub struct ScalarPattern {
    text: String,
    test: Test,
    level: Level,
}

/// What came of holding a value against a [`ScalarPattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It matches; the bytes of the value that do.
    Match(Range<usize>),
    /// It does not match.
    Mismatch,
    /// It is computed when the workflow runs, so a comparison cannot be judged.
    Computed,
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ScalarPattern {
    /// Reads a demand: `*`, `/regex/`, a comparison, a glob with `*`, or the text itself.
    ///
    /// # Errors
    /// A regular expression that does not compile within [`REGEX_LIMIT`], or a comparison without a number.
    pub fn parse(text: &str, level: Level) -> Result<Self, PatternError> {
        let text = text.trim();
        let test = if text == "*" {
            Test::Any
        } else if let Some((body, ignore_case)) = regex_parts(text) {
            Test::Regex(compile_regex(body, ignore_case)?)
        } else if let Some((comparison, number)) = comparison(text)? {
            Test::Compare(comparison, number)
        } else if text.contains('*') {
            Test::Glob(Glob::new(text))
        } else if level == Level::Uses {
            Test::Uses(UsesTest::parse(text))
        } else {
            Test::Equal
        };
        Ok(Self { text: text.to_owned(), test, level })
    }

    /// The demand as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether any value will do.
    pub fn is_any(&self) -> bool {
        matches!(self.test, Test::Any)
    }

    /// Whether this is a plain text, the value to write where it is missing.
    pub fn is_literal(&self) -> bool {
        matches!(self.test, Test::Equal)
    }

    /// Whether this is a comparison of numbers.
    pub fn is_comparison(&self) -> bool {
        matches!(self.test, Test::Compare(..))
    }

    /// Whether `uses` names the same repository, at whatever version, owner and host.
    pub fn is_same_family(&self, value: &str) -> bool {
        match &self.test {
            Test::Uses(test) => test.family().is_some_and(|family| uses::family(value) == Some(family)),
            _ => false,
        }
    }

    /// Holds `value` against the demand.
    pub fn judge(&self, value: &str) -> Verdict {
        let start = value.len() - value.trim_start().len();
        let trimmed = value.trim();
        let whole = start..start + trimmed.len();
        let found = match &self.test {
            Test::Any => (!trimmed.is_empty()).then_some(whole),
            Test::Regex(regex) => regex.find(trimmed).map(|m| start + m.start()..start + m.end()),
            Test::Uses(test) => test.is_match(trimmed).then_some(whole),
            Test::Compare(comparison, bound) => match number(trimmed) {
                Some(value) => comparison.holds(value, *bound).then_some(whole),
                None if trimmed.contains("${{") => return Verdict::Computed,
                None => (*comparison == Comparison::Unequal && !trimmed.is_empty()).then_some(whole),
            },
            Test::Equal if self.is_equal(trimmed) => Some(whole),
            Test::Glob(glob) if glob.is_match(trimmed) => Some(whole),
            Test::Equal => any_line(value, |line| self.is_equal(line)),
            Test::Glob(glob) => any_line(value, |line| glob.is_match(line)),
        };
        found.map_or(Verdict::Mismatch, Verdict::Match)
    }

    fn is_equal(&self, value: &str) -> bool {
        let own = self.text.as_str();
        if own == value {
            return true;
        }
        match self.level {
            Level::Needs => own.eq_ignore_ascii_case(value),
            Level::Condition => bare_condition(own) == bare_condition(value),
            _ => {
                let both = |read: fn(&str) -> Option<&str>| read(own).is_some() && read(own) == read(value);
                both(integer)
                    || both(boolean)
                    || own.contains('\n') && own.lines().map(str::trim).eq(value.lines().map(str::trim))
            }
        }
    }
}

/// The place of the first line that passes `test`, once trimmed, in a text of several lines.
fn any_line(value: &str, test: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    if !value.trim().contains('\n') {
        return None;
    }
    let mut start = 0;
    for line in value.split_inclusive('\n') {
        let trimmed = line.trim();
        if !trimmed.is_empty() && test(trimmed) {
            let at = start + line.len() - line.trim_start().len();
            return Some(at..at + trimmed.len());
        }
        start += line.len();
    }
    None
}

/// The digits of a whole number, so that `1` and `1.0` are equal while the versions `3.1` and `3.10` are not.
fn integer(text: &str) -> Option<&str> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    let plain = digits.strip_prefix('-').unwrap_or(digits);
    (!plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) && (plain == "0" || !plain.starts_with('0')))
        .then_some(digits)
}

fn boolean(text: &str) -> Option<&str> {
    match text {
        "true" | "True" | "TRUE" => Some("true"),
        "false" | "False" | "FALSE" => Some("false"),
        _ => None,
    }
}

/// A condition without the `${{ }}` around it, which `if` does not need.
fn bare_condition(text: &str) -> &str {
    let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.filter(|inner| !inner.contains("}}")).unwrap_or(text).trim()
}

fn number(text: &str) -> Option<f64> {
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// Body and case flag of `/…/` and `/…/i`.
fn regex_parts(text: &str) -> Option<(&str, bool)> {
    let rest = text.strip_prefix('/')?;
    match rest.strip_suffix('/') {
        Some(body) => Some((body, false)),
        None => rest.strip_suffix("/i").map(|body| (body, true)),
    }
}

fn compile_regex(body: &str, ignore_case: bool) -> Result<Regex, PatternError> {
    if body.is_empty() {
        return Err(PatternError {
            message: "the regular expression is empty and would match everything".to_owned(),
            help: "write `\"*\"` for any value".to_owned(),
        });
    }
    RegexBuilder::new(body)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_LIMIT)
        .dfa_size_limit(REGEX_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => PatternError {
                message: format!("the regular expression takes more than {limit} bytes when compiled"),
                help: "use smaller repetition counts, or `[a-z0-9]` in place of `\\w`".to_owned(),
            },
            error => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                PatternError {
                    message: format!("not a regular expression: {reason}"),
                    help: "a value that starts and ends with `/` is a regular expression, without look-around and \
                           back-references; a folder's closing `/` can be left out by a glob, such as `/tmp/*`"
                        .to_owned(),
                }
            }
        })
}

fn comparison(text: &str) -> Result<Option<(Comparison, f64)>, PatternError> {
    const SIGNS: [(&str, Comparison); 6] = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let Some((sign, comparison, rest)) =
        SIGNS.iter().find_map(|&(sign, comparison)| text.strip_prefix(sign).map(|rest| (sign, comparison, rest)))
    else {
        return Ok(None);
    };
    match number(rest.trim()) {
        Some(number) => Ok(Some((comparison, number))),
        None => Err(PatternError {
            message: format!("the comparison `{sign}` needs a number, not `{}`", rest.trim()),
            help: "write for example `\"<= 15\"`; to demand a text that starts like this, use a `/regex/`".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_at(level: Level, pattern: &str, value: &str) -> Verdict {
        ScalarPattern::parse(pattern, level).expect("a pattern").judge(value)
    }

    fn matches(pattern: &str, value: &str) -> bool {
        matches!(judge_at(Level::Free, pattern, value), Verdict::Match(_))
    }

    #[test]
    fn equality_is_by_trimmed_text_whole_number_and_truth() {
        for (pattern, value) in
            [("a", " a "), ("1", "1.0"), ("true", "True"), ("-5", "-5.00"), ("97.5", "97.5"), ("", " "), ("0", "0.0")]
        {
            assert!(matches(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in [("3.1", "3.10"), ("1", "01"), ("a", "A"), ("1", "one"), ("007", "7"), ("1e3", "1000")]
        {
            assert!(!matches(pattern, value), "{pattern} {value}");
        }
    }

    #[test]
    fn a_value_of_several_lines_matches_by_any_line() {
        let value = "coverage.xml\n  .coverage.*  \n";
        assert_eq!(judge_at(Level::Free, ".coverage.x", value), Verdict::Mismatch);
        assert_eq!(judge_at(Level::Free, "coverage.xml", value), Verdict::Match(0..12));
        assert_eq!(judge_at(Level::Free, ".cov*", value), Verdict::Match(15..26));
        assert_eq!(
            judge_at(Level::Free, "coverage.xml\n.coverage.x", "coverage.xml \n\t.coverage.x"),
            Verdict::Match(0..26)
        );
        assert!(!matches("coverage.xml\n.coverage.*\nz", value));
    }

    #[test]
    fn regexes_search_and_tell_where() {
        assert_eq!(judge_at(Level::Free, "/py.est/", " uv run pytest\n"), Verdict::Match(8..14));
        assert!(matches("/PYTEST/i", "pytest") && !matches("/PYTEST/", "pytest"));
        assert!(matches("/^a$/", "a\n"));
        assert!(matches(r"/^\/tmp\/x\/$/", "/tmp/x/"));
    }

    #[test]
    fn globs_take_the_whole_value() {
        assert!(matches("coverage-*", "coverage-3.12") && !matches("coverage-*", "x-coverage-1"));
        assert!(matches("a*b*c", "a1b2c") && !matches("a*b*c", "acb") && !matches("a*a", "a"));
        assert!(matches("*", "x") && !matches("*", "  "));
        assert!(matches("/tmp/*", "/tmp/"));
    }

    #[test]
    fn comparisons_are_of_numbers() {
        for (pattern, value, holds) in [
            ("<= 15", "15", true),
            ("<=15", "15.5", false),
            ("< 15", "15", false),
            ("> 1", "2", true),
            (">= 97.5", "97.5", true),
            ("== 1", "1.00", true),
            ("!= 0", "0", false),
            ("!= 0", "x", true),
            ("<= 15", "soon", false),
            ("<= 15", "-inf", false),
        ] {
            assert_eq!(matches(pattern, value), holds, "{pattern} {value}");
        }
        assert_eq!(judge_at(Level::Free, "<= 15", "${{ vars.T }}"), Verdict::Computed);
        assert_eq!(judge_at(Level::Free, "15", "${{ vars.T }}"), Verdict::Mismatch);
    }

    #[test]
    fn conditions_match_with_and_without_braces() {
        assert!(matches!(judge_at(Level::Condition, "always()", "${{ always() }}"), Verdict::Match(_)));
        assert!(matches!(judge_at(Level::Condition, "${{always()}}", "always()"), Verdict::Match(_)));
        assert_eq!(judge_at(Level::Condition, "a", "${{ a }} x ${{ b }}"), Verdict::Mismatch);
    }

    #[test]
    fn bad_patterns_are_explained() {
        for (pattern, words) in [
            ("/a(/", "unclosed group"),
            ("//", "empty"),
            ("/(?=x)/", "look-around"),
            ("/\\w{500}/", "bytes when compiled"),
            ("/(((a{100}){100}){100})/", "bytes when compiled"),
            ("<= soon", "`<=` needs a number, not `soon`"),
            ("> nan", "needs a number"),
            (">", "needs a number"),
        ] {
            let error = ScalarPattern::parse(pattern, Level::Free).expect_err(pattern);
            assert!(error.message.contains(words), "{pattern}: {error}");
        }
    }
}
