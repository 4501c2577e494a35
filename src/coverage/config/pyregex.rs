//! Python's regexes on Rust's engines: read by Python's rules, run by the linear engine where it can, by the
//! backtracking one where it must.

mod emit;
mod parse;
mod syntax;

use std::sync::{Arc, LazyLock};

pub use parse::PatternError;

use super::options::{DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS};
use syntax::Flags;

/// The most memory one compiled regex may take, in bytes.
const SIZE_LIMIT: usize = 1 << 26;

/// How a regex is applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scan {
    /// Letters match in either case.
    pub ignore_case: bool,
    /// `^` and `$` match at every line.
    pub multiline: bool,
    /// A match begins where the text begins.
    pub anchored: bool,
}

/// A Python regex.
#[derive(Debug, Clone)]
pub struct PyRegex {
    engine: Engine,
    /// For texts with characters whose word boundaries differ between the languages.
    exact: Option<Engine>,
    /// The texts with such characters are all that are not ASCII.
    ascii_boundary: bool,
    /// For a regex that can match nothing: a match of at least one character where the search starts.
    not_empty: Option<Engine>,
}

#[derive(Debug, Clone)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Engine {
    fn new(text: &str, fancy: bool) -> Result<Self, PatternError> {
        let failed = |error: &dyn std::fmt::Display| PatternError::new(format!("it cannot be run here: {error}"));
        if fancy {
            return Self::backtracking(text, false).map_err(|error| failed(&error));
        }
        let mut builder = regex::RegexBuilder::new(text);
        builder.size_limit(SIZE_LIMIT).nest_limit(1000).build().map(Self::Linear).map_err(|error| failed(&error))
    }

    #[allow(clippy::result_large_err)]
    fn backtracking(text: &str, not_empty: bool) -> Result<Self, fancy_regex::Error> {
        let mut builder = fancy_regex::RegexBuilder::new(text);
        // Python has no limit either.
        builder.backtrack_limit(usize::MAX).delegate_size_limit(SIZE_LIMIT).find_not_empty(not_empty);
        builder.build().map(|regex| Self::Backtracking(Box::new(regex)))
    }

    fn find_at(&self, text: &str, start: usize) -> Option<(usize, usize)> {
        match self {
            Self::Linear(regex) => regex.find_at(text, start).map(|found| (found.start(), found.end())),
            Self::Backtracking(regex) => {
                let found = regex.find_from_pos(text, start).ok().flatten()?;
                Some((found.start(), found.end()))
            }
        }
    }
}

/// Whether Python takes the regex; the error is Python's.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    parse::parse(pattern, Flags::default()).map(drop)
}

impl PyRegex {
    /// Translates a Python regex.
    pub fn new(pattern: &str, scan: Scan) -> Result<Self, PatternError> {
        let mut flags = Flags::default();
        if scan.multiline {
            flags = flags.with(Flags::MULTILINE);
        }
        if scan.ignore_case {
            flags = flags.with(Flags::IGNORE_CASE);
        }
        let node = parse::parse(pattern, flags)?;
        let start = |text: &str| if scan.anchored { format!(r"\A(?:{text})") } else { text.to_owned() };
        let quick = emit::emit(&node, false);
        if quick.open_condition {
            return Err(PatternError::new("it cannot be run here: a condition on the group that it stands in"));
        }
        let engine = Engine::new(&start(&quick.text), quick.fancy)?;
        let careful = emit::emit(&node, true);
        let exact = if quick.boundary { Some(Engine::new(&start(&careful.text), true)?) } else { None };
        let not_empty = if matches!(node.width(), (0, 1..)) && !scan.anchored {
            let text = format!(r"\G(?:{})", careful.text);
            let failed = |error| PatternError::new(format!("it cannot be run here: {error}"));
            Some(Engine::backtracking(&text, true).map_err(failed)?)
        } else {
            None
        };
        Ok(Self { engine, exact, ascii_boundary: quick.ascii_boundary, not_empty })
    }

    fn engine(&self, text: &str) -> &Engine {
        /// Characters that are part of a word in one language only.
        static DIFFERENT: LazyLock<Option<regex::Regex>> =
            LazyLock::new(|| regex::Regex::new(r"[\w~~[\p{L}\p{N}_]]").ok());
        match &self.exact {
            Some(exact) if text.is_empty() || self.ascii_boundary && !text.is_ascii() => exact,
            Some(exact) if !text.is_ascii() && DIFFERENT.as_ref().is_none_or(|regex| regex.is_match(text)) => exact,
            _ => &self.engine,
        }
    }

