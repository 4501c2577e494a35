//! Producers and consumers: the steps that upload and download artifacts, leg by leg.

use super::glob::{Glob, Meets};
use super::matrix::Legs;
use super::name::{Name, Scope};
use super::paths::UploadPaths;
use super::run::Run;
use super::written::Written;
use crate::workflow::action::{Artifact, Generation};
use crate::workflow::{Job, Step, Text, Workflow};

/// What one leg of a producer uploads.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The leg's place among the job's legs.
    pub leg: usize,
    /// The artifact's name.
    pub name: Name,
    /// The files.
    pub paths: UploadPaths,
}

/// A step that uploads an artifact.
#[derive(Debug)]
pub struct Producer<'d> {
    /// Its place among the producers.
    pub index: usize,
    /// Index of the job.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// The action behind it.
    pub action: Artifact,
    /// The `name` input; `None` when the default name `artifact` is used.
    pub name: Option<Text<'d>>,
    /// The `path` input.
    pub path: Option<Text<'d>>,
    /// What each leg that may run the step uploads; conditions that are surely false are left out.
    pub uploads: Vec<Upload>,
    /// Whether the step surely runs in each of these legs when the job succeeds.
    pub unconditional: bool,
}

impl Producer<'_> {
    /// Whether and how often a name can be that of one of the artifacts.
    pub fn meets(&self, name: &Name) -> Meets {
        self.uploads.iter().map(|upload| upload.name.meets(name)).max().unwrap_or(Meets::Never)
    }

    /// Which artifacts the other side can read: v3 and v4 do not understand each other.
    pub fn generation(&self) -> Option<Generation> {
        self.action.generation()
    }
}

/// Which artifacts a consumer takes.
#[derive(Debug, Clone)]
pub enum Selector {
    /// The one of this name, one entry a leg.
    Name(Vec<Name>),
    /// All whose name matches, one entry a leg.
    Pattern(Vec<(Name, Option<Glob>)>),
    /// All of the run.
    All,
    /// By id, from another step's output: any.
    Ids,
}

/// A step that downloads artifacts.
#[derive(Debug)]
pub struct Consumer<'d> {
    /// Index of the job.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// The action behind it.
    pub action: Artifact,
    /// Which artifacts.
    pub selector: Selector,
    /// The input that says which: `name`, `pattern` or `artifact-ids`.
    pub selector_text: Option<Text<'d>>,
    /// Whether it surely reads this run's artifacts, not another's.
    pub this_run: bool,
    /// Where the files go; one entry a leg.
    pub path: Vec<Name>,
    /// The `path` input.
    pub path_text: Option<Text<'d>>,
    /// `merge-multiple`; `None` when it is computed.
    pub merge: Option<bool>,
    /// By producer, whether an artifact of it is among those taken.
    met: Vec<Meets>,
}

impl Consumer<'_> {
    /// Whether an artifact of this producer is among those taken.
    pub fn meets(&self, producer: &Producer<'_>) -> Meets {
        self.met.get(producer.index).copied().unwrap_or(Meets::Maybe)
    }

    /// Whether an artifact is among those taken by every leg of the job.
    pub fn takes(&self, upload: &Upload) -> Meets {
        let least = |meets: &mut dyn Iterator<Item = Meets>| meets.min().unwrap_or(Meets::Never);
        match &self.selector {
            Selector::Name(names) => least(&mut names.iter().map(|name| name.meets(&upload.name))),
            Selector::Pattern(patterns) => least(
                &mut patterns
                    .iter()
                    .map(|(_, glob)| glob.as_ref().map_or(Meets::Maybe, |glob| glob.meets(&upload.name))),
            ),
            Selector::All => Meets::Always,
            Selector::Ids => Meets::Maybe,
        }
    }

    /// Compares once with every producer of the workflow.
    pub(super) fn compare(&mut self, producers: &[Producer<'_>]) {
        self.met = producers.iter().map(|producer| self.meets_now(producer)).collect();
    }

    fn meets_now(&self, producer: &Producer<'_>) -> Meets {
        match &self.selector {
            Selector::Name(names) => names.iter().map(|name| producer.meets(name)).max().unwrap_or(Meets::Never),
            Selector::Pattern(patterns) => patterns
                .iter()
                .map(|(_, glob)| match glob {
                    Some(glob) => producer.uploads.iter().map(|u| glob.meets(&u.name)).max().unwrap_or(Meets::Never),
                    None => Meets::Maybe,
                })
                .max()
                .unwrap_or(Meets::Never),
            Selector::All if producer.uploads.is_empty() => Meets::Never,
            Selector::All => Meets::Always,
            Selector::Ids => Meets::Maybe,
        }
    }
}

