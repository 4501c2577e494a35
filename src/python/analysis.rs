//! The result of analysing one source file.

use crate::coverage::{Arc, LineSet};

/// Everything coverage.py derives from one source file, before any execution data is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The decoded text, line ends as `\n`, form feeds as blanks, ending with a line feed.
    pub text: String,
    /// By physical line (index 0 is unused): the first line of the logical line it belongs to.
    pub first_lines: Vec<u32>,
    /// First lines of statements that count: neither excluded nor docstrings.
    pub statements: LineSet,
    /// Lines that are excluded.
    pub excluded: LineSet,
    /// First lines whose missing branches do not count (`# pragma: no branch` and its like).
    pub no_branch: LineSet,
    /// Every arc that is possible, ascending, both ends mapped to first lines, without arcs from a line to itself.
    pub arcs: Vec<Arc>,
    /// What to say about an arc, ascending by arc. An arc may have several notes.
    pub notes: Vec<(Arc, ArcNote)>,
    /// What measured arcs at `with` statements are replaced by: (arc as measured, arc meant).
    pub with_arcs: Vec<(Arc, Option<Arc>)>,
    /// Functions and classes, in the order of their first lines.
    pub regions: Vec<Region>,
}

/// Why an arc might not have been taken, and what taking it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcNote {
    /// "the condition on line {lineno} was never true"; `None` for coverage.py's default text.
    pub missing: Option<String>,
    /// "jump to line 7", "return from function 'f'"; `None` for coverage.py's default text.
    pub action: Option<String>,
}

/// Whether a region is a function or a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegionKind {
    /// A function or method.
    Function,
    /// A class.
    Class,
}

/// A function or class, as coverage.py's JSON, LCOV and HTML reports list them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Which of the two.
    pub kind: RegionKind,
    /// The qualified name, such as `Class.method.inner`.
    pub name: String,
    /// The line that coverage.py gives as its start.
    pub start: u32,
    /// The physical lines that belong to it.
    pub lines: LineSet,
}
