//! Task runners: which sessions of nox, tox, hatch, make and their like a command starts, and what their names tell.

use super::args::{self, Spec};
use super::script::Word;

/// What runs the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the tool of the same name")]
pub enum Runner {
    Nox,
    Tox,
    Hatch,
    Make,
    Just,
    Task,
    Invoke,
    Pdm,
    Poe,
    Rye,
    Pixi,
    /// A script file; its path is the session.
    Script,
}

/// One start of a task runner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionRun {
    /// What runs the sessions.
    pub runner: Runner,
    /// The sessions, environments, targets or tasks by name; empty means the runner's default ones.
    pub sessions: Vec<String>,
    /// Arguments handed on to the session.
    pub args: Vec<String>,
    /// Other options that choose what runs (`-p 3.12`, `-t tag`, `-f file`, `A=b` for make), as `-p 3.12`.
    pub options: Vec<String>,
    /// No word of the command has unknown text.
    pub known: bool,
}

/// The command of a task runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    Run(SessionRun, Option<Word>),
    Inert,
    Opaque,
}

const NOX: Spec = Spec {
    value: &[
        "-k",
        "--keywords",
        "-f",
        "--noxfile",
        "--envdir",
        "-db",
        "--default-venv-backend",
        "-fb",
        "--force-venv-backend",
        "--report",
        "--download-python",
        "--reuse-venv",
    ],
    maybe: &[],
    many: &[
        "-s",
        "-e",
        "--session",
        "--sessions",
        "-p",
        "--python",
        "--pythons",
        "-t",
        "--tags",
        "--extra-pythons",
        "--extra-python",
        "-P",
        "--force-pythons",
        "--force-python",
    ],
    stop: false,
};

const TOX: Spec = Spec {
    value: &[
        "-e",
        "-c",
        "--conf",
        "--workdir",
        "--work-dir",
        "--root",
        "--toxworkdir",
        "-x",
        "--override",
        "-m",
        "--installpkg",
        "--result-json",
        "--skip-env",
        "--hashseed",
        "--discover",
        "--parallel-live-env",
        "--color",
        "--colored",
        "-j",
    ],
    maybe: &["-p", "--parallel"],
    many: &["-f"],
    stop: false,
};

/// Reads the command of a task runner; `None` when `name` is none.
pub(super) fn read(name: &str, words: &[Word]) -> Option<Reading> {
    let known = words.iter().all(|w| !w.dynamic);
    let reading = match name {
        "nox" => nox(words, known),
        "tox" => tox(words, known),
        "make" | "gmake" => make(words, known),
        "just" => just(words, known),
        "task" | "go-task" => task(words, known),
        "invoke" | "inv" => first_task(
            Runner::Invoke,
            &["-c", "--collection", "-r", "--search-root", "-f", "--config", "-T", "--command-timeout"],
            words,
            known,
        ),
        "poe" | "poethepoet" => first_task(Runner::Poe, &["-C", "--directory", "-e", "--executor"], words, known),
        "hatch" => match words.first().map(|w| w.text.as_str()) {
            Some("test") if words.iter().any(|w| matches!(w.text.as_str(), "--help" | "-h" | "--show" | "-s")) => {
                Reading::Inert
            }
            Some("test") => Reading::Run(
                SessionRun {
                    runner: Runner::Hatch,
                    sessions: vec!["test".to_owned()],
                    args: texts(&words[1..]),
                    options: Vec::new(),
                    known,
                },
                None,
            ),
            Some(
                "build" | "fmt" | "version" | "--version" | "env" | "dep" | "config" | "publish" | "new" | "clean"
                | "status",
            ) => Reading::Inert,
            _ => Reading::Opaque,
        },
        _ => return None,
    };
    Some(reading)
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|w| w.text.clone()).collect()
}

/// The options among `names` as `-x value`, spelled with the first of each group.
fn chosen(args: &args::Args, groups: &[&[&str]]) -> Vec<String> {
    let mut found = Vec::new();
    for option in &args.options {
        if let Some([canonical, ..]) = groups.iter().find(|g| g.contains(&option.name.as_str())) {
            let value = option.values.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            found.push(format!("{canonical} {value}"));
        }
    }
    found
}

