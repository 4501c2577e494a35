//! Python's regex syntax, with Python's errors.

mod escape;
mod group;

use std::collections::HashMap;

use super::syntax::{At, Flags, Greed, Item, Node, Width};
use group::fixed_lookbehinds;

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
}

fn count(digits: &str) -> Parsed<u32> {
    match digits.parse() {
        Ok(count) if count < u32::MAX => Ok(count),
        _ => Err(Stop::Error(PatternError::new("the repetition number is too large"))),
    }
}
