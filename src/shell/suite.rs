//! Which tests a command runs, and whether it measures coverage while doing so.

use super::args::{self, Args, Spec};
use super::script::Word;

/// What runs the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestTool {
    /// `pytest`.
    Pytest,
    /// `behave`, or `behavex`, which runs it in several processes.
    Behave,
    /// `python -m unittest`.
    Unittest,
    /// `nose2`.
    Nose2,
    /// `manage.py test` or `django-admin test`.
    DjangoTest,
    /// `stestr run`.
    Stestr,
    /// Twisted's `trial`.
    Trial,
    /// `ward`.
    Ward,
    /// A script or module run under measurement; empty when the coverage configuration names it.
    Other(String),
}

/// One run of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRun {
    /// What runs them.
    pub tool: TestTool,
    /// The arguments that choose which tests run, normalised: paths first, then options as `-k not slow`.
    /// Options this crate does not know are kept here too, as they may choose tests.
    pub selection: Vec<String>,
    /// No argument of the command has unknown text.
    pub selection_known: bool,
    /// How this very command measures; `None` when only configuration could make it measure.
    pub measured: Option<Measured>,
    /// Reports the command asks for.
    pub reports: Vec<ReportOutput>,
    /// `--cov-fail-under` (pytest) or `--fail-under` (slipcover) is given.
    pub fail_under: bool,
    /// The command shares the tests out to several processes (`-n auto`, `--parallel-processes 8`).
    pub parallel: bool,
}

/// How coverage is measured while tests run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measured {
    /// `coverage run`.
    Coverage(CoverageRun),
    /// `pytest --cov`.
    PytestCov {
        /// `--cov-append`.
        append: bool,
        /// `--cov-config`.
        config: Option<String>,
    },
    /// `slipcover`.
    Slipcover {
        /// `--out`; without it the data goes to standard output.
        out: Option<String>,
        /// `--json`: the output is a data file that can be merged.
        json: bool,
        /// `--xml`.
        xml: bool,
    },
    /// Another plugin, such as nose2's.
    Other,
}

/// The options of `coverage run` that decide where its data goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoverageRun {
    /// `-p`, `--parallel-mode`.
    pub parallel: bool,
    /// `-a`, `--append`.
    pub append: bool,
    /// `--branch`.
    pub branch: bool,
    /// `--data-file`, as written.
    pub data_file: Option<String>,
    /// `--rcfile`, as written.
    pub rcfile: Option<String>,
}

/// A report a test command writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOutput {
    /// The format: `xml`, `json`, `lcov`, `html`, `term`, `term-missing`, `annotate`.
    pub format: String,
    /// Where to, when the command says so; as written.
    pub path: Option<String>,
}

/// What a command of a test tool does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Suite {
    /// It runs tests.
    Run(TestRun),
    /// It only prints something.
    Inert,
    /// It cannot be said.
    Opaque,
}

/// Whether both run the same tests: same tool and same selection, all of it known.
pub fn same_suite(a: &TestRun, b: &TestRun) -> bool {
    let sorted = |run: &TestRun| {
        let mut selection = run.selection.clone();
        selection.sort_unstable();
        selection
    };
    let named = a.tool != TestTool::Other(String::new());
    named && a.selection_known && b.selection_known && a.tool == b.tool && sorted(a) == sorted(b)
}

struct Table {
    spec: Spec,
    /// Options that choose tests, as (every spelling, first is canonical).
    selects: &'static [&'static [&'static str]],
    /// Options that surely do not choose tests; a trailing `*` matches a prefix.
    noise: &'static [&'static str],
    /// Options after which no test runs.
    quits: &'static [&'static str],
    /// Options that share the tests out to processes, unless their value says one or none.
    shares: &'static [&'static str],
}

