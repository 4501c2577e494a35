//! TOML with the place of every value.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use crate::source::Span;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Toml,
    pub(super) span: Span,
}

#[derive(Debug, Clone)]
pub(super) enum Toml {
    Text(String),
    Bool(bool),
    Array(Vec<Node>),
    /// Entries in the order of the file.
    Table(Vec<(String, Node)>),
    Other,
}

/// The root table of a file; `None` when it is no TOML.
pub(super) fn parse(text: &str) -> Option<Node> {
    let table = DeTable::parse(text).ok()?;
    Some(Node { value: table_of(table.get_ref()), span: Span::new(0, text.len()) })
}

fn table_of(table: &DeTable<'_>) -> Toml {
    let mut entries: Vec<(String, Node)> =
        table.iter().map(|(key, value)| (key.get_ref().to_string(), node(value))).collect();
    entries.sort_by_key(|(_, node)| node.span.start);
    Toml::Table(entries)
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let span = Span::new(value.span().start, value.span().end.max(value.span().start));
    let value = match value.get_ref() {
        DeValue::String(text) => Toml::Text(text.to_string()),
        DeValue::Boolean(value) => Toml::Bool(*value),
        DeValue::Array(items) => Toml::Array(items.iter().map(node).collect()),
        DeValue::Table(table) => table_of(table),
        _ => Toml::Other,
    };
    Node { value, span }
}

impl Node {
    /// The entry of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.table().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The entry at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Toml::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Toml::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn table(&self) -> &[(String, Self)] {
        match &self.value {
            Toml::Table(entries) => entries,
            _ => &[],
        }
    }

    /// A table of variables; `None` as value for what is no text.
    pub(super) fn variables(&self) -> Vec<(String, Option<String>)> {
        self.table().iter().map(|(name, node)| (name.clone(), node.text().map(str::to_owned))).collect()
    }
}
