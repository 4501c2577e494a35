//! The simulated forges (`tests/forge_sim/`), as far as the real clients (`tests/forge_clients/run`) do not show them:
//! paging, refusals, faults, the environment. Plain HTTP over a socket: what is tested here is what is on the wire.

mod forge_sim;

use forge_sim::{Access, Event, Fault, ForgeSim, NewArtifact, Permissions, Personality, Pull, RUN, Route, Run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What came back: status, headers in lower case, body; `None` when the connection broke first.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }
}

/// One request on a connection of its own.
fn send(url: &str, method: &str, token: Option<&str>, body: Option<&Value>) -> std::io::Result<Answer> {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1"))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let auth = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: test\r\ncontent-type: application/json\r\n{auth}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head[9..12].parse().expect("a status");
    let (first, lines) = head.split_once("\r\n").expect("headers");
    let lines = lines.lines().map(|line| {
        let (name, value) = line.split_once(':').expect("a header");
        format!("{}:{value}\n", name.to_lowercase())
    });
    let head = format!("{first}\n{}", lines.collect::<String>());
    Ok(Answer { status, head, body: bytes[end + 4..].to_vec() })
}

/// A forge and its REST interface.
struct Rest(ForgeSim);

impl Rest {
    fn start(personality: Personality) -> Self {
        Self(ForgeSim::start(personality))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{}/repos/octo/demo{path}", self.0.url(), self.0.personality().quirks().api_prefix)
    }

    fn get(&self, path: &str) -> Answer {
        send(&self.url(path), "GET", Some(&self.0.api_token()), None).expect("an answer")
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        send(&self.url(path), method, Some(&self.0.api_token()), Some(body)).expect("an answer")
    }

    fn twirp(&self, call: &str, extra: &Value) -> Answer {
        let run = if self.0.personality() == Personality::GitHub {
            json!("ce7f54c7-61c7-4aae-887f-30da475f5f1a")
        } else {
            json!(RUN.to_string())
        };
        let mut body = json!({"workflow_run_backend_id": run, "workflow_job_run_backend_id": "1"});
        for (key, value) in extra.as_object().expect("fields") {
            body[key] = value.clone();
        }
        let url = format!("{}/twirp/github.actions.results.api.v1.ArtifactService/{call}", self.0.url());
        send(&url, "POST", Some(&self.0.runtime_token()), Some(&body)).expect("an answer")
    }
}

const FORGEJOS: [Personality; 2] = [Personality::Forgejo15, Personality::Forgejo16];
const GITEAS: [Personality; 2] = [Personality::Gitea125, Personality::Gitea127];

#[test]
fn an_empty_list_is_said_in_each_forges_way() {
    for personality in FORGEJOS {
        let answer = Rest::start(personality).twirp("ListArtifacts", &json!({}));
        assert_eq!((answer.status, answer.text().as_str()), (404, "Not Found\n"));
    }
    for personality in [Personality::GitHub, Personality::Gitea125, Personality::Gitea127] {
        let answer = Rest::start(personality).twirp("ListArtifacts", &json!({}));
        assert_eq!((answer.status, answer.json()), (200, json!({})));
    }
    assert_eq!(Rest::start(Personality::Ghes).twirp("ListArtifacts", &json!({})).status, 404);
}

#[test]
fn a_list_shows_what_the_forge_shows() {
    let names = |sim: &Rest| -> Vec<String> {
        let list = sim.twirp("ListArtifacts", &json!({})).json();
        let mut names: Vec<String> = list["artifacts"]
            .as_array()
            .map(|rows| rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect())
            .unwrap_or_default();
        names.sort();
        names
    };
    for (personality, expected) in [
        (Personality::GitHub, vec!["a", "first"]),
        (Personality::Forgejo16, vec!["a", "first", "gone", "late", "old"]),
        (Personality::Gitea125, vec!["a", "first"]),
        (Personality::Gitea127, vec!["a"]),
    ] {
        let sim = Rest::start(personality);
        sim.0.world(|world| world.attempt = 2);
        sim.0.add(NewArtifact::zip("a", &[("x", b"1")]));
        sim.0.add(NewArtifact::zip("first", &[("x", b"1")]).attempt(1));
        sim.0.add(NewArtifact::zip("late", &[("x", b"1")]).pending());
        sim.0.add(NewArtifact::zip("old", &[("x", b"1")]).expired());
        sim.0.add(NewArtifact::zip("gone", &[("x", b"1")]).deleted());
        sim.0.add(NewArtifact::v3("v3", &[("x", b"1")]));
        assert_eq!(names(&sim), expected, "{personality:?}");
        let item = sim.twirp("ListArtifacts", &json!({"name_filter": "a"})).json()["artifacts"][0].clone();
        let id = if personality == Personality::GitHub { "database_id" } else { "databaseId" };
        assert_eq!(item[id], json!("1"), "64-bit numbers are text");
        assert_eq!(item["digest"].is_string(), personality == Personality::GitHub);
    }
}

