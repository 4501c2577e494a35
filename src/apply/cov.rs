//! coverage.py's data: combined, held against the sources, and reported by coverage.py's rules.

use std::path::{Path, PathBuf};

use super::job::Job;
use super::progress::Progress;
use super::{ApplyError, Found, Merged, Options, Said, render};
use crate::coverage::combine::{
    CombineError, Combined, Options as CombineOptions, Outcome as InputOutcome, combine_files,
};
use crate::coverage::config::CoverageConfig;
use crate::coverage::{ReadError, write};

/// Combines, analyses and reports.
pub(super) fn run(
    options: &Options,
    config: &CoverageConfig,
    files: Vec<PathBuf>,
    folder: &Path,
    job: Option<&Job>,
    said: &mut Said,
) -> Result<Found, ApplyError> {
    let paths: Vec<Vec<String>> = config.paths.iter().map(|(_, list)| list.clone()).collect();
    let combining = CombineOptions {
        paths: &paths,
        relative_files: config.run.relative_files,
        source_tree: Some(&options.source),
        elsewhere: job.map_or(&[], |job| &job.context.host_workspaces),
        // Only the summary tells it.
        owners: files.len() > 1 && (job.is_some() || options.post.dry_run),
        ..CombineOptions::default()
    };
    let progress = Progress::begin("combining data files", files.len());
    let combined = match combine_files(files, &combining, &|files| progress.advance(files)) {
        Ok(combined) => combined,
        Err(CombineError::NoUsableData(errors)) if job.is_some() => {
            let told = |error: ReadError| (error.path.clone(), format!("{error}: {}", error.help()));
            return Ok(Found { unreadable: errors.into_iter().map(told).collect(), ..Found::default() });
        }
        Err(error) => return Err(ApplyError::Data(vec![error.to_string()])),
    };
    drop(progress);
    let failures: Vec<String> = combined.failures().map(|error| format!("{error}: {}", error.help())).collect();
    if job.is_none() && !failures.is_empty() {
        return Err(ApplyError::Data(failures));
    }
    describe(&combined, said);

    if options.merged_json.is_some() {
        return Err(ApplyError::Usage("--merged-json is for data of slipcover; this is coverage.py's".to_owned()));
    }
    let data_file = || options.data_file.as_ref().map(|path| write::prepare(&combined.data, path)).transpose();
    let (reported, data_file) =
        rayon::join(|| render::reports(options, config, &combined, folder, job.is_some(), said), data_file);
    let mut rendered = reported?;
    let no_data_file = |error: write::WriteError| ApplyError::Usage(error.to_string());
    // Everything is ready before anything is put in its place.
    if let Some(prepared) = data_file.map_err(no_data_file)? {
        prepared.put_in_place().map_err(no_data_file)?;
    }
    let alone = std::mem::take(&mut rendered.alone);
    let mut found = rendered.put_in_place(said)?;
    for (at, input) in combined.inputs.into_iter().enumerate() {
        match input.outcome {
            InputOutcome::Merged(counts) => found.data.push(Merged {
                path: input.path,
                tool: "coverage.py",
                files: counts.files,
                lines: (counts.arcs == 0).then_some(counts.lines),
                alone: alone.get(at).copied(),
            }),
            InputOutcome::Duplicate => found.repeated.push(input.path),
            InputOutcome::Failed(error) => {
                found.unreadable.push((input.path, format!("{error}: {}", error.help())));
            }
        }
    }
    Ok(found)
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
