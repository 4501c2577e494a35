//! `--fix`: every remedy for every fixture, and for every fixture written in other styles.
//!
//! What a remedy may change is held against two readers that know nothing of the writer: the lines of the text, and the
//! values that another YAML library reads. `CI_LINT_CORPUS=<folder>` runs the same over all workflows below a folder.

#![allow(clippy::print_stdout, reason = "figures, for `--nocapture`")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ci_lint::findings::fix::{Edit, Safety};
use ci_lint::findings::{Finding, Fixable};
use ci_lint::{fix, lint, rules};
use serde_yaml::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures")
}

/// Files below a folder that end so, in order.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The workflows of the fixtures that can be read.
fn fixtures() -> Vec<PathBuf> {
    let mut all = files(&root(), &["yml"]);
    all.retain(|path| !path.ends_with(".ci-lint.yml") && !path.starts_with(root().join("bad-input")));
    assert!(all.len() > 100, "only {} fixtures", all.len());
    all
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A copy of a workflow's project, in which the workflow can be written anew.
struct Desk {
    /// Goes when the desk goes.
    _folder: tempfile::TempDir,
    /// Where the workflow goes.
    place: PathBuf,
    /// The rules that run; the usual ones when empty.
    groups: &'static [&'static str],
}

impl Desk {
    /// Lays out the project of a workflow below `all`: what is beside the folder of its forge.
    fn of(path: &Path, all: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let forge = |up: &&Path| [".github", ".forgejo", ".gitea"].iter().any(|forge| up.join(forge).is_dir());
        let project = path.ancestors().filter(|up| up.starts_with(all) && *up != all).find(forge);
        let mut place = folder.path().join(".github/workflows/ci.yml");
        if let Some(project) = project {
            for file in files(project, &["py", "toml", "cfg", "ini", "yml", "yaml", "coveragerc", "sh"]) {
                let to = folder.path().join(file.strip_prefix(project).expect("below"));
                // A configuration of ours would be the project's, not the fixture's.
                if !file.ends_with(".ci-lint.yml") {
                    fs::create_dir_all(to.parent().expect("a parent")).expect("made");
                    fs::copy(&file, to).expect("copied");
                }
            }
            place = folder.path().join(path.strip_prefix(project).expect("below"));
        }
        fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        Self { _folder: folder, place, groups: &[] }
    }

    fn run(&self, text: &str, mend: Option<lint::Mend>) -> (lint::Outcome, String) {
        let place = &self.place;
        fs::write(place, text).expect("written");
        let select = self.groups.iter().map(|group| (*group).to_owned()).collect();
        let options = lint::Options { paths: vec![place.clone()], mend, select, ..lint::Options::default() };
        let outcome = lint::run(&options);
        (outcome, read(place))
    }

    fn findings(&self, text: &str) -> Vec<Finding> {
        self.run(text, None).0.report.findings
    }

    fn mended(&self, text: &str, up_to: Safety) -> (lint::Outcome, String) {
        self.run(text, Some(lint::Mend { up_to, show_only: false }))
    }
}

// ---- other styles ----

/// Whether each line is within a block scalar, where nothing may be changed.
fn in_blocks(text: &str) -> Vec<bool> {
    let mut inside: Option<usize> = None;
    text.lines()
        .map(|line| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if let Some(outer) = inside {
                if line.trim().is_empty() || indent > outer {
                    return true;
                }
                inside = None;
            }
            let code = line.split(" #").next().unwrap_or_default().trim_end();
            let header = code.rsplit([' ']).next().unwrap_or_default();
            if (header.starts_with('|') || header.starts_with('>'))
                && header.len() <= 3
                && !line.trim().starts_with('#')
            {
                // What follows a dash is indented against the dash's line.
                inside = Some(indent);
            }
            false
        })
        .collect()
}

fn each_line(text: &str, change: impl Fn(usize, &str) -> String) -> String {
    let blocks = in_blocks(text);
    let mut out = String::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
        let changed = if blocks.get(at).copied().unwrap_or(false) { content.to_owned() } else { change(at, content) };
        out.push_str(&changed);
        out.push_str(end);
    }
    out
}

