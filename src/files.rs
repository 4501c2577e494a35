//! Files that are written whole or not at all. Touches the file system; `lint` and `apply` write through here.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes `bytes` to `path` through a temporary file beside it, so that no reader ever sees half a file. Folders on the way
/// are made.
///
/// # Errors
/// What the file system says; the temporary file is gone then, and a file that was there before is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    prepare(path, bytes)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// As [`replace`], but never over a file that exists.
///
/// # Errors
/// What the file system says, for one that the file exists.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    prepare(path, bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn prepare(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are private; these are for others to read.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/coverage.json");
        create(&path, b"old").expect("written");
        replace(&path, b"new").expect("written again");
        assert!(create(&path, b"other").is_err());
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::read_dir(path.parent().expect("a parent")).expect("listed").count(), 1);
    }
}
