//! Syntax colouring: a small tokenizer that takes any text, valid Python or not, in one pass.

/// What is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Comment,
    String,
    Keyword,
    Number,
    Decorator,
    /// The name that a `def` or `class` introduces.
    Name,
}

impl Kind {
    /// The element that stands for it. These are custom elements: short, and without a meaning of their own.
    pub(super) fn element(self) -> &'static str {
        match self {
            Self::Comment => "c-",
            Self::String => "s-",
            Self::Keyword => "k-",
            Self::Number => "n-",
            Self::Decorator => "d-",
            Self::Name => "f-",
        }
    }
}

/// A coloured stretch of the text, in bytes; it may go over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The coloured stretches of a text, ascending and apart from each other; both ends lie between characters.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        text,
        at: 0,
        line_start: true,
        definition: false,
        stack: Vec::new(),
        found: Vec::new(),
    };
    while scanner.at < scanner.bytes.len() {
        match scanner.stack.last() {
            Some(Mode::Literal(quote)) => scanner.literal(*quote),
            _ => scanner.code(),
        }
    }
    scanner.found
}

/// How a string began.
#[derive(Debug, Clone, Copy)]
struct Quote {
    byte: u8,
    triple: bool,
    raw: bool,
    /// Has replacement fields.
    fields: bool,
    /// This is the format specification of a field, which `}` ends too.
    specification: bool,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// Inside a string.
    Literal(Quote),
    /// Inside a replacement field: the string around it, and how many brackets are open.
    Field(Quote, u32),
}

struct Scanner<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    /// Only blanks so far on this line.
    line_start: bool,
    /// The last word was `def` or `class`.
    definition: bool,
    stack: Vec<Mode>,
    found: Vec<Token>,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn add(&mut self, kind: Kind, start: usize) {
        if start < self.at {
            self.found.push(Token { kind, start, end: self.at });
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|&byte| wanted(byte)) {
            self.at += 1;
        }
    }

    /// One step outside strings, or inside a replacement field.
    fn code(&mut self) {
        let start = self.at;
        let byte = self.bytes[start];
        let line_start = std::mem::replace(&mut self.line_start, false);
        match byte {
            b'\n' => {
                self.at += 1;
                self.line_start = true;
                self.definition = false;
            }
            b' ' | b'\t' => {
                self.at += 1;
                self.line_start = line_start;
            }
            b'#' => {
                self.skip_while(|byte| byte != b'\n');
                self.add(Kind::Comment, start);
            }
            b'"' | b'\'' => self.open("", start),
            b'@' if line_start && self.stack.is_empty() => {
                self.at += 1;
                self.skip_while(|byte| is_word(byte) || byte == b'.');
                self.add(Kind::Decorator, start);
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ if is_word(byte) => self.word(line_start),
            _ => {
                self.at += 1;
                self.field(byte);
            }
        }
    }

    /// What a punctuation mark just read means for the replacement field around it.
    fn field(&mut self, byte: u8) {
        let Some(Mode::Field(quote, depth)) = self.stack.last_mut() else { return };
        match byte {
            b'(' | b'[' | b'{' => *depth += 1,
            b'}' if *depth == 0 => {
                self.stack.pop();
            }
            b')' | b']' | b'}' => *depth = depth.saturating_sub(1),
            b':' if *depth == 0 => {
                let specification = Quote { specification: true, ..*quote };
                self.stack.push(Mode::Literal(specification));
            }
            _ => {}
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let decimal = self.peek(0) != b'0' || !self.peek(1).is_ascii_alphabetic();
        while let Some(&byte) = self.bytes.get(self.at) {
            let signed = decimal
                && matches!(byte, b'+' | b'-')
                && matches!(self.bytes[self.at - 1], b'e' | b'E')
                && self.at > start;
            if !(is_word(byte) || byte == b'.' || signed) {
                break;
            }
            self.at += 1;
        }
        self.add(Kind::Number, start);
    }

    fn word(&mut self, line_start: bool) {
        let start = self.at;
        self.skip_while(is_word);
        let word = &self.text[start..self.at];
        if word.len() <= 2 && matches!(self.peek(0), b'"' | b'\'') && word.bytes().all(|b| b"rRbBuUfFtT".contains(&b)) {
            self.open(word, start);
        } else if std::mem::take(&mut self.definition) {
            self.add(Kind::Name, start);
        } else if KEYWORDS.contains(&word) {
            self.definition = matches!(word, "def" | "class");
            self.add(Kind::Keyword, start);
        } else if line_start && self.is_soft_keyword(word) {
            self.add(Kind::Keyword, start);
        }
    }

    /// Whether a word at the start of a line is used as a keyword, judged by the rest of the line.
    fn is_soft_keyword(&self, word: &str) -> bool {
        if !matches!(word, "match" | "case" | "type") || self.peek(0) != b' ' {
            return false;
        }
        let line = self.bytes[self.at..].split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
        let Some(&next) = line.first() else { return false };
        match word {
            "type" => is_word(next) && line.contains(&b'='),
            _ => !b"=.,)]:;+/%|&<>!".contains(&next) && !line.starts_with(b"in ") && !line.starts_with(b"is "),
        }
    }

    /// A string begins at the quote ahead; its prefix is read already.
    fn open(&mut self, prefix: &str, start: usize) {
        let byte = self.peek(0);
        let triple = self.peek(1) == byte && self.peek(2) == byte;
        self.at += if triple { 3 } else { 1 };
        self.line_start = false;
        let has = |letters: [char; 2]| prefix.contains(letters);
        let fields = has(['f', 'F']) || has(['t', 'T']);
        self.stack.push(Mode::Literal(Quote { byte, triple, raw: has(['r', 'R']), fields, specification: false }));
        self.add(Kind::String, start);
    }

    /// The text of a string up to its end or its next replacement field.
    fn literal(&mut self, quote: Quote) {
        let start = self.at;
        let mut field = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' if !quote.specification || !quote.raw => {
                    self.at += if self.at + 1 < self.bytes.len() { 2 } else { 1 };
                }
                b'{' if quote.fields => {
                    if self.peek(1) == b'{' && !quote.specification {
                        self.at += 2;
                        continue;
                    }
                    field = true;
                    break;
                }
                b'}' if quote.specification => {
                    // The specification ends, and with it the field.
                    self.stack.truncate(self.stack.len().saturating_sub(2));
                    break;
                }
                b'\n' if !quote.triple => {
                    // It was never closed: colouring starts afresh on the next line.
                    self.stack.clear();
                    break;
                }
                _ if byte == quote.byte
                    && (!quote.triple || (self.peek(1) == byte && self.peek(2) == byte))
                    && !quote.specification =>
                {
                    self.at += if quote.triple { 3 } else { 1 };
                    self.stack.pop();
                    break;
                }
                _ if byte == quote.byte && quote.specification && !quote.triple => {
                    // A specification cannot hold the quote: the field was never closed.
                    self.at += 1;
                    self.stack.clear();
                    break;
                }
                _ => self.at += 1,
            }
        }
        // An escape may have ended in the middle of a character.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.join(start);
        if field {
            self.at += 1;
            self.stack.push(Mode::Field(Quote { specification: false, ..quote }, 0));
        } else if quote.specification && self.peek(0) == b'}' {
            self.at += 1;
        }
    }

    /// Adds a stretch of string, as one with the stretch it continues.
    fn join(&mut self, start: usize) {
        match self.found.last_mut() {
            Some(last) if last.kind == Kind::String && last.end == start => last.end = self.at,
            _ => self.add(Kind::String, start),
        }
    }
}

