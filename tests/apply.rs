//! `ci-lint apply` on local data, run as a user runs it. That its numbers are coverage.py's is shown by the scripts in
//! `tests/oracle/`; here is what they cannot show: exit codes, bad input, and that nothing is written half.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ci_lint::coverage::{CoverageData, FileData, Measured, write};
use serde_json::Value;
use tempfile::TempDir;

const SOURCE: &str = "\
def f(x):
    if x:
        return 1
    return 2


f(1)
";

/// A project with one source and the data of a run that took one of two branches.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        project.with("pkg/m.py", SOURCE).with_data(".coverage", &[(-1, 1), (1, 7), (7, -1), (-1, 2), (2, 3), (3, -1)])
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    fn with_data(self, name: &str, arcs: &[(i32, i32)]) -> Self {
        let mut arcs = arcs.to_vec();
        arcs.sort_unstable();
        let file = FileData { tracer: None, contexts: vec![(0, Measured { arcs, ..Measured::default() })] };
        let source = self.path().canonicalize().expect("a real path").join("pkg/m.py");
        let data = CoverageData {
            has_arcs: Some(true),
            contexts: vec![String::new()],
            files: [(source.to_string_lossy().into_owned(), file)].into(),
        };
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        write::write(&data, &path).expect("written");
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ci-lint"))
            .arg("apply")
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .output()
            .expect("the binary runs")
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("listed").filter_map(Result::ok);
        let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_table_is_coverage_pys() {
    let output = Project::new().run(&[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let expected = "\
Name       Stmts   Miss Branch BrPart  Cover
--------------------------------------------
pkg/m.py       5      1      2      1    71%
--------------------------------------------
TOTAL          5      1      2      1    71%
";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn every_report_is_written_and_they_agree() {
    let project = Project::new();
    let output = project.run(&["--report", "text,markdown,json,xml,lcov,html", "--output-dir", "out"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let read = |name: &str| fs::read_to_string(project.path().join("out").join(name)).expect(name);
    let json: Value = serde_json::from_str(&read("coverage.json")).expect("JSON");
    assert_eq!(json["totals"]["covered_lines"], 4);
    assert_eq!(json["files"]["pkg/m.py"]["missing_branches"], serde_json::json!([[2, 4]]));
    assert!(read("coverage.xml").contains("lines-valid=\"5\" lines-covered=\"4\""));
    assert!(read("coverage.lcov").contains("LF:5\nLH:4\n"));
    assert!(read("coverage.md").contains("**TOTAL**"));
    let index = read("htmlcov/index.html");
    assert!(index.contains("m.py<") && index.contains("71%"), "{index}");
    assert!(read("htmlcov/.gitignore").contains('*'));
}

#[test]
fn pages_of_an_earlier_report_go_and_nothing_else() {
    let project = Project::new();
    let report = |omit: &[&str]| {
        let output = project.run(&[&["--report", "html"], omit].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    };
    report(&[]);
    let folder = project.path().join("htmlcov");
    let page = fs::read_dir(&folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().ends_with("_m_py.html"))
        .expect("the page of m.py");
    fs::write(folder.join("own.html"), "the user's").expect("written");
    fs::copy(&page, folder.join("copy.html")).expect("copied");
    fs::write(project.path().join("skips"), "[html]\nskip_covered = true\n[report]\nexclude_also = .\n")
        .expect("written");
    report(&["--config", "skips"]);
    assert!(!page.exists());
    assert!(
        folder.join("own.html").exists() && folder.join("copy.html").exists() && folder.join("index.html").exists()
    );
}

#[test]
fn the_gate_never_rounds_up() {
    let project = Project::new();
    for (limit, expected) in [("71", 0), ("72", 1), ("71.43", 0), ("71.44", 1), ("0", 0), ("100", 1)] {
        let output = project.run(&["--fail-under", limit]);
        assert_eq!(code(&output), expected, "{limit}: {}", stdout(&output));
        assert_eq!(stdout(&output).contains("Coverage failure: total of"), expected == 1, "{limit}");
    }
    let configured = project.with(".coveragerc", "[report]\nfail_under = 80\nprecision = 2\n");
    let output = configured.run(&[]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("total of 71.43 is less than fail-under=80.00"), "{}", stdout(&output));
    assert_eq!(code(&configured.run(&["--fail-under", "120"])), 2);
}

#[test]
fn parts_are_merged_and_inputs_stay() {
    let project = Project::new().with_data("data/.coverage.a", &[(-1, 2), (2, 4), (4, -1)]);
    let before = fs::read(project.path().join("data/.coverage.a")).expect("read");
    let output = project.run(&["--verbose", ".coverage", "data", "--data-file", "merged"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("TOTAL          5      0      2      0   100%"), "{}", stdout(&output));
    assert!(stderr(&output).contains("2 files") || stderr(&output).contains("data/.coverage.a"), "{}", stderr(&output));
    assert_eq!(fs::read(project.path().join("data/.coverage.a")).expect("kept"), before);
    let again = project.run(&["merged"]);
    assert_eq!(stdout(&again), stdout(&output), "the merged data says the same");
}

#[test]
fn the_configuration_is_coverage_pys() {
    let project = Project::new().with(".coveragerc", "[report]\nexclude_also =\n    return 2\nshow_missing = true\n");
    let output = project.run(&[]);
    assert!(stdout(&output).contains("pkg/m.py       4      0      0      0   100%"), "{}", stdout(&output));
    let omitted = project.with(".coveragerc", "[report]\nomit = */m.py\n");
    let output = omitted.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("No data to report.")), (3, true), "{}", stderr(&output));
    let broken = omitted.with(".coveragerc", "[report]\nexclude_lines = (\n");
    assert_eq!(code(&broken.run(&[])), 2);
    let unknown = broken.with(".coveragerc", "[report]\nno_such_option = 1\n");
    let output = unknown.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("no_such_option")), (0, true), "{}", stderr(&output));
}

#[test]
fn bad_data_is_named_with_its_remedy_and_nothing_is_written() {
    let whole = fs::read(Project::new().path().join(".coverage")).expect("read");
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("text", b"hello".to_vec()),
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("json", b"{\"files\": {}}".to_vec()),
        ("garbled", [b"SQLite format 3\0".as_slice(), &[0xff; 4000]].concat()),
        ("zip", b"PK\x03\x04rest".to_vec()),
    ];
    for (name, bytes) in cases {
        let project = Project::new().with("bad", &bytes);
        let before = project.files();
        let output = project.run(&["bad", "--report", "text,json,xml", "--data-file", "merged"]);
        assert_eq!(code(&output), 3, "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains("bad"), "{name}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{name}");
        assert_eq!(project.files(), before, "{name}");
        assert_eq!(fs::read(project.path().join("bad")).expect("kept"), bytes, "{name}");
    }
}

#[test]
fn one_bad_part_stops_the_run() {
    let project = Project::new().with("parts/.coverage.bad", b"");
    let output = project.run(&[".coverage", "parts"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{}", stderr(&output));
    assert!(stderr(&output).contains(".coverage.bad"), "{}", stderr(&output));
}

#[test]
fn missing_and_changed_sources_and_no_data_are_told() {
    let project = Project::new();
    assert_eq!(code(&project.run(&["nowhere"])), 3);
    fs::remove_file(project.path().join("pkg/m.py")).expect("removed");
    let output = project.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("No source for code")), (3, true), "{}", stderr(&output));
    let changed = project.with("pkg/m.py", "x = 1\n");
    let output = changed.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("has changed")), (3, true), "{}", stderr(&output));
    let broken = changed.with("pkg/m.py", SOURCE.replace("def f", "def def"));
    let output = broken.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("Couldn't parse")), (3, true), "{}", stderr(&output));
    let ignoring = broken.with(".coveragerc", "[report]\nignore_errors = true\n");
    assert_eq!(code(&ignoring.run(&[])), 3, "no file is left to report on");
    fs::remove_file(ignoring.path().join(".coverage")).expect("removed");
    let output = ignoring.run(&[]);
    assert_eq!((code(&output), stderr(&output).contains("no coverage data")), (3, true), "{}", stderr(&output));
}

