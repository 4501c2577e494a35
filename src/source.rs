//! A source file and places in it: byte spans, lines and columns.

use std::path::PathBuf;

/// A half-open range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "span {start}..{end} runs backwards");
        Self { start, end }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside this span.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }
}

/// A relative path with `/`, without `.` and `..`; empty for the folder it starts from, `None` when it leaves that folder.
pub fn plain_path(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A line and column, both counted from 1; the column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The text of one file with an index of its lines.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user gave it or discovery found it; used in every message.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Indexes the lines of `text`. A line ends with `\n`; a `\r` before it belongs to the line end.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i + 1));
        Self { path: path.into(), text, line_starts }
    }

    /// The 0-based index of the line that holds byte `offset`.
    pub fn line_index(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset) - 1
    }

    /// Number of lines; a final newline does not start a further one.
    pub fn line_count(&self) -> usize {
        let last = self.line_starts.last().copied().unwrap_or(0);
        if last == self.text.len() && last > 0 { self.line_starts.len() - 1 } else { self.line_starts.len() }
    }

    /// The span of line `index` (0-based) without its line end; `None` past the last line.
    pub fn line_span(&self, index: usize) -> Option<Span> {
        let start = *self.line_starts.get(index)?;
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |&next| next - 1);
        let end = if end > start && self.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        Some(Span::new(start, end))
    }

    /// Line and column of byte `offset`; an offset past the end answers for the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_index(offset);
        let start = self.line_starts[line];
        let column =
            self.text.get(start..offset).map_or(offset - start, |s| s.trim_start_matches('\u{feff}').chars().count());
        Position { line: line + 1, column: column + 1 }
    }

    /// The text of `span`, or the empty string when the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_its_folder_is_none() {
        for (path, plain) in [
            ("a/./b//c", Some("a/b/c")),
            ("./a/../b", Some("b")),
            (".", Some("")),
            ("", Some("")),
            ("a/../..", None),
            ("../a", None),
        ] {
            assert_eq!(plain_path(path).as_deref(), plain, "{path}");
        }
    }

    #[test]
    fn positions_count_characters_and_survive_crlf() {
        let source = Source::new("x", "a\r\nbé: c\n");
        assert_eq!(source.line_span(0), Some(Span::new(0, 1)));
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        assert_eq!(source.position(7), Position { line: 2, column: 4 });
        assert_eq!(source.line_count(), 2);
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let source = Source::new("x", "\u{feff}on: push");
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
    }
}