/// The text in other styles, by name. What does not have the same value is left out: the restyling is only mechanical.
fn styles(text: &str) -> Vec<(&'static str, String)> {
    let key = regex::Regex::new(r"^(\s*(?:- +)*)([A-Za-z_][\w-]*):( |$)").expect("a pattern");
    let open = |line: &str| {
        let code = line.trim();
        !code.is_empty() && !code.starts_with('#') && !code.ends_with(['|', '>', '-', '+', '\\'])
    };
    let mut styles = vec![
        ("crlf", text.replace("\r\n", "\n").replace('\n', "\r\n")),
        ("bom", format!("\u{feff}{text}")),
        ("no final newline", text.trim_end().to_owned()),
        (
            "four columns",
            text.split_inclusive('\n')
                .map(|line| {
                    let indent = line.len() - line.trim_start_matches(' ').len();
                    let inner = &line[indent..];
                    // What follows a dash is indented like the lines below it.
                    let inner = inner.strip_prefix("- ").map_or_else(|| inner.to_owned(), |rest| format!("-   {rest}"));
                    format!("{}{inner}", " ".repeat(2 * indent))
                })
                .collect::<Vec<_>>()
                .concat(),
        ),
        ("trailing blanks", each_line(text, |_, line| if open(line) { format!("{line}  ") } else { line.to_owned() })),
        ("quoted keys", each_line(text, |_, line| key.replace(line, "$1\"$2\":$3").into_owned())),
        (
            "a comment on every line",
            each_line(text, |at, line| {
                if open(line) && !line.contains('#') { format!("{line}\t # at {at}") } else { line.to_owned() }
            }),
        ),
        (
            "a comment above every line",
            each_line(text, |at, line| {
                let indent = " ".repeat(line.len() - line.trim_start_matches(' ').len());
                if open(line) && at > 0 { format!("{indent}# over {at}\n{line}") } else { line.to_owned() }
            }),
        ),
        (
            "blank lines",
            each_line(
                text,
                |_, line| if line.trim_start().starts_with("- ") { format!("\n{line}") } else { line.to_owned() },
            ),
        ),
    ];
    if let Some(value) = value(text) {
        let json = serde_json::to_value(&value).expect("JSON");
        styles.push(("flow", serde_json::to_string(&json).expect("JSON") + "\n"));
        styles.push(("flow over lines", serde_json::to_string_pretty(&json).expect("JSON") + "\n"));
        let before = value;
        styles.retain(|(_, styled)| self::value(styled).is_some_and(|value| value == before));
    }
    styles
}

fn value(text: &str) -> Option<Value> {
    let mut value: Value = serde_yaml::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    value.apply_merge().ok()?;
    Some(value)
}

// ---- what a remedy may change ----

/// Paths at which two values differ; lists of unequal length differ as a whole.
fn differences(path: &str, a: &Value, b: &Value, out: &mut BTreeSet<String>) {
    match (a, b) {
        (Value::Mapping(a), Value::Mapping(b)) => {
            let keys: Vec<&Value> = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).collect();
            for key in keys {
                let name = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
                let path = format!("{path}/{name}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&path, a, b, out),
                    _ => drop(out.insert(path)),
                }
            }
        }
        (Value::Sequence(a), Value::Sequence(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{at}"), a, b, out);
            }
        }
        _ if a == b => {}
        _ => drop(out.insert(path.to_owned())),
    }
}

/// Whether `b` is `a` with steps put in, or with one taken out, and at most one script that differs.
fn steps_only_inserted(a: &Value, b: &Value, removed: usize) -> bool {
    let (Value::Sequence(a), Value::Sequence(b)) = (a, b) else { return false };
    let same = |a: &Value, b: &Value| a == b;
    let but_run = |a: &Value, b: &Value| {
        let mut found = BTreeSet::new();
        differences("", a, b, &mut found);
        found.iter().all(|path| path == "/run")
    };
    let (short, long) = if removed == 0 { (a, b) } else { (b, a) };
    let mut edited = 0;
    let mut rest = long.iter();
    let kept = short.iter().all(|one| {
        rest.any(|other| {
            if same(one, other) {
                return true;
            }
            let script = but_run(one, other) && one.get("run").is_some() && one.get("name") == other.get("name");
            edited += usize::from(script);
            script
        })
    });
    kept && edited <= 1 && (removed == 0 || a.len() == b.len() + removed)
}

