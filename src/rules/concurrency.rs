//! `concurrency`

use super::Context;
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Severity};
use crate::workflow::Text;
use crate::workflow::dialect::Dialect;
use crate::workflow::events::{is_only_called, push_to_any_branch, push_to_pull_request, reaches_outside};
use crate::workflow::expression::{ExprKind, parse_template};
use crate::workflow::model::Concurrency;

rule! {
    /// ### What it does
    /// Finds workflows whose runs go on although a newer push to the same pull request has made them pointless, and groups
    /// that do not what they seem to: one for all branches, so that a run cancels those of others, or a new one for every run,
    /// so that nothing is ever cancelled.
    ///
    /// Forgejo cancels such runs by itself. There a group that only says the same again is pointed out, as information.
    ///
    /// ### Why
    /// Whoever pushes three times in ten minutes waits for three runs, of which two interest nobody. 79 % of much used
    /// repositories let them run. Workflows that publish, deploy or push anything are left alone, because cutting them off can
    /// leave a thing half done; so are those that are only called by others, and `cancel-in-progress: false` is somebody's
    /// intent.
    ///
    /// Evidence: zizmorcore/zizmor#1302, #1511; forgejo `services/actions/workflows.go` (`ConfigureActionRunConcurrency`,
    /// since 14). Gitea cancels up to 1.25 and reads `concurrency` later, so nothing is said there of a missing one.
    ///
    /// ### Example
    /// ```yaml
    /// on: pull_request
    /// jobs: …
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// on: pull_request
    /// concurrency:
    ///   group: ${{ github.workflow }}-${{ github.ref }}
    ///   cancel-in-progress: true
    /// ```
    "concurrency", Warning, "Runs that go on although a newer push has made them pointless", check,
    group: Time, fix: Unsafe
}

/// The event whose superseded runs go on, when nothing in the workflow says what should become of them: where a fix adds
/// `concurrency`, above `jobs:`.
pub(crate) fn missing<'d>(context: &Context<'_, 'd>) -> Option<Text<'d>> {
    let workflow = context.written;
    let event = push_to_pull_request(workflow).or_else(|| push_to_any_branch(workflow))?;
    // What looks at no code, such as a labeller, is over before anybody can supersede it.
    let reads_code = |step: &crate::workflow::Step<'_>| step.uses.is_some_and(|uses| uses.value.contains("/checkout@"));
    let silent = context.dialect.cancels_superseded_runs() != Some(false)
        || workflow.concurrency.is_some()
        // In a called workflow `github.workflow` is the caller's, so that the two would cancel each other.
        || workflow.has_trigger("workflow_call")
        || reaches_outside(workflow)
        || !workflow.jobs.iter().any(|job| job.steps.iter().any(reads_code))
        // A called workflow may have a group of its own.
        || workflow.jobs.iter().all(|job| job.concurrency.is_some() || job.uses.is_some());
    (!silent).then_some(event)
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let workflow = context.written;
    if let Some(event) = missing(context) {
        let finding = RULE
            .finding(
                format!("runs for `{}` go on when a newer push has made them pointless", event.value),
                context.label(event.span(), "starts a run for each push"),
            )
            .help("add `concurrency` with a group for each ref and `cancel-in-progress: true`")
            .fix(cancel_superseded());
        return vec![finding];
    }
    let Some(concurrency) = &workflow.concurrency else { return Vec::new() };
    let (Some(group), false) = (concurrency.group, is_only_called(workflow) || reaches_outside(workflow)) else {
        return Vec::new();
    };
    if push_to_pull_request(workflow).is_none() && push_to_any_branch(workflow).is_none() {
        return Vec::new();
    }
    let finding = match scope_of(context, group) {
        Scope::Workflow if cancels(context, concurrency) => RULE
            .finding(
                "this group is the same for all branches and pull requests, so a run cancels those of others",
                context.label(group.span(), "one group for everybody"),
            )
            .help("add the ref to the group: `${{ github.workflow }}-${{ github.ref }}`"),
        // A group for each commit that is pushed says that every one shall be tested.
        Scope::Run
            if push_to_pull_request(workflow).is_some()
                && concurrency.cancel_in_progress.is_none_or(|cancel| cancel.value != "false") =>
        {
            RULE.finding(
                "this group is another for every run, so none is ever cancelled",
                context.label(group.span(), "a group for each run"),
            )
            .help("group by what stays the same from push to push: `${{ github.workflow }}-${{ github.ref }}`")
        }
        Scope::Ref if context.dialect.cancels_superseded_runs() == Some(true) && is_redundant(context, concurrency) => {
            let mut finding = RULE
                .finding(
                    format!(
                        "{} cancels superseded runs of the same workflow, event and ref by itself",
                        context.dialect
                    ),
                    context.label(group.span(), "says the same again"),
                )
                .help("remove `concurrency`, unless the workflow also runs on other forges");
            finding.severity = Severity::Info;
            finding
        }
        Scope::Ref
            if context.dialect.cancels_superseded_runs() == Some(false) && concurrency.cancel_in_progress.is_none() =>
        {
            let mut finding = RULE
                .finding(
                    "without `cancel-in-progress`, a newer run waits until the superseded one has ended",
                    context.label(group.span(), "a queue for each ref"),
                )
                .help("add `cancel-in-progress: true`, or `false` if the queue is meant");
            finding.severity = Severity::Info;
            finding
        }
        _ => return Vec::new(),
    };
    // Releases of Gitea before 1.26 read no `concurrency`.
    vec![if context.dialect == Dialect::Gitea { finding.likely() } else { finding }]
}

