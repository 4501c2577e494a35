//! What a job does, in order: the steps' actions and the commands of their scripts.

use std::sync::Arc;

use super::collect::{self, DataSource};
use super::data::{Location, literal};
use super::expand::Expander;
use super::name::{Name, Scope};
use super::paths;
use super::project::Coverage;
use crate::shell::{self, Cwd, Effect, EffectKind, Script, Variable};
use crate::source::Span;
use crate::task::{Origin, Setting, Tasks};
use crate::workflow::action::{ArtifactKind, Uses, artifact_action, is_cache_action, is_inert_action};
use crate::workflow::{Job, Step, Workflow};

/// Longer scripts are not looked into, but opaque.
const MAX_SCRIPT_BYTES: usize = 48 << 10;

/// More variables than a script sets for its tests.
const MAX_VARIABLES: usize = 64;

/// One thing a job does. What neither runs tests nor touches files is left out.
#[derive(Debug)]
pub struct Work {
    /// Index of the step.
    pub step: usize,
    /// What it does.
    pub kind: WorkKind,
    /// The command or `uses:` in the file.
    pub span: Span,
    /// Whether it may be skipped although everything before went well.
    pub guarded: bool,
    /// The folder it runs in, relative to the workspace; `None` when that cannot be told.
    pub cwd: Option<Vec<Name>>,
    /// Where coverage.py keeps its data for this command.
    pub data_file: Location,
    /// Variables that the script sets for this command, on its line or by `export` before it; `None` as value for what
    /// is not literally known.
    pub env: Vec<(String, Option<String>)>,
    /// Where in other files of the project it is written, from the file the workflow names inward; empty for what stands
    /// in the workflow itself.
    pub origin: Vec<Origin>,
    /// The session of a task runner it belongs to.
    pub setting: Option<Arc<Setting>>,
}

/// What a piece of work is.
#[derive(Debug)]
pub enum WorkKind {
    /// Runs tests, or a program under measurement.
    Tests(shell::TestRun),
    /// Starts sessions of nox, tox, make and the like.
    Session(shell::SessionRun),
    /// A `coverage` command that runs no tests.
    Coverage(shell::CoverageCommand),
    /// `slipcover --merge`.
    SlipcoverMerge(shell::SlipcoverMerge),
    /// Reports on coverage data with this program, as an action or in a script, and judges it.
    Apply(Apply),
    /// May move or make files.
    Files,
    /// Uploads an artifact.
    Upload,
    /// Downloads an artifact, or may do so.
    Download,
    /// Restores or saves a cache, which may carry anything.
    Cache,
    /// Cannot be known.
    Opaque,
}

/// A step of this program that reports on coverage data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apply {
    /// Where its data is.
    pub source: DataSource,
    /// What a script names with `--artifacts`.
    pub artifacts: Option<String>,
}

impl Apply {
    /// Whether it fetches the data itself, or may do so.
    pub fn may_collect(&self) -> bool {
        self.source != DataSource::Workspace
    }
}

impl Work {
    /// Whether this may have brought or made a coverage data file that nobody sees from here.
    pub fn may_bring_data(&self) -> bool {
        matches!(
            self.kind,
            WorkKind::Tests(_)
                | WorkKind::Session(_)
                | WorkKind::Files
                | WorkKind::Download
                | WorkKind::Cache
                | WorkKind::Opaque
                | WorkKind::Apply(_)
        )
    }
}

