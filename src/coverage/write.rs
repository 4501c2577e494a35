//! Writes a data file that coverage.py reads as its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, Statement, Transaction, params, params_from_iter};

use super::sqlite::SCHEMA_VERSION;
use super::{CoverageData, LineSet};
use crate::files;

/// The version of coverage.py whose data format this is.
pub const COVERAGE_VERSION: &str = "7.17.3";

const SCHEMA: &str = "
CREATE TABLE coverage_schema (version integer);
CREATE TABLE meta (key text, value text, unique (key));
CREATE TABLE file (id integer primary key, path text, unique (path));
CREATE TABLE context (id integer primary key, context text, unique (context));
CREATE TABLE line_bits (
    file_id integer, context_id integer, numbits blob,
    foreign key (file_id) references file (id), foreign key (context_id) references context (id),
    unique (file_id, context_id)
);
CREATE TABLE arc (
    file_id integer, context_id integer, fromno integer, tono integer,
    foreign key (file_id) references file (id), foreign key (context_id) references context (id),
    unique (file_id, context_id, fromno, tono)
);
CREATE TABLE tracer (file_id integer primary key, tracer text, foreign key (file_id) references file (id));
";

/// A data file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be written: {reason}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Writes the data to a file, which is there either completely or as it was before.
///
/// # Errors
/// Says why it could not be written.
pub fn write(data: &CoverageData, path: &Path) -> Result<(), WriteError> {
    prepare(data, path)?.put_in_place()
}

/// A data file that is written, but not yet in its place. Dropped, it is gone.
#[derive(Debug)]
pub struct Prepared {
    file: tempfile::NamedTempFile,
    path: PathBuf,
    target: PathBuf,
}

/// Writes the data beside the place where it will be.
///
/// # Errors
/// Says why it could not be written.
pub fn prepare(data: &CoverageData, path: &Path) -> Result<Prepared, WriteError> {
    let failed = |reason: String| WriteError { path: path.to_owned(), reason };
    // A link keeps its place.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(failed("it is a folder".to_owned()));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ci-lint-").suffix(".tmp");
    // As any other file of this user: what is private decides the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(|error| failed(files::why(&error)))?;
    fill(data, file.path()).map_err(|error| {
        let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        failed(format!("{error}{}", if is_full { files::remedy(io::ErrorKind::StorageFull) } else { "" }))
    })?;
    Ok(Prepared { file, path: path.to_owned(), target })
}

impl Prepared {
    /// Puts the file in its place.
    ///
    /// # Errors
    /// Says why it could not be put there.
    pub fn put_in_place(self) -> Result<(), WriteError> {
        let Self { file, path, target } = self;
        file.persist(&target).map_err(|error| WriteError { path, reason: error.error.to_string() })?;
        Ok(())
    }
}

fn fill(data: &CoverageData, path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    // Nobody else knows the file yet, and half a file is thrown away. Ids are right by construction.
    connection.execute_batch("PRAGMA page_size = 4096; PRAGMA synchronous = off; PRAGMA foreign_keys = off;")?;
    connection.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO coverage_schema (version) VALUES (?)", [SCHEMA_VERSION])?;
    {
        let mut meta = transaction.prepare("INSERT INTO meta (key, value) VALUES (?, ?)")?;
        meta.execute(["version", COVERAGE_VERSION])?;
        if let Some(has_arcs) = data.has_arcs {
            meta.execute(["has_arcs", if has_arcs { "1" } else { "0" }])?;
        }
        let mut context = transaction.prepare("INSERT INTO context (id, context) VALUES (?, ?)")?;
        for (name, id) in data.contexts.iter().zip(1i64..) {
            context.execute(params![id, name])?;
        }
        let mut file = transaction.prepare("INSERT INTO file (id, path) VALUES (?, ?)")?;
        let mut tracer = transaction.prepare("INSERT INTO tracer (file_id, tracer) VALUES (?, ?)")?;
        let mut lines = transaction.prepare("INSERT INTO line_bits (file_id, context_id, numbits) VALUES (?, ?, ?)")?;
        let mut arcs = Arcs::new(&transaction)?;
        for ((path, recorded), id) in data.files.iter().zip(1i64..) {
            file.execute(params![id, path])?;
            if let Some(name) = &recorded.tracer {
                tracer.execute(params![id, name])?;
            }
            for (context, measured) in &recorded.contexts {
                let context = i64::from(*context) + 1;
                if data.has_arcs == Some(false) || measured.lines != LineSet::new() {
                    lines.execute(params![id, context, measured.lines.to_numbits()])?;
                }
                for &(from, to) in &measured.arcs {
                    arcs.insert([id, context, from.into(), to.into()])?;
                }
            }
        }
        arcs.flush()?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)
}

/// Inserts arcs, most of them many at a time: a statement for each would take several times as long.
struct Arcs<'t> {
    transaction: &'t Transaction<'t>,
    many: Statement<'t>,
    waiting: Vec<i64>,
}

impl<'t> Arcs<'t> {
    /// Rows of one statement.
    const ROWS: usize = 128;

    fn new(transaction: &'t Transaction<'t>) -> rusqlite::Result<Self> {
        Ok(Self { transaction, many: transaction.prepare(&insert(Self::ROWS))?, waiting: Vec::new() })
    }

    fn insert(&mut self, row: [i64; 4]) -> rusqlite::Result<()> {
        self.waiting.extend(row);
        if self.waiting.len() == 4 * Self::ROWS {
            self.many.execute(params_from_iter(self.waiting.drain(..)))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        if !self.waiting.is_empty() {
            let rows = self.waiting.len() / 4;
            self.transaction.execute(&insert(rows), params_from_iter(self.waiting.drain(..)))?;
        }
        Ok(())
    }
}

/// The statement that inserts so many arcs.
fn insert(rows: usize) -> String {
    format!("INSERT INTO arc (file_id, context_id, fromno, tono) VALUES {}", vec!["(?, ?, ?, ?)"; rows].join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;
    use crate::coverage::{FileData, Measured, sqlite};

    fn sample(has_arcs: bool) -> CoverageData {
        let measured = |start: i32| {
            if has_arcs {
                Measured { arcs: vec![(-1, start), (start, -1)], ..Measured::default() }
            } else {
                Measured { lines: [1, start.unsigned_abs()].into_iter().collect(), ..Measured::default() }
            }
        };
        CoverageData {
            has_arcs: Some(has_arcs),
            contexts: vec![String::new(), "test_a".to_owned()],
            files: [
                ("/w/a.py".to_owned(), FileData { tracer: None, contexts: vec![(0, measured(5)), (1, measured(9))] }),
                (
                    "/w/ä.html".to_owned(),
                    FileData { tracer: Some("django".to_owned()), contexts: vec![(1, measured(70))] },
                ),
                ("/w/touched.py".to_owned(), FileData::default()),
            ]
            .into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for has_arcs in [true, false] {
            let path = folder.path().join("a #?%.coverage");
            write(&sample(has_arcs), &path).unwrap();
            let read = sqlite::read(&path).unwrap().map(str::to_owned).unwrap();
            assert_eq!(read, sample(has_arcs));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&sample(true), &folder.path().join("nowhere/.coverage")).unwrap_err();
        assert!(error.to_string().contains("cannot be written"));
        assert!(write(&sample(true), folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
