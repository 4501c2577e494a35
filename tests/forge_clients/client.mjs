// One client at one forge. Writes {done, failures} to the report. Runs with the environment of a step on that forge.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { REFUSALS, UPLOADS, hasDigest, zipIsLeftWhole } from "./expectations.mjs";

const [work, number, forge, report, url] = process.argv.slice(2);
const client = Number(number);
const folder = dirname(report);
const require = createRequire(join(work, "package.json"));
const done = [];
const failures = [];

async function check(name, run) {
  try {
    await run();
    done.push(name);
  } catch (error) {
    failures.push(`${name}: ${error?.stack ?? error}`);
  }
}

async function load(version) {
  if (version < 6) return require(`artifact-${version}`);
  return import(pathToFileURL(join(work, "node_modules", `artifact-${version}`, "lib", "artifact.js")));
}

/** What the forge has seen so far. */
const state = async () => (await fetch(`${url}/_sim/state`)).json();

/** The forks of upload-artifact for Forgejo, and Gitea's runner, take the gate for GHES out; a host name does the same. */
const withoutGate = () => {
  if (forge !== "github" && forge !== "ghes") process.env.GITHUB_SERVER_URL = "http://forge.localhost";
};
const withGate = () => {
  process.env.GITHUB_SERVER_URL = process.env.FORGEJO_SERVER_URL ?? url;
};

const text = (lines) => Array.from({ length: lines }, (_, at) => `line ${at} of many that look alike\n`).join("");

/** Artifacts by name: files by path. */
const artifacts = {
  small: { "coverage.xml": Buffer.from("<coverage/>\n") },
  tree: {
    "a.txt": Buffer.from("a\n"),
    "pkg/sub dir/über.txt": Buffer.from("two\n"),
    "pkg/deep/er/empty": Buffer.alloc(0),
    "pkg/big.txt": Buffer.from(text(20_000)),
    ".coverage.host.4711.XyZ": Buffer.from("SQLite format 3\0…"),
    ".hidden/inside": Buffer.from("h"),
  },
  "py 3.12, ünïcode + %": { "out.json": Buffer.from("{}\n") },
  medium: { "noise.bin": randomBytes(3_000_000) },
  large: { "noise.bin": randomBytes(12_000_000), "text.txt": Buffer.from(text(400_000)) },
};

/** Writes an artifact's files; their folder and paths. */
function lay(name) {
  const root = join(folder, "in", name);
  const paths = Object.entries(artifacts[name]).map(([path, bytes]) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
    return join(root, path);
  });
  return { root, paths };
}

/** The files below a folder, by path. */
function read(root) {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      return [path.slice(root.length + 1), readFileSync(path)];
    }),
  );
}

