//! What an expression comes to when only some contexts are known.
//!
//! The rules are those of the runner (actions/runner, `src/Sdk/DTExpressions2`: `EvaluationResult.cs`,
//! `ExpressionUtility.cs` and `Functions`).

use std::cmp::Ordering;

use super::ast::{CompareOp, Expr, ExprKind, Step, is_status_function};
use super::parser::parse_number;

/// Longest string a function may build, in bytes; beyond it the value counts as unknown. Nested `format` calls could
/// otherwise double a string at every level.
const MAX_TEXT: usize = 1 << 16;

/// A value as expressions know them. Arrays and objects are [`Value::Unknown`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, such as a property that does not exist.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
    /// Cannot be known before the run, or is no scalar.
    Unknown,
}

impl Value {
    /// Whether a condition with this value holds; `None` if unknown. `null`, `0`, `NaN` and `''` do not hold.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Null => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Number(number) => Some(*number != 0.0 && !number.is_nan()),
            Self::String(text) => Some(!text.is_empty()),
            Self::Unknown => None,
        }
    }

    /// The text that `${{ }}` puts into a string for this value; `None` if unknown. `null` leaves nothing.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number_text(*number)),
            Self::String(text) => Some(text.clone()),
            Self::Unknown => None,
        }
    }

    /// The value as a number, by the rules of JavaScript's `Number`; text that is no number is `NaN`.
    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::String(text) if text.trim().is_empty() => 0.0,
            Self::String(text) => parse_number(text.trim()).unwrap_or(f64::NAN),
            Self::Unknown => f64::NAN,
        }
    }
}

/// Evaluates `expr` as far as `lookup` knows the contexts.
///
/// `lookup` gets a normalised path such as `matrix.python-version` (see [`Expr::contexts`]) or, for a status function
/// called without arguments, its lower-case name with `()`, such as `always()`. `None` means unknown. A property that
/// is known not to exist is [`Value::Null`]. Paths with a `*` are never asked for.
///
/// `&&` and `||` return one of their operands and stop at the first that decides: `false && x` is `false` whatever `x`
/// is. For the truth of a condition use [`truth`], which knows more: `x && false` does not hold whatever `x` is.
pub fn evaluate(expr: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Value {
    match &expr.kind {
        ExprKind::Null => Value::Null,
        ExprKind::Bool(value) => Value::Bool(*value),
        ExprKind::Number(number) => Value::Number(*number),
        ExprKind::String(text) => Value::String(text.clone()),
        ExprKind::Context(_) | ExprKind::Access { .. } => {
            let path = expr.path(&mut |step| match step {
                Step::Property { name, .. } => Some(name.to_lowercase()),
                Step::Index(index) => evaluate(index, lookup).text().map(|text| text.to_lowercase()),
                Step::Wildcard(_) => None,
            });
            path.and_then(|path| lookup(&path)).unwrap_or(Value::Unknown)
        }
        ExprKind::Call { name, args, .. } => call(name, args, lookup),
        ExprKind::Not(inner) => truth(inner, lookup).map_or(Value::Unknown, |holds| Value::Bool(!holds)),
        ExprKind::And(operands) => first_deciding(operands, false, lookup),
        ExprKind::Or(operands) => first_deciding(operands, true, lookup),
        ExprKind::Compare { op, left, right } => {
            compare(*op, &evaluate(left, lookup), &evaluate(right, lookup)).map_or(Value::Unknown, Value::Bool)
        }
    }
}

/// Whether `expr` holds as a condition; `None` if that depends on something unknown. For `lookup` see [`evaluate`].
pub fn truth(expr: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<bool> {
    let (operands, deciding) = match &expr.kind {
        ExprKind::And(operands) => (operands, false),
        ExprKind::Or(operands) => (operands, true),
        ExprKind::Not(inner) => return truth(inner, lookup).map(|holds| !holds),
        _ => return evaluate(expr, lookup).truth(),
    };
    let mut all_known = true;
    for operand in operands {
        match truth(operand, lookup) {
            Some(holds) if holds == deciding => return Some(deciding),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!deciding)
}

fn first_deciding(operands: &[Expr], deciding: bool, lookup: &dyn Fn(&str) -> Option<Value>) -> Value {
    let mut last = Value::Unknown;
    for operand in operands {
        last = evaluate(operand, lookup);
        match last.truth() {
            Some(holds) if holds == deciding => return last,
            Some(_) => {}
            None => return Value::Unknown,
        }
    }
    last
}

// ---- comparing ----

fn compare(op: CompareOp, left: &Value, right: &Value) -> Option<bool> {
    if *left == Value::Unknown || *right == Value::Unknown {
        return None;
    }
    let order = order(left, right);
    Some(match op {
        CompareOp::Equal => order == Some(Ordering::Equal),
        CompareOp::NotEqual => order != Some(Ordering::Equal),
        CompareOp::Less => order == Some(Ordering::Less),
        CompareOp::LessEqual => order.is_some_and(Ordering::is_le),
        CompareOp::Greater => order == Some(Ordering::Greater),
        CompareOp::GreaterEqual => order.is_some_and(Ordering::is_ge),
    })
}

/// How two known values compare; `None` when they are neither equal nor ordered, as with `NaN`. Values of different
/// types are compared as numbers.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(folded(left).cmp(folded(right))),
        _ => left.number().partial_cmp(&right.number()),
    }
}

/// The characters in the case the runner compares in: upper case, one character for one character.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => single,
            _ => c,
        }
    })
}

