//! The comment on a pull request: short when all is well, and what to do when not.

use super::escape;
use super::page::Page;
use super::parts;
use super::story::{self, Story};
use crate::apply::gate::Verdict;

/// Forges take 65,536 characters (GitHub refuses more with 422); what is counted here are bytes, of which there are never fewer.
pub const LIMIT: usize = 65_000;

/// Files with missing lines in a comment. Comments are mailed; the summary has them all.
const FILES: usize = 100;

/// The longest list of lines in a row, in bytes.
const LINES: usize = 400;

/// What every comment of ours begins with.
const MARKER: &str = "<!-- ci-lint:coverage ";

/// What the first line of a comment of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The key, as it stands there.
    pub key: String,
    /// The sha of the commit whose figures the comment shows.
    pub head: String,
}

impl Marker {
    /// The marker of a story.
    pub fn of(key: &str, head: &str) -> Self {
        Self { key: escape::marker_value(escape::cut(key, 200)), head: escape::marker_value(escape::cut(head, 80)) }
    }

    /// The first line.
    pub fn line(&self) -> String {
        format!("{MARKER}key={} head={} -->", self.key, self.head)
    }

    /// Reads the first line of a comment. A marker anywhere else is a quotation.
    pub fn read(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let words = line.strip_prefix(MARKER)?.strip_suffix("-->")?;
        let value = |name: &str| {
            let mut found = words.split(' ').filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.next().map(str::to_owned)
        };
        Some(Self { key: value("key")?, head: value("head")? })
    }
}

/// The same comment when the pull request has moved on to the commit `head`.
pub fn overtaken(body: &str, head: &str) -> String {
    let (marker, rest) = body.split_once('\n').unwrap_or((body, ""));
    format!("{marker}\n> ⚠️ There is a newer commit, {}. What follows is not about it.\n\n{rest}", story::short(head))
}

/// The comment.
pub fn comment(story: &Story) -> String {
    within(story, LIMIT)
}

/// The comment in at most so many bytes.
pub(super) fn within(story: &Story, limit: usize) -> String {
    let mut page = Page::new(limit);
    page.push(&format!("{}\n### {}\n", Marker::of(story.key, story.head).line(), parts::heading(story)));
    match story.judgement.verdict {
        Verdict::Passed => {
            // The facts first: this is all there is to say.
            page.push(&format!("{}\n", parts::facts(story)));
            remarks(story, &mut page);
        }
        Verdict::Failed => {
            if !page.push(&format!("\n{}", parts::table(story))) {
                page.push("\nThe table of gates is too long for a comment; the summary of the run has it.\n");
            }
            remarks(story, &mut page);
            let ending = format!("\n{}\n", parts::facts(story));
            files(story, &mut page, ending.len());
            page.push(&ending);
        }
        Verdict::NotJudged => {
            let partial = if story.has_figures() {
                format!("\nPartial total {} %, for information only.\n", story.total())
            } else {
                String::new()
            };
            let ending = format!("{partial}\n{}\n", parts::facts(story));
            let gaps = story.arrival.gaps.iter().map(|gap| format!("- {}\n", parts::gap_text(gap)));
            page.rows(("\n", ""), story.arrival.gaps.len(), gaps, ending.len(), |left| format!("- and {left} more\n"));
            page.push(&ending);
        }
    }
    page.finish()
}

fn remarks(story: &Story, page: &mut Page) {
    let remarks = parts::remarks(story);
    let rows = remarks.iter().map(|remark| format!("\n{remark}\n"));
    page.rows(("", ""), remarks.len(), rows, 4_000, |left| format!("\nAnd {left} more remarks, see the summary.\n"));
}

fn files(story: &Story, page: &mut Page, reserve: usize) {
    let gaps = story.gaps();
    let all = gaps.len();
    let rows = gaps.iter().take(FILES).map(|row| {
        format!(
            "| {} | {} % | {} | {} |\n",
            escape::code_cell(&row.name),
            story.percent(&row.numbers),
            parts::lacking(story, &row.numbers),
            parts::missing(row, LINES)
        )
    });
    let count = if story.branch { "Lines + branches missing" } else { "Lines missing" };
    let head = format!(
        "\n<details><summary>Files with missing lines ({all})</summary>\n\n| File | Cover | {count} | Where |\n|:--|--:|--:|:--|\n"
    );
    page.rows((&head, "\n</details>\n"), all, rows, reserve, |left| {
        format!("\nand {left} more files, see the summary of the run\n")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_read_back() {
        let marker = Marker::of("docs --> x", "0123456789abcdef0123456789abcdef01234567");
        let line = marker.line();
        assert_eq!(
            line,
            "<!-- ci-lint:coverage key=docs%20-%2D%3E%20x head=0123456789abcdef0123456789abcdef01234567 -->"
        );
        assert_eq!(Marker::read(&format!("{line}\r\n### text")), Some(marker));
        for other in [
            format!("\n{line}"),
            format!("> {line}"),
            format!(" {line}"),
            "<!-- ci-lint:coverage -->".to_owned(),
            "<!-- ci-lint:coverage key=a head=b".to_owned(),
            String::new(),
        ] {
            assert_eq!(Marker::read(&other), None, "{other}");
        }
    }
}
