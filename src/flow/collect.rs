//! This program's own steps: `uses: …/ci-lint@v1`, `uses: ./coverage-share-action` and `ci-lint apply` in a script.
//!
//! They report on coverage data and judge it. They run no tests, and unless they are told which files to read they fetch
//! the artifacts themselves, so that no download step is needed.

use super::Flow;
use super::artifact::{Producer, StepContext};
use super::glob::{Glob, Meets};
use super::handover::surely_no_data;
use super::name::{Name, Piece};
use super::paths::Tri;
use super::work::Work;
use crate::shell::ApplyCommand;
use crate::workflow::action::Uses;
use crate::workflow::{Job, Step, Text};

/// Where one of our steps finds its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSource {
    /// In files of the workspace that it names.
    Workspace,
    /// In artifacts of this run.
    Artifacts,
    /// In the workspace, or in artifacts where the forge lets a script reach them.
    Either,
    /// In artifacts of another run.
    OtherRun,
}

/// A step that fetches coverage data from artifacts of this run by itself.
#[derive(Debug)]
pub struct Collector<'d> {
    /// Index of the job.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// Which artifacts; `None` for those with coverage data.
    pub selection: Option<Vec<Pattern>>,
    /// The `artifacts` input.
    pub selection_text: Option<Text<'d>>,
    /// Whether it may be skipped although everything before went well.
    pub guarded: bool,
    /// By producer, whether an artifact of it is among those taken.
    met: Vec<Meets>,
}

/// A name or pattern of the `artifacts` input.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As far as it is known in this leg.
    pub name: Name,
    glob: Option<Glob>,
}

/// The input that names artifacts.
const ARTIFACTS: &str = "artifacts";

/// Inputs that only our action has.
const TELLING: [&str; 12] = [
    "data",
    ARTIFACTS,
    "expect",
    "fail-under",
    "max-drop",
    "path-gates",
    "informational",
    "data-file",
    "merged-json",
    "run-repository",
    "annotations",
    "require-posting",
];

/// Inputs of our action that others have as well.
const COMMON: [&str; 15] = [
    "source",
    "config",
    "python-version",
    "report",
    "output-dir",
    "run-id",
    "comment",
    "key",
    "title",
    "summary",
    "status",
    "dry-run",
    "quick",
    "verbose",
    "token",
];

/// Whether a step runs this program's action. `ci-lint` is a name that others may have given to an action of theirs:
/// then an input that only ours has, or a word of coverage in the names of job and step, must speak for it, and no input
/// against it.
pub(super) fn is_own_action(uses: &Uses, job: &Job<'_>, step: &Step<'_>) -> bool {
    let last = match uses {
        Uses::Repo(action) => action.subpath.as_deref().unwrap_or(&action.repo),
        Uses::Local(path) => path.trim_end_matches('/'),
        Uses::Docker(image) => image.split(['@']).next().unwrap_or_default(),
        Uses::Dynamic | Uses::Malformed => return false,
    };
    let last = last.rsplit('/').next().unwrap_or_default();
    let last = if matches!(uses, Uses::Docker(_)) { last.split(':').next().unwrap_or_default() } else { last };
    let known = |key: &str| TELLING.contains(&key) || COMMON.contains(&key);
    match last.to_ascii_lowercase().as_str() {
        "coverage-share-action" => true,
        "ci-lint" => {
            let mut keys = step.with.iter().map(|(key, _)| key.value.to_ascii_lowercase()).peekable();
            let names = [Some(job.id), job.name, step.name, step.id];
            let for_coverage = names.iter().flatten().any(|text| text.value.to_ascii_lowercase().contains("cov"));
            let mut telling = false;
            keys.all(|key| {
                telling |= TELLING.contains(&key.as_str());
                known(&key)
            }) && (telling || for_coverage)
        }
        _ => false,
    }
}

/// Where the step of our action finds its data, by its inputs.
pub(super) fn action_source(step: &Step<'_>) -> DataSource {
    let this = |text: Text<'_>, expression: &str| text.value.replace(' ', "") == expression;
    let other_run = step.input_text("run-id").is_some_and(|id| !this(id, "${{github.run_id}}"))
        || step.input_text("run-repository").is_some_and(|name| !this(name, "${{github.repository}}"));
    if other_run {
        DataSource::OtherRun
    } else if step.input_text("data").is_some() && step.input_text(ARTIFACTS).is_none() {
        DataSource::Workspace
    } else {
        DataSource::Artifacts
    }
}

