//! `ci-lint lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::findings::Severity;
use crate::findings::render;

/// Arguments of `ci-lint lint`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings (from warning up, see --fail-on), 2 usage or unreadable input."
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct LintArgs {
    /// Workflow files, or folders that hold them; the project in the current folder when left out
    pub paths: Vec<PathBuf>,

    /// Read this configuration instead of the nearest `.ci-lint.yml` above each file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Whose rules apply; `auto` asks the configuration, the environment of a running job, and the path
    #[arg(long, value_enum, default_value_t = Forge::Auto)]
    pub forge: Forge,

    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Check these only: rules, groups (`flow`, `time`, `security`, `input`) or `all`, with commas or repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Check these rules and groups too: `--extend-select time` adds what a run costs in time
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub extend_select: Vec<String>,

    /// Leave these rules and groups out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// Mend what can be mended without changing what the workflow means, and report the rest
    #[arg(long, conflicts_with_all = ["diff", "init", "explain", "list_rules"])]
    pub fix: bool,

    /// Show what `--fix` would change, as a diff, and write nothing
    #[arg(long, conflicts_with_all = ["init", "explain", "list_rules"])]
    pub diff: bool,

    /// With `--fix` or `--diff`: mend also where somebody should look at the result
    #[arg(long)]
    pub unsafe_fixes: bool,

    /// Explain a rule and stop; `all` prints the whole reference
    #[arg(long, value_name = "RULE", conflicts_with_all = ["list_rules", "init"])]
    pub explain: Option<String>,

    /// List the rules and stop
    #[arg(long, conflicts_with = "init")]
    pub list_rules: bool,

    /// Write a `.ci-lint.yml` with a contract that the workflows hold as they are, and stop
    #[arg(long)]
    pub init: bool,

    /// Apply the configuration's `exclude` to files named on the command line too, as a hook needs
    #[arg(long)]
    pub force_exclude: bool,

    /// The least severity that makes the exit code 1 [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,

    /// Exit with 0 whatever is found; unreadable input still gives 2
    #[arg(long)]
    pub exit_zero: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Print findings only, no summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say what is read and why, and how sure each finding is
    #[arg(short, long)]
    pub verbose: bool,
}

/// `--forge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the forge of the same name")]
pub enum Forge {
    Auto,
    Forgejo,
    Gitea,
    Github,
    Ghes,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Source snippets for a terminal
    Human,
    /// One JSON document, see docs/output.md
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations in the log of a forge
    Github,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the severity of the same name")]
pub enum FailOn {
    Error,
    Warning,
    Info,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Format> for render::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
            Format::Sarif => Self::Sarif,
            Format::Github => Self::Github,
        }
    }
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Info => Self::Info,
        }
    }
}
