//! The contract of `workflows-fixtures/after`, broken promise by promise: the real binary reports each.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const WORKFLOW: &str = ".forgejo/workflows/ci.yml";
const CONFIG: &str = ".ci-lint.yml";

/// A promise, what is replaced once in the workflow, and what it is replaced with.
const BREACHES: [(&str, &str, &str); 14] = [
    ("a concurrency group", "concurrency:\n  group: ci-${{ github.ref }}\n  cancel-in-progress: true\n", ""),
    ("a timeout for every job", "    timeout-minutes: 20\n", ""),
    ("a timeout that is not too long", "timeout-minutes: 45", "timeout-minutes: 90"),
    ("the tests are run", "uv run nox -s unit_tests -- --coverage", "make features"),
    (
        "an upload",
        "https://code.forgejo.org/forgejo/upload-artifact@v4\n        with:\n          name: coverage-data",
        "https://example.org/team/keep-files@v4\n        with:\n          name: coverage-data",
    ),
    ("the artifact's name", "name: coverage-data\n          path", "name: coverage-all\n          path"),
    ("the uploaded path", "path: .coverage\n", "path: build/.coverage\n"),
    ("hidden files", "          include-hidden-files: true\n", ""),
    (
        "missing data is an error",
        "          if-no-files-found: error\n          retention-days: 1\n",
        "          retention-days: 1\n",
    ),
    ("the retention", "retention-days: 1\n", "retention-days: 5\n"),
    ("the coverage job's needs", "needs: [lint, typecheck, unit_tests]", "needs: [lint, unit_tests]"),
    (
        "the download",
        "        with:\n          name: coverage-data\n      - name: Judge",
        "        with:\n          name: wheel\n      - name: Judge",
    ),
    ("the threshold", "--fail-under=97", "--fail-under=80"),
    (
        "no test in the coverage job",
        "run: uv run coverage xml",
        "run: uv run coverage run -m behave features && uv run coverage xml",
    ),
];

fn project() -> TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures/after");
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(directory.path().join(".forgejo/workflows")).expect("a new directory");
    for file in [WORKFLOW, CONFIG, "noxfile.py"] {
        fs::copy(fixture.join(file), directory.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    directory
}

fn lint(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ci-lint"))
        .arg("lint")
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .expect("the binary starts")
}

fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn rewrite(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a readable file");
    assert!(text.contains(from), "nothing to replace: {from:?}");
    fs::write(path, text.replacen(from, to, 1)).expect("a writable file");
}

/// The findings of the rule `contract`.
fn violations(directory: &Path) -> Vec<Value> {
    let output = lint(directory, &["--format", "json"]);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", all(&output)));
    let findings = report["findings"].as_array().expect("`findings`");
    findings.iter().filter(|finding| finding["rule"] == "contract").cloned().collect()
}

#[test]
fn every_promise_is_kept_watch_over() {
    for (promise, from, to) in BREACHES {
        let project = project();
        rewrite(&project.path().join(WORKFLOW), from, to);
        let found = violations(project.path());
        assert!(!found.is_empty(), "{promise}: the breach was not noticed");
        for finding in &found {
            let files: Vec<_> =
                finding["related"].as_array().into_iter().flatten().map(|label| &label["file"]).collect();
            assert!(
                files.iter().any(|file| file.as_str().is_some_and(|file| file.ends_with(CONFIG))),
                "{promise}: no place in the contract: {finding}"
            );
            assert!(
                finding["file"].as_str().is_some_and(|file| file.ends_with("ci.yml")),
                "{promise}: no place in the workflow: {finding}"
            );
        }
        assert_eq!(lint(project.path(), &[]).status.code(), Some(1), "{promise}");
    }
}

#[test]
fn a_mistake_in_the_contract_is_an_error_with_a_suggestion() {
    for (from, to, words) in [
        ("needs: [lint", "need: [lint", "needs"),
        ("contract:\n", "contrakt:\n", "contract"),
        ("\"<= 15\"", "\"<= fifteen\"", "fifteen"),
        ("/coverage combine/", "/coverage (combine/", "coverage (combine"),
    ] {
        let project = project();
        rewrite(&project.path().join(CONFIG), from, to);
        let output = lint(project.path(), &[]);
        let text = all(&output);
        assert_eq!(output.status.code(), Some(2), "{to}: {text}");
        assert!(text.contains(CONFIG) && text.contains(words), "{to}: {text}");
    }
}

#[test]
fn init_writes_a_contract_that_holds_and_keeps_watch() {
    let project = project();
    let config = project.path().join(CONFIG);
    fs::remove_file(&config).expect("a file to remove");
    let output = lint(project.path(), &["--init"]);
    assert_eq!(output.status.code(), Some(0), "{}", all(&output));
    assert!(config.exists(), "{}", all(&output));
    let output = lint(project.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", all(&output));
    // What the rules find by themselves is not counted: the contract alone must notice.
    for (promise, from, to) in BREACHES {
        // That the tests are run, and how long a job may take, is for people to write down.
        if ["the tests are run", "a timeout that is not too long", "the threshold"].contains(&promise) {
            continue;
        }
        let workflow = project.path().join(WORKFLOW);
        let before = fs::read(&workflow).expect("a readable file");
        rewrite(&workflow, from, to);
        assert!(!violations(project.path()).is_empty(), "{promise}: the breach was not noticed");
        fs::write(&workflow, before).expect("a writable file");
    }
}

#[test]
fn init_does_not_overwrite() {
    let project = project();
    let config = project.path().join(CONFIG);
    let before = fs::read(&config).expect("a readable file");
    let output = lint(project.path(), &["--init"]);
    assert_eq!(output.status.code(), Some(2), "{}", all(&output));
    assert_eq!(fs::read(&config).expect("a readable file"), before);
}

#[test]
fn the_recipes_show_what_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let blocks = |text: &str| {
        text.split("```yaml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let contract = read("workflows-fixtures/after/.ci-lint.yml");
    assert_eq!(blocks(&read("docs/recipes/retire-a-workflow-feature.md")), [contract]);
    let workflow = read("workflows-fixtures/after/.forgejo/workflows/ci.yml");
    let shown = blocks(&read("docs/recipes/forgejo-coverage-share.md"));
    assert!(shown.len() >= 5);
    for block in shown {
        assert!(workflow.contains(&block), "not in the workflow:\n{block}");
    }
}
