//! Artifacts, by all three protocols.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::forge_sim::{ForgeSim, NewArtifact, Personality, Pull, RUN, Run, zip_of};
use crate::http::{Rest, send};

const FORGEJOS: [Personality; 2] = [Personality::Forgejo15, Personality::Forgejo16];

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
        let bytes = zip_of(&[("x", b"1")]);
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
    let bytes = zip_of(&[("x", b"1")]);
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

#[test]
fn a_chunk_is_checked() {
    let sim = Rest::start(Personality::Gitea125);
    let base = format!("{}/api/actions_pipeline/_apis/pipelines/workflows/{RUN}/artifacts", sim.0.url());
    let token = sim.0.runtime_token();
    assert_eq!(send(&base, "GET", Some(&token), None).expect("an answer").status, 404, "none yet");
    let made = send(&base, "POST", Some(&token), Some(&json!({"Type": "actions_storage", "Name": "cov"})));
    let url = made.expect("an answer").json()["fileContainerResourceUrl"].as_str().expect("a URL").to_owned();
    let put = |url: &str| send(url, "PUT", Some(&token), Some(&json!("text"))).expect("an answer").status;
    assert_eq!(put(&format!("{url}?itemPath=cov%2Fx.txt")), 500, "no md5");
    assert_eq!(put(&format!("{url}?itemPath=other%2Fx.txt")), 400, "the hash of another name");
    assert_eq!(put(&format!("{url}?itemPath=cov")), 400, "no path");
    let other = base.replace(&format!("/{RUN}/"), "/1/");
    assert_eq!(send(&other, "GET", Some(&token), None).expect("an answer").status, 400, "another run");
    sim.0.add(NewArtifact::v3("cov", &[("sub/x.txt", b"short"), ("long.txt", &[b'a'; 4000])]));
    let list = send(&base, "GET", Some(&token), None).expect("an answer").json();
    let files = list["value"][0]["fileContainerResourceUrl"].as_str().expect("a URL").to_owned();
    let files = send(&format!("{files}?itemPath=cov"), "GET", Some(&token), None).expect("an answer").json();
    let gzip: Vec<bool> = files["value"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| {
            let url = file["contentLocation"].as_str().expect("a URL");
            let got = send(url, "GET", Some(&token), None).expect("an answer");
            got.header("content-encoding") == Some("gzip") && got.body.starts_with(&[0x1f, 0x8b])
        })
        .collect();
    assert_eq!(gzip, [false, true]);
}
