//! What is said where a workflow is not as the contract demands.

use super::check::Witness;
use super::place::{At, Field, Keys};
use crate::config::pattern::{EntryPattern, Pattern, PatternKind, ScalarPattern};
use crate::config::schema::Level;
use crate::source::Span;
use crate::workflow::yaml::Yaml;

pub(super) const DEMANDED: &str = "the contract demands this";
pub(super) const FORBIDDEN: &str = "the contract forbids this";

/// One place where the workflow is not as the contract demands.
pub(super) struct Violation {
    pub(super) message: String,
    /// Where in the workflow.
    pub(super) span: Span,
    /// What is there.
    pub(super) label: String,
    /// Where in the configuration.
    pub(super) demand: Span,
    pub(super) demand_label: &'static str,
    /// A further place in the workflow.
    pub(super) beside: Option<(Span, String)>,
    pub(super) help: String,
    /// Whether the value is computed, so that nobody can say.
    pub(super) unknowable: bool,
    /// Whether it is about a key that tells one step from another.
    pub(super) identity: bool,
}

/// What a check came to. A quiet one only tells whether all matched, and stops soon.
pub(super) struct Outcome {
    pub(super) violations: Vec<Violation>,
    pub(super) failed: bool,
    quiet: bool,
}

impl Outcome {
    pub(super) fn full() -> Self {
        Self { violations: Vec::new(), failed: false, quiet: false }
    }

    pub(super) fn quiet() -> Self {
        Self { quiet: true, ..Self::full() }
    }

