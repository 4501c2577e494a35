//! The nodes of a YAML file and the cursor that reads them.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::source::Span;

use super::scalar;

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) u32);

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|` block; holds the number of columns its content is indented by.
    Literal(usize),
    /// `>` block; holds the number of columns its content is indented by.
    Folded(usize),
}

/// One key and its value, both by node.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The key.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
}

/// What a node is.
#[derive(Debug)]
pub enum Kind<'s> {
    /// A text, decoded. A value that is left out (`key:`) is a plain, empty scalar.
    Scalar(Cow<'s, str>, Style),
    /// A list.
    Sequence(Vec<NodeId>),
    /// A mapping in file order, merge keys (`<<`) not yet expanded.
    Mapping(Vec<Entry>),
    /// `*name`, and the node it stands for.
    Alias(NodeId),
}

/// A node and its place.
#[derive(Debug)]
pub struct Node<'s> {
    /// From the first byte of the content to the last; a block scalar's span leaves its `|` header out.
    pub span: Span,
    /// What it is.
    pub kind: Kind<'s>,
    /// Whether the collection is written in flow style (`[…]`, `{…}`).
    pub flow: bool,
}

/// A comment, from `#` to the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands, `#` included.
    pub span: Span,
}

/// A key that a mapping gives twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// The key that came first.
    pub first: Span,
    /// The key that repeats it.
    pub second: Span,
}

/// A parsed YAML document.
#[derive(Debug)]
pub struct Tree<'s> {
    pub(super) text: &'s str,
    /// What every span is counted from; see [`Tree::placed_at`].
    pub(super) base: usize,
    pub(super) nodes: Vec<Node<'s>>,
    pub(super) root: NodeId,
    /// Every comment in file order.
    pub comments: Vec<Comment>,
    /// Keys given twice in one mapping, in file order.
    pub duplicates: Vec<Duplicate>,
}

impl<'s> Tree<'s> {
    /// The cursor at the document's root.
    pub fn root(&self) -> Yaml<'_> {
        Yaml { tree: self, id: self.root }
    }

    /// The text this tree was read from.
    pub fn text(&self) -> &'s str {
        self.text
    }

    /// The same tree with all its spans moved on by `base` bytes, so that they are told from those of another tree.
    #[must_use]
    pub fn placed_at(mut self, base: usize) -> Self {
        let nodes = self.nodes.iter_mut().map(|node| &mut node.span);
        let comments = self.comments.iter_mut().map(|comment| &mut comment.span);
        let duplicates = self.duplicates.iter_mut().flat_map(|found| [&mut found.first, &mut found.second]);
        for span in nodes.chain(comments).chain(duplicates) {
            *span = Span::new(span.start - self.base + base, span.end - self.base + base);
        }
        self.base = base;
        self
    }

    /// The comment that follows `span` on the same line, `#` included.
    pub fn trailing_comment(&self, span: Span) -> Option<&'s str> {
        let next = self.comments.partition_point(|c| c.span.start < span.end);
        let comment = self.comments.get(next)?;
        let between = self.written(span.end, comment.span.start)?;
        if between.contains('\n') { None } else { self.written(comment.span.start, comment.span.end) }
    }

    /// The text between two places, which are counted as spans are.
    fn written(&self, start: usize, end: usize) -> Option<&'s str> {
        self.text.get(start.checked_sub(self.base)?..end.checked_sub(self.base)?)
    }
}

/// A cursor on one node of a [`Tree`]; cheap to copy. It looks through aliases: a cursor on `*name` reads as the node
/// that `&name` marks, and only [`Yaml::written_span`] still tells where the alias itself stands.
#[derive(Debug, Clone, Copy)]
pub struct Yaml<'d> {
    pub(super) tree: &'d Tree<'d>,
    pub(super) id: NodeId,
}

impl PartialEq for Yaml<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.id == other.id
    }
}

impl<'d> Yaml<'d> {
    fn written(self) -> &'d Node<'d> {
        &self.tree.nodes[self.id.0 as usize]
    }

    fn resolved(self) -> &'d Node<'d> {
        // An alias never points at an alias: the parser stores the final target.
        match self.written().kind {
            Kind::Alias(target) => &self.tree.nodes[target.0 as usize],
            _ => self.written(),
        }
    }

    fn at(self, id: NodeId) -> Self {
        Self { tree: self.tree, id }
    }

    /// The tree this cursor walks.
    pub fn tree(self) -> &'d Tree<'d> {
        self.tree
    }

    /// Where the content stands; behind an alias, where the anchored content stands.
    pub fn span(self) -> Span {
        self.resolved().span
    }

    /// Where this node is written: for an alias the `*name` token.
    pub fn written_span(self) -> Span {
        self.written().span
    }

    /// Whether this is an alias.
    pub fn is_alias(self) -> bool {
        matches!(self.written().kind, Kind::Alias(_))
    }

    /// Whether this is a list or mapping in flow style (`[…]`, `{…}`).
    pub fn is_flow(self) -> bool {
        self.resolved().flow
    }

