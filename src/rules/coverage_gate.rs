//! `coverage-gate`

use super::Context;
use crate::findings::Label;
use crate::findings::{Finding, Severity};
use crate::flow::fail_under::{FailUnder, configured};
use crate::flow::project::CoverageFacts;
use crate::flow::work::{Work, WorkKind};
use crate::shell::{CoverageCommand, Measured};
use crate::source::Span;
use crate::task::Origin;
use std::sync::Arc;

rule! {
    /// ### What it does
    /// Finds two thresholds for the same coverage data that differ: `--fail-under` of a command, the input
    /// `fail-under` of `ci-lint apply`, `--cov-fail-under` of pytest, and `fail_under` of the coverage configuration. Finds, as
    /// an info, a workflow that reports on coverage data of other jobs and in which nobody enforces any threshold.
    ///
    /// ### Why
    /// What the command line says wins. With another number in the configuration `coverage report` passes on the developer's
    /// machine and fails in CI, or the other way round, and whoever raises the one may not know of the other.
    ///
    /// Only thresholds for all the data are compared: those of a job that reports on the data of others, or of the one job
    /// that measures. A leg of a matrix may have a lower one, `--fail-under=0` switches the gate off on purpose, and a report
    /// with `--include`, `--omit` or file names is about a part. That nobody enforces a threshold is said only where every
    /// step of the reporting job is understood, it uploads nothing that another workflow may judge, and no coverage service,
    /// script or file of the project mentions one.
    ///
    /// ### Example
    /// ```yaml
    /// # pyproject.toml: [tool.coverage.report] fail_under = 90
    /// - run: coverage report --fail-under=100
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// # pyproject.toml: [tool.coverage.report] fail_under = 100
    /// - run: coverage report
    /// ```
    "coverage-gate", Warning, "Coverage thresholds that differ, or none at all", check
}

/// A threshold for all the data of the project.
struct Gate {
    job: usize,
    percent: f64,
    /// What enforces it.
    what: &'static str,
    /// The command or input in the workflow.
    span: Span,
    /// Where the command is written, if a task runner starts it.
    origin: Option<Origin>,
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let gates = gates(context);
    if gates.is_empty() {
        return nobody(context).into_iter().collect();
    }
    if !mentions_other_configuration(context)
        && let Some(configured) = configured(context.flow.project())
    {
        let differs = |gate: &&Gate| differ(gate.percent, configured.percent);
        return gates
            .iter()
            .find(differs)
            .map(|gate| against_configuration(context, gate, &configured))
            .into_iter()
            .collect();
    }
    // Two jobs may well judge different data.
    let pair = gates.iter().enumerate().find_map(|(at, gate)| {
        let other =
            gates[at + 1..].iter().find(|other| other.job == gate.job && differ(other.percent, gate.percent))?;
        Some((gate, other))
    });
    pair.map(|(gate, other)| between(context, gate, other)).into_iter().collect()
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > f64::EPSILON
}

fn against_configuration(context: &Context<'_, '_>, gate: &Gate, configured: &FailUnder) -> Finding {
    let file = configured.source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let setting = Label {
        source: Arc::clone(&configured.source),
        span: configured.span,
        text: format!("{} % here", configured.percent),
    };
    let message = format!("{} asks for {} %, but `{file}` for {} %", gate.what, gate.percent, configured.percent);
    let finding = RULE.finding(message, context.label(gate.span, "wins in this command"));
    at_origin(finding, gate)
        .related(setting)
        .help("keep the threshold in the configuration alone, where every command finds it")
}

fn between(context: &Context<'_, '_>, first: &Gate, other: &Gate) -> Finding {
    let message = format!("{} asks for {} %, but {} for {} %", other.what, other.percent, first.what, first.percent);
    let finding = RULE.finding(message, context.label(other.span, format!("{} % here", other.percent)));
    let finding = at_origin(finding, other).related(context.label(first.span, format!("{} % here", first.percent)));
    at_origin(finding, first).help("keep one threshold, in the coverage configuration")
}

/// Adds the place where a task runner's command is written.
fn at_origin(finding: Finding, gate: &Gate) -> Finding {
    let Some(origin) = &gate.origin else { return finding };
    let text = format!("{} % here", gate.percent);
    finding.related(Label { source: Arc::clone(&origin.source), span: origin.span, text })
}

/// The thresholds for all the data, in the order of the file.
fn gates(context: &Context<'_, '_>) -> Vec<Gate> {
    let flow = context.flow;
    let mut found = Vec::new();
    // Several reports with this program are about several sets of data.
    let applies =
        flow.jobs.iter().flat_map(|job| &job.works).filter(|work| matches!(work.kind, WorkKind::Apply(_))).count();
    for (index, job) in context.workflow.jobs.iter().enumerate() {
        let sole = flow.handover.sources.as_slice() == [index] && flow.jobs[index].legs.legs.len() == 1;
        if !(sole || flow.handover.readers.contains(&index)) {
            continue;
        }
        for work in flow.jobs[index].works.iter().filter(|work| !work.guarded) {
            let step = &job.steps[work.step];
            let (threshold, what, span) = match &work.kind {
                WorkKind::Coverage(command) if is_whole(command, work) => {
                    (command.fail_under.as_deref().and_then(percent), "`coverage report`", work.span)
                }
                WorkKind::Apply(_) if applies == 1 && step.run.is_none() => {
                    let Some(input) = step.input_text("fail-under") else { continue };
                    (percent(input.value), "`ci-lint apply`", input.span())
                }
                WorkKind::Tests(run) if sole && run.fail_under && run.selection.is_empty() && run.selection_known => {
                    if !matches!(run.measured, Some(Measured::PytestCov { config: None, .. })) {
                        continue;
                    }
                    (pytest_threshold(written(context, work)), "pytest", work.span)
                }
                _ => continue,
            };
            let Some(percent) = threshold.filter(|percent| *percent > 0.0) else { continue };
            found.push(Gate { job: index, percent, what, span, origin: work.origin.last().cloned() });
        }
    }
    found
}