#[test]
fn two_rows_of_one_name_vanish_or_are_both_there() {
    for (personality, rows) in [(Personality::GitHub, 2), (Personality::Forgejo15, 0), (Personality::Gitea125, 0)] {
        let sim = Rest::start(personality);
        sim.0.add(NewArtifact::zip("cov", &[("x", b"1")]));
        sim.0.add(NewArtifact::zip("cov", &[("x", b"2")]));
        let list = sim.twirp("ListArtifacts", &json!({})).json();
        assert_eq!(list["artifacts"].as_array().map_or(0, Vec::len), rows, "{personality:?}");
    }
}

#[test]
fn a_signed_url_gives_the_bytes_without_a_token_and_notes_one_with() {
    for personality in [Personality::GitHub, Personality::Forgejo15, Personality::Gitea125, Personality::Gitea127] {
        let sim = Rest::start(personality);
        let bytes = forge_sim::zip_of(&[("x", b"1")]);
        sim.0.add(NewArtifact::blob("cov", "application/zip", bytes.clone()));
        sim.0.add(NewArtifact::zip("late", &[("x", b"1")]).pending());
        let signed = |name: &str| {
            let answer = sim.twirp("GetSignedArtifactURL", &json!({"name": name}));
            let answer = if answer.status == 200 { answer.json() } else { Value::Null };
            let key = if personality == Personality::GitHub { "signed_url" } else { "signedUrl" };
            answer[key].as_str().map(str::to_owned)
        };
        let url = signed("cov").expect("a URL");
        assert!(url.starts_with(sim.0.blob_url()));
        assert_eq!(personality == Personality::GitHub, !url.starts_with(sim.0.url()), "{url}");
        let answer = send(&url, "GET", None, None).expect("an answer");
        assert_eq!((answer.status, &answer.body), (200, &bytes));
        let kind = if personality == Personality::Forgejo15 { "application/octet-stream" } else { "application/zip" };
        assert_eq!(answer.header("content-type"), Some(kind));
        let padded = url.contains("=&expires");
        assert_eq!(padded, matches!(personality, Personality::Forgejo15 | Personality::Gitea125), "{url}");
        assert!(sim.0.violations().is_empty());
        let refused = send(&url, "GET", Some("secret"), None).expect("an answer").status;
        assert_eq!(refused, if personality == Personality::GitHub { 400 } else { 200 });
        assert_eq!(sim.0.violations().len(), 1);
        let spoilt = send(&url.replace("sig=", "sig=x"), "GET", None, None).expect("an answer").status;
        assert_eq!(spoilt, if personality == Personality::GitHub { 403 } else { 401 });
        match signed("late") {
            Some(url) => {
                assert_eq!(personality, Personality::Forgejo15);
                assert_eq!(send(&url, "GET", None, None).expect("an answer").status, 500);
            }
            None => assert_ne!(personality, Personality::Forgejo15),
        }
    }
}

#[test]
fn another_run_and_a_job_that_ended_are_refused() {
    let sim = Rest::start(Personality::Forgejo15);
    let answer = sim.twirp("ListArtifacts", &json!({"workflow_run_backend_id": "1"}));
    assert_eq!((answer.status, answer.text().as_str()), (400, "run-id does not match\n"));
    sim.0.world(|world| world.job_runs = false);
    let answer = sim.twirp("ListArtifacts", &json!({}));
    assert_eq!((answer.status, answer.text().trim()), (500, "Error runner api getting task: task is not running"));
}

