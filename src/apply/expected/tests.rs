use serde_json::json;

use super::*;

/// A workflow of jobs, given without the steps that all of them share.
fn found(text: &str) -> Found {
    Found { path: PathBuf::from("ci.yml"), text: text.to_owned(), project: Project::default(), pins: Pins::default() }
}

fn running(job: &str, forge: Dialect) -> Running {
    Running { job: job.to_owned(), workflow: "CI".to_owned(), workflow_ref: None, repository: "o/r".to_owned(), forge }
}

fn push() -> Run {
    facts(&[("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/main")], json!({"ref": "refs/heads/main"}))
}

fn facts(env: &[(&str, &str)], event: Json) -> Run {
    run_facts(&|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), Some(event))
}

fn auto(text: &str, run: &Run, selection: &[&str]) -> Expected {
    let selection: Vec<String> = selection.iter().map(|&name| name.to_owned()).collect();
    expected(&Expect::Auto, Ok(&found(text)), Some(Taker::Job(&running("coverage", Dialect::GitHub))), run, &selection)
}

/// `artifact` for what is certain, `artifact?` for what is not, in order.
fn words(expected: &Expected) -> Vec<String> {
    expected.artifacts.iter().map(|a| format!("{}{}", a.artifact, if a.certain { "" } else { "?" })).collect()
}

/// Jobs as given, and a coverage job behind them.
fn workflow(needs: &str, jobs: &str) -> String {
    format!(
        "name: CI\non: [push, pull_request]\njobs:\n{jobs}  coverage:\n    needs: {needs}\n    if: ${{{{ !cancelled() }}}}\n    runs-on: u\n    steps:\n      - uses: ./coverage-share-action\n"
    )
}

/// A job that measures and uploads. `job` are lines of the job, `measure` is added to the step that measures, `upload` to the
/// one that uploads.
fn tests_job(id: &str, job: &str, measure: &str, name: &str, upload: &str) -> String {
    let indent = |text: &str, by: usize| {
        text.lines().flat_map(|line| [" ".repeat(by), line.to_owned(), "\n".to_owned()]).collect::<String>()
    };
    format!(
        "  {id}:\n{}    runs-on: u\n    steps:\n      - run: coverage run -m pytest\n{}      - uses: actions/upload-artifact@v4\n{}        with:\n          name: {name}\n          path: .coverage\n          include-hidden-files: true\n",
        indent(job, 4),
        indent(measure, 8),
        indent(upload, 8),
    )
}

const MATRIX: &str = "strategy:\n  matrix:\n    os: [linux, windows]\n    python: ['3.12', '3.13']\n    exclude: [{os: windows, python: '3.12'}]\n    include: [{os: macos, python: '3.13'}]";

#[test]
fn a_matrix_is_expanded_with_include_and_exclude() {
    let text = workflow("[t]", &tests_job("t", MATRIX, "", "cov-${{ matrix.os }}-${{ matrix.python }}", ""));
    let expected = auto(&text, &push(), &[]);
    assert_eq!(words(&expected), ["cov-linux-3.12", "cov-linux-3.13", "cov-windows-3.13", "cov-macos-3.13"]);
    assert_eq!(expected.artifacts[2].leg.as_deref(), Some("os: windows, python: 3.13"));
    assert_eq!(expected.artifacts[2].files, [".coverage"]);
    assert_eq!(expected.notes, Vec::<String>::new());
}

#[test]
fn legs_that_a_condition_excludes_are_left_out() {
    let name = "cov-${{ matrix.os }}-${{ matrix.python }}";
    let by_upload = tests_job("t", MATRIX, "", name, "if: matrix.os != 'windows' && !cancelled()");
    let left = ["cov-linux-3.12", "cov-linux-3.13", "cov-macos-3.13"];
    assert_eq!(words(&auto(&workflow("[t]", &by_upload), &push(), &[])), left);
    // The step that measures is not run there, so the upload finds nothing and only warns.
    let by_measure = tests_job("t", MATRIX, "if: matrix.os != 'windows'", name, "");
    let expected = auto(&workflow("[t]", &by_measure), &push(), &[]);
    assert_eq!(words(&expected), ["cov-linux-3.12", "cov-linux-3.13", "cov-windows-3.13?", "cov-macos-3.13"]);
    assert!(expected.notes[0].contains("whether anything is measured there"), "{:?}", expected.notes);
}

