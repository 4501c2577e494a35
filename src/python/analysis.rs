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
    /// What to say about the arcs that leave a line with several exits, ascending by arc. An arc may have several notes; their
    /// order is fixed here, in coverage.py it is not.
    pub notes: Vec<(Arc, ArcNote)>,
    /// What measured arcs at `with` statements are replaced by: (arc as measured, arc meant).
    pub with_arcs: Vec<(Arc, Option<Arc>)>,
    /// Functions and classes, ascending by start.
    pub regions: Vec<Region>,
}

impl Analysis {
    /// The first line of the logical line to which a line belongs; also for the negative ends of arcs.
    pub fn first_line(&self, line: i32) -> i32 {
        match self.first_lines.get(line.unsigned_abs() as usize) {
            Some(&first) => i32::try_from(first).map_or(line, |first| first * line.signum()),
            None => line,
        }
    }

    /// The statements that were executed, from measured physical lines.
    pub fn executed_lines(&self, measured: &LineSet) -> LineSet {
        let mut executed: LineSet =
            measured.iter().map(|line| self.first_lines.get(line as usize).copied().unwrap_or(line)).collect();
        executed.intersect_with(&self.statements);
        executed
    }

    /// The statements that were executed, from measured arcs: every end that is a line was.
    pub fn executed_lines_of_arcs(&self, measured: &[Arc]) -> LineSet {
        let lines = measured.iter().flat_map(|&(from, to)| [from, to]);
        let mut lines: LineSet = lines.filter(|&line| line > 0).filter_map(|line| u32::try_from(line).ok()).collect();
        lines.remove(0);
        self.executed_lines(&lines)
    }

    /// The arcs that were taken, ascending, from arcs as measured: between first lines, and past the return to a `with` line.
    /// An arc from a line to itself stands for the only way on from that line, if there is only one.
    pub fn executed_arcs(&self, measured: &[Arc]) -> Vec<Arc> {
        let mut arcs = self.translate(measured.iter().copied());
        arcs.retain_mut(|(from, to)| {
            if from == to {
                let start = self.arcs.partition_point(|arc| arc.0 < *from);
                match &self.arcs[start..] {
                    [only, rest @ ..] if only.0 == *from && rest.first().is_none_or(|next| next.0 != *from) => {
                        *to = only.1;
                    }
                    _ => return false,
                }
            }
            true
        });
        self.translate(arcs.into_iter())
    }

    /// Applies the replacements at `with` statements, then maps to first lines.
    fn translate(&self, arcs: impl Iterator<Item = Arc>) -> Vec<Arc> {
        let mut arcs: Vec<Arc> = arcs
            .filter_map(|arc| super::arcs::fix(&self.with_arcs, arc))
            .map(|(from, to)| (self.first_line(from), self.first_line(to)))
            .collect();
        arcs.sort_unstable();
        arcs.dedup();
        arcs
    }

    /// How many ways lead on from each line, ascending by line; excluded lines neither count nor are counted.
    pub fn exit_counts(&self) -> Vec<(u32, usize)> {
        let excluded = |line: i32| u32::try_from(line).is_ok_and(|line| self.excluded.contains(line));
        let mut counts: Vec<(u32, usize)> = Vec::new();
        for &(from, to) in &self.arcs {
            let Ok(line) = u32::try_from(from) else { continue };
            if excluded(from) || excluded(to) {
                continue;
            }
            match counts.last_mut() {
                Some((last, count)) if *last == line => *count += 1,
                _ => counts.push((line, 1)),
            }
        }
        counts
    }

    /// The possible arcs that were not taken and are not excused, ascending. `executed` is what [`Self::executed_arcs`] gave.
    pub fn missing_arcs(&self, executed: &[Arc]) -> Vec<Arc> {
        let within = |set: &LineSet, line: i32| u32::try_from(line).is_ok_and(|line| set.contains(line));
        let counts = |&(from, to): &Arc| !within(&self.no_branch, from) && !within(&self.excluded, to);
        self.arcs.iter().copied().filter(counts).filter(|arc| executed.binary_search(arc).is_err()).collect()
    }

    /// The notes on an arc; none means coverage.py's default texts.
    pub fn notes_on(&self, arc: Arc) -> impl Iterator<Item = &ArcNote> {
        let start = self.notes.partition_point(|(other, _)| *other < arc);
        self.notes[start..].iter().take_while(move |(other, _)| *other == arc).map(|(_, note)| note)
    }

    /// What taking an arc means: "jump to line 7", "return from function 'f'".
    pub fn arc_description(&self, arc: Arc) -> String {
        action(self.notes_on(arc).next(), arc)
    }

    /// Why an arc was not taken: "line 3 didn't jump to line 7 because the condition on line 3 was always true".
    pub fn missing_arc_description(&self, arc: Arc) -> String {
        let sentence = |note: Option<&ArcNote>| {
            let sentence = format!("line {} didn't {}", arc.0, action(note, arc));
            match note.and_then(|note| note.missing.as_deref()) {
                Some(cause) => format!("{sentence} because {}", cause.replace("{lineno}", &arc.0.to_string())),
                None => sentence,
            }
        };
        let sentences: Vec<String> = self.notes_on(arc).map(|note| sentence(Some(note))).collect();
        if sentences.is_empty() { sentence(None) } else { sentences.join(" or ") }
    }
}

fn action(note: Option<&ArcNote>, (_, to): Arc) -> String {
    match note.and_then(|note| note.action.as_deref()) {
        Some(action) => action.replace("{lineno}", &to.to_string()),
        None if to < 0 => "jump to the function exit".to_owned(),
        None => format!("jump to line {to}"),
    }
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
