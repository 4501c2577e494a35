//! One comment of ours on a pull request, whatever happens: many comments, somebody else's copy of our marker, a comment that is
//! deleted meanwhile, two runs at once, an old run that ends after a newer one.
//!
//! What is ours: its first line is our marker with our key, and our login is its author. Before anything is written, the pull
//! request is asked for its head: a run whose commit is no longer the head writes nothing. After writing, the list is read again
//! and brought to one comment, the newest.
//!
//! No forge takes a change on the condition that nobody else made one (no `If-Match`), so between the question for the head and
//! the writing lies one request. It is kept to one: nothing waits there, and after a forge's limit on requests everything is asked
//! again. What can still happen: the writing hangs on its way for so long that a push, its whole run and that run's own look after
//! writing go by; then it lands on the newer comment. So the head is asked for once more afterwards, and a comment that was
//! overtaken says so: older figures never stand there as the present ones. If the newer run is yet to come, it writes over that; if
//! it has been, its figures are in its status and summary.

use std::time::Duration;

use super::comment::{self, Marker};
use crate::forge::comments::{self, Comment};
use crate::forge::{Client, Context, ForgeError, pulls};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is a new comment at this address.
    Created(String),
    /// The comment at this address says something new.
    Updated(String),
    /// The comment at this address says it already.
    Unchanged(String),
    /// There is none, and the policy wants none.
    NotWanted,
    /// The pull request has moved on to this commit; its own run tells.
    Outdated(String),
}

impl Outcome {
    /// Where the comment is.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Created(url) | Self::Updated(url) | Self::Unchanged(url) => Some(url),
            Self::NotWanted | Self::Outdated(_) => None,
        }
    }
}

/// What is waited when a forge has a limit and does not say for how long.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Looks and writes again so often, when others write at the same time.
const ROUNDS: usize = 4;

/// Brings the comment of `marker` on pull request `number` to say `body`. Without one, it is written only if `create`.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn post(
    client: &Client,
    context: &Context,
    number: u64,
    marker: &Marker,
    head_sha: &str,
    body: &str,
    create: bool,
) -> Result<Outcome, ForgeError> {
    let mut login = comments::own_login(client, context).await?;
    let mut done: Option<Outcome> = None;
    let mut created: Option<i64> = None;
    let mut failed: Option<ForgeError> = None;
    let mut waited = Duration::ZERO;
    for _ in 0..ROUNDS {
        let mut others = ours(client, context, number, marker, &login).await?;
        let newest = others.pop();
        let said = newest.as_ref().is_some_and(|comment| same(&comment.body, body));
        if (said || done.is_some()) && !others.is_empty() {
            // Another run wrote at the same time, now or earlier. One comment stays: that of the present head.
            let now = pulls::get(client, context, number).await?.head_sha;
            if now != head_sha {
                if let Some(id) = created {
                    comments::delete(client, context, id).await?;
                }
                return Ok(Outcome::Outdated(now));
            }
            for other in others {
                comments::delete(client, context, other.id).await?;
            }
        }
        if let Some(comment) = newest.as_ref().filter(|comment| same(&comment.body, body)) {
            let Some(done) = done else { return Ok(Outcome::Unchanged(comment.url.clone())) };
            let now = pulls::get(client, context, number).await?.head_sha;
            if now == head_sha {
                return Ok(done);
            }
            // Overtaken while it was written.
            comments::update(client, context, comment.id, &comment::overtaken(body, &now)).await?;
            return Ok(Outcome::Outdated(now));
        }
        if newest.is_none() && !create && done.is_none() {
            return Ok(Outcome::NotWanted);
        }
        let now = pulls::get(client, context, number).await?.head_sha;
        if now != head_sha {
            return Ok(Outcome::Outdated(now));
        }
        let written = match &newest {
            Some(comment) => comments::update(client, context, comment.id, body).await,
            None => comments::create(client, context, number, body).await,
        };
        match written {
            Ok(comment) => {
                if !comment.author.is_empty() {
                    // Now it is known for sure, also for a token that could not be asked.
                    login = comment.author;
                }
                if newest.is_none() {
                    created = Some(comment.id);
                }
                done = Some(match (done, &newest) {
                    (Some(Outcome::Created(_)), _) | (_, None) => Outcome::Created(comment.url),
                    _ => Outcome::Updated(comment.url),
                });
                failed = None;
            }
            // Deleted since it was listed: the next round writes a new one, if that is wanted.
            Err(error) if newest.is_some() && error.is_not_found() => failed = Some(error),
            // In the meantime there may be a newer head.
            Err(ForgeError::RateLimited { place, wait, budget }) if waited + wait.unwrap_or(A_MOMENT) <= budget => {
                let wait = wait.unwrap_or(A_MOMENT);
                waited += wait;
                tokio::time::sleep(wait).await;
                failed = Some(ForgeError::RateLimited { place, wait: Some(wait), budget });
            }
            // It may have had its effect: look before writing again.
            Err(error) if may_have_arrived(&error) && failed.is_none() => failed = Some(error),
            Err(error) => return Err(error),
        }
    }
    match (done, failed) {
        (_, Some(error)) => Err(error),
        (Some(outcome), None) => Ok(outcome),
        (None, None) => Ok(Outcome::NotWanted),
    }
}

/// Whether a request that failed so may have had its effect.
fn may_have_arrived(error: &ForgeError) -> bool {
    matches!(error, ForgeError::Server { .. } | ForgeError::Timeout { .. } | ForgeError::Network { .. })
}

/// Our comments, the newest last.
async fn ours(
    client: &Client,
    context: &Context,
    number: u64,
    marker: &Marker,
    login: &str,
) -> Result<Vec<Comment>, ForgeError> {
    let mut ours = comments::list(client, context, number).await?;
    ours.retain(|comment| {
        comment.author.eq_ignore_ascii_case(login)
            && Marker::read(&comment.body).is_some_and(|other| other.key == marker.key)
    });
    ours.sort_by_key(|comment| comment.id);
    Ok(ours)
}

/// Forges may change line ends and blanks at the end.
fn same(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}
