//! Which artifacts with coverage data a run makes when every job that runs succeeds: leg by leg, as far as the workflow and
//! what is known of the run tell.
//!
//! A promise is *sure* when nothing but a failure can break it. What only the run knows makes it doubtful, never sure: a
//! report must not be refused for data that was never meant to come.

use super::artifact::{Producer, Upload};
use super::data::{self, DataFile, DataState};
use super::glob::Meets;
use super::handover::surely_no_data;
use super::name::{Name, Piece, Scope};
use super::paths::{Tri, UploadPath};
use super::work::{Work, WorkKind};
use super::{Flow, Needs, Run};
use crate::workflow::expression::{self, Value};
use crate::workflow::{Job, Step, Workflow};

/// An artifact with coverage data that one leg uploads.
#[derive(Debug)]
pub struct Promise {
    /// Index of the producer in [`Flow::producers`].
    pub producer: usize,
    /// Index of the job.
    pub job: usize,
    /// The leg's place among the job's legs.
    pub leg: usize,
    /// The artifact's name.
    pub name: Name,
    /// The names of the data files in it, as far as they are known; none when nothing is known of them.
    pub files: Vec<Name>,
    /// Why it may rightly be missing; `None` for a sure promise.
    pub doubt: Option<Doubt>,
    /// What would silently keep it from arriving.
    pub killer: Option<Killer>,
}

/// Why an artifact may be missing although nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Only the run knows whether the job is run.
    JobMayBeSkipped,
    /// Only the run knows whether the upload is.
    UploadMayBeSkipped,
    /// Only the run knows whether the step that measures is, or it is not for this leg.
    MayNotBeMeasured,
    /// The job's `continue-on-error` allows it to fail.
    MayFail,
    /// `if-no-files-found: ignore` says that there may be no data.
    MayBeEmpty,
    /// What it holds is not known.
    MayHoldOther,
}

/// A known way to lose an artifact, or what is in it, without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killer {
    /// upload-artifact leaves out hidden files, and the data is in one.
    HiddenFile,
    /// Another leg or job uploads under the same name, which all but the first are refused.
    SameName,
    /// v1 to v3 add to one artifact, where files of the same name replace each other.
    SharedName,
}

/// Whether each job runs when all others that run succeed; `None` when only the run knows.
pub fn outcomes(workflow: &Workflow<'_>, needs: &Needs, run: &Run) -> Vec<Option<bool>> {
    let count = workflow.jobs.len();
    let mut outcomes: Vec<Option<bool>> = vec![None; count];
    let mut decided = vec![false; count];
    // As often as a chain of needs is long; jobs that wait for each other are never decided.
    for _ in 0..count {
        let mut changed = false;
        for job in 0..count {
            if decided[job] || !needs.direct(job).iter().all(|&need| decided[need]) {
                continue;
            }
            outcomes[job] = runs(workflow, needs, job, &outcomes, run);
            decided[job] = true;
            changed = true;
        }
        if !changed {
            break;
        }
    }
    outcomes
}

/// Makes known what `needs.<job>.result` comes to.
pub fn set_results(workflow: &Workflow<'_>, outcomes: &[Option<bool>], run: &mut Run) {
    for (job, outcome) in workflow.jobs.iter().zip(outcomes) {
        if let Some(runs) = outcome {
            let result = if *runs { "success" } else { "skipped" };
            run.set(&format!("needs.{}.result", job.id.value), Value::String(result.to_owned()));
        }
    }
}

