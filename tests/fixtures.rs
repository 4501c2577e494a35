//! Every workflow in `workflows-fixtures/`, linted by the real binary.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test fixtures` writes the `.out` files anew. What must never change, such as the
//! silence on the traps, is asserted apart from the snapshots, so that no update can wave it through.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;
use serde_json::Value;

/// The one rule that speaks up on each workflow of the experiment.
const EXPERIMENT: [(&str, &str); 11] = [
    ("01-missing-needs", "coverage-needs"),
    ("02-name-mismatch", "artifact-unmatched"),
    ("03-pattern-mismatch", "artifact-unmatched"),
    ("04-hidden-files", "hidden-files"),
    ("05-matrix-name-collision", "matrix-collision"),
    ("06-no-merge-multiple", "layout-mismatch"),
    ("07-path-mismatch", "layout-mismatch"),
    ("08-name-and-pattern", "dead-input"),
    ("09-tests-twice", "tests-twice"),
    ("10-mixed-versions", "version-mix"),
    ("11-unknown-job", "workflow-syntax"),
];

/// Directories that hold a whole project instead of single workflows.
const PROJECTS: [&str; 3] = ["before", "after", "first-proposal"];
const PROJECT_WORKFLOW: &str = ".forgejo/workflows/ci.yml";

/// Whole projects below `projects/`, each with one workflow that is linted: the folder and the workflow.
fn projects() -> Vec<(String, &'static str)> {
    let folder = root().join("projects");
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned())
        .map(|name| {
            let known = [".github/workflows/ci.yml", ".forgejo/workflows/ci.yml", ".gitea/workflows/ci.yml"];
            let workflow = known.into_iter().find(|workflow| folder.join(&name).join(workflow).exists());
            let workflow = workflow.unwrap_or_else(|| panic!("{name} has no workflow `ci.yml`"));
            (format!("projects/{name}"), workflow)
        })
        .collect();
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures")
}

/// Runs the binary in `directory`, cut off from the environment of whoever runs the tests.
fn lint(directory: &Path, arguments: &[&str]) -> Output {
    // The rules about time are off unless selected, and every workflow that is about another thing would break some.
    let select: &[&str] = if arguments.iter().any(|a| a.starts_with("time/")) { &["--select", "time"] } else { &[] };
    Command::new(env!("CARGO_BIN_EXE_ci-lint"))
        .arg("check")
        .args(select)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .expect("the binary starts")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The workflows below `directory`, as paths relative to the fixtures, in order of name.
fn workflows(directory: &str) -> Vec<String> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "yml") && !path.ends_with(".ci-lint.yml") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(directory), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .filter_map(|path| path.strip_prefix(&root).ok())
        .map(|path| path.to_string_lossy().replace('\\', "/"))
        .collect();
    assert!(!names.is_empty(), "no workflow below {directory}");
    names.sort();
    names
}

/// The findings of a run with `--format json`.
fn findings(directory: &Path, workflow: &str) -> Vec<Value> {
    let output = lint(directory, &["--format", "json", workflow]);
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{workflow}: {error} in\n{text}\n{}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{workflow}: no `findings` in\n{text}"));
    findings.clone()
}

fn rule(finding: &Value) -> &str {
    finding["rule"].as_str().unwrap_or_else(|| panic!("no `rule` in {finding}"))
}

/// The line a finding's primary place begins on.
fn line(finding: &Value) -> usize {
    finding
        .pointer("/primary/start/line")
        .and_then(Value::as_u64)
        .and_then(|line| usize::try_from(line).ok())
        .unwrap_or_else(|| panic!("no line in {finding}"))
}

/// The number of the first line after the line that is `after` which begins with `start`, both without indentation.
fn marker(text: &str, after: &str, start: &str) -> usize {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.find(|(_, line)| *line == after).unwrap_or_else(|| panic!("no line `{after}`"));
    lines.find(|(_, line)| line.starts_with(start)).unwrap_or_else(|| panic!("no line `{start}` after `{after}`")).0
}

