//! `untrusted-local-action`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::flow::Run;
use crate::flow::artifact::runs_on_success;
use crate::flow::matrix::Leg;
use crate::flow::name::Scope;
use crate::shell::{self, Cwd, EffectKind, Runner};
use crate::source::{Span, plain_path};
use crate::workflow::action::{Release, Uses, Version, release_of};
use crate::workflow::dialect::Dialect;
use crate::workflow::expression::Value;
use crate::workflow::{Job, Step, Text};

rule! {
    /// ### What it does
    /// Finds jobs of a `pull_request_target` or `workflow_run` workflow that check out the head of a pull request and then
    /// run a local action (`uses: ./…`) or a script from it.
    ///
    /// ### Why
    /// Such a workflow runs with the token and the secrets of the repository, for pull requests of strangers too. An action
    /// or script in the checkout is what the pull request says it is: whoever opens one runs code of their own with a token
    /// that may write. A tool that posts coverage must be named by repository and version there, never by `./`.
    ///
    /// Since July 2026 `actions/checkout` refuses to fetch the code of forks in these workflows, unless
    /// `allow-unsafe-pr-checkout: true` or an older release is asked for; with a moving tag that follows, this is a warning:
    /// the job fails for forks then. `permissions:` that allow no writing make it a warning where secrets are in reach, and
    /// silence it otherwise; Forgejo ignores `permissions:`. A condition on what a stranger's run may well be, such as
    /// `github.event.workflow_run.conclusion != 'cancelled'` or the branch a pull request is for, keeps nobody away. Jobs that
    /// a condition keeps from forks, conditions on what cannot be known, and labels and environments that somebody may have to
    /// approve, are not reported.
    ///
    /// Evidence: <https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>,
    /// actions/checkout#2454 and #2502,
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request_target>.
    ///
    /// ### Example
    /// ```yaml
    /// on: pull_request_target
    /// jobs:
    ///   coverage:
    ///     permissions: { pull-requests: write }
    ///     steps:
    ///       - uses: actions/checkout@v7
    ///         with:
    ///           ref: ${{ github.event.pull_request.head.sha }}
    ///           allow-unsafe-pr-checkout: true
    ///       - uses: ./coverage-share-action
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///       - uses: owner/ci-lint@v1      # by repository and version, not from the checkout
    /// ```
    "untrusted-local-action", Error, "A local action or script of a pull request, run with the repository's token", check,
    group: Security
}

/// Events that run with the repository's token for pull requests of strangers.
const TRUSTED_EVENTS: [&str; 2] = ["pull_request_target", "workflow_run"];

/// Expressions for the head of a pull request, by event: what a fork decides, whatever repository it is fetched from.
const HEAD_COMMITS: [&str; 4] = [
    "github.event.pull_request.head.sha",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.head_commit.id",
];

/// Expressions for the repository of that head.
const HEAD_REPOSITORIES: [&str; 2] =
    ["github.event.pull_request.head.repo.full_name", "github.event.workflow_run.head_repository.full_name"];

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let events: Vec<&str> = TRUSTED_EVENTS.into_iter().filter(|event| runs_unasked(context, event)).collect();
    let in_some_run = |job, event: &&str| {
        strangers_runs(context, job, event).into_iter().find_map(|run| in_job(context, job, event, &run))
    };
    context.written.jobs.iter().filter_map(|job| events.iter().find_map(|event| in_some_run(job, event))).collect()
}

/// Whether the workflow runs on this event without somebody setting a label.
fn runs_unasked(context: &Context<'_, '_>, event: &str) -> bool {
    !unasked_types(context, event).is_empty()
}

/// The kinds of this event that the workflow runs on, and that nobody with rights has to bring about.
fn unasked_types<'d>(context: &Context<'_, 'd>, event: &str) -> Vec<&'d str> {
    let Some(trigger) = context.written.triggers.iter().find(|trigger| trigger.event.value == event) else {
        return Vec::new();
    };
    let Some(types) = trigger.options.and_then(|options| options.get("types")) else {
        return if event == "workflow_run" {
            vec!["completed", "requested"]
        } else {
            vec!["opened", "synchronize", "reopened"]
        };
    };
    let all = types.as_str().into_iter().chain(types.items().filter_map(|kind| kind.as_str()));
    all.filter(|kind| *kind != "labeled").collect()
}

