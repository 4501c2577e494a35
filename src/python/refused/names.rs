//! What `global` and `nonlocal` say of names that a scope uses otherwise.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{Alias, ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt};
use ruff_text_size::{Ranged, TextSize};

/// The names that a scope binds and uses, up to a place in it.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Statements from here on are left out.
    end: Option<TextSize>,
    pub(super) bound: HashSet<&'a str>,
    pub(super) used: HashSet<&'a str>,
    pub(super) annotated: HashSet<&'a str>,
    pub(super) imported: HashSet<&'a str>,
    pub(super) global: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    /// The names of a scope's statements, nested scopes left out; those before `end` only, if there is one.
    pub(super) fn of(body: &'a [Stmt], end: Option<TextSize>) -> Self {
        let mut names = Self { end, ..Self::default() };
        names.visit_body(body);
        names
    }

    /// Why a name cannot be declared `global` or `nonlocal` any more.
    pub(super) fn conflict(&self, name: &str, what: &str) -> Option<String> {
        if self.used.contains(name) {
            Some(format!("name '{name}' is used prior to {what} declaration"))
        } else if self.annotated.contains(name) {
            Some(format!("annotated name '{name}' can't be {what}"))
        } else if self.bound.contains(name) {
            Some(format!("name '{name}' is assigned to before {what} declaration"))
        } else {
            None
        }
    }

    fn defaults(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
    }
}

/// The names of parameters, in the order of the symbol table.
pub(super) fn parameters(parameters: &Parameters) -> impl Iterator<Item = &ruff_python_ast::Parameter> {
    let plain = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
    plain.map(|p| &p.parameter).chain(parameters.vararg.as_deref()).chain(parameters.kwarg.as_deref())
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.end.is_some_and(|end| stmt.start() >= end) {
            return;
        }
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bound.insert(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.defaults(&def.parameters);
            }
            Stmt::ClassDef(def) => {
                self.bound.insert(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                if let Some(arguments) = &def.arguments {
                    self.visit_arguments(arguments);
                }
            }
            Stmt::AnnAssign(inner) => {
                if let Some(name) = inner.target.as_name_expr().filter(|_| inner.simple) {
                    self.annotated.insert(&name.id);
                }
                walk_stmt(self, stmt);
            }
            Stmt::Global(inner) => self.global.extend(inner.names.iter().map(|name| name.as_str())),
            other => walk_stmt(self, other),
        }
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
        self.imported.insert(name.split('.').next().unwrap_or(name));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        self.bound.extend(inner.name.as_ref().map(|name| name.as_str()));
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        self.bound.extend(name.map(|name| name.as_str()));
        walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let first = match expr {
            Expr::Name(name) => {
                let names = if name.ctx == ExprContext::Load { &mut self.used } else { &mut self.bound };
                names.insert(&name.id);
                return;
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.defaults(parameters);
                }
                return;
            }
            Expr::ListComp(inner) => inner.generators.first(),
            Expr::SetComp(inner) => inner.generators.first(),
            Expr::DictComp(inner) => inner.generators.first(),
            Expr::Generator(inner) => inner.generators.first(),
            other => return walk_expr(self, other),
        };
        if let Some(generator) = first {
            self.visit_expr(&generator.iter);
        }
    }
}
