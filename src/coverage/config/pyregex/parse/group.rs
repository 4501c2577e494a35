//! Groups: captures, look-arounds, conditions and flags.

use super::{Parsed, Parser, Stop, Token};
use crate::coverage::config::pyregex::syntax::{Flags, Node};
use crate::coverage::config::python;

impl Parser<'_> {
    pub(super) fn close(&mut self, start: usize) -> Parsed<()> {
        if self.accept(')')? {
            return Ok(());
        }
        Err(self.error_at("missing ), unterminated subpattern", start))
    }

    /// What stands in parentheses; nothing for comments and global flags.
    pub(super) fn group(&mut self, first: bool) -> Parsed<Option<Node>> {
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

    pub(super) fn unknown_extension(&self, before: &str, token: Token) -> Stop {
        let mut text = before.to_owned();
        token.push_to(&mut text);
        self.error(&format!("unknown extension {text}"), text.chars().count())
    }

    pub(super) fn check_name(&self, name: &str) -> Parsed<()> {
        let mut chars = name.chars();
        let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
        if first && chars.all(|c| c == '_' || c.is_alphanumeric()) {
            return Ok(());
        }
        Err(self.name_error("bad character in group name", name))
    }

    pub(super) fn name_error(&self, message: &str, name: &str) -> Stop {
        let message = format!("{message} {}", python::repr(name));
        self.error(&message, name.chars().count() + 1)
    }

    pub(super) fn open(&mut self, name: Option<String>) -> Parsed<usize> {
        let group = self.widths.len();
        self.widths.push(None);
        if let Some(name) = name {
            let number = u32::try_from(group).unwrap_or(u32::MAX);
            let back = name.chars().count() + 1;
            let repr = python::repr(&name);
            if let Some(old) = self.names.insert(name, number) {
                let message = format!("redefinition of group name {repr} as group {group}; was group {old}");
                return Err(self.error(&message, back));
            }
        }
        Ok(group)
    }

    pub(super) fn named_reference(&mut self) -> Parsed<Node> {
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

    pub(super) fn look(&mut self, c: char, start: usize) -> Parsed<Node> {
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

    pub(super) fn condition(&mut self, start: usize) -> Parsed<Node> {
        let name = self.get_until(')', "group name")?;
        let length = name.chars().count();
        let number = python::int(&name).filter(|number| *number >= 0);
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
    pub(super) fn inline_flags(&mut self, c: char) -> Parsed<Option<(Flags, Flags)>> {
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

    pub(super) fn flag(&self, token: Token, missing: &str) -> Parsed<Flags> {
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

pub(super) fn fixed_lookbehinds(node: &Node) -> bool {
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
