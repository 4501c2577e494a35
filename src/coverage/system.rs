//! What the pure parts ask of the machine: which files exist and what their real paths are. Reads file names, no contents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Kind;
use super::slipcover::Slipcover;
use super::{ReadError, sniff};

/// The working folder.
pub fn working_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Whether there is something at a path.
pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

/// A path made absolute, without links and dots; the part that does not exist is taken as it is written.
pub fn real_path(path: &str) -> String {
    let path = Path::new(path);
    fs::canonicalize(path).unwrap_or_else(|_| resolve(path)).to_string_lossy().into_owned()
}

fn resolve(path: &Path) -> PathBuf {
    let mut left: Vec<PathBuf> = std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .components()
        .rev()
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect();
    let mut done = PathBuf::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part.components().next() {
            Some(Component::ParentDir) => {
                done.pop();
            }
            Some(Component::Normal(name)) => {
                let next = done.join(name);
                match fs::read_link(&next) {
                    Ok(target) if links < 40 => {
                        links += 1;
                        left.extend(target.components().rev().map(|part| PathBuf::from(part.as_os_str())));
                    }
                    _ => done = next,
                }
            }
            Some(Component::Prefix(_) | Component::RootDir) => done.push(part),
            Some(Component::CurDir) | None => {}
        }
    }
    done
}

/// A path made absolute and without dots, by its text alone.
pub fn normal_path(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The files below a folder that have one of these names, relative to it with `/`, in order. Hidden folders, virtual
/// environments and links are no part of a source tree.
pub fn source_tree(root: &Path, names: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            if kind.is_dir() {
                let skipped = name.starts_with('.') || name == "__pycache__" || name == "node_modules";
                if !skipped && !entry.path().join("pyvenv.cfg").exists() {
                    folders.push((entry.path(), format!("{prefix}{name}/")));
                }
            } else if kind.is_file() && names.contains(name.as_str()) {
                found.push(format!("{prefix}{name}"));
            }
        }
    }
    found.sort_unstable();
    found
}

/// Which kind of data a file holds.
///
/// # Errors
/// When it cannot be read.
pub fn kind_of(path: &Path) -> Result<Kind, ReadError> {
    use std::io::Read;
    let read = || -> std::io::Result<Kind> {
        let mut file = fs::File::open(path)?;
        let mut head = Vec::with_capacity(sniff::HEAD);
        let length = sniff::HEAD as u64;
        file.by_ref().take(length).read_to_end(&mut head)?;
        if let Some(kind) = sniff::kind(&head, head.len() < sniff::HEAD) {
            return Ok(kind);
        }
        file.read_to_end(&mut head)?;
        Ok(sniff::kind(&head, true).unwrap_or(Kind::Other))
    };
    read().map_err(|error| ReadError::new(path, error))
}

/// Reads slipcover's JSON.
///
/// # Errors
/// Everything that can be wrong with it.
pub fn read_slipcover(path: &Path) -> Result<Slipcover, ReadError> {
    let json = fs::read(path).map_err(|error| ReadError::new(path, error))?;
    Slipcover::parse(&path.to_string_lossy(), &json).map_err(|problem| ReadError::new(path, problem))
}
