//! `partial-data`

use super::Context;
use crate::findings::Finding;
use crate::flow::artifact::{Consumer, Producer, Selector};
use crate::flow::collect::holds_data;
use crate::flow::fail_under::configured;
use crate::flow::glob::Meets;
use crate::flow::paths::Tri;
use crate::flow::work::{Work, WorkKind};
use crate::source::Span;
use crate::workflow::expression::{self, Value};
use crate::workflow::{Job, Step, Text};

rule! {
    /// ### What it does
    /// Finds jobs that report on coverage data although a test job has failed and its data is missing: the reporting job runs
    /// under `always()` or `!cancelled()`, or `continue-on-error` lets the test job fail without stopping anything.
    ///
    /// ### Why
    /// A leg that fails uploads nothing, a download by pattern takes what is there, and the report covers the other legs as if
    /// they were all. Under `continue-on-error` the run is green all the same. Under `always()` it is red, but the wrong number
    /// has left it by then: for a coverage service, a comment or a badge.
    ///
    /// `ci-lint apply` checks that the data of every job and leg has come, and says what is missing instead of a number.
    ///
    /// Silent: under `always()`, a report that stays in the run or has to reach a threshold first; jobs of which one looks at
    /// `needs.*.result`; a report with `ci-lint apply` and its check left on; data that comes by `name`, where a missing
    /// artifact fails the download; uploads that take place after failed tests too, under `always()` or because the step of
    /// the tests has `continue-on-error`; test jobs with a condition of their own, which may be skipped on purpose; a matrix
    /// of which only some legs may fail.
    ///
    /// ### Example
    /// ```yaml
    /// coverage:
    ///   needs: tests
    ///   if: always()
    ///   steps:
    ///     - uses: actions/download-artifact@v4
    ///       with: { pattern: coverage-*, merge-multiple: true }
    ///     - run: coverage combine && coverage xml
    ///     - uses: codecov/codecov-action@v5
    /// ```
    ///
    /// ### Fix
    /// Leave out the condition, or check what the report rests on:
    /// ```yaml
    ///     - run: ci-lint apply --artifacts 'coverage-*'
    /// ```
    "partial-data", Warning, "Reports on what is left when a test job has failed, as if it were all", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let flow = context.flow;
    flow.handover.readers.iter().filter_map(|&job| of_reader(context, job)).collect()
}

fn of_reader(context: &Context<'_, '_>, index: usize) -> Option<Finding> {
    let flow = context.flow;
    let job = &context.workflow.jobs[index];
    let works = &flow.jobs[index].works;
    let report = works.iter().find(|work| reports(work))?;
    if works.iter().any(|work| checks_completeness(context, job, work)) || somebody_looks_at_results(context, index) {
        return None;
    }
    let consumer = flow.consumers.iter().find(|consumer| consumer.job == index && misses_nothing(context, consumer))?;
    let fed: Vec<&Producer<'_>> = flow
        .producers
        .iter()
        .filter(|p| {
            consumer.meets(p) == Meets::Always && holds_data(flow, p) == Tri::Yes && flow.needs.orders(index, p.job)
        })
        .collect();
    let download = job.steps[consumer.step].anchor();
    let message = format!("job `{}` reports on what is left when ", job.id.value);
    let help = "leave it out, or report with `ci-lint apply`, which checks that all the data has come";
    if let Some(condition) = job.condition.filter(|condition| runs_either_way(condition.value)) {
        if !leaves_the_run(job) || works.iter().any(has_threshold) || configured(flow.project()).is_some() {
            return None;
        }
        // A job with a condition of its own may be skipped, and a report without it is what is wanted then.
        let lost = fed.iter().find(|producer| {
            let tests = &context.workflow.jobs[producer.job];
            tests.condition.is_none() && tests.steps[producer.step].condition.is_none_or(|c| !runs_either_way(c.value))
        })?;
        let tests = &context.workflow.jobs[lost.job];
        let finding = RULE
            .finding(
                format!("{message}job `{}` has failed", tests.id.value),
                context.label(condition.span(), "runs after a failure too"),
            )
            .related(context.label(tests.steps[lost.step].anchor(), "a leg that fails uploads nothing"))
            .related(context.label(download, "takes whatever is there"))
            .help(help);
        return Some(finding.likely());
    }
    let (tests, span) = fed.iter().find_map(|producer| {
        let tests = &context.workflow.jobs[producer.job];
        may_fail(context, producer).map(|span| (tests, span))
    })?;
    let finding = RULE
        .finding(
            format!("{message}job `{}` has failed", tests.id.value),
            context.label(span, "a failure stops nothing"),
        )
        .related(context.label(download, "takes whatever is there"))
        .related(context.label(report.span, "reports on it"))
        .help(help);
    Some(finding.likely())
}

