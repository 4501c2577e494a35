//! The reports: analyses the sources, renders each format, and writes it beside the place where it will be.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::gate::Rounding;
use super::pages::{self, Page};
use super::progress::Progress;
use super::publish::story::{self, Gap};
use super::{ApplyError, Format, Found, Options, Said, clock, measure, python};
use crate::coverage::combine::Combined;
use crate::coverage::config::CoverageConfig;
use crate::coverage::system;
use crate::files::{self, Prepared};
use crate::report::html::{HtmlOptions, Site};
use crate::report::{self, Report, ReportOptions, Source};

/// What is written but not yet in its place, and what goes.
#[derive(Debug, Default)]
struct Files {
    prepared: Vec<Prepared>,
    /// Left there by an earlier run, and no longer part of a report.
    stale: Vec<PathBuf>,
}

impl From<Vec<Prepared>> for Files {
    fn from(prepared: Vec<Prepared>) -> Self {
        Self { prepared, stale: Vec::new() }
    }
}

/// The reports of a run.
#[derive(Debug)]
pub(super) struct Rendered {
    files: Files,
    /// The figures.
    found: Found,
    /// By data file: how many lines of the report it alone executed; empty when nobody counted.
    pub(super) alone: Vec<usize>,
}

impl Rendered {
    /// Puts every report in its place.
    pub(super) fn put_in_place(self, said: &mut Said) -> Result<Found, ApplyError> {
        for file in self.files.prepared {
            let path = file.path().to_owned();
            file.put_in_place().map_err(|error| unwritten(&path, &error))?;
        }
        for path in self.files.stale {
            if let Err(error) = fs::remove_file(&path) {
                said.warnings.push(format!("`{}` is left from an earlier report: {error}", path.display()));
            }
        }
        Ok(self.found)
    }
}

/// Analyses the sources and renders every report.
pub(super) fn reports(
    options: &Options,
    config: &CoverageConfig,
    combined: &Combined,
    folder: &Path,
    in_job: bool,
    said: &mut Said,
) -> Result<Rendered, ApplyError> {
    let version =
        python::assume(options.python_version.as_deref(), folder, &combined.data).map_err(ApplyError::Usage)?;
    said.warnings.extend(version.warning);
    said.notes.push(format!("analysed by the rules of Python {}: {}", version.version, version.reason));
    let measure::Sources { analysed: sources, mut stale, changed } =
        measure::sources(&combined.data, config, version.version, folder, said)?;
    if in_job {
        stale.extend(changed);
    } else {
        let told = |gap: &Gap| {
            let detail = gap.detail.as_deref().unwrap_or_default();
            format!("`{}`: {detail}: the source has changed since it was measured, so measure it again", gap.name)
        };
        if !changed.is_empty() {
            return Err(ApplyError::Data(changed.iter().map(told).collect()));
        }
        // coverage.py reports these, and so do we where nobody waits for a verdict on a run.
        said.warnings.extend(stale.drain(..).map(|gap| told(&gap)));
    }
    let report_options = report_options(config, combined, folder)?;
    // coverage.py applies the selected contexts to the text, JSON and HTML reports, never to XML and LCOV.
    let whole = report_options.contexts.is_some().then(|| {
        let all = ReportOptions { contexts: None, ..report_options.clone() };
        report::build(&combined.data, sources.clone(), &all)
    });
    let alone = alone(combined, &sources, &report_options);
    let report = report::build(&combined.data, sources, &report_options);
    if report.files.is_empty() && !stale.is_empty() {
        let found = Found { gaps: stale, ..Found::default() };
        return Ok(Rendered { files: Files::default(), found, alone });
    }
    if report.files.is_empty() {
        return Err(ApplyError::Data(vec!["No data to report.".to_owned()]));
    }
    let files = render(&report, whole.as_ref().unwrap_or(&report), &report_options, config, options, said)?;
    let precision = report_options.precision;
    let found = Found {
        rows: story::rows(&report),
        totals: report.totals,
        branch: report.branch,
        precision,
        rounding: Rounding::Coverage { precision },
        fail_under: options.fail_under.unwrap_or(config.report.fail_under),
        gaps: stale,
        ..Found::default()
    };
    Ok(Rendered { files, found, alone })
}

