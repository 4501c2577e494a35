//! The artifact-flow graph: who uploads what, who downloads it, whether `needs` orders them, whether the data survives.
//!
//! - [`call`] puts in what the workflow calls in its own repository, `composite` the steps of actions.
//! - [`matrix`] expands a job's legs, [`name`] evaluates texts in a leg, [`glob`] matches artifact patterns.
//! - [`written`] knows what scripts write for later steps.
//! - [`work`] lists what a job does in order, [`data`] follows the coverage data files through it.
//! - `expand` looks into the sessions of task runners.
//! - [`artifact`] reads uploads and downloads, [`paths`] what an upload's `path` can contain, [`layout`] where it arrives.
//! - [`collision`] finds files of one name that replace each other.
//! - [`collect`] knows the steps of this program, which fetch coverage data themselves.
//! - [`run`] holds what is known of the run the workflow is read for.
//! - [`fail_under`] reads the threshold in the project's coverage configuration.
//! - [`needs`] knows the order of jobs.
//! - [`repeats`] knows when a second run of the same tests tells nothing new, and when coverage slows them down.
//! - [`promise`] says which artifacts with coverage data must be there when every job that runs succeeds.
//! - [`handover`] puts it together for coverage: which job's data another job should use, and what is missing for it.

pub mod artifact;
pub mod call;
pub mod collect;
pub mod collision;
mod composite;
pub mod data;
mod expand;
pub mod fail_under;
pub mod glob;
pub mod handover;
pub mod layout;
pub mod matrix;
pub mod name;
pub mod needs;
pub mod paths;
pub mod project;
pub mod promise;
pub mod repeats;
pub mod run;
pub mod work;
pub mod written;

use std::sync::Arc;

pub(crate) use expand::UNKNOWN_NAMES;
#[cfg(test)]
mod facts;

pub use needs::Needs;
pub use project::{Files, NoFiles, Project};
pub use run::Run;

use artifact::{Consumer, Producer, StepContext};
use collect::{Collector, DataSource};
use data::{DataFile, DataState};
use matrix::Legs;
use name::Scope;
use project::Coverage;
use work::{Work, WorkKind};
use written::Written;

use crate::task::Tasks;
use crate::workflow::action::ArtifactKind;
use crate::workflow::yaml::Yaml;
use crate::workflow::{Step, Workflow};

/// Legs followed one by one, over all steps that handle artifacts: the names of each two are compared. Further matrices
/// count as unknown.
const MAX_LEGS: usize = 1_000;

/// What the project's configuration says of jobs: who makes and who uses coverage data, and how long they take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Jobs whose tests collect coverage.
    pub producers: Vec<String>,
    /// The job that reports on it.
    pub consumer: Option<String>,
    /// How long jobs take, in seconds, where the user says so.
    pub durations: Vec<(String, u32)>,
}

/// What one job contributes.
#[derive(Debug)]
pub struct JobFlow {
    /// Its legs.
    pub legs: Legs,
    /// What it does, in order.
    pub works: Vec<Work>,
    /// The variables its scripts write.
    written: Written,
    /// Whether it may upload artifacts that cannot be seen here: a reusable workflow, a local or unknown action.
    pub opaque_producer: bool,
}

/// The flow graph of one workflow.
#[derive(Debug)]
pub struct Flow<'d> {
    /// Per job, in file order.
    pub jobs: Vec<JobFlow>,
    /// The order of jobs.
    pub needs: Needs,
    /// Every step that uploads.
    pub producers: Vec<Producer<'d>>,
    /// Every step that downloads.
    pub consumers: Vec<Consumer<'d>>,
    /// Every step that fetches coverage data by itself.
    pub collectors: Vec<Collector<'d>>,
    /// The coverage hand-over between jobs.
    pub handover: handover::Handover,
    project: Project,
    tasks: Tasks,
    run: Run,
}

/// The coverage configuration as the workflow's commands find it.
fn coverage_in(workflow: &Workflow<'_>, coverage: &Arc<Coverage>) -> Arc<Coverage> {
    let texts = || workflow.files.iter().map(|file| file.source.text.as_str()).chain([workflow.node.tree().text()]);
    if texts().any(|text| text.contains("COVERAGE_RCFILE")) {
        return Arc::new(Coverage::elsewhere());
    }
    let elsewhere = |step: &Step<'_>| {
        step.repo_action().is_some_and(|action| action.repo == "checkout")
            && ["path", "repository"].iter().any(|input| step.input(input).is_some())
    };
    if workflow.jobs.iter().flat_map(|job| &job.steps).any(elsewhere) {
        return Arc::new(coverage.apart());
    }
    Arc::clone(coverage)
}

impl<'d> Flow<'d> {
    /// Builds the graph. `pins` names jobs whose role is given, not found.
    pub fn build(workflow: &Workflow<'d>, project: Project, pins: &Pins) -> Self {
        Self::build_for(workflow, project, pins, Run::default())
    }

