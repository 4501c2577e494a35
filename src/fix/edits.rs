//! Changes of the model as edits of the file's text.

use super::place::{self, Habit};
use super::scalar::{self, Around};
use super::{Refused, outcome, write};
use crate::findings::fix::{Change, Edit, Place, Value};
use crate::source::Span;
use crate::workflow::Workflow;
use crate::workflow::yaml::{Comment, Style, Yaml};

/// The edits that make these changes, in the order of the text.
///
/// # Errors
/// When the file is written in a way the change does not fit into: behind an alias, with keys on one line, half a scalar.
pub fn edits(workflow: &Workflow<'_>, changes: &[Change]) -> Result<Vec<Edit>, Refused> {
    let writer = Writer { workflow, habit: Habit::of(workflow.node) };
    let mut edits = Vec::new();
    for change in changes {
        writer.change(change, &mut edits)?;
    }
    edits.sort_by_key(|edit| edit.span);
    Ok(edits)
}

struct Writer<'a, 'd> {
    workflow: &'a Workflow<'d>,
    habit: Habit,
}

impl<'d> Writer<'_, 'd> {
    fn change(&self, change: &Change, edits: &mut Vec<Edit>) -> Result<(), Refused> {
        match change {
            Change::Set { place, entries, after } => self.set(*place, entries, after, edits),
            Change::Rename { place, from, to, value } => {
                let (key, old) =
                    own_entry(self.mapping(*place)?, from, any_case(*place))?.ok_or_else(|| absent(from))?;
                edits.push(Edit { span: key.written_span(), text: requoted(key, to) });
                edits.push(self.replaced(key, old, value)?);
                Ok(())
            }
            Change::AddNeeds { job, needs } => self.needs(*job, needs, edits),
            Change::InsertSteps { job, at, steps } => self.steps(*job, *at, steps, edits),
            Change::RemoveStep { job, step } => self.remove_step(*job, *step, edits),
            Change::EditText { place, key, part, text } => {
                let (key, value) =
                    own_entry(self.mapping(*place)?, key, any_case(*place))?.ok_or_else(|| absent(key))?;
                self.edit_text(key, value, *part, text, edits)
            }
        }
    }

    /// The mapping of a place, written where it is meant.
    fn mapping(&self, place: Place) -> Result<Yaml<'d>, Refused> {
        let job = |at: usize| self.workflow.jobs.get(at).map(|job| job.node);
        let step = |at: usize, step: usize| self.workflow.jobs.get(at)?.steps.get(step).map(|step| step.node);
        let node = match place {
            Place::Workflow => Some(self.workflow.node),
            Place::Job(at) => job(at),
            Place::Step(at, number) => step(at, number),
            Place::Inputs(at, number) => {
                let node = step(at, number).ok_or_else(|| Refused::new("there is no such step"))?;
                own_entry(node, "with", false)?.map(|(_, with)| with)
            }
        };
        let node = node.ok_or_else(|| Refused::new("the mapping to change is not there"))?;
        if node.is_alias() {
            return Err(Refused::new("what would change is written elsewhere, behind an alias"));
        }
        if node.is_mapping() { Ok(node) } else { Err(Refused::new("what would change is no mapping")) }
    }

    fn set(
        &self,
        place: Place,
        entries: &[(String, Value)],
        after: &[&str],
        edits: &mut Vec<Edit>,
    ) -> Result<(), Refused> {
        if let Place::Inputs(job, step) = place {
            let mapping = self.mapping(Place::Step(job, step))?;
            let with = own_entry(mapping, "with", false)?;
            let Some((key, value)) = with else {
                let all = [("with".to_owned(), Value::Map(entries.to_vec()))];
                return self.add(mapping, &all, &["uses"], edits);
            };
            if value.is_null() && place::end_of(value).is_none() && !mapping.is_flow() {
                let column = place::column_of_keys(mapping)?;
                let at = place::end_of_entry(key, value, column)?;
                let lines: Vec<String> =
                    entries.iter().flat_map(|(key, value)| write::entry(key, value, self.habit)).collect();
                edits.push(insertion(at, write::below(&lines, column + self.habit.step, self.habit)));
                return Ok(());
            }
        }
        let mapping = self.mapping(place)?;
        let mut new = Vec::new();
        for (key, value) in entries {
            match own_entry(mapping, key, any_case(place))? {
                Some((key, old)) => edits.push(self.replaced(key, old, value)?),
                None => new.push((key.clone(), value.clone())),
            }
        }
        if new.is_empty() { Ok(()) } else { self.add(mapping, &new, after, edits) }
    }

    /// Adds entries whose keys are not there.
    fn add(
        &self,
        mapping: Yaml<'_>,
        entries: &[(String, Value)],
        after: &[&str],
        edits: &mut Vec<Edit>,
    ) -> Result<(), Refused> {
        if mapping.is_flow() {
            let all: Vec<String> = entries.iter().map(|(key, value)| write::flow_entry(key, value)).collect();
            let last = mapping.own_entries().last().and_then(|(key, value)| {
                place::end_of(value).or_else(|| place::colon(mapping.tree().text(), key.written_span().end))
            });
            return flow_insertion(mapping, last, &all, self.habit, edits);
        }
        let written: Vec<(Yaml<'_>, Yaml<'_>)> = mapping.own_entries().collect();
        let named = after.iter().find_map(|name| written.iter().position(|(key, _)| key.as_str() == Some(*name)));
        let index = named.unwrap_or(written.len().saturating_sub(1));
        let column = place::column_of_keys(mapping)?;
        let (key, value) = *written.get(index).ok_or_else(|| Refused::new("it has no keys"))?;
        let at = place::end_of_entry(key, value, column)?;
        let text = mapping.tree().text();
        let spaced = index + 1 < written.len() && place::blank_follows(text, at);
        let lines: Vec<String> = entries.iter().flat_map(|(key, value)| write::entry(key, value, self.habit)).collect();
        let blank = if spaced { self.habit.eol } else { "" };
        edits.push(insertion(at, format!("{blank}{}", write::below(&lines, column, self.habit))));
        Ok(())
    }

    /// Another value for a key that is there.
    fn replaced(&self, key: Yaml<'_>, old: Yaml<'_>, value: &Value) -> Result<Edit, Refused> {
        if old.is_alias() {
            return Err(Refused::new("the value is an alias"));
        }
        let text = old.tree().text();
        let Some(_) = place::end_of(old) else {
            let at =
                place::colon(text, key.written_span().end).ok_or_else(|| Refused::new("the value is not found"))?;
            return Ok(insertion(at, format!(" {}", write::flow(value))));
        };
        let written = text.get(old.span().start..old.span().end).unwrap_or_default();
        let one_line = !written.contains('\n');
        match (old.style(), value) {
            (Some(style @ (Style::SingleQuoted | Style::DoubleQuoted)), Value::Text(new)) if one_line => {
                let quoted = if style == Style::SingleQuoted && !new.chars().any(char::is_control) {
                    scalar::single(new)
                } else {
                    scalar::double(new)
                };
                Ok(Edit { span: old.span(), text: quoted })
            }
            (Some(Style::Plain | Style::SingleQuoted | Style::DoubleQuoted), _) if one_line => {
                // Within flow style more must be quoted; outside it does no harm to names and patterns.
                let new = match value {
                    Value::Text(new) if !new.contains(['{', '}', '[', ']', ',']) => scalar::text(new, Around::Block),
                    Value::Text(new) if scalar::is_plain(new, Around::Block) && !self.is_in_flow(old) => new.clone(),
                    _ => write::flow(value),
                };
                Ok(Edit { span: old.span(), text: new })
            }
            _ => Err(Refused::new("the value is written over several lines")),
        }
    }

    /// Whether a node stands within `[…]` or `{…}`.
    fn is_in_flow(&self, node: Yaml<'_>) -> bool {
        fn within(at: Yaml<'_>, target: Span) -> bool {
            if at.is_alias() || at.is_scalar() {
                return false;
            }
            (at.is_flow() && at.written_span().contains(target))
                || at.items().any(|item| within(item, target))
                || at.own_entries().any(|(_, value)| within(value, target))
        }
        within(self.workflow.node, node.span())
    }

    fn needs(&self, job: usize, needs: &[String], edits: &mut Vec<Edit>) -> Result<(), Refused> {
        let mapping = self.mapping(Place::Job(job))?;
        let Some((key, value)) = own_entry(mapping, "needs", false)? else {
            let entry = [("needs".to_owned(), Value::List(needs.to_vec()))];
            return self.add(mapping, &entry, &["runs-on", "name"], edits);
        };
        if value.is_alias() {
            return Err(Refused::new("`needs` is written elsewhere, behind an alias"));
        }
        let new: Vec<String> = needs.iter().map(|need| scalar::text(need, Around::Flow)).collect();
        if value.is_null() {
            edits.push(self.replaced(key, value, &Value::List(needs.to_vec()))?);
        } else if value.is_scalar() {
            let written = value.tree().text().get(value.span().start..value.span().end).unwrap_or_default();
            if written.contains('\n') || matches!(value.style(), Some(Style::Literal(_) | Style::Folded(_))) {
                return Err(Refused::new("`needs` is written over several lines"));
            }
            edits.push(insertion(value.span().start, "[".to_owned()));
            edits.push(insertion(value.span().end, format!(", {}]", new.join(", "))));
        } else if value.is_flow() {
            let last = value.items().next_back().and_then(place::end_of);
            flow_insertion(value, last, &new, self.habit, edits)?;
        } else {
            let (dash, offset) = place::columns_of_items(value)?;
            let last = value.items().next_back().ok_or_else(|| Refused::new("the list is empty"))?;
            let at = place::end_of_item(last, dash)?;
            let gap = " ".repeat(offset - dash - 1);
            let lines: Vec<String> =
                needs.iter().map(|need| format!("-{gap}{}", scalar::text(need, Around::Block))).collect();
            edits.push(insertion(at, write::below(&lines, dash, self.habit)));
        }
        Ok(())
    }

    fn steps(&self, job: usize, at: usize, steps: &[Value], edits: &mut Vec<Edit>) -> Result<(), Refused> {
        let mapping = self.mapping(Place::Job(job))?;
        let (_, list) = own_entry(mapping, "steps", false)?.ok_or_else(|| absent("steps"))?;
        if list.is_alias() || !list.is_sequence() {
            return Err(Refused::new("the steps are written elsewhere, or are no list"));
        }
        let items: Vec<Yaml<'_>> = list.items().collect();
        let text = list.tree().text();
        if list.is_flow() {
            let all: Vec<String> = steps.iter().map(write::flow).collect();
            return match items.get(at) {
                Some(item) => {
                    edits.push(insertion(item.written_span().start, format!("{}, ", all.join(", "))));
                    Ok(())
                }
                None => flow_insertion(list, items.last().copied().and_then(place::end_of), &all, self.habit, edits),
            };
        }
        let (dash, offset) = place::columns_of_items(list)?;
        let ends: Vec<usize> = items.iter().map(|item| place::end_of_item(*item, dash)).collect::<Result<_, _>>()?;
        let spaced = match items.len() {
            0 | 1 => false,
            count => place::blank_follows(text, ends[at.clamp(1, count - 1) - 1]),
        };
        let blank = if spaced { self.habit.eol } else { "" };
        let texts =
            steps.iter().map(|step| write::below(&write::item(step, offset - dash, self.habit), dash, self.habit));
        if at > 0 {
            let end = *ends.get(at - 1).ok_or_else(|| Refused::new("there are fewer steps"))?;
            edits.push(insertion(end, texts.flat_map(|step| [blank.to_owned(), step]).collect()));
            return Ok(());
        }
        let first = place::start_of(*items.first().ok_or_else(|| Refused::new("there is no step"))?);
        let line = place::line_start(text, first.ok_or_else(|| Refused::new("the first step is empty"))?);
        let whole: String = texts.flat_map(|step| [step, blank.to_owned()]).collect();
        // What goes in front of a line ends with the line end that the text began with.
        let whole = whole.strip_prefix(self.habit.eol).unwrap_or(&whole);
        edits.push(insertion(line, format!("{whole}{}", self.habit.eol)));
        Ok(())
    }

    /// Takes the lines of a step away, with the blank line that set it apart. What is said about it above stays.
    fn remove_step(&self, job: usize, step: usize, edits: &mut Vec<Edit>) -> Result<(), Refused> {
        let (_, list) = own_entry(self.mapping(Place::Job(job))?, "steps", false)?.ok_or_else(|| absent("steps"))?;
        let item = list.items().nth(step).ok_or_else(|| Refused::new("there are fewer steps"))?;
        if list.is_alias() || list.is_flow() || list.items().len() < 2 {
            return Err(Refused::new("the steps are written elsewhere, on one line, or there is no other"));
        }
        let text = list.tree().text();
        let (dash, _) = place::columns_of_items(list)?;
        let start = place::start_of(item).ok_or_else(|| Refused::new("the step is empty"))?;
        let start = place::line_start(text, start);
        let end = place::end_of_item(item, dash)?;
        let inside = |comment: &Comment| start <= comment.span.start && comment.span.start < end;
        if list.tree().comments.iter().any(inside) {
            return Err(Refused::new("there is a comment in the step"));
        }
        // From the end of the line before to the end of its own last line: the file's last line may have no end.
        let before = text[..start].strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).len());
        let before = before.ok_or_else(|| Refused::new("the step is in the first line"))?;
        let spaced = place::blank_follows(text, end) && text[..before].ends_with('\n');
        let start = if spaced { text[..before].trim_end_matches(['\r', '\n']).len() } else { before };
        edits.push(Edit { span: Span::new(start, end), text: String::new() });
        Ok(())
    }

    fn edit_text(
        &self,
        key: Yaml<'_>,
        value: Yaml<'_>,
        part: Span,
        new: &str,
        edits: &mut Vec<Edit>,
    ) -> Result<(), Refused> {
        let (Some(old), Some(style), false) = (value.as_str(), value.style(), value.is_alias()) else {
            return Err(Refused::new("the text is an alias, or none"));
        };
        let text = value.tree().text();
        let span = value.span();
        let whole = outcome::edited(old, part, new).ok_or_else(|| Refused::new("the text has no such part"))?;
        let one_line = !text.get(span.start..span.end).unwrap_or_default().contains('\n');
        let target = if part.is_empty() {
            let at = if part.start == old.len() && one_line && !matches!(style, Style::Literal(_)) {
                span.end - usize::from(matches!(style, Style::SingleQuoted | Style::DoubleQuoted))
            } else {
                value.source_offset(part.start).ok_or_else(|| Refused::new("the text has no such part"))?
            };
            Span::new(at, at)
        } else {
            value.source_span(part)
        };
        match style {
            Style::Literal(columns) => {
                let indent = format!("{}{}", self.habit.eol, " ".repeat(columns));
                edits.push(Edit { span: target, text: new.replace('\n', &indent) });
            }
            Style::Folded(_) => return Err(Refused::new("the text is folded")),
            _ if !one_line => return Err(Refused::new("the text is written over several lines")),
            // One line becomes several: a literal block takes its place.
            _ if new.contains('\n') => {
                if self.is_in_flow(value) {
                    edits.push(Edit { span, text: scalar::double(&whole) });
                    return Ok(());
                }
                let at = key.written_span().start;
                let column = at - place::line_start(text, at) + self.habit.step;
                let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
                edits.push(Edit { span, text: "|".to_owned() });
                edits.push(insertion(place::line_end(text, span.end), write::below(&lines, column, self.habit)));
            }
            Style::SingleQuoted | Style::DoubleQuoted => {
                edits.push(Edit { span: target, text: scalar::inside(new, style) });
            }
            Style::Plain => {
                let around = if self.is_in_flow(value) { Around::Flow } else { Around::Block };
                if scalar::is_plain(&whole, around) {
                    edits.push(Edit { span: target, text: new.to_owned() });
                } else {
                    edits.push(Edit { span, text: scalar::text(&whole, around) });
                }
            }
        }
        Ok(())
    }
}

