//! `ci-lint apply` as a step of a job, the real binary against six simulated forges: from artifacts to comment, status,
//! summary, outputs and exit code.

mod forge_sim;
#[cfg(target_os = "linux")]
#[path = "job/full_disk.rs"]
mod full_disk;
#[path = "job/same_here.rs"]
mod same_here;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use ci_lint::coverage::{CoverageData, FileData, Measured, write};
use forge_sim::{Event, ForgeSim, NewArtifact, Permissions, Personality, REPO, Route, Run};

const ALL: [Personality; 6] = [
    Personality::GitHub,
    Personality::Ghes,
    Personality::Forgejo15,
    Personality::Forgejo16,
    Personality::Gitea125,
    Personality::Gitea127,
];

const SOURCE: &str = "\
def f(x):
    if x:
        return 1
    return 2


f(1)
";

const WORKFLOW: &str = "\
name: tests
on: [push, pull_request]
jobs:
  tests:
    runs-on: ubuntu-latest
    strategy:
      matrix: { python: ['3.12', '3.13'] }
    steps:
      - uses: actions/checkout@v4
      - run: pytest --cov=pkg --cov-branch
        env: { COVERAGE_FILE: cov-data }
      - uses: actions/upload-artifact@v4
        with: { name: 'cov-${{ matrix.python }}', path: cov-data, if-no-files-found: error }
  coverage:
    needs: tests
    if: ${{ !cancelled() }}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./coverage-share-action
        with: { fail-under: 50 }
";

/// What a runner calls the workflow, files beside it, and what is said then.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

/// The paths that both legs took, and the one that each took alone: 100 % together.
const BOTH: [(i32, i32); 4] = [(-1, 1), (1, 7), (7, -1), (-1, 2)];
const TRUE: [(i32, i32); 2] = [(2, 3), (3, -1)];
const FALSE: [(i32, i32); 2] = [(2, 4), (4, -1)];

/// A workspace on a forge.
struct Job {
    sim: ForgeSim,
    env: BTreeMap<String, String>,
}

impl Job {
    fn on(personality: Personality) -> Self {
        let sim = ForgeSim::start(personality);
        let mut job = Self { env: BTreeMap::new(), sim };
        for folder in [".github", ".forgejo", ".gitea"] {
            job.file(&format!("{folder}/workflows/ci.yml"), WORKFLOW);
        }
        job.file("pkg/m.py", SOURCE);
        job.renew();
        job
    }

    /// Reads the environment again, after the forge was changed.
    fn renew(&mut self) {
        self.env = self.sim.env();
        self.env.insert("INPUT_TOKEN".to_owned(), self.sim.api_token());
    }

    fn workspace(&self) -> PathBuf {
        self.sim.path().join("workspace")
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Data of a leg that ran in another place, as bytes of a data file.
    fn data(&self, own: &[(i32, i32)]) -> Vec<u8> {
        let mut arcs: Vec<(i32, i32)> = BOTH.iter().chain(own).copied().collect();
        arcs.sort_unstable();
        let file = FileData { tracer: None, contexts: vec![(0, Measured { arcs, ..Measured::default() })] };
        let data = CoverageData {
            has_arcs: Some(true),
            contexts: vec![String::new()],
            files: [(format!("/__w/{REPO}/{REPO}/pkg/m.py"), file)].into(),
        };
        let path = self.sim.path().join("leg");
        write::write(&data, &path).expect("written");
        fs::read(path).expect("read")
    }

    /// The second of two stages: run 99 has ended, which was of the pull request or a push, and its commit is checked out.
    fn second_stage(personality: Personality, event: &str) -> Self {
        let mut job = Self::on(personality);
        let mut run = job.sim.world(|world| Run::of(99, world.pull(7).expect("a pull request")));
        event.clone_into(&mut run.event);
        job.file(".git/HEAD", &format!("{}\n", run.head_sha));
        job.sim.add_run(run);
        job.sim.event(Event::WorkflowRun { run: 99, pull: 7 });
        job.renew();
        job
    }

    /// An artifact of the run that has ended.
    fn upload_before(&self, name: &str, bytes: &[u8]) {
        self.sim.add(NewArtifact::zip(name, &[("cov-data", bytes)]).run(99));
    }

    /// An artifact as the newest client that this forge takes uploads it.
    fn upload(&self, name: &str, file: &str, bytes: &[u8]) {
        let v3 = self.sim.personality() == Personality::Ghes;
        let artifact =
            if v3 { NewArtifact::v3(name, &[(file, bytes)]) } else { NewArtifact::zip(name, &[(file, bytes)]) };
        self.sim.add(artifact);
    }

    fn both_legs(self) -> Self {
        self.upload("cov-3.12", "cov-data", &self.data(&TRUE));
        self.upload("cov-3.13", "cov-data", &self.data(&FALSE));
        self
    }

    fn one_leg(self) -> Self {
        self.upload("cov-3.12", "cov-data", &self.data(&TRUE));
        self
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_by(&[], arguments)
    }

    /// Lets another program start ours: `starter` is its command line, to which ours is added.
    fn run_by(&self, starter: &[&str], arguments: &[&str]) -> Ended {
        // For measuring, another build of the same program.
        let binary = std::env::var("CI_LINT_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ci-lint").to_owned());
        let mut line: Vec<&str> = starter.to_vec();
        line.extend([binary.as_str(), "apply"]);
        let output: Output = Command::new(line[0])
            .args(&line[1..])
            .args(arguments)
            .current_dir(self.workspace())
            .env_clear()
            .envs(&self.env)
            .output()
            .expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let read = |name: &str| fs::read_to_string(self.sim.path().join(name)).unwrap_or_default();
        let ended = Ended {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            outputs: read("output"),
            summary: read("summary.md"),
        };
        self.no_secrets(&ended);
        assert!(self.sim.violations().is_empty(), "{:?}", self.sim.violations());
        ended
    }

