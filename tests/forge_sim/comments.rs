//! Comments of issues and pull requests.

use serde_json::{Value, json};

use super::access::{error, need, page};
use super::personality::Family;
use super::routes::{Call, not_found};
use super::wire::{Reply, now, rfc3339};
use super::world::{Access, Comment, OWNER, REPO};

fn item(call: &Call<'_>, comment: &Comment) -> Value {
    let quirks = call.world.personality.quirks();
    let api = format!("{}{}/repos/{OWNER}/{REPO}", call.forge, quirks.api_prefix);
    let page = format!("{}/{OWNER}/{REPO}", call.forge);
    let (id, issue) = (comment.id, comment.issue);
    let mut item = json!({
        "id": id,
        "user": user_json(call, comment.author.0, &comment.author.1),
        "body": comment.body,
        "created_at": rfc3339(comment.created),
        "updated_at": rfc3339(comment.updated),
    });
    if quirks.family == Family::GitHub {
        item["node_id"] = json!(format!("IC_{id}"));
        item["url"] = json!(format!("{api}/issues/comments/{id}"));
        item["html_url"] = json!(format!("{page}/pull/{issue}#issuecomment-{id}"));
        item["issue_url"] = json!(format!("{api}/issues/{issue}"));
        item["author_association"] = json!("CONTRIBUTOR");
    } else {
        item["html_url"] = json!(format!("{page}/pulls/{issue}#issuecomment-{id}"));
        item["issue_url"] = json!("");
        item["pull_request_url"] = json!(format!("{page}/pulls/{issue}"));
        item["original_author"] = json!("");
        item["original_author_id"] = json!(0);
        item["assets"] = json!([]);
    }
    item
}

/// A user as the forge shows one; Forgejo and Gitea have no `node_id`, and their job user's id is negative.
pub fn user_json(call: &Call<'_>, id: i64, login: &str) -> Value {
    if call.world.personality.quirks().family == Family::GitHub {
        let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
        return json!({"login": login, "id": id, "node_id": format!("U_{id}"), "type": kind, "site_admin": false});
    }
    json!({"id": id, "login": login, "login_name": "", "source_id": 0, "full_name": "", "email": "",
        "username": login, "avatar_url": "", "is_admin": false, "restricted": false, "active": false})
}

/// `GET /user`.
pub fn user(call: &mut Call<'_>) -> Reply {
    let author = match need(call, |_| Access::Write, Access::Write) {
        Ok(author) => author,
        Err(reply) => return reply,
    };
    if call.world.personality.quirks().user_is_forbidden && author.as_ref().is_some_and(|who| who.1.ends_with("[bot]"))
    {
        return error(call, 403, "Resource not accessible by integration", "");
    }
    let (id, login) = author.unwrap_or((0, "ghost".to_owned()));
    Reply::json(200, &user_json(call, id, &login))
}

/// `{ viewer { login } }`, which GitHub answers to every kind of token.
pub fn viewer(call: &mut Call<'_>) -> Reply {
    let author = match need(call, |_| Access::Write, Access::Write) {
        Ok(author) => author,
        Err(reply) => return reply,
    };
    let query = call.request.json()["query"].as_str().unwrap_or_default().split_whitespace().collect::<String>();
    if query != "{viewer{login}}" {
        return Reply::json(200, &json!({"errors": [{"message": "Parse error"}]}));
    }
    let login = author.map(|(_, login)| login);
    Reply::json(200, &json!({"data": {"viewer": {"login": login}}}))
}

/// All comments of an issue, by age. Forgejo and Gitea ignore `page` and `limit`.
pub fn list(call: &mut Call<'_>, issue: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    if call.world.pull(issue).is_none() {
        return not_found(call);
    }
    let rows: Vec<&Comment> = call.world.comments.iter().filter(|comment| comment.issue == issue).collect();
    let (rows, headers) = if call.world.personality.quirks().pages_comments {
        page(call, rows)
    } else {
        let total = rows.len().to_string();
        (rows, vec![("x-total-count".to_owned(), total)])
    };
    let items: Vec<Value> = rows.into_iter().map(|comment| item(call, comment)).collect();
    let mut reply = Reply::json(200, &json!(items));
    reply.headers.extend(headers);
    reply
}

/// The body of a new or changed comment, or the refusal.
fn body(call: &Call<'_>) -> Result<String, Reply> {
    let sent = call.request.json();
    let Some(body) = sent["body"].as_str().filter(|body| !body.is_empty()) else {
        return Err(error(call, 422, "Invalid request.\n\n\"body\" wasn't supplied.", "[]: Required"));
    };
    let limit = call.world.personality.quirks().comment_limit;
    if limit.is_some_and(|limit| body.chars().count() > limit) {
        let reason = json!([{"resource": "IssueComment", "code": "unprocessable", "field": "data",
            "message": "Body is too long (maximum is 65536 characters)"}]);
        let body = json!({"message": "Validation Failed", "errors": reason,
            "documentation_url": "https://docs.github.com/rest", "status": "422"});
        return Err(Reply::json(422, &body));
    }
    Ok(body.to_owned())
}

pub fn create(call: &mut Call<'_>, issue: u64) -> Reply {
    let author = match need(call, |can| can.pull_requests, Access::Write) {
        Ok(author) => author.expect("a write has a token"),
        Err(reply) => return reply,
    };
    if call.world.pull(issue).is_none() {
        return not_found(call);
    }
    let body = match body(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let id = call.world.comment(issue, (author.0, &author.1), &body);
    let comment = call.world.comments.last().expect("it was just added").clone();
    debug_assert_eq!(comment.id, id);
    Reply::json(201, &item(call, &comment))
}

pub fn get(call: &mut Call<'_>, id: u64) -> Reply {
    match call.world.comments.iter().find(|comment| comment.id == id) {
        Some(comment) => Reply::json(200, &item(call, comment)),
        None => not_found(call),
    }
}

pub fn update(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Write) {
        return reply;
    }
    let body = match body(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let Some(comment) = call.world.comments.iter_mut().find(|comment| comment.id == id) else {
        return not_found(call);
    };
    comment.body = body;
    comment.updated = now();
    comment.edits += 1;
    let comment = comment.clone();
    Reply::json(200, &item(call, &comment))
}

pub fn delete(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Write) {
        return reply;
    }
    let before = call.world.comments.len();
    call.world.comments.retain(|comment| comment.id != id);
    if call.world.comments.len() == before { not_found(call) } else { Reply::empty(204) }
}
