//! Reads `ci-lint …` command lines.

use super::args::{self, Spec};
use super::script::Word;

/// `ci-lint apply`: reports on coverage data and judges it; runs no tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyCommand {
    /// Data files and folders that are named; without any, the data file in the working directory or what it collects.
    pub data: Vec<Word>,
    /// Whether a word of unknown text may hold further options or paths.
    pub dynamic: bool,
    /// `--artifacts`, as written: what it fetches itself.
    pub artifacts: Option<String>,
    /// Whether `--run-id` or `--run-repository` names another run, whose data it fetches itself.
    pub other_run: bool,
}

/// What a `ci-lint` command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    Apply(ApplyCommand),
    Inert,
}

/// Every option of `ci-lint apply` that takes a value.
const APPLY: Spec = Spec {
    value: &[
        "--source",
        "--config",
        "--python-version",
        "--report",
        "--output-dir",
        "--data-file",
        "--merged-json",
        "--fail-under",
        "--artifacts",
        "--run-id",
        "--run-repository",
        "--expect",
        "--max-drop",
        "--path-gates",
        "--informational",
        "--comment",
        "--key",
        "--title",
        "--summary",
        "--status",
        "--annotations",
    ],
    maybe: &[],
    many: &[],
    stop: false,
};

/// Reads the arguments of `ci-lint`. What is not `apply` only looks at workflow files.
pub(super) fn read(words: &[Word]) -> Reading {
    let Some((sub, rest)) = words.split_first() else { return Reading::Inert };
    if sub.text != "apply" {
        return Reading::Inert;
    }
    let args = args::read(rest, &APPLY);
    if args.has(&["--help", "-h", "--version"]) {
        return Reading::Inert;
    }
    Reading::Apply(ApplyCommand {
        dynamic: args.dynamic,
        artifacts: args.text(&["--artifacts"]).filter(|text| !text.trim().is_empty()),
        other_run: args.has(&["--run-id", "--run-repository"]),
        data: args.positionals.into_iter().chain(args.rest).collect(),
    })
}
