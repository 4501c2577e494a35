//! Brings the data files: from the workspace, or from the artifacts of a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::collect::{self, Inputs};
use super::completeness::Arrived;
use super::expected::{self, Expect, Expected};
use super::job::Job;
use super::options::Options;
use super::progress::Progress;
use super::publish::escape;
use super::publish::story::{Gap, GapKind};
use super::{ApplyError, Said};
use crate::coverage::{Kind, system};
use crate::flow::Run as Facts;
use crate::forge::artifacts::{self, Artifact, Collected, Run, Wanted};
use crate::forge::context::is_name;
use crate::forge::{ForgeError, runtime};

/// The data files of a run.
#[derive(Default)]
pub(super) struct Gathered {
    /// The files by tool; none when nothing usable came.
    pub(super) inputs: Option<Inputs>,
    /// Where each came from.
    pub(super) origins: HashMap<PathBuf, Origin>,
    /// The artifacts that came, with data or without.
    pub(super) artifacts: Vec<String>,
    /// What should have come.
    pub(super) expected: Expected,
    /// What came and cannot be used.
    pub(super) gaps: Vec<Gap>,
    /// Files without a byte.
    pub(super) empty: Vec<Arrived>,
    /// Keeps the files: they are gone when this is.
    folder: Option<Collected>,
}

/// Where a data file came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The artifact; empty for a file of the workspace.
    pub(super) artifact: String,
    /// Its name there.
    pub(super) file: String,
    /// Bytes.
    pub(super) bytes: u64,
    /// SHA-256 of its bytes, if it came in an artifact.
    pub(super) digest: Option<[u8; 32]>,
}

impl Origin {
    /// A file of the workspace.
    fn here(path: &Path) -> Self {
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Self { file: path.to_string_lossy().replace('\\', "/"), bytes, ..Self::default() }
    }
}

/// Brings what the options name.
pub(super) fn gather(
    options: &Options,
    data_file: &Path,
    job: Option<&Job>,
    said: &mut Said,
) -> Result<Gathered, ApplyError> {
    let env = |name: &str| std::env::var(name).ok();
    let (expected, handed_over) = match job {
        Some(job) => job.expected(&options.collect, &env),
        None => (outside(&options.collect.expect), Expected::default()),
    };
    // What an earlier step has downloaded is not fetched again.
    let named = !options.data.is_empty() && options.collect.artifacts.is_empty();
    match job {
        Some(job) if !named => from_run(job, options, data_file, expected, &handed_over, said),
        _ => Ok(from_workspace(collect::collect(&options.data, data_file)?, expected)),
    }
}

/// What is expected where there is no workflow to ask.
fn outside(expect: &Expect) -> Expected {
    match expect {
        Expect::Auto => Expected::default(),
        named => expected::expected(named, Err("there is no run"), None, &Facts::that_succeeds(None), &[]),
    }
}

fn from_workspace(inputs: Inputs, expected: Expected) -> Gathered {
    let mut gathered = Gathered { expected, ..Gathered::default() };
    gathered.origins.extend(inputs.paths().iter().map(|path| (path.clone(), Origin::here(path))));
    gathered.inputs = Some(inputs);
    gathered
}

