//! What can be made to go wrong, and TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::forge_sim::{Fault, ForgeSim, NewArtifact, Personality, Route};
use crate::http::{Rest, send};

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
