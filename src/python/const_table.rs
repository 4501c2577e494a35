//! The numbers that CPython gives the constants of a scope: in the order in which it compiles them, each value once.
//!
//! The order is that of the compiler, not of the source: a `finally` body is compiled at every `return`, `break` or `continue`
//! that leaves through it, and then twice more.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Comprehension, ExceptHandler, Expr, InterpolatedStringElement, Parameters, Pattern,
    Singleton, Stmt, StmtMatch, StmtTry, StmtWith,
};
use ruff_text_size::{Ranged, TextRange};

use super::PythonVersion;
use super::constants::{constant_key, truth};
use super::dead::{Dead, Definition, Table, Unit};

/// Statements compiled at most, so that `finally` bodies that return through one another come to an end.
const LIMIT: usize = 100_000;

/// What a `return` passes on its way out.
#[derive(Clone, Copy)]
enum Block<'a> {
    Loop,
    Finally(&'a [Stmt]),
    With,
    AsyncWith,
    NamedHandler,
}

pub(super) struct ConstTable<'a, 'd> {
    unit: Unit<'a>,
    dead: &'d Dead,
    version: PythonVersion,
    numbers: HashMap<String, usize>,
    definitions: HashMap<TextRange, usize>,
    count: usize,
    /// The highest number that reachable code uses.
    last_used: Option<usize>,
    /// Tuples that the optimizer makes and reachable code uses.
    folded: Vec<String>,
    /// Code objects of unreachable definitions.
    unused: Vec<(usize, Definition<'a>)>,
    blocks: Vec<Block<'a>>,
    /// How many operands that are never evaluated are around the current expression.
    skipped: usize,
    left: usize,
}

impl<'a, 'd> ConstTable<'a, 'd> {
    pub(super) fn new(unit: Unit<'a>, dead: &'d Dead, version: PythonVersion) -> Self {
        Self {
            unit,
            dead,
            version,
            numbers: HashMap::new(),
            definitions: HashMap::new(),
            count: 0,
            last_used: None,
            folded: Vec::new(),
            unused: Vec::new(),
            blocks: Vec::new(),
            skipped: 0,
            left: LIMIT,
        }
    }

    /// The unreachable definitions whose constants are not cut off.
    pub(super) fn surviving(self) -> Vec<Definition<'a>> {
        let folded = self.folded.iter().map(|key| self.numbers.get(key).copied().unwrap_or(self.count)).max();
        let last_used = self.last_used.max(folded);
        let kept = |number: usize| match self.version {
            PythonVersion::V3_11 => number == 0 || last_used.is_some_and(|last| number < last),
            _ => number == 0,
        };
        self.unused.into_iter().filter(|&(number, _)| kept(number)).map(|(_, definition)| definition).collect()
    }

    /// Numbers a constant, unless it has a number.
    pub(super) fn add(&mut self, key: &str, used: bool) {
        let number = match self.numbers.get(key) {
            Some(&number) => number,
            None => {
                self.numbers.insert(key.to_owned(), self.count);
                self.count += 1;
                self.count - 1
            }
        };
        if used {
            self.last_used = self.last_used.max(Some(number));
        }
    }

