//! The steps of a contract against those of a job: in order, each a step of its own, others may stand between.

use super::check::{check_value, is_match};
use super::place::{At, Field, Part, fields, step_anchor};
use super::violation::{Outcome, Violation, shown, violation};
use crate::config::pattern::{KeyPattern, MappingPattern, Pattern, PatternKind, ScalarPattern, Verdict};
use crate::config::schema::Level;
use crate::source::Span;
use crate::workflow::yaml::Yaml;

pub(super) fn check_steps(wanted: &[Pattern], demand: Span, field: Field<'_>, at: &At<'_>, out: &mut Outcome) {
    let steps: Vec<Yaml<'_>> = match field.value {
        Some(node) if node.is_sequence() => node.items().collect(),
        Some(node) if !node.is_null() => {
            out.add(|| {
                let message = format!("{} is {}; the contract demands steps", at.name(), node.describe());
                let label = format!("this is {}", node.describe());
                violation(message, node.span(), label, demand, "write a list of steps".to_owned(), at)
            });
            return;
        }
        _ => Vec::new(),
    };
    let step = |index: usize| Field { name: "steps", key_span: steps[index].span(), value: Some(steps[index]) };
    let matches = |pattern: &Pattern, index: usize| is_match(pattern, step(index), &at.then(Part::Step(index)));

    // The earliest step each time: if the steps can be found in order at all, this finds them.
    let mut taken = vec![false; steps.len()];
    let mut last: Option<usize> = None;
    let mut unmatched: Vec<(&Pattern, Option<usize>)> = Vec::new();
    for pattern in wanted {
        let after = last.map_or(0, |last| last + 1);
        if let Some(index) = (after..steps.len()).find(|&index| matches(pattern, index)) {
            taken[index] = true;
            last = Some(index);
        } else if out.is_quiet() {
            out.failed = true;
            return;
        } else {
            unmatched.push((pattern, last));
        }
    }
    for (pattern, previous) in unmatched {
        let early = previous.and_then(|previous| {
            (0..previous).find(|&index| !taken[index] && matches(pattern, index)).map(|index| (index, previous))
        });
        if let Some((index, previous)) = early {
            taken[index] = true;
            out.add(|| wrong_order(pattern, (index, steps[index]), (previous, steps[previous]), at));
            continue;
        }
        let nearest = (0..steps.len())
            .filter(|&index| !taken[index] && is_candidate(pattern, steps[index]))
            .map(|index| {
                let mut found = Outcome::full();
                check_value(pattern, step(index), &at.then(Part::Step(index)), &mut found);
                let distance: usize = found.violations.iter().map(|v| if v.identity { 3 } else { 1 }).sum();
                (distance, index, found.violations)
            })
            .min_by_key(|&(distance, index, _)| (distance, index));
        let Some((_, index, violations)) = nearest else {
            let is_used = (0..steps.len()).any(|index| taken[index] && matches(pattern, index));
            out.add(|| no_step(pattern, field, is_used, at));
            continue;
        };
        taken[index] = true;
        for mut violation in violations {
            if violation.identity {
                violation.help.push_str("; or add the step the contract demands");
            }
            out.add(|| violation);
        }
    }
}

/// Whether `step` could be the one that is meant: it uses the same repository, or has the same name or id.
fn is_candidate(pattern: &Pattern, step: Yaml<'_>) -> bool {
    let PatternKind::Mapping(mapping) = &pattern.kind else { return false };
    let text = |key| step.get(key).and_then(Yaml::as_str);
    let is_match = |key, value| {
        scalar(mapping, key).is_some_and(|scalar| !scalar.is_any() && matches!(scalar.judge(value), Verdict::Match(_)))
    };
    text("uses").is_some_and(|uses| {
        is_match("uses", uses) || scalar(mapping, "uses").is_some_and(|scalar| scalar.is_same_family(uses))
    }) || text("name").is_some_and(|name| is_match("name", name))
        || text("id").is_some_and(|id| is_match("id", id))
        // A script is told by its text, but only where the contract has more to say than that.
        || mapping.entries.len() > 1 && text("run").is_some_and(|run| is_match("run", run))
}

fn scalar<'c>(mapping: &'c MappingPattern, key: &str) -> Option<&'c ScalarPattern> {
    mapping.entries.iter().find_map(|entry| match (&entry.key, &entry.value.kind) {
        (KeyPattern::Exact(own), PatternKind::Scalar(scalar)) if own == key => Some(scalar),
        _ => None,
    })
}

/// "`uses: upload-artifact` with `name: x`": the contract's step in a few words.
fn words(pattern: &Pattern) -> String {
    let PatternKind::Mapping(mapping) = &pattern.kind else { return "it".to_owned() };
    let telling = ["uses", "run", "name", "id"].iter().find_map(|key| scalar(mapping, key).map(|s| (*key, s)));
    let mut out = match telling {
        Some((key, scalar)) => format!("`{key}: {}`", shown(scalar.text())),
        None => return "what the contract demands".to_owned(),
    };
    let with = mapping.entries.iter().find_map(|entry| match (&entry.value.level, &entry.value.kind) {
        (Level::Inputs, PatternKind::Mapping(inputs)) => scalar(inputs, "name"),
        _ => None,
    });
    if let Some(name) = with {
        out = format!("{out} with `name: {}`", shown(name.text()));
    }
    out
}

fn anchor(step: Yaml<'_>) -> Span {
    step_anchor(&fields(Level::Step, Some(step)).unwrap_or_default(), step.span())
}

fn wrong_order(pattern: &Pattern, early: (usize, Yaml<'_>), previous: (usize, Yaml<'_>), at: &At<'_>) -> Violation {
    let (number, before) = (early.0 + 1, previous.0 + 1);
    let message = format!("step {number} of {} stands before step {before}; the contract demands it after", at.job());
    let help = format!("move step {number} behind step {before}, or reorder the contract's `steps`");
    Violation {
        beside: Some((anchor(previous.1), "must come first".to_owned())),
        ..violation(message, anchor(early.1), "too early", pattern.span, help, at)
    }
}

/// `is_used`: a step would match, but stands for another step of the contract already.
fn no_step(pattern: &Pattern, field: Field<'_>, is_used: bool, at: &At<'_>) -> Violation {
    let further = if is_used { "further " } else { "" };
    let message = format!("no {further}step of {} matches {}", at.job(), words(pattern));
    let help = format!("add a step with {}, or change the contract", words(pattern));
    violation(message, field.key_span, format!("no {further}step here matches"), pattern.span, help, at)
}