/// A group for each ref, of which the newest run goes on.
fn cancel_superseded() -> Fix {
    let group = Value::Map(vec![
        ("group".to_owned(), Value::text("${{ github.workflow }}-${{ github.ref }}")),
        ("cancel-in-progress".to_owned(), Value::Bool(true)),
    ]);
    let change = Change::Set {
        place: Place::Workflow,
        entries: vec![("concurrency".to_owned(), group)],
        after: &["env", "permissions", "on"],
    };
    Fix::needs_review("add `concurrency` with a group for each ref", vec![change])
}

/// Whether a newer run of the group certainly cancels an older one.
fn cancels(context: &Context<'_, '_>, concurrency: &Concurrency<'_>) -> bool {
    match concurrency.cancel_in_progress {
        Some(cancel) => cancel.value == "true",
        // Forgejo cancels in a group unless told not to.
        None => context.dialect.cancels_superseded_runs() == Some(true),
    }
}

/// Whether the forge does all of this without being told: pushes and pull requests, cancelled by ref.
fn is_redundant(context: &Context<'_, '_>, concurrency: &Concurrency<'_>) -> bool {
    concurrency.cancel_in_progress.is_none_or(|cancel| cancel.value == "true")
        && context.written.triggers.iter().all(|trigger| matches!(trigger.event.value, "push" | "pull_request"))
}

/// What shares a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All runs of the workflow, or more.
    Workflow,
    /// The runs of one workflow for one ref.
    Ref,
    /// Nothing but the run itself.
    Run,
    /// Something else, or it cannot be known.
    Other,
}

fn scope_of(context: &Context<'_, '_>, group: Text<'_>) -> Scope {
    let template = parse_template(group.value);
    if template.errors().next().is_some() {
        return Scope::Other;
    }
    let mut scope = Scope::Workflow;
    for expr in template.expressions() {
        let contexts: Vec<String> = expr.contexts().collect();
        // Only plain contexts: `github.head_ref || github.run_id` is one group for a pull request and one for each push.
        let [path] = contexts.as_slice() else { return Scope::Other };
        let (root, key) = path.split_once('.').unwrap_or((path, ""));
        if !context.dialect.has_forge_context(root) || !matches!(expr.kind, ExprKind::Access { .. }) {
            return Scope::Other;
        }
        match key {
            "workflow" | "repository" | "repository_owner" | "repository_id" | "event_name" | "job" => {}
            "run_id" | "run_number" | "sha" => scope = Scope::Run,
            "ref" | "ref_name" | "workflow_ref" if scope != Scope::Run => scope = Scope::Ref,
            "ref" | "ref_name" | "workflow_ref" => {}
            _ => return Scope::Other,
        }
    }
    scope
}