/// Combinations that are tried; more conditions than that are nobody's.
const MOST_RUNS: usize = 64;

/// The runs of a stranger's pull request that the job's conditions tell apart: what is decided by the stranger or by chance takes
/// each value in turn. What somebody with rights decides is not among it, so that a condition on it stays unknown.
fn strangers_runs(context: &Context<'_, '_>, job: &Job<'_>, event: &str) -> Vec<Run> {
    let conditions = job.condition.into_iter().chain(job.steps.iter().filter_map(|step| step.condition));
    let conditions: Vec<String> = conditions.map(|condition| condition.value.to_ascii_lowercase()).collect();
    let mut runs = vec![strangers_run(event)];
    for (paths, values) in undecided(context, job, event) {
        let leaf = |path: &&str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let leaves: Vec<String> = paths.iter().map(leaf).collect();
        let is_asked = conditions.iter().any(|condition| leaves.iter().any(|leaf| condition.contains(leaf)));
        if !is_asked || values.is_empty() || runs.len() * values.len() > MOST_RUNS {
            continue;
        }
        let with = |run: &Run, value: &Value| {
            let mut run = run.clone();
            for path in &paths {
                run.set(path, value.clone());
            }
            run
        };
        runs = runs.iter().flat_map(|run| values.iter().map(|value| with(run, value)).collect::<Vec<_>>()).collect();
    }
    runs
}

/// What differs between runs of strangers: the places of one value, and what it may be.
fn undecided(context: &Context<'_, '_>, job: &Job<'_>, event: &str) -> Vec<(Vec<&'static str>, Vec<Value>)> {
    let texts = |values: &[&str]| values.iter().map(|value| Value::String((*value).to_owned())).collect::<Vec<_>>();
    let conditions = job.condition.into_iter().chain(job.steps.iter().filter_map(|step| step.condition));
    // The texts in quotes that something is compared with.
    let named: Vec<&str> = conditions.flat_map(|condition| condition.value.split('\'').skip(1).step_by(2)).collect();
    let types = unasked_types(context, event);
    let repositories: Vec<&str> = named.iter().copied().filter(|name| name.contains('/')).collect();
    let mut all = vec![
        (vec!["github.event.action"], texts(&types)),
        (vec!["github.run_attempt"], texts(&["1"])),
        // A condition on the repository itself says where the workflow is at home.
        (vec!["github.repository", "github.event.pull_request.base.repo.full_name"], texts(&repositories)),
        (vec!["github.repository_owner"], texts(&named)),
    ];
    if event == "workflow_run" {
        let trigger = context.written.triggers.iter().find(|trigger| trigger.event.value == event);
        let workflows = trigger.and_then(|trigger| trigger.options?.get("workflows"));
        let workflows: Vec<&str> = workflows
            .iter()
            .flat_map(|names| names.as_str().into_iter().chain(names.items().filter_map(|name| name.as_str())))
            .collect();
        if types.contains(&"completed") {
            // Whether a run fails is decided by what is tested in it.
            all.push((vec!["github.event.workflow_run.conclusion"], texts(&["success", "failure"])));
            all.push((vec!["github.event.workflow_run.status"], texts(&["completed"])));
        }
        all.push((vec!["github.event.workflow_run.name", "github.event.workflow.name"], texts(&workflows)));
        all.push((vec!["github.event.workflow_run.run_attempt"], vec![Value::Number(1.0)]));
    } else {
        all.push((vec!["github.event.pull_request.draft"], vec![Value::Bool(false), Value::Bool(true)]));
        all.push((vec!["github.event.pull_request.state"], texts(&["open"])));
        // Merging takes rights.
        all.push((vec!["github.event.pull_request.merged"], vec![Value::Bool(false)]));
        // Any branch may be asked to take a change.
        all.push((vec!["github.event.pull_request.base.ref", "github.base_ref"], texts(&named)));
    }
    all
}

