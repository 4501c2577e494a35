//! Which lines have code: what CPython's line tables hold, derived from the syntax tree.

use ruff_python_ast::{Expr, MatchCase, ModModule, Pattern, Stmt, StmtAnnAssign, StmtIf, StmtMatch, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::PythonVersion;
use super::constants::{constant_key, truth};
use super::dead::{self, Dead, Definition, Table, Unit};
use super::source::{Lines, bodies, docstring};
use crate::coverage::LineSet;

/// The first lines of all logical lines for which CPython compiles code.
pub(super) fn lines_with_code(text: &str, module: &ModModule, lines: &Lines, version: PythonVersion) -> LineSet {
    let mut compiler = Compiler {
        text,
        lines,
        version,
        future_annotations: imports_future_annotations(&module.body),
        code: LineSet::new(),
        scope: Scope::new(Table::Module, false),
    };
    if let Some(first) = module.body.first()
        && holds_annotation(&module.body)
    {
        // The set-up of `__annotations__` is put down to the first statement.
        compiler.code.insert(lines.first(lines.of(first)));
    }
    compiler.scope(Scope::new(Table::Module, false), &module.body);
    compiler.code
}

struct Compiler<'a> {
    text: &'a str,
    lines: &'a Lines,
    version: PythonVersion,
    future_annotations: bool,
    code: LineSet,
    scope: Scope,
}

/// What differs between the code objects of a file.
struct Scope {
    kind: Table,
    /// A function named `__annotate__`, whose own code coverage.py skips.
    muted: bool,
    /// Compound statements around the current one in this scope.
    depth: usize,
    frames: Vec<Frame>,
    dead: Dead,
}

/// What a `break` passes on its way out.
enum Frame {
    Loop { left: bool },
    Finally { completes: bool },
    With,
}

impl Scope {
    fn new(kind: Table, muted: bool) -> Self {
        Self { kind, muted, depth: 0, frames: Vec::new(), dead: Dead::default() }
    }
}

