//! The value of a file, and what a change makes of it.

use super::Refused;
use super::scalar::{Type, type_of};
use crate::findings::fix::{Change, Place, Value};
use crate::workflow::Workflow;
use crate::workflow::yaml::{Style, Yaml};

/// A YAML value without a trace of how it is written: aliases followed, merge keys expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Scalar(Type, String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

impl Node {
    pub(super) fn read(yaml: Yaml<'_>) -> Self {
        if yaml.is_mapping() {
            Self::Map(yaml.entries().into_iter().map(|(key, value)| (Self::read(key), Self::read(value))).collect())
        } else if yaml.is_sequence() {
            Self::List(yaml.items().map(Self::read).collect())
        } else {
            let text = yaml.as_str().unwrap_or_default();
            let kind = match yaml.style() {
                Some(Style::Plain) if yaml.is_null() => Type::Null,
                Some(Style::Plain) => type_of(text),
                _ => Type::Text,
            };
            Self::Scalar(kind, text.to_owned())
        }
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::text(text),
            Value::Bool(value) => Self::Scalar(Type::Bool, value.to_string()),
            Value::Number(number) => Self::Scalar(Type::Number, number.to_string()),
            Value::List(items) => Self::List(items.iter().map(|item| Self::text(item)).collect()),
            Value::Map(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (Self::text(key), Self::of(value))).collect())
            }
        }
    }

    fn text(text: &str) -> Self {
        Self::Scalar(Type::Text, text.to_owned())
    }

    /// Whether two values are the same; the order of keys says nothing.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Map(a), Self::Map(b)) if a.len() == b.len() => {
                let sorted = |entries: &[(Self, Self)]| {
                    let mut order: Vec<usize> = (0..entries.len()).collect();
                    order.sort_by(|&x, &y| entries[x].0.key().cmp(&entries[y].0.key()));
                    order
                };
                sorted(a).into_iter().zip(sorted(b)).all(|(x, y)| a[x].0.same(&b[y].0) && a[x].1.same(&b[y].1))
            }
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Self::Scalar(..), Self::Scalar(..)) => self == other,
            _ => false,
        }
    }

    fn key(&self) -> Option<(Type, &str)> {
        match self {
            Self::Scalar(kind, text) => Some((*kind, text)),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(Type::Null, _))
    }

    fn get(&mut self, key: &str) -> Option<&mut Self> {
        self.entry(key, false).map(|(_, value)| value)
    }

    fn entry(&mut self, key: &str, any_case: bool) -> Option<&mut (Self, Self)> {
        let Self::Map(entries) = self else { return None };
        entries
            .iter_mut()
            .find(|(own, _)| own.key().is_some_and(|(_, own)| own == key || any_case && own.eq_ignore_ascii_case(key)))
    }

    fn set(&mut self, key: &str, value: Self, any_case: bool) {
        if let Some((_, old)) = self.entry(key, any_case) {
            *old = value;
        } else if let Self::Map(entries) = self {
            entries.push((Self::text(key), value));
        }
    }
}

/// What the workflow's value must be after these changes.
pub(super) fn expected(workflow: &Workflow<'_>, changes: &[Change]) -> Result<Node, Refused> {
    let mut root = Node::read(workflow.node);
    // Steps are counted as they are in the file: what comes later in a job goes in first.
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| match change {
        Change::InsertSteps { at, .. } => (1, usize::MAX - at),
        _ => (0, 0),
    });
    for change in changes {
        make(workflow, &mut root, change).ok_or_else(|| Refused::new("the change does not fit the workflow"))?;
    }
    Ok(root)
}

fn make(workflow: &Workflow<'_>, root: &mut Node, change: &Change) -> Option<()> {
    match change {
        Change::Set { place, entries, .. } => {
            let any_case = matches!(place, Place::Inputs(..));
            let map = find(workflow, root, *place)?;
            for (key, value) in entries {
                map.set(key, Node::of(value), any_case);
            }
        }
        Change::Rename { place, from, to, value } => {
            let (key, old) = find(workflow, root, *place)?.entry(from, matches!(place, Place::Inputs(..)))?;
            *key = Node::text(to);
            *old = Node::of(value);
        }
        Change::AddNeeds { job, needs } => {
            let job = find(workflow, root, Place::Job(*job))?;
            let mut items = match job.get("needs") {
                None => Vec::new(),
                Some(old) if old.is_null() => Vec::new(),
                Some(Node::List(items)) => items.clone(),
                Some(old) => vec![old.clone()],
            };
            items.extend(needs.iter().map(|need| Node::text(need)));
            job.set("needs", Node::List(items), false);
        }
        Change::InsertSteps { job, at, steps } => {
            let Node::List(items) = find(workflow, root, Place::Job(*job))?.get("steps")? else { return None };
            if *at > items.len() {
                return None;
            }
            items.splice(at..at, steps.iter().map(Node::of));
        }
        Change::RemoveStep { job, step } => {
            let Node::List(items) = find(workflow, root, Place::Job(*job))?.get("steps")? else { return None };
            if *step >= items.len() {
                return None;
            }
            items.remove(*step);
        }
        Change::EditText { place, key, part, text } => {
            let (_, value) = find(workflow, root, *place)?.entry(key, matches!(place, Place::Inputs(..)))?;
            let Node::Scalar(_, old) = value else { return None };
            *value = Node::text(&edited(old, *part, text)?);
        }
    }
    Some(())
}

/// A text after a part of it is replaced. One line that becomes several ends with a line feed, as a literal block does.
pub(super) fn edited(old: &str, part: crate::source::Span, text: &str) -> Option<String> {
    let mut new = String::with_capacity(old.len() + text.len() + 1);
    new.push_str(old.get(..part.start)?);
    new.push_str(text);
    new.push_str(old.get(part.end..)?);
    if !old.contains('\n') && new.contains('\n') && !new.ends_with('\n') {
        new.push('\n');
    }
    Some(new)
}

fn find<'n>(workflow: &Workflow<'_>, root: &'n mut Node, place: Place) -> Option<&'n mut Node> {
    let job = |root: &'n mut Node, job: usize| root.get("jobs")?.get(workflow.jobs.get(job)?.id.value);
    let step = |root: &'n mut Node, at: usize, step: usize| match job(root, at)?.get("steps")? {
        Node::List(items) => items.get_mut(step),
        _ => None,
    };
    match place {
        Place::Workflow => Some(root),
        Place::Job(at) => job(root, at),
        Place::Step(at, number) => step(root, at, number),
        Place::Inputs(at, number) => {
            let step = step(root, at, number)?;
            if step.get("with").is_none_or(|with| with.is_null()) {
                step.set("with", Node::Map(Vec::new()), false);
            }
            step.get("with").filter(|with| matches!(with, Node::Map(_)))
        }
    }
}