#[test]
fn the_output_is_as_recorded() {
    let elapsed = Regex::new(r"\d+\.\d+ m?s\b").expect("a valid pattern");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let root = root();
    let mut differences = String::new();
    let mut check = |directory: &Path, workflow: &str, snapshot: &Path| {
        let output = lint(directory, &["--color", "never", workflow]);
        let mut actual = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        if !output.stderr.is_empty() {
            let _ = write!(actual, "--- stderr\n{}", String::from_utf8_lossy(&output.stderr).replace("\r\n", "\n"));
        }
        let actual = elapsed.replace_all(&actual, "N ms");
        let code = output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
        let actual = format!("{actual}exit: {code}\n");
        if update {
            fs::write(snapshot, actual).unwrap_or_else(|error| panic!("{}: {error}", snapshot.display()));
            return;
        }
        match fs::read_to_string(snapshot) {
            Ok(expected) if expected == actual => {}
            Ok(expected) => {
                let _ = write!(differences, "\n=== {}: recorded\n{expected}=== now\n{actual}", snapshot.display());
            }
            Err(error) => {
                let _ = write!(differences, "\n=== {}: {error}; now\n{actual}", snapshot.display());
            }
        }
    };
    for project in PROJECTS {
        check(&root.join(project), PROJECT_WORKFLOW, &root.join(project).join("expected.out"));
    }
    for (project, workflow) in projects() {
        check(&root.join(&project), workflow, &root.join(&project).join("expected.out"));
    }
    for directory in ["experiment", "defects", "fixed", "traps", "time", "suppression", "bad-input"] {
        for workflow in workflows(directory) {
            check(&root, &workflow, &root.join(&workflow).with_extension("out"));
        }
    }
    assert!(differences.is_empty(), "{differences}\nUPDATE_SNAPSHOTS=1 writes what is right now");
}

#[test]
fn no_recorded_output_is_left_over() {
    fn walk(directory: &Path) {
        for entry in fs::read_dir(directory).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                walk(&path);
            } else if path.extension().is_some_and(|e| e == "out") && !path.ends_with("expected.out") {
                assert!(path.with_extension("yml").exists(), "{} has no workflow", path.display());
            }
        }
    }
    walk(&root());
}

#[test]
fn nothing_is_said_about_a_correct_workflow() {
    let root = root();
    let mut loud = String::new();
    let mut check = |directory: &Path, workflow: &str| {
        let found = findings(directory, workflow);
        let code = lint(directory, &[workflow]).status.code();
        if !found.is_empty() || code != Some(0) {
            let rules: Vec<_> = found.iter().map(rule).collect();
            let _ = writeln!(loud, "{workflow}: {rules:?}, exit code {code:?}");
        }
    };
    check(&root.join("after"), PROJECT_WORKFLOW);
    // From where a user of this repository stands, too.
    check(Path::new(env!("CARGO_MANIFEST_DIR")), "workflows-fixtures/after/.forgejo/workflows/ci.yml");
    check(&root, "experiment/12-correct.yml");
    let traps = workflows("traps");
    assert!(traps.len() >= 35, "only {} traps", traps.len());
    for trap in traps.iter().chain(&workflows("time/traps")).chain(&workflows("fixed")) {
        check(&root, trap);
    }
    for (project, workflow) in projects().iter().filter(|(project, _)| project.contains("/trap--")) {
        check(&root.join(project), workflow);
    }
    assert!(loud.is_empty(), "false alarms:\n{loud}");
}

/// What a rule finds, and what silences it.
#[test]
fn each_rule_is_shown_broken_and_repaired() {
    let stem = |path: &String| Path::new(path).file_stem().expect("a file").to_string_lossy().into_owned();
    let stems =
        |folders: &[&str]| folders.iter().flat_map(|folder| workflows(folder)).map(|p| stem(&p)).collect::<Vec<_>>();
    let (broken, repaired, time) = (stems(&["defects", "time/defects"]), stems(&["fixed"]), stems(&["time/traps"]));
    // These two need a configuration or another finding: tests/contract.rs, workflows-fixtures/suppression.
    for rule in ci_lint::rules::all().iter().filter(|rule| !["contract", "unused-suppression"].contains(&rule.id)) {
        assert!(broken.iter().any(|stem| stem.starts_with(&format!("{}--", rule.id))), "{} has no defect", rule.id);
        let shown = repaired.iter().any(|stem| stem == rule.id)
            || time.iter().any(|stem| stem.starts_with(&format!("{}-", rule.id)));
        assert!(shown, "{} is not shown repaired", rule.id);
    }
}

