//! The total to compare with: read from the status that an earlier run left on the commit where the change began.

use super::status;
use super::story::Baseline;
use crate::forge::pulls::{self, Pull};
use crate::forge::{Client, Context, ForgeError, statuses};

/// How far back a total is looked for, in commits: each is a request.
const FAR: usize = 10;

/// The baseline of what this run measured, under the status of this name. For a pull request the place where it parted from its
/// base, otherwise the commit before; if that has no total, its nearest first-parent ancestor that has one.
///
/// # Errors
/// When the forge cannot be asked, or the token may not read. There is no baseline then.
pub async fn find(client: &Client, context: &Context, pull: Option<&Pull>, name: &str) -> Result<Baseline, ForgeError> {
    let branch = match pull {
        Some(pull) => Some(pull.base_ref.clone()).filter(|name| !name.is_empty()),
        None => context.base_ref.clone().or_else(|| context.head_ref.clone()),
    };
    let line = match start(client, context, pull).await? {
        Some(sha) => pulls::first_parents(client, context, &sha).await,
        // Without a commit before: what precedes the measured one, which is not its own baseline.
        None => pulls::first_parents(client, context, &context.head_sha).await.into_iter().skip(1).collect(),
    };
    for (distance, sha) in line.into_iter().take(FAR).enumerate() {
        let Some(found) = statuses::of_commit(client, context, &sha, name).await? else { continue };
        if !matches!(found.state.as_str(), "success" | "failure") {
            continue;
        }
        if let Some(total) = status::read(&found.description) {
            return Ok(Baseline::Found { branch, commit: sha, nearest: distance > 0, total });
        }
    }
    Ok(Baseline::None { branch })
}

/// The commit where the change began.
async fn start(client: &Client, context: &Context, pull: Option<&Pull>) -> Result<Option<String>, ForgeError> {
    let Some(pull) = pull else { return Ok(context.base_sha.clone()) };
    if let Some(sha) = pull.merge_base.clone().or_else(|| context.merge_base.clone()) {
        return Ok(Some(sha));
    }
    let base = context.base_sha.clone().unwrap_or_else(|| pull.base_sha.clone());
    // Without an answer the base branch itself is near enough, and the commit is named in any case.
    Ok(pulls::merge_base(client, context, &base, &context.head_sha).await?.or(Some(base)))
}
