//! Combines data files and writes the result, for comparison with `coverage combine` and `slipcover --merge`.
//!
//! ```text
//! combine [--paths JSON] [--relative] [--tree DIR] [--data-file FILE] [--sqlite] [--owners] --out FILE [INPUT]...
//! combine --slipcover --out FILE INPUT...
//! ```
//! `--paths` is the list of the lists of `[paths]`; `--sqlite` reads nothing without SQLite; `--owners` also
//! finds out who executed which lines, for measuring what that takes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ci_lint::coverage::combine::{Options, Outcome, combine};
use ci_lint::coverage::{slipcover, system, write};
use rayon::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut paths: Vec<Vec<String>> = Vec::new();
    let (mut relative_files, mut through_sqlite, mut slipcover, mut owners) = (false, false, false, false);
    let (mut tree, mut out) = (None, None);
    let mut data_file = PathBuf::from(".coverage");
    let mut inputs: Vec<PathBuf> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--paths" => paths = serde_json::from_str(&value()?)?,
            "--relative" => relative_files = true,
            "--sqlite" => through_sqlite = true,
            "--owners" => owners = true,
            "--slipcover" => slipcover = true,
            "--tree" => tree = Some(PathBuf::from(value()?)),
            "--data-file" => data_file = value()?.into(),
            "--out" => out = Some(PathBuf::from(value()?)),
            _ => inputs.push(argument.into()),
        }
    }
    let out = out.ok_or("--out is needed")?;
    if slipcover {
        return merge_slipcover(&inputs, &out);
    }
    let options =
        Options { paths: &paths, relative_files, source_tree: tree.as_deref(), elsewhere: &[], owners, through_sqlite };
    let combined = combine(&inputs, &data_file, &options)?;
    let (mut merged, mut skipped, mut failed) = (0, 0, 0);
    for input in &combined.inputs {
        match &input.outcome {
            Outcome::Merged(_) => merged += 1,
            Outcome::Duplicate => skipped += 1,
            Outcome::Failed(error) => {
                failed += 1;
                eprintln!("{error}: {}", error.help());
            }
        }
    }
    if !combined.mapping.is_empty() {
        println!("{}", combined.mapping);
    }
    println!("merged {merged}, skipped {skipped}, failed {failed}");
    write::write(&combined.data, &out)?;
    Ok(())
}

fn merge_slipcover(inputs: &[PathBuf], out: &Path) -> Result<()> {
    let parts =
        inputs.par_iter().map(|path| system::read_slipcover(path)).collect::<std::result::Result<Vec<_>, _>>()?;
    let merged = slipcover::merge(parts, &system::real_path)?;
    std::fs::write(out, merged.to_json())?;
    Ok(())
}
