//! `layout-mismatch`

use super::Context;
use crate::findings::Finding;
use crate::flow::work::WorkKind;
use crate::flow::{data, layout};
use crate::shell::CoverageSub;

rule! {
    /// ### What it does
    /// Finds `coverage combine` and `coverage report` commands that look where the downloaded data is not.
    ///
    /// ### Why
    /// `download-artifact` by `name`, or with `merge-multiple: true`, puts files straight into `path`. By `pattern`, or
    /// without either, every artifact gets a folder of its own below `path`; from v5 only when more than one matches.
    /// `coverage combine` without arguments looks only beside the data file, and in a folder it takes only names such as
    /// `.coverage.x`, not a plain `.coverage`. When the two do not fit, combine ends with "No data to combine".
    ///
    /// Reported only when every file is known and none is found; commands in between that may move files silence it.
    ///
    /// Evidence: actions/download-artifact#419, plugwise/python-plugwise#780, Unidata/siphon#1069.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with: { pattern: coverage-* }        # coverage-3.12/.coverage.x, coverage-3.13/.coverage.x
    /// - run: coverage combine                # looks for ./.coverage.*
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with: { pattern: coverage-*, merge-multiple: true }
    /// - run: coverage combine
    /// ```
    "layout-mismatch", Error, "`coverage combine` or `report` looking where the downloaded data is not", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    layout::mismatches(context.workflow, context.flow)
        .into_iter()
        .map(|mismatch| {
            let consumer = &context.flow.consumers[mismatch.consumer];
            let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
            let reader = &context.flow.jobs[consumer.job].works[mismatch.reader];
            let arrival = &mismatch.arrivals[0];
            let place = data::show(&arrival.path);
            let command = match &reader.kind {
                WorkKind::Coverage(command) if command.sub == CoverageSub::Combine => "coverage combine",
                _ => "coverage report",
            };
            let producer = &context.flow.producers[arrival.producer];
            let uploaded = producer.path.map_or_else(|| context.workflow.jobs[producer.job].id.span(), |path| path.span());
            let help = if consumer.merge == Some(false) && consumer.selector_text.is_none_or(|t| step.input_text("pattern").is_some_and(|p| p.span() == t.span())) {
                "add `merge-multiple: true` to the download, with file names that differ, or name the folders in the command"
            } else {
                "download into the folder the command reads, or name the folder in the command"
            };
            let message = format!("`{command}` reads {}, but the data arrives as `{place}`", mismatch.reads);
            let download = consumer.path_text.map_or(step.anchor(), |path| path.span());
            let finding = RULE
                .finding(message, context.label(reader.span, "finds no data"))
                .related(context.label(download, format!("puts it at `{place}`")))
                .related(context.label(uploaded, "uploaded here"))
                .help(help);
            if mismatch.likely { finding.likely() } else { finding }
        })
        .collect()
}