/// Where `ci-lint apply` in a script finds its data, by its arguments.
pub(super) fn command_source(command: &ApplyCommand) -> DataSource {
    if command.other_run {
        DataSource::OtherRun
    } else if command.artifacts.is_some() {
        DataSource::Artifacts
    } else if command.data.is_empty() || command.dynamic {
        DataSource::Either
    } else {
        DataSource::Workspace
    }
}

/// Splits a list at commas and line ends, as our action does.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty())
}

impl Pattern {
    /// A pattern whose text is known.
    pub fn literal(text: &str) -> Self {
        Self::of(Name::literal(text))
    }

    fn of(name: Name) -> Self {
        let glob = name.known().map(Glob::new);
        Self { name, glob }
    }

    /// Whether this is the name of one artifact.
    pub fn is_name(&self) -> bool {
        self.name.known().is_some_and(|text| !text.contains(['*', '?', '[', '{', '!']))
    }

    /// Whether it takes an artifact of this name.
    pub fn meets(&self, artifact: &Name) -> Meets {
        let Some(glob) = &self.glob else { return Meets::Maybe };
        let dotted = matches!(artifact.pieces.first(), Some(Piece::Text(text)) if text.starts_with('.'));
        match glob.meets(artifact) {
            // Whether `*` stands for a leading dot is nothing to rely on.
            Meets::Never if dotted && !self.is_name() => Meets::Maybe,
            meets => meets,
        }
    }

    /// Whether it takes an artifact of this producer.
    pub fn meets_any(&self, producer: &Producer<'_>) -> Meets {
        producer.uploads.iter().map(|upload| self.meets(&upload.name)).max().unwrap_or(Meets::Never)
    }
}

impl Collector<'_> {
    /// Whether an artifact of this producer is among those taken.
    pub fn meets(&self, producer: &Producer<'_>) -> Meets {
        self.met.get(producer.index).copied().unwrap_or(Meets::Maybe)
    }

    pub(super) fn set_met(&mut self, met: Vec<Meets>) {
        self.met = met;
    }
}

impl<'d> StepContext<'_, 'd> {
    /// Reads one of our steps; `script_selection` is what a script names with `--artifacts`.
    pub(super) fn collector(&self, job: usize, work: &Work, script_selection: Option<&str>) -> Collector<'d> {
        let selection_text = self.step.input_text(ARTIFACTS);
        let selection = selection_text.map(|text| text.value).or(script_selection).map(|text| {
            let legs = self.each_leg(|scope| list(text).map(|item| Pattern::of(scope.name(item))).collect::<Vec<_>>());
            legs.into_iter().flatten().collect()
        });
        Collector { job, step: self.step.index, selection, selection_text, guarded: work.guarded, met: Vec::new() }
    }
}

/// Whether the artifact of a producer holds coverage data, as far as the workflow tells.
pub fn holds_data(flow: &Flow<'_>, producer: &Producer<'_>) -> Tri {
    let state = flow.data_state(producer.job, producer.step);
    let mut answer = Tri::No;
    for include in producer.uploads.iter().flat_map(|upload| &upload.paths.includes) {
        if surely_no_data(include) {
            continue;
        }
        let candidates: Vec<_> = state.files.iter().flat_map(super::data::DataFile::candidates).collect();
        let last = include.segments.as_ref().and_then(|segments| segments.last());
        let named = last.is_some_and(
            |last| matches!(last.pieces.first(), Some(Piece::Text(text)) if text.starts_with(".coverage")),
        );
        if named || candidates.iter().any(|path| include.names(Some(path))) {
            return Tri::Yes;
        }
        let unseen = state.open || state.files.iter().any(|file| file.location.path().is_none());
        if unseen || include.segments.is_none() || include.text.contains("cov") {
            answer = Tri::Unknown;
        }
    }
    answer
}

/// Compares once with every producer of the workflow.
pub(super) fn compare(flow: &Flow<'_>, collector: &Collector<'_>) -> Vec<Meets> {
    flow.producers
        .iter()
        .map(|producer| match &collector.selection {
            Some(patterns) => patterns.iter().map(|pattern| pattern.meets_any(producer)).max().unwrap_or(Meets::Never),
            None => match holds_data(flow, producer) {
                Tri::Yes => Meets::Always,
                Tri::Unknown => Meets::Maybe,
                // Where nothing holds data, a name that speaks of coverage is taken at its word.
                Tri::No if producer.uploads.iter().any(|upload| upload.name.to_string().contains("cov")) => {
                    Meets::Maybe
                }
                Tri::No => Meets::Never,
            },
        })
        .collect()
}
