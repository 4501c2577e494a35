//! Which Python measured a file, as far as the measurement proves it.
//!
//! A bare annotation directly in a class body (`x: int`) is a statement that runs up to 3.13. Since 3.14 it is not: there the line
//! is at most passed when someone asks for the annotations, which goes from annotation to annotation and never to or from another
//! statement of the body.

use ruff_python_ast::Stmt;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::source::{Lines, bodies};
use super::statements::imports_future_annotations;
use crate::coverage::{Arc, LineSet};

/// What a measurement proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It was made by Python 3.13 or older: the annotation on this line ran.
    UpTo313(u32),
    /// It was made by Python 3.14 or newer: the class body around this line ran, the annotation on it did not.
    From314(u32),
}

/// Looks for evidence in one file: its text as [`super::decode()`] returned it, the lines and the arcs that were measured. Lines
/// alone can prove 3.14 only. Nothing is proved by what contradicts itself, or by a text that does not parse.
pub fn evidence(text: &str, lines: &LineSet, arcs: &[Arc]) -> Option<Evidence> {
    // Most files have no class: parsing is what costs.
    if !text.contains("class ") {
        return None;
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    if !parsed.errors().is_empty() {
        return None;
    }
    let parsed = parsed.try_into_module()?;
    if imports_future_annotations(&parsed.syntax().body) {
        return None;
    }
    let places = Lines::new(text, parsed.tokens());
    let mut measured = lines.clone();
    let ends = arcs.iter().flat_map(|&(from, to)| [from, to]);
    ends.filter(|&line| line > 0).filter_map(|line| u32::try_from(line).ok()).for_each(|line| measured.insert(line));
    let mut arcs = arcs.to_vec();
    arcs.sort_unstable();
    let mut search = Search { places: &places, measured: &measured, arcs: &arcs, old: None, new: None };
    search.statements(&parsed.syntax().body);
    match (search.old, search.new) {
        (Some(line), None) => Some(Evidence::UpTo313(line)),
        (None, Some(line)) => Some(Evidence::From314(line)),
        _ => None,
    }
}

struct Search<'s> {
    places: &'s Lines,
    measured: &'s LineSet,
    arcs: &'s [Arc],
    old: Option<u32>,
    new: Option<u32>,
}

impl Search<'_> {
    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            if let Stmt::ClassDef(class) = stmt {
                self.class(&class.body);
            }
            for nested in bodies(stmt) {
                self.statements(nested);
            }
        }
    }

    /// A bare annotation between two plain statements, each on lines of its own: if both ran, one after the other, so did what
    /// stands between them, if it is a statement at all.
    fn class(&mut self, body: &[Stmt]) {
        for window in body.windows(3) {
            let [before, annotation, after] = window else { continue };
            if !is_bare(annotation) || !is_plain(before) || !is_plain(after) {
                continue;
            }
            let line = |stmt: &Stmt| self.places.line(stmt.start());
            let (first, here, last) = (line(before), line(annotation), line(after));
            let apart = self.places.end(before) < here && self.places.end(annotation) == here && here < last;
            // The measured line of a statement over several lines can be any of them.
            if !apart || self.places.end(before) != first || self.places.end(after) != last {
                continue;
            }
            let signed = |line: u32| i32::try_from(line).unwrap_or(i32::MAX);
            let (first_arc, last_arc) = ((signed(first), signed(here)), (signed(here), signed(last)));
            if self.arcs.binary_search(&first_arc).is_ok() && self.arcs.binary_search(&last_arc).is_ok() {
                self.old.get_or_insert(here);
            } else if self.measured.contains(first) && self.measured.contains(last) && !self.measured.contains(here) {
                self.new.get_or_insert(here);
            }
        }
    }
}

/// `name: annotation`.
fn is_bare(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::AnnAssign(inner) if inner.simple && inner.value.is_none() && inner.target.is_name_expr())
}

/// A statement that is executed whenever its place is reached, and is not part of what 3.14 evaluates for annotations.
fn is_plain(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Assign(_) | Stmt::AugAssign(_) | Stmt::Pass(_) | Stmt::Import(_) | Stmt::ImportFrom(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "class C:\n    a = 1\n    b: int\n    c = 2\n";

    fn lines(lines: &[u32]) -> LineSet {
        lines.iter().copied().collect()
    }

    #[test]
    fn an_annotation_that_ran_is_older_and_one_passed_over_newer() {
        let ran = [(-1, 1), (1, 2), (2, 3), (3, 4), (4, -1)];
        assert_eq!(evidence(SOURCE, &LineSet::new(), &ran), Some(Evidence::UpTo313(3)));
        assert_eq!(evidence(SOURCE, &lines(&[1, 2, 4]), &[]), Some(Evidence::From314(3)));
    }

    #[test]
    fn what_proves_nothing_is_no_evidence() {
        // The line alone: 3.14 passes it when the annotations are asked for.
        assert_eq!(evidence(SOURCE, &lines(&[1, 2, 3, 4]), &[]), None);
        assert_eq!(evidence(SOURCE, &lines(&[1, 2]), &[]), None);
        let future = format!("from __future__ import annotations\n{SOURCE}");
        assert_eq!(evidence(&future, &lines(&[1, 2, 3, 5]), &[]), None);
        assert_eq!(evidence("class C:\n    a = 1\n    b: int; d = 3\n    c = 2\n", &lines(&[1, 2, 4]), &[]), None);
        assert_eq!(evidence("class C:\n  a = (\n", &lines(&[1]), &[]), None);
    }
}
