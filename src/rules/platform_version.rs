//! `platform-version`

use std::sync::Arc;

use super::{Context, version_mix};
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Label};
use crate::flow::artifact::Producer;
use crate::flow::paths::Tri;
use crate::workflow::action::{ActionRef, Artifact, Fork, Trouble, closing_day, release_of, replacement, trouble};
use crate::workflow::dialect::Dialect;
use crate::workflow::{Job, Step};

rule! {
    /// ### What it does
    /// Finds artifact actions of a release that the forge cannot run: `upload-artifact` and `download-artifact` v4 and later
    /// on Forgejo, Gitea and GitHub Enterprise Server, v1 to v3 on github.com, and uploads from v6 on, in whatever fork, on
    /// Forgejo. Finds `actions/cache` v1 and v2 on github.com too.
    ///
    /// ### Why
    /// From v4 on the official actions look at the host they run on and stop with `GHESNotSupportedError` unless it is
    /// GitHub's. Forgejo and Gitea keep forks without that check. Gitea's runner takes the check out by itself since 3.0, so
    /// there it is a warning. The storage client of v6 and v7 cannot use the signed URLs of Forgejo, up to at least mid-2026.
    ///
    /// github.com has shut down what v1 and v2 (30 June 2024) and v3 (30 January 2025) talk to; runs fail before their first
    /// step. The same holds for `actions/cache` v1 and v2 since 1 March 2025. GitHub Enterprise Server still serves v3, so
    /// nothing is said of workflows in which no job asks for one of GitHub's own runners. A commit that is in no table and
    /// has no version in the comment beside it is passed over, and so is a mirror on a host of one's own. Said once a file and
    /// action.
    ///
    /// Evidence: forgejo-runner's release notes 3.4.0, go-gitea/gitea#31256, #35706, #36024, #36829;
    /// actions/upload-artifact#669, github.blog changelog of 16 April 2024, actions/cache#1509.
    ///
    /// ### Example
    /// ```yaml
    /// # .forgejo/workflows/ci.yml
    /// - uses: actions/upload-artifact@v4
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// # .forgejo/workflows/ci.yml
    /// - uses: https://code.forgejo.org/forgejo/upload-artifact@v4
    /// ```
    "platform-version", Error, "Artifact actions of a release that the forge cannot run", check,
    fix: Unsafe
}

/// What the messages about caches begin with.
const CACHE: &str = "`actions/cache`";

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mixed = steps_of_mixes(context);
    let hosted = asks_for_github(context);
    let mut findings: Vec<Finding> = Vec::new();
    let mut all = Vec::new();
    // A called workflow is looked at where it is linted itself.
    for (at, job) in context.workflow.jobs.iter().enumerate().filter(|(_, job)| job.within.is_none()) {
        for step in &job.steps {
            let Some(action) = step.repo_action() else { continue };
            if context.dialect == Dialect::GitHub && !hosted || is_for_another_forge(job, step) {
                continue;
            }
            let finding = match step.artifact_action() {
                Some(_) if mixed.contains(&(at, step.index)) => None,
                Some(artifact) => {
                    all.push(exchange(context, at, step, action, &artifact));
                    of_artifact(context, at, step, action, &artifact)
                }
                None => of_cache(context, step, action),
            };
            let Some(finding) = finding else { continue };
            // One word for all the steps that use the same action.
            match findings.iter_mut().find(|known| known.message == finding.message) {
                Some(known) => add_place(known, finding),
                None => findings.push(finding),
            }
        }
    }
    // Upload and download must be of one kind: all are exchanged together.
    let changes: Option<Vec<Vec<Change>>> = all.into_iter().flatten().collect();
    let changes: Option<Vec<Change>> = changes.map(|changes| changes.into_iter().flatten().collect());
    let fix = changes.map(|changes| Fix::needs_review("use the artifact actions that run here, at both ends", changes));
    let of_artifact = |finding: &&mut Finding| !finding.message.starts_with(CACHE);
    for finding in findings.iter_mut().filter(of_artifact) {
        finding.fix.clone_from(&fix);
    }
    findings
}

/// The changes that put a replacement in the place of an artifact action: `None` where none is needed, `Some(None)` where it
/// takes a person, such as beside a comment that names the version.
#[allow(clippy::option_option, reason = "one is nothing to do, the other nothing that can be done")]
fn exchange(
    context: &Context<'_, '_>,
    job: usize,
    step: &Step<'_>,
    action: &ActionRef,
    artifact: &Artifact,
) -> Option<Option<Vec<Change>>> {
    trouble(context.dialect, action.host.as_deref(), artifact)?;
    Some((|| {
        let instead = replacement(context.dialect, artifact)?;
        let (own, at) = context.own_step(job, step.index)?;
        if step.uses_comment.is_some_and(|comment| comment.contains(|c: char| c.is_ascii_digit())) {
            return None;
        }
        let mut changes = vec![Change::Set {
            place: Place::Step(own, at),
            entries: vec![("uses".to_owned(), Value::text(instead))],
            after: &[],
        }];
        if takes_hidden_files(context, job, step, artifact) {
            changes.push(Change::Set {
                place: Place::Inputs(own, at),
                entries: vec![("include-hidden-files".to_owned(), Value::Bool(true))],
                after: &["path"],
            });
        }
        Some(changes)
    })())
}

