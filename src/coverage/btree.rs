//! Reads the tables of a data file straight from its bytes, many times faster than through SQLite.
//!
//! It knows the plain layout only: UTF-8, no write-ahead log, the tables as coverage.py makes them. At anything else, and at
//! anything that does not hold together, it gives up, and SQLite decides what the file says or what is wrong with it.

use super::recorded::{Builder, Recorded};
use super::sqlite::{MAGIC, SCHEMA_VERSION};

/// A table as coverage.py declares it.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// What is unique in it, by an index of its own.
    unique: Option<&'static str>,
}

const TABLES: [Table; 7] = [
    Table { name: "coverage_schema", columns: &["version integer"], unique: None },
    Table { name: "meta", columns: &["key text", "value text"], unique: Some("unique (key)") },
    Table { name: "file", columns: &["id integer primary key", "path text"], unique: Some("unique (path)") },
    Table { name: "context", columns: &["id integer primary key", "context text"], unique: Some("unique (context)") },
    Table { name: "tracer", columns: &["file_id integer primary key", "tracer text"], unique: None },
    Table {
        name: "line_bits",
        columns: &["file_id integer", "context_id integer", "numbits blob"],
        unique: Some("unique (file_id, context_id)"),
    },
    Table {
        name: "arc",
        columns: &["file_id integer", "context_id integer", "fromno integer", "tono integer"],
        unique: Some("unique (file_id, context_id, fromno, tono)"),
    },
];

/// Where a table may point to.
const FOREIGN_KEYS: [&str; 2] =
    ["foreign key (file_id) references file (id)", "foreign key (context_id) references context (id)"];

/// The content of a data file; `None` when SQLite has to look at it.
pub fn read(bytes: &[u8]) -> Option<Recorded> {
    let mut pages = Pages::new(bytes)?;
    let mut roots = [None; TABLES.len()];
    let mut indices = [false; TABLES.len()];
    let last_page = i64::try_from(bytes.len() / pages.size).ok()?;
    // The tables and their own indices are there, and nothing else.
    pages.walk(1, |_, row| {
        let [kind, name, table, root, sql] = row.values()?;
        let (Value::Text(name), Value::Text(table), Value::Integer(root)) = (name, table, root) else { return None };
        let at = TABLES.iter().position(|known| known.name.as_bytes() == table)?;
        if !(2..=last_page).contains(&root) {
            return None;
        }
        let is_new = match (kind, sql) {
            (Value::Text(b"table"), Value::Text(sql)) => {
                let plain = name == table && is_plain(std::str::from_utf8(sql).ok()?, &TABLES[at]);
                plain && roots[at].replace(u32::try_from(root).ok()?).is_none()
            }
            (Value::Text(b"index"), Value::Null) => {
                let own = name.strip_prefix(b"sqlite_autoindex_")?.strip_suffix(b"_1")? == table;
                own && !std::mem::replace(&mut indices[at], true)
            }
            _ => false,
        };
        is_new.then_some(())
    })?;
    if TABLES.iter().zip(indices).any(|(table, indexed)| table.unique.is_some() != indexed) {
        return None;
    }
    let root = |at: usize| roots[at];
    let mut version = None;
    pages.walk(root(0)?, |_, row| {
        let [value] = row.values()?;
        version = Some(value.integer()?);
        Some(())
    })?;
    if version != Some(SCHEMA_VERSION) {
        return None;
    }
    let mut builder = Builder::default();
    pages.walk(root(1)?, |_, row| {
        let [key, value] = row.values()?;
        if key == Value::Text(b"has_arcs") {
            builder.declare_arcs(value.text()?.trim() != "0");
        }
        Some(())
    })?;
    let named = |id, row: Row<'_>| {
        let [key, name] = row.values()?;
        (key == Value::Null).then_some((id, name.text()?))
    };
    pages.walk(root(2)?, |id, row| named(id, row).map(|(id, path)| builder.file(id, path)))?;
    pages.walk(root(3)?, |id, row| named(id, row).map(|(id, context)| builder.context(id, context)))?;
    pages.walk(root(4)?, |id, row| named(id, row).map(|(id, tracer)| builder.tracer(id, tracer)))?;
    pages.walk(root(5)?, |_, row| {
        let [file, context, numbits] = row.values()?;
        let Value::Blob(numbits) = numbits else { return None };
        builder.lines(file.integer()?, context.integer()?, numbits).then_some(())
    })?;
    pages.walk(root(6)?, |_, row| {
        let [file, context, from, to] = row.integers()?;
        builder.arc(file, context, from, to).then_some(())
    })?;
    builder.finish()
}

