//! Which lines are excluded, and which are docstrings.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, MatchCase, ModModule, Stmt};
use ruff_text_size::{Ranged, TextSize};

use super::patterns::Matcher;
use super::source::{Lines, bodies, docstring, is_blank};
use super::statements::is_irrefutable;
use crate::coverage::LineSet;

/// The logical lines that matches touch, by their first lines.
pub(super) fn matching_lines(text: &str, lines: &Lines, matcher: Option<&Matcher>) -> LineSet {
    let offset = |at: usize| lines.line(TextSize::new(u32::try_from(at).unwrap_or(u32::MAX)));
    let mut found = LineSet::new();
    for (start, end) in matcher.map(|matcher| matcher(text)).unwrap_or_default() {
        found.extend((offset(start)..=offset(end)).map(|line| lines.first(line)));
    }
    found
}

/// Extends the excluded lines from the header of a compound statement to its body.
pub(super) fn exclude_suites(excluded: &mut LineSet, tokens: &Tokens, lines: &Lines) {
    if excluded.is_empty() {
        return;
    }
    let mut indent = 0u32;
    let mut nesting = 0u32;
    // The indentation of the header whose body is being excluded.
    let mut excluding: Option<u32> = None;
    // The first line of the current statement.
    let mut first = None;
    for token in tokens {
        let kind = token.kind();
        match kind {
            TokenKind::Indent => indent += 1,
            TokenKind::Dedent => indent = indent.saturating_sub(1),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => nesting += 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => nesting = nesting.saturating_sub(1),
            TokenKind::Newline => first = None,
            TokenKind::Colon if nesting == 0 && excluding.is_none() => {
                let line = lines.line(token.start());
                if (first.unwrap_or(line)..=line).any(|line| excluded.contains(line)) {
                    excluded.insert(lines.first(line));
                    excluding = Some(indent);
                }
            }
            _ => {}
        }
        if first.is_none() && !is_blank(kind) {
            let line = lines.line(token.start());
            first = Some(line);
            if excluding.is_some_and(|header| indent <= header) {
                excluding = None;
            }
            if excluding.is_some() {
                excluded.insert(lines.first(line));
            }
        }
    }
}

/// Extends the excluded lines from decorators and headers to whole definitions, and from bodies to their `case _:`; collects
/// the lines of docstrings. `code` are the first lines of logical lines that have code.
pub(super) fn exclude_definitions(
    excluded: &mut LineSet,
    module: &ModModule,
    lines: &Lines,
    code: &LineSet,
) -> LineSet {
    let mut visitor = Definitions { excluded, docstrings: LineSet::new(), lines, code };
    visitor.docstring(&module.body);
    visitor.body(&module.body);
    visitor.docstrings
}

struct Definitions<'a> {
    excluded: &'a mut LineSet,
    docstrings: LineSet,
    lines: &'a Lines,
    code: &'a LineSet,
}

impl Definitions<'_> {
    fn body(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::FunctionDef(def) => {
                    self.definition(
                        stmt,
                        def.decorator_list.iter().map(|decorator| decorator.expression.start()).min(),
                    );
                    self.docstring(&def.body);
                    self.body(&def.body);
                }
                Stmt::ClassDef(def) => {
                    self.definition(
                        stmt,
                        def.decorator_list.iter().map(|decorator| decorator.expression.start()).min(),
                    );
                    self.docstring(&def.body);
                    self.body(&def.body);
                }
                Stmt::Match(stmt) => {
                    for case in &stmt.cases {
                        self.case(case);
                        self.body(&case.body);
                    }
                }
                other => {
                    for body in bodies(other) {
                        self.body(body);
                    }
                }
            }
        }
    }

    fn docstring(&mut self, body: &[Stmt]) {
        if let Some(docstring) = docstring(body) {
            self.docstrings.extend(self.lines.line(docstring.start())..=self.lines.end(docstring));
        }
    }

    fn definition(&mut self, stmt: &Stmt, first_decorator: Option<TextSize>) {
        let main = self.lines.of(stmt);
        let start = first_decorator.map_or(main, |decorator| self.lines.line(decorator).min(main));
        if (start..=main).any(|line| self.excluded.contains(line)) {
            self.excluded.extend(start..=self.lines.end(stmt));
        }
    }

    /// `case _:` is excluded when all of its body is: there is no `else` line that could stay behind as missing.
    fn case(&mut self, case: &MatchCase) {
        if self.excluded.is_empty() || case.guard.is_some() || !is_irrefutable(&case.pattern) {
            return;
        }
        let (Some(first), Some(last)) = (case.body.first(), case.body.last()) else { return };
        let (start, end) = (self.lines.of(first), self.lines.end(last));
        let mut with_code = (start..=end).filter(|&line| self.code.contains(line)).peekable();
        if with_code.peek().is_none() || !with_code.all(|line| self.excluded.contains(line)) {
            return;
        }
        let mut later = LaterLines { lines: self.lines, code: self.code, found: LineSet::new() };
        later.visit_body(&case.body);
        later.found.subtract(self.excluded);
        if later.found.is_empty() {
            self.excluded.extend(self.lines.line(case.pattern.start())..=self.lines.end(&case.pattern));
        }
    }
}

/// Collects the second and later lines of logical lines on which expressions with code of their own begin.
struct LaterLines<'a> {
    lines: &'a Lines,
    code: &'a LineSet,
    found: LineSet,
}

impl<'a> Visitor<'a> for LaterLines<'_> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        let line = self.lines.line(expr.start());
        let first = self.lines.first(line);
        if line != first && self.code.contains(first) {
            self.found.insert(line);
        }
        // A tuple of constants is one constant.
        if !matches!(expr, Expr::Tuple(tuple) if tuple.elts.iter().all(Expr::is_literal_expr)) {
            walk_expr(self, expr);
        }
    }
}
