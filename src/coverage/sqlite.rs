//! Reads one SQLite data file of coverage.py, and changes nothing about it, not even beside it.
//!
//! Files may come from anywhere, so nothing in them is trusted: no view, virtual table or generated column is read, rows
//! are counted against the size of the file, and a bitmap has a largest size.

use std::cell::RefCell;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::recorded::{Builder, Recorded};
use super::{Problem, ReadError, btree};

/// The first bytes of every SQLite database.
pub const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The data format of coverage.py 5.0 to 7.
pub const SCHEMA_VERSION: i64 = 7;

/// Reads a data file.
///
/// # Errors
/// Everything that can be wrong with it, each in its own words.
pub fn read(path: &Path) -> Result<Recorded, ReadError> {
    read_by(path, true)
}

/// The same, always through SQLite: slower, and what [`btree`] is measured and checked against.
///
/// # Errors
/// As [`read`].
pub fn read_through_sqlite(path: &Path) -> Result<Recorded, ReadError> {
    read_by(path, false)
}

fn read_by(path: &Path, short_way: bool) -> Result<Recorded, ReadError> {
    let result = (|| {
        let header = Header::read(path)?;
        let journals = journals(path);
        if !header.write_ahead {
            check_unlocked(path)?;
        }
        if short_way
            && journals.is_empty()
            && let Some(recorded) = directly(path)?
        {
            return Ok(recorded);
        }
        read_rows(&open(path, journals)?.0, header.length)
    })();
    result.map_err(|problem| ReadError::new(path, problem))
}

/// Reads a data file without SQLite; `None` when that is needed.
fn directly(path: &Path) -> std::io::Result<Option<Recorded>> {
    thread_local! {
        /// Kept from file to file, for memory is handed out by the system page by page.
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BYTES.with_borrow_mut(|bytes| {
        bytes.clear();
        File::open(path)?.read_to_end(bytes)?;
        let recorded = btree::read(bytes);
        bytes.shrink_to(KEPT);
        Ok(recorded)
    })
}

/// The largest buffer kept, in bytes.
const KEPT: usize = 4 << 20;

/// What the first 100 bytes say.
struct Header {
    length: u64,
    write_ahead: bool,
}

impl Header {
    fn read(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::with_capacity(100);
        file.take(100).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        if !bytes.starts_with(&MAGIC[..bytes.len().min(MAGIC.len())]) {
            return Err(Problem::NotSqlite);
        }
        if bytes.len() < 100 {
            return Err(Problem::Truncated { found: length, expected: 512 });
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let page_size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            size => u64::from(size),
        };
        // The page count holds when it was written with the last change.
        let expected = if number(24) == number(92) { u64::from(number(28)) * page_size } else { page_size };
        if length < expected {
            return Err(Problem::Truncated { found: length, expected });
        }
        Ok(Self { length, write_ahead: bytes[18] == 2 || bytes[19] == 2 })
    }
}

/// The journals that SQLite left beside the file.
fn journals(path: &Path) -> Vec<(&'static str, PathBuf)> {
    ["-wal", "-journal"]
        .into_iter()
        .filter_map(|suffix| {
            let mut name = path.file_name()?.to_owned();
            name.push(suffix);
            let journal = path.with_file_name(name);
            fs::metadata(&journal).is_ok_and(|data| data.is_file() && data.len() > 0).then_some((suffix, journal))
        })
        .collect()
}

fn read_only() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Nobody is writing the file. Not for a write-ahead database, where even to look would leave an index of the log beside it.
fn check_unlocked(path: &Path) -> Result<(), Problem> {
    let connection = Connection::open_with_flags(uri(path, ""), read_only()).map_err(|error| problem(&error))?;
    connection.busy_timeout(std::time::Duration::ZERO).map_err(|error| problem(&error))?;
    // The cheapest question that needs a lock: no table is looked at.
    match connection.query_row("PRAGMA schema_version", [], |_| Ok(())) {
        Err(error) if is_busy(&error) => Err(Problem::Locked),
        _ => Ok(()),
    }
}

/// Opens the file for reading. With a journal beside it, it is not what its process meant it to be: SQLite then puts a
/// copy in order, which lives as long as the second part of the result.
fn open(
    path: &Path,
    journals: Vec<(&'static str, PathBuf)>,
) -> Result<(Connection, Option<tempfile::TempDir>), Problem> {
    let (connection, copy) = if journals.is_empty() {
        (Connection::open_with_flags(uri(path, "?immutable=1"), read_only()), None)
    } else {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("data");
        fs::copy(path, &copy)?;
        for (suffix, journal) in journals {
            fs::copy(journal, folder.path().join(format!("data{suffix}")))?;
        }
        make_writable(&copy)?;
        (Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE), Some(folder))
    };
    let connection = connection.map_err(|error| problem(&error))?;
    (|| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        connection.pragma_update(None, "cell_size_check", true)
    })()
    .map_err(|error| problem(&error))?;
    Ok((connection, copy))
}