/// Whether a table is declared as coverage.py does it, but for layout, comments and foreign keys.
fn is_plain(sql: &str, table: &Table) -> bool {
    let without_comments: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words = without_comments.join(" ").to_ascii_lowercase();
    let Some((start, body)) = words.split_once('(') else { return false };
    let Some(body) = body.trim_ascii_end().strip_suffix(')') else { return false };
    let mut depth = 0;
    let parts = body.split(|char| {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        char == ',' && depth == 0
    });
    let normal = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts: Vec<String> = parts.map(normal).collect();
    parts.retain(|part| !FOREIGN_KEYS.contains(&part.as_str()));
    !sql.contains('\0')
        && normal(start) == format!("create table {}", table.name)
        && parts.iter().eq(table.columns.iter().chain(&table.unique))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl Value<'_> {
    fn integer(self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(value) } else { None }
    }

    fn text(self) -> Option<String> {
        if let Self::Text(text) = self { String::from_utf8(text.to_owned()).ok() } else { None }
    }
}

/// A row: the lengths and types of its values, then the values.
#[derive(Clone, Copy)]
struct Row<'a> {
    row: &'a [u8],
    /// The row and what stands behind it in its page.
    page: &'a [u8],
}

/// How to read an integer of each type: its length, how far eight bytes that begin with it are shifted to the right, a mask, and
/// what is added. Types without a value in the row are zero and one; 0 and 7 are no integers.
const INTEGERS: [(u8, u8, i64, i64); 10] = [
    (0, 0, 0, 0),
    (1, 56, -1, 0),
    (2, 48, -1, 0),
    (3, 40, -1, 0),
    (4, 32, -1, 0),
    (6, 16, -1, 0),
    (8, 0, -1, 0),
    (0, 0, 0, 0),
    (0, 0, 0, 0),
    (0, 0, 0, 1),
];

impl<'a> Row<'a> {
    /// The values, if there are as many and all are integers. The same as [`Row::values`], faster for most rows.
    #[inline]
    fn integers<const N: usize>(self) -> Option<[i64; N]> {
        self.short_integers().or_else(|| {
            let mut integers = [0; N];
            for (integer, value) in integers.iter_mut().zip(self.values::<N>()?) {
                *integer = value.integer()?;
            }
            Some(integers)
        })
    }

    /// The integers without a branch for each, if the row is not one of the last bytes of its page.
    #[inline]
    fn short_integers<const N: usize>(self) -> Option<[i64; N]> {
        let types = self.row.get(1..=N).filter(|_| usize::from(self.row[0]) == N + 1)?;
        let mut at = N + 1;
        let mut integers = [0; N];
        for (integer, &kind) in integers.iter_mut().zip(types) {
            let (length, shift, mask, add) = *INTEGERS.get(usize::from(kind)).filter(|_| kind != 0 && kind != 7)?;
            let bytes: [u8; 8] = self.page.get(at..at + 8)?.try_into().ok()?;
            *integer = (i64::from_be_bytes(bytes) >> shift & mask) + add;
            at += usize::from(length);
        }
        (at == self.row.len()).then_some(integers)
    }

