//! Comment, status, baseline, summary and outputs against all six simulated forges, and everything that can go wrong there.

mod forge_sim;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ci_lint::apply::exact::Share;
use ci_lint::apply::gate::{Limits, Measured, Rounding, Verdict, judge};
use ci_lint::apply::publish::comment::Marker;
use ci_lint::apply::publish::sticky::Outcome;
use ci_lint::apply::publish::story::{Arrival, Baseline, Gap, GapKind, Links, Subject};
use ci_lint::apply::publish::{self, CommentPolicy, Files, Options, Posted, Story, Texts, baseline, status};
use ci_lint::forge::{Client, Context, ForgeError, Settings, Transport, pulls, runtime};
use ci_lint::report::Numbers;
use forge_sim::{Access, Comment, Event, Fault, ForgeSim, Permissions, Personality, Pull, Route, Run};

const PULL: u64 = 7;
const NEW_HEAD: &str = "00000000000000000000000000000000000000aa";

/// What one run of `apply` measures and is told.
#[derive(Clone)]
struct Job {
    context: Context,
    covered: u32,
    complete: bool,
    options: Options,
    /// How long an answer is waited for.
    answer: Duration,
    /// How long it is waited for a forge's limit on requests.
    patience: Duration,
}

impl Job {
    /// A job of the event the forge is set to; 90 of 100 lines, gate 80 %.
    fn of(sim: &ForgeSim) -> Self {
        let mut env = sim.env();
        env.insert("INPUT_TOKEN".to_owned(), sim.api_token());
        Self {
            context: context(&env),
            covered: 90,
            complete: true,
            options: Options::default(),
            answer: Duration::from_secs(3),
            patience: Duration::from_millis(500),
        }
    }

    fn covered(self, covered: u32) -> Self {
        Self { covered, ..self }
    }

    fn always(mut self) -> Self {
        self.options.comment = CommentPolicy::Always;
        self
    }

    /// Everything from the baseline to the outputs.
    fn run(&self) -> Told {
        runtime::block_on(async { Ok(self.tell().await) }).expect("the texts are told whatever the forge does")
    }

    async fn tell(&self) -> Told {
        let settings = Settings {
            answer: self.answer,
            attempts: 2,
            first_wait: Duration::from_millis(5),
            patience: self.patience,
            ..Settings::default()
        };
        let transport = Transport::new(&|_| None, settings).expect("a transport");
        let client = Client::for_api(&transport, &self.context).expect("a client");
        let pull = pulls::of_run(&client, &self.context).await.ok().flatten();
        let found = baseline::find(&client, &self.context, pull.as_ref(), &status::context("default")).await;
        let (found, baseline_error) = match found {
            Ok(found) => (found, None),
            Err(error) => (Baseline::None { branch: None }, Some(error)),
        };
        let totals = Numbers { files: 1, statements: 100, missing: 100 - self.covered, ..Numbers::default() };
        let total = match &found {
            Baseline::Found { total, .. } => Some(total),
            _ => None,
        };
        let measured = Measured {
            totals: &totals,
            files: &[],
            baseline: total,
            complete: self.complete,
            rounding: Rounding::Coverage { precision: 2 },
        };
        let limits = Limits { fail_under: 80.0, max_drop: Some(5.0), ..Limits::default() };
        let judgement = judge(&limits, &measured).expect("valid limits");
        let gap = Gap { kind: GapKind::Missing, name: "coverage-3.12".to_owned(), job: None, detail: None };
        let arrival = Arrival {
            expected: Some(2),
            arrived: if self.complete { 2 } else { 1 },
            jobs: None,
            gaps: if self.complete { Vec::new() } else { vec![gap] },
        };
        let number = pull.as_ref().map(|pull| pull.number).or(self.context.pull_request);
        let links = Links { run: Some(self.context.run_url()), report: None };
        let story = Story {
            key: "default",
            title: "Coverage",
            subject: number.map_or(Subject::Commit, Subject::PullRequest),
            head: &self.context.head_sha,
            branch: false,
            totals,
            precision: 2,
            files: &[],
            judgement: &judgement,
            baseline: &found,
            arrival: &arrival,
            data_files: &[],
            links: &links,
            commands: &[],
        };
        let texts = Texts::of(&story, &self.options);
        let posted = publish::post(&client, &self.context, &story, &texts, &self.options).await;
        let files = Files {
            outputs: self.context.output_file.as_deref(),
            summary: self.context.summary_file.as_deref(),
            report_dir: "reports",
        };
        let finished = publish::finish(&story, &posted, &self.options, &files);
        let dry = texts.dry_run(&story, &self.options);
        Told { verdict: judgement.verdict, posted, texts, finished, dry, baseline: found, baseline_error }
    }
}

