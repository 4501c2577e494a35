//! Which jumps between lines are possible, as coverage.py derives them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ruff_python_ast::{Decorator, Expr, ModModule, Stmt, StmtFor, StmtIf, StmtMatch, StmtTry, StmtWhile, StmtWith};
use ruff_text_size::{Ranged, TextSize};

use super::ArcNote;
use super::constants::constant_test;
use super::source::{Lines, bodies};
use super::statements::is_irrefutable;
use crate::coverage::{Arc, LineSet};

/// What the arc analysis finds.
pub(super) struct Flow {
    /// Possible arcs between first lines, ascending, none from a line to itself.
    pub(super) arcs: Vec<Arc>,
    /// Notes for arcs that leave a line with several exits, ascending by arc.
    pub(super) notes: Vec<(Arc, ArcNote)>,
    /// What arcs at `with` statements are replaced by, ascending.
    pub(super) with_fixes: Vec<(Arc, Option<Arc>)>,
}

/// Finds the possible arcs. `code` holds the first lines of the logical lines that have code.
pub(super) fn possible_arcs(module: &ModModule, lines: &Lines, code: &LineSet) -> Flow {
    let mut finder = Finder {
        lines,
        code,
        arcs: Vec::new(),
        notes: Vec::new(),
        blocks: Vec::new(),
        open_withs: Vec::new(),
        with_starts: BTreeSet::new(),
        with_entries: HashSet::new(),
        with_exits: BTreeSet::new(),
    };
    finder.module(module);
    finder.code_objects(&module.body);
    finder.finish()
}

/// Applies the replacements for arcs at `with` statements to one arc.
pub(super) fn fix(with_arcs: &[(Arc, Option<Arc>)], arc: Arc) -> Option<Arc> {
    with_arcs.binary_search_by_key(&arc, |&(from, _)| from).map_or(Some(arc), |found| with_arcs[found].1)
}

/// Why an arc might not be taken; the texts are coverage.py's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cause {
    Empty,
    Break,
    Continue,
    Raise,
    Return,
    LoopNeverStarted,
    LoopDidNotComplete,
    NeverTrue,
    AlwaysTrue,
    AlwaysMatched,
    NeverMatched,
    DidNotHappen,
}

impl Cause {
    fn text(self) -> &'static str {
        match self {
            Self::Empty => "",
            Self::Break => "the break on line {lineno} wasn't executed",
            Self::Continue => "the continue on line {lineno} wasn't executed",
            Self::Raise => "the raise on line {lineno} wasn't executed",
            Self::Return => "the return on line {lineno} wasn't executed",
            Self::LoopNeverStarted => "the loop on line {lineno} never started",
            Self::LoopDidNotComplete => "the loop on line {lineno} didn't complete",
            Self::NeverTrue => "the condition on line {lineno} was never true",
            Self::AlwaysTrue => "the condition on line {lineno} was always true",
            Self::AlwaysMatched => "the pattern on line {lineno} always matched",
            Self::NeverMatched => "the pattern on line {lineno} never matched",
            Self::DidNotHappen => "the exception caught by line {lineno} didn't happen",
        }
    }
}

/// What taking an arc does, if more than going to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action<'a> {
    Jump,
    ExitModule,
    ReturnFrom(&'a str),
    ExceptFrom(&'a str),
    ExitClass(&'a str),
}

impl Action<'_> {
    fn text(self) -> Option<String> {
        match self {
            Self::Jump => None,
            Self::ExitModule => Some("exit the module".to_owned()),
            Self::ReturnFrom(name) => Some(format!("return from function '{name}'")),
            Self::ExceptFrom(name) => Some(format!("except from function '{name}'")),
            Self::ExitClass(name) => Some(format!("exit class '{name}'")),
        }
    }
}

/// A line from which control goes on to whatever comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Exit {
    line: i32,
    cause: Cause,
}

type Exits = Vec<Exit>;

enum Block<'a> {
    Loop {
        start: i32,
        breaks: Exits,
    },
    Function {
        start: i32,
        name: &'a str,
    },
    /// With the line of the first handler, while the `try` body itself is visited.
    Try {
        handler: Option<i32>,
    },
}