#[test]
fn paths_of_another_machine_are_found_by_their_ends() {
    let project = Project::new();
    let elsewhere = CoverageData {
        has_arcs: Some(true),
        contexts: vec![String::new()],
        files: [(
            "/workspace/owner/repo/pkg/m.py".to_owned(),
            FileData {
                tracer: None,
                contexts: vec![(0, Measured { arcs: vec![(-1, 1), (1, 7), (7, -1)], ..Measured::default() })],
            },
        )]
        .into(),
    };
    write::write(&elsewhere, &project.path().join("other")).expect("written");
    let output = project.run(&["other"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("pkg/m.py"), "{}", stdout(&output));
    assert!(stderr(&output).contains("/workspace/owner/repo"), "{}", stderr(&output));
}

#[test]
fn selected_contexts_count_in_text_and_json_but_not_in_xml() {
    let project = Project::new();
    let measured = |arcs: &[(i32, i32)]| Measured { arcs: arcs.to_vec(), ..Measured::default() };
    let source = project.path().canonicalize().expect("a real path").join("pkg/m.py");
    let data = CoverageData {
        has_arcs: Some(true),
        contexts: vec!["fast".to_owned(), "slow".to_owned()],
        files: [(
            source.to_string_lossy().into_owned(),
            FileData {
                tracer: None,
                contexts: vec![(0, measured(&[(-1, 1), (1, 7), (7, -1)])), (1, measured(&[(-1, 2), (2, 3), (3, -1)]))],
            },
        )]
        .into(),
    };
    write::write(&data, &project.path().join(".coverage")).expect("written");
    let project = project.with(".coveragerc", "[report]\ncontexts = ^fast$\n");
    let output = project.run(&["--report", "text,xml"]);
    assert!(stdout(&output).contains("TOTAL          5      3      2      0    29%"), "{}", stdout(&output));
    let xml = fs::read_to_string(project.path().join("coverage.xml")).expect("written");
    assert!(xml.contains("lines-covered=\"4\""), "{xml}");
}

#[test]
fn the_python_version_is_said_and_checked() {
    let project = Project::new();
    let output = project.run(&["--verbose", "--python-version", "3.14"]);
    assert!(stderr(&output).contains("Python 3.14"), "{}", stderr(&output));
    let output = project.run(&["--python-version", "3.9"]);
    assert_eq!((code(&output), stderr(&output).contains("3.11")), (2, true), "{}", stderr(&output));
}

#[test]
fn slipcover_data_is_merged_by_its_own_rules() {
    let part = |executed: &str, missing: &str| {
        format!(
            r#"{{"meta": {{"software": "slipcover", "version": "1.1.0", "timestamp": "2026-11-20T00:00:00", "branch_coverage": false, "show_contexts": false}}, "files": {{"pkg/m.py": {{"executed_lines": {executed}, "missing_lines": {missing}, "summary": {{"covered_lines": 2, "missing_lines": 2, "percent_covered": 50.0}}}}}}, "summary": {{"covered_lines": 2, "missing_lines": 2, "percent_covered": 50.0, "percent_covered_display": "50"}}}}"#
        )
    };
    let project = Project::new().with("s/a.json", part("[1, 2]", "[3, 4]")).with("s/b.json", part("[1, 3]", "[2, 4]"));
    let output = project.run(&["s", "--merged-json", "merged.json", "--fail-under", "76"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let merged: Value =
        serde_json::from_slice(&fs::read(project.path().join("merged.json")).expect("written")).expect("JSON");
    assert_eq!(merged["files"]["pkg/m.py"]["executed_lines"], serde_json::json!([1, 2, 3]));
    assert_eq!(merged["summary"]["percent_covered"], 75.0);
    assert_eq!(code(&project.run(&["s", "--fail-under", "75"])), 0);
    assert_eq!(code(&project.run(&["s", ".coverage"])), 3, "two tools do not mix");
}