fn nox(words: &[Word], known: bool) -> Reading {
    let args = args::read(words, &NOX);
    if args.has(&["-l", "--list", "--list-sessions", "-h", "--help", "--version", "--usage", "--install-only"]) {
        return Reading::Inert;
    }
    // nox keeps the last of several `-s`.
    let last = args.options.iter().rev().find(|o| matches!(o.name.as_str(), "-s" | "-e" | "--session" | "--sessions"));
    let sessions = last.map(|o| texts(&o.values)).unwrap_or_default();
    let groups: &[&[&str]] = &[
        &["-p", "--python", "--pythons"],
        &["-t", "--tags"],
        &["-k", "--keywords"],
        &["-f", "--noxfile"],
        &["--extra-pythons", "--extra-python"],
        &["-P", "--force-pythons", "--force-python"],
    ];
    // nox takes no positional before `--`; what looks like one is not understood.
    let known = known && args.positionals.is_empty();
    Reading::Run(
        SessionRun { runner: Runner::Nox, sessions, args: texts(&args.rest), options: chosen(&args, groups), known },
        None,
    )
}

fn tox(words: &[Word], known: bool) -> Reading {
    let args = args::read(words, &TOX);
    if args.has(&[
        "-l",
        "--listenvs",
        "-a",
        "--listenvs-all",
        "--showconfig",
        "-h",
        "--help",
        "--version",
        "--notest",
        "--devenv",
    ]) {
        return Reading::Inert;
    }
    let mut positionals = args.positionals.as_slice();
    match positionals.first().map(|w| w.text.as_str()) {
        Some("run" | "r" | "run-parallel" | "p" | "legacy" | "le") => positionals = &positionals[1..],
        Some("list" | "l" | "config" | "c" | "devenv" | "d" | "depends" | "de" | "quickstart" | "q" | "schema") => {
            return Reading::Inert;
        }
        Some("exec" | "e") => return Reading::Opaque,
        _ => {}
    }
    let sessions = args
        .options
        .iter()
        .filter(|o| o.name == "-e")
        .flat_map(|o| &o.values)
        .flat_map(|w| split_environments(&w.text))
        .collect();
    let groups: &[&[&str]] =
        &[&["-f"], &["-m"], &["-c", "--conf"], &["-x", "--override"], &["--skip-env"], &["--installpkg"], &["--root"]];
    let passed = positionals.iter().chain(&args.rest).map(|w| w.text.clone()).collect();
    Reading::Run(
        SessionRun { runner: Runner::Tox, sessions, args: passed, options: chosen(&args, groups), known },
        None,
    )
}

/// Splits `py311,lint` at commas outside `{…}`.
fn split_environments(text: &str) -> Vec<String> {
    split_outside_braces(text, &[',']).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
}

/// The parts of a list of tox's names, as in `py{310,311},lint`: nothing in braces separates.
pub fn split_outside_braces<'t>(text: &'t str, separators: &'t [char]) -> impl Iterator<Item = &'t str> {
    let mut depth = 0_usize;
    text.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && separators.contains(&c)
    })
}

fn make(words: &[Word], known: bool) -> Reading {
    let spec = Spec {
        value: &["-C", "--directory", "-f", "--file", "--makefile", "-I", "-o", "-W"],
        maybe: &[],
        ..Spec::default()
    };
    // `-j` takes a number only when one follows.
    let words: Vec<Word> = words
        .iter()
        .enumerate()
        .filter(|(i, w)| {
            let number = w.text.bytes().all(|b| b.is_ascii_digit()) && !w.text.is_empty();
            !(number && *i > 0 && matches!(words[i - 1].text.as_str(), "-j" | "-l" | "--jobs"))
        })
        .map(|(_, w)| w.clone())
        .collect();
    let args = args::read(&words, &spec);
    if args.has(&["-n", "--dry-run", "--just-print", "-h", "--help", "--version", "-v", "-q", "--question"]) {
        return Reading::Inert;
    }
    let directory = args.value(&["-C", "--directory"]).cloned();
    let (variables, targets): (Vec<Word>, Vec<Word>) =
        args.positionals.iter().chain(&args.rest).cloned().partition(|w| w.text.contains('='));
    let mut options = chosen(&args, &[&["-f", "--file", "--makefile"]]);
    options.extend(texts(&variables));
    Reading::Run(
        SessionRun { runner: Runner::Make, sessions: texts(&targets), args: Vec::new(), options, known },
        directory,
    )
}

