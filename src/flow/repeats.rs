//! When a second run of the same tests tells nothing new, and when coverage makes them run one after another.

use super::handover::{self, Handover, Place, Repeat};
use super::work::{Work, WorkKind};
use super::{Flow, Yaml};
use crate::shell::{self, TestRun, TestTool};
use crate::task::{Interpreter, Origin, Setting};
use crate::workflow::action::is_cache_action;
use crate::workflow::{Job, Step, Workflow};

/// Files that can hold options of pytest.
const PYTEST_FILES: [&str; 5] = ["pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg"];

/// A suite that runs in several processes, and in one process where its coverage is measured.
#[derive(Debug, Clone)]
pub struct Sequential {
    /// The run that is measured, in one process.
    pub measured: Place,
    /// The run that is shared out.
    pub shared: Place,
    /// Where in other files the two are written, as [`Work::origin`].
    pub origins: [Vec<Origin>; 2],
    /// What runs the tests.
    pub tool: TestTool,
}

impl Flow<'_> {
    /// Suites that coverage keeps from being shared out to processes: measured in one process, and seen to run in several
    /// without being measured. A suite that is anywhere measured in several is none.
    pub fn sequential_coverage(&self, workflow: &Workflow<'_>) -> Vec<Sequential> {
        let runs = || {
            self.jobs.iter().enumerate().flat_map(|(job, flow)| {
                flow.works.iter().filter_map(move |work| match &work.kind {
                    WorkKind::Tests(run) if shares_by_options(run) && work.cwd.is_some() => Some((job, work, run)),
                    _ => None,
                })
            })
        };
        let measured = |job: usize, work: &Work, run: &TestRun| {
            run.measured.is_some() || handover::measured_by_environment(workflow, &workflow.jobs[job], work)
        };
        let mut found: Vec<Sequential> = Vec::new();
        for (job, work, run) in runs().filter(|(_, _, run)| run.measured.is_some() && !run.parallel) {
            let same = |other: &Work, its: &TestRun| shell::same_suite(run, its) && work.cwd == other.cwd;
            if runs().any(|(job, other, its)| its.parallel && measured(job, other, its) && same(other, its)) {
                continue;
            }
            let shared = runs().find(|&(its_job, other, its)| {
                // Two ways of one script are both guarded; else what is compared must surely run.
                let certain = !work.guarded && !other.guarded || (its_job, other.step) == (job, work.step);
                its.parallel && its.measured.is_none() && certain && same(other, its)
            });
            let Some((its_job, other, _)) = shared else { continue };
            if run.tool == TestTool::Pytest && self.configured_to_share() {
                continue;
            }
            let place = Place { job, span: work.span };
            if !found.iter().any(|earlier| earlier.measured == place) {
                found.push(Sequential {
                    measured: place,
                    shared: Place { job: its_job, span: other.span },
                    origins: [work.origin.clone(), other.origin.clone()],
                    tool: run.tool.clone(),
                });
            }
        }
        found
    }

    /// Whether pytest's configuration may share tests out without a word on the command line.
    fn configured_to_share(&self) -> bool {
        PYTEST_FILES.iter().filter_map(|path| self.project.files.read(path)).any(|source| {
            source.text.contains("addopts")
                && [" -n", "\"-n", "'-n", "=-n", "numprocesses", "--dist"].iter().any(|word| source.text.contains(word))
        })
    }
}

/// Tools whose command line says whether tests are shared out.
fn shares_by_options(run: &TestRun) -> bool {
    matches!(run.tool, TestTool::Pytest | TestTool::Behave | TestTool::DjangoTest)
}

/// Finds jobs that run again what another has run although neither is about coverage's report: the same suite after the
/// very same preparation.
pub(super) fn preparations(workflow: &Workflow<'_>, flow: &Flow<'_>, handover: &mut Handover) {
    // What is compared is made once for each run of tests that certainly takes place.
    let mut runs: Vec<(usize, &Work, &TestRun)> = Vec::new();
    for (job, its) in flow.jobs.iter().enumerate() {
        if !handover::runs_always(workflow, job) || its.legs.legs.len() != 1 || !its.legs.complete {
            continue;
        }
        runs.extend(its.works.iter().filter(|work| !work.guarded && work.cwd.is_some()).filter_map(|work| {
            match &work.kind {
                WorkKind::Tests(run) => Some((job, work, run)),
                _ => None,
            }
        }));
    }
    for (at, &(again_job, again, b)) in runs.iter().enumerate() {
        for &(first_job, first, a) in &runs[..at] {
            let place = Place { job: again_job, span: again.span };
            if first_job == again_job
                || !shell::same_suite(a, b)
                || handover.repeats.iter().any(|repeat| repeat.again == place || repeat.first == place)
                || first.cwd != again.cwd
                || !same_session_setting(first, again)
                // Both alike are alike on purpose, unless they are so to the letter.
                || a.measured.is_some() == b.measured.is_some() && command(workflow, first) != command(workflow, again)
                || !handover::same_environment(workflow, flow, first_job, again_job, true)
                || preparation(workflow, flow, first_job, first) != preparation(workflow, flow, again_job, again)
            {
                continue;
            }
            // The one that waits for the other, or comes later, is the repeat.
            let (first, again, first_job, again_job) = if flow.needs.orders(first_job, again_job) {
                (again, first, again_job, first_job)
            } else {
                (first, again, first_job, again_job)
            };
            handover.repeats.push(Repeat {
                first: Place { job: first_job, span: first.span },
                again: Place { job: again_job, span: again.span },
                likely: false,
                has_data: false,
                measured: a.measured.is_some() || b.measured.is_some(),
                origins: [first.origin.clone(), again.origin.clone()],
                seconds: None,
            });
        }
    }
}