/// What the run of a stranger's pull request is known to be.
fn strangers_run(event: &str) -> Run {
    let mut run = Run::that_succeeds(None);
    let text = |value: &str| Value::String(value.to_owned());
    for (path, value) in [
        ("github.event_name", text(event)),
        ("github.repository", text("owner/project")),
        ("github.repository_owner", text("owner")),
        ("github.actor", text("stranger")),
        ("github.triggering_actor", text("stranger")),
        ("github.event.workflow_run.event", text("pull_request")),
        ("github.event.workflow_run.head_repository.full_name", text("stranger/project")),
        ("github.event.workflow_run.head_repository.fork", Value::Bool(true)),
        ("github.event.workflow_run.head_repository.owner.login", text("stranger")),
        ("github.event.pull_request.head.repo.full_name", text("stranger/project")),
        ("github.event.pull_request.head.repo.fork", Value::Bool(true)),
        ("github.event.pull_request.head.repo.owner.login", text("stranger")),
        ("github.event.pull_request.head.user.login", text("stranger")),
        ("github.event.pull_request.user.login", text("stranger")),
        ("github.event.pull_request.base.repo.full_name", text("owner/project")),
        ("github.event.pull_request.author_association", text("NONE")),
    ] {
        run.set(path, value);
    }
    run
}

/// A checkout: where it lies in the workspace, and how it can be of a stranger.
struct Checkout<'d> {
    path: String,
    untrusted: Option<Untrusted<'d>>,
}

#[derive(Clone, Copy)]
struct Untrusted<'d> {
    /// What says so.
    text: Text<'d>,
    /// Whether the checkout may refuse.
    refused: bool,
    /// Whether the token stays behind in `.git/config`.
    keeps_token: bool,
}

fn in_job(context: &Context<'_, '_>, job: &Job<'_>, event: &str, run: &Run) -> Option<Finding> {
    let leg = Leg::default();
    let scope = Scope { workflow: context.written, job, step: None, leg: &leg, leg_index: 0, written_env: None, run };
    let holds = |condition: Option<Text<'_>>| {
        condition.is_none_or(|c| runs_on_success(c.value) || scope.condition(c.value) == Some(true))
    };
    // An environment may ask for an approval.
    if !holds(job.condition) || job.other.iter().any(|(key, _)| key.value == "environment") {
        return None;
    }
    // A job that waits for one that may stop it: a check of permissions, as a rule.
    let waits = job.needs.iter().filter_map(|need| context.written.job_index(need.value));
    if waits.map(|need| &context.written.jobs[need]).any(|need| need.condition.is_some() || is_gate(need)) {
        return None;
    }
    let mut checkouts: Vec<Checkout<'_>> = Vec::new();
    for step in &job.steps {
        let sure = holds(step.condition);
        if let (Some(uses), Some(action)) = (step.uses, &step.action) {
            match action {
                Uses::Repo(action) if action.repo == "checkout" && action.subpath.is_none() => {
                    let release = release_of(action, step.uses_comment);
                    let found = checkout(step, release)?;
                    let below = format!("{}/", found.path);
                    checkouts.retain(|other| {
                        !found.path.is_empty() && other.path != found.path && !other.path.starts_with(&below)
                    });
                    // One that may be left out proves nothing about what comes after it.
                    checkouts.push(if sure { found } else { Checkout { untrusted: None, ..found } });
                }
                Uses::Local(path) if sure => {
                    let path = clean(path)?;
                    if let Some(untrusted) = untrusted_at(&checkouts, &path) {
                        return report(context, job, event, &untrusted, uses.span(), Kind::Action);
                    }
                }
                _ => {}
            }
        } else if let Some(script) = step.run.filter(|_| sure)
            && let Some((span, untrusted)) = run_script(context, job, step, script, &checkouts)
        {
            return report(context, job, event, &untrusted, span, Kind::Script);
        }
    }
    None
}

/// Whether a job before asks for an approval.
fn is_gate(job: &Job<'_>) -> bool {
    job.other.iter().any(|(key, _)| key.value == "environment")
}

