//! Which data files are meant, as `coverage combine` finds them.

use std::fs;
use std::path::{Path, PathBuf};

use super::system::normal_path;

/// A path that was named, but does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot combine from `{}`: there is no such path", .0.display())]
pub struct NoSuchPath(pub PathBuf);

/// The data files meant by `inputs`, absolute and in order of their paths: a file means itself, a folder everything in it
/// whose name begins with the name of `data_file` and a dot, nothing at all the folder of `data_file`. SQLite's journals
/// and `data_file` itself are left out. A file named twice is there twice.
///
/// # Errors
/// Says which of the inputs does not exist.
pub fn find(inputs: &[PathBuf], data_file: &Path) -> Result<Vec<PathBuf>, NoSuchPath> {
    let data_file = normal_path(data_file);
    let mut prefix = data_file.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    let folder = [data_file.parent().unwrap_or(&data_file).to_owned()];
    let mut found = Vec::new();
    for input in if inputs.is_empty() { &folder } else { inputs } {
        let path = normal_path(input);
        if path.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            found.extend(
                entries
                    .map(|entry| entry.file_name())
                    .filter(|name| name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes()))
                    .map(|name| path.join(name)),
            );
        } else if path.exists() {
            found.push(path);
        } else {
            return Err(NoSuchPath(input.clone()));
        }
    }
    found.retain(|path| *path != data_file && !path.as_os_str().as_encoded_bytes().ends_with(b"-journal"));
    found.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(found)
}

/// The hash that a parallel data file has in its name, which coverage.py computed from what was recorded.
pub fn hash_in_name(name: &str) -> Option<&str> {
    // `<data file>.<host>.pid<digits>.X<6>x.H<10>h`
    let word = |text: &str| text.chars().all(|char| char.is_alphanumeric() || char == '_');
    let (rest, hash) = name.rsplit_once('.')?;
    let inner = hash.strip_prefix('H')?.strip_suffix('h')?;
    let (rest, random) = rest.rsplit_once('.')?;
    let random = random.strip_prefix('X')?.strip_suffix('x')?;
    let (rest, process) = rest.rsplit_once('.')?;
    let process = process.strip_prefix("pid")?;
    let (_, host) = rest.rsplit_once('.')?;
    let fits = inner.chars().count() == 10
        && word(inner)
        && random.chars().count() == 6
        && word(random)
        && !process.is_empty()
        && process.bytes().all(|byte| byte.is_ascii_digit())
        && !host.is_empty();
    fits.then_some(inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_parallel_files() {
        assert_eq!(hash_in_name(".coverage.host.pid12.Xabcdefx.H0123456789h"), Some("0123456789"));
        assert_eq!(hash_in_name(".coverage.host.pid12.Xabcdefx"), None);
        assert_eq!(hash_in_name(".coverage.1.pid12.Xabcdefx.H012345678h"), None);
        assert_eq!(hash_in_name("x.pid.Xabcdefx.H0123456789h"), None);
    }

    #[test]
    fn finds_what_combine_finds() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in [".coverage", ".coverage.b", ".coverage.a", ".coverage.a-journal", ".coverage2", "other"] {
            fs::write(root.join(name), "").unwrap();
        }
        let data_file = root.join(".coverage");
        let names = |inputs: &[&str]| -> Vec<String> {
            let inputs: Vec<PathBuf> = inputs.iter().map(|input| root.join(input)).collect();
            let found = find(&inputs, &data_file).unwrap();
            found.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&[]), [".coverage.a", ".coverage.b"]);
        assert_eq!(
            names(&["other", "x/..", ".coverage.a", ".coverage"]),
            [".coverage.a", ".coverage.a", ".coverage.b", "other"]
        );
        let missing = find(&[root.join("nope")], &data_file).unwrap_err();
        assert_eq!(missing, NoSuchPath(root.join("nope")));
    }
}
