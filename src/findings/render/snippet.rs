//! The few lines of a file that a diagnostic shows, made harmless and cut to width.
//!
//! The drawing library is handed a text of its own that holds only these lines, so its cost does not depend on where in
//! the file they stand, a line of a megabyte prints as one window around its label, and no control character reaches
//! the terminal.

use std::collections::BTreeSet;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::plain;
use crate::source::{Position, Source, Span};

/// A label longer than this is drawn at its first line only.
const MOST_LINES: usize = 8;

/// Lines shown before and after a label.
pub(super) const CONTEXT: usize = 1;

/// A place to draw.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Where, in the file.
    pub(super) span: Span,
    /// What to write there.
    pub(super) text: Option<String>,
    /// Whether this is what the diagnostic is about.
    pub(super) primary: bool,
}

/// One line of a [`Snippet`].
#[derive(Debug)]
struct Line {
    /// Offset of its first byte in the snippet's text.
    start: usize,
    /// Its 0-based number in the file.
    number: usize,
}

/// Lines of a file as they are shown.
#[derive(Debug)]
pub(super) struct Snippet {
    name: String,
    text: String,
    lines: Vec<Line>,
    /// Where the labels' first bytes stand in the snippet and in the file.
    places: Vec<(usize, Position)>,
}

impl Snippet {
    /// The snippet that shows `marks`, and the labels to draw in it: sorted, disjoint where they share one line.
    pub(super) fn new(source: &Source, marks: &[Mark], width: usize) -> (Self, Vec<(LabeledSpan, bool)>) {
        let mut marks: Vec<(Mark, Position)> = marks
            .iter()
            .map(|mark| {
                let span = visible(source, mark.span);
                (Mark { span, ..mark.clone() }, source.position(mark.span.start.min(source.text.len())))
            })
            .collect();
        marks.sort_by_key(|(mark, _)| (mark.span.start, mark.span.end));
        separate(source, &mut marks);

        let mut numbers = BTreeSet::new();
        for (mark, _) in &marks {
            let (first, last) = (source.line_index(mark.span.start), last_line(source, mark.span));
            numbers.extend(first.saturating_sub(CONTEXT)..=(last + CONTEXT).min(source.line_count().saturating_sub(1)));
            numbers.insert(first);
        }

        let mut text = String::new();
        let mut lines = Vec::with_capacity(numbers.len());
        let mut moved = vec![(0, 0); marks.len()];
        for number in numbers {
            lines.push(Line { start: text.len(), number });
            write_line(&mut text, source, number, &marks, &mut moved, width);
        }

        let places = marks.iter().zip(&moved).map(|((_, position), &(start, _))| (start, *position)).collect();
        let labels = marks
            .into_iter()
            .zip(moved)
            .map(|((mark, _), (start, end))| {
                let span = (start, end.max(start) - start);
                let label = if mark.primary {
                    LabeledSpan::new_primary_with_span(mark.text, span)
                } else {
                    LabeledSpan::new_with_span(mark.text, span)
                };
                (label, mark.primary)
            })
            .collect();
        let name = plain::line(&source.path.to_string_lossy()).into_owned();
        (Self { name, text, lines, places }, labels)
    }

    fn line_at(&self, offset: usize) -> usize {
        self.lines.partition_point(|line| line.start <= offset).saturating_sub(1)
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (offset, end) = (span.offset(), span.offset() + span.len());
        if end > self.text.len() || self.lines.is_empty() {
            return Err(MietteError::OutOfBounds);
        }
        let adjacent = |a: usize, b: usize| self.lines[a].number + 1 == self.lines[b].number;
        let mut first = self.line_at(offset);
        let mut last = self.line_at(end.saturating_sub(1).max(offset));
        for _ in 0..before {
            if first > 0 && adjacent(first - 1, first) {
                first -= 1;
            }
        }
        for _ in 0..after {
            if last + 1 < self.lines.len() && adjacent(last, last + 1) {
                last += 1;
            }
        }
        // Without context the caller asks for the position to print above the snippet: that of the file, not ours.
        let place = self.places.iter().find(|(start, _)| before == 0 && *start == offset);
        let (line, column) = place.map_or((self.lines[first].number, 0), |(_, p)| (p.line - 1, p.column - 1));
        let (from, to) = (self.lines[first].start, self.lines.get(last + 1).map_or(self.text.len(), |l| l.start));
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[from..to],
            (from, to - from).into(),
            line,
            column,
            last - first + 1,
        )))
    }
}