fn just(words: &[Word], known: bool) -> Reading {
    let spec = Spec {
        value: &[
            "-f",
            "--justfile",
            "-d",
            "--working-directory",
            "--shell",
            "--shell-arg",
            "--dotenv-path",
            "-E",
            "--color",
        ],
        stop: true,
        ..Spec::default()
    };
    let args = args::read(words, &spec);
    if args.has(&[
        "-l",
        "--list",
        "-n",
        "--dry-run",
        "--show",
        "-s",
        "--version",
        "--help",
        "--evaluate",
        "--summary",
        "--fmt",
    ]) {
        return Reading::Inert;
    }
    let (variables, rest): (Vec<Word>, Vec<Word>) =
        args.positionals.iter().cloned().partition(|w| w.text.contains('=') && !w.text.starts_with('-'));
    let mut options = chosen(&args, &[&["-f", "--justfile"], &["-d", "--working-directory"], &["--set"]]);
    options.extend(texts(&variables));
    let mut names = texts(&rest);
    let passed = if names.is_empty() { Vec::new() } else { names.split_off(1) };
    let directory = args.value(&["-d", "--working-directory"]).cloned();
    Reading::Run(SessionRun { runner: Runner::Just, sessions: names, args: passed, options, known }, directory)
}

fn task(words: &[Word], known: bool) -> Reading {
    let args = args::read(
        words,
        &Spec {
            value: &["-t", "--taskfile", "-d", "--dir", "-o", "--output", "-C", "--concurrency"],
            ..Spec::default()
        },
    );
    if args.has(&[
        "-l",
        "--list",
        "-a",
        "--list-all",
        "-n",
        "--dry",
        "--version",
        "-h",
        "--help",
        "--status",
        "--summary",
    ]) {
        return Reading::Inert;
    }
    let (variables, names): (Vec<Word>, Vec<Word>) =
        args.positionals.iter().cloned().partition(|w| w.text.contains('='));
    let mut options = chosen(&args, &[&["-t", "--taskfile"], &["-d", "--dir"]]);
    options.extend(texts(&variables));
    let directory = args.value(&["-d", "--dir"]).cloned();
    Reading::Run(
        SessionRun { runner: Runner::Task, sessions: texts(&names), args: texts(&args.rest), options, known },
        directory,
    )
}

fn first_task(runner: Runner, value: &'static [&'static str], words: &[Word], known: bool) -> Reading {
    let args = args::read(words, &Spec { value, stop: true, ..Spec::default() });
    if args.has(&["-l", "--list", "-h", "--help", "-V", "--version", "--dry", "-R", "--dry-run"]) {
        return Reading::Inert;
    }
    let mut names = texts(&args.positionals);
    if names.is_empty() {
        return Reading::Inert;
    }
    let passed = names.split_off(1).into_iter().chain(texts(&args.rest)).collect();
    let directory = if runner == Runner::Poe { args.value(&["-C", "--directory"]).cloned() } else { None };
    Reading::Run(SessionRun { runner, sessions: names, args: passed, options: Vec::new(), known }, directory)
}

/// Whether both surely run the same thing at least once: same runner, a session in common, the same choosing options
/// and arguments. Two runs of the default sessions are the same.
pub fn same_session(a: &SessionRun, b: &SessionRun) -> bool {
    let shared = if a.sessions.is_empty() || b.sessions.is_empty() {
        a.sessions.is_empty() && b.sessions.is_empty()
    } else {
        a.sessions.iter().any(|name| b.sessions.contains(name))
    };
    a.known
        && b.known
        && a.runner == b.runner
        && shared
        && a.options == b.options
        && choosing(&a.args) == choosing(&b.args)
}

/// The arguments that may choose tests.
fn choosing(args: &[String]) -> Vec<&str> {
    const WITH_VALUE: &[&str] = &[
        "-n",
        "--numprocesses",
        "--processes",
        "--durations",
        "--cov-report",
        "--junitxml",
        "--tb",
        "--color",
        "--maxfail",
        "--dist",
    ];
    const PLAIN: &[&str] = &[
        "--coverage",
        "--no-coverage",
        "--cov",
        "--no-cov",
        "--cov-append",
        "--cov-branch",
        "--cover",
        "--parallel",
        "--sequential",
        "--no-parallel",
        "--verbose",
        "--quiet",
        "--exitfirst",
        "-x",
        "-s",
    ];
    let mut kept = Vec::new();
    let mut skip = false;
    for arg in args {
        let name = arg.split_once('=').map_or(arg.as_str(), |(name, _)| name);
        let short = arg.len() > 1 && arg.starts_with('-') && arg[1..].bytes().all(|b| matches!(b, b'v' | b'q'));
        let workers = arg.strip_prefix("-n").is_some_and(|n| !n.is_empty() && !n.starts_with('-'));
        if std::mem::take(&mut skip) || short || workers || PLAIN.contains(&name) {
            continue;
        }
        if WITH_VALUE.contains(&name) {
            skip = !arg.contains('=');
            continue;
        }
        kept.push(arg.as_str());
    }
    kept
}

