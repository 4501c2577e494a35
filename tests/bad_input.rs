//! Input that is no workflow: one clear error each, exit code 2, in bounded time, and the other files are still linted.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(5);

/// Correct, but for one defect that every run must still report.
const FLAWED: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    needs: nowhere
    steps:
      - run: make
";

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a new directory");
    }
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Runs the binary and kills it after [`LIMIT`]. Its output goes to files, which cannot run full as pipes do.
fn lint(directory: &Path, arguments: &[&str]) -> Output {
    let mut stdout = tempfile::tempfile().expect("a temporary file");
    let mut stderr = tempfile::tempfile().expect("a temporary file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-lint"))
        .args(["check", "--color", "never"])
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().expect("a second handle"))
        .stderr(stderr.try_clone().expect("a second handle"))
        .spawn()
        .expect("the binary starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the binary can be waited for") {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().expect("the binary can be killed");
            panic!("{arguments:?}: not done after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output { status, stdout: content(&mut stdout), stderr: content(&mut stderr) }
}

fn content(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().expect("a file that can be rewound");
    file.read_to_end(&mut bytes).expect("a readable file");
    bytes
}

fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Lints `bad` together with a file that has a finding: the run must end with exit code 2, name the bad file once as
/// the culprit and report the finding in the other.
fn refused(directory: &Path, bad: &str, words: &[&str]) {
    write(&directory.join("good.yml"), FLAWED);
    for arguments in [[bad, "good.yml"], ["good.yml", bad]] {
        let output = lint(directory, &arguments);
        let text = all(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(bad), "{arguments:?}: the message does not name {bad}: {text}");
        assert!(text.contains("nowhere"), "{arguments:?}: the other file was not linted: {text}");
        assert!(text.len() < 20_000, "{arguments:?}: {} bytes of output", text.len());
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
        let lower = text.to_lowercase();
        assert!(
            words.is_empty() || words.iter().any(|word| lower.contains(word)),
            "{arguments:?}: none of {words:?} in {text}"
        );
    }
}

fn refused_text(content: impl AsRef<[u8]>, words: &[&str]) {
    let directory = directory();
    write(&directory.path().join("bad.yml"), content);
    refused(directory.path(), "bad.yml", words);
}

#[test]
fn a_missing_file() {
    refused(directory().path(), "bad.yml", &["no such file", "not found", "does not exist"]);
}

#[test]
fn a_directory_without_workflows() {
    let directory = directory();
    fs::create_dir(directory.path().join("nothing-here")).expect("a new directory");
    refused(directory.path(), "nothing-here", &["workflow"]);
}

#[test]
fn no_argument_and_no_workflows() {
    let output = lint(directory().path(), &[]);
    let text = all(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("workflows"), "the message does not say what was looked for: {text}");
}

#[test]
fn a_directory_that_is_named_like_a_file() {
    let directory = directory();
    fs::create_dir(directory.path().join("bad.yml")).expect("a new directory");
    refused(directory.path(), "bad.yml", &[]);
}

#[test]
fn an_unreadable_directory_entry_is_no_reason_to_stop() {
    let directory = directory();
    let workflows = directory.path().join(".forgejo/workflows");
    fs::create_dir_all(workflows.join("odd.yml")).expect("a new directory");
    write(&workflows.join("ci.yml"), FLAWED);
    let output = lint(directory.path(), &[]);
    let text = all(&output);
    assert!(text.contains("nowhere"), "the other file was not linted: {text}");
    // A directory with the name of a file is no workflow; whether discovery mentions it is its own business.
    assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;

    let directory = directory();
    let bad = directory.path().join("bad.yml");
    write(&bad, FLAWED);
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o000)).expect("permissions can be set");
    if fs::read(&bad).is_ok() {
        // Permissions do not stop root: a dangling link is what root cannot read.
        fs::remove_file(&bad).expect("the file can be removed");
        std::os::unix::fs::symlink("nothing.yml", &bad).expect("a new link");
    }
    refused(directory.path(), "bad.yml", &["permission denied", "no such file", "not found", "does not exist"]);
}