fn reports(work: &Work) -> bool {
    match &work.kind {
        WorkKind::Coverage(command) => command.sub.reads(),
        WorkKind::SlipcoverMerge(_) | WorkKind::Apply(_) => true,
        _ => false,
    }
}

/// Whether the download succeeds when one of the artifacts is missing.
fn misses_nothing(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> bool {
    let flow = context.flow;
    let by_pattern = consumer.this_run && matches!(consumer.selector, Selector::Pattern(_) | Selector::All);
    let waits = |producer: &Producer<'_>| flow.needs.orders(consumer.job, producer.job);
    let held = flow.producers.iter().filter(|p| waits(p) && holds_data(flow, p) == Tri::Yes);
    by_pattern && held.flat_map(|p| &p.uploads).filter(|upload| consumer.takes(upload) == Meets::Always).count() > 1
}

/// Whether this is our own report, which looks for what is missing unless it is told not to.
fn checks_completeness(context: &Context<'_, '_>, job: &Job<'_>, work: &Work) -> bool {
    if !matches!(work.kind, WorkKind::Apply(_)) {
        return false;
    }
    let step = &job.steps[work.step];
    let off = match step.run {
        Some(_) => context
            .workflow
            .slice(work.span)
            .split_whitespace()
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| pair == ["--expect", "none"] || pair.contains(&"--expect=none")),
        None => step.input_text("expect").is_some_and(|text| text.value.trim() == "none"),
    };
    !off
}

/// Whether this fails when the number is too low.
fn has_threshold(work: &Work) -> bool {
    match &work.kind {
        WorkKind::Coverage(command) => command.fail_under.as_deref().is_some_and(|text| text.trim() != "0"),
        WorkKind::SlipcoverMerge(merge) => merge.fail_under.is_some(),
        _ => false,
    }
}

/// Whether the reporting job, or another that waits for the same jobs, asks how they ended.
fn somebody_looks_at_results(context: &Context<'_, '_>, reader: usize) -> bool {
    let needs = &context.flow.needs;
    let shares = |job: usize| {
        job == reader || needs.direct(job).iter().any(|need| *need == reader || needs.direct(reader).contains(need))
    };
    let jobs = context.workflow.jobs.iter().enumerate();
    jobs.into_iter().any(|(at, job)| shares(at) && looks_at_results(context, job))
}

/// Whether the job asks anywhere how the jobs before it ended.
fn looks_at_results(context: &Context<'_, '_>, job: &Job<'_>) -> bool {
    let text = context.workflow.slice(job.node.span()).to_ascii_lowercase();
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (text.contains("needs.") && text.contains("result")) || text.contains("tojson(needs") || text.contains("needs[")
}

/// Whether a condition holds after a failure as well as after success.
fn runs_either_way(condition: &str) -> bool {
    let Ok(parsed) = expression::parse_condition(condition) else { return false };
    let holds = |failed: bool| {
        parsed.truth(&|path| match path {
            "always()" => Some(Value::Bool(true)),
            "success()" => Some(Value::Bool(!failed)),
            "failure()" => Some(Value::Bool(failed)),
            "cancelled()" => Some(Value::Bool(false)),
            _ => None,
        })
    };
    parsed.calls_status_function() && holds(true) != Some(false) && holds(false) != Some(false)
}

/// Whether the job hands its number to somebody outside the run.
fn leaves_the_run(job: &Job<'_>) -> bool {
    const OUTSIDE: [&str; 12] = [
        "codecov",
        "coveralls",
        "codacy",
        "sonar",
        "codeclimate",
        "qlty",
        "deepsource",
        "comment",
        "badge",
        "gist",
        "smokeshow",
        "octocov",
    ];
    let names = |text: Option<Text<'_>>| {
        text.is_some_and(|text| OUTSIDE.iter().any(|word| text.value.to_ascii_lowercase().contains(word)))
    };
    job.steps.iter().any(|step: &Step<'_>| names(step.uses) || names(step.run))
}

/// Where it says that the tests may fail without stopping anything; not where only some legs may.
fn may_fail(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Span> {
    let job = &context.workflow.jobs[producer.job];
    job.continue_on_error.filter(|text| text.value.trim() == "true").map(Text::span)
}
