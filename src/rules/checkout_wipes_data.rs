//! `checkout-wipes-data`

use super::Context;
use crate::findings::Finding;
use crate::flow::artifact::{Consumer, runs_on_success};
use crate::flow::name::Name;
use crate::flow::paths;
use crate::workflow::Step;
use crate::workflow::action::{ActionRef, is_inert_action, release_of};

rule! {
    /// ### What it does
    /// Finds a download whose files the next checkout removes: `actions/checkout` after `actions/download-artifact`, both
    /// for the same folder of the workspace, with nothing between them that could have used the files.
    ///
    /// ### Why
    /// The checkout first empties its folder: where that is no clone of the repository yet, everything in it is deleted, and
    /// where it is one, `git clean -ffdx` removes all files that git does not track. The downloaded data is gone, and
    /// `coverage combine` or `coverage report` then finds no data.
    ///
    /// Quiet with `clean: false`, which leaves the files of an existing clone; with a `path` for either of the two that keeps
    /// them apart; and when a script or another action stands between them.
    ///
    /// Evidence: actions/checkout `src/git-directory-helper.ts` (`prepareExistingDirectory`, v7.0.1), actions/checkout#2348,
    /// llvm/llvm-project#109349, PowerGridModel/power-grid-model-ds#54.
    ///
    /// ### Example
    /// ```yaml
    /// steps:
    ///   - uses: actions/download-artifact@v4
    ///     with: { name: coverage-data }
    ///   - uses: actions/checkout@v4          # deletes what was downloaded
    ///   - run: coverage combine
    /// ```
    ///
    /// ### Fix
    /// Check out first, then download.
    "checkout-wipes-data", Error, "A checkout that deletes what was downloaded before it", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    context.flow.consumers.iter().filter_map(|consumer| wiped(context, consumer)).collect()
}

fn wiped(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> Option<Finding> {
    let steps = &context.workflow.jobs[consumer.job].steps;
    let download = &steps[consumer.step];
    let folders: Vec<Vec<Name>> = consumer.path.iter().map(paths::segments).collect::<Option<_>>()?;
    for step in &steps[consumer.step + 1..] {
        if let Some(checkout) = step.checkout() {
            let place = emptied(step, checkout)?;
            if !folders.is_empty() && folders.iter().all(|folder| folder.starts_with(&place)) {
                let always = |step: &Step<'_>| step.condition.is_none_or(|c| runs_on_success(c.value));
                return always(step).then(|| finding(context, download, step, &place));
            }
            continue;
        }
        let download = context.flow.consumers.iter().any(|other| other.job == consumer.job && other.step == step.index);
        if !download && !prepares(step) && step.calls.is_none() {
            return None;
        }
    }
    None
}

/// Whether a step only sets up tools, and so has no use for what was downloaded.
fn prepares(step: &Step<'_>) -> bool {
    let tools = |repo: &str| repo.starts_with("setup-") || matches!(repo, "harden-runner" | "create-github-app-token");
    step.action.as_ref().is_some_and(is_inert_action) && step.repo_action().is_some_and(|action| tools(&action.repo))
}

fn finding(context: &Context<'_, '_>, download: &Step<'_>, checkout: &Step<'_>, place: &[Name]) -> Finding {
    let folder = if place.is_empty() { "the workspace".to_owned() } else { format!("`{}`", words(place)) };
    RULE.finding(
        format!("this checkout deletes everything in {folder}, with what was downloaded before it"),
        context.label(checkout.anchor(), "empties the folder first"),
    )
    .related(context.label(download.anchor(), "downloaded here, and not used before"))
    .help("check out first, then download")
}

fn words(path: &[Name]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
}

/// The folder that a checkout surely empties.
fn emptied(step: &Step<'_>, action: &ActionRef) -> Option<Vec<Name>> {
    // The first series left this to the runner.
    let known = action.is("actions", "checkout")
        && release_of(action, step.uses_comment).major().is_some_and(|major| major >= 2)
        && step.input_text("clean").is_none_or(|clean| clean.value.eq_ignore_ascii_case("true"));
    let path = step.input_text("path").map_or("", |path| path.value);
    paths::segments(&Name::literal(path)).filter(|_| known && !path.contains("${{"))
}
