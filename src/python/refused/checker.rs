//! One walk over the syntax tree that notes the first error of the symbol table and the first of the compiler.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Alias, Arguments, Comprehension, ExceptHandler, Expr, ExprContext, Identifier, MatchCase, ModModule, Parameters,
    Stmt, StmtImportFrom, StmtTry, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextSize};

use super::names::{Names, parameters};
use super::pattern;
use crate::python::source::Lines;
use crate::python::{PythonVersion, SourceError};

/// The deepest that CPython up to 3.12 nests blocks.
const MAX_BLOCKS: usize = 20;

/// The first error behind the leading `futures` statements.
pub(super) fn first_error(
    module: &ModModule,
    futures: usize,
    future_annotations: bool,
    lines: &Lines,
    version: PythonVersion,
) -> Option<SourceError> {
    let mut checker = Checker {
        version,
        future_annotations,
        scopes: vec![Scope::new(Kind::Module, &module.body)],
        iterables: 0,
        names: None,
        bindings: None,
        compiler: None,
    };
    checker.visit_body(&module.body[futures..]);
    let at = |error: Option<(String, TextSize)>| error.map(|(text, at)| SourceError::new(text, lines.line(at)));
    at(checker.names).or(at(checker.bindings)).or(at(checker.compiler))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Class,
    Function {
        asynchronous: bool,
    },
    Lambda,
    /// With its name: "list comprehension".
    Comprehension(&'static str),
    /// An annotation and its like, with its name.
    Annotation(&'static str),
}

/// What is around a statement in its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Loop,
    ExceptStar,
    Other,
}

struct Scope<'a> {
    kind: Kind,
    body: &'a [Stmt],
    parameters: Vec<&'a str>,
    type_parameters: Vec<&'a str>,
    blocks: Vec<Block>,
    /// Names that a comprehension loops over.
    targets: HashSet<&'a str>,
    /// A comprehension that awaits.
    awaits: bool,
    yields: bool,
    /// The first `return` with a value.
    returns: Option<TextSize>,
}

impl<'a> Scope<'a> {
    fn new(kind: Kind, body: &'a [Stmt]) -> Self {
        Self {
            kind,
            body,
            parameters: Vec::new(),
            type_parameters: Vec::new(),
            blocks: Vec::new(),
            targets: HashSet::new(),
            awaits: false,
            yields: false,
            returns: None,
        }
    }
}

struct Checker<'a> {
    version: PythonVersion,
    future_annotations: bool,
    scopes: Vec<Scope<'a>>,
    /// Iterables of comprehensions around the current expression.
    iterables: usize,
    /// The first error in building the symbol table, in resolving it, and in compiling.
    names: Option<(String, TextSize)>,
    bindings: Option<(String, TextSize)>,
    compiler: Option<(String, TextSize)>,
}

impl<'a> Checker<'a> {
    fn name_error(&mut self, message: impl Into<String>, at: TextSize) {
        self.names.get_or_insert_with(|| (message.into(), at));
    }

    fn error(&mut self, message: impl Into<String>, at: TextSize) {
        self.compiler.get_or_insert_with(|| (message.into(), at));
    }

    fn kind(&self) -> Kind {
        self.scopes.last().map_or(Kind::Module, |scope| scope.kind)
    }

    fn blocks(&self) -> &[Block] {
        self.scopes.last().map_or(&[], |scope| &scope.blocks)
    }

