//! Artifacts of any run, by the forge's API. Needs a token.

use std::collections::HashSet;

use serde_json::Value;

use super::{Artifact, Listing, Run, Source};
use crate::forge::client::{Call, Client};
use crate::forge::context::{Context, is_name};
use crate::forge::error::{ForgeError, said};
use crate::forge::transport::Transport;

/// The most pages that are read: a run has at most 500 artifacts a job.
const PAGES: usize = 200;

/// Where an artifact of this API is.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) client: Client,
    /// The route of its bytes.
    pub(super) route: String,
    pub(super) needs: &'static str,
}

/// Lists the artifacts of a run.
///
/// # Errors
/// When there is no token, and what the API says; a 404 with since when the forge has this at all.
pub(super) async fn list(context: &Context, transport: &Transport, run: &Run) -> Result<Listing, ForgeError> {
    let capability = context.capability();
    let (owner, repo, id) = match run {
        Run::Own => (context.owner.as_str(), context.repo.as_str(), context.run_id),
        Run::Other { owner, repo, id } => (owner.as_str(), repo.as_str(), *id),
    };
    if !is_name(owner) || !is_name(repo) {
        let named = said(&format!("{owner}/{repo}"), 100);
        return Err(ForgeError::Setup(format!("`{named}` is no `owner/name` of a repository")));
    }
    if context.token.is_none() {
        let needs = capability.read_artifacts;
        return Err(ForgeError::Setup(format!(
            "reading the artifacts of run {id} of {owner}/{repo} takes a token: give the input `token`, with {needs}"
        )));
    }
    let client = Client::for_api(transport, context)?;
    let base = format!("{}/repos/{owner}/{repo}/actions", context.api_prefix);
    let (size_key, size) = capability.page_size;
    let doing = format!("list the artifacts of run {id} of {owner}/{repo}");
    let mut listing = Listing::default();
    let mut seen = HashSet::new();
    for page in 1..=PAGES {
        let route = format!("{base}/runs/{id}/artifacts?{size_key}={size}&page={page}");
        let call = Call::new(&doing, &route).needs(capability.read_artifacts);
        let answer = client.get::<Value>(&call).await.map_err(|error| advised(error, context))?;
        let (items, total) = items(&answer.body);
        let total = total.or_else(|| answer.header("x-total-count")?.parse().ok());
        let before = seen.len();
        for item in items {
            let Some((id, name)) = identity(item).filter(|(id, _)| seen.insert(*id)) else { continue };
            if item.get("expired").and_then(Value::as_bool) == Some(true) {
                listing.warnings.push(format!("artifact `{name}` is expired"));
                continue;
            }
            let route = format!("{base}/artifacts/{id}/zip");
            let row = Row { client: client.clone(), route, needs: capability.read_artifacts };
            let text = |key: &str| item.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            listing.artifacts.push(Artifact {
                name: name.to_owned(),
                id,
                size: item.get("size_in_bytes").and_then(Value::as_u64),
                created_at: text("created_at"),
                digest: text("digest").filter(|digest| !digest.is_empty()),
                source: Source::Rest(row),
            });
        }
        let all = total.is_some_and(|total: usize| seen.len() >= total);
        let fresh = seen.len() > before;
        // A forge that ignores `page` gives the same rows for ever; one that counts and links says when it is done.
        if !fresh || all || total.is_none() && answer.next_page().is_none() {
            break;
        }
    }
    Ok(listing)
}

/// The rows and their total: GitHub and Gitea wrap them, Forgejo does not.
fn items(body: &Value) -> (&[Value], Option<usize>) {
    let rows = body.as_array().or_else(|| body.get("artifacts")?.as_array()).map_or(&[][..], Vec::as_slice);
    let total = body.get("total_count").and_then(Value::as_u64).and_then(|total| usize::try_from(total).ok());
    (rows, total)
}

fn identity(item: &Value) -> Option<(i64, &str)> {
    Some((super::number(item.get("id")?)?, item.get("name")?.as_str().filter(|name| !name.is_empty())?))
}

/// A 404 means more on a forge whose older versions have no such route.
fn advised(mut error: ForgeError, context: &Context) -> ForgeError {
    let capability = context.capability();
    if let ForgeError::NotFound { advice, .. } = &mut error {
        *advice = if capability.other_run_since.is_empty() {
            format!("is there such a run, and has the token {} there?", capability.read_artifacts)
        } else {
            format!(
                "artifacts of another run can be read since {}; is there such a run, and may the token read it?",
                capability.other_run_since
            )
        };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_wrapped_or_bare() {
        let wrapped: Value = serde_json::json!({"total_count": 3, "artifacts": [{"id": 4, "name": "cov"}]});
        assert_eq!(items(&wrapped).1, Some(3));
        assert_eq!(identity(&items(&wrapped).0[0]), Some((4, "cov")));
        let bare: Value = serde_json::json!([{"id": 5, "name": "x"}, {"id": 6, "name": ""}, {"name": "y"}]);
        let (rows, total) = items(&bare);
        assert_eq!((rows.len(), total), (3, None));
        assert_eq!((identity(&rows[0]), identity(&rows[1]), identity(&rows[2])), (Some((5, "x")), None, None));
        assert!(items(&Value::Null).0.is_empty());
    }
}
