//! The short way into a data file says what SQLite says, or leaves the file to SQLite: on files as coverage.py, SQLite's own tools
//! and people leave them, and on damaged ones.
//!
//! `FUZZ=200000 SEED=2 cargo test --test btree -- --ignored` damages many more, numbered from `SEED` on; `SHOW=1` names each that
//! only SQLite refuses.
#![allow(clippy::print_stdout, reason = "what the long run found")]

use std::fs;
use std::path::Path;

use ci_lint::coverage::{btree, sqlite};
use rusqlite::Connection;

const SCHEMA: &str = "
CREATE TABLE coverage_schema (version integer);
CREATE TABLE meta (key text, value text, unique (key));
CREATE TABLE file (id integer primary key, path text, unique (path));
CREATE TABLE context (id integer primary key, context text, unique (context));
CREATE TABLE line_bits (file_id integer, context_id integer, numbits blob, unique (file_id, context_id));
CREATE TABLE arc (file_id integer, context_id integer, fromno integer, tono integer,
    unique (file_id, context_id, fromno, tono));
CREATE TABLE tracer (file_id integer primary key, tracer text);
INSERT INTO coverage_schema VALUES (7);
INSERT INTO meta VALUES ('version', '7.17.3');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    INSERT INTO file SELECT i, '/work/src/package/module_' || i || '.py' FROM n;
INSERT INTO context VALUES (1, ''), (2, 'test_b'), (3, 'test_a');
INSERT INTO tracer VALUES (7, 'a.plugin'), (8, '');
";

const ARCS: &str = "
INSERT INTO meta VALUES ('has_arcs', '1');
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
    INSERT INTO arc SELECT 1 + i / 40, 1 + i % 3, (i * 7919) % 700 - 20, (i * 104729) % 70000 - 30 FROM n;
INSERT INTO arc VALUES (3, 1, -1, 0), (3, 1, 0, 1), (3, 1, 2147483647, -2147483647), (99, 1, 1, 2);
";

const LINES: &str = "
INSERT INTO meta VALUES ('has_arcs', '0');
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)
    INSERT INTO line_bits SELECT 1 + i / 2, 1 + i % 2, substr(x'02040810ff00017f00', 1, i % 10) FROM n;
";

/// Long rows: their bitmaps fill chains of pages.
const LONG: &str = "
INSERT INTO meta VALUES ('has_arcs', '0');
INSERT INTO line_bits VALUES (1, 1, zeroblob(450)), (1, 2, zeroblob(460)), (2, 1, zeroblob(4061)), (2, 2, zeroblob(4062)),
    (3, 1, zeroblob(40000)), (3, 2, x'' || hex(zeroblob(3000)));
UPDATE line_bits SET numbits = CAST(numbits AS blob);
";

/// What happens to a file that was filled, and whether the short way still understands it.
const FATES: &[(&str, bool)] = &[
    ("", true),
    ("VACUUM", true),
    ("DELETE FROM arc WHERE fromno % 3 = 0; DELETE FROM line_bits WHERE file_id % 3 = 0", true),
    ("DELETE FROM arc WHERE rowid % 2 = 0; UPDATE arc SET fromno = fromno + 1 WHERE rowid % 5 = 0", true),
    ("DELETE FROM arc; DELETE FROM line_bits", true),
    ("CREATE TABLE more (a, b); INSERT INTO more SELECT path, id FROM file; DROP TABLE more", true),
    ("CREATE TABLE more (a); INSERT INTO more VALUES (zeroblob(30000))", false),
    ("CREATE INDEX by_line ON arc (fromno); CREATE VIEW seen AS SELECT * FROM arc", false),
    ("CREATE TRIGGER t AFTER INSERT ON file BEGIN DELETE FROM arc; END", false),
    ("UPDATE file SET id = id * 1000; UPDATE arc SET file_id = file_id * 1000", true),
    ("UPDATE file SET path = 'ä' || path || char(128512) WHERE id % 2", true),
    ("UPDATE meta SET value = '1' WHERE key = 'version'", true),
    ("ALTER TABLE meta ADD COLUMN more text DEFAULT 'x'", false),
    ("ALTER TABLE arc RENAME TO old; CREATE VIEW arc AS SELECT * FROM old", false),
    (
        "CREATE TABLE other (id integer primary key, path text, unique (path)) WITHOUT ROWID; INSERT INTO other SELECT * FROM file;
         DROP TABLE file; ALTER TABLE other RENAME TO file",
        false,
    ),
    ("UPDATE arc SET tono = 'x' WHERE rowid = 5; UPDATE line_bits SET numbits = 'x' WHERE rowid = 5", false),
    ("UPDATE arc SET tono = 1.5 WHERE rowid = 5; UPDATE line_bits SET numbits = NULL WHERE rowid = 5", false),
    ("UPDATE coverage_schema SET version = 8", false),
    ("UPDATE file SET path = CAST(x'ff' AS text) WHERE id = 3", false),
    ("INSERT INTO line_bits VALUES (9, 3, x'06'); INSERT INTO arc VALUES (9, 3, 1, 2)", false),
];

