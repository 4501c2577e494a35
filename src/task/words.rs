//! Splits a command line that no shell sees into words, as Python's `shlex.split` does.

use crate::shell::Word;

/// The words of `text`; a backslash escapes outside single quotes. Nothing is expanded, and a word is dynamic when
/// `dynamic` says so of its text.
pub(super) fn split(text: &str, dynamic: impl Fn(&str) -> bool) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    let mut push = |word: String| words.push(Word { dynamic: dynamic(&word), text: word, ..Word::default() });
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (open, '\\') => match chars.next() {
                Some(next) => {
                    let word = word.get_or_insert_default();
                    if open.is_some() && !matches!(next, '"' | '\\') {
                        word.push('\\');
                    }
                    word.push(next);
                }
                None => word.get_or_insert_default().push('\\'),
            },
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, c) if c.is_whitespace() => {
                if let Some(word) = word.take() {
                    push(word);
                }
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(word) = word {
        push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotes() {
        let texts = |text: &str| split(text, |_| false).into_iter().map(|w| w.text).collect::<Vec<_>>();
        assert_eq!(texts("pytest -k 'a or b' \"x y\" a\\ b ''"), ["pytest", "-k", "a or b", "x y", "a b", ""]);
        assert_eq!(texts("a --b=\"c d\"  "), ["a", "--b=c d"]);
        assert!(split("x{y}", |word| word.contains('{'))[0].dynamic);
    }
}
