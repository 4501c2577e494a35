//! Names and paths that are known in part: text, and holes where only the run knows what stands there.

use std::fmt;

use super::glob::{Meets, names_can_meet};
use super::matrix::Leg;
use super::run::Run;
use crate::workflow::expression::{self, Expr, Part, Value};
use crate::workflow::{Job, Step, Workflow};

/// `env` values may use other `env` values; no sane workflow nests them deeper.
const MAX_ENV_DEPTH: usize = 4;

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
    /// Names that a script of this job may write to `GITHUB_ENV`; `None` when that cannot be told.
    pub written_env: Option<&'a [String]>,
    /// What is known of the run.
    pub run: &'a Run,
}

impl Scope<'_, '_> {
    /// Evaluates the expressions in `text`.
    pub fn name(&self, text: &str) -> Name {
        self.name_at(text, 0)
    }

    fn name_at(&self, text: &str, depth: usize) -> Name {
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
                        Ok(expr) => name.push(self.value(expr, source, depth)),
                        Err(_) => name.pieces.push(self.hole(source, None)),
                    }
                }
            }
        }
        name
    }

    fn value(&self, expr: &Expr, source: &str, depth: usize) -> Name {
        // A lone `env.X` may itself be known in part; keep its parts instead of one big hole.
        let lower = source.to_lowercase();
        if let Some(key) = lower.strip_prefix("env.")
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && let Some(name) = self.env(key, depth)
        {
            return name;
        }
        match self.evaluate(expr, depth) {
            Value::Unknown => Name { pieces: vec![self.hole(source, Some(expr))] },
            value => value.text().map_or_else(|| Name { pieces: vec![self.hole(source, Some(expr))] }, Name::literal),
        }
    }

    /// The constant value of an expression in this scope.
    pub fn evaluate(&self, expr: &Expr, depth: usize) -> Value {
        expression::evaluate(expr, &|path| self.lookup(path, depth))
    }

    /// Whether a step or job condition holds in this leg, whatever the outcome of earlier steps; `None` when only the
    /// run knows.
    pub fn condition(&self, text: &str) -> Option<bool> {
        expression::parse_condition(text).ok()?.truth(&|path| self.lookup(path, 0))
    }

    fn lookup(&self, path: &str, depth: usize) -> Option<Value> {
        if path == "github.job" {
            return Some(Value::String(self.job.id.value.to_owned()));
        }
        if let Some(rest) = path.strip_prefix("matrix.") {
            return match self.leg.get(rest) {
                Some(text) => text.map(|text| Value::String(text.to_owned())),
                None => None,
            };
        }
        if let Some(key) = path.strip_prefix("env.") {
            return self.env(key, depth)?.known().map(|text| Value::String(text.to_owned()));
        }
        self.run.lookup(path)
    }

    /// The value of an environment variable that the file sets, by name without regard to case; `None` when it is not
    /// set in the file, or a script may set it anew.
    pub fn env(&self, key: &str, depth: usize) -> Option<Name> {
        if depth >= MAX_ENV_DEPTH {
            return None;
        }
        let find = |pairs: &crate::workflow::model::Pairs<'_>| {
            pairs
                .iter()
                .find(|(k, _)| k.value.eq_ignore_ascii_case(key))
                .and_then(|(_, v)| v.as_str().map(str::to_owned))
        };
        if let Some(value) = self.step.and_then(|step| find(&step.env)) {
            return Some(self.name_at(&value, depth + 1));
        }
        if self.written_env.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(key))) {
            return None;
        }
        let value = find(&self.job.env).or_else(|| find(&self.workflow.env))?;
        Some(self.name_at(&value, depth + 1))
    }

    /// A hole for an expression. What is the same for the whole run (`github.*`, `inputs.*`, …) is one hole wherever it
    /// is used; anything else belongs to its job, leg and step.
    fn hole(&self, source: &str, expr: Option<&Expr>) -> Piece {
        let normalised: String = source.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let run_wide = expr.is_some_and(|expr| {
            let mut any = false;
            let all = expr.contexts().all(|path| {
                any = true;
                let root = path.split('.').next().unwrap_or_default();
                matches!(root, "inputs" | "vars" | "secrets" | "needs" | "forge" | "forgejo" | "gitea")
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