    /// Nothing that anybody can read holds a token.
    fn no_secrets(&self, ended: &Ended) {
        let posted: Vec<String> = self.comments();
        for token in [self.sim.api_token(), self.sim.runtime_token()] {
            for text in [&ended.stdout, &ended.stderr, &ended.outputs, &ended.summary].into_iter().chain(&posted) {
                assert!(!text.contains(&token), "a token in: {text}");
            }
        }
    }

    fn comments(&self) -> Vec<String> {
        self.sim.comments(7).into_iter().map(|comment| comment.body).collect()
    }

    /// The newest status of the pull request's head.
    fn status(&self) -> Option<(String, String)> {
        let head = self.sim.world(|world| world.pull(7).map(|pull| pull.head_sha.clone())).expect("a pull request");
        let status = self.sim.statuses(&head).into_iter().find(|status| status.context == "ci-lint/coverage")?;
        Some((status.state, status.description))
    }
}

#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
    outputs: String,
    summary: String,
}

impl Ended {
    /// An output of one line.
    fn output(&self, name: &str) -> Option<&str> {
        let mut lines = self.outputs.lines();
        lines.find(|line| line.starts_with(&format!("{name}<<")) || line.starts_with(&format!("{name}="))).and_then(
            |line| match line.split_once('=') {
                Some((_, value)) if !line.contains("<<") => Some(value),
                _ => lines.next(),
            },
        )
    }
}

#[test]
fn everything_arrives_and_one_comment_says_so() {
    for personality in ALL {
        let job = Job::on(personality).both_legs();
        let ended = job.run(&["--fail-under", "97", "--comment", "always"]);
        assert_eq!(ended.code, 0, "{personality:?} {ended:?}");
        assert!(ended.stdout.contains("TOTAL          5      0      2      0   100%"), "{personality:?} {ended:?}");
        assert_eq!(ended.output("verdict"), Some("passed"), "{personality:?} {ended:?}");
        assert_eq!(ended.output("total"), Some("100.00"), "{personality:?} {ended:?}");
        assert!(ended.summary.contains("2 of 2 data files"), "{personality:?} {ended:?}");
        let comments = job.comments();
        assert_eq!(comments.len(), 1, "{personality:?}");
        assert!(comments[0].starts_with("<!-- ci-lint:coverage key=default head="), "{comments:?}");
        let (state, description) = job.status().expect("a status");
        assert_eq!(state, "success", "{personality:?}");
        assert!(description.starts_with("100.00%"), "{description}");

        // Another run of the same commit says the same, and nothing is posted twice.
        assert_eq!(job.run(&["--fail-under", "97", "--comment", "always"]).code, 0);
        assert_eq!(job.comments(), comments, "{personality:?}");
    }
}

