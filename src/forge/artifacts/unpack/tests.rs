use std::io::Cursor;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use super::*;

const DB: &[u8] = b"SQLite format 3\0 and some pages";
const JSON: &[u8] = br#"{"meta": {"software": "slipcover"}}"#;

/// An entry of a zip made by hand: what no honest writer writes.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    data: Vec<u8>,
    mode: u32,
    deflate: bool,
    crc: Option<u32>,
    flags: u16,
}

fn entry(name: &str, data: &[u8]) -> Entry {
    Entry { name: name.into(), data: data.to_vec(), mode: 0o100_644, deflate: true, crc: None, flags: 0x800 }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::best());
    out.write_all(data).expect("deflate in memory");
    out.finish().expect("deflate in memory")
}

fn crc32(data: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum()
}

/// The bytes of a zip with these entries.
fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = u32::try_from(out.len()).expect("a small zip");
        let packed = if entry.deflate { deflated(&entry.data) } else { entry.data.clone() };
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(entry.flags.to_le_bytes());
        common.extend((if entry.deflate { 8_u16 } else { 0 }).to_le_bytes());
        common.extend([0; 4]);
        common.extend(entry.crc.unwrap_or_else(|| crc32(&entry.data)).to_le_bytes());
        common.extend(u32::try_from(packed.len()).expect("small").to_le_bytes());
        common.extend(u32::try_from(entry.data.len()).expect("small").to_le_bytes());
        common.extend(u16::try_from(entry.name.len()).expect("short").to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(&entry.name);
        out.extend(&packed);
        directory.extend(b"PK\x01\x02");
        // Written on Unix, so that the mode counts.
        directory.extend(0x031e_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (start, length) = (out.len(), directory.len());
    out.extend(&directory);
    out.extend(end(entries.len(), length, start));
    out
}

fn end(count: usize, length: usize, start: usize) -> Vec<u8> {
    let count = u16::try_from(count).expect("few entries").to_le_bytes();
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count);
    out.extend(count);
    out.extend(u32::try_from(length).expect("small").to_le_bytes());
    out.extend(u32::try_from(start).expect("small").to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A private folder inside another one, so that what escapes is seen.
struct Place {
    outer: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let outer = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(outer.path().join("private")).expect("a folder");
        Self { outer }
    }

    fn unpack(&self, bytes: &[u8], limits: &Limits) -> Result<Unpacked, String> {
        let file = self.outer.path().join("private/download");
        std::fs::write(&file, bytes).expect("written");
        Folder::new(&self.outer.path().join("private"), limits).unpack(&file, "cov.db")
    }

    /// Everything but the download, relative to the outer folder.
    fn left(&self) -> Vec<String> {
        let mut all = Vec::new();
        for folder in [self.outer.path().to_owned(), self.outer.path().join("private")] {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(self.outer.path()).expect("inside").to_string_lossy().into_owned();
                if name != "private" && name != "private/download" {
                    all.push(name);
                }
            }
        }
        all.sort();
        all
    }
}

fn unpack(bytes: &[u8]) -> Result<Unpacked, String> {
    Place::new().unpack(bytes, &Limits::default())
}

#[test]
fn data_is_taken_and_the_rest_is_counted() {
    let place = Place::new();
    let mut folder = entry("sub/", b"");
    folder.mode = 0o040_755;
    folder.deflate = false;
    let mut stored = entry("sub/b.json", JSON);
    stored.deflate = false;
    let entries = [
        folder,
        entry("a.db", DB),
        stored,
        entry("htmlcov/index.html", b"<html>"),
        entry("htmlcov/.gitignore", b"*"),
        entry("empty.txt", b""),
        entry(".coverage.empty", b""),
        entry("./c \u{e4}.db", DB),
    ];
    let out = place.unpack(&zip(&entries), &Limits::default()).expect("unpacked");
    let names: Vec<&str> = out.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.db", "sub/b.json", ".coverage.empty", "c \u{e4}.db"]);
    assert_eq!(out.skipped, 3);
    assert_eq!(std::fs::read(&out.files[0].path).expect("read"), DB);
    assert_eq!(std::fs::read(&out.files[1].path).expect("read"), JSON);
    assert_eq!((out.files[1].bytes, out.files[2].bytes), (JSON.len() as u64, 0));
    assert_eq!(place.left(), ["private/0", "private/1", "private/2", "private/3"]);
}

