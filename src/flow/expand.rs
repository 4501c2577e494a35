//! Puts in the place of a session of nox, tox, make and the like what it executes, as far as the project's files tell.
//!
//! What they do not tell stays the session it was, and is known by its name alone.

use std::sync::Arc;

use super::data::Location;
use super::name::{Name, Scope};
use super::paths;
use super::project::Coverage;
use super::work::{self, Work, WorkKind};
use crate::shell::{self, Effect, Script, SessionRun, Word};
use crate::source::Span;
use crate::task::{Code, Interpreter, Origin, Piece, Resolution, Setting, Tasks};
use crate::workflow::model::Pairs;

/// Runners that start runners (a make target, nox, a script) nested deeper than this are not looked into.
const MAX_DEPTH: usize = 4;

/// More work than one command of a workflow stands for.
const MAX_WORKS: usize = 400;

/// Looks into sessions on behalf of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expander<'a, 'd> {
    pub(super) scope: &'a Scope<'a, 'd>,
    pub(super) tasks: &'a Tasks,
    pub(super) coverage: &'a Coverage,
}

impl Expander<'_, '_> {
    /// The work that `outer`, a session, stands for; `None` when that cannot be told.
    pub(super) fn works(&self, outer: &Work, run: &SessionRun) -> Option<Vec<Work>> {
        if !self.is_at_home() {
            return None;
        }
        let found = self.nested(outer, run, 0)?;
        let tells = |work: &Work| !matches!(work.kind, WorkKind::Files | WorkKind::Opaque);
        // A session of which nothing but riddles is known is better known by its name.
        (found.is_empty() || found.iter().any(tells)).then_some(found)
    }

    /// Whether the workspace is the project itself, as far as the job's own steps say.
    fn is_at_home(&self) -> bool {
        self.scope.job.steps.iter().all(|step| {
            let Some(action) = step.repo_action() else { return true };
            !action.repo.eq_ignore_ascii_case("checkout")
                || ["path", "repository"].iter().all(|input| step.input(input).is_none())
        })
    }

    fn nested(&self, outer: &Work, run: &SessionRun, depth: usize) -> Option<Vec<Work>> {
        let folder = literal_folder(outer.cwd.as_deref()?)?;
        let resolution = self.tasks.resolve(run, &folder, &self.environment(outer))?;
        let mut works = Vec::new();
        for piece in &resolution.pieces {
            let setting = Self::setting(outer, &resolution, piece);
            self.piece(outer, piece, &setting, depth, &mut works);
            if works.len() > MAX_WORKS {
                return None;
            }
        }
        Some(works)
    }

    /// The variables that the workflow sets for a command, the innermost last.
    fn environment(&self, outer: &Work) -> Vec<(String, Option<String>)> {
        let scope = self.scope;
        let mut levels: Vec<&Pairs<'_>> = scope.step.into_iter().flat_map(|step| scope.job.step_envs(step)).collect();
        levels.extend([&scope.job.env, scope.workflow.env_of(scope.job)]);
        let mut env: Vec<(String, Option<String>)> = Vec::new();
        for (key, value) in levels.into_iter().rev().flatten() {
            let value = value.as_str().and_then(|value| scope.name(value).known().map(str::to_owned));
            env.push((key.value.to_owned(), value));
        }
        match scope.written_env {
            Some(written) if written.names().all(|name| name.is_some()) => {
                env.extend(written.names().flatten().map(|name| (name.to_owned(), None)));
            }
            _ => env.push((UNKNOWN_NAMES.to_owned(), None)),
        }
        env.extend(outer.env.iter().cloned());
        env
    }

