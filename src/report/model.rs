//! The Report model: every figure that any writer shows, computed once.

use crate::coverage::{Arc, LineSet};
use crate::python::Analysis;

/// Counts over one file, one region or all files. Names follow coverage.py's `Numbers`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Files.
    pub files: usize,
    /// Statements that count.
    pub statements: usize,
    /// Excluded lines.
    pub excluded: usize,
    /// Statements that were not executed.
    pub missing: usize,
    /// Branch exits: over all lines with more than one exit, the exits.
    pub branches: usize,
    /// Lines with a branch that was taken in part.
    pub partial_branches: usize,
    /// Branch exits that were not taken.
    pub missing_branches: usize,
}

/// One reported file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// The path in the data.
    pub path: String,
    /// The name shown: relative to the current folder where it lies below it, with `/`.
    pub name: String,
    /// What the source holds.
    pub analysis: Analysis,
    /// Statements that were executed.
    pub executed: LineSet,
    /// Statements that were not.
    pub missing: LineSet,
    /// Arcs that were taken, fixed up as coverage.py does, ascending; empty without branch data.
    pub executed_arcs: Vec<Arc>,
    /// Possible arcs that were not taken and count, ascending.
    pub missing_arcs: Vec<Arc>,
    /// By line with more than one exit: exits, and exits taken.
    pub branch_lines: Vec<BranchLine>,
    /// By executed line, the indices of its contexts in [`Report::contexts`]; empty unless contexts are shown.
    pub line_contexts: Vec<(u32, Vec<u32>)>,
    /// Its counts.
    pub numbers: Numbers,
}

/// A line from which the flow can go several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchLine {
    /// The line.
    pub line: u32,
    /// Possible exits.
    pub total: usize,
    /// Exits taken.
    pub taken: usize,
}

/// Everything there is to report.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Whether branches were measured.
    pub branch: bool,
    /// Files in the order of their full path, by code point.
    pub files: Vec<FileReport>,
    /// Names of contexts.
    pub contexts: Vec<String>,
    /// The sum over all files.
    pub totals: Numbers,
}
