//! Reads `coverage …` and `slipcover …` command lines.

use super::args::{self, Args, Spec};
use super::script::Word;
use super::suite::{CoverageRun, Measured, Suite, read_measured};

/// A subcommand of `coverage` other than `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the subcommand of the same name")]
pub enum CoverageSub {
    Combine,
    Report,
    Html,
    Xml,
    Json,
    Lcov,
    Erase,
    Debug,
    Annotate,
    Help,
}

impl CoverageSub {
    /// Whether it needs data that was measured before: to combine it or to report on it.
    pub fn reads(self) -> bool {
        self == Self::Combine || self.reports()
    }

    /// Whether it reads the data file to report on it.
    pub fn reports(self) -> bool {
        matches!(self, Self::Report | Self::Html | Self::Xml | Self::Json | Self::Lcov | Self::Annotate)
    }
}

/// A `coverage` command that runs no tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageCommand {
    /// The subcommand.
    pub sub: CoverageSub,
    /// Positional arguments: for `combine` the data files and directories.
    pub paths: Vec<Word>,
    /// A word of unknown text may hold further options or paths.
    pub dynamic: bool,
    /// `--data-file`, as written.
    pub data_file: Option<String>,
    /// `-o` or `-d`, as written.
    pub output: Option<String>,
    /// `--fail-under`, as written.
    pub fail_under: Option<String>,
    /// `--keep`.
    pub keep: bool,
    /// `-a`, `--append`.
    pub append: bool,
    /// `--rcfile`, as written.
    pub rcfile: Option<String>,
    /// `--include`, `--omit` or `--contexts`: only a part of what was measured counts.
    pub filtered: bool,
}

/// `slipcover --merge`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipcoverMerge {
    /// The files to merge.
    pub inputs: Vec<Word>,
    /// `--out`, as written.
    pub out: Option<String>,
    /// `--fail-under`, as written.
    pub fail_under: Option<String>,
}

/// What a `coverage` or `slipcover` command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    Suite(Suite),
    Command(CoverageCommand),
    Merge(SlipcoverMerge),
    Inert,
    Opaque,
}

const RUN: Spec = Spec {
    value: &[
        "--concurrency",
        "--context",
        "--data-file",
        "--include",
        "--omit",
        "--save-signal",
        "--source",
        "--debug",
        "--rcfile",
    ],
    maybe: &[],
    many: &[],
    stop: true,
};

const OTHER: Spec = Spec {
    value: &[
        "--data-file",
        "--fail-under",
        "--include",
        "--omit",
        "--precision",
        "--sort",
        "--format",
        "--contexts",
        "--rcfile",
        "--title",
        "-d",
        "--directory",
        "-o",
        "--debug",
    ],
    maybe: &[],
    many: &[],
    stop: false,
};

const SLIPCOVER: Spec = Spec {
    value: &[
        "--out",
        "--source",
        "--omit",
        "--fail-under",
        "--threshold",
        "--missing-width",
        "--xml-package-depth",
        "-m",
    ],
    maybe: &[],
    many: &["--merge"],
    stop: true,
};

/// Spells out long options that coverage accepts by unique prefix; `--parallel` is the common one.
fn spell_out(mut args: Args) -> Args {
    const LONG: &[&str] =
        &["--parallel-mode", "--append", "--branch", "--data-file", "--rcfile", "--keep", "--fail-under", "--module"];
    for option in &mut args.options {
        if option.name.len() > 4
            && let Some(full) = LONG.iter().find(|full| full.starts_with(option.name.as_str()))
        {
            (*full).clone_into(&mut option.name);
        }
    }
    args
}

/// Reads the arguments of `coverage`.
pub(super) fn read_coverage(words: &[Word]) -> Reading {
    let Some(sub) = words.first() else { return Reading::Inert };
    if sub.dynamic {
        return Reading::Opaque;
    }
    let rest = &words[1..];
    let sub = match sub.text.as_str() {
        "run" => return run(rest),
        "combine" => CoverageSub::Combine,
        "report" => CoverageSub::Report,
        "html" => CoverageSub::Html,
        "xml" => CoverageSub::Xml,
        "json" => CoverageSub::Json,
        "lcov" => CoverageSub::Lcov,
        "erase" => CoverageSub::Erase,
        "debug" => CoverageSub::Debug,
        "annotate" => CoverageSub::Annotate,
        "help" => CoverageSub::Help,
        "--version" | "--help" | "-h" => return Reading::Inert,
        _ => return Reading::Opaque,
    };
    let args = spell_out(args::read(rest, &OTHER));
    if args.has(&["--help", "-h"]) {
        return Reading::Inert;
    }
    Reading::Command(CoverageCommand {
        sub,
        dynamic: args.dynamic,
        data_file: args.text(&["--data-file"]),
        output: args.text(&["-o", "-d", "--directory"]),
        fail_under: args.text(&["--fail-under"]),
        keep: args.has(&["--keep"]),
        append: args.has(&["-a", "--append"]),
        rcfile: args.text(&["--rcfile"]),
        filtered: args.has(&["--include", "--omit", "--contexts"]),
        paths: args.positionals.into_iter().chain(args.rest).collect(),
    })
}

fn run(words: &[Word]) -> Reading {
    let args = spell_out(args::read(words, &RUN));
    if args.has(&["--help", "-h"]) {
        return Reading::Inert;
    }
    let measured = CoverageRun {
        parallel: args.has(&["-p", "--parallel-mode"]),
        append: args.has(&["-a", "--append"]),
        branch: args.has(&["--branch"]),
        data_file: args.text(&["--data-file"]),
        rcfile: args.text(&["--rcfile"]),
    };
    let module = args.has(&["-m", "--module"]);
    let target = if args.positionals.is_empty() { args.rest } else { args.positionals };
    Reading::Suite(read_measured(module, &target, Measured::Coverage(measured)))
}

/// Reads the arguments of `slipcover`.
pub(super) fn read_slipcover(words: &[Word]) -> Reading {
    // `-m MODULE` ends slipcover's own options: the rest is the module's.
    let module_at = words.iter().position(|w| w.text == "-m");
    let own = args::read(&words[..module_at.unwrap_or(words.len())], &SLIPCOVER);
    if own.has(&["--help", "-h", "--version"]) {
        return Reading::Inert;
    }
    if own.has(&["--merge"]) {
        let inputs =
            own.options.iter().filter(|o| o.name == "--merge").flat_map(|o| o.values.iter().cloned()).collect();
        return Reading::Merge(SlipcoverMerge {
            inputs,
            out: own.text(&["--out"]),
            fail_under: own.text(&["--fail-under"]),
        });
    }
    let measured =
        Measured::Slipcover { out: own.text(&["--out"]), json: own.has(&["--json"]), xml: own.has(&["--xml"]) };
    let fails = own.has(&["--fail-under"]);
    // A script before `-m` means the `-m` was the script's.
    let (module, target) = match module_at {
        Some(at) if own.positionals.is_empty() => (true, words[at + 1..].to_vec()),
        Some(at) => (false, own.positionals.iter().chain(&words[at..]).cloned().collect()),
        None => (false, own.positionals.iter().chain(&own.rest).cloned().collect()),
    };
    if target.is_empty() {
        return Reading::Opaque;
    }
    let mut suite = read_measured(module, &target, measured);
    if let Suite::Run(run) = &mut suite {
        run.fail_under = fails;
    }
    Reading::Suite(suite)
}
