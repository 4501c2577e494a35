// Uploads one file with the real client: @actions/artifact 2.3.2, which is what actions/upload-artifact@v4 holds.
const fs = require("node:fs");
const path = require("node:path");
const { DefaultArtifactClient } = require("@actions/artifact");

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";

async function main() {
  const file = path.resolve(input("path"));
  const hidden = path.basename(file).startsWith(".") && input("include-hidden-files") !== "true";
  if (hidden || !fs.existsSync(file)) {
    console.log(`::warning::No files were found with the provided path: ${input("path")}.`);
    process.exit(input("if-no-files-found") === "error" ? 1 : 0);
  }
  const { id, size } = await new DefaultArtifactClient().uploadArtifact(input("name"), [file], path.dirname(file));
  console.log(`uploaded ${input("name")}: ${size} bytes, id ${id}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
