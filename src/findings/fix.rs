//! What a rule proposes against its finding: a change of the model, in words of the model. How it is written into the file,
//! and whether it holds, is the business of [`crate::fix`].

use std::sync::Arc;

use super::catalogue::Fixable;
use crate::source::{Source, Span};

/// A remedy for one finding.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What it does, in the imperative and without a final full stop: "add `unit_tests` to `needs`".
    pub title: String,
    /// Whether `--fix` alone may do it.
    pub safety: Safety,
    /// What to change, in any order: each speaks of the workflow as it is.
    pub changes: Vec<Change>,
    /// The changes as edits of `file`, in the order of the text; empty until they are worked out.
    pub edits: Vec<Edit>,
    /// The workflow file; `None` until the edits are worked out.
    pub file: Option<Arc<Source>>,
}

impl Fix {
    /// A remedy that changes the meaning of the workflow only in what the finding names.
    pub fn safe(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), safety: Safety::Safe, changes, edits: Vec::new(), file: None }
    }

    /// A remedy that somebody should look at.
    pub fn needs_review(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), safety: Safety::Unsafe, changes, edits: Vec::new(), file: None }
    }

    /// The same, to be looked at unless `certain`.
    #[must_use]
    pub fn safe_if(mut self, certain: bool) -> Self {
        if !certain {
            self.safety = Safety::Unsafe;
        }
        self
    }
}

/// Whether a remedy is applied without being asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// By `--fix`.
    Safe,
    /// By `--fix --unsafe-fixes`.
    Unsafe,
}

impl Safety {
    /// `safe` or `unsafe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => Fixable::Safe.name(),
            Self::Unsafe => Fixable::Unsafe.name(),
        }
    }
}

/// A mapping of the workflow. Jobs and steps are counted as in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The file's own keys.
    Workflow,
    /// The keys of a job.
    Job(usize),
    /// The keys of a step of a job.
    Step(usize, usize),
    /// What is below `with:` of a step of a job; made when it is not there.
    Inputs(usize, usize),
}

/// One change of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Gives keys a value, those that are there a new one. New keys follow the first of `after` that is there, else the
    /// last key.
    Set {
        /// Where.
        place: Place,
        /// The keys and their values.
        entries: Vec<(String, Value)>,
        /// Keys that new ones may stand behind, the best first.
        after: &'static [&'static str],
    },
    /// Gives a key another name and a new value.
    Rename {
        /// Where.
        place: Place,
        /// The key as it is.
        from: String,
        /// The key as it shall be.
        to: String,
        /// Its value then.
        value: Value,
    },
    /// Makes a job wait for others.
    AddNeeds {
        /// The job.
        job: usize,
        /// Ids of the others, none of which it needs yet.
        needs: Vec<String>,
    },
    /// Puts steps in front of the step with this index, or at the end.
    InsertSteps {
        /// The job.
        job: usize,
        /// The index, or the number of steps for the end.
        at: usize,
        /// The steps; each is a [`Value::Map`].
        steps: Vec<Value>,
    },
    /// Takes a step away.
    RemoveStep {
        /// The job.
        job: usize,
        /// The step.
        step: usize,
    },
    /// Replaces a part of a text; what is replaced may be empty.
    EditText {
        /// The mapping that holds it.
        place: Place,
        /// Its key.
        key: String,
        /// The bytes of its decoded value.
        part: Span,
        /// What stands there then. Lines after the first are indented as the text is.
        text: String,
    },
}

/// A value that a change brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, quoted if it must be. One of several lines becomes a literal block, so it ends with a line feed.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(u32),
    /// A list of texts on one line.
    List(Vec<String>),
    /// Keys and values, at least one.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A stretch of a file and what replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is only put in.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}
