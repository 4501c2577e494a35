//! Comments, statuses, pull requests, and the environment of a job.

use serde_json::{Value, json};

use crate::forge_sim::{Access, Event, ForgeSim, Permissions, Personality, Pull, RUN, Run};
use crate::http::{Answer, Rest, send};

const FORGEJOS: [Personality; 2] = [Personality::Forgejo15, Personality::Forgejo16];
const GITEAS: [Personality; 2] = [Personality::Gitea125, Personality::Gitea127];

#[test]
fn comments_are_paged_by_github_alone() {
    for personality in Personality::ALL {
        let sim = Rest::start(personality);
        for number in 0..120 {
            sim.0.add_comment(7, (3, "mona"), &format!("comment {number}"));
        }
        let first = sim.get("/issues/7/comments?per_page=100&limit=50");
        let second = sim.get("/issues/7/comments?per_page=100&limit=50&page=2");
        let count = |answer: &Answer| answer.json().as_array().expect("comments").len();
        if matches!(personality, Personality::GitHub | Personality::Ghes) {
            assert_eq!((count(&first), count(&second)), (100, 20));
            assert!(first.header("link").expect("a link").contains("page=2>; rel=\"next\""));
            assert!(!second.header("link").expect("a link").contains("next"));
        } else {
            assert_eq!((count(&first), count(&second)), (120, 120));
            assert_eq!((first.header("link"), first.header("x-total-count")), (None, Some("120")));
        }
    }
}

#[test]
fn comments_are_written_by_the_forges_own_user() {
    for (personality, id, login) in [
        (Personality::GitHub, 41_898_282, "github-actions[bot]"),
        (Personality::Forgejo15, -2, "forgejo-actions"),
        (Personality::Gitea127, -2, "gitea-actions"),
    ] {
        let sim = Rest::start(personality);
        let made = sim.send("POST", "/issues/7/comments", &json!({"body": "one"}));
        assert_eq!(made.status, 201);
        assert_eq!((&made.json()["user"]["id"], &made.json()["user"]["login"]), (&json!(id), &json!(login)));
        let path = format!("/issues/comments/{}", made.json()["id"]);
        assert_eq!(sim.send("PATCH", &path, &json!({"body": "two"})).status, 200);
        assert_eq!(sim.0.comments(7)[0].body, "two");
        let long = sim.send("POST", "/issues/7/comments", &json!({"body": "ä".repeat(65_537)}));
        assert_eq!(long.status, if personality == Personality::GitHub { 422 } else { 201 });
        assert_eq!(sim.send("POST", "/issues/8/comments", &json!({"body": "one"})).status, 404);
    }
}

#[test]
fn a_read_only_token_writes_nothing() {
    for personality in Personality::ALL {
        let sim = Rest::start(personality);
        sim.0.permissions(Permissions::READ);
        let sha = sim.0.world(|world| world.pulls[0].head_sha.clone());
        let comment = sim.send("POST", "/issues/7/comments", &json!({"body": "one"}));
        let status = sim.send("POST", &format!("/statuses/{sha}"), &json!({"state": "success"}));
        assert_eq!((comment.status, status.status), (403, 403));
        if matches!(personality, Personality::GitHub | Personality::Ghes) {
            assert_eq!(comment.json()["message"], "Resource not accessible by integration");
        }
        assert_eq!(sim.get("/issues/7/comments").status, 200);
        sim.0.permissions(Permissions { actions: Access::None, ..Permissions::WRITE });
        let lists = sim.get(&format!("/actions/runs/{RUN}/artifacts")).status;
        assert_eq!(lists, if personality == Personality::Forgejo15 { 404 } else { 403 });
        let unknown = send(&sim.url("/issues/7/comments"), "GET", Some("nobody's"), None).expect("an answer");
        assert_eq!(unknown.status, 401);
    }
}

#[test]
fn statuses_are_combined() {
    for (personality, key) in [(Personality::GitHub, "state"), (Personality::Gitea125, "status")] {
        let sim = Rest::start(personality);
        let sha = "0123456789012345678901234567890123456789";
        for (state, context) in [("failure", "ci-lint/coverage"), ("success", "other"), ("success", "ci-lint/coverage")]
        {
            let sent = sim.send("POST", &format!("/statuses/{sha}"), &json!({"state": state, "context": context}));
            assert_eq!((sent.status, &sent.json()[key]), (201, &json!(state)));
        }
        let all = sim.get(&format!("/commits/{sha}/statuses")).json();
        assert_eq!(all.as_array().expect("statuses").len(), 3);
        let combined = sim.get(&format!("/commits/{sha}/status")).json();
        assert_eq!((&combined["state"], combined["statuses"].as_array().map(Vec::len)), (&json!("success"), Some(2)));
        let none = sim.get("/commits/1111111111111111111111111111111111111111/status").json();
        assert_eq!(none["statuses"].is_null(), key == "status");
        let unknown = sim.send("POST", &format!("/statuses/{sha}"), &json!({"state": "fine"})).status;
        assert_eq!(unknown, 422);
    }
}