/// What is wrong with a remedy, given the text before and its edits.
fn objections(before: &str, rule: &str, edits: &[Edit]) -> Vec<String> {
    let mut wrong = Vec::new();
    let after = match fix::apply(before, edits) {
        Ok(after) => after,
        Err(error) => return vec![error.to_string()],
    };
    // Every line that holds no edit is there, in order and to the byte.
    let mut new_lines = after.split_inclusive('\n');
    let mut at = 0;
    for line in before.split_inclusive('\n') {
        let (start, end) = (at, at + line.trim_end_matches(['\r', '\n']).len());
        at += line.len();
        let touched = edits.iter().any(|edit| {
            let within = edit.span.start < at && edit.span.end > start;
            within
                || edit.span.is_empty() && edit.span.start >= start && edit.span.start < end && edit.span.start != start
        });
        // The last line gets a line end when something follows it.
        let same = |new: &str| new == line || (!line.ends_with('\n') && new.trim_end_matches(['\r', '\n']) == line);
        if !touched && !new_lines.any(same) {
            wrong.push(format!("the line `{}` is gone", line.trim_end()));
        }
    }
    // Every comment, anchor and alias is there, in order.
    let marks = |text: &str| {
        let blocks = in_blocks(text);
        let lines = text.lines().zip(blocks).filter(|(_, block)| !block).map(|(line, _)| line);
        let marks = lines.flat_map(|line| {
            let comment = line.find(" #").or_else(|| line.starts_with('#').then_some(0)).map(|at| line[at..].trim());
            let anchors = line.split([' ', ',', '[', ']', '{', '}']).filter(|word| {
                word.len() > 1 && word.starts_with(['&', '*']) && word[1..].starts_with(|c: char| c.is_alphabetic())
            });
            comment.into_iter().chain(anchors).map(str::to_owned).collect::<Vec<_>>()
        });
        marks.collect::<Vec<String>>()
    };
    // In flow style a `#` within quotes would count; such texts are all quotes.
    if !before.trim_start().starts_with('{') && marks(before) != marks(&after) {
        wrong.push("a comment or anchor has changed".to_owned());
    }
    let line_ends = |text: &str| (text.matches("\r\n").count(), text.matches('\n').count());
    let (old, new) = (line_ends(before), line_ends(&after));
    if (old.0 == 0) != (new.0 == 0) || (old.0 == old.1) != (new.0 == new.1) {
        wrong.push("line ends are mixed".to_owned());
    }
    if before.starts_with('\u{feff}') != after.starts_with('\u{feff}')
        || before.ends_with('\n') != after.ends_with('\n')
    {
        wrong.push("the first or last character has changed".to_owned());
    }
    // A key given twice is no YAML for the other library, before and after.
    if value(before).is_none() {
        return wrong;
    }
    let (Some(old), Some(new)) = (value(before), value(&after)) else {
        wrong.push("another library cannot read it".to_owned());
        return wrong;
    };
    let mut found = BTreeSet::new();
    differences("", &old, &new, &mut found);
    let job =
        |path: &str| path.strip_prefix("/jobs/").and_then(|path| path.split_once('/')).map(|(_, rest)| rest.to_owned());
    for path in &found {
        let inner = job(path);
        let inner = inner.as_deref().unwrap_or_default();
        let input = |names: &[&str]| {
            names.iter().any(|name| inner.starts_with("steps/") && inner.ends_with(&format!("/with/{name}")))
        };
        let new_with = |names: &[&str]| {
            let with = inner.starts_with("steps/") && inner.ends_with("/with");
            let keys = |value: &Value| {
                path.trim_start_matches('/').split('/').try_fold(value.clone(), |at, key| match key.parse::<usize>() {
                    Ok(number) if at.is_sequence() => at.get(number).cloned(),
                    _ => at.get(key).cloned(),
                })
            };
            with && keys(&old).is_none_or(|with| with.is_null())
                && keys(&new)
                    .and_then(|with| {
                        with.as_mapping()
                            .map(|with| with.keys().all(|key| names.contains(&key.as_str().unwrap_or_default())))
                    })
                    .unwrap_or(false)
        };
        let steps = || {
            let id = path.trim_start_matches("/jobs/").split('/').next().unwrap_or_default();
            let of = |value: &Value| {
                value.get("jobs").and_then(|jobs| jobs.get(id)).and_then(|job| job.get("steps")).cloned()
            };
            match (of(&old), of(&new)) {
                (Some(old), Some(new)) => {
                    let removed = usize::from(
                        rule == "tests-twice" && new.as_sequence().map(Vec::len) < old.as_sequence().map(Vec::len),
                    );
                    steps_only_inserted(&old, &new, removed)
                }
                _ => false,
            }
        };
        let right = match rule {
            "coverage-needs" => inner == "needs",
            "hidden-files" => input(&["include-hidden-files"]) || inner.ends_with("/uses"),
            "if-no-files-found" => input(&["if-no-files-found"]) || new_with(&["if-no-files-found"]),
            "matrix-collision" => input(&["name", "pattern", "merge-multiple"]),
            "coverage-upload" => inner == "steps" && steps(),
            "coverage-download" | "tests-twice" => {
                (inner == "steps" && steps()) || (inner.starts_with("steps/") && inner.ends_with("/run"))
            }
            "job-timeout" => inner == "timeout-minutes",
            "concurrency" => path == "/concurrency",
            "platform-version" => {
                inner.starts_with("steps/") && inner.ends_with("/uses") || input(&["include-hidden-files"])
            }
            _ => false,
        };
        if !right {
            wrong.push(format!("{rule} changes {path}"));
        }
    }
    if found.is_empty() {
        wrong.push("nothing has changed".to_owned());
    }
    wrong
}

