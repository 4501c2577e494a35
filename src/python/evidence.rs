//! Which Python measured a file, as far as the measurement proves it.
//!
//! A bare annotation directly in a class body (`x: int`) is a statement that runs up to 3.13. Since 3.14 it is not: there the line
//! is at most passed when someone asks for the annotations, which goes from annotation to annotation and never to or from another
//! statement of the body. So the arcs between annotations and their neighbours tell the two apart, and so do annotations that were
//! not passed while both their neighbours ran.

use ruff_python_ast::Stmt;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::source::{Lines, bodies};
use super::statements::imports_future_annotations;
use crate::coverage::{FileData, LineSet};

/// What a measurement proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It was made by Python 3.13 or older: the annotation on this line ran.
    UpTo313(u32),
    /// It was made by Python 3.14 or newer: the class body around this line ran, the annotation on it did not.
    From314(u32),
}

/// Looks for evidence in one file: its text as [`super::decode()`] returned it, and what was measured of it. Lines alone can prove
/// 3.14 only. Nothing is proved by what contradicts itself, or by a text that does not parse.
pub fn evidence(text: &str, file: &FileData) -> Option<Evidence> {
    // Parsing is what costs, and most files have no such class.
    if !text.contains("class ") {
        return None;
    }
    let measured = measured_lines(file);
    if !is_promising(text, &measured) {
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
    let mut search = Search { places: &places, measured: &measured, file, old: None, new: None };
    search.statements(&parsed.syntax().body);
    match (search.old, search.new) {
        (Some(line), None) => Some(Evidence::UpTo313(line)),
        (None, Some(line)) => Some(Evidence::From314(line)),
        _ => None,
    }
}

/// All lines that were measured, in whatever way.
fn measured_lines(file: &FileData) -> LineSet {
    let mut lines = LineSet::new();
    for (_, measured) in &file.contexts {
        lines.union_with(&measured.lines);
        let ends = measured.arcs.iter().flat_map(|&(from, to)| [from, to]);
        ends.filter(|&line| line > 0).filter_map(|line| u32::try_from(line).ok()).for_each(|line| lines.insert(line));
    }
    lines
}

/// Whether there is, by the look of it, an annotation that was measured, or that was not while the lines around it were.
fn is_promising(text: &str, measured: &LineSet) -> bool {
    let (mut before, mut passed) = (false, false);
    for (line, number) in text.lines().zip(1u32..) {
        let code = line.trim_ascii();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let ran = measured.contains(number);
        if line.starts_with([' ', '\t']) && looks_bare(code) {
            if ran {
                return true;
            }
            passed = true;
        } else {
            if before && passed && ran {
                return true;
            }
            (before, passed) = (ran, false);
        }
    }
    false
}

/// Whether a line could be a bare annotation: a name, a colon and a type.
fn looks_bare(code: &str) -> bool {
    let name = code.bytes().take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80).count();
    let Some(rest) = code[name..].trim_ascii_start().strip_prefix(':') else { return false };
    name > 0 && !rest.is_empty() && !rest.starts_with('=') && !rest.ends_with([',', ':', '{'])
}

