//! Artifact name patterns: minimatch with its default options, as download-artifact uses it.
//!
//! `*` and `?` do not match a leading dot; `{a,b}`, `[0-9]` and a leading `!` work. Extended patterns such as `@(a|b)`
//! are left alone: they may match anything. Artifact names hold no `/`, so `**` reads as `*`.

use super::name::{Name, Piece};

/// Whether a pattern or name meets another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meets {
    /// In no run.
    Never,
    /// In some runs, or it cannot be told.
    Maybe,
    /// In every run.
    Always,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[…]`: ranges, and whether the set is negated.
    Set(Vec<(char, char)>, bool),
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Glob {
    negated: bool,
    /// The alternatives that braces give; empty when the pattern is beyond what is read here.
    alternatives: Vec<Vec<Token>>,
}

/// An item of a name that is known in part: a character, or a stretch that only the run knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Char(char),
    Hole,
}

impl Glob {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Self {
        let (negated, body) = match pattern.strip_prefix('!') {
            Some(rest) if !rest.starts_with('(') => (true, rest),
            _ => (false, pattern),
        };
        let extended = ["@(", "+(", "*(", "?(", "!("].iter().any(|mark| body.contains(mark));
        let alternatives = if extended || body.starts_with('!') {
            Vec::new()
        } else {
            let mut out = Vec::new();
            expand_braces(body, &mut out, 0);
            out.iter().map(|text| tokens(text)).collect()
        };
        Self { negated, alternatives }
    }

    /// Whether it matches the artifact name `name`.
    pub fn meets(&self, name: &Name) -> Meets {
        if self.alternatives.is_empty() {
            return Meets::Maybe;
        }
        let items = items(name);
        let result = self
            .alternatives
            .iter()
            .map(|tokens| {
                if !meets(tokens, &items) {
                    Meets::Never
                } else if covers(tokens, &items) {
                    Meets::Always
                } else {
                    Meets::Maybe
                }
            })
            .max()
            .unwrap_or(Meets::Maybe);
        match (self.negated, result) {
            (true, Meets::Never) => Meets::Always,
            (true, Meets::Always) => Meets::Never,
            (_, other) => other,
        }
    }
}

/// Whether some text that `items` can stand for matches.
fn meets(tokens: &[Token], items: &[Item]) -> bool {
    // Most patterns and names differ in their first letters.
    for (token, item) in tokens.iter().zip(items) {
        match (token, item) {
            (Token::Char(own), Item::Char(other)) if own != other => return false,
            (Token::Char(_), Item::Char(_)) => {}
            _ => break,
        }
    }
    // The dot rule: a wildcard at the start matches no leading dot.
    if matches!(tokens.first(), Some(Token::Star | Token::Any | Token::Set(..)))
        && items.first() == Some(&Item::Char('.'))
    {
        return false;
    }
    walk(tokens, items, |token, item| match (token, item) {
        (_, None) => true,
        (token, Some(c)) => token.accepts(c),
    })
}

/// Whether every text that `items` can stand for matches: a hole is then only ever eaten by a `*`.
fn covers(tokens: &[Token], items: &[Item]) -> bool {
    let (width, height) = (items.len() + 1, tokens.len() + 1);
    let mut table = vec![false; width * height];
    table[0] = true;
    for t in 0..height {
        for i in 0..width {
            if !table[t * width + i] || t == tokens.len() {
                continue;
            }
            match (&tokens[t], items.get(i)) {
                (Token::Star, item) => {
                    table[(t + 1) * width + i] = true;
                    if item.is_some() {
                        table[t * width + i + 1] = true;
                    }
                }
                (token, Some(Item::Char(c))) if token.accepts(*c) => table[(t + 1) * width + i + 1] = true,
                _ => {}
            }
        }
    }
    table[width * height - 1]
}

/// Whether two sequences, each with stretches of free text, can stand for one text. `same` compares a token with a
/// character of the other side, or with nothing in particular inside a hole.
fn walk(tokens: &[Token], items: &[Item], same: impl Fn(&Token, Option<char>) -> bool) -> bool {
    let (width, height) = (items.len() + 1, tokens.len() + 1);
    let mut table = vec![false; width * height];
    table[0] = true;
    for t in 0..height {
        for i in 0..width {
            if !table[t * width + i] {
                continue;
            }
            let (token, item) = (tokens.get(t), items.get(i));
            if let Some(Token::Star) = token {
                table[(t + 1) * width + i] = true;
                if item.is_some() {
                    table[t * width + i + 1] = true;
                }
            }
            if let Some(Item::Hole) = item {
                table[t * width + i + 1] = true;
                if let Some(token) = token
                    && same(token, None)
                {
                    table[(t + 1) * width + i] = true;
                }
            }
            if let (Some(token), Some(Item::Char(c))) = (token, item)
                && *token != Token::Star
                && same(token, Some(*c))
            {
                table[(t + 1) * width + i + 1] = true;
            }
        }
    }
    table[width * height - 1]
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::Any | Self::Star => true,
            Self::Set(ranges, negated) => ranges.iter().any(|&(from, to)| from <= c && c <= to) != *negated,
        }
    }
}

/// Whether two names, each possibly with holes, can be the same text.
pub(super) fn names_can_meet(a: &Name, b: &Name) -> bool {
    if !ends_agree(a, b) {
        return false;
    }
    let tokens: Vec<Token> = items(a)
        .into_iter()
        .map(|item| match item {
            Item::Char(c) => Token::Char(c),
            Item::Hole => Token::Star,
        })
        .collect();
    walk(&tokens, &items(b), |token, item| item.is_none_or(|c| token.accepts(c)))
}

/// Whether the known beginnings and endings of two names fit; tells most pairs apart without more work.
fn ends_agree(a: &Name, b: &Name) -> bool {
    fn text(piece: Option<&Piece>) -> &[u8] {
        match piece {
            Some(Piece::Text(text)) => text.as_bytes(),
            _ => &[],
        }
    }
    let (a_start, b_start) = (text(a.pieces.first()), text(b.pieces.first()));
    let (a_end, b_end) = (text(a.pieces.last()), text(b.pieces.last()));
    a_start.iter().zip(b_start).all(|(a, b)| a == b) && a_end.iter().rev().zip(b_end.iter().rev()).all(|(a, b)| a == b)
}

fn items(name: &Name) -> Vec<Item> {
    let mut items = Vec::with_capacity(32);
    for piece in &name.pieces {
        match piece {
            Piece::Text(text) => items.extend(text.chars().map(Item::Char)),
            Piece::Hole(_) => items.push(Item::Hole),
        }
    }
    items
}

/// `a{b,c}d` to `abd`, `acd`; `{1..3}` to the numbers; a lone brace stays a brace.
fn expand_braces(text: &str, out: &mut Vec<String>, depth: usize) {
    if depth > 8 || out.len() > 256 {
        out.push(text.to_owned());
        return;
    }
    let Some((open, close)) = brace_pair(text) else {
        out.push(text.to_owned());
        return;
    };
    let (before, inner, after) = (&text[..open], &text[open + 1..close], &text[close + 1..]);
    let mut parts = split_top_level(inner);
    if parts.len() == 1 {
        match number_range(inner) {
            Some(numbers) => parts = numbers,
            None => {
                let mut rest = Vec::new();
                expand_braces(after, &mut rest, depth + 1);
                out.extend(rest.into_iter().map(|rest| format!("{before}{{{inner}}}{rest}")));
                return;
            }
        }
    }
    for part in parts {
        expand_braces(&format!("{before}{part}{after}"), out, depth + 1);
    }
}

fn brace_pair(text: &str) -> Option<(usize, usize)> {
    let open = text.find('{')?;
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((open, at));
                }
            }
            _ => {}
        }
    }
    None
}

fn split_top_level(inner: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn number_range(inner: &str) -> Option<Vec<String>> {
    let (from, to) = inner.split_once("..")?;
    let (from, to): (i32, i32) = (from.parse().ok()?, to.parse().ok()?);
    ((to - from).abs() <= 256).then(|| {
        let step = if from <= to { 1 } else { -1 };
        (0..=(to - from).abs()).map(|n| (from + n * step).to_string()).collect()
    })
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '*' => {
                if out.last() != Some(&Token::Star) {
                    out.push(Token::Star);
                }
            }
            '?' => out.push(Token::Any),
            '\\' if at + 1 < chars.len() => {
                at += 1;
                out.push(Token::Char(chars[at]));
            }
            '[' => match set(&chars[at..]) {
                Some((token, width)) => {
                    out.push(token);
                    at += width - 1;
                }
                None => out.push(Token::Char('[')),
            },
            c => out.push(Token::Char(c)),
        }
        at += 1;
    }
    out
}

fn set(chars: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(chars.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    let close = (start + 1..chars.len()).find(|&i| chars[i] == ']')?;
    let mut ranges = Vec::new();
    let mut at = start;
    while at < close {
        if at + 2 < close && chars[at + 1] == '-' {
            ranges.push((chars[at], chars[at + 2]));
            at += 3;
        } else {
            ranges.push((chars[at], chars[at]));
            at += 1;
        }
    }
    Some((Token::Set(ranges, negated), close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        // `<x>` stands for a hole in these tests.
        let mut pieces = Vec::new();
        for (index, part) in text.split(['<', '>']).enumerate() {
            if index % 2 == 1 {
                pieces.push(Piece::Hole(part.to_owned()));
            } else if !part.is_empty() {
                pieces.push(Piece::Text(part.to_owned()));
            }
        }
        Name { pieces }
    }

    fn meets(pattern: &str, text: &str) -> Meets {
        Glob::new(pattern).meets(&name(text))
    }

    #[test]
    fn wildcards_do_not_match_a_leading_dot() {
        assert_eq!(meets("*", ".coverage-3.12"), Meets::Never);
        assert_eq!(meets("**", ".coverage-3.12"), Meets::Never);
        assert_eq!(meets(".coverage*", ".coverage-3.12"), Meets::Always);
    }

    #[test]
    fn braces_sets_negation_and_case() {
        assert_eq!(meets("{a,b}-x", "b-x"), Meets::Always);
        assert_eq!(meets("{a,b}-x", "c-x"), Meets::Never);
        assert_eq!(meets("cov-[0-9]", "cov-7"), Meets::Always);
        assert_eq!(meets("cov-[!0-9]", "cov-7"), Meets::Never);
        assert_eq!(meets("!cov*", "docs"), Meets::Always);
        assert_eq!(meets("!cov*", "cov-1"), Meets::Never);
        assert_eq!(meets("cov-{1..3}", "cov-2"), Meets::Always);
        assert_eq!(meets("Cov", "cov"), Meets::Never);
        assert_eq!(meets("a?c", "abc"), Meets::Always);
        assert_eq!(meets("@(a|b)", "c"), Meets::Maybe);
    }

    #[test]
    fn holes_meet_what_they_could_be() {
        assert_eq!(meets("coverage-*", "coverage-<os>"), Meets::Always);
        assert_eq!(meets("coverage-*-x", "coverage-<os>"), Meets::Maybe);
        assert_eq!(meets("coverage-*", "cov-<os>"), Meets::Never);
        assert_eq!(meets("coverage-*", "<name>"), Meets::Maybe);
        assert_eq!(meets("coverage-3.?", "coverage-<v>"), Meets::Maybe);
        assert_eq!(meets("a*b", "a<x>b"), Meets::Always);
    }

    #[test]
    fn names_with_holes_meet() {
        assert!(names_can_meet(&name("cov-<a>"), &name("cov-3.12")));
        assert!(!names_can_meet(&name("cov-<a>"), &name("data-3.12")));
        assert!(names_can_meet(&name("<a>-x"), &name("y-<b>")));
        assert!(!names_can_meet(&name("<a>-x"), &name("y-<b>z")));
    }
}
