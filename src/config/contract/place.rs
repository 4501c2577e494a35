//! Places in a workflow: the way to a value, and keys with their values where short forms stand for mappings.

use crate::config::pattern::KeyPattern;
use crate::config::schema::Level;
use crate::source::Span;
use crate::workflow::yaml::Yaml;

/// The way from the workflow's root to a value, for messages. Lives on the stack of the walk.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    parent: Option<&'p Self>,
    part: Part<'p>,
}

#[derive(Clone, Copy)]
pub(super) enum Part<'p> {
    Workflow,
    Key(&'p str),
    Job(&'p str),
    /// By index, from 0.
    Step(usize),
}

impl<'p> At<'p> {
    pub(super) fn root() -> Self {
        Self { parent: None, part: Part::Workflow }
    }

    pub(super) fn then(&'p self, part: Part<'p>) -> Self {
        Self { parent: Some(self), part }
    }

    /// The keys below the nearest owner, with dots, and the owner.
    pub(super) fn split(&self) -> (String, String) {
        let mut keys = Vec::new();
        let mut at = self;
        let owner = loop {
            match at.part {
                Part::Key(key) => keys.push(key),
                Part::Workflow => break "the workflow".to_owned(),
                Part::Job(id) => break format!("job `{id}`"),
                Part::Step(index) => break format!("step {} of {}", index + 1, at.job()),
            }
            match at.parent {
                Some(parent) => at = parent,
                None => break "the workflow".to_owned(),
            }
        };
        keys.reverse();
        (keys.join("."), owner)
    }

    pub(super) fn job(&self) -> String {
        let mut at = Some(self);
        while let Some(here) = at {
            if let Part::Job(id) = here.part {
                return format!("job `{id}`");
            }
            at = here.parent;
        }
        "the workflow".to_owned()
    }

    /// "`needs` of job `x`", "job `x`", "`concurrency.group`".
    pub(super) fn name(&self) -> String {
        match (self.split(), self.is_in_workflow()) {
            ((keys, owner), _) if keys.is_empty() => owner,
            ((keys, _), true) => format!("`{keys}`"),
            ((keys, owner), false) => format!("`{keys}` of {owner}"),
        }
    }

    /// "job `x` has no `needs`".
    pub(super) fn lacks(&self, key: &str) -> String {
        let (keys, owner) = self.split();
        let dot = if keys.is_empty() { "" } else { "." };
        format!("{owner} has no `{keys}{dot}{key}`")
    }

    pub(super) fn is_in_workflow(&self) -> bool {
        match self.part {
            Part::Key(_) => self.parent.is_none_or(Self::is_in_workflow),
            part => matches!(part, Part::Workflow),
        }
    }

    /// Whether this is a key that tells one step from another.
    pub(super) fn is_identity(&self) -> bool {
        match (self.part, self.parent) {
            (Part::Key(key), Some(parent)) => parent.tells_steps_apart(key),
            _ => false,
        }
    }

    /// Whether `key` here tells one step from another.
    pub(super) fn tells_steps_apart(&self, key: &str) -> bool {
        match self.part {
            Part::Step(_) => matches!(key, "uses" | "run" | "name" | "id"),
            Part::Key(parent) => parent.eq_ignore_ascii_case("with") && matches!(key, "name" | "path" | "pattern"),
            _ => false,
        }
    }
}

/// A key of the workflow with its value, where short forms are read as the mapping they stand for.
#[derive(Clone, Copy)]
pub(super) struct Field<'d> {
    pub(super) name: &'d str,
    pub(super) key_span: Span,
    pub(super) value: Option<Yaml<'d>>,
}

impl<'d> Field<'d> {
    /// The value, unless it is nothing.
    pub(super) fn some(self) -> Option<Yaml<'d>> {
        self.value.filter(|value| !value.is_null())
    }
}

/// The keys of `value`; `None` where it is nothing that has keys.
pub(super) fn fields(level: Level, value: Option<Yaml<'_>>) -> Option<Vec<Field<'_>>> {
    let Some(node) = value.filter(|value| !value.is_null()) else { return Some(Vec::new()) };
    if node.is_mapping() {
        let entries = node.entries();
        let fields = entries.into_iter().filter_map(|(key, value)| {
            key.as_str().map(|name| Field { name, key_span: key.span(), value: Some(value) })
        });
        return Some(fields.collect());
    }
    if level == Level::On {
        let events: Vec<Yaml<'_>> = if node.is_sequence() { node.items().collect() } else { vec![node] };
        let events = events.into_iter();
        return Some(
            events.filter_map(|n| Some(Field { name: n.as_str()?, key_span: n.span(), value: None })).collect(),
        );
    }
    let key = level.main_key()?;
    Some(vec![Field { name: key, key_span: node.span(), value: Some(node) }])
}

pub(super) fn find<'d>(fields: &[Field<'d>], level: Level, key: &KeyPattern) -> Vec<Field<'d>> {
    let KeyPattern::Exact(text) = key else {
        return fields.iter().filter(|field| key.is_match(field.name)).copied().collect();
    };
    let exact = || fields.iter().find(|field| field.name == text);
    let folded = || fields.iter().find(|field| field.name.eq_ignore_ascii_case(text));
    let found = match level {
        // As the workflow model reads them.
        Level::Inputs => folded(),
        Level::Jobs => exact().or_else(folded),
        _ => exact(),
    };
    found.copied().into_iter().collect()
}

/// The keys of one mapping of the workflow.
pub(super) struct Keys<'f, 'd> {
    pub(super) level: Level,
    pub(super) fields: &'f [Field<'d>],
    /// Where to point when a key is missing.
    pub(super) owner: Span,
    /// Whether keys that a job with `uses:` cannot have are not demanded.
    pub(super) is_call: bool,
}

/// The items of a value: those of a list, or the value itself.
pub(super) fn items(value: Yaml<'_>) -> Vec<Yaml<'_>> {
    if value.is_null() {
        Vec::new()
    } else if value.is_sequence() {
        value.items().collect()
    } else {
        vec![value]
    }
}

/// The one line of a step that stands for it.
pub(super) fn step_anchor(fields: &[Field<'_>], otherwise: Span) -> Span {
    let by = |key: &str| fields.iter().find(|field| field.name == key);
    match by("uses").or_else(|| by("name")) {
        Some(field) => field.value.map_or(field.key_span, Yaml::span),
        None => fields.first().map_or(otherwise, |field| field.key_span),
    }
}

/// A job is an owner of its own in messages, any other key a part of the way.
pub(super) fn part(level: Level, field: Field<'_>) -> Part<'_> {
    if level == Level::Jobs { Part::Job(field.name) } else { Part::Key(field.name) }
}