/// The part of `span` that can be drawn: within the text, on character borders, at least one character where the line
/// has one, not more than [`MOST_LINES`] lines.
fn visible(source: &Source, span: Span) -> Span {
    let text = &source.text;
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    let mut end = start + text[start..end].trim_end_matches(['\n', '\r']).len();
    let first = source.line_index(start);
    let line = source.line_span(first).unwrap_or_default();
    if last_line(source, Span::new(start, end)) >= first + MOST_LINES {
        end = line.end.max(start);
    }
    if start < end {
        return Span::new(start, end);
    }
    if let Some(next) = text.get(start..line.end).and_then(|rest| rest.chars().next()) {
        return Span::new(start, start + next.len_utf8());
    }
    let ends_here = start == text.len();
    let before = if ends_here { text.trim_end_matches(['\n', '\r']) } else { &text[line.start..line.end.min(start)] };
    let base = if ends_here { 0 } else { line.start };
    match before.char_indices().next_back() {
        Some((at, last)) => Span::new(base + at, base + at + last.len_utf8()),
        None => Span::new(start, start),
    }
}

fn last_line(source: &Source, span: Span) -> usize {
    source.line_index(span.end.saturating_sub(1).max(span.start))
}

/// Cuts labels that overlap on one line, which the drawing library would push aside, so that each keeps its own part.
fn separate(source: &Source, marks: &mut [(Mark, Position)]) {
    for later in 1..marks.len() {
        let (head, tail) = marks.split_at_mut(later);
        let (left, right) = (&mut head[later - 1].0.span, &mut tail[0].0.span);
        let line = source.line_index(left.start);
        if left.end <= right.start || last_line(source, *left) != line || last_line(source, *right) != line {
            continue;
        }
        if left.start < right.start {
            left.end = right.start;
        } else if left.end < right.end {
            right.start = left.end;
        }
    }
}

/// Appends one line as it is shown, and notes in `moved` where the marks' ends have come to stand.
fn write_line(
    out: &mut String,
    source: &Source,
    number: usize,
    marks: &[(Mark, Position)],
    moved: &mut [(usize, usize)],
    width: usize,
) {
    let line = source.line_span(number).unwrap_or(Span::new(source.text.len(), source.text.len()));
    let next = source.line_span(number + 1).map_or(usize::MAX, |next| next.start);
    let content = source.slice(line);
    let starts_here = |mark: &Mark| line.start <= mark.span.start && mark.span.start < next;
    let ends_here = |mark: &Mark| line.start <= mark.span.end && mark.span.end < next;

    let anchor = marks
        .iter()
        .map(|(mark, _)| mark)
        .filter(|mark| starts_here(mark))
        .max_by_key(|mark| mark.primary)
        .map_or(0, |mark| mark.span.start.min(line.end) - line.start);
    let (from, to) = window(content, anchor, width.saturating_sub(12).max(40));

    let begin = out.len();
    if from > 0 {
        out.push('…');
    }
    let note = |out: &String, at: usize, moved: &mut [(usize, usize)]| {
        for ((mark, _), moved) in marks.iter().zip(moved) {
            if starts_here(mark) && mark.span.start == line.start + at {
                moved.0 = out.len();
            }
            if ends_here(mark) && mark.span.end == line.start + at {
                moved.1 = out.len();
            }
        }
    };
    // What stands outside the window is drawn at its edges.
    for ((mark, _), moved) in marks.iter().zip(moved.iter_mut()) {
        if starts_here(mark) && mark.span.start < line.start + from {
            moved.0 = begin;
        }
        if ends_here(mark) && mark.span.end <= line.start + from {
            moved.1 = out.len();
        }
    }
    for (at, c) in content[from..to].char_indices() {
        note(out, from + at, moved);
        if c == '\u{feff}' && line.start + from + at == 0 {
            continue;
        }
        match plain::stand_in(c) {
            Some(shown) => out.push_str(&shown),
            None => out.push(c),
        }
    }
    note(out, to, moved);
    let content_end = out.len();
    if to < content.len() {
        out.push('…');
    }
    for ((mark, _), moved) in marks.iter().zip(moved.iter_mut()) {
        if starts_here(mark) && mark.span.start > line.start + to {
            moved.0 = content_end;
        }
        if ends_here(mark) && mark.span.end > line.start + to {
            moved.1 = out.len();
        }
    }
    out.push('\n');
}

