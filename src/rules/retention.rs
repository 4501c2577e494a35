//! `retention`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::artifact::{Producer, Selector};
use crate::flow::glob::Meets;
use crate::flow::name::Name;
use crate::source::Span;
use crate::workflow::action::{ArtifactKind, Generation};
use crate::workflow::dialect::Dialect;

rule! {
    /// ### What it does
    /// Finds values of `retention-days` that fail the upload or do not hold, and artifacts that are gone too soon for the
    /// step that reads them in a later run.
    ///
    /// ### Why
    /// A text that does not begin with a number fails the upload ("Invalid retention-days"), a negative number fails it up to
    /// v3 and breaks the documented minimum of one day later; `0` is the default retention and fine. No repository of github.com
    /// can keep an artifact for more than 400 days: more is cut down, with a warning in the log only.
    ///
    /// Data that another run reads, such as the coverage of the main branch for comparison, must outlive the time until that
    /// run. With three days or less a weekend without a push is enough for there to be nothing to compare with.
    ///
    /// A short retention of data that only this run reads is no finding: it saves storage, and the run is long over.
    ///
    /// Evidence: actions/upload-artifact `action.yml` and `src/upload/input-helper.ts`, actions/toolkit
    /// `packages/artifact/src/internal/upload/retention.ts`.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: coverage-data, path: coverage.json, retention-days: one week }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: coverage-data, path: coverage.json, retention-days: 7 }
    /// ```
    "retention", Error, "`retention-days` that is refused, or too short for a later run that reads the artifact", check
}

/// The most that a repository of github.com can be set to.
const MOST_DAYS: i64 = 400;

/// A weekend: what a branch is often left alone for.
const FEW_DAYS: i64 = 3;

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    // A called workflow is looked at where it is linted itself.
    let own = context.flow.producers.iter().filter(|producer| context.workflow.jobs[producer.job].within.is_none());
    own.filter_map(|producer| of_producer(context, producer)).collect()
}

fn of_producer(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let input = step.input_text("retention-days").filter(|input| !input.is_dynamic())?;
    if !producer.action.has_retention_days().is_likely() {
        return None;
    }
    let Some(days) = leading_number(input.value) else {
        let message = format!("`retention-days: {}` is no number: the upload fails", input.value.trim());
        let finding = RULE.finding(message, context.label(input.span(), "refused"));
        return Some(finding.help("write a whole number of days"));
    };
    if days < 0 {
        let finding = RULE
            .finding("`retention-days` is less than one day", context.label(input.span(), "the least is 1"))
            .help("write the days to keep it, or `0` for the default");
        let refused = producer.action.generation() == Some(Generation::V3);
        return Some(if refused { finding } else { finding.likely() });
    }
    if days > MOST_DAYS && context.dialect == Dialect::GitHub {
        let message = format!("`retention-days: {days}` is more than any repository allows");
        let mut finding = RULE.finding(message, context.label(input.span(), "cut down to the repository's limit"));
        finding.severity = Severity::Info;
        return Some(finding.help("90 is the limit of public repositories, 400 of private ones"));
    }
    if (1..=FEW_DAYS).contains(&days) {
        let reader = later_reader(context, producer)?;
        let message = format!(
            "artifact `{}` is read by a later run, but kept for {days} day{} only",
            producer.uploads[0].name,
            if days == 1 { "" } else { "s" }
        );
        let finding = RULE
            .finding(message, context.label(input.span(), "gone after this"))
            .related(context.label(reader, "read here, in another run"))
            .help("keep it longer than the branch may be left alone, for example 30 days");
        return Some(finding.likely());
    }
    None
}

/// What JavaScript's `parseInt` makes of the text: the number it begins with.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    // More digits than fit are more days than matter.
    (end > 0).then(|| sign * digits[..end].parse().unwrap_or(i64::MAX))
}

/// A step of this workflow that reads the artifact, by its very name, from another run of it.
fn later_reader(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Span> {
    let flow = context.flow;
    let steps = &context.workflow.jobs;
    let same = |name: &Name| producer.uploads.iter().any(|upload| upload.name.meets(name) == Meets::Always);
    let by_run_id = flow.consumers.iter().filter(|consumer| !consumer.this_run).find(|consumer| {
        let step = &steps[consumer.job].steps[consumer.step];
        let here =
            step.input_text("repository").is_none_or(|text| text.value.replace(' ', "") == "${{github.repository}}");
        here && matches!(&consumer.selector, Selector::Name(names) if names.iter().any(same))
    });
    if let Some(consumer) = by_run_id {
        return Some(steps[consumer.job].steps[consumer.step].anchor());
    }
    steps.iter().flat_map(|job| &job.steps).find_map(|step| {
        let action = step.artifact_action()?;
        let name = step.input_text("name").filter(|name| !name.is_dynamic())?;
        // Of other workflows and repositories, and of this very run, it reads something else.
        let elsewhere =
            ["workflow", "repo", "run_id", "run_number"].iter().any(|input| step.input_text(input).is_some());
        let reads = action.kind == ArtifactKind::OtherRunDownload && !elsewhere;
        (reads && same(&Name::literal(name.value.trim()))).then(|| step.anchor())
    })
}

#[cfg(test)]
mod tests {
    use super::leading_number;

    #[test]
    fn numbers_are_read_as_by_parse_int() {
        for (text, number) in [
            ("7", Some(7)),
            (" 30", Some(30)),
            ("5 days", Some(5)),
            ("1.5", Some(1)),
            ("-1", Some(-1)),
            ("+2", Some(2)),
            ("0", Some(0)),
            ("one", None),
            ("", None),
            ("-", None),
            ("99999999999999999999", Some(i64::MAX)),
        ] {
            assert_eq!(leading_number(text), number, "{text}");
        }
    }
}