#[test]
fn pulls_are_found_by_commit_and_compared() {
    for personality in Personality::ALL {
        let sim = Rest::start(personality);
        let fork = Pull::new(8, "topic", "8888888888888888888888888888888888888888").forked_by("mona/demo");
        sim.0.add_pull(fork);
        let github = matches!(personality, Personality::GitHub | Personality::Ghes);
        let (head, merge) = ("8888888888888888888888888888888888888888", "9999999999999999999999999999999999999999");
        sim.0.world(|world| world.pull_mut(8).merged_as = Some(merge.to_owned()));
        if github {
            let found = sim.get(&format!("/commits/{head}/pulls")).json()[0].clone();
            assert_eq!((&found["number"], &found["head"]["repo"]["full_name"]), (&json!(8), &json!("mona/demo")));
            assert_eq!(sim.get(&format!("/commits/{head}/pull")).status, 404);
        } else {
            assert_eq!(sim.get(&format!("/commits/{head}/pull")).status, 404, "only by the commit it was merged as");
            assert_eq!(sim.get(&format!("/commits/{merge}/pull")).json()["number"], 8);
        }
        let compared = sim.get("/compare/main...8888888888888888888888888888888888888888").json();
        assert_eq!(compared["merge_base_commit"]["sha"].is_string(), github);
        assert_eq!(sim.get("/pulls/8").json()["base"]["ref"], "main");
        assert_eq!(sim.get("/issues/8").json()["number"], 8);
        let open = sim.get("/pulls?state=open&head=mona:topic").json().as_array().map(Vec::len);
        assert_eq!(open, Some(if github { 1 } else { 2 }));
    }
}

#[test]
fn the_environment_says_which_forge_it_is() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let env = sim.env();
        let has = |name: &str| env.contains_key(name);
        assert_eq!(has("FORGEJO_ACTIONS"), FORGEJOS.contains(&personality));
        assert_eq!(has("GITEA_ACTIONS"), FORGEJOS.contains(&personality) || GITEAS.contains(&personality));
        assert_eq!(has("GITHUB_TOKEN"), FORGEJOS.contains(&personality));
        assert_eq!(has("ACTIONS_RESULTS_URL"), personality != Personality::Ghes);
        let event: Value =
            serde_json::from_slice(&std::fs::read(&env["GITHUB_EVENT_PATH"]).expect("a payload")).expect("JSON");
        let head = event["pull_request"]["head"]["sha"].as_str().expect("a sha");
        let github = matches!(personality, Personality::GitHub | Personality::Ghes);
        assert_eq!(env["GITHUB_SHA"] != head, github, "GitHub tests a merge commit, the others the head");
        sim.event(Event::Push { sha: "1".repeat(40) });
        assert_eq!(sim.env()["GITHUB_SHA"], "1".repeat(40));
    }
}

#[test]
fn github_counts_requests() {
    let sim = Rest::start(Personality::GitHub);
    sim.0.world(|world| world.requests_left = 1);
    let first = sim.get("/pulls/7");
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, Some("0")));
    let second = sim.get("/pulls/7");
    assert_eq!((second.status, second.header("x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(sim.twirp("ListArtifacts", &json!({})).status, 200, "the artifact service has no such limit");
    let forgejo = Rest::start(Personality::Forgejo16);
    forgejo.0.world(|world| world.requests_left = 0);
    assert_eq!(forgejo.get("/pulls/7").status, 200);
}

#[test]
fn the_second_stage_is_not_told_a_forks_pull_request() {
    let sim = Rest::start(Personality::GitHub);
    let fork = Pull::new(8, "topic", "8888888888888888888888888888888888888888").forked_by("mona/demo");
    let own = Pull::new(9, "branch", "9999999999999999999999999999999999999999");
    for (run, pull) in [(98, &fork), (99, &own)] {
        sim.0.add_run(Run::of(run, pull));
        sim.0.add_pull(pull.clone());
    }
    for (run, pull, known) in [(98, 8, 0), (99, 9, 1)] {
        sim.0.event(Event::WorkflowRun { run, pull });
        let env = sim.0.env();
        assert_eq!(
            (env["GITHUB_EVENT_NAME"].as_str(), env["GITHUB_REF"].as_str()),
            ("workflow_run", "refs/heads/main")
        );
        let event = std::fs::read(&env["GITHUB_EVENT_PATH"]).expect("a payload");
        let event: Value = serde_json::from_slice(&event).expect("JSON");
        let told = |run: &Value| run["pull_requests"].as_array().map(Vec::len);
        assert_eq!(told(&event["workflow_run"]), Some(known));
        let over_rest = sim.get(&format!("/actions/runs/{run}")).json();
        assert_eq!((told(&over_rest), &over_rest["head_sha"]), (Some(known), &event["workflow_run"]["head_sha"]));
    }
}
