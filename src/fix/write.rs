//! Values as YAML text.

use super::place::Habit;
use super::scalar::{self, Around};
use crate::findings::fix::Value;

/// A value within `[…]` or `{…}`.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Text(text) => scalar::text(text, Around::Flow),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(items) => list(items),
        Value::Map(entries) => {
            let inner: Vec<String> = entries.iter().map(|(key, value)| flow_entry(key, value)).collect();
            format!("{{ {} }}", inner.join(", "))
        }
    }
}

/// `key: value` within `{…}`.
pub(super) fn flow_entry(key: &str, value: &Value) -> String {
    format!("{}: {}", scalar::text(key, Around::Flow), flow(value))
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar::text(item, Around::Flow)).collect();
    format!("[{}]", items.join(", "))
}

/// The lines of `key: value` in block style, the first without indentation.
pub(super) fn entry(key: &str, value: &Value, habit: Habit) -> Vec<String> {
    let key = scalar::text(key, Around::Block);
    let indent = " ".repeat(habit.step);
    match value {
        Value::Map(entries) => {
            let below = entries.iter().flat_map(|(key, value)| entry(key, value, habit));
            std::iter::once(format!("{key}:")).chain(below.map(|line| format!("{indent}{line}"))).collect()
        }
        Value::Text(text) if is_block(text) => {
            std::iter::once(format!("{key}: |")).chain(text.lines().map(|line| format!("{indent}{line}"))).collect()
        }
        Value::Text(text) => vec![format!("{key}: {}", scalar::text(text, Around::Block))],
        Value::List(items) => vec![format!("{key}: {}", list(items))],
        Value::Bool(_) | Value::Number(_) => vec![format!("{key}: {}", flow(value))],
    }
}

/// Whether a text is written as a literal block.
fn is_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n');
    lines.is_some_and(|lines| {
        !lines.is_empty()
            && !lines.ends_with('\n')
            && !lines.starts_with([' ', '\n'])
            && lines.chars().all(|c| c == '\n' || !c.is_control())
    })
}

/// The lines of a list's item in block style, from its dash on; what follows the dash stands `offset` columns behind it.
pub(super) fn item(value: &Value, offset: usize, habit: Habit) -> Vec<String> {
    let lines = match value {
        Value::Map(entries) => entries.iter().flat_map(|(key, value)| entry(key, value, habit)).collect(),
        _ => vec![flow(value)],
    };
    let indent = " ".repeat(offset);
    let dash = format!("-{}", " ".repeat(offset.saturating_sub(1).max(1)));
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| if at == 0 { format!("{dash}{line}") } else { format!("{indent}{line}") })
        .collect()
}

/// Lines that begin in `column`, each behind a line end.
pub(super) fn below(lines: &[String], column: usize, habit: Habit) -> String {
    let indent = " ".repeat(column);
    lines.iter().flat_map(|line| [habit.eol, &indent, line]).collect()
}
