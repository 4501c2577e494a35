//! Text to tree, with limits that make hostile input end in an error soon.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{Comment, Duplicate, Entry, Kind, Node, NodeId, Style, Tree};
use crate::source::Span;

/// The largest workflow file read, in bytes. Far above anything a forge accepts, far below what would hurt.
pub const MAX_BYTES: usize = 1 << 20;

/// How many nodes aliases may add to the file when every one is followed.
pub const MAX_ALIAS_EXPANSION: u64 = 100_000;

/// Why a text is not one readable YAML document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Where; empty at the start of the file when no place can be named.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

impl YamlError {
    fn new(message: impl Into<String>, span: Span, help: Option<&str>) -> Self {
        Self { message: message.into(), span, help: help.map(str::to_owned) }
    }
}

/// Reads one YAML document. `on`, `yes` and `010` stay text, as the forges read them; anchors and aliases are linked.
///
/// # Errors
/// A [`YamlError`] for text that is empty, too large, no YAML, more than one document, nested too deeply, or whose
/// aliases are undefined, circular or expand beyond [`MAX_ALIAS_EXPANSION`].
pub fn parse(text: &str) -> Result<Tree<'_>, YamlError> {
    if text.len() > MAX_BYTES {
        return Err(YamlError::new(
            format!("the file has {} bytes; the limit for a workflow is {MAX_BYTES}", text.len()),
            Span::default(),
            Some("a workflow is a short text: is this the right file?"),
        ));
    }
    Builder::new(text).build()
}

struct Open {
    id: NodeId,
    anchor: usize,
    children: Vec<NodeId>,
    mapping: bool,
    /// Nodes below when aliases are followed.
    weight: u64,
}

struct Builder<'s> {
    text: &'s str,
    nodes: Vec<Node<'s>>,
    weights: HashMap<u32, u64>,
    anchors: HashMap<usize, NodeId>,
    stack: Vec<Open>,
    root: Option<(NodeId, u64)>,
    comments: Vec<Comment>,
    duplicates: Vec<Duplicate>,
}

