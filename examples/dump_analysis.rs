//! Prints what ci-lint finds in Python files, one JSON object per line, as `tests/oracle/python/dump.py` prints what coverage.py
//! finds: `dump_analysis 3.13 < list-of-paths > facts.jsonl`.
#![expect(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;
use std::io::Read as _;

use ci_lint::python::{Patterns, PythonVersion, analyse};
use rayon::prelude::*;
use serde_json::json;

mod facts;

fn main() -> Result<(), Box<dyn Error>> {
    let version = std::env::args().nth(1).as_deref().and_then(PythonVersion::parse).ok_or("which Python version?")?;
    let mut paths = String::new();
    std::io::stdin().read_to_string(&mut paths)?;
    let paths: Vec<&str> = paths.lines().collect();
    let patterns = Patterns::default();
    // Some test files of CPython's nest very deeply.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(512 << 20).build()?;
    let lines: Vec<String> = pool.install(|| {
        paths
            .par_iter()
            .map(|path| {
                match std::fs::read(path)
                    .map_err(|error| error.to_string())
                    .and_then(|bytes| analyse(&bytes, version, &patterns).map_err(|error| error.for_file(path)))
                {
                    Ok(analysis) => facts::facts(path, &analysis).to_string(),
                    Err(error) => json!({ "file": path, "error": error }).to_string(),
                }
            })
            .collect()
    });
    for line in lines {
        println!("{line}");
    }
    Ok(())
}
