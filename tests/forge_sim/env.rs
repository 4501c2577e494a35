//! The environment of a step of an action, as each forge's runner sets it.
//!
//! GitHub: runner 2.336. Forgejo: runner 12. Gitea: runner 3.3. Paths are those of this machine, below the simulation's
//! folder, and not `/github/…`: a test runs no container.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::event::{MAIN_SHA, MERGE_SHA};
use super::personality::{Family, Personality, PipelinesV3};
use super::pipelines_v3::GHES_SERVICE;
use super::twirp::GUIDS;
use super::wire::{now, sha256};
use super::world::{Event, JOB, OWNER, REPO, RUN, World};

/// A runtime token: a JWT whose `scp` names the run and the job. The signature is not one; no client checks it.
pub fn runtime_token(personality: Personality) -> String {
    let quirks = personality.quirks();
    let expires = now() + 86_400;
    let claims = match (personality, quirks.family) {
        (Personality::Ghes, _) => json!({"nameid": "dddddddd", "exp": expires, "nbf": now(),
            "scp": "Actions.GenericRead:00000000-0000-0000-0000-000000000000 \
                    Actions.UploadArtifacts:00000000-0000-0000-0000-000000000000/1:Build/Build:12"}),
        (_, Family::GitHub) => json!({"nameid": "dddddddd", "exp": expires, "nbf": now(), "iss": "pipelines.actions",
            "scp": format!("Actions.GenericRead:00000000-0000-0000-0000-000000000000 Actions.Results:{}:{} \
                            Actions.UploadArtifacts:00000000-0000-0000-0000-000000000000/1:Build/Build:12",
                           GUIDS.0, GUIDS.1)}),
        (_, Family::Forgejo) => json!({"scp": format!("Actions.Results:{RUN}:{JOB} generate_id_token:{RUN}:{JOB}"),
            "TaskID": 52, "RunID": RUN, "JobID": JOB, "ac": "[]", "exp": expires, "nbf": now()}),
        (_, Family::Gitea) => json!({"scp": format!("Actions.Results:{RUN}:{JOB}"),
            "TaskID": 52, "RunID": RUN, "JobID": JOB, "ac": "[]", "exp": now() + 3600, "nbf": now()}),
    };
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let head = part(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let body = part(claims.to_string());
    let signature = URL_SAFE_NO_PAD.encode(sha256(format!("{head}.{body}").as_bytes()));
    format!("{head}.{body}.{signature}")
}

/// What a step of `uses:` finds in its environment.
pub fn env(world: &World, forge: &str, folder: &Path) -> BTreeMap<String, String> {
    let quirks = world.personality.quirks();
    let github = quirks.family == Family::GitHub;
    let repository = format!("{OWNER}/{REPO}");
    let file = |name: &str| folder.join(name).display().to_string();
    let (event, pull) = match &world.event {
        Event::PullRequest(number) => ("pull_request", world.pull(*number)),
        Event::PullRequestTarget(number) => ("pull_request_target", world.pull(*number)),
        Event::Push { .. } => ("push", None),
        Event::WorkflowRun { .. } => ("workflow_run", None),
    };
    // A run for the base branch: the second stage and `pull_request_target`.
    let merge = event == "pull_request";
    let sha = match (&world.event, pull) {
        (Event::Push { sha }, _) => sha.clone(),
        (_, Some(_)) if merge && github => MERGE_SHA.to_owned(),
        (_, Some(pull)) if merge => pull.head_sha.clone(),
        (_, Some(pull)) => pull.base_sha.clone(),
        _ => MAIN_SHA.to_owned(),
    };
    let reference = match pull.filter(|_| merge) {
        Some(pull) if github => format!("refs/pull/{}/merge", pull.number),
        Some(pull) => format!("refs/pull/{}/head", pull.number),
        None => "refs/heads/main".to_owned(),
    };
    let server = if world.personality == Personality::GitHub { "https://github.com" } else { forge };
    let workflows = match quirks.family {
        Family::GitHub => ".github",
        Family::Forgejo => ".forgejo",
        Family::Gitea => ".gitea",
    };
    let short = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/pull/").to_owned();
    let list = [
        ("ACTIONS", "true".to_owned()),
        ("ACTOR", "mona".to_owned()),
        ("API_URL", format!("{forge}{}", quirks.api_prefix)),
        ("BASE_REF", pull.map(|pull| pull.base_ref.clone()).unwrap_or_default()),
        ("HEAD_REF", pull.map(|pull| pull.head_ref.clone()).unwrap_or_default()),
        ("EVENT_NAME", event.to_owned()),
        ("EVENT_PATH", file("event.json")),
        ("JOB", "coverage".to_owned()),
        ("OUTPUT", file("output")),
        ("STATE", file("state")),
        ("ENV", file("env")),
        ("PATH", file("path")),
        ("STEP_SUMMARY", file("summary.md")),
        ("REF", reference),
        ("REF_NAME", short),
        ("REF_TYPE", "branch".to_owned()),
        ("REPOSITORY", repository.clone()),
        ("REPOSITORY_OWNER", OWNER.to_owned()),
        ("REPOSITORY_ID", "1".to_owned()),
        ("RETENTION_DAYS", "90".to_owned()),
        ("RUN_ATTEMPT", world.attempt.to_string()),
        ("RUN_ID", RUN.to_string()),
        ("RUN_NUMBER", "12".to_owned()),
        ("SERVER_URL", server.to_owned()),
        ("SHA", sha.clone()),
        ("WORKFLOW", "tests".to_owned()),
        ("WORKFLOW_REF", format!("{repository}/{workflows}/workflows/ci.yml@refs/heads/main")),
        ("WORKFLOW_SHA", sha),
        ("WORKSPACE", file("workspace")),
    ];
    let mut env: BTreeMap<String, String> =
        list.iter().map(|(name, value)| (format!("GITHUB_{name}"), value.clone())).collect();
    let mut set = |name: &str, value: String| env.insert(name.to_owned(), value);
    set("CI", "true".to_owned());
    set("RUNNER_OS", "Linux".to_owned());
    set("RUNNER_ARCH", "X64".to_owned());
    set("RUNNER_TEMP", file("temp"));
    set("ACTIONS_RUNTIME_TOKEN", world.runtime_token.clone());
    let mut unset = Vec::new();
    match quirks.family {
        Family::GitHub => {
            set("GITHUB_GRAPHQL_URL", format!("{forge}/graphql"));
            // The parent of the workspace on the host, never translated into the container.
            set("RUNNER_WORKSPACE", "/home/runner/work/demo".to_owned());
            set("RUNNER_ENVIRONMENT", "github-hosted".to_owned());
        }
        Family::Forgejo => {
            for (name, value) in &list {
                set(&format!("FORGEJO_{name}"), value.clone());
            }
            set("GITEA_ACTIONS", "true".to_owned());
            set("FORGEJO_ACTIONS_RUNNER_VERSION", "v12.0.0".to_owned());
            set("GITEA_ACTIONS_RUNNER_VERSION", "v12.0.0".to_owned());
            set("GITHUB_TOKEN", world.api_token.clone());
            set("FORGEJO_TOKEN", world.api_token.clone());
        }
        Family::Gitea => {
            set("GITHUB_GRAPHQL_URL", String::new());
            set("GITEA_ACTIONS", "true".to_owned());
            set("GITEA_ACTIONS_RUNNER_VERSION", "v3.3.0".to_owned());
            // This runner does not say which file runs, up to 3.3.
            unset = vec!["GITHUB_WORKFLOW_REF", "GITHUB_WORKFLOW_SHA"];
            for (name, value) in list
                .iter()
                .filter(|(name, _)| ["OUTPUT", "STATE", "PATH", "ENV", "STEP_SUMMARY", "RUN_ID"].contains(name))
            {
                set(&format!("GITEA_{name}"), value.clone());
            }
            if world.personality == Personality::Gitea127 {
                set("GITEA_ACTIONS_CAPABILITIES", "job-summary".to_owned());
            }
        }
    }
    match quirks.pipelines_v3 {
        PipelinesV3::Closed => set("ACTIONS_RUNTIME_URL", format!("{forge}/pipelines/5b6f8b9f/")),
        PipelinesV3::Containers => set("ACTIONS_RUNTIME_URL", format!("{forge}{GHES_SERVICE}/")),
        PipelinesV3::Hashed => set("ACTIONS_RUNTIME_URL", format!("{forge}/api/actions_pipeline/")),
    };
    if quirks.results_v4 {
        let slash = if github { "/" } else { "" };
        set("ACTIONS_RESULTS_URL", format!("{forge}{slash}"));
    }
    env.retain(|name, _| !unset.contains(&name.as_str()));
    env
}
