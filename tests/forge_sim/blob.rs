//! Signed URLs: blocks go up, bytes come down, nobody sends a token.
//!
//! The signature is a hash with a secret and not an HMAC: nobody but this server reads it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::personality::DownloadHeaders;
use super::routes::Call;
use super::wire::{Origin, Reply, encode, hex, md5_hex, now, rfc3339, sha256};
use super::world::{Artifact, Content, RowState};

const SECRET: &str = "known to the forge alone";
/// What the task is called in Forgejo's and Gitea's URLs.
const TASK: u64 = 52;

/// Downloads lead to another host.
fn direct(call: &Call<'_>) -> bool {
    call.world.personality.quirks().separate_blob_origin || call.world.serve_direct
}

fn signature(call: &Call<'_>, endpoint: &str, expires: &str, name: &str, id: &str) -> String {
    let digest = sha256(format!("{SECRET}\n{endpoint}\n{expires}\n{name}\n{id}").as_bytes());
    let quirks = call.world.personality.quirks();
    match (direct(call) && endpoint != "UploadArtifact", quirks.padded_signature) {
        (true, _) => STANDARD.encode(digest),
        (false, true) => URL_SAFE.encode(digest),
        (false, false) => URL_SAFE_NO_PAD.encode(digest),
    }
}

/// A signed URL as Forgejo and Gitea build it; only the padding of `sig` differs.
fn own_url(call: &Call<'_>, path: &str, endpoint: &str, row: &Artifact) -> String {
    let expires = format!("{} +0000 UTC", rfc3339(now() + 3600).replace('T', " ").trim_end_matches('Z'));
    let id = row.id.to_string();
    let sig = signature(call, endpoint, &expires, &row.name, &id);
    let (expires, name) = (encode(&expires).replace("%20", "+"), encode(&row.name).replace("%20", "+"));
    format!("{}{path}?sig={sig}&expires={expires}&artifactName={name}&taskID={TASK}&artifactID={id}", call.forge)
}

/// A shared access signature as Azure's blob store takes it.
fn store_url(call: &Call<'_>, row: &Artifact, permission: &str) -> String {
    let expires = rfc3339(now() + 600);
    let sig = encode(&signature(call, permission, &expires, &row.name, &row.id.to_string()));
    let zip = if row.mime == "application/zip" { ".zip" } else { "" };
    let path = format!("/actions-results/workflow-job-run-{}/artifacts/{}{zip}", super::twirp::GUIDS.1, blob_key(row));
    let file = format!("attachment; filename=\"{}{zip}\"", row.name);
    format!(
        "{}{path}?rscd={}&rsct={}&se={}&sig={sig}&sp={permission}&spr=https&sr=b&sv=2025-11-05",
        call.blobs,
        encode(&file),
        encode(&row.mime),
        encode(&expires),
    )
}

fn blob_key(row: &Artifact) -> String {
    hex(&sha256(format!("{SECRET} {}", row.id).as_bytes()))
}

/// Where blocks are put.
pub fn upload_url(call: &Call<'_>, row: &Artifact) -> String {
    if call.world.personality.quirks().separate_blob_origin {
        return store_url(call, row, "rcw");
    }
    own_url(call, "/twirp/github.actions.results.api.v1.ArtifactService/UploadArtifact", "UploadArtifact", row)
}

/// Where the artifact is fetched.
pub fn download_url(call: &Call<'_>, row: &Artifact) -> String {
    if direct(call) {
        return store_url(call, row, "r");
    }
    own_url(call, "/twirp/github.actions.results.api.v1.ArtifactService/DownloadArtifact", "DownloadArtifact", row)
}

/// Where REST redirects to.
pub fn raw_url(call: &Call<'_>, row: &Artifact, path: &str) -> String {
    if direct(call) {
        return store_url(call, row, "r");
    }
    own_url(call, &format!("{path}/raw"), "raw", row)
}

/// A credential has no business at a signed URL. Azure and S3 refuse the request for it; a forge does not look.
fn look_for_credentials(call: &mut Call<'_>) -> Result<(), Reply> {
    if call.request.header("authorization").is_none() {
        return Ok(());
    }
    call.world.violations.push(format!("Authorization was sent to the signed URL {}", call.request.path));
    if call.request.origin == Origin::Blob {
        let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>InvalidAuthenticationInfo</Code>\
                    <Message>Authentication information is not given in the correct format.</Message></Error>";
        return Err(Reply::bytes(400, "application/xml", body));
    }
    Ok(())
}

/// The row a signed URL of the forge itself speaks of, once the signature holds.
fn verified(call: &mut Call<'_>, endpoint: &str) -> Result<usize, Reply> {
    let request = call.request;
    let value = |name: &str| request.query(name).unwrap_or_default();
    let (expires, name, id) = (value("expires"), value("artifactName"), value("artifactID"));
    // No `+` for a blank here: base64 of the URL kind has none.
    if value("sig") != signature(call, endpoint, &expires, &name, &id) {
        return Err(Reply::text(401, "Error unauthorized"));
    }
    if !call.world.job_runs && endpoint != "raw" {
        return Err(Reply::text(500, "Error runner api getting task: task is not running"));
    }
    let found = call.world.artifacts.iter().position(|row| row.id.to_string() == id);
    found.ok_or_else(|| Reply::text(404, "Error artifact not found"))
}

