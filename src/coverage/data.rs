//! The data model: per file and context, the lines or arcs that were executed.

use std::collections::BTreeMap;

use super::LineSet;

/// A jump from one line to another. Positive ends are lines; `-n` as the start is an entry into, as the end an exit from, the
/// code object that begins at line `n` (coverage.py's convention).
pub type Arc = (i32, i32);

/// What was executed in one file under one context. Data with arcs has no lines of its own and the reverse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Executed lines, when the data was measured without branches.
    pub lines: LineSet,
    /// Executed arcs, ascending and without repetition, when it was measured with branches.
    pub arcs: Vec<Arc>,
}

/// What is recorded for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileData {
    /// The plugin that traced it; `None` for Python.
    pub tracer: Option<String>,
    /// By context, as an index into [`CoverageData::contexts`], ascending. A file that was touched but never ran has none.
    pub contexts: Vec<(u32, Measured)>,
}

/// Everything recorded by one or many runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageData {
    /// Whether branches were measured; `None` while nothing was.
    pub has_arcs: Option<bool>,
    /// The names of contexts; the default context is the empty text.
    pub contexts: Vec<String>,
    /// By path as recorded, or as mapped by `[paths]`; in code-point order.
    pub files: BTreeMap<String, FileData>,
}
