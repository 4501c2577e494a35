//! Text from files made harmless for terminals and logs, and wrapped.

use std::borrow::Cow;

/// The longest message, help or label that is shown, in characters. Names in them come from the files read.
const LONGEST: usize = 2_000;

/// What stands in for a character that would move the cursor, change colours, reorder text or hide. `None` for an
/// ordinary character. Tabs are ordinary; line feeds are not.
pub(crate) fn stand_in(c: char) -> Option<Cow<'static, str>> {
    match c {
        '\t' | ' '..='~' => None,
        // The control pictures show every ASCII control character as one symbol.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).map(|c| Cow::Owned(c.to_string())),
        '\x7f' => Some(Cow::Borrowed("␡")),
        '\u{80}'..='\u{9f}'
        // Direction marks, overrides and isolates.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Invisible: zero-width space, word joiner and its kin, byte-order mark, soft hyphen.
        | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}'
        // Line separators, interlinear annotations, tags.
        | '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => {
            Some(Cow::Owned(format!("<U+{:04X}>", c as u32)))
        }
        _ => None,
    }
}

/// `text` on one line, harmless, and shortened when longer than [`LONGEST`].
pub(super) fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// `text` harmless and shortened, its line feeds kept.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

fn clean(text: &str, keep_line_feeds: bool) -> Cow<'_, str> {
    let long = text.len() > LONGEST && text.chars().nth(LONGEST).is_some();
    let ordinary = |c| (keep_line_feeds && c == '\n') || stand_in(c).is_none();
    if !long && text.chars().all(ordinary) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(LONGEST * 4));
    for c in text.chars().take(LONGEST) {
        match stand_in(c) {
            Some(_) if keep_line_feeds && c == '\n' => out.push('\n'),
            Some(shown) => out.push_str(&shown),
            None => out.push(c),
        }
    }
    if long {
        out.push('…');
    }
    Cow::Owned(out)
}

/// Breaks `text` at spaces so that lines stay within `width` characters, of which `first` are taken on the first line
/// and `rest` on every other. What stands in backticks is never broken, nor is a single word.
pub(super) fn wrap(text: &str, width: usize, first: usize, rest: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut room = width.saturating_sub(first).max(20);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
            room = width.saturating_sub(rest).max(20);
        }
        let mut used = 0;
        for word in words(line) {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                out.push('\n');
                room = width.saturating_sub(rest).max(20);
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
    }
    out
}

/// The words of a line: split at single spaces outside backticks; leading spaces belong to the first word.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.matches('`').count().is_multiple_of(2);
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut inside = false;
    let mut at = 0;
    line.split(move |c: char| {
        let here = at;
        at += c.len_utf8();
        inside ^= quoted && c == '`';
        c == ' ' && !inside && here >= indent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_direction_overrides_and_line_ends_become_visible() {
        assert_eq!(line("a\x1b[31mb\r\n"), "a␛[31mb␍␊");
        assert_eq!(line("x\u{202e}y\u{9b}\u{7f}"), "x<U+202E>y<U+009B>␡");
        assert_eq!(lines("a\nb\x07"), "a\nb␇");
        assert!(matches!(line("plain\tü 中 👩‍💻"), Cow::Borrowed(_)));
    }

    #[test]
    fn very_long_text_is_shortened() {
        let text = line(&"é".repeat(1 << 20)).into_owned();
        assert_eq!(text.chars().count(), LONGEST + 1);
        assert!(text.ends_with('…'));
    }

    #[test]
    fn wrapping_keeps_code_together() {
        let wrapped = wrap("say `needs: [unit tests]` and more words", 24, 0, 2);
        assert_eq!(wrapped, "say\n`needs: [unit tests]`\nand more words");
        assert_eq!(wrap("first\n  indented line", 80, 0, 0), "first\n  indented line");
        assert_eq!(wrap("an odd ` tick stays breakable here", 24, 0, 0), "an odd ` tick stays\nbreakable here");
    }
}