struct Finder<'a> {
    lines: &'a Lines,
    code: &'a LineSet,
    arcs: Vec<Arc>,
    notes: Vec<(Arc, Option<Cause>, Action<'a>)>,
    blocks: Vec<Block<'a>>,
    /// Starts of the `with` statements around the current statement.
    open_withs: Vec<i32>,
    with_starts: BTreeSet<i32>,
    /// Arcs from a `with` line into its body.
    with_entries: HashSet<Arc>,
    /// Arcs from the body back to the `with` line.
    with_exits: BTreeSet<Arc>,
}

impl<'a> Finder<'a> {
    fn at(&self, offset: TextSize) -> i32 {
        signed(self.lines.first_at(offset))
    }

    fn add(&mut self, arc: Arc, cause: Option<Cause>, action: Action<'a>) {
        self.arcs.push(arc);
        if self.open_withs.contains(&arc.0) {
            self.with_entries.insert(arc);
        }
        if cause.is_some() || action != Action::Jump {
            self.notes.push((arc, cause, action));
        }
    }

    fn module(&mut self, module: &'a ModModule) {
        let start = signed(self.lines.first(1));
        if module.body.is_empty() {
            self.add((start, -start), None, Action::Jump);
            return;
        }
        for exit in self.body(&module.body, Vec::new()) {
            self.add((exit.line, -start), Some(exit.cause), Action::ExitModule);
        }
    }

    /// Visits every function and class on its own, later ones first, outer before inner.
    fn code_objects(&mut self, body: &'a [Stmt]) {
        for stmt in body.iter().rev() {
            match stmt {
                Stmt::FunctionDef(def) => {
                    let start = signed(self.lines.key(stmt));
                    self.blocks.push(Block::Function { start, name: &def.name });
                    let exits = self.body(&def.body, Vec::new());
                    self.return_exits(&exits);
                    self.blocks.pop();
                }
                Stmt::ClassDef(def) => {
                    let start = signed(self.lines.key(stmt));
                    for exit in self.body(&def.body, Vec::new()) {
                        self.add((exit.line, -start), Some(exit.cause), Action::ExitClass(&def.name));
                    }
                }
                _ => {}
            }
            for nested in bodies(stmt).into_iter().rev() {
                self.code_objects(nested);
            }
        }
    }

