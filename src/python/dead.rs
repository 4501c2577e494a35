//! Which code objects outlive the unreachable statements that define them.
//!
//! CPython drops unreachable instructions, but not every constant they used: 3.11 cuts unused constants off the end of the
//! table only, and all keep the first one. A function, class, lambda or comprehension is a constant, so its lines can be in
//! the line tables although nothing ever makes it.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::PythonVersion;
use super::const_table::ConstTable;
use super::source::docstring;

/// A definition that makes a code object.
#[derive(Clone, Copy)]
pub(super) enum Definition<'a> {
    /// A function or class.
    Stmt(&'a Stmt),
    /// A lambda, comprehension or generator expression.
    Expr(&'a Expr),
}

/// The scope whose constants are in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// A module's.
    Module,
    /// A class body's.
    Class,
    /// A function's.
    Function,
}

/// What is unreachable in a scope.
#[derive(Default)]
pub(super) struct Dead {
    /// Statements and tests.
    pub(super) ranges: Vec<TextRange>,
    /// Where the `with` statements start whose body never reaches its end.
    pub(super) with_ends: Vec<TextSize>,
}

impl Dead {
    /// Whether something lies in an unreachable place.
    pub(super) fn holds(&self, range: TextRange) -> bool {
        self.ranges.iter().any(|dead| dead.contains_range(range))
    }
}

/// A scope whose unreachable parts are known.
#[derive(Clone, Copy)]
pub(super) struct Unit<'a> {
    /// Its statements.
    pub(super) body: &'a [Stmt],
    /// Its kind.
    pub(super) table: Table,
    /// Whether its end is reached, where it returns `None`.
    pub(super) completes: bool,
    /// Whether the file says `from __future__ import annotations`.
    pub(super) future_annotations: bool,
    /// The file.
    pub(super) text: &'a str,
}

/// The definitions in unreachable places of a scope whose code objects are kept.
pub(super) fn surviving<'a>(unit: Unit<'a>, dead: &Dead, version: PythonVersion) -> Vec<Definition<'a>> {
    let mut constants = ConstTable::new(unit, dead, version);
    let doc = docstring(unit.body);
    match (unit.table, doc) {
        (Table::Function, None) if version < PythonVersion::V3_14 => constants.add("None", false),
        (Table::Function | Table::Module, None) => {}
        (Table::Class, None) => constants.add("the class's own name", true),
        (table, Some(doc)) => {
            if table == Table::Class {
                constants.add("the class's own name", true);
            }
            constants.add(&unit.text[doc.range()], table != Table::Function);
        }
    }
    constants.statements(&unit.body[usize::from(doc.is_some())..]);
    constants.add("None", unit.completes);
    constants.surviving()
}