impl<'s> Builder<'s> {
    fn new(text: &'s str) -> Self {
        Self {
            text,
            nodes: Vec::with_capacity(text.len() / 12),
            weights: HashMap::new(),
            anchors: HashMap::new(),
            stack: Vec::new(),
            root: None,
            comments: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    fn build(mut self) -> Result<Tree<'s>, YamlError> {
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            // A long licence header is no attack; the size limit already bounds what is buffered.
            max_buffered_comment_events: MAX_BYTES,
        };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            let span = span.byte_range().map_or_else(Span::default, |r| Span::new(r.start, r.end.max(r.start)));
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(YamlError::new(
                            "a second YAML document starts here",
                            span,
                            Some("a workflow file holds one document: remove the `---` or split the file"),
                        ));
                    }
                }
                Event::Comment(..) => self.comments.push(Comment { span }),
                Event::Scalar(value, style, anchor, _) => self.scalar(value, style, anchor, span)?,
                Event::SequenceStart(style, anchor, _) => self.open(span, anchor, false, style == StructureStyle::Flow),
                Event::MappingStart(style, anchor, _) => self.open(span, anchor, true, style == StructureStyle::Flow),
                Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::UnresolvedAlias(name) => {
                    return Err(YamlError::new(
                        format!("`*{name}` refers to an anchor that is not defined above"),
                        span,
                        Some(
                            "define it with `&` before its first use, or quote the text if the `*` is meant literally",
                        ),
                    ));
                }
                _ => {}
            }
        }
        self.comments.sort_by_key(|c| c.span.start);
        self.duplicates.sort_by_key(|d| d.second.start);
        match self.root {
            Some((root, _)) if !is_empty_scalar(&self.nodes[root.0 as usize]) => Ok(Tree {
                text: self.text,
                base: 0,
                nodes: self.nodes,
                root,
                comments: self.comments,
                duplicates: self.duplicates,
            }),
            _ => Err(YamlError::new(
                "the file is empty",
                Span::default(),
                Some("a workflow needs at least `on:` and `jobs:`"),
            )),
        }
    }

    fn push(&mut self, span: Span, kind: Kind<'s>, flow: bool) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { span, kind, flow });
        id
    }

    fn scalar(
        &mut self,
        value: std::borrow::Cow<'s, str>,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), YamlError> {
        let missing = style == ScalarStyle::Plain && span.is_empty();
        let (style, span) = match style {
            ScalarStyle::Plain => (Style::Plain, span),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, span),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, span),
            ScalarStyle::Literal => (Style::Literal(self.block_indent(span)), self.trim(span)),
            ScalarStyle::Folded => (Style::Folded(self.block_indent(span)), self.trim(span)),
        };
        let value = if missing { std::borrow::Cow::Borrowed("") } else { value };
        let id = self.push(span, Kind::Scalar(value, style), false);
        if anchor > 0 {
            self.anchors.insert(anchor, id);
            self.weights.insert(id.0, 1);
        }
        self.add(id, 1)
    }

    /// Columns before the first content byte of a block scalar.
    fn block_indent(&self, span: Span) -> usize {
        let line = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        // With an explicit indentation indicator the first line may be indented further than the block: its spaces are
        // content then, and the span starts before them.
        self.text[line..span.start].bytes().take_while(|&b| b == b' ').count()
    }

    /// A block scalar's span without the line end and indentation that follow it.
    fn trim(&self, span: Span) -> Span {
        let text = &self.text[span.start..span.end];
        Span::new(span.start, span.start + text.trim_end().len())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), YamlError> {
        let Some(&target) = self.anchors.get(&anchor) else {
            return Err(YamlError::new(
                "this alias stands inside the node it refers to",
                span,
                Some("an anchor cannot contain itself"),
            ));
        };
        let weight = self.weights.get(&target.0).copied().unwrap_or(1);
        let id = self.push(span, Kind::Alias(target), false);
        if weight > MAX_ALIAS_EXPANSION {
            return Err(self.bomb(span));
        }
        self.add(id, weight)
    }

    fn bomb(&self, span: Span) -> YamlError {
        let _ = self;
        YamlError::new(
            format!("aliases expand this file to more than {MAX_ALIAS_EXPANSION} nodes"),
            span,
            Some("write the repeated part out, or move it to a reusable workflow"),
        )
    }

    fn open(&mut self, span: Span, anchor: usize, mapping: bool, flow: bool) {
        let kind = if mapping { Kind::Mapping(Vec::new()) } else { Kind::Sequence(Vec::new()) };
        let id = self.push(span, kind, flow);
        self.stack.push(Open { id, anchor, children: Vec::new(), mapping, weight: 1 });
    }

    fn close(&mut self, end: Span) -> Result<(), YamlError> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let index = open.id.0 as usize;
        // A block collection's end event stands at the next token, past comments and blank lines.
        let start = self.nodes[index].span.start;
        let end = if self.nodes[index].flow {
            end.end
        } else {
            open.children.last().map_or(start, |id| self.nodes[id.0 as usize].span.end)
        };
        let start = open.children.first().map_or(start, |id| self.nodes[id.0 as usize].span.start.min(start));
        self.nodes[index].span = Span::new(start, end.max(start));
        if open.mapping {
            let entries: Vec<Entry> =
                open.children.chunks_exact(2).map(|pair| Entry { key: pair[0], value: pair[1] }).collect();
            self.find_duplicates(&entries);
            self.nodes[index].kind = Kind::Mapping(entries);
        } else {
            self.nodes[index].kind = Kind::Sequence(open.children);
        }
        if open.anchor > 0 {
            self.anchors.insert(open.anchor, open.id);
            self.weights.insert(open.id.0, open.weight);
        }
        self.add(open.id, open.weight)
    }

    fn find_duplicates(&mut self, entries: &[Entry]) {
        let mut seen: HashMap<&str, NodeId> = HashMap::new();
        let mut linear: Vec<(&str, NodeId)> = Vec::new();
        for entry in entries {
            let Kind::Scalar(text, _) = &self.nodes[entry.key.0 as usize].kind else { continue };
            let text: &str = text;
            // Almost every mapping is small: a list beats hashing there.
            let first = if entries.len() <= 16 {
                let found = linear.iter().find(|(t, _)| *t == text).map(|&(_, id)| id);
                linear.push((text, entry.key));
                found
            } else {
                let found = seen.get(text).copied();
                seen.entry(text).or_insert(entry.key);
                found
            };
            if let Some(first) = first {
                self.duplicates.push(Duplicate {
                    first: self.nodes[first.0 as usize].span,
                    second: self.nodes[entry.key.0 as usize].span,
                });
            }
        }
    }

    /// Hands a finished node to the collection it stands in.
    fn add(&mut self, id: NodeId, weight: u64) -> Result<(), YamlError> {
        match self.stack.last_mut() {
            Some(open) => {
                open.children.push(id);
                open.weight = open.weight.saturating_add(weight);
                let added = open.weight.saturating_sub(self.nodes.len() as u64);
                if added > MAX_ALIAS_EXPANSION {
                    let span = self.nodes[id.0 as usize].span;
                    return Err(self.bomb(span));
                }
            }
            None => self.root = Some((id, weight)),
        }
        Ok(())
    }

    fn scan_error(&self, error: &granit_parser::ScanError) -> YamlError {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let at = (0..=at).rev().find(|&i| self.text.is_char_boundary(i)).unwrap_or(0);
        // The scanner stops behind a forbidden tab; the tab itself is what the reader must find.
        let at = if at > 0 && self.text.as_bytes()[at - 1] == b'\t' { at - 1 } else { at };
        let width = self.text[at..].chars().next().filter(|&c| c != '\n' && c != '\r').map_or(0, char::len_utf8);
        let line_start = self.text[..at].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[at..].find('\n').map_or(self.text.len(), |i| at + i);
        let line = &self.text[line_start..line_end];
        let message = error.info();
        let help = if line.trim_start_matches(' ').starts_with('\t') {
            Some("YAML does not allow tabs for indentation: use spaces")
        } else if message.contains("recursion") || message.contains("nest") {
            Some("the nesting is deeper than any workflow needs")
        } else if line.contains(": *")
            || line.contains(": !")
            || line.contains(": &")
            || line.contains(": @")
            || line.contains(": `")
        {
            Some("a value that starts with `*`, `!`, `&`, `@` or a backtick must be quoted")
        } else if line.contains(": {{") || line.contains(": {%") {
            Some("a value that starts with `{` must be quoted; expressions are written `${{ … }}`")
        } else if line.matches(": ").count() > 1 {
            Some("a value that contains `: ` must be quoted")
        } else {
            None
        };
        YamlError::new(format!("not valid YAML: {message}"), Span::new(at, at + width), help)
    }
}

