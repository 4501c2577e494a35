//! What scripts write for later steps: variables by `GITHUB_ENV`, outputs by `GITHUB_OUTPUT`.
//!
//! A variable is seen by the steps after the one that writes it, and goes before `env:` of job and workflow, not before
//! that of a step (actions/runner, `SetEnvFileCommand` and `ExecutionContext.Global.EnvironmentVariables`). Only what
//! stands there literally is known; `${{ }}` is replaced before the script runs.

use super::name::{Name, Scope};
use crate::shell::{self, EffectKind, ForgeWrite};
use crate::workflow::{Job, Step};

/// Longer scripts are not looked into.
const MAX_SCRIPT_BYTES: usize = 48 << 10;

/// The variables that scripts of a job write, in order.
#[derive(Debug, Default)]
pub struct Written {
    writes: Vec<Write>,
}

#[derive(Debug)]
struct Write {
    step: usize,
    /// `None` for one whose name is not known.
    name: Option<String>,
    value: Option<String>,
    guarded: bool,
}

/// What is known of a variable that scripts may have written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No script writes it.
    Untouched,
    /// The last write gives it this text.
    Known(Name),
    /// It may have been written, or with what is not known.
    Unknown,
}

impl Written {
    /// Reads the scripts of a job.
    pub fn of(job: &Job<'_>) -> Self {
        let mut writes = Vec::new();
        for step in &job.steps {
            let Some(run) = step.run.filter(|run| run.value.contains("_ENV") || run.value.contains(".env")) else {
                continue;
            };
            let read = read(run.value, |kind| match kind {
                EffectKind::WritesEnv(write) => Some(write),
                _ => None,
            });
            let none = read.is_empty() && ["GITHUB_ENV", "github.env"].iter().any(|name| run.value.contains(name));
            if none || run.value.len() > MAX_SCRIPT_BYTES {
                writes.push(Write { step: step.index, name: None, value: None, guarded: false });
            }
            writes.extend(read.into_iter().map(|(name, value, guarded)| Write {
                step: step.index,
                name,
                value,
                guarded,
            }));
        }
        Self { writes }
    }

    /// The names written, each as often as it is; `None` for one that is not known.
    pub(super) fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.writes.iter().map(|write| write.name.as_deref())
    }

    /// The variable at a step of a scope; at none, of the job as a whole, whatever is written is unknown. Names are compared
    /// without regard to case, as expressions have lost it.
    pub(super) fn at(&self, scope: &Scope<'_, '_>, name: &str, depth: usize) -> Found {
        let before = scope.step.map_or(usize::MAX, |step| step.index);
        for write in self.writes.iter().rev().filter(|write| write.step < before) {
            if write.name.as_ref().is_some_and(|other| !other.eq_ignore_ascii_case(name)) {
                continue;
            }
            let step = &scope.job.steps[write.step];
            let writer = Scope { step: Some(step), ..*scope };
            let known = write.value.as_ref().filter(|_| write.name.is_some() && !write.guarded && scope.step.is_some());
            return match (writer.step_runs(depth + 1), known) {
                (Some(false), _) => continue,
                (Some(true), Some(value)) => Found::Known(writer.name_below(value, depth + 1)),
                _ => Found::Unknown,
            };
        }
        Found::Untouched
    }
}

/// The text a script gives to an output of its step; it may hold `${{ }}`. `None` when that cannot be told.
pub(super) fn output(step: &Step<'_>, name: &str) -> Option<String> {
    let run = step.run.filter(|run| run.value.contains("_OUTPUT") || run.value.contains(".output"))?;
    if run.value.len() > MAX_SCRIPT_BYTES || run.value.contains("::set-output") {
        return None;
    }
    let writes = read(run.value, |kind| match kind {
        EffectKind::WritesOutput(write) => Some(write),
        _ => None,
    });
    let last = writes
        .into_iter()
        .rev()
        .find(|(other, ..)| other.as_ref().is_none_or(|other| other.eq_ignore_ascii_case(name)))?;
    match last {
        (Some(_), value, false) => value,
        _ => None,
    }
}

/// Name, value and whether it may be left out, for every line written; a line without a known name among them as `None`.
type Line = (Option<String>, Option<String>, bool);

fn read(script: &str, pick: impl Fn(EffectKind) -> Option<ForgeWrite>) -> Vec<Line> {
    let mut lines = Vec::new();
    for effect in shell::effects(&shell::parse(script)) {
        let guarded = effect.guarded;
        let Some(write) = pick(effect.kind) else { continue };
        lines.extend(write.entries.into_iter().map(|(name, value)| (Some(name), value, guarded)));
        if write.dynamic {
            lines.push((None, None, guarded));
        }
    }
    lines
}
