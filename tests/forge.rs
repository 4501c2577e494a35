//! Collecting artifacts from simulated forges: every protocol on every forge, and everything that can go wrong.

mod forge_sim;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ci_lint::forge::artifacts::{self, Collected, Listing, Options, Progress, Run, Wanted};
use ci_lint::forge::runtime::block_on;
use ci_lint::forge::{Context, ForgeError, Settings, Transport};
use forge_sim::{Access, Fault, ForgeSim, NewArtifact, OWNER, Permissions, Personality, Pull, REPO, Route};

const DB: &[u8] = b"SQLite format 3\0 pages of a database";
const JSON: &[u8] = br#"{"meta": {"software": "slipcover"}, "files": {}}"#;

/// Time-outs that make a test quick, and attempts as in earnest.
fn quick() -> Settings {
    Settings {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(400),
        stall: Duration::from_millis(300),
        total: Duration::from_millis(1500),
        attempts: 4,
        first_wait: Duration::from_millis(10),
        patience: Duration::from_secs(2),
        largest_text: 1 << 20,
    }
}

/// What a step on this forge knows.
fn context(env: &BTreeMap<String, String>) -> Context {
    let event = fs::read_to_string(&env["GITHUB_EVENT_PATH"]).expect("the payload");
    let event = serde_json::from_str(&event).expect("JSON");
    Context::read(&|name| env.get(name).cloned(), &event).expect("a context")
}

fn collect_from(
    env: &BTreeMap<String, String>,
    run: &Run,
    wanted: &[&str],
    options: &Options,
) -> Result<(Listing, Collected), ForgeError> {
    collect_with(quick(), env, run, wanted, options)
}

/// Runs `list` and, for what `wanted` wants, `fetch`.
fn collect_with(
    settings: Settings,
    env: &BTreeMap<String, String>,
    run: &Run,
    wanted: &[&str],
    options: &Options,
) -> Result<(Listing, Collected), ForgeError> {
    let context = context(env);
    let transport = Transport::new(&|name| env.get(name).cloned(), settings)?;
    block_on(async {
        let listing = artifacts::list(&context, &transport, run).await?;
        let wanted = Wanted::new(wanted);
        let chosen = listing.artifacts.iter().filter(|artifact| wanted.wants(&artifact.name)).cloned().collect();
        let collected = artifacts::fetch(chosen, options, Arc::new(|_: &Progress<'_>| {})).await?;
        Ok((listing, collected))
    })
}

fn collect(sim: &ForgeSim, run: &Run) -> Result<(Listing, Collected), ForgeError> {
    collect_from(&sim.env(), run, &["*"], &Options::default())
}

fn other(id: u64) -> Run {
    Run::Other { owner: OWNER.to_owned(), repo: REPO.to_owned(), id }
}

/// `artifact/path inside` and the bytes of each file.
fn contents(collected: &Collected) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for fetched in &collected.fetched {
        for file in &fetched.files {
            assert!(file.path.starts_with(collected.folder()), "{file:?}");
            let bytes = fs::read(&file.path).expect("the file");
            assert_eq!(bytes.len() as u64, file.bytes);
            all.insert(format!("{}/{}", fetched.artifact, file.name), bytes);
        }
    }
    all
}

fn names(contents: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    contents.keys().map(String::as_str).collect()
}

/// The error, whose texts hold no token and no signature.
fn error<T: Debug>(result: Result<T, ForgeError>) -> String {
    clean(&result.expect_err("an error"))
}

fn clean(error: &ForgeError) -> String {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("CANARY") && !text.contains("sig="), "{text}");
    }
    error.to_string()
}

/// The one artifact that failed, and why.
fn failure(result: Result<(Listing, Collected), ForgeError>) -> String {
    let (_, collected) = result.expect("a result for each");
    assert_eq!((collected.fetched.len(), collected.failed.len()), (0, 1), "{collected:?}");
    clean(&collected.failed[0].1)
}

fn v4(personality: Personality) -> bool {
    personality != Personality::Ghes
}

fn v3(personality: Personality) -> bool {
    personality != Personality::GitHub
}

