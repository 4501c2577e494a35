//! Writes a parsed Python regex in the syntax of the Rust engines, with every meaning spelled out.

use std::fmt::Write as _;

use super::syntax::{At, Class, Flags, Greed, Item, Node};

/// A regex in Rust's syntax, and what it takes to run it.
#[derive(Debug, Default)]
pub(super) struct Emitted {
    pub(super) text: String,
    /// Look-around, references, atomic groups: only the backtracking engine has them.
    pub(super) fancy: bool,
    /// Word boundaries, which differ between the languages for a few characters.
    pub(super) boundary: bool,
    /// Word boundaries of ASCII only.
    pub(super) ascii_boundary: bool,
    /// A condition on a group that it is part of: neither engine has it.
    pub(super) open_condition: bool,
    captures: bool,
    exact: bool,
}

/// Python's word characters, inside a set.
const WORD: &str = r"\p{L}\p{N}_";

/// Writes `node`. With `exact`, word boundaries are Python's (up to 3.13, where an empty text has not even a `\B`) for
/// every character, at the price of speed.
pub(super) fn emit(node: &Node, exact: bool) -> Emitted {
    let mut out = Emitted { captures: refers(node), exact, ..Emitted::default() };
    out.node(node);
    out
}

/// Whether the regex refers back to its groups.
fn refers(node: &Node) -> bool {
    match node {
        Node::Backref { .. } | Node::Condition { .. } => true,
        Node::Group { body, .. } | Node::Look { body, .. } | Node::Repeat { body, .. } | Node::Atomic(body) => {
            refers(body)
        }
        Node::Sequence(nodes) | Node::Alternatives(nodes) => nodes.iter().any(refers),
        Node::Set { .. } | Node::Any(_) | Node::At(..) => false,
    }
}

impl Emitted {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Set { negated, items, flags } => self.set(*negated, items, *flags),
            Node::Any(flags) if flags.has(Flags::DOT_ALL) => self.text.push_str("(?s:.)"),
            Node::Any(_) => self.text.push_str(r"[^\n]"),
            Node::At(at, flags) => self.at(*at, *flags),
            Node::Group { capture, body } => {
                let open = if *capture && self.captures { "(" } else { "(?:" };
                self.wrapped(open, body);
            }
            Node::Look { behind, negated, body } => {
                self.fancy = true;
                let open = match (behind, negated) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.wrapped(open, body);
            }
            Node::Atomic(body) => {
                self.fancy = true;
                self.wrapped("(?>", body);
            }
            Node::Repeat { body, min, max, greed } => self.repeat(body, *min, *max, *greed),
            Node::Backref { group, flags, .. } => {
                self.fancy = true;
                let open = if flags.has(Flags::IGNORE_CASE) { "(?i:" } else { "(?:" };
                self.push(format_args!("{open}\\{group})"));
            }
            Node::Condition { group, open, yes, no } => {
                self.fancy = true;
                self.open_condition |= open;
                self.push(format_args!("(?({group})"));
                self.wrapped("(?:", yes);
                self.text.push('|');
                if let Some(no) = no {
                    self.wrapped("(?:", no);
                }
                self.text.push(')');
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Alternatives(nodes) => {
                // At the top level and inside groups alike, so that it never reaches too far.
                self.text.push_str("(?:");
                for (at, node) in nodes.iter().enumerate() {
                    if at > 0 {
                        self.text.push('|');
                    }
                    self.node(node);
                }
                self.text.push(')');
            }
        }
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(text);
    }

    fn wrapped(&mut self, open: &str, node: &Node) {
        self.text.push_str(open);
        self.node(node);
        self.text.push(')');
    }

    fn repeat(&mut self, body: &Node, min: u32, max: Option<u32>, greed: Greed) {
        if body.width().1 == 0 {
            return self.repeat_nothing(body, min, greed);
        }
        if greed == Greed::Possessive {
            self.fancy = true;
            self.text.push_str("(?>");
        }
        self.wrapped("(?:", body);
        match (min, max) {
            (0, None) => self.text.push('*'),
            (1, None) => self.text.push('+'),
            (0, Some(1)) => self.text.push('?'),
            (min, None) => self.push(format_args!("{{{min},}}")),
            (min, Some(max)) => self.push(format_args!("{{{min},{max}}}")),
        }
        match greed {
            Greed::Greedy => {}
            Greed::Lazy => self.text.push('?'),
            Greed::Possessive => self.text.push(')'),
        }
    }

    /// Repeating what takes no characters is trying it once.
    fn repeat_nothing(&mut self, body: &Node, min: u32, greed: Greed) {
        let (open, close) = match (min, greed) {
            (1.., _) => ("(?:", ")"),
            (0, Greed::Greedy) => ("(?:", "|)"),
            (0, Greed::Lazy) => ("(?:|", ")"),
            (0, Greed::Possessive) => {
                self.fancy = true;
                ("(?>", "|)")
            }
        };
        self.text.push_str(open);
        self.node(body);
        self.text.push_str(close);
    }

    fn at(&mut self, at: At, flags: Flags) {
        let multiline = flags.has(Flags::MULTILINE);
        let text = match at {
            At::Begin if multiline => "(?m:^)",
            At::Begin | At::TextBegin => r"\A",
            At::End if multiline => "(?m:$)",
            At::End => {
                self.fancy = true;
                r"(?=\n?\z)"
            }
            At::TextEnd => r"\z",
            At::Boundary | At::NoBoundary => return self.boundary(at == At::NoBoundary, flags.has(Flags::ASCII)),
        };
        self.text.push_str(text);
    }

    fn boundary(&mut self, negated: bool, ascii: bool) {
        self.boundary = true;
        self.ascii_boundary |= ascii;
        if !self.exact {
            self.text.push_str(if negated { r"\B" } else { r"\b" });
            return;
        }
        self.fancy = true;
        let word = if ascii { "[0-9A-Za-z_]".to_owned() } else { format!("[{WORD}]") };
        if negated {
            self.push(format_args!("(?:(?<={word})(?={word})|(?<!{word})(?!{word})(?s:(?<=.)|(?=.)))"));
        } else {
            self.push(format_args!("(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"));
        }
    }

    fn set(&mut self, negated: bool, items: &[Item], flags: Flags) {
        let ascii = flags.has(Flags::ASCII);
        let ignore_case = flags.has(Flags::IGNORE_CASE);
        if let ([Item::Char(c)], false, false) = (items, negated, ignore_case)
            && let Some(c) = char::from_u32(*c)
        {
            return self.character(c);
        }
        let mut set = String::new();
        let mut letters = false;
        let mut dotted = false;
        for item in items {
            match *item {
                Item::Class(class, negated) => set.push_str(class_text(class, negated, ascii)),
                Item::Char(c) => {
                    letters = true;
                    dotted |= has_i(c, c);
                    range(&mut set, c, c);
                    if ignore_case && ascii {
                        swapped(&mut set, c, c);
                    }
                }
                Item::Range(low, high) => {
                    letters = true;
                    dotted |= has_i(low, high);
                    range(&mut set, low, high);
                    if ignore_case && ascii {
                        swapped(&mut set, low, high);
                    }
                }
            }
        }
        let fold = ignore_case && !ascii && letters;
        if fold && dotted {
            // To Python the dotted and the dotless i are the same letter then.
            set.push_str(r"iI\x{130}\x{131}");
        }
        if set.is_empty() {
            // Only half characters, which no text has.
            set.push_str(r"\x{0}&&\x{1}");
        }
        let (open, close) = if fold { ("(?i:", ")") } else { ("", "") };
        self.push(format_args!("{open}[{}{set}]{close}", if negated { "^" } else { "" }));
    }

    fn character(&mut self, c: char) {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | ' ') {
            self.text.push(c);
        } else {
            self.push(format_args!("\\x{{{:X}}}", u32::from(c)));
        }
    }
}