fn is_empty_scalar(node: &Node<'_>) -> bool {
    matches!(&node.kind, Kind::Scalar(text, _) if text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    use crate::workflow::yaml::Yaml;

    fn error(text: &str) -> YamlError {
        parse(text).expect_err("must be refused")
    }

    #[test]
    fn every_key_value_and_item_has_its_span() {
        let text = "on: push # why\njobs:\n  a:\n    needs: [b, 'c']\n";
        let tree = parse(text).expect("valid");
        let (key, value) = tree.root().get_entry("on").expect("on");
        assert_eq!((key.span(), value.span()), (Span::new(0, 2), Span::new(4, 8)));
        let needs = tree.root().get("jobs").and_then(|j| j.get("a")).and_then(|a| a.get("needs")).expect("needs");
        assert_eq!(&text[needs.span().start..needs.span().end], "[b, 'c']");
        let items: Vec<_> = needs.items().map(|i| &text[i.span().start..i.span().end]).collect();
        assert_eq!(items, ["b", "'c'"]);
        assert_eq!(tree.trailing_comment(value.span()), Some("# why"));
    }

    #[test]
    fn a_block_mapping_ends_with_its_last_value() {
        let text = "a:\n  b: c\n\n# far below\nd: e\n";
        let tree = parse(text).expect("valid");
        let a = tree.root().get("a").expect("a");
        assert_eq!(&text[a.span().start..a.span().end], "b: c");
    }

    #[test]
    fn words_stay_words() {
        let tree = parse("on: yes\nx: 010\ny: ~\nz:\n").expect("valid");
        assert_eq!(tree.root().get("on").and_then(Yaml::as_str), Some("yes"));
        assert_eq!(tree.root().get("x").and_then(Yaml::as_str), Some("010"));
        assert!(tree.root().get("y").is_some_and(Yaml::is_null));
        assert!(tree.root().get("z").is_some_and(Yaml::is_null));
    }

    #[test]
    fn aliases_read_as_their_anchor_and_keep_their_own_place() {
        let text = "base: &b {x: 1}\nuse: *b\nmore:\n  <<: *b\n  y: 2\n";
        let tree = parse(text).expect("valid");
        let used = tree.root().get("use").expect("use");
        assert_eq!(used.get("x").and_then(Yaml::as_str), Some("1"));
        assert_eq!(&text[used.written_span().start..used.written_span().end], "*b");
        let more = tree.root().get("more").expect("more");
        let keys: Vec<_> = more.entries().iter().filter_map(|(k, _)| k.as_str()).collect();
        assert_eq!(keys, ["y", "x"]);
        assert_eq!(more.get("x").and_then(Yaml::as_str), Some("1"));
        assert_eq!(more.merge_keys().len(), 1);
    }

    #[test]
    fn an_own_key_overrides_a_merged_one() {
        let tree = parse("b: &b {x: 1}\nm:\n  <<: [*b]\n  x: 2\n").expect("valid");
        assert_eq!(tree.root().get("m").and_then(|m| m.get("x")).and_then(Yaml::as_str), Some("2"));
    }

    #[test]
    fn duplicate_keys_are_reported_with_both_places() {
        let tree = parse("a: 1\nb: 2\na: 3\n").expect("valid");
        assert_eq!(tree.duplicates, [Duplicate { first: Span::new(0, 1), second: Span::new(10, 11) }]);
    }

    #[test]
    fn crlf_bom_and_tabs_after_the_colon_are_fine() {
        let text = "\u{feff}on:\tpush\r\njobs: {}\r\n";
        let tree = parse(text).expect("valid");
        let (key, value) = tree.root().get_entry("on").expect("on");
        assert_eq!((key.span().start, value.as_str()), (3, Some("push")));
    }

    #[test]
    fn broken_text_is_located_and_explained() {
        let tab = error("on: push\njobs:\n\ta: 1\n");
        assert_eq!(tab.span.start, 15, "{tab:?}");
        assert!(tab.help.is_some_and(|h| h.contains("tabs")));
        assert!(error("name: a: b\n").help.is_some_and(|h| h.contains("quoted")));
        assert!(error("run: @foo\n").help.is_some_and(|h| h.contains("quoted")));
        assert!(error("").message.contains("empty"));
        assert!(error("# only a comment\n").message.contains("empty"));
        assert!(error("a: 1\n---\nb: 2\n").message.contains("second YAML document"));
        assert!(error("a: *nowhere\n").message.contains("*nowhere"));
    }

    #[test]
    fn hostile_text_ends_in_an_error() {
        assert!(error("a: &a {k: *a}\n").message.contains("inside the node"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let refs = vec![format!("*a{}", level - 1); 10].join(", ");
            writeln!(bomb, "a{level}: &a{level} [{refs}]").expect("a string grows");
        }
        assert!(error(&bomb).message.contains("expand"));
        assert!(error(&"[".repeat(100_000)).message.contains("not valid YAML"));
        assert!(error(&"- ".repeat(100_000)).message.contains("not valid YAML"));
        assert!(error(&format!("x: {}", "y".repeat(MAX_BYTES))).message.contains("limit"));
    }

    #[test]
    fn long_comment_headers_are_no_attack() {
        let text = format!("{}on: push\n", "# licence\n".repeat(500));
        let tree = parse(&text).expect("valid");
        assert_eq!(tree.comments.len(), 500);
    }
}
