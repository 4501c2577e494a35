//! Reading the configuration's tree: every complaint is collected, none stops the reading.

use std::sync::Arc;

use super::settings::Spanned;
use crate::findings::Problem;
use crate::source::{Source, Span};
use crate::workflow::yaml::Yaml;

/// Collects what is wrong with a configuration file.
pub(super) struct Reader {
    pub(super) source: Arc<Source>,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, span: Span, message: impl Into<String>, label: impl Into<String>) {
        self.problems.push(Problem::at(&self.source, span, message, label));
    }

    pub(super) fn problem_with_help(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::at(&self.source, span, message, label).help(help));
    }

    /// `what` names the value, `wanted` what it should be.
    pub(super) fn wrong_type(&mut self, node: Yaml<'_>, what: &str, wanted: &str) {
        self.problem(
            node.written_span(),
            format!("{what} is {}, it must be {wanted}", node.describe()),
            format!("this is {}", node.describe()),
        );
    }

    /// `place` is what the key stands in, for example "a job".
    pub(super) fn unknown_key(&mut self, span: Span, key: &str, place: &str, known: &[&str]) {
        let help = match crate::did_you_mean(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the keys are {}", quoted(known)),
        };
        self.problem_with_help(span, format!("{place} has no key `{key}`"), "unknown key", help);
    }

    /// A word out of a fixed choice.
    pub(super) fn choice<T: Copy>(&mut self, node: Yaml<'_>, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = choices.iter().find(|(word, _)| *word == text.value).map(|&(_, value)| value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            let help = match crate::did_you_mean(&text.value, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("it is one of {}", quoted(&words)),
            };
            self.problem_with_help(text.span, format!("{what} cannot be `{}`", text.value), "unknown value", help);
        }
        found
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, node: Yaml<'_>, what: &str) -> Option<Spanned<String>> {
        match node.as_str() {
            Some(text) if !text.trim().is_empty() => {
                Some(Spanned { value: text.trim().to_owned(), span: node.written_span() })
            }
            Some(_) => {
                self.problem(node.written_span(), format!("{what} is empty"), "an empty text");
                None
            }
            None => {
                self.wrong_type(node, what, "a text");
                None
            }
        }
    }

    /// A text or a list of texts; nothing is an empty list.
    pub(super) fn texts(&mut self, node: Yaml<'_>, what: &str) -> Vec<Spanned<String>> {
        if node.is_null() {
            return Vec::new();
        }
        if node.is_mapping() {
            self.wrong_type(node, what, "a text or a list of texts");
            return Vec::new();
        }
        if node.is_sequence() {
            let item = format!("an item of {what}");
            return node.items().filter_map(|value| self.text(value, &item)).collect();
        }
        self.text(node, what).into_iter().collect()
    }

    /// The entries of a mapping whose keys are texts; nothing is an empty mapping.
    pub(super) fn entries<'d>(&mut self, node: Yaml<'d>, what: &str) -> Vec<(Spanned<String>, Yaml<'d>)> {
        if node.is_null() {
            return Vec::new();
        }
        if !node.is_mapping() {
            self.wrong_type(node, what, "a mapping");
            return Vec::new();
        }
        let mut entries = Vec::new();
        for (key, value) in node.entries() {
            match key.as_str() {
                Some(text) => entries.push((Spanned { value: text.to_owned(), span: key.span() }, value)),
                None => self.wrong_type(key, &format!("a key of {what}"), "a text"),
            }
        }
        entries
    }
}

/// Words in backticks, with commas.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