/// A copy of a read-only file is read-only too.
fn make_writable(path: &Path) -> std::io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    #[cfg(not(unix))]
    #[expect(clippy::permissions_set_readonly_false, reason = "a private copy")]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions)
}

/// The file as a URI, for SQLite takes options only there.
fn uri(path: &Path, query: &str) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str(query);
    uri
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// SQLite's complaint in our words.
fn problem(error: &rusqlite::Error) -> Problem {
    match error.sqlite_error_code() {
        _ if is_busy(error) => Problem::Locked,
        Some(ErrorCode::NotADatabase) => Problem::NotSqlite,
        _ => Problem::Damaged(error.to_string()),
    }
}

/// The tables of data format 7, and whether their absence is told from that of a damaged file.
const TABLES: [&str; 7] = ["coverage_schema", "meta", "file", "context", "line_bits", "arc", "tracer"];

fn read_rows(connection: &Connection, length: u64) -> Result<Recorded, Problem> {
    check_tables(connection)?;
    let mut rows = Rows { connection, left: length / 2 };
    let mut version = None;
    rows.each("SELECT version FROM coverage_schema", |row| {
        version = Some(integer(row[0])?);
        Ok(())
    })?;
    match version {
        None => return Err(Problem::NotCoverage("it states no data format".to_owned())),
        Some(found) if found > SCHEMA_VERSION => return Err(Problem::NewSchema { found }),
        Some(found) if found < SCHEMA_VERSION => return Err(Problem::OldSchema { found }),
        Some(_) => {}
    }
    check_columns(connection)?;
    let mut builder = Builder::default();
    rows.each("SELECT value FROM meta NOT INDEXED WHERE key = 'has_arcs'", |row| {
        builder.declare_arcs(text(row[0])?.trim() != "0");
        Ok(())
    })?;
    rows.each("SELECT id, path FROM file ORDER BY id", |row| {
        builder.file(integer(row[0])?, text(row[1])?);
        Ok(())
    })?;
    rows.each("SELECT id, context FROM context ORDER BY id", |row| {
        builder.context(integer(row[0])?, text(row[1])?);
        Ok(())
    })?;
    rows.each("SELECT file_id, tracer FROM tracer", |row| {
        builder.tracer(integer(row[0])?, text(row[1])?);
        Ok(())
    })?;
    rows.each("SELECT file_id, context_id, numbits FROM line_bits NOT INDEXED", |row| {
        let ValueRef::Blob(numbits) = row[2] else { return Err(damaged("a set of lines is no bitmap")) };
        let fine = builder.lines(integer(row[0])?, integer(row[1])?, numbits);
        if fine { Ok(()) } else { Err(damaged("a set of lines is too large")) }
    })?;
    rows.each("SELECT file_id, context_id, fromno, tono FROM arc NOT INDEXED", |row| {
        let fine = builder.arc(integer(row[0])?, integer(row[1])?, integer(row[2])?, integer(row[3])?);
        if fine { Ok(()) } else { Err(damaged("an arc has no line numbers")) }
    })?;
    builder.finish().ok_or_else(|| damaged("it has both lines and arcs"))
}

fn damaged(what: &str) -> Problem {
    Problem::Damaged(what.to_owned())
}

