//! One escaper for every text that reaches a page.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Appends `text` so that it is nothing but text, in an element or a quoted attribute alike. Characters that would hide or turn
/// around what a reader sees (controls, bidirectional overrides) are spelled out; tabs stay.
pub(super) fn text(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !SUSPECT[bytes[at] as usize] {
            at += 1;
            continue;
        }
        // A suspect byte is always the first of a character.
        let Some(character) = text[at..].chars().next() else { break };
        let next = at + character.len_utf8();
        let entity = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            _ if is_deceptive(character) => "",
            _ => {
                at = next;
                continue;
            }
        };
        out.push_str(&text[done..at]);
        if entity.is_empty() {
            spell_out(out, character);
        } else {
            out.push_str(entity);
        }
        (at, done) = (next, next);
    }
    out.push_str(&text[done..]);
}

/// The escaped text on its own.
#[cfg(test)]
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    text(&mut out, value);
    out
}

/// The text with deceptive characters spelled out, for a place that escapes by itself.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_deceptive(character) {
            spell_out(&mut out, character);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// A relative address: everything but letters, digits and `-._~` as percent escapes.
pub(super) fn address(file_name: &str) -> String {
    let mut out = String::with_capacity(file_name.len());
    for &byte in file_name.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// JSON of some texts, harmless inside a `<script>` data block.
pub(super) fn json_list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let list: Vec<Cow<'_, str>> = texts.map(visible).collect();
    let json = serde_json::to_string(&list).unwrap_or_else(|_| "[]".to_owned());
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// The bytes that may begin a character in need of care.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte {
            0x09 => false,
            0..0x20 | 0x22 | 0x26 | 0x27 | 0x3c | 0x3e | 0x7f => true,
            // U+0080 to U+00BF, U+0600 to U+063F, U+2000 to U+2FFF.
            0xc2 | 0xd8 | 0xe2 => true,
            // Byte order marks.
            0xef => true,
            _ => false,
        };
        byte += 1;
    }
    table
};

fn is_deceptive(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}' | '\n'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Control pictures where there are some, otherwise the code point.
fn spell_out(out: &mut String, character: char) {
    match u32::from(character) {
        code @ 0..0x20 => out.extend(char::from_u32(0x2400 + code)),
        0x7f => out.push('\u{2421}'),
        code => {
            let _ = write!(out, "\u{27e8}U+{code:04X}\u{27e9}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        assert_eq!(
            escaped("</script><img src=x onerror=\"alert('1')\">&amp;"),
            "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;"
        );
        assert_eq!(escaped("a\tb\0\x1b\n\u{202e}é–\u{feff}"), "a\tb␀␛␊⟨U+202E⟩é–⟨U+FEFF⟩");
        assert_eq!(visible("plain"), "plain");
        assert_eq!(visible("\u{2066}<"), "⟨U+2066⟩<");
        assert_eq!(address("z_0_a b\"#?%é.html"), "z_0_a%20b%22%23%3F%25%C3%A9.html");
        let list = json_list(["</script>", "a\"\u{2028}"].into_iter());
        assert_eq!(list, r#"["\u003c/script\u003e","a\"⟨U+2028⟩"]"#);
    }

    proptest! {
        #[test]
        fn any_text_is_harmless(source in "\\PC*|[\\x00-\\x7f]*|(?s).*") {
            let out = escaped(&source);
            let safe = !out.contains(['<', '>', '"', '\'', '\0', '\u{202e}']);
            prop_assert!(safe);
            let list = json_list([source.as_str()].into_iter());
            prop_assert!(!list.contains(['<', '>', '&']));
            let back: Vec<String> = serde_json::from_str(&list).expect("it is JSON");
            prop_assert_eq!(back, [visible(&source).into_owned()]);
        }
    }
}
