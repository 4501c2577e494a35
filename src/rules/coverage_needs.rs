//! `coverage-needs`

use super::Context;
use crate::findings::fix::{Change, Fix};
use crate::findings::{Finding, Label};
use crate::flow::JobFlow;
use crate::flow::artifact::{Consumer, Producer, Selector, runs_on_success};
use crate::flow::collect::{self, Collector, Pattern};
use crate::flow::glob::Meets;
use crate::flow::paths::Tri;
use crate::flow::work::{Work, WorkKind};
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
    /// The action of this program (`uses: …/ci-lint@v1`, `uses: ./coverage-share-action`) fetches coverage data without a
    /// download step; it too sees only what the jobs before it have uploaded.
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
    "coverage-needs", Error, "A job that does not wait for the job whose data it uses", check,
    fix: Safe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for consumer in &context.flow.consumers {
        findings.extend(unordered(context, consumer));
    }
    for collector in &context.flow.collectors {
        findings.extend(uncollected(context, collector));
    }
    for gap in context.flow.handover.gaps.iter().filter(|gap| gap.no_needs) {
        let (from, to) = siblings(context, gap.from.job, gap.to.job);
        let finding = RULE
            .finding(
                format!("`{}` does not need `{}`, whose coverage it reports on", to.id.value, from.id.value),
                needs_label(context, to, from.own_id()),
            )
            .related(context.label(gap.from.span, "measured here"))
            .help(add_need(to, from.own_id()))
            .fix(wait_for(context, gap.to.job, &[gap.from.job]).map(|fix| fix.safe_if(!gap.likely)));
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
    // What the job itself uploads later on serves nobody here.
    let ordered =
        |p: &Producer<'_>| p.job == consumer.job && p.step < consumer.step || flow.needs.orders(consumer.job, p.job);
    let missing: Vec<_> = matching
        .iter()
        .filter(|(p, meets)| *meets == Meets::Always && p.job != consumer.job && !ordered(p))
        .map(|(p, _)| *p)
        .collect();
    // An artifact of one name may come from any of several jobs: one that is waited for will do. A job that waits for
    // this one cannot be its source, and a reader of everything takes what is there on purpose.
    let unseen = unseen_before(context, consumer.job, consumer.step);
    let served = unseen || matching.iter().any(|(p, _)| ordered(p));
    // Who calls this workflow may have uploaded something of that name.
    let called = context.workflow.has_trigger("workflow_call");
    // What another call uploads under a name that fits is no business of a workflow that is called.
    let same_file = |p: &Producer<'_>| {
        context.workflow.jobs[consumer.job].within.is_none()
            || context.workflow.siblings(p.job, consumer.job) == (p.job, consumer.job)
    };
    let needed = match consumer.selector {
        Selector::Name(_) if served || called => return None,
        Selector::Ids => return None,
        Selector::All if flow.has_unseen_producers_for(context.workflow, consumer.job) => return None,
        // A pattern may match more than is meant: with one source in order, only coverage data that is surely uploaded,
        // and put together with the rest, is surely missed.
        Selector::Pattern(_) | Selector::All if served => missing.iter().find(|p| {
            let misses = p.unconditional && holds_coverage(p) && combines(context, consumer) && same_file(p);
            misses && !flow.needs.orders(p.job, consumer.job)
        })?,
        Selector::Name(_) => missing.iter().find(|p| !flow.needs.orders(p.job, consumer.job))?,
        Selector::Pattern(_) | Selector::All => {
            missing.iter().find(|p| same_file(p) && !flow.needs.orders(p.job, consumer.job))?
        }
    };
    let (from, to) = (&context.workflow.jobs[needed.job], &context.workflow.jobs[consumer.job]);
    let uploaded = needed.name.or(needed.path).map_or(from.id.span(), |text| text.span());
    let downloaded = consumer.selector_text.map_or(to.steps[consumer.step].anchor(), |text| text.span());
    let (from, to) = siblings(context, needed.job, consumer.job);
    let outcome = match consumer.selector {
        Selector::Name(_) => "fails when it comes first",
        _ => "takes what is there by then",
    };
    let artifact = needed.uploads.first().map_or_else(String::new, |upload| format!(" `{}`", upload.name));
    Some(
        RULE.finding(
            format!("`{}` downloads{artifact} but does not need `{}`, which uploads it", to.id.value, from.id.value),
            needs_label(context, to, from.own_id()),
        )
        .related(context.label(uploaded, "uploaded here"))
        .related(context.label(downloaded, format!("downloaded here; {outcome}")))
        .help(add_need(to, from.own_id()))
        .fix(wait_for(context, consumer.job, &[needed.job])),
    )
}