/// The command as it is written, in the workflow or where a task runner finds it.
fn written<'c>(context: &'c Context<'_, '_>, work: &'c Work) -> &'c str {
    match work.origin.last() {
        Some(origin) => origin.source.text.get(origin.span.start..origin.span.end).unwrap_or_default(),
        None => context.workflow.slice(work.span),
    }
}

/// Whether a command judges all the data, with the configuration of the project's root.
fn is_whole(command: &CoverageCommand, work: &Work) -> bool {
    let root = work.cwd.as_ref().is_some_and(Vec::is_empty);
    command.sub.reports()
        && !command.filtered
        && !command.dynamic
        && command.paths.is_empty()
        && command.rcfile.is_none()
        && root
}

fn percent(text: &str) -> Option<f64> {
    text.trim().trim_end_matches('%').parse().ok()
}

/// The number behind `--cov-fail-under`.
fn pytest_threshold(command: &str) -> Option<f64> {
    let (_, rest) = command.split_once("--cov-fail-under")?;
    let value = rest.trim_start_matches(['=', ' ']);
    let end = value.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(value.len());
    percent(&value[..end])
}

/// Whether another configuration than the one at the project's root may be in force.
fn mentions_other_configuration(context: &Context<'_, '_>) -> bool {
    context.source.text.contains("COVERAGE_RCFILE")
}

/// Words of those who may enforce a threshold in some other way.
const KEEPERS: [&str; 22] = [
    "fail-under",
    "fail_under",
    "covdefaults",
    "codecov",
    "coveralls",
    "codacy",
    "sonar",
    "codeclimate",
    "qlty",
    "deepsource",
    "octocov",
    "coverage-comment",
    "coverage-action",
    "diff-cover",
    "diff_cover",
    "smokeshow",
    "threshold",
    "minimum",
    "min-coverage",
    "percent",
    "total",
    "badge",
];

/// Files of a project in which a threshold may stand, beside those of coverage.py.
const FILES: [&str; 10] = [
    "pytest.ini",
    "noxfile.py",
    "Makefile",
    "justfile",
    "tasks.py",
    "codecov.yml",
    ".codecov.yml",
    ".github/codecov.yml",
    ".ci-lint.yml",
    ".ci-lint.yaml",
];

fn nobody(context: &Context<'_, '_>) -> Option<Finding> {
    let flow = context.flow;
    let enforces = |text: &str| {
        let text = text.to_ascii_lowercase();
        KEEPERS.iter().any(|word| text.contains(word))
    };
    let report = flow.handover.readers.iter().find_map(|&job| {
        let works = &flow.jobs[job].works;
        let understood = works.iter().all(|work| {
            // What it uploads, another workflow may judge.
            matches!(work.kind, WorkKind::Coverage(_) | WorkKind::Download | WorkKind::Files)
        });
        let report = works.iter().find(|work| matches!(&work.kind, WorkKind::Coverage(c) if c.sub.reports()));
        report.filter(|_| understood)
    })?;
    if flow.jobs.iter().any(|job| job.opaque_producer) || enforces(&context.source.text) {
        return None;
    }
    let files = &flow.project().files;
    // Without a configuration in sight the project itself is not.
    let configuration: Vec<_> = CoverageFacts::FILES.iter().filter_map(|name| files.read(name)).collect();
    let known = configuration.iter().any(|source| source.text.contains("coverage"));
    let others = || FILES.iter().filter_map(|name| files.read(name));
    if !known || configuration.into_iter().chain(others()).any(|source| enforces(&source.text)) {
        return None;
    }
    let mut finding = RULE
        .finding(
            "nobody enforces a coverage threshold",
            context.label(report.span, "reports, and passes whatever comes"),
        )
        .help("set `fail_under` in the coverage configuration");
    finding.severity = Severity::Info;
    Some(finding.likely())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_behind_the_option_is_read() {
        for (command, expected) in [
            ("pytest --cov-fail-under=90 --cov", Some(90.0)),
            ("pytest --cov --cov-fail-under 97.5", Some(97.5)),
            (r#"session.run("pytest", "--cov-fail-under=75")"#, Some(75.0)),
            ("pytest --cov-fail-under=80\\\n -x", Some(80.0)),
            ("pytest --cov-fail-under=$MIN", None),
            ("pytest --cov", None),
        ] {
            assert_eq!(pytest_threshold(command), expected, "{command}");
        }
    }
}
