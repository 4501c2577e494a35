//! From the fragments under `contract:` to patterns that own their text.

use super::pattern::{
    EntryPattern, KeyPattern, MappingPattern, Never, Pattern, PatternError, PatternKind, ScalarPattern,
};
use super::read::Reader;
use super::schema::Level;
use crate::source::Span;
use crate::workflow::yaml::Yaml;

/// The most demands one configuration may hold, aliases followed.
pub(super) const MAX_PATTERNS: usize = 20_000;
/// The most regular expressions one configuration may hold.
pub(super) const MAX_REGEXES: usize = 500;
/// How deep a fragment may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// What a key that is not known demands: nothing that could complain a second time.
const UNREADABLE: PatternKind = PatternKind::Present;

/// Compiles fragments, within limits that make a hostile configuration end in a problem.
#[derive(Default)]
pub(super) struct Compiler {
    patterns: usize,
    regexes: usize,
    /// A limit was passed and reported: nothing more is read.
    exhausted: bool,
}

/// What surrounds a value: `never` inside a `never` mapping makes no sense, and depth is limited.
#[derive(Clone, Copy)]
struct Context {
    depth: usize,
    forbidding: bool,
}

impl Context {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl Compiler {
    /// The fragment of a workflow.
    pub(super) fn workflow(&mut self, reader: &mut Reader, node: Yaml<'_>) -> Pattern {
        self.value(reader, node, Level::Root, Context { depth: 0, forbidding: false })
    }

    fn value(&mut self, reader: &mut Reader, node: Yaml<'_>, level: Level, context: Context) -> Pattern {
        let span = node.span();
        if !self.has_room(reader, node, context) || node.is_null() {
            return Pattern { span, level, kind: UNREADABLE };
        }
        let kind = if node.as_str().is_some_and(|text| text.trim() == "*") {
            // Any value, whatever its shape.
            ScalarPattern::parse("*", level).map_or(UNREADABLE, PatternKind::Scalar)
        } else if node.is_mapping() {
            self.mapping_at(reader, node, level, context)
        } else if level.is_mapping_only() {
            reader.wrong_type(node, level.noun(), "a mapping");
            UNREADABLE
        } else if level == Level::On {
            self.events(reader, node, context)
        } else if let Some(key) = level.main_key() {
            let value = self.value(reader, node, level.child(key), context.deeper());
            let entry = EntryPattern { key: KeyPattern::Exact(key.to_owned()), key_span: span, value };
            PatternKind::Mapping(MappingPattern { entries: vec![entry], never: Vec::new() })
        } else if let Some(text) = node.as_str() {
            if level == Level::Steps {
                reader.wrong_type(node, level.noun(), "a list of steps");
                UNREADABLE
            } else {
                self.counted(reader, span, text, |text| ScalarPattern::parse(text, level))
                    .map_or(UNREADABLE, PatternKind::Scalar)
            }
        } else {
            let items = node.items().map(|item| {
                let within = Context { forbidding: context.forbidding && !item.is_mapping(), ..context.deeper() };
                if item.is_null() {
                    reader.wrong_type(item, &format!("an item of {}", level.noun()), "a text, a list or a mapping");
                }
                self.value(reader, item, level.item(), within)
            });
            PatternKind::List(items.collect())
        };
        Pattern { span, level, kind }
    }

    fn has_room(&mut self, reader: &mut Reader, node: Yaml<'_>, context: Context) -> bool {
        self.patterns += 1;
        if self.exhausted {
            return false;
        }
        let (message, label) = if context.depth > MAX_DEPTH {
            (format!("the contract is nested more than {MAX_DEPTH} levels deep"), "too deep")
        } else if self.patterns > MAX_PATTERNS {
            (format!("the contract holds more than {MAX_PATTERNS} values, aliases followed"), "too many from here")
        } else {
            return true;
        };
        self.exhausted = true;
        reader.problem(node.written_span(), message, label);
        false
    }

    fn mapping_at(&mut self, reader: &mut Reader, node: Yaml<'_>, level: Level, context: Context) -> PatternKind {
        if level == Level::Steps {
            if let Some((never, _)) = node.get_entry("never") {
                let help = "put `never` beside `steps`, in the job";
                reader.problem_with_help(never.span(), "`never` stands under `steps`", "this is no step", help);
                return UNREADABLE;
            }
            // One step is a list of one.
            let step = self.value(reader, node, Level::Step, Context { forbidding: false, ..context.deeper() });
            return PatternKind::List(vec![step]);
        }
        if !level.takes_mapping() {
            let wanted = if level == Level::Needs { "a text or a list of job ids" } else { "a text" };
            reader.wrong_type(node, level.noun(), wanted);
            return UNREADABLE;
        }
        PatternKind::Mapping(self.mapping(reader, node, level, context))
    }

