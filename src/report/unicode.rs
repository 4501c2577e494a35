//! Text as Python sees it: what is printable, where lines end, how people order names.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::iter;
use std::sync::LazyLock;

use regex::Regex;

/// Everything that Python's `str.isprintable` refuses becomes `?`.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_printable(c) { c } else { '?' }).collect())
    }
}

fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\u{9f}' => false,
        // The standard library escapes exactly the same categories of characters; behind another character, combining ones pass.
        _ => {
            let mut buffer = [b'a'; 5];
            let length = 1 + c.encode_utf8(&mut buffer[1..]).len();
            str::from_utf8(&buffer[..length]).is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
        }
    }
}

/// The lines of a text as Python's `str.splitlines` cuts them.
pub(super) fn python_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.char_indices().find(|&(_, c)| {
            matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
        });
        let Some((end, c)) = end else { return Some(std::mem::take(&mut rest)) };
        let (line, tail) = rest.split_at(end);
        rest = tail.strip_prefix("\r\n").unwrap_or(&tail[c.len_utf8()..]);
        Some(line)
    })
}

/// The order in which people expect names: runs of digits count as numbers, and the text itself decides last.
pub(super) fn human_order(a: &str, b: &str) -> Ordering {
    let mut left = Chunks { rest: a };
    let mut right = Chunks { rest: b };
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) => match one.0.cmp(other.0).then_with(|| one.1.cmp(&other.1)) {
                Ordering::Equal => {}
                order => return order,
            },
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (None, None) => return a.cmp(b),
        }
    }
}

/// A text cut into pairs of other text and the digits behind it; at the end there may be no digits.
struct Chunks<'t> {
    rest: &'t str,
}

/// A number of any length: its digits without leading zeros, compared by their count first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number(usize, String);

impl<'t> Iterator for Chunks<'t> {
    type Item = (&'t str, Option<Number>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.rest.find(|c| digit(c).is_some());
        let (text, rest) = self.rest.split_at(start.unwrap_or(self.rest.len()));
        let end = rest.find(|c| digit(c).is_none()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at(end);
        self.rest = rest;
        let number = (!digits.is_empty()).then(|| {
            let number: String = digits.chars().filter_map(digit).skip_while(|&digit| digit == '0').collect();
            Number(number.len(), number)
        });
        Some((text, number))
    }
}

/// The ASCII form of a decimal digit of any script.
fn digit(c: char) -> Option<char> {
    static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\d$").ok());
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    if !c.is_numeric() {
        return None;
    }
    let pattern = DIGIT.as_ref()?;
    let is_digit = |code: u32| char::from_u32(code).is_some_and(|c| pattern.is_match(c.encode_utf8(&mut [0; 4])));
    if !is_digit(c.into()) {
        return None;
    }
    // Digits stand in runs from zero to nine, at times several runs in a row.
    let before = (1..u32::from(c)).take_while(|&distance| is_digit(u32::from(c) - distance)).last().unwrap_or(0);
    char::from_digit(before % 10, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_characters() {
        assert_eq!(printable("grün/日本 e\u{301}'\"\\.py"), "grün/日本 e\u{301}'\"\\.py");
        assert_eq!(printable("a\u{1b}[1m\n\u{a0}\u{200b}\u{7f}\u{e000}\u{2028}"), "a?[1m??????");
    }

    #[test]
    fn lines_as_python_cuts_them() {
        let lines = |text| python_lines(text).collect::<Vec<_>>();
        assert_eq!(lines(""), [""; 0]);
        assert_eq!(lines("a\n\nb"), ["a", "", "b"]);
        assert_eq!(lines("a\r\nb\u{b}c\u{1c}d\u{85}e\u{2028}\n"), ["a", "b", "c", "d", "e", ""]);
    }

    #[test]
    fn human_order_knows_numbers() {
        let mut names = ["z10.py", "z9.py", "z09.py", "z", "9z", "a/10/x", "a/٣/x", "Z", "", "z9"];
        names.sort_by(|a, b| human_order(a, b));
        assert_eq!(names, ["", "9z", "Z", "a/٣/x", "a/10/x", "z", "z9", "z09.py", "z9.py", "z10.py"]);
    }
}