/// Fetches the artifacts with data; when the run has none, looks in the workspace.
fn from_run(
    job: &Job,
    options: &Options,
    data_file: &Path,
    expected: Expected,
    handed_over: &Expected,
    said: &mut Said,
) -> Result<Gathered, ApplyError> {
    let run = which(job, options)?;
    let wanted = wanted(options, &expected, handed_over);
    let collected = runtime::block_on(async {
        let listing = artifacts::list(&job.context, &job.transport, &run).await?;
        said.warnings.extend(listing.warnings);
        let chosen: Vec<Artifact> =
            listing.artifacts.into_iter().filter(|artifact| wanted.wants(&artifact.name)).collect();
        let settings = artifacts::Options { temp: job.context.temp.clone(), ..artifacts::Options::default() };
        let progress = bytes_progress(&chosen);
        artifacts::fetch(chosen, &settings, progress).await
    })
    .map_err(|error| unreachable_or_data(&error))?;

    if collected.fetched.is_empty() && collected.missing.is_empty() && collected.failed.is_empty() {
        // An earlier step may have laid the data into the workspace.
        return Ok(match collect::collect(&options.data, data_file) {
            Ok(inputs) => from_workspace(inputs, expected),
            Err(_) => Gathered { expected, ..Gathered::default() },
        });
    }
    let mut gathered = Gathered { expected, ..Gathered::default() };
    let gap = |kind, name: &str, detail: String| Gap { kind, name: name.to_owned(), job: None, detail: Some(detail) };
    for (name, why) in &collected.missing {
        gathered.gaps.push(gap(GapKind::Missing, name, why.clone()));
    }
    for (name, error) in &collected.failed {
        gathered.gaps.push(gap(GapKind::Unreadable, name, error.to_string()));
    }
    let mut files = Vec::new();
    for fetched in &collected.fetched {
        gathered.artifacts.push(fetched.artifact.clone());
        said.warnings.extend(fetched.warnings.iter().cloned());
        said.notes.push(format!(
            "artifact {}: {} bytes, {} data files",
            escape::log(&fetched.artifact),
            fetched.bytes,
            fetched.files.len()
        ));
        for file in &fetched.files {
            let origin = Origin {
                artifact: fetched.artifact.clone(),
                file: file.name.clone(),
                bytes: file.bytes,
                digest: std::fs::read(&file.path).ok().map(|bytes| Sha256::digest(&bytes).into()),
            };
            match system::kind_of(&file.path) {
                Ok(kind @ (Kind::Sqlite | Kind::Slipcover)) => files.push((file.path.clone(), kind)),
                Ok(Kind::Empty) => gathered.empty.push(Arrived {
                    artifact: origin.artifact.clone(),
                    file: origin.file.clone(),
                    ..Arrived::default()
                }),
                // Other JSON, such as a report beside the data.
                Ok(Kind::Json | Kind::Other) => continue,
                Err(error) => gathered.gaps.push(gap(GapKind::Unreadable, &file.name, error.to_string())),
            }
            gathered.origins.insert(file.path.clone(), origin);
        }
    }
    if !options.data.is_empty() {
        let local = collect::collect(&options.data, data_file)?;
        gathered.origins.extend(local.paths().iter().map(|path| (path.clone(), Origin::here(path))));
        files.extend(local.into_files());
    }
    if !files.is_empty() {
        gathered.inputs = Some(collect::of_one_tool(files)?);
    }
    gathered.folder = Some(collected);
    Ok(gathered)
}

fn which(job: &Job, options: &Options) -> Result<Run, ApplyError> {
    let Some(id) = options.collect.run_id else { return Ok(Run::Own) };
    let (owner, repo) = match &options.collect.run_repository {
        None => (job.context.owner.clone(), job.context.repo.clone()),
        Some(name) => match name.split_once('/') {
            Some((owner, repo)) if is_name(owner) && is_name(repo) => (owner.to_owned(), repo.to_owned()),
            _ => return Err(ApplyError::Usage(format!("`--run-repository {name}` is no `owner/name`"))),
        },
    };
    Ok(Run::Other { owner, repo, id })
}

/// The artifacts to fetch: those named, else those handed over, else all that are called after coverage.
fn wanted(options: &Options, expected: &Expected, handed_over: &Expected) -> Wanted {
    if !options.collect.artifacts.is_empty() {
        return Wanted::new(&options.collect.artifacts);
    }
    let mut names: Vec<&str> =
        expected.artifacts.iter().chain(&handed_over.artifacts).map(|item| item.artifact.as_str()).collect();
    if names.is_empty() {
        names.extend(["*cov*", "*Cov*", "*COV*"]);
    }
    names.sort_unstable();
    names.dedup();
    Wanted::new(names)
}

/// Shows bytes on a terminal.
fn bytes_progress(chosen: &[Artifact]) -> artifacts::Report {
    let total = chosen.iter().filter_map(|artifact| artifact.size).sum::<u64>();
    let bar = Progress::begin("downloading bytes", usize::try_from(total).unwrap_or(usize::MAX));
    let received: Mutex<HashMap<String, u64>> = Mutex::default();
    Arc::new(move |at: &artifacts::Progress<'_>| {
        let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
        let before = received.insert(at.artifact.to_owned(), at.received).unwrap_or(0);
        bar.advance(usize::try_from(at.received.saturating_sub(before)).unwrap_or(0));
    })
}

fn unreachable_or_data(error: &ForgeError) -> ApplyError {
    if error.is_unreachable() {
        ApplyError::Forge(error.to_string())
    } else {
        ApplyError::Data(vec![error.to_string()])
    }
}