/// Reads a checkout; `None` when its place is not known.
fn checkout<'d>(step: &Step<'d>, release: Version) -> Option<Checkout<'d>> {
    let path = match step.input_text("path") {
        Some(text) if text.is_dynamic() => return None,
        Some(text) => clean(text.value)?,
        None => String::new(),
    };
    let is = |text: Text<'_>, paths: &[&str]| {
        let plain: String = text.value.chars().filter(|c| !c.is_whitespace()).collect();
        paths.iter().any(|path| plain == format!("${{{{{path}}}}}"))
    };
    let from_head = |text: &Text<'_>| is(*text, &HEAD_REPOSITORIES);
    let of_head = |text: &Text<'_>| {
        let plain: String = text.value.chars().filter(|c| !c.is_whitespace()).collect();
        let merged = plain.strip_prefix("refs/pull/${{").and_then(|rest| rest.split_once("}}/"));
        is(*text, &HEAD_COMMITS)
            || merged.is_some_and(|(number, kind)| {
                matches!(number, "github.event.number" | "github.event.pull_request.number")
                    && matches!(kind, "head" | "merge")
            })
    };
    // The name of a branch alone is looked up in the repository itself.
    let text = step.input_text("repository").filter(from_head).or_else(|| step.input_text("ref").filter(of_head));
    let input = |name: &str, value: &str| step.input_text(name).is_some_and(|text| text.value == value);
    let allowed = input("allow-unsafe-pr-checkout", "true");
    let refusal = if allowed { Refusal::No } else { refuses(release) };
    Some(Checkout {
        path,
        untrusted: text.filter(|_| refusal != Refusal::Yes).map(|text| Untrusted {
            text,
            refused: refusal == Refusal::Likely,
            keeps_token: !input("persist-credentials", "false"),
        }),
    })
}

#[derive(PartialEq, Eq)]
enum Refusal {
    No,
    Likely,
    Yes,
}

/// Whether a release of actions/checkout refuses the code of forks: 7.0.0, and 4.4.0, 5.1.0 and later releases of the older
/// series (actions/checkout#2454, #2500 to #2504); the moving tags have followed.
fn refuses(release: Version) -> Refusal {
    let Version::Exact(release) = release else {
        return if release == Version::Unknown { Refusal::Yes } else { Refusal::Likely };
    };
    let last_without = match release.major {
        0..=1 => return Refusal::No,
        2 => Release::new(2, 7, 0),
        3 => Release::new(3, 6, 0),
        4 => Release::new(4, 3, u32::MAX),
        5 => Release::new(5, 0, u32::MAX),
        6 => Release::new(6, 0, u32::MAX),
        _ => return Refusal::Yes,
    };
    if release <= last_without { Refusal::No } else { Refusal::Yes }
}

/// A path without `./`, relative to the workspace; `None` when it leaves it.
fn clean(path: &str) -> Option<String> {
    let path = path.strip_prefix("${{ github.workspace }}/").unwrap_or(path);
    if path.starts_with(['/', '~', '$']) {
        return None;
    }
    plain_path(path)
}

/// The stranger's checkout that a path lies in.
fn untrusted_at<'d>(checkouts: &[Checkout<'d>], path: &str) -> Option<Untrusted<'d>> {
    let within = |checkout: &&Checkout<'_>| {
        checkout.path.is_empty() || path == checkout.path || path.starts_with(&format!("{}/", checkout.path))
    };
    checkouts.iter().filter(within).max_by_key(|checkout| checkout.path.len())?.untrusted
}

/// The first script of a stranger's checkout that a step runs.
fn run_script<'d>(
    context: &Context<'_, '_>,
    job: &Job<'_>,
    step: &Step<'_>,
    script: Text<'_>,
    checkouts: &[Checkout<'d>],
) -> Option<(Span, Untrusted<'d>)> {
    let defaults = [step.shell, job.defaults.shell, context.written.defaults.shell];
    let posix =
        defaults.iter().flatten().next().is_none_or(|shell| shell.value.contains("sh") && shell.value != "pwsh");
    let windows = job.runs_on.and_then(|node| node.as_str()).is_some_and(|label| label.contains("windows"));
    if checkouts.iter().all(|checkout| checkout.untrusted.is_none()) || !posix || windows {
        return None;
    }
    let folders = [step.working_directory, job.defaults.working_directory, context.written.defaults.working_directory];
    let folder = folders.iter().flatten().next().map_or("", |folder| folder.value);
    for effect in shell::effects(&shell::parse(script.value)) {
        let EffectKind::Session(session) = &effect.kind else { continue };
        let Some(name) = session.sessions.first().filter(|_| session.runner == Runner::Script && !effect.guarded)
        else {
            continue;
        };
        let inner = match &effect.cwd {
            Cwd::Unchanged => String::new(),
            Cwd::Known(inner) => inner.clone(),
            Cwd::Unknown => continue,
        };
        if name.starts_with(['/', '~', '$']) || inner.starts_with('/') || name.contains(['$', '*']) {
            continue;
        }
        let Some(path) = clean(&format!("{folder}/{inner}/{name}").trim_start_matches('/').replace("//", "/")) else {
            continue;
        };
        // What an earlier command installed, fetched or wrote is not the pull request's.
        let installed = path.split('/').any(|part| matches!(part, ".venv" | "venv" | "env" | "node_modules"));
        if installed || made_before(job, step, script.value.get(..effect.span.start).unwrap_or_default(), name) {
            continue;
        }
        if let Some(untrusted) = untrusted_at(checkouts, &path) {
            return Some((script.node.source_span(effect.span), untrusted));
        }
    }
    None
}