    pub(super) fn statements(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            self.visit_stmt(stmt);
        }
    }

    fn is_used(&self, at: TextRange) -> bool {
        self.skipped == 0 && !self.dead.holds(at)
    }

    fn constant(&mut self, key: &str, at: TextRange) {
        let used = self.is_used(at);
        self.add(key, used);
    }

    fn key(&self, expr: &Expr) -> Option<String> {
        constant_key(expr, self.unit.text, self.version)
    }

    fn keys(&self, exprs: &'a [Expr]) -> Option<Vec<String>> {
        exprs.iter().map(|expr| self.key(expr)).collect()
    }

    fn define(&mut self, definition: Definition<'a>, range: TextRange) {
        let number = *self.definitions.entry(range).or_insert(self.count);
        self.count = self.count.max(number + 1);
        if self.is_used(range) {
            self.last_used = self.last_used.max(Some(number));
        } else {
            self.unused.push((number, definition));
        }
    }

    /// A tuple that the optimizer makes of constants when all of these have their numbers.
    fn folded(&mut self, keys: &[String], at: TextRange) {
        for key in keys {
            self.add(key, false);
        }
        if self.is_used(at) {
            self.folded.push(tuple_key(keys));
        }
    }

    /// Operands from which a tuple is built.
    fn tuple_of(&mut self, elements: &'a [Expr], at: TextRange) {
        match self.keys(elements) {
            Some(keys) => self.folded(&keys, at),
            None => elements.iter().for_each(|element| self.visit_expr(element)),
        }
    }

    fn parameters(&mut self, parameters: &'a Parameters, at: TextRange) {
        let positional = || parameters.posonlyargs.iter().chain(&parameters.args).filter_map(|p| p.default.as_deref());
        match positional().map(|default| self.key(default)).collect::<Option<Vec<_>>>() {
            Some(keys) if keys.is_empty() => {}
            Some(keys) => self.folded(&keys, at),
            None => positional().for_each(|default| self.visit_expr(default)),
        }
        let mut names = Vec::new();
        for parameter in &parameters.kwonlyargs {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
                names.push(text_key(&parameter.parameter.name));
            }
        }
        if !names.is_empty() {
            self.constant(&tuple_key(&names), at);
        }
    }

    fn annotations(&mut self, parameters: &'a Parameters, returns: Option<&'a Expr>, at: TextRange) {
        let mut all: Vec<(&str, &'a Expr)> = Vec::new();
        let plain = parameters.args.iter().chain(&parameters.posonlyargs).map(|p| &p.parameter);
        let keyword_only = parameters.kwonlyargs.iter().map(|p| &p.parameter);
        let in_order = plain.chain(parameters.vararg.as_deref()).chain(keyword_only).chain(parameters.kwarg.as_deref());
        all.extend(in_order.filter_map(|p| Some((p.name.as_str(), p.annotation.as_deref()?))));
        all.extend(returns.map(|returns| ("return", returns)));
        if all.is_empty() {
            return;
        }
        let text = self.unit.text;
        let future = self.unit.future_annotations;
        if self.version >= PythonVersion::V3_14 && !future {
            // One code object that evaluates them all.
            self.count += 1;
            return;
        }
        let key = |table: &Self, annotation: &Expr| {
            if future { Some(text_key(&text[annotation.range()])) } else { table.key(annotation) }
        };
        let keys: Option<Vec<String>> = all
            .iter()
            .map(|(name, annotation)| Some([text_key(name), key(self, annotation)?]))
            .collect::<Option<Vec<_>>>()
            .map(|pairs| pairs.into_iter().flatten().collect());
        if let Some(keys) = keys {
            self.folded(&keys, at);
            return;
        }
        for (name, annotation) in all {
            self.constant(&text_key(name), at);
            self.visit_expr(annotation);
        }
    }

    /// A test that jumps: constants decide it when it is compiled and are not loaded.
    fn test(&mut self, test: &'a Expr) {
        match test {
            Expr::UnaryOp(unary) if unary.op == ruff_python_ast::UnaryOp::Not => self.test(&unary.operand),
            Expr::BoolOp(expr) => {
                let mut skipped = 0;
                for value in &expr.values {
                    self.test(value);
                    skipped += self.skip_if(self.decides(expr.op, value));
                }
                self.skipped -= skipped;
            }
            Expr::If(expr) => {
                self.conditional(&expr.test, |this| this.test(&expr.body), |this| this.test(&expr.orelse));
            }
            Expr::Compare(compare)
                if matches!(&*compare.ops, [CmpOp::Is | CmpOp::IsNot])
                    && compare.comparators.iter().all(Expr::is_none_literal_expr) =>
            {
                self.visit_expr(&compare.left);
                self.add("None", false);
            }
            Expr::FString(_) if self.decides(BoolOp::Or, test) => {
                self.skipped += 1;
                self.visit_expr(test);
                self.skipped -= 1;
            }
            other => match self.key(other) {
                Some(key) => self.add(&key, false),
                None => self.visit_expr(other),
            },
        }
    }

    /// Whether an operand of `and` or `or` is known to make the others superfluous.
    fn decides(&self, op: BoolOp, value: &Expr) -> bool {
        let truth = truth(value, self.version);
        if op == BoolOp::And { !truth.can_be_true } else { !truth.can_be_false }
    }

    fn skip_if(&mut self, condition: bool) -> usize {
        self.skipped += usize::from(condition);
        usize::from(condition)
    }

    fn conditional(&mut self, test: &'a Expr, body: impl FnOnce(&mut Self), orelse: impl FnOnce(&mut Self)) {
        let truth = truth(test, self.version);
        self.test(test);
        let skipped = self.skip_if(!truth.can_be_true);
        body(self);
        self.skipped -= skipped;
        let skipped = self.skip_if(!truth.can_be_false);
        orelse(self);
        self.skipped -= skipped;
    }

    /// Compiles what leaving the blocks around takes, up to the innermost loop or out of the scope.
    fn unwind(&mut self, to_loop: bool, at: TextRange) {
        let around = self.blocks.clone();
        while let Some(block) = self.blocks.pop() {
            match block {
                Block::Loop if to_loop => break,
                Block::Loop => {}
                Block::Finally(body) => self.statements(body),
                Block::With | Block::AsyncWith | Block::NamedHandler => self.constant("None", at),
            }
        }
        self.blocks = around;
    }

    fn within(&mut self, block: Block<'a>, body: &'a [Stmt]) {
        self.blocks.push(block);
        self.statements(body);
        self.blocks.pop();
    }

    fn try_(&mut self, stmt: &'a StmtTry) {
        let has_finally = !stmt.finalbody.is_empty();
        if has_finally {
            self.blocks.push(Block::Finally(&stmt.finalbody));
        }
        self.statements(&stmt.body);
        if !stmt.is_star {
            self.statements(&stmt.orelse);
        }
        for handler in &stmt.handlers {
            self.visit_except_handler(handler);
        }
        if stmt.is_star {
            self.statements(&stmt.orelse);
        }
        if has_finally {
            self.blocks.pop();
            self.statements(&stmt.finalbody);
            self.statements(&stmt.finalbody);
        }
    }

    fn with(&mut self, stmt: &'a StmtWith) {
        let block = if stmt.is_async { Block::AsyncWith } else { Block::With };
        let at = stmt.range();
        for item in &stmt.items {
            self.visit_expr(&item.context_expr);
            if stmt.is_async {
                self.constant("None", at);
            }
            self.blocks.push(block);
            if let Some(target) = &item.optional_vars {
                self.visit_expr(target);
            }
        }
        self.statements(&stmt.body);
        self.blocks.truncate(self.blocks.len() - stmt.items.len());
        // The managers may swallow what ends the body, so that all but the innermost are always left normally.
        let left = stmt.is_async || stmt.items.len() > 1 || !self.dead.with_ends.contains(&stmt.start());
        let used = left && self.is_used(at);
        self.add("None", used);
    }

    fn match_(&mut self, stmt: &'a StmtMatch) {
        self.visit_expr(&stmt.subject);
        for case in &stmt.cases {
            self.pattern(&case.pattern);
            if let Some(guard) = &case.guard {
                self.test(guard);
            }
            self.statements(&case.body);
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        let at = pattern.range();
        match pattern {
            Pattern::MatchValue(value) => self.visit_expr(&value.value),
            Pattern::MatchSingleton(singleton) => match singleton.value {
                // `is None` and a jump become one instruction.
                Singleton::None => self.add("None", false),
                Singleton::True => self.constant("True", at),
                Singleton::False => self.constant("False", at),
            },
            Pattern::MatchSequence(sequence) => self.sequence_pattern(&sequence.patterns, at),
            Pattern::MatchMapping(mapping) => {
                if mapping.keys.is_empty() && mapping.rest.is_none() {
                    return;
                }
                if !mapping.keys.is_empty() {
                    self.constant(&number_key(mapping.keys.len()), at);
                }
                self.tuple_of(&mapping.keys, at);
                self.add("None", false);
                for pattern in &mapping.patterns {
                    self.pattern(pattern);
                }
            }
            Pattern::MatchClass(class) => {
                self.visit_expr(&class.cls);
                let names: Vec<String> = class.arguments.keywords.iter().map(|k| text_key(&k.attr)).collect();
                self.constant(&tuple_key(&names), at);
                self.add("None", false);
                let keywords = class.arguments.keywords.iter().map(|keyword| &keyword.pattern);
                class.arguments.patterns.iter().chain(keywords).for_each(|pattern| self.pattern(pattern));
            }
            Pattern::MatchStar(_) => {}
            Pattern::MatchAs(capture) => capture.pattern.iter().for_each(|pattern| self.pattern(pattern)),
            Pattern::MatchOr(or) => or.patterns.iter().for_each(|pattern| self.pattern(pattern)),
        }
    }

    fn sequence_pattern(&mut self, patterns: &'a [Pattern], at: TextRange) {
        let wild = |pattern: &Pattern| match pattern {
            Pattern::MatchAs(capture) => capture.pattern.is_none() && capture.name.is_none(),
            Pattern::MatchStar(star) => star.name.is_none(),
            _ => false,
        };
        let star = patterns.iter().position(Pattern::is_match_star);
        match star {
            None => self.constant(&number_key(patterns.len()), at),
            Some(_) if patterns.len() > 1 => self.constant(&number_key(patterns.len() - 1), at),
            Some(_) => {}
        }
        // With `*_` the others are taken out by their index.
        let by_index = star.filter(|&star| wild(&patterns[star]));
        for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !wild(pattern)) {
            if let Some(star) = by_index {
                self.constant(&number_key(if index < star { index } else { patterns.len() - index }), at);
            }
            self.pattern(pattern);
        }
    }

    fn call(&mut self, arguments: &'a Arguments, at: TextRange) {
        let plain = !arguments.args.iter().any(Expr::is_starred_expr)
            && arguments.keywords.iter().all(|keyword| keyword.arg.is_some());
        if plain {
            for argument in &arguments.args {
                self.visit_expr(argument);
            }
            for keyword in &arguments.keywords {
                self.visit_expr(&keyword.value);
            }
            let names: Vec<String> = arguments.keywords.iter().flat_map(|k| &k.arg).map(|n| text_key(n)).collect();
            if !names.is_empty() {
                self.constant(&tuple_key(&names), at);
            }
            return;
        }
        match &*arguments.args {
            [Expr::Starred(starred)] => self.visit_expr(&starred.value),
            args => self.display(args, true, at),
        }
        // Runs of named keywords become dictionaries, as those between `{` and `}` do.
        for run in arguments.keywords.split(|keyword| keyword.arg.is_none()) {
            let names: Vec<String> = run.iter().flat_map(|keyword| &keyword.arg).map(|name| text_key(name)).collect();
            if let [name] = &names[..] {
                self.constant(name, at);
            }
            for keyword in run {
                self.visit_expr(&keyword.value);
            }
            if names.len() > 1 {
                self.constant(&tuple_key(&names), at);
            }
        }
        arguments.keywords.iter().filter(|k| k.arg.is_none()).for_each(|keyword| self.visit_expr(&keyword.value));
    }

    /// The elements of a list, set or tuple that is no constant itself.
    fn display(&mut self, elements: &'a [Expr], tuple: bool, at: TextRange) {
        match self.keys(elements) {
            Some(keys) if keys.len() > 2 => self.constant(&tuple_key(&keys), at),
            Some(keys) if tuple => self.folded(&keys, at),
            _ => elements.iter().for_each(|element| self.visit_expr(element)),
        }
    }

    /// What is looped over, or searched by `in`: displays of constants become constants.
    fn iterable(&mut self, expr: &'a Expr) {
        let elements = match expr {
            Expr::List(list) => &list.elts,
            Expr::Set(set) => &set.elts,
            other => return self.visit_expr(other),
        };
        match self.keys(elements) {
            Some(keys) => self.constant(&tuple_key(&keys), expr.range()),
            None => self.visit_expr(expr),
        }
    }

    fn comprehension(&mut self, expr: &'a Expr, elements: &[&'a Expr], generators: &'a [Comprehension]) {
        let inlined =
            self.version > PythonVersion::V3_11 && !expr.is_generator_expr() && self.unit.table != Table::Class;
        if !inlined {
            self.define(Definition::Expr(expr), expr.range());
            if let Some(first) = generators.first() {
                self.iterable(&first.iter);
            }
            return;
        }
        for generator in generators {
            self.iterable(&generator.iter);
            self.visit_expr(&generator.target);
            for test in &generator.ifs {
                self.test(test);
            }
        }
        for element in elements {
            self.visit_expr(element);
        }
    }

    fn interpolated(&mut self, elements: impl Iterator<Item = &'a InterpolatedStringElement>, at: TextRange) {
        let mut literal = String::new();
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(part) => literal.push_str(&part.value),
                InterpolatedStringElement::Interpolation(part) => {
                    if !literal.is_empty() {
                        self.constant(&text_key(&literal), at);
                        literal.clear();
                    }
                    self.visit_expr(&part.expression);
                    if let Some(spec) = &part.format_spec {
                        self.interpolated(spec.elements.iter(), at);
                    }
                }
            }
        }
        if !literal.is_empty() {
            self.constant(&text_key(&literal), at);
        }
    }
}

