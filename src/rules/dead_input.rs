//! `dead-input`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::artifact::{Consumer, Producer};
use crate::workflow::action::Fork;

rule! {
    /// ### What it does
    /// Finds inputs of `download-artifact` that have no effect beside another one: `pattern` beside `name` is ignored, and
    /// `artifact-ids` beside `name` is refused. Finds inputs that the release in use does not know, where that changes what
    /// arrives: `pattern` and `merge-multiple` before 4.1.0, `artifact-ids` before 4.3.0. Finds artifact names with a character that no artifact may have
    /// (`" : < > | * ? \ /` and line breaks), which fail the upload.
    ///
    /// ### Why
    /// With both `name` and `pattern`, only the one artifact of that name arrives, and the report covers one leg as if it
    /// were all.
    ///
    /// Evidence: actions/download-artifact `action.yml` and `src/download-artifact.ts`.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with: { name: coverage-3.12, pattern: coverage-*, merge-multiple: true }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with: { pattern: coverage-*, merge-multiple: true }
    /// ```
    "dead-input", Error, "Inputs that another input switches off, and artifact names that are refused", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        context.flow.producers.iter().filter_map(|producer| refused_name(context, producer)).collect();
    for consumer in &context.flow.consumers {
        let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
        findings.extend(unknown_input(context, consumer));
        let Some(name) = step.input_text("name") else { continue };
        // A name that an expression may leave empty is no name then.
        if name.is_dynamic() {
            continue;
        }
        if let Some(pattern) = step.input_text("pattern")
            && consumer.action.has_pattern().is_yes()
        {
            findings.push(
                RULE.finding(
                    "`pattern` is ignored beside `name`: one artifact is downloaded",
                    context.label(pattern.span(), "ignored"),
                )
                .related(context.label(name.span(), "only this one is downloaded"))
                .help("remove `name` to download all that match, or `pattern` to download one"),
            );
        }
        if let Some(ids) = step.input_text("artifact-ids")
            && consumer.action.has_artifact_ids().is_yes()
        {
            findings.push(
                RULE.finding(
                    "`name` and `artifact-ids` cannot be given together: the step fails",
                    context.label(ids.span(), "refused beside `name`"),
                )
                .related(context.label(name.span(), "given here"))
                .help("keep one of the two"),
            );
        }
    }
    findings
}

/// An input that came with a later release and would change what arrives, or where. The step has a warning in its log only.
fn unknown_input(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> Option<Finding> {
    let (action, job) = (&consumer.action, &context.workflow.jobs[consumer.job]);
    let step = &job.steps[consumer.step];
    if action.fork == Fork::Unknown || job.within.is_some() {
        return None;
    }
    let named = step.input_text("name").is_some();
    let (key, since, effect) = [
        ("pattern", action.has_pattern(), "4.1.0", "every artifact is downloaded"),
        ("artifact-ids", action.has_artifact_ids(), "4.3.0", "every artifact is downloaded"),
        ("merge-multiple", action.has_merge_multiple(), "4.1.0", "every artifact gets a folder of its own"),
    ]
    .into_iter()
    .find_map(|(key, knows, since, effect)| {
        let asked = step.input_text(key).is_some_and(|text| key != "merge-multiple" || text.value == "true");
        (knows.is_no() && asked && !named).then_some((key, since, effect))
    })?;
    let input = step.input_text(key)?;
    let version = action.version;
    let message = format!("download-artifact {version} does not know `{key}`: {effect}");
    let mut finding = RULE
        .finding(message, context.label(input.span(), format!("known from {since} on")))
        .help(format!("use a release from {since} on"));
    finding.severity = Severity::Warning;
    Some(finding)
}

/// A literal name with a character that artifact names must not have (actions/toolkit
/// `path-and-artifact-name-validation.ts`).
fn refused_name(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let name = producer.name?;
    if producer.action.fork == Fork::Unknown {
        return None;
    }
    let bad = producer.uploads.iter().find_map(|upload| upload.name.known()?.chars().find(|&c| is_refused(c)))?;
    Some(
        RULE.finding(
            format!("an artifact name must not contain `{}`: the upload fails", bad.escape_default()),
            context.label(name.span(), "refused"),
        )
        .help("use letters, digits, `-`, `_` and `.`"),
    )
}

fn is_refused(c: char) -> bool {
    matches!(c, '"' | ':' | '<' | '>' | '|' | '*' | '?' | '\r' | '\n' | '\\' | '/')
}

#[cfg(test)]
mod tests {
    use super::is_refused;

    #[test]
    fn an_artifact_name_has_none_of_eleven_characters() {
        let refused: String = (0..=0x7f_u8).map(char::from).filter(|&c| is_refused(c)).collect();
        assert_eq!(refused, "\n\r\"*/:<>?\\|");
    }
}
