//! Follows a small Python program, such as a noxfile or a build script, as far as it can be followed without running it.
//!
//! - [`value`]: what is known of a value.
//! - [`eval`]: expressions. - [`exec`]: statements. - [`calls`]: what calls do.
//!
//! Whatever starts a command becomes an [`Event`]. What is not understood is an unknown value, and a call of something
//! unknown is an opaque event: it may have done anything. Everything is bounded: depth, steps, events.

mod calls;
mod eval;
mod exec;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use ruff_python_ast::{ModModule, Stmt, StmtFunctionDef};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};

pub(super) use value::Value;

use crate::shell::Word;
use crate::source::{Source, Span};

/// A larger file is no noxfile.
const MAX_BYTES: usize = 256 << 10;

/// Statements and expressions followed in one go.
const MAX_STEPS: usize = 20_000;

/// Expressions, statements and calls nested deeper than this are unknown.
const MAX_DEPTH: usize = 48;

/// A stretch without the begin of a top-level statement that is longer than this could nest too deep to be handled.
const MAX_STRETCH: usize = 24 << 10;

/// What is known of the folder commands run in.
pub(super) type Folder = Option<String>;

/// Something a program does that matters.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum EventKind {
    /// Starts a command by its words, with these variables added to its environment.
    Run(Vec<Word>, Vec<(String, Option<String>)>),
    /// Hands a text to a shell.
    Shell(String),
    /// Installs packages; `None` when not every argument is known.
    Install(Option<Vec<String>>),
    /// Queues another session of nox, with these arguments if any are given.
    Notify(Option<String>, Option<Value>),
    /// May make, move or remove files.
    Files,
    /// Cannot be known.
    Opaque,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) span: Span,
    pub(super) guarded: bool,
    /// Relative to the folder the program starts in.
    pub(super) cwd: Folder,
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) source: Arc<Source>,
    parsed: Parsed<ModModule>,
}

impl Module {
    /// Parses a file; `None` for one with syntax errors, or of a size or shape that no build script has.
    pub(super) fn parse(source: Arc<Source>) -> Option<Self> {
        let text = &source.text;
        if text.len() > MAX_BYTES || longest_stretch(text) > MAX_STRETCH {
            return None;
        }
        let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module)).try_into_module()?;
        parsed.has_valid_syntax().then_some(Self { source, parsed })
    }

    fn body(&self) -> &[Stmt] {
        &self.parsed.syntax().body
    }
}

/// The longest stretch of lines that no statement of the module's own begins.
fn longest_stretch(text: &str) -> usize {
    let mut longest = 0;
    let mut here = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@' || c == '_' || c == '#') {
            longest = longest.max(here);
            here = 0;
        }
        here += line.len();
    }
    longest.max(here)
}

/// A decorator of a function, evaluated where the function is defined.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Its dotted name; empty when it is computed.
    pub(super) path: String,
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(Option<String>, Value)>,
}

impl Mark {
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value)
    }

    /// The last part of its name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// One call on the stack.
#[derive(Debug, Default)]
struct Frame {
    vars: HashMap<String, Value>,
    /// What is left of this call may not run.
    guarded: bool,
}

/// What the session object of nox answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    pub(super) name: Option<String>,
    pub(super) python: Option<Value>,
    pub(super) posargs: Option<Value>,
}

/// A program being followed.
#[derive(Debug)]
pub(super) struct Machine<'m> {
    module: &'m Module,
    functions: Vec<&'m StmtFunctionDef>,
    /// The decorators of each function.
    marks: Vec<Vec<Mark>>,
    frames: Vec<Frame>,
    /// Unknown conditions around the current statement.
    branches: usize,
    steps: usize,
    depth: usize,
    cwd: Folder,
    pub(super) events: Vec<Event>,
    /// `nox.options.*`.
    pub(super) options: HashMap<String, Value>,
    /// `session.env` and `os.environ` as far as the program sets them.
    env: Vec<(String, Option<String>)>,
    /// Variables the workflow sets.
    outer: &'m [(String, Option<String>)],
    session: Session,
    argv: Value,
    /// The file itself, relative to the folder it runs in.
    file: String,
    /// Module-level code runs as the main program.
    main: bool,
    /// The program has ended.
    stopped: bool,
    /// Too much to follow.
    pub(super) exhausted: bool,
}

impl<'m> Machine<'m> {
    pub(super) fn new(module: &'m Module, file: &str, outer: &'m [(String, Option<String>)]) -> Self {
        Self {
            module,
            functions: Vec::new(),
            marks: Vec::new(),
            frames: vec![Frame::default()],
            branches: 0,
            steps: 0,
            depth: 0,
            cwd: Some(String::new()),
            events: Vec::new(),
            options: HashMap::new(),
            env: Vec::new(),
            outer,
            session: Session::default(),
            argv: Value::Unknown,
            file: file.to_owned(),
            main: false,
            stopped: false,
            exhausted: false,
        }
    }

    /// Runs the module's own statements as an import would.
    pub(super) fn import(&mut self) {
        self.block(self.module.body());
        // A file that seems to end itself was not understood.
        self.exhausted |= self.stopped;
        self.events.clear();
        self.frames.truncate(1);
        self.frames[0].guarded = false;
        self.branches = 0;
    }

    /// Runs the module's own statements as `python FILE ARGS…` would.
    pub(super) fn run_main(&mut self, args: Vec<Value>) {
        let mut argv = vec![Value::text(self.file.clone())];
        argv.extend(args);
        self.argv = Value::List(argv);
        self.main = true;
        self.block(self.module.body());
    }

    /// Runs one function of the module as a session of nox and returns what it did.
    pub(super) fn run_session(
        &mut self,
        function: usize,
        session: Session,
        arguments: &[(String, Value)],
    ) -> Vec<Event> {
        let globals = self.frames[0].vars.clone();
        let env = self.env.clone();
        self.session = session;
        self.stopped = false;
        self.cwd = Some(String::new());
        let mut named: Vec<(Option<String>, Value)> =
            arguments.iter().map(|(name, value)| (Some(name.clone()), value.clone())).collect();
        let first = Value::Dotted("@session".to_owned());
        self.branches = 0;
        self.call_function(function, vec![first], std::mem::take(&mut named));
        self.frames.truncate(1);
        self.frames[0] = Frame { vars: globals, guarded: false };
        self.env = env;
        std::mem::take(&mut self.events)
    }

    /// The functions of the module, in order, with their decorators from the outermost inward.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&'m StmtFunctionDef, &[Mark])> {
        self.functions.iter().copied().zip(self.marks.iter().map(Vec::as_slice))
    }

    fn guarded(&self) -> bool {
        self.branches > 0 || self.frames.iter().any(|frame| frame.guarded)
    }

    fn emit(&mut self, kind: EventKind, span: Span) {
        if self.events.len() > super::MAX_PIECES {
            self.exhausted = true;
            return;
        }
        let event = Event { kind, span, guarded: self.guarded(), cwd: self.cwd.clone() };
        self.events.push(event);
    }

    /// Counts a step; false when there have been too many.
    fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH {
            self.exhausted = true;
        }
        !self.exhausted
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let top = self.frames.last()?;
        top.vars.get(name).or_else(|| self.frames[0].vars.get(name))
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.vars.insert(name.to_owned(), value);
        }
    }
}

fn span(node: &impl ruff_text_size::Ranged) -> Span {
    Span::new(node.start().to_usize(), node.end().to_usize())
}
