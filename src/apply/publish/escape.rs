//! One escaper a sink. Names from artifacts (files, contexts, jobs, artifacts themselves) are hostile: whoever opens a pull
//! request chooses them.
//!
//! Markdown shows such names as code and nowhere else: inside code neither forge makes links, mentions or references.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::findings::render::stand_in;

/// The longest name shown, in characters.
const LONGEST: usize = 200;

/// A name as code in running Markdown.
pub fn code(text: &str) -> String {
    span(&one_line(text))
}

/// A name as code in a cell of a Markdown table, where a bar has to be escaped even inside code.
pub fn code_cell(text: &str) -> String {
    let line = one_line(text);
    if !line.contains('|') {
        return span(&line);
    }
    let mut out = String::with_capacity(line.len() + 8);
    let mut before = ' ';
    for c in line.chars() {
        if c == '|' {
            // A backslash of the name itself must not turn ours into text: something invisible stands between.
            out.push_str(if before == '\\' { "\u{200b}\\|" } else { "\\|" });
        } else {
            out.push(c);
        }
        before = c;
    }
    span(&out)
}

/// A code span: with more backticks around than inside, and blanks where they would otherwise be taken for part of the fence.
fn span(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One blank at each end is taken off where both have one, unless there is nothing else.
    let blanks = text.starts_with(' ') && text.ends_with(' ') && !text.trim_matches(' ').is_empty();
    let pad = if text.is_empty() || blanks || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text of the workflow's author (a title, a branch) in running Markdown or a cell: nothing in it is markup, a link, a mention or a
/// reference.
pub fn text(text: &str) -> String {
    let line = one_line(text);
    let mut out = String::with_capacity(line.len() + 8);
    for c in line.chars() {
        match c {
            // Entities hold in tables too, where a backslash before a bar is a rule of its own.
            '&' | '<' | '>' | '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '~' | '!' | '$' | '{' | '}'
            | '"' | '\'' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            // Forges look for these in the finished page, where an entity is the character again.
            '@' | '#' | ':' => {
                out.push(c);
                out.push('\u{200b}');
            }
            // GitHub makes a link of `www.` and any next character, even one that cannot be seen.
            'w' | 'W' if out.ends_with(['w', 'W']) => {
                out.push('\u{200b}');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A value in an HTML comment: only letters, digits, `.`, `_`, `/` and single dashes; everything else as percent escapes.
pub fn marker_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        match byte {
            b'-' if !out.ends_with('-') => out.push('-'),
            _ if byte.is_ascii_alphanumeric() || b"._/".contains(&byte) => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The target of a Markdown link: an `http` or `https` address in which nothing can end the link. `None` for anything else.
pub fn link_target(url: &str) -> Option<String> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for &byte in url.as_bytes() {
        match byte {
            b'(' | b')' | b'<' | b'>' | b'"' | b'\'' | b'`' | b'\\' | b'[' | b']' | b'|' | b'*' | b'{' | b'}'
            | b'^' => {
                let _ = write!(out, "%{byte:02X}");
            }
            _ if byte.is_ascii_graphic() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Some(out)
}

/// A Markdown link with a text of our own; the bare text where the address is not one.
pub fn link(text: &str, url: &str) -> String {
    link_target(url).map_or_else(|| text.to_owned(), |url| format!("[{text}]({url})"))
}

/// The message of a workflow command.
pub fn command_data(text: &str) -> String {
    let mut out = String::new();
    crate::findings::render::escape_data(&mut out, &harmless(text, true));
    out
}

/// A property of a workflow command.
pub fn command_property(text: &str) -> String {
    let mut out = String::new();
    crate::findings::render::escape_property(&mut out, &harmless(text, false));
    out
}

/// Lines of a log or a terminal: nothing moves the cursor, and no line is a workflow command.
pub fn log(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in harmless(text, true).split_inclusive('\n') {
        let body = line.trim_start();
        out.push_str(&line[..line.len() - body.len()]);
        // Runners take `::name …` at the start of a line, and the older `##[name]` anywhere in it.
        let body = match body.strip_prefix("::") {
            Some(rest) => Cow::Owned(format!(":\u{200b}:{rest}")),
            None => Cow::Borrowed(body),
        };
        out.push_str(&body.replace("##[", "#\u{200b}#["));
    }
    out
}

/// Whether a text can be shown as it is: on one line, with nothing in it that hides or turns around what a reader sees.
pub fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| stand_in(c).is_none())
}

/// A value of an output file, which is read line by line: not one blank line, and none that is longer than `longest` bytes.
pub fn output_lines(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\n', '\r']) {
        let line = harmless(line, false);
        if line.trim().is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(cut(&line, longest));
    }
    out
}

/// The text on one line, shortened, with everything spelled out that would hide or turn around what a reader sees.
fn one_line(text: &str) -> Cow<'_, str> {
    let text = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    };
    match text {
        Cow::Borrowed(text) => harmless(text, false),
        Cow::Owned(text) => Cow::Owned(harmless(&text, false).into_owned()),
    }
}

fn harmless(text: &str, keep_line_feeds: bool) -> Cow<'_, str> {
    let ordinary = |c| (keep_line_feeds && c == '\n') || stand_in(c).is_none();
    if text.chars().all(ordinary) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match stand_in(c) {
            Some(shown) if !ordinary(c) => out.push_str(&shown),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The longest beginning of at most so many bytes.
pub fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes { text } else { &text[..text.floor_char_boundary(bytes)] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str =
        "\"><img onerror=x>|`a`\n@org/team https://evil www.evil #1 \u{202e}--> ::set-output name=a::b\x1b[31m";

    #[test]
    fn names_are_code() {
        assert_eq!(code("src/a.py"), "`src/a.py`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(""), "`  `");
        assert_eq!(code(" x "), "`  x  `");
        assert_eq!(
            code(HOSTILE),
            "``\"><img onerror=x>|`a`␊@org/team https://evil www.evil #1 <U+202E>--> ::set-output name=a::b␛[31m``"
        );
    }

    #[test]
    fn a_bar_does_not_end_the_cell() {
        assert_eq!(code_cell("a|b"), r"`a\|b`");
        assert_eq!(code_cell("a\\|b"), "`a\\\u{200b}\\|b`");
        assert_eq!(code_cell("a\\b"), r"`a\b`");
        assert_eq!(code("a|b"), "`a|b`");
    }

    #[test]
    fn other_text_is_only_text() {
        assert_eq!(
            text(HOSTILE),
            "&#34;&#62;&#60;img onerror=x&#62;&#124;&#96;a&#96;␊@\u{200b}org/team https:\u{200b}//evil w\u{200b}w\u{200b}w.evil \
             #\u{200b}1 &#60;U+202E&#62;--&#62; :\u{200b}:\u{200b}set-output name=a:\u{200b}:\u{200b}b␛&#91;31m"
        );
        assert_eq!(text("release/1.2-rc"), "release/1.2-rc");
    }

    #[test]
    fn a_marker_stays_a_comment() {
        assert_eq!(marker_value("a-->b--"), "a-%2D%3Eb-%2D");
        assert_eq!(marker_value("docs/api.v2_x-y"), "docs/api.v2_x-y");
        assert_eq!(marker_value("a b\nü=%"), "a%20b%0A%C3%BC%3D%25");
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(link("run", "https://f/o/r/actions/runs/1"), "[run](https://f/o/r/actions/runs/1)");
        assert_eq!(link("run", "https://f/a) [b](javascript:x"), "[run](https://f/a%29%20%5Bb%5D%28javascript:x)");
        assert_eq!(link("run", "javascript:alert(1)"), "run");
        assert_eq!(link("run", ""), "run");
    }

    #[test]
    fn commands_stay_one_line() {
        assert_eq!(command_data("100%\n::x\x1b"), "100%25%0A::x␛");
        assert_eq!(command_property("a,b:c\r\n%"), "a%2Cb%3Ac␍␊%25");
    }

    #[test]
    fn no_log_line_is_a_command() {
        assert_eq!(
            log("::error::x\n  ::stop-commands::y\na ##[debug]z\x1b[2J\n"),
            ":\u{200b}:error::x\n  :\u{200b}:stop-commands::y\na #\u{200b}#[debug]z␛[2J\n"
        );
    }

    #[test]
    fn output_values_have_no_blank_lines() {
        assert_eq!(output_lines("\n\na\r\n\nb \x1b\n", 100), "a\nb ␛");
        assert_eq!(output_lines("aéé", 4), "aé");
    }

    proptest! {
        #[test]
        fn nothing_gets_out(name in "(?s).{0,300}|[`|\\\\<>@:#\\[\\]() -]{0,40}") {
            let cell = code_cell(&name);
            let one = !cell.contains(['\n', '\r', '\x1b', '\u{202e}']);
            prop_assert!(one);
            // Bars are escaped by an odd number of backslashes, whichever way a reader counts them.
            for (at, _) in cell.match_indices('|') {
                prop_assert!(cell[..at].ends_with('\\') && !cell[..at].ends_with("\\\\"), "{cell}");
            }
            // The fence occurs at both ends and nowhere else.
            let fence = cell.len() - cell.trim_start_matches('`').len();
            prop_assert!(fence > 0);
            let runs: Vec<usize> = cell.split(|c| c != '`').map(str::len).filter(|&run| run == fence).collect();
            prop_assert_eq!(runs.len(), 2, "{}", cell);

            let plain = text(&name);
            let bare = plain.contains(['<', '>', '|', '`', '*', '_', '[', ']', '(', ')', '\\', '\n', '"']);
            prop_assert!(!bare, "{plain}");
            let marker = marker_value(&name);
            prop_assert!(!marker.contains("--") && !marker.contains('>') && !marker.contains(char::is_whitespace));
            let property = command_property(&name);
            prop_assert!(!property.contains([':', ',', '\n', '\r']));
            prop_assert!(!command_data(&name).contains(['\n', '\r']));
            for line in log(&name).lines() {
                prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["));
            }
            let output = output_lines(&name, 50);
            prop_assert!(output.is_empty() || output.lines().all(|line| !line.trim().is_empty() && line.len() <= 50));
        }
    }
}
