//! Where downloaded coverage data arrives, and whether the command that reads it looks there.
//!
//! Facts: actions/download-artifact `src/download-artifact.ts` (v4.3.0 and v5.0.0) and coverage.py's
//! `combinable_files`: `coverage combine` without arguments takes `<data file>.*` beside the data file, with a folder as
//! argument the same names in that folder, with a file that file.

use super::artifact::{Consumer, Producer, Selector};
use super::data::DataFile;
use super::glob::Meets;
use super::name::{Name, Piece};
use super::paths::{self, Tri};
use super::work::{Work, WorkKind, join};
use super::{Flow, data};
use crate::shell::{CoverageCommand, CoverageSub};
use crate::workflow::Workflow;
use crate::workflow::action::Known;

/// A data file as it lies after the download.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Index of the producer in [`Flow::producers`].
    pub producer: usize,
    /// Its path in the workspace.
    pub path: Vec<Name>,
}

/// A reading command that finds none of the data that arrived.
#[derive(Debug)]
pub struct Mismatch {
    /// Index of the consumer in [`Flow::consumers`].
    pub consumer: usize,
    /// Where the data is.
    pub arrivals: Vec<Arrival>,
    /// Index of the command among the job's work.
    pub reader: usize,
    /// The folder or file it reads instead, in words.
    pub reads: String,
    /// Something unknown ran before the download, and might have made data of its own.
    pub likely: bool,
}

/// Looks for reading commands of which it is certain that none of the data that arrived is where they look.
pub fn mismatches(workflow: &Workflow<'_>, flow: &Flow<'_>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    for (job, job_flow) in flow.jobs.iter().enumerate() {
        let works = &job_flow.works;
        for (reader, work) in works.iter().enumerate() {
            let WorkKind::Coverage(command) = &work.kind else { continue };
            if !command.sub.reads() || command.dynamic || work.guarded {
                continue;
            }
            // Only the first command that reads decides; what follows works on its result. After the download nothing may
            // move files, and before it nothing may have made data; an action of a repository hardly does.
            let first_download =
                works[..reader].iter().position(|w| matches!(w.kind, WorkKind::Download)).unwrap_or(reader);
            let remote = |w: &Work| {
                let uses = workflow.jobs[job].steps[w.step].uses;
                matches!(w.kind, WorkKind::Opaque) && uses.is_some_and(|uses| !uses.value.starts_with('.'))
            };
            let harmless = |w: &Work| matches!(w.kind, WorkKind::Download | WorkKind::Upload);
            if !works[..first_download].iter().all(|w| harmless(w) || remote(w))
                || !works[first_download..reader].iter().all(harmless)
            {
                break;
            }
            let likely = works[..first_download].iter().any(|w| !harmless(w));
            let downloads: Vec<usize> =
                works[..reader].iter().filter(|w| matches!(w.kind, WorkKind::Download)).map(|w| w.step).collect();
            let consumers: Vec<usize> = (0..flow.consumers.len())
                .filter(|&c| flow.consumers[c].job == job && downloads.contains(&flow.consumers[c].step))
                .collect();
            let (&[consumer], &[_]) = (consumers.as_slice(), downloads.as_slice()) else { break };
            let Some(arrivals) = arrivals(flow, &flow.consumers[consumer]) else { break };
            if arrivals.is_empty() {
                break;
            }
            if arrivals.iter().all(|arrival| reads(command, work, &arrival.path) == Tri::No)
                && let Some(place) = place(command, work)
            {
                found.push(Mismatch { consumer, arrivals, reader, reads: place, likely });
            }
            break;
        }
    }
    found
}

