//! Which kind of coverage data a file holds, from its content, whatever its name.

use super::sqlite::MAGIC;

/// The kinds of files that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An SQLite database, most likely a data file of coverage.py.
    Sqlite,
    /// The JSON of slipcover.
    Slipcover,
    /// Other JSON, such as the report of `coverage json`.
    Json,
    /// No bytes at all.
    Empty,
    /// Anything else.
    Other,
}

/// How many bytes from the start of a file decide about its kind, most often.
pub const HEAD: usize = 4096;

/// The kind of a file that starts with `head`, and is no longer if `complete`; `None` when more of it has to be seen.
pub fn kind(head: &[u8], complete: bool) -> Option<Kind> {
    if head.is_empty() {
        return complete.then_some(Kind::Empty);
    }
    if head.starts_with(MAGIC) {
        return Some(Kind::Sqlite);
    }
    let json = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if json.first() != Some(&b'{') {
        return Some(Kind::Other);
    }
    if json[1..].trim_ascii_start().first().is_some_and(|&byte| byte != b'"' && byte != b'}') {
        return Some(Kind::Other);
    }
    match software(json) {
        Some(name) if name == b"slipcover" => Some(Kind::Slipcover),
        Some(_) => Some(Kind::Json),
        None => complete.then_some(Kind::Json),
    }
}

/// The text after the first `"software":`.
fn software(json: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"\"software\"";
    let at = json.windows(KEY.len()).position(|window| window == KEY)?;
    let value = json[at + KEY.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    value.split(|&byte| byte == b'"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_kinds_apart() {
        assert_eq!(kind(b"SQLite format 3\0....", false), Some(Kind::Sqlite));
        assert_eq!(kind(br#" {"meta": {"software": "slipcover", "#, false), Some(Kind::Slipcover));
        assert_eq!(kind(br#"{"meta": {"format": 3, "version": "7.17.3"}}"#, true), Some(Kind::Json));
        assert_eq!(kind(br#"{"meta": {"form"#, false), None);
        assert_eq!(kind(b"", true), Some(Kind::Empty));
        assert_eq!(kind(b"<xml/>", false), Some(Kind::Other));
        assert_eq!(kind(b"{% template %}", true), Some(Kind::Other));
    }
}
