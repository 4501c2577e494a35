//! Comments of a pull request: list, create, change, delete. What is written there is the business of `apply::publish`.

use serde::Deserialize;
use serde_json::json;

use super::client::{Call, Client};
use super::context::Context;
use super::error::ForgeError;
use super::pages::{largest, pages};

/// What it takes to write them.
pub const NEEDS: &str = "`pull-requests: write`";

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id; larger is newer.
    pub id: i64,
    /// The login of its author.
    pub author: String,
    /// Its text.
    pub body: String,
    /// Where people see it.
    pub url: String,
}

/// As the forge writes it. The user of a job has a negative id on Forgejo and Gitea; none is read.
#[derive(Deserialize)]
struct Row {
    id: i64,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    login: String,
}

impl From<Row> for Comment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            author: row.user.map(|user| user.login).unwrap_or_default(),
            body: row.body.unwrap_or_default(),
            url: row.html_url.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct Viewed {
    #[serde(default)]
    data: Option<Viewer>,
}

#[derive(Deserialize)]
struct Viewer {
    #[serde(default)]
    viewer: Option<User>,
}

/// The login under which this token writes: `github-actions[bot]` for a job's own token, `<name>[bot]` for the token of another app,
/// a person's for a personal one.
///
/// GitHub refuses `GET /user` to the tokens of apps, a job's own among them, but answers all kinds through GraphQL. Who is not told
/// is taken for the job's own token.
///
/// # Errors
/// When the forge cannot be reached.
pub async fn own_login(client: &Client, context: &Context) -> Result<String, ForgeError> {
    let doing = "ask who this token is";
    let asked = if context.capability().github_headers {
        // Not below the prefix of the other routes: `/api/graphql`, and on github.com `/graphql`.
        let route = format!("{}/graphql", context.api_prefix.trim_end_matches("/v3"));
        let answer =
            client.post::<Viewed>(&Call::new(doing, &route), &json!({ "query": "{ viewer { login } }" })).await;
        answer.ok().and_then(|answer| answer.body.data?.viewer)
    } else {
        None
    };
    if let Some(viewer) = asked.filter(|viewer| !viewer.login.is_empty()) {
        return Ok(viewer.login);
    }
    let route = format!("{}/user", context.api_prefix);
    match client.get::<User>(&Call::new(doing, &route)).await {
        Ok(answer) if !answer.body.login.is_empty() => Ok(answer.body.login),
        Err(error) if error.is_unreachable() => Err(error),
        _ => Ok(context.capability().bot_login.to_owned()),
    }
}

/// All comments of a pull request.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn list(client: &Client, context: &Context, number: u64) -> Result<Vec<Comment>, ForgeError> {
    let size = largest(context.capability().page_size);
    let route = context.repo_route(&format!("/issues/{number}/comments?{size}"));
    let doing = format!("list the comments of pull request {number}");
    let lists = pages::<Vec<Row>>(client, &doing, NEEDS, route).await?;
    Ok(lists.into_iter().flatten().map(Comment::from).collect())
}

/// Writes a new one. Never repeated, nor waited with: ask for the head and list first.
///
/// # Errors
/// Every [`ForgeError`] of a request.
pub async fn create(client: &Client, context: &Context, number: u64, body: &str) -> Result<Comment, ForgeError> {
    let route = context.repo_route(&format!("/issues/{number}/comments"));
    let doing = format!("comment on pull request {number}");
    let answer = client.post::<Row>(&Call::new(&doing, &route).needs(NEEDS).once(), &json!({ "body": body })).await?;
    Ok(answer.body.into())
}

/// Changes the text of one. Never repeated, nor waited with: ask for the head first.
///
/// # Errors
/// Every [`ForgeError`] of a request; not found when it was deleted.
pub async fn update(client: &Client, context: &Context, id: i64, body: &str) -> Result<Comment, ForgeError> {
    let route = context.repo_route(&format!("/issues/comments/{id}"));
    let call = Call::new("update our comment", &route).needs(NEEDS).once();
    Ok(client.patch::<Row>(&call, &json!({ "body": body })).await?.body.into())
}

/// Deletes one. That it is gone already is no error.
///
/// # Errors
/// Every other [`ForgeError`] of a request.
pub async fn delete(client: &Client, context: &Context, id: i64) -> Result<(), ForgeError> {
    let route = context.repo_route(&format!("/issues/comments/{id}"));
    match client.delete(&Call::new("delete a second comment of ours", &route).needs(NEEDS)).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