fn any_case(place: Place) -> bool {
    matches!(place, Place::Inputs(..))
}

fn insertion(at: usize, text: String) -> Edit {
    Edit { span: Span::new(at, at), text }
}

fn absent(key: &str) -> Refused {
    Refused::new(format!("`{key}` is not there"))
}

/// The entry of a key that is written in this very mapping.
fn own_entry<'d>(mapping: Yaml<'d>, key: &str, any_case: bool) -> Result<Option<(Yaml<'d>, Yaml<'d>)>, Refused> {
    let is = |own: Yaml<'_>| own.as_str().is_some_and(|own| own == key || any_case && own.eq_ignore_ascii_case(key));
    let own = mapping.own_entries().find(|(own, _)| is(*own));
    if own.is_none() && mapping.entries().into_iter().any(|(own, _)| is(own)) {
        return Err(Refused::new(format!("`{key}` comes from a merge key")));
    }
    Ok(own)
}

/// A key's new name in the quotes of the old one.
fn requoted(key: Yaml<'_>, new: &str) -> String {
    match key.style() {
        Some(Style::SingleQuoted) => scalar::single(new),
        Some(Style::DoubleQuoted) => scalar::double(new),
        _ => scalar::text(new, Around::Flow),
    }
}

/// Puts entries or items behind the last of a flow collection: `last` is where that ends.
fn flow_insertion(
    collection: Yaml<'_>,
    last: Option<usize>,
    new: &[String],
    habit: Habit,
    edits: &mut Vec<Edit>,
) -> Result<(), Refused> {
    let text = collection.tree().text();
    let span = collection.written_span();
    let all = new.join(", ");
    if collection.items().len() == 0 && collection.own_entries().next().is_none() {
        let padded = if text[span.start..].starts_with('{') { format!(" {all} ") } else { all };
        let inner = Span::new(span.start + 1, span.end - 1);
        if !text.get(inner.start..inner.end).is_some_and(|inner| inner.trim().is_empty()) {
            return Err(Refused::new("there is a comment between the brackets"));
        }
        edits.push(Edit { span: inner, text: padded });
        return Ok(());
    }
    let last = last.ok_or_else(|| Refused::new("the last value is left out"))?;
    // A comma behind the last value stays the last comma.
    let rest = text.get(last..span.end).unwrap_or_default();
    let gap = rest.len() - rest.trim_start().len();
    let trailing = rest[gap..].starts_with(',');
    let end = if trailing { last + gap + 1 } else { last };
    let line = place::line_start(text, last);
    // One below the other, when the last stands on a line of its own.
    let own_line =
        line > span.start && !text[end..place::line_end(text, end)].trim_start_matches(' ').starts_with([']', '}']);
    if !own_line {
        let comma = if trailing { "," } else { "" };
        let lead = if trailing { " " } else { ", " };
        edits.push(insertion(end, format!("{lead}{all}{comma}")));
        return Ok(());
    }
    let column = text[line..].len() - text[line..].trim_start_matches(' ').len();
    let indent = format!("{}{}", habit.eol, " ".repeat(column));
    let mut lines = String::new();
    for (at, item) in new.iter().enumerate() {
        let comma = if at + 1 < new.len() || trailing { "," } else { "" };
        lines.extend([&indent, item.as_str(), comma]);
    }
    if !trailing {
        edits.push(insertion(end, ",".to_owned()));
    }
    edits.push(insertion(place::line_end(text, end), lines));
    Ok(())
}