/// Holds every remedy for one text against what it may change, then all of them together. Returns how many findings there
/// were, how many had a remedy, and how many are gone.
fn hold(desk: &Desk, text: &str, wrong: &mut Vec<String>) -> (usize, usize, usize) {
    let findings = desk.findings(text);
    let mut with = 0;
    for finding in &findings {
        let Some(fix) = &finding.fix else { continue };
        with += 1;
        let promised = rules::find(finding.rule).map(|rule| rule.fix);
        if !matches!((promised, fix.safety), (Some(Fixable::Safe), _) | (Some(Fixable::Unsafe), Safety::Unsafe)) {
            wrong.push(format!("{}: a {} fix, and the rule promises {promised:?}", finding.rule, fix.safety.name()));
        }
        wrong.extend(objections(text, finding.rule, &fix.edits));
    }
    if with == 0 {
        return (findings.len(), 0, 0);
    }
    let mut gone = 0;
    for up_to in [Safety::Safe, Safety::Unsafe] {
        let (outcome, mended) = desk.mended(text, up_to);
        let left = outcome.report.findings.len();
        if !outcome.report.problems.is_empty() {
            wrong.push(format!("{:?}", outcome.report.problems[0].message));
        }
        if value(&mended).is_none() && value(text).is_some() {
            wrong.push("the mended file cannot be read".to_owned());
        }
        if left > findings.len() {
            wrong.push(format!("{} findings before, {left} after", findings.len()));
        }
        let (again, twice) = desk.mended(&mended, up_to);
        if twice != mended || again.report.mended.is_none_or(|mended| mended.fixed != 0 || mended.files != 0) {
            wrong.push("mending it again changes it again".to_owned());
        }
        gone = findings.len().saturating_sub(left);
    }
    (findings.len(), with, gone)
}

