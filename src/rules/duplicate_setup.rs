//! `duplicate-setup`

use super::Context;
use crate::findings::Finding;
use crate::shell::{self, Command};
use crate::source::Span;
use crate::workflow::action::is_inert_action;
use crate::workflow::cache::{CacheStep, SetupUv, UvCache, setup_python_cache};
use crate::workflow::events::on_hosted_runner;
use crate::workflow::{Job, Step};

rule! {
    /// ### What it does
    /// Finds jobs that install the same dependencies by the same command, word for word, with the same Python on the same
    /// kind of machine, and keep nothing for each other.
    ///
    /// ### Why
    /// Each of them downloads and builds everything anew, in every run. With a cache the first that comes does it for all.
    /// Jobs on machines of one's own, in containers, with any cache, or with an action that nobody here knows are left alone.
    ///
    /// ### Example
    /// ```yaml
    /// jobs:
    ///   lint:
    ///     steps:
    ///       - uses: actions/setup-python@v5
    ///       - run: pip install -r requirements.txt
    ///   tests:
    ///     steps:
    ///       - uses: actions/setup-python@v5
    ///       - run: pip install -r requirements.txt
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///       - uses: actions/setup-python@v5
    ///         with:
    ///           cache: pip
    /// ```
    /// Or `actions/cache` on what the tool keeps, with a key that follows the lock file.
    "duplicate-setup", Info, "Jobs that install the same and keep nothing for each other", check,
    group: Time, confidence: Medium
}

/// What a job installs, and in what circumstances.
struct Install {
    job: usize,
    span: Span,
    /// Machine, Python, folder and command: what must be the same.
    what: [String; 4],
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let installs: Vec<Install> = (0..context.written.jobs.len()).filter_map(|job| install(context, job)).collect();
    let mut findings = Vec::new();
    for (at, first) in installs.iter().enumerate() {
        let same = |other: &&Install| other.what == first.what;
        if installs[..at].iter().any(|other| other.what == first.what) {
            continue;
        }
        let others: Vec<&Install> = installs[at + 1..].iter().filter(same).collect();
        let Some(second) = others.first() else { continue };
        let id = |install: &Install| context.written.jobs[install.job].id.value;
        let names: Vec<String> =
            std::iter::once(first).chain(others.iter().copied()).map(|install| format!("`{}`", id(install))).collect();
        let mut finding = RULE
            .finding(
                format!("jobs {} install the same and keep nothing for each other", names.join(", ")),
                context.label(second.span, format!("again in `{}`", id(second))),
            )
            .related(context.label(first.span, format!("installed in `{}`", id(first))))
            .help("keep what is downloaded: `cache: pip` of setup-python, `enable-cache: true` of setup-uv, or actions/cache");
        for other in &others[1..] {
            finding = finding.related(context.label(other.span, format!("and in `{}`", id(other))));
        }
        finding.confidence = RULE.info.confidence;
        findings.push(finding);
    }
    findings
}

fn install(context: &Context<'_, '_>, index: usize) -> Option<Install> {
    let job = &context.written.jobs[index];
    // A machine of one's own keeps what it downloaded; what an image holds is not known.
    let own = context.dialect.has_hosted_runners() && on_hosted_runner(job) != Some(true);
    let container = job.node.get("container").is_some();
    let condition = job.condition.is_some();
    if own || container || condition || !job.steps.iter().all(|step| keeps_nothing(context, job, step)) {
        return None;
    }
    let runs_on = job.runs_on?.as_str()?.to_owned();
    let python = job.steps.iter().filter_map(|step| step.input_text("python-version")).map(|text| text.value);
    let python = python.collect::<Vec<_>>().join(" ");
    job.steps.iter().find_map(|step| {
        let run = step.run.filter(|run| ["install", "sync"].iter().any(|word| run.value.contains(word)))?;
        let script = shell::parse(run.value);
        let command = script.commands.iter().find(|command| !command.guarded && installs_project(command))?;
        let folder = step.working_directory.or(job.defaults.working_directory).map_or("", |folder| folder.value);
        let text: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        Some(Install {
            job: index,
            span: run.node.source_span(command.span),
            what: [runs_on.clone(), python.clone(), folder.to_owned(), text.join(" ")],
        })
    })
}

/// Whether a step surely keeps nothing from run to run.
fn keeps_nothing(context: &Context<'_, '_>, job: &Job<'_>, step: &Step<'_>) -> bool {
    let Some(_uses) = step.uses else { return !step.run.is_some_and(|run| run.value.contains("cache")) };
    if let Some(setup) = SetupUv::of(step) {
        return matches!(
            setup.cache(context.written, job, context.dialect),
            UvCache::Refused | UvCache::OffByDefault | UvCache::OffHere | UvCache::OffForEvents
        );
    }
    let action = step.repo_action();
    let known = action.is_some_and(|action| {
        action.owner.eq_ignore_ascii_case("actions")
            && (action.repo.ends_with("-artifact") || action.repo == "checkout" || action.repo == "setup-python")
    });
    let codecov = action.is_some_and(|action| action.is("codecov", "codecov-action"));
    CacheStep::of(step).is_none()
        && setup_python_cache(step).is_none()
        && step.input_text("cache").is_none()
        && (known || codecov && step.action.as_ref().is_some_and(is_inert_action))
}

/// Whether a command installs what the project says it needs, and not just a tool or two.
fn installs_project(command: &Command) -> bool {
    if command.words.iter().any(|word| word.literal().is_none()) {
        return false;
    }
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let words = match words.as_slice() {
        [python, "-m", rest @ ..] if python.starts_with("python") => rest,
        [wrapper, rest @ ..] if matches!(*wrapper, "sudo" | "uv") && rest.first() == Some(&"pip") => rest,
        all => all,
    };
    match words {
        ["pip" | "pip3", "install", rest @ ..] => rest.iter().any(|word| {
            matches!(*word, "-r" | "--requirement" | ".") || word.starts_with("-r") || word.starts_with(".[")
        }),
        ["poetry" | "pdm" | "pipenv", "install", ..] | ["pdm" | "pipenv" | "uv", "sync", ..] => true,
        _ => false,
    }
}
