//! From an offset inside a scalar's decoded value back to the file.

use super::Style;
use crate::source::Span;

/// The file offset of byte `offset` of `value`, which was decoded from `span` of `text`.
pub(super) fn source_offset(text: &str, span: Span, value: &str, style: Style, offset: usize) -> usize {
    let offset = offset.min(value.len());
    match style {
        Style::Literal(indent) | Style::Folded(indent) => block_offset(text, span, value, indent, offset),
        Style::Plain if span.len() == value.len() => span.start + offset,
        Style::SingleQuoted | Style::DoubleQuoted if span.len() == value.len() + 2 => span.start + 1 + offset,
        Style::Plain => walk(text, span, span.start, value, offset),
        Style::SingleQuoted | Style::DoubleQuoted => walk(text, span, span.start + 1, value, offset),
    }
}

/// Block scalars: the parser's span starts at the first line with content, whose indentation it has passed. Every
/// following line starts after at most `indent` columns of indentation. Leading blank lines stand in the value, not in
/// the span. In a folded block a single line break is one space in the value and several are one fewer line feeds, so
/// both are walked in step.
fn block_offset(text: &str, span: Span, value: &str, indent: usize, offset: usize) -> usize {
    let lead = value.len() - value.trim_start_matches('\n').len();
    if offset < lead {
        return span.start;
    }
    let bytes = text.as_bytes();
    let target = value.as_bytes();
    let (mut source, mut at) = (span.start, lead);
    while at < offset && source < text.len() {
        match bytes[source] {
            b'\r' if bytes.get(source + 1) == Some(&b'\n') => source += 1,
            b'\n' => {
                source += 1;
                // A folded break is a space, a kept one a line feed; a break that folding drops matches neither.
                if matches!(target[at], b'\n' | b' ') {
                    at += 1;
                }
                let mut column = 0;
                while column < indent && bytes.get(source) == Some(&b' ') {
                    source += 1;
                    column += 1;
                }
            }
            _ => {
                source += 1;
                at += 1;
            }
        }
    }
    skip_break(text, span, value, offset, source)
}

/// A break that folding drops stands between two value bytes; a place asked for is that of the byte behind it.
fn skip_break(text: &str, span: Span, value: &str, offset: usize, mut source: usize) -> usize {
    if value.as_bytes().get(offset).is_some_and(|b| !b.is_ascii_whitespace()) {
        let bytes = text.as_bytes();
        while source < span.end {
            match bytes[source] {
                b' ' | b'\t' | b'\r' | b'\n' => source += 1,
                b'\\' if matches!(bytes.get(source + 1), Some(b'\n' | b'\r')) => source += 1,
                _ => break,
            }
        }
    }
    source.min(span.end.max(span.start))
}

/// Quoted text with escapes, and text folded over several lines: decode and count.
fn walk(text: &str, span: Span, start: usize, value: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let target = value.as_bytes();
    let quote = (start > span.start).then(|| bytes[span.start]);
    let (mut source, mut at) = (start, 0);
    while at < offset && source < span.end {
        let byte = bytes[source];
        if byte == target[at] && !(quote == Some(b'"') && byte == b'\\') && !(quote == Some(b'\'') && byte == b'\'') {
            source += 1;
            at += 1;
        } else if byte == b'\\' && quote == Some(b'"') {
            let (width, decoded) = escape(&text[source..]);
            source += width;
            at += decoded;
        } else if byte == b'\'' && quote == Some(b'\'') {
            source += 2;
            at += 1;
        } else if byte.is_ascii_whitespace() {
            // Line folding: a break and the indentation around it are one space or some line feeds in the value.
            let next =
                bytes[source..span.end].iter().position(|b| !b.is_ascii_whitespace()).map_or(span.end, |n| source + n);
            while at < offset && matches!(target[at], b' ' | b'\n') {
                at += 1;
            }
            source = next;
        } else {
            source += 1;
        }
    }
    skip_break(text, span, value, offset, source)
}

/// Width of the escape at the start of `text`, and of what it decodes to, in bytes.
fn escape(text: &str) -> (usize, usize) {
    let digits = match text.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        // An escaped line break joins two lines and leaves nothing.
        Some(b'\n') => return (2, 0),
        Some(b'N' | b'_') => return (2, 2),
        Some(b'L' | b'P') => return (2, 3),
        Some(_) => return (2, 1),
        None => return (1, 0),
    };
    let code = text.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
    (2 + digits, code.map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use crate::source::Span;
    use crate::workflow::yaml::parse;

    /// Finds `needle` in the decoded value of `key` and returns the file text at the place it maps to.
    fn located<'t>(text: &'t str, needle: &str) -> &'t str {
        let tree = parse(text).expect("valid YAML");
        let node = tree.root().get("run").expect("a run key");
        let value = node.as_str().expect("a text");
        let at = value.find(needle).expect("needle in value");
        let span = node.source_span(Span::new(at, at + needle.len()));
        &text[span.start..span.end]
    }

    #[test]
    fn literal_blocks_are_exact() {
        let text = "run: |\n  set -e\n\n  pytest tests\n    indented\n";
        assert_eq!(located(text, "pytest tests"), "pytest tests");
        assert_eq!(located(text, "indented"), "indented");
    }

    #[test]
    fn literal_blocks_with_leading_blank_lines_crlf_and_unicode() {
        assert_eq!(located("run: |\n\n\n  pytest\n", "pytest"), "pytest");
        assert_eq!(located("run: |\r\n  écho ü\r\n  pytest é\r\n", "pytest é"), "pytest é");
        assert_eq!(located("run: |2\n    four\n  behave\n", "behave"), "behave");
    }

    #[test]
    fn folded_blocks_map_over_the_fold() {
        let text = "run: >-\n  coverage run\n  -m pytest\n\n  tests\n";
        assert_eq!(located(text, "pytest"), "pytest");
        assert_eq!(located(text, "tests"), "tests");
        assert_eq!(located(text, "run\u{20}-m"), "run\n  -m");
    }

    #[test]
    fn quoted_and_multi_line_plain_text() {
        assert_eq!(located("run: \"a\\tb \\u00e9 pytest\"\n", "pytest"), "pytest");
        assert_eq!(located("run: 'it''s pytest'\n", "pytest"), "pytest");
        assert_eq!(located("run: coverage run\n  -m pytest\n", "pytest"), "pytest");
        assert_eq!(located("run: \"a \\\n   pytest\"\n", "pytest"), "pytest");
    }
}