    /// The values, if there are as many.
    #[inline]
    fn values<const N: usize>(self) -> Option<[Value<'a>; N]> {
        let (header, start) = varint(self.row)?;
        let end = usize::try_from(header).ok()?;
        let mut types = self.row.get(start..end)?;
        let mut rest = self.row.get(end..)?;
        let mut values = [Value::Null; N];
        for value in &mut values {
            let (kind, length) = varint(types)?;
            types = &types[length..];
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => usize::try_from(kind).ok()?,
                5 => 6,
                6 => 8,
                12.. => usize::try_from((kind - 12) / 2).ok()?,
                _ => return None,
            };
            let (bytes, after) = rest.split_at_checked(length)?;
            rest = after;
            *value = match kind {
                0 => Value::Null,
                8 => Value::Integer(0),
                9 => Value::Integer(1),
                1..=6 => {
                    let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
                    Value::Integer(bytes.iter().fold(sign, |number, &byte| number << 8 | i64::from(byte)))
                }
                _ if kind % 2 == 0 => Value::Blob(bytes),
                _ => Value::Text(bytes),
            };
        }
        (types.is_empty() && rest.is_empty()).then_some(values)
    }
}

/// SQLite's numbers of one to nine bytes, and how many.
#[inline]
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        [one @ ..0x80, ..] => Some((u64::from(one), 1)),
        [one, two @ ..0x80, ..] => Some((u64::from(one & 0x7f) << 7 | u64::from(two), 2)),
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().take(8).enumerate() {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, at + 1));
        }
    }
    Some((number << 8 | u64::from(*bytes.get(8)?), 9))
}

struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    /// Which pages were visited: each belongs to one place of one tree.
    visited: Vec<bool>,
}

