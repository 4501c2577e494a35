//! From the bytes of a file to the text that coverage.py analyses.

use std::borrow::Cow;

use super::SourceError;

/// Decodes a source file as coverage.py does: line ends become `\n`, form feeds become blanks, the encoding is that of the byte
/// order mark or of the PEP 263 comment, else UTF-8, and what does not decode becomes U+FFFD. The text ends with a line feed.
///
/// Encodings other than UTF-8, Latin-1 and ASCII are refused when the file holds bytes beyond ASCII.
pub fn decode(bytes: &[u8]) -> Result<String, SourceError> {
    let bytes = unify_line_ends(bytes);
    let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (&bytes[..], false),
    };
    let declared = declared_encoding(bytes)?;
    let encoding = match &declared {
        None => Encoding::Utf8,
        Some((name, line)) => {
            let encoding =
                Encoding::named(name).ok_or_else(|| SourceError::new(format!("unknown encoding: {name}"), *line));
            match encoding {
                Ok(Encoding::Utf8) => Encoding::Utf8,
                Ok(_) if marked => return Err(SourceError::new("encoding problem: utf-8", *line)),
                Ok(encoding) => encoding,
                Err(error) if marked || !bytes.is_ascii() || !known_to_python(name) => return Err(error),
                Err(_) => Encoding::Ascii,
            }
        }
    };
    let mut text = match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Latin1 => bytes.iter().copied().map(char::from).collect(),
        Encoding::Latin9 => bytes.iter().copied().map(latin9).collect(),
        Encoding::Ascii => bytes
            .iter()
            .map(|&byte| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER })
            .collect(),
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

enum Encoding {
    Utf8,
    Latin1,
    Latin9,
    Ascii,
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
        match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001" => Some(Self::Utf8),
            name if name.starts_with("utf-8-") => Some(Self::Utf8),
            "latin-1" | "iso-8859-1" | "iso-latin-1" | "latin1" | "iso8859-1" | "l1" | "latin" | "8859" | "cp819" => {
                Some(Self::Latin1)
            }
            name if ["latin-1-", "iso-8859-1-", "iso-latin-1-"].iter().any(|known| name.starts_with(known)) => {
                Some(Self::Latin1)
            }
            "iso-8859-15" | "iso8859-15" | "latin-9" | "latin9" | "l9" => Some(Self::Latin9),
            "ascii" | "us-ascii" | "646" => Some(Self::Ascii),
            _ => None,
        }
    }
}

/// Whether a name looks like an ASCII-compatible encoding of Python's, so that pure ASCII text under it can be read.
fn known_to_python(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let starts = [
        "cp", "iso", "koi8", "mac", "windows-", "euc", "big5", "gb", "shift", "sjis", "johab", "ms", "tis", "ptcp",
        "kz1048", "hz", "latin", "l1", "cyrillic", "greek", "hebrew", "arabic",
    ];
    starts.iter().any(|start| name.starts_with(start))
}

fn latin9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        other => char::from(other),
    }
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
        assert_eq!(text(b"x = 1\n# coding: latin-1\n'\xc3\xa9'\n").lines().nth(2), Some("'é'"));
        assert_eq!(text(b"\n\n'\xe9'\n").lines().nth(2), Some("'\u{fffd}'"));
    }

    #[test]
    fn impossible_encodings_are_refused() {
        for source in [
            &b"# coding: nonsense\n"[..],
            b"\xef\xbb\xbf# coding: latin-1\n",
            b"'\xe9'\n",
            b"# coding: koi8-r\n'\xe9'\n",
        ] {
            assert!(decode(source).is_err(), "{source:?}");
        }
    }
}