/// What a job told.
struct Told {
    verdict: Verdict,
    posted: Posted,
    texts: Texts,
    finished: Result<(), String>,
    dry: String,
    baseline: Baseline,
    baseline_error: Option<ForgeError>,
}

impl Told {
    fn notice(&self) -> &str {
        self.posted.notice.as_deref().unwrap_or_default()
    }

    fn comment(&self) -> &str {
        &self.texts.comment.as_ref().expect("a comment").0
    }
}

fn context(env: &BTreeMap<String, String>) -> Context {
    let event = env.get("GITHUB_EVENT_PATH").and_then(|path| fs::read_to_string(path).ok()).expect("a payload");
    let event = serde_json::from_str(&event).expect("JSON");
    Context::read(&|name| env.get(name).cloned(), &event).expect("a context")
}

/// The comments that carry our marker.
fn marked(sim: &ForgeSim) -> Vec<Comment> {
    sim.comments(PULL).into_iter().filter(|comment| Marker::read(&comment.body).is_some()).collect()
}

fn outputs(sim: &ForgeSim) -> String {
    fs::read_to_string(sim.path().join("output")).expect("outputs")
}

fn merge_base(sim: &ForgeSim) -> String {
    sim.world(|world| world.pull(PULL).expect("the pull request").merge_base.clone())
}

fn head(sim: &ForgeSim) -> String {
    sim.world(|world| world.pull(PULL).expect("the pull request").head_sha.clone())
}

#[test]
fn posting_twice_gives_one_comment_on_every_forge() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        let job = Job::of(&sim).always();
        let told = job.run();
        assert!(matches!(told.posted.comment, Some(Outcome::Created(_))), "{name}: {:?}", told.posted);
        assert_eq!(told.notice(), "", "{name}");
        assert_eq!(marked(&sim).len(), 1, "{name}");
        assert_eq!(marked(&sim)[0].body, told.comment(), "{name}");
        assert!(told.dry.contains(told.comment()), "{name}: a dry run prints the same text");
        let statuses = sim.statuses(&head(&sim));
        assert_eq!(statuses[0].description, "90.00%, gate 80% passed; 90/100 lines", "{name}");
        assert_eq!(
            (statuses[0].state.as_str(), statuses[0].context.as_str()),
            ("success", "ci-lint/coverage"),
            "{name}"
        );
        let url = told.posted.comment.as_ref().and_then(Outcome::url).expect("an address").to_owned();
        assert!(outputs(&sim).contains(&format!("comment-url={url}\n")), "{name}");
        let summary = fs::read_to_string(sim.path().join("summary.md")).expect("a summary");
        assert!(summary.starts_with("## ✅ Coverage 90.00 %"), "{name}: {summary}");

        let again = job.run();
        assert!(matches!(again.posted.comment, Some(Outcome::Unchanged(_))), "{name}: {:?}", again.posted);
        let other = job.covered(70).run();
        assert!(matches!(other.posted.comment, Some(Outcome::Updated(_))), "{name}: {:?}", other.posted);
        assert_eq!(other.verdict, Verdict::Failed, "{name}");
        let comments = marked(&sim);
        assert_eq!((comments.len(), comments[0].edits), (1, 1), "{name}");
        assert!(
            comments[0].body.contains("❌ Coverage 70.00 % is below the 80 % gate: 10 more lines needed"),
            "{name}"
        );
        assert_eq!(sim.violations(), [""; 0], "{name}");
    }
}

#[test]
fn a_quiet_policy_creates_only_when_there_is_something_to_say() {
    let sim = ForgeSim::start(Personality::Forgejo15);
    let told = Job::of(&sim).run();
    assert_eq!(told.posted.comment, Some(Outcome::NotWanted));
    assert_eq!(marked(&sim).len(), 0);
    assert!(told.dry.contains("comment: updated if there is one, not created"));
    // A total that falls, although every gate is kept.
    sim.add_status(&merge_base(&sim), "ci-lint/coverage", "success", "90.01%; 9001/10000 lines");
    let told = Job::of(&sim).run();
    assert_eq!(told.verdict, Verdict::Passed);
    assert!(matches!(told.posted.comment, Some(Outcome::Created(_))));
    // Once it is there it is kept up to date.
    let told = Job::of(&sim).covered(95).run();
    assert!(matches!(told.posted.comment, Some(Outcome::Updated(_))));
    assert!(marked(&sim)[0].body.contains("✅ Coverage 95.00 % (+4.99)"), "{}", marked(&sim)[0].body);
    let mut never = Job::of(&sim).covered(10);
    never.options.comment = CommentPolicy::Never;
    assert_eq!(never.run().posted.comment, None);
    assert!(marked(&sim)[0].body.contains("95.00 %"));
}

