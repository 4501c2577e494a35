//! Takes what may be coverage data out of a downloaded file: a zip, a gzip, or the data itself.
//!
//! What others uploaded is hostile until shown otherwise. No name from an archive ever becomes a path here: files are
//! numbered, so that nothing can leave the private folder. A name that tries to is still refused, because an archive made to
//! deceive is no evidence of coverage.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::coverage::sniff::{self, Kind};

/// How much is taken. The numbers are far above what coverage data needs, and far below what hurts a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one artifact as it is transferred.
    pub download: u64,
    /// Entries of one archive, files and folders.
    pub entries: usize,
    /// Bytes of one unpacked file.
    pub file: u64,
    /// Bytes of all files unpacked from one artifact.
    pub total: u64,
    /// How many times larger than packed a file may be, once it is larger than [`Limits::free`].
    pub ratio: u64,
    /// Bytes up to which a file may be packed as well as it likes: an empty database is.
    pub free: u64,
    /// Bytes of a name inside an archive.
    pub name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            download: 1 << 30,
            entries: 50_000,
            file: 1 << 30,
            total: 4 << 30,
            ratio: 200,
            free: 32 << 20,
            name: 1024,
        }
    }
}

/// A file taken out of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its path inside the artifact, with `/`; as the uploader chose it, so escape it before showing.
    pub name: String,
    /// Where it lies, in the private folder; its own name there is a number.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// What an artifact held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unpacked {
    pub(super) files: Vec<FetchedFile>,
    /// How many files were left out, being no coverage data.
    pub(super) skipped: usize,
}

/// What the first bytes of a download say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Zip,
    Gzip,
    /// The data itself.
    Plain,
}

/// Whatever a server calls it: `archive: false` uploads lose their type, and some servers know none.
pub(super) fn shape(head: &[u8]) -> Shape {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Shape::Zip
    } else if head.starts_with(b"\x1f\x8b") {
        Shape::Gzip
    } else {
        Shape::Plain
    }
}

/// Writes numbered files into one folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    next: usize,
    left: u64,
    limits: Limits,
}

impl Folder {
    pub(super) fn new(path: &Path, limits: &Limits) -> Self {
        Self { path: path.to_owned(), next: 0, left: limits.total, limits: limits.clone() }
    }

    /// Unpacks a download that was stored at `file`. `name` is what the file is called when it is no archive.
    ///
    /// # Errors
    /// What is wrong with it, for a message.
    pub(super) fn unpack(&mut self, file: &Path, name: &str) -> Result<Unpacked, String> {
        let mut opened = File::open(file).map_err(|error| readable(&error))?;
        match shape(&head(&mut opened).map_err(|error| readable(&error))?) {
            Shape::Zip => self.unzip(opened),
            Shape::Gzip | Shape::Plain => self.data(file, name),
        }
    }

    /// The same for a file that is data even when it is a zip: one of an artifact that comes file by file.
    ///
    /// # Errors
    /// What is wrong with it, for a message.
    pub(super) fn data(&mut self, file: &Path, name: &str) -> Result<Unpacked, String> {
        let mut opened = File::open(file).map_err(|error| readable(&error))?;
        let packed = opened.metadata().map_err(|error| readable(&error))?.len();
        match shape(&head(&mut opened).map_err(|error| readable(&error))?) {
            Shape::Gzip => self.single(MultiGzDecoder::new(BufReader::new(opened)), packed, name),
            Shape::Zip | Shape::Plain => self.single(opened, packed, name),
        }
    }

    fn single(&mut self, content: impl Read, packed: u64, name: &str) -> Result<Unpacked, String> {
        let name = safe_name(name, &self.limits)?;
        let taken = self.take(content, packed, &name)?;
        Ok(Unpacked { skipped: usize::from(taken.is_none()), files: taken.into_iter().collect() })
    }