    /// Builds the graph as it is in one run: conditions and names see what is known of it.
    pub fn build_for(workflow: &Workflow<'d>, mut project: Project, pins: &Pins, run: Run) -> Self {
        project.coverage = coverage_in(workflow, &project.coverage);
        let mut flow = Self {
            jobs: Vec::with_capacity(workflow.jobs.len()),
            needs: Needs::of(workflow),
            producers: Vec::new(),
            consumers: Vec::new(),
            collectors: Vec::new(),
            handover: handover::Handover::default(),
            tasks: Tasks::new(Arc::clone(&project.files)),
            project,
            run,
        };
        let mut budget = MAX_LEGS;
        for (index, job) in workflow.jobs.iter().enumerate() {
            let artifact_steps =
                job.steps.iter().filter(|step| step.uses.is_some_and(|uses| uses.value.contains("artifact")));
            let mut legs = Legs::of(job);
            // A job that calls stands before those it calls.
            if let Some(caller) = job.within.and_then(|caller| flow.jobs.get(caller)) {
                legs = legs.called_by(&caller.legs);
            }
            let legs = legs.within(&mut budget, artifact_steps.count().max(1));
            let written = Written::of(job);
            let written_env = Some(&written);
            for step in &job.steps {
                let Some(action) = step.artifact_action() else { continue };
                let context = StepContext { workflow, job, step, legs: &legs, written_env, run: &flow.run };
                match action.kind {
                    ArtifactKind::Upload => flow.producers.push(context.producer(index, action)),
                    ArtifactKind::Download => flow.consumers.push(context.consumer(index, action)),
                    ArtifactKind::Merge | ArtifactKind::OtherRunDownload => {}
                }
            }
            // One reading serves all legs: with several, what the matrix decides is left unknown.
            let open_leg = matrix::Leg::default();
            let leg = if legs.legs.len() == 1 { &legs.legs[0] } else { &open_leg };
            let scope = Scope { workflow, job, step: None, leg, leg_index: 0, written_env, run: &flow.run };
            let works = work::read(&scope, &flow.project.coverage, &flow.tasks);
            for work in &works {
                let WorkKind::Apply(apply) = &work.kind else { continue };
                if apply.source == DataSource::Artifacts {
                    let step = &job.steps[work.step];
                    let context = StepContext { workflow, job, step, legs: &legs, written_env, run: &flow.run };
                    flow.collectors.push(context.collector(index, work, apply.artifacts.as_deref()));
                }
            }
            let opaque_producer = (job.uses.is_some() && job.calls.is_none())
                || works.iter().any(|w| matches!(w.kind, WorkKind::Opaque) && job.steps[w.step].run.is_none());
            flow.jobs.push(JobFlow { legs, works, written, opaque_producer });
        }
        for (index, producer) in flow.producers.iter_mut().enumerate() {
            producer.index = index;
        }
        for consumer in &mut flow.consumers {
            consumer.compare(&flow.producers);
        }
        let met: Vec<_> = flow.collectors.iter().map(|collector| collect::compare(&flow, collector)).collect();
        for (collector, met) in flow.collectors.iter_mut().zip(met) {
            collector.set_met(met);
        }
        flow.handover = handover::find(workflow, &flow, pins);
        flow
    }

    /// Whether artifacts may exist when `job` starts that no step seen here uploads. A job that waits for this one has
    /// not run by then.
    pub fn has_unseen_producers_for(&self, workflow: &Workflow<'_>, job: usize) -> bool {
        self.jobs.iter().enumerate().any(|(other, flow)| flow.opaque_producer && !self.needs.orders(other, job))
            || workflow.has_trigger("workflow_call")
            || workflow.has_trigger("workflow_run")
    }

    /// The scope of one leg of a job, by their indices, at no step.
    fn scope_of_leg<'a, 'w>(&'a self, workflow: &'a Workflow<'w>, job: usize, leg: usize) -> Scope<'a, 'w> {
        let flow = &self.jobs[job];
        Scope {
            workflow,
            job: &workflow.jobs[job],
            step: None,
            leg: &flow.legs.legs[leg],
            leg_index: leg,
            written_env: Some(&flow.written),
            run: &self.run,
        }
    }

    /// What one leg of a job does, in order. In [`JobFlow::works`] what differs between legs is left unknown.
    fn works_of_leg(&self, scope: &Scope<'_, '_>) -> Vec<Work> {
        work::read(scope, &self.project.coverage, &self.tasks)
    }

    /// The project the workflow belongs to.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The coverage data at a step of a job.
    pub fn data_state(&self, job: usize, step: usize) -> DataState {
        data::before(&self.jobs[job].works, step, &self.project.coverage)
    }

    /// The coverage data files known to be made before a step of a job.
    pub fn data_before(&self, job: usize, step: usize) -> Vec<DataFile> {
        self.data_state(job, step).files
    }

    /// Where coverage.py keeps its data for a piece of work that is not seen through, if it keeps to its habits; `None`
    /// when the configuration or a variable may say otherwise.
    pub fn usual_data_file(&self, work: &Work) -> Option<data::Location> {
        if work.data_file.path().is_some() {
            return Some(work.data_file.clone());
        }
        let folder = work.cwd.as_ref().filter(|_| self.project.coverage.at_root().is_default_data_file())?;
        work::join(folder, &name::Name::literal(".coverage")).map(data::Location::At)
    }

    /// The jobs that read coverage data, by index.
    pub fn readers(&self) -> Vec<usize> {
        self.handover.readers.clone()
    }
}
