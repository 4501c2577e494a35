//! Which action an upload or download is written with.

use crate::rules::Context;
use crate::workflow::action::{Artifact, ArtifactKind, Generation, usual};
use crate::workflow::dialect::Dialect;

/// The reference for a new upload or download: one that the workflow uses already, pinned as its authors like it, else the
/// one that works on the forge. Both ends must be of one generation; `None` as `generation` chooses the newer. `None` when
/// no such action works here.
pub(super) fn pick(context: &Context<'_, '_>, kind: ArtifactKind, generation: Option<Generation>) -> Option<String> {
    // GitHub Enterprise Server has no service for the newer one.
    let usual_here = if context.dialect == Dialect::Ghes { Generation::V3 } else { Generation::V4 };
    let generation = generation.unwrap_or(usual_here);
    if generation == Generation::V3 && context.dialect == Dialect::GitHub {
        return None;
    }
    let steps = context.workflow.jobs.iter().flat_map(|job| &job.steps);
    let used = steps.filter_map(|step| {
        let uses = step.uses?;
        let action = step.artifact_action()?;
        // A comment beside a pinned commit would have to come along.
        let fits = action.kind == kind && action.generation() == Some(generation) && !action.pinned;
        (fits && works_here(context, &action)).then_some(uses.value)
    });
    let mut used: Vec<&str> = used.collect();
    used.sort_unstable();
    let most = used.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0].to_owned());
    most.or_else(|| Some(usual(context.dialect, kind, generation)?.to_owned()))
}

fn works_here(context: &Context<'_, '_>, action: &Artifact) -> bool {
    context.dialect == Dialect::GitHub
        || action.refuses_other_forges().is_no() && action.upload_needs_newer_server().is_no()
}
