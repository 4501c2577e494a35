// Uploads files with the real client: @actions/artifact 2.3.2, which is what actions/upload-artifact@v4 holds.
const fs = require("node:fs");
const path = require("node:path");
const { DefaultArtifactClient } = require("@actions/artifact");

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";

// The files of one line: a file, or those of its folder that a `*` at the end of the name stands for.
function matches(line) {
  const file = path.resolve(line);
  const [start, rest] = path.basename(file).split("*");
  if (rest === undefined) {
    return fs.existsSync(file) ? [file] : [];
  }
  const names = fs.readdirSync(path.dirname(file)).filter((name) => name.startsWith(start) && name.endsWith(rest));
  return names.map((name) => path.join(path.dirname(file), name));
}

async function main() {
  const lines = input("path").split("\n").filter((line) => line.trim() !== "");
  const hidden = (file) => path.basename(file).startsWith(".") && input("include-hidden-files") !== "true";
  const files = lines.flatMap(matches).filter((file) => !hidden(file));
  if (files.length === 0) {
    console.log(`::warning::No files were found with the provided path: ${input("path")}.`);
    process.exit(input("if-no-files-found") === "error" ? 1 : 0);
  }
  const root = path.dirname(files[0]);
  const { id, size } = await new DefaultArtifactClient().uploadArtifact(input("name"), files, root);
  console.log(`uploaded ${input("name")}: ${size} bytes, id ${id}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