#[test]
fn a_remedy_changes_what_the_finding_names_and_nothing_else() {
    let mut failed = String::new();
    // By style: texts, findings, remedies, findings gone.
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for path in fixtures() {
        let mut desk = Desk::of(&path, &root());
        let text = read(&path);
        let mut all = vec![("as it is", text.clone())];
        all.extend(styles(&text));
        let mut first = None;
        for (style, text) in all {
            let mut wrong = Vec::new();
            let (found, with, gone) = hold(&desk, &text, &mut wrong);
            // What only costs time is everywhere: it is tried in two styles.
            if style == "as it is" || style == "crlf" {
                desk.groups = &["time"];
                hold(&desk, &text, &mut wrong);
                desk.groups = &[];
            }
            for (sum, n) in counts.entry(style).or_default().iter_mut().zip([1, found, with, gone]) {
                *sum += n;
            }
            // How a file is written decides neither what is found nor, short of flow style, what can be mended.
            let (all_found, all_gone) = *first.get_or_insert((found, gone));
            let comments = style.contains("comment") || style == "flow" || text.contains("ci-lint:");
            if found != all_found && !comments && !style.starts_with("flow") {
                wrong.push(format!("{found} findings instead of {all_found}"));
            }
            if gone != all_gone && !comments && !style.starts_with("flow") && found == all_found {
                wrong.push(format!("{gone} findings mended instead of {all_gone}"));
            }
            for what in wrong {
                let _ = writeln!(failed, "{} ({style}): {what}", path.display());
            }
        }
    }
    println!("style: texts, findings, with a remedy, mended: {counts:#?}");
    assert!(failed.is_empty(), "{failed}");
    let plain = counts["as it is"];
    assert!(plain[3] >= 25, "only {} findings are mended", plain[3]);
    for style in [
        "crlf",
        "bom",
        "four columns",
        "trailing blanks",
        "quoted keys",
        "a comment on every line",
        "flow",
        "flow over lines",
    ] {
        let styled = counts.get(style).copied().unwrap_or_default();
        assert!(styled[0] * 10 >= plain[0] * 7, "{style}: only {} texts", styled[0]);
        assert!(styled[3] * 2 >= plain[3], "{style}: only {} findings are mended", styled[3]);
    }
}

#[test]
fn the_same_holds_for_a_corpus() {
    let Some(folder) = std::env::var_os("CI_LINT_CORPUS") else { return };
    let folder = PathBuf::from(folder);
    let mut workflows = files(&folder, &["yml", "yaml"]);
    workflows.retain(|path| path.parent().is_some_and(|parent| parent.ends_with("workflows")));
    assert!(!workflows.is_empty(), "no workflow in the corpus");
    let (mut failed, mut sums, mut refused) = (String::new(), [0; 4], 0);
    for path in &workflows {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let desk = Desk::of(path, &folder);
        let mut wrong = Vec::new();
        let (found, with, gone) = hold(&desk, &text, &mut wrong);
        refused += with.saturating_sub(gone);
        for (sum, n) in sums.iter_mut().zip([1, found, with, gone]) {
            *sum += n;
        }
        for what in wrong {
            let _ = writeln!(failed, "{}: {what}", path.display());
        }
    }
    println!("files, findings, with a remedy, mended: {sums:?}; remedies that were not made: {refused}");
    assert!(failed.is_empty(), "{failed}");
}

// ---- the command line ----

fn command(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ci-lint"))
        .arg("lint")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the binary starts")
}