/// Every data file that surely arrives; `None` when one of the places is not known.
fn arrivals(flow: &Flow<'_>, consumer: &Consumer<'_>) -> Option<Vec<Arrival>> {
    if !consumer.this_run || consumer.path.len() != 1 {
        return None;
    }
    let base = join(&[], &consumer.path[0])?;
    let mut fed = Vec::new();
    for (index, producer) in flow.producers.iter().enumerate() {
        match consumer.meets(producer) {
            Meets::Never => {}
            Meets::Maybe => return None,
            Meets::Always => fed.push((index, producer)),
        }
    }
    let folders = folders(flow, consumer, &fed)?;
    let mut out = Vec::new();
    for (index, producer) in fed {
        let files = data_in(flow, producer);
        for upload in &producer.uploads {
            let subfolder: &[Name] = if folders { std::slice::from_ref(&upload.name) } else { &[] };
            let mut any = false;
            for file in &files {
                for candidate in file.candidates() {
                    match upload.paths.names_file(&candidate) {
                        Tri::No => continue,
                        Tri::Unknown => return None,
                        Tri::Yes => {}
                    }
                    let root = upload.paths.root_with(&candidate)?;
                    let inner = candidate.strip_prefix(root.as_slice())?;
                    any = true;
                    out.push(Arrival { producer: index, path: [&base, subfolder, inner].concat() });
                }
            }
            if !any && !upload.paths.includes.iter().all(super::handover::surely_no_data) {
                return None;
            }
        }
    }
    Some(out)
}

/// The data files an upload can take, as far as the job shows them, and otherwise as the upload's own paths name them.
fn data_in(flow: &Flow<'_>, producer: &Producer<'_>) -> Vec<DataFile> {
    let state = flow.data_state(producer.job, producer.step);
    if state.files.iter().all(|file| file.location.path().is_some()) && !state.open {
        return state.files;
    }
    // `path: .coverage.*` says itself what it holds, whatever made it, unless the data has another name and `.coverage` is
    // perhaps the folder it is in.
    if !flow.project.coverage.at_root().is_default_data_file() {
        return Vec::new();
    }
    let within = |folder: &[Name]| {
        state
            .files
            .iter()
            .any(|file| file.location.path().is_some_and(|path| path.len() > folder.len() && path.starts_with(folder)))
    };
    let mut files = Vec::new();
    for upload in &producer.uploads {
        for include in &upload.paths.includes {
            let Some((last, folder)) = include.segments.as_ref().and_then(|segments| segments.split_last()) else {
                continue;
            };
            let Some(text) = last.known().filter(|_| !include.segments.as_deref().is_some_and(within)) else {
                continue;
            };
            let (base, suffix) = match text {
                ".coverage" => (".coverage", data::Suffix::Plain),
                ".coverage.*" => (".coverage", data::Suffix::Added),
                ".coverage*" => (".coverage", data::Suffix::Either),
                _ => continue,
            };
            if folder.iter().any(|segment| segment.known().is_none_or(|text| text.contains(['*', '?', '[']))) {
                continue;
            }
            let path = [folder, &[Name::literal(base)]].concat();
            let span = producer.path.map_or_else(crate::source::Span::default, |p| p.span());
            let file =
                DataFile { location: data::Location::At(path), suffix, step: producer.step, span, likely: false };
            if !files.iter().any(|f: &DataFile| f.location == file.location && f.suffix == file.suffix) {
                files.push(file);
            }
        }
    }
    files
}