/// Coverage data that a step of ours would fetch, had its job waited for it.
fn uncollected(context: &Context<'_, '_>, collector: &Collector<'_>) -> Option<Finding> {
    let flow = context.flow;
    if collector.guarded {
        return None;
    }
    let ordered =
        |producer: &Producer<'_>| producer.job == collector.job || flow.needs.orders(collector.job, producer.job);
    let taken: Vec<_> = flow.producers.iter().filter(|producer| collector.meets(producer) != Meets::Never).collect();
    let served = taken.iter().any(|producer| ordered(producer));
    let missed = |producer: &Producer<'_>| {
        !ordered(producer)
            && !flow.needs.orders(producer.job, collector.job)
            && collector.meets(producer) == Meets::Always
            && (producer.unconditional || !served)
    };
    let holds = |producer: &Producer<'_>| collect::holds_data(flow, producer) == Tri::Yes;
    let missing: Vec<&Producer<'_>> = match &collector.selection {
        // What is named is meant, unless a job that is waited for, or something unseen, gives an artifact of that name.
        Some(patterns) => {
            let given = |pattern: &Pattern| {
                pattern.is_name()
                    && (context.workflow.has_trigger("workflow_call")
                        || unseen_before(context, collector.job, collector.step)
                        || taken.iter().any(|p| ordered(p) && pattern.meets_any(p) != Meets::Never))
            };
            let open: Vec<_> = patterns.iter().filter(|pattern| !given(pattern)).collect();
            let wanted = |p: &Producer<'_>| {
                open.iter().any(|open| open.meets_any(p) == Meets::Always && (open.is_name() || holds(p)))
            };
            taken.iter().filter(|p| missed(p) && wanted(p)).copied().collect()
        }
        // Nothing is named: a job that measures may report on itself, and data that another job reports on is not for
        // this one.
        None if flow.handover.sources.contains(&collector.job) => return None,
        None => {
            let elsewhere = |producer: &Producer<'_>| {
                flow.handover.self_reporting.contains(&producer.job)
                    || flow.readers().iter().any(|&job| job != collector.job && flow.needs.orders(job, producer.job))
            };
            taken.iter().filter(|p| missed(p) && holds(p) && !elsewhere(p)).copied().collect()
        }
    };
    let first = missing.first()?;
    let (from, to) = (&context.workflow.jobs[first.job], &context.workflow.jobs[collector.job]);
    let uploaded = first.name.or(first.path).map_or(from.id.span(), |text| text.span());
    let collected = collector.selection_text.map_or(to.steps[collector.step].anchor(), |text| text.span());
    let artifact = first.uploads.first().map_or_else(String::new, |upload| format!(" `{}`", upload.name));
    let (from, to) = siblings(context, first.job, collector.job);
    let others = missing.iter().map(|producer| siblings(context, producer.job, collector.job));
    let mut ids: Vec<&str> =
        others.filter(|(_, near)| near.id.node == to.id.node).map(|(far, _)| far.own_id()).collect();
    ids.dedup();
    Some(
        RULE.finding(
            format!("`{}` collects{artifact} but does not need `{}`, which uploads it", to.id.value, from.id.value),
            needs_label(context, to, from.own_id()),
        )
        .related(context.label(uploaded, "uploaded here"))
        .related(context.label(collected, "collected here; takes what is there by then"))
        .help(add_needs(to, &ids))
        .fix(wait_for(
            context,
            collector.job,
            &missing.iter().map(|producer| producer.job).collect::<Vec<_>>(),
        )),
    )
}

