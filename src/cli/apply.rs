//! `ci-lint apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `ci-lint apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 ok, 1 gate failed, 2 usage or configuration, 3 data missing, incomplete or corrupt."
)]
pub struct ApplyArgs {
    /// Data files of coverage.py or slipcover, or folders that hold them; the configured data file and its
    /// parallel parts when left out
    pub data: Vec<PathBuf>,

    /// The source tree, when recorded paths do not exist here
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub source: PathBuf,

    /// Read this coverage configuration instead of the one coverage.py would find
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,

    /// Whose compiler decides which lines have code: 3.11 to 3.14 [default: what the project says]
    #[arg(long, value_name = "VERSION")]
    pub python_version: Option<String>,

    /// Reports to write; `text` goes to standard output, the others into --output-dir
    #[arg(long, value_enum, value_delimiter = ',', default_value = "text")]
    pub report: Vec<Report>,

    /// Where reports go
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub output_dir: PathBuf,

    /// Write the merged data as a `.coverage` that coverage.py reads
    #[arg(long, value_name = "FILE")]
    pub data_file: Option<PathBuf>,

    /// Write slipcover's merged JSON
    #[arg(long, value_name = "FILE")]
    pub merged_json: Option<PathBuf>,

    /// The least total in percent [default: the configuration's]
    #[arg(long, value_name = "PERCENT")]
    pub fail_under: Option<f64>,

    /// Only the text report and the gate, whatever --report says
    #[arg(long)]
    pub quick: bool,

    /// List what was merged
    #[arg(short, long)]
    pub verbose: bool,
}

/// `--report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// A table on standard output
    Text,
    /// coverage.md
    Markdown,
    /// coverage.json
    Json,
    /// coverage.xml, as Cobertura has it
    Xml,
    /// coverage.lcov
    Lcov,
    /// htmlcov/
    Html,
}

impl From<Report> for crate::apply::Format {
    fn from(report: Report) -> Self {
        match report {
            Report::Text => Self::Text,
            Report::Markdown => Self::Markdown,
            Report::Json => Self::Json,
            Report::Xml => Self::Xml,
            Report::Lcov => Self::Lcov,
            Report::Html => Self::Html,
        }
    }
}