    fn in_scope(&mut self, scope: Scope<'a>, visit: impl FnOnce(&mut Self)) -> Scope<'a> {
        let kind = scope.kind;
        self.scopes.push(scope);
        visit(self);
        // What was pushed is there: nothing else takes scopes away.
        self.scopes.pop().unwrap_or_else(|| Scope::new(kind, &[]))
    }

    fn in_block(&mut self, block: Block, at: TextSize, visit: impl FnOnce(&mut Self)) {
        if self.version <= PythonVersion::V3_12 && self.blocks().len() >= MAX_BLOCKS {
            self.error("too many statically nested blocks", at);
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.blocks.push(block);
        }
        visit(self);
        if let Some(scope) = self.scopes.last_mut() {
            scope.blocks.pop();
        }
    }

    /// `__debug__` is no name to bind.
    fn bind(&mut self, name: &Identifier) {
        if name.as_str() == "__debug__" {
            self.error("cannot assign to __debug__", name.start());
        }
    }

    fn yields(&mut self, from: bool, at: TextSize) {
        let word = if from { "yield from" } else { "yield" };
        match self.kind() {
            Kind::Comprehension(name) => self.name_error(format!("'yield' inside {name}"), at),
            Kind::Annotation(name) => self.name_error(format!("yield expression cannot be used within {name}"), at),
            Kind::Module | Kind::Class => {
                let word = if self.version >= PythonVersion::V3_13 { word } else { "yield" };
                self.error(format!("'{word}' outside function"), at);
            }
            Kind::Function { asynchronous: true } if from => self.error("'yield from' inside async function", at),
            Kind::Function { .. } | Kind::Lambda => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.yields = true;
                }
            }
        }
    }

    fn awaits(&mut self, at: TextSize) {
        match self.kind() {
            Kind::Annotation(name) => self.name_error(format!("await expression cannot be used within {name}"), at),
            Kind::Module | Kind::Class => self.error("'await' outside function", at),
            Kind::Function { asynchronous: true } => {}
            Kind::Function { .. } | Kind::Lambda => self.error("'await' outside async function", at),
            Kind::Comprehension(_) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.awaits = true;
                }
            }
        }
    }

    /// `:=` in a comprehension binds in the function or module around it.
    fn named(&mut self, name: &str, at: TextSize) {
        if self.iterables > 0 {
            return self.name_error("assignment expression cannot be used in a comprehension iterable expression", at);
        }
        if let Kind::Annotation(kind) = self.kind() {
            return self.name_error(format!("named expression cannot be used within {kind}"), at);
        }
        for (depth, scope) in self.scopes.iter().rev().enumerate() {
            match scope.kind {
                Kind::Comprehension(_) if scope.targets.contains(name) => {
                    let message =
                        format!("assignment expression cannot rebind comprehension iteration variable '{name}'");
                    return self.name_error(message, at);
                }
                Kind::Comprehension(_) => {}
                Kind::Class if depth > 0 => {
                    let message = "assignment expression within a comprehension cannot be used in a class body";
                    return self.name_error(message, at);
                }
                _ => return,
            }
        }
    }

    fn annotation(&mut self, annotation: &'a Expr) {
        if self.version >= PythonVersion::V3_14 || self.future_annotations {
            self.in_scope(Scope::new(Kind::Annotation("an annotation"), &[]), |this| this.visit_expr(annotation));
        } else {
            self.visit_expr(annotation);
        }
    }

    fn parameters_of(&mut self, list: &'a Parameters) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for parameter in parameters(list) {
            self.bind(&parameter.name);
            if names.contains(&parameter.name.as_str()) {
                let message = format!("duplicate argument '{}' in function definition", parameter.name);
                self.name_error(message, parameter.start());
            }
            names.push(&parameter.name);
        }
        for parameter in list.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
        names
    }

    /// Type parameters; their names.
    fn type_parameters(&mut self, list: Option<&'a TypeParams>) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        let mut default_before = false;
        for param in list.into_iter().flat_map(|list| &list.type_params) {
            let (name, bound, default, words) = match param {
                TypeParam::TypeVar(var) => (
                    &var.name,
                    var.bound.as_deref(),
                    var.default.as_deref(),
                    if matches!(var.bound.as_deref(), Some(Expr::Tuple(_))) {
                        "a TypeVar constraint"
                    } else {
                        "a TypeVar bound"
                    },
                ),
                TypeParam::ParamSpec(var) => (&var.name, None, var.default.as_deref(), ""),
                TypeParam::TypeVarTuple(var) => (&var.name, None, var.default.as_deref(), ""),
            };
            if names.contains(&name.as_str()) {
                self.name_error(format!("duplicate type parameter '{name}'"), param.start());
            }
            if default.is_none() && default_before {
                let message = format!("non-default type parameter '{name}' follows default type parameter");
                self.name_error(message, param.start());
            }
            default_before |= default.is_some();
            names.push(name);
            let default_words = match param {
                TypeParam::TypeVar(_) => "a TypeVar default",
                TypeParam::ParamSpec(_) => "a ParamSpec default",
                TypeParam::TypeVarTuple(_) => "a TypeVarTuple default",
            };
            for (expr, words) in [(bound, words), (default, default_words)] {
                if let Some(expr) = expr {
                    self.in_scope(Scope::new(Kind::Annotation(words), &[]), |this| this.visit_expr(expr));
                }
            }
        }
        names
    }

    fn arguments(&mut self, arguments: &'a Arguments) {
        let mut seen: Vec<&str> = Vec::new();
        for keyword in &arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            self.bind(name);
            if seen.contains(&name.as_str()) {
                self.error(format!("keyword argument repeated: {name}"), keyword.start());
            }
            seen.push(name);
        }
        self.visit_arguments(arguments);
    }

    fn comprehension(
        &mut self,
        name: &'static str,
        at: TextSize,
        generators: &'a [Comprehension],
        elements: &[&'a Expr],
    ) {
        if let Some(first) = generators.first() {
            self.iterable(&first.iter);
        }
        let mut scope = Scope::new(Kind::Comprehension(name), &[]);
        scope.awaits = generators.iter().any(|generator| generator.is_async);
        for generator in generators {
            let mut names = Names::default();
            names.visit_expr(&generator.target);
            scope.targets.extend(names.bound);
        }
        let scope = self.in_scope(scope, |this| {
            for (index, generator) in generators.iter().enumerate() {
                this.visit_expr(&generator.target);
                if index > 0 {
                    this.iterable(&generator.iter);
                }
                for test in &generator.ifs {
                    this.visit_expr(test);
                }
            }
            for element in elements {
                this.visit_expr(element);
            }
        });
        if !scope.awaits || name == "generator expression" {
            return;
        }
        match self.kind() {
            Kind::Function { asynchronous: true } => {}
            Kind::Comprehension(_) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.awaits = true;
                }
            }
            Kind::Annotation(_) => {}
            _ => self.error("asynchronous comprehension outside of an asynchronous function", at),
        }
    }

    fn iterable(&mut self, iter: &'a Expr) {
        self.iterables += 1;
        self.visit_expr(iter);
        self.iterables -= 1;
    }

    /// `global` and `nonlocal`.
    fn declare(&mut self, names: &[Identifier], what: &'static str, at: TextSize) {
        let Some((scope, around)) = self.scopes.split_last() else { return };
        if what == "nonlocal" && scope.kind == Kind::Module {
            return self.name_error("nonlocal declaration not allowed at module level", at);
        }
        let before = Names::of(scope.body, Some(at));
        let (mut wrong, mut unbound) = (None, None);
        for name in names {
            let name = name.as_str();
            if scope.parameters.contains(&name) {
                wrong = Some(format!("name '{name}' is parameter and {what}"));
                break;
            }
            if let Some(conflict) = before.conflict(name, what) {
                wrong = Some(conflict);
                break;
            }
            if what == "nonlocal" {
                unbound = unbound.or_else(|| unresolved(name, scope, around, self.version));
            }
        }
        if let Some(message) = wrong {
            self.name_error(message, at);
        }
        if let Some(message) = unbound {
            let both = message.ends_with("global").then(|| first_global(self.scopes.last(), at)).flatten();
            self.bindings.get_or_insert((message, both.unwrap_or(at)));
        }
    }

    fn starred(&mut self, expr: &Expr) {
        if expr.is_starred_expr() {
            self.error("can't use starred expression here", expr.start());
        }
    }

    fn lone_target(&mut self, target: &Expr) {
        if target.is_starred_expr() {
            self.error("starred assignment target must be in a list or tuple", target.start());
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom, at: TextSize) {
        let level = if self.version >= PythonVersion::V3_13 { import.level } else { 0 };
        if level == 0 && import.module.as_ref().is_some_and(|module| module.as_str() == "__future__") {
            self.error("from __future__ imports must occur at the beginning of the file", at);
        }
        if self.kind() != Kind::Module && import.names.iter().any(|alias| alias.name.as_str() == "*") {
            self.name_error("import * only allowed at module level", at);
        }
    }

    fn try_(&mut self, stmt: &'a StmtTry) {
        let at = stmt.start();
        if let [handlers @ .., _] = &stmt.handlers[..]
            && let Some(bare) =
                handlers.iter().find(|handler| handler.as_except_handler().is_some_and(|inner| inner.type_.is_none()))
        {
            self.error("default 'except:' must be last", bare.start());
        }
        let guarded = |this: &mut Self| {
            if stmt.handlers.is_empty() {
                this.visit_body(&stmt.body);
            } else {
                this.in_block(Block::Other, at, |this| this.visit_body(&stmt.body));
            }
            if !stmt.is_star {
                this.visit_body(&stmt.orelse);
            }
            let block = if stmt.is_star { Block::ExceptStar } else { Block::Other };
            if !stmt.handlers.is_empty() {
                this.in_block(block, at, |this| {
                    for handler in &stmt.handlers {
                        this.visit_except_handler(handler);
                    }
                });
            }
            if stmt.is_star {
                this.visit_body(&stmt.orelse);
            }
        };
        if stmt.finalbody.is_empty() {
            guarded(self);
        } else {
            self.in_block(Block::Other, at, guarded);
            self.in_block(Block::Other, at, |this| this.visit_body(&stmt.finalbody));
        }
    }

    fn leave_loop(&mut self, outside: &'static str, at: TextSize) {
        match self.blocks().iter().rev().find(|block| **block != Block::Other) {
            Some(Block::Loop) => {}
            Some(_) => self.error(EXCEPT_STAR, at),
            None => self.error(outside, at),
        }
    }
}

