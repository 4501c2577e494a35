//! The commit status: the verdict in one line, and the carrier of the total from one run to the next.
//!
//! `97.84% (+0.23), gate 97% passed; 4249/4407 lines, 1204/1282 branches`: a later run on a descendant reads the percentage at the
//! start, and the counts at the end make it exact. A run that was not judged has no percentage there, so that it is never a
//! baseline.

use std::fmt::Write as _;

use super::escape;
use super::parts;
use super::story::Story;
use crate::apply::exact::{BaselineTotal, Share};
use crate::apply::gate::{Gate, Outcome, Rule, Verdict};

/// Forges take so many characters.
pub const LIMIT: usize = 140;

/// What is said of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `success`, `failure`, or `error` for data that is not complete.
    pub state: &'static str,
    /// The name: see [`context`].
    pub context: String,
    /// The line.
    pub description: String,
    /// The page of the run.
    pub target_url: Option<String>,
}

/// `ci-lint/coverage`, with the key behind unless it is the default one.
pub fn context(key: &str) -> String {
    if key.is_empty() || key == "default" {
        return "ci-lint/coverage".to_owned();
    }
    format!("ci-lint/coverage/{}", escape::output_lines(key, 100).replace('\n', " "))
}

/// The status of the measured commit.
pub fn status(story: &Story) -> Status {
    let state = match story.judgement.verdict {
        Verdict::Passed => "success",
        Verdict::Failed => "failure",
        Verdict::NotJudged => "error",
    };
    Status {
        state,
        context: context(story.key),
        description: description(story),
        target_url: story.links.run.as_deref().and_then(escape::link_target),
    }
}

fn description(story: &Story) -> String {
    if story.judgement.verdict == Verdict::NotJudged {
        return first(&format!("not judged: {}", plain(&parts::why(story))), LIMIT);
    }
    let lines = Share::lines(&story.totals);
    let mut counts = format!("; {}/{} lines", lines.covered, lines.total);
    if story.branch {
        let branches = Share::branches(&story.totals);
        let _ = write!(counts, ", {}/{} branches", branches.covered, branches.total);
    }
    let delta = story.delta().map(|delta| format!(" ({})", delta.replace('±', "+"))).unwrap_or_default();
    let verdict = match story.judgement.first_failure() {
        Some((gate, _)) => failed(gate),
        None => match story.judgement.fail_under() {
            Some(gate) if gate.outcome == Outcome::Kept => format!(", gate {}% passed", gate.limit),
            _ => String::new(),
        },
    };
    let beginning = format!("{}%{delta}", story.total());
    let room = LIMIT.saturating_sub(beginning.len() + counts.len());
    format!("{beginning}{}{counts}", first(&verdict, room))
}

fn failed(gate: &Gate) -> String {
    let lacking = match gate.outcome {
        Outcome::Missed { needed } => format!(": {needed} more needed"),
        _ => String::new(),
    };
    match &gate.rule {
        Rule::FailUnder => format!(", below {}%{lacking}", gate.limit),
        Rule::MaxDrop => format!(", down more than {}{lacking}", gate.limit),
        Rule::Path(glob) => {
            let glob = first(&plain(glob), 40);
            match gate.outcome {
                Outcome::NoFiles => format!(", no file matches {glob}"),
                _ => format!(", {glob} below {}%{lacking}", gate.limit),
            }
        }
    }
}

/// Without what would be read as the separator of the counts, and without the backticks of Markdown.
fn plain(text: &str) -> String {
    escape::output_lines(text, 1_000).replace(['`', '\u{200b}'], "").replace([';', '\n'], ",")
}

/// The first so many characters.
fn first(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(characters.saturating_sub(1)).collect();
    if characters > 0 {
        cut.push('…');
    }
    cut
}

/// The total that a description carries, if it is one of ours that carries one.
pub fn read(description: &str) -> Option<BaselineTotal> {
    let (shown, rest) = description.split_once('%')?;
    let total = BaselineTotal::parse(shown)?;
    let counts = || {
        let (_, counts) = rest.rsplit_once("; ")?;
        let (lines, branches) = match counts.split_once(", ") {
            Some((lines, branches)) => (lines, Some(Share::parse(branches.strip_suffix(" branches")?)?)),
            None => (counts, None),
        };
        Some((Share::parse(lines.strip_suffix(" lines")?)?, branches))
    };
    Some(match counts() {
        Some((lines, branches)) => total.with_counts(lines, branches),
        None => total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_back() {
        let total =
            read("95.85% (-1.20), below 97%: 66 more needed; 4249/4407 lines, 1204/1282 branches").expect("a total");
        assert_eq!(total.shown, "95.85");
        assert_eq!(total.exact(), Some(Share { covered: 5453, total: 5689 }.percent()));
        assert_eq!(read("97.84%; 1/2 lines").expect("a total").exact(), None, "counts of something else");
        assert_eq!(read("50.00%; 1/2 lines").expect("a total").lines, Some(Share { covered: 1, total: 2 }));
        assert_eq!(read("98% compared to 1a2b3c4").expect("a total").shown, "98");
        for other in ["", "not judged: 6 of 7 data files arrived", "%", "-1%", "101%", "about 97%", "1e2%"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn keys_have_statuses_of_their_own() {
        assert_eq!(context("default"), "ci-lint/coverage");
        assert_eq!(context("docs"), "ci-lint/coverage/docs");
        assert_eq!(context("a\nb\x1b"), "ci-lint/coverage/a b␛");
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(first("äöü", 3), "äöü");
        assert_eq!(first("äöüß", 3), "äö…");
        assert_eq!(first("x", 0), "");
    }
}
