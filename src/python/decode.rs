//! From the bytes of a file to the text that coverage.py analyses.

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::SourceError;

/// Decodes a source file as coverage.py does: line ends become `\n`, form feeds become blanks, the encoding is that of the byte
/// order mark or of the PEP 263 comment, else UTF-8, and what does not decode becomes U+FFFD. The text ends with a line feed.
///
/// Encodings that neither Python nor the web knows are refused.
pub fn decode(bytes: &[u8]) -> Result<String, SourceError> {
    let bytes = unify_line_ends(bytes);
    let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (&bytes[..], false),
    };
    let declared = declared_encoding(bytes)?;
    let mut text = match declared {
        None => String::from_utf8_lossy(bytes).into_owned(),
        Some((name, line)) => {
            if marked && !is_utf8(&name) {
                return Err(SourceError::new("encoding problem: utf-8", line));
            }
            decode_as(bytes, &name).ok_or_else(|| SourceError::new(format!("unknown encoding: {name}"), line))?
        }
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// `\r\n` and `\r` as `\n`, form feeds as blanks.
fn unify_line_ends(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, b'\r' | b'\x0c')) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'\r' => {
                rest.next_if_eq(&b'\n');
                b'\n'
            }
            b'\x0c' => b' ',
            other => other,
        });
    }
    Cow::Owned(out)
}

/// Whether a name is one of UTF-8's own spellings, the only ones allowed beside a byte order mark.
fn is_utf8(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "utf-8" || name.starts_with("utf-8-")
}

/// Decodes by a codec's name in Python; `None` for codecs that we do not know.
fn decode_as(bytes: &[u8], name: &str) -> Option<String> {
    if is_utf8(name) {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    let name = name.to_ascii_lowercase().replace('_', "-");
    let latin_1 = ["latin-1", "iso-8859-1", "iso-latin-1"];
    if latin_1.iter().any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
        || ["latin1", "iso8859-1", "l1", "latin", "8859", "cp819"].contains(&name.as_str())
    {
        return Some(bytes.iter().copied().map(char::from).collect());
    }
    if ["ascii", "us-ascii", "646"].contains(&name.as_str()) {
        let decoded = |&byte: &u8| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER };
        return Some(bytes.iter().map(decoded).collect());
    }
    // Where Python's name is none of the web's labels.
    let label = match name.as_str() {
        "u8" | "utf" | "cp65001" => "utf-8",
        "cp932" | "ms932" | "mskanji" | "ms-kanji" => "shift-jis",
        "cp949" | "ms949" | "uhc" => "windows-949",
        "cp950" | "ms950" | "big5hkscs" | "hkscs" => "big5",
        "cp936" | "ms936" => "gbk",
        "eucjp" | "ujis" => "euc-jp",
        "euckr" => "euc-kr",
        "iso2022-jp" => "iso-2022-jp",
        "latin9" | "l9" => "iso-8859-15",
        "mac-roman" | "macroman" => "macintosh",
        "mac-cyrillic" | "maccyrillic" => "x-mac-cyrillic",
        other => other,
    };
    if let Some(encoding) = Encoding::for_label(label.as_bytes())
        && (encoding.is_ascii_compatible() || encoding == encoding_rs::ISO_2022_JP)
    {
        return Some(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    // The others of Python's code pages agree on ASCII.
    let code_page = ["cp", "iso8859-", "iso-8859-", "mac", "koi8-", "kz1048", "ptcp154", "tis-620"];
    (bytes.is_ascii() && code_page.iter().any(|start| name.starts_with(start)))
        .then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The encoding that a comment on one of the first two lines names, and its line; the second line counts only below a blank or
/// comment line.
fn declared_encoding(bytes: &[u8]) -> Result<Option<(String, u32)>, SourceError> {
    for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').take(2).zip(1..) {
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(SourceError::new("invalid or missing encoding declaration", number));
        };
        let text = text.trim_start_matches([' ', '\t']);
        if let Some(comment) = text.strip_prefix('#') {
            if let Some(name) = encoding_in(comment) {
                return Ok(Some((name.to_owned(), number)));
            }
        } else if !text.trim_end_matches('\n').is_empty() {
            break;
        }
    }
    Ok(None)
}

/// The name behind the first `coding:` or `coding=` that has one.
fn encoding_in(comment: &str) -> Option<&str> {
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        decode(bytes).expect("decodes")
    }

    #[test]
    fn line_ends_and_form_feeds_are_unified() {
        assert_eq!(text(b"a\r\nb\rc\x0cd"), "a\nb\nc d\n");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn marks_and_comments_name_the_encoding() {
        assert_eq!(text(b"\xef\xbb\xbfx = 1\n"), "x = 1\n");
        assert_eq!(text(b"#!/bin/python\n# -*- coding: latin-1 -*-\n'\xe9'\n").lines().nth(2), Some("'é'"));
        assert_eq!(text(b"# vim: set fileencoding=iso-8859-15 :\n'\xa4'\n").lines().nth(1), Some("'€'"));
        assert_eq!(text(b"# coding: koi8_r\n'\xd0'\n").lines().nth(1), Some("'п'"));
        assert_eq!(text(b"x = 1\n# coding: latin-1\n'\xc3\xa9'\n").lines().nth(2), Some("'é'"));
        assert_eq!(text(b"\n\n'\xe9'\n").lines().nth(2), Some("'\u{fffd}'"));
    }

    #[test]
    fn impossible_encodings_are_refused() {
        for source in [
            &b"# coding: nonsense\n"[..],
            b"\xef\xbb\xbf# coding: latin-1\n",
            b"'\xe9'\n",
            b"\xef\xbb\xbf# coding: utf8\n",
        ] {
            assert!(decode(source).is_err(), "{source:?}");
        }
    }
}