const PYTEST: Table = Table {
    spec: Spec {
        value: &[
            "-k",
            "-m",
            "-c",
            "--config-file",
            "--rootdir",
            "--confcutdir",
            "-p",
            "-o",
            "--override-ini",
            "-W",
            "--pythonwarnings",
            "-n",
            "--numprocesses",
            "--maxprocesses",
            "--dist",
            "--tx",
            "--maxfail",
            "--tb",
            "--durations",
            "--durations-min",
            "--junitxml",
            "--junit-xml",
            "--junitprefix",
            "--junit-prefix",
            "--ignore",
            "--ignore-glob",
            "--deselect",
            "--basetemp",
            "--capture",
            "--color",
            "--code-highlight",
            "--log-level",
            "--log-format",
            "--log-date-format",
            "--log-cli-level",
            "--log-cli-format",
            "--log-cli-date-format",
            "--log-file",
            "--log-file-level",
            "--log-file-format",
            "--log-file-mode",
            "--timeout",
            "--timeout-method",
            "--session-timeout",
            "--reruns",
            "--reruns-delay",
            "--only-rerun",
            "--cov-config",
            "--cov-report",
            "--cov-fail-under",
            "--cov-context",
            "--import-mode",
            "--verbosity",
            "--show-capture",
            "-r",
            "--html",
            "--css",
            "--json-report-file",
            "--splits",
            "--group",
            "--splitting-algorithm",
            "--durations-path",
            "--count",
            "--hypothesis-profile",
            "--hypothesis-seed",
            "--alluredir",
            "--randomly-seed",
            "--random-order-seed",
            "--ds",
            "--dc",
            "--asyncio-mode",
            "--lfnf",
            "--last-failed-no-failures",
            "--pastebin",
            "--doctest-glob",
            "--doctest-report",
            "--browser",
            "--lsof",
        ],
        maybe: &["--cov"],
        many: &[],
        stop: false,
    },
    selects: &[
        &["-k"],
        &["-m"],
        &["--ignore"],
        &["--ignore-glob"],
        &["--deselect"],
        &["--lf", "--last-failed"],
        &["--sw", "--stepwise"],
        &["--group"],
        &["--splits"],
        &["--splitting-algorithm"],
        &["-c", "--config-file"],
        &["--rootdir"],
        &["-o", "--override-ini"],
        &["--pyargs"],
        &["--doctest-modules"],
        &["--doctest-glob"],
        &["--count"],
        &["--hypothesis-profile"],
        &["--ds"],
        &["--dc"],
        &["-p"],
    ],
    noise: &[
        "-v",
        "-q",
        "-s",
        "-x",
        "-l",
        "-r",
        "-n",
        "-W",
        "--verbose",
        "--quiet",
        "--exitfirst",
        "--showlocals",
        "--numprocesses",
        "--maxprocesses",
        "--dist",
        "--tx",
        "--maxfail",
        "--tb",
        "--durations*",
        "--junit*",
        "--basetemp",
        "--capture",
        "--color",
        "--code-highlight",
        "--log-*",
        "--timeout*",
        "--session-timeout",
        "--reruns*",
        "--only-rerun",
        "--cov*",
        "--no-cov*",
        "--import-mode",
        "--verbosity",
        "--show-capture",
        "--html",
        "--self-contained-html",
        "--css",
        "--json-report*",
        "--hypothesis-seed",
        "--hypothesis-show-statistics",
        "--alluredir",
        "--randomly-seed",
        "--random-order*",
        "--asyncio-mode",
        "--pythonwarnings",
        "--strict*",
        "--ff",
        "--failed-first",
        "--nf",
        "--new-first",
        "--cache-clear",
        "--no-header",
        "--no-summary",
        "--disable-warnings",
        "--disable-pytest-warnings",
        "--full-trace",
        "--fulltrace",
        "--pastebin",
        "--benchmark-disable",
        "--store-durations",
        "--durations-path",
        "--forked",
        "--boxed",
        "--debug",
        "--trace-config",
        "--confcutdir",
    ],
    quits: &[
        "--collect-only",
        "--co",
        "--collectonly",
        "--help",
        "-h",
        "--version",
        "-V",
        "--fixtures",
        "--funcargs",
        "--fixtures-per-test",
        "--markers",
        "--setup-plan",
        "--setupplan",
        "--setup-only",
        "--setuponly",
        "--cache-show",
    ],
    shares: &["-n", "--numprocesses"],
};

