//! `ci-lint lint --init`: writes a contract that the workflows hold as they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::configs::{NAMES, Settings, shown};
use super::{Options, discover, read, relative};
use crate::config::init::{InitFile, write};
use crate::files;
use crate::findings::Problem;
use crate::flow::work::WorkKind;
use crate::flow::{Flow, Pins};
use crate::source::Source;
use crate::workflow::Workflow;
use crate::workflow::yaml::{self, Tree};

/// Writes `.ci-lint.yml` at the root of the project and says what it holds.
///
/// # Errors
/// A configuration that exists already, workflows that cannot be read, or none; nothing is written then.
pub fn run(options: &Options) -> Result<String, Vec<Problem>> {
    let discovery = discover::discover(&options.paths, options.forge);
    let mut problems = discovery.problems;
    let root = root(&discovery.inputs.first().map_or_else(PathBuf::new, |input| input.path.clone()));
    for name in NAMES {
        let path = root.join(name);
        if path.exists() {
            return Err(vec![
                Problem::with_path(shown(&path), "exists already")
                    .help("edit it, or remove it to have a new one written"),
            ]);
        }
    }
    let mut sources: Vec<(String, Arc<Source>)> = Vec::new();
    for input in &discovery.inputs {
        match (read::source(&input.path), relative(&input.path, &root)) {
            (Ok(source), Some(path)) => sources.push((path, source)),
            (Ok(_), None) => problems.push(
                Problem::with_path(&input.path, format!("is not below {}", root.display()))
                    .help("write one configuration for each project"),
            ),
            (Err(problem), _) => problems.push(problem),
        }
    }
    let mut trees: Vec<(&str, &Arc<Source>, Tree<'_>)> = Vec::new();
    for (path, source) in &sources {
        match yaml::parse(&source.text) {
            Ok(tree) => trees.push((path, source, tree)),
            Err(error) => problems.push(Problem::at(source, error.span, error.message, "here")),
        }
    }
    let mut workflows: Vec<(&str, &Arc<Source>, Workflow<'_>)> = Vec::new();
    for (path, source, tree) in &trees {
        match Workflow::read(tree.root()) {
            Ok(workflow) => workflows.push((path, source, workflow)),
            Err((span, message)) => problems.push(Problem::at(source, span, message, "here")),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let all: Vec<InitFile<'_, '_>> =
        workflows.iter().map(|(path, source, workflow)| facts(path, &source.path, workflow)).collect();
    // Workflows without a part in the hand-over are left alone, unless there are only such.
    let (coverage, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|file| !file.producers.is_empty() || !file.consumers.is_empty());
    let files = if coverage.is_empty() { others } else { coverage };
    let target = root.join(NAMES[0]);
    files::create(&target, write(&files).as_bytes())
        .map_err(|error| vec![Problem::with_path(shown(&target), format!("cannot be written: {error}"))])?;
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    Ok(format!(
        "Wrote {} with a contract for {}. It holds now; `ci-lint check` says when it no longer does.\n",
        shown(&target).display(),
        names.join(", ")
    ))
}

fn facts<'a, 'd>(path: &str, file: &Path, workflow: &'a Workflow<'d>) -> InitFile<'a, 'd> {
    let flow = Flow::build(workflow, Settings::default().project_of(file), &Pins::default());
    let runs_tests = |job: &usize| {
        flow.jobs[*job].works.iter().any(|work| matches!(work.kind, WorkKind::Tests(_)))
            || flow.handover.repeats.iter().any(|repeat| repeat.again.job == *job)
    };
    let consumers = flow.readers();
    InitFile {
        path: path.to_owned(),
        workflow,
        producers: flow.handover.sources.clone(),
        test_free_consumers: consumers.iter().copied().filter(|job| !runs_tests(job)).collect(),
        consumers,
    }
}

/// The folder that holds `.forgejo/workflows` or its like, else the current one.
fn root(workflow: &Path) -> PathBuf {
    let absolute = std::path::absolute(workflow).unwrap_or_else(|_| workflow.to_path_buf());
    let folder = absolute
        .parent()
        .filter(|folder| crate::workflow::dialect::Dialect::from_path(&folder.join("x.yml")).is_some());
    folder
        .and_then(Path::parent)
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_default()
}
