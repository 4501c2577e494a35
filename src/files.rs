//! Files that are written whole or not at all. Touches the file system; `lint` and `apply` write through here.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// Writes `bytes` to `path`, never over a file that exists. Folders on the way are made.
///
/// # Errors
/// What the file system says, for one that the file exists.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Prepared { file, path } = prepare(path, |out| out.write_all(bytes))?;
    file.persist_noclobber(path).map_err(|error| error.error)
}

/// As [`replace`], for a file that is there: its permissions stay, and behind a link the file that the link leads to is
/// replaced.
///
/// # Errors
/// What the file system says.
pub(crate) fn rewrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let prepared = prepare(&path, |out| out.write_all(bytes))?;
    fs::set_permissions(&prepared.file, permissions)?;
    prepared.put_in_place()
}

/// Appends to a file that is somebody else's: a runner reads its outputs and its summary from where it put them, so they are not
/// replaced. One write, and a failed one is taken back.
///
/// # Errors
/// What the file system says; the file is as it was then.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(bytes).and_then(|()| file.flush());
    if written.is_err() {
        let _ = file.set_len(before);
    }
    written
}

/// Says that a file cannot be written, why, and what helps against a full disk.
pub(crate) fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be written: {}", path.display(), why(error))
}

/// Why something cannot be written, and what helps against a full disk.
pub(crate) fn why(error: &io::Error) -> String {
    format!("{error}{}", remedy(error.kind()))
}

/// What helps, to follow the reason; empty when nothing is known to.
pub(crate) fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space there",
        io::ErrorKind::FileTooLarge => "; raise the limit on the size of files (`ulimit -f`)",
        _ => "",
    }
}

/// A file that is written, but not yet in its place. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Prepared {
    file: TempPath,
    path: PathBuf,
}

impl Prepared {
    /// Where it will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file in its place, over what is there.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn put_in_place(self) -> io::Result<()> {
        self.file.persist(self.path).map_err(|error| error.error)
    }
}

/// Writes a file beside the place where it will be, so that no reader ever sees half a file. Folders on the way are made.
///
/// # Errors
/// What the file system says, or `write`; nothing is left then, and a file that was there before is as it was.
pub(crate) fn prepare(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&fs::File>) -> io::Result<()>,
) -> io::Result<Prepared> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let file = NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 16, file.as_file());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are private; these are for others to read.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    // Many may be waiting for their place: they are not kept open.
    Ok(Prepared { file: file.into_temp_path(), path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/coverage.json");
        create(&path, b"old").expect("written");
        prepare(&path, |out| out.write_all(b"new")).expect("prepared").put_in_place().expect("replaced");
        let half = prepare(&path, |out| out.write_all(b"ha").and(Err(io::ErrorKind::StorageFull.into())));
        assert_eq!(half.expect_err("no room").kind(), io::ErrorKind::StorageFull);
        assert!(create(&path, b"other").is_err());
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::read_dir(path.parent().expect("a parent")).expect("listed").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_rewritten_file_keeps_its_mode_and_its_links() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("ci.yml"), folder.path().join("link.yml"));
        fs::write(&path, b"old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
        std::os::unix::fs::symlink("ci.yml", &link).expect("a link");
        rewrite(&link, b"new").expect("rewritten");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert!(rewrite(&folder.path().join("absent.yml"), b"x").is_err());
    }

    #[test]
    fn appending_keeps_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("outputs");
        append(&path, b"a=1\n").expect("written");
        append(&path, b"b=2\n").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"a=1\nb=2\n");
        assert!(
            append(&folder.path().join("no/such/folder"), b"").is_err(),
            "the runner made the file, or there is none"
        );
    }
}
