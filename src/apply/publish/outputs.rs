//! The step's outputs, in the format of `GITHUB_OUTPUT`.
//!
//! Runners differ in what they read: Forgejo's stops at a line of more than 64 KiB, takes an empty line for an error and loses
//! blank lines at a value's start. So no value has any of these.

use std::fmt::Write as _;

use super::escape;
use super::story::Story;
use crate::apply::gate::{Outcome, Verdict};

/// The names of all outputs, in the order in which they are written.
pub const NAMES: [&str; 10] = [
    "total",
    "passed",
    "verdict",
    "delta",
    "baseline",
    "needed",
    "missing-lines",
    "report-dir",
    "comment-url",
    "partial-total",
];

/// The longest line and the longest value, in bytes.
const LONGEST: usize = 60_000;

/// What is known only after reports are written and the comment is posted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places<'a> {
    /// Where the reports are.
    pub report_dir: &'a str,
    /// The comment, if there is one.
    pub comment_url: &'a str,
}

/// Every output with its value, which is empty where there is none. Without complete data there is no `total`, only a
/// `partial-total`: who reads an output does not read a verdict.
pub fn outputs(story: &Story, places: Places) -> Vec<(&'static str, String)> {
    let judged = story.judgement.verdict != Verdict::NotJudged;
    let needed = story.judgement.first_failure().and_then(|(gate, _)| match gate.outcome {
        Outcome::Missed { needed } if judged => Some(needed.to_string()),
        _ => None,
    });
    let value = |name: &str| match name {
        "total" if judged => story.total(),
        "passed" => (story.judgement.verdict == Verdict::Passed).to_string(),
        "verdict" => story.judgement.verdict.name().to_owned(),
        "delta" => story.delta().unwrap_or_default(),
        "baseline" if judged => story.baseline_total().map(|total| total.shown.clone()).unwrap_or_default(),
        "needed" => needed.clone().unwrap_or_default(),
        "missing-lines" if judged => missing_lines(story),
        "report-dir" => places.report_dir.to_owned(),
        "comment-url" => places.comment_url.to_owned(),
        "partial-total" if !judged && story.has_figures() => story.total(),
        _ => String::new(),
    };
    NAMES.iter().map(|&name| (name, value(name))).collect()
}

/// One line a file, most missing first: `src/a.py: 3-7, 9->exit`.
fn missing_lines(story: &Story) -> String {
    let mut out = String::new();
    let gaps = story.gaps();
    for (index, row) in gaps.iter().enumerate() {
        let line = escape::output_lines(&format!("{}: {}", row.name, row.missing.join(", ")), 4_000).replace('\n', " ");
        if out.len() + line.len() + 40 > LONGEST {
            let _ = writeln!(out, "(and {} more files)", gaps.len() - index);
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// The text to append to the output file. `delimiter` ends values of several lines; it has to be a random word, so that no value
/// can end itself.
pub fn file(outputs: &[(&'static str, String)], delimiter: &str) -> String {
    let mut out = String::new();
    for (name, value) in outputs {
        let value = escape::output_lines(value, LONGEST);
        if value.contains('\n') && !value.contains(delimiter) {
            let _ = writeln!(out, "{name}<<{delimiter}\n{value}\n{delimiter}");
        } else {
            let _ = writeln!(out, "{name}={}", value.replace('\n', "; "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_is_a_pair_and_more_have_a_delimiter() {
        let outputs = [
            ("total", "97.84".to_owned()),
            ("comment-url", String::new()),
            ("missing-lines", "a: 1\n\nb: 2".to_owned()),
        ];
        assert_eq!(file(&outputs, "end_1"), "total=97.84\ncomment-url=\nmissing-lines<<end_1\na: 1\nb: 2\nend_1\n");
    }

    #[test]
    fn a_value_cannot_end_itself() {
        let outputs = [("missing-lines", "end_1\npassed=true".to_owned())];
        assert_eq!(file(&outputs, "end_1"), "missing-lines=end_1; passed=true\n");
    }

    proptest! {
        /// As Forgejo's runner reads it: no blank line, no line that is too long, and every pair as it was.
        #[test]
        fn strict_runners_read_it(values in proptest::collection::vec("(?s).{0,80}", 3)) {
            let outputs = [("total", values[0].clone()), ("delta", values[1].clone()), ("missing-lines", values[2].clone())];
            let text = file(&outputs, "ghadelimiter_x");
            let mut lines = text.lines();
            let mut names = Vec::new();
            while let Some(line) = lines.next() {
                prop_assert!(!line.trim().is_empty() && line.len() < 65_536);
                let pair = line.find('=').unwrap_or(usize::MAX);
                match line.find("<<").filter(|&at| at < pair) {
                    Some(at) => {
                        names.push(line[..at].to_owned());
                        prop_assert!(lines.by_ref().any(|line| line == "ghadelimiter_x"));
                    }
                    None => names.push(line[..pair].to_owned()),
                }
            }
            prop_assert_eq!(names, ["total", "delta", "missing-lines"]);
        }
    }
}
