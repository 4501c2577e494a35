// Downloads with the real client, as actions/download-artifact@v4 does with a pattern: a folder for each artifact.
const { DefaultArtifactClient } = require("@actions/artifact");

async function main() {
  const client = new DefaultArtifactClient();
  const [before, after] = process.env["INPUT_PATTERN"].split("*");
  const { artifacts } = await client.listArtifacts({ latest: true });
  for (const { id, name } of artifacts.filter(({ name }) => name.startsWith(before) && name.endsWith(after))) {
    const { downloadPath } = await client.downloadArtifact(id, { path: name });
    console.log(`downloaded ${name} to ${downloadPath}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
