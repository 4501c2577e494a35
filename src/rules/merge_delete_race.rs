//! `merge-delete-race`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::artifact::{Producer, Selector, runs_on_success};
use crate::flow::glob::{Glob, Meets};
use crate::flow::name::Name;
use crate::workflow::Step;
use crate::workflow::action::ArtifactKind;

rule! {
    /// ### What it does
    /// Finds `upload-artifact/merge` with `delete-merged: true` beside another reader of the artifacts it deletes that is
    /// not made to run before it by `needs`.
    ///
    /// ### Why
    /// The artifacts are gone as soon as the merged one is uploaded. A job that runs at the same time finds all of them,
    /// some, or none, from run to run; one that runs later finds none: by `name` its download fails, by `pattern` it succeeds
    /// with nothing. A later reader whose name or pattern takes the merged artifact is right.
    ///
    /// Evidence: actions/upload-artifact#678; openedx/edx-platform's unit-tests.yml.
    ///
    /// ### Example
    /// ```yaml
    /// merge:
    ///   needs: tests
    ///   steps:
    ///     - uses: actions/upload-artifact/merge@v4
    ///       with: { name: all-coverage, pattern: coverage-*, delete-merged: true }
    /// report:
    ///   needs: tests
    ///   steps:
    ///     - uses: actions/download-artifact@v4
    ///       with: { pattern: coverage-*, merge-multiple: true }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// report:
    ///   needs: merge
    ///   steps:
    ///     - uses: actions/download-artifact@v4
    ///       with: { name: all-coverage }
    /// ```
    "merge-delete-race", Error, "Artifacts that are merged and deleted while another job reads them", check
}

/// A step that merges artifacts.
struct Merge<'w, 'd> {
    job: usize,
    step: &'w Step<'d>,
    /// The names it takes.
    takes: Glob,
    /// What it makes of them; `None` when that is computed.
    makes: Option<Name>,
    deletes: bool,
}

/// A step that reads artifacts, and whether it takes what `producer` uploads.
struct Reader<'a> {
    job: usize,
    step: usize,
    takes: &'a dyn Fn(&Producer<'_>) -> bool,
    /// Whether it may take an artifact of this name.
    may_take: &'a dyn Fn(&Name) -> bool,
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let merges = merges(context);
    let mut findings = Vec::new();
    for merge in merges.iter().filter(|merge| merge.deletes) {
        for consumer in context.flow.consumers.iter().filter(|consumer| consumer.this_run) {
            let may_take = |name: &Name| match &consumer.selector {
                Selector::Name(names) => names.iter().any(|own| own.meets(name) != Meets::Never),
                Selector::Pattern(globs) => {
                    globs.iter().any(|(_, glob)| glob.as_ref().is_none_or(|glob| glob.meets(name) != Meets::Never))
                }
                Selector::All | Selector::Ids => true,
            };
            let takes = |producer: &Producer<'_>| consumer.meets(producer) == Meets::Always;
            let reader = Reader { job: consumer.job, step: consumer.step, takes: &takes, may_take: &may_take };
            findings.extend(race(context, merge, &reader));
        }
        for other in merges.iter().filter(|other| !std::ptr::eq(*other, merge)) {
            let takes =
                |producer: &Producer<'_>| producer.uploads.iter().any(|u| other.takes.meets(&u.name) == Meets::Always);
            let may_take = |name: &Name| other.takes.meets(name) != Meets::Never;
            let reader = Reader { job: other.job, step: other.step.index, takes: &takes, may_take: &may_take };
            findings.extend(race(context, merge, &reader));
        }
        for collector in &context.flow.collectors {
            let takes = |producer: &Producer<'_>| collector.meets(producer) == Meets::Always;
            let may_take = |name: &Name| {
                let chosen = collector.selection.as_ref();
                chosen.is_none_or(|patterns| patterns.iter().any(|pattern| pattern.meets(name) != Meets::Never))
            };
            let reader = Reader { job: collector.job, step: collector.step, takes: &takes, may_take: &may_take };
            findings.extend(race(context, merge, &reader));
        }
    }
    findings
}

fn merges<'w, 'd>(context: &Context<'w, 'd>) -> Vec<Merge<'w, 'd>> {
    let mut found = Vec::new();
    for (at, job) in context.workflow.jobs.iter().enumerate() {
        for step in &job.steps {
            if step.artifact_action().is_none_or(|action| action.kind != ArtifactKind::Merge) {
                continue;
            }
            let pattern = step.input_text("pattern");
            if pattern.is_some_and(crate::workflow::Text::is_dynamic) {
                continue;
            }
            let makes = match step.input_text("name") {
                Some(name) => Some(name.value.trim()).filter(|_| !name.is_dynamic()),
                None => Some("merged-artifacts"),
            };
            found.push(Merge {
                job: at,
                step,
                takes: Glob::new(pattern.map_or("*", |pattern| pattern.value.trim())),
                makes: makes.map(Name::literal),
                deletes: step.input_text("delete-merged").is_some_and(|text| text.value.eq_ignore_ascii_case("true")),
            });
        }
    }
    found
}

fn race(context: &Context<'_, '_>, merge: &Merge<'_, '_>, reader: &Reader<'_>) -> Option<Finding> {
    let flow = context.flow;
    let before =
        if reader.job == merge.job { reader.step < merge.step.index } else { flow.needs.orders(merge.job, reader.job) };
    if before {
        return None;
    }
    // What is uploaded at the same time as the merge may survive it.
    let lost = flow.producers.iter().find(|producer| {
        flow.needs.orders(merge.job, producer.job)
            && producer.uploads.iter().any(|upload| merge.takes.meets(&upload.name) == Meets::Always)
            && (reader.takes)(producer)
    })?;
    let after = reader.job == merge.job || flow.needs.orders(reader.job, merge.job);
    let jobs = &context.workflow.jobs;
    let step = &jobs[reader.job].steps[reader.step];
    let deletes = merge.step.input("delete-merged").map_or(merge.step.anchor(), crate::workflow::yaml::Yaml::span);
    let job = jobs[reader.job].id.value;
    let name = &lost.uploads[0].name;
    let (message, label) = if after {
        let sure = [jobs[merge.job].condition, merge.step.condition];
        // The merged artifact may be the one that is meant.
        if !sure.into_iter().flatten().all(|c| runs_on_success(c.value))
            || merge.makes.as_ref().is_none_or(reader.may_take)
        {
            return None;
        }
        (format!("job `{job}` reads artifact `{name}` after it was merged and deleted"), "gone by now")
    } else {
        (format!("artifact `{name}` may be deleted before job `{job}` has read it"), "runs at the same time")
    };
    let mut finding = RULE
        .finding(message, context.label(step.anchor(), label))
        .related(context.label(deletes, "deletes what it has merged"));
    if !after {
        finding.severity = Severity::Warning;
    }
    let merger = jobs[merge.job].id.value;
    Some(finding.help(match &merge.makes {
        Some(makes) if reader.job != merge.job && !after => {
            format!("let job `{job}` need `{merger}` and read `{makes}`, or leave out `delete-merged`")
        }
        Some(makes) => format!("read `{makes}`, or leave out `delete-merged`"),
        None => "leave out `delete-merged`".to_owned(),
    }))
}
