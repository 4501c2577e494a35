//! slipcover's data: merged and reported by slipcover's own rules, without a look at the sources.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::gate::Rounding;
use super::progress::Progress;
use super::publish::story;
use super::{ApplyError, Format, Found, Merged, Options, Said, clock, render};
use crate::coverage::owners::Owners;
use crate::coverage::{self, slipcover, system};
use crate::files;
use crate::report::slipcover::{Slipcover, SlipcoverFile, SlipcoverOptions};

/// Merges, reports and judges.
pub(super) fn run(
    options: &Options,
    files: &[PathBuf],
    folder: &Path,
    in_job: bool,
    said: &mut Said,
) -> Result<Found, ApplyError> {
    if options.data_file.is_some() {
        return Err(ApplyError::Usage(
            "--data-file is for data of coverage.py; this is slipcover's: name --merged-json".to_owned(),
        ));
    }
    let mut found = Found::default();
    let (mut parts, mut failures) = (Vec::new(), Vec::new());
    let progress = Progress::begin("reading data files", files.len());
    let read: Vec<_> = files
        .par_iter()
        .map(|path| {
            let part = system::read_slipcover(path);
            progress.advance(1);
            part
        })
        .collect();
    drop(progress);
    for (path, part) in files.iter().zip(read) {
        match part {
            Ok(part) => {
                said.notes.push(describe(path, &part));
                let lines = part.files.iter().map(|(_, file)| file.executed_lines.len()).sum();
                found.data.push(Merged {
                    path: path.clone(),
                    tool: "slipcover",
                    files: part.files.len(),
                    lines: Some(lines),
                    alone: None,
                });
                parts.push(part);
            }
            Err(error) => failures.push((path, format!("{error}: {}", error.help()))),
        }
    }
    if in_job && !parts.is_empty() {
        found.unreadable.extend(failures.into_iter().map(|(path, error)| (path.clone(), error)));
    } else if !failures.is_empty() {
        let failures = failures.into_iter().map(|(_, error)| error).collect();
        return Err(ApplyError::Data(failures));
    }
    if parts.len() > 1 && (in_job || options.post.dry_run) {
        count_alone(&parts, &mut found.data);
    }
    if slipcover::drops_branches(&parts) {
        said.warnings
            .push("the first file has no branches, so those of the others are left out, as slipcover does".to_owned());
    }
    let merged = slipcover::merge(parts, &|path| system::real_path(path))
        .map_err(|error| ApplyError::Data(vec![error.to_string()]))?;
    let report = model(&merged);
    let settings = SlipcoverOptions {
        with_branches: report.branch,
        current_dir: system::real_path(&folder.to_string_lossy()),
        timestamp_ms: clock::now_ms(),
        ..SlipcoverOptions::default()
    };

    let mut written = Vec::new();
    for format in &options.formats {
        let (name, text) = match format {
            Format::Text => {
                said.stdout = report.text(&settings);
                continue;
            }
            Format::Json => ("coverage.json", report.json(&settings)),
            Format::Xml => ("coverage.xml", report.xml(&settings)),
            Format::Lcov => ("coverage.lcov", report.lcov(&settings)),
            Format::Markdown => ("coverage.md", report.markdown()),
            Format::Html => {
                let message = "there is no HTML report of slipcover's data: ask for text, markdown, json, xml or lcov";
                return Err(ApplyError::Usage(message.to_owned()));
            }
        };
        written.push((options.output_dir.join(name), text));
    }
    if let Some(path) = &options.merged_json {
        written.push((path.clone(), merged_json(files, &merged)?));
    }
    // Everything is ready before anything is put in its place.
    let mut ready = Vec::new();
    for (path, text) in written {
        let prepared = files::prepare(&path, |out| out.write_all(text.as_bytes()));
        ready.push(prepared.map_err(|error| render::unwritten(&path, &error))?);
    }
    for file in ready {
        let path = file.path().to_owned();
        file.put_in_place().map_err(|error| render::unwritten(&path, &error))?;
    }
    Ok(Found {
        rows: story::slipcover_rows(&report),
        totals: report.totals(),
        branch: report.branch,
        precision: 0,
        // slipcover compares the unrounded percentage.
        rounding: Rounding::Slipcover,
        fail_under: options.fail_under.unwrap_or(0.0),
        ..found
    })
}

/// How many lines each data file alone executed.
fn count_alone(parts: &[coverage::Slipcover], data: &mut [Merged]) {
    let mut owners = Owners::default();
    let mut known: HashMap<&str, String> = HashMap::new();
    for (at, part) in parts.iter().enumerate() {
        for (path, file) in &part.files {
            let path = known.entry(path).or_insert_with(|| system::real_path(path));
            owners.add_lines(at, path, file.executed_lines.iter());
        }
    }
    let mut counts = vec![0; parts.len()];
    owners.files().for_each(|path| owners.count(path, Some, &mut counts));
    data.iter_mut().zip(counts).for_each(|(file, count)| file.alone = Some(count));
}

/// One line for `--verbose`.
fn describe(path: &Path, part: &coverage::Slipcover) -> String {
    let lines: usize = part.files.iter().map(|(_, file)| file.executed_lines.len()).sum();
    let branches: usize = part.files.iter().map(|(_, file)| file.executed_branches.len()).sum();
    let branches = if part.has_branches() { format!(", {branches} branches") } else { String::new() };
    format!("{}: slipcover, {} files, {lines} lines{branches}, no contexts", path.display(), part.files.len())
}

/// slipcover writes a single file as it stands.
fn merged_json(files: &[PathBuf], merged: &coverage::Slipcover) -> Result<String, ApplyError> {
    let [only] = files else { return Ok(merged.to_json()) };
    let data = |error: &dyn std::fmt::Display| ApplyError::Data(vec![format!("`{}`: {error}", only.display())]);
    let json = std::fs::read(only).map_err(|error| data(&error))?;
    slipcover::rewritten(&json).map_err(|problem| data(&problem))
}

fn model(merged: &coverage::Slipcover) -> Slipcover {
    let text = |key: &str| merged.meta.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    Slipcover {
        version: text("version"),
        timestamp: text("timestamp"),
        branch: merged.has_branches(),
        files: merged
            .files
            .iter()
            .map(|(path, file)| {
                let file = SlipcoverFile {
                    executed: file.executed_lines.clone(),
                    missing: file.missing_lines.clone(),
                    executed_branches: file.executed_branches.clone(),
                    missing_branches: file.missing_branches.clone(),
                };
                (path.clone(), file)
            })
            .collect(),
    }
}