/// All tables are there, and are plain tables.
fn check_tables(connection: &Connection) -> Result<(), Problem> {
    let mut plain = Vec::new();
    Rows { connection, left: 10_000 }.each("SELECT name, type, rootpage FROM sqlite_schema", |row| {
        if let (ValueRef::Text(name), ValueRef::Text(b"table"), ValueRef::Integer(1..)) = (row[0], row[1], row[2]) {
            plain.extend(TABLES.iter().copied().filter(|table| table.as_bytes() == name));
        }
        Ok(())
    })?;
    match TABLES.iter().find(|table| !plain.contains(table)) {
        None => Ok(()),
        // A file of an older coverage.py lacks tables too, but has the one that says so.
        Some(_) if plain.contains(&TABLES[0]) && !plain.contains(&"arc") && !plain.contains(&"line_bits") => {
            let version = connection.query_row("SELECT version FROM coverage_schema", [], |row| row.get(0));
            match version {
                Ok(found) if found < SCHEMA_VERSION => Err(Problem::OldSchema { found }),
                Ok(found) if found > SCHEMA_VERSION => Err(Problem::NewSchema { found }),
                _ => Err(Problem::NotCoverage("it lacks the tables `line_bits` and `arc`".to_owned())),
            }
        }
        Some(table) => Err(Problem::NotCoverage(format!("it lacks the table `{table}`"))),
    }
}

/// No column is computed: an expression may take any time and memory.
fn check_columns(connection: &Connection) -> Result<(), Problem> {
    for table in TABLES {
        Rows { connection, left: 10_000 }.each(&format!("PRAGMA table_xinfo({table})"), |row| match row[6] {
            ValueRef::Integer(0) => Ok(()),
            _ => Err(Problem::NotCoverage(format!("its table `{table}` has a computed column"))),
        })?;
    }
    Ok(())
}

/// Queries that stop when there are more rows than a file of this size can hold.
struct Rows<'a> {
    connection: &'a Connection,
    left: u64,
}

impl Rows<'_> {
    fn each(
        &mut self,
        query: &str,
        mut take: impl FnMut(&[ValueRef<'_>]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut statement = self.connection.prepare(query).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::Unknown) | None => Problem::NotCoverage(error.to_string()),
            Some(_) => problem(&error),
        })?;
        let columns = statement.column_count().min(7);
        let mut rows = statement.query([]).map_err(|error| problem(&error))?;
        while let Some(row) = rows.next().map_err(|error| problem(&error))? {
            self.left = self.left.checked_sub(1).ok_or_else(|| damaged("it has more rows than its size allows"))?;
            let mut values = [ValueRef::Null; 7];
            for (at, value) in values[..columns].iter_mut().enumerate() {
                *value = row.get_ref(at).map_err(|error| problem(&error))?;
            }
            take(&values[..columns])?;
        }
        Ok(())
    }
}

fn integer(value: ValueRef<'_>) -> Result<i64, Problem> {
    match value {
        ValueRef::Integer(value) => Ok(value),
        _ => Err(damaged("a number is missing")),
    }
}