    /// Whether it matches somewhere: `re.search`.
    pub fn is_match(&self, text: &str) -> bool {
        self.engine(text).find_at(text, 0).is_some()
    }

    /// The end of a match at the start of the text: `re.match`. Only for an anchored scan.
    pub fn match_start(&self, text: &str) -> Option<usize> {
        self.engine(text).find_at(text, 0).filter(|(start, _)| *start == 0).map(|(_, end)| end)
    }

    /// All matches, as `re.finditer` finds them: from left to right, an empty one right after another match too.
    pub fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let engine = self.engine(text);
        let mut ranges = Vec::new();
        let mut next = engine.find_at(text, 0);
        while let Some((start, end)) = next {
            ranges.push((start, end));
            next = if start < end {
                engine.find_at(text, end)
            } else {
                let longer = self.not_empty.as_ref().and_then(|engine| engine.find_at(text, end));
                longer.or_else(|| {
                    let step = text[end..].chars().next()?.len_utf8();
                    engine.find_at(text, end + step)
                })
            };
        }
        ranges
    }
}

/// A list of regexes, applied together in one scan over a whole text.
#[derive(Debug, Clone)]
pub struct Matcher {
    regex: Option<Arc<PyRegex>>,
    /// When set: no match in a text that has none of these.
    needles: &'static [&'static str],
}

impl Matcher {
    /// Joins the regexes as alternatives, `^` and `$` at every line. No regexes match nothing.
    pub fn new<S: AsRef<str>>(regexes: &[S]) -> Result<Self, PatternError> {
        let joined = match regexes {
            [] => return Ok(Self { regex: None, needles: &[] }),
            [only] => only.as_ref().to_owned(),
            several => several.iter().map(|regex| format!("(?:{})", regex.as_ref())).collect::<Vec<_>>().join("|"),
        };
        let scan = Scan { multiline: true, ..Scan::default() };
        let regex = PyRegex::new(&joined, scan).map_err(|error| hint(regexes, error))?;
        Ok(Self { regex: Some(Arc::new(regex)), needles: &[] })
    }

    /// The matches from left to right, as pairs of byte offsets.
    pub fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let Some(regex) = &self.regex else { return Vec::new() };
        if !self.needles.is_empty() && !self.needles.iter().any(|needle| text.contains(needle)) {
            return Vec::new();
        }
        regex.ranges(text)
    }
}

/// The error of a joined list, when each regex is good by itself, with what joins badly.
fn hint<S: AsRef<str>>(regexes: &[S], error: PatternError) -> PatternError {
    let flagged = regexes.iter().map(AsRef::as_ref).find(|regex| regex.starts_with("(?") && global_flags(regex));
    match flagged {
        Some(regex) if regexes.len() > 1 => PatternError::new(format!(
            "{error}; flags at the start of '{regex}' are for a whole regex, write (?flags:...) around it"
        )),
        _ => error,
    }
}

fn global_flags(regex: &str) -> bool {
    regex[2..].split_once(')').is_some_and(|(flags, _)| flags.chars().all(|c| c.is_ascii_lowercase()))
}

/// The matcher for a list: built once for the defaults.
pub(super) fn matcher(regexes: &[String]) -> Result<Matcher, PatternError> {
    type Built = LazyLock<Result<Matcher, PatternError>>;
    static EXCLUDE: Built = LazyLock::new(|| prebuilt(&DEFAULT_EXCLUDE, &["pragma", "PRAGMA", "...", "TYPE_CHECKING"]));
    static PARTIAL: Built = LazyLock::new(|| prebuilt(&DEFAULT_PARTIAL, &["pragma", "PRAGMA"]));
    static ALWAYS: Built = LazyLock::new(|| prebuilt(&DEFAULT_PARTIAL_ALWAYS, &["True:", "1:", "False:", "0:"]));
    if regexes == DEFAULT_EXCLUDE {
        EXCLUDE.clone()
    } else if regexes == DEFAULT_PARTIAL {
        PARTIAL.clone()
    } else if regexes == DEFAULT_PARTIAL_ALWAYS {
        ALWAYS.clone()
    } else {
        Matcher::new(regexes)
    }
}

fn prebuilt(regexes: &[&str], needles: &'static [&'static str]) -> Result<Matcher, PatternError> {
    Ok(Matcher { needles, ..Matcher::new(regexes)? })
}

/// What the analysis of a source needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct Patterns {
    /// Lines left out.
    pub exclude: Matcher,
    /// Branches that need not go both ways.
    pub partial: Matcher,
    /// Branches that never go both ways.
    pub partial_always: Matcher,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
