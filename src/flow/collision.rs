//! Files that replace each other: one name in several artifacts that end up in one folder, or in one artifact that several
//! uploads add to. The last writer wins and nothing is said (actions/upload-artifact `docs/MIGRATION.md`).
//!
//! Only names that are certainly equal count. What only the run knows, a suffix of coverage.py's own (`parallel`), and a
//! script that may have renamed the file all make a name unlike any other.

use std::collections::HashMap;

use super::artifact::{Consumer, Producer, Selector, Upload};
use super::data::{self, Suffix};
use super::glob::Meets;
use super::name::Name;
use super::paths::Tri;
use super::work::WorkKind;
use super::{Flow, data::show};
use crate::workflow::Workflow;
use crate::workflow::action::{Generation, Known};

/// One file name in several uploads.
#[derive(Debug)]
pub struct Collision {
    /// Where the files meet.
    pub place: Place,
    /// The file, relative to the artifact's root.
    pub file: String,
    /// Every upload that holds it: the producer, and the leg among its job's legs. At least two.
    pub uploads: Vec<(usize, usize)>,
    /// Whether a fork's moving tag has to follow upstream for this.
    pub likely: bool,
}

/// Where files of one name meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the folder that this consumer downloads into, by index; the last one where several share the folder.
    Folder(usize),
    /// In one artifact of generation 3, to which this producer adds, by index.
    Artifact(usize),
}

/// An upload among those that are compared.
struct Entry {
    producer: usize,
    leg: usize,
    name: Name,
    files: Vec<Vec<Name>>,
}

/// Every file with coverage data, or a report on it, that certainly replaces another.
pub fn collisions(workflow: &Workflow<'_>, flow: &Flow<'_>) -> Vec<Collision> {
    let mut found = Vec::new();
    for chain in chains(flow) {
        found.extend(in_folder(workflow, flow, &chain));
    }
    found.extend(in_artifacts(workflow, flow));
    found
}

/// Downloads of one job that put files straight into one folder, with nothing between them that could read or move them.
fn chains(flow: &Flow<'_>) -> Vec<Vec<usize>> {
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for (job, job_flow) in flow.jobs.iter().enumerate() {
        let mut open = false;
        for work in &job_flow.works {
            match work.kind {
                WorkKind::Upload => {}
                WorkKind::Download if !work.guarded => {
                    let consumer = flow.consumers.iter().position(|c| c.job == job && c.step == work.step);
                    let Some(index) = consumer.filter(|&c| lies_flat(&flow.consumers[c])) else {
                        open = false;
                        continue;
                    };
                    let shares = |chain: &&mut Vec<usize>| {
                        chain.last().is_some_and(|&last| flow.consumers[last].path == flow.consumers[index].path)
                    };
                    match chains.last_mut().filter(|_| open).filter(shares) {
                        Some(chain) => chain.push(index),
                        None => chains.push(vec![index]),
                    }
                    open = true;
                }
                _ => open = false,
            }
        }
    }
    chains
}

/// Whether every file goes straight into the download's folder.
fn lies_flat(consumer: &Consumer<'_>) -> bool {
    let merges = consumer.merge == Some(true) && consumer.action.has_merge_multiple().is_likely();
    consumer.this_run && consumer.path.len() == 1 && (matches!(consumer.selector, Selector::Name(_)) || merges)
}

