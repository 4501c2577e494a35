//! Statuses of a commit: set one, read one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::context::Context;
use super::error::ForgeError;
use super::pages::{largest, pages};
use super::pulls::is_sha;

/// What it takes to set one.
pub const NEEDS: &str = "`statuses: write`";

/// A status of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitStatus {
    /// `success`, `failure`, `error`, `pending`, ….
    pub state: String,
    /// Its name.
    pub context: String,
    /// What it says.
    pub description: String,
}

/// The newest status of each context. Forgejo and Gitea say `status` where GitHub says `state`.
#[derive(Deserialize)]
struct Combined {
    #[serde(default)]
    statuses: Option<Vec<Row>>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, alias = "status")]
    state: Option<String>,
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// Sets a status. Setting it twice does no harm, but is not repeated either.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn set(
    client: &Client,
    context: &Context,
    sha: &str,
    status: &CommitStatus,
    target_url: Option<&str>,
) -> Result<(), ForgeError> {
    if !is_sha(sha) {
        return Err(ForgeError::Setup(format!(
            "cannot set the status of a commit: `{}` is no sha",
            sha.escape_debug()
        )));
    }
    let route = context.repo_route(&format!("/statuses/{sha}"));
    let mut body = json!({"state": status.state, "context": status.context, "description": status.description});
    if let Some(url) = target_url {
        body["target_url"] = json!(url);
    }
    client.post::<Value>(&Call::new("set the commit status", &route).needs(NEEDS), &body).await?;
    Ok(())
}

/// The newest status of this name; `None` when the commit has none, or is not known to the forge.
///
/// # Errors
/// Every other [`ForgeError`] of a request.
pub async fn of_commit(
    client: &Client,
    context: &Context,
    sha: &str,
    name: &str,
) -> Result<Option<CommitStatus>, ForgeError> {
    if !is_sha(sha) {
        return Ok(None);
    }
    let route = context.repo_route(&format!("/commits/{sha}/status?{}", largest(context.capability().page_size)));
    let lists = match pages::<Combined>(client, "read the statuses of a commit", "`statuses: read`", route).await {
        Ok(lists) => lists,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut rows = lists.into_iter().flat_map(|list| list.statuses.unwrap_or_default());
    let found = rows.find(|row| row.context.as_deref() == Some(name));
    Ok(found.map(|row| CommitStatus {
        state: row.state.unwrap_or_default(),
        context: name.to_owned(),
        description: row.description.unwrap_or_default(),
    }))
}
