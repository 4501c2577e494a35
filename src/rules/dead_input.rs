//! `dead-input`

use super::Context;
use crate::findings::Finding;
use crate::flow::artifact::Producer;
use crate::workflow::action::Fork;

rule! {
    /// ### What it does
    /// Finds inputs of `download-artifact` that have no effect beside another one: `pattern` beside `name` is ignored, and
    /// `artifact-ids` beside `name` is refused. Finds artifact names with a character that no artifact may have
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

/// A literal name with a character that artifact names must not have (actions/toolkit
/// `path-and-artifact-name-validation.ts`).
fn refused_name(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let name = producer.name?;
    if producer.action.fork == Fork::Unknown {
        return None;
    }
    let bad = producer.uploads.iter().find_map(|upload| {
        let text = upload.name.known()?;
        text.chars().find(|c| matches!(c, '"' | ':' | '<' | '>' | '|' | '*' | '?' | '\r' | '\n' | '\\' | '/'))
    })?;
    Some(
        RULE.finding(
            format!("an artifact name must not contain `{}`: the upload fails", bad.escape_default()),
            context.label(name.span(), "refused"),
        )
        .help("use letters, digits, `-`, `_` and `.`"),
    )
}
