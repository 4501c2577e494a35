//! The walk over pattern and workflow.

use super::place::{At, Field, Keys, Part, fields, find, items, part, step_anchor};
use super::steps::check_steps;
use super::violation::{
    FORBIDDEN, Outcome, Violation, demand, forbidden_key, forbidden_value, lacking, missing, shown, to_set, violation,
    wrong_shape,
};
use crate::config::pattern::{EntryPattern, MappingPattern, Never, Pattern, PatternKind, ScalarPattern, Verdict};
use crate::config::schema::{Level, is_call_key};
use crate::source::Span;
use crate::workflow::Workflow;
use crate::workflow::yaml::Yaml;

/// Where something that matched stands, and its text.
pub(super) struct Witness<'d> {
    pub(super) span: Span,
    pub(super) text: &'d str,
    pub(super) key: Option<&'d str>,
}

pub(super) fn check_workflow(pattern: &Pattern, workflow: &Workflow<'_>, out: &mut Outcome) {
    let first_key = workflow.node.entries().first().map_or(workflow.jobs_key, |(key, _)| key.span());
    let root = Field { name: "", key_span: first_key, value: Some(workflow.node) };
    check_value(pattern, root, &At::root(), out);
}

/// Whether `field` is as `pattern` demands.
pub(super) fn is_match(pattern: &Pattern, field: Field<'_>, at: &At<'_>) -> bool {
    let mut out = Outcome::quiet();
    check_value(pattern, field, at, &mut out);
    !out.failed
}

pub(super) fn check_value(pattern: &Pattern, field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    match &pattern.kind {
        PatternKind::Present => {}
        PatternKind::Scalar(scalar) => check_scalar(pattern, scalar, field, at, out),
        PatternKind::List(wanted) if pattern.level == Level::Steps => {
            check_steps(wanted, pattern.span, field, at, out);
        }
        PatternKind::List(wanted) => check_list(pattern, wanted, field, at, out),
        PatternKind::Mapping(mapping) => {
            let Some(fields) = fields(pattern.level, field.value) else {
                out.add(|| wrong_shape(pattern, field, "a mapping", at));
                return;
            };
            let owner = match (pattern.level, field.value) {
                (Level::Step, Some(node)) => step_anchor(&fields, node.span()),
                _ => field.key_span,
            };
            check_mapping(mapping, &Keys { level: pattern.level, fields: &fields, owner, is_call: false }, at, out);
        }
    }
}

fn check_mapping(mapping: &MappingPattern, keys: &Keys<'_, '_>, at: &At<'_>, out: &mut Outcome) {
    for entry in &mapping.entries {
        if out.is_settled() {
            return;
        }
        if !keys.is_call || is_call_key(entry.key.text()) {
            check_entry(entry, keys, at, out);
        }
    }
    for never in &mapping.never {
        match never {
            Never::Keys(Pattern { kind: PatternKind::Mapping(forbidden), .. }) => {
                forbid_keys(forbidden, keys.level, keys.fields, at, out);
            }
            Never::Keys(_) => {}
            Never::Fragment(fragment) => forbid_fragment(fragment, keys, at, out),
        }
    }
}

fn check_entry(entry: &EntryPattern, keys: &Keys<'_, '_>, at: &At<'_>, out: &mut Outcome) {
    let found = find(keys.fields, keys.level, &entry.key);
    // No job at all is as good as every job.
    if found.is_empty() && !(keys.level == Level::Jobs && entry.key.text() == "*") {
        match &entry.value.kind {
            // `with: {name: x}` of a step without `with` lacks `with.name`.
            PatternKind::Mapping(inputs) if entry.value.level == Level::Inputs => {
                let none = Keys { level: Level::Inputs, fields: &[], owner: keys.owner, is_call: false };
                check_mapping(inputs, &none, &at.then(Part::Key(entry.key.text())), out);
            }
            _ => out.add(|| missing(entry, keys, at)),
        }
    }
    for field in found {
        let here = at.then(part(keys.level, field));
        match &entry.value.kind {
            PatternKind::Mapping(job) if keys.level == Level::Jobs && entry.key.is_wild() && is_call(field) => {
                let fields = fields(Level::Job, field.value).unwrap_or_default();
                let call = Keys { level: Level::Job, fields: &fields, owner: field.key_span, is_call: true };
                check_mapping(job, &call, &here, out);
            }
            _ => check_value(&entry.value, field, &here, out),
        }
        if out.is_settled() {
            return;
        }
    }
}

fn check_scalar(pattern: &Pattern, scalar: &ScalarPattern, field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    let filled = field.some().filter(|node| node.as_str().is_none_or(|text| !text.trim().is_empty()));
    let Some(node) = filled else {
        if !matches!(scalar.judge(""), Verdict::Match(_)) {
            out.add(|| {
                let message = format!("{} is empty; the contract demands {}", at.name(), demand(pattern));
                let span = field.some().map_or(field.key_span, Yaml::span);
                violation(message, span, "nothing here", pattern.span, to_set(field.name, scalar), at)
            });
        }
        return;
    };
    if node.is_mapping() {
        if !scalar.is_any() {
            out.add(|| wrong_shape(pattern, field, "a text", at));
        }
        return;
    }
    if node.is_sequence() {
        let found = node.items().any(|item| match item.as_str() {
            Some(text) => matches!(scalar.judge(text), Verdict::Match(_)),
            None => scalar.is_any(),
        });
        if !found {
            out.add(|| lacking(pattern, field, at));
        }
        return;
    }
    let text = node.as_str().unwrap_or_default();
    let verdict = scalar.judge(text);
    if matches!(verdict, Verdict::Match(_)) {
        return;
    }
    out.add(|| {
        let computed = text.contains("${{");
        let label = if computed { "computed when the workflow runs".to_owned() } else { "this is there".to_owned() };
        if verdict == Verdict::Computed {
            let message =
                format!("{} is computed, so whether it is `{}` cannot be known", at.name(), shown(scalar.text()));
            let help = format!("write a number in place of `{}`, or relax the contract", shown(text));
            return Violation { unknowable: true, ..violation(message, node.span(), label, pattern.span, help, at) };
        }
        let message = format!("{} is `{}`; the contract demands {}", at.name(), shown(text), demand(pattern));
        violation(message, node.span(), label, pattern.span, to_set(field.name, scalar), at)
    });
}