struct Search<'s> {
    places: &'s Lines,
    measured: &'s LineSet,
    file: &'s FileData,
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

    /// Every run of bare annotations with what stands around it.
    fn class(&mut self, body: &[Stmt]) {
        let mut at = 0;
        while at < body.len() {
            let length = body[at..].iter().take_while(|stmt| is_bare(stmt)).count();
            if length > 0 {
                let before = at.checked_sub(1).map(|before| &body[before]);
                self.run(before, &body[at..at + length], body.get(at + length));
            }
            at += length.max(1);
        }
    }

    /// Bare annotations between two statements, each on lines of its own: if both ran, one after the other, so did what stands
    /// between them, if it is a statement at all.
    fn run(&mut self, before: Option<&Stmt>, run: &[Stmt], after: Option<&Stmt>) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let (first, end) = (self.places.line(first.start()), self.places.end(last));
        let last = self.places.line(last.start());
        // What shares a line with its neighbour cannot be told from it.
        let apart = before.is_none_or(|stmt| self.places.end(stmt) < first)
            && after.is_none_or(|stmt| self.places.line(stmt.start()) > end);
        if !apart {
            return;
        }
        let before = before.and_then(|stmt| self.left_at(stmt));
        let after =
            after.filter(|stmt| is_plain(stmt) || is_definition(stmt)).map(|stmt| (self.places.key(stmt), stmt));
        if before.is_some_and(|(line, _)| self.ran_after(line, first)) {
            self.old.get_or_insert(first);
        }
        if after.is_some_and(|(line, _)| self.ran_after(last, line)) {
            self.old.get_or_insert(last);
        }
        let (Some((before, one)), Some((after, two))) = (before, after) else { return };
        // A definition's line may also be measured when it is called.
        let both_ran =
            self.measured.contains(before) && self.measured.contains(after) && (is_plain(one) || is_plain(two));
        let passed = both_ran && !(first..=end).any(|line| self.measured.contains(line));
        if passed || self.ran_after(before, after) {
            self.new.get_or_insert(first);
        }
    }

    /// The line on which a statement ends its work, where that is certain: not over several lines, of which it can be any.
    fn left_at<'s>(&self, stmt: &'s Stmt) -> Option<(u32, &'s Stmt)> {
        let line = self.places.of(stmt);
        let certain = match stmt {
            Stmt::FunctionDef(def) => def.decorator_list.is_empty(),
            Stmt::ClassDef(def) => def.decorator_list.is_empty(),
            other => is_plain(other) && self.places.end(other) == line,
        };
        certain.then_some((line, stmt))
    }

    /// Whether one line ran directly after another.
    fn ran_after(&self, one: u32, two: u32) -> bool {
        let (Ok(one), Ok(two)) = (i32::try_from(one), i32::try_from(two)) else { return false };
        self.file.contexts.iter().any(|(_, measured)| measured.arcs.binary_search(&(one, two)).is_ok())
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

fn is_definition(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{Arc, Measured};

    const SOURCE: &str = "class C:\n    a = 1\n    b: int\n    c = 2\n";

    fn by_lines(text: &str, lines: &[u32]) -> Option<Evidence> {
        let measured = Measured { lines: lines.iter().copied().collect(), ..Measured::default() };
        evidence(text, &FileData { tracer: None, contexts: vec![(0, measured)] })
    }

    fn by_arcs(text: &str, arcs: &[Arc]) -> Option<Evidence> {
        let measured = Measured { arcs: arcs.to_vec(), ..Measured::default() };
        evidence(text, &FileData { tracer: None, contexts: vec![(0, measured)] })
    }

    #[test]
    fn an_annotation_that_ran_is_older_and_one_passed_over_newer() {
        assert_eq!(by_arcs(SOURCE, &[(-1, 1), (1, 2), (2, 3), (3, 4), (4, -1)]), Some(Evidence::UpTo313(3)));
        assert_eq!(by_arcs(SOURCE, &[(-1, 1), (1, 2), (2, 4), (4, -1)]), Some(Evidence::From314(3)));
        assert_eq!(by_lines(SOURCE, &[1, 2, 4]), Some(Evidence::From314(3)));
    }

    #[test]
    fn runs_of_annotations_count_as_one() {
        let text = "class C:\n    def f(self):\n        pass\n    a: int\n    b: int\n\n    @x\n    def g(self):\n        pass\n";
        assert_eq!(by_arcs(text, &[(-1, 1), (2, 4), (4, 5), (5, 7)]), Some(Evidence::UpTo313(4)));
        // 3.14, where someone asked for the annotations.
        assert_eq!(by_arcs(text, &[(-4, 4), (2, 7), (4, 5), (5, -4)]), Some(Evidence::From314(4)));
        // Both definitions may have been called only.
        assert_eq!(by_lines(text, &[2, 7]), None);
    }

    #[test]
    fn what_proves_nothing_is_no_evidence() {
        // The line alone: 3.14 passes it when the annotations are asked for.
        assert_eq!(by_lines(SOURCE, &[1, 2, 3, 4]), None);
        assert_eq!(by_lines(SOURCE, &[1, 2]), None);
        // The data of two Pythons.
        assert_eq!(by_arcs(SOURCE, &[(-1, 1), (1, 2), (2, 3), (2, 4), (3, 4), (4, -1)]), None);
        let future = format!("from __future__ import annotations\n{SOURCE}");
        assert_eq!(by_lines(&future, &[1, 2, 3, 5]), None);
        let shared = "class C:\n    a = 1\n    b: int; d = 3\n    c = 2\n";
        assert_eq!(by_lines(shared, &[1, 2, 4]), None);
        assert_eq!(by_arcs(shared, &[(1, 2), (2, 3), (3, 4)]), None);
        assert_eq!(by_lines("class C:\n    a = (1,\n      2)\n    b: int\n    c = 2\n", &[1, 2, 3, 5]), None);
        assert_eq!(by_lines("class C:\n  a = (\n", &[1]), None);
    }
}
