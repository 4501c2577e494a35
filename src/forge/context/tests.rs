use std::collections::HashMap;

use serde_json::json;

use super::*;

/// The environment of a step, as each runner makes it.
fn github() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("GITHUB_REPOSITORY", "octo/shop"),
        ("GITHUB_RUN_ID", "9000000001"),
        ("GITHUB_RUN_NUMBER", "7"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_JOB", "coverage"),
        ("GITHUB_WORKFLOW", "CI"),
        ("GITHUB_WORKFLOW_REF", "octo/shop/.github/workflows/ci.yml@refs/pull/5/merge"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_SHA", "merge000"),
        ("GITHUB_REF", "refs/pull/5/merge"),
        ("GITHUB_WORKSPACE", "/github/workspace"),
        ("RUNNER_WORKSPACE", "/home/runner/work/shop"),
        ("GITHUB_OUTPUT", "/github/file_commands/set_output_1"),
        ("GITHUB_STEP_SUMMARY", "/github/file_commands/step_summary_1"),
        ("ACTIONS_RUNTIME_TOKEN", "canary-runtime"),
        ("ACTIONS_RESULTS_URL", "https://results.example/"),
        ("INPUT_TOKEN", "canary-token"),
    ])
}

fn forgejo() -> HashMap<&'static str, &'static str> {
    let mut env = github();
    env.extend([
        ("FORGEJO_ACTIONS", "true"),
        ("GITEA_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://codeberg.example/git/"),
        ("GITHUB_API_URL", "https://codeberg.example/git/api/v1"),
        ("GITHUB_SHA", "head000"),
        ("GITHUB_WORKSPACE", "/workspace/octo/shop"),
        ("ACTIONS_RUNTIME_URL", "https://codeberg.example/git/api/actions_pipeline/"),
        ("GITHUB_TOKEN", "canary-job-token"),
    ]);
    for name in ["INPUT_TOKEN", "RUNNER_WORKSPACE", "GITHUB_RUN_ATTEMPT"] {
        env.remove(name);
    }
    env
}

fn read(env: &HashMap<&str, &str>, event: &Value) -> Result<Context, ContextError> {
    Context::read(&|name| env.get(name).map(|value| (*value).to_owned()), event)
}

fn pull(head: &str, merge_base: Option<&str>) -> Value {
    json!({
        "action": "synchronize", "number": 5,
        "repository": {"full_name": "octo/shop", "default_branch": "main"},
        "pull_request": {
            "number": 5, "merge_commit_sha": "merge000", "merge_base": merge_base,
            "head": {"ref": "feature", "sha": "head000", "repo": {"full_name": head}},
            "base": {"ref": "main", "sha": "base000", "repo": {"full_name": "octo/shop"}},
        },
    })
}

