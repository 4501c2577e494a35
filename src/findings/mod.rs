//! What the linter has to say: findings about workflows, problems with inputs, and the report that holds both.

pub mod catalogue;
pub mod fix;
pub mod render;
pub mod suppression;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use catalogue::{Fixable, Group, RuleInfo};
pub use fix::Fix;

use crate::source::{Source, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Info,
    /// Can lose data or wastes time.
    Warning,
    /// The hand-over is broken.
    Error,
}

impl Severity {
    /// `info`, `warning` or `error`: the words of the command line and of every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How sure the analysis is. What is less than [`Confidence::Medium`] is not reported at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Follows from the files read and one convention, such as a session's name.
    Medium,
    /// Follows from the files read alone.
    High,
}

impl Confidence {
    /// `medium` or `high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A place in a file and what stands there.
#[derive(Debug, Clone)]
pub struct Label {
    /// The file.
    pub source: Arc<Source>,
    /// The place in it.
    pub span: Span,
    /// A few words shown at the place, for example "uploaded here".
    pub text: String,
}

/// One defect.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule's name, for example `coverage-needs`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence: what is wrong. Names in backticks, no final full stop.
    pub message: String,
    /// Where it is wrong.
    pub primary: Label,
    /// Other places that are part of the defect; may be in another file.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// How the program can do it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Adds a related place.
    #[must_use]
    pub fn related(mut self, label: Label) -> Self {
        self.related.push(label);
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says how the program can do it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// Lowers the severity to a warning and the confidence to medium: the finding rests on a convention.
    #[must_use]
    pub fn likely(mut self) -> Self {
        self.severity = self.severity.min(Severity::Warning);
        self.confidence = Confidence::Medium;
        self
    }
}

/// An input that could not be read or understood. Ends the run with exit code 2, after everything else was linted.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The input's path as the user knows it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// The place, where the text could be read.
    pub label: Option<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with a path as a whole.
    pub fn with_path(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), label: None, help: None }
    }

    /// A problem at a place of a file.
    pub fn at(source: &Arc<Source>, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            path: source.path.clone(),
            message: message.into(),
            label: Some(Label { source: Arc::clone(source), span, text: label.into() }),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything one run found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Workflow files that were linted.
    pub files: usize,
    /// Jobs in them.
    pub jobs: usize,
    /// Findings in the order of files, then places.
    pub findings: Vec<Finding>,
    /// Inputs that could not be read.
    pub problems: Vec<Problem>,
    /// Findings that a comment in the file silenced.
    pub suppressed: usize,
    /// Wall time of the run.
    pub elapsed: Duration,
    /// What was mended, in a run that mends.
    pub mended: Option<Mended>,
}

/// What a run that mends has done, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mended {
    /// Files that changed.
    pub files: usize,
    /// Findings that are gone.
    pub fixed: usize,
    /// Whether the files are as they were: the run only shows what it would do.
    pub shown_only: bool,
}

impl Report {
    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// How many findings have a remedy of this safety.
    pub fn fixable(&self, safety: fix::Safety) -> usize {
        self.findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safety == safety).count()
    }

    /// The worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }
}
