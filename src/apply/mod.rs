//! The story of `ci-lint apply`: gather → combine → measure → write → judge → tell.
//!
//! With the readers and writers in `coverage`, and with `forge`, the only room of the coverage half that touches files, the
//! environment and the network.

mod clock;
mod collect;
mod commands;
pub mod completeness;
mod cov;
pub mod exact;
pub mod expected;
pub mod gate;
mod gather;
mod job;
mod measure;
mod options;
mod other_run;
mod pages;
mod progress;
pub mod publish;
mod python;
mod render;
mod slip;
pub mod stale;
mod tell;

use std::path::{Path, PathBuf};

pub use options::{Collect, Format, Options, Post};

use self::collect::Inputs;
use self::completeness::Completeness;
use self::gate::{Rounding, Verdict};
use self::job::Job;
use self::publish::escape;
use self::publish::story::{FileRow, Gap, GapKind};
use crate::coverage::config::{CoverageConfig, load_from_disk};
use crate::coverage::system;
use crate::report::Numbers;

/// What a run has to say.
#[derive(Debug, Default)]
pub struct Said {
    /// For standard output.
    pub stdout: String,
    /// What the user should know although the run went on.
    pub warnings: Vec<String>,
    /// What was merged and assumed, for `--verbose`.
    pub notes: Vec<String>,
    /// Why gates failed, in coverage.py's words where it has some; one line each.
    pub gates: Vec<String>,
    /// Why nothing was judged, one line each; empty when something was.
    pub not_judged: Vec<String>,
    /// What could not be posted although it had to be.
    pub not_posted: Option<String>,
    /// Which files of the runner could not be written, and why.
    pub not_written: Option<String>,
}

/// Why a run ends early. Nothing is written then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// Data or sources are missing or cannot be used; one message a file.
    #[error("{}", .0.join("\n"))]
    Data(Vec<String>),
    /// The forge cannot be reached.
    #[error("{0}")]
    Forge(String),
}

/// What the data says.
#[derive(Debug)]
struct Found {
    /// Each file of the report.
    rows: Vec<FileRow>,
    /// Their sum.
    totals: Numbers,
    /// Whether branches were measured.
    branch: bool,
    /// Digits behind the point in the tool's own reports.
    precision: usize,
    /// How the tool holds a percentage against a limit.
    rounding: Rounding,
    /// The least total in percent; 0 asks nothing.
    fail_under: f64,
    /// The data files.
    data: Vec<Merged>,
    /// Data files that repeat another one.
    repeated: Vec<PathBuf>,
    /// Data files that cannot be used, and why.
    unreadable: Vec<(PathBuf, String)>,
    /// Sources that have changed since they were measured.
    gaps: Vec<Gap>,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            totals: Numbers::default(),
            branch: false,
            precision: 0,
            rounding: Rounding::Coverage { precision: 0 },
            fail_under: 0.0,
            data: Vec::new(),
            repeated: Vec::new(),
            unreadable: Vec::new(),
            gaps: Vec::new(),
        }
    }
}

/// A data file that is part of the result.
#[derive(Debug)]
struct Merged {
    path: PathBuf,
    /// Who wrote it.
    tool: &'static str,
    /// Files it knows.
    files: usize,
    /// Lines it saw executed; `None` where it recorded arcs.
    lines: Option<usize>,
    /// Lines of the report that no other data file saw executed, if that was counted.
    alone: Option<usize>,
}