/// The text of a command.
fn command<'w>(workflow: &'w Workflow<'_>, work: &'w Work) -> &'w str {
    match work.origin.last() {
        Some(origin) => origin.source.slice(origin.span),
        None => workflow.slice(work.span),
    }
}

/// Everything that surrounds a run of tests in its job, in texts that can be compared: environment and the steps before.
fn preparation(workflow: &Workflow<'_>, flow: &Flow<'_>, job: usize, work: &Work) -> Vec<String> {
    let its = &workflow.jobs[job];
    let mut all = vec![format!("{:?}", handover::telling(handover::texts(&its.env)))];
    all.push(format!("{:?}", handover::telling(work.env.iter().cloned())));
    all.push(others(its));
    for step in its.steps.iter().take_while(|step| step.index < work.step) {
        all.extend(said(step));
    }
    let step = &its.steps[work.step];
    all.push(format!("{:?}", handover::telling(its.step_envs(step).flat_map(handover::texts))));
    // What the same script does before the tests.
    let before = flow.jobs[job].works.iter().take_while(|other| !std::ptr::eq(*other, work));
    all.extend(before.filter(|other| other.step == work.step).map(|other| command(workflow, other).to_owned()));
    all
}

/// Keys of a job that decide where and with what it runs, beyond what the model names.
fn others(job: &Job<'_>) -> String {
    let keys = ["services", "environment"];
    let found = job.other.iter().filter(|(key, _)| keys.contains(&key.value));
    found.map(|(key, value)| format!("{}: {:?}", key.value, leaves(*value))).collect::<Vec<_>>().join("\n")
}

fn leaves(node: Yaml<'_>) -> Vec<String> {
    match node.as_str() {
        Some(text) => vec![text.to_owned()],
        None if node.is_mapping() => node
            .entries()
            .into_iter()
            .flat_map(|(key, value)| {
                let mut all = vec![key.as_str().unwrap_or_default().to_owned()];
                all.extend(leaves(value));
                all
            })
            .collect(),
        None => node.items().flat_map(leaves).collect(),
    }
}

/// What a step does, without its name; nothing for steps that only make things faster.
fn said(step: &Step<'_>) -> Option<String> {
    let condition = step.condition.map_or("", |condition| condition.value);
    if let Some(uses) = step.uses {
        if step.action.as_ref().is_some_and(is_cache_action) {
            return None;
        }
        let checkout = step.repo_action().is_some_and(|action| action.repo.eq_ignore_ascii_case("checkout"));
        let mut with: Vec<(String, Option<String>)> = handover::texts(&step.with).collect();
        with.sort();
        if checkout {
            with.retain(|(key, _)| !matches!(key.as_str(), "fetch-depth" | "persist-credentials"));
        }
        return Some(format!("{condition}|{}|{with:?}", uses.value));
    }
    let run = step.run?;
    // What is installed for measuring, and nothing else, may differ.
    let words: Vec<&str> = run.value.split_whitespace().filter(|word| !word.contains("cov")).collect();
    let env: Vec<_> = handover::telling(handover::texts(&step.env));
    Some(format!("{condition}|{}|{env:?}", words.join(" ")))
}

/// Whether two runs have the same interpreter and packages by what their sessions of nox, tox and the like say; a run
/// outside any session has those of its job.
pub(super) fn same_session_setting(a: &Work, b: &Work) -> bool {
    let (a, b) = (Surroundings::of(a.setting.as_deref()), Surroundings::of(b.setting.as_deref()));
    a.python != Interpreter::Unknown && a.python == b.python && a.packages.is_some() && a.packages == b.packages
}

struct Surroundings<'s> {
    python: Interpreter,
    /// What is installed in particular; `None` when that is not known.
    packages: Option<Vec<&'s str>>,
}

impl<'s> Surroundings<'s> {
    fn of(setting: Option<&'s Setting>) -> Self {
        let Some(setting) = setting else { return Self { python: Interpreter::Inherited, packages: Some(Vec::new()) } };
        let packages = setting
            .installs
            .as_ref()
            .map(|installs| installs.iter().map(String::as_str).filter(|word| is_particular(word)).collect());
        Self { python: setting.python.clone(), packages }
    }
}

/// Whether an argument of `install` chooses what is tested: the project itself and the tools of testing do not.
fn is_particular(word: &str) -> bool {
    const TOOLS: [&str; 16] = [
        "pytest",
        "behave",
        "behavex",
        "slipcover",
        "nox",
        "tox",
        "uv",
        "pip",
        "setuptools",
        "wheel",
        "python",
        "install",
        "sync",
        "-m",
        "poetry",
        "pdm",
    ];
    let plugin = ["pytest-", "behave-", "coverage"].iter().any(|start| word.starts_with(start));
    !(word.starts_with('-')
        || matches!(word, "." | "./" | "")
        || TOOLS.contains(&word)
        || plugin && !word.contains(['=', '<', '>', '~'])
        || word.contains("cov"))
}