/// Whether the job puts coverage data together after this download, so that what is missing is missed.
fn combines(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> bool {
    context.flow.jobs[consumer.job].works.iter().any(|work| {
        work.step > consumer.step
            && match &work.kind {
                WorkKind::Coverage(command) => command.sub == CoverageSub::Combine,
                WorkKind::SlipcoverMerge(_) | WorkKind::Apply(_) => true,
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

/// Whether artifacts that cannot be seen may be uploaded before this step: by a job that its job waits for, or by an
/// earlier step of its own.
fn unseen_before(context: &Context<'_, '_>, job: usize, step: usize) -> bool {
    let flow = context.flow;
    let others = |(other, seen): (usize, &JobFlow)| seen.opaque_producer && flow.needs.orders(job, other);
    let own = |work: &Work| {
        matches!(work.kind, WorkKind::Opaque)
            && work.step < step
            && context.workflow.jobs[job].steps[work.step].run.is_none()
    };
    flow.jobs.iter().enumerate().any(others) || flow.jobs[job].works.iter().any(own)
}

/// The two jobs of one file between which a `needs` is missing.
fn siblings<'a, 'd>(context: &Context<'a, 'd>, from: usize, to: usize) -> (&'a Job<'d>, &'a Job<'d>) {
    let (from, to) = context.workflow.siblings(from, to);
    (&context.workflow.jobs[from], &context.workflow.jobs[to])
}

/// Lets `job` need the others. Where one of them may be skipped, so would this job be: somebody should look at that.
fn wait_for(context: &Context<'_, '_>, job: usize, others: &[usize]) -> Option<Fix> {
    let (jobs, needs) = (&context.workflow.jobs, &context.flow.needs);
    let (_, to) = context.workflow.siblings(*others.first()?, job);
    let own = context.own_job(to)?;
    let mut found: Vec<usize> = others
        .iter()
        .map(|&other| context.workflow.siblings(other, job))
        .filter(|(_, near)| *near == to)
        .map(|(far, _)| far)
        .collect();
    found.dedup();
    // A circle would run nothing.
    if found.iter().any(|&other| other == to || needs.orders(other, to)) {
        return None;
    }
    let always = |at: usize| jobs[at].condition.is_none_or(|condition| runs_on_success(condition.value));
    let certain =
        found.iter().all(|&other| (0..jobs.len()).filter(|&at| at == other || needs.orders(other, at)).all(always));
    let ids: Vec<String> = found.iter().map(|&other| jobs[other].own_id().to_owned()).collect();
    let title = format!("let `{}` need `{}`", jobs[to].own_id(), ids.join("`, `"));
    Some(Fix::safe(title, vec![Change::AddNeeds { job: own, needs: ids }]).safe_if(certain))
}

fn needs_label(context: &Context<'_, '_>, job: &Job<'_>, missing: &str) -> Label {
    match job.needs_entry {
        Some((_, value)) => context.label(value.span(), format!("`{missing}` is missing here")),
        None => context.label(job.id.span(), "this job has no `needs`"),
    }
}

fn add_need(job: &Job<'_>, missing: &str) -> String {
    add_needs(job, &[missing])
}

fn add_needs(job: &Job<'_>, missing: &[&str]) -> String {
    let all: Vec<&str> =
        job.needs.iter().filter_map(|need| need.node.as_str()).chain(missing.iter().copied()).collect();
    format!("write `needs: [{}]`", all.join(", "))
}
