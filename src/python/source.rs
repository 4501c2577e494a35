//! The parsed source with its line numbers.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{Decorator, Stmt};
use ruff_text_size::{Ranged, TextSize};

/// Where the physical and logical lines of a text are.
pub(super) struct Lines {
    /// Offsets at which physical lines start.
    starts: Vec<u32>,
    /// By physical line, the first line of its logical line.
    first: Vec<u32>,
    /// Whether there is any token but comments and blanks.
    pub(super) has_code: bool,
}

impl Lines {
    pub(super) fn new(text: &str, tokens: &Tokens) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 32);
        starts.push(0);
        starts.extend(text.bytes().zip(1u32..).filter(|&(byte, _)| byte == b'\n').map(|(_, after)| after));
        let count = u32::try_from(starts.len()).unwrap_or(u32::MAX);
        let mut lines = Self { starts, first: (0..=count).collect(), has_code: false };
        lines.find_logical(tokens);
        lines
    }

    /// A logical line runs from its first token to the line on which its NEWLINE token stands.
    fn find_logical(&mut self, tokens: &Tokens) {
        let mut start = None;
        for token in tokens {
            match token.kind() {
                TokenKind::Newline => {
                    if let Some(start) = start.take() {
                        let first = self.line(start);
                        let last = self.line(token.start());
                        for line in first + 1..=last {
                            self.first[line as usize] = first;
                        }
                    }
                }
                kind if is_blank(kind) => {}
                _ => {
                    self.has_code = true;
                    start = start.or(Some(token.start()));
                }
            }
        }
    }

    /// The physical line of an offset.
    pub(super) fn line(&self, offset: TextSize) -> u32 {
        let line = self.starts.partition_point(|&start| start <= offset.to_u32());
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The first line of the logical line to which a physical line belongs.
    pub(super) fn first(&self, line: u32) -> u32 {
        self.first.get(line as usize).copied().unwrap_or(line)
    }

    /// The first line of the logical line at an offset.
    pub(super) fn first_at(&self, offset: TextSize) -> u32 {
        self.first(self.line(offset))
    }

    /// The physical line that CPython gives a statement: that of the keyword, below any decorators.
    pub(super) fn of(&self, stmt: &Stmt) -> u32 {
        match stmt {
            Stmt::FunctionDef(def) => self.of_definition(def.name.start()),
            Stmt::ClassDef(def) => self.of_definition(def.name.start()),
            other => self.line(other.start()),
        }
    }

    /// The line of the keyword before a function's or class's name: it starts a logical line.
    pub(super) fn of_definition(&self, name: TextSize) -> u32 {
        self.first_at(name)
    }

    /// The last physical line of a node.
    pub(super) fn end(&self, node: &impl Ranged) -> u32 {
        self.line(node.end())
    }

    /// The line with which coverage.py identifies a function or class: that of its first decorator, if any.
    pub(super) fn of_decorated(&self, decorators: &[Decorator], name: TextSize) -> u32 {
        decorators.first().map_or_else(|| self.of_definition(name), |first| self.first_at(first.expression.start()))
    }

    /// The line with which coverage.py identifies a statement.
    pub(super) fn key(&self, stmt: &Stmt) -> u32 {
        match stmt {
            Stmt::FunctionDef(def) => self.of_decorated(&def.decorator_list, def.name.start()),
            Stmt::ClassDef(def) => self.of_decorated(&def.decorator_list, def.name.start()),
            other => self.first_at(other.start()),
        }
    }

    /// The map from physical lines to first lines, as [`super::Analysis`] keeps it.
    pub(super) fn into_first(self) -> Vec<u32> {
        self.first
    }
}

/// Tokens that never start a statement.
pub(super) fn is_blank(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Newline
            | TokenKind::NonLogicalNewline
            | TokenKind::Comment
            | TokenKind::Indent
            | TokenKind::Dedent
            | TokenKind::EndOfFile
    )
}

/// The bodies nested in a statement, in CPython's order of fields: body, handlers or cases, `else`, `finally`.
pub(super) fn bodies(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::FunctionDef(def) => vec![&def.body],
        Stmt::ClassDef(def) => vec![&def.body],
        Stmt::For(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::While(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::If(stmt) => {
            let mut bodies: Vec<&[Stmt]> = vec![&stmt.body];
            bodies.extend(stmt.elif_else_clauses.iter().map(|clause| &clause.body[..]));
            bodies
        }
        Stmt::With(stmt) => vec![&stmt.body],
        Stmt::Match(stmt) => stmt.cases.iter().map(|case| &case.body[..]).collect(),
        Stmt::Try(stmt) => {
            let mut bodies: Vec<&[Stmt]> = vec![&stmt.body];
            bodies.extend(stmt.handlers.iter().filter_map(|handler| handler.as_except_handler()).map(|h| &h.body[..]));
            bodies.push(&stmt.orelse);
            bodies.push(&stmt.finalbody);
            bodies
        }
        _ => Vec::new(),
    }
}

/// The docstring of a body, if it has one.
pub(super) fn docstring(body: &[Stmt]) -> Option<&Stmt> {
    body.first().filter(|first| matches!(first, Stmt::Expr(expr) if expr.value.is_string_literal_expr()))
}