#[test]
fn conditions_on_the_event_are_evaluated() {
    let job = |condition: &str| tests_job("t", &format!("if: {condition}"), "", "cov", "");
    let fork = facts(
        &[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REPOSITORY", "o/r"), ("GITHUB_REF", "refs/pull/7/merge")],
        json!({"pull_request": {"head": {"repo": {"full_name": "x/r", "fork": true}}, "draft": false}}),
    );
    for (condition, on_push, on_fork) in [
        ("github.event_name == 'push'", "cov", ""),
        ("github.ref == 'refs/heads/main'", "cov", ""),
        ("github.event.pull_request.head.repo.full_name == github.repository", "cov?", ""),
        ("github.event_name != 'pull_request' || !github.event.pull_request.head.repo.fork", "cov", ""),
        ("${{ !github.event.pull_request.draft }}", "cov", "cov"),
        ("vars.RUN == 'yes'", "cov?", "cov?"),
        ("failure()", "", ""),
        ("always()", "cov", "cov"),
        ("contains(github.event.pull_request.labels.*.name, 'x')", "cov?", "cov?"),
    ] {
        let text = workflow("[t]", &job(condition));
        // Without `GITHUB_REPOSITORY` in the environment the repository is not known.
        assert_eq!(words(&auto(&text, &push(), &[])).join(" "), on_push, "{condition}");
        assert_eq!(words(&auto(&text, &fork, &[])).join(" "), on_fork, "{condition}");
    }
}

#[test]
fn a_skipped_job_takes_along_what_waits_for_it() {
    let first = "  build:\n    if: github.event_name == 'release'\n    runs-on: u\n    steps: [{run: make}]\n";
    let plain = tests_job("t", "needs: build", "", "cov", "");
    assert_eq!(words(&auto(&workflow("[t]", &format!("{first}{plain}")), &push(), &[])), Vec::<String>::new());
    let always = tests_job("t", "needs: build\nif: ${{ !cancelled() }}", "", "cov", "");
    assert_eq!(words(&auto(&workflow("[t]", &format!("{first}{always}")), &push(), &[])), ["cov"]);
    let asks = tests_job("t", "needs: build\nif: always() && needs.build.result == 'success'", "", "cov", "");
    assert_eq!(words(&auto(&workflow("[t]", &format!("{first}{asks}")), &push(), &[])), Vec::<String>::new());
    let unknown = first.replace("github.event_name == 'release'", "vars.BUILD");
    let expected = auto(&workflow("[t]", &format!("{unknown}{plain}")), &push(), &[]);
    assert_eq!(words(&expected), ["cov?"]);
    assert!(expected.notes[0].contains("whether its job runs"), "{:?}", expected.notes);
}

#[test]
fn needs_reach_through_other_jobs_and_no_further() {
    let jobs = tests_job("unit", "", "", "cov-unit", "")
        + "  pack:\n    needs: unit\n    runs-on: u\n    steps: [{run: make}]\n"
        + &tests_job("late", "needs: coverage", "", "cov-late", "")
        + &tests_job("side", "", "", "cov-side", "");
    assert_eq!(words(&auto(&workflow("[pack]", &jobs), &push(), &[])), ["cov-unit"]);
    let expected = auto(&workflow("[pack]", &jobs), &push(), &["cov-*", "other"]);
    assert_eq!(words(&expected), ["cov-unit", "cov-side", "other"]);
    assert_eq!(expected.notes, ["`side` uploads `cov-side` but is not among the needs"]);
}

#[test]
fn what_may_fail_or_be_missing_on_purpose_is_not_required() {
    let leg = "strategy:\n  matrix:\n    include: [{py: '3.13', beta: false}, {py: '3.15', beta: true}]\ncontinue-on-error: ${{ matrix.beta }}";
    let text = workflow("[t]", &tests_job("t", leg, "", "cov-${{ matrix.py }}", ""));
    assert_eq!(words(&auto(&text, &push(), &[])), ["cov-3.13", "cov-3.15?"]);
    let ignore = tests_job("t", "", "", "cov", "") + "          if-no-files-found: ignore\n";
    let expected = auto(&workflow("[t]", &ignore), &push(), &[]);
    assert_eq!(words(&expected), ["cov?"]);
    assert!(expected.notes[0].ends_with("write `error` to have it missed"), "{:?}", expected.notes);
}

#[test]
fn what_cannot_be_seen_is_not_counted_and_said() {
    let called = "  called:\n    uses: ./.github/workflows/tests.yml\n";
    let expected = auto(&workflow("[called]", called), &push(), &[]);
    assert_eq!(words(&expected), Vec::<String>::new());
    assert_eq!(expected.notes, ["what `called` uploads cannot all be seen here and is not counted"]);
    let computed = "strategy:\n  matrix:\n    py: ${{ fromJSON(needs.plan.outputs.py) }}";
    let text = workflow("[t]", &tests_job("t", computed, "", "cov-${{ matrix.py }}", ""));
    let expected = auto(&text, &push(), &[]);
    assert_eq!(words(&expected), ["cov-*"]);
    assert!(expected.artifacts[0].pattern);
    assert_eq!(expected.notes, ["the matrix of `t` is computed: how many legs it has is not known"]);
}

#[test]
fn names_with_the_attempt_stay_open_and_those_with_the_run_do_not() {
    let run = facts(&[("GITHUB_RUN_ID", "12"), ("GITHUB_RUN_ATTEMPT", "2")], json!({}));
    let text = workflow("[t]", &tests_job("t", "", "", "cov-${{ github.run_id }}-${{ github.run_attempt }}", ""));
    assert_eq!(words(&auto(&text, &run, &[])), ["cov-12-*"]);
}

#[test]
fn several_artifacts_and_what_is_no_coverage_data() {
    let more = "      - uses: actions/upload-artifact@v4\n        with: {name: html, path: htmlcov}\n      - uses: actions/upload-artifact@v4\n        with: {name: cov-xml, path: coverage.xml}\n      - uses: actions/upload-artifact@v4\n        with: {name: second, path: .coverage*, include-hidden-files: true}\n";
    let jobs = tests_job("t", "", "", "cov", "") + more;
    assert_eq!(words(&auto(&workflow("[t]", &jobs), &push(), &[])), ["cov", "second"]);
}

#[test]
fn silent_killers_are_known_beforehand() {
    let two = "strategy:\n  matrix:\n    py: ['3.12', '3.13']";
    let remedy = |text: &str, forge| {
        let expected =
            expected(&Expect::Auto, Ok(&found(text)), Some(Taker::Job(&running("coverage", forge))), &push(), &[]);
        expected.artifacts.last().and_then(|item| item.remedy.clone()).unwrap_or_default()
    };
    let good = workflow("[t]", &tests_job("t", "", "", "cov", ""));
    assert_eq!(remedy(&good, Dialect::GitHub), "");
    let hidden = good.replace("include-hidden-files: true", "overwrite: true");
    assert!(remedy(&hidden, Dialect::GitHub).contains("`include-hidden-files: true`"));
    let same = workflow("[t]", &tests_job("t", two, "", "cov", ""));
    assert!(remedy(&same, Dialect::GitHub).contains("put what differs"));
    let shared = same.replace("upload-artifact@v4", "upload-artifact@v3");
    assert!(remedy(&shared, Dialect::Forgejo).contains("COVERAGE_FILE"));
    assert!(remedy(&good, Dialect::Forgejo).contains("`https://code.forgejo.org/forgejo/upload-artifact@v4`"));
    let fork = good.replace("actions/upload-artifact@v4", "https://code.forgejo.org/forgejo/upload-artifact@v4");
    assert_eq!(remedy(&fork, Dialect::Forgejo), "");
    let old = good.replace("upload-artifact@v4", "upload-artifact@v3");
    assert!(remedy(&old, Dialect::GitHub).contains("v3"));
    assert_eq!(remedy(&old, Dialect::Gitea), "");
    assert_eq!(remedy(&old, Dialect::Ghes), "");
    assert!(remedy(&good, Dialect::Ghes).contains("use v3"));
}

#[test]
fn the_repaired_project_expects_the_data_of_its_unit_tests() {
    let text = include_str!("../../../workflows-fixtures/after/.forgejo/workflows/ci.yml");
    let expected = expected(
        &Expect::Auto,
        Ok(&found(text)),
        Some(Taker::Job(&running("coverage", Dialect::Forgejo))),
        &push(),
        &[],
    );
    // This one reads with a download step and a session: a step that can be ours is not in it.
    assert!(expected.notes[0].contains("no step that can be this one"), "{:?}", expected.notes);
    let with_ours = text.replace("https://code.forgejo.org/forgejo/download-artifact@v4", "./coverage-share-action");
    let found = found(&with_ours);
    let expected = super::expected(
        &Expect::Auto,
        Ok(&found),
        Some(Taker::Job(&running("coverage", Dialect::Forgejo))),
        &push(),
        &[],
    );
    assert_eq!(words(&expected), ["coverage-data"]);
    assert_eq!(expected.artifacts[0].job, "unit_tests");
    assert_eq!(expected.artifacts[0].remedy, None);
}

#[test]
fn traps_with_matrices_expect_every_leg() {
    let text = include_str!("../../../workflows-fixtures/traps/own-action-matrix-not-cancelled.yml");
    let expected = auto(text, &push(), &["coverage-*"]);
    assert_eq!(
        words(&expected),
        [
            "coverage-ubuntu-24.04-3.12",
            "coverage-ubuntu-24.04-3.13",
            "coverage-windows-2025-3.12",
            "coverage-windows-2025-3.13"
        ]
    );
    let two = include_str!("../../../workflows-fixtures/traps/own-action-two-reports.yml");
    let running = running("e2e_coverage", Dialect::GitHub);
    let expected = super::expected(&Expect::Auto, Ok(&found(two)), Some(Taker::Job(&running)), &push(), &[]);
    assert_eq!(words(&expected), ["coverage-e2e"]);
}

#[test]
fn a_called_workflow_is_not_taken_for_its_caller() {
    let text = "jobs:\n  coverage:\n    uses: ./.github/workflows/coverage.yml\n";
    let expected = auto(text, &push(), &[]);
    assert_eq!(words(&expected), Vec::<String>::new());
    assert!(expected.notes[0].contains("runs in one that it calls"), "{:?}", expected.notes);
}

#[test]
fn the_override_is_read() {
    assert_eq!(Expect::parse(" AUTO "), Ok(Expect::Auto));
    assert_eq!(Expect::parse(""), Ok(Expect::Auto));
    assert_eq!(Expect::parse("none"), Ok(Expect::None));
    assert_eq!(Expect::parse("12"), Ok(Expect::Count(12)));
    assert_eq!(Expect::parse("a, b-*\nc"), Ok(Expect::Names(vec!["a".into(), "b-*".into(), "c".into()])));
    assert!(Expect::parse("0").is_err());
    assert!(Expect::parse("99999999999999999999999").is_err());
    let expected = expected(&Expect::Names(vec!["a".into(), "b-*".into()]), Err("x"), None, &push(), &[]);
    assert_eq!(words(&expected), ["a", "b-*"]);
    assert_eq!([expected.artifacts[0].pattern, expected.artifacts[1].pattern], [false, true]);
}

#[test]
fn the_running_workflow_is_found_by_its_reference_or_its_name() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join(".forgejo/workflows");
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write("ci.yml", "name: CI\njobs: {coverage: {steps: []}}\n");
    write("other.yml", "name: Other\njobs: {coverage: {steps: []}}\n");
    let mut running = running("coverage", Dialect::Forgejo);
    let path = |running: &Running| {
        find(root.path(), running)
            .map(|found| found.path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    };
    assert_eq!(path(&running).as_deref(), Ok("ci.yml"));
    running.workflow = "other.yml".to_owned();
    assert_eq!(path(&running).as_deref(), Ok("other.yml"));
    running.workflow_ref = Some("O/R/.forgejo/workflows/ci.yml@refs/heads/a@b".to_owned());
    assert_eq!(path(&running).as_deref(), Ok("ci.yml"));
    running.workflow_ref = Some("org/shared/.github/workflows/ci.yml@v1".to_owned());
    assert!(path(&running).is_err_and(|why| why.contains("not one of this repository")));
    running.workflow_ref = Some("o/r/../../etc/passwd@v1".to_owned());
    assert!(path(&running).is_err());
    running.workflow_ref = None;
    running.workflow = "CI".to_owned();
    write("copy.yml", "name: CI\njobs: {coverage: {steps: []}}\n");
    assert!(path(&running).is_err_and(|why| why.contains("several workflows")));
    running.workflow_ref = Some("o/r/.forgejo/workflows/gone.yml@refs/heads/main".to_owned());
    assert!(path(&running).is_err_and(|why| why.contains("check the repository out")));
}

/// A project of one called workflow or action besides the workflow itself.
#[derive(Debug)]
struct One(&'static str, String);

impl crate::flow::Files for One {
    fn read(&self, path: &str) -> Option<std::sync::Arc<crate::source::Source>> {
        (path == self.0).then(|| std::sync::Arc::new(crate::source::Source::new(self.0, self.1.as_str())))
    }
}

fn calling(text: &str, path: &'static str, called: String, job: &str) -> Expected {
    let mut found = found(text);
    found.project.files = std::sync::Arc::new(One(path, called));
    expected(&Expect::Auto, Ok(&found), Some(Taker::Job(&running(job, Dialect::GitHub))), &push(), &[])
}

const CALLED: &str = ".github/workflows/tests.yml";

/// A called workflow with an input `name`, an input `wanted` and one job.
fn called(job: &str) -> String {
    let name = "${{ inputs.name }}-${{ matrix.os }}";
    format!(
        "on:\n  workflow_call:\n    inputs:\n      name: {{type: string, default: cov}}\n      wanted: {{type: boolean, default: true}}\njobs:\n{}",
        tests_job("unit", job, "", name, "")
    )
}

#[test]
fn the_legs_of_a_called_workflow_are_those_of_both_matrices() {
    let call = "  t:\n    strategy: {matrix: {python: ['3.12', '3.13']}}\n    uses: ./.github/workflows/tests.yml\n    with: {name: 'cov-${{ matrix.python }}'}\n";
    let matrix = "strategy: {matrix: {os: [linux, windows]}}";
    let expected = calling(&workflow("[t]", call), CALLED, called(matrix), "coverage");
    assert_eq!(words(&expected), ["cov-3.12-linux", "cov-3.12-windows", "cov-3.13-linux", "cov-3.13-windows"]);
    assert_eq!(expected.artifacts[1].job, "t / unit");
    assert_eq!(expected.artifacts[1].leg.as_deref(), Some("python: 3.12, os: windows"));
    assert_eq!(expected.notes, Vec::<String>::new());
    // What cannot be read is said, as before.
    let expected = calling(&workflow("[t]", call), "other.yml", called(matrix), "coverage");
    assert_eq!(words(&expected), Vec::<String>::new());
    assert!(expected.notes[0].contains("what `t` uploads cannot all be seen here"), "{:?}", expected.notes);
}

#[test]
fn conditions_of_call_and_called_job_both_count() {
    let call = |lines: &str| format!("  t:\n{lines}    uses: ./.github/workflows/tests.yml\n");
    let matrix = "strategy: {matrix: {os: [linux]}}";
    let check = |lines: &str, job: &str, wanted: &[&str]| {
        let expected = calling(&workflow("[t]", &call(lines)), CALLED, called(&format!("{matrix}\n{job}")), "coverage");
        assert_eq!(words(&expected), wanted, "{lines} {job}");
    };
    check("", "", &["cov-linux"]);
    check("    if: github.event_name == 'push'\n", "", &["cov-linux"]);
    check("    if: github.event_name == 'schedule'\n", "", &[]);
    check("    if: vars.X == 'y'\n", "", &["cov-linux?"]);
    check("", "if: inputs.wanted", &["cov-linux"]);
    check("    with: {wanted: false}\n", "if: inputs.wanted", &[]);
    check("    with: {wanted: '${{ vars.X }}'}\n", "if: inputs.wanted", &["cov-linux?"]);
}

#[test]
fn a_job_of_a_called_workflow_can_be_the_one_that_runs() {
    let text = "name: CI\non: push\njobs:\n  t:\n    uses: ./.github/workflows/tests.yml\n  other:\n    uses: ./.github/workflows/tests.yml\n    with: {name: other}\n";
    let unit = tests_job("unit", "", "", "${{ inputs.name }}", "");
    let report = "  report:\n    needs: unit\n    steps:\n      - uses: ./coverage-share-action\n";
    let head = "on:\n  workflow_call:\n    inputs:\n      name: {type: string, default: cov}\njobs:\n";
    let one = text.split("  other:").next().expect("a first part");
    let expected = calling(one, CALLED, format!("{head}{unit}{report}"), "report");
    assert_eq!(words(&expected), ["cov"]);
    // Called twice, nothing in the environment tells which call this is.
    let expected = calling(text, CALLED, format!("{head}{unit}{report}"), "report");
    assert_eq!(words(&expected), Vec::<String>::new());
    assert!(expected.notes[0].contains("several jobs that the workflow calls are `report`"), "{:?}", expected.notes);
}

#[test]
fn a_local_action_shows_what_it_uploads() {
    let job = "  t:\n    strategy: {matrix: {os: [linux, windows]}}\n    runs-on: u\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./.github/actions/test\n        with: {name: 'cov-${{ matrix.os }}'}\n";
    let action = "inputs: {name: {}}\nruns:\n  using: composite\n  steps:\n    - run: coverage run -m pytest\n      shell: bash\n    - uses: actions/upload-artifact@v4\n      with: {name: '${{ inputs.name }}', path: .coverage, include-hidden-files: true}\n";
    let expected = calling(&workflow("[t]", job), ".github/actions/test/action.yml", action.to_owned(), "coverage");
    assert_eq!(words(&expected), ["cov-linux", "cov-windows"]);
    assert_eq!(expected.notes, Vec::<String>::new());
}