fn in_folder(workflow: &Workflow<'_>, flow: &Flow<'_>, chain: &[usize]) -> Option<Collision> {
    let last = *chain.last()?;
    let mut taken: Vec<(&Producer<'_>, &Upload)> = Vec::new();
    for &index in chain {
        let consumer = &flow.consumers[index];
        for producer in flow.producers.iter().filter(|p| comes_before(flow, p, consumer)) {
            let met = producer.uploads.iter().filter(|upload| consumer.takes(upload) == Meets::Always);
            for upload in met {
                if !taken.iter().any(|(p, u)| p.index == producer.index && u.leg == upload.leg) {
                    taken.push((producer, upload));
                }
            }
        }
    }
    if taken.len() < 2 {
        return None;
    }
    let likely = chain.iter().any(|&c| {
        let consumer = &flow.consumers[c];
        consumer.merge == Some(true) && consumer.action.has_merge_multiple() == Known::Likely
    });
    let entries: Vec<Entry> =
        taken.into_iter().filter_map(|(producer, upload)| entry(workflow, flow, producer, upload)).collect();
    // Artifacts of one name are one artifact, or a conflict that other rules name.
    let (file, uploads) = first_shared(flow, &entries, |a, b| a.name.meets(&b.name) != Meets::Always)?;
    Some(Collision { place: Place::Folder(last), file, uploads, likely })
}

fn in_artifacts(workflow: &Workflow<'_>, flow: &Flow<'_>) -> Vec<Collision> {
    let mutable: Vec<&Producer<'_>> =
        flow.producers.iter().filter(|p| p.unconditional && p.generation() == Some(Generation::V3)).collect();
    let uploads = || mutable.iter().flat_map(|producer| producer.uploads.iter().map(move |upload| (*producer, upload)));
    let mut names: Vec<&Name> = Vec::new();
    for (_, upload) in uploads() {
        if !names.contains(&&upload.name) {
            names.push(&upload.name);
        }
    }
    let mut found = Vec::new();
    for name in names {
        let same: Vec<_> = uploads().filter(|(_, upload)| upload.name == *name).collect();
        if same.len() < 2 {
            continue;
        }
        let place = Place::Artifact(same[0].0.index);
        let entries: Vec<Entry> =
            same.into_iter().filter_map(|(producer, upload)| entry(workflow, flow, producer, upload)).collect();
        if let Some((file, uploads)) = first_shared(flow, &entries, |_, _| true) {
            found.push(Collision { place, file, uploads, likely: false });
        }
    }
    found
}

/// Whether what `producer` uploads is there when `consumer` downloads, and the upload surely took place.
fn comes_before(flow: &Flow<'_>, producer: &Producer<'_>, consumer: &Consumer<'_>) -> bool {
    producer.unconditional && flow.needs.orders(consumer.job, producer.job)
}

/// The first file that two uploads hold, with all that hold it. `apart` says whether two of them can meet at all.
fn first_shared(
    flow: &Flow<'_>,
    entries: &[Entry],
    apart: impl Fn(&Entry, &Entry) -> bool,
) -> Option<(String, Vec<(usize, usize)>)> {
    let mut seen: HashMap<&[Name], Vec<&Entry>> = HashMap::new();
    let mut order: Vec<&[Name]> = Vec::new();
    for entry in entries {
        for file in &entry.files {
            let holders = seen.entry(file.as_slice()).or_default();
            if holders.is_empty() {
                order.push(file);
            }
            if holders.iter().all(|other| apart(other, entry) && independent(flow, other, entry)) {
                holders.push(entry);
            }
        }
    }
    let file = order.into_iter().find(|file| seen[file].len() > 1)?;
    Some((show(file), seen[file].iter().map(|entry| (entry.producer, entry.leg)).collect()))
}

/// Whether neither upload can be an update of the other: they are of two legs, or of jobs that do not wait for each other.
fn independent(flow: &Flow<'_>, a: &Entry, b: &Entry) -> bool {
    let (first, second) = (flow.producers[a.producer].job, flow.producers[b.producer].job);
    if first == second {
        return a.leg != b.leg;
    }
    !flow.needs.orders(first, second) && !flow.needs.orders(second, first)
}

fn entry(workflow: &Workflow<'_>, flow: &Flow<'_>, producer: &Producer<'_>, upload: &Upload) -> Option<Entry> {
    let files = files(workflow, flow, producer, upload);
    (!files.is_empty()).then(|| Entry { producer: producer.index, leg: upload.leg, name: upload.name.clone(), files })
}

/// The files of coverage that an upload certainly holds, relative to the artifact's root.
fn files(workflow: &Workflow<'_>, flow: &Flow<'_>, producer: &Producer<'_>, upload: &Upload) -> Vec<Vec<Name>> {
    if upload.paths.has_excludes {
        return Vec::new();
    }
    let step = &workflow.jobs[producer.job].steps[producer.step];
    let keeps_hidden =
        step.input_text("include-hidden-files").is_some() || producer.action.drops_hidden_files().is_no();
    let scope = flow.scope_of_leg(workflow, producer.job, upload.leg);
    let state = data::before(&flow.works_of_leg(&scope), producer.step, &flow.project.coverage);
    let made = state
        .files
        .iter()
        .filter(|file| !state.open && file.suffix == Suffix::Plain && !file.likely)
        .filter_map(|file| file.location.path().map(<[Name]>::to_vec));
    let mut found = Vec::new();
    for file in made {
        found
            .extend(upload.paths.includes.iter().find(|include| include.names(Some(&file))).map(|i| (i, file.clone())));
    }
    for include in upload.paths.includes.iter().filter(|include| include.is_literal_file()) {
        // Without word of where the data file is, `.coverage` may be a folder of them.
        let named = include.segments.clone().filter(|file| file.last().is_some_and(|name| is_coverage(flow, name)));
        found.extend(named.map(|file| (include, file)));
    }
    let mut files: Vec<Vec<Name>> = found
        .into_iter()
        .filter(|(include, file)| keeps_hidden || (include.is_hidden() == Tri::No && !include.hides(file)))
        .filter_map(|(_, file)| file.strip_prefix(upload.paths.root_with(&file)?.as_slice()).map(<[Name]>::to_vec))
        .filter(|file| !file.is_empty())
        .collect();
    files.dedup();
    files
}

/// Whether a file that is named in an upload is coverage data or a report on it.
fn is_coverage(flow: &Flow<'_>, name: &Name) -> bool {
    let text = name.to_string().to_ascii_lowercase();
    if text.starts_with(".coverage") {
        flow.project.coverage.at_root().is_default_data_file()
    } else {
        text.contains("cov")
    }
}