impl Compiler<'_> {
    /// Visits one code object.
    fn scope(&mut self, scope: Scope, body: &[Stmt]) {
        let outer = std::mem::replace(&mut self.scope, scope);
        let own = match docstring(body) {
            Some(_) if self.scope.kind == Table::Function => &body[1..],
            _ => body,
        };
        let completes = self.body(own);
        let dead = std::mem::take(&mut self.scope.dead);
        if !dead.ranges.is_empty() {
            let (table, future_annotations, text) = (self.scope.kind, self.future_annotations, self.text);
            let unit = Unit { body, table, completes, future_annotations, text };
            for definition in dead::surviving(unit, &dead, self.version) {
                self.define_only(definition);
            }
        }
        self.scope = outer;
    }

    /// Visits the code object of a definition that is never made.
    fn define_only(&mut self, definition: Definition<'_>) {
        match definition {
            Definition::Stmt(Stmt::FunctionDef(def)) => {
                let muted = def.name.as_str() == "__annotate__";
                if !muted {
                    self.code.insert(self.lines.of_decorated(&def.decorator_list, def.name.start()));
                }
                self.scope(Scope::new(Table::Function, muted), &def.body);
            }
            Definition::Stmt(Stmt::ClassDef(def)) => {
                self.code.insert(self.lines.of_decorated(&def.decorator_list, def.name.start()));
                self.scope(Scope::new(Table::Class, false), &def.body);
            }
            Definition::Stmt(_) => {}
            Definition::Expr(expr) => self.code.insert(self.lines.first_at(expr.start())),
        }
    }

    fn unreachable(&mut self, body: &[Stmt]) {
        if let (Some(first), Some(last)) = (body.first(), body.last()) {
            self.scope.dead.ranges.push(TextRange::new(first.start(), last.end()));
        }
    }

    /// Marks a logical line as having code.
    fn mark(&mut self, at: &impl Ranged) {
        self.mark_line(self.lines.first_at(at.start()));
    }

    fn mark_line(&mut self, line: u32) {
        if !self.scope.muted {
            self.code.insert(line);
        }
    }

    /// Visits the body of a compound statement, or does not when it is unreachable. Returns whether its end is reached.
    fn nested(&mut self, reachable: bool, body: &[Stmt]) -> bool {
        if !reachable {
            self.unreachable(body);
            return false;
        }
        self.scope.depth += 1;
        let completes = self.body(body);
        self.scope.depth -= 1;
        completes
    }

    /// Visits reachable statements. Returns whether the end is reached.
    fn body(&mut self, body: &[Stmt]) -> bool {
        for (index, stmt) in body.iter().enumerate() {
            if !self.stmt(stmt) {
                self.unreachable(&body[index + 1..]);
                return false;
            }
        }
        true
    }

    /// The line at which 3.11's compiler is after the last statement of a body, reachable or not: instructions that follow get
    /// it, too. Some statements leave no position behind.
    fn last_line(&self, body: &[Stmt]) -> Option<u32> {
        let last = body.last()?;
        let here = Some(self.lines.first(self.lines.of(last)));
        let leaves = |frame: &Frame| matches!(frame, Frame::Finally { .. } | Frame::With);
        match last {
            Stmt::Expr(expr) => here.filter(|_| constant_key(&expr.value, self.text, self.version).is_some()),
            Stmt::Return(_) => here.filter(|_| !self.scope.frames.iter().any(leaves)),
            Stmt::Break(_) | Stmt::Continue(_) => {
                let mut within =
                    self.scope.frames.iter().rev().take_while(|frame| !matches!(frame, Frame::Loop { .. }));
                here.filter(|_| !within.any(leaves))
            }
            Stmt::If(stmt) => self.last_line(stmt.elif_else_clauses.last().map_or(&stmt.body, |clause| &clause.body)),
            Stmt::For(stmt) => self.last_line(&stmt.orelse),
            Stmt::While(stmt) if stmt.orelse.is_empty() => here,
            Stmt::While(stmt) => self.last_line(&stmt.orelse),
            Stmt::With(_) => None,
            Stmt::Try(stmt) if !stmt.finalbody.is_empty() => self.last_line(&stmt.finalbody),
            Stmt::Try(stmt) if stmt.is_star => self.last_line(&stmt.orelse),
            Stmt::Try(_) => None,
            Stmt::Match(stmt) => match stmt.cases.last() {
                Some(case) if is_default(stmt, case) => None,
                Some(case) => Some(self.lines.first_at(case.pattern.start())),
                None => here,
            },
            _ => here,
        }
    }

    /// Visits a reachable statement. Returns whether the next one is reached.
    fn stmt(&mut self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::Global(_) | Stmt::Nonlocal(_) => true,
            Stmt::AnnAssign(assign) => {
                if self.annotation_has_code(assign) {
                    self.mark(stmt);
                }
                true
            }
            Stmt::Delete(delete) => {
                if !delete.targets.iter().all(is_empty_target) {
                    self.mark(stmt);
                }
                true
            }
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.mark(&decorator.expression);
                }
                self.mark_line(self.lines.of_definition(def.name.start()));
                self.scope(Scope::new(Table::Function, def.name.as_str() == "__annotate__"), &def.body);
                true
            }
            Stmt::ClassDef(def) => {
                for decorator in &def.decorator_list {
                    self.mark(&decorator.expression);
                }
                self.mark_line(self.lines.of_definition(def.name.start()));
                self.scope(Scope::new(Table::Class, false), &def.body);
                true
            }
            Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) => {
                self.mark(stmt);
                false
            }
            Stmt::Break(_) => {
                self.mark(stmt);
                self.leave_loop();
                false
            }
            Stmt::Assert(assert) => {
                self.mark(stmt);
                truth(&assert.test, self.version).can_be_true
            }
            Stmt::If(stmt) => self.if_(stmt),
            Stmt::While(stmt) => {
                self.mark(stmt);
                let test = truth(&stmt.test, self.version);
                let left = self.loop_body(test.can_be_true, &stmt.body);
                let completes = self.nested(test.can_be_false, &stmt.orelse);
                left || completes
            }
            Stmt::For(stmt) => {
                self.mark(stmt);
                let left = self.loop_body(true, &stmt.body);
                let completes = self.nested(true, &stmt.orelse);
                left || completes
            }
            Stmt::With(stmt) => {
                self.mark(stmt);
                self.scope.frames.push(Frame::With);
                if !self.nested(true, &stmt.body) {
                    self.scope.dead.with_ends.push(stmt.start());
                }
                self.scope.frames.pop();
                // The context manager may swallow whatever ended the body.
                true
            }
            Stmt::Match(stmt) => self.match_(stmt),
            Stmt::Try(stmt) => self.try_(stmt),
            _ => {
                self.mark(stmt);
                true
            }
        }
    }

    fn loop_body(&mut self, reachable: bool, body: &[Stmt]) -> bool {
        self.scope.frames.push(Frame::Loop { left: false });
        self.nested(reachable, body);
        matches!(self.scope.frames.pop(), Some(Frame::Loop { left: true }))
    }

    /// A `break` leaves the innermost loop, unless a `finally` body on the way never completes.
    fn leave_loop(&mut self) {
        for frame in self.scope.frames.iter_mut().rev() {
            match frame {
                Frame::Finally { completes: true } | Frame::With => {}
                Frame::Finally { completes: false } => return,
                Frame::Loop { left } => {
                    *left = true;
                    return;
                }
            }
        }
    }

    fn if_(&mut self, stmt: &StmtIf) -> bool {
        self.mark(stmt);
        let test = truth(&stmt.test, self.version);
        let mut completes = self.nested(test.can_be_true, &stmt.body);
        let mut reachable = test.can_be_false;
        for clause in &stmt.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    if reachable {
                        self.mark(clause);
                    } else {
                        self.scope.dead.ranges.push(test.range());
                    }
                    let test = truth(test, self.version);
                    completes |= self.nested(reachable && test.can_be_true, &clause.body);
                    reachable &= test.can_be_false;
                }
                None => {
                    completes |= self.nested(reachable, &clause.body);
                    reachable = false;
                }
            }
        }
        completes || reachable
    }

    fn match_(&mut self, stmt: &StmtMatch) -> bool {
        self.mark(stmt);
        let mut completes = false;
        let mut reachable = true;
        for case in &stmt.cases {
            if reachable {
                self.mark(&case.pattern);
            } else {
                let end = case.guard.as_ref().map_or(case.pattern.end(), |guard| guard.end());
                self.scope.dead.ranges.push(TextRange::new(case.pattern.start(), end));
            }
            let guard = case.guard.as_ref().map(|guard| truth(guard, self.version));
            completes |= self.nested(reachable && guard.is_none_or(|guard| guard.can_be_true), &case.body);
            reachable &= !is_irrefutable(&case.pattern) || guard.is_some_and(|guard| guard.can_be_false);
        }
        completes || reachable
    }

    fn try_(&mut self, stmt: &StmtTry) -> bool {
        self.mark(stmt);
        let mut finally_completes = true;
        if !stmt.finalbody.is_empty() {
            // Visited first, because whether it completes decides which `break` in the other bodies is effective.
            finally_completes = self.nested(true, &stmt.finalbody);
            // The code that raises again after the body keeps the position at which the compiler is.
            if self.version == PythonVersion::V3_11
                && let Some(line) = self.last_line(&stmt.finalbody)
            {
                self.mark_line(line);
            }
            self.scope.frames.push(Frame::Finally { completes: finally_completes });
        }
        let body_completes = self.nested(true, &stmt.body);
        let mut completes = self.nested(body_completes, &stmt.orelse) || stmt.is_star;
        for handler in stmt.handlers.iter().filter_map(|handler| handler.as_except_handler()) {
            self.mark(handler);
            completes |= self.nested(true, &handler.body);
        }
        if !stmt.finalbody.is_empty() {
            self.scope.frames.pop();
        }
        completes && finally_completes
    }

    /// Whether `target: annotation` is compiled to anything.
    fn annotation_has_code(&self, assign: &StmtAnnAssign) -> bool {
        let in_function = self.scope.kind == Table::Function;
        match &*assign.target {
            _ if assign.value.is_some() => true,
            Expr::Name(_) if in_function => false,
            Expr::Name(_) if !assign.simple => self.version < PythonVersion::V3_14 && !self.future_annotations,
            Expr::Name(_) => {
                self.scope.kind == Table::Module
                    || self.version < PythonVersion::V3_14
                    || self.future_annotations
                    || self.scope.depth > 0
            }
            _ => true,
        }
    }
}

