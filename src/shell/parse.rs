//! Splits a POSIX-shell-like script into simple commands, without running or expanding anything.
//!
//! The splitter never fails: what it cannot split reliably it marks [`Script::opaque`] and carries on.
//! `${{ … }}` is the forge's own text replacement, so it counts even inside single quotes and here-documents.

use super::scan::{self, Nest, find_delimiter, skip_expression};
use crate::source::Span;

/// Substitutions nested deeper than this are not split; the script becomes opaque.
const MAX_DEPTH: u32 = 6;
/// Blocks nested deeper than this are not split; the script becomes opaque.
const MAX_BLOCKS: usize = 64;
/// More redirects than this on one compound command make the script opaque.
const MAX_GROUP_REDIRECTS: usize = 8;

/// A split script: its simple commands in the order they would start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The simple commands; those of a `$( … )` stand before the command that holds it.
    pub commands: Vec<Command>,
    /// Something could not be split reliably; claims about the whole script are unsafe.
    pub opaque: bool,
    /// Names of the functions the script defines.
    pub functions: Vec<String>,
    /// For each subshell number its parent; number 0, the script itself, is its own parent.
    pub subshells: Vec<usize>,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Command {
    /// The command name and its arguments.
    pub words: Vec<Word>,
    /// Assignments before the command name (`FOO=bar pytest`); without words they set shell variables.
    pub assignments: Vec<(String, Word)>,
    /// Redirects of this command, those of enclosing compound commands after its own.
    pub redirects: Vec<Redirect>,
    /// The whole command, within the script.
    pub span: Span,
    /// The command may not run at all: it stands in a branch, loop or function body, after `||`,
    /// after a test such as `[ … ] &&`, or after a possible early `exit 0`.
    pub guarded: bool,
    /// Standard input comes from a pipe.
    pub piped_in: bool,
    /// Standard output goes into a pipe.
    pub piped_out: bool,
    /// Started with `&`.
    pub background: bool,
    /// Runs inside `$( … )`, backticks or a process substitution.
    pub substituted: bool,
    /// The subshell it runs in, an index into [`Script::subshells`].
    pub subshell: usize,
    after_or: bool,
    level: u32,
}

/// One shell word with its quotes removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// The text; dynamic parts keep their source text.
    pub text: String,
    /// The text is not literally known: it holds an expansion, a substitution, `${{ }}` or a brace list.
    pub dynamic: bool,
    /// Holds an unquoted `*`, `?` or `[`, which the shell expands to file names where some match.
    pub glob: bool,
    /// The raw word, quotes included, within the script.
    pub span: Span,
}

impl Word {
    /// The text when it is literally known.
    pub fn literal(&self) -> Option<&str> {
        (!self.dynamic).then_some(self.text.as_str())
    }
}

/// What a redirect does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `> file`, `>| file`, `&> file`.
    Write,
    /// `>> file`, `&>> file`.
    Append,
    /// `< file`.
    Read,
    /// `<> file`.
    ReadWrite,
    /// `<< DELIMITER`.
    HereDocument,
    /// `<<< word`.
    HereString,
    /// `>&1`, `<&3`, `2>&-`.
    Duplicate,
}

/// One redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// What it does.
    pub kind: RedirectKind,
    /// The file descriptor written before it; `None` means the usual one.
    pub descriptor: Option<u32>,
    /// The file, delimiter, string or descriptor.
    pub target: Word,
    /// The body of a here-document; `dynamic` when the shell or the forge expands something in it.
    pub body: Option<Word>,
}

impl Redirect {
    /// Whether standard output lands in the target file.
    pub fn takes_stdout(&self) -> bool {
        matches!(self.kind, RedirectKind::Write | RedirectKind::Append) && self.descriptor.is_none_or(|fd| fd == 1)
    }
}

/// What a script is known to have done to one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// The script does not set it; it keeps whatever the step's environment says.
    Untouched,
    /// Set to this very text.
    Known(String),
    /// Set or unset, but to what is not known.
    Unknown,
}

/// An assignment that lasts beyond its command: `A=b` alone, or `export A=b` and its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; `None` for `export A` (keeps its value) and `unset A`.
    pub value: Option<Word>,
    /// Whether this makes child processes see it.
    pub exported: bool,
    /// Whether this is `unset A`.
    pub unset: bool,
    /// Whether it may not take place, or only in a subshell.
    pub guarded: bool,
    /// The whole command, within the script.
    pub span: Span,
}