    fn unzip(&mut self, mut file: File) -> Result<Unpacked, String> {
        self.check_count(&mut file)?;
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&error))?;
        if archive.len() > self.limits.entries {
            return Err(format!("it has {} entries, more than {}", archive.len(), self.limits.entries));
        }
        if archive.has_duplicate_names() {
            return Err("two of its entries have the same name".to_owned());
        }
        if archive.has_overlapping_files().map_err(|error| broken(&error))? {
            return Err("its entries overlap".to_owned());
        }
        let mut out = Unpacked::default();
        let mut names = std::collections::HashSet::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(|error| broken(&error))?;
            let raw = entry.name().map_err(|error| broken(&error))?.into_owned();
            let name = safe_name(raw.trim_end_matches('/'), &self.limits)?;
            // The type of a file in the mode that Unix writes; zero where another system wrote the archive.
            let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
            if entry.is_symlink() || !matches!(kind, 0 | 0o100_000 | 0o040_000) {
                return Err(format!("`{}` in it is no regular file", shown(&name)));
            }
            // `a` and `./a` are two names of one file.
            if !names.insert(name.clone()) {
                return Err(format!("two of its entries are `{}`", shown(&name)));
            }
            if entry.is_dir() {
                continue;
            }
            if entry.encrypted() {
                return Err(format!("`{}` in it is encrypted", shown(&name)));
            }
            let packed = entry.compressed_size();
            match self.take(entry, packed, &name)? {
                Some(file) => out.files.push(file),
                None => out.skipped += 1,
            }
        }
        Ok(out)
    }

    /// Refuses an archive by the count in its last record, before memory is spent on the list of entries.
    fn check_count(&self, file: &mut File) -> Result<(), String> {
        let length = file.seek(SeekFrom::End(0)).map_err(|error| readable(&error))?;
        // The record has 22 bytes, and a comment of at most 65,535 behind it.
        let tail_length = length.min(22 + 65_535);
        file.seek(SeekFrom::Start(length - tail_length)).map_err(|error| readable(&error))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).map_err(|error| readable(&error))?;
        file.seek(SeekFrom::Start(0)).map_err(|error| readable(&error))?;
        let record = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
        let count = record.and_then(|at| tail.get(at + 10..at + 12)).map(|two| u16::from_le_bytes([two[0], two[1]]));
        match count {
            None => Err("the zip is truncated: its list of entries is missing".to_owned()),
            Some(count) if usize::from(count) > self.limits.entries => {
                Err(format!("it has {count} or more entries, more than {}", self.limits.entries))
            }
            Some(_) => Ok(()),
        }
    }

    /// Writes `content` to the next numbered file if it may be coverage data; `None` when it is not.
    fn take(&mut self, mut content: impl Read, packed: u64, name: &str) -> Result<Option<FetchedFile>, String> {
        let wrong = |problem: String| format!("`{}`: {problem}", shown(name));
        let head = head_of(&mut content).map_err(|error| wrong(corrupt(&error)))?;
        match sniff::kind(&head, head.len() < sniff::HEAD) {
            Some(Kind::Other) => return Ok(None),
            // An empty file says nothing, except where data should be.
            Some(Kind::Empty) if !name.to_ascii_lowercase().contains("cov") => return Ok(None),
            _ => {}
        }
        let path = self.path.join(self.next.to_string());
        self.next += 1;
        let mut out = File::create_new(&path).map_err(|error| unwritable(&self.path, &error))?;
        let most = self.limits.file.min(self.left);
        let by_ratio = packed.saturating_mul(self.limits.ratio).max(self.limits.free);
        let mut bytes = 0_u64;
        let mut buffer = vec![0_u8; 64 << 10];
        let mut rest = head.as_slice().chain(content);
        loop {
            let count = match rest.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(wrong(corrupt(&error))),
            };
            bytes += count as u64;
            if bytes > most {
                return Err(wrong(format!("unpacked it is larger than {most} bytes")));
            }
            if bytes > by_ratio {
                return Err(wrong(format!(
                    "it is packed more than {} times, as no coverage data is",
                    self.limits.ratio
                )));
            }
            out.write_all(&buffer[..count]).map_err(|error| unwritable(&self.path, &error))?;
        }
        self.left -= bytes;
        Ok(Some(FetchedFile { name: name.to_owned(), path, bytes }))
    }
}

/// A name from an archive, without `.` parts.
///
/// # Errors
/// When it would lead out of a folder, is absolute on any system, or holds what a name has no use for.
pub(super) fn safe_name(name: &str, limits: &Limits) -> Result<String, String> {
    let refused = |why: &str| Err(format!("the name `{}` in it is refused: {why}", shown(name)));
    if name.len() > limits.name {
        return refused("it is too long");
    }
    if name.chars().any(char::is_control) {
        return refused("it holds control characters");
    }
    if name.contains('\\') {
        return refused("it holds a backslash");
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic() {
        return refused("it is absolute");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
    if parts.contains(&"..") {
        return refused("it leaves its folder by `..`");
    }
    if parts.is_empty() || parts.iter().any(|part| part.is_empty()) {
        return refused("a part of it is empty");
    }
    Ok(parts.join("/"))
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(4).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head)
}

/// The first [`sniff::HEAD`] bytes, or all when there are fewer.
fn head_of(content: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    content.take(sniff::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// A hostile name for a message.
fn shown(name: &str) -> String {
    crate::forge::error::said(name, 100)
}

fn readable(error: &io::Error) -> String {
    format!("the downloaded file cannot be read: {error}")
}

/// Where temporary files go cannot be written to. `place`: the folder of one artifact, below the private one that is made there.
pub(super) fn unwritable(place: &Path, error: &io::Error) -> String {
    let temp = place.ancestors().nth(2).unwrap_or(place);
    format!("cannot write to the temporary folder `{}`: {}", temp.display(), crate::files::why(error))
}

fn corrupt(error: &io::Error) -> String {
    format!("the data is damaged: {}", crate::forge::error::said(&error.to_string(), 100))
}

fn broken(error: &ZipError) -> String {
    format!("the zip is damaged or truncated: {}", crate::forge::error::said(&error.to_string(), 100))
}

#[cfg(test)]
mod tests;
