//! Which tests CPython decides when it compiles, and which coverage.py does.

use ruff_python_ast::{BoolOp, Expr, InterpolatedStringElement, Number, Operator, UnaryOp};

use ruff_text_size::Ranged as _;

use super::PythonVersion;

/// What the compiler knows of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth {
    /// It may turn out true.
    pub(super) can_be_true: bool,
    /// It may turn out false.
    pub(super) can_be_false: bool,
}

impl Truth {
    const UNKNOWN: Self = Self { can_be_true: true, can_be_false: true };

    fn known(value: bool) -> Self {
        Self { can_be_true: value, can_be_false: !value }
    }

    fn not(self) -> Self {
        Self { can_be_true: self.can_be_false, can_be_false: self.can_be_true }
    }
}

/// Follows the jumps that CPython compiles for a test.
pub(super) fn truth(test: &Expr, version: PythonVersion) -> Truth {
    match test {
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => truth(&unary.operand, version).not(),
        Expr::BoolOp(expr) => {
            // As `and`; `or` is the same with the sides exchanged.
            let or = expr.op == BoolOp::Or;
            let mut all = Truth { can_be_true: true, can_be_false: false };
            for value in &expr.values {
                let value = truth(value, version);
                let value = if or { value.not() } else { value };
                all.can_be_false |= all.can_be_true && value.can_be_false;
                all.can_be_true &= value.can_be_true;
            }
            if or { all.not() } else { all }
        }
        Expr::If(expr) => {
            let test = truth(&expr.test, version);
            let body = truth(&expr.body, version);
            let orelse = truth(&expr.orelse, version);
            Truth {
                can_be_true: test.can_be_true && body.can_be_true || test.can_be_false && orelse.can_be_true,
                can_be_false: test.can_be_true && body.can_be_false || test.can_be_false && orelse.can_be_false,
            }
        }
        Expr::FString(_) => match plain_f_string(test) {
            Some(true) => Truth::known(true),
            Some(false) if version >= PythonVersion::V3_13 => Truth::known(false),
            _ => Truth::UNKNOWN,
        },
        other => fold(other, version).map_or(Truth::UNKNOWN, |value| Truth::known(value.is_true())),
    }
}

/// For an f-string without placeholders, whether it has any text.
fn plain_f_string(expr: &Expr) -> Option<bool> {
    let string = expr.as_f_string_expr()?;
    let mut text = string.value.literals().any(|part| !part.value.is_empty());
    for element in string.value.elements() {
        match element {
            InterpolatedStringElement::Interpolation(_) => return None,
            InterpolatedStringElement::Literal(part) => text |= !part.value.is_empty(),
        }
    }
    Some(text)
}

/// A constant, as far as its truth depends on it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    None,
    Ellipsis,
    Bool(bool),
    Int(i128),
    /// An integer too large for us; never zero.
    Large,
    Float(f64),
    Complex(bool),
    /// Strings and bytes by length, and which of the two.
    Text(usize, bool),
    Tuple(Vec<Self>),
}

impl Value {
    fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Ellipsis | Self::Large => true,
            Self::Bool(value) | Self::Complex(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(length, _) => *length != 0,
            Self::Tuple(items) => !items.is_empty(),
        }
    }

    fn as_int(&self) -> Option<i128> {
        match self {
            Self::Bool(value) => Some(i128::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as Python converts; only zero matters")]
    fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            other => other.as_int().map(|value| value as f64),
        }
    }
}