/// Letters, digits, underscores and everything beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        let mut done = 0;
        for token in tokens(text) {
            out += &text[done..token.start];
            out.extend([token.kind.element(), &text[token.start..token.end], "|"]);
            done = token.end;
        }
        out + &text[done..]
    }

    #[test]
    fn colours_python() {
        assert_eq!(shown("def f(x): # hé\n"), "k-def| f-f|(x): c-# hé|\n");
        assert_eq!(shown("@a.b(1)\nx = a @ b"), "d-@a.b|(n-1|)\nx = a @ b");
        assert_eq!(shown("x = 0x1F + 1e-5 + .5j - 1_0"), "x = n-0x1F| + n-1e-5| + n-.5j| - n-1_0|");
        assert_eq!(shown(r#"r'\'' "a\"b" ''"#), r#"s-r'\''| s-"a\"b"| s-''|"#);
        assert_eq!(shown("x = '''a\nb''' + 1"), "x = s-'''a\nb'''| + n-1|");
        assert_eq!(shown("x = 'open\ny = 1"), "x = s-'open|\ny = n-1|");
        assert_eq!(
            shown("match x:\n case 1:\nmatch = 1\ntype X = int\ntype(x)"),
            "k-match| x:\n k-case| n-1|:\nmatch = n-1|\nk-type| X = int\ntype(x)"
        );
        assert_eq!(shown("rb = Rb''"), "rb = s-Rb''|");
    }

    #[test]
    fn colours_replacement_fields() {
        assert_eq!(shown("f'a{b}c'"), "s-f'a|{b}s-c'|");
        assert_eq!(shown("f'{{}}' x"), "s-f'{{}}'| x");
        assert_eq!(shown("f\"{x[\"k\"]!r:>{w}.2f}!\" y"), "s-f\"|{x[s-\"k\"|]!r:s->|{w}s-.2f|}s-!\"| y");
        assert_eq!(shown("f'{a:{b}}' if c else d"), "s-f'|{a:{b}}s-'| k-if| c k-else| d");
        assert_eq!(shown("f'{(lambda: 1)()}' x"), "s-f'|{(k-lambda|: n-1|)()}s-'| x");
        assert_eq!(shown("f'{a:b' + 1\nx = 1"), "s-f'|{a:s-b'| + n-1|\nx = n-1|");
        assert_eq!(shown("f'''{\n1\n}''' 2"), "s-f'''|{\nn-1|\n}s-'''| n-2|");
    }

    proptest! {
        #[test]
        fn takes_any_text(text in "(?s).{0,200}|[rf'\"{}:\\\\\n#a1@ ]{0,80}|[fé'\"{}\\\\]{0,40}") {
            let mut done = 0;
            for token in tokens(&text) {
                prop_assert!(token.start >= done && token.end > token.start);
                prop_assert!(text.get(token.start..token.end).is_some());
                done = token.end;
            }
        }
    }

    #[test]
    fn is_linear() {
        for hostile in ["f'{", "f'{a:", "'''\n", "{", "f\"{f'{", "match x\n", "\\"] {
            let text = hostile.repeat(100_000);
            assert!(tokens(&text).len() <= text.len());
        }
    }
}