#[test]
fn a_zip_of_a_streaming_writer_is_read() {
    // Sizes stand behind the data there, as `archiver` of upload-artifact writes them.
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    writer.start_file("a.db", zip::write::SimpleFileOptions::default()).expect("an entry");
    writer.write_all(DB).expect("written");
    let bytes = writer.finish().expect("a zip").into_inner();
    assert_ne!(bytes[6] & 8, 0, "a data descriptor");
    assert_eq!(unpack(&bytes).expect("unpacked").files[0].bytes, DB.len() as u64);
    let empty = zip::ZipWriter::new(Cursor::new(Vec::new())).finish().expect("a zip").into_inner();
    assert_eq!(unpack(&empty).expect("unpacked"), Unpacked::default());
}

#[test]
fn a_single_file_is_taken_as_it_is_or_out_of_its_gzip() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(DB).expect("gzip in memory");
    let gzip = gzip.finish().expect("gzip in memory");
    for bytes in [DB, &gzip] {
        let place = Place::new();
        let out = place.unpack(bytes, &Limits::default()).expect("unpacked");
        assert_eq!((out.files[0].name.as_str(), out.files[0].bytes), ("cov.db", DB.len() as u64));
        assert_eq!(std::fs::read(&out.files[0].path).expect("read"), DB);
    }
    assert_eq!(unpack(b"<html>").expect("unpacked"), Unpacked { files: vec![], skipped: 1 });
    assert_eq!(unpack(b"").expect("unpacked").files[0].bytes, 0, "an empty data file is for the caller to judge");
    let error = unpack(&gzip[..gzip.len() - 6]).expect_err("truncated");
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_nothing_is_written_there() {
    for (name, why) in [
        ("../evil.db", "leaves its folder"),
        ("../../../../../../tmp/evil.db", "leaves its folder"),
        ("a/../../evil.db", "leaves its folder"),
        ("a/..", "leaves its folder"),
        ("/etc/evil.db", "absolute"),
        ("//server/share/evil.db", "absolute"),
        ("C:/evil.db", "absolute"),
        ("c:evil.db", "absolute"),
        ("..\\evil.db", "backslash"),
        ("a\\..\\..\\evil.db", "backslash"),
        ("\\\\server\\share\\evil.db", "backslash"),
        ("a//b.db", "empty"),
        ("", "empty"),
        ("a\0b.db", "control characters"),
        ("\u{1b}[31mred.db", "control characters"),
        ("a\n::error::x.db", "control characters"),
    ] {
        let place = Place::new();
        let good = entry("good.db", DB);
        let error = place.unpack(&zip(&[entry(name, DB), good]), &Limits::default()).expect_err(name);
        assert!(error.contains(why), "{name:?}: {error}");
        assert!(!error.chars().any(char::is_control), "{error:?}");
        assert_eq!(place.left(), [""; 0], "{name:?}");
    }
    let long = format!("{}.db", "d/".repeat(600));
    assert!(unpack(&zip(&[entry(&long, DB)])).expect_err("long").contains("too long"));
}

#[test]
fn links_and_devices_are_refused() {
    for mode in [0o120_777, 0o020_666, 0o060_666, 0o010_644, 0o140_777] {
        let mut special = entry("cov.db", b"/etc/passwd");
        special.mode = mode;
        let error = unpack(&zip(&[special])).expect_err("special");
        assert!(error.contains("`cov.db` in it is no regular file"), "{mode:o}: {error}");
    }
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let other = br#"{"meta": {}}"#;
    for names in [["a.db", "a.db"], ["a.db", "./a.db"], ["x/a.db", "x/./a.db"]] {
        let error = unpack(&zip(&[entry(names[0], DB), entry(names[1], other)])).expect_err("twice");
        assert!(error.contains("two of its entries"), "{names:?}: {error}");
    }
}

