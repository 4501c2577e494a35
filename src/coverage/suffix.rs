//! Recorded paths of another machine found in the source tree by their last parts, for when nobody wrote `[paths]`.
//!
//! `/workspace/o/r/src/x.py` is `src/x.py` here. One root may lead to one place only: where two places in the tree explain
//! the recorded files equally well, nothing is guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// A folder of another machine and the folder of the source tree that it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// The recorded folder, without a separator at its end.
    pub recorded: String,
    /// The folder relative to the source tree, with `/`; empty for the tree itself.
    pub here: String,
}

/// The roots that explain the recorded paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// By the number of files they explain, most first.
    pub roots: Vec<(Root, usize)>,
    files: HashMap<String, String>,
}

/// Two places explain the recorded files equally well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "files recorded under `{recorded}` could be those under `{first}` or `{second}`: name the right one in `[paths]`"
)]
pub struct Ambiguous {
    /// The recorded folder.
    pub recorded: String,
    /// One place in the tree.
    pub first: String,
    /// The other.
    pub second: String,
}

impl Mapping {
    /// The path in the source tree, with `/`, of a recorded path.
    pub fn get(&self, recorded: &str) -> Option<&str> {
        self.files.get(recorded).map(String::as_str)
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// One line of text: what was mapped onto what.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (root, files)) in self.roots.iter().enumerate() {
            let files = format!("{files} {}", if *files == 1 { "file" } else { "files" });
            let start = if at == 0 { "took " } else { ", and " };
            write!(f, "{start}{files} recorded under `{}` for those under `{}`", root.recorded, place(&root.here))?;
        }
        Ok(())
    }
}

fn place(here: &str) -> &str {
    if here.is_empty() { "." } else { here }
}

fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).collect()
}

/// Finds recorded paths in a source tree, whose files are given relative to it with `/`.
///
/// # Errors
/// Says which two places explain the same recorded folder equally well.
pub fn find<'a>(
    recorded: impl IntoIterator<Item = &'a str>,
    tree: impl IntoIterator<Item = &'a str>,
) -> Result<Mapping, Ambiguous> {
    let mut by_name: HashMap<&str, Vec<Vec<&str>>> = HashMap::new();
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for file in tree {
        let parts = parts(file);
        all.insert(file);
        by_name.entry(parts[parts.len() - 1]).or_default().push(parts);
    }
    let mut left: BTreeSet<&str> = recorded.into_iter().collect();
    let mut mapping = Mapping::default();
    loop {
        // Each root that some path speaks for by its longest common end, and how long that end is.
        let mut roots: BTreeMap<Root, usize> = BTreeMap::new();
        for path in &left {
            let path = parts(path);
            let candidates = by_name.get(path[path.len() - 1]).map(Vec::as_slice).unwrap_or_default();
            let common = |file: &[&str]| path.iter().rev().zip(file.iter().rev()).take_while(|(a, b)| a == b).count();
            let longest = candidates.iter().map(|file| common(file)).max().unwrap_or(0);
            for file in candidates.iter().filter(|file| common(file) == longest) {
                let root = Root {
                    recorded: path[..path.len() - longest].join("/"),
                    here: file[..file.len() - longest].join("/"),
                };
                let end = roots.entry(root).or_default();
                *end = longest.max(*end);
            }
        }
        let alone = roots.keys().map(|root| &root.recorded).collect::<BTreeSet<_>>().len() == 1;
        let mut explained: Vec<(Root, Vec<(&str, String)>)> = roots
            .into_iter()
            // A name alone says nothing when other files were elsewhere: there are many `__init__.py`.
            .filter(|(_, end)| *end > 1 || (alone && mapping.is_empty()))
            .map(|(root, _)| {
                let files = left.iter().filter_map(|&path| Some((path, under(path, &root, &all)?))).collect();
                (root, files)
            })
            .collect();
        explained.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
        let mut explained = explained.into_iter();
        let Some((root, files)) = explained.next().filter(|(_, files)| !files.is_empty()) else { return Ok(mapping) };
        let rival = explained.take_while(|other| other.1.len() == files.len()).find(|(_, others)| {
            others.iter().any(|(path, target)| files.iter().any(|(own, found)| own == path && found != target))
        });
        if let Some((rival, _)) = rival {
            return Err(Ambiguous {
                recorded: root.recorded,
                first: place(&root.here).to_owned(),
                second: place(&rival.here).to_owned(),
            });
        }
        left.retain(|path| strip(path, &root.recorded).is_none());
        mapping.roots.push((root, files.len()));
        mapping.files.extend(files.into_iter().map(|(path, target)| (path.to_owned(), target)));
    }
}

/// What is below a folder, with `/`.
fn strip(path: &str, folder: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    Some(path.strip_prefix(folder)?.strip_prefix('/')?.to_owned())
}

/// Where a root puts a path, if the tree has it.
fn under(path: &str, root: &Root, tree: &BTreeSet<&str>) -> Option<String> {
    let rest = strip(path, &root.recorded)?;
    let target = if root.here.is_empty() { rest } else { format!("{}/{rest}", root.here) };
    tree.contains(target.as_str()).then_some(target)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    #[test]
    fn one_root_for_all_files() {
        let recorded =
            ["/workspace/o/r/src/x.py", "/workspace/o/r/src/p/__init__.py", "/workspace/o/r/src/gone/__init__.py"];
        let tree = ["src/x.py", "src/p/__init__.py", "src/q/__init__.py", "tests/x.py"];
        let mapping = find(recorded, tree).unwrap();
        assert_eq!(mapping.get(recorded[0]), Some("src/x.py"));
        assert_eq!(mapping.get(recorded[1]), Some("src/p/__init__.py"));
        assert_eq!(mapping.get(recorded[2]), None);
        assert_eq!(mapping.to_string(), "took 2 files recorded under `/workspace/o/r` for those under `.`");
    }

    #[test]
    fn several_machines_and_a_moved_tree() {
        let recorded = ["/a/src/p/x.py", "/a/src/p/y.py", r"c:\b\src\p\x.py", "/venv/site-packages/p/y.py"];
        let mapping = find(recorded, ["lib/p/x.py", "lib/p/y.py"]).unwrap();
        assert_eq!(mapping.get(recorded[1]), Some("lib/p/y.py"));
        assert_eq!(mapping.get(recorded[2]), Some("lib/p/x.py"));
        assert_eq!(mapping.get(recorded[3]), Some("lib/p/y.py"));
        assert_eq!(mapping.roots.len(), 3);
    }

    #[test]
    fn refuses_to_choose() {
        let error = find(["/a/p/x.py"], ["one/p/x.py", "two/p/x.py"]).unwrap_err();
        assert_eq!((error.first.as_str(), error.second.as_str()), ("one", "two"));
        // More files decide.
        assert!(find(["/a/p/x.py", "/a/p/y.py"], ["one/p/x.py", "two/p/x.py", "two/p/y.py"]).is_ok());
    }

    #[test]
    fn a_name_alone_decides_only_when_nothing_else_was_recorded() {
        assert_eq!(find(["/a/x.py"], ["x.py"]).unwrap().get("/a/x.py"), Some("x.py"));
        let mapping = find(["/a/p/x.py", "/usr/lib/foo/__init__.py"], ["p/x.py", "p/__init__.py"]).unwrap();
        assert_eq!(mapping.get("/usr/lib/foo/__init__.py"), None);
        assert!(find(["/a/x.py"], ["y.py"]).unwrap().is_empty());
    }
}
