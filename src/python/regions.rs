//! Functions and classes as regions of lines.

use ruff_python_ast::Stmt;
use ruff_text_size::TextSize;

use super::source::{Lines, bodies};
use super::{Region, RegionKind};
use crate::coverage::LineSet;

/// All functions and classes, by their starts. A function's lines are those of its body without the bodies of functions in it;
/// a class's lines are those of its methods without the methods of classes in it.
pub(super) fn regions(body: &[Stmt], lines: &Lines) -> Vec<Region> {
    let mut finder = Finder { lines, regions: Vec::new(), open: Vec::new() };
    finder.body(body);
    finder.regions.sort_by_key(|region| region.start);
    finder.regions
}

struct Finder<'a> {
    lines: &'a Lines,
    regions: Vec<Region>,
    /// Indices of the regions around the current statement.
    open: Vec<usize>,
}

impl Finder<'_> {
    fn body(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::FunctionDef(def) => self.function(&def.name, def.name.range.start(), &def.body),
                Stmt::ClassDef(def) => self.class(&def.name, def.name.range.start(), &def.body),
                other => {
                    for body in bodies(other) {
                        self.body(body);
                    }
                }
            }
        }
    }

    fn open(&mut self, kind: RegionKind, name: &str, at: TextSize, lines: LineSet) -> usize {
        let name = match self.open.last() {
            Some(&outer) => format!("{}.{name}", self.regions[outer].name),
            None => name.to_owned(),
        };
        let start = self.lines.of_definition(at);
        self.regions.push(Region { kind, name, start, lines });
        self.open.push(self.regions.len() - 1);
        self.regions.len() - 1
    }

    fn function(&mut self, name: &str, at: TextSize, body: &[Stmt]) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else { return };
        let lines: LineSet = (self.lines.of(first)..=self.lines.end(last)).collect();
        if let Some(&outer) = self.open.last()
            && self.regions[outer].kind == RegionKind::Class
        {
            self.regions[outer].lines.union_with(&lines);
        }
        let outer = self.open.iter().rev().find(|&&outer| self.regions[outer].kind == RegionKind::Function);
        if let Some(&outer) = outer {
            self.regions[outer].lines.subtract(&lines);
        }
        self.open(RegionKind::Function, name, at, lines);
        self.body(body);
        self.open.pop();
    }

    fn class(&mut self, name: &str, at: TextSize, body: &[Stmt]) {
        let own = self.open(RegionKind::Class, name, at, LineSet::new());
        self.body(body);
        self.open.pop();
        let outer: Vec<usize> =
            self.open.iter().copied().filter(|&outer| self.regions[outer].kind == RegionKind::Class).collect();
        if !outer.is_empty() {
            let lines = self.regions[own].lines.clone();
            for outer in outer {
                self.regions[outer].lines.subtract(&lines);
            }
        }
    }
}