    /// What surrounds a piece: its session's setting, seen together with those of the sessions around it.
    fn setting(outer: &Work, resolution: &Resolution, piece: &Piece) -> Arc<Setting> {
        let mut setting = resolution.sessions[piece.session].clone();
        if let Some(around) = &outer.setting {
            if setting.python == Interpreter::Inherited {
                setting.python = around.python.clone();
            }
            setting.isolated |= around.isolated;
            setting.installs = match (setting.installs, &around.installs) {
                (Some(mut own), Some(others)) => {
                    own.extend(others.iter().cloned());
                    own.sort_unstable();
                    own.dedup();
                    Some(own)
                }
                _ => None,
            };
        }
        Arc::new(setting)
    }

    fn piece(&self, outer: &Work, piece: &Piece, setting: &Arc<Setting>, depth: usize, works: &mut Vec<Work>) {
        let cwd = piece.cwd.as_deref().map(|cwd| paths::segments(&Name::literal(cwd)).unwrap_or_default());
        let mut env = outer.env.clone();
        if setting.isolated {
            // The session sees none of the job's variables that it does not ask for, so that what is set is unknown.
            env.retain(|(name, _)| !is_coverage_variable(name));
            if self.environment(outer).iter().any(|(name, _)| is_coverage_variable(name)) {
                env.push(("COVERAGE_FILE".to_owned(), None));
            }
        }
        for (name, value) in &piece.env {
            env.retain(|(other, _)| other != name);
            env.push((name.clone(), value.clone()));
        }
        let make = |kind: WorkKind, span: Span, guarded: bool| {
            let mut origin = outer.origin.clone();
            origin.push(Origin { source: Arc::clone(&piece.origin.source), span });
            Work {
                step: outer.step,
                kind,
                span: outer.span,
                guarded: outer.guarded || piece.guarded || guarded,
                cwd: cwd.clone(),
                data_file: Location::Unknown,
                env: env.clone(),
                origin,
                setting: Some(Arc::clone(setting)),
            }
        };
        let (script, verbatim): (Script, bool) = match &piece.code {
            Code::Opaque => return works.push(make(WorkKind::Opaque, piece.origin.span, false)),
            Code::Files => return works.push(make(WorkKind::Files, piece.origin.span, false)),
            Code::Words(words) => (shell::command(words.clone()), false),
            Code::Shell(text, verbatim) => (shell::parse(text), *verbatim),
        };
        let assignments = script.assignments();
        for mut effect in shell::effects(&script) {
            let span = if verbatim { shifted(effect.span, piece.origin.span.start) } else { piece.origin.span };
            let folder = work::folder(cwd.as_deref(), &effect.cwd);
            add_environment(&mut effect, &env);
            let data_file = work::data_file(self.scope, &script, &effect, folder.as_deref(), self.coverage);
            let own = work::script_env(&assignments, &effect);
            let guarded = effect.guarded;
            let Some(kind) = work::script_kind(effect) else { continue };
            let work = Work { cwd: folder, data_file, env: own, ..make(kind, span, guarded) };
            match &work.kind {
                WorkKind::Session(run) if depth < MAX_DEPTH => match self.nested(&work, run, depth + 1) {
                    Some(inner) => works.extend(inner),
                    None => works.push(work),
                },
                _ => works.push(work),
            }
        }
    }
}

/// Stands in an environment for variables whose very names are not known.
pub(crate) const UNKNOWN_NAMES: &str = "*";

fn is_coverage_variable(name: &str) -> bool {
    name.starts_with("COVERAGE_")
}

/// Puts the variables around an effect before its own.
fn add_environment(effect: &mut Effect, around: &[(String, Option<String>)]) {
    let words = around.iter().map(|(name, value)| {
        let word = Word { text: value.clone().unwrap_or_default(), dynamic: value.is_none(), ..Word::default() };
        (name.clone(), word)
    });
    let own = std::mem::take(&mut effect.env);
    effect.env = words.chain(own).collect();
}

fn shifted(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// A folder as a path, when it is known to the letter.
fn literal_folder(folder: &[Name]) -> Option<String> {
    let parts: Option<Vec<&str>> = folder.iter().map(Name::known).collect();
    Some(parts?.join("/"))
}