/// Combines, reports, judges and posts.
///
/// # Errors
/// See [`ApplyError`].
pub fn run(options: &Options) -> Result<Said, ApplyError> {
    let mut said = Said::default();
    let folder = system::working_folder();
    let env = |name: &str| std::env::var(name).ok();
    let config =
        load_from_disk(&folder, options.config.as_deref(), &env).map_err(|e| ApplyError::Usage(e.to_string()))?;
    said.warnings.extend(config.warnings.iter().cloned());
    if let Some(file) = &config.file {
        said.notes.push(format!("configuration from {file}"));
    }
    tell::check_limits(options, &config)?;
    let job = Job::read(&env, &folder)?;
    let mut gathered = gather::gather(options, Path::new(&config.run.data_file), job.as_ref(), &mut said)?;
    let found = match gathered.inputs.take() {
        Some(inputs) => report(options, &config, inputs, &folder, job.as_ref(), &mut said)?,
        None => Found::default(),
    };
    let (completeness, gaps) = complete(&gathered, &found);
    said.notes.extend(completeness.notes.iter().map(|note| escape::log(note)));
    tell::tell(options, &found, &completeness, gaps, &gathered, job.as_ref(), &mut said)?;
    Ok(said)
}

/// Writes the reports. In a job, data that cannot be used is one more reason not to judge.
fn report(
    options: &Options,
    config: &CoverageConfig,
    inputs: Inputs,
    folder: &Path,
    job: Option<&Job>,
    said: &mut Said,
) -> Result<Found, ApplyError> {
    let found = match inputs {
        Inputs::Coverage(files) => cov::run(options, config, files, folder, job, said),
        Inputs::Slipcover(files) => slip::run(options, &files, folder, job.is_some(), said),
    };
    match found {
        Err(ApplyError::Data(messages)) if job.is_some() => {
            let gap = |message: String| Gap {
                kind: GapKind::Unreadable,
                name: "the coverage data".to_owned(),
                job: None,
                detail: Some(message),
            };
            Ok(Found { gaps: messages.into_iter().map(gap).collect(), ..Found::default() })
        }
        found => found,
    }
}

/// Holds what came against what should have come. The second value is every reason not to judge.
fn complete(gathered: &gather::Gathered, found: &Found) -> (Completeness, Vec<Gap>) {
    let arrival = |path: &PathBuf, measured_files| {
        let origin = gathered.origins.get(path).cloned().unwrap_or_default();
        completeness::Arrived {
            artifact: origin.artifact,
            file: origin.file,
            measured_files,
            bytes: origin.bytes,
            digest: origin.digest,
        }
    };
    let mut arrived = gathered.empty.clone();
    arrived.extend(found.data.iter().map(|file| arrival(&file.path, file.files)));
    for path in &found.repeated {
        let mut repeated = arrival(path, 0);
        let first = arrived.iter().find(|file| file.digest.is_some() && file.digest == repeated.digest);
        repeated.measured_files = first.map_or(1, |file| file.measured_files);
        arrived.push(repeated);
    }
    let mut completeness = completeness::compare(&gathered.expected, &gathered.artifacts, &arrived);
    let mut others = gathered.gaps.clone();
    for (path, why) in &found.unreadable {
        let origin = gathered.origins.get(path).cloned().unwrap_or_default();
        let shown = path.display().to_string();
        // Where it was unpacked is nobody's concern.
        let why = if origin.artifact.is_empty() { why.clone() } else { why.replace(&shown, &origin.file) };
        let name = if origin.artifact.is_empty() { shown } else { origin.artifact };
        others.push(Gap { kind: GapKind::Unreadable, name, job: None, detail: Some(why) });
    }
    // What is expected and came to grief here is told once, and its job is not to blame.
    others.retain(|other| {
        let missed = completeness.gaps.iter_mut().find(|gap| gap.artifact == other.name);
        missed.is_none_or(|gap| !gap.explain(other.kind == GapKind::Missing, other.detail.as_deref()))
    });
    let mut gaps: Vec<Gap> = completeness.gaps.iter().map(tell::gap).collect();
    gaps.extend(others);
    gaps.extend(found.gaps.iter().cloned());
    (completeness, gaps)
}

impl Said {
    /// The end of it: the exit code is made of this.
    pub fn verdict(&self) -> Verdict {
        if !self.not_judged.is_empty() {
            Verdict::NotJudged
        } else if self.gates.is_empty() {
            Verdict::Passed
        } else {
            Verdict::Failed
        }
    }
}
