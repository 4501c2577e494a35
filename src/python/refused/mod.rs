//! What the grammar allows and CPython's compiler refuses, in CPython's words.
//!
//! CPython looks at the `from __future__` lines first, then at names (the symbol table), then compiles; of each step the first
//! error counts, and an earlier step's goes before a later one's, wherever it stands.

mod checker;
mod names;
mod pattern;

use ruff_python_ast::{ModModule, Stmt};
use ruff_text_size::Ranged;

use super::source::{Lines, docstring};
use super::statements::is_future_import;
use super::{PythonVersion, SourceError};

/// What CPython would say of a module instead of compiling it.
pub(super) fn first_error(module: &ModModule, lines: &Lines, version: PythonVersion) -> Option<SourceError> {
    let start = usize::from(docstring(&module.body).is_some());
    let futures = module.body[start..].iter().take_while(|stmt| is_future_import(stmt)).count();
    let (top, _) = module.body.split_at(start + futures);
    let annotations = |stmt: &Stmt| {
        stmt.as_import_from_stmt()
            .is_some_and(|import| import.names.iter().any(|name| name.name.as_str() == "annotations"))
    };
    top.iter()
        .find_map(|stmt| future_import(stmt, lines))
        .or_else(|| checker::first_error(module, start + futures, top.iter().any(annotations), lines, version))
}

const FEATURES: [&str; 10] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

fn future_import(stmt: &Stmt, lines: &Lines) -> Option<SourceError> {
    let unknown = stmt.as_import_from_stmt()?.names.iter().find(|alias| !FEATURES.contains(&alias.name.as_str()))?;
    let message = match unknown.name.as_str() {
        "braces" => "not a chance".to_owned(),
        name => format!("future feature {name} is not defined"),
    };
    Some(SourceError::new(message, lines.line(stmt.start())))
}