fn has_i(low: u32, high: u32) -> bool {
    ['i', 'I', '\u{130}', '\u{131}'].into_iter().any(|c| (low..=high).contains(&u32::from(c)))
}

/// Writes a range without the half characters of UTF-16, which no text has.
fn range(set: &mut String, low: u32, high: u32) {
    let half = 0xd800..=0xdfff;
    let low = if half.contains(&low) { 0xe000 } else { low };
    let high = if half.contains(&high) { 0xd7ff } else { high };
    if low == high {
        let _ = write!(set, "\\x{{{low:X}}}");
    } else if low < high {
        let _ = write!(set, "\\x{{{low:X}}}-\\x{{{high:X}}}");
    }
}

/// Writes the other case of the ASCII letters in a range.
fn swapped(set: &mut String, low: u32, high: u32) {
    for (first, last, distance) in [(u32::from(b'A'), u32::from(b'Z'), 32_i64), (u32::from(b'a'), u32::from(b'z'), -32)]
    {
        let (low, high) = (low.max(first), high.min(last));
        if low <= high {
            let shift = |c: u32| u32::try_from(i64::from(c) + distance).unwrap_or(c);
            range(set, shift(low), shift(high));
        }
    }
}

/// A class inside a set.
fn class_text(class: Class, negated: bool, ascii: bool) -> &'static str {
    match (class, negated, ascii) {
        (Class::Digit, false, false) => r"\d",
        (Class::Digit, true, false) => r"\D",
        (Class::Space, false, false) => r"\s\x{1C}-\x{1F}",
        (Class::Space, true, false) => r"[^\s\x{1C}-\x{1F}]",
        (Class::Word, false, false) => r"\p{L}\p{N}_",
        (Class::Word, true, false) => r"[^\p{L}\p{N}_]",
        (Class::Digit, false, true) => "0-9",
        (Class::Digit, true, true) => "[^0-9]",
        (Class::Space, false, true) => r"\x{9}-\x{D}\x{20}",
        (Class::Space, true, true) => r"[^\x{9}-\x{D}\x{20}]",
        (Class::Word, false, true) => "0-9A-Za-z_",
        (Class::Word, true, true) => "[^0-9A-Za-z_]",
    }
}