    fn mapping(&mut self, reader: &mut Reader, node: Yaml<'_>, level: Level, context: Context) -> MappingPattern {
        let mut out = MappingPattern::default();
        for (key, value) in reader.entries(node, level.noun()) {
            if key.value == "never" {
                if context.forbidding {
                    let help = "what is under `never` is forbidden already; inside a list item `never` can stand again";
                    reader.problem_with_help(
                        key.span,
                        "`never` stands inside `never`",
                        "forbids what is forbidden",
                        help,
                    );
                } else {
                    self.never(reader, value, level, context, &mut out.never);
                }
                continue;
            }
            let pattern = match level.keys() {
                Some(known) if !known.contains(&key.value.as_str()) => {
                    reader.unknown_key(key.span, &key.value, level.noun(), known);
                    continue;
                }
                Some(_) => Some(KeyPattern::Exact(key.value.clone())),
                None => self.counted(reader, key.span, &key.value, KeyPattern::parse),
            };
            let value = self.value(reader, value, level.child(&key.value), context.deeper());
            out.entries.extend(pattern.map(|pattern| EntryPattern { key: pattern, key_span: key.span, value }));
        }
        out
    }

    fn never(&mut self, reader: &mut Reader, node: Yaml<'_>, level: Level, context: Context, out: &mut Vec<Never>) {
        if !self.has_room(reader, node, context) {
            return;
        }
        let inside = Context { forbidding: true, ..context.deeper() };
        if node.is_mapping() {
            let mapping = self.mapping(reader, node, level, inside);
            out.push(Never::Keys(Pattern { span: node.span(), level, kind: PatternKind::Mapping(mapping) }));
        } else if !node.is_sequence() {
            let wanted = if level == Level::Job { "a list of steps or a mapping" } else { "a list or a mapping" };
            reader.wrong_type(node, "`never`", wanted);
        } else if level == Level::Job {
            let steps = self.value(reader, node, Level::Steps, inside);
            let entry =
                EntryPattern { key: KeyPattern::Exact("steps".to_owned()), key_span: node.span(), value: steps };
            let mapping = MappingPattern { entries: vec![entry], never: Vec::new() };
            out.push(Never::Keys(Pattern { span: node.span(), level, kind: PatternKind::Mapping(mapping) }));
        } else {
            for item in node.items() {
                if !self.has_room(reader, item, inside) {
                    return;
                }
                if item.is_mapping() {
                    let whole = Context { forbidding: false, ..inside };
                    let mapping = self.mapping(reader, item, level, whole);
                    out.push(Never::Fragment(Pattern {
                        span: item.span(),
                        level,
                        kind: PatternKind::Mapping(mapping),
                    }));
                } else if let Some(key) = item.as_str() {
                    let entry = self.bare_key(reader, item.span(), key, level);
                    let mapping = MappingPattern { entries: entry.into_iter().collect(), never: Vec::new() };
                    out.push(Never::Keys(Pattern { span: item.span(), level, kind: PatternKind::Mapping(mapping) }));
                } else {
                    reader.wrong_type(item, "an item of `never`", "a key or a mapping");
                }
            }
        }
    }

    /// A key that must be there, or must not, whatever its value.
    fn bare_key(&mut self, reader: &mut Reader, span: Span, key: &str, level: Level) -> Option<EntryPattern> {
        let pattern = match level.keys() {
            Some(known) if !known.contains(&key) => {
                reader.unknown_key(span, key, level.noun(), known);
                None
            }
            Some(_) => Some(KeyPattern::Exact(key.to_owned())),
            None => self.counted(reader, span, key, KeyPattern::parse),
        }?;
        let value = Pattern { span, level: level.child(key), kind: PatternKind::Present };
        Some(EntryPattern { key: pattern, key_span: span, value })
    }

    /// `on: push` and `on: [push, pull_request]`: each event must be there.
    fn events(&mut self, reader: &mut Reader, node: Yaml<'_>, context: Context) -> PatternKind {
        let nodes: Vec<Yaml<'_>> = if node.is_sequence() { node.items().collect() } else { vec![node] };
        let mut entries = Vec::new();
        for node in nodes {
            if !self.has_room(reader, node, context) {
                break;
            }
            match node.as_str() {
                Some(event) => entries.extend(self.bare_key(reader, node.span(), event, Level::On)),
                None => reader.wrong_type(node, "an event of `on`", "a text"),
            }
        }
        PatternKind::Mapping(MappingPattern { entries, never: Vec::new() })
    }

    /// Compiles one text, counting regular expressions and reporting what is wrong with it.
    fn counted<T>(
        &mut self,
        reader: &mut Reader,
        span: Span,
        text: &str,
        compile: impl FnOnce(&str) -> Result<T, PatternError>,
    ) -> Option<T> {
        if text.trim_start().starts_with('/') {
            self.regexes += 1;
            if self.regexes > MAX_REGEXES {
                if !self.exhausted {
                    let message = format!("the contract holds more than {MAX_REGEXES} regular expressions");
                    reader.problem(span, message, "too many from here");
                }
                self.exhausted = true;
                return None;
            }
        }
        compile(text).map_err(|error| reader.problem_with_help(span, error.message, "in this pattern", error.help)).ok()
    }
}