#[cfg(unix)]
#[test]
fn a_dangling_link_among_the_workflows() {
    let directory = directory();
    let workflows = directory.path().join(".github/workflows");
    write(&workflows.join("ci.yml"), FLAWED);
    std::os::unix::fs::symlink("nothing.yml", workflows.join("bad.yml")).expect("a new link");
    let output = lint(directory.path(), &[]);
    let text = all(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("bad.yml") && text.contains("nowhere"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_to_itself() {
    let directory = directory();
    std::os::unix::fs::symlink("bad.yml", directory.path().join("bad.yml")).expect("a new link");
    refused(directory.path(), "bad.yml", &["link", "loop"]);
}

#[cfg(unix)]
#[test]
fn a_loop_of_directories() {
    let directory = directory();
    let workflows = directory.path().join(".github/workflows");
    write(&workflows.join("ci.yml"), FLAWED);
    std::os::unix::fs::symlink("../../.github", workflows.join("again")).expect("a new link");
    std::os::unix::fs::symlink(".", workflows.join("here")).expect("a new link");
    // The forges read no directories below `workflows`, so the loop is never entered and is no error.
    for arguments in [&[][..], &["."], &[".github/workflows"]] {
        let output = lint(directory.path(), arguments);
        let text = all(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {text}");
        assert!(text.contains("nowhere"), "{arguments:?}: {text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_end() {
    refused(directory().path(), "/dev/zero", &[]);
}

#[cfg(unix)]
#[test]
fn a_pipe_nobody_writes_to() {
    let directory = directory();
    let made = Command::new("mkfifo").arg(directory.path().join("bad.yml")).status();
    if made.is_ok_and(|status| status.success()) {
        refused(directory.path(), "bad.yml", &[]);
    }
}

#[test]
fn fifty_megabytes() {
    let job = "  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make all the things again and again\n";
    let mut text = String::from("on: push\njobs:\n");
    while text.len() < 50 << 20 {
        text.push_str(job);
    }
    refused_text(text, &["bytes", "large", "big", "mb", "mib", "limit"]);
}

#[test]
fn a_hundred_thousand_levels_of_brackets() {
    refused_text(format!("on: push\njobs: {}", "[".repeat(100_000)), &["deep", "nest", "depth", "level"]);
    refused_text(
        format!("on: push\njobs: {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        &["deep", "nest", "depth", "level"],
    );
    refused_text(format!("on: push\njobs: {}", "{a: ".repeat(100_000)), &["deep", "nest", "depth", "level"]);
}

#[test]
fn a_hundred_thousand_levels_of_dashes() {
    refused_text(format!("on: push\njobs:\n  {}x\n", "- ".repeat(100_000)), &["deep", "nest", "depth", "level"]);
}

#[test]
fn a_thousand_levels_of_indentation() {
    let mut text = String::from("on: push\njobs:\n");
    for level in 1..1_000 {
        text.push_str(&" ".repeat(level));
        text.push_str("a:\n");
    }
    refused_text(text, &["deep", "nest", "depth", "level"]);
}

#[test]
fn an_expression_of_a_hundred_thousand_parentheses() {
    let directory = directory();
    let open = "(".repeat(100_000);
    write(
        &directory.path().join("bad.yml"),
        format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    if: {open}true\n    steps:\n      - run: echo ${{{{ {open}1 }}}}\n"
        ),
    );
    write(&directory.path().join("good.yml"), FLAWED);
    let output = lint(directory.path(), &["bad.yml", "good.yml"]);
    let text = all(&output);
    // It is a workflow with broken expressions: a finding or a refusal, but no crash.
    assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
    assert!(text.contains("nowhere") && !text.contains("panicked"), "{text}");
}

#[test]
fn an_alias_bomb() {
    let mut text = String::from("on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for level in 1..30 {
        let before = format!("*x{}", level - 1);
        let _ = writeln!(text, "x{level}: &x{level} [{}]", [before.as_str(); 9].join(", "));
    }
    text.push_str("jobs:\n  build:\n    runs-on: ubuntu-latest\n    env: *x29\n    steps:\n      - run: make\n");
    refused_text(text, &["alias"]);
}

#[test]
fn an_alias_to_itself() {
    refused_text(
        "on: push\njobs: &jobs\n  build:\n    runs-on: ubuntu-latest\n    env: *jobs\n    steps:\n      - run: make\n",
        &["alias", "circular", "itself", "cycl", "recurs"],
    );
}

#[test]
fn a_matrix_of_a_thousand_million_legs() {
    let directory = directory();
    let axis = |name: &str| {
        format!("        {name}: [{}]\n", (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "))
    };
    write(
        &directory.path().join("bad.yml"),
        format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n{}{}{}    steps:\n      - run: coverage run -m pytest\n      \
             - uses: actions/upload-artifact@v4\n        with: {{ name: \"c-${{{{ matrix.a }}}}-${{{{ matrix.b }}}}-${{{{ matrix.c }}}}\", path: .coverage.x, \
             include-hidden-files: true }}\n  b:\n    runs-on: x\n    needs: nowhere\n    steps:\n      - uses: actions/download-artifact@v4\n        \
             with: {{ pattern: c-* }}\n      - run: coverage combine\n",
            axis("a"),
            axis("b"),
            axis("c")
        ),
    );
    let output = lint(directory.path(), &["bad.yml"]);
    let text = all(&output);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
    assert!(text.contains("bad.yml") && !text.contains("panicked"), "{text}");
}

#[test]
fn bytes_that_are_no_text() {
    refused_text([0_u8, 159, 146, 150, 0, 1, 2, 255], &["utf-8"]);
    refused_text(b"on: push\nname: Pr\xfcfung\njobs: {}\n", &["utf-8"]);
    // UTF-16, as some editors write it.
    let utf16: Vec<u8> = "on: push\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused_text([&[0xff, 0xfe][..], &utf16].concat(), &["utf-8", "utf-16"]);
}

#[test]
fn yaml_that_is_no_workflow() {
    refused_text("", &["empty"]);
    refused_text("# only a comment\n", &["empty"]);
    refused_text("just a text\n", &["workflow"]);
    refused_text("- a\n- list\n", &["workflow"]);
    refused_text("services:\n  web: {image: nginx}\n", &["jobs"]);
    refused_text("on: push\njobs: [a]\n", &["jobs"]);
    refused_text("on: push\njobs: {}\n---\non: push\njobs: {}\n", &["document"]);
    refused_text("on: push\njobs:\n\tbuild:\n\t\truns-on: x\n", &["tab"]);
    refused_text("on: push\njobs:\n  build: *nothing\n", &["nothing"]);
    refused_text("on: \"push\njobs: {}\n", &[]);
}

#[test]
fn a_byte_order_mark_and_crlf_are_fine() {
    let directory = directory();
    let text = format!("\u{feff}{}", FLAWED.replace("    needs: nowhere\n", "").replace('\n', "\r\n"));
    write(&directory.path().join("fine.yml"), text);
    let output = lint(directory.path(), &["fine.yml"]);
    assert_eq!(output.status.code(), Some(0), "{}", all(&output));
}

#[test]
fn every_bad_file_is_named_once_each() {
    let directory = directory();
    write(&directory.path().join("one.yml"), "");
    write(&directory.path().join("two.yml"), "- a\n");
    write(&directory.path().join("good.yml"), FLAWED);
    let output = lint(directory.path(), &["one.yml", "three.yml", "good.yml", "two.yml"]);
    let text = all(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for name in ["one.yml", "two.yml", "three.yml", "nowhere"] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
}

#[test]
fn bad_input_is_told_in_every_format() {
    let directory = directory();
    write(&directory.path().join("bad.yml"), "- a\n");
    write(&directory.path().join("good.yml"), FLAWED);
    for format in ["human", "json", "sarif", "github"] {
        let output = lint(directory.path(), &["--format", format, "bad.yml", "good.yml"]);
        let text = all(&output);
        assert_eq!(output.status.code(), Some(2), "{format}: {text}");
        assert!(text.contains("bad.yml") && text.contains("nowhere"), "{format}: {text}");
        if matches!(format, "json" | "sarif") {
            let stdout = String::from_utf8_lossy(&output.stdout);
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&stdout);
            assert!(parsed.is_ok(), "{format}: {stdout}");
        }
    }
}

#[test]
fn wrong_usage() {
    let directory = directory();
    write(&directory.path().join("good.yml"), FLAWED);
    for arguments in [
        &["--format", "xml", "good.yml"][..],
        &["--no-such-option", "good.yml"],
        &["--select", "no-such-rule", "good.yml"],
        &["--config", "missing.yml", "good.yml"],
        &["--fail-on", "never", "good.yml"],
    ] {
        let output = lint(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", all(&output));
    }
}

#[test]
fn more_jobs_or_steps_than_any_workflow_has() {
    let mut jobs = String::from("on: push\njobs:\n");
    for n in 0..1_500 {
        writeln!(jobs, "  j{n}: {{runs-on: x, steps: [{{run: x}}]}}").expect("a string grows");
    }
    refused_text(&jobs, &["1500 jobs", "limits"]);
    let mut steps = String::from("on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n");
    for n in 0..6_000 {
        writeln!(steps, "      - run: echo {n}").expect("a string grows");
    }
    refused_text(&steps, &["6000 steps", "limits"]);
}

/// Each of these once took minutes: large matrices that hand artifacts to each other, scripts with hundreds of
/// variables, and mappings merged into each other.
#[test]
fn what_multiplies_is_bounded() {
    let mut matrices = String::from("on: push\njobs:\n");
    for job in 0..100 {
        let axis = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]";
        write!(
            matrices,
            "  j{job}:\n    runs-on: x\n    strategy: {{matrix: {{a: {axis}, b: {axis}}}}}\n    steps:\n      \
             - uses: actions/upload-artifact@v4\n        with: {{name: 'c-{job}-${{{{ matrix.a }}}}-${{{{ matrix.b }}}}', path: x}}\n      \
             - uses: actions/download-artifact@v4\n        with: {{pattern: 'c-*-${{{{ matrix.a }}}}-*y', path: x}}\n"
        )
        .expect("a string grows");
    }
    let mut script = String::from("on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: |\n");
    for n in 0..800 {
        writeln!(script, "          export A{n}=b\n          coverage run -m pytest").expect("a string grows");
    }
    let mut merged = String::from("on: push\nx: &x\n");
    for n in 0..10_000 {
        writeln!(merged, "  k{n}: v").expect("a string grows");
    }
    merged.push_str("jobs:\n  j:\n    runs-on: x\n    steps: [{run: x}]\n    env:\n      <<: *x\n");
    for n in 0..10_000 {
        writeln!(merged, "      z{n}: v").expect("a string grows");
    }
    let directory = directory();
    for (name, text) in [("matrices.yml", matrices), ("script.yml", script), ("merged.yml", merged)] {
        write(&directory.path().join(name), text);
        let output = lint(directory.path(), &["--quiet", name]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", all(&output));
    }
}
