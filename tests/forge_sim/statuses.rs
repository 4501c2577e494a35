//! Commit statuses.

use serde_json::{Value, json};

use super::access::{error, need, page};
use super::routes::Call;
use super::wire::{Reply, now, rfc3339};
use super::world::{Access, Status};

fn item(call: &Call<'_>, status: &Status) -> Value {
    let quirks = call.world.personality.quirks();
    let (id, login) = quirks.bot;
    let mut item = json!({
        "id": status.id,
        "url": format!("{}{}/repos/octo/demo/statuses/{}", call.forge, quirks.api_prefix, status.sha),
        "target_url": status.target_url,
        "description": status.description,
        "context": status.context,
        "creator": super::comments::user_json(call, id, login),
        "created_at": rfc3339(status.created),
        "updated_at": rfc3339(status.created),
    });
    item[if quirks.status_says_state { "state" } else { "status" }] = json!(status.state);
    item
}

pub fn create(call: &mut Call<'_>, sha: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.statuses, Access::Write) {
        return reply;
    }
    let quirks = call.world.personality.quirks();
    let body = call.request.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let known = ["error", "failure", "pending", "success"].contains(&text("state").as_str())
        || quirks.more_statuses && ["warning", "skipped"].contains(&text("state").as_str());
    let is_sha = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !known || !is_sha {
        return error(call, 422, "Validation Failed", "unknown state");
    }
    if quirks.comment_limit.is_some() && text("description").chars().count() > 140 {
        return error(call, 422, "Validation Failed: description is too long (maximum is 140 characters)", "");
    }
    let status = Status {
        id: call.world.id(),
        sha: sha.to_owned(),
        state: text("state"),
        context: body["context"].as_str().unwrap_or("default").to_owned(),
        description: text("description"),
        target_url: text("target_url"),
        created: now(),
    };
    call.world.statuses.push(status.clone());
    Reply::json(201, &item(call, &status))
}

/// Every status ever posted for a commit, newest first.
pub fn list(call: &mut Call<'_>, sha: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.statuses, Access::Read) {
        return reply;
    }
    let rows: Vec<&Status> = call.world.statuses.iter().rev().filter(|status| status.sha == sha).collect();
    let (rows, headers) = page(call, rows);
    let items: Vec<Value> = rows.into_iter().map(|status| item(call, status)).collect();
    let mut reply = Reply::json(200, &json!(items));
    reply.headers.extend(headers);
    reply
}

/// The newest status of each context, and what they come to.
pub fn combined(call: &mut Call<'_>, sha: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.statuses, Access::Read) {
        return reply;
    }
    let mut newest: Vec<&Status> = Vec::new();
    for status in call.world.statuses.iter().rev().filter(|status| status.sha == sha) {
        if newest.iter().all(|other| other.context != status.context) {
            newest.push(status);
        }
    }
    let total = newest.len();
    if total == 0 && call.world.personality.quirks().empty_combined_is_null {
        let none = json!({"state": "", "sha": "", "total_count": 0, "statuses": null, "repository": null,
            "commit_url": "", "url": ""});
        return Reply::json(200, &none);
    }
    let has = |state: &str| newest.iter().any(|status| status.state == state);
    let state = match () {
        () if has("error") || has("failure") => "failure",
        () if has("pending") || newest.is_empty() => "pending",
        () => "success",
    };
    let (rows, headers) = page(call, newest);
    let items: Vec<Value> = rows.into_iter().map(|status| item(call, status)).collect();
    let mut reply = Reply::json(200, &json!({"state": state, "sha": sha, "total_count": total, "statuses": items}));
    reply.headers.extend(headers);
    reply
}