/// The value of an expression that is constant to the compiler.
fn fold(expr: &Expr, version: PythonVersion) -> Option<Value> {
    match expr {
        Expr::NoneLiteral(_) => Some(Value::None),
        Expr::EllipsisLiteral(_) => Some(Value::Ellipsis),
        Expr::BooleanLiteral(literal) => Some(Value::Bool(literal.value)),
        Expr::StringLiteral(literal) => Some(Value::Text(literal.value.chars().count(), false)),
        Expr::BytesLiteral(literal) => Some(Value::Text(literal.value.bytes().count(), true)),
        Expr::NumberLiteral(literal) => Some(match &literal.value {
            Number::Int(value) => value.as_i64().map_or(Value::Large, |value| Value::Int(value.into())),
            Number::Float(value) => Value::Float(*value),
            Number::Complex { real, imag } => Value::Complex(*real != 0.0 || *imag != 0.0),
        }),
        Expr::Name(name) if name.id == "__debug__" => Some(Value::Bool(true)),
        // Since 3.14 the compiler decides jumps before it folds.
        _ if version >= PythonVersion::V3_14 => None,
        Expr::UnaryOp(unary) => {
            let operand = fold(&unary.operand, version)?;
            match (unary.op, operand) {
                (UnaryOp::Not, operand) => Some(Value::Bool(!operand.is_true())),
                (UnaryOp::UAdd | UnaryOp::USub, Value::Large) => Some(Value::Large),
                (UnaryOp::UAdd | UnaryOp::USub, Value::Complex(value)) => Some(Value::Complex(value)),
                (UnaryOp::UAdd, Value::Float(value)) => Some(Value::Float(value)),
                (UnaryOp::USub, Value::Float(value)) => Some(Value::Float(-value)),
                (UnaryOp::UAdd, operand) => operand.as_int().map(Value::Int),
                (UnaryOp::USub, operand) => operand.as_int().and_then(i128::checked_neg).map(Value::Int),
                (UnaryOp::Invert, operand) => operand.as_int().map(|value| Value::Int(!value)),
            }
        }
        Expr::Tuple(tuple) => {
            tuple.elts.iter().map(|item| fold(item, version)).collect::<Option<_>>().map(Value::Tuple)
        }
        Expr::BinOp(binary) => operate(&fold(&binary.left, version)?, binary.op, &fold(&binary.right, version)?),
        Expr::Subscript(subscript) => {
            let index = fold(&subscript.slice, version)?.as_int()?;
            let item = |length: usize| {
                let index = if index < 0 { index.checked_add(i128::try_from(length).ok()?)? } else { index };
                usize::try_from(index).ok().filter(|&index| index < length)
            };
            match fold(&subscript.value, version)? {
                Value::Tuple(items) => Some(items[item(items.len())?].clone()),
                Value::Text(length, false) => item(length).map(|_| Value::Text(1, false)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Arithmetic on constants, within the sizes that CPython folds.
fn operate(left: &Value, op: Operator, right: &Value) -> Option<Value> {
    const LONGEST: usize = 4096;
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        return match op {
            Operator::Add => a.checked_add(b).map(Value::Int),
            Operator::Sub => a.checked_sub(b).map(Value::Int),
            Operator::Mult => a.checked_mul(b).map(Value::Int),
            Operator::Div => (b != 0).then_some(Value::Float(if a == 0 { 0.0 } else { 1.0 })),
            Operator::FloorDiv => {
                let quotient = a.checked_div(b)?;
                Some(Value::Int(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }))
            }
            Operator::Mod => {
                let rest = a.checked_rem(b)?;
                Some(Value::Int(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
            }
            Operator::Pow => a.checked_pow(u32::try_from(b).ok()?).map(Value::Int),
            Operator::LShift => {
                let shift = u32::try_from(b).ok().filter(|&shift| shift < 127)?;
                a.checked_mul(1i128.checked_shl(shift)?).map(Value::Int)
            }
            Operator::RShift => u32::try_from(b).ok().map(|shift| Value::Int(a >> shift.min(127))),
            Operator::BitAnd => Some(Value::Int(a & b)),
            Operator::BitOr => Some(Value::Int(a | b)),
            Operator::BitXor => Some(Value::Int(a ^ b)),
            Operator::MatMult => None,
        };
    }
    if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
        return match op {
            Operator::Add => Some(Value::Float(a + b)),
            Operator::Sub => Some(Value::Float(a - b)),
            Operator::Mult => Some(Value::Float(a * b)),
            Operator::Div if b != 0.0 => Some(Value::Float(a / b)),
            _ => None,
        };
    }
    match (left, op, right) {
        (Value::Text(a, kind), Operator::Add, Value::Text(b, other)) if kind == other => {
            Some(Value::Text(a + b, *kind))
        }
        (Value::Tuple(a), Operator::Add, Value::Tuple(b)) => Some(Value::Tuple([&a[..], b].concat())),
        (Value::Text(length, kind), Operator::Mult, count) | (count, Operator::Mult, Value::Text(length, kind)) => {
            let length = length.checked_mul(usize::try_from(count.as_int()?.max(0)).ok()?)?;
            (length <= LONGEST).then_some(Value::Text(length, *kind))
        }
        (Value::Tuple(items), Operator::Mult, count) | (count, Operator::Mult, Value::Tuple(items)) => {
            let count = usize::try_from(count.as_int()?.max(0)).ok()?;
            (items.len().checked_mul(count)? <= 256)
                .then(|| Value::Tuple(std::iter::repeat_n(items, count).flatten().cloned().collect()))
        }
        _ => None,
    }
}

/// A name for the value of an expression that CPython replaces by a constant: equal values of a type have equal names.
pub(super) fn constant_key(expr: &Expr, text: &str, version: PythonVersion) -> Option<String> {
    match expr {
        Expr::FString(_) if version >= PythonVersion::V3_13 && plain_f_string(expr) == Some(false) => {
            return Some("'".to_owned());
        }
        // Lone surrogates are all the same to the parser.
        Expr::StringLiteral(literal) if literal.value.to_str().contains('\u{fffd}') => {
            return Some(format!("constant {}", &text[expr.range()]));
        }
        Expr::StringLiteral(literal) => return Some(format!("'{}", literal.value.to_str())),
        Expr::Tuple(tuple) => {
            if !tuple.ctx.is_load() {
                return None;
            }
            let keys: Option<Vec<_>> = tuple.elts.iter().map(|item| constant_key(item, text, version)).collect();
            return keys.map(|keys| format!("({})", keys.join(", ")));
        }
        _ => {}
    }
    Some(match fold(expr, version.min(PythonVersion::V3_13))? {
        Value::None => "None".to_owned(),
        Value::Ellipsis => "...".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => format!("number {number}"),
        Value::Float(number) => format!("float {number}"),
        Value::Large | Value::Complex(_) | Value::Text(..) | Value::Tuple(_) => {
            format!("constant {}", &text[expr.range()])
        }
    })
}

/// The value of a test that coverage.py's arc analysis takes for constant: literals, `__debug__`, and `not`, `and`, `or` of these.
pub(super) fn constant_test(test: &Expr) -> Option<bool> {
    match test {
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => constant_test(&unary.operand).map(|value| !value),
        Expr::BoolOp(expr) => {
            let values = expr.values.iter().map(constant_test).collect::<Option<Vec<_>>>()?;
            Some(if expr.op == BoolOp::Or { values.contains(&true) } else { !values.contains(&false) })
        }
        other if other.is_literal_expr() || matches!(other, Expr::Name(name) if name.id == "__debug__") => {
            fold(other, PythonVersion::V3_14).map(|value| value.is_true())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_expression;

    use super::*;

    fn side(test: &str, version: PythonVersion) -> Option<bool> {
        let parsed = parse_expression(test).expect("parses");
        let truth = truth(parsed.expr(), version);
        (truth.can_be_true != truth.can_be_false).then_some(truth.can_be_true)
    }

    #[test]
    fn literals_and_their_combinations_are_decided() {
        for version in PythonVersion::ALL {
            for test in [
                "1",
                "'a'",
                "b'x'",
                "...",
                "__debug__",
                "not 0",
                "1 and 2",
                "x or 1",
                "1 if x else 2",
                "f'a'",
                "1j",
                "10**30 if 0 else 1",
            ] {
                assert_eq!(side(test, version), Some(true), "{test}");
            }
            for test in ["0", "0.0", "''", "None", "False", "not ...", "x and 0", "0 or ''", "0j", "not (x or 1)"] {
                assert_eq!(side(test, version), Some(false), "{test}");
            }
            for test in ["x", "[]", "{}", "lambda: 0", "1 == 1", "(x := 0)", "x and 1", "f'{x}'", "(x,)"] {
                assert_eq!(side(test, version), None, "{test}");
            }
        }
    }

    #[test]
    fn folding_ended_with_3_14() {
        for (test, value) in [
            ("-1", true),
            ("1 - 1", false),
            ("()", false),
            ("(1, 2)[0]", true),
            ("'a' * 0", false),
            ("~0", true),
            ("-7 // 2", true),
            ("1 << 3", true),
        ] {
            assert_eq!(side(test, PythonVersion::V3_13), Some(value), "{test}");
            assert_eq!(side(test, PythonVersion::V3_14), None, "{test}");
        }
        assert_eq!(side("1 / 0", PythonVersion::V3_13), None);
        assert_eq!(side("f''", PythonVersion::V3_12), None);
        assert_eq!(side("f''", PythonVersion::V3_13), Some(false));
    }
}