#[test]
fn ours_is_found_among_many_and_only_ours() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        let first = format!("{}\nmine, really", Marker::of("default", NEW_HEAD).line());
        let planted = sim.add_comment(PULL, (66, "mallory"), &first);
        for number in 0..130 {
            sim.add_comment(PULL, (3, "mona"), &format!("comment {number}"));
        }
        let told = Job::of(&sim).always().run();
        assert!(matches!(told.posted.comment, Some(Outcome::Created(_))), "{name}: {:?}", told.posted);
        for number in 0..130 {
            sim.add_comment(PULL, (3, "mona"), &format!("later comment {number}"));
        }
        // Of another key, quoted, and of somebody else with our text: none of them is ours.
        let quoted = format!("> {first}");
        sim.add_comment(PULL, personality.quirks().bot, &quoted);
        let other_key = format!("{}\nother", Marker::of("docs", NEW_HEAD).line());
        sim.add_comment(PULL, personality.quirks().bot, &other_key);
        let late = sim.add_comment(PULL, (66, "mallory"), told.comment());
        let told = Job::of(&sim).always().covered(85).run();
        assert!(matches!(told.posted.comment, Some(Outcome::Updated(_))), "{name}: {:?}", told.posted);
        let comments = sim.comments(PULL);
        assert_eq!(comments.len(), 265, "{name}");
        let ours: Vec<&Comment> = comments.iter().filter(|comment| comment.edits > 0).collect();
        assert_eq!(ours.len(), 1, "{name}");
        assert_eq!(ours[0].body, told.comment(), "{name}");
        let planted = comments.iter().filter(|comment| comment.id == planted || comment.id == late);
        assert!(
            planted.clone().count() == 2 && planted.into_iter().all(|comment| comment.author.1 == "mallory"),
            "{name}"
        );
        let lists = sim.requests_to(Route::CommentList).len();
        assert!(lists < 30, "{name}: {lists} requests for lists: an endless loop?");
    }
}

#[test]
fn several_of_ours_become_one() {
    let sim = ForgeSim::start(Personality::GitHub);
    let bot = sim.personality().quirks().bot;
    for head in ["1", "2", "3"] {
        sim.add_comment(PULL, bot, &format!("{}\nold", Marker::of("default", head).line()));
    }
    let told = Job::of(&sim).run();
    let comments = marked(&sim);
    assert_eq!(comments.len(), 1);
    assert_eq!((comments[0].id, comments[0].body.as_str()), (3, told.comment()), "the newest is kept");
}

#[test]
fn a_token_of_an_app_finds_its_own_comments() {
    // Such a token may not ask `GET /user` who it is, and is not the job's bot.
    for personality in [Personality::GitHub, Personality::Ghes] {
        let sim = ForgeSim::start(personality);
        sim.add_token("ghs_app", (99, "coverage-app[bot]"), Permissions::WRITE);
        let mut env = sim.env();
        env.insert("INPUT_TOKEN".to_owned(), "ghs_app".to_owned());
        let job = Job { context: context(&env), ..Job::of(&sim) }.always();
        // Of the job's own bot, and of another app: not ours to change.
        let ours = format!("{}\nold", Marker::of("default", NEW_HEAD).line());
        let others = [personality.quirks().bot, (66, "other-app[bot]")].map(|bot| sim.add_comment(PULL, bot, &ours));
        let first = job.run();
        assert!(matches!(first.posted.comment, Some(Outcome::Created(_))), "{personality:?} {:?}", first.posted);
        let told = job.clone().covered(85).run();
        assert!(matches!(told.posted.comment, Some(Outcome::Updated(_))), "{personality:?} {:?}", told.posted);
        let (own, foreign): (Vec<_>, Vec<_>) =
            marked(&sim).into_iter().partition(|comment| comment.author.1 == "coverage-app[bot]");
        assert_eq!((own.len(), own[0].edits, own[0].body.as_str()), (1, 1, told.comment()), "{personality:?}");
        assert_eq!(
            foreign.iter().map(|comment| (comment.id, comment.edits)).collect::<Vec<_>>(),
            others.map(|id| (id, 0))
        );
        assert_eq!(sim.requests_to(Route::CommentCreate).len(), 1, "{personality:?}");
    }
}

