//! How a text is written as a YAML scalar.

use std::fmt::Write as _;

use crate::workflow::yaml::Style;

/// Whether the scalar stands within `[…]` or `{…}`, where `,` and brackets have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// It does not.
    Block,
    /// It does.
    Flow,
}

/// What a plain scalar is read as by YAML's core schema, which is what the forges use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Type {
    Null,
    Bool,
    Number,
    Text,
}

/// What a plain scalar with this text is.
pub(super) fn type_of(text: &str) -> Type {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Type::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Type::Bool,
        _ if is_number(text) => Type::Number,
        _ => Type::Text,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let number =
        digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.contains(|c: char| c.is_ascii_digit());
    number
        && (text.parse::<f64>().is_ok()
            || digits.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            || digits.strip_prefix("0o").is_some_and(|octal| octal.bytes().all(|b| matches!(b, b'0'..=b'7'))))
}

/// Words that older readers of YAML take for a truth value.
const OLD_TRUTHS: [&str; 8] = ["yes", "no", "on", "off", "y", "n", "true", "false"];

/// Whether a text can stand without quotes and is a text then.
pub(super) fn is_plain(text: &str, around: Around) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let inner_flow = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}');
    type_of(text) == Type::Text
        && !OLD_TRUTHS.contains(&text.to_ascii_lowercase().as_str())
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && (first.is_alphanumeric() || matches!(first, '.' | '/' | '_' | '$' | '(' | '+' | '~' | '^' | ';'))
        && !text.chars().any(|c| c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && (around == Around::Block || !text.contains(inner_flow))
}

/// A text on one line, quoted when it must be.
pub(super) fn text(text: &str, around: Around) -> String {
    if is_plain(text, around) {
        text.to_owned()
    } else if text.chars().any(char::is_control) {
        double(text)
    } else {
        single(text)
    }
}

/// A text in single quotes.
pub(super) fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text in double quotes.
pub(super) fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    out.push_str(&inside(text, Style::DoubleQuoted));
    out.push('"');
    out
}

/// A part of a text as it stands within a scalar of this style.
pub(super) fn inside(text: &str, style: Style) -> String {
    match style {
        Style::SingleQuoted => text.replace('\'', "''"),
        Style::DoubleQuoted => {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    '\n' => out.push_str("\\n"),
                    '\t' => out.push_str("\\t"),
                    c if c.is_control() => drop(write!(out, "\\x{:02x}", c as u32)),
                    c => out.push(c),
                }
            }
            out
        }
        Style::Plain | Style::Literal(_) | Style::Folded(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::parse;

    #[test]
    fn what_is_written_is_read_back_as_the_same_text() {
        for given in [
            "coverage-data",
            ".coverage.*",
            "${{ matrix.python }}",
            "yes",
            "on",
            "12",
            "1e3",
            "0x1f",
            "a: b",
            "a #b",
            "a#b",
            "it's",
            "*.xml",
            "!x",
            "- a",
            "a,b",
            "[a]",
            "x:",
            "say \"hi\" \\ bye",
            "tab\there",
            "https://code.forgejo.org/forgejo/upload-artifact@v4",
            " led",
            "null",
            "~",
            "",
        ] {
            for (around, document) in [
                (Around::Block, format!("k: {}\n", text(given, Around::Block))),
                (Around::Flow, format!("k: [{}, 'end']\n", text(given, Around::Flow))),
            ] {
                let tree = parse(&document).expect("valid YAML");
                let value = tree.root().get("k").expect("k");
                let value = if around == Around::Flow { value.items().next().expect("an item") } else { value };
                let read = if given.is_empty() { Some("") } else { Some(given) };
                assert_eq!(value.as_str(), read, "{document}");
                assert!(value.style() != Some(Style::Plain) || type_of(given) == Type::Text, "{document}");
            }
        }
    }

    #[test]
    fn plain_numbers_and_truths_are_told_from_texts() {
        for (given, expected) in [
            ("3.10", Type::Number),
            ("-1", Type::Number),
            (".5", Type::Number),
            ("0o17", Type::Number),
            ("v4", Type::Text),
            ("1.2.3", Type::Text),
            ("inf", Type::Text),
            ("-", Type::Text),
            ("True", Type::Bool),
            ("yes", Type::Text),
            ("null", Type::Null),
        ] {
            assert_eq!(type_of(given), expected, "{given}");
        }
    }
}
