//! From text to tree: the tokens and the grammar.
//!
//! Written against the runner's own `LexicalAnalyzer` and `ExpressionParser` (actions/runner, `src/Sdk/DTExpressions2`)
//! and the parser that act, and with it Forgejo and Gitea, uses (rhysd/actionlint, `expr_lexer.go`, `expr_parser.go`).
//! Where the two differ we take what either takes, so that an error here is an error on every forge.

use super::ast::{CompareOp, Expr, ExprKind, Step};
use super::{ErrorKind, ExprError};
use crate::source::Span;

/// Most levels of nesting we follow. GitHub stops at 50; act has no limit, and we have a stack to protect.
const MAX_DEPTH: usize = 100;

type Result<T> = std::result::Result<T, ExprError>;

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Star,
    Not,
    And,
    Or,
    Compare(CompareOp),
    Ident,
    Number(f64),
    Text(String),
}

impl Kind {
    /// Whether a value may have ended with this token, so that a `.` after it takes a property.
    fn ends_value(&self) -> bool {
        use Kind::{CloseBracket, CloseParen, Ident, Number, Star, Text};
        matches!(self, CloseParen | CloseBracket | Star | Ident | Number(_) | Text(_))
    }
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    span: Span,
}

/// Parses `text`, whose first byte is byte `base` of the text all spans refer to.
pub(super) fn parse(text: &str, base: usize) -> Result<Expr> {
    let tokens = tokenize(text, base)?;
    let end = base + text.trim_end().len();
    if tokens.is_empty() {
        let span = Span::new(base, base + text.len());
        return Err(ExprError::syntax(span, "an expression is expected here, but there is none"));
    }
    let mut parser = Parser { text, base, tokens: &tokens, at: 0, end, depth: 0 };
    let (expr, _) = parser.binary(LOWEST)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.stray(token)),
    }
}

// ---- tokens ----

fn tokenize(text: &str, base: usize) -> Result<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { break };
        let after_value = tokens.last().is_some_and(|token| token.kind.ends_value());
        let (kind, len) = match first {
            '\'' => string(trimmed, base + at)?,
            'A'..='Z' | 'a'..='z' | '_' => (Kind::Ident, ident_len(trimmed)),
            '0'..='9' | '+' | '-' => number(trimmed, base + at)?,
            '.' if !after_value && trimmed.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                number(trimmed, base + at)?
            }
            _ => punctuation(trimmed, first, base + at)?,
        };
        tokens.push(Token { kind, span: Span::new(base + at, base + at + len) });
        at += len;
    }
    Ok(tokens)
}

fn ident_len(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count()
}

fn string(text: &str, offset: usize) -> Result<(Kind, usize)> {
    let mut value = String::new();
    let mut at = 1;
    while let Some(quote) = text.get(at..).and_then(|rest| rest.find('\'')) {
        value.push_str(&text[at..at + quote]);
        at += quote + 1;
        if text.as_bytes().get(at) != Some(&b'\'') {
            return Ok((Kind::Text(value), at));
        }
        value.push('\'');
        at += 1;
    }
    let span = Span::new(offset, offset + text.len());
    Err(ExprError::syntax(span, "this string is never closed")
        .help("end it with ', and write '' for a quote inside a string"))
}

fn number(text: &str, offset: usize) -> Result<(Kind, usize)> {
    let len = text
        .char_indices()
        .skip(1)
        .find(|&(_, c)| c.is_whitespace() || "()[],!<>=&|".contains(c))
        .map_or(text.len(), |(at, _)| at);
    let written = &text[..len];
    if let Some(number) = parse_number(written) {
        return Ok((Kind::Number(number), len));
    }
    let error = ExprError::syntax(Span::new(offset, offset + len), format!("`{written}` is not a number"));
    Err(match written.as_bytes() {
        [b'+' | b'-', ..] => error.help(NO_ARITHMETIC),
        _ => error.help("quote it to make it a string: '…'"),
    })
}