/// Whether every artifact gets a folder of its own below `path`; `None` when that cannot be told.
fn folders(flow: &Flow<'_>, consumer: &Consumer<'_>, fed: &[(usize, &Producer<'_>)]) -> Option<bool> {
    if matches!(consumer.selector, Selector::Name(_)) {
        return Some(false);
    }
    if !consumer.action.has_merge_multiple().is_no() && consumer.merge? {
        return Some(false);
    }
    match consumer.action.flattens_single_match() {
        Known::No => Some(true),
        Known::Yes | Known::Likely => {
            // From v5 a single match lies flat. Two literal, different names are surely two artifacts.
            let mut names: Vec<&Name> = fed.iter().flat_map(|(_, p)| p.uploads.iter().map(|u| &u.name)).collect();
            names.sort_by_key(|name| name.to_string());
            names.dedup();
            let complete = fed.iter().all(|(_, p)| p.unconditional && flow.jobs[p.job].legs.complete);
            match names.len() {
                _ if !complete => None,
                0 | 1 => Some(false),
                _ => Some(true),
            }
        }
        Known::Unknown => None,
    }
}

/// Whether the command reads the data file at `path`.
fn reads(command: &CoverageCommand, work: &Work, path: &[Name]) -> Tri {
    let Some(data_file) = work.data_file.path() else { return Tri::Unknown };
    if command.sub != CoverageSub::Combine {
        return if data_file == path {
            Tri::Yes
        } else if path.iter().zip(data_file).any(|(a, b)| a.meets(b) == Meets::Never) || path.len() != data_file.len() {
            Tri::No
        } else {
            Tri::Unknown
        };
    }
    let Some((base, folder)) = data_file.split_last() else { return Tri::Unknown };
    let Some((name, path_folder)) = path.split_last() else { return Tri::No };
    let combinable = combinable(name, base);
    if command.paths.is_empty() {
        return both(same_path(folder, path_folder), combinable);
    }
    let Some(cwd) = &work.cwd else { return Tri::Unknown };
    let mut answer = Tri::No;
    for word in &command.paths {
        if word.dynamic {
            return Tri::Unknown;
        }
        let Some(argument) = join(cwd, &Name::literal(word.text.as_str())) else {
            answer = Tri::Unknown;
            continue;
        };
        let as_file = shell_match(&argument, path);
        let as_folder = both(shell_match(&argument, path_folder), combinable);
        match either(as_file, as_folder) {
            Tri::Yes => return Tri::Yes,
            Tri::Unknown => answer = Tri::Unknown,
            Tri::No => {}
        }
    }
    answer
}

/// Whether `coverage combine` takes a file of this name from a folder: `<data file>.` and more.
fn combinable(name: &Name, base: &Name) -> Tri {
    let Some(base) = base.known() else { return Tri::Unknown };
    match name.pieces.first() {
        Some(Piece::Text(text)) if text.starts_with(&format!("{base}.")) => Tri::Yes,
        Some(Piece::Text(text)) if base.starts_with(text.as_str()) && name.pieces.len() > 1 => Tri::Unknown,
        Some(Piece::Hole(_)) => Tri::Unknown,
        _ => Tri::No,
    }
}

fn same_path(a: &[Name], b: &[Name]) -> Tri {
    if a.len() != b.len() {
        return Tri::No;
    }
    a.iter().zip(b).fold(Tri::Yes, |answer, (a, b)| {
        both(
            answer,
            match a.meets(b) {
                Meets::Always => Tri::Yes,
                Meets::Maybe => Tri::Unknown,
                Meets::Never => Tri::No,
            },
        )
    })
}

/// A shell's path glob: segment by segment, a wildcard does not match a leading dot, `**` reads as `*`.
fn shell_match(pattern: &[Name], path: &[Name]) -> Tri {
    // With `globstar` set, `**` reaches deeper; nothing here can tell.
    if pattern.iter().any(|segment| segment.known() == Some("**")) {
        return Tri::Unknown;
    }
    if pattern.iter().any(|segment| segment.known().is_some_and(|text| text.contains(['{', '}']))) {
        return Tri::Unknown;
    }
    if pattern.len() != path.len() {
        return Tri::No;
    }
    pattern.iter().zip(path).fold(Tri::Yes, |answer, (pattern, name)| {
        let hidden = matches!(name.pieces.first(), Some(Piece::Text(text)) if text.starts_with('.'));
        let wild = pattern.known().is_some_and(|text| text.starts_with(['*', '?', '[']));
        both(answer, if hidden && wild { Tri::No } else { paths::segment_matches(pattern, name) })
    })
}

fn both(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Tri::No, _) | (_, Tri::No) => Tri::No,
        (Tri::Yes, Tri::Yes) => Tri::Yes,
        _ => Tri::Unknown,
    }
}

fn either(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Tri::Yes, _) | (_, Tri::Yes) => Tri::Yes,
        (Tri::No, Tri::No) => Tri::No,
        _ => Tri::Unknown,
    }
}

/// What the command reads, in words.
fn place(command: &CoverageCommand, work: &Work) -> Option<String> {
    let data_file = work.data_file.path()?;
    Some(if command.sub != CoverageSub::Combine {
        format!("`{}`", data::show(data_file))
    } else if command.paths.is_empty() {
        format!("`{}.*`", data::show(data_file))
    } else {
        command.paths.iter().map(|word| format!("`{}`", word.text)).collect::<Vec<_>>().join(", ")
    })
}
