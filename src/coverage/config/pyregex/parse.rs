//! Python's regex syntax, with Python's errors.

use std::collections::HashMap;

/// A regex that Python refuses, or that cannot be carried over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    message: String,
}

impl PatternError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Python's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) const IGNORE_CASE: Self = Self(1);
    pub(super) const MULTILINE: Self = Self(2);
    pub(super) const DOT_ALL: Self = Self(4);
    const VERBOSE: Self = Self(8);
    pub(super) const ASCII: Self = Self(16);
    const UNICODE: Self = Self(32);
    const TYPES: Self = Self(48);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn letter(c: char) -> Option<Self> {
        Some(match c {
            'i' => Self::IGNORE_CASE,
            'm' => Self::MULTILINE,
            's' => Self::DOT_ALL,
            'x' => Self::VERBOSE,
            'a' => Self::ASCII,
            'u' => Self::UNICODE,
            _ => return None,
        })
    }
}

/// A class of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Digit,
    Space,
    Word,
}

/// A member of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Char(u32),
    Range(u32, u32),
    Class(Class, bool),
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// `^`
    Begin,
    /// `$`
    End,
    /// `\A`
    TextBegin,
    /// `\Z`
    TextEnd,
    /// `\b`
    Boundary,
    /// `\B`
    NoBoundary,
}

/// How a repetition tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// A part of a regex, with the flags in force where they matter.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Set { negated: bool, items: Vec<Item>, flags: Flags },
    Any(Flags),
    At(At, Flags),
    Group { capture: bool, body: Box<Self> },
    Look { behind: bool, negated: bool, body: Box<Self> },
    Atomic(Box<Self>),
    Repeat { body: Box<Self>, min: u32, max: Option<u32>, greed: Greed },
    Backref { group: u32, flags: Flags, width: Width },
    Condition { group: u32, open: bool, yes: Box<Self>, no: Option<Box<Self>> },
    Sequence(Vec<Self>),
    Alternatives(Vec<Self>),
}

/// The least and the greatest length of a match, in characters.
pub(super) type Width = (u64, u64);

const MAX: u64 = u32::MAX as u64;

impl Node {
    pub(super) fn width(&self) -> Width {
        match self {
            Self::Set { .. } | Self::Any(_) => (1, 1),
            Self::At(..) | Self::Look { .. } => (0, 0),
            Self::Group { body, .. } | Self::Atomic(body) => body.width(),
            Self::Repeat { body, min, max, .. } => {
                let (low, high) = body.width();
                let most = max.map_or(MAX, u64::from);
                (low.saturating_mul(u64::from(*min)).min(MAX), high.saturating_mul(most).min(MAX))
            }
            Self::Backref { width, .. } => *width,
            Self::Condition { yes, no, .. } => {
                let ((a, b), (c, d)) = (yes.width(), no.as_ref().map_or((0, 0), |no| no.width()));
                (a.min(c), b.max(d))
            }
            Self::Sequence(nodes) => nodes
                .iter()
                .map(Self::width)
                .fold((0, 0), |sum, width| ((sum.0 + width.0).min(MAX), (sum.1 + width.1).min(MAX))),
            Self::Alternatives(nodes) => {
                let widths = nodes.iter().map(Self::width);
                widths.reduce(|sum, width| (sum.0.min(width.0), sum.1.max(width.1))).unwrap_or((0, 0))
            }
        }
    }
}

/// How deep groups may nest; Python's own limit is a few hundred.
const MAX_DEPTH: usize = 80;

/// Parses a regex under `flags`.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Node, PatternError> {
    let chars: Vec<char> = pattern.chars().collect();
    let parsed = match Parser::new(&chars, flags)?.whole() {
        // The flag `x` came in force: read it all again with it.
        Err(Stop::Verbose) => Parser::new(&chars, flags.with(Flags::VERBOSE))?.whole(),
        other => other,
    };
    match parsed {
        Ok(node) => Ok(node),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::Verbose) => Err(PatternError::new("the flag x cannot be read")),
    }
}

