//! The command line: types for clap, no logic.

pub mod apply;
pub mod inputs;
pub mod lint;

use clap::{Parser, Subcommand};

/// Does Python test coverage really travel from the job that measures it to the job that judges it?
#[derive(Debug, Parser)]
#[command(name = "ci-lint", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands. The arguments of one are built when it is called or described: `lint` has no time for those of `apply`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Check workflow files: does coverage data survive the way between jobs?
    #[command(visible_alias = "check")]
    Lint(lint::LintArgs),
    /// Merge coverage data, report the numbers coverage.py reports, and judge the gate
    Apply(Box<apply::ApplyArgs>),
}
