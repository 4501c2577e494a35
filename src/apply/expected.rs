//! Which artifacts with coverage data should arrive at the job that runs now.
//!
//! `needs.<job>.result` is not in a container's environment, so a test job that failed cannot be asked. It shows by its
//! artifact, which is not there: with `if: ${{ !cancelled() }}` the coverage job runs all the same, and must not take what
//! is left for the whole. What must be there is read from the running workflow.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::flow::collect::{Pattern, list};
use crate::flow::glob::Meets;
use crate::flow::name::{Name, Piece};
use crate::flow::promise::{self, Doubt, Killer, Promise};
use crate::flow::work::WorkKind;
use crate::flow::{Flow, Needs, Pins, Project, Run, call};
use crate::lint::configs::Settings;
use crate::workflow::Workflow;
use crate::workflow::action::{Fork, replacement};
use crate::workflow::dialect::Dialect;
use crate::workflow::expression::Value;
use crate::workflow::yaml::{self, MAX_BYTES};

/// `--expect`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expect {
    /// What the running workflow says.
    #[default]
    Auto,
    /// Nothing in particular.
    None,
    /// So many data files.
    Count(usize),
    /// These artifacts, by name or pattern.
    Names(Vec<String>),
}

impl Expect {
    /// Reads `auto`, `none`, a number of data files, or a list of names and patterns.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let items: Vec<&str> = list(text).collect();
        match items.as_slice() {
            [] => Ok(Self::Auto),
            [one] if one.eq_ignore_ascii_case("auto") => Ok(Self::Auto),
            [one] if one.eq_ignore_ascii_case("none") => Ok(Self::None),
            ["0"] => Err("`expect: 0` expects no data at all: write `none` to expect nothing in particular".to_owned()),
            [one] if one.bytes().all(|byte| byte.is_ascii_digit()) => {
                one.parse().map(Self::Count).map_err(|_| format!("`{one}` is no number of data files"))
            }
            names => Ok(Self::Names(names.iter().map(|&name| name.to_owned()).collect())),
        }
    }
}

/// What should arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// By artifact and leg.
    pub artifacts: Vec<ExpectedArtifact>,
    /// So many data files at least, when a number was given.
    pub files: Option<usize>,
    /// What could not be told, and why something is not expected.
    pub notes: Vec<String>,
}

/// An artifact that one leg of a job uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedArtifact {
    /// The job; empty when the user named the artifact and no job is known for it.
    pub job: String,
    /// The leg in words, such as `os: linux, python: 3.13`; `None` for a job without a matrix.
    pub leg: Option<String>,
    /// Its exact name, or a glob.
    pub artifact: String,
    /// Whether `artifact` is a glob: then at least one that matches must arrive.
    pub pattern: bool,
    /// Whether only a failure can keep it away. What is not certain is fetched and never missed.
    pub certain: bool,
    /// The base names of the data files it may hold, as globs; empty when nothing is known of them.
    pub files: Vec<String>,
    /// What is likely to blame when it does not arrive.
    pub remedy: Option<String>,
}

/// The job that runs, as its environment tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// `GITHUB_JOB`.
    pub job: String,
    /// `GITHUB_WORKFLOW`: the name of the workflow, or its file's name or path.
    pub workflow: String,
    /// `GITHUB_WORKFLOW_REF`, `owner/repo/path@ref`; Forgejo and Gitea did not always have it.
    pub workflow_ref: Option<String>,
    /// `GITHUB_REPOSITORY`.
    pub repository: String,
    /// Whose workflow folders and artifact clients count.
    pub forge: Dialect,
}

impl Running {
    /// Reads the environment; `None` outside a job.
    pub fn read(env: &dyn Fn(&str) -> Option<String>, forge: Dialect) -> Option<Self> {
        let get = |name: &str| env(name).filter(|value| !value.is_empty());
        Some(Self {
            job: get("GITHUB_JOB")?,
            workflow: get("GITHUB_WORKFLOW").unwrap_or_default(),
            workflow_ref: get("GITHUB_WORKFLOW_REF"),
            repository: get("GITHUB_REPOSITORY").unwrap_or_default(),
            forge,
        })
    }
}

