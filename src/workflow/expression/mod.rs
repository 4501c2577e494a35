//! `${{ }}` expressions: where they stand in a text, what they say, and what they come to as far as that can be known.
//!
//! The grammar is the one all forges share; see the `parser` module for its sources. An [`ExprError`] of kind
//! [`ErrorKind::Syntax`] is one that every forge rejects. Names of contexts and functions are not checked: forges add
//! their own (`forge.*`, `gitea.*`).

mod ast;
mod eval;
mod parser;
#[cfg(test)]
mod tests;

pub use ast::{CompareOp, ContextRef, Expr, ExprKind, Step};
pub use eval::{Value, evaluate, truth};

use crate::source::Span;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Where, as byte offsets in the text that was parsed.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to put it right, when there is something to say.
    pub help: Option<String>,
    /// Whether forges reject the text, or only we do not follow it.
    pub kind: ErrorKind,
}

/// Who rejects an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Every forge does.
    Syntax,
    /// It is nested deeper than this parser goes. GitHub rejects it, others may not: report nothing, treat it as
    /// unknown.
    TooDeep,
}

impl ExprError {
    fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None, kind: ErrorKind::Syntax }
    }

    fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }
}

/// A text with its `${{ }}` found.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The parts in order; together they cover the text. No two [`Part::Text`] follow each other, none is empty.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text that stands for itself.
    Text(Span),
    /// An expression.
    Expr {
        /// The whole part, `${{` and `}}` included.
        span: Span,
        /// What stands between `${{` and `}}`, spaces included.
        inner: Span,
        /// The expression, its spans counted in the whole text too.
        expr: Result<Expr, ExprError>,
    },
}

impl Template {
    /// Whether the text holds no expression.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The expressions that parsed.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expr { expr: Ok(expr), .. } => Some(expr),
            _ => None,
        })
    }

    /// The errors of those that did not.
    pub fn errors(&self) -> impl Iterator<Item = &ExprError> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expr { expr: Err(error), .. } => Some(error),
            _ => None,
        })
    }

    /// The contexts all expressions read; see [`Expr::contexts`].
    pub fn contexts(&self) -> impl Iterator<Item = String> {
        self.expressions().flat_map(Expr::contexts)
    }

    /// The one expression of a text that is nothing but `${{ … }}`. Such a text keeps the expression's type.
    pub fn single(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Expr { expr: Ok(expr), .. }] => Some(expr),
            _ => None,
        }
    }

    /// What `text`, which must be the text this was parsed from, comes to; for `lookup` see [`evaluate`].
    ///
    /// A text that is nothing but one `${{ }}` has the value of the expression, any other is a string, unknown as soon
    /// as one of its expressions is.
    pub fn evaluate(&self, text: &str, lookup: &dyn Fn(&str) -> Option<Value>) -> Value {
        if let Some(expr) = self.single() {
            return evaluate(expr, lookup);
        }
        let mut result = String::new();
        for part in &self.parts {
            match part {
                Part::Text(span) => result.push_str(text.get(span.start..span.end).unwrap_or_default()),
                Part::Expr { expr: Ok(expr), .. } => match evaluate(expr, lookup).text() {
                    Some(text) => result.push_str(&text),
                    None => return Value::Unknown,
                },
                Part::Expr { expr: Err(_), .. } => return Value::Unknown,
            }
        }
        Value::String(result)
    }
}

/// Splits `text` at its `${{ }}` and parses what stands inside.
///
/// As the runner does (actions/runner, `TemplateReader.ParseScalar`), a `}}` inside a quoted string closes nothing.
/// A `${{` that is never closed makes the rest of the text one [`Part::Expr`] with an error. So is an empty `${{ }}`:
/// GitHub answers "An expression was expected", and act's parser finds no value either.
pub fn parse_template(text: &str) -> Template {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(OPEN)) {
        let start = at + found;
        if start > at {
            parts.push(Part::Text(Span::new(at, start)));
        }
        let inner_start = start + OPEN.len();
        let (inner, end, expr) = match find_close(text, inner_start) {
            Close::At(close) => {
                let inner = text.get(inner_start..close).unwrap_or_default();
                let expr = if inner.trim().is_empty() {
                    Err(ExprError::syntax(Span::new(start, close + 2), "`${{ }}` holds no expression")
                        .help("remove it; expressions are read even in comments of a `run` script"))
                } else {
                    parser::parse(inner, inner_start)
                };
                (Span::new(inner_start, close), close + 2, expr)
            }
            Close::Missing { in_string } => {
                let error = ExprError::syntax(Span::new(start, inner_start), "`${{` is never closed");
                let help = if in_string {
                    "a ' after it opens a string that never ends, so no `}}` counts; write '' for a quote inside a string"
                } else {
                    "add the missing `}}`"
                };
                (Span::new(inner_start, text.len()), text.len(), Err(error.help(help)))
            }
        };
        parts.push(Part::Expr { span: Span::new(start, end), inner, expr });
        at = end;
    }
    if at < text.len() {
        parts.push(Part::Text(Span::new(at, text.len())));
    }
    Template { parts }
}

