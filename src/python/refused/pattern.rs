//! Patterns that `match` cannot have.

use std::collections::HashSet;

use ruff_python_ast::{Expr, Identifier, Pattern};
use ruff_text_size::{Ranged, TextSize};

/// What is wrong, and where.
type Error = (String, TextSize);

/// Looks for what is wrong in a pattern. `open` tells whether it may match everything.
pub(super) fn check(pattern: &Pattern, open: bool) -> Result<(), Error> {
    Names::default().check(pattern, open)
}

/// The names that a pattern binds.
#[derive(Default)]
struct Names<'a>(HashSet<&'a str>);

impl<'a> Names<'a> {
    fn bind(&mut self, name: Option<&'a Identifier>, at: TextSize) -> Result<(), Error> {
        match name {
            Some(name) if name.as_str() == "__debug__" => Err(("cannot assign to __debug__".to_owned(), at)),
            Some(name) if !self.0.insert(name.as_str()) => {
                Err((format!("multiple assignments to name '{name}' in pattern"), at))
            }
            _ => Ok(()),
        }
    }

    fn check_all(&mut self, patterns: impl IntoIterator<Item = &'a Pattern>) -> Result<(), Error> {
        patterns.into_iter().try_for_each(|pattern| self.check(pattern, true))
    }

    fn check(&mut self, pattern: &'a Pattern, open: bool) -> Result<(), Error> {
        let at = pattern.start();
        match pattern {
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => Ok(()),
            Pattern::MatchSequence(sequence) => {
                if sequence.patterns.iter().filter(|pattern| pattern.is_match_star()).count() > 1 {
                    return Err(("multiple starred names in sequence pattern".to_owned(), at));
                }
                self.check_all(&sequence.patterns)
            }
            Pattern::MatchMapping(mapping) => {
                let mut seen = HashSet::new();
                for (key, text) in mapping.keys.iter().filter_map(literal) {
                    if !seen.insert(key) {
                        return Err((format!("mapping pattern checks duplicate key ({text})"), at));
                    }
                }
                self.check_all(&mapping.patterns)?;
                self.bind(mapping.rest.as_ref(), at)
            }
            Pattern::MatchClass(class) => {
                let mut seen = HashSet::new();
                for keyword in &class.arguments.keywords {
                    if !seen.insert(keyword.attr.as_str()) {
                        let message = format!("attribute name repeated in class pattern: {}", keyword.attr);
                        return Err((message, keyword.pattern.start()));
                    }
                }
                let keywords = class.arguments.keywords.iter().map(|keyword| &keyword.pattern);
                self.check_all(class.arguments.patterns.iter().chain(keywords))
            }
            Pattern::MatchStar(star) => self.bind(star.name.as_ref(), at),
            Pattern::MatchAs(capture) => match (&capture.pattern, &capture.name) {
                (Some(inner), name) => {
                    self.check(inner, open)?;
                    self.bind(name.as_ref(), at)
                }
                (None, Some(name)) if !open => {
                    Err((format!("name capture '{name}' makes remaining patterns unreachable"), at))
                }
                (None, None) if !open => Err(("wildcard makes remaining patterns unreachable".to_owned(), at)),
                (None, name) => self.bind(name.as_ref(), at),
            },
            Pattern::MatchOr(or) => {
                let mut first: Option<HashSet<&str>> = None;
                for (index, alternative) in or.patterns.iter().enumerate() {
                    let mut own = Names::default();
                    own.check(alternative, open && index + 1 == or.patterns.len())?;
                    match &first {
                        None => first = Some(own.0),
                        Some(names) if *names != own.0 => {
                            return Err(("alternative patterns bind different names".to_owned(), at));
                        }
                        Some(_) => {}
                    }
                }
                for name in first.into_iter().flatten() {
                    if !self.0.insert(name) {
                        return Err((format!("multiple assignments to name '{name}' in pattern"), at));
                    }
                }
                Ok(())
            }
        }
    }
}

/// A literal key: what makes it equal to others (`1` is `True`), and how Python shows it.
fn literal(key: &Expr) -> Option<(String, String)> {
    match key {
        Expr::StringLiteral(text) => {
            let text = text.value.to_str();
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            Some((format!("text {text}"), format!("{quote}{text}{quote}")))
        }
        Expr::NumberLiteral(number) => {
            let number = number.value.as_int()?.to_string();
            Some((number.clone(), number))
        }
        Expr::BooleanLiteral(literal) => {
            let (number, text) = if literal.value { ("1", "True") } else { ("0", "False") };
            Some((number.to_owned(), text.to_owned()))
        }
        Expr::NoneLiteral(_) => Some(("None".to_owned(), "None".to_owned())),
        _ => None,
    }
}