/// Every file that [`FATES`] and settings of SQLite make: whether the short way understands it, and its bytes.
fn samples(folder: &Path) -> Vec<(String, bool, Vec<u8>)> {
    let mut samples = Vec::new();
    for (content, name) in [(ARCS, "arcs"), (LINES, "lines"), (LONG, "long")] {
        for (settings, plain) in [
            ("PRAGMA page_size = 4096", true),
            ("PRAGMA page_size = 512", true),
            ("PRAGMA page_size = 65536", true),
            ("PRAGMA auto_vacuum = full", true),
            ("PRAGMA auto_vacuum = incremental; PRAGMA page_size = 1024", true),
            ("PRAGMA encoding = 'UTF-16'", false),
        ] {
            for (fate, understood) in FATES {
                let path = folder.join("sample");
                let _ = fs::remove_file(&path);
                let connection = Connection::open(&path).expect("opened");
                connection.execute_batch("PRAGMA foreign_keys = off").expect("set");
                connection.execute_batch(settings).expect("set");
                connection.execute_batch(&format!("BEGIN; {SCHEMA} {content} COMMIT;")).expect("filled");
                connection.execute_batch(fate).expect(fate);
                drop(connection);
                let bytes = fs::read(&path).expect("read");
                samples.push((format!("{name}, {settings}, {fate}"), plain && *understood, bytes));
            }
        }
    }
    samples
}

/// Whether the short way read the file; it must have read what SQLite reads.
fn agrees(bytes: &[u8], path: &Path, what: &dyn Fn() -> String) -> Option<bool> {
    let direct = btree::read(bytes)?;
    fs::write(path, bytes).expect("written");
    match sqlite::read_through_sqlite(path) {
        Ok(through_sqlite) => {
            assert!(direct == through_sqlite, "{}:\n{direct:?}\n{through_sqlite:?}", what());
            Some(true)
        }
        Err(error) => {
            if std::env::var_os("SHOW").is_some() {
                println!("{}: {error}", what());
            }
            Some(false)
        }
    }
}

#[test]
fn whole_files_are_read_as_sqlite_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut understood = 0;
    for (what, plain, bytes) in samples(folder.path()) {
        let read = agrees(&bytes, &folder.path().join("copy"), &|| what.clone());
        // Some fates leave data of one kind untouched.
        if plain {
            assert_eq!(read, Some(true), "{what}");
        }
        assert_ne!(read, Some(false), "{what}: refused by SQLite");
        understood += usize::from(read.is_some());
    }
    assert!(understood > 120, "{understood}");
}

/// Numbers as they come, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit.max(1)
    }
}

/// Damages a file in one to six places.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    for _ in 0..=chance.below(6) {
        let pages = bytes.len() / size;
        let page = chance.below(pages) * size;
        let start = if page == 0 { 100 } else { page };
        if pages == 0 {
            return;
        }
        let byte = u8::try_from(chance.below(256)).expect("a byte");
        match chance.below(12) {
            0 => bytes[chance.below(100)] = byte,
            1 => bytes[start + chance.below(12)] = byte,
            // The places of rows.
            2 => bytes[start + 8 + chance.below(60)] = byte,
            // A row: its length, its id, the types of its values.
            3 | 4 => {
                let cell = start + 8 + 2 * chance.below(20);
                let at = page + usize::from(u16::from_be_bytes([bytes[cell], bytes[cell + 1]])) + chance.below(10);
                if let Some(place) = bytes.get_mut(at) {
                    *place = if chance.below(3) == 0 { byte } else { u8::try_from(chance.below(16)).expect("a byte") };
                }
            }
            5 => {
                let other = chance.below(pages) * size;
                for at in 0..size {
                    bytes.swap(page + at, other + at);
                }
            }
            6 => {
                let other = chance.below(pages) * size;
                bytes.copy_within(other..other + size, page);
            }
            7 if page > 0 => bytes[page..page + chance.below(size)].fill(0),
            8 if chance.below(8) == 0 => bytes.truncate(chance.below(bytes.len())),
            9 if chance.below(8) == 0 => {
                bytes.truncate(page.max(size));
                let count = u32::try_from(bytes.len() / size).expect("few pages");
                bytes[28..32].copy_from_slice(&count.to_be_bytes());
            }
            _ => {
                let at = chance.below(bytes.len());
                bytes[at] = byte;
            }
        }
    }
}

/// Damages one file for each number, which decides everything. Tells how many the short way read, and how many of them SQLite
/// refuses.
fn fuzz(numbers: impl IntoIterator<Item = u64>) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let samples = samples(folder.path());
    let small: Vec<_> = samples.iter().filter(|(_, plain, bytes)| *plain && bytes.len() < 200_000).collect();
    let (mut read, mut refused) = (0, 0);
    for number in numbers {
        let mut chance = Chance(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (what, _, bytes) = small[chance.below(small.len())];
        let mut bytes = bytes.clone();
        damage(&mut bytes, &mut chance);
        match agrees(&bytes, &folder.path().join("damaged"), &|| format!("number {number}: {what}")) {
            Some(true) => read += 1,
            Some(false) => {
                read += 1;
                refused += 1;
            }
            None => {}
        }
    }
    (read, refused)
}

#[test]
fn damaged_files_are_read_as_sqlite_reads_them() {
    // The last one has an inner page whose last id runs out of the page.
    let (read, refused) = fuzz((1..=2000).chain([976_808]));
    assert!(read > 200, "{read}");
    assert_eq!(refused, 0);
}

#[test]
#[ignore = "takes minutes"]
fn many_damaged_files_are_read_as_sqlite_reads_them() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().expect("a number"));
    let (times, first) = (number("FUZZ", 200_000), number("SEED", 2));
    let (read, refused) = fuzz(first..first + times);
    println!("{times} damaged files: {read} read the short way, {refused} of them refused by SQLite");
    assert_eq!(refused, 0);
}
