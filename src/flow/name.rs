//! Names and paths that are known in part: text, and holes where only the run knows what stands there.

use std::fmt;

use super::artifact::runs_on_success;
use super::glob::{Meets, names_can_meet};
use super::matrix::{self, Leg};
use super::run::Run;
use super::written::{self, Found, Written};
use crate::workflow::called::InputKind;
use crate::workflow::expression::{self, Expr, Part, Value};
use crate::workflow::model::Pairs;
use crate::workflow::{Job, Step, Workflow};

/// Values may use other values (`env`, inputs, outputs); no sane workflow nests them deeper.
const MAX_DEPTH: usize = 12;

/// A stretch of a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Known text.
    Text(String),
    /// Text that only the run knows. Two holes with one identity hold the same text in one run.
    Hole(String),
}

/// A text known in part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Name {
    /// Its stretches; texts never stand side by side.
    pub pieces: Vec<Piece>,
}

impl Name {
    /// A text that is fully known.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::default() } else { Self { pieces: vec![Piece::Text(text)] } }
    }

    /// The text, when every part of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether this and `other` are the same text in no, some or every run.
    pub fn meets(&self, other: &Self) -> Meets {
        if self == other {
            Meets::Always
        } else if self.known().is_some() && other.known().is_some() {
            Meets::Never
        } else if names_can_meet(self, other) {
            Meets::Maybe
        } else {
            Meets::Never
        }
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    fn push(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => self.push_text(&text),
                hole @ Piece::Hole(_) => self.pieces.push(hole),
            }
        }
    }
}

impl fmt::Display for Name {
    /// The text with an ellipsis for every hole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Hole(_) => f.write_str("…")?,
            }
        }
        Ok(())
    }
}

/// Where a text is evaluated: which values its expressions see.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a, 'd> {
    /// The workflow.
    pub workflow: &'a Workflow<'d>,
    /// The job.
    pub job: &'a Job<'d>,
    /// The step, when the text belongs to one.
    pub step: Option<&'a Step<'d>>,
    /// The leg of the job.
    pub leg: &'a Leg,
    /// The leg's place among the job's legs.
    pub leg_index: usize,
    /// What scripts of this job write to `GITHUB_ENV`; `None` when that cannot be told.
    pub written_env: Option<&'a Written>,
    /// What is known of the run.
    pub run: &'a Run,
}

/// The file a text stands in, among those that call each other, and how far the job has come.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The step that calls the action the text stands in.
    within: Option<usize>,
    /// Steps from here on have not run yet.
    before: usize,
    /// How many values led here.
    depth: usize,
}