/// The row a shared access signature speaks of.
fn verified_by_store(call: &mut Call<'_>, permissions: &[&str]) -> Result<usize, Reply> {
    let request = call.request;
    let value = |name: &str| request.query(name).unwrap_or_default();
    let refused = || {
        let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code>\
                    <Message>Server failed to authenticate the request.</Message></Error>";
        Reply::bytes(403, "application/xml", body)
    };
    let (expires, sig, permission) = (value("se"), value("sig").replace(' ', "+"), value("sp"));
    let found = call.world.artifacts.iter().position(|row| request.path.contains(&blob_key(row)));
    let found =
        found.ok_or_else(|| Reply::bytes(404, "application/xml", "<Error><Code>BlobNotFound</Code></Error>"))?;
    let row = &call.world.artifacts[found];
    let expected = signature(call, &permission, &expires, &row.name, &row.id.to_string());
    if row.state != RowState::Confirmed && permission == "r" {
        return Err(Reply::bytes(404, "application/xml", "<Error><Code>BlobNotFound</Code></Error>"));
    }
    if sig != expected || !permissions.contains(&permission.as_str()) || expires < rfc3339(now()) {
        return Err(refused());
    }
    Ok(found)
}

/// `PUT` to a signed URL: `comp=block`, `comp=blocklist`, or the whole blob.
pub fn put(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = look_for_credentials(call) {
        return reply;
    }
    let store = call.world.personality.quirks().separate_blob_origin;
    let found = if store { verified_by_store(call, &["rcw"]) } else { verified(call, "UploadArtifact") };
    let at = match found {
        Ok(at) => at,
        Err(reply) => return reply,
    };
    let row = &mut call.world.artifacts[at];
    let body = call.request.body.clone();
    let said = match call.request.query("comp").as_deref() {
        Some("block" | "appendBlock") => {
            row.blocks.insert(call.request.query("blockid").unwrap_or_default(), body);
            "appended"
        }
        Some("blocklist") => {
            let Some(bytes) = assemble(row, &body) else {
                return Reply::bytes(400, "application/xml", "<Error><Code>InvalidBlockList</Code></Error>");
            };
            row.store(bytes);
            "created"
        }
        _ => {
            row.store(body);
            "created"
        }
    };
    let reply = if store { Reply::empty(201) } else { Reply::json(201, &json!(said)) };
    reply.with("etag", format!("\"{}\"", md5_hex(&call.request.body))).with("x-ms-request-id", "1")
}

/// The blocks named in a block list, in its order; `None` when one was never put.
fn assemble(row: &mut Artifact, list: &[u8]) -> Option<Bytes> {
    let list = String::from_utf8_lossy(list);
    let mut bytes = BytesMut::new();
    for part in list.split("<Latest>").skip(1) {
        bytes.extend_from_slice(row.blocks.get(part.split("</Latest>").next()?)?);
    }
    row.blocks.clear();
    Some(bytes.freeze())
}

/// `GET` at GitHub's blob store.
pub fn get_from_store(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = look_for_credentials(call) {
        return reply;
    }
    match verified_by_store(call, &["r"]) {
        Ok(at) => serve(call, at),
        Err(reply) => reply,
    }
}

/// `GET …/DownloadArtifact` on the forge.
pub fn get_signed(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = look_for_credentials(call) {
        return reply;
    }
    match verified(call, "DownloadArtifact") {
        Ok(at) => serve(call, at),
        Err(reply) => reply,
    }
}

/// `GET …/artifacts/{id}/zip/raw`: where Gitea's REST redirects to.
pub fn get_raw(call: &mut Call<'_>, id: u64) -> Reply {
    if let Err(reply) = look_for_credentials(call) {
        return reply;
    }
    match verified(call, "raw") {
        Ok(at) if call.world.artifacts[at].id == id => serve(call, at),
        Ok(_) => Reply::text(401, "Error unauthorized"),
        Err(reply) => reply,
    }
}

/// The bytes of a row, with the headers this forge gives them.
fn serve(call: &Call<'_>, at: usize) -> Reply {
    let row = &call.world.artifacts[at];
    let Content::Blob(bytes) = &row.content else { return Reply::text(404, "Error artifact not found") };
    match row.state {
        RowState::Confirmed => {}
        // Forgejo opens a file that is not there.
        _ if call.world.personality.quirks().lists_pending => return Reply::text(500, "file does not exist"),
        _ => return Reply::text(404, "Error artifact not found"),
    }
    let zip = row.mime == "application/zip";
    let name = if zip { format!("{}.zip", row.name) } else { row.name.clone() };
    let named = |name: &str| format!("attachment; filename=\"{name}\"; filename*=UTF-8''{}", encode(name));
    match call.world.personality.quirks().download_headers {
        DownloadHeaders::Stored => {
            Reply::bytes(200, &row.mime, bytes.clone()).with("content-disposition", named(&name))
        }
        DownloadHeaders::OctetStream => {
            Reply::bytes(200, "application/octet-stream", bytes.clone()).with("content-disposition", named(&row.name))
        }
        DownloadHeaders::Sniffed => {
            let kind = if bytes.starts_with(b"PK\x03\x04") { "application/zip" } else { "application/octet-stream" };
            Reply::bytes(200, kind, bytes.clone())
        }
    }
}
