//! Which data files are meant, and which tool wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use super::ApplyError;
use crate::coverage::{Kind, inputs, system};

/// Data files of one tool.
pub(super) enum Inputs {
    /// coverage.py's.
    Coverage(Vec<PathBuf>),
    /// slipcover's.
    Slipcover(Vec<PathBuf>),
}

impl Inputs {
    /// The files.
    pub(super) fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Coverage(paths) | Self::Slipcover(paths) => paths,
        }
    }

    /// The files, and what they are.
    pub(super) fn into_files(self) -> Vec<(PathBuf, Kind)> {
        let (paths, kind) = match self {
            Self::Coverage(paths) => (paths, Kind::Sqlite),
            Self::Slipcover(paths) => (paths, Kind::Slipcover),
        };
        paths.into_iter().map(|path| (path, kind)).collect()
    }
}

/// Finds the data files that `named` means, or the configured one and its parallel parts.
pub(super) fn collect(named: &[PathBuf], data_file: &Path) -> Result<Inputs, ApplyError> {
    let mut files: Vec<PathBuf> = Vec::new();
    if named.is_empty() {
        let found = inputs::find(&[], data_file).map_err(|error| ApplyError::Data(vec![error.to_string()]))?;
        files.extend(data_file.is_file().then(|| data_file.to_path_buf()));
        files.extend(found);
    }
    for path in named {
        if path.is_dir() {
            files.extend(folder(path, data_file)?);
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(missing(&format!("`{}` does not exist", path.display())));
        }
    }
    if files.is_empty() {
        let place = named.first().map_or_else(|| data_file.display().to_string(), |path| path.display().to_string());
        return Err(missing(&format!("there is no coverage data at `{place}`")));
    }
    split(files)
}

/// Tells by which tool files were written.
fn split(files: Vec<PathBuf>) -> Result<Inputs, ApplyError> {
    let (mut known, mut errors) = (Vec::new(), Vec::new());
    for path in files {
        match system::kind_of(&path) {
            Ok(kind) => known.push((path, kind)),
            Err(error) => errors.push(format!("{error}: {}", error.help())),
        }
    }
    if errors.is_empty() { of_one_tool(known) } else { Err(ApplyError::Data(errors)) }
}

/// The files of one tool; those of two do not go together.
pub(super) fn of_one_tool(files: Vec<(PathBuf, Kind)>) -> Result<Inputs, ApplyError> {
    // What is no data at all is told apart when it is read.
    let (slipcover, coverage): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, kind)| *kind == Kind::Slipcover);
    let paths = |files: Vec<(PathBuf, Kind)>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    match (coverage.first(), slipcover.first()) {
        (Some((first, _)), Some((second, _))) => Err(ApplyError::Data(vec![format!(
            "`{}` is coverage.py's data and `{}` slipcover's: their statements differ, so name the files of one tool",
            first.display(),
            second.display()
        )])),
        (None, _) => Ok(Inputs::Slipcover(paths(slipcover))),
        (Some(_), None) => Ok(Inputs::Coverage(paths(coverage))),
    }
}

fn missing(message: &str) -> ApplyError {
    ApplyError::Data(vec![format!("{message}: did the test job upload it, and was it downloaded to this place?")])
}

/// The data files directly in a folder: coverage.py's by their names, slipcover's by what they hold.
fn folder(path: &Path, data_file: &Path) -> Result<Vec<PathBuf>, ApplyError> {
    let name = data_file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries =
        fs::read_dir(path).map_err(|error| missing(&format!("`{}` cannot be read: {error}", path.display())))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .filter(|path| {
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            let ours = own == name.as_str() || own.starts_with(&format!("{name}."));
            let json = path.extension().is_some_and(|e| e == "json");
            (ours && !own.ends_with("-journal")) || (json && matches!(system::kind_of(path), Ok(Kind::Slipcover)))
        })
        .collect();
    files.sort();
    Ok(files)
}
