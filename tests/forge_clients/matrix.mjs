// Runs every client at every forge, each pair with a forge of its own, and prints the table of what came of it.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { CLIENTS, FORGES, UPLOADS } from "./expectations.mjs";

const [simulator, work, ...chosen] = process.argv.slice(2);
const here = import.meta.dirname;

/** A forge of its own: its facts, and a way to end it. */
async function startForge(forge, folder) {
  const child = spawn(simulator, [forge, "--folder", folder], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((done) => child.on("exit", done));
  const line = await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once("line", done);
    child.once("exit", (code) => fail(new Error(`forge_sim ${forge} ended with ${code}`)));
  });
  const stop = () => {
    child.stdin.end();
    return ended;
  };
  return { ...JSON.parse(line), stop };
}

/** What one client did at one forge: `{done: [...], failures: [...]}`. */
async function runPair(client, forge) {
  const folder = resolve(work, "runs", `${client}-${forge}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const facts = await startForge(forge, join(folder, "forge"));
  const began = Date.now();
  const report = join(folder, "report.json");
  // Nothing of the caller's environment but what finds node: a real GITHUB_… must not get in between.
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ...facts.env, GITHUB_TOKEN: facts.api_token };
  const child = spawn(process.execPath, [join(here, "client.mjs"), resolve(work), client, forge, report, facts.url], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (data) => (log += data));
  child.stderr.on("data", (data) => (log += data));
  const code = await new Promise((done) => child.on("exit", done));
  await facts.stop();
  let result;
  try {
    result = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    result = { done: [], failures: [`no report, exit code ${code}`] };
  }
  const { violations } = JSON.parse(readFileSync(join(folder, "forge", "state.json"), "utf8"));
  result.failures.push(...violations.map((violation) => `violation: ${violation}`));
  if (!result.done.length && !result.failures.length) result.failures.push("nothing was checked");
  if (code !== 0 && result.failures.length === 0) result.failures.push(`exit code ${code}`);
  if (result.failures.length) result.log = log.split("\n").slice(-25).join("\n");
  return { client, forge, seconds: (Date.now() - began) / 1000, ...result };
}

/** At most `width` at a time. */
async function pool(tasks, width) {
  const results = [];
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) results.push(await task());
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

const pairs = Object.keys(CLIENTS)
  .flatMap((client) => FORGES.map((forge) => ({ client: Number(client), forge })))
  .filter(({ client, forge }) => {
    const clients = chosen.filter((word) => word in CLIENTS);
    const forges = chosen.filter((word) => FORGES.includes(word));
    return (!clients.length || clients.includes(String(client))) && (!forges.length || forges.includes(forge));
  });
if (!pairs.length || chosen.some((word) => !(word in CLIENTS) && !FORGES.includes(word))) {
  console.error(`choose of ${Object.keys(CLIENTS)} and ${FORGES}`);
  process.exit(2);
}

// The client's retries of a 500 take half a minute of waiting: those pairs begin at once and cost no processor.
const waits = ({ client, forge }) => UPLOADS[client][forge] === "mime_type";
const tasks = (list) => list.map(({ client, forge }) => () => runPair(client, forge));
const began = Date.now();
const [slow, quick] = await Promise.all([
  pool(tasks(pairs.filter(waits)), 3),
  pool(tasks(pairs.filter((pair) => !waits(pair))), 3),
]);
const results = [...slow, ...quick];

const cell = (result) => {
  if (!result) return "";
  if (result.failures.length) return "FAILED";
  const refusal = UPLOADS[result.client][result.forge];
  return refusal === "works" ? `${result.done.length} ok` : `${refusal}, ${result.done.length} ok`;
};
const columns = ["client", ...FORGES];
const rows = Object.entries(CLIENTS).map(([client, version]) => [
  version,
  ...FORGES.map((forge) => cell(results.find((r) => r.client === Number(client) && r.forge === forge))),
]);
const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at].length)));
for (const row of [columns, ...rows]) console.log(row.map((text, at) => text.padEnd(widths[at])).join("  ").trimEnd());

const checks = results.reduce((sum, result) => sum + result.done.length, 0);
console.log(`${results.length} pairs, ${checks} checks, ${((Date.now() - began) / 1000).toFixed(0)} s`);
const failed = results.filter((result) => result.failures.length);
for (const { client, forge, failures, log } of failed) {
  console.log(`\n@actions/artifact ${CLIENTS[client]} at ${forge}:`);
  for (const failure of failures) console.log(`  ${failure}`);
  console.log(log.replace(/^/gm, "    | "));
}
process.exit(failed.length ? 1 : 0);