#[test]
fn a_token_that_nobody_tells_its_name_leaves_one_comment_all_the_same() {
    let sim = ForgeSim::start(Personality::GitHub);
    sim.add_token("ghs_app", (99, "coverage-app[bot]"), Permissions::WRITE);
    sim.fault(Route::Graphql, Fault::Status(403));
    let mut env = sim.env();
    env.insert("INPUT_TOKEN".to_owned(), "ghs_app".to_owned());
    let job = Job { context: context(&env), ..Job::of(&sim) }.always();
    job.run();
    let told = job.clone().covered(85).run();
    assert_eq!(marked(&sim).len(), 1);
    assert_eq!(marked(&sim)[0].body, told.comment());
}

#[test]
fn an_older_run_does_not_overwrite_a_newer_one() {
    for personality in [Personality::GitHub, Personality::Forgejo16] {
        let sim = ForgeSim::start(personality);
        let old = Job::of(&sim).always().covered(81);
        sim.world(|world| world.pull_mut(PULL).head_sha = NEW_HEAD.to_owned());
        let new = Job::of(&sim).always();
        new.run();
        let told = old.run();
        assert_eq!(told.posted.comment, Some(Outcome::Outdated(NEW_HEAD.to_owned())));
        assert_eq!(marked(&sim).len(), 1);
        let marker = Marker::read(&marked(&sim)[0].body).expect("our marker");
        assert_eq!((marker.head.as_str(), marked(&sim)[0].edits), (NEW_HEAD, 0));
        assert_eq!(told.notice(), "", "nothing is wrong with that");
        assert!(told.posted.status, "its own commit may have its status");
    }
}

#[test]
fn a_comment_that_is_deleted_meanwhile_is_written_again() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        Job::of(&sim).always().run();
        let clear = Fault::Before(Arc::new(|world: &mut forge_sim::World| world.comments.clear()));
        sim.fault_times(Route::CommentUpdate, 1, clear);
        let told = Job::of(&sim).always().covered(85).run();
        assert!(matches!(told.posted.comment, Some(Outcome::Created(_))), "{:?}", told.posted);
        assert_eq!(marked(&sim).len(), 1);
        assert_eq!(marked(&sim)[0].body, told.comment());
    }
}

#[test]
fn a_post_whose_answer_is_lost_is_not_repeated() {
    for fault in [Fault::LoseAnswer, Fault::Kill { after: 10 }, Fault::Reset { after: 0 }] {
        let sim = ForgeSim::start(Personality::Forgejo15);
        sim.fault_times(Route::CommentCreate, 1, fault.clone());
        let told = Job::of(&sim).always().run();
        assert!(told.posted.comment.as_ref().and_then(Outcome::url).is_some(), "{fault:?}: {:?}", told.posted);
        assert_eq!((marked(&sim).len(), sim.requests_to(Route::CommentCreate).len()), (1, 1), "{fault:?}");
    }
    // One that had no effect is repeated once it is known that it had none.
    let sim = ForgeSim::start(Personality::Gitea127);
    sim.fault_times(Route::CommentCreate, 1, Fault::Status(502));
    let told = Job::of(&sim).always().run();
    assert!(matches!(told.posted.comment, Some(Outcome::Created(_))), "{:?}", told.posted);
    assert_eq!((marked(&sim).len(), sim.requests_to(Route::CommentCreate).len()), (1, 2));
}

#[test]
fn two_runs_at_once_leave_one_comment() {
    for personality in Personality::ALL {
        // Both see an empty list and both create; then both see one and both change it.
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        for covered in [[81, 82], [83, 84]] {
            sim.fault_times(Route::CommentList, 2, Fault::Gather(2));
            let jobs = covered.map(|covered| Job::of(&sim).always().covered(covered));
            let threads = jobs.map(|job| thread::spawn(move || job.run()));
            for told in threads.map(|thread| thread.join().expect("no panic")) {
                assert_eq!(told.notice(), "", "{name}");
            }
            let comments = marked(&sim);
            assert_eq!(comments.len(), 1, "{name}: {comments:?}");
            assert!(covered.iter().any(|covered| comments[0].body.contains(&format!(" {covered}.00 %"))), "{name}");
        }
    }
}