/// The bytes of `content` to show so that `anchor` is among them and no more than `width` characters are.
fn window(content: &str, anchor: usize, width: usize) -> (usize, usize) {
    let fits = |text: &str, n: usize| text.len() <= n || text.char_indices().nth(n).is_none();
    if fits(content, width) {
        return (0, content.len());
    }
    let from = if fits(&content[..anchor], width * 3 / 4) {
        0
    } else {
        content[..anchor].char_indices().rev().nth(width / 4).map_or(0, |(at, _)| at)
    };
    let to = content[from..].char_indices().nth(width - 2).map_or(content.len(), |(at, _)| from + at);
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(start: usize, end: usize, primary: bool) -> Mark {
        Mark { span: Span::new(start, end), text: None, primary }
    }

    fn shown(text: &str, marks: &[Mark], width: usize) -> (String, Vec<String>) {
        let (snippet, labels) = Snippet::new(&Source::new("x.yml", text), marks, width);
        let under =
            labels.iter().map(|(l, _)| snippet.text[l.offset()..l.offset() + l.len()].to_owned()).collect::<Vec<_>>();
        (snippet.text, under)
    }

    #[test]
    fn only_the_lines_around_the_label_are_kept() {
        let text = (0..1000).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let at = text.find("line 500").expect("there");
        let (shown, under) = shown(&text, &[mark(at, at + 4, true)], 80);
        assert_eq!(shown, "line 499\nline 500\nline 501\n");
        assert_eq!(under, ["line"]);
    }

    #[test]
    fn an_empty_span_is_widened_to_a_character() {
        assert_eq!(shown("on: push\n", &[mark(9, 9, true)], 80).1, ["h"]);
        assert_eq!(shown("on: push", &[mark(8, 8, true)], 80).1, ["h"]);
        assert_eq!(shown("on: push\n", &[mark(4, 4, true)], 80).1, ["p"]);
        assert_eq!(shown("on: é\r\nb: c\r\n", &[mark(6, 6, true)], 80).1, ["é"]);
        assert_eq!(shown("a\n\nb\n", &[mark(2, 2, true)], 80).1, [""]);
        assert_eq!(shown("", &[mark(0, 0, true)], 80), ("\n".to_owned(), vec![String::new()]));
        assert_eq!(shown("on: push\n", &[mark(700, 900, true)], 80).1, ["h"]);
    }

    #[test]
    fn spans_between_character_borders_do_no_harm() {
        assert_eq!(shown("é中: x\n", &[mark(1, 3, true)], 80).1, ["é中"]);
    }

    #[test]
    fn a_long_line_is_cut_around_its_label() {
        let text = format!("{}NEEDLE{}\n", "a".repeat(1 << 19), "b".repeat(1 << 19));
        let (shown, under) = shown(&text, &[mark(1 << 19, (1 << 19) + 6, true)], 100);
        assert!(shown.chars().count() < 100, "{}", shown.len());
        assert_eq!(under, ["NEEDLE"]);
        assert!(shown.starts_with('…') && shown.ends_with("…\n"));
    }

    #[test]
    fn labels_outside_the_window_stand_at_its_edges() {
        let text = format!("key: {}NEEDLE{}tail\n", "a".repeat(500), "b".repeat(500));
        let at = text.find("NEEDLE").expect("there");
        let end = text.len() - 1;
        let marks = [mark(0, 3, false), mark(at, at + 6, true), mark(end - 4, end, false)];
        assert_eq!(shown(&text, &marks, 100).1, ["…", "NEEDLE", "…"]);
    }

    #[test]
    fn hostile_characters_are_replaced_and_labels_follow() {
        let (shown, under) = shown("a\x1b[2J: \u{202e}name x\n", &[mark(10, 14, true)], 80);
        assert_eq!(shown, "a␛[2J: <U+202E>name x\n");
        assert_eq!(under, ["name"]);
    }

    #[test]
    fn a_byte_order_mark_is_not_shown() {
        let (shown, under) = shown("\u{feff}on: push\n", &[mark(3, 5, true)], 80);
        assert_eq!((shown.as_str(), under[0].as_str()), ("on: push\n", "on"));
    }

    #[test]
    fn overlapping_labels_are_parted() {
        assert_eq!(shown("needs: [a, b]\n", &[mark(7, 13, true), mark(8, 9, false)], 80).1, ["[", "a"]);
        assert_eq!(shown("needs: [a, b]\n", &[mark(0, 13, true), mark(0, 5, false)], 80).1, ["needs", ": [a, b]"]);
    }

    #[test]
    fn a_very_long_label_is_drawn_at_its_first_line() {
        let text = "line\n".repeat(50);
        let (shown, under) = shown(&text, &[mark(0, text.len(), true)], 80);
        assert_eq!((shown.as_str(), under[0].as_str()), ("line\nline\n", "line"));
    }
}
