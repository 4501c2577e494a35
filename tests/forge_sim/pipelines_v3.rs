//! The third artifact protocol: `_apis/pipelines/workflows/{run}/artifacts`, files one by one, perhaps with gzip.
//!
//! Forgejo and Gitea: `…/artifacts/<md5 of the name>/upload` and `/download_url`. GHES: `_apis/resources/Containers/{id}`.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::access::need_runtime;
use super::personality::PipelinesV3;
use super::routes::{Call, Route, not_found};
use super::wire::{Reply, encode, md5_base64, md5_hex, now};
use super::world::{Artifact, Content, RUN, RowState, StoredFile};

type Handler = Box<dyn FnOnce(&mut Call<'_>) -> Reply + Send>;

/// Path of the pipelines service on GHES, below which `_apis` lies. Inferred.
pub const GHES_SERVICE: &str = "/_services/pipelines/5b6f8b9f";

/// The route for what follows `_apis`.
pub fn route(method: &str, segments: &[&str]) -> (Route, Handler) {
    let (run, rest) = match *segments {
        ["pipelines", "workflows", run, "artifacts", ref rest @ ..] => (run, rest),
        ["resources", "Containers", id] => {
            let id = id.parse::<u64>().unwrap_or(u64::MAX);
            return match method {
                "PUT" => (Route::V3Put, Box::new(move |call| put_into_container(call, id))),
                _ => (Route::V3Files, Box::new(move |call| read_container(call, id))),
            };
        }
        _ => return (Route::Any, Box::new(|call| not_found(call))),
    };
    let run = run.parse::<u64>().unwrap_or(u64::MAX);
    match (method, rest) {
        ("POST", []) => (Route::V3Create, of_run(run, create)),
        ("PATCH", []) => (Route::V3Finish, of_run(run, finish)),
        ("GET", []) => (Route::V3List, of_run(run, list)),
        ("PUT", [_, "upload"]) => (Route::V3Put, of_run(run, put)),
        ("GET", [_, "download_url"]) => (Route::V3Files, of_run(run, files)),
        ("GET", [id, "download"]) => {
            let id = id.parse::<u64>().unwrap_or(u64::MAX);
            (Route::V3Get, Box::new(move |call| of_run(run, move |call| get(call, id))(call)))
        }
        _ => (Route::Any, Box::new(|call| not_found(call))),
    }
}

/// Checks the runtime token and that the run is its own.
fn of_run(run: u64, handler: impl FnOnce(&mut Call<'_>) -> Reply + Send + 'static) -> Handler {
    Box::new(move |call| match need_runtime(call) {
        Err(reply) => reply,
        Ok(()) if run != RUN => Reply::text(400, "run-id does not match"),
        Ok(()) => handler(call),
    })
}

fn containers(call: &Call<'_>) -> bool {
    call.world.personality.quirks().pipelines_v3 == PipelinesV3::Containers
}

fn service(call: &Call<'_>) -> String {
    format!("{}/api/actions_pipeline/_apis/pipelines/workflows/{RUN}/artifacts", call.forge)
}

fn container(call: &Call<'_>, id: u64) -> String {
    format!("{}{GHES_SERVICE}/_apis/resources/Containers/{id}", call.forge)
}

fn create(call: &mut Call<'_>) -> Reply {
    let body = call.request.json();
    let Some(name) = body["Name"].as_str() else {
        return Reply::text(500, "Error decode request body");
    };
    if containers(call) {
        let id = row(call, name);
        let url = container(call, id);
        let answer = json!({"containerId": id, "size": -1, "signedContent": null, "fileContainerResourceUrl": url,
            "type": "actions_storage", "name": name, "url": url});
        return Reply::json(201, &answer);
    }
    let days = body["RetentionDays"].as_u64().filter(|days| *days > 0);
    let retention = days.map(|days| format!("?retentionDays={days}")).unwrap_or_default();
    let url = format!("{}/{}/upload{retention}", service(call), md5_hex(name.as_bytes()));
    Reply::json(200, &json!({"fileContainerResourceUrl": url}))
}

/// The row of a v3 artifact of this run, made when it is missing.
fn row(call: &mut Call<'_>, name: &str) -> u64 {
    let world = &mut *call.world;
    let is = |row: &&Artifact| row.run == RUN && row.name == name && matches!(row.content, Content::Files(_));
    if let Some(row) = world.artifacts.iter().find(is) {
        return row.id;
    }
    let id = world.id();
    world.artifacts.push(Artifact {
        id,
        name: name.to_owned(),
        run: RUN,
        attempt: world.attempt,
        mime: String::new(),
        state: RowState::Pending,
        content: Content::Files(Vec::new()),
        created: now(),
        digest: None,
        blocks: HashMap::new(),
    });
    id
}

/// Artifact and path inside it of the query's `itemPath`.
fn item_path(call: &Call<'_>) -> Option<(String, String)> {
    let item = call.request.query("itemPath")?.replace('\\', "/");
    let (name, path) = item.split_once('/')?;
    Some((name.to_owned(), path.to_owned()))
}

fn put(call: &mut Call<'_>) -> Reply {
    let Some((name, _)) = item_path(call) else {
        return Reply::text(400, "Error parse item path");
    };
    if !call.request.path.contains(&format!("/{}/", md5_hex(name.as_bytes()))) {
        return Reply::text(400, "Invalid artifact hash");
    }
    let id = row(call, &name);
    chunk(call, id, 200)
}

fn put_into_container(call: &mut Call<'_>, id: u64) -> Reply {
    match need_runtime(call) {
        Err(reply) => reply,
        Ok(()) => chunk(call, id, 201),
    }
}

/// Stores one chunk after a look at its md5 and its range.
fn chunk(call: &mut Call<'_>, id: u64, done: u16) -> Reply {
    let request = call.request;
    let Some((_, path)) = item_path(call) else {
        return Reply::text(400, "Error parse item path");
    };
    if request.header("x-actions-results-md5").is_none_or(|md5| md5 != md5_base64(&request.body)) {
        return Reply::text(500, "Error save upload chunk");
    }
    let range = request.header("content-range").and_then(|range| range.strip_prefix("bytes "));
    let start = range.and_then(|range| range.split('-').next()?.parse::<usize>().ok());
    let gzip = request.header("content-encoding") == Some("gzip");
    let (Some(start), true) = (start, !gzip || request.header("x-tfs-filelength").is_some()) else {
        return Reply::text(500, "Error get upload file size");
    };
    let body = request.body.clone();
    let file_id = call.world.id();
    let found = call.world.artifacts.iter_mut().find(|row| row.id == id);
    let Some(Content::Files(files)) = found.map(|row| &mut row.content) else {
        return Reply::text(404, "Not Found");
    };
    if start == 0 {
        files.retain(|file| file.path != path);
        files.push(StoredFile { id: file_id, path: path.clone(), bytes: Vec::new(), gzip });
    }
    match files.iter_mut().find(|file| file.path == path) {
        Some(file) if file.bytes.len() == start => file.bytes.extend_from_slice(&body),
        _ => return Reply::text(500, "Error save upload chunk"),
    }
    Reply::json(done, &json!({"message": "success"}))
}

fn finish(call: &mut Call<'_>) -> Reply {
    let Some(name) = call.request.query("artifactName").filter(|name| !name.is_empty()) else {
        return Reply::text(400, "Error artifact name is empty");
    };
    let is = |row: &&mut Artifact| row.run == RUN && row.name == name && matches!(row.content, Content::Files(_));
    match call.world.artifacts.iter_mut().find(is) {
        Some(row) => row.state = RowState::Confirmed,
        None => return Reply::text(404, "Not Found"),
    }
    Reply::json(200, &json!({"message": "success"}))
}

/// The rows this protocol shows.
fn seen<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Artifact> {
    let quirks = call.world.personality.quirks();
    let rows = call.world.artifacts.iter().filter(|row| row.run == RUN);
    rows.filter(move |row| quirks.lists_pending || row.state == RowState::Confirmed)
        .filter(move |row| quirks.v3_lists_v4 || matches!(row.content, Content::Files(_)))
        .filter(|row| call.world.shows_attempt(row.attempt))
}

fn list(call: &mut Call<'_>) -> Reply {
    let mut names = BTreeSet::new();
    let mut items: Vec<Value> = Vec::new();
    for row in seen(call).filter(|row| names.insert(row.name.clone())) {
        let url = if containers(call) {
            container(call, row.id)
        } else {
            format!("{}/{}/download_url", service(call), md5_hex(row.name.as_bytes()))
        };
        let mut item = json!({"name": row.name, "fileContainerResourceUrl": url});
        if containers(call) {
            item["containerId"] = json!(row.id);
            item["size"] = json!(row.size());
            item["type"] = json!("actions_storage");
            item["url"] = json!(url);
        }
        items.push(item);
    }
    if items.is_empty() && !containers(call) {
        return Reply::text(404, "Not Found");
    }
    Reply::json(200, &json!({"count": items.len(), "value": items}))
}

fn files(call: &mut Call<'_>) -> Reply {
    let name = call.request.query("itemPath").unwrap_or_default();
    if !call.request.path.contains(&format!("/{}/", md5_hex(name.as_bytes()))) {
        return Reply::text(400, "Invalid artifact hash");
    }
    let mut items = Vec::new();
    let mut item = |id: u64, path: &str| {
        let url = format!("{}/{id}/download", service(call));
        items.push(json!({"path": format!("{name}/{path}"), "itemType": "file", "contentLocation": url}));
    };
    for row in seen(call).filter(|row| row.name == name) {
        match &row.content {
            Content::Blob(_) => item(row.id, &format!("{name}.zip")),
            Content::Files(files) => files.iter().for_each(|file| item(file.id, &file.path)),
        }
    }
    if items.is_empty() {
        return Reply::text(404, "Not Found");
    }
    Reply::json(200, &json!({"value": items}))
}

fn get(call: &mut Call<'_>, id: u64) -> Reply {
    for row in call.world.artifacts.iter().filter(|row| row.run == RUN) {
        let there = row.state == RowState::Confirmed;
        match &row.content {
            Content::Blob(bytes) if row.id == id && there => {
                return Reply::bytes(200, "application/octet-stream", bytes.clone());
            }
            Content::Files(files) => {
                if let Some(file) = files.iter().find(|file| file.id == id && there) {
                    return content(file);
                }
            }
            Content::Blob(_) => {}
        }
    }
    Reply::text(500, "file does not exist")
}

fn content(file: &StoredFile) -> Reply {
    let reply = Reply::bytes(200, "application/octet-stream", file.bytes.clone());
    if file.gzip { reply.with("content-encoding", "gzip") } else { reply }
}

/// `GET` of a container: the rows below `itemPath`, or one file's bytes when they are asked for.
fn read_container(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = need_runtime(call) {
        return reply;
    }
    let item = call.request.query("itemPath").unwrap_or_default();
    let wants_bytes = call.request.header("accept").is_some_and(|accept| accept.contains("octet-stream"));
    let Some(row) = seen(call).find(|row| row.id == id) else { return not_found(call) };
    let Content::Files(files) = &row.content else { return not_found(call) };
    if wants_bytes {
        let path = |file: &&StoredFile| format!("{}/{}", row.name, file.path) == item;
        return files.iter().find(path).map_or_else(|| not_found(call), content);
    }
    let url = container(call, id);
    let at = |path: &str| format!("{url}?itemPath={}", encode(path));
    let mut folders = BTreeSet::from([row.name.clone()]);
    let mut items = Vec::new();
    for file in files {
        let path = format!("{}/{}", row.name, file.path);
        folders.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
        items.push(json!({"containerId": id, "scopeIdentifier": "00000000-0000-0000-0000-000000000000",
            "path": path, "itemType": "file", "status": "created", "fileLength": file.bytes.len(),
            "fileEncoding": 1, "itemLocation": at(&path), "contentLocation": at(&path), "contentId": ""}));
    }
    let folders = folders.iter().map(|path| {
        json!({"containerId": id, "scopeIdentifier": "00000000-0000-0000-0000-000000000000", "path": path,
            "itemType": "folder", "status": "created", "itemLocation": at(path), "contentLocation": at(path)})
    });
    let rows: Vec<Value> = folders.chain(items).collect();
    Reply::json(200, &json!({"count": rows.len(), "value": rows}))
}
