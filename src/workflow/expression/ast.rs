//! The tree of a parsed expression, and what it refers to.

use crate::source::Span;

/// One node of an expression with its place in the text that was parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What the node is.
    pub kind: ExprKind,
    /// Byte offsets in the parsed text; of a parenthesised expression the parentheses belong to it.
    pub span: Span,
}

/// The kinds of expression nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, `NaN` and `Infinity` included.
    Number(f64),
    /// A string with its quotes taken off and `''` undone.
    String(String),
    /// A bare name such as `github`, as written. Whether a forge knows it is not checked.
    Context(String),
    /// Properties and indices taken from a value: `github.event['x'].*`.
    Access {
        /// What is accessed; mostly a [`ExprKind::Context`] or a [`ExprKind::Call`].
        base: Box<Expr>,
        /// The steps, never empty.
        steps: Vec<Step>,
    },
    /// A function call. Whether a forge knows the function is not checked.
    Call {
        /// The name as written; function names ignore case.
        name: String,
        /// Where the name stands.
        name_span: Span,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `!a`.
    Not(Box<Expr>),
    /// `a && b && …`, at least two.
    And(Vec<Expr>),
    /// `a || b || …`, at least two.
    Or(Vec<Expr>),
    /// A comparison of two values.
    Compare {
        /// The operator.
        op: CompareOp,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
}

/// One step of an [`ExprKind::Access`].
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `.name`
    Property {
        /// The name as written.
        name: String,
        /// Where the name stands, without the dot.
        span: Span,
    },
    /// `[index]`
    Index(Expr),
    /// `.*` or `[*]`
    Wildcard(Span),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// A context an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextRef {
    /// The normalised path, such as `matrix.python-version`; see [`Expr::contexts`].
    pub path: String,
    /// Where it stands in the parsed text.
    pub span: Span,
}

impl Expr {
    /// The contexts this expression reads, in order of appearance, repeats included.
    ///
    /// Paths are lower case and dotted, because contexts ignore case: `matrix['OS']` and `Matrix.os` are both
    /// `matrix.os`, `a[0]` is `a.0`. An index that must be computed becomes `*`, as does `.*` itself: `needs[x].result`
    /// reads `needs.*.result` and `x`. What is taken from a function's result has no path; the arguments are listed.
    pub fn contexts(&self) -> impl Iterator<Item = String> + use<> {
        self.context_refs().into_iter().map(|context| context.path)
    }

    /// Like [`Expr::contexts`], with the place of each.
    pub fn context_refs(&self) -> Vec<ContextRef> {
        let mut found = Vec::new();
        self.collect_contexts(&mut found);
        found
    }

    /// Whether the expression calls `success()`, `failure()`, `always()` or `cancelled()`.
    ///
    /// A condition without such a call gets `success() &&` put before it by the runner.
    pub fn calls_status_function(&self) -> bool {
        let mut found = false;
        self.visit(&mut |expr| {
            if let ExprKind::Call { name, .. } = &expr.kind {
                found = found || is_status_function(name);
            }
        });
        found
    }

    /// Calls `see` on this node and every node below it, outer before inner.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        match &self.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Context(_) => {}
            ExprKind::Access { base, steps } => {
                base.visit(see);
                for step in steps {
                    if let Step::Index(index) = step {
                        index.visit(see);
                    }
                }
            }
            ExprKind::Call { args: items, .. } | ExprKind::And(items) | ExprKind::Or(items) => {
                for item in items {
                    item.visit(see);
                }
            }
            ExprKind::Not(inner) => inner.visit(see),
            ExprKind::Compare { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
        }
    }

    /// The dotted path of a chain that starts at a context, with computed parts as `resolve` gives them.
    ///
    /// `None` when the chain starts elsewhere or `resolve` gives up on a part.
    pub(super) fn path(&self, resolve: &mut dyn FnMut(&Step) -> Option<String>) -> Option<String> {
        match &self.kind {
            ExprKind::Context(name) => Some(name.to_lowercase()),
            ExprKind::Access { base, steps } => {
                let mut path = base.path(resolve)?;
                for step in steps {
                    path.push('.');
                    match step {
                        Step::Property { name, .. } => path.push_str(&name.to_lowercase()),
                        other => path.push_str(&resolve(other)?),
                    }
                }
                Some(path)
            }
            _ => None,
        }
    }

    fn collect_contexts(&self, found: &mut Vec<ContextRef>) {
        match &self.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Context(name) => found.push(ContextRef { path: name.to_lowercase(), span: self.span }),
            ExprKind::Access { base, steps } => {
                match self.path(&mut |step| Some(literal_index(step))) {
                    Some(path) => {
                        found.push(ContextRef { path, span: self.span });
                        base.collect_index_contexts(found);
                    }
                    None => base.collect_contexts(found),
                }
                collect_step_contexts(steps, found);
            }
            ExprKind::Call { args: items, .. } | ExprKind::And(items) | ExprKind::Or(items) => {
                for item in items {
                    item.collect_contexts(found);
                }
            }
            ExprKind::Not(inner) => inner.collect_contexts(found),
            ExprKind::Compare { left, right, .. } => {
                left.collect_contexts(found);
                right.collect_contexts(found);
            }
        }
    }

    /// The contexts inside the indices of a chain whose own path is already listed.
    fn collect_index_contexts(&self, found: &mut Vec<ContextRef>) {
        if let ExprKind::Access { base, steps } = &self.kind {
            base.collect_index_contexts(found);
            collect_step_contexts(steps, found);
        }
    }
}

/// Whether `name` is one of the functions that look at the state of the run.
pub(super) fn is_status_function(name: &str) -> bool {
    ["success", "failure", "always", "cancelled"].iter().any(|status| name.eq_ignore_ascii_case(status))
}

fn collect_step_contexts(steps: &[Step], found: &mut Vec<ContextRef>) {
    for step in steps {
        if let Step::Index(index) = step {
            index.collect_contexts(found);
        }
    }
}

fn literal_index(step: &Step) -> String {
    match step {
        Step::Property { name, .. } => name.to_lowercase(),
        Step::Index(Expr { kind: ExprKind::String(text), .. }) => text.to_lowercase(),
        Step::Index(Expr { kind: ExprKind::Number(number), .. }) => super::eval::number_text(*number),
        Step::Index(_) | Step::Wildcard(_) => "*".to_owned(),
    }
}