const OPEN: &str = "${{";

enum Close {
    At(usize),
    Missing { in_string: bool },
}

/// Finds the `}}` for a `${{` that ends at byte `from`.
fn find_close(text: &str, from: usize) -> Close {
    let bytes = text.as_bytes();
    let mut in_string = false;
    for at in from..bytes.len() {
        match bytes[at] {
            b'\'' => in_string = !in_string,
            b'}' if !in_string && bytes.get(at + 1) == Some(&b'}') => return Close::At(at),
            _ => {}
        }
    }
    Close::Missing { in_string }
}

/// Parses a bare expression, as an `if:` without `${{ }}` holds one. Spans are byte offsets in `text`.
///
/// An empty text is an error; see [`parse_condition`].
pub fn parse_expression(text: &str) -> Result<Expr, ExprError> {
    parser::parse(text, 0)
}

/// What an `if:` holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Nothing, which means `success()`.
    Empty,
    /// An expression, bare or as one `${{ }}`.
    Expression(Expr),
    /// `${{ }}` amid other text, be it a trailing newline. The runner makes it a string, and a string that is not
    /// empty holds: such a condition is nearly always a mistake.
    Template(Template),
}

/// Parses the text of an `if:`, whose spans are byte offsets in `text`.
///
/// A text without `${{` is an expression as a whole, a text that is exactly one `${{ }}` is the expression inside, any
/// other is a template. The first error of a template is the error.
pub fn parse_condition(text: &str) -> Result<Condition, ExprError> {
    if text.trim().is_empty() {
        return Ok(Condition::Empty);
    }
    if !text.contains(OPEN) {
        return parse_expression(text).map(Condition::Expression);
    }
    let mut template = parse_template(text);
    if let Some(error) = template.errors().next() {
        return Err(error.clone());
    }
    if template.parts.len() == 1
        && let Some(Part::Expr { expr: Ok(expr), .. }) = template.parts.pop()
    {
        return Ok(Condition::Expression(expr));
    }
    Ok(Condition::Template(template))
}

impl Condition {
    /// Whether the condition holds, `None` if that cannot be known; for `lookup` see [`evaluate`].
    ///
    /// This is the written condition alone. The runner puts `success() &&` before it unless
    /// [`Condition::calls_status_function`]. [`Condition::Empty`] asks `lookup` for `success()`.
    pub fn truth(&self, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<bool> {
        match self {
            Self::Empty => lookup("success()").and_then(|value| value.truth()),
            Self::Expression(expr) => truth(expr, lookup),
            Self::Template(template) if template.parts.iter().any(|part| matches!(part, Part::Text(_))) => Some(true),
            Self::Template(template) => {
                let texts: Vec<_> = template.expressions().map(|expr| evaluate(expr, lookup).text()).collect();
                if texts.iter().flatten().any(|text| !text.is_empty()) {
                    Some(true)
                } else if texts.iter().all(Option::is_some) {
                    Some(false)
                } else {
                    None
                }
            }
        }
    }

    /// Whether the condition itself asks for the state of the run; see [`Expr::calls_status_function`].
    pub fn calls_status_function(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Expression(expr) => expr.calls_status_function(),
            Self::Template(template) => template.expressions().any(Expr::calls_status_function),
        }
    }

    /// The contexts the condition reads; see [`Expr::contexts`].
    pub fn contexts(&self) -> Vec<String> {
        match self {
            Self::Empty => Vec::new(),
            Self::Expression(expr) => expr.contexts().collect(),
            Self::Template(template) => template.contexts().collect(),
        }
    }
}
