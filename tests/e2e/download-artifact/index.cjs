// Downloads with the real client, as actions/download-artifact@v4 does: by name into `path`, by pattern into a folder for each
// artifact.
const path = require("node:path");
const { DefaultArtifactClient } = require("@actions/artifact");

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";

async function main() {
  const client = new DefaultArtifactClient();
  const { artifacts } = await client.listArtifacts({ latest: true });
  const named = input("name") !== "";
  const [before, after] = (named ? `${input("name")}*` : input("pattern")).split("*");
  const wanted = ({ name }) => (named ? name === before : name.startsWith(before) && name.endsWith(after));
  const found = artifacts.filter(wanted);
  if (named && found.length === 0) {
    throw new Error(`Unable to download artifact(s): Artifact not found for name: ${before}`);
  }
  for (const { id, name } of found) {
    const folder = path.join(input("path"), named ? "" : name);
    const { downloadPath } = await client.downloadArtifact(id, { path: folder });
    console.log(`downloaded ${name} to ${downloadPath}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