enum Stop {
    Verbose,
    Error(PatternError),
}

impl From<Stop> for PatternError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Verbose => Self::new("the flag x cannot be read"),
            Stop::Error(error) => error,
        }
    }
}

type Parsed<T> = Result<T, Stop>;

/// What the reader sees next: a character, or a backslash and the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Plain(char),
    Escape(char),
}

impl Token {
    fn len(self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Escape(_) => 2,
        }
    }

    fn push_to(self, text: &mut String) {
        match self {
            Self::Plain(c) => text.push(c),
            Self::Escape(c) => text.extend(['\\', c]),
        }
    }
}

struct Parser<'p> {
    chars: &'p [char],
    index: usize,
    next: Option<Token>,
    flags: Flags,
    names: HashMap<String, u32>,
    /// The widths of the groups so far, whole match first; none for an open one.
    widths: Vec<Option<Width>>,
    /// The number of groups when the outermost look-behind began.
    lookbehind: Option<usize>,
    /// Groups that conditions ask for, and where.
    asked: Vec<(u32, usize)>,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn new(chars: &'p [char], flags: Flags) -> Result<Self, PatternError> {
        let mut parser = Self {
            chars,
            index: 0,
            next: None,
            flags,
            names: HashMap::new(),
            widths: vec![None],
            lookbehind: None,
            asked: Vec::new(),
            depth: 0,
        };
        parser.advance()?;
        Ok(parser)
    }

    // --- reading -------------------------------------------------------------------------------------------------

    fn advance(&mut self) -> Parsed<()> {
        self.next = match self.chars.get(self.index) {
            None => None,
            Some('\\') => match self.chars.get(self.index + 1) {
                Some(c) => Some(Token::Escape(*c)),
                None => {
                    self.next = None;
                    return Err(self.error_at("bad escape (end of pattern)", self.chars.len() - 1));
                }
            },
            Some(c) => Some(Token::Plain(*c)),
        };
        self.index += self.next.map_or(0, Token::len);
        Ok(())
    }

    fn get(&mut self) -> Parsed<Option<Token>> {
        let this = self.next;
        self.advance()?;
        Ok(this)
    }

    fn tell(&self) -> usize {
        self.index - self.next.map_or(0, Token::len)
    }

    fn seek(&mut self, index: usize) -> Parsed<()> {
        self.index = index;
        self.advance()
    }

    fn sees(&self, c: char) -> bool {
        self.next == Some(Token::Plain(c))
    }

    fn accept(&mut self, c: char) -> Parsed<bool> {
        let here = self.sees(c);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn get_while(&mut self, count: usize, test: impl Fn(char) -> bool) -> Parsed<String> {
        let mut text = String::new();
        while let Some(Token::Plain(c)) = self.next.filter(|_| text.len() < count) {
            if !test(c) {
                break;
            }
            text.push(c);
            self.advance()?;
        }
        Ok(text)
    }

    fn get_until(&mut self, terminator: char, what: &str) -> Parsed<String> {
        let (mut text, mut length) = (String::new(), 0);
        loop {
            let Some(token) = self.get()? else {
                return Err(if text.is_empty() {
                    self.error(&format!("missing {what}"), 0)
                } else {
                    self.error(&format!("missing {terminator}, unterminated name"), length)
                });
            };
            if token == Token::Plain(terminator) {
                return if text.is_empty() { Err(self.error(&format!("missing {what}"), 1)) } else { Ok(text) };
            }
            token.push_to(&mut text);
            length += token.len();
        }
    }

    /// An error `back` characters before what comes next.
    fn error(&self, message: &str, back: usize) -> Stop {
        self.error_at(message, self.tell().saturating_sub(back))
    }

    fn error_at(&self, message: &str, position: usize) -> Stop {
        let mut text = format!("{message} at position {position}");
        if self.chars.contains(&'\n') {
            let before = &self.chars[..position.min(self.chars.len())];
            let line = before.iter().filter(|c| **c == '\n').count() + 1;
            let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
            text = format!("{text} (line {line}, column {column})");
        }
        Stop::Error(PatternError::new(text))
    }

    // --- grammar -------------------------------------------------------------------------------------------------

    fn whole(mut self) -> Parsed<Node> {
        let node = self.alternatives(true)?;
        if self.next.is_some() {
            return Err(self.error("unbalanced parenthesis", 0));
        }
        for (group, position) in &self.asked {
            if *group as usize >= self.widths.len() {
                return Err(self.error_at(&format!("invalid group reference {group}"), *position));
            }
        }
        if !fixed_lookbehinds(&node) {
            return Err(Stop::Error(PatternError::new("look-behind requires fixed-width pattern")));
        }
        Ok(node)
    }

    fn alternatives(&mut self, top: bool) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("groups nest too deep", 0));
        }
        let mut branches = Vec::new();
        loop {
            let branch = self.sequence(top && branches.is_empty())?;
            branches.push(branch);
            if !self.accept('|')? {
                break;
            }
        }
        self.depth -= 1;
        match branches.pop() {
            Some(only) if branches.is_empty() => Ok(only),
            last => {
                branches.extend(last);
                Ok(Node::Alternatives(branches))
            }
        }
    }

    fn sequence(&mut self, first: bool) -> Parsed<Node> {
        let mut nodes = Vec::new();
        loop {
            if self.next.is_none() || self.sees('|') || self.sees(')') {
                break;
            }
            let Some(token) = self.get()? else { break };
            let c = match token {
                Token::Escape(c) => {
                    let node = self.escape(c)?;
                    nodes.push(node);
                    continue;
                }
                Token::Plain(c) => c,
            };
            if self.flags.has(Flags::VERBOSE) {
                if matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
                    continue;
                }
                if c == '#' {
                    while !matches!(self.get()?, None | Some(Token::Plain('\n'))) {}
                    continue;
                }
            }
            match c {
                '[' => {
                    let node = self.set()?;
                    nodes.push(node);
                }
                '*' | '+' | '?' | '{' => self.repeat(c, &mut nodes)?,
                '.' => nodes.push(Node::Any(self.flags)),
                '^' => nodes.push(Node::At(At::Begin, self.flags)),
                '$' => nodes.push(Node::At(At::End, self.flags)),
                '(' => {
                    let node = self.group(first && nodes.is_empty())?;
                    nodes.extend(node);
                }
                c => nodes.push(self.literal(c.into())),
            }
        }
        Ok(Node::Sequence(nodes))
    }

    fn literal(&self, c: u32) -> Node {
        Node::Set { negated: false, items: vec![Item::Char(c)], flags: self.flags }
    }

    fn repeat(&mut self, c: char, nodes: &mut Vec<Node>) -> Parsed<()> {
        let here = self.tell();
        let (min, max) = match c {
            '?' => (0, Some(1)),
            '*' => (0, None),
            '+' => (1, None),
            _ => {
                if self.sees('}') {
                    nodes.push(self.literal('{'.into()));
                    return Ok(());
                }
                let low = self.get_while(usize::MAX, |c| c.is_ascii_digit())?;
                let high =
                    if self.accept(',')? { self.get_while(usize::MAX, |c| c.is_ascii_digit())? } else { low.clone() };
                if !self.accept('}')? {
                    nodes.push(self.literal('{'.into()));
                    return self.seek(here);
                }
                let min = if low.is_empty() { 0 } else { count(&low)? };
                let max = if high.is_empty() { None } else { Some(count(&high)?) };
                if max.is_some_and(|max| max < min) {
                    return Err(self.error("min repeat greater than max repeat", self.tell() - here));
                }
                (min, max)
            }
        };
        let back = self.tell() - here + 1;
        match nodes.last() {
            None | Some(Node::At(..)) => return Err(self.error("nothing to repeat", back)),
            Some(Node::Repeat { .. }) => return Err(self.error("multiple repeat", back)),
            Some(_) => {}
        }
        let greed = if self.accept('?')? {
            Greed::Lazy
        } else if self.accept('+')? {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        if let Some(body) = nodes.pop() {
            nodes.push(Node::Repeat { body: Box::new(body), min, max, greed });
        }
        Ok(())
    }

    fn set(&mut self) -> Parsed<Node> {
        let here = self.tell() - 1;
        let unterminated = |parser: &Self| parser.error_at("unterminated character set", here);
        let negated = self.accept('^')?;
        let mut items = Vec::new();
        loop {
            let Some(this) = self.get()? else { return Err(unterminated(self)) };
            if this == Token::Plain(']') && !items.is_empty() {
                break;
            }
            let (low, mut text) = self.member(this)?;
            if !self.accept('-')? {
                items.push(low);
                continue;
            }
            let Some(that) = self.get()? else { return Err(unterminated(self)) };
            if that == Token::Plain(']') {
                items.extend([low, Item::Char('-'.into())]);
                break;
            }
            let (high, second) = self.member(that)?;
            match (low, high) {
                (Item::Char(low), Item::Char(high)) if low <= high => items.push(Item::Range(low, high)),
                _ => {
                    text.push('-');
                    text.push_str(&second);
                    let message = format!("bad character range {text}");
                    return Err(self.error(&message, text.chars().count()));
                }
            }
        }
        Ok(Node::Set { negated, items, flags: self.flags })
    }

    /// A member of a set, and how it is named in an error.
    fn member(&mut self, token: Token) -> Parsed<(Item, String)> {
        let mut text = String::new();
        token.push_to(&mut text);
        let c = match token {
            Token::Plain(c) => return Ok((Item::Char(c.into()), text)),
            Token::Escape(c) => c,
        };
        let item = if let Some(code) = simple_escape(c) {
            Item::Char(code)
        } else if let Some((class, negated)) = class(c) {
            Item::Class(class, negated)
        } else if let Some(code) = self.coded_escape(c)? {
            Item::Char(code)
        } else if c.is_digit(8) {
            let mut digits = String::from(c);
            digits.push_str(&self.get_while(2, |c| c.is_digit(8))?);
            Item::Char(self.octal(&digits)?)
        } else if c.is_ascii_alphanumeric() {
            return Err(self.error(&format!("bad escape \\{c}"), 2));
        } else {
            Item::Char(c.into())
        };
        Ok((item, text))
    }

    fn octal(&self, digits: &str) -> Parsed<u32> {
        match u32::from_str_radix(digits, 8) {
            Ok(code) if code <= 0o377 => Ok(code),
            _ => {
                let message = format!("octal escape value \\{digits} outside of range 0-0o377");
                Err(self.error(&message, digits.len() + 1))
            }
        }
    }

    /// `\x`, `\u`, `\U` and `\N`.
    fn coded_escape(&mut self, c: char) -> Parsed<Option<u32>> {
        let size = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => return Err(self.error("named characters (\\N{...}) are not supported", 2)),
            _ => return Ok(None),
        };
        let digits = self.get_while(size, |c| c.is_ascii_hexdigit())?;
        let text = format!("\\{c}{digits}");
        if digits.len() != size {
            return Err(self.error(&format!("incomplete escape {text}"), text.len()));
        }
        match u32::from_str_radix(&digits, 16) {
            Ok(code) if code <= 0x0010_ffff => Ok(Some(code)),
            _ => Err(self.error(&format!("bad escape {text}"), text.len())),
        }
    }

    fn escape(&mut self, c: char) -> Parsed<Node> {
        let at = match c {
            'A' => Some(At::TextBegin),
            'Z' => Some(At::TextEnd),
            'b' => Some(At::Boundary),
            'B' => Some(At::NoBoundary),
            _ => None,
        };
        if let Some(at) = at {
            return Ok(Node::At(at, self.flags));
        }
        if let Some((class, negated)) = class(c) {
            return Ok(Node::Set { negated: false, items: vec![Item::Class(class, negated)], flags: self.flags });
        }
        if let Some(code) = simple_escape(c) {
            return Ok(self.literal(code));
        }
        if let Some(code) = self.coded_escape(c)? {
            return Ok(self.literal(code));
        }
        if c == '0' {
            let mut digits = String::from(c);
            digits.push_str(&self.get_while(2, |c| c.is_digit(8))?);
            return Ok(self.literal(self.octal(&digits)?));
        }
        if c.is_ascii_digit() {
            return self.reference(c);
        }
        if c.is_ascii_alphabetic() {
            return Err(self.error(&format!("bad escape \\{c}"), 2));
        }
        Ok(self.literal(c.into()))
    }

    /// `\1`, or an octal number of three digits.
    fn reference(&mut self, c: char) -> Parsed<Node> {
        let mut digits = String::from(c);
        digits.push_str(&self.get_while(1, |c| c.is_ascii_digit())?);
        if digits.len() == 2 && digits.chars().all(|c| c.is_digit(8)) {
            let third = self.get_while(1, |c| c.is_digit(8))?;
            if !third.is_empty() {
                digits.push_str(&third);
                return Ok(self.literal(self.octal(&digits)?));
            }
        }
        let group: u32 = digits.parse().unwrap_or(u32::MAX);
        match self.widths.get(group as usize) {
            None => Err(self.error(&format!("invalid group reference {group}"), digits.len())),
            Some(None) => Err(self.error("cannot refer to an open group", digits.len() + 1)),
            Some(Some(width)) => {
                let width = *width;
                self.check_lookbehind(group)?;
                Ok(Node::Backref { group, flags: self.flags, width })
            }
        }
    }

    fn check_lookbehind(&self, group: u32) -> Parsed<()> {
        let Some(groups) = self.lookbehind else { return Ok(()) };
        if self.widths.get(group as usize).copied().flatten().is_none() {
            return Err(self.error("cannot refer to an open group", 0));
        }
        if group as usize >= groups {
            return Err(self.error("cannot refer to group defined in the same lookbehind subpattern", 0));
        }
        Ok(())
    }

    fn close(&mut self, start: usize) -> Parsed<()> {
        if self.accept(')')? {
            return Ok(());
        }
        Err(self.error_at("missing ), unterminated subpattern", start))
    }

    /// What stands in parentheses; nothing for comments and global flags.
    fn group(&mut self, first: bool) -> Parsed<Option<Node>> {
        let start = self.tell() - 1;
        let mut name = None;
        let outer = self.flags;
        let mut capture = true;
        let mut atomic = false;
        if self.accept('?')? {
            capture = false;
            let Some(token) = self.get()? else { return Err(self.error("unexpected end of pattern", 0)) };
            match token {
                Token::Plain('P') => {
                    if self.accept('<')? {
                        let text = self.get_until('>', "group name")?;
                        self.check_name(&text)?;
                        name = Some(text);
                        capture = true;
                    } else if self.accept('=')? {
                        return self.named_reference().map(Some);
                    } else {
                        let Some(token) = self.get()? else {
                            return Err(self.error("unexpected end of pattern", 0));
                        };
                        return Err(self.unknown_extension("?P", token));
                    }
                }
                Token::Plain(':') => {}
                Token::Plain('#') => loop {
                    if self.next.is_none() {
                        return Err(self.error_at("missing ), unterminated comment", start));
                    }
                    if self.get()? == Some(Token::Plain(')')) {
                        return Ok(None);
                    }
                },
                Token::Plain(c @ ('=' | '!' | '<')) => return self.look(c, start).map(Some),
                Token::Plain('(') => return self.condition(start).map(Some),
                Token::Plain('>') => atomic = true,
                Token::Plain(c) if c == '-' || c == 'L' || Flags::letter(c).is_some() => match self.inline_flags(c)? {
                    None if first => return Ok(None),
                    None => {
                        return Err(self.error_at("global flags not at the start of the expression", start));
                    }
                    Some((add, remove)) => {
                        let kept = if add.has(Flags::TYPES) { outer.without(Flags::TYPES) } else { outer };
                        self.flags = kept.with(add).without(remove);
                    }
                },
                token => return Err(self.unknown_extension("?", token)),
            }
        }
        let group = if capture { Some(self.open(name)?) } else { None };
        let body = self.alternatives(false)?;
        self.flags = outer;
        self.close(start)?;
        if let Some(group) = group {
            self.widths[group] = Some(body.width());
        }
        let body = Box::new(body);
        Ok(Some(if atomic { Node::Atomic(body) } else { Node::Group { capture, body } }))
    }

    fn unknown_extension(&self, before: &str, token: Token) -> Stop {
        let mut text = before.to_owned();
        token.push_to(&mut text);
        self.error(&format!("unknown extension {text}"), text.chars().count())
    }

    fn check_name(&self, name: &str) -> Parsed<()> {
        let mut chars = name.chars();
        let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
        if first && chars.all(|c| c == '_' || c.is_alphanumeric()) {
            return Ok(());
        }
        Err(self.name_error("bad character in group name", name))
    }

    fn name_error(&self, message: &str, name: &str) -> Stop {
        let message = format!("{message} {}", super::super::python::repr(name));
        self.error(&message, name.chars().count() + 1)
    }

    fn open(&mut self, name: Option<String>) -> Parsed<usize> {
        let group = self.widths.len();
        self.widths.push(None);
        if let Some(name) = name {
            let number = u32::try_from(group).unwrap_or(u32::MAX);
            let back = name.chars().count() + 1;
            let repr = super::super::python::repr(&name);
            if let Some(old) = self.names.insert(name, number) {
                let message = format!("redefinition of group name {repr} as group {group}; was group {old}");
                return Err(self.error(&message, back));
            }
        }
        Ok(group)
    }

    fn named_reference(&mut self) -> Parsed<Node> {
        let name = self.get_until(')', "group name")?;
        self.check_name(&name)?;
        let Some(group) = self.names.get(&name).copied() else {
            return Err(self.name_error("unknown group name", &name));
        };
        let Some(width) = self.widths.get(group as usize).copied().flatten() else {
            return Err(self.error("cannot refer to an open group", name.chars().count() + 1));
        };
        self.check_lookbehind(group)?;
        Ok(Node::Backref { group, flags: self.flags, width })
    }

    fn look(&mut self, c: char, start: usize) -> Parsed<Node> {
        let behind = c == '<';
        let mut sign = Token::Plain(c);
        let outer = self.lookbehind;
        if behind {
            let Some(token) = self.get()? else { return Err(self.error("unexpected end of pattern", 0)) };
            if !matches!(token, Token::Plain('=' | '!')) {
                return Err(self.unknown_extension("?<", token));
            }
            sign = token;
            if outer.is_none() {
                self.lookbehind = Some(self.widths.len());
            }
        }
        let body = Box::new(self.alternatives(false)?);
        if behind {
            self.lookbehind = outer;
        }
        self.close(start)?;
        Ok(Node::Look { behind, negated: sign == Token::Plain('!'), body })
    }

    fn condition(&mut self, start: usize) -> Parsed<Node> {
        let name = self.get_until(')', "group name")?;
        let length = name.chars().count();
        let number = super::super::python::int(&name).filter(|number| *number >= 0);
        let group = if let Some(number) = number {
            let group = u32::try_from(number).unwrap_or(u32::MAX);
            if group == 0 {
                return Err(self.error("bad group number", length + 1));
            }
            let position = self.tell() - length - 1;
            if !self.asked.iter().any(|(asked, _)| *asked == group) {
                self.asked.push((group, position));
            }
            group
        } else {
            self.check_name(&name)?;
            match self.names.get(&name) {
                Some(group) => *group,
                None => return Err(self.name_error("unknown group name", &name)),
            }
        };
        self.check_lookbehind(group)?;
        let open = self.widths.get(group as usize).is_some_and(Option::is_none);
        let yes = Box::new(self.sequence(false)?);
        let no = if self.accept('|')? {
            let no = self.sequence(false)?;
            if self.sees('|') {
                return Err(self.error("conditional backref with more than two branches", 0));
            }
            Some(Box::new(no))
        } else {
            None
        };
        self.close(start)?;
        Ok(Node::Condition { group, open, yes, no })
    }

    /// Flags to add and to remove inside a group; nothing for flags of the whole regex, which are set.
    fn inline_flags(&mut self, c: char) -> Parsed<Option<(Flags, Flags)>> {
        let (mut add, mut remove) = (Flags::default(), Flags::default());
        let mut c = Token::Plain(c);
        if c != Token::Plain('-') {
            loop {
                let flag = self.flag(c, "missing -, : or )")?;
                add = add.with(flag);
                if flag.has(Flags::TYPES) && add.has(Flags::TYPES.without(flag)) {
                    return Err(self.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible", 0));
                }
                let Some(token) = self.get()? else { return Err(self.error("missing -, : or )", 0)) };
                c = token;
                if matches!(c, Token::Plain(')' | '-' | ':')) {
                    break;
                }
            }
        }
        if c == Token::Plain(')') {
            let verbose = self.flags.has(Flags::VERBOSE);
            self.flags = self.flags.with(add);
            if self.flags.has(Flags::VERBOSE) && !verbose {
                return Err(Stop::Verbose);
            }
            return Ok(None);
        }
        if c == Token::Plain('-') {
            let Some(token) = self.get()? else { return Err(self.error("missing flag", 0)) };
            c = token;
            let mut missing = "missing flag";
            loop {
                let flag = self.flag(c, missing)?;
                missing = "missing :";
                if flag.has(Flags::TYPES) {
                    return Err(self.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", 0));
                }
                remove = remove.with(flag);
                let Some(token) = self.get()? else { return Err(self.error(missing, 0)) };
                c = token;
                if c == Token::Plain(':') {
                    break;
                }
            }
        }
        if add.has(remove) {
            return Err(self.error("bad inline flags: flag turned on and off", 1));
        }
        Ok(Some((add, remove)))
    }

    fn flag(&self, token: Token, missing: &str) -> Parsed<Flags> {
        match token {
            Token::Plain('L') => Err(self.error("bad inline flags: cannot use 'L' flag with a str pattern", 0)),
            Token::Plain(c) => match Flags::letter(c) {
                Some(flag) => Ok(flag),
                None => Err(self.error(if c.is_alphabetic() { "unknown flag" } else { missing }, 1)),
            },
            Token::Escape(_) => Err(self.error(missing, 2)),
        }
    }
}

fn count(digits: &str) -> Parsed<u32> {
    match digits.parse() {
        Ok(count) if count < u32::MAX => Ok(count),
        _ => Err(Stop::Error(PatternError::new("the repetition number is too large"))),
    }
}

/// The escapes that stand for one character.
fn simple_escape(c: char) -> Option<u32> {
    Some(match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => 92,
        _ => return None,
    })
}

fn class(c: char) -> Option<(Class, bool)> {
    Some(match c {
        'd' => (Class::Digit, false),
        'D' => (Class::Digit, true),
        's' => (Class::Space, false),
        'S' => (Class::Space, true),
        'w' => (Class::Word, false),
        'W' => (Class::Word, true),
        _ => return None,
    })
}

fn fixed_lookbehinds(node: &Node) -> bool {
    match node {
        Node::Look { behind, body, .. } => {
            let (low, high) = body.width();
            (!behind || low == high) && fixed_lookbehinds(body)
        }
        Node::Group { body, .. } | Node::Atomic(body) | Node::Repeat { body, .. } => fixed_lookbehinds(body),
        Node::Condition { yes, no, .. } => fixed_lookbehinds(yes) && no.as_ref().is_none_or(|no| fixed_lookbehinds(no)),
        Node::Sequence(nodes) | Node::Alternatives(nodes) => nodes.iter().all(fixed_lookbehinds),
        Node::Set { .. } | Node::Any(_) | Node::At(..) | Node::Backref { .. } => true,
    }
}