#[test]
fn rest_lists_artifacts_in_pages() {
    for (personality, size, per_page) in [
        (Personality::GitHub, 100, "per_page"),
        (Personality::Ghes, 100, "per_page"),
        (Personality::Forgejo16, 50, "limit"),
        (Personality::Gitea125, 50, "limit"),
        (Personality::Gitea127, 50, "limit"),
    ] {
        let sim = Rest::start(personality);
        sim.0.world(|world| world.runs.insert(99, Run::of(99, &Pull::new(8, "b", "1"))));
        for number in 0..120 {
            sim.0.add(NewArtifact::zip(&format!("cov-{number}"), &[("x", b"1")]).run(99));
        }
        let mut path = format!("/actions/runs/99/artifacts?{per_page}=500");
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let answer = sim.get(&path);
            let body = answer.json();
            let rows = if personality == Personality::Forgejo16 { &body } else { &body["artifacts"] };
            let rows = rows.as_array().expect("rows");
            assert!(rows.len() <= size);
            seen.extend(rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()));
            pages += 1;
            match personality {
                Personality::GitHub | Personality::Ghes => assert_eq!(body["total_count"], 120),
                _ => assert_eq!(answer.header("x-total-count"), Some("120")),
            }
            let Some(next) = answer.header("link").and_then(|link| {
                link.split(", ").find(|one| one.ends_with("rel=\"next\""))?.strip_prefix('<')?.split('>').next()
            }) else {
                break;
            };
            path = next.split("/repos/octo/demo").nth(1).expect("a route").to_owned();
        }
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), pages), (120, 120usize.div_ceil(size)), "{personality:?}");
    }
    assert_eq!(Rest::start(Personality::Forgejo15).get(&format!("/actions/runs/{RUN}/artifacts")).status, 404);
}

#[test]
fn rest_downloads_redirect_or_answer() {
    let bytes = forge_sim::zip_of(&[("x", b"1")]);
    for personality in [Personality::GitHub, Personality::Gitea127, Personality::Forgejo16] {
        let sim = Rest::start(personality);
        let id = sim.0.add(NewArtifact::blob("cov", "application/zip", bytes.clone()));
        let old = sim.0.add(NewArtifact::zip("old", &[("x", b"1")]).expired());
        let v3 = sim.0.add(NewArtifact::v3("v3", &[("sub/x.txt", b"1"), ("long.txt", &[b'a'; 4000])]));
        let answer = sim.get(&format!("/actions/artifacts/{id}/zip"));
        let got = if personality == Personality::Forgejo16 {
            assert_eq!(answer.status, 200);
            answer
        } else {
            assert_eq!(answer.status, 302);
            send(answer.header("location").expect("a location"), "GET", None, None).expect("an answer")
        };
        assert_eq!(got.body, bytes);
        let expired = sim.get(&format!("/actions/artifacts/{old}/zip")).status;
        assert_eq!(expired, if personality == Personality::GitHub { 410 } else { 404 });
        let zipped = sim.get(&format!("/actions/artifacts/{v3}/zip"));
        match personality {
            Personality::Forgejo16 => {
                let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zipped.body)).expect("a zip");
                let mut text = String::new();
                zip.by_name("long.txt").expect("a file").read_to_string(&mut text).expect("text");
                assert_eq!((zip.len(), text), (2, "a".repeat(4000)));
            }
            Personality::Gitea127 => assert_eq!(zipped.status, 404),
            _ => {}
        }
        assert!(sim.0.violations().is_empty());
    }
}

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
fn faults_strike_as_often_as_planned() {
    let sim = Rest::start(Personality::GitHub);
    sim.0.fault_times(Route::CommentList, 2, Fault::Status(502));
    let statuses: Vec<u16> = (0..3).map(|_| sim.get("/issues/7/comments").status).collect();
    assert_eq!(statuses, [502, 502, 200]);
    sim.0.fault_times(Route::Any, 1, Fault::TooManyRequests { retry_after: 7 });
    assert_eq!(sim.get("/pulls/7").header("retry-after"), Some("7"));
    sim.0.fault_times(Route::Any, 1, Fault::RateLimited { reset_in: 60 });
    let limited = sim.get("/pulls/7");
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, Some("0")));
    sim.0.fault_times(Route::Any, 1, Fault::Html);
    assert!(sim.get("/pulls/7").text().contains("<html>"));
    sim.0.fault_times(
        Route::CommentList,
        1,
        Fault::before(|world| {
            world.comment(7, (3, "mona"), "at the last moment");
        }),
    );
    assert_eq!(sim.get("/issues/7/comments").json().as_array().map(Vec::len), Some(1));
    let faults: Vec<bool> = sim.0.requests_to(Route::CommentList).iter().map(|seen| seen.fault.is_some()).collect();
    assert_eq!(faults, [true, true, false, true]);
}