/// How many lines of the report each data file alone executed. Not where only some contexts are reported.
fn alone(combined: &Combined, sources: &[Source], options: &ReportOptions) -> Vec<usize> {
    let Some(owners) = combined.owners.as_ref().filter(|_| options.contexts.is_none()) else { return Vec::new() };
    let mut counts = vec![0; combined.inputs.len()];
    for source in sources {
        let analysis = &source.analysis;
        let statement = |line: u32| {
            let first = analysis.first_lines.get(line as usize).copied().unwrap_or(line);
            analysis.statements.contains(first).then_some(first)
        };
        owners.count(&source.full_name, statement, &mut counts);
    }
    counts
}

/// A file that cannot be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> ApplyError {
    ApplyError::Usage(files::unwritten(path, error))
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
) -> Result<Files, ApplyError> {
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
    let one = |format: &Format| -> Result<Files, ApplyError> {
        let file = |name: &str, write: &dyn Fn(&mut BufWriter<&fs::File>) -> io::Result<()>| {
            let path = options.output_dir.join(name);
            files::prepare(&path, write).map(|file| Files::from(vec![file])).map_err(|error| unwritten(&path, &error))
        };
        match format {
            Format::Text => Ok(Files::default()),
            Format::Markdown => file("coverage.md", &|out| out.write_all(markdown.as_bytes())),
            Format::Json => file("coverage.json", &|out| report::json::write(report, report_options, out)),
            Format::Xml => file("coverage.xml", &|out| out.write_all(report::xml(whole, report_options).as_bytes())),
            Format::Lcov => file("coverage.lcov", &|out| report::lcov::write(whole, report_options, out)),
            Format::Html => html(report, &settings, options),
        }
    };
    let rendered: Result<Vec<Files>, _> = options.formats.par_iter().map(one).collect();
    Ok(rendered?.into_iter().fold(Files::default(), |mut all, files| {
        all.prepared.extend(files.prepared);
        all.stale.extend(files.stale);
        all
    }))
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
fn html(report: &Report, settings: &HtmlOptions, options: &Options) -> Result<Files, ApplyError> {
    let folder = options.output_dir.join("htmlcov");
    // A report that is committed by accident is a nuisance; a folder that was there before is the user's.
    let is_new = !folder.exists();
    let site = Site::new(report, settings);
    let progress = Progress::begin("writing pages", site.len());
    let prepare = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        files::prepare(&path, |out| out.write_all(bytes)).map_err(|error| unwritten(&path, &error))
    };
    let write = |name: &str, bytes: &[u8]| Ok((prepare(name, bytes)?, Page::new(name, bytes)));
    let pages = (0..site.len()).into_par_iter().map(|at| {
        let page = write(site.page_name(at), &site.page(at));
        progress.advance(1);
        page
    });
    let mut written = pages.collect::<Result<Vec<_>, ApplyError>>()?;
    let mut others = site.assets();
    others.push(("index.html".to_owned(), site.index()));
    others.push(("function_index.html".to_owned(), site.function_index()));
    others.push(("class_index.html".to_owned(), site.class_index()));
    for (name, bytes) in others {
        written.push(write(&name, &bytes)?);
    }
    let (mut prepared, pages): (Vec<Prepared>, Vec<Page>) = written.into_iter().unzip();
    prepared.push(prepare(pages::LIST, pages::list(&pages).as_bytes())?);
    if is_new {
        prepared.push(prepare(".gitignore", report::html::GITIGNORE.as_bytes())?);
    }
    Ok(Files { prepared, stale: pages::stale(&folder, &pages) })
}
