//! The steps of composite actions that lie in the repository, put behind the steps that call them.

use super::call::{MAX_DEPTH, Reader, local_path};
use super::collect::is_own_action;
use crate::workflow::called::Called;
use crate::workflow::model::MAX_STEPS;
use crate::workflow::{Job, Step};

/// Puts in the steps of the actions that a job calls.
pub(super) fn put_in<'d>(job: &mut Job<'d>, reader: &mut Reader<'d, '_, '_>) {
    let mut at = 0;
    while at < job.steps.len() {
        if let Some((called, mut steps)) = read(job, &job.steps[at], reader) {
            job.steps[at].calls = Some(Box::new(called));
            for step in &mut steps {
                step.within = Some(at);
            }
            let next = at + 1;
            job.steps.splice(next..next, steps);
            for (index, step) in job.steps.iter_mut().enumerate().skip(next) {
                step.index = index;
            }
        }
        at += 1;
    }
}

fn read<'d>(job: &Job<'d>, step: &Step<'d>, reader: &mut Reader<'d, '_, '_>) -> Option<(Called<'d>, Vec<Step<'d>>)> {
    let uses = step.uses?;
    let path = local_path(uses.value)?;
    if step.action.as_ref().is_some_and(|action| is_own_action(action, job, step))
        || !is_checked_out(&job.steps[..step.index])
    {
        return None;
    }
    let callers: Vec<&Step<'_>> = job.step_callers(step).collect();
    let again = callers.iter().any(|step| step.calls.as_ref().is_some_and(|called| called.path == path));
    if again || callers.len() > MAX_DEPTH {
        return None;
    }
    let (root, source) = reader.read(&[format!("{path}/action.yml"), format!("{path}/action.yaml")])?;
    let (called, steps) = Called::action(root, path)?;
    if job.steps.len() + steps.len() > MAX_STEPS {
        return None;
    }
    reader.accept(source, uses.span());
    Some((called, steps))
}

/// Whether the workspace holds this repository after these steps. Paths of local actions start at the workspace, so
/// another repository there, or none, makes the path mean something else.
fn is_checked_out(steps: &[Step<'_>]) -> bool {
    let mut here = false;
    for step in steps {
        if step.checkout().is_none() {
            continue;
        }
        let plain = |name| step.input_text(name).map(|text| text.value.replace(' ', ""));
        let at_root = plain("path").is_none_or(|path| matches!(path.as_str(), "." | "./" | "${{github.workspace}}"));
        if at_root {
            // A fork holds the same project.
            here = plain("repository").is_none_or(|repository| {
                repository == "${{github.repository}}" || repository.ends_with("head.repo.full_name}}")
            });
        }
    }
    here
}