function sameFiles(root, expected) {
  const got = read(root);
  assert.deepEqual(Object.keys(got).sort(), Object.keys(expected).sort());
  for (const [path, bytes] of Object.entries(expected)) assert.ok(got[path].equals(bytes), `${path} came back changed`);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Fourth protocol. */
async function v4() {
  const { default: api } = await load(client);
  const refusal = UPLOADS[client][forge];
  withoutGate();
  if (refusal !== "works") {
    await refused(refusal, (name, paths, root) => api.uploadArtifact(name, paths, root));
    if (forge !== "ghes") await readsOthers(api);
  } else {
    const uploaded = {};
    for (const name of Object.keys(artifacts)) {
      await check(`upload ${name}`, async () => {
        const { root, paths } = lay(name);
        uploaded[name] = await api.uploadArtifact(name, paths, root);
        assert.ok(uploaded[name].id > 0 && uploaded[name].size > 0);
      });
    }
    if (client === 6) await raw(api, uploaded);
    await lists(api, uploaded);
    await downloads(api, uploaded);
    if (forge === "github") await overRest(api, uploaded);
    if (forge === "github") await conflict(api);
    await deletes(api, uploaded);
    await check("12 MB in two blocks", async () => {
      const { requests } = await state();
      const first = requests.findIndex((one) => one.route === "BlobPut" && one.bytes === 8 * 1024 * 1024);
      assert.ok(first >= 0, "no block of 8 MiB");
    });
  }
  if (forge !== "github" && forge !== "ghes") {
    withGate();
    await check("with the gate for GHES", () =>
      assert.rejects(() => api.listArtifacts(), { name: "GHESNotSupportedError", message: REFUSALS.ghes.message }),
    );
  }
}

/** `archive: false`: the artifact is called after the file. */
async function raw(api, uploaded) {
  await check("upload a raw file", async () => {
    const file = join(folder, "in", "report.db");
    writeFileSync(file, Buffer.concat([Buffer.from("SQLite format 3\0"), randomBytes(50_000)]));
    uploaded["report.db"] = await api.uploadArtifact("ignored", [file], folder, { skipArchive: true });
    assert.equal(uploaded["report.db"].digest, sha256(readFileSync(file)));
  });
}

async function lists(api, uploaded) {
  await check("list", async () => {
    const { artifacts: rows } = await api.listArtifacts();
    assert.deepEqual(rows.map((row) => row.name).sort(), Object.keys(uploaded).sort());
    for (const row of rows) {
      assert.deepEqual([row.id, row.size], [uploaded[row.name].id, uploaded[row.name].size], row.name);
      assert.ok(Math.abs(row.createdAt - Date.now()) < 600_000);
      // Clients before 2.2 or so know no digest; the row has one where the forge sends it.
      if (uploaded[row.name].digest) {
        assert.equal(row.digest, hasDigest(forge) ? `sha256:${uploaded[row.name].digest}` : undefined);
      }
    }
    const { artifact } = await api.getArtifact("small");
    assert.equal(artifact.id, uploaded.small.id);
  });
}

async function downloads(api, uploaded, options = {}, label = "download") {
  for (const [name, { id, digest }] of Object.entries(uploaded)) {
    await check(`${label} ${name}`, async () => {
      const path = join(folder, label.replaceAll(" ", "-"), name);
      const expectedHash = digest ? `sha256:${digest}` : undefined;
      const { digestMismatch } = await api.downloadArtifact(id, { path, expectedHash, ...options });
      assert.ok(!digestMismatch, "the digest differs");
      if (artifacts[name]) sameFiles(path, artifacts[name]);
      else sameFiles(path, { [name]: readFileSync(join(folder, "in", name)) });
    });
  }
}

/** Another run's reader: REST with a token. */
async function overRest(api, uploaded) {
  const [repositoryOwner, repositoryName] = process.env.GITHUB_REPOSITORY.split("/");
  const workflowRunId = Number(process.env.GITHUB_RUN_ID);
  const findBy = { token: process.env.GITHUB_TOKEN, workflowRunId, repositoryOwner, repositoryName };
  await check("list over REST", async () => {
    const { artifacts: rows } = await api.listArtifacts({ findBy });
    assert.deepEqual(rows.map((row) => row.name).sort(), Object.keys(uploaded).sort());
    const { artifact } = await api.getArtifact("tree", { findBy });
    assert.equal(artifact.id, uploaded.tree.id);
  });
  await downloads(api, uploaded, { findBy }, "download over REST");
}

async function conflict(api) {
  await check("a second upload of a name", async () => {
    const { root, paths } = lay("small");
    await assert.rejects(() => api.uploadArtifact("small", paths, root), {
      message: /\(409\) Conflict: an artifact with this name already exists on the workflow run/,
    });
  });
}

async function deletes(api, uploaded) {
  await check("delete", async () => {
    const { id } = await api.deleteArtifact("small");
    assert.equal(id, uploaded.small.id);
    const { artifacts: rows } = await api.listArtifacts();
    // Forgejo lists what was deleted.
    assert.equal(rows.some((row) => row.name === "small"), forge.startsWith("forgejo"));
  });
}

/** A client that cannot upload still reads what another client uploaded. */
async function readsOthers(api) {
  const { default: other } = await load(2);
  const { root, paths } = lay("tree");
  const made = await other.uploadArtifact("other", paths, root);
  await check("list what 2.3.2 uploaded", async () => {
    const { artifacts: rows } = await api.listArtifacts();
    assert.equal(rows.find((row) => row.name === "other")?.id, made.id);
  });
  await check("download what 2.3.2 uploaded", async () => {
    const path = join(folder, "others");
    await api.downloadArtifact(made.id, { path });
    if (!zipIsLeftWhole(client, forge)) return sameFiles(path, artifacts.tree);
    assert.deepEqual(readdirSync(path), ["other"]);
    assert.equal(readFileSync(join(path, "other")).subarray(0, 4).toString("latin1"), "PK\x03\x04");
  });
}

/** The upload fails as expected, after as many requests as expected. */
async function refused(refusal, upload) {
  const expected = REFUSALS[refusal];
  await check(`refused: ${refusal}`, async () => {
    const { root, paths } = lay("small");
    const error = await upload("small", paths, root).then(
      () => assert.fail("the upload went through"),
      (error) => error,
    );
    assert.match(error.message, expected.message);
    if (expected.name) assert.equal(error.name, expected.name);
    if (expected.statusCode) assert.equal(error.statusCode, expected.statusCode);
    const { requests } = await state();
    const of = requests.filter((one) => one.route === (expected.route ?? one.route));
    assert.equal(of.length, expected.requests);
    assert.ok(of.every((one) => one.status === expected.status), JSON.stringify(of));
  });
}

/** Third protocol. */
async function v3() {
  const api = (await load(1)).create();
  const refusal = UPLOADS[client][forge];
  if (refusal !== "works") {
    await refused(refusal, (name, paths, root) => api.uploadArtifact(name, paths, root));
    return;
  }
  for (const name of Object.keys(artifacts)) {
    await check(`upload ${name}`, async () => {
      const { root, paths } = lay(name);
      const { failedItems } = await api.uploadArtifact(name, paths, root, { continueOnError: false });
      assert.deepEqual(failedItems, []);
    });
  }
  for (const name of Object.keys(artifacts)) {
    await check(`download ${name}`, async () => {
      const path = join(folder, "out", name);
      await api.downloadArtifact(name, path);
      sameFiles(path, artifacts[name]);
    });
  }
  await check("chunks, with gzip and without", async () => {
    const { requests } = await state();
    const puts = requests.filter((one) => one.route === "V3Put");
    assert.ok(puts.some((one) => one.bytes === 8 * 1024 * 1024), "no chunk of 8 MiB");
    assert.ok(puts.every((one) => one.status === 200 || one.status === 201));
  });
  if (forge !== "ghes") {
    withoutGate();
    await check("a v4 artifact is name/name.zip", async () => {
      const { default: other } = await load(2);
      const { root, paths } = lay("small");
      await other.uploadArtifact("v4", paths, root);
      const path = join(folder, "v4");
      await api.downloadArtifact("v4", path);
      assert.deepEqual(Object.keys(read(path)), ["v4.zip"]);
    });
    await check("the v4 list hides v3 artifacts", async () => {
      const { artifacts: rows } = await (await load(2)).default.listArtifacts();
      assert.deepEqual(rows.map((row) => row.name), ["v4"]);
    });
  }
  await check("all at once", async () => {
    const path = join(folder, "all");
    const got = await api.downloadAllArtifacts(path);
    const expected = [...Object.keys(artifacts), ...(forge === "ghes" ? [] : ["v4"])].sort();
    assert.deepEqual(got.map((one) => one.artifactName).sort(), expected);
    sameFiles(join(path, "tree"), artifacts.tree);
  });
}

try {
  await (client === 1 ? v3() : v4());
} catch (error) {
  failures.push(`${error?.stack ?? error}`);
}
mkdirSync(folder, { recursive: true });
writeFileSync(report, JSON.stringify({ done, failures }));
assert.ok(existsSync(report));
process.exit(failures.length ? 1 : 0);