const BEHAVE: Table = Table {
    spec: Spec {
        value: &[
            "-D",
            "--define",
            "-e",
            "--exclude",
            "-i",
            "--include",
            "-f",
            "--format",
            "-n",
            "--name",
            "-o",
            "--outfile",
            "-t",
            "--tags",
            "--stage",
            "--lang",
            "--logging-level",
            "--logging-format",
            "--logging-datefmt",
            "--logging-filter",
            "-j",
            "--jobs",
            "--parallel",
            "-r",
            "--runner",
            "--junit-directory",
            "--color",
            "--lang-help",
        ],
        maybe: &[],
        many: &[],
        stop: false,
    },
    selects: &[
        &["-D", "--define"],
        &["-e", "--exclude"],
        &["-i", "--include"],
        &["-n", "--name"],
        &["-t", "--tags"],
        &["--stage"],
        &["-w", "--wip"],
        &["-r", "--runner"],
    ],
    noise: &[
        "-f",
        "--format",
        "-o",
        "--outfile",
        "--lang",
        "--logging-*",
        "--no-logcapture",
        "--logcapture",
        "-j",
        "--jobs",
        "--parallel",
        "--junit*",
        "--color",
        "--no-color",
        "-c",
        "-C",
        "-k",
        "--no-skipped",
        "--show-skipped",
        "-q",
        "--quiet",
        "-s",
        "--no-source",
        "--show-source",
        "--snippets",
        "--no-snippets",
        "-m",
        "--multiline",
        "--no-multiline",
        "--no-capture*",
        "--capture*",
        "--stop",
        "--summary",
        "--no-summary",
        "-T",
        "--no-timings",
        "--show-timings",
        "-v",
        "--verbose",
        "--expand",
        "--jobs",
    ],
    quits: &[
        "-d",
        "--dry-run",
        "--steps-catalog",
        "--lang-list",
        "--lang-help",
        "--tags-help",
        "--version",
        "-h",
        "--help",
    ],
    shares: &["-j", "--jobs", "--parallel"],
};

/// behavex runs features as behave does, shared out to processes.
const BEHAVEX: Table = Table {
    spec: Spec {
        value: &[
            "-t",
            "--tags",
            "-n",
            "--name",
            "-i",
            "--include",
            "-ip",
            "--include-paths",
            "-e",
            "--exclude",
            "-D",
            "--define",
            "-o",
            "--output-folder",
            "-rf",
            "--rerun-failures",
            "-c",
            "--config",
            "--logging-level",
            "--parallel-processes",
            "--parallel-scheme",
            "--parallel-delay",
            "--formatter",
        ],
        maybe: &[],
        many: &[],
        stop: false,
    },
    selects: &[
        &["-D", "--define"],
        &["-e", "--exclude"],
        &["-i", "--include"],
        &["-ip", "--include-paths"],
        &["-n", "--name"],
        &["-t", "--tags"],
        &["-rf", "--rerun-failures"],
        &["-c", "--config"],
    ],
    noise: &[
        "-o",
        "--output-folder",
        "--logging-*",
        "--parallel-*",
        "--formatter",
        "--show-progress-bar",
        "-spb",
        "--no-capture*",
        "--no-color",
        "--no-logcapture",
        "--no-formatter",
        "-s",
        "-v",
        "--verbose",
        "--stop",
        "--rerun-failures",
    ],
    quits: &["-d", "--dry-run", "--version", "-h", "--help"],
    shares: &["--parallel-processes"],
};

const UNITTEST: Table = Table {
    spec: Spec {
        value: &["-k", "--durations", "-s", "--start-directory", "-p", "--pattern", "-t", "--top-level-directory"],
        maybe: &[],
        many: &[],
        stop: false,
    },
    selects: &[&["-k"], &["-s", "--start-directory"], &["-p", "--pattern"], &["-t", "--top-level-directory"]],
    noise: &[
        "-v",
        "-q",
        "-f",
        "-c",
        "-b",
        "--verbose",
        "--quiet",
        "--locals",
        "--durations",
        "--failfast",
        "--catch",
        "--buffer",
    ],
    quits: &["-h", "--help"],
    shares: &[],
};