/// One artifact that the forge's own run can be asked for.
fn one(personality: Personality, name: &str, files: &[(&str, &[u8])]) -> NewArtifact {
    if v4(personality) { NewArtifact::zip(name, files) } else { NewArtifact::v3(name, files) }
}

/// The route of the bytes of [`one`], and how many requests to it come before: GHES lists an artifact's files there too.
fn bytes_route(personality: Personality) -> (Route, usize) {
    if v4(personality) { (Route::BlobGet, 0) } else { (Route::V3Files, 1) }
}

/// Plans a fault for the bytes of [`one`].
fn spoil(sim: &ForgeSim, times: usize, fault: Fault) {
    let (route, before) = bytes_route(sim.personality());
    sim.fault_after(route, before, times, fault);
}

/// Bytes that no packing makes smaller.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

/// What only takes time runs for all forges at once.
fn at_once(personalities: &[Personality], test: impl Fn(Personality) + Sync) {
    std::thread::scope(|scope| {
        for personality in personalities {
            scope.spawn(|| test(*personality));
        }
    });
}

/// One forge for each way of getting at bytes.
const WAYS: [Personality; 4] = [Personality::GitHub, Personality::Ghes, Personality::Forgejo15, Personality::Gitea127];

#[test]
fn every_forge_gives_what_was_uploaded_by_every_protocol() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let mut expected = Vec::new();
        if v4(personality) {
            sim.add(NewArtifact::zip(
                "cov ünï 1",
                &[("a/b.db", DB), ("htmlcov/index.html", b"<html>"), ("s.json", JSON)],
            ));
            sim.add(NewArtifact::raw("raw.db", DB));
            expected.extend(["cov ünï 1/a/b.db", "cov ünï 1/s.json", "raw.db/raw.db"]);
        }
        if v3(personality) {
            let long = [JSON, &vec![b' '; 10_000]].concat();
            sim.add(NewArtifact::v3(
                "v3 cov",
                &[("sub/x.db", DB), ("long.json", &long), ("htmlcov/style.css", b"*{}")],
            ));
            expected.extend(["v3 cov/long.json", "v3 cov/sub/x.db"]);
        }
        let (listing, collected) = collect(&sim, &Run::Own).expect("collected");
        assert_eq!(listing.warnings, [""; 0], "{personality:?}");
        let found = contents(&collected);
        assert_eq!(names(&found), expected, "{personality:?}");
        for (name, bytes) in &found {
            let head = if name.contains("json") { JSON } else { DB };
            assert!(bytes.starts_with(head), "{personality:?} {name}");
        }
        assert!(collected.failed.is_empty() && collected.missing.is_empty(), "{collected:?}");
        let skipped: usize = collected.fetched.iter().map(|fetched| fetched.skipped).sum();
        assert_eq!(skipped, usize::from(v4(personality)) + usize::from(v3(personality)), "{personality:?}");
        assert_eq!(sim.violations(), [""; 0], "{personality:?}");
        let folder = collected.folder().to_owned();
        drop(collected);
        assert!(!folder.exists(), "the private folder is gone");
    }
}

#[test]
fn no_artifacts_is_an_empty_list_and_no_error() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let begin = Instant::now();
        let (listing, collected) = collect(&sim, &Run::Own).expect("an answer");
        assert!(listing.artifacts.is_empty() && collected.fetched.is_empty(), "{personality:?}");
        assert!(begin.elapsed() < Duration::from_millis(500), "{personality:?} was asked again");
    }
}

#[test]
fn rows_that_are_not_there_are_told_apart_from_those_that_are() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        sim.add(one(personality, "good", &[("c.db", DB)]));
        sim.add(one(personality, "pending", &[("c.db", DB)]).pending());
        sim.add(one(personality, "expired", &[("c.db", DB)]).expired());
        sim.add(one(personality, "deleted", &[("c.db", DB)]).deleted());
        let (_, collected) = collect(&sim, &Run::Own).expect("collected");
        assert_eq!(names(&contents(&collected)), ["good/c.db"], "{personality:?}");
        assert!(collected.failed.is_empty(), "{personality:?}: {:?}", collected.failed);
        let missing: Vec<&str> = collected.missing.iter().map(|(name, _)| name.as_str()).collect();
        let listed = matches!(personality, Personality::Forgejo15 | Personality::Forgejo16);
        assert_eq!(missing, if listed { vec!["deleted", "expired", "pending"] } else { vec![] }, "{personality:?}");
        assert!(collected.missing.iter().all(|(_, why)| why.contains("never finished")));
    }
}