fn fold(text: &str) -> String {
    folded(text).collect()
}

// ---- functions ----

fn call(name: &str, args: &[Expr], lookup: &dyn Fn(&str) -> Option<Value>) -> Value {
    let name = name.to_ascii_lowercase();
    let value = match (name.as_str(), args) {
        (_, []) if is_status_function(&name) => lookup(&format!("{name}()")),
        ("contains", [search, item]) => contains(search, item, lookup).map(Value::Bool),
        ("startswith", [text, start]) => {
            texts(text, start, lookup).map(|(text, start)| Value::Bool(fold(&text).starts_with(&fold(&start))))
        }
        ("endswith", [text, end]) => {
            texts(text, end, lookup).map(|(text, end)| Value::Bool(fold(&text).ends_with(&fold(&end))))
        }
        ("format", [pattern, args @ ..]) => format_text(pattern, args, lookup).map(Value::String),
        ("join", [items]) => join(items, None, lookup).map(Value::String),
        ("join", [items, separator]) => join(items, Some(separator), lookup).map(Value::String),
        ("fromjson", [text]) => json(text, lookup).map(|json| scalar(&json)),
        _ => None,
    };
    value.unwrap_or(Value::Unknown)
}

fn texts(left: &Expr, right: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<(String, String)> {
    Some((evaluate(left, lookup).text()?, evaluate(right, lookup).text()?))
}

/// What a function that also takes arrays was given.
enum Operand {
    /// The elements of an array written as `fromJSON('[…]')`, the only way an array can be known here.
    Array(Vec<serde_json::Value>),
    /// Anything else.
    Scalar(Value),
}

/// Evaluates `expr` once, however deep calls are nested.
fn operand(expr: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Operand {
    let ExprKind::Call { name, args, .. } = &expr.kind else { return Operand::Scalar(evaluate(expr, lookup)) };
    match args.as_slice() {
        [text] if name.eq_ignore_ascii_case("fromjson") => match json(text, lookup) {
            Some(serde_json::Value::Array(items)) => Operand::Array(items),
            other => Operand::Scalar(other.map_or(Value::Unknown, |json| scalar(&json))),
        },
        _ => Operand::Scalar(evaluate(expr, lookup)),
    }
}

/// `contains` looks for a part of a string or for an equal element of an array.
fn contains(search: &Expr, item: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<bool> {
    let search = operand(search, lookup);
    let item = evaluate(item, lookup);
    match search {
        // An array or object is never equal to a scalar.
        Operand::Array(items) if item != Value::Unknown => {
            Some(items.iter().any(|element| compare(CompareOp::Equal, &scalar(element), &item) == Some(true)))
        }
        Operand::Array(_) => None,
        Operand::Scalar(text) => Some(fold(&text.text()?).contains(&fold(&item.text()?))),
    }
}

fn join(items: &Expr, separator: Option<&Expr>, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<String> {
    let items = match operand(items, lookup) {
        Operand::Array(items) => items,
        Operand::Scalar(value) => return value.text(),
    };
    let separator = separator.map_or(Some(",".to_owned()), |separator| evaluate(separator, lookup).text())?;
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(&scalar(item).text()?);
        if joined.len() > MAX_TEXT {
            return None;
        }
    }
    Some(joined)
}

fn json(text: &Expr, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<serde_json::Value> {
    serde_json::from_str(&evaluate(text, lookup).text()?).ok()
}

fn scalar(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => number.as_f64().map_or(Value::Unknown, Value::Number),
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Value::Unknown,
    }
}

/// `format`: `{0}` stands for the first argument, `{{` and `}}` for braces. A pattern the runner refuses is unknown.
fn format_text(pattern: &Expr, args: &[Expr], lookup: &dyn Fn(&str) -> Option<Value>) -> Option<String> {
    let pattern = evaluate(pattern, lookup).text()?;
    let mut values: Vec<Option<String>> = vec![None; args.len()];
    let mut text = String::new();
    let mut rest = pattern.as_str();
    while let Some(brace) = rest.find(['{', '}']) {
        text.push_str(&rest[..brace]);
        let at_brace = &rest[brace..];
        rest = if let Some(after) = at_brace.strip_prefix("{{") {
            text.push('{');
            after
        } else if let Some(after) = at_brace.strip_prefix("}}") {
            text.push('}');
            after
        } else {
            let (index, after) = at_brace.strip_prefix('{')?.split_once('}')?;
            if !index.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let index = usize::from(index.parse::<u8>().ok()?);
            let value = values.get_mut(index)?;
            if value.is_none() {
                *value = Some(evaluate(args.get(index)?, lookup).text()?);
            }
            text.push_str(value.as_deref()?);
            after
        };
        if text.len() > MAX_TEXT {
            return None;
        }
    }
    text.push_str(rest);
    (text.len() <= MAX_TEXT).then_some(text)
}

/// A number as the runner writes one into text: fifteen significant digits, .NET's `G15`.
pub(super) fn number_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{number:.14e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..15).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or_default();
        let plain = format!("{number:.decimals$}");
        return if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain };
    }
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:02}", exponent.abs())
}
