//! Artifacts and runs over REST, for readers from another run.

use std::io::{Cursor, Read as _, Write as _};

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::access::{error, need, page};
use super::blob;
use super::personality::{Family, RestArtifacts};
use super::routes::{Call, not_found};
use super::wire::{Reply, rfc3339};
use super::world::{Access, Artifact, Content, OWNER, REPO, RUN, RowState, StoredFile};

const DAYS_KEPT: u64 = 90 * 86_400;

/// Rows REST shows: finalized ones, expired ones marked as such.
fn shown(call: &Call<'_>, row: &Artifact) -> bool {
    let hidden = call.world.personality.quirks().rest_hides_v3 && matches!(row.content, Content::Files(_));
    !hidden && matches!(row.state, RowState::Confirmed | RowState::Expired)
}

/// Artifacts of a run, or of the repository.
pub fn list(call: &mut Call<'_>, run: Option<u64>) -> Reply {
    let quirks = call.world.personality.quirks();
    if quirks.rest_artifacts == RestArtifacts::Absent {
        return not_found(call);
    }
    if let Err(reply) = need(call, |can| can.actions, Access::Read) {
        return reply;
    }
    if run.is_some_and(|run| run != RUN && !call.world.runs.contains_key(&run)) {
        return not_found(call);
    }
    let name = call.request.query("name").filter(|name| !name.is_empty());
    let mut rows: Vec<&Artifact> = call
        .world
        .artifacts
        .iter()
        .filter(|row| shown(call, row) && run.is_none_or(|run| row.run == run))
        .filter(|row| name.as_ref().is_none_or(|name| row.name == *name))
        .collect();
    rows.sort_by_key(|row| row.id);
    if quirks.family == Family::GitHub {
        rows.reverse();
    }
    let total = rows.len();
    let (rows, headers) = page(call, rows);
    let items: Vec<Value> = rows.into_iter().map(|row| item(call, row)).collect();
    let body = match quirks.rest_artifacts {
        RestArtifacts::BareArray => json!(items),
        _ => json!({"total_count": total, "artifacts": items}),
    };
    let mut reply = Reply::json(200, &body);
    reply.headers.extend(headers);
    reply
}

/// One artifact.
pub fn get(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.actions, Access::Read) {
        return reply;
    }
    let absent = call.world.personality.quirks().rest_artifacts == RestArtifacts::Absent;
    match call.world.artifacts.iter().find(|row| row.id == id && shown(call, row) && !absent) {
        Some(row) => Reply::json(200, &item(call, row)),
        None => not_found(call),
    }
}

fn item(call: &Call<'_>, row: &Artifact) -> Value {
    let quirks = call.world.personality.quirks();
    let url = format!("{}{}/repos/{OWNER}/{REPO}/actions/artifacts/{}", call.forge, quirks.api_prefix, row.id);
    let mut item = json!({
        "id": row.id,
        "name": row.name,
        "size_in_bytes": row.size(),
        "archive_download_url": format!("{url}/zip"),
        "expired": row.state == RowState::Expired,
        "created_at": rfc3339(row.created),
        "updated_at": rfc3339(row.created),
        "expires_at": rfc3339(row.created + DAYS_KEPT),
    });
    let run = call.world.runs.get(&row.run);
    let pull = call.world.pulls.first();
    let branch = run.map(|run| run.head_branch.clone()).or_else(|| Some(pull?.head_ref.clone()));
    let sha = run.map(|run| run.head_sha.clone()).or_else(|| Some(pull?.head_sha.clone()));
    let mut of_run = json!({"id": row.run, "repository_id": 1, "head_branch": branch, "head_sha": sha});
    match quirks.family {
        Family::GitHub => {
            item["node_id"] = json!(format!("MDg6QXJ0aWZhY3Q{}", row.id));
            item["url"] = json!(url);
            if quirks.digest {
                item["digest"] = json!(row.digest);
            }
            of_run["head_repository_id"] = json!(1);
            item["workflow_run"] = of_run;
        }
        Family::Gitea => {
            item["url"] = json!(url);
            item["workflow_run"] = of_run;
        }
        Family::Forgejo => item["run_id"] = json!(row.run),
    }
    item
}

/// The download: a redirect to a signed URL, or the bytes.
pub fn zip(call: &mut Call<'_>, id: u64) -> Reply {
    let quirks = call.world.personality.quirks();
    if quirks.rest_artifacts == RestArtifacts::Absent {
        return not_found(call);
    }
    // GitHub lists a public repository's artifacts to anyone, and hands them out to nobody without a token.
    if quirks.family == Family::GitHub && call.request.credential().is_none() {
        return error(call, 401, "Requires authentication", "token is required");
    }
    if let Err(reply) = need(call, |can| can.actions, Access::Read) {
        return reply;
    }
    let Some(row) = call.world.artifacts.iter().find(|row| row.id == id && shown(call, row)).cloned() else {
        return not_found(call);
    };
    if row.state == RowState::Expired {
        return error(call, quirks.expired_status, "Artifact has expired", "The target couldn't be found.");
    }
    if quirks.zip_redirects {
        let url = blob::raw_url(call, &row, &call.request.path.clone());
        return Reply::empty(302).with("location", url);
    }
    let bytes = match &row.content {
        Content::Blob(bytes) => bytes.clone(),
        Content::Files(files) => zipped(files),
    };
    Reply::bytes(200, "application/zip", bytes)
        .with("content-disposition", format!("attachment; filename=\"{}.zip\"", row.name))
}

/// The files of a v3 artifact as one zip, made on the fly.
fn zipped(files: &[StoredFile]) -> Bytes {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let mut bytes = Vec::new();
        if file.gzip {
            GzDecoder::new(file.bytes.as_slice()).read_to_end(&mut bytes).expect("gzip, as the uploader said");
        } else {
            bytes.clone_from(&file.bytes);
        }
        zip.start_file(file.path.clone(), SimpleFileOptions::default()).expect("a zip in memory");
        zip.write_all(&bytes).expect("a zip in memory");
    }
    Bytes::from(zip.finish().expect("a zip in memory").into_inner())
}

/// A run.
pub fn run(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.actions, Access::Read) {
        return reply;
    }
    let own = (id == RUN).then(|| super::event::own_run(call.world));
    let Some(run) = call.world.runs.get(&id).cloned().or(own) else {
        return not_found(call);
    };
    Reply::json(200, &super::event::run_json(call.world, &run))
}
