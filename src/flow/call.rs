//! Seeing through calls: the jobs of a reusable workflow and the steps of a composite action of the same repository are
//! put into the workflow that calls them, so that all that follows sees one workflow.
//!
//! A job that calls stays in its place, and the jobs of what it calls come after all jobs of the file; a step that calls
//! stays in its place, and the steps of what it calls follow it. What is missing, unreadable, too deep or not in the
//! repository stays a call that nothing is known of.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::composite;
use super::project::Files;
use crate::source::{Source, Span};
use crate::workflow::action::{Uses, parse_uses};
use crate::workflow::called::{Called, CalledFile};
use crate::workflow::model::MAX_JOBS;
use crate::workflow::yaml::{self, Tree, Yaml};
use crate::workflow::{Job, Text, Workflow};

/// Calls looked into, over the whole workflow.
const MAX_CALLS: usize = 64;

/// Calls within calls. GitHub allows four levels of workflows and ten of actions.
pub(super) const MAX_DEPTH: usize = 6;

/// Jobs put in, over the whole workflow.
const MAX_CALLED_JOBS: usize = 256;

/// Room for what is read on the way, which outlives the workflow that borrows from it.
#[derive(Debug)]
pub struct Shelf<T> {
    slots: Vec<OnceCell<T>>,
    used: Cell<usize>,
}

impl<T> Shelf<T> {
    fn with_room(slots: usize) -> Self {
        Self { slots: std::iter::repeat_with(OnceCell::new).take(slots).collect(), used: Cell::new(0) }
    }

    /// Keeps a value; `None` when there is no room left.
    fn keep(&self, value: T) -> Option<&T> {
        let slot = self.slots.get(self.used.get())?;
        self.used.set(self.used.get() + 1);
        Some(slot.get_or_init(|| value))
    }
}

/// The texts of the files called, and names made up for their jobs.
#[derive(Debug)]
pub struct Texts {
    sources: Shelf<Arc<Source>>,
    names: Shelf<String>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { sources: Shelf::with_room(MAX_CALLS), names: Shelf::with_room(MAX_CALLED_JOBS + MAX_CALLS) }
    }
}

/// The trees of the files called.
#[derive(Debug)]
pub struct Trees<'t>(Shelf<Tree<'t>>);

impl Default for Trees<'_> {
    fn default() -> Self {
        Self(Shelf::with_room(MAX_CALLS))
    }
}

/// The workflow with everything it calls in its own repository put in; `None` when there is nothing to put in.
pub fn whole<'d, 't: 'd>(
    workflow: &Workflow<'d>,
    files: &dyn Files,
    texts: &'t Texts,
    trees: &'d Trees<'t>,
) -> Option<Workflow<'d>> {
    let local = |uses: Option<Text<'_>>| uses.is_some_and(|uses| uses.value.starts_with("./"));
    if !workflow.jobs.iter().any(|job| local(job.uses) || job.steps.iter().any(|step| local(step.uses))) {
        return None;
    }
    let mut reader = Reader { files, texts, trees, next: workflow.node.tree().text().len() + 1, called: Vec::new() };
    let mut whole = workflow.clone();
    let mut job = 0;
    while job < whole.jobs.len() {
        put_in(&mut whole, job, &mut reader);
        job += 1;
    }
    for job in &mut whole.jobs {
        composite::put_in(job, &mut reader);
    }
    if reader.called.is_empty() {
        return None;
    }
    whole.files = reader.called;
    Some(whole)
}

/// Reads the files that are called, each time anew: every call has places and a source of its own.
pub(super) struct Reader<'d, 't, 'f> {
    files: &'f dyn Files,
    texts: &'t Texts,
    trees: &'d Trees<'t>,
    next: usize,
    called: Vec<CalledFile>,
}

impl<'d, 't: 'd> Reader<'d, 't, '_> {
    /// The root of the first of these files that is there. It counts as called only when [`Reader::accept`] says so.
    pub(super) fn read(&self, paths: &[String]) -> Option<(Yaml<'d>, Arc<Source>)> {
        let source = Arc::new(Source::clone(&*paths.iter().find_map(|path| self.files.read(path))?));
        let kept: &'t Arc<Source> = self.texts.sources.keep(Arc::clone(&source))?;
        let tree = yaml::parse(&kept.text).ok()?.placed_at(self.next);
        Some((self.trees.0.keep(tree)?.root(), source))
    }

    /// Takes down that the file last read is called from here.
    pub(super) fn accept(&mut self, source: Arc<Source>, call: Span) {
        let base = self.next;
        self.next += source.text.len() + 1;
        self.called.push(CalledFile { base, source, call });
    }

    fn name(&self, name: String) -> Option<&'d str> {
        self.texts.names.keep(name).map(String::as_str)
    }
}

/// The path of a local `uses:` without `./`.
pub(super) fn local_path(uses: &str) -> Option<&str> {
    match parse_uses(uses) {
        Uses::Local(_) => uses.trim().strip_prefix("./").map(|path| path.trim_end_matches('/')),
        _ => None,
    }
}

/// Puts in the jobs of the workflow that one job calls.
fn put_in<'d>(whole: &mut Workflow<'d>, caller: usize, reader: &mut Reader<'d, '_, '_>) {
    let Some(uses) = whole.jobs[caller].uses else { return };
    let is_yaml = |path: &&str| path.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "yml" | "yaml"));
    let Some(path) = local_path(uses.value).filter(is_yaml) else { return };
    let chain = whole.callers(caller);
    let again = chain.iter().any(|&job| whole.jobs[job].calls.as_ref().is_some_and(|called| called.path == path));
    if again || chain.len() > MAX_DEPTH {
        return;
    }
    let Some((root, source)) = reader.read(&[path.to_owned()]) else { return };
    let Ok(workflow) = Workflow::read(root) else { return };
    let Some(called) = Called::workflow(&workflow, path) else { return };
    if whole.jobs.len() + workflow.jobs.len() > MAX_JOBS.min(MAX_CALLED_JOBS) {
        return;
    }
    let id = |job: &Job<'d>| reader.name(format!("{} / {}", whole.jobs[caller].id.value, job.id.value));
    let Some(ids) = workflow.jobs.iter().map(id).collect::<Option<Vec<_>>>() else { return };
    let mut jobs = workflow.jobs.clone();
    for (index, job) in jobs.iter_mut().enumerate() {
        job.within = Some(caller);
        job.id.value = ids[index];
        for need in &mut job.needs {
            // A need that names no job of its own file must not meet one of the caller's.
            need.value = workflow.job_index(need.value).map_or("", |needed| ids[needed]);
        }
    }
    reader.accept(source, uses.span());
    whole.jobs[caller].calls = Some(Box::new(called));
    whole.jobs.extend(jobs);
}

#[cfg(test)]
mod tests;