impl<'a> Visitor<'a> for ConstTable<'a, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let at = stmt.range();
        match stmt {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.parameters(&def.parameters, at);
                self.annotations(&def.parameters, def.returns.as_deref(), at);
                self.define(Definition::Stmt(stmt), at);
            }
            Stmt::ClassDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.define(Definition::Stmt(stmt), at);
                self.constant(&text_key(&def.name), at);
                if let Some(arguments) = &def.arguments {
                    self.call(arguments, at);
                }
            }
            // A lone constant is not loaded.
            Stmt::Expr(expr) if self.key(&expr.value).is_some() => {}
            Stmt::Return(ret) => {
                let key = ret.value.as_deref().map_or_else(|| Some("None".to_owned()), |value| self.key(value));
                if let (None, Some(value)) = (&key, &ret.value) {
                    self.visit_expr(value);
                }
                self.unwind(false, at);
                if let Some(key) = key {
                    self.constant(&key, at);
                }
            }
            Stmt::Break(_) | Stmt::Continue(_) => self.unwind(true, at),
            Stmt::Import(import) => {
                for _ in &import.names {
                    self.constant(&number_key(0), at);
                    self.constant("None", at);
                }
            }
            Stmt::ImportFrom(import) => {
                self.constant(&number_key(import.level as usize), at);
                let names: Vec<String> = import.names.iter().map(|alias| text_key(&alias.name)).collect();
                self.constant(&tuple_key(&names), at);
            }
            Stmt::If(inner) => {
                self.test(&inner.test);
                self.statements(&inner.body);
                for clause in &inner.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.test(test);
                    }
                    self.statements(&clause.body);
                }
            }
            Stmt::While(inner) => {
                self.test(&inner.test);
                self.within(Block::Loop, &inner.body);
                self.test(&inner.test);
                self.statements(&inner.orelse);
            }
            Stmt::For(inner) => {
                self.iterable(&inner.iter);
                self.visit_expr(&inner.target);
                self.within(Block::Loop, &inner.body);
                self.statements(&inner.orelse);
            }
            Stmt::Assert(assert) => {
                self.test(&assert.test);
                if let Some(message) = &assert.msg {
                    let skipped = self.skip_if(!truth(&assert.test, self.version).can_be_false);
                    self.visit_expr(message);
                    self.skipped -= skipped;
                }
            }
            Stmt::AugAssign(inner) => {
                self.visit_expr(&inner.target);
                self.visit_expr(&inner.value);
            }
            Stmt::AnnAssign(inner) => {
                if let Some(value) = &inner.value {
                    self.visit_expr(value);
                }
                self.visit_expr(&inner.target);
                if self.unit.table == Table::Function {
                    return;
                }
                let simple = inner.target.as_name_expr().filter(|_| inner.simple);
                if self.version >= PythonVersion::V3_14 && !self.unit.future_annotations {
                    if simple.is_some() && self.unit.table == Table::Module {
                        self.constant("which annotation was reached", at);
                    }
                    return;
                }
                if !self.unit.future_annotations {
                    self.visit_expr(&inner.annotation);
                } else if simple.is_some() {
                    self.constant(&text_key(&self.unit.text[inner.annotation.range()]), at);
                }
                if let Some(name) = simple {
                    self.constant(&text_key(&name.id), at);
                }
            }
            Stmt::Try(inner) => self.try_(inner),
            Stmt::With(inner) => self.with(inner),
            Stmt::Match(inner) => self.match_(inner),
            other => walk_stmt(self, other),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler) = handler;
        if let Some(test) = &handler.type_ {
            self.visit_expr(test);
        }
        if handler.name.is_some() {
            self.within(Block::NamedHandler, &handler.body);
            // `name = None; del name`, also when the body raises.
            self.constant("None", handler.range());
        } else {
            self.statements(&handler.body);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let at = expr.range();
        if let Some(key) = self.key(expr) {
            return self.constant(&key, at);
        }
        match expr {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters, at);
                }
                self.define(Definition::Expr(expr), at);
            }
            Expr::Generator(inner) => self.comprehension(expr, &[&inner.elt], &inner.generators),
            Expr::ListComp(inner) => self.comprehension(expr, &[&inner.elt], &inner.generators),
            Expr::SetComp(inner) => self.comprehension(expr, &[&inner.elt], &inner.generators),
            Expr::DictComp(inner) => {
                let elements: Vec<&Expr> = inner.key.as_deref().into_iter().chain([&*inner.value]).collect();
                self.comprehension(expr, &elements, &inner.generators);
            }
            Expr::BoolOp(inner) => {
                let mut skipped = 0;
                for (index, value) in inner.values.iter().enumerate() {
                    let decides = self.decides(inner.op, value);
                    match self.key(value).filter(|_| !decides && index + 1 < inner.values.len()) {
                        Some(key) => self.add(&key, false),
                        None => self.visit_expr(value),
                    }
                    skipped += self.skip_if(decides);
                }
                self.skipped -= skipped;
            }
            Expr::If(inner) => {
                self.conditional(
                    &inner.test,
                    |this| this.visit_expr(&inner.body),
                    |this| this.visit_expr(&inner.orelse),
                );
            }
            Expr::Compare(inner) => {
                self.visit_expr(&inner.left);
                for (op, comparator) in inner.ops.iter().zip(&inner.comparators) {
                    if matches!(op, CmpOp::In | CmpOp::NotIn) {
                        self.iterable(comparator);
                    } else {
                        self.visit_expr(comparator);
                    }
                }
            }
            Expr::Dict(inner) => {
                let keys: Option<Vec<String>> = inner.items.iter().map(|item| self.key(item.key.as_ref()?)).collect();
                match keys.filter(|keys| keys.len() > 1) {
                    Some(keys) => {
                        for item in &inner.items {
                            self.visit_expr(&item.value);
                        }
                        self.constant(&tuple_key(&keys), at);
                    }
                    None => walk_expr(self, expr),
                }
            }
            Expr::List(inner) if inner.ctx.is_load() => self.display(&inner.elts, false, at),
            Expr::Set(inner) => self.display(&inner.elts, false, at),
            Expr::Call(call) => {
                self.visit_expr(&call.func);
                self.call(&call.arguments, at);
            }
            Expr::Slice(slice) => {
                for bound in [&slice.lower, &slice.upper] {
                    match bound {
                        Some(bound) => self.visit_expr(bound),
                        None => self.constant("None", at),
                    }
                }
                if let Some(step) = &slice.step {
                    self.visit_expr(step);
                }
            }
            Expr::Yield(inner) => match &inner.value {
                Some(value) => self.visit_expr(value),
                None => self.constant("None", at),
            },
            Expr::YieldFrom(_) | Expr::Await(_) => {
                walk_expr(self, expr);
                self.constant("None", at);
            }
            Expr::Named(inner) => {
                self.visit_expr(&inner.value);
            }
            Expr::FString(inner) => self.interpolated(inner.value.elements(), at),
            other => walk_expr(self, other),
        }
    }
}

fn text_key(text: &str) -> String {
    format!("'{text}")
}

fn number_key(number: usize) -> String {
    format!("number {number}")
}

fn tuple_key(keys: &[String]) -> String {
    format!("({})", keys.join(", "))
}