impl Script {
    /// The assignments that last beyond their own command, in order.
    pub fn assignments(&self) -> Vec<Assignment> {
        let mut found = Vec::new();
        for command in &self.commands {
            let guarded = command.guarded || command.subshell != 0;
            let make = |name: &str, value: Option<Word>, exported: bool, unset: bool| Assignment {
                name: name.to_owned(),
                value,
                exported,
                unset,
                guarded,
                span: command.span,
            };
            let Some(head) = command.words.first() else {
                found.extend(
                    command.assignments.iter().map(|(name, value)| make(name, Some(value.clone()), false, false)),
                );
                continue;
            };
            let head = head.literal().unwrap_or_default();
            if !matches!(head, "export" | "declare" | "typeset" | "readonly" | "local" | "unset") {
                continue;
            }
            let flags: String =
                command.words[1..].iter().filter(|w| w.text.starts_with('-')).map(|w| w.text.as_str()).collect();
            let exported = head == "export" || flags.contains('x');
            for word in command.words[1..].iter().filter(|w| !w.text.starts_with('-')) {
                if head == "unset" {
                    found.push(make(&word.text, None, false, true));
                } else if let Some((name, value)) = split_assignment(word, &word.text) {
                    found.push(make(&name, Some(value), exported, false));
                } else {
                    found.push(make(&word.text, None, exported, false));
                }
            }
        }
        found
    }

    /// What child processes started at byte `before` see of variable `name`, as far as this script decides it.
    ///
    /// A plain `A=b` reaches children only when `A` already was in the environment, so it answers `Unknown`.
    pub fn exported(&self, name: &str, before: usize) -> Variable {
        let mut plain: Option<Variable> = None;
        let mut state = Variable::Untouched;
        for assignment in self.assignments().into_iter().filter(|a| a.name == name && a.span.start < before) {
            if assignment.unset || assignment.guarded {
                (state, plain) = (Variable::Unknown, None);
                continue;
            }
            let value = assignment
                .value
                .as_ref()
                .map(|w| w.literal().map_or(Variable::Unknown, |t| Variable::Known(t.to_owned())));
            let was_exported = matches!(state, Variable::Known(_));
            match (value, assignment.exported) {
                (Some(value), true) => (state, plain) = (value, None),
                (Some(value), false) if was_exported => state = value,
                (Some(value), false) => (state, plain) = (Variable::Unknown, Some(value)),
                (None, true) => state = plain.take().unwrap_or(state),
                (None, false) => {}
            }
        }
        state
    }
}

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

