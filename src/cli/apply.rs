//! `ci-lint apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::apply::expected::Expect;
use crate::apply::gate::{Informational, Limits};
use crate::apply::publish::annotations::Level;
use crate::apply::publish::{self, CommentPolicy};
use crate::apply::{Collect, Format, Options, Post};

/// Arguments of `ci-lint apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 ok, 1 gate failed, 2 usage, configuration or a file that cannot be written, 3 data missing, \
                        incomplete or corrupt, 4 the forge cannot be reached or, with --require-posting, posting failed.\n\
                        In a job, an input of the action is the flag of the same name."
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

    /// Only the text report and the gate, whatever --report says
    #[arg(long)]
    pub quick: bool,

    /// List what was merged
    #[arg(short, long)]
    pub verbose: bool,

    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub collect: CollectArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub gate: GateArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub post: PostArgs,
}

/// What comes from the run of a workflow.
#[derive(Debug, Args)]
#[command(next_help_heading = "Collecting from a run")]
pub struct CollectArgs {
    /// Names or patterns of the artifacts that hold coverage data [default: those the workflow file hands over, else all
    /// with `cov` in their name]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub artifacts: Vec<String>,

    /// What has to arrive: `auto` (what the workflow file says), `none`, a number of data files, or artifact names
    #[arg(long, value_name = "EXPECT", default_value = "auto")]
    pub expect: String,

    /// Collect from another run, with a token that may read it
    #[arg(long, value_name = "ID")]
    pub run_id: Option<u64>,

    /// The repository of that run [default: this one]
    #[arg(long, value_name = "OWNER/NAME", requires = "run_id")]
    pub run_repository: Option<String>,
}

/// What decides.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// The least total in percent [default: the configuration's]
    #[arg(long, value_name = "PERCENT")]
    pub fail_under: Option<f64>,

    /// How far the total may fall below the baseline, in percentage points
    #[arg(long, value_name = "POINTS")]
    pub max_drop: Option<f64>,

    /// The least percentage of the files a pattern matches, as `src/core/**=95`
    #[arg(long, value_name = "GLOB=PERCENT", value_delimiter = ',')]
    pub path_gates: Vec<String>,

    /// Gates that are reported but decide nothing
    #[arg(long, value_enum, value_name = "GATES", value_delimiter = ',')]
    pub informational: Vec<Gate>,
}

/// What is posted, in a job.
#[derive(Debug, Args)]
#[command(next_help_heading = "Posting")]
pub struct PostArgs {
    /// When to write a comment on the pull request: `auto` if the gate fails or the total drops, and whenever there is one
    /// already
    #[arg(long, value_enum, default_value = "auto")]
    pub comment: Comment,

    /// Tells the comments and statuses of several reports apart
    #[arg(long, default_value = "default")]
    pub key: String,

    /// Stands before the figures, to tell several reports apart
    #[arg(long)]
    pub title: Option<String>,

    /// Whether to write the job summary
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub summary: bool,

    /// Whether to set the status of the commit, which also carries the baseline of later runs
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub status: bool,

    /// Whether uncovered lines are annotated, and how
    #[arg(long, value_enum, default_value = "none")]
    pub annotations: Annotations,

    /// Fail when something cannot be posted
    #[arg(long)]
    pub require_posting: bool,

    /// Print what would be posted, and post nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `--informational`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Gate {
    /// --fail-under
    FailUnder,
    /// --max-drop
    MaxDrop,
    /// --path-gates
    PathGates,
}

/// `--comment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Comment {
    /// If there is something to say
    Auto,
    /// On each pull request
    Always,
    /// Never
    Never,
}

/// `--annotations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Annotations {
    /// No annotations
    None,
    /// As notices
    Notice,
    /// As warnings
    Warning,
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

impl ApplyArgs {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// What is wrong with a value, in words.
    pub fn options(self) -> Result<Options, String> {
        let paths = self.gate.path_gates.iter().map(|text| Limits::path(text)).collect::<Result<_, _>>();
        let is_informational = |gate| self.gate.informational.contains(&gate);
        Ok(Options {
            collect: Collect {
                expect: Expect::parse(&self.collect.expect)?,
                artifacts: self.collect.artifacts,
                run_id: self.collect.run_id,
                run_repository: self.collect.run_repository,
            },
            limits: Limits {
                max_drop: self.gate.max_drop,
                paths: paths.map_err(|error| error.to_string())?,
                informational: Informational {
                    fail_under: is_informational(Gate::FailUnder),
                    max_drop: is_informational(Gate::MaxDrop),
                    paths: is_informational(Gate::PathGates),
                },
                ..Limits::default()
            },
            post: Post {
                key: self.post.key,
                title: self.post.title,
                parts: publish::Options {
                    comment: match self.post.comment {
                        Comment::Auto => CommentPolicy::Auto,
                        Comment::Always => CommentPolicy::Always,
                        Comment::Never => CommentPolicy::Never,
                    },
                    status: self.post.status,
                    summary: self.post.summary,
                    annotations: match self.post.annotations {
                        Annotations::None => None,
                        Annotations::Notice => Some(Level::Notice),
                        Annotations::Warning => Some(Level::Warning),
                    },
                    require_posting: self.post.require_posting,
                },
                dry_run: self.post.dry_run,
            },
            data: self.data,
            source: self.source,
            config: self.config,
            python_version: self.python_version,
            formats: if self.quick { vec![Format::Text] } else { self.report.into_iter().map(Into::into).collect() },
            output_dir: self.output_dir,
            data_file: self.data_file,
            merged_json: self.merged_json,
            fail_under: self.gate.fail_under,
        })
    }
}

impl From<Report> for Format {
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