/// What is evaluated for every leg of a step.
pub(super) struct StepContext<'a, 'd> {
    pub(super) workflow: &'a Workflow<'d>,
    pub(super) job: &'a Job<'d>,
    pub(super) step: &'a Step<'d>,
    pub(super) legs: &'a Legs,
    pub(super) written_env: Option<&'a Written>,
    pub(super) run: &'a Run,
}

impl<'a, 'd> StepContext<'a, 'd> {
    pub(super) fn scopes(&self) -> impl Iterator<Item = Scope<'a, 'd>> + '_ {
        self.legs.legs.iter().enumerate().map(|(leg_index, leg)| Scope {
            workflow: self.workflow,
            job: self.job,
            step: Some(self.step),
            leg,
            leg_index,
            written_env: self.written_env,
            run: self.run,
        })
    }

    pub(super) fn each_leg<T>(&self, value: impl Fn(&Scope<'a, 'd>) -> T) -> Vec<T> {
        self.scopes().map(|scope| value(&scope)).collect()
    }

    /// Reads an upload step.
    pub(super) fn producer(&self, job: usize, action: Artifact) -> Producer<'d> {
        let (name, path) = (self.step.input_text("name"), self.step.input_text("path"));
        let archive_off = action.has_archive_input().is_yes() && self.is_input("archive", "false");
        let mut unconditional = true;
        let uploads = self
            .scopes()
            .filter_map(|scope| {
                let holds = [scope.job_runs(0), scope.step_runs(0)];
                if holds.contains(&Some(false)) {
                    return None;
                }
                unconditional &= holds == [Some(true); 2];
                let paths = UploadPaths::read(path.map_or("", |p| p.value), |line| scope.name(line));
                let name = match name {
                    // One raw file, and the artifact is named after it.
                    _ if archive_off => {
                        paths.includes.first().and_then(|p| p.segments.as_ref()?.last().cloned()).unwrap_or_default()
                    }
                    Some(text) => scope.name(text.value.trim()),
                    None => Name::literal("artifact"),
                };
                Some(Upload { leg: scope.leg_index, name, paths })
            })
            .collect();
        Producer { index: 0, job, step: self.step.index, action, name, path, uploads, unconditional }
    }

    /// Reads a download step.
    pub(super) fn consumer(&self, job: usize, action: Artifact) -> Consumer<'d> {
        let name = self.step.input_text("name");
        let pattern = self.step.input_text("pattern").filter(|_| !action.has_pattern().is_no());
        let ids = self.step.input_text("artifact-ids");
        let (selector, selector_text) = match (name, ids, pattern) {
            (Some(text), ..) => (Selector::Name(self.each_leg(|scope| scope.name(text.value.trim()))), Some(text)),
            (_, Some(text), _) => (Selector::Ids, Some(text)),
            (_, _, Some(text)) => {
                let patterns = self.each_leg(|scope| {
                    let name = scope.name(text.value.trim());
                    let glob = name.known().map(Glob::new);
                    (name, glob)
                });
                (Selector::Pattern(patterns), Some(text))
            }
            _ => (Selector::All, None),
        };
        let path_text = self.step.input_text("path");
        let merge = match self.step.input_text("merge-multiple") {
            None => Some(false),
            Some(text) if text.is_dynamic() => None,
            Some(text) => Some(text.value.eq_ignore_ascii_case("true")),
        };
        let run_id = self.step.input_text("run-id").map(|text| text.value.replace(' ', ""));
        let repository = self.step.input_text("repository").map(|text| text.value.replace(' ', ""));
        let this_run = run_id.is_none_or(|id| id == "${{github.run_id}}")
            && repository.is_none_or(|repository| repository == "${{github.repository}}");
        Consumer {
            job,
            step: self.step.index,
            action,
            selector,
            selector_text,
            this_run,
            path: self.each_leg(|scope| path_text.map_or_else(Name::default, |p| scope.name(p.value.trim()))),
            path_text,
            merge,
            met: Vec::new(),
        }
    }

    fn is_input(&self, name: &str, value: &str) -> bool {
        self.step.input_text(name).is_some_and(|text| text.value.eq_ignore_ascii_case(value))
    }
}

/// Conditions that hold whenever everything before succeeded.
pub fn runs_on_success(condition: &str) -> bool {
    let plain: String = condition
        .trim()
        .trim_start_matches("${{")
        .trim_end_matches("}}")
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    matches!(
        plain.as_str(),
        "always()" | "success()" | "!cancelled()" | "success()||failure()" | "failure()||success()" | "true"
    )
}