const DJANGO: Table = Table {
    spec: Spec {
        value: &[
            "-k",
            "--tag",
            "--exclude-tag",
            "-t",
            "--top-level-directory",
            "-p",
            "--pattern",
            "--settings",
            "-v",
            "--verbosity",
            "--testrunner",
            "--pythonpath",
        ],
        maybe: &["--parallel", "--shuffle"],
        many: &[],
        stop: false,
    },
    selects: &[
        &["-k"],
        &["--tag"],
        &["--exclude-tag"],
        &["-t", "--top-level-directory"],
        &["-p", "--pattern"],
        &["--settings"],
        &["--testrunner"],
        &["--pythonpath"],
    ],
    noise: &[
        "-v",
        "--verbosity",
        "--parallel",
        "--shuffle",
        "--keepdb",
        "--failfast",
        "--noinput",
        "--no-input",
        "-r",
        "--reverse",
        "-b",
        "--buffer",
        "--timing",
        "--durations",
        "--force-color",
        "--no-color",
        "--traceback",
        "-d",
        "--debug-sql",
        "--pdb",
        "--debug-mode",
    ],
    quits: &["-h", "--help", "--version"],
    shares: &["--parallel"],
};

const GENERIC: Table = Table {
    spec: Spec { value: &[], maybe: &[], many: &[], stop: false },
    selects: &[],
    noise: &["-v", "-q", "--verbose", "--quiet", "--with-coverage", "--coverage*"],
    quits: &["-h", "--help", "--version", "--list"],
    shares: &[],
};

/// Reads the command of a test tool; `None` when `name` is no test tool.
pub(super) fn read_suite(name: &str, args: &[Word]) -> Option<Suite> {
    let first = args.first().map(|w| w.text.as_str());
    let suite = match name {
        "pytest" | "py.test" => pytest(args),
        "behave" => run(TestTool::Behave, &BEHAVE, args),
        "behavex" => run(TestTool::Behave, &BEHAVEX, args),
        "unittest" => run(TestTool::Unittest, &UNITTEST, args),
        "nose2" | "nosetests" => {
            let tool = if name == "nose2" { TestTool::Nose2 } else { TestTool::Other(name.to_owned()) };
            let mut suite = run(tool, &GENERIC, args);
            if let Suite::Run(run) = &mut suite
                && args.iter().any(|w| matches!(w.text.as_str(), "--with-coverage" | "-C"))
            {
                run.measured = Some(Measured::Other);
            }
            suite
        }
        "manage.py" | "django-admin" | "django" => match first {
            Some("test") => run(TestTool::DjangoTest, &DJANGO, &args[1..]),
            Some("--version" | "--help" | "version" | "help") => Suite::Inert,
            _ => Suite::Opaque,
        },
        "stestr" => match first {
            Some("run") => run(TestTool::Stestr, &GENERIC, &args[1..]),
            Some("--version" | "--help" | "list" | "init" | "last" | "slowest") => Suite::Inert,
            _ => Suite::Opaque,
        },
        "trial" | "twisted.trial" => run(TestTool::Trial, &GENERIC, args),
        "ward" => run(TestTool::Ward, &GENERIC, if first == Some("test") { &args[1..] } else { args }),
        _ => return None,
    };
    Some(suite)
}

fn matches_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|p| p.strip_suffix('*').map_or(*p == name, |prefix| name.starts_with(prefix)))
}