/// Who takes the data.
#[derive(Debug, Clone, Copy)]
pub enum Taker<'a> {
    /// A job of the run that makes it.
    Job(&'a Running),
    /// A later run, of this forge: it takes what every job left behind.
    Later(Dialect),
}

/// What is known of the run, from its environment and its event's payload.
pub fn run_facts(env: &dyn Fn(&str) -> Option<String>, event: Option<Json>) -> Run {
    // `run_attempt` and `triggering_actor` are left out: after a partial re-run they are not those of the jobs before.
    const NAMES: [&str; 13] = [
        "event_name",
        "ref",
        "ref_name",
        "ref_type",
        "base_ref",
        "head_ref",
        "repository",
        "repository_owner",
        "actor",
        "sha",
        "run_id",
        "run_number",
        "workflow",
    ];
    let dispatched = env("GITHUB_EVENT_NAME").as_deref() == Some("workflow_dispatch");
    let inputs = event.as_ref().filter(|_| dispatched).and_then(|event| event.get("inputs")).cloned();
    let mut run = Run::that_succeeds(event);
    for name in NAMES {
        let value = env(&format!("GITHUB_{}", name.to_uppercase()));
        // A variable that is not there is one this forge does not know, except those that are empty without a pull request.
        let value = value.or_else(|| matches!(name, "base_ref" | "head_ref").then(String::new));
        if let Some(value) = value {
            run.set(&format!("github.{name}"), Value::String(value));
        }
    }
    if let Some(Json::Object(inputs)) = inputs {
        for (name, value) in inputs {
            // A boolean input arrives as text, and only the run knows that it is one.
            if let Some(text) = value.as_str().filter(|text| !matches!(*text, "true" | "false")) {
                run.set(&format!("inputs.{name}"), Value::String(text.to_owned()));
            }
        }
    }
    run
}

/// A workflow file and what belongs to it.
#[derive(Debug)]
pub struct Found {
    /// Its path in the workspace.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What the project's coverage configuration says.
    pub project: Project,
    /// Roles that `.ci-lint.yml` gives to jobs.
    pub pins: Pins,
}

/// Finds the running workflow in the workspace.
///
/// # Errors
/// Why it cannot be told which file it is, in words for a note.
pub fn find(workspace: &Path, running: &Running) -> Result<Found, String> {
    let (path, text) = match &running.workflow_ref {
        Some(reference) => {
            let inner = path_of(reference, &running.repository)
                .ok_or_else(|| format!("the workflow `{reference}` is not one of this repository"))?;
            let path = workspace.join(inner);
            match read(&path) {
                Some(text) => (path, text),
                None => search(workspace, running).map_err(|_| {
                    format!("`{inner}` is not in the workspace: check the repository out before this step")
                })?,
            }
        }
        None => search(workspace, running)?,
    };
    Ok(Found::of(path, text))
}

impl Found {
    /// A workflow file, with what lies around it.
    pub(super) fn of(path: PathBuf, text: String) -> Self {
        let mut settings = Settings::default();
        let setting = settings.of(&path);
        let config = setting.config.as_ref();
        let pins = config.map_or_else(Pins::default, |config| crate::lint::pins_of(&config.1.settings));
        Self { path, text, project: setting.project, pins }
    }
}

/// The path in `owner/repo/path@ref`.
fn path_of<'r>(reference: &'r str, repository: &str) -> Option<&'r str> {
    let inner = reference.get(repository.len()..).filter(|_| !repository.is_empty())?.strip_prefix('/')?;
    if !reference[..repository.len()].eq_ignore_ascii_case(repository) {
        return None;
    }
    let path = inner.split_once("@refs/").or_else(|| inner.split_once('@')).map_or(inner, |(path, _)| path);
    (!path.split('/').any(|part| part == "..") && !path.starts_with('/')).then_some(path)
}