    /// Visits statements entered from `from`; returns from where control goes on behind them.
    fn body(&mut self, body: &'a [Stmt], from: Exits) -> Exits {
        let mut exits = from;
        for stmt in body {
            let line = self.lines.key(stmt);
            if !self.code.contains(line) {
                continue;
            }
            dedup(&mut exits);
            for exit in exits {
                self.add((exit.line, signed(line)), Some(exit.cause), Action::Jump);
            }
            exits = self.stmt(stmt);
        }
        dedup(&mut exits);
        exits
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Exits {
        let here = self.at(stmt.start());
        match stmt {
            Stmt::FunctionDef(def) => self.definition(&def.decorator_list, def.name.start()),
            Stmt::ClassDef(def) => self.definition(&def.decorator_list, def.name.start()),
            Stmt::Break(_) => {
                let exit = Exit { line: here, cause: Cause::Break };
                for block in self.blocks.iter_mut().rev() {
                    if let Block::Loop { breaks, .. } = block {
                        breaks.push(exit);
                        break;
                    }
                }
                Vec::new()
            }
            Stmt::Continue(_) => {
                let start = self.blocks.iter().rev().find_map(|block| match block {
                    Block::Loop { start, .. } => Some(*start),
                    _ => None,
                });
                if let Some(start) = start {
                    self.add((here, start), Some(Cause::Continue), Action::Jump);
                }
                Vec::new()
            }
            Stmt::Raise(_) => {
                self.raise_exit(Exit { line: here, cause: Cause::Raise });
                Vec::new()
            }
            Stmt::Return(_) => {
                self.return_exits(&[Exit { line: here, cause: Cause::Return }]);
                Vec::new()
            }
            Stmt::For(stmt) => self.for_(stmt),
            Stmt::While(stmt) => self.while_(stmt),
            Stmt::If(stmt) => self.if_(stmt),
            Stmt::Match(stmt) => self.match_(stmt),
            Stmt::Try(stmt) => self.try_(stmt),
            Stmt::With(stmt) => self.with(stmt),
            _ => vec![Exit { line: here, cause: Cause::Empty }],
        }
    }

    /// Decorators run one after the other, then the definition's own line.
    fn definition(&mut self, decorators: &[Decorator], name: TextSize) -> Exits {
        let main = signed(self.lines.of_definition(name));
        let mut last = None;
        for decorator in decorators {
            let line = self.at(decorator.expression.start());
            if let Some(last) = last.filter(|&last| last != line) {
                self.add((last, line), None, Action::Jump);
            }
            last = Some(line);
        }
        if let Some(last) = last {
            self.add((last, main), None, Action::Jump);
        }
        vec![Exit { line: main, cause: Cause::Empty }]
    }

    fn return_exits(&mut self, exits: &[Exit]) {
        let function = self.blocks.iter().rev().find_map(|block| match block {
            Block::Function { start, name } => Some((*start, *name)),
            _ => None,
        });
        if let Some((start, name)) = function {
            for exit in exits {
                self.add((exit.line, -start), Some(exit.cause), Action::ReturnFrom(name));
            }
        }
    }

    fn raise_exit(&mut self, exit: Exit) {
        let catcher = self.blocks.iter().rev().find_map(|block| match block {
            Block::Function { start, name } => Some((Some(-start), Action::ExceptFrom(name))),
            Block::Try { handler } => Some((*handler, Action::Jump)),
            Block::Loop { .. } => None,
        });
        if let Some((Some(end), action)) = catcher {
            self.add((exit.line, end), Some(exit.cause), action);
        }
    }

    /// Visits a loop's body; returns the exits by `break`.
    fn loop_body(&mut self, start: i32, body: &'a [Stmt], cause: Cause) -> Exits {
        self.blocks.push(Block::Loop { start, breaks: Vec::new() });
        for exit in self.body(body, vec![Exit { line: start, cause }]) {
            self.add((exit.line, start), Some(exit.cause), Action::Jump);
        }
        match self.blocks.pop() {
            Some(Block::Loop { breaks, .. }) => breaks,
            _ => Vec::new(),
        }
    }

    fn for_(&mut self, stmt: &'a StmtFor) -> Exits {
        let start = self.at(stmt.iter.start());
        let mut exits = self.loop_body(start, &stmt.body, Cause::LoopNeverStarted);
        let done = Exit { line: start, cause: Cause::LoopDidNotComplete };
        exits.extend(self.body(&stmt.orelse, vec![done]));
        exits
    }

    fn while_(&mut self, stmt: &'a StmtWhile) -> Exits {
        let start = self.at(stmt.test.start());
        let mut exits = self.loop_body(start, &stmt.body, Cause::NeverTrue);
        let done = Exit { line: start, cause: Cause::AlwaysTrue };
        if !stmt.orelse.is_empty() {
            exits.extend(self.body(&stmt.orelse, vec![done]));
        } else if constant_test(&stmt.test).is_none() {
            exits.push(done);
        }
        exits
    }

    fn if_(&mut self, stmt: &'a StmtIf) -> Exits {
        let mut exits = Vec::new();
        let mut test: &'a Expr = &stmt.test;
        let mut body: &'a [Stmt] = &stmt.body;
        let mut clauses = stmt.elif_else_clauses.iter();
        loop {
            let line = self.at(test.start());
            let constant = constant_test(test);
            if constant != Some(false) {
                exits.extend(self.body(body, vec![Exit { line, cause: Cause::NeverTrue }]));
            }
            if constant == Some(true) {
                return exits;
            }
            let onward = Exit { line, cause: Cause::AlwaysTrue };
            let Some(clause) = clauses.next() else {
                exits.push(onward);
                return exits;
            };
            let Some(next) = &clause.test else {
                exits.extend(self.body(&clause.body, vec![onward]));
                return exits;
            };
            let elif = self.lines.first_at(clause.start());
            if !self.code.contains(elif) {
                exits.push(onward);
                return exits;
            }
            self.add((line, signed(elif)), Some(onward.cause), Action::Jump);
            test = next;
            body = &clause.body;
        }
    }

    fn match_(&mut self, stmt: &'a StmtMatch) -> Exits {
        let mut last = self.at(stmt.start());
        let mut exits = Vec::new();
        for case in &stmt.cases {
            let line = self.at(case.pattern.start());
            self.add((last, line), Some(Cause::AlwaysMatched), Action::Jump);
            exits.extend(self.body(&case.body, vec![Exit { line, cause: Cause::NeverMatched }]));
            last = line;
        }
        if !stmt.cases.last().is_some_and(|case| case.guard.is_none() && is_irrefutable(&case.pattern)) {
            exits.push(Exit { line: last, cause: Cause::AlwaysMatched });
        }
        exits
    }

    fn try_(&mut self, stmt: &'a StmtTry) -> Exits {
        let handler = stmt.handlers.first().map(|handler| self.at(handler.start()));
        let start = self.at(stmt.start());
        self.blocks.push(Block::Try { handler });
        let mut exits = self.body(&stmt.body, vec![Exit { line: start, cause: Cause::Empty }]);
        self.blocks.pop();
        let has_finally = !stmt.finalbody.is_empty();
        if has_finally {
            // What the handlers and `else` raise ends up in `finally`, and nowhere that we follow.
            self.blocks.push(Block::Try { handler: None });
        }
        let mut handled = Vec::new();
        for handler in stmt.handlers.iter().filter_map(|handler| handler.as_except_handler()) {
            let from = Exit { line: self.at(handler.start()), cause: Cause::DidNotHappen };
            handled.extend(self.body(&handler.body, vec![from]));
        }
        exits = self.body(&stmt.orelse, exits);
        exits.extend(handled);
        if has_finally {
            self.blocks.pop();
            let entered = !exits.is_empty();
            let left = self.body(&stmt.finalbody, exits);
            exits = if entered { left } else { Vec::new() };
        }
        exits
    }

    fn with(&mut self, stmt: &'a StmtWith) -> Exits {
        let start = self.at(stmt.start());
        self.open_withs.push(start);
        self.with_starts.insert(start);
        let exits = self.body(&stmt.body, vec![Exit { line: start, cause: Cause::Empty }]);
        self.open_withs.pop();
        if exits.is_empty() {
            return exits;
        }
        for exit in exits {
            self.add((exit.line, start), None, Action::Jump);
            self.with_exits.insert((exit.line, start));
        }
        vec![Exit { line: start, cause: Cause::Empty }]
    }

    /// What to replace arcs by that leave a `with` body through the `with` line.
    fn with_fixes(&self) -> Vec<(Arc, Option<Arc>)> {
        // Where each `with` line goes on to. coverage.py fails if there are several; we take the first line of these.
        let mut nexts = BTreeMap::new();
        for &arc in &self.arcs {
            if self.with_starts.contains(&arc.0) && !self.with_entries.contains(&arc) {
                let next = nexts.entry(arc.0).or_insert(arc.1);
                *next = arc.1.min(*next);
            }
        }
        let mut fixes = BTreeMap::new();
        for &(end, start) in &self.with_exits {
            let Some(&next) = nexts.get(&start) else { continue };
            // A `with` that ends the body of another goes on where the outer one does.
            let (mut inner, mut next) = (start, next);
            for _ in 0..nexts.len() {
                match nexts.get(&next) {
                    Some(&onward) if self.with_exits.contains(&(inner, next)) => (inner, next) = (next, onward),
                    _ => break,
                }
            }
            fixes.insert((end, start), Some((end, next)));
        }
        for (&start, &next) in &nexts {
            if !self.with_exits.contains(&(start, start)) {
                fixes.insert((start, next), None);
            }
        }
        fixes.into_iter().collect()
    }

    fn finish(self) -> Flow {
        let with_fixes = self.with_fixes();
        let mut arcs: Vec<Arc> = self
            .arcs
            .iter()
            .filter_map(|&arc| fix(&with_fixes, arc))
            .map(|(from, to)| (map(self.lines, from), map(self.lines, to)))
            .filter(|(from, to)| from != to)
            .collect();
        arcs.sort_unstable();
        arcs.dedup();
        let branches: LineSet = arcs
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .filter_map(|pair| u32::try_from(pair[0].0).ok())
            .collect();
        let mut notes: Vec<_> = self
            .notes
            .into_iter()
            .filter(|&((from, _), ..)| u32::try_from(from).is_ok_and(|from| branches.contains(from)))
            .collect();
        notes.sort_by_key(|&(arc, ..)| arc);
        let notes = notes
            .into_iter()
            .map(|(arc, cause, action)| {
                (arc, ArcNote { missing: cause.map(|cause| cause.text().to_owned()), action: action.text() })
            })
            .collect();
        Flow { arcs, notes, with_fixes }
    }
}

fn signed(line: u32) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}

fn map(lines: &Lines, line: i32) -> i32 {
    signed(lines.first(line.unsigned_abs())) * line.signum()
}

/// Drops repetitions, keeping the order.
fn dedup(exits: &mut Exits) {
    if exits.len() > 1 {
        let mut seen = HashSet::with_capacity(exits.len());
        exits.retain(|exit| seen.insert(*exit));
    }
}
