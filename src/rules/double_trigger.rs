//! `double-trigger`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::workflow::events::{push_to_any_branch, push_to_pull_request};
use crate::workflow::yaml::Yaml;

rule! {
    /// ### What it does
    /// Finds workflows that run for pushes to any branch and for pull requests: each push to a branch with an open pull
    /// request starts two runs of the same.
    ///
    /// ### Why
    /// Twice the time of the runners for one answer. Workflows whose jobs tell the two apart by a condition, whose
    /// `concurrency` group is that of the branch for both, or whose filters on paths differ, are left alone. Whoever only
    /// takes pull requests from forks has no such branches, so on GitHub this is information.
    ///
    /// Evidence: gha-doctor D013 (39 of 206 much used repositories), basefoundry/base#1983.
    ///
    /// ### Example
    /// ```yaml
    /// on: [push, pull_request]
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// on:
    ///   push:
    ///     branches: [main]
    ///   pull_request:
    /// ```
    "double-trigger", Warning, "Two runs for each push to a pull request: `push` to any branch and `pull_request`", check,
    group: Time, confidence: Medium
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let workflow = context.written;
    let (Some(push), Some(pull_request)) = (push_to_any_branch(workflow), push_to_pull_request(workflow)) else {
        return Vec::new();
    };
    let by_branch = workflow.concurrency.is_some_and(|concurrency| {
        concurrency.group.is_some_and(|group| group.value.contains("head_ref") || group.value.contains("ref_name"))
    });
    if by_branch || paths_differ(context) || skips_duplicates(context) || !runs_for_both(context) {
        return Vec::new();
    }
    let finding = RULE
        .finding(
            "a push to a branch with an open pull request starts two runs of this workflow",
            context.label(push.span(), "one for the branch"),
        )
        .related(context.label(pull_request.span(), "one for the pull request"))
        .help("run for pushes to the main branch only: `push: {branches: [main]}`");
    // There are always more machines of the forge's, and whoever takes pull requests from forks only pays nothing.
    let severity = if context.dialect.has_hosted_runners() { Severity::Info } else { finding.severity };
    vec![Finding { severity, confidence: RULE.info.confidence, ..finding }]
}

/// Whether the two events look at different files.
fn paths_differ(context: &Context<'_, '_>) -> bool {
    let filter = |event: &str| -> Vec<String> {
        let trigger = context.written.triggers.iter().find(|trigger| trigger.event.value == event);
        let options = trigger.and_then(|trigger| trigger.options);
        let texts = |key: &str| {
            let list = options.and_then(|options| options.get(key));
            list.map_or_else(Vec::new, |list| {
                list.items().filter_map(Yaml::as_str).map(|path| format!("{key} {path}")).collect()
            })
        };
        [texts("paths"), texts("paths-ignore")].concat()
    };
    filter("push") != filter("pull_request")
}

/// Whether a step finds out whether the same was run before.
fn skips_duplicates(context: &Context<'_, '_>) -> bool {
    let mut uses = context.written.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.uses);
    uses.any(|uses| uses.value.contains("skip-duplicate"))
}

/// Whether some job runs whichever event it was, as far as conditions tell: it has none, and waits for none that has one.
fn runs_for_both(context: &Context<'_, '_>) -> bool {
    let jobs = &context.written.jobs;
    (0..jobs.len()).any(|index| {
        jobs[index].condition.is_none()
            && (0..jobs.len()).all(|other| !context.flow.needs.orders(index, other) || jobs[other].condition.is_none())
    })
}