    /// The text of a scalar that is not null.
    pub fn as_str(self) -> Option<&'d str> {
        match &self.resolved().kind {
            Kind::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// How a scalar is written.
    pub fn style(self) -> Option<Style> {
        match &self.resolved().kind {
            Kind::Scalar(_, style) => Some(*style),
            _ => None,
        }
    }

    /// Whether the value is left out, `~` or `null`.
    pub fn is_null(self) -> bool {
        matches!(&self.resolved().kind, Kind::Scalar(text, Style::Plain) if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether this is a scalar, null included.
    pub fn is_scalar(self) -> bool {
        matches!(self.resolved().kind, Kind::Scalar(..))
    }

    /// Whether this is a list.
    pub fn is_sequence(self) -> bool {
        matches!(self.resolved().kind, Kind::Sequence(_))
    }

    /// Whether this is a mapping.
    pub fn is_mapping(self) -> bool {
        matches!(self.resolved().kind, Kind::Mapping(_))
    }

    /// "a list", "a mapping", "a text" or "nothing", for messages.
    pub fn describe(self) -> &'static str {
        match &self.resolved().kind {
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            _ if self.is_null() => "nothing",
            _ => "a text",
        }
    }

    /// The items of a list; empty for anything else.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let items: &'d [NodeId] = match &self.resolved().kind {
            Kind::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |&id| self.at(id))
    }

    /// The entries of a mapping with merge keys expanded: own keys first in file order, then what `<<` adds and no own
    /// key overrides. Empty for anything else. A key that is given twice keeps its first value.
    pub fn entries(self) -> Vec<(Self, Self)> {
        let Kind::Mapping(entries) = &self.resolved().kind else { return Vec::new() };
        let mut out: Vec<(Self, Self)> = Vec::with_capacity(entries.len());
        let mut merged = Vec::new();
        for entry in entries {
            let (key, value) = (self.at(entry.key), self.at(entry.value));
            if key.is_merge_key() {
                merged.push(value);
            } else {
                out.push((key, value));
            }
        }
        if merged.is_empty() {
            return out;
        }
        let mut seen: HashSet<Option<&str>> = out.iter().map(|(key, _)| key.as_str()).collect();
        for value in merged {
            let sources: Vec<Self> = if value.is_sequence() { value.items().collect() } else { vec![value] };
            for source in sources {
                for (key, value) in source.entries() {
                    if seen.insert(key.as_str()) {
                        out.push((key, value));
                    }
                }
            }
        }
        out
    }

    /// The entries of a mapping as they are written, merge keys and repeated keys among them.
    pub fn own_entries(self) -> impl Iterator<Item = (Self, Self)> {
        let entries: &'d [Entry] = match &self.resolved().kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        };
        entries.iter().map(move |entry| (self.at(entry.key), self.at(entry.value)))
    }

    /// The merge keys (`<<`) of this mapping.
    pub fn merge_keys(self) -> Vec<Self> {
        let Kind::Mapping(entries) = &self.resolved().kind else { return Vec::new() };
        entries.iter().map(|entry| self.at(entry.key)).filter(|key| key.is_merge_key()).collect()
    }

    fn is_merge_key(self) -> bool {
        matches!(&self.resolved().kind, Kind::Scalar(text, Style::Plain) if text == "<<")
    }

    /// The value of `key` in a mapping, merge keys considered.
    pub fn get(self, key: &str) -> Option<Self> {
        self.get_entry(key).map(|(_, value)| value)
    }

    /// The key and value of `key` in a mapping, merge keys considered.
    pub fn get_entry(self, key: &str) -> Option<(Self, Self)> {
        let Kind::Mapping(entries) = &self.resolved().kind else { return None };
        let own = entries
            .iter()
            .map(|entry| (self.at(entry.key), self.at(entry.value)))
            .find(|(k, _)| !k.is_merge_key() && k.as_str() == Some(key));
        if own.is_some() || self.merge_keys().is_empty() {
            return own;
        }
        self.entries().into_iter().find(|(k, _)| k.as_str() == Some(key))
    }

    /// The file offset of byte `offset` of a scalar's decoded value; `None` for a collection. Exact for plain, literal
    /// and quoted text without escapes; elsewhere the nearest place at or before the byte.
    pub fn source_offset(self, offset: usize) -> Option<usize> {
        let node = self.resolved();
        match &node.kind {
            Kind::Scalar(value, style) => {
                let base = self.tree.base;
                let span = Span::new(node.span.start - base, node.span.end - base);
                Some(base + scalar::source_offset(self.tree.text, span, value, *style, offset))
            }
            _ => None,
        }
    }

    /// The file span of the bytes `inner` of a scalar's decoded value.
    pub fn source_span(self, inner: Span) -> Span {
        match (self.source_offset(inner.start), self.source_offset(inner.end.saturating_sub(1).max(inner.start))) {
            (Some(start), Some(last)) if !inner.is_empty() => {
                let (text, base) = (self.tree.text, self.tree.base);
                let end = last + text.get(last - base..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
                Span::new(start, end.max(start).min((base + text.len()).max(start)))
            }
            (Some(start), _) => Span::new(start, start),
            _ => self.span(),
        }
    }
}