fn runs(workflow: &Workflow<'_>, needs: &Needs, job: usize, outcomes: &[Option<bool>], run: &Run) -> Option<bool> {
    let direct = needs.direct(job);
    // What becomes of the jobs of a called workflow shows in the job that calls it.
    let callers = workflow.callers(job);
    let counts = |other: usize| workflow.jobs[other].within.is_none_or(|caller| callers.contains(&caller));
    // GitHub skips a job when any job before it was skipped (actions/runner#491), Forgejo and Gitea when one that it names was.
    let success = if direct.iter().any(|&need| outcomes[need] == Some(false)) {
        Some(false)
    } else if (0..outcomes.len())
        .all(|other| !needs.orders(job, other) || !counts(other) || outcomes[other] == Some(true))
    {
        Some(true)
    } else {
        None
    };
    let Some(condition) = workflow.jobs[job].condition else { return success };
    let Ok(parsed) = expression::parse_condition(condition.value) else { return None };
    let mut run = run.with_success(success);
    set_results(workflow, outcomes, &mut run);
    let leg = super::matrix::Leg::default();
    let scope =
        Scope { workflow, job: &workflow.jobs[job], step: None, leg: &leg, leg_index: 0, written_env: None, run: &run };
    let own = scope.condition(condition.value);
    if parsed.calls_status_function() {
        return own;
    }
    match (success, own) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), own) => own,
        (None, _) => None,
    }
}

/// Every artifact that may hold coverage data, in the order of the file; what surely does not come is left out.
pub fn promises(workflow: &Workflow<'_>, flow: &Flow<'_>, outcomes: &[Option<bool>]) -> Vec<Promise> {
    let mut found = Vec::new();
    for producer in &flow.producers {
        if outcomes[producer.job] == Some(false) {
            continue;
        }
        for upload in &producer.uploads {
            let scope = flow.scope_of_leg(workflow, producer.job, upload.leg);
            found.extend(promise(flow, producer, upload, &scope, outcomes[producer.job]));
        }
    }
    found
}

fn promise(
    flow: &Flow<'_>,
    producer: &Producer<'_>,
    upload: &Upload,
    scope: &Scope<'_, '_>,
    outcome: Option<bool>,
) -> Option<Promise> {
    let (job, step) = (scope.job, &scope.job.steps[producer.step]);
    let scope_of_step = Scope { step: Some(step), ..*scope };
    let works = flow.works_of_leg(scope);
    let contents = contents(flow, producer, upload, &works)?;
    // A job in a called workflow waits for what its callers wait for.
    let first = scope.workflow.callers(producer.job).iter().all(|&job| scope.workflow.jobs[job].needs.is_empty());
    let doubt = if outcome.is_none() && !(first && scope.job_runs(0) == Some(true)) {
        Some(Doubt::JobMayBeSkipped)
    } else if scope_of_step.step_runs(0) != Some(true) {
        Some(Doubt::UploadMayBeSkipped)
    } else if may_fail(job, scope) {
        Some(Doubt::MayFail)
    } else if contents.doubt.is_some() {
        contents.doubt
    } else {
        let lax =
            step.input_text("if-no-files-found").is_some_and(|text| text.value != "warn" && text.value != "error");
        lax.then_some(Doubt::MayBeEmpty)
    };
    Some(Promise {
        producer: producer.index,
        job: producer.job,
        leg: upload.leg,
        name: upload.name.clone(),
        files: contents.files,
        doubt,
        killer: killer(flow, producer, upload, step, contents.hidden),
    })
}

/// Whether the job may fail without failing the run.
fn may_fail(job: &Job<'_>, scope: &Scope<'_, '_>) -> bool {
    job.continue_on_error.is_some_and(|text| {
        let value = scope.name(text.value);
        value.known().is_none_or(|value| value != "false" && !value.is_empty())
    })
}

/// What an upload of a leg holds.
struct Contents {
    files: Vec<Name>,
    doubt: Option<Doubt>,
    /// Everything it names is in a hidden file.
    hidden: bool,
}