#[test]
fn bombs_are_stopped_by_what_comes_out_not_by_what_is_announced() {
    let limits = Limits { file: 100_000, total: 150_000, entries: 20, ..Limits::default() };
    let zeros = [DB, &vec![0; 400_000]].concat();
    let refused = |entries: &[Entry], limits: &Limits| Place::new().unpack(&zip(entries), limits).expect_err("a bomb");
    assert!(refused(&[entry("a.db", &zeros)], &limits).contains("larger than 100000 bytes"));
    let two = [entry("a.db", &zeros[..90_000]), entry("b.db", &zeros[..90_000])];
    assert!(refused(&two, &limits).contains("larger than 60000 bytes"));
    let many: Vec<Entry> = (0..21).map(|n| entry(&format!("{n}.html"), b"<")).collect();
    assert!(refused(&many, &limits).contains("21 or more entries, more than 20"));

    let tight = Limits { free: 100_000, ..Limits::default() };
    assert!(refused(&[entry("a.db", &zeros)], &tight).contains("packed more than 200 times"));
    // What is no data is not unpacked, however large it would be.
    let page = [b"<html>".as_slice(), &vec![b' '; 400_000]].concat();
    let out = Place::new().unpack(&zip(&[entry("index.html", &page)]), &limits).expect("skipped");
    assert_eq!((out.files.len(), out.skipped), (0, 1));
}

#[test]
fn a_size_that_lies_is_found_out() {
    let mut bytes = zip(&[entry("a.db", &[DB, &vec![b'x'; 5000]].concat())]);
    // The unpacked size stands at 24 of the central record, at 22 of the local one.
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a record");
    for at in [22, central + 24] {
        bytes[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    let place = Place::new();
    match place.unpack(&bytes, &Limits { file: 100, ..Limits::default() }) {
        Err(error) => assert!(error.contains("damaged") || error.contains("larger than 100"), "{error}"),
        Ok(out) => panic!("{out:?}"),
    }
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    // The overlapping bomb: many entries of the directory, one stretch of data.
    let one = zip(&[entry("a.db", &[DB, &vec![0; 50_000]].concat())]);
    let central = one.windows(4).position(|window| window == b"PK\x01\x02").expect("a record");
    let record = one[central..one.len() - 22].to_vec();
    let mut bytes = one[..central].to_vec();
    let mut directory = Vec::new();
    for letter in b"abcdefgh" {
        let mut copy = record.clone();
        copy[46] = *letter;
        directory.extend(copy);
    }
    bytes.extend(&directory);
    bytes.extend(end(8, directory.len(), central));
    let error = unpack(&bytes).expect_err("overlap");
    assert!(error.contains("overlap"), "{error}");
}

#[test]
fn damage_is_found() {
    let whole = zip(&[entry("a.db", &[DB, &vec![7; 9000]].concat()), entry("b.json", JSON)]);
    for length in [30, 60, whole.len() / 2, whole.len() - 23, whole.len() - 1] {
        let error = unpack(&whole[..length]).expect_err("truncated");
        assert!(error.contains("truncated") || error.contains("damaged"), "{length}: {error}");
    }
    let mut wrong = entry("a.db", DB);
    wrong.crc = Some(1);
    let error = unpack(&zip(&[wrong])).expect_err("a wrong checksum");
    assert!(error.contains("`a.db`: the data is damaged"), "{error}");
    let mut locked = entry("a.db", DB);
    locked.flags |= 1;
    let error = unpack(&zip(&[locked])).expect_err("encrypted");
    assert!(error.contains("encrypted") || error.to_lowercase().contains("password"), "{error}");
    // Any byte changed gives an error or the same data, and never a panic.
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let place = Place::new();
        if let Ok(out) = place.unpack(&bytes, &Limits::default()) {
            for file in out.files {
                let content = std::fs::read(&file.path).expect("read");
                assert!(content.starts_with(DB) || content.starts_with(JSON) || content.is_empty(), "byte {at}");
            }
        }
    }
}

#[test]
fn shapes_are_told_by_their_first_bytes() {
    assert_eq!(shape(b"PK\x03\x04"), Shape::Zip);
    assert_eq!(shape(b"PK\x05\x06"), Shape::Zip);
    assert_eq!(shape(b"\x1f\x8b\x08\0"), Shape::Gzip);
    assert_eq!(shape(b"SQLi"), Shape::Plain);
    assert_eq!(shape(b""), Shape::Plain);
}