#[test]
fn of_equal_names_the_newest_counts() {
    let newer: &[u8] = br#"{"meta": {"software": "slipcover", "newer": true}}"#;
    for personality in [Personality::GitHub, Personality::Gitea127] {
        let sim = ForgeSim::start(personality);
        sim.add(NewArtifact::zip("cov", &[("c.json", JSON)]));
        sim.add(NewArtifact::zip("cov", &[("c.json", newer)]));
        let (_, collected) = collect(&sim, &Run::Own).expect("collected");
        assert_eq!(contents(&collected)["cov/c.json"], newer, "{personality:?}");
    }
}

#[test]
fn three_hundred_artifacts_come_over_few_connections() {
    at_once(&Personality::ALL, |personality| {
        let sim = ForgeSim::start(personality);
        for n in 0..300 {
            sim.add(one(personality, &format!("cov-{n}"), &[("c.db", format!("SQLite format 3\0{n}").as_bytes())]));
        }
        let (listing, collected) =
            collect_with(Settings::default(), &sim.env(), &Run::Own, &["*"], &Options::default()).expect("collected");
        assert_eq!((listing.artifacts.len(), collected.fetched.len()), (300, 300), "{personality:?}");
        let distinct: BTreeSet<Vec<u8>> = contents(&collected).into_values().collect();
        assert_eq!(distinct.len(), 300, "{personality:?}");
        assert!(sim.connections() <= 2 * 8 + 4, "{personality:?}: {} connections", sim.connections());
    });
}

#[test]
fn another_run_is_read_with_the_token() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        sim.add_run(forge_sim::Run::of(99, &Pull::new(5, "feature", "head5")));
        for n in 0..120 {
            let files: &[(&str, &[u8])] = &[("c.db", DB)];
            sim.add(NewArtifact::zip(&format!("cov-{n:03}"), files).run(99));
        }
        sim.add(NewArtifact::zip("old", &[("c.db", DB)]).run(99).expired());
        sim.add(NewArtifact::zip("of-this-run", &[("c.db", DB)]));
        let mut env = sim.env();
        env.insert("INPUT_TOKEN".to_owned(), sim.api_token());
        let result = collect_with(Settings::default(), &env, &other(99), &["cov-*"], &Options::default());
        if personality == Personality::Forgejo15 {
            let text = error(result);
            assert!(text.contains("can be read since Forgejo 16"), "{text}");
            continue;
        }
        let (listing, collected) = result.expect("collected");
        assert_eq!((listing.artifacts.len(), collected.fetched.len()), (120, 120), "{personality:?}");
        assert_eq!(listing.warnings, ["artifact `old` is expired"]);
        assert_eq!(contents(&collected)["cov-119/c.db"], DB, "{personality:?}");
        let pages = sim.requests_to(Route::RunArtifacts).len();
        let github = matches!(personality, Personality::GitHub | Personality::Ghes);
        assert_eq!(pages, if github { 2 } else { 3 }, "{personality:?}");
        assert_eq!(sim.violations().first(), None, "{personality:?}");
    }
}

