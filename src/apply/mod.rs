//! The story of `ci-lint apply`: collect → combine → measure → write → judge.
//!
//! With the readers and writers in `coverage`, the only room of the coverage half that touches files and the environment.

mod clock;
mod collect;
pub mod completeness;
pub mod exact;
pub mod expected;
pub mod gate;
mod measure;
mod pages;
mod progress;
pub mod publish;
mod python;
mod render;
mod slip;
pub mod stale;

use std::path::{Path, PathBuf};

use self::progress::Progress;
use crate::coverage::combine::{Combined, Options as CombineOptions, Outcome as InputOutcome, combine_files};
use crate::coverage::config::{CoverageConfig, load_from_disk};
use crate::coverage::{system, write};
use crate::report;

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
    /// Data files and folders; the configured data file and its parallel parts when empty.
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
    /// The least total in percent.
    pub fail_under: Option<f64>,
}

/// What a run has to say.
#[derive(Debug, Default)]
pub struct Said {
    /// For standard output.
    pub stdout: String,
    /// What the user should know although the run went on.
    pub warnings: Vec<String>,
    /// What was merged and assumed, for `--verbose`.
    pub notes: Vec<String>,
    /// Why the gate failed, in coverage.py's words.
    pub gate: Option<String>,
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
}

/// Combines, reports and judges.
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
    match collect::collect(&options.data, Path::new(&config.run.data_file))? {
        collect::Inputs::Coverage(files) => coverage(options, &config, files, &folder, &mut said)?,
        collect::Inputs::Slipcover(files) => slip::run(options, &files, &folder, &mut said)?,
    }
    Ok(said)
}

fn coverage(
    options: &Options,
    config: &CoverageConfig,
    files: Vec<PathBuf>,
    folder: &Path,
    said: &mut Said,
) -> Result<(), ApplyError> {
    let paths: Vec<Vec<String>> = config.paths.iter().map(|(_, list)| list.clone()).collect();
    let combining = CombineOptions {
        paths: &paths,
        relative_files: config.run.relative_files,
        source_tree: Some(&options.source),
        ..CombineOptions::default()
    };
    let progress = Progress::begin("combining data files", files.len());
    let combined = combine_files(files, &combining, &|files| progress.advance(files))
        .map_err(|error| ApplyError::Data(vec![error.to_string()]))?;
    drop(progress);
    let failures: Vec<String> = combined.failures().map(|error| format!("{error}: {}", error.help())).collect();
    if !failures.is_empty() {
        return Err(ApplyError::Data(failures));
    }
    describe(&combined, said);

    if options.merged_json.is_some() {
        return Err(ApplyError::Usage("--merged-json is for data of slipcover; this is coverage.py's".to_owned()));
    }
    let data_file = || options.data_file.as_ref().map(|path| write::prepare(&combined.data, path)).transpose();
    let (reported, data_file) = rayon::join(|| render::reports(options, config, &combined, folder, said), data_file);
    let rendered = reported?;
    let no_data_file = |error: write::WriteError| ApplyError::Usage(error.to_string());
    // Everything is ready before anything is put in its place.
    if let Some(prepared) = data_file.map_err(no_data_file)? {
        prepared.put_in_place().map_err(no_data_file)?;
    }
    let total = rendered.total;
    rendered.put_in_place(said)?;
    let limit = options.fail_under.unwrap_or(config.report.fail_under);
    if limit != 0.0 {
        let precision = usize::try_from(config.report.precision).unwrap_or(0);
        said.gate =
            report::fail_under(total, limit, precision).map_err(|error| ApplyError::Usage(error.to_string()))?;
    }
    Ok(())
}

/// One line for each data file.
fn describe(combined: &Combined, said: &mut Said) {
    for input in &combined.inputs {
        let path = input.path.display();
        said.notes.push(match &input.outcome {
            InputOutcome::Merged(counts) => format!(
                "{path}: coverage.py, {} files, {} {}, {} contexts",
                counts.files,
                if counts.arcs > 0 { counts.arcs } else { counts.lines },
                if counts.arcs > 0 { "arcs" } else { "lines" },
                counts.contexts
            ),
            InputOutcome::Duplicate => format!("{path}: repeats an earlier file, left out"),
            InputOutcome::Failed(error) => format!("{path}: {error}"),
        });
    }
    if !combined.mapping.is_empty() {
        said.warnings.push(combined.mapping.to_string());
    }
}
