//! The command line, run as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A flow with one error (`coverage-needs`) and one warning (`tests-twice`).
const BROKEN: &str = "on: push
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: coverage run -m pytest tests
      - uses: actions/upload-artifact@v4
        with: {name: data, path: .coverage, include-hidden-files: true}
  coverage:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: {name: data}
      - run: coverage run -m pytest tests
      - run: coverage report
";

const CLEAN: &str = "on: push
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
";

/// A project in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(project.path().join(".git")).expect("a folder");
        project
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-lint"));
        command.current_dir(self.path()).args(arguments);
        for name in ["FORGEJO_ACTIONS", "GITEA_ACTIONS", "GITHUB_ACTIONS", "NO_COLOR", "COLUMNS"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["check", "--format", "json"], arguments].concat());
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn rules(&self, arguments: &[&str]) -> Vec<String> {
        let report = self.json(arguments);
        let findings = report["findings"].as_array().expect("findings");
        findings.iter().map(|f| f["rule"].as_str().expect("a rule").to_owned()).collect()
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn check_is_lint() {
    let project = Project::new().with("ci.yml", BROKEN);
    let strip =
        |output: &Output| stdout(output).lines().filter(|l| !l.starts_with("Found")).collect::<Vec<_>>().join("\n");
    let (lint, check) = (project.run(&["lint", "ci.yml"]), project.run(&["check", "ci.yml"]));
    assert_eq!((code(&lint), strip(&lint)), (1, strip(&check)));
    assert_eq!(project.rules(&["ci.yml"]), ["coverage-needs", "tests-twice"]);
}

#[test]
fn the_first_existing_folder_is_read_as_forgejo_does() {
    let project = Project::new().with(".gitea/workflows/a.yml", BROKEN).with(".github/workflows/b.yml", CLEAN);
    let output = project.run(&["check", "--verbose"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("reading .gitea/workflows"), "{}", stderr(&output));
    assert!(stderr(&output).contains("not reading .github/workflows"), "{}", stderr(&output));
    let github = project.json(&["--forge", "github"]);
    assert_eq!((github["findings"].as_array().map(Vec::len), github["summary"]["files"].as_u64()), (Some(0), Some(1)));
    let server = project.json(&["--forge", "ghes"]);
    assert_eq!(server["summary"]["files"].as_u64(), Some(1), "only .github/workflows, as on github.com");
    let project = project.with(".forgejo/workflows/c.yaml", CLEAN);
    assert_eq!(code(&project.run(&["check"])), 0);
    assert_eq!(code(&project.run(&["check", "--forge", "gitea"])), 1);
    // A folder given by name is searched in the same way, and a folder of workflows is read as it is.
    assert_eq!(code(&project.run(&["check", "."])), 0);
    assert_eq!(code(&project.run(&["check", ".gitea/workflows"])), 1);
}

#[test]
fn rules_are_chosen_by_name() {
    let project = Project::new().with("ci.yml", BROKEN);
    assert_eq!(project.rules(&["--select", "tests-twice", "ci.yml"]), ["tests-twice"]);
    assert_eq!(project.rules(&["--ignore", "tests-twice", "ci.yml"]), ["coverage-needs"]);
    assert_eq!(
        project.rules(&["--select", "tests-twice,coverage-needs", "--ignore", "tests-twice", "ci.yml"]),
        ["coverage-needs"]
    );
    let output = project.run(&["check", "--select", "test-twice", "ci.yml"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `tests-twice`?"), "{}", stderr(&output));
}

#[test]
fn rules_are_chosen_by_group() {
    let project = Project::new().with("ci.yml", BROKEN);
    let default = ["coverage-needs", "tests-twice"];
    assert_eq!(project.rules(&["ci.yml"]), default, "the rules about time are off");
    assert!(project.rules(&["--select", "time", "ci.yml"]).contains(&"job-timeout".to_owned()));
    assert_eq!(project.rules(&["--select", "flow", "ci.yml"]), default);
    assert_eq!(project.rules(&["--select", "all", "--ignore", "time", "ci.yml"]), default);
    let timed = project.rules(&["--extend-select", "job-timeout", "ci.yml"]);
    assert_eq!(timed.iter().filter(|rule| *rule == "job-timeout").count(), 2);
    assert!(default.iter().all(|rule| timed.contains(&(*rule).to_owned())), "{timed:?}");
    let output = project.run(&["check", "--extend-select", "tiem", "ci.yml"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("unknown rule or group `tiem`: did you mean `time`?"), "{}", stderr(&output));
    let list = stdout(&project.run(&["lint", "--list-rules"]));
    assert!(list.lines().any(|line| line.starts_with("job-timeout") && line.contains("time (off)")), "{list}");

    let project = project.with(".ci-lint.yml", "extend-select: [time]\nignore: [flow]\n");
    let rules = project.rules(&["ci.yml"]);
    assert!(rules.contains(&"job-timeout".to_owned()) && !rules.contains(&"tests-twice".to_owned()), "{rules:?}");
    let project = project.with(".ci-lint.yml", "severity: {time: off}\n");
    let output = project.run(&["check", "ci.yml"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("there is no rule `time`"), "{}", stdout(&output));
}

#[test]
fn what_another_forge_knows_is_refused_where_the_forge_is_named() {
    let text = "on: push\nenable-email-notifications: true\njobs:\n  a:\n    runs-on: x\n    if: forgejo.ref == 'refs/heads/main'\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - run: echo ${{ forge.sha }} ${{ gitea.ref }} ${{ github.ref }}\n";
    let project = Project::new().with(".github/workflows/ci.yml", text);
    let file = ".github/workflows/ci.yml";
    assert_eq!(project.rules(&[file]), Vec::<String>::new(), "Forgejo may read this folder too");
    assert_eq!(project.rules(&["--forge", "forgejo", file]), Vec::<String>::new());
    for (forge, findings) in [("github", 5), ("ghes", 5), ("gitea", 2)] {
        assert_eq!(project.rules(&["--forge", forge, file]), vec!["workflow-syntax"; findings], "{forge}");
    }
    let project = project.with(".ci-lint.yml", "forge: ghes\n");
    assert_eq!(project.rules(&[file]).len(), 5);
}

#[test]
fn a_comment_for_a_rule_that_did_not_run_is_no_complaint() {
    let text = "on: workflow_dispatch\njobs:\n  a: # ci-lint: ignore[job-timeout] may take its time\n    runs-on: x\n    steps: [{run: make}]\n";
    let project = Project::new().with("ci.yml", text);
    assert_eq!(project.rules(&["ci.yml"]), Vec::<String>::new());
    assert_eq!(project.rules(&["--select", "all", "ci.yml"]), Vec::<String>::new());
    let project = project.with("ci.yml", &text.replace("runs-on: x", "runs-on: x\n    timeout-minutes: 5"));
    assert_eq!(project.rules(&["ci.yml"]), Vec::<String>::new());
    assert_eq!(project.rules(&["--extend-select", "time", "ci.yml"]), ["unused-suppression"]);
}

#[test]
fn the_exit_code_follows_fail_on() {
    let project = Project::new().with("ci.yml", BROKEN);
    let only_warning = ["check", "--select", "tests-twice", "ci.yml"];
    assert_eq!(code(&project.run(&only_warning)), 1);
    assert_eq!(code(&project.run(&[&only_warning[..], &["--fail-on", "error"]].concat())), 0);
    assert_eq!(code(&project.run(&[&only_warning[..], &["--fail-on", "info"]].concat())), 1);
    assert_eq!(code(&project.run(&["check", "--exit-zero", "ci.yml"])), 0);
    let project = project.with(".ci-lint.yml", "fail-on: error\n");
    assert_eq!(code(&project.run(&only_warning)), 0);
    assert_eq!(code(&project.run(&[&only_warning[..], &["--fail-on", "warning"]].concat())), 1);
}

#[test]
fn the_configuration_selects_excludes_and_sets_severities() {
    let project = Project::new().with(".github/workflows/ci.yml", BROKEN).with(".github/workflows/old/x.yml", BROKEN);
    let project = project.with(".ci-lint.yml", "ignore: [coverage-needs]\nseverity: {tests-twice: error}\n");
    let report = project.json(&[]);
    assert_eq!(report["findings"][0]["rule"], "tests-twice");
    assert_eq!(report["findings"][0]["severity"], "error");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
    let project = project.with(".ci-lint.yml", "exclude: ['.github/workflows/ci.yml']\n");
    let path = ".github/workflows/ci.yml";
    assert_eq!(project.json(&[])["summary"]["files"], 0);
    assert_eq!(project.json(&[path])["summary"]["files"], 1, "a file that is named is linted");
    assert_eq!(project.json(&["--force-exclude", path])["summary"]["files"], 0, "unless a hook asks otherwise");
    let project = project.with("other.yml", "severity: {tests-twice: off, coverage-needs: off}\n");
    assert_eq!(code(&project.run(&["check", "--config", "other.yml", path])), 0);
}

#[test]
fn the_nearest_configuration_up_to_the_repository_counts() {
    let project = Project::new().with("sub/.git/HEAD", "").with("sub/ci.yml", BROKEN).with("ci.yml", BROKEN);
    let project = project.with(".ci-lint.yml", "select: [tests-twice]\n");
    assert_eq!(project.rules(&["ci.yml"]), ["tests-twice"]);
    assert_eq!(project.rules(&["sub/ci.yml"]), ["coverage-needs", "tests-twice"], "another repository");
}

#[test]
fn a_broken_configuration_is_shown_with_all_its_errors_and_nothing_is_linted() {
    let project = Project::new().with("ci.yml", BROKEN);
    let project = project.with(".ci-lint.yml", "selct: [tests-twice]\nignore: [coverage-need]\nfail-on: never\n");
    let output = project.run(&["check", "ci.yml"]);
    assert_eq!(code(&output), 2);
    let text = stdout(&output);
    for words in ["did you mean `select`?", "did you mean `coverage-needs`?", ".ci-lint.yml:3:10"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("tests-twice]:"), "{text}");
}

#[test]
fn a_contract_is_checked_and_a_lost_workflow_noticed() {
    let contract = "contract:\n  .forgejo/workflows/ci.yml:\n    jobs:\n      coverage:\n        needs: [tests]\n        timeout-minutes: '<= 15'\n";
    let project = Project::new().with(".forgejo/workflows/ci.yml", BROKEN).with(".ci-lint.yml", contract);
    assert_eq!(project.rules(&["--select", "contract"]), ["contract", "contract"]);
    let finding = &project.json(&["--select", "contract"])["findings"][0];
    assert_eq!(finding["primary"]["file"], ".forgejo/workflows/ci.yml");
    assert_eq!(finding["related"][0]["file"], ".ci-lint.yml");
    fs::rename(project.path().join(".forgejo/workflows/ci.yml"), project.path().join(".forgejo/workflows/main.yml"))
        .expect("renamed");
    let output = project.run(&["check"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("is about no workflow"), "{}", stdout(&output));
}

#[test]
fn roles_can_be_pinned() {
    let text = "on: push
jobs:
  spec:
    runs-on: docker
    steps:
      - run: make everything
  judge:
    runs-on: docker
    steps:
      - run: make verdict
";
    let project = Project::new().with(".forgejo/workflows/ci.yml", text);
    assert_eq!(project.rules(&[]), Vec::<String>::new(), "nothing is known of these targets");
    let project = project.with(".ci-lint.yml", "coverage: {producers: spec, consumer: judge}\n");
    assert_eq!(project.rules(&[]), ["coverage-upload", "coverage-download", "coverage-needs"]);
}

#[test]
fn init_writes_a_contract_that_holds_and_never_overwrites() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures/after/.forgejo/workflows/ci.yml");
    let text = fs::read_to_string(fixture).expect("the fixture");
    let project = Project::new().with(".forgejo/workflows/ci.yml", &text);
    let output = project.run(&["lint", "--init"]);
    assert_eq!((code(&output), stdout(&output).contains("Wrote .ci-lint.yml")), (0, true), "{}", stdout(&output));
    assert_eq!(code(&project.run(&["check"])), 0);
    let written = fs::read_to_string(project.path().join(".ci-lint.yml")).expect("written");
    for part in [
        "needs:",
        "- unit_tests",
        "retention-days: 1",
        "timeout-minutes",
        "concurrency",
        "never:",
        "consumer: coverage",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    let broken = text.replace("needs: [lint, typecheck, unit_tests]", "needs: [lint, typecheck]");
    assert_ne!(broken, text);
    let project = project.with(".forgejo/workflows/ci.yml", &broken);
    assert!(project.rules(&[]).contains(&"contract".to_owned()));
    let again = project.run(&["lint", "--init"]);
    assert_eq!((code(&again), stdout(&again).contains("exists already")), (2, true));
    assert_eq!(fs::read_to_string(project.path().join(".ci-lint.yml")).expect("kept"), written);
    assert_eq!(fs::read_dir(project.path()).expect("listed").count(), 3, "no temporary file is left");
}

#[test]
fn init_without_workflows_writes_nothing() {
    let project = Project::new();
    assert_eq!(code(&project.run(&["lint", "--init"])), 2);
    assert!(!project.path().join(".ci-lint.yml").exists());
}

#[test]
fn the_forge_is_taken_from_option_configuration_path_and_environment() {
    let merge = "on: push\nx: &x {runs-on: docker}\njobs:\n  a:\n    <<: *x\n    steps: [{run: ls}]\n";
    let project = Project::new().with(".github/workflows/ci.yml", merge);
    assert_eq!(project.rules(&[]), ["workflow-syntax"], "GitHub knows no merge keys");
    assert_eq!(project.rules(&["--forge", "forgejo", ".github/workflows/ci.yml"]), Vec::<String>::new());
    let in_a_job = project.command(&["check"]).env("FORGEJO_ACTIONS", "true").env("GITEA_ACTIONS", "true").output();
    assert_eq!(code(&in_a_job.expect("the binary runs")), 0);
    let project = project.with(".ci-lint.yml", "forge: gitea\n");
    assert_eq!(project.rules(&[]), Vec::<String>::new());
}

#[test]
fn every_rule_explains_itself_and_the_reference_is_fresh() {
    let project = Project::new();
    let listed = project.run(&["lint", "--list-rules", "--format", "json"]);
    let rules: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let rules = rules["rules"].as_array().expect("rules");
    assert!(rules.len() >= 13);
    for rule in rules {
        for key in ["group", "severity", "confidence", "fix", "summary"] {
            assert!(rule[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {rule}");
        }
        assert_eq!(rule["default"], rule["group"] != "time", "{rule}");
        assert!(rule["forges"].as_array().is_some_and(|forges| !forges.is_empty()), "{rule}");
        let id = rule["id"].as_str().expect("an id");
        let page = stdout(&project.run(&["lint", "--explain", id]));
        assert!(page.starts_with(&format!("## {id}\n")), "{page}");
        assert!(page.contains("### Fix"), "{page}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let reference = stdout(&project.run(&["lint", "--explain", "all"]));
    let written = fs::read_to_string(path).expect("docs/rules.md").replace("\r\n", "\n");
    assert!(written == reference, "run `cargo run -- lint --explain all > docs/rules.md`");
}

#[test]
fn every_format_says_the_same() {
    let project = Project::new().with("ci.yml", BROKEN);
    let sarif: Value =
        serde_json::from_slice(&project.run(&["check", "--format", "sarif", "ci.yml"]).stdout).expect("SARIF");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(2));
    let github = stdout(&project.run(&["check", "--format", "github", "ci.yml"]));
    assert!(github.contains("::error file=ci.yml,line=9,"), "{github}");
    assert!(github.contains("::warning file=ci.yml,line=14,"), "{github}");
    let human = stdout(&project.run(&["check", "ci.yml"]));
    assert!(human.contains("Found 1 error and 1 warning in 1 file (2 jobs, "), "{human}");
}

#[test]
fn colour_and_quiet_are_obeyed() {
    let project = Project::new().with("ci.yml", BROKEN);
    let plain = stdout(&project.run(&["check", "ci.yml"]));
    assert!(!plain.contains('\u{1b}'), "no colour into a pipe");
    assert!(stdout(&project.run(&["check", "--color", "always", "ci.yml"])).contains('\u{1b}'));
    let quiet = stdout(&project.run(&["check", "--quiet", "ci.yml"]));
    assert!(!quiet.contains("Found") && quiet.contains("coverage-needs"), "{quiet}");
    let clean = project.with("ci.yml", CLEAN);
    assert_eq!(stdout(&clean.run(&["check", "--quiet", "ci.yml"])), "");
}

#[test]
fn the_project_configuration_of_coverage_is_respected() {
    let text = "on: push
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: coverage run -m pytest
      - uses: actions/upload-artifact@v4
        with: {name: data, path: build/.coverage, include-hidden-files: true}
";
    let project = Project::new().with(".github/workflows/ci.yml", text);
    assert_eq!(project.rules(&[]), ["artifact-unmatched"]);
    let project = project.with("pyproject.toml", "[tool.coverage.run]\ndata_file = \"build/.coverage\"\n");
    assert_eq!(project.rules(&[]), Vec::<String>::new());
}