#[test]
fn what_a_token_lacks_is_said() {
    for personality in [Personality::GitHub, Personality::Gitea127, Personality::Forgejo16] {
        let sim = ForgeSim::start(personality);
        sim.add_run(forge_sim::Run::of(99, &Pull::new(5, "feature", "head5")));
        sim.add(NewArtifact::zip("cov", &[("c.db", DB)]).run(99));
        let mut env = sim.env();
        for name in ["INPUT_TOKEN", "GITHUB_TOKEN", "FORGEJO_TOKEN", "GITEA_TOKEN"] {
            env.remove(name);
        }
        let ask = |env: &BTreeMap<String, String>| error(collect_from(env, &other(99), &["*"], &Options::default()));
        let text = ask(&env);
        assert!(text.contains("takes a token: give the input `token`"), "{text}");
        env.insert("INPUT_TOKEN".to_owned(), "mistyped-CANARY".to_owned());
        let text = ask(&env);
        assert!(
            text.contains("does not accept the token (401") && text.contains("mistyped, or of another forge"),
            "{text}"
        );
        env.insert("INPUT_TOKEN".to_owned(), sim.api_token());
        sim.permissions(Permissions { actions: Access::None, ..Permissions::READ });
        let text = ask(&env);
        let needs = if personality == Personality::GitHub { "`actions: read`" } else { "read access to Actions" };
        assert!(text.contains(needs), "{personality:?}: {text}");
    }
    // The own run needs no permission at all.
    let sim = ForgeSim::start(Personality::GitHub);
    sim.add(NewArtifact::zip("cov", &[("c.db", DB)]));
    sim.permissions(Permissions { actions: Access::None, ..Permissions::READ });
    assert_eq!(collect(&sim, &Run::Own).expect("collected").1.fetched.len(), 1);
    // Without the runner's services, as in a `run:` step on GitHub, the own run is read like another.
    sim.permissions(Permissions { actions: Access::Read, ..Permissions::READ });
    let mut env = sim.env();
    env.remove("ACTIONS_RUNTIME_TOKEN");
    env.insert("INPUT_TOKEN".to_owned(), sim.api_token());
    let (_, collected) = collect_from(&env, &Run::Own, &["*"], &Options::default()).expect("collected");
    assert_eq!(names(&contents(&collected)), ["cov/c.db"]);
    // A runner's token that is none.
    env.insert("ACTIONS_RUNTIME_TOKEN".to_owned(), "CANARY".to_owned());
    let text = error(collect_from(&env, &Run::Own, &["*"], &Options::default()));
    assert!(text.contains("ACTIONS_RUNTIME_TOKEN is not a runner's token"), "{text}");
}

#[test]
fn what_goes_wrong_on_the_way_for_a_while_does_no_harm() {
    let faults = [
        Fault::Kill { after: 30 },
        Fault::Reset { after: 30 },
        Fault::Status(503),
        Fault::Status(502),
        Fault::TooManyRequests { retry_after: 0 },
        Fault::SecondaryLimit { retry_after: 0 },
        Fault::Hang,
        Fault::LoseAnswer,
    ];
    at_once(&WAYS, |personality| {
        for fault in &faults {
            let sim = ForgeSim::start(personality);
            sim.add(one(personality, "cov", &[("c.db", DB)]));
            let list = if v4(personality) { Route::TwirpList } else { Route::V3List };
            sim.fault_times(list, 1, fault.clone());
            spoil(&sim, 2, fault.clone());
            let (_, collected) =
                collect(&sim, &Run::Own).unwrap_or_else(|error| panic!("{personality:?} {fault:?}: {error}"));
            assert_eq!(contents(&collected)["cov/c.db"], DB, "{personality:?} {fault:?}: {collected:?}");
            let (route, before) = bytes_route(personality);
            assert_eq!(sim.requests_to(route).len(), before + 3, "{personality:?} {fault:?}");
        }
    });
}

#[test]
fn what_stays_wrong_ends_with_its_name() {
    at_once(&WAYS, |personality| {
        for (fault, words) in [
            (Fault::Kill { after: 30 }, "the server ended the connection"),
            (Fault::Reset { after: 30 }, "the server ended the connection"),
            (Fault::Status(503), "has a problem (503: the server is not well), in 4 attempts"),
            (Fault::Hang, "no answer within 400 ms, in 4 attempts"),
            (Fault::Html, "an HTML page came in its place"),
            (Fault::RateLimited { reset_in: 900 }, "limit on requests is used up for another"),
            (Fault::Slow { bytes_per_second: 2 }, "no further bytes within 300 ms"),
            (Fault::Slow { bytes_per_second: 12 }, "it did not end within 1 s"),
        ] {
            let sim = ForgeSim::start(personality);
            sim.add(one(personality, "cov", &[("c.db", DB)]));
            spoil(&sim, usize::MAX, fault.clone());
            let begin = Instant::now();
            let text = failure(collect(&sim, &Run::Own));
            assert!(text.contains("artifact `cov`"), "{text}");
            assert!(text.contains(words), "{personality:?} {fault:?}: {text}");
            assert!(begin.elapsed() < Duration::from_secs(5), "{personality:?} {fault:?} took {:?}", begin.elapsed());
        }
    });
}

