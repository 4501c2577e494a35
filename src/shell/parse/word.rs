//! One word: quotes, escapes, expansions and the substitutions inside it.

use super::Parser;
use crate::shell::scan::{Nest, skip_expression};
use crate::shell::script::Word;
use crate::source::Span;

impl Parser<'_> {
    /// Reads one word; inside `[[ … ]]` operators are ordinary characters. Always moves on unless at the end.
    pub(super) fn word(&mut self, conditional: bool) -> Word {
        let start = self.pos;
        let mut word = Word::default();
        // An unquoted `{`, and whether a `,` or `..` followed it.
        let mut brace: Option<bool> = None;
        while self.pos < self.end {
            let at = self.pos;
            match self.bytes[at] {
                b' ' | b'\t' | b'\n' => break,
                b'\r' if self.peek(1) == Some(b'\n') => break,
                b'<' | b'>' if !conditional && self.peek(1) == Some(b'(') => {
                    self.pos += 2;
                    word.dynamic = true;
                    self.substitution(&mut word, at, Nest::Paren);
                }
                b'(' if !conditional
                    && at > start
                    && matches!(self.bytes[at - 1], b'=' | b'@' | b'!' | b'*' | b'?' | b'+') =>
                {
                    // An array or an extended glob.
                    word.dynamic = true;
                    self.pos += 1;
                    self.skip_nested(&[Nest::Paren]);
                    word.text.push_str(self.raw(Span::new(at, self.pos)));
                }
                b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' if !conditional => break,
                b'\\' => self.escape(&mut word),
                b'\'' => self.single_quoted(&mut word),
                b'"' => {
                    self.pos += 1;
                    self.double_quoted(&mut word);
                }
                b'$' if self.peek(1) == Some(b'\'') => {
                    self.pos += 2;
                    while self.pos < self.end && self.bytes[self.pos] != b'\'' {
                        self.pos += if self.bytes[self.pos] == b'\\' { 2 } else { 1 };
                    }
                    self.finish_quote();
                    let inner = self.raw(Span::new(at + 2, self.pos.saturating_sub(1).max(at + 2)));
                    word.dynamic |= inner.contains(['\\', '$']);
                    word.text.push_str(inner);
                }
                b'$' if self.peek(1) == Some(b'"') => {
                    self.pos += 2;
                    self.double_quoted(&mut word);
                }
                b'$' => self.dollar(&mut word),
                b'`' => self.backticks(&mut word),
                byte => {
                    match byte {
                        b'*' | b'?' | b'[' => word.glob = true,
                        b'{' => brace = Some(false),
                        b',' => brace = brace.map(|_| true),
                        b'.' if self.peek(1) == Some(b'.') => brace = brace.map(|_| true),
                        b'}' => word.dynamic |= brace.take() == Some(true),
                        b'~' if at == start => {
                            word.dynamic |= self.peek(1).is_none_or(|b| b == b'/' || b.is_ascii_whitespace());
                        }
                        _ => {}
                    }
                    self.plain(&mut word);
                }
            }
        }
        if self.pos == start && self.pos < self.end && !self.at_newline() {
            // Only a misplaced operator gets here, such as `> ;`.
            self.script.opaque = true;
        }
        word.span = Span::new(start, self.pos.max(start));
        word
    }

    /// Takes one special byte as itself, then everything up to the next byte that could matter.
    fn plain(&mut self, word: &mut Word) {
        let start = self.pos;
        self.pos += 1;
        while self.pos < self.end
            && (self.bytes[self.pos] >= 0x80
                || self.bytes[self.pos].is_ascii_alphanumeric()
                || matches!(self.bytes[self.pos], b'-' | b'_' | b'/' | b'=' | b':'))
        {
            self.pos += 1;
        }
        word.text.push_str(self.raw(Span::new(start, self.pos)));
    }

    fn escape(&mut self, word: &mut Word) {
        self.pos += 1;
        match self.peek(0) {
            None => self.script.opaque |= self.level == 0,
            Some(b'\n') => self.pos += 1,
            Some(b'\r') if self.peek(1) == Some(b'\n') => self.pos += 2,
            Some(_) => {
                let next = self.text.get(self.pos..self.end).and_then(|t| t.chars().next());
                self.pos += next.map_or(1, char::len_utf8);
                word.text.extend(next);
            }
        }
    }

    fn finish_quote(&mut self) {
        if self.pos < self.end {
            self.pos += 1;
        } else {
            self.pos = self.end;
            self.script.opaque = true;
        }
    }

    fn single_quoted(&mut self, word: &mut Word) {
        self.pos += 1;
        let start = self.pos;
        while self.pos < self.end && self.bytes[self.pos] != b'\'' {
            if self.bytes[self.pos..].starts_with(b"${{") {
                word.dynamic = true;
                self.expression();
            } else {
                self.pos += 1;
            }
        }
        word.text.push_str(self.raw(Span::new(start, self.pos)));
        self.finish_quote();
    }

    fn double_quoted(&mut self, word: &mut Word) {
        while self.pos < self.end {
            let at = self.pos;
            match self.bytes[at] {
                b'"' => break,
                b'\\' => match self.peek(1) {
                    Some(b'$' | b'`' | b'"' | b'\\') => {
                        word.text.push(char::from(self.bytes[at + 1]));
                        self.pos += 2;
                    }
                    Some(b'\n') => self.pos += 2,
                    _ => {
                        word.text.push('\\');
                        self.pos += 1;
                    }
                },
                b'$' => self.dollar(word),
                b'`' => self.backticks(word),
                _ => {
                    while self.pos < self.end && !matches!(self.bytes[self.pos], b'"' | b'\\' | b'$' | b'`') {
                        self.pos += 1;
                    }
                    word.text.push_str(self.raw(Span::new(at, self.pos)));
                }
            }
        }
        self.finish_quote();
    }

    fn expression(&mut self) {
        if let Some(after) = skip_expression(self.bytes, self.pos) {
            self.pos = after;
        } else {
            self.script.opaque = true;
            self.pos = self.end;
        }
    }

    fn dollar(&mut self, word: &mut Word) {
        let at = self.pos;
        let rest = &self.bytes[at..];
        match rest {
            [b'$', b'{', b'{', ..] => self.expression(),
            [b'$', b'{', ..] => {
                self.pos += 2;
                self.skip_nested(&[Nest::Brace]);
            }
            [b'$', b'(', b'(', ..] => {
                self.pos += 3;
                self.skip_nested(&[Nest::Arithmetic, Nest::Arithmetic]);
            }
            [b'$', b'(', ..] => {
                self.pos += 2;
                word.dynamic = true;
                self.substitution(word, at, Nest::Paren);
                return;
            }
            [b'$', next, ..] if next.is_ascii_alphabetic() || *next == b'_' => {
                self.pos += 1;
                while self.peek(0).is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric()) {
                    self.pos += 1;
                }
            }
            [b'$', b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-', ..] => self.pos += 2,
            _ => {
                self.pos += 1;
                word.text.push('$');
                return;
            }
        }
        word.dynamic = true;
        word.text.push_str(self.raw(Span::new(at, self.pos)));
    }

    fn backticks(&mut self, word: &mut Word) {
        let at = self.pos;
        self.pos += 1;
        word.dynamic = true;
        self.substitution(word, at, Nest::Backtick);
    }

    /// Skips the rest of a substitution whose text starts at `at` and remembers its inside.
    fn substitution(&mut self, word: &mut Word, at: usize, nest: Nest) {
        let inner = self.pos;
        let was_opaque = std::mem::take(&mut self.script.opaque);
        self.skip_nested(&[nest]);
        if !self.script.opaque {
            let span = Span::new(inner, self.pos - 1);
            if nest == Nest::Backtick && self.raw(span).contains('\\') {
                self.script.opaque = true;
            } else {
                self.substitutions.push(span);
            }
        }
        self.script.opaque |= was_opaque;
        word.text.push_str(self.raw(Span::new(at, self.pos)));
    }
}