/// Splits `NAME=value`, `NAME+=value` and `NAME[i]=value`; `raw` is the word's source text.
fn split_assignment(word: &Word, raw: &str) -> Option<(String, Word)> {
    let name_len = raw.bytes().take_while(|&b| b == b'_' || b.is_ascii_alphanumeric()).count();
    if name_len == 0 || raw.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let name = raw[..name_len].to_owned();
    let rest = &raw[name_len..];
    let (skip, appends) = if rest.starts_with('=') {
        (name_len + 1, false)
    } else if rest.starts_with("+=") {
        (name_len + 2, true)
    } else if rest.starts_with('[') {
        let at = word.text.find("]=").or_else(|| word.text.find("]+="))?;
        (word.text[at..].find('=').map(|i| at + i + 1)?, true)
    } else {
        return None;
    };
    let text = word.text.get(skip..)?.to_owned();
    let dynamic = word.dynamic || appends || text.starts_with('~');
    Some((name, Word { text, dynamic, glob: false, span: word.span }))
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

#[derive(Debug)]
struct PendingHereDocument {
    delimiter: String,
    strip_tabs: bool,
    quoted: bool,
    /// Index of the redirect in its command; `None` on a compound command.
    redirect: Option<usize>,
    /// Index of the command, once it is complete.
    command: Option<usize>,
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

    /// Reads a redirect at the current place, if there is one.
    fn redirect(&mut self, index: Option<usize>) -> Option<Redirect> {
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

    fn read_here_documents(&mut self) {
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

    /// Reads one word; inside `[[ … ]]` operators are ordinary characters. Always moves on unless at the end.
    fn word(&mut self, conditional: bool) -> Word {
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

#[cfg(test)]
mod tests {
    use super::RedirectKind::{Append, Duplicate, HereString, Read, Write};
    use super::*;
    use proptest::prelude::*;

    /// Each command as its words, `?` before it when guarded, `$` after a dynamic word.
    fn shown(script: &str) -> Vec<String> {
        let show = |c: &Command| {
            let words = c.words.iter().map(|w| format!("{}{}", w.text, if w.dynamic { "$" } else { "" }));
            format!("{}{}", if c.guarded { "?" } else { "" }, words.collect::<Vec<_>>().join("|"))
        };
        parse(script).commands.iter().map(show).collect()
    }

    #[test]
    fn operators_separate_commands() {
        assert_eq!(shown("a 1 && b; c | d & e\nf"), ["a|1", "b", "c", "d", "e", "f"]);
        assert_eq!(shown("a || b && c; d"), ["a", "?b", "?c", "d"]);
        assert_eq!(shown("a &&\n  b ||\n  c\nd"), ["a", "b", "?c", "d"]);
        let script = parse("a | b");
        assert!(script.commands[0].piped_out && script.commands[1].piped_in);
        assert!(parse("a & b").commands[0].background);
    }

    #[test]
    fn quotes_go_and_their_content_stays() {
        assert_eq!(shown(r#"pytest -k "not slow" 'a b'c \  "x\"y\z""#), [r#"pytest|-k|not slow|a bc| |x"y\z"#]);
        assert_eq!(shown("a $'b c' $\"d\""), ["a|b c|d"]);
        assert_eq!(shown("a ''"), ["a|"]);
    }

    #[test]
    fn comments_and_continuations() {
        assert_eq!(shown("a # pytest; b\n# c\nd#e \\\n  f"), ["a", "d#e|f"]);
        assert_eq!(shown("a \\\r\n  b\r\nc\r\n"), ["a|b", "c"]);
    }

    #[test]
    fn what_is_computed_is_dynamic() {
        assert_eq!(shown("a $x ${y} \"$z\" '$n' \\$n a$"), ["a|$x$|${y}$|$z$|$n|$n|a$"]);
        assert_eq!(shown("a py${{ matrix.x || 'b | c' }}z d"), ["a|py${{ matrix.x || 'b | c' }}z$|d"]);
        assert_eq!(shown("a '${{ f('x') }}' b"), ["a|${{ f('x') }}$|b"]);
        assert_eq!(shown("a x.{1,2} {b} ~/c ~@d"), ["a|x.{1,2}$|{b}|~/c$|~@d"]);
        assert!(parse("a *.x").commands[0].words[1].glob);
        assert!(!parse("a '*.x'").commands[0].words[1].glob);
    }

    #[test]
    fn substitutions_run_before_their_command() {
        assert_eq!(shown("a $(b \"$(c)\") `d`"), ["c", "b|$(c)$", "d", "a|$(b \"$(c)\")$|`d`$"]);
        assert_eq!(shown("a <(b) $((1 + (2))) $x"), ["b", "a|<(b)$|$((1 + (2)))$|$x$"]);
        assert_eq!(shown("for f in $(a); do b; done"), ["a", "?b"]);
        assert_eq!(shown("A=$(b)"), ["b", ""]);
        assert!(parse("a $(b)").commands[0].substituted);
    }

    #[test]
    fn branches_and_loops_guard() {
        assert_eq!(shown("if a; then b; elif c; then d; else e; fi; f"), ["a", "?b", "?c", "?d", "?e", "f"]);
        assert_eq!(shown("while a; do b; done\nfor x in 1 2\ndo\n c\ndone; d"), ["a", "?b", "?c", "d"]);
        assert_eq!(shown("case $x in a|b) c;; (d) e ;;\n *) f\nesac\ng"), ["?c", "?e", "?f", "g"]);
        assert_eq!(shown("f() { a; }\nfunction g { b; }\nc"), ["?a", "?b", "c"]);
        assert_eq!(parse("f() { a; }\nfunction g() { b; }").functions, ["f", "g"]);
        assert_eq!(shown("(a; b); { c; } && d"), ["a", "b", "c", "d"]);
        assert_eq!(shown("[ -f x ] && a; ! b && c; d"), ["[|-f|x|]", "?a", "b", "?c", "d"]);
        assert_eq!(shown("[[ a && b || (c < d) ]] || e"), ["[[|a|&&|b||||(c|<|d)|]]", "?e"]);
        assert_eq!(shown("for ((i=0;i<3;i++)); do a; done; ((x++)); time b"), ["?a", "((", "b"]);
    }

    #[test]
    fn an_early_exit_guards_the_rest() {
        assert_eq!(shown("if a; then exit 0; fi; b"), ["a", "?exit|0", "?b"]);
        assert_eq!(shown("a || exit 1; b || exit $?; c"), ["a", "?exit|1", "b", "?exit|$?$", "c"]);
        assert_eq!(shown("(exit 0); a; exec b; c"), ["exit|0", "a", "exec|b", "?c"]);
    }

    #[test]
    fn here_documents_are_not_commands() {
        let script = parse("cat <<EOF > x\npytest $(a)\nEOF\nb <<-'E'\n\tc $(d)\n\tE\ne");
        let heads: Vec<&str> = script.commands.iter().map(|c| c.words[0].text.as_str()).collect();
        assert_eq!(heads, ["cat", "a", "b", "e"]);
        let body = script.commands[0].redirects[0].body.clone().expect("a body");
        assert_eq!((body.text.as_str(), body.dynamic), ("pytest $(a)\n", true));
        assert!(!script.opaque);
        assert!(parse("cat <<EOF\nx").opaque);
    }

    #[test]
    fn redirects() {
        let script = parse("a > x 2>&1 >>\"$y\" < z <<< w &>v 2>err");
        let kinds: Vec<RedirectKind> = script.commands[0].redirects.iter().map(|r| r.kind).collect();
        assert_eq!(kinds, [Write, Duplicate, Append, Read, HereString, Write, Write]);
        assert_eq!(script.commands[0].words.len(), 1);
        assert!(!script.commands[0].redirects[6].takes_stdout());
        let script = parse("{ a; b; } >> x");
        assert!(script.commands.iter().all(|c| c.redirects[0].target.text == "x"));
    }

    #[test]
    fn pipeline_elements_have_their_own_shell() {
        let script = parse("{ cd a; (b); } | c; d");
        let shells: Vec<usize> = script.commands.iter().map(|c| c.subshell).collect();
        assert_ne!(shells[0], 0);
        assert_eq!(script.subshells[shells[1]], shells[0]);
        assert_ne!(shells[2], shells[0]);
        assert_eq!(shells[3], 0);
    }

    #[test]
    fn assignments_last_or_not() {
        let script = parse("A=1 cmd\nexport B='2 3' C\nD=4\nexport D\nif x; then export E=5; fi\nF=(a b)\nunset B\nz");
        assert_eq!(script.commands[0].assignments[0].0, "A");
        let end = usize::MAX;
        assert_eq!(script.exported("A", end), Variable::Untouched);
        assert_eq!(script.exported("B", 20), Variable::Known("2 3".to_owned()));
        assert_eq!(script.exported("B", end), Variable::Unknown);
        assert_eq!(script.exported("D", end), Variable::Known("4".to_owned()));
        assert_eq!(script.exported("E", end), Variable::Unknown);
        assert_eq!(script.exported("F", end), Variable::Unknown);
    }

    #[test]
    fn what_cannot_be_split_is_opaque() {
        for script in [
            "a 'b",
            "a \"b",
            "a $(b",
            "a ${b",
            "a ${{ b",
            "if a; then b",
            "fi",
            "a )",
            "( a",
            "a ;; b",
            "[[ a",
            "f() a",
            "a > ;",
        ] {
            assert!(parse(script).opaque, "{script}");
        }
        for script in
            ["", "\n", "a;", "a\n\n", "a \\\n", "a; # it's", "a}", "echo if then", "a=b", "x=$(cat <<E\nit's\nE\n)"]
        {
            assert!(!parse(script).opaque, "{script}");
        }
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_crawls() {
        for unit in [
            "$(",
            "`",
            "(",
            "{ ",
            "${",
            "\"$(",
            "((",
            "if ",
            "case x in y) ",
            "<<a ",
            "a=(",
            "'",
            "${{",
            "f() ",
            "{ a;} | ",
            "a > b ",
            "a <<b;",
            "a | ",
            "$(a) | ",
            "a && ",
        ] {
            let script = unit.repeat(20_000);
            let started = std::time::Instant::now();
            parse(&script);
            assert!(started.elapsed().as_secs() < 5, "{unit}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses(script in "(?s).{0,200}") {
            check(&script)?;
        }

        #[test]
        fn any_shell_like_text_parses(parts in prop::collection::vec(prop::sample::select(vec![
            "a", " ", "\n", "\r\n", "\r", ";", ";;", "&", "&&", "|", "||", "(", ")", "{", "}", "[[", "]]", "((", "))", "$", "$(", "${", "${{", "}}",
            "`", "'", "\"", "\\", "#", "<", ">", "<<", "<<-", "<<<", ">>", ">&", "&>", "if", "then", "fi", "for", "in", "do", "done", "case", "esac",
            "while", "function", "f()", "=", "A=", "!", "time", "é", "*", "~", "2", "EOF", "exit", ",", "..", "\t",
        ]), 0..40)) {
            check(&parts.concat())?;
        }
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let script = parse(text);
        for command in &script.commands {
            prop_assert!(text.get(command.span.start..command.span.end).is_some());
            prop_assert!(command.subshell < script.subshells.len());
            for word in &command.words {
                prop_assert!(text.get(word.span.start..word.span.end).is_some());
            }
        }
        crate::shell::effects(&script);
        script.assignments();
        Ok(())
    }
}