#[test]
fn a_list_that_cannot_be_had_is_an_error() {
    at_once(&Personality::ALL, |personality| {
        let list = if v4(personality) { Route::TwirpList } else { Route::V3List };
        for (fault, words) in [
            (Fault::Status(500), "has a problem (500"),
            (Fault::Html, "expected JSON, got text/html; charset=utf-8 beginning with `<!DOCTYPE html>"),
            (Fault::Hang, "no answer within"),
            (Fault::Truncate { after: 40 }, "expected JSON"),
        ] {
            let sim = ForgeSim::start(personality);
            sim.add(one(personality, "cov", &[("c.db", DB)]));
            sim.fault(list, fault.clone());
            let text = error(collect(&sim, &Run::Own));
            assert!(
                text.contains("cannot list the artifacts of this run") && text.contains(words),
                "{personality:?} {fault:?}: {text}"
            );
        }
    });
}

#[test]
fn damage_is_noticed_with_a_digest_and_without() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        sim.add(one(personality, "cov", &[("c.db", &[DB, &noise(3000).repeat(2)].concat())]));
        spoil(&sim, usize::MAX, Fault::Corrupt);
        let result = collect(&sim, &Run::Own);
        let text = failure(result);
        let words = if personality == Personality::GitHub { "the transfer was damaged" } else { "the data is damaged" };
        assert!(text.contains(words), "{personality:?}: {text}");
    }
    let sim = ForgeSim::start(Personality::GitHub);
    sim.add(NewArtifact::zip("cov", &[("c.db", DB)]));
    sim.fault(Route::TwirpList, Fault::WrongDigest);
    let text = failure(collect(&sim, &Run::Own));
    assert!(text.contains("the forge says sha256:0000"), "{text}");
    let sim = ForgeSim::start(Personality::Gitea127);
    sim.add(NewArtifact::zip("cov", &[("c.db", DB)]));
    sim.fault(Route::BlobGet, Fault::Truncate { after: 50 });
    assert!(failure(collect(&sim, &Run::Own)).contains("truncated"));
}

#[test]
fn one_hostile_artifact_does_not_take_the_others_along() {
    for personality in Personality::ALL.into_iter().filter(|personality| v4(*personality)) {
        let sim = ForgeSim::start(personality);
        sim.add(NewArtifact::zip("good", &[("c.db", DB)]));
        sim.add(NewArtifact::zip("slip", &[("../../../evil.db", DB)]));
        sim.add(NewArtifact::zip("::error::<b>name", &[("/etc/evil.db", DB)]));
        let (_, collected) = collect(&sim, &Run::Own).expect("collected");
        assert_eq!(names(&contents(&collected)), ["good/c.db"]);
        let mut texts: Vec<String> = collected.failed.iter().map(|(_, error)| clean(error)).collect();
        texts.sort();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts.iter().all(|text| !text.chars().any(char::is_control)), "{texts:?}");
        assert!(texts[1].contains("artifact `slip`: the name `../../../evil.db` in it is refused"), "{texts:?}");
    }
    let sim = ForgeSim::start(Personality::Ghes);
    sim.add(NewArtifact::v3("slip", &[("../evil.db", DB)]));
    assert!(failure(collect(&sim, &Run::Own)).contains("leaves its folder by `..`"));
}

#[test]
fn a_download_larger_than_the_limit_is_cut_short() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        sim.add(one(personality, "cov", &[("c.db", &[DB, &noise(200_000)].concat())]));
        let mut options = Options::default();
        options.limits.download = 50_000;
        let text = failure(collect_from(&sim.env(), &Run::Own, &["*"], &options));
        assert!(text.contains("larger than 50000 bytes"), "{personality:?}: {text}");
    }
}