fn text(value: ValueRef<'_>) -> Result<String, Problem> {
    match value {
        ValueRef::Text(value) => String::from_utf8(value.to_owned()).map_err(|_| damaged("a text is not in UTF-8")),
        ValueRef::Integer(value) => Ok(value.to_string()),
        _ => Err(damaged("a text is missing")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;
    use crate::coverage::{CoverageData, FileData, Measured, write};

    /// A folder with a good data file in it.
    fn sample() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".coverage");
        let arcs = (1..2000).map(|line| (line, line + 1)).collect();
        let file = FileData { tracer: None, contexts: vec![(0, Measured { arcs, ..Measured::default() })] };
        let data = CoverageData {
            has_arcs: Some(true),
            contexts: vec![String::new()],
            files: [("/w/a.py".to_owned(), file)].into(),
        };
        write::write(&data, &path).unwrap();
        (folder, path)
    }

    fn problem_after(change: impl FnOnce(&Path)) -> Problem {
        let (folder, path) = sample();
        change(&path);
        let before = fs::read(&path).ok();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{}` ", path.display())), "{error}");
        assert!(!error.help().is_empty());
        assert_eq!(fs::read(&path).ok(), before, "the input is untouched");
        drop(folder);
        error.problem
    }

    fn sql(path: &Path, statements: &str) {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = off").unwrap();
        connection.execute_batch(statements).unwrap();
    }

    #[test]
    fn each_defect_has_its_words() {
        assert!(matches!(problem_after(|path| fs::remove_file(path).unwrap()), Problem::Io(_)));
        assert!(matches!(problem_after(|path| fs::write(path, "").unwrap()), Problem::Empty));
        assert!(matches!(problem_after(|path| fs::write(path, "hello").unwrap()), Problem::NotSqlite));
        assert!(matches!(problem_after(|path| fs::write(path, "SQLite f").unwrap()), Problem::Truncated { .. }));
        let cut = |path: &Path| File::options().write(true).open(path).unwrap().set_len(8192).unwrap();
        assert!(matches!(problem_after(cut), Problem::Truncated { found: 8192, .. }));
        let foreign = |path: &Path| {
            fs::remove_file(path).unwrap();
            sql(path, "CREATE TABLE x (a)");
        };
        assert!(matches!(problem_after(foreign), Problem::NotCoverage(_)));
        let version =
            |version: i64| problem_after(|path| sql(path, &format!("UPDATE coverage_schema SET version = {version}")));
        assert!(matches!(version(6), Problem::OldSchema { found: 6 }));
        assert!(matches!(version(8), Problem::NewSchema { found: 8 }));
        let scribble = |path: &Path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
            fs::write(path, bytes).unwrap();
        };
        assert!(matches!(problem_after(scribble), Problem::Damaged(_) | Problem::NotCoverage(_)));
        for statements in [
            "DROP TABLE arc; CREATE VIEW arc AS SELECT 1 AS file_id, 1 AS context_id, 1 AS fromno, 1 AS tono",
            "DROP TABLE file; CREATE TABLE file (id integer primary key, path text AS (hex(zeroblob(1000000000))))",
            "DROP TABLE tracer",
            "DELETE FROM coverage_schema",
            "ALTER TABLE arc RENAME COLUMN tono TO nowhere",
        ] {
            let problem = problem_after(|path| sql(path, statements));
            assert!(matches!(problem, Problem::NotCoverage(_)), "{statements}: {problem}");
        }
        for statements in [
            "UPDATE arc SET tono = 'x' WHERE fromno = 5",
            "UPDATE arc SET tono = 5000000000 WHERE fromno = 5",
            "INSERT INTO line_bits VALUES (1, 1, x'02')",
            "INSERT INTO line_bits VALUES (1, 1, zeroblob(50000000))",
            "INSERT INTO line_bits VALUES (1, 1, NULL)",
            "UPDATE file SET path = CAST(x'ff' AS text)",
        ] {
            let problem = problem_after(|path| sql(path, statements));
            assert!(matches!(problem, Problem::Damaged(_)), "{statements}: {problem}");
        }
    }

    #[test]
    fn a_file_being_written_is_locked() {
        let (_folder, path) = sample();
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(())).unwrap();
        writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(matches!(read(&path).unwrap_err().problem, Problem::Locked));
        writer.execute_batch("COMMIT").unwrap();
        assert!(read(&path).is_ok());
    }

    #[test]
    fn what_is_in_a_write_ahead_log_counts_and_nothing_is_left_behind() {
        let (folder, path) = sample();
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
        writer.execute("INSERT INTO arc VALUES (1, 1, 7000, 7001)", []).unwrap();
        let other = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let name = entry.unwrap().file_name();
            if !name.to_str().unwrap().ends_with("-shm") {
                fs::copy(folder.path().join(&name), other.path().join(&name)).unwrap();
            }
        }
        let recorded = read(&other.path().join(".coverage")).unwrap();
        assert_eq!(recorded.arcs.last(), Some(&(7000, 7001)));
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 2);
        fs::remove_file(other.path().join(".coverage-wal")).unwrap();
        assert!(read(&other.path().join(".coverage")).is_ok());
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    }

    #[test]
    fn changed_bytes_never_crash() {
        let (folder, path) = sample();
        let bytes = fs::read(&path).unwrap();
        let other = folder.path().join("other");
        let mut state = 12345u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut agreed = 0;
        for _ in 0..300 {
            let mut changed = bytes.clone();
            for _ in 0..=random(6) {
                let at = if random(2) == 0 {
                    random(changed.len())
                } else {
                    random(changed.len() / 4096) * 4096 + random(64)
                };
                changed[at] = u8::try_from(random(256)).unwrap();
            }
            if random(4) == 0 {
                changed.truncate(random(changed.len()));
            }
            fs::write(&other, &changed).unwrap();
            let _ = read(&other);
            // What the short way reads, SQLite reads too, if it reads the file at all.
            let through_sqlite = open(&other, Vec::new()).and_then(|opened| read_rows(&opened.0, 1 << 20));
            if let (Some(direct), Ok(through_sqlite)) = (btree::read(&changed), through_sqlite) {
                assert_eq!(direct, through_sqlite);
                agreed += 1;
            }
        }
        assert!(agreed > 30, "{agreed}");
    }
}
