//! The legs of a job: `strategy.matrix` expanded as the forges do it, as far as it is written in the file.

use std::sync::Arc;

use crate::workflow::Job;
use crate::workflow::expression;
use crate::workflow::yaml::{Style, Yaml};

/// More legs than any forge starts for one job (GitHub stops at 256).
const MAX_LEGS: usize = 256;

/// One combination of matrix values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leg {
    values: Vec<(String, Value)>,
    /// For a job in a called workflow, the leg of the calling job, and its place there.
    caller: Option<Arc<(usize, Self)>>,
    /// Whether these are all its values: what is not among them is nothing.
    closed: bool,
}

/// A leg of which nothing is known.
pub(super) static OPEN: Leg = Leg { values: Vec::new(), caller: None, closed: false };

/// The value of one axis in one leg: paths below the axis (empty for a plain text) and what stands there; `None` for
/// what only the run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value(Vec<(String, Option<Scalar>)>);

/// A scalar, as an expression sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scalar {
    kind: ScalarKind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScalarKind {
    Null,
    Bool,
    Number,
    Text,
}

/// All legs of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legs {
    /// The legs known from the file; a job without a matrix has one leg without values.
    pub legs: Vec<Leg>,
    /// Whether these are exactly the legs that run. False when an axis, `include` or `exclude` is computed.
    pub complete: bool,
    /// The names of the axes, in file order, `include` keys after them.
    pub axes: Vec<String>,
}

impl Leg {
    /// The text at a path such as `os` or `config.os` (lower case). `Some(None)`: exists, not known. `None`: this leg has no such
    /// value, which a forge reads as an empty text.
    pub fn get(&self, path: &str) -> Option<Option<&str>> {
        let (axis, rest) = path.split_once('.').unwrap_or((path, ""));
        let (_, value) = self.values.iter().find(|(name, _)| name == axis)?;
        if let Some((_, scalar)) = value.0.iter().find(|(path, _)| path == rest) {
            return Some(scalar.as_ref().map(|scalar| scalar.text.as_str()));
        }
        // A computed value can have any shape.
        value.0.iter().any(|(path, scalar)| path.is_empty() && scalar.is_none()).then_some(None)
    }

    /// What an expression finds at a path such as `os` or `config.os` (lower case): `false` without quotes is a boolean and
    /// does not hold. `None` when it is not known, or no scalar.
    pub fn value(&self, path: &str) -> Option<expression::Value> {
        let absent = || self.closed.then_some(expression::Value::Null);
        let (axis, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some((_, value)) = self.values.iter().find(|(name, _)| name == axis) else { return absent() };
        if let Some((_, scalar)) = value.0.iter().find(|(path, _)| path == rest) {
            return scalar.as_ref().map(Scalar::value);
        }
        let below = |long: &str, short: &str| {
            short.is_empty() || long.strip_prefix(short).is_some_and(|tail| tail.starts_with('.'))
        };
        // An object, or a property of something that only the run knows.
        let open = value.0.iter().any(|(path, scalar)| below(path, rest) || scalar.is_none() && below(rest, path));
        if open { None } else { absent() }
    }

    /// The leg of the calling job, and its place among that job's legs. Its values are not seen in this leg's job.
    pub fn caller(&self) -> Option<(usize, &Self)> {
        self.caller.as_ref().map(|caller| (caller.0, &caller.1))
    }

    /// A leg of another job in the same called workflow, of which nothing else is known.
    pub(super) fn sibling(&self) -> Self {
        Self { values: Vec::new(), caller: self.caller.clone(), closed: false }
    }

    /// The leg in words, such as `os: linux, python: 3.13`; empty for a job without a matrix.
    pub fn describe(&self) -> String {
        let outer = self.caller.as_ref().map(|caller| caller.1.describe()).filter(|words| !words.is_empty());
        let mut parts: Vec<String> = outer.into_iter().collect();
        for (axis, value) in &self.values {
            for (path, scalar) in &value.0 {
                let dot = if path.is_empty() { "" } else { "." };
                parts.push(format!("{axis}{dot}{path}: {}", scalar.as_ref().map_or("?", |scalar| &scalar.text)));
            }
        }
        parts.join(", ")
    }

    fn set(&mut self, axis: &str, value: Value) {
        match self.values.iter_mut().find(|(name, _)| name == axis) {
            Some((_, old)) => *old = value,
            None => self.values.push((axis.to_owned(), value)),
        }
    }
}

impl Legs {
    /// The single leg of a job without a matrix.
    fn single() -> Self {
        Self { legs: vec![Leg { closed: true, ..Leg::default() }], complete: true, axes: Vec::new() }
    }