#[test]
fn bytes_are_reported_as_they_come() {
    let sim = ForgeSim::start(Personality::GitHub);
    let noise = noise(3_000_000);
    sim.add(NewArtifact::raw("cov.db", [DB, &noise].concat()));
    let env = sim.env();
    let context = context(&env);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let collected = block_on(async {
        let transport = Transport::new(&|name| env.get(name).cloned(), quick())?;
        let listing = artifacts::list(&context, &transport, &Run::Own).await?;
        let report = Arc::new(move |progress: &Progress<'_>| {
            assert_eq!(progress.artifact, "cov.db");
            record.lock().expect("the record").push((progress.received, progress.expected));
        });
        artifacts::fetch(listing.artifacts, &Options::default(), report).await
    });
    let total = (DB.len() + noise.len()) as u64;
    assert_eq!(collected.expect("collected").fetched[0].bytes, total);
    let seen = seen.lock().expect("the record");
    assert!(seen.len() > 2 && seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.last(), Some(&(total, Some(total))));
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    for personality in [Personality::GitHub, Personality::Forgejo16] {
        let sim = ForgeSim::builder(personality).tls().start();
        sim.add(NewArtifact::zip("cov", &[("c.db", DB)]));
        let mut env = sim.env();
        env.remove("SSL_CERT_FILE");
        let text = error(collect_from(&env, &Run::Own, &["*"], &Options::default()));
        assert!(text.contains("certificate is not accepted") && text.contains("SSL_CERT_FILE"), "{text}");
        assert_eq!(sim.requests().len(), 0, "no token went over that connection");
        let file = sim.path().join("ca.pem").display().to_string();
        env.insert("SSL_CERT_FILE".to_owned(), file);
        let (_, collected) = collect_from(&env, &Run::Own, &["*"], &Options::default()).expect("collected");
        assert_eq!(names(&contents(&collected)), ["cov/c.db"], "{personality:?}");
        env.remove("SSL_CERT_FILE");
        env.insert("SSL_CERT_DIR".to_owned(), sim.path().display().to_string());
        assert!(collect_from(&env, &Run::Own, &["*"], &Options::default()).is_ok());
        env.insert("SSL_CERT_FILE".to_owned(), "/nowhere/ca.pem".to_owned());
        let text = error(collect_from(&env, &Run::Own, &["*"], &Options::default()));
        assert!(text.contains("SSL_CERT_FILE names `/nowhere/ca.pem`: No such file"), "{text}");
    }
}

#[test]
fn a_forge_that_is_gone_is_said_to_be() {
    let sim = ForgeSim::start(Personality::Gitea125);
    let env = sim.env();
    let event = fs::read_to_string(&env["GITHUB_EVENT_PATH"]).expect("the payload");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("event.json");
    fs::write(&copy, event).expect("written");
    let mut env = env;
    env.insert("GITHUB_EVENT_PATH".to_owned(), copy.display().to_string());
    drop(sim);
    let result = collect_from(&env, &Run::Own, &["*"], &Options::default());
    assert!(result.as_ref().is_err_and(ForgeError::is_unreachable));
    let text = error(result);
    assert!(text.contains("no connection: ") && text.ends_with("in 4 attempts"), "{text}");
}

#[test]
fn the_context_is_the_one_the_forge_gives() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let context = context(&sim.env());
        let pull = sim.world(|world| world.pulls[0].clone());
        assert_eq!(context.pull_request, Some(pull.number), "{personality:?}");
        assert_eq!(context.head_sha, pull.head_sha, "{personality:?}");
        assert_eq!(context.base_sha.as_deref(), Some(pull.base_sha.as_str()), "{personality:?}");
        assert!(!context.is_fork && context.run_id == forge_sim::RUN, "{personality:?}");
        assert!(!format!("{context:?}").contains("CANARY"), "{personality:?}");
        sim.add_pull(Pull::new(8, "patch", "head8").forked_by("eve/demo"));
        sim.add_run(forge_sim::Run::of(99, &Pull::new(8, "patch", "head8").forked_by("eve/demo")));
        sim.event(forge_sim::Event::PullRequest(8));
        let fork = self::context(&sim.env());
        assert!(fork.is_fork && fork.head_sha == "head8" && fork.pull_request == Some(8), "{personality:?}");
    }
}