const NO_ARITHMETIC: &str = "expressions have no arithmetic; compute in a `run` step";

/// A number as the runner reads one: decimal with sign, fraction and exponent, `0x…`, `0o…`, `±Infinity`.
///
/// `None` for anything else. From `ExpressionUtility.ParseNumber` of actions/runner, which wants hexadecimal and octal
/// numbers to fit 32 bits; a larger one is read as it stands here.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let bits = |digits: &str, radix| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // The runner parses into a signed 32-bit integer, so 0xffffffff is -1.
        if plain { u32::from_str_radix(digits, radix).ok().map(|bits| f64::from(bits.cast_signed())) } else { None }
    };
    let large = |digits: &str, radix: u32| {
        digits.chars().try_fold(0.0, |sum, digit| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?)))
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return if digits.is_empty() { None } else { bits(digits, radix).or_else(|| large(digits, radix)) };
        }
    }
    match text {
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => text.parse().ok(),
        _ => None,
    }
}

fn punctuation(text: &str, first: char, offset: usize) -> Result<(Kind, usize)> {
    let second = text.as_bytes().get(1).copied();
    let pair = |kind| Ok((kind, 2));
    let single = |kind| Ok((kind, 1));
    let error = |len: usize, message: String| ExprError::syntax(Span::new(offset, offset + len), message);
    match (first, second) {
        ('(', _) => single(Kind::OpenParen),
        (')', _) => single(Kind::CloseParen),
        ('[', _) => single(Kind::OpenBracket),
        (']', _) => single(Kind::CloseBracket),
        (',', _) => single(Kind::Comma),
        ('.', _) => single(Kind::Dot),
        ('*', _) => single(Kind::Star),
        ('=', Some(b'=')) => pair(Kind::Compare(CompareOp::Equal)),
        ('!', Some(b'=')) => pair(Kind::Compare(CompareOp::NotEqual)),
        ('<', Some(b'=')) => pair(Kind::Compare(CompareOp::LessEqual)),
        ('>', Some(b'=')) => pair(Kind::Compare(CompareOp::GreaterEqual)),
        ('!', _) => single(Kind::Not),
        ('<', _) => single(Kind::Compare(CompareOp::Less)),
        ('>', _) => single(Kind::Compare(CompareOp::Greater)),
        ('&', Some(b'&')) => pair(Kind::And),
        ('|', Some(b'|')) => pair(Kind::Or),
        ('=', _) => Err(error(1, "`=` is not an operator".to_owned()).help("compare with `==`")),
        ('&', _) => Err(error(1, "`&` is not an operator".to_owned()).help("write `&&`")),
        ('|', _) => Err(error(1, "`|` is not an operator".to_owned()).help("write `||`")),
        ('"', _) => {
            let len = text[1..].find('"').map_or(text.len(), |end| end + 2);
            let help = "expressions know single quotes only: '…'";
            Err(error(len, "strings in expressions take no double quotes".to_owned()).help(help))
        }
        ('/' | '%', _) => Err(error(1, format!("unexpected `{first}`")).help(NO_ARITHMETIC)),
        ('?', _) => Err(error(1, "unexpected `?`".to_owned()).help("write `condition && 'yes' || 'no'`")),
        ('$', Some(b'{')) => Err(error(2, "`${` inside an expression".to_owned())
            .help("inside `${{ }}` name the context directly, without another `${{ }}`")),
        _ => Err(error(first.len_utf8(), format!("unexpected `{}`", first.escape_debug()))),
    }
}

// ---- grammar ----

/// A node and the height of the tree below it.
type Node = (Expr, usize);

const LOWEST: u8 = 1;

