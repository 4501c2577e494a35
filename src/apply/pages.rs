//! The folder of the HTML report over several runs: what an earlier run of ours left there, and is no longer part of the report,
//! goes.
//!
//! coverage.py removes the pages of files that it now skips; those of deleted sources stay for good. Here each run leaves a list
//! of what it wrote. A file is removed only if the list names it, and it is still what was written.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::report::html::hash;

/// The name of the list: a hash and a name a line.
pub(super) const LIST: &str = "ci-lint-pages.txt";

/// A file of the report.
#[derive(Debug)]
pub(super) struct Page {
    name: String,
    hash: String,
}

impl Page {
    /// A file and what it holds.
    pub(super) fn new(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), hash: hash(bytes) }
    }
}

/// The list of these files.
pub(super) fn list(pages: &[Page]) -> String {
    let mut lines: Vec<String> = pages.iter().map(|page| format!("{}  {}\n", page.hash, page.name)).collect();
    lines.sort_unstable();
    lines.concat()
}

/// What an earlier run of ours left in `folder` that is not among `pages`.
pub(super) fn stale(folder: &Path, pages: &[Page]) -> Vec<PathBuf> {
    let kept: HashSet<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    let Ok(earlier) = fs::read_to_string(folder.join(LIST)) else { return Vec::new() };
    earlier
        .lines()
        .filter_map(|line| line.split_once("  "))
        // A list that somebody else wrote must not lead out of the folder.
        .filter(|(_, name)| {
            !kept.contains(name) && *name != LIST && !name.contains(['/', '\\']) && !name.starts_with('.')
        })
        .map(|(hash, name)| (hash, folder.join(name)))
        .filter(|(_, path)| path.symlink_metadata().is_ok_and(|data| data.is_file()))
        .filter(|(expected, path)| fs::read(path).is_ok_and(|bytes| hash(&bytes) == *expected))
        .map(|(_, path)| path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_and_untouched_is_stale() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("htmlcov");
        fs::create_dir(&folder).expect("made");
        let earlier = [("index.html", "1"), ("a.html", "a"), ("b.html", "b"), ("edited.html", "e")];
        let pages = |files: &[(&str, &str)]| -> Vec<Page> {
            files.iter().map(|(name, text)| Page::new(name, text.as_bytes())).collect()
        };
        assert!(stale(&folder, &pages(&earlier)).is_empty());
        let lines = format!("{}{}  ../outside.html\n", list(&pages(&earlier)), hash(b"o"));
        for (path, text) in earlier.iter().chain(&[(LIST, lines.as_str()), ("../outside.html", "o"), ("own.html", "x")])
        {
            fs::write(folder.join(path), text).expect("written");
        }
        fs::write(folder.join("edited.html"), "by hand").expect("written");
        assert_eq!(stale(&folder, &pages(&[("index.html", "2"), ("a.html", "a")])), [folder.join("b.html")]);
    }
}
