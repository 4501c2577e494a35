//! `matrix-collision`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::artifact::Producer;
use crate::flow::glob::Meets;

rule! {
    /// ### What it does
    /// Finds uploads of a matrix job whose artifact has the same name in several legs.
    ///
    /// ### Why
    /// Since v4 an artifact is written once: the first leg to finish wins, every other fails with 409, "an artifact with
    /// this name already exists on the workflow run". `overwrite: true` is no remedy: it replaces the data of the other
    /// legs. Legs that a condition leaves out, and names with parts that only the run knows, are not counted.
    ///
    /// Evidence: actions/upload-artifact#478, #472, #634.
    ///
    /// ### Example
    /// ```yaml
    /// strategy:
    ///   matrix: { python: ["3.12", "3.13"] }
    /// steps:
    ///   - uses: actions/upload-artifact@v4
    ///     with: { name: coverage-data, path: coverage.xml }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///     with: { name: "coverage-data-${{ matrix.python }}", path: coverage.xml }
    /// ```
    /// and download with `pattern: coverage-data-*`.
    "matrix-collision", Error, "One artifact name for several legs of a matrix", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    context.flow.producers.iter().filter_map(|producer| collision(context, producer)).collect()
}

fn collision(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    if !producer.action.immutable().is_yes() {
        return None;
    }
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let job = &context.workflow.jobs[producer.job];
    // A condition that only the run can decide may leave a single leg.
    if !producer.unconditional {
        return None;
    }
    let mut same = None;
    for (index, upload) in producer.uploads.iter().enumerate() {
        if let Some(other) =
            producer.uploads[index + 1..].iter().find(|other| other.name.meets(&upload.name) == Meets::Always)
        {
            same = Some((upload, other));
            break;
        }
    }
    let (first, second) = same?;
    let legs = &context.flow.jobs[producer.job].legs;
    let differing: Vec<&String> =
        legs.axes.iter().filter(|axis| legs.legs[first.leg].get(axis) != legs.legs[second.leg].get(axis)).collect();
    let count = producer.uploads.iter().filter(|upload| upload.name.meets(&first.name) == Meets::Always).count();
    let overwrites = step.input_text("overwrite").is_some_and(|text| text.value == "true");
    let message = if overwrites {
        format!("{count} legs of job `{}` overwrite each other's artifact `{}`", job.id.value, first.name)
    } else {
        format!(
            "{count} legs of job `{}` upload an artifact named `{}`: all but the first fail",
            job.id.value, first.name
        )
    };
    let name = producer.name.map_or(step.anchor(), |name| name.span());
    let mut finding = RULE.finding(message, context.label(name, "the same in every one of these legs"));
    if let Some(matrix) = job.strategy.and_then(|strategy| strategy.matrix) {
        let span = matrix
            .get_entry(differing.first().map_or("", |axis| axis.as_str()))
            .map_or(matrix.span(), |(key, _)| key.span());
        finding = finding.related(context.label(
            span,
            format!("for example `{}` and `{}`", legs.legs[first.leg].describe(), legs.legs[second.leg].describe()),
        ));
    }
    let axes: Vec<String> = differing.iter().map(|axis| format!("${{{{ matrix.{axis} }}}}")).collect();
    // Nothing fails then, and for a report of the last leg it may even be meant.
    if overwrites {
        finding.severity = Severity::Warning;
    }
    Some(finding.help(if axes.is_empty() {
        "put something that differs between the legs into the name".to_owned()
    } else {
        format!("put `{}` into the name, and download with a pattern", axes.join("-"))
    }))
}