    /// These legs if `budget` still holds them `times` over, which uses it up; else one leg of which nothing is known.
    #[must_use]
    pub fn within(self, budget: &mut usize, times: usize) -> Self {
        if self.legs.len() < 2 {
            return self;
        }
        match budget.checked_sub(self.legs.len() * times) {
            Some(rest) => {
                *budget = rest;
                self
            }
            None => Self { legs: vec![Leg::default()], complete: false, axes: self.axes },
        }
    }

    /// These legs of a job in a called workflow, for each leg of the calling job.
    #[must_use]
    pub fn called_by(self, caller: &Self) -> Self {
        if self.legs.len() * caller.legs.len() > MAX_LEGS {
            return Self { legs: vec![Leg::default()], complete: false, axes: self.axes };
        }
        let mut legs = Vec::with_capacity(self.legs.len() * caller.legs.len());
        for (place, outer) in caller.legs.iter().enumerate() {
            let outer = Arc::new((place, outer.clone()));
            legs.extend(self.legs.iter().map(|leg| Leg { caller: Some(Arc::clone(&outer)), ..leg.clone() }));
        }
        Self { legs, complete: self.complete && caller.complete, axes: self.axes }
    }

    /// Expands the matrix of `job`.
    pub fn of(job: &Job<'_>) -> Self {
        let Some(matrix) = job.strategy.and_then(|s| s.matrix) else { return Self::single() };
        if !matrix.is_mapping() {
            return Self { legs: vec![Leg::default()], complete: false, axes: Vec::new() };
        }
        let mut complete = true;
        let mut axes = Vec::new();
        let mut legs = vec![Leg::default()];
        for (key, node) in matrix.entries() {
            let Some(axis) = key.as_str().map(str::to_lowercase) else { continue };
            if axis == "include" || axis == "exclude" {
                continue;
            }
            let values: Vec<Value> = if node.is_sequence() {
                node.items().map(Value::read).collect()
            } else {
                // A list that an expression makes, or a shape no forge accepts.
                complete = false;
                vec![Value::unknown()]
            };
            if legs.len() * values.len().max(1) > MAX_LEGS {
                return Self { legs: vec![Leg::default()], complete: false, axes };
            }
            legs = legs
                .iter()
                .flat_map(|leg| {
                    values.iter().map(|value| {
                        let mut leg = leg.clone();
                        leg.set(&axis, value.clone());
                        leg
                    })
                })
                .collect();
            axes.push(axis);
        }
        if axes.is_empty() {
            legs.clear();
        }
        complete &= exclude(&mut legs, matrix.get("exclude"));
        complete &= include(&mut legs, &mut axes, matrix.get("include"));
        if legs.is_empty() && !complete {
            legs.push(Leg::default());
        }
        for leg in &mut legs {
            leg.closed = complete;
        }
        Self { legs, complete, axes }
    }
}

/// Drops the legs that `exclude` names; false when that cannot be told.
fn exclude(legs: &mut Vec<Leg>, node: Option<Yaml<'_>>) -> bool {
    let Some(node) = node.filter(|n| !n.is_null()) else { return true };
    if !node.is_sequence() {
        return false;
    }
    let mut complete = true;
    for item in node.items() {
        let wanted: Vec<_> = item
            .entries()
            .iter()
            .filter_map(|(k, v)| k.as_str().map(|k| (k.to_lowercase(), Value::read(*v))))
            .collect();
        if wanted.is_empty() {
            complete &= item.is_mapping();
            continue;
        }
        legs.retain(|leg| {
            let mut verdict = Some(true);
            for (axis, value) in &wanted {
                match leg.values.iter().find(|(name, _)| name == axis).map(|(_, own)| own.same(value)) {
                    Some(Some(true)) => {}
                    Some(None) => verdict = verdict.and(None),
                    _ => return true,
                }
            }
            complete &= verdict.is_some();
            verdict.is_none()
        });
    }
    complete
}

/// Adds what `include` gives: to every leg whose own values it does not change, else as a leg of its own.
fn include(legs: &mut Vec<Leg>, axes: &mut Vec<String>, node: Option<Yaml<'_>>) -> bool {
    let Some(node) = node.filter(|n| !n.is_null()) else { return true };
    if !node.is_sequence() {
        return false;
    }
    let original_axes = axes.clone();
    let originals = legs.clone();
    let mut complete = true;
    for item in node.items() {
        if !item.is_mapping() {
            complete = false;
            continue;
        }
        let extra: Vec<_> = item
            .entries()
            .iter()
            .filter_map(|(k, v)| k.as_str().map(|k| (k.to_lowercase(), Value::read(*v))))
            .collect();
        for (axis, _) in &extra {
            if !axes.contains(axis) {
                axes.push(axis.clone());
            }
        }
        let mut added = false;
        for (leg, original) in legs.iter_mut().zip(&originals) {
            let mut fits = true;
            for (axis, value) in extra.iter().filter(|(axis, _)| original_axes.contains(axis)) {
                match original.values.iter().find(|(name, _)| name == axis).and_then(|(_, own)| own.same(value)) {
                    Some(true) => {}
                    Some(false) => fits = false,
                    None => {
                        complete = false;
                        fits = false;
                    }
                }
            }
            if fits {
                added = true;
                for (axis, value) in &extra {
                    leg.set(axis, value.clone());
                }
            }
        }
        if !added {
            let mut leg = Leg::default();
            for (axis, value) in extra {
                leg.set(&axis, value);
            }
            legs.push(leg);
            if legs.len() > MAX_LEGS {
                return false;
            }
        }
    }
    complete
}

impl Value {
    fn unknown() -> Self {
        Self(vec![(String::new(), None)])
    }

