//! Small pieces of Python's text handling that configuration values depend on.

/// White space as `str.isspace` sees it: Unicode's, and the four ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// What `\w` matches.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { c.is_alphanumeric() }
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `repr()` of a text.
pub(super) fn repr(text: &str) -> String {
    use std::fmt::Write as _;
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                // Writing to a text cannot fail.
                let _ = match u32::from(c) {
                    n @ ..=0xff => write!(out, "\\x{n:02x}"),
                    n @ ..=0xffff => write!(out, "\\u{n:04x}"),
                    n => write!(out, "\\U{n:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// Near enough to `str.isprintable` for messages: no controls, separators or invisible formatting.
fn is_printable(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || is_space(c)
            || matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0001}'..='\u{e007f}'
                | '\u{f0000}'..='\u{10ffff}'))
}

/// `int(text)`; numbers beyond 64 bits are held at its ends.
pub(super) fn int(text: &str) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = without_underscores(digits)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -value } else { value })
}

/// `float(text)`.
pub(super) fn float(text: &str) -> Option<f64> {
    without_underscores(strip(text))?.parse().ok()
}

/// The digits without the underscores that may stand between two of them.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let placed = |at: usize| digit(at.checked_sub(1)) && digit(Some(at + 1));
    let good = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || placed(at));
    good.then(|| text.replace('_', ""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_print_as_in_python() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("a'b"), "\"a'b\"");
        assert_eq!(repr("a'\"b"), "'a\\'\"b'");
        assert_eq!(repr("\u{feff}\n\\\x07é"), "'\\ufeff\\n\\\\\\x07é'");
    }

    #[test]
    fn numbers_read_as_in_python() {
        assert_eq!(int(" 1_0 "), Some(10));
        assert_eq!(int("+3"), Some(3));
        assert_eq!(int("-3"), Some(-3));
        for bad in ["", "1__0", "_1", "1_", "0x3", "1.0", "--1"] {
            assert_eq!(int(bad), None, "{bad}");
        }
        assert_eq!(float("1_0.5_0"), Some(10.5));
        assert_eq!(float(" 1e1"), Some(10.0));
        assert!(float("nan").unwrap().is_nan());
        for bad in ["", "abc", "1__0", "1_.5"] {
            assert_eq!(float(bad), None, "{bad}");
        }
    }
}
