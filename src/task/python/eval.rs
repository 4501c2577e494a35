//! Expressions.

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, InterpolatedStringElement, Number, Operator, UnaryOp};

use super::{Machine, Value, span};

/// Elements of one list that are followed.
const MAX_ITEMS: usize = 512;

/// Texts longer than this are unknown.
const MAX_TEXT: usize = 16 << 10;

impl<'m> Machine<'m> {
    pub(super) fn eval(&mut self, expr: &'m Expr) -> Value {
        if !self.step() {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.expression(expr);
        self.depth -= 1;
        match value {
            Value::Str(text) if text.len() > MAX_TEXT => Value::Unknown,
            Value::List(items) if items.len() > MAX_ITEMS => Value::Unknown,
            value => value,
        }
    }

    fn expression(&mut self, expr: &'m Expr) -> Value {
        match expr {
            Expr::StringLiteral(e) => Value::text(e.value.to_str()),
            Expr::NumberLiteral(e) => match &e.value {
                Number::Int(int) => int.as_i64().map_or(Value::Unknown, Value::Int),
                _ => Value::Unknown,
            },
            Expr::BooleanLiteral(e) => Value::Bool(e.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::Name(e) => self.name(e.id.as_str()),
            Expr::List(e) => self.list(&e.elts),
            Expr::Tuple(e) => self.list(&e.elts),
            Expr::Set(e) => self.list(&e.elts),
            Expr::Dict(e) => {
                let mut items: Vec<(Value, Value)> = Vec::new();
                for item in &e.items {
                    let key = item.key.as_ref().map(|key| self.eval(key));
                    match (key, self.eval(&item.value)) {
                        (Some(key), value) => {
                            items.retain(|(k, _)| *k != key);
                            items.push((key, value));
                        }
                        (None, Value::Dict(inner)) => items.extend(inner),
                        // What the environment holds anyway is no news.
                        (None, Value::Dotted(name)) if matches!(name.as_str(), "os.environ" | "@session.env") => {}
                        (None, _) => items.push((Value::Unknown, Value::Unknown)),
                    }
                }
                Value::Dict(items)
            }
            Expr::FString(e) => {
                let (mut text, mut known) = (String::new(), true);
                for element in e.value.iter().flat_map(|part| match part {
                    ruff_python_ast::FStringPart::Literal(literal) => {
                        vec![Element::Text(literal.value.as_ref())]
                    }
                    ruff_python_ast::FStringPart::FString(inner) => inner
                        .elements
                        .iter()
                        .map(|element| match element {
                            InterpolatedStringElement::Literal(literal) => Element::Text(literal.value.as_ref()),
                            InterpolatedStringElement::Interpolation(field) => Element::Field(field),
                        })
                        .collect(),
                }) {
                    match element {
                        Element::Text(literal) => text.push_str(literal),
                        Element::Field(field) => {
                            let value = self.eval(&field.expression);
                            let plain = field.format_spec.is_none() && field.debug_text.is_none();
                            let shown = match (plain, field.conversion) {
                                (true, ruff_python_ast::ConversionFlag::None) => value.display(),
                                (true, ruff_python_ast::ConversionFlag::Repr) => value.repr(),
                                _ => None,
                            };
                            known &= shown.is_some();
                            match shown {
                                Some(shown) => text.push_str(&shown),
                                None => text.push_str(self.module.source.slice(span(field))),
                            }
                        }
                    }
                }
                if known { Value::Str(text) } else { Value::Part(text) }
            }
            Expr::BoolOp(e) => {
                let mut result = Value::Unknown;
                let mut certain = true;
                for (index, operand) in e.values.iter().enumerate() {
                    let last = index + 1 == e.values.len();
                    self.branches += usize::from(!certain);
                    let value = self.eval(operand);
                    self.branches -= usize::from(!certain);
                    let ends = match (e.op, value.truth()) {
                        (BoolOp::And, Some(truth)) => Some(!truth),
                        (BoolOp::Or, Some(truth)) => Some(truth),
                        (_, None) => None,
                    };
                    match (certain, ends) {
                        (true, _) if last => result = value,
                        (true, Some(true)) => return value,
                        (true, Some(false)) => {}
                        // `unknown and False` is false whatever the first is, and so is `unknown or True` true.
                        (_, Some(true)) => return Value::Bool(e.op == BoolOp::Or),
                        (true, None) => {
                            certain = false;
                            result = Value::Unknown;
                        }
                        (false, _) => {}
                    }
                }
                if certain { result } else { Value::Unknown }
            }
            Expr::UnaryOp(e) => {
                let value = self.eval(&e.operand);
                match (e.op, &value) {
                    (UnaryOp::Not, value) => value.truth().map_or(Value::Unknown, |truth| Value::Bool(!truth)),
                    (UnaryOp::USub, Value::Int(value)) => value.checked_neg().map_or(Value::Unknown, Value::Int),
                    _ => Value::Unknown,
                }
            }
            Expr::Compare(e) => match (&*e.ops, &*e.comparators) {
                ([op], [right]) => {
                    let left = self.eval(&e.left);
                    let right = self.eval(right);
                    compare(*op, &left, &right).map_or(Value::Unknown, Value::Bool)
                }
                _ => Value::Unknown,
            },
            Expr::BinOp(e) => {
                let (left, right) = (self.eval(&e.left), self.eval(&e.right));
                Self::binary(e.op, left, right)
            }
            Expr::If(e) => match self.eval(&e.test).truth() {
                Some(true) => self.eval(&e.body),
                Some(false) => self.eval(&e.orelse),
                None => {
                    self.branches += 1;
                    let (a, b) = (self.eval(&e.body), self.eval(&e.orelse));
                    self.branches -= 1;
                    a.merge(b)
                }
            },
            Expr::Named(e) => {
                let value = self.eval(&e.value);
                self.assign(&e.target, value.clone());
                value
            }
            Expr::Attribute(e) => {
                let owner = self.eval(&e.value);
                self.attribute(&owner, e.attr.as_str())
            }
            Expr::Subscript(e) => {
                let owner = self.eval(&e.value);
                if let Expr::Slice(slice) = e.slice.as_ref() {
                    let bound = |machine: &mut Self, bound: &'m Option<Box<Expr>>| match bound {
                        None => Some(None),
                        Some(bound) => match machine.eval(bound) {
                            Value::Int(value) => Some(Some(value)),
                            _ => None,
                        },
                    };
                    let (lower, upper) = (bound(self, &slice.lower), bound(self, &slice.upper));
                    return match (lower, upper, slice.step.is_none()) {
                        (Some(lower), Some(upper), true) => slice_of(&owner, lower, upper),
                        _ => Value::Unknown,
                    };
                }
                let key = self.eval(&e.slice);
                self.item(&owner, &key)
            }
            Expr::ListComp(e) => self.comprehension(&e.elt, &e.generators),
            Expr::SetComp(e) => self.comprehension(&e.elt, &e.generators),
            Expr::Generator(e) => self.comprehension(&e.elt, &e.generators),
            Expr::Call(e) => self.call(e),
            Expr::Starred(e) => {
                self.eval(&e.value);
                Value::Unknown
            }
            Expr::Await(e) => self.eval(&e.value),
            _ => Value::Unknown,
        }
    }

    fn name(&self, name: &str) -> Value {
        match self.get(name) {
            Some(value) => value.clone(),
            None => match name {
                "__file__" => Value::text(self.file.clone()),
                "__name__" if self.main => Value::text("__main__"),
                "__name__" => Value::text("noxfile"),
                builtin => Value::Dotted(builtin.to_owned()),
            },
        }
    }

    pub(super) fn list(&mut self, elements: &'m [Expr]) -> Value {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            if let Expr::Starred(starred) = element {
                match self.eval(&starred.value) {
                    Value::List(inner) => items.extend(inner),
                    _ => items.push(Value::Splat),
                }
            } else {
                let value = self.eval(element);
                items.push(value);
            }
        }
        Value::List(items)
    }

    fn comprehension(&mut self, element: &'m Expr, generators: &'m [Comprehension]) -> Value {
        let [generator] = generators else { return Value::List(vec![Value::Splat]) };
        let items = self.eval(&generator.iter);
        let Some(items) = items.elements().map(<[Value]>::to_vec) else { return Value::List(vec![Value::Splat]) };
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            self.assign(&generator.target, item);
            let mut keep = Some(true);
            for test in &generator.ifs {
                keep = match (keep, self.eval(test).truth()) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
            }
            match keep {
                Some(true) => {
                    let value = self.eval(element);
                    made.push(value);
                }
                Some(false) => {}
                None => made.push(Value::Splat),
            }
        }
        Value::List(made)
    }

    pub(super) fn binary(op: Operator, left: Value, right: Value) -> Value {
        match (op, left, right) {
            (Operator::Add, Value::Str(a), Value::Str(b)) => Value::Str(a + &b),
            (Operator::Add, Value::Str(a) | Value::Part(a), Value::Str(b) | Value::Part(b)) => Value::Part(a + &b),
            (Operator::Add, Value::List(mut a), Value::List(b)) => {
                a.extend(b);
                Value::List(a)
            }
            (Operator::Add, Value::List(mut a), _) => {
                a.push(Value::Splat);
                Value::List(a)
            }
            (Operator::Add, _, Value::List(b)) => {
                let mut items = vec![Value::Splat];
                items.extend(b);
                Value::List(items)
            }
            (Operator::Add, Value::Int(a), Value::Int(b)) => a.checked_add(b).map_or(Value::Unknown, Value::Int),
            (Operator::Div, Value::Str(a), Value::Str(b)) => Value::Str(join_path(&a, &b)),
            (Operator::Div, Value::Str(a) | Value::Part(a), Value::Str(b) | Value::Part(b)) => {
                Value::Part(format!("{a}/{b}"))
            }
            (Operator::BitOr, Value::Dict(mut a), Value::Dict(b)) => {
                for (key, value) in b {
                    a.retain(|(k, _)| *k != key);
                    a.push((key, value));
                }
                Value::Dict(a)
            }
            (Operator::Mod, Value::Str(a) | Value::Part(a), _) => Value::Part(a),
            _ => Value::Unknown,
        }
    }

    fn attribute(&mut self, owner: &Value, name: &str) -> Value {
        match owner {
            Value::Dotted(path) => self.member(&format!("{path}.{name}")),
            // The attributes of a path.
            Value::Str(text) => match name {
                "parent" => Value::text(match super::super::parent(text) {
                    "" => ".",
                    folder => folder,
                }),
                "name" => Value::text(text.rsplit('/').next().unwrap_or_default()),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn member(&self, path: &str) -> Value {
        match path {
            "@session.posargs" => self.session.posargs.clone().unwrap_or(Value::Unknown),
            "@session.python" => self.session.python.clone().unwrap_or(Value::Unknown),
            "@session.name" => self.session.name.clone().map_or(Value::Unknown, Value::Str),
            // nox asks whether its input is a terminal, which it is not in a job.
            "@session.interactive" => Value::Bool(false),
            "sys.executable" => Value::text("python"),
            "sys.argv" => self.argv.clone(),
            "os.sep" => Value::text("/"),
            other => Value::Dotted(other.to_owned()),
        }
    }

    fn item(&mut self, owner: &Value, key: &Value) -> Value {
        match (owner, key) {
            (Value::List(items), Value::Int(index)) => {
                let splat = items.iter().position(|item| *item == Value::Splat).unwrap_or(items.len());
                let at = usize::try_from(*index).ok().filter(|at| *at < splat);
                let from_end = usize::try_from(-*index)
                    .ok()
                    .filter(|back| *index < 0 && *back <= items.len() && splat == items.len())
                    .map(|back| items.len() - back);
                at.or(from_end).map_or(Value::Unknown, |at| items[at].clone())
            }
            (Value::Dict(items), key) if !items.iter().any(|(k, _)| *k == Value::Unknown) => {
                items.iter().find(|(k, _)| k == key).map_or(Value::Unknown, |(_, value)| value.clone())
            }
            (Value::Dotted(owner), Value::Str(name)) if owner == "os.environ" || owner == "@session.env" => {
                self.variable(name).unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    /// What the environment holds under a name, as far as workflow and program say so.
    pub(super) fn variable(&self, name: &str) -> Option<Value> {
        let set = self.env.iter().rev().chain(self.outer.iter().rev()).find(|(key, _)| key == name);
        match set {
            Some((_, value)) => Some(value.clone().map_or(Value::Unknown, Value::Str)),
            // Every forge's runner sets these two for its jobs.
            None if matches!(name, "CI" | "GITHUB_ACTIONS") => Some(Value::text("true")),
            None => None,
        }
    }
}

enum Element<'e> {
    Text(&'e str),
    Field(&'e ruff_python_ast::InterpolatedElement),
}

fn slice_of(owner: &Value, lower: Option<i64>, upper: Option<i64>) -> Value {
    let Value::List(items) = owner else { return Value::Unknown };
    let at = |bound: i64| usize::try_from(bound).ok();
    match (lower, upper) {
        // A tail from the front is known even where further elements are not.
        (lower, None) => {
            let Some(start) = at(lower.unwrap_or(0)) else { return Value::Unknown };
            let splat = items.iter().position(|item| *item == Value::Splat).unwrap_or(items.len());
            if start > splat { Value::Unknown } else { Value::List(items[start.min(items.len())..].to_vec()) }
        }
        (lower, Some(upper)) if owner.elements().is_some() => {
            let (Some(start), Some(end)) = (at(lower.unwrap_or(0)), at(upper)) else { return Value::Unknown };
            Value::List(items.get(start.min(items.len())..end.min(items.len())).unwrap_or_default().to_vec())
        }
        _ => Value::Unknown,
    }
}

/// Whether a comparison holds, when that is known.
fn compare(op: CmpOp, left: &Value, right: &Value) -> Option<bool> {
    let both_known = left.is_known() && right.is_known();
    match op {
        CmpOp::Eq => both_known.then(|| left == right),
        CmpOp::NotEq => both_known.then(|| left != right),
        CmpOp::Is | CmpOp::IsNot => {
            let same = match (left, right) {
                (Value::None, Value::None) => true,
                (Value::None, other) | (other, Value::None) if other.is_known() || matches!(other, Value::List(_)) => {
                    false
                }
                (Value::Bool(a), Value::Bool(b)) => a == b,
                _ => return None,
            };
            Some(same == (op == CmpOp::Is))
        }
        CmpOp::In | CmpOp::NotIn => {
            let held = match (left, right) {
                (Value::Str(part), Value::Str(text)) => Some(text.contains(part.as_str())),
                (left, Value::List(items)) if left.is_known() => {
                    if items.contains(left) {
                        Some(true)
                    } else {
                        items.iter().all(Value::is_known).then_some(false)
                    }
                }
                (left, Value::Dict(items)) if left.is_known() => {
                    if items.iter().any(|(key, _)| key == left) {
                        Some(true)
                    } else {
                        items.iter().all(|(key, _)| key.is_known()).then_some(false)
                    }
                }
                _ => None,
            }?;
            Some(held == (op == CmpOp::In))
        }
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => {
            let (Value::Int(a), Value::Int(b)) = (left, right) else { return None };
            Some(match op {
                CmpOp::Lt => a < b,
                CmpOp::LtE => a <= b,
                CmpOp::Gt => a > b,
                _ => a >= b,
            })
        }
    }
}

/// `a / b` of two paths.
pub(super) fn join_path(a: &str, b: &str) -> String {
    if b.starts_with('/') || matches!(a, "" | ".") { b.to_owned() } else { format!("{}/{b}", a.trim_end_matches('/')) }
}
