//! `coverage-needs`

use super::Context;
use crate::findings::{Finding, Label};
use crate::flow::artifact::{Consumer, Producer, Selector};
use crate::flow::glob::Meets;
use crate::flow::work::WorkKind;
use crate::shell::CoverageSub;
use crate::workflow::Job;

rule! {
    /// ### What it does
    /// Finds jobs that use the data of another job without waiting for it: no chain of `needs` leads from the job that
    /// downloads an artifact, or reports on coverage, to the job that uploads or measures it.
    ///
    /// ### Why
    /// Jobs without `needs` between them start together. The download then finds nothing yet: by name it fails the job, by
    /// pattern it succeeds with the artifacts that happen to be there, and the report shows a part of the coverage as if
    /// it were all. An indirect need (`coverage` needs `merge`, `merge` needs `unit_tests`) is enough and not reported.
    ///
    /// Evidence: actions/download-artifact#16, github/docs#10269.
    ///
    /// ### Example
    /// ```yaml
    /// coverage:
    ///   needs: [lint, typecheck]
    ///   steps:
    ///     - uses: actions/download-artifact@v4
    ///       with: { name: coverage-data }   # uploaded by unit_tests
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// coverage:
    ///   needs: [lint, typecheck, unit_tests]
    /// ```
    "coverage-needs", Error, "A job that does not wait for the job whose data it uses", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for consumer in &context.flow.consumers {
        findings.extend(unordered(context, consumer));
    }
    for gap in context.flow.handover.gaps.iter().filter(|gap| gap.no_needs) {
        let (from, to) = (&context.workflow.jobs[gap.from.job], &context.workflow.jobs[gap.to.job]);
        let finding = RULE
            .finding(
                format!("`{}` does not need `{}`, whose coverage it reports on", to.id.value, from.id.value),
                needs_label(context, to, from.id.value),
            )
            .related(context.label(gap.from.span, "measured here"))
            .help(add_need(to, from.id.value));
        findings.push(if gap.likely { finding.likely() } else { finding });
    }
    findings
}

/// The consumer's producers that surely match but are not waited for.
fn unordered(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> Option<Finding> {
    if !consumer.this_run {
        return None;
    }
    let flow = context.flow;
    let matching: Vec<_> = flow
        .producers
        .iter()
        .map(|producer| (producer, consumer.meets(producer)))
        .filter(|&(_, meets)| meets != Meets::Never)
        .collect();
    let ordered = |job: usize| job == consumer.job || flow.needs.orders(consumer.job, job);
    let missing: Vec<_> =
        matching.iter().filter(|(p, meets)| *meets == Meets::Always && !ordered(p.job)).map(|(p, _)| *p).collect();
    // An artifact of one name may come from any of several jobs: one that is waited for will do. A job that waits for
    // this one cannot be its source, and a reader of everything takes what is there on purpose.
    let served = matching.iter().any(|(p, _)| ordered(p.job));
    let needed = match consumer.selector {
        Selector::Name(_) if served => return None,
        Selector::Ids => return None,
        Selector::All if flow.has_unseen_producers_for(context.workflow, consumer.job) => return None,
        // A pattern may match more than is meant: with one source in order, only coverage data that is surely uploaded,
        // and put together with the rest, is surely missed.
        Selector::Pattern(_) | Selector::All if served => missing.iter().find(|p| {
            let misses = p.unconditional && holds_coverage(p) && combines(context, consumer);
            misses && !flow.needs.orders(p.job, consumer.job)
        })?,
        Selector::Name(_) | Selector::Pattern(_) | Selector::All => {
            missing.iter().find(|p| !flow.needs.orders(p.job, consumer.job))?
        }
    };
    // A name that something unseen may upload as well is not surely this producer's.
    if matches!(consumer.selector, Selector::Name(_)) && unseen_before(context, consumer.job) {
        return None;
    }
    let (from, to) = (&context.workflow.jobs[needed.job], &context.workflow.jobs[consumer.job]);
    let uploaded = needed.name.or(needed.path).map_or(from.id.span(), |text| text.span());
    let downloaded = consumer.selector_text.map_or(to.steps[consumer.step].anchor(), |text| text.span());
    let outcome = match consumer.selector {
        Selector::Name(_) => "fails when it comes first",
        _ => "takes what is there by then",
    };
    let artifact = needed.uploads.first().map_or_else(String::new, |upload| format!(" `{}`", upload.name));
    Some(
        RULE.finding(
            format!("`{}` downloads{artifact} but does not need `{}`, which uploads it", to.id.value, from.id.value),
            needs_label(context, to, from.id.value),
        )
        .related(context.label(uploaded, "uploaded here"))
        .related(context.label(downloaded, format!("downloaded here; {outcome}")))
        .help(add_need(to, from.id.value)),
    )
}

/// Whether the job puts coverage data together after this download, so that what is missing is missed.
fn combines(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> bool {
    context.flow.jobs[consumer.job].works.iter().any(|work| {
        work.step > consumer.step
            && match &work.kind {
                WorkKind::Coverage(command) => command.sub == CoverageSub::Combine,
                WorkKind::SlipcoverMerge(_) => true,
                _ => false,
            }
    })
}

/// Whether an artifact is coverage data by the path of its files.
fn holds_coverage(producer: &Producer<'_>) -> bool {
    producer.uploads.iter().any(|upload| {
        upload.paths.includes.iter().any(|include| include.text.contains(".cov") || include.text.contains("slipcover"))
    })
}

/// Whether a job that `job` waits for may upload artifacts that cannot be seen.
fn unseen_before(context: &Context<'_, '_>, job: usize) -> bool {
    context
        .flow
        .jobs
        .iter()
        .enumerate()
        .any(|(other, flow)| flow.opaque_producer && (other == job || context.flow.needs.orders(job, other)))
        || context.workflow.has_trigger("workflow_call")
}

fn needs_label(context: &Context<'_, '_>, job: &Job<'_>, missing: &str) -> Label {
    match job.needs_entry {
        Some((_, value)) => context.label(value.span(), format!("`{missing}` is missing here")),
        None => context.label(job.id.span(), "this job has no `needs`"),
    }
}

fn add_need(job: &Job<'_>, missing: &str) -> String {
    let all: Vec<&str> = job.needs.iter().map(|need| need.value).chain([missing]).collect();
    format!("write `needs: [{}]`", all.join(", "))
}
