//! Redirects and here-documents.

use super::Parser;
use crate::shell::scan::{self, Nest, find_delimiter};
use crate::shell::script::{Redirect, RedirectKind, Word};
use crate::source::Span;

#[derive(Debug)]
pub(super) struct PendingHereDocument {
    pub(super) delimiter: String,
    pub(super) strip_tabs: bool,
    pub(super) quoted: bool,
    /// Index of the redirect in its command; `None` on a compound command.
    pub(super) redirect: Option<usize>,
    /// Index of the command, once it is complete.
    pub(super) command: Option<usize>,
}

impl Parser<'_> {
    /// Reads a redirect at the current place, if there is one.
    pub(super) fn redirect(&mut self, index: Option<usize>) -> Option<Redirect> {
        let mut at = self.pos;
        while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let descriptor = self.text.get(self.pos..at).and_then(|d| d.parse().ok());
        let rest = &self.bytes[at.min(self.bytes.len())..];
        let (kind, length) = match rest {
            [b'&', b'>', b'>', ..] if at == self.pos => (RedirectKind::Append, 3),
            [b'&', b'>', ..] if at == self.pos => (RedirectKind::Write, 2),
            [b'<' | b'>', b'(', ..] => return None,
            [b'<', b'<', b'<', ..] => (RedirectKind::HereString, 3),
            [b'<', b'<', ..] => (RedirectKind::HereDocument, 2),
            [b'<', b'>', ..] => (RedirectKind::ReadWrite, 2),
            [b'<' | b'>', b'&', ..] => (RedirectKind::Duplicate, 2),
            [b'<', ..] => (RedirectKind::Read, 1),
            [b'>', b'>', ..] => (RedirectKind::Append, 2),
            [b'>', b'|', ..] => (RedirectKind::Write, 2),
            [b'>', ..] => (RedirectKind::Write, 1),
            _ => return None,
        };
        self.pos = at + length;
        let strip_tabs = kind == RedirectKind::HereDocument && self.peek(0) == Some(b'-');
        if strip_tabs {
            self.pos += 1;
        }
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        if self.pos >= self.end || self.at_newline() {
            self.script.opaque = true;
        }
        let target = self.word(false);
        if kind == RedirectKind::HereDocument {
            let raw = self.raw(target.span);
            self.here_documents.push(PendingHereDocument {
                delimiter: target.text.clone(),
                strip_tabs,
                quoted: raw.contains(['\'', '"', '\\']),
                redirect: index,
                command: None,
            });
        }
        Some(Redirect { kind, descriptor, target, body: None })
    }

    pub(super) fn read_here_documents(&mut self) {
        for document in std::mem::take(&mut self.here_documents) {
            let start = self.pos;
            let Some((body_end, next)) = find_delimiter(self.bytes, start, &document.delimiter, document.strip_tabs)
            else {
                self.script.opaque = true;
                self.pos = self.end;
                return;
            };
            self.pos = next;
            if let (Some(command), Some(redirect)) = (document.command, document.redirect)
                && let Some(redirect) =
                    self.script.commands.get_mut(command).and_then(|c| c.redirects.get_mut(redirect))
            {
                let text = self.text.get(start..body_end).unwrap_or_default().to_owned();
                let dynamic = text.contains("${{") || (!document.quoted && text.contains(['$', '`']));
                redirect.body = Some(Word { text, dynamic, glob: false, span: Span::new(start, body_end) });
            }
            if !document.quoted {
                self.substitutions_of_body(start, body_end);
                self.flush_substitutions();
            }
        }
    }

    /// `$( … )` inside an unquoted here-document runs.
    fn substitutions_of_body(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            match &self.bytes[at..end] {
                [b'\\', _, ..] => at += 2,
                [b'$', b'(', ..] => {
                    let Some(after) = scan::skip_nested(&self.bytes[..end], at + 2, &[Nest::Paren]) else { break };
                    if self.bytes[at + 2] != b'(' {
                        self.substitutions.push(Span::new(at + 2, after - 1));
                    }
                    at = after;
                }
                _ => at += 1,
            }
        }
    }
}
