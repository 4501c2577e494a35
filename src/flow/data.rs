//! The coverage data files a job makes, and where they are when a step looks for them.

use std::fmt;

use super::name::{Name, Piece};
use super::project::Coverage;
use super::work::{Work, WorkKind};
use crate::shell::{CoverageSub, Measured};
use crate::source::Span;

/// Where a file is, relative to the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// At this path, by segments.
    At(Vec<Name>),
    /// Somewhere.
    Unknown,
}

impl Location {
    /// A place that is known if its path is.
    pub fn of(path: Option<Vec<Name>>) -> Self {
        path.map_or(Self::Unknown, Self::At)
    }

    /// The path, when it is known.
    pub fn path(&self) -> Option<&[Name]> {
        match self {
            Self::At(path) => Some(path),
            Self::Unknown => None,
        }
    }
}

/// Whether a data file's name has a suffix that makes it unique (`.coverage.host.pid…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix {
    /// `.coverage` itself.
    Plain,
    /// `.coverage.` and more.
    Added,
    /// One or the other, as the configuration says.
    Either,
}

/// A data file that a job has made.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Its path without suffix.
    pub location: Location,
    /// Its suffix.
    pub suffix: Suffix,
    /// The step that made it.
    pub step: usize,
    /// The command that made it.
    pub span: Span,
    /// Only `COVERAGE_FILE` says that the command makes it.
    pub likely: bool,
}

impl DataFile {
    /// The paths it may have; empty when the place is not known.
    pub fn candidates(&self) -> Vec<Vec<Name>> {
        let Some(path) = self.location.path() else { return Vec::new() };
        let suffixed = || {
            let mut path = path.to_vec();
            if let Some(last) = path.last_mut() {
                match last.pieces.last_mut() {
                    Some(Piece::Text(text)) => text.push('.'),
                    _ => last.pieces.push(Piece::Text(".".to_owned())),
                }
                last.pieces.push(Piece::Hole("suffix".to_owned()));
            }
            path
        };
        match self.suffix {
            Suffix::Plain => vec![path.to_vec()],
            Suffix::Added => vec![suffixed()],
            Suffix::Either => vec![path.to_vec(), suffixed()],
        }
    }
}

impl fmt::Display for DataFile {
    /// The path as a user would write it: `coverage/.coverage`, `.coverage.*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(path) = self.location.path() else { return f.write_str("a data file") };
        f.write_str(&show(path))?;
        if self.suffix == Suffix::Added { f.write_str(".*") } else { Ok(()) }
    }
}

/// The path as text, when all of it is known.
pub(super) fn literal(path: &[Name]) -> Option<String> {
    Some(path.iter().map(Name::known).collect::<Option<Vec<_>>>()?.join("/"))
}

/// A path in words.
pub fn show(path: &[Name]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
}

/// The data files at one point of a job.
#[derive(Debug, Clone, Default)]
pub struct DataState {
    /// Those that are known to exist.
    pub files: Vec<DataFile>,
    /// Whether there may be others, or these may have been moved.
    pub open: bool,
}

/// Follows the data files through the work of a job up to, not including, step `end`.
pub fn before(works: &[Work], end: usize, coverage: &Coverage) -> DataState {
    let mut state = DataState::default();
    for work in works.iter().take_while(|work| work.step < end) {
        advance(&mut state, work, coverage);
    }
    state
}

fn advance(state: &mut DataState, work: &Work, coverage: &Coverage) {
    let made =
        |suffix| DataFile { location: work.data_file.clone(), suffix, step: work.step, span: work.span, likely: false };
    match &work.kind {
        WorkKind::Tests(run) => match &run.measured {
            Some(Measured::Coverage(options)) => {
                let configured = || {
                    let folder = work.cwd.as_deref().and_then(literal);
                    coverage.facts(folder.as_deref(), options.rcfile.as_deref()).parallel
                };
                let parallel = if options.parallel { Some(true) } else { configured() };
                let suffix = match parallel {
                    Some(true) => Suffix::Added,
                    Some(false) => Suffix::Plain,
                    None => Suffix::Either,
                };
                state.files.push(made(suffix));
            }
            // pytest-cov combines what its workers wrote before it ends.
            Some(Measured::PytestCov { .. }) => state.files.push(made(Suffix::Plain)),
            Some(Measured::Slipcover { out: Some(_), json: true, .. }) => state.files.push(made(Suffix::Plain)),
            // Configuration may measure without a word on the command line (`addopts = --cov`).
            _ => state.open = true,
        },
        WorkKind::Coverage(command) => match command.sub {
            CoverageSub::Combine => {
                if !command.keep {
                    state.files.retain(|file| file.location != work.data_file);
                }
                state.files.push(made(Suffix::Plain));
            }
            CoverageSub::Erase => state.files.clear(),
            _ => {}
        },
        WorkKind::SlipcoverMerge(_) | WorkKind::Upload => {}
        WorkKind::Session(_) | WorkKind::Opaque if work.data_file.path().is_some() => {
            state.files.push(DataFile { likely: true, ..made(Suffix::Either) });
            state.open = true;
        }
        // It may write the data it has merged.
        WorkKind::Session(_)
        | WorkKind::Files
        | WorkKind::Download
        | WorkKind::Cache
        | WorkKind::Apply(_)
        | WorkKind::Opaque => {
            state.open = true;
        }
    }
    if work.guarded && !matches!(work.kind, WorkKind::Upload) {
        state.open = true;
    }
}
