//! The story of `ci-lint apply`: collect → combine → measure → write → judge.
//!
//! With the readers and writers in `coverage`, the only room of the coverage half that touches files and the environment.

mod clock;
mod collect;
mod measure;
mod python;
mod slip;

use std::path::{Path, PathBuf};

use crate::coverage::combine::{Combined, Options as CombineOptions, Outcome as InputOutcome, combine_files};
use crate::coverage::config::{CoverageConfig, load_from_disk};
use crate::coverage::{system, write};
use crate::files;
use crate::report::html::HtmlOptions;
use crate::report::{self, Judged, Report, ReportOptions};

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
    let combining =
        CombineOptions { paths: &paths, relative_files: config.run.relative_files, source_tree: Some(&options.source) };
    let combined = combine_files(files, &combining).map_err(|error| ApplyError::Data(vec![error.to_string()]))?;
    let failures: Vec<String> = combined.failures().map(|error| format!("{error}: {}", error.help())).collect();
    if !failures.is_empty() {
        return Err(ApplyError::Data(failures));
    }
    describe(&combined, said);

    let version = python::assume(options.python_version.as_deref(), folder).map_err(ApplyError::Usage)?;
    said.notes.push(format!("analysed by the rules of Python {}: {}", version.version, version.reason));
    let sources = measure::sources(&combined.data, config, version.version, folder, said)?;
    let report_options = report_options(config, &combined, folder)?;
    // coverage.py applies the selected contexts to the text, JSON and HTML reports, never to XML and LCOV.
    let whole = report_options.contexts.is_some().then(|| {
        let all = ReportOptions { contexts: None, ..report_options.clone() };
        report::build(&combined.data, sources.clone(), &all)
    });
    let report = report::build(&combined.data, sources, &report_options);
    if report.files.is_empty() {
        return Err(ApplyError::Data(vec!["No data to report.".to_owned()]));
    }

    // Everything is rendered before anything is written.
    let outputs = render(&report, whole.as_ref().unwrap_or(&report), &report_options, config, options, said)?;
    if let Some(path) = &options.data_file {
        write::write(&combined.data, path).map_err(|error| ApplyError::Usage(error.to_string()))?;
    }
    if options.merged_json.is_some() {
        return Err(ApplyError::Usage("--merged-json is for data of slipcover; this is coverage.py's".to_owned()));
    }
    for (path, bytes) in outputs {
        files::replace(&path, &bytes)
            .map_err(|error| ApplyError::Usage(format!("`{}` cannot be written: {error}", path.display())))?;
    }
    let limit = options.fail_under.unwrap_or(config.report.fail_under);
    if limit != 0.0 {
        said.gate = report::fail_under(report.total(Judged::Text), limit, report_options.precision)
            .map_err(|error| ApplyError::Usage(error.to_string()))?;
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

fn report_options(config: &CoverageConfig, combined: &Combined, folder: &Path) -> Result<ReportOptions, ApplyError> {
    let now = clock::now_ms();
    let show_contexts = config.json.show_contexts || config.html.show_contexts;
    let precision = usize::try_from(config.report.precision).unwrap_or(0);
    let sources = config.run.source.iter().flatten().chain(&config.run.source_dirs);
    Ok(ReportOptions {
        precision,
        skip_covered: config.report.skip_covered,
        skip_empty: config.report.skip_empty,
        show_missing: config.report.show_missing,
        sort: config.report.sort.clone().unwrap_or_default(),
        json_pretty_print: config.json.pretty_print,
        json_show_contexts: config.json.show_contexts,
        xml_package_depth: usize::try_from(config.xml.package_depth).unwrap_or(99),
        xml_sources: sources
            .filter(|source| folder.join(source).is_dir())
            .map(|source| if config.run.relative_files { source.clone() } else { system::real_path(source) })
            .collect(),
        lcov_line_checksums: config.lcov.line_checksums,
        relative_files: config.run.relative_files,
        current_dir: system::real_path(&folder.to_string_lossy()),
        line_contexts: show_contexts,
        contexts: measure::selected_contexts(config, &combined.data)?,
        timestamp: clock::iso(now),
        timestamp_ms: now,
        ..ReportOptions::default()
    })
}

/// Every report asked for: `text` onto standard output, the others as files. `whole` is the report over all contexts.
fn render(
    report: &Report,
    whole: &Report,
    report_options: &ReportOptions,
    config: &CoverageConfig,
    options: &Options,
    said: &mut Said,
) -> Result<Vec<(PathBuf, Vec<u8>)>, ApplyError> {
    let usage = |error: report::ReportError| ApplyError::Usage(error.to_string());
    let mut outputs = Vec::new();
    for format in &options.formats {
        let mut bytes = Vec::new();
        let name = match format {
            Format::Text => {
                said.stdout = match config.report.format.as_deref() {
                    Some("markdown") => report::markdown(report, report_options),
                    Some("total") => report::total(report, report_options),
                    _ => report::text(report, report_options),
                }
                .map_err(usage)?;
                continue;
            }
            Format::Markdown => {
                bytes = report::markdown(report, report_options).map_err(usage)?.into_bytes();
                "coverage.md"
            }
            Format::Json => {
                let _ = report::json::write(report, report_options, &mut bytes);
                "coverage.json"
            }
            Format::Xml => {
                bytes = report::xml(whole, report_options).into_bytes();
                "coverage.xml"
            }
            Format::Lcov => {
                let _ = report::lcov::write(whole, report_options, &mut bytes);
                "coverage.lcov"
            }
            Format::Html => {
                outputs.extend(html(report, report_options, config, options)?);
                continue;
            }
        };
        outputs.push((options.output_dir.join(name), bytes));
    }
    Ok(outputs)
}

/// The pages of `htmlcov/`.
fn html(
    report: &Report,
    report_options: &ReportOptions,
    config: &CoverageConfig,
    options: &Options,
) -> Result<Vec<(PathBuf, Vec<u8>)>, ApplyError> {
    let extra_css = match &config.html.extra_css {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            ApplyError::Usage(format!("the style sheet `{path}` of [html] extra_css cannot be read: {error}"))
        })?),
        None => None,
    };
    let settings = HtmlOptions {
        title: config.html.title.clone(),
        precision: report_options.precision,
        skip_covered: config.html_skip_covered(),
        skip_empty: config.html_skip_empty(),
        extra_css,
        created: report_options.timestamp.clone(),
        ..HtmlOptions::default()
    };
    let folder = options.output_dir.join("htmlcov");
    let mut files: Vec<_> =
        report::html::render(report, &settings).into_iter().map(|(name, bytes)| (folder.join(name), bytes)).collect();
    // A report that is committed by accident is a nuisance; a folder that was there before is the user's.
    if !folder.exists() {
        files.push((folder.join(".gitignore"), report::html::GITIGNORE.into()));
    }
    Ok(files)
}