fn check_list(pattern: &Pattern, wanted: &[Pattern], field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    if field.value.is_some_and(Yaml::is_mapping) {
        out.add(|| wrong_shape(pattern, field, "a list", at));
        return;
    }
    let present = field.value.map(items).unwrap_or_default();
    for item in wanted {
        let found = present
            .iter()
            .any(|&value| is_match(item, Field { name: field.name, key_span: value.span(), value: Some(value) }, at));
        if !found {
            out.add(|| lacking(item, field, at));
        }
        if out.is_settled() {
            return;
        }
    }
}

/// None of the keys may match, each by itself.
fn forbid_keys(keys: &MappingPattern, level: Level, fields: &[Field<'_>], at: &At<'_>, out: &mut Outcome) {
    for entry in &keys.entries {
        for field in find(fields, level, &entry.key) {
            forbid(&entry.value, entry.key_span, field, &at.then(part(level, field)), out);
        }
    }
}

/// The value of a key may not match. A mapping forbids each of its keys, a list each of its items.
fn forbid(pattern: &Pattern, key_span: Span, field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    match &pattern.kind {
        PatternKind::Present => out.add(|| forbidden_key(field, key_span, at)),
        PatternKind::Mapping(keys) if keys.entries.is_empty() && keys.never.is_empty() => {
            out.add(|| forbidden_key(field, key_span, at));
        }
        PatternKind::Mapping(keys) => {
            if let Some(fields) = fields(pattern.level, field.value) {
                forbid_keys(keys, pattern.level, &fields, at, out);
            }
        }
        PatternKind::Scalar(scalar) if scalar.is_any() && field.value.is_some_and(|value| !value.is_scalar()) => {
            out.add(|| forbidden_key(field, key_span, at));
        }
        PatternKind::Scalar(_) => forbid_items(pattern, field, at, out),
        PatternKind::List(forbidden) => {
            for item in forbidden {
                forbid_items(item, field, at, out);
            }
        }
    }
}

fn forbid_items(pattern: &Pattern, field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    for (index, value) in field.value.map(items).unwrap_or_default().into_iter().enumerate() {
        let here = if pattern.level == Level::Step { at.then(Part::Step(index)) } else { *at };
        let item = Field { name: field.name, key_span: value.span(), value: Some(value) };
        if is_match(pattern, item, &here) {
            let witness = witness(pattern, item);
            out.add(|| forbidden_value(pattern, value, witness.as_ref(), &here));
        }
    }
}

fn forbid_fragment(pattern: &Pattern, keys: &Keys<'_, '_>, at: &At<'_>, out: &mut Outcome) {
    let PatternKind::Mapping(mapping) = &pattern.kind else { return };
    let mut quiet = Outcome::quiet();
    check_mapping(mapping, keys, at, &mut quiet);
    if !quiet.failed {
        out.add(|| {
            let witness = witness_of(mapping, keys.level, keys.fields);
            let span = witness.as_ref().map_or(keys.owner, |witness| witness.span);
            let message = format!("{} is as the contract forbids", at.name());
            let help = "change it, or relax `never` in the contract".to_owned();
            let mut violation = violation(message, span, "forbidden here", pattern.span, help, at);
            violation.demand_label = FORBIDDEN;
            violation
        });
    }
}

fn is_call(field: Field<'_>) -> bool {
    field.value.is_some_and(|job| job.get("uses").is_some())
}

/// The sharpest place where a pattern that matched did so.
fn witness<'d>(pattern: &Pattern, field: Field<'d>) -> Option<Witness<'d>> {
    match &pattern.kind {
        PatternKind::Present => Some(Witness { span: field.key_span, text: field.name, key: None }),
        PatternKind::Scalar(scalar) => items(field.value?).into_iter().find_map(|node| {
            let text = node.as_str()?;
            let Verdict::Match(range) = scalar.judge(text) else { return None };
            let span = node.source_span(Span::new(range.start, range.end));
            Some(Witness { span, text: &text[range], key: Some(field.name) })
        }),
        PatternKind::List(patterns) => {
            let items = items(field.value?);
            patterns.iter().find_map(|pattern| {
                items.iter().find_map(|&value| {
                    let item = Field { name: field.name, key_span: value.span(), value: Some(value) };
                    if is_match(pattern, item, &At::root()) { witness(pattern, item) } else { None }
                })
            })
        }
        PatternKind::Mapping(mapping) => witness_of(mapping, pattern.level, &fields(pattern.level, field.value)?),
    }
}

fn witness_of<'d>(mapping: &MappingPattern, level: Level, fields: &[Field<'d>]) -> Option<Witness<'d>> {
    let by = |telling: bool| {
        mapping
            .entries
            .iter()
            .filter(move |entry| matches!(entry.key.text(), "run" | "uses") == telling)
            .find_map(|entry| find(fields, level, &entry.key).into_iter().find_map(|f| witness(&entry.value, f)))
    };
    by(true).or_else(|| by(false))
}