impl Frame {
    fn below(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'d> Scope<'_, 'd> {
    /// Evaluates the expressions in `text`.
    pub fn name(&self, text: &str) -> Name {
        self.name_below(text, 0)
    }

    /// Evaluates a text that `depth` other values led to.
    pub(super) fn name_below(&self, text: &str, depth: usize) -> Name {
        self.name_in(text, self.frame(depth))
    }

    fn frame(&self, depth: usize) -> Frame {
        Frame {
            within: self.step.and_then(|step| step.within),
            before: self.step.map_or(usize::MAX, |step| step.index),
            depth,
        }
    }

    fn name_in(&self, text: &str, frame: Frame) -> Name {
        if !text.contains("${{") {
            return Name::literal(text);
        }
        let template = expression::parse_template(text);
        let mut name = Name::default();
        for part in &template.parts {
            match part {
                Part::Text(span) => name.push_text(&text[span.start..span.end]),
                Part::Expr { inner, expr, .. } => {
                    let source = text[inner.start..inner.end].trim();
                    match expr {
                        Ok(expr) => name.push(self.value(expr, source, frame)),
                        Err(_) => name.pieces.push(self.hole(source, None)),
                    }
                }
            }
        }
        name
    }

    fn value(&self, expr: &Expr, source: &str, frame: Frame) -> Name {
        // A lone `env.X` may itself be known in part; keep its parts instead of one big hole.
        let lower = source.to_lowercase();
        if lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && let Some(name) = self.named(&lower, frame)
        {
            return name;
        }
        let value = expression::evaluate(expr, &|path| self.lookup(path, frame));
        match value {
            Value::Unknown => Name { pieces: vec![self.hole(source, Some(expr))] },
            value => value.text().map_or_else(|| Name { pieces: vec![self.hole(source, Some(expr))] }, Name::literal),
        }
    }

    /// The constant value of an expression in this scope.
    pub fn evaluate(&self, expr: &Expr, depth: usize) -> Value {
        expression::evaluate(expr, &|path| self.lookup(path, self.frame(depth)))
    }

    /// Whether a step or job condition holds in this leg, whatever the outcome of earlier steps; `None` when only the
    /// run knows.
    pub fn condition(&self, text: &str) -> Option<bool> {
        self.condition_below(text, 0)
    }

    fn condition_below(&self, text: &str, depth: usize) -> Option<bool> {
        expression::parse_condition(text).ok()?.truth(&|path| self.lookup(path, self.frame(depth)))
    }

    /// Whether the step runs when everything before it succeeds, as its condition says and those of the steps that call
    /// the actions it is written in.
    pub(super) fn step_runs(&self, depth: usize) -> Option<bool> {
        let step = self.step?;
        let conditions = self.job.step_callers(step).filter_map(|step| {
            let condition = step.condition?;
            Some((Self { step: Some(step), ..*self }, condition.value))
        });
        all(conditions.map(|(scope, condition)| scope.holds(condition, depth)))
    }

    /// Whether the job runs when everything before it succeeds, as its condition says and those of the jobs that call the
    /// workflows it is written in.
    pub(super) fn job_runs(&self, depth: usize) -> Option<bool> {
        let job = Self { step: None, ..*self };
        let callers = std::iter::successors(Some(job), Self::caller);
        all(callers.filter_map(|scope| Some(scope.holds(scope.job.condition?.value, depth))))
    }

    fn holds(&self, condition: &str, depth: usize) -> Option<bool> {
        if depth >= MAX_DEPTH {
            return None;
        }
        if runs_on_success(condition) {
            return Some(true);
        }
        // `always() && matrix.x == 'y'` chooses a leg: what asks for the state of the run does not. Whether something that
        // waits for a failure ever runs is left open.
        let known = self.condition_below(condition, depth);
        known.or_else(|| {
            let of_success = |path: &str| {
                let status = match path {
                    "always()" | "success()" => Some(Value::Bool(true)),
                    "failure()" | "cancelled()" => Some(Value::Bool(false)),
                    _ => None,
                };
                status.or_else(|| self.lookup(path, self.frame(depth)))
            };
            let parsed = expression::parse_condition(condition).ok()?;
            parsed.truth(&of_success).filter(|runs| *runs)
        })
    }

    /// The job that calls the workflow this one is written in.
    fn caller(&self) -> Option<Self> {
        let job = self.workflow.jobs.get(self.job.within?)?;
        let (leg_index, leg) = self.leg.caller().unwrap_or((0, &matrix::OPEN));
        Some(Self { job, step: None, leg, leg_index, written_env: None, ..*self })
    }

    fn lookup(&self, path: &str, frame: Frame) -> Option<Value> {
        if path == "github.job" {
            return Some(Value::String(self.job.own_id().to_owned()));
        }
        if let Some(rest) = path.strip_prefix("matrix.") {
            return self.leg.value(rest);
        }
        if let Some(key) = path.strip_prefix("inputs.")
            && let Some((name, kind)) = self.input(key, frame)
        {
            return typed(name.known()?, kind);
        }
        if let Some(name) = self.named(path, frame) {
            return name.known().map(|text| Value::String(text.to_owned()));
        }
        match path.strip_prefix("needs.").zip(self.job.within) {
            // What the run knows by a job's id is the workflow's own job.
            Some((rest, caller)) => {
                self.run.lookup(&format!("needs.{} / {rest}", self.workflow.jobs[caller].id.value.to_lowercase()))
            }
            None if path.starts_with("inputs.") && self.is_called(frame) => None,
            None => self.run.lookup(path),
        }
    }

    /// Whether the text stands in a file that this workflow calls.
    fn is_called(&self, frame: Frame) -> bool {
        frame.within.is_some() || self.job.within.is_some()
    }

    /// The text at a path that leads to another text of the workflow: a variable, a bound input, an output. `None` when it
    /// leads nowhere that is known.
    fn named(&self, path: &str, frame: Frame) -> Option<Name> {
        let (root, rest) = path.split_once('.')?;
        match root {
            "env" => self.env(rest, frame.depth),
            "inputs" => self.input(rest, frame).map(|(name, _)| name),
            "steps" => {
                let (id, key) = rest.split_once(".outputs.")?;
                self.step_output(id, key, frame)
            }
            "needs" | "jobs" => {
                let (id, key) = rest.split_once(".outputs.")?;
                self.job_output(root == "jobs", id, key, frame)
            }
            _ => None,
        }
    }

    /// The value of an environment variable that the file sets, by name without regard to case; `None` when it is not
    /// set in the file, or a script may set it to something that is not known. A step's own `env` goes first, then that of
    /// the steps that call the action it is in, then what scripts have written, then the job's and the workflow's.
    pub fn env(&self, key: &str, depth: usize) -> Option<Name> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let find = |pairs: &Pairs<'d>| {
            pairs.iter().find(|(k, _)| k.value.eq_ignore_ascii_case(key)).and_then(|(_, v)| v.as_str())
        };
        for step in self.step.iter().flat_map(|step| self.job.step_callers(step)) {
            if let Some(value) = find(&step.env) {
                return Some(Self { step: Some(step), ..*self }.name_below(value, depth + 1));
            }
        }
        match self.written_env?.at(self, key, depth) {
            Found::Known(name) => return Some(name),
            Found::Unknown => return None,
            Found::Untouched => {}
        }
        let value = find(&self.job.env).or_else(|| find(self.workflow.env_of(self.job)))?;
        Some(self.name_below(value, depth + 1))
    }

    /// An input of the action or called workflow that the text stands in: what the caller gives, else the default.
    fn input(&self, key: &str, frame: Frame) -> Option<(Name, InputKind)> {
        if frame.depth >= MAX_DEPTH {
            return None;
        }
        let (called, with, caller) = if let Some(at) = frame.within {
            let step = self.job.steps.get(at)?;
            (step.calls.as_ref()?, &step.with, Self { step: Some(step), ..*self })
        } else {
            let caller = self.caller()?;
            (caller.job.calls.as_ref()?, &caller.job.with, caller)
        };
        let input = called.input(key)?;
        let given = with.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(key)).map(|(_, value)| *value);
        let name = match given.or(input.default) {
            Some(node) if node.is_scalar() => caller.name_below(node.as_str().unwrap_or_default(), frame.depth + 1),
            Some(_) => return None,
            None => Name::literal(match input.kind {
                InputKind::Text => "",
                InputKind::Boolean => "false",
                InputKind::Number => "0",
            }),
        };
        Some((name, input.kind))
    }

    /// An output of an earlier step of the same file.
    fn step_output(&self, id: &str, key: &str, frame: Frame) -> Option<Name> {
        if frame.depth >= MAX_DEPTH {
            return None;
        }
        let same = |step: &&Step<'d>| {
            step.within == frame.within
                && step.index < frame.before
                && step.id.is_some_and(|own| own.value.eq_ignore_ascii_case(id))
        };
        let step = self.job.steps.iter().rfind(same)?;
        let scope = Self { step: Some(step), ..*self };
        match scope.step_runs(frame.depth + 1) {
            Some(true) => {}
            Some(false) => return Some(Name::default()),
            None => return None,
        }
        match &step.calls {
            Some(called) => {
                let inner = Frame { within: Some(step.index), before: usize::MAX, depth: frame.depth + 1 };
                Some(scope.name_in(called.output(key)?.value, inner))
            }
            None => Some(scope.name_below(&written::output(step, key)?, frame.depth + 1)),
        }
    }

    /// An output of a job that this one needs, or, for the outputs of a called workflow, of one of its jobs.
    fn job_output(&self, called: bool, id: &str, key: &str, frame: Frame) -> Option<Name> {
        if frame.depth >= MAX_DEPTH {
            return None;
        }
        let parent = if called { Some(self.job) } else { self.job.within.and_then(|job| self.workflow.jobs.get(job)) };
        let id = parent.map_or_else(|| id.to_owned(), |parent| format!("{} / {id}", parent.id.value));
        let job = self.workflow.jobs.get(self.workflow.job_index(&id)?)?;
        let leg = if called { Leg::default() } else { self.leg.sibling() };
        let scope = Scope { job, step: None, leg: &leg, leg_index: 0, written_env: None, ..*self };
        if scope.job_runs(frame.depth + 1) != Some(true) {
            return None;
        }
        let text = match &job.calls {
            Some(called) => called.output(key)?.value,
            None => {
                let output = job.outputs.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(key))?;
                output.1.as_str()?
            }
        };
        Some(scope.name_in(text, scope.frame(frame.depth).below()))
    }

    /// A hole for an expression. What is the same for the whole run (`github.*`, `vars.*`, …) is one hole wherever it
    /// is used; anything else belongs to its job, leg and step.
    fn hole(&self, source: &str, expr: Option<&Expr>) -> Piece {
        let normalised: String = source.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let called = self.is_called(self.frame(0));
        let run_wide = expr.is_some_and(|expr| {
            let mut any = false;
            let all = expr.contexts().all(|path| {
                any = true;
                let root = path.split('.').next().unwrap_or_default();
                // In a file that is called, each call has its own inputs.
                matches!(root, "vars" | "secrets" | "forge" | "forgejo" | "gitea")
                    || (!called && matches!(root, "inputs" | "needs"))
                    || (root == "github" && !path.starts_with("github.action") && path != "github.job")
            });
            any && all && !normalised.contains("hashfiles(")
        });
        if run_wide {
            Piece::Hole(normalised)
        } else {
            let step = self.step.map_or(0, |step| step.index);
            Piece::Hole(format!("{normalised}@{}/{}/{step}", self.job.id.value, self.leg_index))
        }
    }
}

/// Whether all of them hold.
fn all(conditions: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut holds = Some(true);
    for condition in conditions {
        match condition {
            Some(true) => {}
            Some(false) => return Some(false),
            None => holds = None,
        }
    }
    holds
}

/// The value of an input as expressions see it.
fn typed(text: &str, kind: InputKind) -> Option<Value> {
    match kind {
        InputKind::Text => Some(Value::String(text.to_owned())),
        InputKind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        InputKind::Number => text.parse().ok().map(Value::Number),
    }
}
