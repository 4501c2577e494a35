// Runs a script of this folder under Pyodide, a CPython compiled to WebAssembly, for a version that no installed interpreter has.
//
// Usage: node in_pyodide.mjs PYODIDE COVERAGE SCRIPT [ARGUMENT...] < input > output
//   PYODIDE: the folder of the npm package; COVERAGE: a folder with coverage.py's pure wheel unpacked.
// The script sees this machine's files below /host, and its standard input and output are this process's.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, coverageFolder, script, ...args] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.resolve(pyodideFolder, "pyodide.mjs")));

const python = await loadPyodide({ indexURL: path.resolve(pyodideFolder) });
python.FS.mkdir("/host");
python.FS.mount(python.FS.filesystems.NODEFS, { root: "/" }, "/host");
python.FS.writeFile("/input", fs.readFileSync(0));
const bytes = { write: (buffer) => fs.writeSync(1, buffer) };
python.setStdout(bytes);
python.setStderr({ write: (buffer) => fs.writeSync(2, buffer) });

const host = (file) => "/host" + path.resolve(file);
python.globals.set("argv", python.toPy([host(script), ...args]));
python.globals.set("coverage_folder", host(coverageFolder));
// The error itself would be printed with the source of Pyodide, a megabyte on one line.
const fail = (error) => {
  console.error(error.message);
  process.exit(1);
};
await python.runPythonAsync(`
import runpy, sys
sys.path.insert(0, coverage_folder)
sys.stdin = open("/input")
sys.argv = argv
runpy.run_path(argv[0], run_name="__main__")
sys.stdout.flush()
`).catch(fail);