fn run(tool: TestTool, table: &Table, words: &[Word]) -> Suite {
    let parsed = args::read(words, &table.spec);
    if parsed.has(table.quits) {
        return Suite::Inert;
    }
    let mut selection: Vec<String> = parsed.positionals.iter().chain(&parsed.rest).map(|w| path(&w.text)).collect();
    for option in &parsed.options {
        let name = option.name.as_str();
        let value = option.values.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        if tool == TestTool::Pytest
            && name == "-p"
            && (value.starts_with("no:") || value == "xdist" || value == "pytest_cov")
        {
            continue;
        }
        let canonical = table.selects.iter().find(|names| names.contains(&name)).map(|names| names[0]);
        if canonical.is_none() && matches_any(table.noise, name) {
            continue;
        }
        let name = canonical.unwrap_or(name);
        let value = if name.starts_with("--ignore") || name == "-s" { path(&value) } else { value };
        selection.push(if value.is_empty() { name.to_owned() } else { format!("{name} {value}") });
    }
    Suite::Run(TestRun {
        tool,
        selection,
        selection_known: !parsed.any_dynamic(),
        measured: None,
        reports: Vec::new(),
        fail_under: false,
        parallel: parsed.options.iter().any(|option| {
            let value = option.values.first().map_or("", |word| word.text.as_str());
            table.shares.contains(&option.name.as_str()) && !matches!(value, "0" | "1" | "no" | "none")
        }),
    })
}

/// `./tests/` and `tests` are the same place.
fn path(text: &str) -> String {
    let text = text.strip_prefix("./").unwrap_or(text);
    let trimmed = text.trim_end_matches('/');
    if trimmed.is_empty() { if text.is_empty() { "." } else { "/" } } else { trimmed }.to_owned()
}

fn pytest(words: &[Word]) -> Suite {
    let parsed = args::read(words, &PYTEST.spec);
    let measured = cov(&parsed);
    if parsed.has(PYTEST.quits) && measured.is_some() {
        return Suite::Opaque;
    }
    let mut suite = run(TestTool::Pytest, &PYTEST, words);
    if let Suite::Run(run) = &mut suite {
        run.measured = measured;
        run.fail_under = parsed.has(&["--cov-fail-under"]);
        run.reports = parsed
            .options
            .iter()
            .filter(|o| o.name == "--cov-report")
            .filter_map(|o| o.values.first())
            .filter(|w| !w.text.is_empty())
            .map(|w| match w.text.split_once(':') {
                Some((format, path)) if !format.contains('$') => report(format, Some(path)),
                _ => report(&w.text, None),
            })
            .collect();
    }
    suite
}

/// `term:skip-covered` names an option, not a path.
fn report(format: &str, path: Option<&str>) -> ReportOutput {
    let path = path.filter(|_| !format.starts_with("term")).map(str::to_owned);
    ReportOutput { format: format.to_owned(), path }
}

fn cov(parsed: &Args) -> Option<Measured> {
    // pytest-cov: `--cov=` means "no source given", which still measures.
    (parsed.has(&["--cov"]) && !parsed.has(&["--no-cov"]))
        .then(|| Measured::PytestCov { append: parsed.has(&["--cov-append"]), config: parsed.text(&["--cov-config"]) })
}

/// The tests behind `coverage run` or `slipcover`: a test tool, or any other program.
pub(super) fn read_measured(module: bool, words: &[Word], measured: Measured) -> Suite {
    let Some(head) = words.first() else {
        // `coverage run` alone runs what the configuration names.
        return Suite::Run(TestRun {
            tool: TestTool::Other(String::new()),
            selection: Vec::new(),
            selection_known: false,
            measured: Some(measured),
            reports: Vec::new(),
            fail_under: false,
            parallel: false,
        });
    };
    let base = head.text.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if module
        || base == "manage.py"
        || matches!(base, "pytest" | "py.test" | "behave" | "behavex" | "nose2" | "trial" | "stestr")
    {
        base
    } else {
        ""
    };
    match read_suite(name, &words[1..]) {
        Some(Suite::Run(mut run)) if !head.dynamic || !module => {
            run.measured = Some(measured);
            Suite::Run(run)
        }
        Some(_) => Suite::Opaque,
        None => Suite::Run(TestRun {
            tool: TestTool::Other(head.text.clone()),
            selection: words[1..].iter().map(|w| w.text.clone()).collect(),
            selection_known: words.iter().all(|w| !w.dynamic),
            measured: Some(measured),
            reports: Vec::new(),
            fail_under: false,
            parallel: false,
        }),
    }
}
