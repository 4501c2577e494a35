//! Pull requests, runs and webhook payloads as JSON: what REST answers and what `GITHUB_EVENT_PATH` holds.

use serde_json::{Value, json};

use super::personality::{Family, Personality};
use super::wire::rfc3339;
use super::world::{Event, OWNER, Pull, REPO, RUN, Run, World};

/// Sha of the merge commit GitHub tests for a pull request: never the head's.
pub const MERGE_SHA: &str = "ab8f0f0e3a4bb2f2ff1f7d6b1ff7f3ee7a0e3c01";

/// The default branch's newest commit.
pub const MAIN_SHA: &str = "c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc";

pub fn repo_json(world: &World, forge: &str, full_name: &str) -> Value {
    let quirks = world.personality.quirks();
    let (owner, name) = full_name.split_once('/').unwrap_or((OWNER, full_name));
    let fork = full_name != format!("{OWNER}/{REPO}");
    let mut owner = json!({"login": owner, "id": if fork { 2 } else { 1 }});
    if quirks.family == Family::GitHub {
        owner["node_id"] = json!("U_1");
        owner["type"] = json!("User");
    } else {
        owner["username"] = owner["login"].clone();
    }
    json!({"id": if fork { 2 } else { 1 }, "name": name, "full_name": full_name, "owner": owner, "private": false,
        "fork": fork, "default_branch": "main", "html_url": format!("{forge}/{full_name}"),
        "url": format!("{forge}{}/repos/{full_name}", quirks.api_prefix)})
}

pub fn pull_json(world: &World, forge: &str, pull: &Pull) -> Value {
    let family = world.personality.quirks().family;
    let branch = |name: &str, sha: &str, repo: &str| {
        let label = if family == Family::GitHub {
            format!("{}:{name}", repo.split('/').next().unwrap_or_default())
        } else {
            name.to_owned()
        };
        json!({"label": label, "ref": name, "sha": sha, "repo": repo_json(world, forge, repo)})
    };
    let mut user = json!({"login": "mona", "id": 3});
    if family == Family::GitHub {
        user["node_id"] = json!("U_3");
    }
    let folder = if family == Family::GitHub { "pull" } else { "pulls" };
    let mut item = json!({
        "id": 9000 + pull.number,
        "number": pull.number,
        "state": if pull.open { "open" } else { "closed" },
        "title": "A change",
        "body": "",
        "draft": false,
        "user": user,
        "html_url": format!("{forge}/{OWNER}/{REPO}/{folder}/{}", pull.number),
        "base": branch(&pull.base_ref, &pull.base_sha, &format!("{OWNER}/{REPO}")),
        "head": branch(&pull.head_ref, &pull.head_sha, &pull.head_repo),
        "merged": pull.merged_as.is_some(),
        "changed_files": pull.files.len(),
    });
    if family == Family::GitHub {
        item["node_id"] = json!(format!("PR_{}", pull.number));
        item["merge_commit_sha"] = json!(MERGE_SHA);
    } else {
        item["merge_base"] = json!(pull.merge_base);
    }
    item
}

/// The run the job is in.
pub fn own_run(world: &World) -> Run {
    let (event, pull) = match &world.event {
        Event::PullRequest(number) => ("pull_request", world.pull(*number)),
        Event::PullRequestTarget(number) => ("pull_request_target", world.pull(*number)),
        Event::Push { .. } => ("push", None),
        Event::WorkflowRun { .. } => ("workflow_run", None),
    };
    Run {
        id: RUN,
        event: event.to_owned(),
        head_branch: pull.map_or_else(|| "main".to_owned(), |pull| pull.head_ref.clone()),
        head_sha: pull.map_or_else(|| MAIN_SHA.to_owned(), |pull| pull.head_sha.clone()),
        head_repo: pull.map_or_else(|| format!("{OWNER}/{REPO}"), |pull| pull.head_repo.clone()),
        attempt: world.attempt,
    }
}

