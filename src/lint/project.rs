//! The project's files on disk, for what workflows refer to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::configs;
use crate::flow::{Files, Project};
use crate::source::{Source, plain_path};

/// A larger file is none that a workflow's step is written in.
const MAX_BYTES: u64 = 1 << 20;

/// The project whose root is `root`. Its files are read when they are asked for.
pub(super) fn read(root: &Path) -> Project {
    Project::of(Arc::new(Disk { root: root.to_path_buf(), seen: Mutex::default() }))
}

/// The files below a root. Each is read once, whichever workflow asks for it.
#[derive(Debug)]
struct Disk {
    root: PathBuf,
    seen: Mutex<HashMap<String, Option<Arc<Source>>>>,
}

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Arc<Source>> {
        let path = normal(path)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = seen.get(&path) {
            return source.clone();
        }
        let source = load(&self.root.join(&path)).map(Arc::new);
        seen.insert(path, source.clone());
        source
    }
}

/// `path` without `.` and `..`; `None` when it leaves the project or is its root.
fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    plain_path(path).filter(|path| !path.is_empty())
}

fn load(path: &Path) -> Option<Source> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    Some(Source::new(configs::shown(path), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_and_none_outside_the_project() {
        let outer = tempfile::tempdir().expect("a folder");
        let root = outer.path().join("project");
        std::fs::create_dir_all(root.join("tools")).expect("made");
        std::fs::write(root.join("tools/test.sh"), "pytest\n").expect("written");
        std::fs::write(outer.path().join("secret"), "x").expect("written");
        let project = read(&root);
        let first = project.files.read("./tools/../tools/test.sh").expect("found");
        assert_eq!(first.text, "pytest\n");
        assert!(Arc::ptr_eq(&first, &project.files.read("tools/test.sh").expect("found")));
        for path in ["../secret", "tools/../../secret", "/etc/passwd", "tools", "absent", ".", ""] {
            assert!(project.files.read(path).is_none(), "{path}");
        }
    }
}
