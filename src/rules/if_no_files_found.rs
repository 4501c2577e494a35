//! `if-no-files-found`

use super::Context;
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Severity};
use crate::flow::artifact::{Consumer, Producer, Selector};
use crate::flow::collect::holds_data;
use crate::flow::glob::Meets;
use crate::flow::paths::Tri;
use crate::flow::work::WorkKind;
use crate::workflow::action::{Fork, Generation};

rule! {
    /// ### What it does
    /// Finds uploads of coverage data that let a leg without data pass unnoticed: `if-no-files-found` is left at its default
    /// `warn`, and the job that reads the data takes several artifacts by pattern, so that one that is missing fails nothing.
    /// Finds values of the input that fail the upload.
    ///
    /// ### Why
    /// An upload that finds no file makes no artifact and succeeds with a line in its log. The download by pattern takes what
    /// is there, and the report is made from the other legs as if they were all. With `error` the leg says what is wrong.
    ///
    /// It is an info: nothing is lost yet. Silent: `warn` or `ignore` written down, which is on purpose where some legs have no
    /// data; uploads under a condition; a step between tests and upload that works on the data and fails without it; data that
    /// is fetched by `name`, where a missing artifact fails the download; a single artifact; and jobs that report with `ci-lint
    /// apply`, which checks that all the data has come.
    ///
    /// Evidence: actions/upload-artifact `action.yml`, frenck/python-demetriek#744.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: "coverage-${{ matrix.python }}", path: .coverage.*, include-hidden-files: true }
    /// …
    /// - uses: actions/download-artifact@v4
    ///   with: { pattern: coverage-*, merge-multiple: true }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    ///   with:
    ///     name: coverage-${{ matrix.python }}
    ///     path: .coverage.*
    ///     include-hidden-files: true
    ///     if-no-files-found: error
    /// ```
    "if-no-files-found", Error, "Coverage uploads that find no data and let it pass unnoticed", check,
    fix: Safe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for producer in &context.flow.producers {
        let finding = refused(context, producer).or_else(|| lax(context, producer));
        // Jobs that share their steps by an alias share the place.
        findings.extend(finding.filter(|finding| findings.iter().all(|f| f.primary.span != finding.primary.span)));
    }
    findings
}

/// A value that the action does not know.
fn refused(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let input = step.input_text("if-no-files-found").filter(|input| !input.is_dynamic())?;
    let known = producer.action.fork != Fork::Unknown && producer.action.version.major()? >= 3;
    if !known || matches!(input.value.trim(), "warn" | "error" | "ignore") {
        return None;
    }
    let message = format!("`if-no-files-found: {}` is no value of it: the upload fails", input.value.trim());
    Some(RULE.finding(message, context.label(input.span(), "refused")).help("write `error`, `warn` or `ignore`"))
}

fn lax(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let flow = context.flow;
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    if step.input_text("if-no-files-found").is_some()
        || producer.generation() != Some(Generation::V4)
        || holds_data(flow, producer) != Tri::Yes
        || is_left_out(context, producer)
        || step.condition.is_some()
        || is_handled_before(context, producer)
    {
        return None;
    }
    let consumer = flow.consumers.iter().find(|consumer| {
        consumer.meets(producer) == Meets::Always
            && flow.needs.orders(consumer.job, producer.job)
            && misses_nothing(context, consumer)
    })?;
    let reader = &context.workflow.jobs[consumer.job];
    let message =
        format!("a leg of job `{}` without coverage data goes unnoticed", context.workflow.jobs[producer.job].id.value);
    let mut finding = RULE
        .finding(message, context.label(step.anchor(), "`if-no-files-found` is `warn` unless told otherwise"))
        .related(context.label(reader.steps[consumer.step].anchor(), "takes whatever is there"))
        .help("add `if-no-files-found: error`, or `ignore` where a leg has no data on purpose");
    finding.severity = Severity::Info;
    finding.fix = insist(context, producer);
    // Whether the tests make data at all rests on the path's name where they cannot be seen.
    let seen = !flow.data_before(producer.job, producer.step).is_empty();
    if !seen {
        finding = finding.likely();
        finding.fix = finding.fix.map(|fix| fix.safe_if(false));
    }
    Some(finding)
}

/// Lets an upload without files fail.
fn insist(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Fix> {
    let (job, step) = context.own_step(producer.job, producer.step)?;
    let change = Change::Set {
        place: Place::Inputs(job, step),
        entries: vec![("if-no-files-found".to_owned(), Value::text("error"))],
        after: &["include-hidden-files", "path"],
    };
    Some(Fix::safe("add `if-no-files-found: error`", vec![change]))
}

/// Whether this download succeeds, and the report after it too, when one of the artifacts is missing.
fn misses_nothing(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> bool {
    let flow = context.flow;
    if !consumer.this_run
        || !matches!(consumer.selector, Selector::Pattern(_) | Selector::All)
        || !flow.handover.readers.contains(&consumer.job)
        || flow.jobs[consumer.job].works.iter().any(|work| matches!(work.kind, WorkKind::Apply(_)))
    {
        return false;
    }
    let waits = |producer: &Producer<'_>| flow.needs.orders(consumer.job, producer.job);
    let taken = flow.producers.iter().filter(|p| waits(p) && holds_data(flow, p) == Tri::Yes).flat_map(|p| &p.uploads);
    taken.filter(|upload| consumer.takes(upload) == Meets::Always).count() > 1
}

/// Whether something between the tests and the upload works on files, and would fail for want of one: `mv .coverage x`.
fn is_handled_before(context: &Context<'_, '_>, producer: &Producer<'_>) -> bool {
    let works = context.flow.jobs[producer.job].works.iter().take_while(|work| work.step < producer.step);
    let mut handled = false;
    for work in works {
        handled = match &work.kind {
            WorkKind::Tests(_) | WorkKind::Session(_) => false,
            WorkKind::Files | WorkKind::Opaque => true,
            WorkKind::Coverage(command) => handled || command.sub.reads(),
            _ => handled,
        };
    }
    handled
}

/// Whether `hidden-files` speaks of this upload already.
fn is_left_out(context: &Context<'_, '_>, producer: &Producer<'_>) -> bool {
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let asked = step.input_text("include-hidden-files").is_some_and(|text| text.is_dynamic() || text.value == "true");
    let kept = asked && !producer.action.honours_include_hidden_files().is_no();
    let files = context.flow.data_before(producer.job, producer.step);
    let hidden = producer.uploads.iter().flat_map(|upload| &upload.paths.includes).any(|include| {
        include.is_hidden() == Tri::Yes
            || files.iter().flat_map(crate::flow::data::DataFile::candidates).any(|file| include.hides(&file))
    });
    !kept && hidden && !producer.action.drops_hidden_files().is_no()
}