const EXCEPT_STAR: &str = "'break', 'continue' and 'return' cannot appear in an except* block";

/// Why a `nonlocal` name refers to nothing, if so.
fn unresolved(name: &str, scope: &Scope, around: &[Scope], version: PythonVersion) -> Option<String> {
    if Names::of(scope.body, None).global.contains(name) {
        return Some(format!("name '{name}' is nonlocal and global"));
    }
    for outer in around.iter().rev() {
        if outer.type_parameters.contains(&name) || scope.type_parameters.contains(&name) {
            return Some(format!("nonlocal binding not allowed for type parameter '{name}'"));
        }
        let names = match outer.kind {
            Kind::Class if name == "__class__" || (name == "__classdict__" && version >= PythonVersion::V3_12) => {
                return None;
            }
            Kind::Function { .. } => Names::of(outer.body, None),
            _ => continue,
        };
        let bound = names.bound.contains(name) || names.imported.contains(name) || names.annotated.contains(name);
        if outer.parameters.contains(&name) || (bound && !names.global.contains(name)) {
            return None;
        }
    }
    Some(format!("no binding for nonlocal '{name}' found"))
}

/// The first `global` of a scope, which stands before `other` if the names of both are the same.
fn first_global(scope: Option<&Scope>, other: TextSize) -> Option<TextSize> {
    scope?.body.iter().find(|stmt| stmt.is_global_stmt()).map(|stmt| stmt.start().min(other))
}