impl<'a> Pages<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let size = match u16::from_be_bytes([*bytes.get(16)?, *bytes.get(17)?]) {
            1 => 65_536,
            size => usize::from(size),
        };
        let count = number(bytes, 28)?;
        let plain = bytes.starts_with(MAGIC)
            && size >= 512
            && size.is_power_of_two()
            && bytes.get(18..21) == Some(&[1, 1, 0])
            && number(bytes, 24)? == number(bytes, 92)?
            && number(bytes, 56)? == 1
            // What SQLite insists on: fractions of a page, and a layout it knows.
            && bytes.get(21..24) == Some(&[64, 32, 32])
            && (1..=4).contains(&number(bytes, 44)?)
            && Some(bytes.len()) == size.checked_mul(count as usize);
        plain.then(|| Self { bytes, size, visited: vec![false; count as usize] })
    }

    fn page(&mut self, page: u32) -> Option<&'a [u8]> {
        let at = (page as usize).checked_sub(1)?;
        if std::mem::replace(self.visited.get_mut(at)?, true) {
            return None;
        }
        self.bytes.get(at * self.size..(at + 1) * self.size)
    }

    /// Every row of a table with its id, in order; stops when a row is not understood.
    fn walk(&mut self, root: u32, mut take: impl FnMut(i64, Row<'_>) -> Option<()>) -> Option<()> {
        let mut left = vec![root];
        let mut spilled = Vec::new();
        let mut last = i64::MIN;
        while let Some(page) = left.pop() {
            let start = if page == 1 { 100 } else { 0 };
            let (is_root, is_first) = (page == root, page == 1);
            let page = self.page(page)?;
            let cells = usize::from(short(page, start + 3)?);
            // Only an empty table has an empty page, and the first page may be too small for what is in the second.
            if cells == 0 && !(is_root && (page[start] == 13 || is_first)) || cells > (self.size - 8) / 6 {
                return None;
            }
            let header = if page[start] == 5 { 12 } else { 8 };
            let pointers = page.get(start + header..start + header + 2 * cells)?;
            let first = start + header + 2 * cells;
            let offsets = pointers.chunks_exact(2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
            match page[start] {
                5 => {
                    left.push(number(page, start + 8)?);
                    for offset in offsets.rev() {
                        left.push(number(page, offset).filter(|_| offset >= first)?);
                        // The id after it does not matter, but SQLite wants it within the page.
                        varint(&page[offset + 4..])?;
                    }
                }
                13 => {
                    for offset in offsets {
                        let cell = page.get(offset..).filter(|_| offset >= first)?;
                        let (length, one) = varint(cell)?;
                        let (id, two) = varint(&cell[one..])?;
                        let (cell, id) = (&cell[one + two..], id.cast_signed());
                        // Ids ascend within a table.
                        if id <= last && last != i64::MIN {
                            return None;
                        }
                        last = id;
                        let length = usize::try_from(length).ok()?;
                        if length <= self.size - 35 {
                            take(id, Row { row: cell.get(..length)?, page: cell })?;
                        } else {
                            self.spilled(cell, length, &mut spilled)?;
                            take(id, Row { row: &spilled, page: &spilled })?;
                        }
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// A row too long for its page: the rest is in a chain of pages.
    fn spilled(&mut self, cell: &[u8], length: usize, row: &mut Vec<u8>) -> Option<()> {
        if length > self.bytes.len() {
            return None;
        }
        let least = (self.size - 12) * 32 / 255 - 23;
        let most = least + (length - least) % (self.size - 4);
        let local = if most <= self.size - 35 { most } else { least };
        row.clear();
        row.extend_from_slice(cell.get(..local)?);
        let mut next = number(cell, local)?;
        while row.len() < length {
            let page = self.page(next)?;
            next = number(page, 0)?;
            let part = (length - row.len()).min(self.size - 4);
            row.extend_from_slice(&page[4..4 + part]);
        }
        (next == 0).then_some(())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let good = "CREATE TABLE arc (\n -- who, when\n file_id integer, context_id integer, -- x\n fromno integer,\n tono  INTEGER,\n foreign key (file_id) references file (id), unique (file_id, context_id, fromno, tono)\n)";
        assert!(is_plain(good, &TABLES[6]));
        for (from, to) in [
            ("tono  INTEGER", "tono integer default 5"),
            ("tono  INTEGER,", ""),
            (", unique (file_id, context_id, fromno, tono)", ""),
            ("unique (file_id", "more integer, unique (file_id"),
            ("\n)", ") without rowid"),
            ("fromno integer", "fromno integer as (1)"),
            ("TABLE arc", "TEMP TABLE arc"),
            ("who", "\0"),
        ] {
            assert!(!is_plain(&good.replace(from, to), &TABLES[6]), "{to}");
        }
    }

    #[test]
    fn numbers_of_any_length() {
        assert_eq!(varint(&[0x05, 9]), Some((5, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff]), None);
        let row = |row: &'static [u8]| Row { row, page: row };
        let mixed = row(&[5, 1, 2, 9, 13, 0xfe, 0xff, 0x00]);
        assert_eq!(
            mixed.values::<4>().unwrap(),
            [Value::Integer(-2), Value::Integer(-256), Value::Integer(1), Value::Text(b"")]
        );
        assert!(mixed.values::<3>().is_none());
        assert!(mixed.integers::<4>().is_none());
        let page: Vec<u8> = [&[7, 1, 2, 3, 4, 5, 6][..], &[0x80; 24], &[0; 8]].concat();
        let integers = Row { row: &page[..31], page: &page }.short_integers::<6>().unwrap();
        assert_eq!(Some(integers), Row { row: &page[..31], page: &page[..31] }.integers());
        assert_eq!(integers[..2], [-128, -0x7f80]);
        assert!(Row { row: &page[..30], page: &page }.integers::<6>().is_none());
        assert_eq!(row(&[3, 8, 9]).integers(), Some([0, 1]));
        assert_eq!(Row { row: &[3, 8, 9], page: &[3, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8] }.short_integers(), Some([0, 1]));
        assert!(Row { row: &[3, 0, 7], page: &[3, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8] }.short_integers::<2>().is_none());
    }
}