    fn read(node: Yaml<'_>) -> Self {
        let mut flat = Vec::new();
        flatten(node, "", &mut flat, 0);
        Self(flat)
    }

    /// Whether two values are equal; `None` when one of them is not known.
    fn same(&self, other: &Self) -> Option<bool> {
        if self.0.iter().chain(&other.0).any(|(_, scalar)| scalar.is_none()) {
            return None;
        }
        let texts = |value: &'_ Self| -> Vec<_> {
            value.0.iter().map(|(path, scalar)| (path.clone(), scalar.as_ref().map(|s| s.text.clone()))).collect()
        };
        Some(texts(self) == texts(other))
    }
}

impl Scalar {
    /// Reads a scalar without expressions.
    fn read(node: Yaml<'_>) -> Option<Self> {
        let scalar = |kind, text: &str| Some(Self { kind, text: text.to_owned() });
        if node.is_null() {
            return scalar(ScalarKind::Null, "");
        }
        let text = node.as_str().filter(|text| !text.contains("${{"))?;
        if node.style() != Some(Style::Plain) {
            return scalar(ScalarKind::Text, text);
        }
        match text {
            "true" | "True" | "TRUE" => scalar(ScalarKind::Bool, "true"),
            "false" | "False" | "FALSE" => scalar(ScalarKind::Bool, "false"),
            _ => {
                let shown = scalar_text(text, node.style());
                // Only what every reader of YAML takes for a number: neither `007` nor `1e3`.
                let number = shown.parse::<f64>().is_ok_and(|number| number.is_finite() && number.to_string() == shown);
                scalar(if number { ScalarKind::Number } else { ScalarKind::Text }, &shown)
            }
        }
    }

    fn value(&self) -> expression::Value {
        match self.kind {
            ScalarKind::Null => expression::Value::Null,
            ScalarKind::Bool => expression::Value::Bool(self.text == "true"),
            ScalarKind::Number => {
                self.text.parse().map_or_else(|_| expression::Value::Unknown, expression::Value::Number)
            }
            ScalarKind::Text => expression::Value::String(self.text.clone()),
        }
    }
}

fn flatten(node: Yaml<'_>, path: &str, out: &mut Vec<(String, Option<Scalar>)>, depth: usize) {
    if node.is_mapping() && !node.entries().is_empty() && depth < 8 {
        for (key, value) in node.entries() {
            let Some(key) = key.as_str().map(str::to_lowercase) else { continue };
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            flatten(value, &path, out, depth + 1);
        }
    } else {
        out.push((path.to_owned(), Scalar::read(node)));
    }
}