#[test]
fn a_run_that_is_overtaken_while_it_writes_leaves_the_newest_head() {
    for personality in [Personality::GitHub, Personality::Forgejo15, Personality::Gitea125] {
        let sim = ForgeSim::start(personality);
        let old = Job::of(&sim).always().covered(81);
        // After the old run has asked for the head, a push arrives; its run sees the same empty list, and both write.
        let push = Arc::new(|world: &mut forge_sim::World| world.pull_mut(PULL).head_sha = NEW_HEAD.to_owned());
        sim.fault_after(Route::PullGet, 1, 1, Fault::After(push));
        sim.fault_times(Route::CommentCreate, 1, Fault::Delay(Duration::from_millis(400)));
        let old = thread::spawn(move || old.run());
        while head(&sim) != NEW_HEAD {
            thread::sleep(Duration::from_millis(5));
        }
        let new = Job::of(&sim).always().run();
        let old = old.join().expect("no panic");
        let comments = marked(&sim);
        assert_eq!(comments.len(), 1, "{comments:?}\n{:?}\n{:?}", old.posted, new.posted);
        assert_eq!(comments[0].body, new.comment(), "{:?}", old.posted);
    }
}

#[test]
fn an_older_run_that_lands_on_a_newer_comment_says_that_it_is_older() {
    for personality in [Personality::GitHub, Personality::Forgejo15, Personality::Gitea125] {
        let sim = ForgeSim::start(personality);
        Job::of(&sim).always().covered(80).run();
        let old = Job { answer: Duration::from_secs(30), ..Job::of(&sim).always().covered(81) };
        // The old run has asked for the head. Its writing hangs, until a push and all of the newer run have gone by.
        sim.fault_times(Route::CommentUpdate, 1, Fault::Delay(Duration::from_secs(3)));
        let before = sim.requests_to(Route::PullGet).len();
        let push = Arc::new(|world: &mut forge_sim::World| world.pull_mut(PULL).head_sha = NEW_HEAD.to_owned());
        sim.fault_after(Route::PullGet, 1, 1, Fault::After(push));
        let old = thread::spawn(move || old.run());
        while head(&sim) != NEW_HEAD {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(sim.requests_to(Route::PullGet).len() >= before + 2);
        // Its request must be under way before the newer one's.
        thread::sleep(Duration::from_millis(300));
        let new = Job::of(&sim).always().run();
        assert!(matches!(new.posted.comment, Some(Outcome::Updated(_))), "{:?}", new.posted);
        let overwritten = marked(&sim)[0].body == new.comment();
        let old = old.join().expect("no panic");
        assert!(overwritten, "the newer run was done before the older one wrote");
        assert_eq!(old.posted.comment, Some(Outcome::Outdated(NEW_HEAD.to_owned())), "{:?}", old.posted);
        let comments = marked(&sim);
        assert_eq!(comments.len(), 1);
        assert!(
            comments[0].body.contains("81.00 %"),
            "this is the case that cannot be prevented: {}",
            comments[0].body
        );
        let second = comments[0].body.lines().nth(1).expect("a second line");
        assert!(second.contains("newer commit, 0000000") && second.contains("not about it"), "{second}");
        // The next run of the newer commit puts it right.
        let again = Job::of(&sim).always().run();
        assert!(matches!(again.posted.comment, Some(Outcome::Updated(_))), "{:?}", again.posted);
        assert_eq!(marked(&sim)[0].body, again.comment());
    }
}

#[test]
fn after_waiting_for_a_limit_the_head_is_asked_for_again() {
    for personality in [Personality::GitHub, Personality::Gitea127] {
        let sim = ForgeSim::start(personality);
        Job::of(&sim).always().covered(80).run();
        let old = Job { patience: Duration::from_secs(5), ..Job::of(&sim).always().covered(81) };
        sim.fault_times(Route::CommentUpdate, 1, Fault::TooManyRequests { retry_after: 2 });
        let before = sim.requests_to(Route::CommentUpdate).len();
        let old = thread::spawn(move || old.run());
        while sim.requests_to(Route::CommentUpdate).len() == before {
            thread::sleep(Duration::from_millis(5));
        }
        sim.world(|world| world.pull_mut(PULL).head_sha = NEW_HEAD.to_owned());
        let new = Job::of(&sim).always().run();
        let old = old.join().expect("no panic");
        assert_eq!(old.posted.comment, Some(Outcome::Outdated(NEW_HEAD.to_owned())), "{:?}", old.posted);
        assert_eq!(marked(&sim)[0].body, new.comment(), "{personality:?}");
        // Without a push it writes after the wait.
        sim.fault_times(Route::CommentUpdate, 1, Fault::TooManyRequests { retry_after: 1 });
        let told = Job { patience: Duration::from_secs(5), ..Job::of(&sim).always().covered(82) }.run();
        assert!(matches!(told.posted.comment, Some(Outcome::Updated(_))), "{:?}", told.posted);
        assert_eq!(marked(&sim)[0].body, told.comment(), "{personality:?}");
    }
}

#[test]
fn a_token_that_may_only_read_leaves_the_verdict_alone() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        sim.permissions(Permissions::READ);
        for (covered, verdict) in [(90, Verdict::Passed), (70, Verdict::Failed)] {
            let told = Job::of(&sim).always().covered(covered).run();
            assert_eq!(told.verdict, verdict, "{name}");
            let notice = told.notice();
            assert!(notice.starts_with("no comment and no commit status: the token may not write"), "{name}: {notice}");
            assert!(notice.contains("`pull-requests: write` and `statuses: write`"), "{name}: {notice}");
            assert!(told.posted.error.is_none(), "{name}: posting was not required");
            let instead = told.posted.instead.as_deref().expect("the text for the log");
            assert!(told.comment().ends_with(instead) && instead.starts_with("### "), "{name}: {instead}");
            let summary = fs::read_to_string(sim.path().join("summary.md")).expect("a summary");
            assert!(summary.contains("the token may not write"), "{name}");
        }
        let mut required = Job::of(&sim).always();
        required.options.require_posting = true;
        let error = required.run().posted.error.expect("posting was required");
        assert!(matches!(error, ForgeError::Forbidden { .. }), "{name}: {error}");
        assert_eq!(sim.comments(PULL).len(), 0, "{name}");
    }
}

