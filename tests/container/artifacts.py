"""Uploads one file as an artifact, in both protocols, the way the real clients do (which are tried in tests/forge_clients)."""

import base64
import hashlib
import io
import json
import urllib.parse
import urllib.request
import zipfile


def send(forge, method, url, body, headers):
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, context=forge.tls, timeout=30) as response:
        return response.read()


def upload_v4(forge, artifact, name, content):
    """Results service: create, put the zip in one block, commit, finalize."""
    token = forge.env["ACTIONS_RUNTIME_TOKEN"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    scope = next(part for part in claims["scp"].split() if part.startswith("Actions.Results:"))
    _, run, job = scope.split(":")
    ids = {"workflow_run_backend_id": run, "workflow_job_run_backend_id": job}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    body = packed.getvalue()

    def call(method, message):
        origin = "/".join(forge.env["ACTIONS_RESULTS_URL"].split("/")[:3])
        url = f"{origin}/twirp/github.actions.results.api.v1.ArtifactService/{method}"
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return json.loads(send(forge, "POST", url, json.dumps(ids | message).encode(), headers))

    created = call("CreateArtifact", {"name": artifact, "version": 4})
    signed = created.get("signedUploadUrl") or created["signed_upload_url"]
    block = base64.b64encode(b"block-00").decode()
    binary = {"Content-Type": "application/octet-stream"}
    send(forge, "PUT", f"{signed}&comp=block&blockid={urllib.parse.quote(block)}", body, binary)
    blocks = f'<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>{block}</Latest></BlockList>'
    send(forge, "PUT", f"{signed}&comp=blocklist", blocks.encode(), binary | {"x-ms-blob-content-type": "application/zip"})
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert call("FinalizeArtifact", {"name": artifact, "size": str(len(body)), "hash": digest})["ok"]


def upload_v3(forge, artifact, name, content):
    """Pipelines service: create, put the file, say the size."""
    common = {
        "Authorization": f"Bearer {forge.env['ACTIONS_RUNTIME_TOKEN']}",
        "Accept": "application/json;api-version=6.0-preview",
    }
    json_type = {"Content-Type": "application/json"}
    base = f"{forge.env['ACTIONS_RUNTIME_URL']}_apis/pipelines/workflows/{forge.env['GITHUB_RUN_ID']}/artifacts"
    base += "?api-version=6.0-preview"
    message = json.dumps({"Type": "actions_storage", "Name": artifact}).encode()
    created = json.loads(send(forge, "POST", base, message, common | json_type))
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}",
        "x-actions-results-md5": base64.b64encode(hashlib.md5(content).digest()).decode(),
    }
    path = urllib.parse.quote(f"{artifact}/{name}", safe="")
    url = created["fileContainerResourceUrl"]
    send(forge, "PUT", f"{url}{'&' if '?' in url else '?'}itemPath={path}", content, common | headers)
    size = json.dumps({"Size": len(content)}).encode()
    send(forge, "PATCH", f"{base}&artifactName={urllib.parse.quote(artifact)}", size, common | json_type)