struct Parser<'a> {
    text: &'a str,
    base: usize,
    tokens: &'a [Token],
    at: usize,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at);
        self.at += usize::from(token.is_some());
        token
    }

    fn eat(&mut self, kind: &Kind) -> Option<&'a Token> {
        self.peek().filter(|token| token.kind == *kind).inspect(|_| self.at += 1)
    }

    fn written(&self, span: Span) -> &'a str {
        self.text.get(span.start - self.base..span.end - self.base).unwrap_or_default()
    }

    fn stray(&self, token: &Token) -> ExprError {
        let written = self.written(token.span);
        let error = |message: String| ExprError::syntax(token.span, message);
        let after_value =
            self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).is_some_and(|last| last.kind.ends_value());
        match &token.kind {
            Kind::CloseParen | Kind::CloseBracket if after_value => error(format!("`{written}` closes nothing")),
            Kind::Ident | Kind::Text(_) | Kind::Number(_) | Kind::Not if after_value => {
                error(format!("unexpected `{written}`")).help("an operator such as `&&` or `==` is missing before it")
            }
            Kind::Star if after_value => error("unexpected `*`".to_owned()).help(NO_ARITHMETIC),
            _ => error(format!("unexpected `{written}`")),
        }
    }

    fn unexpected_end(&self) -> ExprError {
        let start = self.tokens.last().map_or(self.end, |token| token.span.start);
        ExprError::syntax(Span::new(start.min(self.end), self.end), "the expression ends where a value is expected")
    }

    fn unclosed(&self, open: Span, close: char) -> ExprError {
        match self.peek() {
            Some(token) => self.stray(token).help(&format!("a `{close}` is missing before it")),
            None => ExprError::syntax(open, format!("`{}` is never closed", self.written(open)))
                .help(&format!("add the missing `{close}`")),
        }
    }

    fn too_deep(span: Span) -> ExprError {
        ExprError {
            span,
            message: "this expression is nested too deeply to follow".to_owned(),
            help: None,
            kind: ErrorKind::TooDeep,
        }
    }

    fn node(kind: ExprKind, span: Span, height: usize) -> Result<Node> {
        if height > MAX_DEPTH { Err(Self::too_deep(span)) } else { Ok((Expr { kind, span }, height)) }
    }

    /// A whole expression inside brackets that opened at `open`.
    fn nested(&mut self, open: Span) -> Result<Node> {
        if self.depth >= MAX_DEPTH {
            return Err(Self::too_deep(open));
        }
        self.depth += 1;
        let node = self.binary(LOWEST);
        self.depth -= 1;
        node
    }

    /// Operators that bind at least as tightly as `min`; all group to the left.
    fn binary(&mut self, min: u8) -> Result<Node> {
        let mut left = self.unary()?;
        while let Some(token) = self.peek() {
            let binding = match token.kind {
                Kind::Or => 1,
                Kind::And => 2,
                Kind::Compare(CompareOp::Equal | CompareOp::NotEqual) => 3,
                Kind::Compare(_) => 4,
                _ => break,
            };
            if binding < min {
                break;
            }
            self.at += 1;
            let right = self.binary(binding + 1)?;
            left = Self::combine(&token.kind, left, right)?;
        }
        Ok(left)
    }

    /// Chains of `&&` and of `||` become one flat node, so that a long chain makes no deep tree.
    fn combine(operator: &Kind, (left, left_height): Node, (right, right_height): Node) -> Result<Node> {
        let span = left.span.to(right.span);
        let above = left_height.max(right_height) + 1;
        let flat = left_height.max(right_height + 1);
        match (operator, left) {
            (Kind::And, Expr { kind: ExprKind::And(mut operands), .. }) => {
                operands.push(right);
                Self::node(ExprKind::And(operands), span, flat)
            }
            (Kind::Or, Expr { kind: ExprKind::Or(mut operands), .. }) => {
                operands.push(right);
                Self::node(ExprKind::Or(operands), span, flat)
            }
            (Kind::And, left) => Self::node(ExprKind::And(vec![left, right]), span, above),
            (Kind::Compare(op), left) => {
                Self::node(ExprKind::Compare { op: *op, left: Box::new(left), right: Box::new(right) }, span, above)
            }
            (_, left) => Self::node(ExprKind::Or(vec![left, right]), span, above),
        }
    }

    fn unary(&mut self) -> Result<Node> {
        let first = self.at;
        while self.eat(&Kind::Not).is_some() {}
        let nots = &self.tokens[first..self.at];
        nots.iter().rev().try_fold(self.postfix()?, |(inner, height), not| {
            let span = not.span.to(inner.span);
            Self::node(ExprKind::Not(Box::new(inner)), span, height + 1)
        })
    }

    fn postfix(&mut self) -> Result<Node> {
        let (base, mut height) = self.primary()?;
        let mut span = base.span;
        let mut steps = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Dot => {
                    self.at += 1;
                    let name = self.next().ok_or_else(|| self.unexpected_end())?;
                    steps.push(match name.kind {
                        Kind::Star => Step::Wildcard(name.span),
                        Kind::Ident => Step::Property { name: self.written(name.span).to_owned(), span: name.span },
                        _ => {
                            let message =
                                format!("unexpected `{}` where a property name is expected", self.written(name.span));
                            return Err(
                                ExprError::syntax(name.span, message).help("write other names as an index: ['…']")
                            );
                        }
                    });
                    span = span.to(name.span);
                }
                Kind::OpenBracket => {
                    self.at += 1;
                    steps.push(if let Some(star) = self.eat(&Kind::Star) {
                        Step::Wildcard(star.span)
                    } else {
                        let (index, index_height) = self.nested(token.span)?;
                        height = height.max(index_height);
                        Step::Index(index)
                    });
                    let close = self.eat(&Kind::CloseBracket).ok_or_else(|| self.unclosed(token.span, ']'))?;
                    span = span.to(close.span);
                }
                _ => break,
            }
        }
        if steps.is_empty() {
            return Ok((base, height));
        }
        Self::node(ExprKind::Access { base: Box::new(base), steps }, span, height + 1)
    }

    fn primary(&mut self) -> Result<Node> {
        let Some(token) = self.peek() else { return Err(self.unexpected_end()) };
        let kind = match &token.kind {
            Kind::OpenParen => {
                self.at += 1;
                let (mut inner, height) = self.nested(token.span)?;
                let close = self.eat(&Kind::CloseParen).ok_or_else(|| self.unclosed(token.span, ')'))?;
                inner.span = token.span.to(close.span);
                return Ok((inner, height));
            }
            Kind::Number(number) => ExprKind::Number(*number),
            Kind::Text(text) => ExprKind::String(text.clone()),
            Kind::Ident => {
                if self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::OpenParen) {
                    return self.call(token);
                }
                match self.written(token.span) {
                    "null" => ExprKind::Null,
                    "true" => ExprKind::Bool(true),
                    "false" => ExprKind::Bool(false),
                    "NaN" => ExprKind::Number(f64::NAN),
                    "Infinity" => ExprKind::Number(f64::INFINITY),
                    name => ExprKind::Context(name.to_owned()),
                }
            }
            _ => return Err(self.stray(token)),
        };
        self.at += 1;
        Self::node(kind, token.span, 1)
    }

    /// A call; the next two tokens are its name and its `(`.
    fn call(&mut self, name: &Token) -> Result<Node> {
        let open = self.tokens.get(self.at + 1).map_or(name.span, |open| open.span);
        self.at += 2;
        let mut args = Vec::new();
        let mut height = 0;
        let close = loop {
            if args.is_empty()
                && let Some(close) = self.eat(&Kind::CloseParen)
            {
                break close;
            }
            if self.peek().is_none() {
                return Err(self.unclosed(open, ')'));
            }
            let (arg, arg_height) = self.nested(open)?;
            args.push(arg);
            height = height.max(arg_height);
            if self.eat(&Kind::Comma).is_none() {
                break self.eat(&Kind::CloseParen).ok_or_else(|| self.unclosed(open, ')'))?;
            }
        };
        let kind = ExprKind::Call { name: self.written(name.span).to_owned(), name_span: name.span, args };
        Self::node(kind, name.span.to(close.span), height + 1)
    }
}
