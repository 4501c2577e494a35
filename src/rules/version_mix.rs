//! `version-mix`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::glob::Meets;
use crate::workflow::action::Generation;
use crate::workflow::dialect::Dialect;

rule! {
    /// ### What it does
    /// Finds a download whose artifact is uploaded by an action of the other generation: `upload-artifact` v1 to v3 with
    /// `download-artifact` v4 or later, or the other way round.
    ///
    /// ### Why
    /// The two generations keep artifacts in different places and cannot read each other's. The download by name fails, by
    /// pattern it succeeds with nothing. Off github.com, where servers differ, it is a warning.
    ///
    /// Evidence: github.blog changelog of 14 December 2023, Taskana/taskana#2483.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    /// …
    /// - uses: actions/download-artifact@v3
    /// ```
    ///
    /// ### Fix
    /// Use the same major generation at both ends.
    "version-mix", Error, "Upload and download of generations that cannot read each other", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    mixes(context).iter().map(|mix| finding(context, mix)).collect()
}

/// A download that can read none of the artifacts it is meant for.
#[derive(Debug)]
pub(super) struct Mix {
    /// Index of the consumer.
    pub(super) consumer: usize,
    /// Indexes of the producers it cannot read.
    pub(super) producers: Vec<usize>,
    reads: Generation,
}

/// Every download whose artifacts are all of the other generation.
pub(super) fn mixes(context: &Context<'_, '_>) -> Vec<Mix> {
    let mut found = Vec::new();
    for (index, consumer) in context.flow.consumers.iter().enumerate().filter(|(_, consumer)| consumer.this_run) {
        let Some(reads) = consumer.action.generation() else { continue };
        let served: Vec<_> = context.flow.producers.iter().filter(|p| consumer.meets(p) != Meets::Never).collect();
        // One readable or unknown source may be the one that is meant.
        if served.is_empty()
            || served.iter().any(|p| p.generation().is_none_or(|g| g == reads))
            || !served.iter().any(|p| consumer.meets(p) == Meets::Always)
            || context.flow.has_unseen_producers_for(context.workflow, consumer.job)
        {
            continue;
        }
        found.push(Mix { consumer: index, producers: served.iter().map(|p| p.index).collect(), reads });
    }
    found
}

fn finding(context: &Context<'_, '_>, mix: &Mix) -> Finding {
    let (consumer, first) = (&context.flow.consumers[mix.consumer], &context.flow.producers[mix.producers[0]]);
    let step = |job: usize, step: usize| &context.workflow.jobs[job].steps[step];
    let (to, from) = (step(consumer.job, consumer.step), step(first.job, first.step));
    let words = |generation| match generation {
        Generation::V3 => "v3 or older",
        Generation::V4 => "v4 or newer",
    };
    let (reads, wrote) = match mix.reads {
        Generation::V3 => (Generation::V3, Generation::V4),
        Generation::V4 => (Generation::V4, Generation::V3),
    };
    let mut finding = RULE
        .finding(
            format!("download-artifact {} cannot read what upload-artifact {} uploads", words(reads), words(wrote)),
            context.label(to.anchor(), words(reads)),
        )
        .related(context.label(from.anchor(), words(wrote)))
        .help("use the same generation at both ends");
    if context.dialect != Dialect::GitHub {
        finding = finding.likely();
        finding.severity = Severity::Warning;
    }
    finding
}