const TEST_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "unit",
    "units",
    "unittest",
    "unittests",
    "integration",
    "functional",
    "behave",
    "pytest",
    "features",
    "bdd",
    "e2e",
    "acceptance",
];
const QUALIFIERS: &[&str] =
    &["system", "smoke", "fast", "slow", "full", "all", "min", "latest", "regression", "parallel", "ci", "with", "run"];
const COVERAGE_WORDS: &[&str] = &["coverage", "cov"];
const REPORT_WORDS: &[&str] =
    &["report", "reports", "html", "xml", "json", "lcov", "check", "gate", "fail", "under", "threshold", "total"];

/// The words of a session name, without a parametrisation and without Python versions; and whether it had a version.
fn name_words(name: &str) -> (Vec<String>, bool) {
    let name = name.split('(').next().unwrap_or_default();
    let (versions, words): (Vec<String>, Vec<String>) = name
        .split(['-', '_', ' ', ':', '/'])
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .partition(|w| is_python_version(w));
    (words, !versions.is_empty())
}

/// `3.12`, `py312`, `py`, `pypy3.10`, `3.14t`.
fn is_python_version(word: &str) -> bool {
    let rest = ["pypy", "python", "py"].iter().find_map(|p| word.strip_prefix(p));
    let digits = rest.unwrap_or(word);
    let digits = digits.strip_suffix('t').unwrap_or(digits);
    digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && (rest.is_some() || digits.starts_with('3'))
}

/// Whether a session by this name makes or reports coverage, possibly by running tests.
///
/// `coverage_report_only` and `coverage_combine` say by name that they run none; `docs_coverage` is about something else.
pub fn is_coverage_session(name: &str) -> bool {
    let (words, _) = name_words(name);
    let within = |table: &[&str], word: &String| table.contains(&word.as_str());
    words.iter().any(|w| within(COVERAGE_WORDS, w))
        && words
            .iter()
            .all(|w| [COVERAGE_WORDS, REPORT_WORDS, TEST_WORDS, QUALIFIERS].iter().any(|table| within(table, w)))
}

/// Whether a session by this name runs tests. A name such as `tests_cov` is a coverage session as well.
pub fn is_test_session(name: &str) -> bool {
    let (words, version) = name_words(name);
    let within = |table: &[&str], word: &String| table.contains(&word.as_str());
    let tests = words.iter().any(|w| within(TEST_WORDS, w))
        || (version && words.iter().all(|w| within(COVERAGE_WORDS, w)) && !is_plain_coverage(name));
    tests && words.iter().all(|w| [COVERAGE_WORDS, TEST_WORDS, QUALIFIERS].iter().any(|table| within(table, w)))
}

/// `coverage-3.12`: the version is a suffix, so the name is a coverage session and not tox's `py312-cov`.
fn is_plain_coverage(name: &str) -> bool {
    let first = name.split(['-', '_']).next().unwrap_or_default();
    COVERAGE_WORDS.contains(&first.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_coverage_sessions() {
        for name in [
            "coverage",
            "cov",
            "coverage_report",
            "coverage-report",
            "coverage_html",
            "coverage_xml",
            "cov-report",
            "coverage_check",
            "coverage_gate",
            "coverage-3.12",
            "Coverage",
        ] {
            assert!(is_coverage_session(name), "{name}");
            assert!(!is_test_session(name), "{name}");
        }
        for name in [
            "coverage_report_only",
            "coverage_combine",
            "docs_coverage",
            "type_coverage",
            "docstr-coverage",
            "coverage_erase",
            "report",
            "",
            "3.12",
        ] {
            assert!(!is_coverage_session(name), "{name}");
        }
        for name in ["tests_cov", "py312-cov", "test_coverage"] {
            assert!(is_coverage_session(name) && is_test_session(name), "{name}");
        }
    }

    #[test]
    fn names_of_test_sessions() {
        for name in [
            "test",
            "tests",
            "unit",
            "unit_tests",
            "unit-tests",
            "integration_tests",
            "behave",
            "pytest",
            "features",
            "bdd",
            "test-3.12",
            "tests(django='4.2')",
            "py311",
            "py",
            "pypy3.10",
            "3.13",
        ] {
            assert!(is_test_session(name), "{name}");
        }
        for name in ["lint", "docs", "type_tests", "py311-lint", "build", "latest", "test_docs", "", "py311-django42"] {
            assert!(!is_test_session(name), "{name}");
        }
    }

    #[test]
    fn tox_environments_split_outside_braces() {
        assert_eq!(split_environments("py{310,311}-x, lint"), ["py{310,311}-x", "lint"]);
    }
}
