//! Sets and escapes: what stands for one character, and references back.

use super::{Parsed, Parser, Token};
use crate::coverage::config::pyregex::syntax::{At, Class, Item, Node};

impl Parser<'_> {
    pub(super) fn set(&mut self) -> Parsed<Node> {
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
    pub(super) fn member(&mut self, token: Token) -> Parsed<(Item, String)> {
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

    pub(super) fn octal(&self, digits: &str) -> Parsed<u32> {
        match u32::from_str_radix(digits, 8) {
            Ok(code) if code <= 0o377 => Ok(code),
            _ => {
                let message = format!("octal escape value \\{digits} outside of range 0-0o377");
                Err(self.error(&message, digits.len() + 1))
            }
        }
    }

    /// `\x`, `\u`, `\U` and `\N`.
    pub(super) fn coded_escape(&mut self, c: char) -> Parsed<Option<u32>> {
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

    pub(super) fn escape(&mut self, c: char) -> Parsed<Node> {
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
    pub(super) fn reference(&mut self, c: char) -> Parsed<Node> {
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

    pub(super) fn check_lookbehind(&self, group: u32) -> Parsed<()> {
        let Some(groups) = self.lookbehind else { return Ok(()) };
        if self.widths.get(group as usize).copied().flatten().is_none() {
            return Err(self.error("cannot refer to an open group", 0));
        }
        if group as usize >= groups {
            return Err(self.error("cannot refer to group defined in the same lookbehind subpattern", 0));
        }
        Ok(())
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
