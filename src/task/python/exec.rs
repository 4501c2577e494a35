//! Statements.

use std::collections::HashMap;

use ruff_python_ast::{ExceptHandler, Expr, Operator, Stmt, StmtFunctionDef};

use super::{Machine, Mark, Value};

/// Iterations of one loop that are followed.
const MAX_ITERATIONS: usize = 64;

/// How a statement leaves.
#[derive(Debug, PartialEq)]
pub(super) enum Exit {
    Next,
    Break,
    Continue,
    Return(Value),
    /// The program ends, or its session does.
    Stop,
}

impl<'m> Machine<'m> {
    pub(super) fn block(&mut self, statements: &'m [Stmt]) -> Exit {
        self.depth += 1;
        let mut exit = Exit::Next;
        for statement in statements {
            if !self.step() {
                exit = Exit::Stop;
                break;
            }
            exit = self.statement(statement);
            if self.stopped {
                exit = Exit::Stop;
            }
            if exit != Exit::Next {
                break;
            }
        }
        self.depth -= 1;
        exit
    }

    fn statement(&mut self, statement: &'m Stmt) -> Exit {
        match statement {
            Stmt::Expr(s) => {
                self.eval(&s.value);
            }
            Stmt::Assign(s) => {
                let value = self.eval(&s.value);
                for target in &s.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(s) => {
                if let Some(value) = &s.value {
                    let value = self.eval(value);
                    self.assign(&s.target, value);
                }
            }
            Stmt::AugAssign(s) => {
                let old = self.eval(&s.target);
                let added = self.eval(&s.value);
                let value = match (s.op, old, added) {
                    (Operator::Add, Value::List(mut old), added) => {
                        match added {
                            Value::List(new) => old.extend(new),
                            _ => old.push(Value::Splat),
                        }
                        Value::List(old)
                    }
                    (op, old, added) => Self::binary(op, old, added),
                };
                self.assign(&s.target, value);
            }
            Stmt::FunctionDef(s) => self.define(s),
            Stmt::Return(s) => {
                let value = s.value.as_ref().map_or(Value::None, |value| self.eval(value));
                return Exit::Return(value);
            }
            Stmt::If(s) => return self.choose(s),
            Stmt::For(s) => return self.repeat(s),
            Stmt::While(s) => {
                self.eval(&s.test);
                self.forget_assigned(&s.body);
                self.maybe(&s.body);
                self.forget_assigned(&s.body);
            }
            Stmt::With(s) => {
                let cwd = self.cwd.clone();
                for item in &s.items {
                    let value = self.eval(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        let value = if value == Value::None { Value::Unknown } else { value };
                        self.assign(target, value);
                    }
                }
                let exit = self.block(&s.body);
                self.cwd = cwd;
                return exit;
            }
            Stmt::Try(s) => {
                let mut exit = self.block(&s.body);
                if exit == Exit::Next {
                    exit = self.block(&s.orelse);
                }
                for handler in &s.handlers {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(name) = &handler.name {
                        self.set(name.as_str(), Value::Unknown);
                    }
                    self.exceptional(&handler.body);
                }
                if self.stopped {
                    return exit;
                }
                let last = self.block(&s.finalbody);
                return if last == Exit::Next { exit } else { last };
            }
            Stmt::Match(s) => {
                self.eval(&s.subject);
                for case in &s.cases {
                    self.forget_assigned(&case.body);
                    self.maybe(&case.body);
                }
            }
            Stmt::Import(s) => {
                for alias in &s.names {
                    let (name, path) = match &alias.asname {
                        Some(asname) => (asname.as_str(), alias.name.as_str()),
                        None => {
                            let root = alias.name.split('.').next().unwrap_or_default();
                            (root, root)
                        }
                    };
                    self.set(name, Value::Dotted(path.to_owned()));
                }
            }
            Stmt::ImportFrom(s) => {
                let module = s.module.as_ref().map_or("", |module| module.as_str());
                for alias in &s.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.set(name.as_str(), Value::Dotted(format!("{module}.{}", alias.name)));
                }
            }
            Stmt::ClassDef(s) => self.set(s.name.as_str(), Value::Unknown),
            Stmt::Raise(_) => return self.stop(),
            Stmt::Break(_) => return Exit::Break,
            Stmt::Continue(_) => return Exit::Continue,
            Stmt::Delete(s) => {
                for target in &s.targets {
                    self.assign(target, Value::Unknown);
                }
            }
            Stmt::Assert(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::TypeAlias(_)
            | Stmt::IpyEscapeCommand(_) => {}
        }
        Exit::Next
    }

    /// Ends the program. Where that is not certain, what is left may not run.
    pub(super) fn stop(&mut self) -> Exit {
        if self.guarded() {
            for frame in &mut self.frames {
                frame.guarded = true;
            }
            Exit::Return(Value::Unknown)
        } else {
            self.stopped = true;
            Exit::Stop
        }
    }

    fn define(&mut self, function: &'m StmtFunctionDef) {
        let marks = function.decorator_list.iter().map(|decorator| self.mark(&decorator.expression)).collect();
        self.functions.push(function);
        self.marks.push(marks);
        self.set(function.name.as_str(), Value::Function(self.functions.len() - 1));
    }

    fn mark(&mut self, expr: &'m Expr) -> Mark {
        let (callee, mut mark) = match expr {
            Expr::Call(call) => {
                let (positional, named) = self.arguments(call);
                (call.func.as_ref(), Mark { path: String::new(), positional, named })
            }
            other => (other, Mark { path: String::new(), positional: Vec::new(), named: Vec::new() }),
        };
        if let Value::Dotted(path) = self.eval(callee) {
            mark.path = path;
        }
        mark
    }

    fn choose(&mut self, s: &'m ruff_python_ast::StmtIf) -> Exit {
        let mut tests: Vec<(Option<&'m Expr>, &'m [Stmt])> = vec![(Some(&s.test), &s.body)];
        tests.extend(s.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), clause.body.as_slice())));
        self.arms(&tests)
    }

    fn arms(&mut self, arms: &[(Option<&'m Expr>, &'m [Stmt])]) -> Exit {
        let Some(((test, body), rest)) = arms.split_first() else { return Exit::Next };
        let Some(test) = test else { return self.block(body) };
        match self.eval(test).truth() {
            Some(true) => self.block(body),
            Some(false) => self.arms(rest),
            None => {
                let before = self.frames.last().map(|frame| frame.vars.clone()).unwrap_or_default();
                let (cwd, env) = (self.cwd.clone(), self.env.clone());
                let first = self.guarded_block(|machine| machine.block(body));
                let after = self.frames.last_mut().map(|frame| std::mem::replace(&mut frame.vars, before));
                let cwd_after = std::mem::replace(&mut self.cwd, cwd);
                let env_after = std::mem::replace(&mut self.env, env);
                let second = self.guarded_block(|machine| machine.arms(rest));
                self.unite(after.unwrap_or_default());
                if self.cwd != cwd_after {
                    self.cwd = None;
                }
                for (name, value) in env_after {
                    if !self.env.contains(&(name.clone(), value)) {
                        self.env.push((name, None));
                    }
                }
                match (first, second) {
                    (Exit::Next, Exit::Next) => Exit::Next,
                    (Exit::Return(a), Exit::Return(b)) => Exit::Return(a.merge(b)),
                    (first, second) => {
                        // Some way leaves here: the rest may not run.
                        if let Some(frame) = self.frames.last_mut() {
                            frame.guarded = true;
                            for exit in [first, second] {
                                if let Exit::Return(value) = exit {
                                    let old = frame.vars.remove("@return");
                                    let value = old.map_or(value.clone(), |old| old.merge(value));
                                    frame.vars.insert("@return".to_owned(), value);
                                }
                            }
                        }
                        Exit::Next
                    }
                }
            }
        }
    }

    /// Merges the variables of another way to get here into those of this one.
    fn unite(&mut self, mut other: HashMap<String, Value>) {
        let Some(frame) = self.frames.last_mut() else { return };
        for (name, value) in &mut frame.vars {
            match other.remove(name) {
                Some(another) => *value = std::mem::replace(value, Value::Unknown).merge(another),
                None => *value = Value::Unknown,
            }
        }
        for (name, value) in other {
            // Where only one way defines it, it is unknown unless that is a function: a name is used where it exists.
            let value = if matches!(value, Value::Function(_) | Value::Dotted(_)) { value } else { Value::Unknown };
            frame.vars.insert(name, value);
        }
    }

    fn guarded_block(&mut self, run: impl FnOnce(&mut Self) -> Exit) -> Exit {
        self.branches += 1;
        let exit = run(self);
        self.branches -= 1;
        exit
    }

    /// A block that may run or not.
    fn maybe(&mut self, body: &'m [Stmt]) {
        let exit = self.guarded_block(|machine| machine.block(body));
        if matches!(exit, Exit::Return(_) | Exit::Stop)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.guarded = true;
        }
    }

    /// The handler of an exception: when all goes well it does not run.
    fn exceptional(&mut self, body: &'m [Stmt]) {
        let stopped = self.stopped;
        self.stopped = false;
        let guards: Vec<bool> = self.frames.iter().map(|frame| frame.guarded).collect();
        let before = self.frames.last().map(|frame| frame.vars.clone()).unwrap_or_default();
        self.guarded_block(|machine| machine.block(body));
        for (frame, guarded) in self.frames.iter_mut().zip(guards) {
            frame.guarded = guarded;
        }
        self.unite(before);
        self.stopped = stopped;
    }

    fn repeat(&mut self, s: &'m ruff_python_ast::StmtFor) -> Exit {
        let items = self.eval(&s.iter);
        match items.elements().filter(|items| items.len() <= MAX_ITERATIONS).map(<[Value]>::to_vec) {
            Some(items) => {
                for item in items {
                    self.assign(&s.target, item);
                    match self.block(&s.body) {
                        Exit::Next | Exit::Continue => {}
                        Exit::Break => return Exit::Next,
                        exit => return exit,
                    }
                }
                self.block(&s.orelse)
            }
            None => {
                self.forget_assigned(&s.body);
                self.assign(&s.target, Value::Unknown);
                self.maybe(&s.body);
                self.forget_assigned(&s.body);
                Exit::Next
            }
        }
    }

    /// What a loop of unknown length assigns is unknown in it and after it.
    fn forget_assigned(&mut self, body: &'m [Stmt]) {
        for statement in body {
            match statement {
                Stmt::Assign(s) => {
                    for target in &s.targets {
                        self.assign(target, Value::Unknown);
                    }
                }
                Stmt::AugAssign(s) => self.assign(&s.target, Value::Unknown),
                Stmt::AnnAssign(s) => self.assign(&s.target, Value::Unknown),
                Stmt::Expr(s) => {
                    // `args.append(…)`
                    if let Expr::Call(call) = s.value.as_ref()
                        && let Expr::Attribute(attribute) = call.func.as_ref()
                        && let Expr::Name(name) = attribute.value.as_ref()
                        && matches!(self.get(name.id.as_str()), Some(Value::List(_) | Value::Dict(_)))
                    {
                        self.set(name.id.as_str(), Value::Unknown);
                    }
                }
                Stmt::If(s) => {
                    self.forget_assigned(&s.body);
                    for clause in &s.elif_else_clauses {
                        self.forget_assigned(&clause.body);
                    }
                }
                Stmt::For(s) => self.forget_assigned(&s.body),
                Stmt::While(s) => self.forget_assigned(&s.body),
                Stmt::With(s) => self.forget_assigned(&s.body),
                Stmt::Try(s) => self.forget_assigned(&s.body),
                _ => {}
            }
        }
    }

    pub(super) fn assign(&mut self, target: &'m Expr, value: Value) {
        match target {
            Expr::Name(name) => self.set(name.id.as_str(), value),
            Expr::Tuple(_) | Expr::List(_) => {
                let targets = match target {
                    Expr::Tuple(tuple) => &tuple.elts,
                    Expr::List(list) => &list.elts,
                    _ => return,
                };
                let items = value.elements().filter(|items| items.len() == targets.len()).map(<[Value]>::to_vec);
                let items = items.unwrap_or_else(|| vec![Value::Unknown; targets.len()]);
                for (target, item) in targets.iter().zip(items) {
                    let starred = matches!(target, Expr::Starred(_));
                    self.assign(target, if starred { Value::Unknown } else { item });
                }
            }
            Expr::Starred(starred) => self.assign(&starred.value, value),
            Expr::Attribute(attribute) => {
                if let Value::Dotted(owner) = self.eval(&attribute.value)
                    && owner == "nox.options"
                {
                    let value = if self.guarded() { Value::Unknown } else { value };
                    self.options.insert(attribute.attr.to_string(), value);
                }
            }
            Expr::Subscript(subscript) => {
                let key = self.eval(&subscript.slice);
                match self.eval(&subscript.value) {
                    Value::Dotted(owner) if matches!(owner.as_str(), "@session.env" | "os.environ") => {
                        if let Some(name) = key.as_str() {
                            self.set_env(name, &value);
                        }
                    }
                    Value::Dict(mut items) => {
                        items.retain(|(k, _)| *k != key);
                        items.push((key, value));
                        self.assign(&subscript.value, Value::Dict(items));
                    }
                    Value::List(_) => self.assign(&subscript.value, Value::Unknown),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    pub(super) fn set_env(&mut self, name: &str, value: &Value) {
        let value = if self.guarded() { None } else { value.as_str().map(str::to_owned) };
        self.env.retain(|(other, _)| other != name);
        self.env.push((name.to_owned(), value));
    }
}