#[test]
fn connections_break_as_planned() {
    let sim = Rest::start(Personality::Forgejo16);
    let id = sim.0.add(NewArtifact::blob("cov", "application/zip", vec![7; 100_000]));
    let path = format!("/actions/artifacts/{id}/zip");
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Kill { after: 40_000 });
    let cut = sim.get(&path);
    assert_eq!((cut.header("content-length"), cut.body.len()), (Some("100000"), 40_000));
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Truncate { after: 40_000 });
    let short = sim.get(&path);
    assert_eq!((short.header("content-length"), short.body.len()), (Some("40000"), 40_000));
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Corrupt);
    let spoilt = sim.get(&path);
    assert_eq!((spoilt.body.len(), spoilt.body.iter().filter(|byte| **byte != 7).count()), (100_000, 1));
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Reset { after: 40_000 });
    let reset = send(&sim.url(&path), "GET", Some(&sim.0.api_token()), None).err().expect("a reset");
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    sim.0.fault_times(Route::CommentCreate, 1, Fault::LoseAnswer);
    let lost = send(&sim.url("/issues/7/comments"), "POST", Some(&sim.0.api_token()), Some(&json!({"body": "x"})));
    assert_eq!((lost.is_err(), sim.0.comments(7).len()), (true, 1), "carried out, and nobody heard");
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Slow { bytes_per_second: 200_000 });
    let begin = Instant::now();
    assert_eq!(sim.get(&path).body.len(), 100_000);
    assert!(begin.elapsed() >= Duration::from_millis(350), "{:?}", begin.elapsed());
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Hang);
    let mut stream = TcpStream::connect(sim.0.url().trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out");
    write!(stream, "GET /api/v1/repos/octo/demo/actions/artifacts/{id}/zip HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
    assert!(stream.read(&mut [0; 1]).is_err(), "no byte comes");
}

#[test]
fn gathered_requests_race() {
    let sim = Rest::start(Personality::GitHub);
    sim.0.fault_times(Route::CommentList, 2, Fault::Gather(2));
    let one = || {
        let none = sim.get("/issues/7/comments").json().as_array().expect("a list").is_empty();
        if none {
            sim.send("POST", "/issues/7/comments", &json!({"body": "mine"}));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(one);
    });
    assert_eq!(sim.0.comments(7).len(), 2, "both saw an empty list");
}

#[test]
fn tls_is_spoken_with_a_private_authority() {
    let sim = ForgeSim::builder(Personality::Forgejo16).tls().start();
    assert!(sim.url().starts_with("https://127.0.0.1:"));
    let mut roots = rustls::RootCertStore::empty();
    let pem = sim.ca_pem().expect("an authority").as_bytes();
    let certificate = <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(pem);
    roots.add(certificate.expect("a certificate")).expect("an authority");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from("forge.localhost").expect("a name");
    let mut client = rustls::ClientConnection::new(std::sync::Arc::new(config), name).expect("a client");
    let mut stream = TcpStream::connect(sim.url().trim_start_matches("https://")).expect("a connection");
    let mut tls = rustls::Stream::new(&mut client, &mut stream);
    tls.write_all(b"GET /api/v1/repos/octo/demo/pulls/7 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = [0; 12];
    tls.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[test]
fn a_comment_goes_away_between_list_and_update() {
    let sim = Rest::start(Personality::Gitea125);
    let id = sim.0.add_comment(7, (-2, "gitea-actions"), "old");
    sim.0.fault_times(Route::CommentUpdate, 1, Fault::before(|world| world.comments.clear()));
    assert_eq!(sim.get("/issues/7/comments").json()[0]["id"], id);
    assert_eq!(sim.send("PATCH", &format!("/issues/comments/{id}"), &json!({"body": "new"})).status, 404);
}

#[test]
fn a_full_rerun_on_github_sees_its_own_artifacts_alone() {
    let sim = Rest::start(Personality::GitHub);
    sim.0.world(|world| world.attempt = 2);
    sim.0.add(NewArtifact::zip("cov", &[("x", b"1")]).attempt(1));
    let count = || sim.twirp("ListArtifacts", &json!({})).json()["artifacts"].as_array().map_or(0, Vec::len);
    assert_eq!(count(), 1);
    sim.0.world(|world| world.full_rerun = true);
    assert_eq!(count(), 0);
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
fn a_wrong_digest_is_announced() {
    let sim = Rest::start(Personality::GitHub);
    sim.0.add(NewArtifact::zip("cov", &[("x", b"1")]));
    sim.0.fault_times(Route::TwirpList, 1, Fault::WrongDigest);
    let digest = || sim.twirp("ListArtifacts", &json!({})).json()["artifacts"][0]["digest"].clone();
    let (wrong, right) = (digest(), digest());
    assert_eq!(wrong, format!("sha256:{}", "0".repeat(64)));
    assert_ne!(wrong, right);
}

#[test]
fn an_object_store_behind_a_forge_wants_no_token_either() {
    for personality in [Personality::Forgejo16, Personality::Gitea127] {
        let sim = Rest(ForgeSim::builder(personality).serve_direct().start());
        sim.0.add(NewArtifact::zip("cov", &[("x", b"1")]));
        let url = sim.twirp("GetSignedArtifactURL", &json!({"name": "cov"})).json()["signedUrl"].clone();
        let url = url.as_str().expect("a URL");
        assert!(url.starts_with(sim.0.blob_url()) && !url.starts_with(sim.0.url()), "{url}");
        assert_eq!(send(url, "GET", None, None).expect("an answer").status, 200);
        assert_eq!(send(url, "GET", Some("secret"), None).expect("an answer").status, 400);
        assert_eq!(sim.0.violations().len(), 1);
    }
}

#[test]
fn a_killed_server_breaks_off_and_is_still_readable() {
    let sim = Rest::start(Personality::Forgejo16);
    let id = sim.0.add(NewArtifact::blob("cov", "application/zip", vec![7; 100_000]));
    sim.0.fault_times(Route::ArtifactZip, 1, Fault::Slow { bytes_per_second: 50_000 });
    let half = std::thread::scope(|scope| {
        let reading = scope.spawn(|| sim.get(&format!("/actions/artifacts/{id}/zip")).body.len());
        while sim.0.requests_to(Route::ArtifactZip).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(300));
        sim.0.kill();
        reading.join().expect("a reader")
    });
    assert!(half > 0 && half < 100_000, "{half}");
    assert!(send(&sim.url("/pulls/7"), "GET", None, None).is_err());
    assert_eq!(sim.0.requests().len(), 1);
}

#[test]
fn unknown_fields_and_callers_without_a_name_are_refused() {
    for (personality, unknown, mime) in [
        (Personality::GitHub, 200, 200),
        (Personality::Forgejo16, 500, 500),
        (Personality::Gitea125, 500, 500),
        (Personality::Gitea127, 500, 200),
    ] {
        let sim = Rest::start(personality);
        let create =
            |field: &str| sim.twirp("CreateArtifact", &json!({"name": field, "version": 7, field: "x"})).status;
        assert_eq!((create("digest"), create("mime_type")), (unknown, mime), "{personality:?}");
    }
    let sim = Rest::start(Personality::GitHub);
    let mut stream = TcpStream::connect(sim.0.url().trim_start_matches("http://")).expect("a connection");
    write!(stream, "GET /repos/octo/demo/pulls/7 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 403", "GitHub wants a User-Agent");
}
