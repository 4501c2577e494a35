//! The Report model: every figure that any writer shows, computed once.

use crate::coverage::{Arc, LineSet};
use crate::python::{Analysis, RegionKind};

/// Counts over one file, one region or all files. Names follow coverage.py's `Numbers`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Files.
    pub files: u32,
    /// Statements that count.
    pub statements: u32,
    /// Excluded lines.
    pub excluded: u32,
    /// Statements that were not executed.
    pub missing: u32,
    /// Branch exits: over all lines with more than one exit, the exits.
    pub branches: u32,
    /// Exits that were not taken from lines that were executed.
    pub partial_branches: u32,
    /// Branch exits that were not taken.
    pub missing_branches: u32,
}

/// One reported file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    /// The full name: canonical, or as recorded where `relative_files` is set.
    pub path: String,
    /// The name shown: relative to the current folder where it lies below it, else the path in the data.
    pub name: String,
    /// What the source holds.
    pub analysis: Analysis,
    /// Statements that were executed.
    pub executed: LineSet,
    /// Statements that were not.
    pub missing: LineSet,
    /// Possible arcs from branch lines that were taken, ascending; empty without branch data.
    pub executed_branches: Vec<Arc>,
    /// Possible arcs from branch lines that were not taken and count, ascending.
    pub missing_branches: Vec<Arc>,
    /// Every line with more than one exit, ascending.
    pub branch_lines: Vec<BranchLine>,
    /// By line as recorded (not mapped to first lines), the indices of its contexts in [`Report::contexts`], ascending;
    /// the lines in the order in which coverage.py's JSON report gives them. Empty unless contexts were asked for.
    pub line_contexts: Vec<(u32, Vec<u32>)>,
    /// The functions, and the lines outside any.
    pub functions: Regions,
    /// The classes, and the lines outside any.
    pub classes: Regions,
    /// Its counts.
    pub numbers: Numbers,
}

/// The regions of one kind in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions {
    /// Each of them, ascending by the line of its start.
    pub each: Vec<RegionReport>,
    /// Everything outside them; has no name.
    pub outside: RegionReport,
}

/// A function or class, or what lies outside all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegionReport {
    /// Function or class; `None` for the lines outside.
    pub kind: Option<RegionKind>,
    /// The qualified name, not necessarily unique.
    pub name: String,
    /// The line of its start.
    pub start: u32,
    /// First and last of its own lines, if it has any.
    pub lines: Option<(u32, u32)>,
    /// Its executed statements, ascending.
    pub executed: Vec<u32>,
    /// Its statements that were not executed, ascending.
    pub missing: Vec<u32>,
    /// Its excluded lines, ascending.
    pub excluded: Vec<u32>,
    /// Possible arcs from its branch lines that were taken, ascending.
    pub executed_branches: Vec<Arc>,
    /// Possible arcs from its branch lines that were not taken and count, ascending.
    pub missing_branches: Vec<Arc>,
    /// Its counts.
    pub numbers: Numbers,
}

/// A line from which the flow can go several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchLine {
    /// The line.
    pub line: u32,
    /// Possible exits.
    pub total: u32,
    /// Exits that are not missing.
    pub taken: u32,
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

impl FileReport {
    /// What taking an arc means: "jump to line 7", "return from function 'f'".
    pub fn arc_description(&self, arc: Arc) -> String {
        let notes = &self.analysis.notes;
        let action = notes
            .get(notes.partition_point(|&(other, _)| other < arc))
            .filter(|&&(other, _)| other == arc)
            .and_then(|(_, note)| note.action.as_deref());
        match action {
            Some(action) => action.replace("{lineno}", &arc.1.to_string()),
            None if arc.1 < 0 => "jump to the function exit".to_owned(),
            None => format!("jump to line {}", arc.1),
        }
    }
}