/// Whether an earlier line of the job that may write files speaks of a file of this name.
fn made_before(job: &Job<'_>, step: &Step<'_>, before: &str, name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let writes = |line: &str| {
        line.contains(base)
            && [">", "curl", "wget", "cp ", "mv ", "tee ", "tar ", "git ", "gh "].iter().any(|word| line.contains(word))
    };
    let earlier = job.steps.iter().take(step.index).filter_map(|step| step.run).flat_map(|run| run.value.lines());
    earlier.chain(before.lines()).any(writes)
}

/// What of the checkout is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Action,
    Script,
}

fn report(
    context: &Context<'_, '_>,
    job: &Job<'_>,
    event: &str,
    untrusted: &Untrusted<'_>,
    span: Span,
    kind: Kind,
) -> Option<Finding> {
    let secrets = uses_secrets(context, job);
    let writes = context.dialect == Dialect::Forgejo || may_write(context, job);
    if !writes && !secrets {
        return None;
    }
    // A script does not see the token by itself, except on Forgejo, where every step does.
    let hidden = kind == Kind::Script && !untrusted.keeps_token && !secrets && context.dialect != Dialect::Forgejo;
    let what = if kind == Kind::Action { "this local action" } else { "this script" };
    let reach = if writes { "a token that may write" } else { "secrets in reach" };
    let mut finding = RULE
        .finding(
            format!("{what} is the pull request's own, and `{event}` runs it with {reach}"),
            context.label(span, "code of whoever opened the pull request"),
        )
        .related(context.label(untrusted.text.span(), "the head of the pull request is checked out here"))
        .help(if kind == Kind::Action {
            "name the action by repository and version, or check out the base and pass the data on as an artifact"
        } else {
            "run the pull request's code in a `pull_request` workflow, and only what the base provides here"
        });
    if !writes || hidden || untrusted.refused {
        finding.severity = Severity::Warning;
    }
    Some(finding)
}

/// Whether the token may write: said by `permissions:` of the job or the workflow, and otherwise the default for these events.
fn may_write(context: &Context<'_, '_>, job: &Job<'_>) -> bool {
    let permissions = [&job.other, &context.written.other]
        .into_iter()
        .find_map(|keys| keys.iter().find(|(key, _)| key.value == "permissions").map(|(_, value)| *value));
    match permissions {
        None => true,
        Some(value) => match value.as_str() {
            Some(text) => text != "read-all" && !text.is_empty(),
            None => value
                .entries()
                .iter()
                .any(|(_, level)| level.as_str().is_none_or(|level| level.contains("write") || level.contains("${{"))),
        },
    }
}

/// Whether a secret other than the token is handed to the job.
fn uses_secrets(context: &Context<'_, '_>, job: &Job<'_>) -> bool {
    let tree = context.written.node.tree();
    let span = job.node.span();
    let own = tree.text().get(span.start..span.end).unwrap_or_default();
    let shared = context.written.env.iter().filter_map(|(_, value)| value.as_str());
    std::iter::once(own).chain(shared).any(|text| {
        text.match_indices("secrets.")
            .any(|(at, mark)| !text[at + mark.len()..].to_ascii_uppercase().starts_with("GITHUB_TOKEN"))
    })
}