/// The text that an expression sees: an unquoted number is a number, so `3.10` reads as `3.1`.
pub fn scalar_text(text: &str, style: Option<Style>) -> String {
    let looks_like_float = style == Some(Style::Plain)
        && text.contains('.')
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
        && text.matches('.').count() == 1;
    match text.parse::<f64>() {
        Ok(number) if looks_like_float => number.to_string(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Workflow;
    use crate::workflow::yaml::parse;

    fn legs(matrix: &str) -> Legs {
        let text = format!("jobs:\n  t:\n    strategy:\n      matrix: {matrix}\n");
        let tree = parse(&text).expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        Legs::of(&workflow.jobs[0])
    }

    fn words(legs: &Legs) -> Vec<String> {
        legs.legs.iter().map(Leg::describe).collect()
    }

    #[test]
    fn axes_multiply() {
        let legs = legs("{os: [a, b], py: ['3.10', 3.11]}");
        assert_eq!(words(&legs), ["os: a, py: 3.10", "os: a, py: 3.11", "os: b, py: 3.10", "os: b, py: 3.11"]);
        assert!(legs.complete);
    }

    #[test]
    fn an_unquoted_version_is_a_number() {
        assert_eq!(words(&legs("{py: [3.10, '3.10', 3]}")), ["py: 3.1", "py: 3.10", "py: 3"]);
    }

    #[test]
    fn exclude_and_include_follow_the_documented_rules() {
        let legs = legs(
            "{os: [a, b], py: ['1', '2'], exclude: [{os: b, py: '2'}], include: [{os: a, extra: x}, {os: c}, {all: y}]}",
        );
        assert_eq!(
            words(&legs),
            ["os: a, py: 1, extra: x, all: y", "os: a, py: 2, extra: x, all: y", "os: b, py: 1, all: y", "os: c"]
        );
        assert!(legs.complete);
    }

    #[test]
    fn include_alone_makes_one_leg_an_item() {
        assert_eq!(words(&legs("{include: [{a: 1}, {a: 2, b: {c: d}}]}")), ["a: 1", "a: 2, b.c: d"]);
    }

    #[test]
    fn computed_parts_leave_it_open() {
        for matrix in ["${{ fromJSON(x) }}", "{os: \"${{ fromJSON(x) }}\"}", "{a: [1], include: \"${{ x }}\"}"] {
            assert!(!legs(matrix).complete, "{matrix}");
        }
        let legs = legs("{os: [\"${{ vars.OS }}\", linux]}");
        assert!(legs.complete);
        assert_eq!(legs.legs[0].get("os"), Some(None));
        assert_eq!(legs.legs[1].get("os"), Some(Some("linux")));
        assert_eq!(legs.legs[1].get("nothing"), None);
    }

    #[test]
    fn expressions_see_booleans_numbers_and_nothing() {
        use crate::workflow::expression::Value;
        let legs = legs("{t: [{a: false, b: 3.10, c: 'false', d: ~, e: \"${{ x }}\", f: 007}]}");
        let leg = &legs.legs[0];
        assert_eq!(leg.value("t.a"), Some(Value::Bool(false)));
        assert_eq!(leg.value("t.b"), Some(Value::Number(3.1)));
        assert_eq!(leg.value("t.c"), Some(Value::String("false".to_owned())));
        assert_eq!(leg.value("t.d"), Some(Value::Null));
        assert_eq!(leg.value("t.e"), None);
        assert_eq!(leg.value("t.e.below"), None);
        assert_eq!(leg.value("t.f"), Some(Value::String("007".to_owned())));
        assert_eq!(leg.value("t"), None, "an object");
        assert_eq!(leg.value("t.none"), Some(Value::Null));
        assert_eq!(leg.value("none"), Some(Value::Null));
        assert_eq!(OPEN.value("none"), None);
    }

    #[test]
    fn a_job_without_a_matrix_has_one_leg() {
        let tree = parse("jobs:\n  t: {}\n").expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        assert_eq!(Legs::of(&workflow.jobs[0]).legs, [Leg { closed: true, ..Leg::default() }]);
    }
}