#[test]
fn a_fork_is_told_the_way() {
    let sim = ForgeSim::start(Personality::GitHub);
    let fork = Pull::new(PULL, "feature", NEW_HEAD).forked_by("mallory/demo");
    sim.add_pull(fork);
    sim.permissions(Permissions::READ);
    let told = Job::of(&sim).covered(70).run();
    let notice = told.notice();
    assert!(notice.contains("comes from a fork") && notice.contains("`workflow_run`"), "{notice}");
    assert!(outputs(&sim).contains("verdict=failed\n"));
    // Nothing to say, nothing to post but the status: one notice all the same, and no text in its place.
    let told = Job::of(&sim).run();
    assert!(told.notice().starts_with("no commit status: "), "{}", told.notice());
    assert_eq!(told.posted.instead, None);
}

#[test]
fn only_what_is_forbidden_is_left_out() {
    let sim = ForgeSim::start(Personality::GitHub);
    sim.permissions(Permissions { statuses: Access::Read, ..Permissions::WRITE });
    let told = Job::of(&sim).always().run();
    assert_eq!(
        told.notice(),
        "no commit status: the token may not write; add `statuses: write` to the job's `permissions:`"
    );
    assert_eq!(marked(&sim).len(), 1);
    sim.permissions(Permissions { pull_requests: Access::Read, ..Permissions::WRITE });
    let told = Job::of(&sim).always().covered(85).run();
    assert_eq!(
        told.notice(),
        "no comment: the token may not write; add `pull-requests: write` to the job's `permissions:`"
    );
    assert!(told.posted.status);
}

#[test]
fn every_failure_of_the_forge_is_one_clear_notice() {
    let cases: [(Fault, &str); 7] = [
        (Fault::Status(401), "does not accept the token (401"),
        (Fault::Status(404), "not found (404"),
        (Fault::Status(503), "the forge has a problem (503"),
        (Fault::RateLimited { reset_in: 900 }, "limit on requests is used up"),
        (Fault::SecondaryLimit { retry_after: 60 }, "limit on requests is used up"),
        (Fault::TooManyRequests { retry_after: 60 }, "limit on requests is used up"),
        (Fault::Html, "expected JSON, got text/html"),
    ];
    for (fault, words) in cases {
        let sim = ForgeSim::start(Personality::Forgejo16);
        let token = sim.api_token();
        sim.fault(Route::Any, fault.clone());
        let told = Job::of(&sim).covered(70).run();
        assert_eq!(told.verdict, Verdict::Failed, "{fault:?}");
        assert!(told.notice().contains(words), "{fault:?}: {}", told.notice());
        assert!(told.posted.instead.is_some(), "{fault:?}");
        assert_eq!(told.finished, Ok(()), "{fault:?}");
        let everything = format!("{}{}{:?}{:?}", told.notice(), outputs(&sim), told.posted, told.baseline_error);
        assert!(!everything.contains(&token), "{fault:?}: a token in {everything}");
    }
}

