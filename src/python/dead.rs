//! Which code objects outlive the unreachable statements that define them.
//!
//! CPython drops unreachable instructions, but not every constant they used: 3.11 cuts unused constants off the end of the
//! table only, and all keep the first one. A function, class, lambda or comprehension is a constant, so its lines can be in
//! the line tables although nothing ever makes it.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Parameters, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::PythonVersion;
use super::constants::truth;
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

/// The definitions inside the unreachable `dead` ranges of a scope whose code objects are kept. `completes` tells whether the end
/// of the scope is reached, where it returns `None`.
pub(super) fn surviving<'a>(
    body: &'a [Stmt],
    table: Table,
    text: &'a str,
    dead: &'a [TextRange],
    completes: bool,
    version: PythonVersion,
) -> Vec<Definition<'a>> {
    let mut constants = Constants {
        text,
        table,
        dead,
        version,
        numbers: HashMap::new(),
        count: 0,
        last_used: None,
        unused: Vec::new(),
    };
    match (table, docstring(body)) {
        (Table::Function, None) if version < PythonVersion::V3_14 => constants.add("None", false),
        (Table::Class, _) => constants.add("a class's name", true),
        (Table::Module | Table::Function, None) => {}
        (_, Some(doc)) => constants.add(&text[doc.range()], table == Table::Module),
    }
    for stmt in &body[usize::from(docstring(body).is_some())..] {
        constants.visit_stmt(stmt);
    }
    constants.add("None", completes);
    let kept = |number: usize| match version {
        PythonVersion::V3_11 => number == 0 || constants.last_used.is_some_and(|last| number < last),
        _ => number == 0,
    };
    constants.unused.into_iter().filter(|&(number, _)| kept(number)).map(|(_, definition)| definition).collect()
}

/// Numbers the constants of a scope in the order in which they are compiled.
struct Constants<'a> {
    text: &'a str,
    table: Table,
    dead: &'a [TextRange],
    version: PythonVersion,
    numbers: HashMap<String, usize>,
    count: usize,
    /// The highest number that reachable code uses.
    last_used: Option<usize>,
    /// Code objects of unreachable definitions.
    unused: Vec<(usize, Definition<'a>)>,
}

impl<'a> Constants<'a> {
    fn add(&mut self, key: &str, used: bool) {
        let number = *self.numbers.entry(key.to_owned()).or_insert(self.count);
        self.count = self.count.max(number + 1);
        if used {
            self.last_used = self.last_used.max(Some(number));
        }
    }

    fn is_dead(&self, range: TextRange) -> bool {
        self.dead.iter().any(|dead| dead.contains_range(range))
    }

    fn constant(&mut self, key: &str, at: TextRange) {
        self.add(key, !self.is_dead(at));
    }

    fn define(&mut self, definition: Definition<'a>, range: TextRange) {
        let number = self.count;
        self.count += 1;
        if self.is_dead(range) {
            self.unused.push((number, definition));
        } else {
            self.last_used = self.last_used.max(Some(number));
        }
    }

    fn defaults(&mut self, parameters: &'a Parameters) {
        for default in parameters.iter_non_variadic_params().filter_map(|parameter| parameter.default.as_deref()) {
            self.visit_expr(default);
        }
    }

    /// A test that the compiler decides loads nothing, though its constant has a number.
    fn test(&mut self, test: &'a Expr) {
        let truth = truth(test, self.version);
        if truth.can_be_true == truth.can_be_false {
            self.visit_expr(test);
        } else {
            self.add(&self.text[test.range()], false);
        }
    }
}

impl<'a> Visitor<'a> for Constants<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.defaults(&def.parameters);
                self.define(Definition::Stmt(stmt), def.range());
            }
            Stmt::ClassDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.define(Definition::Stmt(stmt), def.range());
                self.constant(&format!("'{}'", def.name), def.range());
                if let Some(arguments) = &def.arguments {
                    self.visit_arguments(arguments);
                }
            }
            // A lone constant is not loaded.
            Stmt::Expr(expr) if expr.value.is_literal_expr() => {}
            Stmt::Return(ret) => match ret.value.as_deref() {
                Some(value) => self.visit_expr(value),
                None => self.constant("None", ret.range()),
            },
            Stmt::Import(import) => {
                self.constant("0", import.range());
                self.constant("None", import.range());
            }
            Stmt::ImportFrom(import) => {
                self.constant(&import.level.to_string(), import.range());
                let names: Vec<&str> = import.names.iter().map(|alias| alias.name.as_str()).collect();
                self.constant(&format!("names {}", names.join(",")), import.range());
            }
            Stmt::If(inner) => {
                self.test(&inner.test);
                self.visit_body(&inner.body);
                for clause in &inner.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.test(test);
                    }
                    self.visit_body(&clause.body);
                }
            }
            Stmt::While(inner) => {
                self.test(&inner.test);
                self.visit_body(&inner.body);
                self.visit_body(&inner.orelse);
            }
            Stmt::AnnAssign(inner) => {
                if let Some(value) = &inner.value {
                    self.visit_expr(value);
                }
                if self.table == Table::Function {
                    return;
                }
                self.visit_expr(&inner.annotation);
                if let Some(name) = inner.target.as_name_expr().filter(|_| inner.simple) {
                    self.constant(&format!("'{}'", name.id), inner.range());
                }
            }
            Stmt::Try(inner) => {
                self.visit_body(&inner.body);
                self.visit_body(&inner.orelse);
                for handler in &inner.handlers {
                    self.visit_except_handler(handler);
                }
                // Compiled twice: for the normal way and for exceptions.
                self.visit_body(&inner.finalbody);
                self.visit_body(&inner.finalbody);
            }
            Stmt::With(inner) => {
                walk_stmt(self, stmt);
                self.constant("None", inner.range());
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.defaults(parameters);
                }
                self.define(Definition::Expr(expr), expr.range());
            }
            Expr::Generator(inner) => {
                self.define(Definition::Expr(expr), expr.range());
                if let Some(first) = inner.generators.first() {
                    self.visit_expr(&first.iter);
                }
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) if self.version == PythonVersion::V3_11 => {
                self.define(Definition::Expr(expr), expr.range());
                let generators = match expr {
                    Expr::ListComp(inner) => &inner.generators,
                    Expr::SetComp(inner) => &inner.generators,
                    Expr::DictComp(inner) => &inner.generators,
                    _ => return,
                };
                if let Some(first) = generators.first() {
                    self.visit_expr(&first.iter);
                }
            }
            Expr::Tuple(tuple) if tuple.ctx.is_load() && tuple.elts.iter().all(Expr::is_literal_expr) => {
                self.constant(&self.text[expr.range()], expr.range());
            }
            Expr::Call(call) => {
                walk_expr(self, expr);
                let names: Vec<&str> =
                    call.arguments.keywords.iter().filter_map(|keyword| keyword.arg.as_deref()).collect();
                if !names.is_empty() {
                    self.constant(&format!("keywords {}", names.join(",")), expr.range());
                }
            }
            literal if literal.is_literal_expr() => self.constant(&self.text[literal.range()], literal.range()),
            other => walk_expr(self, other),
        }
    }
}
