//! Says which sources are proved to have changed since the given data files measured them, for a check on real data.
//!
//! ```text
//! stale_scan VERSION [--shift LINES] DATA...
//! ```
//! With `--shift` every recorded line counts as so many lines further down, which must be noticed. One line for each source
//! that is stale, and the counts at the end.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use ci_lint::apply::stale::stale;
use ci_lint::coverage::combine::{Options, combine_files};
use ci_lint::coverage::{FileData, LineSet};
use ci_lint::python::{Patterns, PythonVersion, analyse};

fn main() -> ExitCode {
    match std::thread::Builder::new().stack_size(512 << 20).spawn(run).map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1).peekable();
    let version = arguments.next().as_deref().and_then(PythonVersion::parse).ok_or("name a Python version first")?;
    let mut shift = 0;
    if arguments.peek().is_some_and(|argument| argument == "--shift") {
        arguments.next();
        shift = arguments.next().and_then(|text| text.parse().ok()).ok_or("--shift needs a number")?;
    }
    let (mut files, mut executed, mut unread, mut found) = (0, 0, 0, 0);
    for path in arguments {
        let options = Options::default();
        let combined =
            combine_files(vec![path.clone().into()], &options, &|_| ()).map_err(|error| error.to_string())?;
        if let Some(error) = combined.failures().next() {
            return Err(error.to_string());
        }
        for (source, file) in &combined.data.files {
            let Some(analysis) =
                std::fs::read(source).ok().and_then(|bytes| analyse(&bytes, version, &Patterns::default()).ok())
            else {
                unread += 1;
                continue;
            };
            files += 1;
            executed += usize::from(!file.contexts.is_empty());
            let shifted = shifted(file, shift);
            if let Some(stale) = stale(&shifted, &analysis) {
                found += 1;
                if shift == 0 {
                    println!("{path}: {source}: {stale}");
                }
            }
        }
    }
    println!("{files} sources, {executed} executed, {unread} unreadable, {found} proved stale");
    Ok(())
}

fn shifted(file: &FileData, by: i32) -> FileData {
    let mut file = file.clone();
    for (_, measured) in &mut file.contexts {
        let lines: LineSet = measured.lines.iter().map(|line| line.saturating_add_signed(by)).collect();
        measured.lines = lines;
        for (from, to) in &mut measured.arcs {
            for end in [from, to] {
                if *end != -1 {
                    *end += by * end.signum();
                }
            }
        }
    }
    file
}
