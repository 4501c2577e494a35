//! The job summary: everything, most missing first. Where a forge does not show it, the same file can be kept as an artifact.

use super::escape;
use super::page::Page;
use super::parts;
use super::story::Story;
use crate::apply::gate::Verdict;

/// Runners drop a summary of more than 1 MiB whole; other steps of a job may share that.
pub const LIMIT: usize = 900_000;

/// The longest list of lines in a row, in bytes.
const LINES: usize = 4_000;

/// The summary; `notices` say what could not be posted and why.
pub fn summary(story: &Story, notices: &[String]) -> String {
    within(story, notices, LIMIT)
}

/// The summary in at most so many bytes.
pub(super) fn within(story: &Story, notices: &[String], limit: usize) -> String {
    let mut page = Page::new(limit);
    page.push(&format!("## {}\n", parts::heading(story)));
    let lines = notices.iter().map(|notice| format!("\n> {}\n", escape::text(notice)));
    page.rows(("", ""), notices.len(), lines, 0, |left| format!("\n> and {left} more\n"));
    if !story.has_figures() {
        page.push("\n");
    } else if !page.push(&format!("\n{}\n", parts::table(story))) {
        page.push("\nThe table of gates is too long.\n");
    }
    if story.judgement.verdict == Verdict::NotJudged {
        let gaps = story.arrival.gaps.iter().map(|gap| format!("- {}\n", parts::gap_text(gap)));
        let head = if story.has_figures() { "The figures are partial and for information only.\n\n" } else { "" };
        page.rows((head, "\n"), story.arrival.gaps.len(), gaps, limit / 2, |left| format!("- and {left} more\n"));
    }
    for remark in parts::remarks(story) {
        page.push(&format!("{remark}\n\n"));
    }
    let facts = parts::facts(story);
    if !facts.is_empty() {
        page.push(&format!("{facts}\n\n"));
    }
    let ending = commands(story);
    // Each section leaves room for those behind it.
    folders(story, &mut page, ending.len() + limit / 3);
    data_files(story, &mut page, ending.len() + limit / 4);
    files(story, &mut page, ending.len());
    page.push(&ending);
    page.finish()
}

fn files(story: &Story, page: &mut Page, reserve: usize) {
    let gaps = story.gaps();
    if gaps.is_empty() {
        if !story.files.is_empty() {
            page.push(&format!(
                "Nothing is missing in {} {}.\n\n",
                story.files.len(),
                plural(story.files.len(), "file")
            ));
        }
        return;
    }
    let branches = if story.branch { " Branches |" } else { "" };
    let line = if story.branch { "--:|" } else { "" };
    let head = format!(
        "### Files with missing lines ({} of {}), most missing first\n\n| File | Cover | Lines |{branches} Missing |\n|:--|--:|--:|{line}:--|\n",
        gaps.len(),
        story.files.len()
    );
    let rows = gaps.iter().map(|row| {
        let numbers = &row.numbers;
        let branches = if story.branch {
            format!(" {}/{} |", numbers.executed_branches(), numbers.branches)
        } else {
            String::new()
        };
        format!(
            "| {} | {} % | {}/{} |{branches} {} |\n",
            escape::code_cell(&row.name),
            story.percent(numbers),
            numbers.executed(),
            numbers.statements,
            parts::missing(row, LINES)
        )
    });
    page.rows((&head, "\n"), gaps.len(), rows, reserve, |left| format!("\nand {left} more files, see the reports\n"));
}

fn folders(story: &Story, page: &mut Page, reserve: usize) {
    let folders = story.folders();
    let count = if story.branch { "Lines + branches missing" } else { "Lines missing" };
    let head = format!(
        "<details><summary>Folders ({})</summary>\n\n| Folder | Files | Cover | {count} |\n|:--|--:|--:|--:|\n",
        folders.len()
    );
    let rows = folders.iter().map(|(name, numbers)| {
        format!(
            "| {} | {} | {} % | {} |\n",
            escape::code_cell(name),
            numbers.files,
            story.percent(numbers),
            parts::lacking(story, numbers)
        )
    });
    page.rows((&head, "\n</details>\n\n"), folders.len(), rows, reserve, |left| format!("\nand {left} more folders\n"));
}

fn data_files(story: &Story, page: &mut Page, reserve: usize) {
    let only = story.data_files.iter().any(|row| row.only_here.is_some());
    let (title, line) = if only { (" Only covered here |", "--:|") } else { ("", "") };
    let head = format!(
        "<details><summary>Data files ({})</summary>\n\n| Artifact | Data file | Tool | Files | Lines |{title}\n|:--|:--|:--|--:|--:|{line}\n",
        story.data_files.len()
    );
    let rows = story.data_files.iter().map(|row| {
        let only = match (only, row.only_here) {
            (false, _) => String::new(),
            (true, Some(lines)) => format!(" {lines} |"),
            (true, None) => " |".to_owned(),
        };
        format!(
            "| {} | {} | {} | {} | {} |{only}\n",
            escape::code_cell(&row.artifact),
            escape::code_cell(&row.file),
            row.tool,
            row.files,
            row.lines.map_or_else(|| "–".to_owned(), |lines| lines.to_string())
        )
    });
    page.rows((&head, "\n</details>\n\n"), story.data_files.len(), rows, reserve, |left| {
        format!("\nand {left} more data files\n")
    });
}

/// The commands as a block of code.
fn commands(story: &Story) -> String {
    if story.commands.is_empty() {
        return String::new();
    }
    // Never cut: half a command is another one.
    let lines = escape::output_lines(&story.commands.join("\n"), usize::MAX);
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "### The same on your machine\n\n{fence}console\n{lines}\n{fence}\n\nci-lint {}\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { one.to_owned() } else { format!("{one}s") }
}