/// Whether a case is the trailing `case _` that 3.11 compiles apart.
fn is_default(stmt: &StmtMatch, case: &MatchCase) -> bool {
    let wild = matches!(&case.pattern, Pattern::MatchAs(all) if all.pattern.is_none() && all.name.is_none());
    wild && stmt.cases.len() > 1 && stmt.cases.last().is_some_and(|last| last.range == case.range)
}

/// `()`, `[]`, `((), [])`: deleting these does nothing.
fn is_empty_target(target: &Expr) -> bool {
    match target {
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_empty_target),
        Expr::List(list) => list.elts.iter().all(is_empty_target),
        _ => false,
    }
}

/// Whether a pattern takes everything: a wildcard, a bare name, or alternatives that end in one.
pub(super) fn is_irrefutable(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchOr(or) => or.patterns.last().is_some_and(is_irrefutable),
        Pattern::MatchAs(capture) => capture.pattern.as_deref().is_none_or(is_irrefutable),
        _ => false,
    }
}

/// Whether a module says `from __future__ import annotations`.
pub(super) fn imports_future_annotations(body: &[Stmt]) -> bool {
    body[usize::from(docstring(body).is_some())..]
        .iter()
        .take_while(|stmt| is_future_import(stmt))
        .filter_map(|stmt| stmt.as_import_from_stmt())
        .any(|import| import.names.iter().any(|alias| alias.name.as_str() == "annotations"))
}

/// `from __future__ import …`.
pub(super) fn is_future_import(stmt: &Stmt) -> bool {
    stmt.as_import_from_stmt()
        .is_some_and(|import| import.module.as_ref().is_some_and(|module| module.as_str() == "__future__"))
}

/// Whether a scope has an annotated assignment, in whatever compound statement.
fn holds_annotation(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::AnnAssign(_) => true,
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => false,
        other => bodies(other).into_iter().any(holds_annotation),
    })
}