impl<'a> Visitor<'a> for Checker<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let at = stmt.start();
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bind(&def.name);
                let names = self.parameters_of(&def.parameters);
                let mut scope = Scope::new(Kind::Function { asynchronous: def.is_async }, &def.body);
                scope.type_parameters = self.type_parameters(def.type_params.as_deref());
                parameters(&def.parameters)
                    .filter_map(|parameter| parameter.annotation.as_deref())
                    .chain(def.returns.as_deref())
                    .for_each(|annotation| self.annotation(annotation));
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                scope.parameters = names;
                let scope = self.in_scope(scope, |this| this.visit_body(&def.body));
                if let Some(at) = scope.returns.filter(|_| def.is_async && scope.yields) {
                    self.error("'return' with value in async generator", at);
                }
            }
            Stmt::ClassDef(def) => {
                self.bind(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                let names = self.type_parameters(def.type_params.as_deref());
                if let Some(arguments) = &def.arguments {
                    if def.type_params.is_some() {
                        let around = Scope::new(Kind::Annotation("the definition of a generic"), &[]);
                        self.in_scope(around, |this| this.arguments(arguments));
                    } else {
                        self.arguments(arguments);
                    }
                }
                let mut scope = Scope::new(Kind::Class, &def.body);
                scope.type_parameters = names;
                self.in_scope(scope, |this| this.visit_body(&def.body));
            }
            Stmt::Return(ret) => {
                if !matches!(self.kind(), Kind::Function { .. }) {
                    self.error("'return' outside function", at);
                }
                if self.blocks().contains(&Block::ExceptStar) {
                    self.error(EXCEPT_STAR, at);
                }
                if let Some(value) = &ret.value {
                    self.starred(value);
                    self.visit_expr(value);
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.returns.get_or_insert(at);
                    }
                }
            }
            Stmt::Break(_) => self.leave_loop("'break' outside loop", at),
            Stmt::Continue(_) => self.leave_loop("'continue' not properly in loop", at),
            Stmt::Global(inner) => self.declare(&inner.names, "global", at),
            Stmt::Nonlocal(inner) => self.declare(&inner.names, "nonlocal", at),
            Stmt::ImportFrom(import) => {
                self.import_from(import, at);
                walk_stmt(self, stmt);
            }
            Stmt::Expr(inner) => {
                self.starred(&inner.value);
                self.visit_expr(&inner.value);
            }
            Stmt::Assign(inner) => {
                self.starred(&inner.value);
                for target in &inner.targets {
                    self.lone_target(target);
                }
                walk_stmt(self, stmt);
            }
            Stmt::AnnAssign(inner) => {
                if let Some(name) = inner.target.as_name_expr().filter(|_| inner.simple)
                    && self.scopes.len() > 1
                    && let Some(scope) = self.scopes.last()
                    && Names::of(scope.body, Some(at)).global.contains(name.id.as_str())
                {
                    self.name_error(format!("annotated name '{}' can't be global", name.id), at);
                }
                self.visit_expr(&inner.target);
                self.annotation(&inner.annotation);
                if let Some(value) = &inner.value {
                    self.visit_expr(value);
                }
            }
            Stmt::TypeAlias(inner) => {
                self.type_parameters(inner.type_params.as_deref());
                let scope = Scope::new(Kind::Annotation("a type alias"), &[]);
                self.in_scope(scope, |this| this.visit_expr(&inner.value));
            }
            Stmt::For(inner) => {
                self.lone_target(&inner.target);
                if inner.is_async && self.kind() != (Kind::Function { asynchronous: true }) {
                    self.error("'async for' outside async function", at);
                }
                self.visit_expr(&inner.iter);
                self.visit_expr(&inner.target);
                self.in_block(Block::Loop, at, |this| this.visit_body(&inner.body));
                self.visit_body(&inner.orelse);
            }
            Stmt::While(inner) => {
                self.visit_expr(&inner.test);
                self.in_block(Block::Loop, at, |this| this.visit_body(&inner.body));
                self.visit_body(&inner.orelse);
            }
            Stmt::With(inner) => {
                if inner.is_async && self.kind() != (Kind::Function { asynchronous: true }) {
                    self.error("'async with' outside async function", at);
                }
                for item in &inner.items {
                    self.visit_with_item(item);
                }
                self.in_block(Block::Other, at, |this| this.visit_body(&inner.body));
            }
            Stmt::Try(inner) => self.try_(inner),
            Stmt::Match(inner) => {
                self.visit_expr(&inner.subject);
                let last = inner.cases.len().saturating_sub(1);
                for (index, MatchCase { pattern, guard, body, .. }) in inner.cases.iter().enumerate() {
                    if let Err((message, at)) = pattern::check(pattern, guard.is_some() || index == last) {
                        self.error(message, at);
                    }
                    self.visit_pattern(pattern);
                    if let Some(guard) = guard {
                        self.visit_expr(guard);
                    }
                    self.visit_body(body);
                }
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if inner.name.as_ref().is_some_and(|name| name.as_str() == "__debug__") {
            self.error("cannot assign to __debug__", handler.start());
        }
        if let Some(test) = &inner.type_ {
            self.visit_expr(test);
        }
        self.visit_body(&inner.body);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        self.bind(alias.asname.as_ref().unwrap_or(&alias.name));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let at = expr.start();
        match expr {
            Expr::Name(name) => match name.ctx {
                ExprContext::Store if name.id == "__debug__" => self.error("cannot assign to __debug__", at),
                ExprContext::Del if name.id == "__debug__" => self.error("cannot delete __debug__", at),
                _ => {}
            },
            Expr::Attribute(inner) => {
                self.visit_expr(&inner.value);
                match inner.ctx {
                    ExprContext::Store if inner.attr.as_str() == "__debug__" => {
                        self.error("cannot assign to __debug__", at);
                    }
                    ExprContext::Del if inner.attr.as_str() == "__debug__" && self.version >= PythonVersion::V3_14 => {
                        self.error("cannot delete __debug__", at);
                    }
                    _ => {}
                }
            }
            Expr::Lambda(lambda) => {
                let mut scope = Scope::new(Kind::Lambda, &[]);
                if let Some(list) = &lambda.parameters {
                    scope.parameters = self.parameters_of(list);
                }
                self.in_scope(scope, |this| this.visit_expr(&lambda.body));
            }
            Expr::ListComp(inner) => {
                self.comprehension("list comprehension", at, &inner.generators, &[&inner.elt]);
            }
            Expr::SetComp(inner) => self.comprehension("set comprehension", at, &inner.generators, &[&inner.elt]),
            Expr::DictComp(inner) => {
                let elements: Vec<&Expr> = inner.key.as_deref().into_iter().chain([&*inner.value]).collect();
                self.comprehension("dict comprehension", at, &inner.generators, &elements);
            }
            Expr::Generator(inner) => {
                self.comprehension("generator expression", at, &inner.generators, &[&inner.elt]);
            }
            Expr::Yield(inner) => {
                self.yields(false, at);
                if let Some(value) = &inner.value {
                    self.visit_expr(value);
                }
            }
            Expr::YieldFrom(inner) => {
                self.yields(true, at);
                self.visit_expr(&inner.value);
            }
            Expr::Await(inner) => {
                self.awaits(at);
                self.visit_expr(&inner.value);
            }
            Expr::Named(inner) => {
                if let Some(name) = inner.target.as_name_expr() {
                    self.named(&name.id, at);
                }
                walk_expr(self, expr);
            }
            Expr::Call(call) => {
                self.visit_expr(&call.func);
                self.arguments(&call.arguments);
            }
            Expr::Tuple(tuple) if tuple.ctx == ExprContext::Store => self.targets(&tuple.elts, expr),
            Expr::List(list) if list.ctx == ExprContext::Store => self.targets(&list.elts, expr),
            other => walk_expr(self, other),
        }
    }
}

impl<'a> Checker<'a> {
    fn targets(&mut self, targets: &'a [Expr], whole: &'a Expr) {
        if targets.iter().filter(|target| target.is_starred_expr()).count() > 1 {
            self.error("multiple starred expressions in assignment", whole.start());
        }
        walk_expr(self, whole);
    }
}
