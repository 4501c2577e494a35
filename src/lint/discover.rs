//! Which files to lint: those named, and those a forge would find.
//!
//! A forge reads the first existing of its folders and nothing else, see [`Dialect::reads_folders_of`].

use std::fs;
use std::path::{Path, PathBuf};

use crate::findings::Problem;
use crate::workflow::dialect::Dialect;

/// A file to lint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its path, as the user knows it.
    pub path: PathBuf,
    /// Whether it was named on the command line, not found in a folder.
    pub named: bool,
}

/// What was found, and what there is to say about it.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files, sorted within each folder.
    pub inputs: Vec<Input>,
    /// Paths that lead nowhere.
    pub problems: Vec<Problem>,
    /// What was chosen and why, for `--verbose`.
    pub notes: Vec<String>,
}

/// Resolves the arguments; without any, the project in the current folder.
pub fn discover(paths: &[PathBuf], forge: Option<Dialect>) -> Discovery {
    let mut discovery = Discovery::default();
    if paths.is_empty() {
        folder(Path::new("."), forge, &mut discovery);
    }
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folder(path, forge, &mut discovery),
            // Whether a file can be read is seen when it is.
            Ok(_) => discovery.inputs.push(Input { path: path.clone(), named: true }),
            Err(error) => discovery.problems.push(unreadable(path, &error)),
        }
    }
    // A file that is both named and found is linted once.
    let mut seen = std::collections::HashSet::new();
    discovery.inputs.retain(|input| seen.insert(input.path.clone()));
    discovery
}

/// A problem in words a person can act on.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    let (message, help) = match error.kind() {
        ErrorKind::NotFound if path.is_symlink() => ("the link leads nowhere", "mend the link or name another file"),
        ErrorKind::NotFound => ("no such file or folder", "check the spelling, and the folder this is run in"),
        ErrorKind::PermissionDenied => ("no permission to read it", "make it readable for the user who runs this"),
        _ if error.raw_os_error() == Some(40) || error.to_string().contains("symbolic link") => {
            ("the links lead in a circle", "mend the link or name another file")
        }
        _ => return Problem::with_path(path, format!("cannot be read: {error}")),
    };
    Problem::with_path(path, message).help(help)
}

fn folder(path: &Path, forge: Option<Dialect>, discovery: &mut Discovery) {
    // The longest list holds the others.
    let order = forge.unwrap_or(Dialect::Forgejo).reads_folders_of();
    let existing: Vec<PathBuf> =
        order.iter().map(|dialect| path.join(dialect.workflow_directory())).filter(|dir| dir.is_dir()).collect();
    if let Some((chosen, unread)) = existing.split_first() {
        let chosen = clean(chosen);
        discovery.notes.push(format!("reading {}", chosen.display()));
        for dir in unread {
            discovery.notes.push(format!("not reading {}: the forge stops at the first folder", clean(dir).display()));
        }
        if !list(&chosen, discovery) {
            discovery.problems.push(
                Problem::with_path(chosen, "the folder holds no workflow").help("workflows end in .yml or .yaml"),
            );
        }
        return;
    }
    if !list(path, discovery) {
        let folders: Vec<String> = order.iter().map(|d| format!("`{}`", d.workflow_directory().display())).collect();
        discovery.problems.push(
            Problem::with_path(path, "no workflows here")
                .help(format!("looked for {} and for .yml files", folders.join(", "))),
        );
    }
}

/// Adds the workflow files directly in `dir`; false when there is none.
fn list(dir: &Path, discovery: &mut Discovery) -> bool {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            discovery.problems.push(unreadable(dir, &error));
            return true;
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml" || e == "yaml") && !path.is_dir())
        // The configuration is no workflow, and may stand beside some.
        .filter(|path| path.file_stem().is_none_or(|stem| stem != ".ci-lint"))
        .map(|path| clean(&path))
        .collect();
    files.sort();
    let any = !files.is_empty();
    discovery.inputs.extend(files.into_iter().map(|path| Input { path, named: false }));
    any
}

/// `./x` as `x`: shorter in every message.
fn clean(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_path_buf(), Path::to_path_buf)
}
