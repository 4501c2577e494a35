//! Reads and analyses the sources of the files in the data, in parallel.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::{ApplyError, Said};
use crate::coverage::config::CoverageConfig;
use crate::coverage::config::glob::{Case, GlobMatcher, prepare};
use crate::coverage::{CoverageData, system};
use crate::python::{Analysis, Patterns, PythonVersion, analyse};
use crate::report::Source;

/// Stack of an analysing thread, in bytes: sources may be nested deeply.
const STACK: usize = 256 << 20;

/// What became of one file.
enum Read {
    Analysed(Box<Source>),
    /// Left out by `include` or `omit`.
    Filtered,
    Failed(String),
    Skipped(String),
}

/// The sources to report on.
pub(super) fn sources(
    data: &CoverageData,
    config: &CoverageConfig,
    version: PythonVersion,
    folder: &Path,
    said: &mut Said,
) -> Result<Vec<Source>, ApplyError> {
    let usage = |error: &dyn std::fmt::Display| ApplyError::Usage(error.to_string());
    let patterns = patterns(config).map_err(|error| usage(&error))?;
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
            return Read::Skipped(format!("`{path}` was traced by the plugin `{tracer}`, which cannot be loaded here: left out"));
        }
        let bytes = match fs::read(folder.join(path)) {
            Ok(bytes) => bytes,
            Err(_) => return Read::Failed(format!("No source for code: '{path}'")),
        };
        match analyse(&bytes, version, &patterns) {
            Ok(analysis) => match beyond(file, &analysis) {
                Some(line) => Read::Failed(format!(
                    "`{path}` has {} lines, but line {line} was executed: the source has changed since it was measured",
                    analysis.first_lines.len().saturating_sub(1)
                )),
                None => Read::Analysed(Box::new(Source { path: path.clone(), full_name, analysis })),
            },
            Err(error) => Read::Failed(error.for_file(path)),
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build().map_err(|error| usage(&error))?;
    let results: Vec<Read> = pool.install(|| data.files.par_iter().map(read).collect());

    let (mut sources, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Read::Analysed(source) => sources.push(*source),
            Read::Filtered => {}
            Read::Skipped(message) => said.warnings.push(message),
            Read::Failed(message) if config.report.ignore_errors => said.warnings.push(message),
            Read::Failed(message) => failures.push(message),
        }
    }
    if failures.is_empty() { Ok(sources) } else { Err(ApplyError::Data(failures)) }
}

/// The largest executed line, if it lies beyond the end of the source.
fn beyond(file: &crate::coverage::FileData, analysis: &Analysis) -> Option<u32> {
    let last = file.contexts.iter().filter_map(|(_, measured)| {
        let arcs = measured.arcs.iter().flat_map(|&(from, to)| [from, to]).filter_map(|line| u32::try_from(line).ok()).max();
        measured.lines.last().max(arcs)
    });
    last.max().filter(|&line| line as usize >= analysis.first_lines.len().max(2))
}

fn patterns(config: &CoverageConfig) -> Result<Patterns, String> {
    let _ = config;
    Ok(Patterns::default())
}

/// The contexts that `[report] contexts` selects.
pub(super) fn selected_contexts(config: &CoverageConfig, data: &CoverageData) -> Result<Option<Vec<u32>>, String> {
    let _ = (config, data);
    Ok(None)
}
