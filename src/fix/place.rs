//! Where things stand in the text: lines, columns, and where a node with its comments ends.

use super::Refused;
use crate::workflow::yaml::{Style, Yaml};

/// How the file is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// The line end.
    pub(super) eol: &'static str,
    /// Columns from a mapping to the one below it.
    pub(super) step: usize,
}

impl Habit {
    pub(super) fn of(root: Yaml<'_>) -> Self {
        let text = root.tree().text();
        let eol = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
        let jobs = root.get("jobs").filter(|jobs| jobs.is_mapping() && !jobs.is_flow());
        let step = jobs.and_then(|jobs| column_of_keys(jobs).ok()).filter(|step| (1..=8).contains(step));
        Self { eol, step: step.unwrap_or(2) }
    }
}

/// The end of the line that holds `at`, before its line end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    if end > at && text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end }
}

/// The line after the one that holds `at`: where it starts.
fn next_line(text: &str, at: usize) -> Option<usize> {
    text[at..].find('\n').map(|i| at + i + 1).filter(|&next| next < text.len())
}

/// The start of the line that holds `at`, behind a byte order mark.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    if text[start..].starts_with('\u{feff}') && at > start { start + '\u{feff}'.len_utf8() } else { start }
}

/// The column of the keys of a block mapping.
pub(super) fn column_of_keys(mapping: Yaml<'_>) -> Result<usize, Refused> {
    let text = mapping.tree().text();
    let mut column = None;
    for (key, _) in mapping.own_entries() {
        let at = key.written_span().start;
        let before = &text[line_start(text, at)..at];
        // The first key may stand behind the dashes of lists.
        let plain =
            before.bytes().all(|b| b == b' ') || column.is_none() && before.bytes().all(|b| b == b' ' || b == b'-');
        if !plain || column.is_some_and(|column| column != before.len()) {
            return Err(Refused::new("its keys are not written one below the other"));
        }
        column = Some(before.len());
    }
    column.ok_or_else(|| Refused::new("it has no keys"))
}

/// The column of the dashes of a block list, and that of what follows them.
pub(super) fn columns_of_items(list: Yaml<'_>) -> Result<(usize, usize), Refused> {
    let text = list.tree().text();
    let item = list.items().next_back().ok_or_else(|| Refused::new("the list is empty"))?;
    let at = start_of(item).unwrap_or(item.written_span().start);
    let before = &text[line_start(text, at)..at];
    let dash = before.rfind('-').filter(|&dash| before[dash + 1..].bytes().all(|b| b == b' '));
    let dash = dash.filter(|&dash| before[..dash].bytes().all(|b| b == b' ' || b == b'-') && before.len() > dash + 1);
    dash.map(|dash| (dash, before.len()))
        .ok_or_else(|| Refused::new("the list is not written with a dash before each item"))
}

/// Where a node begins: its first key or item, for what is written in block style.
pub(super) fn start_of(node: Yaml<'_>) -> Option<usize> {
    if node.is_alias() || node.is_flow() || node.is_scalar() {
        return Some(node.written_span().start);
    }
    node.own_entries().next().map(|(key, _)| key.written_span().start).or_else(|| start_of(node.items().next()?))
}

/// Where the last byte of a node's content ends; `None` for a value that is left out.
pub(super) fn end_of(node: Yaml<'_>) -> Option<usize> {
    let span = node.written_span();
    if node.is_alias() || node.is_flow() || node.is_scalar() {
        return (!span.is_empty()).then_some(span.end);
    }
    if let Some((key, value)) = node.own_entries().last() {
        return end_of(value).or_else(|| colon(node.tree().text(), key.written_span().end));
    }
    node.items().next_back().and_then(end_of)
}

/// The place behind the colon that follows a key.
pub(super) fn colon(text: &str, key_end: usize) -> Option<usize> {
    let rest = text.get(key_end..)?;
    let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest[gap..].starts_with(':').then_some(key_end + gap + 1)
}

/// The last scalar of a node, if it is a block scalar that keeps the blank lines behind it.
fn keeps_blank_lines(node: Yaml<'_>) -> bool {
    if node.is_alias() {
        return false;
    }
    if let Some((_, value)) = node.own_entries().last() {
        return keeps_blank_lines(value);
    }
    if let Some(item) = node.items().next_back() {
        return keeps_blank_lines(item);
    }
    matches!(node.style(), Some(Style::Literal(_) | Style::Folded(_)))
        && node.as_str().is_some_and(|text| text.ends_with("\n\n") || text == "\n")
}

/// The end of the last line of what ends at `end` in block style, with the comments below it that are indented further
/// than `column`: they belong to it.
fn last_line(text: &str, end: usize, column: usize, keeps_blanks: bool) -> Result<usize, Refused> {
    let mut at = line_end(text, end);
    let rest = &text[end..at];
    let behind = rest.trim_start_matches([' ', '\t']);
    let comment = behind.starts_with('#') && behind.len() < rest.len();
    if !behind.is_empty() && !comment {
        return Err(Refused::new("something follows on the same line"));
    }
    while let Some(next) = next_line(text, at) {
        let end = line_end(text, next);
        let line = &text[next..end];
        let inner = line.trim_start_matches(' ');
        let belongs =
            if keeps_blanks { inner.is_empty() } else { inner.starts_with('#') && line.len() - inner.len() > column };
        if !belongs {
            break;
        }
        at = end;
    }
    Ok(at)
}

/// Where an entry of a block mapping whose keys stand in `column` ends, at the end of a line.
pub(super) fn end_of_entry(key: Yaml<'_>, value: Yaml<'_>, column: usize) -> Result<usize, Refused> {
    let text = key.tree().text();
    let end = end_of(value).or_else(|| colon(text, key.written_span().end));
    let end = end.ok_or_else(|| Refused::new("the end of an entry is not found"))?;
    last_line(text, end, column, keeps_blank_lines(value))
}

/// Where an item of a block list whose dashes stand in `column` ends, at the end of a line.
pub(super) fn end_of_item(item: Yaml<'_>, column: usize) -> Result<usize, Refused> {
    let end = end_of(item).ok_or_else(|| Refused::new("an item of the list is empty"))?;
    last_line(item.tree().text(), end, column, keeps_blank_lines(item))
}

/// Whether the line after the one that ends at `end` is blank, and another follows.
pub(super) fn blank_follows(text: &str, end: usize) -> bool {
    next_line(text, end).is_some_and(|next| text[next..line_end(text, next)].trim().is_empty())
}