#[test]
fn a_forge_that_never_answers_is_left() {
    let sim = ForgeSim::start(Personality::Gitea127);
    sim.fault(Route::CommentCreate, Fault::Hang);
    let job = Job { answer: Duration::from_millis(500), ..Job::of(&sim).covered(70) };
    let told = job.run();
    let notice = told.notice();
    assert!(notice.starts_with("no comment: ") && notice.contains("no answer within 500 ms"), "{notice}");
    assert_eq!(sim.requests_to(Route::CommentCreate).len(), 2, "looked for, then tried once more");
    assert!(told.posted.status && told.posted.instead.is_some());
}

#[test]
fn without_a_token_nothing_is_asked_of_the_forge_in_vain() {
    let sim = ForgeSim::start(Personality::GitHub);
    let mut job = Job::of(&sim).always();
    job.context.token = None;
    let told = job.run();
    assert!(told.notice().contains("give the input `token`"), "{}", told.notice());
    assert_eq!(sim.requests_to(Route::CommentList).len() + sim.requests_to(Route::StatusCreate).len(), 0);
    job.options.require_posting = true;
    assert!(matches!(job.run().posted.error, Some(ForgeError::Setup(_))));
}

#[test]
fn the_baseline_is_where_the_change_began() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        assert_eq!(Job::of(&sim).run().baseline, Baseline::None { branch: Some("main".to_owned()) }, "{name}");
        let base = merge_base(&sim);
        sim.add_status(&base, "other", "success", "10%");
        sim.add_status(&base, "ci-lint/coverage", "success", "80.00%; 80/100 lines");
        // The newest counts; a later run was not judged on another commit.
        sim.add_status(&base, "ci-lint/coverage", "failure", "92.00%, below 97%: 5 more needed; 92/100 lines");
        let told = Job::of(&sim).run();
        match &told.baseline {
            Baseline::Found { commit, nearest, total, branch } => {
                assert_eq!((commit, *nearest, branch.as_deref()), (&base, false, Some("main")), "{name}");
                assert_eq!(total.lines, Some(Share { covered: 92, total: 100 }), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        let statuses = sim.statuses(&head(&sim));
        let last = statuses.last().expect("a status");
        assert_eq!(last.description, "90.00% (-2.00), gate 80% passed; 90/100 lines", "{name}");
        // What one run writes is the baseline of the next.
        assert_eq!(status::read(&last.description).expect("a total").shown, "90.00", "{name}");
        assert_eq!(told.baseline_error.map(|error| error.to_string()), None, "{name}");
    }
}

#[test]
fn without_a_total_there_its_nearest_ancestor_stands_in() {
    for personality in Personality::ALL {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        let base = merge_base(&sim);
        let (parent, grandparent) = ("1".repeat(40), "2".repeat(40));
        sim.world(|world| {
            world.first_parents.insert(base.clone(), parent.clone());
            world.first_parents.insert(parent.clone(), grandparent.clone());
        });
        sim.add_status(&base, "ci-lint/coverage", "error", "not judged: 1 of 2 data files arrived");
        sim.add_status(&parent, "ci-lint/coverage", "pending", "50.00%");
        sim.add_status(&grandparent, "ci-lint/coverage", "success", "99.00%");
        let told = Job::of(&sim).run();
        match &told.baseline {
            Baseline::Found { commit, nearest, .. } => assert_eq!((commit, *nearest), (&grandparent, true), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert!(told.comment().contains("compared with `2222222`, its nearest ancestor"), "{name}: {}", told.comment());
        assert_eq!(told.verdict, Verdict::Failed, "{name}: nine points less, five allowed");
    }
}

#[test]
fn a_push_is_compared_with_the_commit_before() {
    let sim = ForgeSim::start(Personality::Gitea127);
    let sha = "3".repeat(40);
    sim.event(Event::Push { sha: sha.clone() });
    let before = Job::of(&sim).context.base_sha.expect("the commit before");
    sim.add_status(&before, "ci-lint/coverage", "success", "90.00%; 90/100 lines");
    let told = Job::of(&sim).run();
    assert!(
        matches!(&told.baseline, Baseline::Found { commit, nearest: false, .. } if *commit == before),
        "{:?}",
        told.baseline
    );
    assert_eq!(told.texts.comment, None, "there is no pull request");
    assert_eq!(sim.statuses(&sha)[0].description, "90.00% (+0.00), gate 80% passed; 90/100 lines");
}

#[test]
fn partial_data_leaves_no_total_behind() {
    let sim = ForgeSim::start(Personality::GitHub);
    sim.add_status(&merge_base(&sim), "ci-lint/coverage", "success", "95.00%");
    let job = Job { complete: false, ..Job::of(&sim) };
    let told = job.run();
    assert_eq!(told.verdict, Verdict::NotJudged);
    assert!(marked(&sim)[0].body.contains("⚠️ Coverage not judged: 1 of 2 data files arrived"));
    let statuses = sim.statuses(&head(&sim));
    assert_eq!(
        (statuses[0].state.as_str(), statuses[0].description.as_str()),
        ("error", "not judged: 1 of 2 data files arrived")
    );
    let outputs = outputs(&sim);
    assert!(outputs.contains("total=\n") && outputs.contains("partial-total=90.00\n"), "{outputs}");
}

#[test]
fn the_second_of_two_stages_finds_the_pull_request_by_its_head() {
    for personality in [Personality::GitHub, Personality::Gitea125, Personality::Gitea127] {
        let sim = ForgeSim::start(personality);
        let name = personality.name();
        // Another open pull request of a branch of the same name, and one of the same commit elsewhere.
        let fork = Pull::new(PULL, "patch-1", NEW_HEAD).forked_by("mallory/demo");
        sim.add_pull(fork.clone());
        sim.add_pull(Pull::new(8, "patch-1", &"4".repeat(40)).forked_by("eve/demo"));
        sim.add_pull(Pull::new(9, "patch-2", NEW_HEAD).forked_by("eve/demo"));
        sim.add_run(Run::of(99, &fork));
        sim.event(Event::WorkflowRun { run: 99, pull: PULL });
        let told = Job::of(&sim).always().covered(70).run();
        assert!(matches!(told.posted.comment, Some(Outcome::Created(_))), "{name}: {:?}", told.posted);
        assert_eq!(marked(&sim).len(), 1, "{name}");
        assert_eq!(sim.statuses(NEW_HEAD).len(), 1, "{name}");
        assert_eq!(sim.comments(8).len() + sim.comments(9).len(), 0, "{name}");

        // A newer commit on the branch: its own run will tell.
        sim.world(|world| world.pull_mut(PULL).head_sha = "5".repeat(40));
        let told = Job::of(&sim).always().run();
        assert_eq!(told.texts.comment, None, "{name}");
        assert_eq!(marked(&sim)[0].edits, 0, "{name}");
    }
}

#[test]
fn a_claimed_number_counts_only_with_the_measured_head() {
    let sim = ForgeSim::start(Personality::GitHub);
    let job = Job::of(&sim);
    let head = head(&sim);
    let claim = |number: u64, sha: &str| {
        let (context, sha) = (job.context.clone(), sha.to_owned());
        runtime::block_on(async move {
            let transport = Transport::new(&|_| None, Settings::default())?;
            let client = Client::for_api(&transport, &context)?;
            pulls::claimed(&client, &context, number, &sha).await
        })
        .expect("an answer")
        .map(|pull| pull.number)
    };
    assert_eq!(claim(PULL, &head), Some(PULL));
    assert_eq!(claim(PULL, NEW_HEAD), None);
    assert_eq!(claim(404, &head), None);
}

#[test]
fn a_full_disk_is_named() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let sim = ForgeSim::start(Personality::GitHub);
    let mut job = Job::of(&sim).always();
    job.context.summary_file = Some(full.to_path_buf());
    let told = job.run();
    let error = told.finished.expect_err("nothing fits");
    assert!(error.starts_with("`/dev/full` cannot be written: "), "{error}");
    assert!(outputs(&sim).contains("verdict=passed\n"), "the outputs were written before");
    assert_eq!(marked(&sim).len(), 1);
}
