//! What `ci-lint apply` is asked to do.

use std::path::PathBuf;

use super::expected::Expect;
use super::gate::Limits;
use super::publish;

/// A report that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the report of the same name")]
pub enum Format {
    Text,
    Markdown,
    Json,
    Xml,
    Lcov,
    Html,
}

/// What to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Data files and folders; with none, what the run's artifacts hold, and outside a run the configured data file and its
    /// parallel parts.
    pub data: Vec<PathBuf>,
    /// The source tree, for recorded paths that do not exist here.
    pub source: PathBuf,
    /// The configuration to read, instead of the one coverage.py would find.
    pub config: Option<String>,
    /// Whose compiler's rules apply.
    pub python_version: Option<String>,
    /// What to write.
    pub formats: Vec<Format>,
    /// Where to.
    pub output_dir: PathBuf,
    /// Where the merged data goes, for coverage.py.
    pub data_file: Option<PathBuf>,
    /// Where the merged data goes, for slipcover.
    pub merged_json: Option<PathBuf>,
    /// What comes from a run.
    pub collect: Collect,
    /// The least total in percent; the configuration's when `None`.
    pub fail_under: Option<f64>,
    /// The other limits. Its `fail_under` is not looked at.
    pub limits: Limits,
    /// What is posted.
    pub post: Post,
}

/// What comes from a run.
#[derive(Debug, Clone, Default)]
pub struct Collect {
    /// Names and patterns of artifacts.
    pub artifacts: Vec<String>,
    /// What has to arrive.
    pub expect: Expect,
    /// Another run than the own one.
    pub run_id: Option<u64>,
    /// The repository of that run, as `owner/name`.
    pub run_repository: Option<String>,
}

/// What is posted.
#[derive(Debug, Clone, Default)]
pub struct Post {
    /// Tells several reports apart.
    pub key: String,
    /// What the figure is called; `Coverage` when `None`.
    pub title: Option<String>,
    /// What goes where.
    pub parts: publish::Options,
    /// Only show it.
    pub dry_run: bool,
}