/// Whether a step is written for a POSIX shell.
fn posix_shell(workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> bool {
    // The steps of an action do not see the defaults of the job that calls it.
    let defaults = || job.defaults.shell.or(workflow.defaults_of(job).shell).filter(|_| step.within.is_none());
    step.shell.or_else(defaults).is_none_or(|shell| {
        let program = shell.value.split_whitespace().next().unwrap_or_default();
        matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash" | "zsh"))
    })
}

/// Reads the work of one job. `scope` is that of a leg; what differs between legs comes out unknown by its holes.
pub(super) fn read(scope: &Scope<'_, '_>, coverage: &Coverage, tasks: &Tasks) -> Vec<Work> {
    let mut works = Vec::new();
    for step in &scope.job.steps {
        let scope = Scope { step: Some(step), ..*scope };
        let runs = scope.step_runs(0);
        if runs == Some(false) || step.calls.is_some() {
            continue;
        }
        let guarded = runs.is_none();
        let defaults = scope.job.defaults.working_directory.or(scope.workflow.defaults_of(scope.job).working_directory);
        let cwd = step
            .working_directory
            .or(defaults.filter(|_| step.within.is_none()))
            .map_or(Some(Vec::new()), |dir| paths::segments(&scope.name(dir.value)));
        if let Some(uses) = step.uses {
            if let Some(kind) = step.action.as_ref().and_then(|action| action_kind(action, scope.job, step)) {
                works.push(Work {
                    step: step.index,
                    kind,
                    span: uses.span(),
                    guarded,
                    cwd: Some(Vec::new()),
                    data_file: Location::Unknown,
                    env: Vec::new(),
                    origin: Vec::new(),
                    setting: None,
                });
            }
        } else if let Some(run) = step.run {
            if run.value.len() > MAX_SCRIPT_BYTES || !posix_shell(scope.workflow, scope.job, step) {
                works.push(Work {
                    step: step.index,
                    kind: WorkKind::Opaque,
                    span: run.span(),
                    guarded,
                    cwd,
                    data_file: Location::Unknown,
                    env: Vec::new(),
                    origin: Vec::new(),
                    setting: None,
                });
                continue;
            }
            let script = shell::parse(run.value);
            let assignments = script.assignments();
            for effect in shell::effects(&script) {
                let folder = folder(cwd.as_deref(), &effect.cwd);
                let data_file = data_file(&scope, &script, &effect, folder.as_deref(), coverage);
                let env = script_env(&assignments, &effect);
                let (span, effect_guarded) = (run.node.source_span(effect.span), effect.guarded);
                let Some(kind) = script_kind(effect) else { continue };
                let guarded = guarded || effect_guarded;
                let (origin, setting) = (Vec::new(), None);
                let work = Work { step: step.index, kind, span, guarded, cwd: folder, data_file, env, origin, setting };
                let expander = Expander { scope: &scope, tasks, coverage };
                match &work.kind {
                    WorkKind::Session(run) => match expander.works(&work, run) {
                        Some(inner) => works.extend(inner),
                        None => works.push(work),
                    },
                    _ => works.push(work),
                }
            }
        } else if step.node.is_mapping() {
            works.push(Work {
                step: step.index,
                kind: WorkKind::Opaque,
                span: step.anchor(),
                guarded,
                cwd,
                data_file: Location::Unknown,
                env: Vec::new(),
                origin: Vec::new(),
                setting: None,
            });
        }
    }
    works
}

pub(super) fn script_env(assignments: &[shell::Assignment], effect: &Effect) -> Vec<(String, Option<String>)> {
    let literal = |word: &shell::Word| word.literal().map(str::to_owned);
    let mut env: Vec<(String, Option<String>)> = Vec::new();
    let exported = assignments.iter().filter(|a| a.span.start < effect.span.start && (a.exported || a.unset));
    let own = effect.env.iter().map(|(name, value)| (name.clone(), literal(value)));
    for (name, value) in
        exported.map(|a| (a.name.clone(), a.value.as_ref().and_then(literal))).chain(own).take(MAX_VARIABLES)
    {
        env.retain(|(other, _)| *other != name);
        env.push((name, value));
    }
    env.sort();
    env
}

fn action_kind(uses: &Uses, job: &Job<'_>, step: &Step<'_>) -> Option<WorkKind> {
    if collect::is_own_action(uses, job, step) {
        return Some(WorkKind::Apply(Apply { source: collect::action_source(step), artifacts: None }));
    }
    if let Some(artifact) = artifact_action(uses, step.uses_comment) {
        return Some(match artifact.kind {
            ArtifactKind::Upload => WorkKind::Upload,
            ArtifactKind::Download | ArtifactKind::OtherRunDownload => WorkKind::Download,
            ArtifactKind::Merge => WorkKind::Opaque,
        });
    }
    if is_cache_action(uses) {
        (!caches_elsewhere(step)).then_some(WorkKind::Cache)
    } else if is_inert_action(uses) {
        None
    } else {
        Some(WorkKind::Opaque)
    }
}

/// Whether a cache holds only folders that have nothing to do with coverage, such as `~/.cache/pip` or `.venv`.
fn caches_elsewhere(step: &Step<'_>) -> bool {
    step.input_text("path").is_some_and(|path| {
        !path.is_dynamic()
            && path.value.lines().map(str::trim).filter(|line| !line.is_empty()).all(|line| {
                let last = line.trim_end_matches(['/', '*']).rsplit('/').next().unwrap_or_default();
                !line.contains("cov") && !matches!(last, "" | "." | ".." | "~")
            })
    })
}

pub(super) fn script_kind(effect: Effect) -> Option<WorkKind> {
    Some(match effect.kind {
        EffectKind::Tests(run) => WorkKind::Tests(run),
        EffectKind::Session(run) => WorkKind::Session(run),
        EffectKind::Coverage(command) => WorkKind::Coverage(command),
        EffectKind::SlipcoverMerge(merge) => WorkKind::SlipcoverMerge(merge),
        EffectKind::Apply(command) => {
            WorkKind::Apply(Apply { source: collect::command_source(&command), artifacts: command.artifacts })
        }
        EffectKind::Files(_) => WorkKind::Files,
        EffectKind::Opaque => WorkKind::Opaque,
        EffectKind::WritesEnv(_) | EffectKind::WritesOutput(_) | EffectKind::Inert => return None,
    })
}

pub(super) fn folder(base: Option<&[Name]>, cwd: &Cwd) -> Option<Vec<Name>> {
    match cwd {
        Cwd::Unchanged => base.map(<[Name]>::to_vec),
        Cwd::Unknown => None,
        Cwd::Known(dir) => join(base?, &Name::literal(dir.as_str())),
    }
}

/// `base` and a path relative to it; `None` for what leaves the workspace.
pub(super) fn join(base: &[Name], path: &Name) -> Option<Vec<Name>> {
    let mut whole = Name::default();
    for segment in base {
        whole.pieces.extend(segment.pieces.iter().cloned());
        whole.pieces.push(super::name::Piece::Text("/".to_owned()));
    }
    if let Some(super::name::Piece::Text(text)) = path.pieces.first()
        && (text.starts_with('/') || text.starts_with('~'))
    {
        return None;
    }
    whole.pieces.extend(path.pieces.iter().cloned());
    paths::segments(&whole)
}

pub(super) fn data_file(
    scope: &Scope<'_, '_>,
    script: &Script,
    effect: &Effect,
    cwd: Option<&[Name]>,
    coverage: &Coverage,
) -> Location {
    // A configuration file that is named is another one than the usual; that of a session is not seen.
    let (option, rcfile) = match &effect.kind {
        EffectKind::Tests(run) => match &run.measured {
            Some(shell::Measured::Coverage(options)) => (options.data_file.as_deref(), Some(options.rcfile.as_deref())),
            Some(shell::Measured::PytestCov { config, .. }) => (None, Some(config.as_deref())),
            Some(shell::Measured::Slipcover { out: Some(out), .. }) => (Some(out.as_str()), None),
            _ => (None, Some(None)),
        },
        EffectKind::Coverage(command) => (command.data_file.as_deref(), Some(command.rcfile.as_deref())),
        // What a session does is not seen; a variable set for it on purpose still says where data would go.
        EffectKind::Session(_) | EffectKind::Opaque => (None, None),
        _ => return Location::Unknown,
    };
    let Some(cwd) = cwd else { return Location::Unknown };
    if let Some(path) = option {
        return Location::of(join(cwd, &Name::literal(path)).filter(|_| !path.contains(['$', '`'])));
    }
    let mentioned = |command: &shell::Command| {
        command.assignments.iter().any(|(name, _)| name == "COVERAGE_FILE")
            || command.words.iter().any(|word| word.text.contains("COVERAGE_FILE"))
    };
    let own = effect.env.iter().any(|(name, _)| name == "COVERAGE_FILE");
    let variable = if own || script.commands.iter().any(mentioned) {
        effect.variable(script, "COVERAGE_FILE")
    } else {
        Variable::Untouched
    };
    match variable {
        Variable::Known(path) => return Location::of(join(cwd, &Name::literal(path))),
        Variable::Unknown => return Location::Unknown,
        Variable::Untouched => {}
    }
    let sets_variable =
        |pairs: &crate::workflow::model::Pairs<'_>| pairs.iter().any(|(key, _)| key.value == "COVERAGE_FILE");
    let in_env = scope.step.is_some_and(|step| scope.job.step_envs(step).any(sets_variable))
        || sets_variable(&scope.job.env)
        || sets_variable(scope.workflow.env_of(scope.job));
    let written = scope
        .written_env
        .is_none_or(|written| written.at(scope, "COVERAGE_FILE", 0) != super::written::Found::Untouched);
    match (scope.env("COVERAGE_FILE", 0), rcfile) {
        (Some(path), _) => Location::of(join(cwd, &path)),
        (None, None) => Location::Unknown,
        (None, _) if in_env || written => Location::Unknown,
        (None, Some(rcfile)) => {
            let folder = literal(cwd);
            let pytest = matches!(&effect.kind, EffectKind::Tests(run) if matches!(run.measured, Some(shell::Measured::PytestCov { .. })));
            if pytest && rcfile.is_none() && coverage.is_named_for_pytest(folder.as_deref()) {
                return Location::Unknown;
            }
            let facts = coverage.facts(folder.as_deref(), rcfile);
            Location::of(facts.data_file.as_ref().and_then(|file| join(cwd, &Name::literal(file.as_str()))))
        }
    }
}
