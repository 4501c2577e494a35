//! Splits a POSIX-shell-like script into simple commands, without running or expanding anything.
//!
//! The splitter never fails: what it cannot split reliably it marks [`Script::opaque`] and carries on.
//! `${{ … }}` is the forge's own text replacement, so it counts even inside single quotes and here-documents.

mod redirect;
mod word;

use redirect::PendingHereDocument;

use super::scan::{self, Nest};
use super::script::{Command, Script, Word, split_assignment};
use crate::source::Span;

/// Substitutions nested deeper than this are not split; the script becomes opaque.
const MAX_DEPTH: u32 = 6;
/// Blocks nested deeper than this are not split; the script becomes opaque.
const MAX_BLOCKS: usize = 64;
/// More redirects than this on one compound command make the script opaque.
const MAX_GROUP_REDIRECTS: usize = 8;

/// Splits `script`, the text of a `sh` or `bash` step.
pub fn parse(script: &str) -> Script {
    let mut parsed = Script { subshells: vec![0], ..Script::default() };
    let mut parser = Parser::new(script, Span::new(0, script.len()), 0, &mut parsed);
    parser.run(false, 0, false);
    guard_after_exit(&mut parsed);
    parsed
}

/// After an `exit` that may end the script in success, nothing is certain to run.
fn guard_after_exit(script: &mut Script) {
    let mut ended = false;
    for command in &mut script.commands {
        command.guarded |= ended;
        if command.subshell != 0 || command.level != 0 {
            continue;
        }
        let argument = command.words.get(1).map(|w| w.text.as_str());
        match command.words.first().map(|w| w.text.as_str()) {
            Some("exit") => {
                let failing = match argument {
                    None | Some("$?") => command.after_or,
                    Some(code) => code != "0" && code.bytes().all(|b| b.is_ascii_digit()),
                };
                // An unguarded `exit 1` ends the script just as surely as `exit 0`.
                ended |= !failing || !command.guarded;
            }
            Some("exec") => ended |= argument.is_some(),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Top,
    If,
    /// A loop before its `do`.
    LoopHead,
    /// A loop after its `do`.
    LoopBody,
    /// `case` where a pattern or `esac` comes next.
    CasePattern,
    CaseBody,
    Brace,
    Subshell,
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Frame {
    block: Block,
    guarded: bool,
    /// Rest of the and-or list may not run.
    list_guard: bool,
    /// That is because of `||`.
    after_or: bool,
    scope: usize,
    first_command: usize,
    first_scope: usize,
    piped_in: bool,
}

/// The last complete pipeline element.
#[derive(Debug, Clone, Copy)]
struct Item {
    first_command: usize,
    first_scope: usize,
    compound: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    end: usize,
    level: u32,
    script: &'a mut Script,
    frames: Vec<Frame>,
    last: Option<Item>,
    pipe_next: bool,
    negated: bool,
    /// A list operator came last, so a newline does not end the list.
    continues: bool,
    function_next: bool,
    here_documents: Vec<PendingHereDocument>,
    substitutions: Vec<Span>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, range: Span, level: u32, script: &'a mut Script) -> Self {
        Self {
            text,
            bytes: &text.as_bytes()[..range.end],
            pos: range.start,
            end: range.end,
            level,
            script,
            frames: Vec::new(),
            last: None,
            pipe_next: false,
            negated: false,
            continues: false,
            function_next: false,
            here_documents: Vec::new(),
            substitutions: Vec::new(),
        }
    }

    fn run(&mut self, guarded: bool, scope: usize, piped_in: bool) {
        self.frames.push(Frame {
            block: Block::Top,
            guarded,
            list_guard: false,
            after_or: false,
            scope,
            first_command: self.script.commands.len(),
            first_scope: self.script.subshells.len(),
            piped_in,
        });
        loop {
            self.skip_blank();
            if self.pos >= self.end {
                break;
            }
            if self.top().block == Block::CasePattern {
                self.case_pattern();
                continue;
            }
            match self.bytes[self.pos] {
                b'\n' => self.newline(),
                b'\r' if self.peek(1) == Some(b'\n') => self.pos += 1,
                b';' => self.semicolon(),
                b'&' if self.peek(1) == Some(b'&') => self.and(),
                b'&' if self.peek(1) != Some(b'>') => {
                    self.pos += 1;
                    self.detach(|c| c.background = true);
                    self.end_list();
                }
                b'|' if self.peek(1) == Some(b'|') => self.or(),
                b'|' => {
                    self.pos += if self.peek(1) == Some(b'&') { 2 } else { 1 };
                    self.detach(|c| c.piped_out = true);
                    self.pipe_next = true;
                    self.continues = true;
                }
                b'(' if self.peek(1) == Some(b'(') => self.arithmetic_command(),
                b'(' => {
                    self.pos += 1;
                    self.open(Block::Subshell);
                }
                b')' => {
                    self.pos += 1;
                    self.close(Block::Subshell);
                }
                _ => self.command(),
            }
        }
        if self.frames.len() > 1 || !self.here_documents.is_empty() || self.function_next {
            self.script.opaque = true;
        }
        self.flush_substitutions();
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos + ahead).copied()
    }

    fn top(&self) -> Frame {
        // `run` pushes the first frame and `close` never pops it.
        self.frames.last().copied().unwrap_or(Frame {
            block: Block::Top,
            guarded: true,
            list_guard: false,
            after_or: false,
            scope: 0,
            first_command: 0,
            first_scope: 0,
            piped_in: false,
        })
    }

    fn with_top(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.frames.last_mut() {
            change(frame);
        }
    }

    fn guarded(&self) -> bool {
        let top = self.top();
        top.guarded || top.list_guard
    }

    /// Skips blanks, line continuations and, as every call stands at a word start, comments.
    fn skip_blank(&mut self) {
        while self.pos < self.end {
            match self.bytes[self.pos] {
                b' ' | b'\t' => self.pos += 1,
                b'\\' if self.peek(1) == Some(b'\n') => self.pos += 2,
                b'\\' if self.peek(1) == Some(b'\r') && self.peek(2) == Some(b'\n') => self.pos += 3,
                b'#' => {
                    while self.pos < self.end && self.bytes[self.pos] != b'\n' {
                        self.pos += 1;
                    }
                }
                _ => break,
            }
        }
    }

    fn at_newline(&self) -> bool {
        self.peek(0) == Some(b'\n') || (self.peek(0) == Some(b'\r') && self.peek(1) == Some(b'\n'))
    }

    fn end_list(&mut self) {
        self.with_top(|f| (f.list_guard, f.after_or) = (false, false));
        self.last = None;
        self.pipe_next = false;
        self.negated = false;
        self.continues = false;
    }

    fn newline(&mut self) {
        self.pos += 1;
        self.read_here_documents();
        if !self.continues {
            self.end_list();
        }
    }

    fn semicolon(&mut self) {
        if matches!(self.peek(1), Some(b';' | b'&')) {
            self.pos += if self.peek(1) == Some(b';') && self.peek(2) == Some(b'&') { 3 } else { 2 };
            if self.top().block == Block::CaseBody {
                self.with_top(|f| f.block = Block::CasePattern);
            } else {
                self.script.opaque = true;
            }
        } else {
            self.pos += 1;
        }
        self.end_list();
    }

    /// `&&` certainly goes on after a command that must succeed for the step to go well, but not after a mere test.
    fn and(&mut self) {
        self.pos += 2;
        let probe = self.last.is_some_and(|item| {
            !item.compound
                && self.script.commands.last().is_some_and(|c| {
                    let head = c.words.first().map_or("", |w| w.text.as_str());
                    matches!(
                        head,
                        "[" | "[[" | "((" | "test" | "grep" | "egrep" | "command" | "which" | "type" | "hash" | "false"
                    ) || c.words.iter().any(|w| matches!(w.text.as_str(), "--quiet" | "--exit-code")) && head == "git"
                })
        });
        if probe || self.negated {
            self.with_top(|f| f.list_guard = true);
        }
        self.last = None;
        self.negated = false;
        self.continues = true;
    }

    fn or(&mut self) {
        self.pos += 2;
        self.with_top(|f| (f.list_guard, f.after_or) = (true, true));
        self.last = None;
        self.negated = false;
        self.continues = true;
    }

    /// Marks the last pipeline element, which runs in a subshell of its own.
    fn detach(&mut self, mark: impl Fn(&mut Command)) {
        let Some(item) = self.last.take() else { return };
        let scope = self.top().scope;
        let own = self.new_scope(scope);
        let level = self.level;
        for command in self.script.commands[item.first_command..].iter_mut().filter(|c| c.level == level) {
            mark(command);
            if command.subshell == scope {
                command.subshell = own;
            }
        }
        if item.compound {
            for parent in &mut self.script.subshells[item.first_scope..own] {
                if *parent == scope {
                    *parent = own;
                }
            }
        }
    }

    fn new_scope(&mut self, parent: usize) -> usize {
        self.script.subshells.push(parent);
        self.script.subshells.len() - 1
    }

    fn open(&mut self, block: Block) {
        if self.frames.len() >= MAX_BLOCKS {
            self.script.opaque = true;
            self.pos = self.end;
            return;
        }
        let function = std::mem::take(&mut self.function_next);
        let first_scope = self.script.subshells.len();
        let outer = self.top();
        let separate = block == Block::Subshell || function || self.pipe_next;
        let scope = if separate { self.new_scope(outer.scope) } else { outer.scope };
        self.frames.push(Frame {
            block,
            guarded: self.guarded() || function,
            list_guard: false,
            after_or: outer.after_or,
            scope,
            first_command: self.script.commands.len(),
            first_scope,
            piped_in: outer.piped_in || self.pipe_next,
        });
        self.pipe_next = false;
        self.last = None;
        self.continues = false;
        self.negated = false;
    }

    fn close(&mut self, block: Block) {
        self.flush_substitutions();
        let frame = self.top();
        if frame.block != block || self.frames.len() < 2 {
            self.script.opaque = true;
            return;
        }
        self.frames.pop();
        let mut redirects = Vec::new();
        let documents = self.here_documents.len();
        loop {
            self.skip_blank();
            let Some(redirect) = self.redirect(None) else { break };
            redirects.push(redirect);
        }
        for document in &mut self.here_documents[documents..] {
            document.redirect = None;
        }
        if redirects.len() > MAX_GROUP_REDIRECTS {
            self.script.opaque = true;
        } else if !redirects.is_empty() {
            let level = self.level;
            for command in self.script.commands[frame.first_command..].iter_mut().filter(|c| c.level == level) {
                command.redirects.extend(redirects.iter().cloned());
            }
        }
        self.flush_substitutions();
        self.last = Some(Item { first_command: frame.first_command, first_scope: frame.first_scope, compound: true });
        self.continues = false;
        self.pipe_next = false;
    }

    fn arithmetic_command(&mut self) {
        let start = self.pos;
        self.pos += 2;
        self.skip_nested(&[Nest::Arithmetic, Nest::Arithmetic]);
        let word = Word { text: "((".to_owned(), span: Span::new(start, self.pos), ..Word::default() };
        self.push(Command { words: vec![word], span: Span::new(start, self.pos), ..Command::default() });
    }

    fn case_pattern(&mut self) {
        if self.at_newline() {
            self.pos += 1;
            if self.bytes[self.pos - 1] == b'\n' {
                self.read_here_documents();
            }
            return;
        }
        if self.bytes[self.pos] == b'(' {
            self.pos += 1;
        }
        let mut first = true;
        loop {
            self.skip_blank();
            match self.peek(0) {
                Some(b')') => {
                    self.pos += 1;
                    self.with_top(|f| (f.block, f.guarded) = (Block::CaseBody, true));
                    return;
                }
                Some(b'|') => self.pos += 1,
                Some(b'\n' | b'\r' | b';' | b'&' | b'<' | b'>' | b'(') | None => {
                    self.script.opaque = true;
                    self.pos = (self.pos + 1).min(self.end);
                    return;
                }
                Some(_) => {
                    let word = self.word(false);
                    if first && self.raw(word.span) == "esac" {
                        self.close(Block::CasePattern);
                        return;
                    }
                }
            }
            first = false;
        }
    }

    fn raw(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// One simple command, or the reserved word that stands in its place.
    fn command(&mut self) {
        let start = self.pos;
        let mut command = Command::default();
        let mut conditional = false;
        loop {
            self.skip_blank();
            if self.pos >= self.end {
                break;
            }
            if !conditional {
                if let Some(redirect) = self.redirect(Some(command.redirects.len())) {
                    command.redirects.push(redirect);
                    command.span.end = self.pos;
                    continue;
                }
                if self.at_newline() || matches!(self.bytes[self.pos], b';' | b'&' | b'|' | b')') {
                    break;
                }
                if self.bytes[self.pos] == b'(' {
                    if self.function_parentheses(&command) {
                        return;
                    }
                    self.script.opaque = true;
                    self.pos += 1;
                    continue;
                }
            } else if self.at_newline() {
                self.pos += 1;
                continue;
            }
            let word = self.word(conditional);
            let raw = self.raw(word.span);
            if command.words.is_empty() {
                if command.assignments.is_empty() && command.redirects.is_empty() && self.reserved(raw) {
                    return;
                }
                if let Some(assignment) = split_assignment(&word, raw) {
                    command.assignments.push(assignment);
                    command.span.end = self.pos;
                    continue;
                }
                conditional = raw == "[[";
            }
            command.span.end = self.pos;
            command.words.push(word);
            if conditional && raw == "]]" {
                conditional = false;
            }
        }
        if conditional {
            self.script.opaque = true;
        }
        command.span = Span::new(start, command.span.end.max(start));
        self.push(command);
    }

    fn push(&mut self, mut command: Command) {
        if std::mem::take(&mut self.function_next) {
            self.script.opaque = true;
        }
        let first_command = self.script.commands.len();
        let first_scope = self.script.subshells.len();
        self.flush_substitutions();
        let top = self.top();
        command.guarded = self.guarded();
        command.after_or = top.after_or;
        command.piped_in = top.piped_in || self.pipe_next;
        command.subshell = if self.pipe_next { self.new_scope(top.scope) } else { top.scope };
        command.substituted = self.level > 0;
        command.level = self.level;
        let index = self.script.commands.len();
        for document in self.here_documents.iter_mut().rev().take_while(|d| d.command.is_none() && d.redirect.is_some())
        {
            document.command = Some(index);
        }
        self.script.commands.push(command);
        self.last = Some(Item { first_command, first_scope, compound: false });
        self.pipe_next = false;
        self.continues = false;
    }

    /// `name ()`: the next compound command is a function body.
    fn function_parentheses(&mut self, command: &Command) -> bool {
        let mut after = self.pos + 1;
        while matches!(self.bytes.get(after), Some(b' ' | b'\t')) {
            after += 1;
        }
        if self.bytes.get(after) != Some(&b')') || command.words.len() != 1 || !command.assignments.is_empty() {
            return false;
        }
        self.pos = after + 1;
        self.script.functions.push(command.words[0].text.clone());
        self.function_next = true;
        self.continues = true;
        true
    }

    /// Acts on a reserved word in command position; `false` when it is none.
    fn reserved(&mut self, raw: &str) -> bool {
        match raw {
            "if" => self.open(Block::If),
            "then" | "elif" | "else" => {
                if self.top().block == Block::If {
                    self.with_top(|f| f.guarded = true);
                } else {
                    self.script.opaque = true;
                }
                self.end_list();
            }
            "fi" => self.close(Block::If),
            "while" | "until" => self.open(Block::LoopHead),
            "for" | "select" => {
                self.open(Block::LoopHead);
                self.skip_blank();
                if self.bytes[self.pos..].starts_with(b"((") {
                    self.pos += 2;
                    self.skip_nested(&[Nest::Arithmetic, Nest::Arithmetic]);
                } else {
                    self.words_of_line();
                }
            }
            "do" => {
                if self.top().block == Block::LoopHead {
                    self.with_top(|f| (f.block, f.guarded) = (Block::LoopBody, true));
                } else {
                    self.script.opaque = true;
                }
                self.end_list();
            }
            "done" => self.close(Block::LoopBody),
            "case" => {
                self.open(Block::CaseBody);
                self.skip_blank();
                if self.pos < self.end && !self.at_newline() {
                    self.word(false);
                }
                loop {
                    self.skip_blank();
                    if !self.at_newline() {
                        break;
                    }
                    self.pos += 1;
                }
                self.flush_substitutions();
                if self.bytes[self.pos..].starts_with(b"in") {
                    self.pos += 2;
                } else {
                    self.script.opaque = true;
                }
                self.with_top(|f| f.block = Block::CasePattern);
            }
            "esac" => self.close(Block::CaseBody),
            "{" => self.open(Block::Brace),
            "}" => self.close(Block::Brace),
            "!" => self.negated = true,
            "time" => {
                self.skip_blank();
                if self.bytes[self.pos..].starts_with(b"-p ") {
                    self.pos += 3;
                }
            }
            "function" => {
                self.skip_blank();
                if self.pos < self.end && !self.at_newline() {
                    let name = self.word(false).text;
                    self.script.functions.push(name);
                }
                self.skip_blank();
                if self.bytes[self.pos..].starts_with(b"()") {
                    self.pos += 2;
                }
                self.function_next = true;
                self.continues = true;
            }
            _ => return false,
        }
        true
    }

    /// The words of a `for` header, kept only for their substitutions.
    fn words_of_line(&mut self) {
        loop {
            self.skip_blank();
            if self.pos >= self.end
                || self.at_newline()
                || matches!(self.bytes[self.pos], b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
            {
                break;
            }
            self.word(false);
        }
        self.flush_substitutions();
    }

    /// Skips to the end of an opened construct; an unfinished one swallows the rest.
    fn skip_nested(&mut self, nests: &[Nest]) {
        if let Some(after) = scan::skip_nested(self.bytes, self.pos, nests) {
            self.pos = after;
        } else {
            self.script.opaque = true;
            self.pos = self.end;
        }
    }

    /// Splits the substitutions met so far; they run before the command that holds them.
    fn flush_substitutions(&mut self) {
        for span in std::mem::take(&mut self.substitutions) {
            if self.level >= MAX_DEPTH {
                self.script.opaque = true;
                return;
            }
            let guarded = self.guarded();
            let parent = self.top().scope;
            let scope = self.new_scope(parent);
            Parser::new(self.text, span, self.level + 1, self.script).run(guarded, scope, false);
        }
    }
}

#[cfg(test)]
mod tests;
