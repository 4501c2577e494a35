//! `job-timeout`

use super::Context;
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Severity};
use crate::flow::work::WorkKind;
use crate::workflow::action::is_inert_action;
use crate::workflow::events::on_hosted_runner;
use crate::workflow::{Job, Step, Text};

rule! {
    /// ### What it does
    /// Finds jobs that nothing stops but the forge's own limit: 360 minutes on GitHub, 180 on Forgejo and Gitea. Also limits
    /// that are none: a fraction of a minute, which the runners of Forgejo and Gitea cannot read and ignore, and more minutes
    /// than the forge grants.
    ///
    /// A job is bounded too when its tests, or all steps that can take long, have a limit of their own (`timeout-minutes`,
    /// `timeout 20m pytest`, `pytest --timeout`). A job that calls a reusable workflow may have none, and one of well-known
    /// quick actions needs none. On GitHub's own machines it is information, on machines of one's own a warning.
    ///
    /// ### Why
    /// A test that waits for ever then holds a runner for hours, and everybody who pushes meanwhile waits with it. 97 % of 206
    /// much used repositories set no limit.
    ///
    /// Evidence: rhysd/actionlint#49, python-jsonschema/check-jsonschema#639, forgejo/runner `act/runner/step.go`
    /// (`evaluateTimeout`) and `config.example.yaml`; a limit on a calling job is an error: hyperpolymath/phronesis#71.
    ///
    /// ### Example
    /// ```yaml
    /// jobs:
    ///   tests:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: pytest
    /// ```
    ///
    /// ### Fix
    /// Three times what the job usually takes is a good limit.
    /// ```yaml
    ///   tests:
    ///     runs-on: ubuntu-latest
    ///     timeout-minutes: 20
    /// ```
    "job-timeout", Warning, "A job that only the forge's limit of hours would stop", check,
    group: Time, fix: Safe
}

/// The jobs without a limit, by index: what a fix adds `timeout-minutes` to, below `runs-on`.
pub(crate) fn unbounded(context: &Context<'_, '_>) -> Vec<usize> {
    let jobs = context.written.jobs.iter().enumerate();
    jobs.filter(|&(index, _)| is_unbounded(context, index)).map(|(index, _)| index).collect()
}

fn is_unbounded(context: &Context<'_, '_>, index: usize) -> bool {
    let job = &context.written.jobs[index];
    let never_runs = job.condition.is_some_and(|condition| matches!(condition.value.trim(), "false" | "${{ false }}"));
    let bounded = |step: &Step<'_>| {
        step.node.get("timeout-minutes").is_some_and(|limit| limit.as_str().is_none_or(|text| is_read(context, text)))
    };
    job.node.get("timeout-minutes").is_none()
        && job.node.get("uses").is_none()
        && !never_runs
        && job.steps.iter().any(|step| may_hang(step) && !bounded(step))
        && !tests_are_bounded(context, index, &bounded)
}

/// Whether a step does anything that can take long: what is known to be done in moments needs no limit.
fn may_hang(step: &Step<'_>) -> bool {
    !step.action.as_ref().is_some_and(is_inert_action)
}

/// Whether the tests, which are what hangs, have a limit where they run.
fn tests_are_bounded(context: &Context<'_, '_>, index: usize, bounded: &dyn Fn(&Step<'_>) -> bool) -> bool {
    let job = &context.workflow.jobs[index];
    let mut tests = context.flow.jobs[index]
        .works
        .iter()
        .filter(|work| matches!(work.kind, WorkKind::Tests(_) | WorkKind::Session(_)))
        .map(|work| &job.steps[work.step])
        .peekable();
    let limited = |step: &Step<'_>| {
        bounded(step) || step.run.is_some_and(|run| run.value.contains("timeout ") || run.value.contains("--timeout"))
    };
    tests.peek().is_some() && tests.all(limited)
}

/// Whether the runner reads this as a limit.
fn is_read(context: &Context<'_, '_>, text: &str) -> bool {
    context.dialect.takes_fractional_timeouts() || text.contains("${{") || text.parse::<i64>().is_ok()
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let limit = context.dialect.default_timeout_minutes();
    for index in unbounded(context) {
        let job = &context.written.jobs[index];
        let mut finding = RULE
            .finding(
                format!(
                    "job `{}` has no `timeout-minutes`: if it hangs, it holds its runner for {limit} minutes",
                    job.id.value
                ),
                context.label(job.id.span(), "nothing stops this job"),
            )
            .help("add `timeout-minutes`, for example three times what the job usually takes")
            .fix(bound(index, limit / 3));
        // There are always more machines of the forge's.
        if context.dialect.has_hosted_runners() && on_hosted_runner(job) != Some(false) {
            finding.severity = Severity::Info;
        }
        findings.push(finding);
    }
    for job in &context.written.jobs {
        let steps = job.steps.iter().filter_map(|step| {
            let entry = step.other.iter().find(|(key, _)| key.value == "timeout-minutes");
            entry.and_then(|(_, value)| value.as_str().map(|text| Text { value: text, node: *value }))
        });
        for minutes in job.timeout_minutes.into_iter().chain(steps) {
            if !is_read(context, minutes.value) {
                findings.push(
                    RULE.finding(
                        format!(
                            "`timeout-minutes: {}` is no whole number, so {} ignores it",
                            minutes.value, context.dialect
                        ),
                        context.label(minutes.span(), "no limit"),
                    )
                    .help("give whole minutes"),
                );
            }
        }
        findings.extend(job.timeout_minutes.and_then(|minutes| beyond(context, job, minutes)));
    }
    findings
}

/// Gives a job a limit far above what jobs take, and far below the forge's.
fn bound(job: usize, minutes: u32) -> Fix {
    let change = Change::Set {
        place: Place::Job(job),
        entries: vec![("timeout-minutes".to_owned(), Value::Number(minutes))],
        after: &["runs-on", "name"],
    };
    Fix::safe(format!("add `timeout-minutes: {minutes}`"), vec![change])
}

/// More minutes than the forge grants. On one's own runners the limit may be set otherwise.
fn beyond(context: &Context<'_, '_>, job: &Job<'_>, minutes: Text<'_>) -> Option<Finding> {
    let limit = context.dialect.default_timeout_minutes();
    let hosted = context.dialect.has_hosted_runners();
    let asked = minutes.value.parse::<f64>().ok().filter(|asked| *asked > f64::from(limit))?;
    if hosted && on_hosted_runner(job) != Some(true) {
        return None;
    }
    let mut finding = RULE
        .finding(
            format!(
                "`timeout-minutes: {asked}` is more than the {limit} minutes after which {} ends a job",
                context.dialect
            ),
            context.label(minutes.span(), "never reached"),
        )
        .help(if hosted {
            "split the job, or give it a runner of your own"
        } else {
            "split the job, unless runner and server are set to a longer limit"
        });
    if !hosted {
        finding = finding.likely();
        finding.severity = Severity::Info;
    }
    Some(finding)
}
