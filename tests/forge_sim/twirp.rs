//! The fourth artifact protocol: `github.actions.results.api.v1.ArtifactService`.

use serde_json::{Map, Value, json};

use super::access::need_runtime;
use super::blob;
use super::routes::Call;
use super::wire::{Reply, now, rfc3339, sha256};
use super::world::{Artifact, Content, RUN, RowState};

/// The run and job as the runtime token names them on GitHub.
pub const GUIDS: (&str, &str) = ("ce7f54c7-61c7-4aae-887f-30da475f5f1a", "ca395085-040a-526b-2ce8-bdc85f692774");

/// A request's fields, whichever way they are spelt.
fn field<'a>(body: &'a Value, snake: &str) -> &'a Value {
    let mut camel = String::new();
    let mut upper = false;
    for letter in snake.chars() {
        match letter {
            '_' => upper = true,
            _ if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            _ => camel.push(letter),
        }
    }
    body.get(snake).or_else(|| body.get(camel)).unwrap_or(&Value::Null)
}

/// A text, or a number: protojson takes 64-bit numbers either way.
fn text(body: &Value, name: &str) -> Option<String> {
    match field(body, name) {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The fields of the five requests, as protojson spells them in snake case; `mime_type` is the newest.
fn is_known(call: &str, field: &str) -> bool {
    let of_call: &[&str] = match call {
        "CreateArtifact" => &["name", "expires_at", "version", "mime_type"],
        "FinalizeArtifact" => &["name", "size", "hash"],
        "ListArtifacts" => &["name_filter", "id_filter"],
        _ => &["name"],
    };
    let mut snake = String::new();
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    ["workflow_run_backend_id", "workflow_job_run_backend_id"].contains(&snake.as_str())
        || of_call.contains(&snake.as_str())
}

/// Reads a request: the token, protojson's strictness, the run.
fn read(call: &mut Call<'_>) -> Result<Value, Reply> {
    need_runtime(call)?;
    let quirks = call.world.personality.quirks();
    let kind = call.request.header("content-type").unwrap_or_default();
    if quirks.twirp_json_errors && !kind.starts_with("application/json") {
        let message = format!("unexpected Content-Type: \"{kind}\"");
        return Err(error(call, 404, "bad_route", &message));
    }
    let body = call.request.json();
    let method = call.request.path.rsplit('/').next().unwrap_or_default();
    // GitHub's server lets unknown fields pass (inferred); Go's protojson does not.
    let knows = |field: &String| {
        quirks.twirp_json_errors
            || is_known(method, field)
                && !(quirks.refuses_mime_type && ["mime_type", "mimeType"].contains(&field.as_str()))
    };
    let refused = !body.as_object().is_some_and(|fields| fields.keys().all(knows));
    if refused && quirks.twirp_json_errors {
        return Err(error(call, 400, "malformed", "the json request could not be decoded"));
    } else if refused {
        return Err(Reply::text(500, "Error decode request body"));
    }
    let expected = if quirks.backend_ids_are_guids { GUIDS.0.to_owned() } else { RUN.to_string() };
    if text(&body, "workflow_run_backend_id") != Some(expected) {
        return Err(if quirks.twirp_json_errors {
            error(call, 403, "permission_denied", "the run is not the token's")
        } else {
            Reply::text(400, "run-id does not match")
        });
    }
    Ok(body)
}

/// A Twirp error: JSON on GitHub, text elsewhere.
fn error(call: &Call<'_>, status: u16, code: &str, message: &str) -> Reply {
    if call.world.personality.quirks().twirp_json_errors {
        Reply::json(status, &json!({"code": code, "msg": message}))
    } else {
        Reply::text(status, message)
    }
}

/// An answer with the names as this forge spells them. Fields at their zero value are left out, 64-bit numbers are text.
fn answer(call: &Call<'_>, fields: &[(&str, &str, Value)]) -> Reply {
    Reply::bytes(200, "application/json;charset=utf-8", object(call, fields).to_string())
}

fn object(call: &Call<'_>, fields: &[(&str, &str, Value)]) -> Value {
    let camel = call.world.personality.quirks().camel_case;
    let zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let named = fields.iter().filter(|(_, _, value)| !zero(value));
    Value::Object(
        named.map(|(s, c, value)| ((if camel { *c } else { *s }).to_owned(), value.clone())).collect::<Map<_, _>>(),
    )
}

/// The newest row of that name in this run, whatever its state. Where rows not there are listed, deleted ones count too.
fn row<'a>(call: &'a mut Call<'_>, name: &str) -> Option<&'a mut Artifact> {
    let quirks = call.world.personality.quirks();
    let shown: Vec<u32> = (1..=call.world.attempt).filter(|attempt| call.world.shows_attempt(*attempt)).collect();
    let rows = call.world.artifacts.iter_mut();
    rows.filter(|row| row.run == RUN && row.name == name && matches!(row.content, Content::Blob(_)))
        .filter(|row| quirks.lists_pending || row.state != RowState::Deleted)
        .filter(|row| shown.contains(&row.attempt))
        .max_by_key(|row| row.id)
}

pub fn create(call: &mut Call<'_>) -> Reply {
    let body = match read(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let name = text(&body, "name").unwrap_or_default();
    let mime = text(&body, "mime_type").unwrap_or_else(|| "application/zip".to_owned());
    let quirks = call.world.personality.quirks();
    let attempt = call.world.attempt;
    let conflict = |row: &Artifact| row.state == RowState::Confirmed && row.attempt == attempt;
    if quirks.name_conflict_409 && row(call, &name).is_some_and(|row| conflict(row)) {
        return error(call, 409, "already_exists", "an artifact with this name already exists on the workflow run");
    }
    // Forgejo and Gitea keep one row for a name; on GitHub each upload is a row.
    let old = if quirks.name_conflict_409 { None } else { row(call, &name).map(|row| row.id) };
    let id = old.unwrap_or_else(|| call.world.id());
    let fresh = Artifact {
        id,
        name,
        run: RUN,
        attempt,
        mime,
        state: RowState::Pending,
        content: Content::Blob(bytes::Bytes::new()),
        created: now(),
        digest: None,
        blocks: std::collections::HashMap::new(),
    };
    call.world.artifacts.retain(|row| row.id != id);
    call.world.artifacts.push(fresh.clone());
    let url = blob::upload_url(call, &fresh);
    answer(call, &[("ok", "ok", json!(true)), ("signed_upload_url", "signedUploadUrl", json!(url))])
}

pub fn finalize(call: &mut Call<'_>) -> Reply {
    let body = match read(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let Some(found) = row(call, &text(&body, "name").unwrap_or_default()) else {
        return error(call, 404, "not_found", "Error artifact not found");
    };
    // `None`: nothing was put.
    let Some(digest) = found.digest.clone() else {
        return error(call, 500, "internal", "Error merge chunks");
    };
    if text(&body, "hash").is_some_and(|claimed| claimed != digest) {
        return error(call, 500, "internal", "Error merge chunks");
    }
    found.state = RowState::Confirmed;
    let id = found.id.to_string();
    answer(call, &[("ok", "ok", json!(true)), ("artifact_id", "artifactId", json!(id))])
}

pub fn list(call: &mut Call<'_>) -> Reply {
    let body = match read(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let quirks = call.world.personality.quirks();
    let (name, id) = (text(&body, "name_filter"), text(&body, "id_filter"));
    let of_run: Vec<&Artifact> = call.world.artifacts.iter().filter(|row| row.run == RUN).collect();
    let seen: Vec<&Artifact> = of_run
        .into_iter()
        .filter(|row| quirks.lists_pending || row.state == RowState::Confirmed)
        .filter(|row| call.world.shows_attempt(row.attempt))
        .collect();
    if seen.is_empty() && quirks.empty_list_is_404 {
        return Reply::text(404, "Not Found");
    }
    let twice = |row: &Artifact| seen.iter().filter(|other| other.name == row.name).count() > 1;
    let mut rows: Vec<&Artifact> = seen
        .iter()
        .copied()
        .filter(|row| matches!(row.content, Content::Blob(_)))
        .filter(|row| !(quirks.duplicate_names_vanish && twice(row)))
        .filter(|row| name.as_ref().is_none_or(|name| row.name == *name))
        .filter(|row| id.as_ref().is_none_or(|id| row.id.to_string() == *id))
        .collect();
    if quirks.shuffles_list {
        rows.sort_by_key(|row| sha256(row.name.as_bytes()));
    }
    // Forgejo and Gitea answer with the ids of the asker, GitHub with those of the uploader (one job here).
    let run_id = field(&body, "workflow_run_backend_id");
    let job_id = field(&body, "workflow_job_run_backend_id");
    let items: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let digest = row.digest.clone().filter(|_| quirks.digest);
            object(
                call,
                &[
                    ("workflow_run_backend_id", "workflowRunBackendId", run_id.clone()),
                    ("workflow_job_run_backend_id", "workflowJobRunBackendId", job_id.clone()),
                    ("database_id", "databaseId", json!(row.id.to_string())),
                    ("name", "name", json!(row.name)),
                    ("size", "size", json!(row.size().to_string())),
                    ("created_at", "createdAt", json!(rfc3339(row.created))),
                    ("digest", "digest", json!(digest)),
                ],
            )
        })
        .collect();
    answer(call, &[("artifacts", "artifacts", json!(items))])
}

pub fn sign(call: &mut Call<'_>) -> Reply {
    let body = match read(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let there = |row: &Artifact, lists_pending: bool| lists_pending || row.state == RowState::Confirmed;
    let lists_pending = call.world.personality.quirks().lists_pending;
    let found = row(call, &text(&body, "name").unwrap_or_default()).filter(|row| there(row, lists_pending));
    let Some(found) = found.map(|row| row.clone()) else {
        return error(call, 404, "not_found", "Error artifact not found");
    };
    let url = blob::download_url(call, &found);
    answer(call, &[("signed_url", "signedUrl", json!(url))])
}

pub fn delete(call: &mut Call<'_>) -> Reply {
    let body = match read(call) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let Some(found) = row(call, &text(&body, "name").unwrap_or_default()) else {
        return error(call, 404, "not_found", "Error artifact not found");
    };
    found.state = RowState::Deleted;
    let id = found.id.to_string();
    answer(call, &[("ok", "ok", json!(true)), ("artifact_id", "artifactId", json!(id))])
}