pub fn run_json(world: &World, run: &Run) -> Value {
    let own = run.head_repo == format!("{OWNER}/{REPO}");
    // Empty for forks, on purpose of GitHub's.
    let pulls: Vec<Value> = world
        .pulls
        .iter()
        .filter(|pull| own && pull.open && pull.head_sha == run.head_sha)
        .map(|pull| {
            json!({"id": 9000 + pull.number, "number": pull.number,
                "head": {"ref": pull.head_ref, "sha": pull.head_sha}, "base": {"ref": pull.base_ref, "sha": pull.base_sha}})
        })
        .collect();
    if world.personality.quirks().family == Family::Gitea {
        return gitea_run_json(world, run);
    }
    json!({"id": run.id, "name": "tests", "event": run.event, "status": "completed", "conclusion": "success",
        "head_branch": run.head_branch, "head_sha": run.head_sha, "run_attempt": run.attempt, "run_number": 12,
        "path": ".github/workflows/ci.yml", "created_at": rfc3339(super::wire::now()), "pull_requests": pulls,
        "head_repository": {"id": if own { 1 } else { 2 }, "full_name": run.head_repo,
            "owner": {"login": run.head_repo.split('/').next()}}})
}

/// As Gitea's `ToActionWorkflowRun` has it (July 2026): no repository of the head, no branch for a pull request, the workflow by its
/// file's name and the reference. The list of pull requests came later than the event, and has forks too.
fn gitea_run_json(world: &World, run: &Run) -> Value {
    let pull = world.pulls.iter().find(|pull| pull.head_sha == run.head_sha && pull.head_repo == run.head_repo);
    let pull = pull.filter(|_| run.event == "pull_request");
    let reference = match pull {
        Some(pull) => format!("refs/pull/{}/head", pull.number),
        None => format!("refs/heads/{}", run.head_branch),
    };
    let mut item = json!({"id": run.id, "event": run.event, "status": "completed", "conclusion": "success",
        "head_branch": if pull.is_some() { "" } else { &run.head_branch }, "head_sha": run.head_sha,
        "run_attempt": if world.personality == Personality::Gitea127 { run.attempt } else { 0 }, "run_number": 12,
        "path": format!("ci.yml@{reference}"), "display_title": "A change"});
    if world.personality == Personality::Gitea127 {
        let pulls = pull.map(|pull| {
            json!({"id": 9000 + pull.number, "number": pull.number,
                "head": {"ref": pull.head_ref, "sha": run.head_sha, "repo": {"id": 2, "name": REPO}},
                "base": {"ref": pull.base_ref, "sha": pull.merge_base, "repo": {"id": 1, "name": REPO}}})
        });
        item["pull_requests"] = json!(pulls.into_iter().collect::<Vec<_>>());
    }
    item
}

/// The payload at `GITHUB_EVENT_PATH`.
pub fn payload(world: &World, forge: &str) -> Value {
    let repository = repo_json(world, forge, &format!("{OWNER}/{REPO}"));
    let sender = json!({"login": "mona", "id": 3});
    match &world.event {
        Event::PullRequest(number) | Event::PullRequestTarget(number) => {
            let pull = world.pull(*number).expect("a pull request of that number");
            let action =
                if world.personality.quirks().family == Family::GitHub { "synchronize" } else { "synchronized" };
            json!({"action": action, "number": number, "pull_request": pull_json(world, forge, pull),
                "repository": repository, "sender": sender})
        }
        Event::Push { sha } => json!({"ref": "refs/heads/main", "before": MAIN_SHA, "after": sha,
            "head_commit": {"id": sha, "message": "A change"}, "commits": [{"id": sha}],
            "repository": repository, "sender": sender}),
        Event::WorkflowRun { run, .. } => {
            let run = world.runs.get(run).expect("a run added with `add_run`");
            json!({"action": "completed", "workflow_run": run_json(world, run), "workflow": {"name": "tests"},
                "repository": repository, "sender": sender})
        }
    }
}