#[test]
fn marks_tell_the_forge_in_this_order() {
    let detect = |set: &[(&str, &str)]| {
        Forge::detect(&|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    };
    let all = [("FORGEJO_ACTIONS", "true"), ("GITEA_ACTIONS", "true"), ("ACT", "true"), ("GITHUB_ACTIONS", "true")];
    assert_eq!(detect(&all), Some(Forge::Forgejo));
    assert_eq!(detect(&all[1..]), Some(Forge::Gitea));
    assert_eq!(detect(&all[2..]), Some(Forge::Act));
    assert_eq!(detect(&all[3..]), Some(Forge::GitHub));
    assert_eq!(detect(&[]), None);
    assert_eq!(detect(&[("GITHUB_ACTIONS", "false")]), None);
    for (server, forge) in [
        ("https://github.com", Forge::GitHub),
        ("https://acme.ghe.com", Forge::GitHub),
        ("https://git.acme.example:8443", Forge::Ghes),
        ("https://notgithub.com", Forge::Ghes),
    ] {
        assert_eq!(detect(&[("GITHUB_ACTIONS", "true"), ("GITHUB_SERVER_URL", server)]), Some(forge), "{server}");
    }
}

#[test]
fn a_pull_request_on_github_is_its_head_not_its_merge() {
    let context = read(&github(), &pull("octo/shop", None)).expect("a context");
    assert_eq!((context.forge, context.pull_request, context.is_fork), (Forge::GitHub, Some(5), false));
    assert_eq!((context.sha.as_str(), context.head_sha.as_str()), ("merge000", "head000"));
    assert_eq!((context.base_sha.as_deref(), context.base_ref.as_deref()), (Some("base000"), Some("main")));
    assert_eq!((context.merge_base, context.default_branch.as_deref()), (None, Some("main")));
    assert_eq!((context.run_id, context.run_attempt, context.job.as_str()), (9_000_000_001, 2, "coverage"));
    assert_eq!((context.api_url.as_str(), context.api_prefix.as_str()), ("https://api.github.com", ""));
    assert_eq!(context.output_file.as_deref(), Some(std::path::Path::new("/github/file_commands/set_output_1")));
    assert_eq!(
        context.host_workspaces,
        [
            "/github/workspace",
            "/home/runner/work/shop/shop",
            "/__w/shop/shop",
            "/Users/runner/work/shop/shop",
            "D:\\a\\shop\\shop",
            "C:\\a\\shop\\shop",
            "/workspace/octo/shop"
        ]
    );
}

#[test]
fn forgejo_and_gitea_give_the_merge_base_and_their_own_addresses() {
    let context = read(&forgejo(), &pull("octo/shop", Some("parted0"))).expect("a context");
    assert_eq!((context.forge, context.merge_base.as_deref()), (Forge::Forgejo, Some("parted0")));
    assert_eq!((context.api_url.as_str(), context.api_prefix.as_str()), ("https://codeberg.example", "/git/api/v1"));
    assert_eq!(context.repo_route("/issues/5/comments"), "/git/api/v1/repos/octo/shop/issues/5/comments");
    assert_eq!(context.run_url(), "https://codeberg.example/git/octo/shop/actions/runs/7");
    assert_eq!(context.run_attempt, 1);
    assert_eq!(context.token.as_ref().map(Secret::expose), Some("canary-job-token"));
    let runtime = context.runtime.as_ref().expect("services");
    assert!(runtime.results_url.is_some() && runtime.runtime_url.is_some());
}

#[test]
fn a_fork_is_one_whatever_the_letters_case_and_even_when_it_is_gone() {
    for (head, fork) in [(json!("Octo/Shop"), false), (json!("eve/shop"), true), (json!(null), true)] {
        let mut event = pull("", None);
        event["pull_request"]["head"]["repo"]["full_name"] = head.clone();
        assert_eq!(read(&github(), &event).expect("a context").is_fork, fork, "{head}");
    }
    let mut event = pull("", None);
    event["pull_request"]["head"]["repo"] = Value::Null;
    let context = read(&github(), &event).expect("a context");
    assert!(context.is_fork && context.head_repository.is_none());
}

#[test]
fn a_run_that_follows_another_is_about_that_ones_head() {
    let mut env = github();
    env.insert("GITHUB_EVENT_NAME", "workflow_run");
    let event = json!({"action": "completed", "workflow_run": {
        "id": 41, "run_attempt": 3, "event": "pull_request", "head_sha": "head111", "head_branch": "patch-1",
        "path": ".github/workflows/ci.yml", "pull_requests": [],
        "head_repository": {"full_name": "eve/shop", "owner": {"login": "eve"}},
    }});
    let context = read(&env, &event).expect("a context");
    assert_eq!((context.head_sha.as_str(), context.is_fork, context.pull_request), ("head111", true, None));
    let run = context.triggering_run.expect("a run");
    assert_eq!((run.id, run.attempt, run.head_repository.as_deref()), (41, 3, Some("eve/shop")));
    assert_eq!(run.head_branch.as_deref(), Some("patch-1"));
    let error = read(&env, &json!({"workflow_run": {"id": 4}})).expect_err("no head");
    assert!(error.to_string().contains("`workflow_run` event") && error.to_string().contains("workflow_run.head_sha"));
}

#[test]
fn pushes_and_merge_queues_have_a_base_too() {
    let mut env = github();
    env.extend([("GITHUB_EVENT_NAME", "push"), ("GITHUB_SHA", "tip"), ("GITHUB_REF", "refs/heads/main")]);
    let context = read(&env, &json!({"before": "old"})).expect("a context");
    assert_eq!((context.head_sha.as_str(), context.base_sha.as_deref()), ("tip", Some("old")));
    assert_eq!((context.head_ref.as_deref(), context.pull_request), (Some("main"), None));
    let fresh = read(&env, &json!({"before": "0000000000"})).expect("a context");
    assert_eq!(fresh.base_sha, None);
    env.insert("GITHUB_EVENT_NAME", "merge_group");
    let queued = json!({"merge_group": {"head_sha": "h", "base_sha": "b", "base_ref": "refs/heads/main"}});
    let context = read(&env, &queued).expect("a context");
    assert_eq!((context.head_sha.as_str(), context.base_ref.as_deref()), ("h", Some("main")));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(read(&HashMap::new(), &Value::Null).expect_err("no run"), ContextError::NoRun);
    for (name, value, words) in [
        ("GITHUB_REPOSITORY", "", "missing"),
        ("GITHUB_REPOSITORY", "octo/../etc", "no `owner/name`"),
        ("GITHUB_REPOSITORY", "octo/shop?x", "no `owner/name`"),
        ("GITHUB_RUN_ID", "x\n1", "no number: `x1`"),
        ("GITHUB_API_URL", "nonsense", "no address"),
        ("GITHUB_WORKSPACE", "", "missing"),
    ] {
        let mut env = github();
        env.insert(name, value);
        let error = read(&env, &pull("octo/shop", None)).expect_err(name).to_string();
        assert!(error.contains(name) && error.contains(words), "{error}");
    }
    let error = read(&github(), &Value::Null).expect_err("no payload").to_string();
    assert!(error.contains("GITHUB_EVENT_PATH") && error.contains("`pull_request`"), "{error}");
    let mut act = github();
    act.insert("ACT", "true");
    assert_eq!(read(&act, &Value::Null).expect("act needs none").head_sha, "merge000");
}

#[test]
fn the_forges_address_of_the_api_is_known_when_the_runner_does_not_tell() {
    let mut env = github();
    env.remove("GITHUB_API_URL");
    for (server, origin, prefix) in [
        ("https://github.com", "https://api.github.com", ""),
        ("https://acme.ghe.com", "https://api.acme.ghe.com", ""),
        ("https://git.example", "https://git.example", "/api/v3"),
    ] {
        env.insert("GITHUB_SERVER_URL", server);
        let context = read(&env, &pull("octo/shop", None)).expect("a context");
        assert_eq!((context.api_url.as_str(), context.api_prefix.as_str()), (origin, prefix));
    }
    env.insert("GITEA_ACTIONS", "true");
    assert_eq!(read(&env, &pull("octo/shop", None)).expect("a context").api_prefix, "/api/v1");
}

#[test]
fn no_token_is_shown() {
    let context = read(&forgejo(), &pull("octo/shop", None)).expect("a context");
    assert!(!format!("{context:?}").contains("canary"), "{context:?}");
    let mut env = github();
    env.insert("GITHUB_API_URL", "https://user:canary@x.example");
    let error = read(&env, &Value::Null).expect_err("no");
    assert!(!error.to_string().contains("canary"), "{error}");
}
