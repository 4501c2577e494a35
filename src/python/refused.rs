//! What the grammar allows and CPython's compiler refuses, as far as statements show it.

use ruff_python_ast::{ExceptHandler, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::SourceError;
use super::source::{Lines, bodies, docstring};
use super::statements::{is_future_import, is_irrefutable};

/// The first statement that CPython would not compile.
pub(super) fn first_error(module: &ModModule, lines: &Lines) -> Option<SourceError> {
    let start = usize::from(docstring(&module.body).is_some());
    let futures = module.body[start..].iter().take_while(|stmt| is_future_import(stmt)).count();
    let (top, rest) = module.body.split_at(start + futures);
    let place = Place::default();
    top.iter()
        .find_map(|stmt| future_import(stmt, lines))
        .or_else(|| rest.iter().find_map(|stmt| place.check(stmt, lines)))
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

/// What is around a statement.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    in_function: bool,
    /// In a function, a class, or a function in either.
    nested: bool,
    in_loop: bool,
}

impl Place {
    fn check(self, stmt: &Stmt, lines: &Lines) -> Option<SourceError> {
        let error = |message: &str| Some(SourceError::new(message, lines.line(stmt.start())));
        match stmt {
            _ if is_future_import(stmt) => error("from __future__ imports must occur at the beginning of the file"),
            Stmt::Return(_) if !self.in_function => error("'return' outside function"),
            Stmt::Break(_) if !self.in_loop => error("'break' outside loop"),
            Stmt::Continue(_) if !self.in_loop => error("'continue' not properly in loop"),
            Stmt::Nonlocal(_) if !self.nested => error("nonlocal declaration not allowed at module level"),
            Stmt::ImportFrom(import) if self.nested && import.names.iter().any(|alias| alias.name.as_str() == "*") => {
                error("import * only allowed at module level")
            }
            Stmt::FunctionDef(def) => {
                let inside = Self { in_function: true, nested: true, in_loop: false };
                inside.check_all(&def.body, lines)
            }
            Stmt::ClassDef(def) => {
                let inside = Self { in_function: false, nested: true, in_loop: false };
                inside.check_all(&def.body, lines)
            }
            Stmt::For(inner) => self.check_loop(&inner.body, &inner.orelse, lines),
            Stmt::While(inner) => self.check_loop(&inner.body, &inner.orelse, lines),
            Stmt::Try(inner) => {
                let bare = |handler: &ExceptHandler| handler.as_except_handler().is_some_and(|h| h.type_.is_none());
                if inner.handlers.iter().rev().skip(1).any(bare) {
                    return error("default 'except:' must be last");
                }
                self.check_bodies(stmt, lines)
            }
            Stmt::Match(inner) => {
                let total = |case: &&ruff_python_ast::MatchCase| case.guard.is_none() && is_irrefutable(&case.pattern);
                match inner.cases.iter().rev().skip(1).find(total) {
                    Some(case) => Some(SourceError::new(
                        "a pattern that matches everything makes remaining patterns unreachable",
                        lines.line(case.pattern.start()),
                    )),
                    None => self.check_bodies(stmt, lines),
                }
            }
            other => self.check_bodies(other, lines),
        }
    }

    fn check_all(self, body: &[Stmt], lines: &Lines) -> Option<SourceError> {
        body.iter().find_map(|stmt| self.check(stmt, lines))
    }

    fn check_bodies(self, stmt: &Stmt, lines: &Lines) -> Option<SourceError> {
        bodies(stmt).into_iter().find_map(|body| self.check_all(body, lines))
    }

    fn check_loop(self, body: &[Stmt], orelse: &[Stmt], lines: &Lines) -> Option<SourceError> {
        let inside = Self { in_loop: true, ..self };
        inside.check_all(body, lines).or_else(|| self.check_all(orelse, lines))
    }
}