/// The folder whose workflows a forge runs: the first of its folders that exists, and nothing else.
pub(super) fn folder(workspace: &Path, forge: Dialect) -> Option<PathBuf> {
    let order = forge.reads_folders_of();
    order.iter().map(|dialect| workspace.join(dialect.workflow_directory())).find(|folder| folder.is_dir())
}

/// The one workflow of this name that has the job.
fn search(workspace: &Path, running: &Running) -> Result<(PathBuf, String), String> {
    let Some(folder) = folder(workspace, running.forge) else {
        return Err("there is no workflow in the workspace: check the repository out before this step".to_owned());
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    paths.sort();
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    for path in paths {
        let Some(text) = read(&path) else { continue };
        if is_running(&path, &text, running) {
            found.push((path, text));
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => {
            Err(format!("no workflow `{}` with a job `{}` is in the workspace", running.workflow, running.job))
        }
        (Some(_), false) => {
            Err(format!("several workflows are called `{}` and have a job `{}`", running.workflow, running.job))
        }
    }
}

fn is_running(path: &Path, text: &str, running: &Running) -> bool {
    let Ok(tree) = yaml::parse(text) else { return false };
    let Ok(workflow) = Workflow::read(tree.root()) else { return false };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let wanted = running.workflow.rsplit('/').next().unwrap_or_default();
    let named = match workflow.name {
        Some(name) => name.value == running.workflow,
        // A runner that only knows names says nothing of one without.
        None => file == wanted || running.workflow.is_empty(),
    };
    (named || file == wanted) && workflow.jobs.iter().any(|job| job.id.value == running.job)
}

/// The text of a file that can be a workflow.
pub(super) fn read(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES as u64 {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// Computes what `expect` means. `selection` is what the `artifacts` input names; empty for every artifact with coverage data.
/// `workflow` is that of the run whose data is meant, or why it is not known, and `run` is what is known of that run.
pub fn expected(
    expect: &Expect,
    workflow: Result<&Found, &str>,
    taker: Option<Taker<'_>>,
    run: &Run,
    selection: &[String],
) -> Expected {
    match expect {
        Expect::None => Expected::default(),
        Expect::Count(files) => Expected { files: Some(*files), ..Expected::default() },
        Expect::Names(names) => {
            Expected { artifacts: names.iter().map(|name| named(name)).collect(), ..Expected::default() }
        }
        Expect::Auto => match (workflow, taker) {
            (Ok(found), Some(taker)) => of_workflow(found, taker, run, selection).unwrap_or_else(|why| unknown(&why)),
            (Err(why), _) => unknown(why),
            (_, None) => Expected::default(),
        },
    }
}

/// Nothing is expected, and a note says why.
fn unknown(why: &str) -> Expected {
    let note = format!("which data should have come is not known: {why}; name it with `expect`");
    Expected { notes: vec![note], ..Expected::default() }
}

/// What a user named.
fn named(name: &str) -> ExpectedArtifact {
    ExpectedArtifact {
        artifact: name.to_owned(),
        pattern: !Pattern::literal(name).is_name(),
        certain: true,
        ..ExpectedArtifact::default()
    }
}

/// The running job. In a called workflow, `GITHUB_WORKFLOW_REF` names the caller and `GITHUB_JOB` the job alone.
fn running_job(workflow: &Workflow<'_>, flow: &Flow<'_>, running: &Running) -> Result<usize, String> {
    let mut candidates: Vec<usize> = (0..workflow.jobs.len())
        .filter(|&job| workflow.jobs[job].own_id() == running.job && workflow.jobs[job].uses.is_none())
        .collect();
    if candidates.is_empty() {
        return Err(format!("the workflow has no job `{}` with steps, so this runs in one that it calls", running.job));
    }
    candidates.retain(|&job| {
        flow.jobs[job].works.iter().any(|work| matches!(work.kind, WorkKind::Apply(_) | WorkKind::Opaque))
    });
    match candidates.as_slice() {
        [job] => Ok(*job),
        [] => Err(format!("job `{}` of the workflow has no step that can be this one", running.job)),
        _ => Err(format!("several jobs that the workflow calls are `{}`", running.job)),
    }
}

fn of_workflow(found: &Found, taker: Taker<'_>, run: &Run, selection: &[String]) -> Result<Expected, String> {
    let tree = yaml::parse(&found.text).map_err(|error| format!("the workflow cannot be read: {}", error.message))?;
    let workflow =
        Workflow::read(tree.root()).map_err(|(_, message)| format!("the workflow cannot be read: {message}"))?;
    let (texts, trees) = (call::Texts::default(), call::Trees::default());
    let whole = call::whole(&workflow, &*found.project.files, &texts, &trees);
    let workflow = whole.as_ref().unwrap_or(&workflow);
    let needs = Needs::of(workflow);
    let outcomes = promise::outcomes(workflow, &needs, run);
    let mut run = run.clone();
    promise::set_results(workflow, &outcomes, &mut run);
    let flow = Flow::build_for(workflow, found.project.clone(), &found.pins, run);
    let (job, forge) = match taker {
        Taker::Job(running) => (Some(running_job(workflow, &flow, running)?), running.forge),
        Taker::Later(forge) => (None, forge),
    };
    // Whether a job is over when the data is taken.
    let is_before = |other| job.is_none_or(|job| flow.needs.orders(job, other));
    let mut expected = Expected::default();
    let patterns: Vec<Pattern> = selection.iter().map(|name| Pattern::literal(name)).collect();
    let mut promises = promise::promises(workflow, &flow, &outcomes);
    if let Some(job) = job {
        promises.retain(|promise| promise.job != job && !flow.needs.orders(promise.job, job));
    }
    for promise in &promises {
        let ordered = is_before(promise.job);
        let selected = patterns.iter().map(|pattern| pattern.meets(&promise.name)).max();
        let taken = selected.unwrap_or(if ordered { Meets::Always } else { Meets::Never });
        if taken == Meets::Never {
            continue;
        }
        let item = item(workflow, &flow, promise, forge, taken == Meets::Always);
        if let Some(why) = reason(promise.doubt, taken) {
            let from = place(&item.job, item.leg.as_deref());
            let mut note = format!("`{}` of {from} is not required: {why}", item.artifact);
            if promise.doubt == Some(Doubt::MayBeEmpty) {
                let _ = write!(note, "; write `error` to have it missed");
            }
            expected.notes.push(note);
        }
        if !ordered && item.certain {
            expected.notes.push(format!("`{}` uploads `{}` but is not among the needs", item.job, item.artifact));
        }
        expected.artifacts.push(item);
    }
    // A name that no job here is known to upload is meant all the same.
    for (name, pattern) in selection.iter().zip(&patterns) {
        if flow.producers.iter().all(|producer| pattern.meets_any(producer) == Meets::Never) {
            expected.artifacts.push(named(name));
        }
    }
    for (index, other) in flow.jobs.iter().enumerate() {
        let id = workflow.jobs[index].id.value;
        if !is_before(index) {
            continue;
        }
        if other.opaque_producer {
            expected.notes.push(format!("what `{id}` uploads cannot all be seen here and is not counted"));
        }
        if !other.legs.complete && promises.iter().any(|promise| promise.job == index) {
            expected.notes.push(format!("the matrix of `{id}` is computed: how many legs it has is not known"));
        }
    }
    Ok(expected)
}

fn item(
    workflow: &Workflow<'_>,
    flow: &Flow<'_>,
    promise: &Promise,
    forge: Dialect,
    selected: bool,
) -> ExpectedArtifact {
    let (artifact, pattern) = glob(&promise.name);
    let leg = flow.jobs[promise.job].legs.legs[promise.leg].describe();
    ExpectedArtifact {
        job: workflow.jobs[promise.job].id.value.to_owned(),
        leg: Some(leg).filter(|leg| !leg.is_empty()),
        artifact,
        pattern,
        certain: promise.doubt.is_none() && selected,
        files: promise.files.iter().map(|name| glob(name).0).collect(),
        remedy: remedy(flow, promise, forge),
    }
}

/// A name as text, with `*` where it is not known, and whether that makes it a glob.
fn glob(name: &Name) -> (String, bool) {
    if let Some(known) = name.known() {
        return (known.to_owned(), false);
    }
    let mut text = String::new();
    for piece in &name.pieces {
        match piece {
            // Marks of a pattern that stand for themselves.
            Piece::Text(piece) => text.extend(piece.chars().map(|c| if "[]{}!()".contains(c) { '?' } else { c })),
            Piece::Hole(_) if text.ends_with('*') => {}
            Piece::Hole(_) => text.push('*'),
        }
    }
    (text, true)
}

fn reason(doubt: Option<Doubt>, taken: Meets) -> Option<&'static str> {
    Some(match doubt {
        Some(Doubt::JobMayBeSkipped) => "whether its job runs cannot be told beforehand",
        Some(Doubt::UploadMayBeSkipped) => "whether it is uploaded cannot be told beforehand",
        Some(Doubt::MayNotBeMeasured) => "whether anything is measured there cannot be told beforehand",
        Some(Doubt::MayFail) => "`continue-on-error` allows its job to fail",
        Some(Doubt::MayBeEmpty) => "`if-no-files-found: ignore` allows it to be missing",
        Some(Doubt::MayHoldOther) => "whether it holds coverage data cannot be told beforehand",
        None if taken != Meets::Always => "whether it is selected cannot be told beforehand",
        None => return None,
    })
}

/// What is likely to blame when the artifact does not arrive, or arrives without its data.
fn remedy(flow: &Flow<'_>, promise: &Promise, forge: Dialect) -> Option<String> {
    let action = &flow.producers[promise.producer].action;
    match promise.killer {
        Some(Killer::HiddenFile) => {
            return Some(
                "upload-artifact leaves hidden files out: add `include-hidden-files: true` to the upload".to_owned(),
            );
        }
        Some(Killer::SameName) => {
            return Some(
                "several legs upload under this name and all but the first are refused: put what differs, such as \
                 `${{ matrix.python }}`, into the name"
                    .to_owned(),
            );
        }
        Some(Killer::SharedName) => {
            return Some(
                "several legs add to one artifact, where files of one name replace each other: give each data file a \
                 name of its own, for example by `COVERAGE_FILE`"
                    .to_owned(),
            );
        }
        None => {}
    }
    match forge {
        Dialect::GitHub if action.fork == Fork::Stock && action.closed_on_github().is_yes() => {
            Some("github.com no longer takes uploads of upload-artifact v3: use v4 or later".to_owned())
        }
        Dialect::GitHub => None,
        Dialect::Ghes if action.refuses_other_forges().is_yes() => {
            Some(format!("upload-artifact v4 and later refuse to run on {}: use v3", forge.name()))
        }
        Dialect::Ghes => None,
        _ if action.refuses_other_forges().is_yes() => Some(format!(
            "upload-artifact v4 and later refuse to run on {}: use {}",
            forge.name(),
            replacement(forge, action).map_or_else(|| "v3".to_owned(), |uses| format!("`{uses}`")),
        )),
        _ if action.upload_needs_newer_server().is_yes() => {
            Some(format!("uploads of upload-artifact v6 and later fail on many releases of {}: use v4", forge.name()))
        }
        _ => None,
    }
}

/// A job and its leg in words: `tests (python: 3.13)`.
pub(super) fn place(job: &str, leg: Option<&str>) -> String {
    match (leg, job) {
        (_, "") => "any job".to_owned(),
        (Some(leg), job) => format!("`{job}` ({leg})"),
        (None, job) => format!("`{job}`"),
    }
}

#[cfg(test)]
mod tests;
