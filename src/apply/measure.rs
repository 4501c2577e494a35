//! Reads and analyses the sources of the files in the data, in parallel.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::progress::Progress;
use super::publish::story::{Gap, GapKind};
use super::stale::stale;
use super::{ApplyError, Said};
use crate::coverage::config::pyregex::Scan;
use crate::coverage::config::{CoverageConfig, Matcher, PyRegex};
use crate::coverage::config::{DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS};
use crate::coverage::glob::{Case, GlobMatcher, prepare};
use crate::coverage::{CoverageData, system};
use crate::python::{Analysis, Patterns, PythonVersion, analyse};
use crate::report::Source;

/// Stack of an analysing thread, in bytes: sources may be nested deeply.
const STACK: usize = 256 << 20;

/// What became of one file.
enum Read {
    Analysed(Box<Source>, Option<Gap>),
    /// Left out by `include` or `omit`.
    Filtered,
    Failed(String),
    Skipped(String),
    /// Measured in another state than it is in here, which no figure can be made of.
    Changed(Gap),
}

/// What became of the sources.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Those to report on.
    pub(super) analysed: Vec<Source>,
    /// Those among them that have changed since they were measured.
    pub(super) stale: Vec<Gap>,
    /// Those that have changed so much that no figure can be made of them.
    pub(super) changed: Vec<Gap>,
}

/// Reads and analyses the sources of the files in the data.
pub(super) fn sources(
    data: &CoverageData,
    config: &CoverageConfig,
    version: PythonVersion,
    folder: &Path,
    said: &mut Said,
) -> Result<Sources, ApplyError> {
    let usage = |error: &dyn std::fmt::Display| ApplyError::Usage(error.to_string());
    let patterns = patterns(config)?;
    let absolute = |pattern: &str| folder.join(pattern).to_string_lossy().into_owned();
    let matcher = |list: &Option<Vec<String>>| {
        list.as_ref().map(|list| GlobMatcher::new(&prepare(list, &absolute), Case::Sensitive)).transpose()
    };
    let include = matcher(&config.report.include).map_err(|error| usage(&error))?;
    let omit = matcher(&config.report.omit).map_err(|error| usage(&error))?;

    let read = |(path, file): (&String, &crate::coverage::FileData)| -> Read {
        let full_name = if config.run.relative_files { path.clone() } else { system::real_path(path) };
        if include.as_ref().is_some_and(|include| !include.matches(&full_name))
            || omit.as_ref().is_some_and(|omit| omit.matches(&full_name))
        {
            return Read::Filtered;
        }
        if let Some(tracer) = &file.tracer {
            return Read::Skipped(format!(
                "`{path}` was traced by the plugin `{tracer}`, which cannot be loaded here: left out"
            ));
        }
        let Ok(bytes) = fs::read(folder.join(path)) else {
            return Read::Failed(format!("No source for code: '{path}'"));
        };
        match analyse(&bytes, version, &patterns) {
            Ok(analysis) => match beyond(file, &analysis) {
                Some(line) => {
                    let lines = analysis.first_lines.len().saturating_sub(1);
                    Read::Changed(changed(path, format!("it has {lines} lines, but line {line} was executed")))
                }
                None => {
                    let gap = stale(file, &analysis).map(|stale| changed(path, stale.to_string()));
                    Read::Analysed(Box::new(Source { path: path.clone(), full_name, analysis }), gap)
                }
            },
            Err(error) => Read::Failed(error.for_file(path)),
        }
    };
    let progress = Progress::begin("analysing sources", data.files.len());
    let read = |entry| {
        let read = read(entry);
        progress.advance(1);
        read
    };
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build().map_err(|error| usage(&error))?;
    let results: Vec<Read> = pool.install(|| data.files.par_iter().map(read).collect());

    let (mut sources, mut failures) = (Sources::default(), Vec::new());
    for result in results {
        match result {
            Read::Analysed(source, gap) => {
                sources.analysed.push(*source);
                sources.stale.extend(gap);
            }
            Read::Changed(gap) => sources.changed.push(gap),
            Read::Filtered => {}
            Read::Skipped(message) => said.warnings.push(message),
            Read::Failed(message) if config.report.ignore_errors => said.warnings.push(message),
            Read::Failed(message) => failures.push(message),
        }
    }
    if failures.is_empty() { Ok(sources) } else { Err(ApplyError::Data(failures)) }
}

fn changed(path: &str, detail: String) -> Gap {
    Gap { kind: GapKind::Stale, name: path.to_owned(), job: None, detail: Some(detail) }
}

/// The largest executed line, if it lies beyond the end of the source.
fn beyond(file: &crate::coverage::FileData, analysis: &Analysis) -> Option<u32> {
    let last = file.contexts.iter().filter_map(|(_, measured)| {
        let arcs =
            measured.arcs.iter().flat_map(|&(from, to)| [from, to]).filter_map(|line| u32::try_from(line).ok()).max();
        measured.lines.last().max(arcs)
    });
    last.max().filter(|&line| line as usize >= analysis.first_lines.len().max(2))
}

/// The configured patterns; coverage.py's own, which most projects keep, are built in.
fn patterns(config: &CoverageConfig) -> Result<Patterns, ApplyError> {
    let usage = |error: &dyn std::fmt::Display| ApplyError::Usage(error.to_string());
    let mut patterns = Patterns::default();
    let report = &config.report;
    // Each list by itself first, so that an error names its option.
    let own = config.patterns().map_err(|error| usage(&error))?;
    if report.exclude != DEFAULT_EXCLUDE {
        patterns.exclude = Some(Box::new(move |text| own.exclude.ranges(text)));
    }
    if report.partial != DEFAULT_PARTIAL || report.partial_always != DEFAULT_PARTIAL_ALWAYS {
        let both = [report.partial.as_slice(), report.partial_always.as_slice()].concat();
        let matcher = Matcher::new(&both).map_err(|error| usage(&error))?;
        patterns.no_branch = Some(Box::new(move |text| matcher.ranges(text)));
    }
    Ok(patterns)
}

/// The contexts that `[report] contexts` selects, as indices; `None` for all.
pub(super) fn selected_contexts(config: &CoverageConfig, data: &CoverageData) -> Result<Option<Vec<u32>>, ApplyError> {
    let Some(regexes) = &config.report.contexts else { return Ok(None) };
    let mut compiled = Vec::with_capacity(regexes.len());
    for regex in regexes {
        compiled.push(
            PyRegex::new(regex, Scan::default())
                .map_err(|error| ApplyError::Usage(format!("Invalid [report].contexts value '{regex}': {error}")))?,
        );
    }
    let selected =
        data.contexts.iter().zip(0u32..).filter(|(name, _)| compiled.iter().any(|regex| regex.is_match(name)));
    Ok(Some(selected.map(|(_, index)| index).collect()))
}