fn copy(project: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = root().join(project);
    for file in files(&from, &["yml", "py", "toml"]) {
        let to = folder.path().join(file.strip_prefix(&from).expect("below"));
        fs::create_dir_all(to.parent().expect("a parent")).expect("made");
        fs::copy(&file, to).expect("copied");
    }
    folder
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_project_before_its_repair_is_repaired() {
    let folder = copy("before");
    let workflow = folder.path().join(".forgejo/workflows/ci.yml");
    let before = read(&workflow);
    let shown = command(folder.path(), &["--diff", "--unsafe-fixes"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(
        out(&shown).starts_with("--- .forgejo/workflows/ci.yml\n+++ .forgejo/workflows/ci.yml\n@@ "),
        "{}",
        out(&shown)
    );
    assert_eq!(read(&workflow), before, "--diff has written");

    let safe = command(folder.path(), &["--fix"]);
    assert_eq!(safe.status.code(), Some(1), "{}", out(&safe));
    assert!(out(&safe).contains(" findings, fixed 1 ("), "{}", out(&safe));
    let all = command(folder.path(), &["--fix", "--unsafe-fixes"]);
    assert_eq!(all.status.code(), Some(0), "{}", out(&all));
    let clean = command(folder.path(), &["--format", "json"]);
    assert_eq!(clean.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&clean.stdout).expect("JSON");
    assert_eq!(report["findings"], serde_json::json!([]));

    let after = read(&workflow);
    let marker = "nox -s coverage_report";
    assert!(before.contains(marker) && !after.contains(marker), "the tests run twice:\n{after}");
    assert!(after.contains("needs: [lint, typecheck, unit_tests]"), "{after}");
    assert!(after.contains("coverage combine coverage-data/.coverage*"), "{after}");
    assert!(after.contains("coverage xml -o build/coverage.xml"), "{after}");
    assert!(after.contains("# 624 feature files, shared out to parallel workers"), "{after}");
    // What was shown is what was done.
    let patched = folder.path().join("patched.yml");
    fs::write(&patched, &before).expect("written");
    let diff = folder.path().join("fix.diff");
    fs::write(&diff, &shown.stdout).expect("written");
    let patch = Command::new("patch").arg("--silent").arg(&patched).arg(&diff).output();
    if let Ok(patch) = patch {
        assert!(patch.status.success(), "{}", out(&patch));
        assert_eq!(read(&patched), after);
    }
}

#[test]
fn exit_codes_and_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = folder.path().join("ci.yml");
    fs::copy(root().join("defects/coverage-needs--sibling.yml"), &one).expect("copied");
    let before = read(&one);
    let run = |arguments: &[&str]| command(folder.path(), &[arguments, &["ci.yml"]].concat());
    let plain = run(&[]);
    assert!(out(&plain).contains("  fix: let `coverage` need `tests` (--fix)\n"), "{}", out(&plain));
    let json: serde_json::Value = serde_json::from_slice(&run(&["--format", "json"]).stdout).expect("JSON");
    let fix = &json["findings"][0]["fix"];
    assert_eq!((&fix["safety"], &fix["file"]), (&serde_json::json!("safe"), &serde_json::json!("ci.yml")));
    let start = usize::try_from(fix["edits"][0]["start"]["offset"].as_u64().expect("an offset")).expect("small");
    assert_eq!(&before[start..start + 5], "build");
    let sarif: serde_json::Value = serde_json::from_slice(&run(&["--format", "sarif"]).stdout).expect("JSON");
    let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "ci.yml");
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "[");

    assert_eq!(run(&["--diff"]).status.code(), Some(1));
    assert_eq!(run(&["--diff", "--exit-zero"]).status.code(), Some(0));
    assert_eq!(run(&["--diff", "--fix"]).status.code(), Some(2));
    assert_eq!(run(&["--unsafe-fixes"]).status.code(), Some(2));
    assert_eq!(read(&one), before);
    // A rule that is not asked is not mended.
    assert_eq!(run(&["--fix", "--ignore", "coverage-needs"]).status.code(), Some(0));
    assert_eq!(read(&one), before);
    let fixed = run(&["--fix"]);
    assert_eq!(fixed.status.code(), Some(0), "{}", out(&fixed));
    assert!(out(&fixed).starts_with("Found 1 finding, fixed 1.\n"), "{}", out(&fixed));
    let at = before.rfind("needs: build").expect("the coverage job") + "needs: ".len();
    assert_eq!(read(&one), format!("{}[build, tests]{}", &before[..at], &before[at + "build".len()..]));
    let again = run(&["--diff"]);
    assert_eq!((again.status.code(), out(&again).as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_stays_and_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("locked");
    fs::create_dir(&inner).expect("made");
    let file = inner.join("ci.yml");
    fs::copy(root().join("defects/coverage-needs--sibling.yml"), &file).expect("copied");
    let before = read(&file);
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o555)).expect("locked");
    let output = command(folder.path(), &["--fix", "locked/ci.yml"]);
    let writable = fs::write(inner.join("probe"), "").is_ok();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).expect("unlocked");
    // Whoever may write everywhere cannot be locked out.
    if writable {
        assert_eq!(output.status.code(), Some(0));
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{}", out(&output));
    assert_eq!(read(&file), before);
    assert!(out(&output).contains("locked/ci.yml: cannot be written"), "{}", out(&output));
}
