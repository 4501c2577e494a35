//! What can be wrong with a file of coverage data.

use std::path::{Path, PathBuf};

/// A file that cannot be used as coverage data. Its text names the file and what is wrong; [`ReadError::help`] says what
/// to do.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {problem}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be read at all.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It has no bytes.
    #[error("is empty")]
    Empty,
    /// It ends before the length that its own header states.
    #[error("is truncated: it has {found} of {expected} bytes")]
    Truncated {
        /// The bytes it has.
        found: u64,
        /// The bytes its header speaks of.
        expected: u64,
    },
    /// It is neither SQLite nor JSON.
    #[error("is not coverage data: neither a coverage.py data file nor slipcover's JSON")]
    NotSqlite,
    /// It is SQLite, but has not the tables of coverage.py.
    #[error("is an SQLite database, but not one of coverage.py: {0}")]
    NotCoverage(String),
    /// It has an older data format.
    #[error("has data format {found} of coverage.py; formats before 7 (coverage.py 5.0) are not supported")]
    OldSchema {
        /// The version it states.
        found: i64,
    },
    /// It has a newer data format.
    #[error("has data format {found} of coverage.py, which is newer than the supported format 7")]
    NewSchema {
        /// The version it states.
        found: i64,
    },
    /// Another process is writing it.
    #[error("is locked: another process is writing it")]
    Locked,
    /// Its inside does not hold together.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// It is JSON, but not slipcover's.
    #[error("is JSON, but not coverage data of slipcover: {0}")]
    NotSlipcover(String),
}

impl ReadError {
    /// The problem with one file.
    pub fn new(path: &Path, problem: impl Into<Problem>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    /// What the reader can do about it.
    pub fn help(&self) -> &'static str {
        match self.problem {
            Problem::Io(_) => "check that the path is right and the file readable",
            Problem::Empty => {
                "the process that made it ended before it recorded anything: run it again or delete the file"
            }
            Problem::Truncated { .. } | Problem::Damaged(_) => {
                "its transfer or its process was cut off: fetch it again, run the tests again or delete the file"
            }
            Problem::NotSqlite | Problem::NotCoverage(_) => {
                "leave it out, or name only files that coverage.py or slipcover wrote"
            }
            Problem::OldSchema { .. } => "record it again with coverage.py 5.0 or newer",
            Problem::NewSchema { .. } => "update ci-lint, or record it with coverage.py 7",
            Problem::Locked => "wait until the process that writes it has ended",
            Problem::NotSlipcover(_) => {
                "name the JSON that `slipcover --json --out FILE` writes, not a report of another tool"
            }
        }
    }
}
