//! The story of `ci-lint apply`: collect → combine → measure → write → judge.
//!
//! With the readers and writers in `coverage`, the only room of the coverage half that touches files and the environment.

mod clock;
mod collect;
mod measure;
mod progress;
mod python;
mod slip;

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use self::progress::Progress;
use crate::coverage::combine::{Combined, Options as CombineOptions, Outcome as InputOutcome, combine_files};
use crate::coverage::config::{CoverageConfig, load_from_disk};
use crate::coverage::{system, write};
use crate::files::{self, Prepared};
use crate::report::html::{HtmlOptions, Site};
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
    let (reported, data_file) = rayon::join(|| reports(options, config, &combined, folder, said), data_file);
    let (outputs, total) = reported?;
    let no_data_file = |error: write::WriteError| ApplyError::Usage(error.to_string());
    // Everything is ready before anything is put in its place.
    if let Some(prepared) = data_file.map_err(no_data_file)? {
        prepared.put_in_place().map_err(no_data_file)?;
    }
    for output in outputs {
        let path = output.path().to_owned();
        output.put_in_place().map_err(|error| unwritten(&path, &error))?;
    }
    let limit = options.fail_under.unwrap_or(config.report.fail_under);
    if limit != 0.0 {
        let precision = usize::try_from(config.report.precision).unwrap_or(0);
        said.gate =
            report::fail_under(total, limit, precision).map_err(|error| ApplyError::Usage(error.to_string()))?;
    }
    Ok(())
}

/// What was written but is not yet in its place, and the total that is judged.
type Reported = (Vec<Prepared>, f64);

/// Analyses the sources and renders every report.
fn reports(
    options: &Options,
    config: &CoverageConfig,
    combined: &Combined,
    folder: &Path,
    said: &mut Said,
) -> Result<Reported, ApplyError> {
    let version = python::assume(options.python_version.as_deref(), folder).map_err(ApplyError::Usage)?;
    said.notes.push(format!("analysed by the rules of Python {}: {}", version.version, version.reason));
    let sources = measure::sources(&combined.data, config, version.version, folder, said)?;
    let report_options = report_options(config, combined, folder)?;
    // coverage.py applies the selected contexts to the text, JSON and HTML reports, never to XML and LCOV.
    let whole = report_options.contexts.is_some().then(|| {
        let all = ReportOptions { contexts: None, ..report_options.clone() };
        report::build(&combined.data, sources.clone(), &all)
    });
    let report = report::build(&combined.data, sources, &report_options);
    if report.files.is_empty() {
        return Err(ApplyError::Data(vec!["No data to report.".to_owned()]));
    }
    let outputs = render(&report, whole.as_ref().unwrap_or(&report), &report_options, config, options, said)?;
    Ok((outputs, report.total(Judged::Text)))
}

/// A file that cannot be written.
fn unwritten(path: &Path, error: &std::io::Error) -> ApplyError {
    ApplyError::Usage(format!("`{}` cannot be written: {error}", path.display()))
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

/// Every report asked for: `text` for standard output, the others as files. `whole` is the report over all contexts.
fn render(
    report: &Report,
    whole: &Report,
    report_options: &ReportOptions,
    config: &CoverageConfig,
    options: &Options,
    said: &mut Said,
) -> Result<Vec<Prepared>, ApplyError> {
    let usage = |error: report::ReportError| ApplyError::Usage(error.to_string());
    // What may be wrong with the settings is found before any folder is made.
    let mut markdown = String::new();
    for format in &options.formats {
        match format {
            Format::Text => {
                said.stdout = match config.report.format.as_deref() {
                    Some("markdown") => report::markdown(report, report_options),
                    Some("total") => report::total(report, report_options),
                    _ => report::text(report, report_options),
                }
                .map_err(usage)?;
            }
            Format::Markdown => markdown = report::markdown(report, report_options).map_err(usage)?,
            _ => {}
        }
    }
    let settings = if options.formats.contains(&Format::Html) {
        html_options(report_options, config)?
    } else {
        HtmlOptions::default()
    };
    let one = |format: &Format| -> Result<Vec<Prepared>, ApplyError> {
        let file = |name: &str, write: &dyn Fn(&mut BufWriter<&fs::File>) -> io::Result<()>| {
            let path = options.output_dir.join(name);
            files::prepare(&path, write).map(|file| vec![file]).map_err(|error| unwritten(&path, &error))
        };
        match format {
            Format::Text => Ok(Vec::new()),
            Format::Markdown => file("coverage.md", &|out| out.write_all(markdown.as_bytes())),
            Format::Json => file("coverage.json", &|out| report::json::write(report, report_options, out)),
            Format::Xml => file("coverage.xml", &|out| out.write_all(report::xml(whole, report_options).as_bytes())),
            Format::Lcov => file("coverage.lcov", &|out| report::lcov::write(whole, report_options, out)),
            Format::Html => html(report, &settings, options),
        }
    };
    let rendered: Result<Vec<_>, _> = options.formats.par_iter().map(one).collect();
    Ok(rendered?.into_iter().flatten().collect())
}

fn html_options(report_options: &ReportOptions, config: &CoverageConfig) -> Result<HtmlOptions, ApplyError> {
    let extra_css = match &config.html.extra_css {
        Some(path) => Some(fs::read(path).map_err(|error| {
            ApplyError::Usage(format!("the style sheet `{path}` of [html] extra_css cannot be read: {error}"))
        })?),
        None => None,
    };
    Ok(HtmlOptions {
        title: config.html.title.clone(),
        precision: report_options.precision,
        skip_covered: config.html_skip_covered(),
        skip_empty: config.html_skip_empty(),
        extra_css,
        created: report_options.timestamp.clone(),
        ..HtmlOptions::default()
    })
}

/// The pages of `htmlcov/`.
fn html(report: &Report, settings: &HtmlOptions, options: &Options) -> Result<Vec<Prepared>, ApplyError> {
    let folder = options.output_dir.join("htmlcov");
    // A report that is committed by accident is a nuisance; a folder that was there before is the user's.
    let is_new = !folder.exists();
    let site = Site::new(report, settings);
    let progress = Progress::begin("writing pages", site.len());
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        files::prepare(&path, |out| out.write_all(bytes)).map_err(|error| unwritten(&path, &error))
    };
    let pages = (0..site.len()).into_par_iter().map(|at| {
        let page = write(site.page_name(at), &site.page(at));
        progress.advance(1);
        page
    });
    let mut prepared = pages.collect::<Result<Vec<_>, _>>()?;
    let mut others = site.assets();
    others.push(("index.html".to_owned(), site.index()));
    others.push(("function_index.html".to_owned(), site.function_index()));
    others.push(("class_index.html".to_owned(), site.class_index()));
    if is_new {
        others.push((".gitignore".to_owned(), report::html::GITIGNORE.into()));
    }
    for (name, bytes) in others {
        prepared.push(write(&name, &bytes)?);
    }
    Ok(prepared)
}