    pub(super) fn add(&mut self, violation: impl FnOnce() -> Violation) {
        self.failed = true;
        if !self.quiet {
            self.violations.push(violation());
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether going on would tell nothing new.
    pub(super) fn is_settled(&self) -> bool {
        self.quiet && self.failed
    }
}

/// A text for a message: one line, not too long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default().trim_end();
    let mut out: String = line.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// The words of a demand for a message: "`a`, `b`" or "a mapping".
pub(super) fn demand(pattern: &Pattern) -> String {
    match &pattern.kind {
        PatternKind::Present => "the key".to_owned(),
        PatternKind::Scalar(scalar) if scalar.is_any() => "a value".to_owned(),
        PatternKind::Scalar(scalar) if scalar.text().is_empty() => "an empty text".to_owned(),
        PatternKind::Scalar(scalar) => format!("`{}`", shown(scalar.text())),
        PatternKind::List(items) => {
            let texts: Vec<String> = items.iter().map(demand).collect();
            texts.join(", ")
        }
        PatternKind::Mapping(mapping) => {
            match mapping.entries.iter().find(|entry| matches!(entry.value.kind, PatternKind::Scalar(_))) {
                Some(entry) => format!("`{}: {}`", entry.key.text(), demand(&entry.value).trim_matches('`')),
                None => "a mapping".to_owned(),
            }
        }
    }
}

pub(super) fn violation(
    message: String,
    span: Span,
    label: impl Into<String>,
    demand: Span,
    help: String,
    at: &At<'_>,
) -> Violation {
    Violation {
        message,
        span,
        label: label.into(),
        demand,
        demand_label: DEMANDED,
        beside: None,
        help,
        unknowable: false,
        identity: at.is_identity(),
    }
}

pub(super) fn wrong_shape(pattern: &Pattern, field: Field<'_>, wanted: &str, at: &At<'_>) -> Violation {
    let node = field.value;
    let what = node.map_or("nothing", Yaml::describe);
    let computed = node.and_then(Yaml::as_str).is_some_and(|text| text.contains("${{"));
    let span = node.map_or(field.key_span, Yaml::span);
    if computed {
        let message = format!("{} is computed, so whether it is as the contract demands cannot be known", at.name());
        let help = "write it out, or relax the contract".to_owned();
        let label = "computed when the workflow runs";
        return Violation { unknowable: true, ..violation(message, span, label, pattern.span, help, at) };
    }
    let message = format!("{} is {what}; the contract demands {wanted}", at.name());
    let help = format!("write {} as the contract does, or change the contract", at.name());
    violation(message, span, format!("this is {what}"), pattern.span, help, at)
}

pub(super) fn missing(entry: &EntryPattern, keys: &Keys<'_, '_>, at: &At<'_>) -> Violation {
    let (key, key_span, value) = (entry.key.text(), entry.key_span, &entry.value);
    let (level, owner) = (keys.level, keys.owner);
    let near = crate::did_you_mean(key, keys.fields.iter().map(|field| field.name));
    let demand_span = key_span.to(if value.span.start > key_span.start { value.span } else { key_span });
    if level == Level::Jobs {
        let message = format!("the workflow has no job `{key}`, which the contract is about");
        let help = match near {
            Some(near) => format!("did you mean `{near}`? Rename the job, or change the contract"),
            None => "add the job, or change the contract".to_owned(),
        };
        return violation(message, owner, "no such job here", key_span, help, at);
    }
    let tail = match &value.kind {
        PatternKind::Scalar(scalar) if !scalar.is_any() => format!("; the contract demands {}", demand(value)),
        PatternKind::List(_) if level != Level::Job || key != "steps" => {
            format!("; the contract demands {}", demand(value))
        }
        _ => String::new(),
    };
    let help = match (&value.kind, near) {
        (_, Some(near)) => format!("did you mean `{key}` where `{near}` stands?"),
        (PatternKind::Scalar(scalar), None) if scalar.is_literal() => format!("add `{key}: {}`", shown(scalar.text())),
        (PatternKind::List(items), None) if items.iter().all(is_literal) => {
            format!("add `{key}: [{}]`", demand(value).replace('`', ""))
        }
        _ => format!("add `{key}`"),
    };
    let mut out =
        violation(format!("{}{tail}", at.lacks(key)), owner, format!("no `{key}` here"), demand_span, help, at);
    out.identity = at.tells_steps_apart(key);
    out
}

pub(super) fn is_literal(pattern: &Pattern) -> bool {
    matches!(&pattern.kind, PatternKind::Scalar(scalar) if scalar.is_literal())
}

pub(super) fn lacking(item: &Pattern, field: Field<'_>, at: &At<'_>) -> Violation {
    let span = field.some().map_or(field.key_span, Yaml::span);
    let what = demand(item);
    let message = format!("{} lacks {what}, which the contract demands", at.name());
    let help = match &item.kind {
        PatternKind::Scalar(scalar) if scalar.is_literal() => format!("add {what} to `{}`", field.name),
        _ => format!("add an item that matches {what} to `{}`", field.name),
    };
    let computed = field.some().and_then(Yaml::as_str).is_some_and(|text| text.contains("${{"));
    let label = if computed { "computed when the workflow runs".to_owned() } else { format!("without {what}") };
    Violation { unknowable: computed, ..violation(message, span, label, item.span, help, at) }
}

pub(super) fn to_set(key: &str, scalar: &ScalarPattern) -> String {
    if scalar.is_literal() {
        format!("set `{key}` to `{}`, or change the contract", shown(scalar.text()))
    } else if scalar.is_any() {
        format!("give `{key}` a value")
    } else if scalar.is_comparison() {
        format!("set `{key}` to a number `{}`, or change the contract", scalar.text())
    } else {
        format!("make `{key}` match `{}`, or change the contract", shown(scalar.text()))
    }
}

pub(super) fn forbidden_key(field: Field<'_>, key_span: Span, at: &At<'_>) -> Violation {
    let message = format!("{} is there, which the contract forbids", at.name());
    let help = format!("remove `{}`, or relax `never` in the contract", field.name);
    let mut out = violation(message, field.key_span, "forbidden here", key_span, help, at);
    out.demand_label = FORBIDDEN;
    out
}

pub(super) fn forbidden_value(
    pattern: &Pattern,
    value: Yaml<'_>,
    witness: Option<&Witness<'_>>,
    at: &At<'_>,
) -> Violation {
    let whole = value.as_str().map(str::trim);
    let (span, message) = match witness {
        None => (value.span(), format!("{} is as the contract forbids", at.name())),
        Some(witness) => {
            let text = shown(witness.text);
            let message = match (pattern.level, witness.key) {
                (Level::Step, Some("run")) => format!("{} runs `{text}`, which the contract forbids", at.name()),
                (Level::Step, Some("uses")) => format!("{} uses `{text}`, which the contract forbids", at.name()),
                (Level::Step, _) => format!("{} has `{text}`, which the contract forbids", at.name()),
                _ if whole == Some(witness.text) => {
                    format!("{} is `{text}`, which the contract forbids", at.name())
                }
                _ => format!("{} contains `{text}`, which the contract forbids", at.name()),
            };
            (witness.span, message)
        }
    };
    let help = "remove it, or relax `never` in the contract".to_owned();
    let mut out = violation(message, span, "forbidden here", pattern.span, help, at);
    out.demand_label = FORBIDDEN;
    out
}
