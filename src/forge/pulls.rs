//! Pull requests: which one a run is about, whether it has moved on, and where it parted from its base.

use serde::Deserialize;

use super::client::{Call, Client};
use super::context::{Context, TriggeringRun};
use super::error::ForgeError;
use super::pages::{encoded, largest, pages};

/// What it takes to read them.
const NEEDS: &str = "`pull-requests: read`";

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The sha that its branch is at.
    pub head_sha: String,
    /// That branch.
    pub head_ref: String,
    /// `owner/name` of the repository of that branch; `None` when it was deleted.
    pub head_repository: Option<String>,
    /// The branch it is to go into.
    pub base_ref: String,
    /// The sha that the forge remembers of that branch.
    pub base_sha: String,
    /// Where both parted, if the forge tells: Forgejo and Gitea do.
    pub merge_base: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    number: u64,
    head: End,
    base: End,
    #[serde(default)]
    merge_base: Option<String>,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref", default)]
    name: String,
    #[serde(default)]
    sha: String,
    #[serde(default)]
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    full_name: String,
}

impl From<Row> for Pull {
    fn from(row: Row) -> Self {
        Self {
            number: row.number,
            head_sha: row.head.sha,
            head_ref: row.head.name,
            head_repository: row.head.repo.map(|repo| repo.full_name).filter(|name| !name.is_empty()),
            base_ref: row.base.name,
            base_sha: row.base.sha,
            merge_base: row.merge_base.filter(|sha| !sha.is_empty()),
        }
    }
}

/// The pull request of this number, as it is now.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn get(client: &Client, context: &Context, number: u64) -> Result<Pull, ForgeError> {
    let route = context.repo_route(&format!("/pulls/{number}"));
    let doing = format!("read pull request {number}");
    let answer = client.get::<Row>(&Call::new(&doing, &route).needs(NEEDS)).await?;
    Ok(answer.body.into())
}

/// The pull request that this run is about: named by the event, or the one whose head is what the run that this one follows
/// measured. `None` for a push, and when the pull request has moved on or is closed.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn of_run(client: &Client, context: &Context) -> Result<Option<Pull>, ForgeError> {
    match (&context.triggering_run, context.pull_request) {
        (Some(run), _) => of_triggering_run(client, context, run).await,
        (None, Some(number)) => get(client, context, number).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// A `workflow_run` event does not name the pull requests of forks. Repository, branch and sha of the head together do; that the
/// branch alone matches is not enough, because a newer commit may lie on it.
async fn of_triggering_run(
    client: &Client,
    context: &Context,
    run: &TriggeringRun,
) -> Result<Option<Pull>, ForgeError> {
    let (Some(repository), Some(branch)) = (&run.head_repository, &run.head_branch) else {
        // Gitea tells neither of a pull request's run, but its number.
        for &number in &run.pull_requests {
            if let Some(pull) = claimed(client, context, number, &run.head_sha).await? {
                return Ok(Some(pull));
            }
        }
        return Ok(None);
    };
    let owner = repository.split('/').next().unwrap_or_default();
    // Forgejo and Gitea ignore `head` and list all that are open.
    let route = context.repo_route(&format!(
        "/pulls?state=open&head={}&{}",
        encoded(&format!("{owner}:{branch}")),
        largest(context.capability().page_size)
    ));
    let lists = pages::<Vec<Row>>(client, "find the pull request of the run", NEEDS, route).await?;
    let mut pulls = lists.into_iter().flatten().map(Pull::from);
    Ok(pulls.find(|pull| {
        pull.head_sha == run.head_sha
            && pull.head_ref == *branch
            && pull.head_repository.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(repository))
    }))
}

/// The pull request of a number that somebody claims, such as a file in an artifact: only if its head is `head_sha`.
///
/// # Errors
/// Every [`ForgeError`] of a request, but that there is no such pull request.
pub async fn claimed(
    client: &Client,
    context: &Context,
    number: u64,
    head_sha: &str,
) -> Result<Option<Pull>, ForgeError> {
    match get(client, context, number).await {
        Ok(pull) => Ok(Some(pull).filter(|pull| pull.head_sha == head_sha)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct Comparison {
    #[serde(default)]
    merge_base_commit: Option<Commit>,
}

/// A commit of a list.
#[derive(Deserialize)]
struct Commit {
    #[serde(default)]
    sha: String,
    #[serde(default)]
    parents: Vec<Parent>,
}

#[derive(Deserialize)]
struct Parent {
    #[serde(default)]
    sha: String,
}

/// Where `base` and `head` parted, by the forge's comparison; `None` where it does not tell.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn merge_base(
    client: &Client,
    context: &Context,
    base: &str,
    head: &str,
) -> Result<Option<String>, ForgeError> {
    if !is_sha(base) || !is_sha(head) {
        return Ok(None);
    }
    // One commit is enough; the answer holds the merge base whatever page is asked for.
    let route = context.repo_route(&format!("/compare/{base}...{head}?per_page=1"));
    let call = Call::new("compare base and head", &route).needs("`contents: read`");
    match client.get::<Comparison>(&call).await {
        Ok(answer) => Ok(answer.body.merge_base_commit.map(|commit| commit.sha).filter(|sha| is_sha(sha))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The line of first parents from `sha` on, itself included, as far as one page of the forge's list reaches. Without the list it is
/// `sha` alone.
pub async fn first_parents(client: &Client, context: &Context, sha: &str) -> Vec<String> {
    if !is_sha(sha) {
        return Vec::new();
    }
    // The last three are for Gitea and Forgejo, and save them the work of computing what nobody reads.
    let route = context.repo_route(&format!(
        "/commits?sha={sha}&{}&stat=false&verification=false&files=false",
        largest(context.capability().page_size)
    ));
    let call = Call::new("list the commits of the base", &route).needs("`contents: read`");
    let commits = client.get::<Vec<Commit>>(&call).await.map(|answer| answer.body).unwrap_or_default();
    let mut line = vec![sha.to_owned()];
    while let Some(last) = line.last() {
        let parent = commits.iter().find(|commit| commit.sha == *last).and_then(|commit| commit.parents.first());
        match parent.filter(|parent| is_sha(&parent.sha) && !line.contains(&parent.sha)) {
            Some(parent) => line.push(parent.sha.clone()),
            None => break,
        }
    }
    line
}

/// Whether a text is a sha and so can stand in a route.
pub(crate) fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