#[test]
fn the_experiment_shows_one_defect_each() {
    let mut wrong = String::new();
    for (name, expected) in EXPERIMENT {
        let found = findings(&root(), &format!("experiment/{name}.yml"));
        let rules: Vec<_> = found.iter().map(rule).collect();
        if rules != [expected] {
            let _ = writeln!(wrong, "{name}: expected {expected}, found {rules:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(workflows("experiment").len(), EXPERIMENT.len() + 1, "a workflow of the experiment is not in the table");
}

#[test]
fn each_defect_is_found_by_its_rule_alone() {
    let mut wrong = String::new();
    for workflow in workflows("defects").into_iter().chain(workflows("time/defects")) {
        let name = workflow.rsplit('/').next().unwrap_or_default();
        let (expected, _) =
            name.split_once("--").unwrap_or_else(|| panic!("{name} does not begin with a rule and `--`"));
        let found = findings(&root(), &workflow);
        let rules: BTreeSet<_> = found.iter().map(rule).collect();
        if rules != BTreeSet::from([expected]) {
            let _ = writeln!(wrong, "{workflow}: found {rules:?}");
        }
    }
    for (project, workflow) in projects() {
        let name = project.trim_start_matches("projects/");
        let (expected, _) =
            name.split_once("--").unwrap_or_else(|| panic!("{name} does not begin with a rule and `--`"));
        let found = findings(&root().join(&project), workflow);
        let rules: BTreeSet<_> = found.iter().map(rule).collect();
        if expected != "trap" && rules != BTreeSet::from([expected]) {
            let _ = writeln!(wrong, "{project}: found {rules:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_project_before_its_repair_shows_four_defects_in_their_places() {
    let text = read(&root().join("before").join(PROJECT_WORKFLOW));
    let tests = "unit_tests:";
    let coverage = "coverage:";
    let suite_again = "run: uv run nox -s coverage_report";
    // Where a thing is missing, the place is the job that lacks it or the step that would have needed it.
    let expected = [
        ("coverage-download", vec![marker(&text, "e2e_tests:", coverage), marker(&text, coverage, suite_again)]),
        ("coverage-needs", vec![marker(&text, coverage, "needs: [lint, typecheck]")]),
        (
            "coverage-upload",
            vec![marker(&text, "quality:", tests), marker(&text, tests, "run: uv run nox -s unit_tests")],
        ),
        ("tests-twice", vec![marker(&text, coverage, suite_again)]),
    ];
    let mut found = findings(&root().join("before"), PROJECT_WORKFLOW);
    found.sort_by(|a, b| rule(a).cmp(rule(b)));
    let rules: Vec<_> = found.iter().map(rule).collect();
    assert_eq!(rules, expected.iter().map(|(rule, _)| *rule).collect::<Vec<_>>());
    for (finding, (rule, lines)) in found.iter().zip(&expected) {
        let line = line(finding);
        assert!(lines.contains(&line), "{rule} points at line {line}, not at one of {lines:?}");
    }
    assert_eq!(lint(&root().join("before"), &[PROJECT_WORKFLOW]).status.code(), Some(1));
}

#[test]
fn the_first_proposal_uploads_nothing() {
    let text = read(&root().join("first-proposal").join(PROJECT_WORKFLOW));
    let upload = "- name: Share the coverage data";
    let found = findings(&root().join("first-proposal"), PROJECT_WORKFLOW);
    let rules: Vec<_> = found.iter().map(rule).collect();
    assert_eq!(rules, ["hidden-files"]);
    let lines = [marker(&text, upload, "uses: actions/upload-artifact@v3"), marker(&text, upload, "path: .coverage")];
    assert!(lines.contains(&line(&found[0])), "line {} is not one of {lines:?}", line(&found[0]));
    assert_eq!(lint(&root().join("first-proposal"), &[PROJECT_WORKFLOW]).status.code(), Some(1));
}

#[test]
fn a_comment_silences_a_finding_and_is_reported_when_it_does_not() {
    assert_eq!(findings(&root(), "suppression/used.yml"), Vec::<Value>::new());
    assert_eq!(lint(&root(), &["suppression/used.yml"]).status.code(), Some(0));
    let found = findings(&root(), "suppression/unused.yml");
    assert_eq!(found.len(), 1, "{found:?}");
    let text = read(&root().join("suppression/unused.yml"));
    assert_eq!(line(&found[0]), marker(&text, "name: coverage-data", "path: .coverage"));
}

#[test]
fn the_readme_repeats_the_first_line_of_every_fixture() {
    let readme = read(&root().join("README.md"));
    let mut missing = String::new();
    let mut known = 0;
    for directory in
        PROJECTS.iter().chain(&["experiment", "defects", "fixed", "traps", "time", "suppression", "bad-input"])
    {
        for workflow in workflows(directory) {
            known += 1;
            let bytes = fs::read(root().join(&workflow)).expect("a readable fixture");
            let text = String::from_utf8_lossy(&bytes);
            let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
            let entry = match first.strip_prefix("# ") {
                Some(says) => format!("- `{workflow}`: {says}\n"),
                // Nothing can be said in an empty file.
                None if text.is_empty() => format!("- `{workflow}`: "),
                None => format!("(a first line `# …` in {workflow})"),
            };
            if !readme.contains(&entry) {
                let _ = writeln!(missing, "{}", entry.trim_end());
            }
        }
    }
    for (project, workflow) in projects() {
        known += 1;
        let text = read(&root().join(&project).join(workflow));
        let says = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let entry = format!("- `{project}`: {}\n", says.unwrap_or("(a first line `# …` in its workflow)"));
        if !readme.contains(&entry) {
            let _ = writeln!(missing, "{}", entry.trim_end());
        }
    }
    assert!(missing.is_empty(), "workflows-fixtures/README.md lacks\n{missing}");
    assert_eq!(
        readme.lines().filter(|line| line.starts_with("- `")).count(),
        known,
        "the README lists what is not there"
    );
}