/// Adds the place of a finding that says the same; jobs that share their steps by an alias share the place too.
fn add_place(known: &mut Finding, other: Finding) {
    let new = |label: &Label| label.span != other.primary.span || !Arc::ptr_eq(&label.source, &other.primary.source);
    if std::iter::once(&known.primary).chain(&known.related).all(new) {
        known.related.push(Label { text: "and here".to_owned(), ..other.primary });
    }
    known.help = known.help.take().max(other.help);
}

/// Whether an upload fails on github.com whatever else is wrong with it.
pub(super) fn is_closed(context: &Context<'_, '_>, producer: &Producer<'_>) -> bool {
    context.dialect == Dialect::GitHub
        && producer.action.fork == Fork::Stock
        && producer.action.closed_on_github().is_yes()
        && asks_for_github(context)
}

fn of_artifact(
    context: &Context<'_, '_>,
    job: usize,
    step: &Step<'_>,
    action: &ActionRef,
    artifact: &Artifact,
) -> Option<Finding> {
    let trouble = trouble(context.dialect, action.host.as_deref(), artifact)?;
    let name = format!("`{}/{}` v{}", action.owner, action.repo, artifact.version.major()?);
    let forge = context.dialect.name();
    let (message, label) = match trouble {
        Trouble::RefusesForge => {
            (format!("{name} refuses to run on {forge}"), "fails with `GHESNotSupportedError`".to_owned())
        }
        Trouble::RefusesOlderRunner => (
            format!("{name} refuses to run on {forge}, unless the runner is 3.0 or later"),
            "fails with `GHESNotSupportedError`".to_owned(),
        ),
        Trouble::ClosedDown => (
            format!("{name} no longer works on github.com"),
            closing_day(artifact).map_or_else(String::new, |day| format!("shut down on {day}")),
        ),
        Trouble::NeedsNewerServer => {
            (format!("{name} cannot upload to {forge}"), format!("{forge} up to mid-2026 refuses its uploads"))
        }
    };
    let mut finding = RULE.finding(message, context.label(step.anchor(), label));
    if matches!(trouble, Trouble::RefusesOlderRunner | Trouble::NeedsNewerServer) {
        finding = finding.likely();
    }
    let Some(instead) = replacement(context.dialect, artifact) else { return Some(finding) };
    let mut help = format!("use `{instead}`");
    if takes_hidden_files(context, job, step, artifact) {
        help.push_str(" with `include-hidden-files: true`");
    }
    Some(finding.help(help))
}

/// Whether an upload takes files along that its successor would leave out.
fn takes_hidden_files(context: &Context<'_, '_>, job: usize, step: &Step<'_>, artifact: &Artifact) -> bool {
    let asked = step.input_text("include-hidden-files").is_some();
    let producer = context.flow.producers.iter().find(|p| p.job == job && p.step == step.index);
    !asked
        && artifact.drops_hidden_files().is_no()
        && producer.is_some_and(|producer| {
            let includes = producer.uploads.iter().flat_map(|upload| &upload.paths.includes);
            includes.into_iter().any(|include| include.is_hidden() == Tri::Yes)
        })
}

fn of_cache(context: &Context<'_, '_>, step: &Step<'_>, action: &ActionRef) -> Option<Finding> {
    let major = release_of(action, step.uses_comment).major()?;
    if context.dialect != Dialect::GitHub || !action.is("actions", "cache") || !(1..=2).contains(&major) {
        return None;
    }
    let message = format!("{CACHE} v{major} no longer works on github.com");
    let finding = RULE.finding(message, context.label(step.anchor(), "shut down on 1 March 2025"));
    Some(finding.help("use `actions/cache@v4`"))
}

/// The steps that `version-mix` speaks of already: one remedy is enough.
fn steps_of_mixes(context: &Context<'_, '_>) -> Vec<(usize, usize)> {
    let flow = context.flow;
    let mut steps = Vec::new();
    for mix in version_mix::mixes(context) {
        steps.push((flow.consumers[mix.consumer].job, flow.consumers[mix.consumer].step));
        steps.extend(mix.producers.iter().map(|&p| (flow.producers[p].job, flow.producers[p].step)));
    }
    steps
}

/// Whether some job asks for one of GitHub's own runners, so that this is not GitHub Enterprise Server.
fn asks_for_github(context: &Context<'_, '_>) -> bool {
    (0..context.workflow.jobs.len()).any(|job| is_hosted(context, job))
}

fn is_hosted(context: &Context<'_, '_>, job: usize) -> bool {
    let hosted = |label: &str| ["ubuntu-", "windows-", "macos-"].iter().any(|system| label.starts_with(system));
    let Some(node) = context.workflow.jobs[job].runs_on else { return false };
    match node.as_str() {
        Some(text) if text.contains("${{") => {
            let inner = text.trim().trim_start_matches("${{").trim_end_matches("}}").trim().to_lowercase();
            let Some(path) = inner.strip_prefix("matrix.") else { return false };
            context.flow.jobs[job].legs.legs.iter().any(|leg| leg.get(path).flatten().is_some_and(hosted))
        }
        Some(text) => hosted(text),
        None => {
            let labels = || node.items().filter_map(crate::workflow::yaml::Yaml::as_str);
            labels().any(hosted) && !labels().any(|label| label.eq_ignore_ascii_case("self-hosted"))
        }
    }
}

/// Whether a condition chooses the forge: one workflow may serve several.
fn is_for_another_forge(job: &Job<'_>, step: &Step<'_>) -> bool {
    let chooses = |text: &str| {
        ["server_url", "SERVER_URL", "api_url", "forgejo", "gitea", "ghes"].iter().any(|word| text.contains(word))
    };
    [job.condition, step.condition].into_iter().flatten().any(|condition| chooses(condition.value))
}
