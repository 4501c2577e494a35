//! What the command of a task runner stands for: the commands of a nox session, a tox environment, a make target.
//!
//! [`Tasks::resolve`] reads the runner's file and lists what would be executed, in order, as [`Piece`]s with the place
//! they are written at. One file a runner. Nothing is run. What is computed, unknown or too involved is an opaque piece;
//! when not even the pieces are known there is no [`Resolution`] at all, and the caller keeps what the command line says.
//!
//! Facts about the runners: nox 2025.5, tox 4.30, hatch 1.14, pdm 2.25, poethepoet 0.37, GNU make 4.4, just 1.43.

mod hatch;
mod ini;
mod just;
mod make;
mod nox;
mod project_scripts;
mod python;
mod script;
mod toml;
mod tox;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::flow::project::Files;
use crate::shell::{Runner, SessionRun, Word};
use crate::source::{Source, Span, plain_path};

/// More pieces than a session has; what stands for more stays unresolved.
const MAX_PIECES: usize = 400;

/// A place in a file of the project.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The file.
    pub source: Arc<Source>,
    /// The place in it.
    pub span: Span,
}

impl PartialEq for Origin {
    /// The same place in the same file.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.span == other.span
    }
}

/// What a piece executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A shell script; with `true` it stands word for word at the piece's place.
    Shell(String, bool),
    /// One command with its words, given to no shell.
    Words(Vec<Word>),
    /// May make, move or remove files.
    Files,
    /// Cannot be known.
    Opaque,
}

/// One step of what a task runner executes.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it is written.
    pub origin: Origin,
    /// What it executes.
    pub code: Code,
    /// Variables set for it beyond those of the runner's own environment; `None` as value for what is not known.
    pub env: Vec<(String, Option<String>)>,
    /// The folder it runs in, relative to the project's root; `None` when that cannot be told.
    pub cwd: Option<String>,
    /// It may not run although everything before it went well.
    pub guarded: bool,
    /// The session it belongs to, an index into [`Resolution::sessions`].
    pub session: usize,
}

/// Which Python a session runs its commands with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Interpreter {
    /// The one that is there: that of the job.
    Inherited,
    /// This version, as `3.12`.
    Version(String),
    /// Cannot be told.
    Unknown,
}

/// What surrounds the commands of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The session, environment, target or task.
    pub name: String,
    /// Its interpreter.
    pub python: Interpreter,
    /// What it installs, sorted, as written; `None` when that is computed.
    pub installs: Option<Vec<String>>,
    /// Variables of the job reach its commands only when the session names them (tox).
    pub isolated: bool,
}

impl Setting {
    fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), python: Interpreter::Inherited, installs: Some(Vec::new()), isolated: false }
    }
}

/// What the command of a task runner stands for.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    /// What is executed, in order.
    pub pieces: Vec<Piece>,
    /// The sessions it comes from.
    pub sessions: Vec<Setting>,
}

impl Resolution {
    fn session(&mut self, setting: Setting) -> usize {
        self.sessions.push(setting);
        self.sessions.len() - 1
    }
}

/// What a command of a task runner is asked with.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    run: &'a SessionRun,
    /// The folder the command runs in, relative to the project's root; empty for the root.
    folder: &'a str,
    files: &'a dyn Files,
    /// The variables the workflow sets for the command; `None` as value for what is not known.
    env: &'a [(String, Option<String>)],
}

impl Request<'_> {
    /// The file at `path`, relative to the folder of the command.
    fn read(&self, path: &str) -> Option<Arc<Source>> {
        self.files.read(&join(self.folder, path)?)
    }

    /// Whether a word of the command line is known to the letter.
    fn is_known(&self, word: &str) -> bool {
        self.run.known || !word.contains(['$', '`', '{'])
    }

    /// The arguments handed on to the session, as words.
    fn args(&self) -> Vec<Word> {
        let word = |text: &String| Word { dynamic: !self.is_known(text), ..literal(text) };
        self.run.args.iter().map(word).collect()
    }

    /// What the workflow says of a variable: its value, `Some(None)` for a value that is not known, `None` for nothing.
    #[expect(clippy::option_option, reason = "set or not, and known or not")]
    fn variable(&self, name: &str) -> Option<Option<&str>> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_deref())
    }

    /// The value of an option such as `-f FILE`, as [`SessionRun::options`] spells it.
    fn option(&self, name: &str) -> Option<&str> {
        self.run.options.iter().rev().find_map(|option| option.strip_prefix(name)?.strip_prefix(' '))
    }
}

type Key = (SessionRun, String, Vec<(String, Option<String>)>);

/// Resolves commands of task runners, each once.
#[derive(Debug)]
pub struct Tasks {
    files: Arc<dyn Files>,
    seen: Mutex<HashMap<Key, Option<Arc<Resolution>>>>,
}

impl Tasks {
    /// Reads the files of this project.
    pub fn new(files: Arc<dyn Files>) -> Self {
        Self { files, seen: Mutex::default() }
    }

    /// What `run`, started in `folder` (relative to the project's root, empty for the root itself) with the variables
    /// `env`, executes. `None` when that cannot be told.
    pub fn resolve(&self, run: &SessionRun, folder: &str, env: &[(String, Option<String>)]) -> Option<Arc<Resolution>> {
        let key = (run.clone(), folder.to_owned(), env.to_vec());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get(&key) {
            return known.clone();
        }
        let request = Request { run, folder, files: self.files.as_ref(), env };
        let found = match run.runner {
            Runner::Nox => nox::resolve(&request),
            Runner::Tox => tox::resolve(&request),
            Runner::Hatch => hatch::resolve(&request),
            Runner::Make => make::resolve(&request),
            Runner::Just => just::resolve(&request),
            Runner::Pdm | Runner::Poe | Runner::Rye | Runner::Pixi => project_scripts::resolve(&request),
            Runner::Script => script::resolve(&request),
            Runner::Task | Runner::Invoke => None,
        };
        let found = found.filter(|found| found.pieces.len() <= MAX_PIECES).map(Arc::new);
        seen.insert(key, found.clone());
        found
    }
}

/// A word that is known.
fn literal(text: &str) -> Word {
    Word { text: text.to_owned(), ..Word::default() }
}

/// `path` seen from `folder`; both relative to the project's root. `None` for what leaves the project.
fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.starts_with('~') || path.contains(['$', '\\', '{']) {
        return None;
    }
    plain_path(&format!("{folder}/{path}"))
}

/// The folder of a file, both relative to the project's root.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Variables that runners set for their jobs, so that a workflow that does not set them says nothing about them.
fn is_set_by_runners(name: &str) -> bool {
    matches!(name, "CI" | "HOME" | "USER" | "PATH" | "SHELL" | "PWD" | "LANG" | "TMPDIR" | "VIRTUAL_ENV" | "MAKE")
        || ["GITHUB_", "FORGEJO_", "GITEA_", "RUNNER_", "PYTHON", "LC_", "XDG_"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// The version in a name such as `3.12`, `py312`, `python3.12`, `cpython3.12`; none for `pypy3.10` and the like.
fn python_version(name: &str) -> Option<String> {
    let digits = ["cpython", "python", "py"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let version = if digits.contains('.') {
        digits.to_owned()
    } else {
        let (major, minor) = digits.split_at_checked(1)?;
        (!minor.is_empty()).then(|| format!("{major}.{minor}"))?
    };
    let (major, minor) = version.split_once('.')?;
    let numbers = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (matches!(major, "2" | "3") && numbers(minor.trim_end_matches('t'))).then_some(version)
}

#[cfg(test)]
mod tests;