#[test]
fn a_leg_that_did_not_come_is_named_and_nothing_is_judged() {
    for personality in ALL {
        let job = Job::on(personality).one_leg();
        let ended = job.run(&["--fail-under", "97"]);
        assert_eq!(ended.code, 3, "{personality:?} {ended:?}");
        assert!(ended.stderr.contains("not judged: 1 of 2 data files arrived"), "{personality:?} {ended:?}");
        assert!(ended.stderr.contains("cov-3.13") && ended.stderr.contains("python: 3.13"), "{ended:?}");
        assert!(ended.stdout.contains("TOTAL"), "figures are shown: {ended:?}");
        assert_eq!(ended.output("verdict"), Some("not-judged"), "{ended:?}");
        assert_eq!(ended.output("passed"), Some("false"));
        assert!(job.comments()[0].contains("not judged"), "{:?}", job.comments());
        let (state, description) = job.status().expect("a status");
        assert!(state != "success" && !description.contains('%'), "never a baseline: {state} {description}");
    }
}

#[test]
fn no_data_at_all_is_no_total() {
    let job = Job::on(Personality::Forgejo15);
    let ended = job.run(&["--fail-under", "97"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("not judged: 0 of 2 data files arrived"), "{ended:?}");
    assert_eq!(ended.output("verdict"), Some("not-judged"));
    let comment = &job.comments()[0];
    assert!(comment.contains("0 of 2 data files arrived") && !comment.contains("100"), "{comment}");
}

#[test]
fn a_gate_that_fails_comments_first() {
    let job = Job::on(Personality::GitHub).one_leg();
    let ended = job.run(&["--fail-under", "97", "--expect", "none", "--path-gates", "pkg/*=99"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("is less than fail-under=97"), "{ended:?}");
    assert!(ended.stdout.contains("of `pkg/*` is less than 99: 2 more lines or branches needed"), "{ended:?}");
    assert!(job.comments()[0].contains("below the 97 % gate"), "{:?}", job.comments());
    assert_eq!(ended.output("needed"), Some("2"));

    let job = Job::on(Personality::GitHub).one_leg();
    let ended = job.run(&["--fail-under", "97", "--expect", "none", "--informational", "fail-under"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("(informational)"), "{ended:?}");
}

#[test]
fn a_drop_is_held_against_the_status_of_the_merge_base() {
    for personality in ALL {
        let job = Job::on(personality).one_leg();
        let base = job.sim.world(|world| world.pull(7).map(|pull| pull.merge_base.clone())).expect("a pull request");
        job.sim.add_status(&base, "ci-lint/coverage", "success", "90.00%");
        let ended = job.run(&["--expect", "none", "--max-drop", "1"]);
        assert_eq!(ended.code, 1, "{personality:?} {ended:?}");
        assert!(ended.stdout.contains("fell by more than max-drop=1"), "{personality:?} {ended:?}");
        assert_eq!(ended.output("baseline"), Some("90.00"), "{personality:?} {ended:?}");
    }
}

#[test]
fn a_token_that_may_only_read_leaves_the_verdict_to_the_gate() {
    for personality in ALL {
        let job = Job::on(personality).both_legs();
        job.sim.permissions(Permissions::READ);
        let ended = job.run(&["--fail-under", "97", "--comment", "always"]);
        assert_eq!(ended.code, 0, "{personality:?} {ended:?}");
        assert_eq!(ended.stderr.matches("warning:").count(), 1, "one notice: {personality:?} {ended:?}");
        assert!(ended.summary.contains("100.00"), "{ended:?}");
        assert!(job.comments().is_empty());
        let ended = job.run(&["--comment", "always", "--require-posting"]);
        assert_eq!(ended.code, 4, "{personality:?} {ended:?}");
    }
}

#[test]
fn what_would_be_posted_is_what_is_posted() {
    let job = Job::on(Personality::Gitea127).both_legs();
    let shown = job.run(&["--comment", "always", "--dry-run"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(job.comments().is_empty() && job.status().is_none() && shown.outputs.is_empty(), "nothing is posted");
    assert_eq!(job.run(&["--comment", "always"]).code, 0);
    for line in job.comments()[0].lines() {
        assert!(shown.stdout.contains(line), "`{line}` is not in {}", shown.stdout);
    }
    let (_, description) = job.status().expect("a status");
    assert!(shown.stdout.contains(&description), "{description}");
}

#[test]
fn data_that_cannot_be_used_is_named_and_the_rest_is_shown() {
    let job = Job::on(Personality::Forgejo16).one_leg();
    let mut broken = job.data(&FALSE);
    broken.truncate(5000);
    job.upload("cov-3.13", "cov-data", &broken);
    let ended = job.run(&[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let words = "the artifact `cov-3.13` of `tests` (python: 3.13) cannot be used: ";
    assert!(ended.stderr.contains(words), "its job is not to blame: {ended:?}");
    assert_eq!(ended.stderr.matches("cov-3.13").count(), 1, "told once: {ended:?}");
    assert!(ended.stdout.contains("TOTAL"), "{ended:?}");

    let job = Job::on(Personality::Forgejo16).one_leg();
    job.upload("cov-3.13", "cov-data", b"");
    let ended = job.run(&[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("cov-3.13"), "{ended:?}");
}

#[test]
fn two_legs_with_the_same_data_both_count() {
    let job = Job::on(Personality::GitHub).one_leg();
    job.upload("cov-3.13", "cov-data", &job.data(&TRUE));
    let ended = job.run(&["--fail-under", "50"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.summary.contains("2 of 2 data files"), "{ended:?}");
}

#[test]
fn a_source_that_changed_since_is_not_judged() {
    let job = Job::on(Personality::GitHub).both_legs();
    job.file("pkg/m.py", "def f(x):\n    pass\n");
    let ended = job.run(&["--fail-under", "1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("pkg/m.py` changed after it was measured"), "{ended:?}");
}

#[test]
fn without_a_checkout_it_says_so() {
    let job = Job::on(Personality::Forgejo15).both_legs();
    fs::remove_dir_all(job.workspace()).expect("removed");
    fs::create_dir_all(job.workspace()).expect("made");
    let ended = job.run(&[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("is empty") && ended.stderr.contains("`run:`"), "{ended:?}");
}

#[test]
fn another_run_is_collected_with_the_token() {
    for personality in [Personality::GitHub, Personality::Forgejo16, Personality::Gitea127] {
        let mut job = Job::on(personality);
        let run = job.sim.world(|world| Run::of(99, world.pull(7).expect("a pull request")));
        job.sim.add_run(run);
        let data = job.data(&TRUE);
        job.sim.add(NewArtifact::zip("cov", &[("cov-data", data.as_slice())]).run(99));
        job.renew();
        let ended = job.run(&["--run-id", "99", "--comment", "never"]);
        assert_eq!(ended.code, 0, "{personality:?} {ended:?}");
        assert!(ended.stdout.contains("TOTAL"), "{personality:?} {ended:?}");
    }
    let mut job = Job::on(Personality::GitHub);
    job.env.remove("INPUT_TOKEN");
    let ended = job.run(&["--run-id", "99"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("token"), "{ended:?}");
}

#[test]
fn a_forge_that_is_gone_is_its_own_exit_code() {
    let mut job = Job::on(Personality::GitHub).both_legs();
    job.env.insert("ACTIONS_RESULTS_URL".to_owned(), "http://127.0.0.1:1/".to_owned());
    let ended = job.run(&[]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stderr.contains("127.0.0.1:1"), "{ended:?}");
}

#[test]
fn inputs_are_flags_and_files_of_the_workspace_need_no_forge() {
    let mut job = Job::on(Personality::GitHub);
    fs::create_dir_all(job.workspace().join("cov-3.12")).expect("made");
    fs::write(job.workspace().join("cov-3.12/cov-data"), job.data(&TRUE)).expect("written");
    for (name, value) in [("DATA", "cov-3.12/cov-data"), ("FAIL-UNDER", "99"), ("EXPECT", "none"), ("STATUS", "false")]
    {
        job.env.insert(format!("INPUT_{name}"), value.to_owned());
    }
    let ended = job.run(&[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(job.status().is_none());
    assert!(job.sim.requests_to(Route::TwirpList).is_empty(), "nothing is fetched");
}

#[test]
fn data_of_the_workspace_and_of_named_artifacts_are_merged() {
    let job = Job::on(Personality::GitHub);
    job.upload("cov-3.12", "cov-data", &job.data(&TRUE));
    fs::write(job.workspace().join("own"), job.data(&FALSE)).expect("written");
    let ended = job.run(&["own", "--artifacts", "cov-3.12", "--expect", "none", "--fail-under", "100"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn recorded_paths_of_other_checkouts_are_found_even_when_paths_are_relative() {
    let job = Job::on(Personality::GitHub).both_legs();
    job.file(".coveragerc", "[run]\nrelative_files = true\n");
    // The same file elsewhere would be another candidate for a search.
    job.file("vendor/pkg/m.py", SOURCE);
    let ended = job.run(&["--fail-under", "100"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("\npkg/m.py "), "{ended:?}");
}

#[test]
fn a_forge_that_takes_no_posts_costs_no_verdict() {
    let mut job = Job::on(Personality::Forgejo15).both_legs();
    job.env.insert("GITHUB_API_URL".to_owned(), "http://127.0.0.1:1/api/v1".to_owned());
    let ended = job.run(&["--fail-under", "97"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("nothing is posted"), "{ended:?}");
    assert_eq!(ended.output("verdict"), Some("passed"));
    assert_eq!(job.run(&["--require-posting"]).code, 4);
}

#[test]
fn the_second_stage_comments_where_the_first_may_not() {
    for personality in [Personality::GitHub, Personality::Gitea125, Personality::Gitea127] {
        let job = Job::second_stage(personality, "pull_request");
        job.upload_before("cov", &job.data(&TRUE));
        let ended = job.run(&["--run-id", "99", "--fail-under", "97", "--expect", "none"]);
        assert_eq!(ended.code, 1, "{personality:?} {ended:?}");
        assert!(job.comments()[0].contains("below the 97 % gate"), "{personality:?} {:?}", job.comments());
        assert_eq!(job.status().expect("a status of the head").0, "failure");
    }
}

#[test]
fn the_second_stage_knows_what_the_first_should_have_left() {
    for (personality, event) in [
        (Personality::GitHub, "push"),
        (Personality::GitHub, "pull_request"),
        (Personality::Gitea125, "push"),
        (Personality::Gitea127, "pull_request"),
    ] {
        let job = Job::second_stage(personality, event);
        // The base has the same workflow, so that a merge of both has it, too.
        job.sim.world(|world| {
            world.contents.insert(("main".to_owned(), ".github/workflows/ci.yml".to_owned()), WORKFLOW.to_owned())
        });
        job.upload_before("cov-3.12", &job.data(&TRUE));
        job.upload_before("discovery", b"not asked for");
        let ended = job.run(&["--run-id", "99", "--verbose"]);
        assert_eq!(ended.code, 3, "{personality:?} {event} {ended:?}");
        assert!(ended.stderr.contains("not judged: 1 of 2 data files arrived"), "{personality:?} {event} {ended:?}");
        assert!(ended.stderr.contains("the artifact `cov-3.13` of `tests` (python: 3.13) did not arrive"), "{ended:?}");
        job.upload_before("cov-3.13", &job.data(&FALSE));
        let ended = job.run(&["--run-id", "99", "--fail-under", "97", "--verbose"]);
        assert_eq!(ended.code, 0, "{personality:?} {event} {ended:?}");
        assert!(ended.summary.contains("2 of 2 data files"), "{personality:?} {event} {ended:?}");
        assert!(!ended.stderr.contains("discovery"), "{personality:?} {event} {ended:?}");
        assert!(ended.summary.contains("gh run download 99 ") == (personality == Personality::GitHub), "{ended:?}");
    }
}

#[test]
fn without_its_name_the_running_workflow_is_found_by_name_and_job_if_only_one_fits() {
    let expected = "not judged: 1 of 2 data files arrived";
    let unknown = "which data should have come is not known";
    let other = WORKFLOW.replace("  coverage:\n", "  report:\n");
    let unnamed = WORKFLOW.replace("name: tests\n", "");
    let cases: [Case<'_>; 8] = [
        ("tests", vec![], expected),
        // Another of that name has no such job, and one with such a job has another name.
        ("tests", vec![("other.yml", &other), ("lint.yml", &unnamed)], expected),
        ("tests", vec![("twin.yaml", WORKFLOW)], "several workflows are called `tests` and have a job `coverage`"),
        // The server may tell the name of the file in place of the workflow's.
        ("ci.yml", vec![("twin.yaml", WORKFLOW)], expected),
        // Nor need a workflow have a name.
        ("", vec![("ci.yml", &unnamed), ("twin.yaml", WORKFLOW)], expected),
        ("", vec![("ci.yml", &unnamed), ("twin.yaml", &unnamed)], "several workflows are called `` and have"),
        ("release", vec![], "no workflow `release` with a job `coverage` is in the workspace"),
        ("tests", vec![("ci.yml", &other)], "no workflow `tests` with a job `coverage` is in the workspace"),
    ];
    for (name, files, words) in cases {
        let mut job = Job::on(Personality::Gitea125).one_leg();
        assert!(!job.env.contains_key("GITHUB_WORKFLOW_REF"), "this runner does not set it");
        job.env.insert("GITHUB_WORKFLOW".to_owned(), name.to_owned());
        for (file, text) in files {
            job.file(&format!(".gitea/workflows/{file}"), text);
        }
        let ended = job.run(&["--verbose"]);
        assert_eq!(ended.code, if words == expected { 3 } else { 0 }, "{name} {words} {ended:?}");
        assert!(ended.stderr.contains(words), "{name} {words} {ended:?}");
        assert_eq!(ended.stderr.contains(unknown), words != expected, "{name} {words} {ended:?}");
    }
}

#[test]
fn what_another_run_should_have_left_is_only_said_when_its_workflow_is_known() {
    type Change = fn(&mut Job);
    let cases: [(&str, Change, &str); 7] = [
        ("push", |job| job.file(".git/HEAD", &"a".repeat(40)), "check out `github.event.workflow_run.head_sha`"),
        ("push", |job| job.file(".git/HEAD", "ref: refs/heads/main"), "whether the checkout is"),
        ("pull_request_target", |_| (), "on `pull_request_target` the workflow that ran need not be that of"),
        ("pull_request", |_| (), "the pull request and its base differ in `.github/workflows/ci.yml`"),
        (
            "pull_request",
            |job| {
                let path = ".github/workflows/ci.yml".to_owned();
                job.sim.world(|world| world.contents.insert(("main".to_owned(), path), format!("{WORKFLOW}# newer\n")));
            },
            "the pull request and its base differ in `.github/workflows/ci.yml`",
        ),
        (
            "pull_request",
            |job| job.sim.world(|world| world.pull_mut(7).open = false),
            "the pull request of the other run is not open",
        ),
        (
            "push",
            |job| {
                let path = PathBuf::from(&job.env["GITHUB_EVENT_PATH"]);
                let event = fs::read_to_string(&path).expect("a payload").replace("ci.yml", "../ci.yml");
                fs::write(path, event).expect("written");
            },
            "`.github/workflows/../ci.yml` is no workflow's path",
        ),
    ];
    for (event, change, words) in cases {
        let mut job = Job::second_stage(Personality::GitHub, event);
        change(&mut job);
        // One leg of two: a number, and no claim that nothing is missing.
        job.upload_before("cov-3.12", &job.data(&TRUE));
        let ended = job.run(&["--run-id", "99", "--verbose"]);
        assert_eq!(ended.code, 0, "{words} {ended:?}");
        assert!(ended.stderr.contains("which data should have come is not known"), "{words} {ended:?}");
        assert!(ended.stderr.contains(words), "{words} {ended:?}");
        assert!(!ended.summary.contains(" of 2 "), "{words} {ended:?}");
        let ended = job.run(&["--run-id", "99", "--expect", "2"]);
        assert_eq!(ended.code, 3, "a number is held against it all the same: {words} {ended:?}");
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the time, for who measures")]
fn fifty_artifacts_are_one_report() {
    let job = Job::on(Personality::GitHub);
    for leg in 0..50 {
        let own = if leg % 2 == 0 { TRUE } else { FALSE };
        job.upload(&format!("cov-{leg}"), "cov-data", &job.data(&own));
    }
    let began = std::time::Instant::now();
    let ended = job.run(&["--artifacts", "cov-*", "--expect", "50", "--fail-under", "97", "--comment", "always"]);
    println!("collect, combine, report and post 50 artifacts: {:?}", began.elapsed());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.summary.contains("50 of 50 data files"), "{ended:?}");
    assert_eq!(job.sim.requests_to(Route::BlobGet).len(), 50);
}

#[test]
fn hostile_names_stay_names() {
    let job = Job::on(Personality::GitHub);
    let data = job.data(&TRUE);
    let name = "cov-`<img src=x onerror=alert(1)> @everyone";
    job.sim.add(NewArtifact::zip(name, &[("\u{1b}[31m::set-output name=x::y", data.as_slice())]));
    job.upload("cov-bad", "\u{1b}[31m::error::y", b"SQLite format 3\0and then nothing");
    let ended = job.run(&["--expect", "none", "--artifacts", "cov-*", "--comment", "always", "--verbose"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("::")), "{text}");
    }
    for text in job.comments().iter().chain([&ended.summary]) {
        assert!(!text.contains('\u{1b}'), "{text}");
        // What the name opens, a longer fence holds.
        assert!(!text.contains("cov-`<img") || text.contains("``cov-`<img"), "{text}");
    }
}