/// `None` when it surely holds no coverage data.
fn contents(flow: &Flow<'_>, producer: &Producer<'_>, upload: &Upload, works: &[Work]) -> Option<Contents> {
    let includes: Vec<&UploadPath> = upload.paths.includes.iter().filter(|include| !surely_no_data(include)).collect();
    if includes.is_empty() {
        return None;
    }
    let state = data::before(works, producer.step, &flow.project.coverage);
    let mut taken: Vec<(&DataFile, Vec<Name>, bool)> = Vec::new();
    for file in &state.files {
        for candidate in file.candidates() {
            let by = includes.iter().find(|include| include.names(Some(&candidate)));
            if let Some(include) = by {
                let hidden = include.is_hidden() == Tri::Yes || include.hides(&candidate);
                taken.push((file, candidate, hidden));
            }
        }
    }
    if !taken.is_empty() {
        let guarded =
            |file: &DataFile| works.iter().any(|work| work.guarded && work.span == file.span && work.step == file.step);
        let sure = taken.iter().any(|(file, ..)| !guarded(file));
        let mut files: Vec<Name> = taken.iter().filter_map(|(_, path, _)| path.last().cloned()).collect();
        files.dedup();
        return Some(Contents {
            hidden: taken.iter().all(|(.., hidden)| *hidden),
            files,
            doubt: (!sure).then_some(Doubt::MayNotBeMeasured),
        });
    }
    let named: Vec<&UploadPath> = includes.iter().copied().filter(|include| is_data_file(include)).collect();
    if named.is_empty() {
        // Unknown content is coverage data only where something says so.
        let speaks = |text: &str| text.to_ascii_lowercase().contains("cov");
        let spoken = includes.iter().any(|include| speaks(&include.text)) || speaks(&upload.name.to_string());
        let may = spoken && (state.open || state.files.iter().any(|file| file.location.path().is_none()));
        return may.then_some(Contents { files: Vec::new(), doubt: Some(Doubt::MayHoldOther), hidden: false });
    }
    let files = named.iter().filter_map(|include| include.segments.as_ref()?.last().cloned()).collect();
    Some(Contents {
        files,
        doubt: unmade(flow, producer, works, &state).then_some(Doubt::MayNotBeMeasured),
        hidden: named.iter().all(|include| include.is_hidden() == Tri::Yes),
    })
}

/// Whether nothing seen in this leg makes the data file, although a step that does so for other legs, or may be skipped, is
/// there, or nothing at all could have made it.
fn unmade(flow: &Flow<'_>, producer: &Producer<'_>, works: &[Work], state: &DataState) -> bool {
    let measures = |work: &&Work| {
        work.step < producer.step
            && match &work.kind {
                WorkKind::Tests(run) => run.measured.is_some(),
                _ => false,
            }
    };
    let of_job = flow.jobs[producer.job].works.iter().any(|work| measures(&work));
    let of_leg = works.iter().any(|work| measures(&work) && !work.guarded);
    let anything = works.iter().any(|work| work.step < producer.step && work.may_bring_data() && !work.guarded);
    (of_job && !of_leg) || (state.files.is_empty() && !anything)
}

/// Whether a path's own name says that it is a data file of coverage.py.
fn is_data_file(include: &UploadPath) -> bool {
    include
        .segments
        .as_ref()
        .and_then(|segments| segments.last())
        .is_some_and(|last| matches!(last.pieces.first(), Some(Piece::Text(text)) if text.starts_with(".coverage")))
}

fn killer(flow: &Flow<'_>, producer: &Producer<'_>, upload: &Upload, step: &Step<'_>, hidden: bool) -> Option<Killer> {
    let action = &producer.action;
    let asked = step.input_text("include-hidden-files").is_some_and(|text| text.is_dynamic() || text.value == "true");
    let heard = asked && !action.honours_include_hidden_files().is_no();
    if hidden && !heard && action.drops_hidden_files().is_likely() {
        return Some(Killer::HiddenFile);
    }
    let same = |other: &Upload| other.name.meets(&upload.name) == Meets::Always;
    let twice = producer.uploads.iter().filter(|other| same(other)).count() > 1
        || flow.producers.iter().any(|other| other.index != producer.index && other.uploads.iter().any(same));
    match action.generation() {
        _ if !twice => None,
        Some(crate::workflow::action::Generation::V3) => Some(Killer::SharedName),
        _ => Some(Killer::SameName),
    }
}
