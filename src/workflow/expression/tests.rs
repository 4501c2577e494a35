use super::*;

fn context(path: &str) -> Option<Value> {
    Some(match path {
        "matrix.os" => Value::String("ubuntu-latest".to_owned()),
        "matrix.python-version" => Value::Number(3.1),
        "matrix.experimental" | "always()" => Value::Bool(true),
        "matrix.key" => Value::String("OS".to_owned()),
        "matrix.missing" => Value::Null,
        _ => return None,
    })
}

fn value(text: &str) -> Value {
    match parse_expression(text) {
        Ok(expr) => evaluate(&expr, &context),
        Err(error) => panic!("{text}: {error:?}"),
    }
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn error(text: &str) -> ExprError {
    match parse_expression(text) {
        Ok(expr) => panic!("{text} parsed: {expr:?}"),
        Err(error) => error,
    }
}

fn contexts(text: &str) -> Vec<String> {
    parse_expression(text).map(|expr| expr.contexts().collect()).unwrap_or_default()
}

#[test]
fn expressions_of_real_workflows_parse() {
    for text in [
        "github.event_name == 'push' && !contains(github.event.head_commit.message, '[skip ci]')",
        "always() && (needs.a.result == 'success')",
        "fromJSON(needs.x.outputs.y)[0].name",
        "github.event.issue.labels.*.name",
        "!cancelled()",
        "! cancelled( )",
        "!!github.head_ref",
        "github.ref == 'refs/heads/main'\n  || startsWith(github.ref, 'refs/tags/')",
        "contains(fromJSON('[\"push\", \"pull_request\"]'), github.event_name)",
        "hashFiles('**/requirements*.txt', 'pyproject.toml')",
        "matrix['os']",
        "(github.event)['head-commit'].id",
        "steps.cov.outputs.total >= 97.5",
        "-2.99e-2 < 0xff",
        "github . event . number",
        "needs.*.result",
        "a[*].b",
        "secrets[format('TOKEN_{0}', matrix.env)]",
        "forge.event.inputs.x || gitea.actor || anything()",
        "inputs.true.null",
        "'it''s' != '}}'",
        ".5 == +0.5 && f(.5)",
        "NaN != -Infinity",
        "0o17 == 15",
        "a == b == c",
        "case(a, b, c)",
        "'x'.y",
        "'\u{e9}\u{1f980}' == ''",
    ] {
        assert!(parse_expression(text).is_ok(), "{text}: {:?}", parse_expression(text));
    }
}

#[test]
fn what_every_forge_rejects_is_an_error() {
    for (text, at, message) in [
        ("", 0, "an expression is expected here, but there is none"),
        ("  ", 0, "an expression is expected here, but there is none"),
        ("a == \"b\"", 5, "strings in expressions take no double quotes"),
        ("github[\"event\"]", 7, "strings in expressions take no double quotes"),
        ("a = b", 2, "`=` is not an operator"),
        ("a & b", 2, "`&` is not an operator"),
        ("a | b", 2, "`|` is not an operator"),
        ("a ==", 2, "the expression ends where a value is expected"),
        ("(a", 0, "`(` is never closed"),
        ("f(a", 1, "`(` is never closed"),
        ("f(", 1, "`(` is never closed"),
        ("a['b'", 1, "`[` is never closed"),
        ("a)", 1, "`)` closes nothing"),
        ("a]", 1, "`]` closes nothing"),
        ("(a]", 2, "`]` closes nothing"),
        ("()", 1, "unexpected `)`"),
        ("f(a,)", 4, "unexpected `)`"),
        ("f(,a)", 2, "unexpected `,`"),
        ("a[]", 2, "unexpected `]`"),
        ("a.", 1, "the expression ends where a value is expected"),
        ("a.5", 2, "unexpected `5` where a property name is expected"),
        ("a b", 2, "unexpected `b`"),
        ("a 'b'", 2, "unexpected `'b'`"),
        ("a, b", 1, "unexpected `,`"),
        ("&& a", 0, "unexpected `&&`"),
        ("a && || b", 5, "unexpected `||`"),
        ("'abc", 0, "this string is never closed"),
        ("'abc''", 0, "this string is never closed"),
        ("1 + 2", 2, "`+` is not a number"),
        ("1-2", 0, "`1-2` is not a number"),
        ("3.12.1", 0, "`3.12.1` is not a number"),
        ("a * b", 2, "unexpected `*`"),
        ("a / b", 2, "unexpected `/`"),
        ("a ? b : c", 2, "unexpected `?`"),
        ("${{ a }}", 0, "`${` inside an expression"),
        ("caf\u{e9}", 3, "unexpected `\u{e9}`"),
        ("a == #b", 5, "unexpected `#`"),
        ("0x", 0, "`0x` is not a number"),
    ] {
        let error = error(text);
        assert_eq!((error.span.start, error.message.as_str()), (at, message), "{text}");
        assert!(error.span.end <= text.len() && error.kind == ErrorKind::Syntax, "{text}: {error:?}");
    }
    assert_eq!(error("a = b").help.as_deref(), Some("compare with `==`"));
    assert_eq!(error("(a b)").help.as_deref(), Some("a `)` is missing before it"));
}

#[test]
fn precedence_is_that_of_the_runner() {
    assert_eq!(value("true || false && false"), Value::Bool(true));
    assert_eq!(value("!false == true"), Value::Bool(true));
    assert_eq!(value("1 < 2 == true"), Value::Bool(true));
    assert_eq!(value("3 > 2 > 1"), Value::Bool(false));
    assert_eq!(value("(true || false) && false"), Value::Bool(false));
}

#[test]
fn spans_lie_where_the_node_stands() {
    let text = " a.b == ( 'x' )";
    let Ok(Expr { kind: ExprKind::Compare { op, left, right }, span }) = parse_expression(text) else {
        panic!("no comparison")
    };
    assert_eq!(op, CompareOp::Equal);
    assert_eq!([span, left.span, right.span], [Span::new(1, 15), Span::new(1, 4), Span::new(8, 15)]);
}

#[test]
fn templates_split_into_text_and_expressions() {
    let text = "x-${{ matrix.os }}-${{ '}}' }}";
    let template = parse_template(text);
    let shape: Vec<_> = template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(span) => (text.get(span.start..span.end), None),
            Part::Expr { span, inner, expr } => {
                assert!(expr.is_ok());
                (text.get(span.start..span.end), text.get(inner.start..inner.end))
            }
        })
        .collect();
    assert_eq!(
        shape,
        [
            (Some("x-"), None),
            (Some("${{ matrix.os }}"), Some(" matrix.os ")),
            (Some("-"), None),
            (Some("${{ '}}' }}"), Some(" '}}' "))
        ]
    );
    let refs: Vec<_> = template.expressions().flat_map(Expr::context_refs).collect();
    assert_eq!(refs, [ContextRef { path: "matrix.os".to_owned(), span: Span::new(6, 15) }]);
    assert!(parse_template("no expression, $VAR, {{ x }}, ${x}").is_literal());
    assert_eq!(parse_template("").parts, []);
}

#[test]
fn template_errors_say_where() {
    let error_of = |text: &str| parse_template(text).errors().next().cloned();
    let unclosed = error_of("echo ${{ a }} ${{ b").map(|error| (error.span, error.message));
    assert_eq!(unclosed, Some((Span::new(14, 17), "`${{` is never closed".to_owned())));
    let quote = error_of("${{ 'a }} b").and_then(|error| error.help);
    assert!(quote.is_some_and(|help| help.contains("string that never ends")));
    let empty = error_of("# not ${{ }} but").map(|error| error.span);
    assert_eq!(empty, Some(Span::new(6, 12)));
    assert_eq!(error_of("${{}}").map(|error| error.message).as_deref(), Some("`${{ }}` holds no expression"));
    assert_eq!(error_of("ab ${{ a = b }}").map(|error| error.span), Some(Span::new(9, 10)));
}

#[test]
fn templates_evaluate_to_text_or_keep_the_type_of_a_single_expression() {
    let eval = |text: &str| parse_template(text).evaluate(text, &context);
    assert_eq!(eval("cov-${{ matrix.os }}-py${{ matrix.python-version }}"), string("cov-ubuntu-latest-py3.1"));
    assert_eq!(eval("${{ matrix.python-version }}"), Value::Number(3.1));
    assert_eq!(eval("[${{ matrix.missing }}]"), string("[]"));
    assert_eq!(eval("a-${{ github.sha }}"), Value::Unknown);
    assert_eq!(eval("plain"), string("plain"));
    assert_eq!(eval("broken ${{ = }}"), Value::Unknown);
}

#[test]
fn contexts_are_normalised() {
    assert_eq!(contexts("Matrix['Python-Version']"), ["matrix.python-version"]);
    assert_eq!(contexts("github.event.issue.labels.*.name"), ["github.event.issue.labels.*.name"]);
    assert_eq!(contexts("needs[matrix.job].result == a[0]"), ["needs.*.result", "matrix.job", "a.0"]);
    assert_eq!(contexts("fromJSON(needs.x.outputs.y)[i].name"), ["needs.x.outputs.y", "i"]);
    assert_eq!(contexts("(a[b].c).d || !f(e, g < h)"), ["a.*.c.d", "b", "e", "g", "h"]);
    assert_eq!(contexts("'a.b' == 1"), [""; 0]);
}

#[test]
fn conditions_follow_the_rules_of_if() {
    assert_eq!(parse_condition(" "), Ok(Condition::Empty));
    for text in ["always()", "${{ always() }}"] {
        let condition = parse_condition(text);
        assert!(matches!(&condition, Ok(Condition::Expression(_))), "{text}");
        assert!(
            condition
                .is_ok_and(|condition| condition.calls_status_function() && condition.truth(&context) == Some(true))
        );
    }
    // https://github.com/actions/runner/issues/1173: text around the expression makes a string, and the string holds.
    for text in ["${{ false }} && true", "${{ false }}\n", "false && '${{ env.EMPTY }}'"] {
        let condition = parse_condition(text);
        assert!(matches!(&condition, Ok(Condition::Template(_))), "{text}");
        assert_eq!(condition.ok().and_then(|condition| condition.truth(&context)), Some(true), "{text}");
    }
    let truth = |text: &str| parse_condition(text).ok().and_then(|condition| condition.truth(&context));
    assert_eq!(truth("${{ matrix.missing }}${{ '' }}"), Some(false));
    assert_eq!(truth("${{ github.sha }}${{ 'x' }}"), Some(true));
    assert_eq!(truth("${{ github.sha }}${{ '' }}"), None);
    assert_eq!(truth(""), None);
    assert!(parse_condition("${{ a = b }}").is_err());
    assert!(parse_condition("${{ }}").is_err());
    assert_eq!(
        parse_condition("a && b.c").map(|condition| condition.contexts()),
        Ok(vec!["a".to_owned(), "b.c".to_owned()])
    );
}

#[test]
fn logic_knows_as_much_as_can_be_known() {
    assert_eq!(value("false && github.sha"), Value::Bool(false));
    assert_eq!(value("true || github.sha"), Value::Bool(true));
    assert_eq!(value("github.sha || true"), Value::Unknown);
    assert_eq!(value("matrix.os == 'ubuntu-latest' && 'x' || 'y'"), string("x"));
    assert_eq!(value("matrix.os == 'windows-latest' && 'x' || 'y'"), string("y"));
    assert_eq!(value("matrix.missing || matrix.os"), string("ubuntu-latest"));
    assert_eq!(value("'' && true"), string(""));
    assert_eq!(value("!(github.sha && false)"), Value::Bool(true));
    assert_eq!(value("failure()"), Value::Unknown);
    assert_eq!(value("ALWAYS()"), Value::Bool(true));
    let truth_of = |text: &str| parse_expression(text).ok().and_then(|expr| truth(&expr, &context));
    assert_eq!(truth_of("github.sha && false"), Some(false));
    assert_eq!(truth_of("github.sha || matrix.experimental"), Some(true));
    assert_eq!(truth_of("github.sha && true"), None);
    assert_eq!(truth_of("!(github.sha || true)"), Some(false));
}

#[test]
fn comparisons_are_loose() {
    for text in [
        "'ABC' == 'abc'",
        "'\u{c9}' == '\u{e9}'",
        "null == ''",
        "null == 0",
        "false == ''",
        "true == 1",
        "true == '1'",
        "'3.10' == 3.1",
        "' 0x10 ' == 16",
        "'' == 0",
        "NaN != NaN",
        "'a' != 0",
        "'abc' < 'ABD'",
        "2 <= '2'",
        "'10' > 9",
        "true > false",
        "matrix[matrix.key] == 'ubuntu-latest'",
        "0xffffffff == -1",
    ] {
        assert_eq!(value(text), Value::Bool(true), "{text}");
    }
    for text in ["'3.10' == '3.1'", "'true' == true", "'a' < 1", "'a' >= 1", "null < null"] {
        assert_eq!(value(text), Value::Bool(false), "{text}");
    }
    assert_eq!(value("github.sha == 'x'"), Value::Unknown);
}

#[test]
fn functions_evaluate() {
    assert_eq!(value("format('{0}-{1}-{0}', 'a', 1.0)"), string("a-1-a"));
    assert_eq!(value("format('{{0}} {0}', true)"), string("{0} true"));
    for refused in ["format('{1}', 1)", "format('{', 1)", "format('}', 1)", "format('{+0}', 1)", "format('{}', 1)"] {
        assert_eq!(value(refused), Value::Unknown, "{refused}");
    }
    assert_eq!(value("format('{0}', github.sha)"), Value::Unknown);
    assert_eq!(value("contains('Hello', 'ELL')"), Value::Bool(true));
    assert_eq!(value("contains(fromJSON('[\"a\", \"Ubuntu-Latest\"]'), matrix.os)"), Value::Bool(true));
    assert_eq!(value("contains(fromJSON('[\"a\", []]'), matrix.os)"), Value::Bool(false));
    assert_eq!(value("contains(github.event.labels.*.name, 'x')"), Value::Unknown);
    assert_eq!(value("startsWith('refs/tags/v1', 'REFS/tags/')"), Value::Bool(true));
    assert_eq!(value("endsWith(3.12, '12')"), Value::Bool(true));
    assert_eq!(value("join(fromJSON('[1, \"b\", null]'), '+')"), string("1+b+"));
    assert_eq!(value("join(fromJSON('[1, 2]'))"), string("1,2"));
    assert_eq!(value("join('a', '+')"), string("a"));
    assert_eq!(value("fromJSON('3.10')"), Value::Number(3.1));
    assert_eq!(value("fromjson('\"x\"')"), string("x"));
    assert_eq!(value("fromJSON('null')"), Value::Null);
    for unknown in
        ["fromJSON('[1]')", "fromJSON('{')", "toJSON(matrix)", "hashFiles('x')", "nobody(1)", "contains('a')"]
    {
        assert_eq!(value(unknown), Value::Unknown, "{unknown}");
    }
}

#[test]
fn numbers_print_with_fifteen_digits() {
    for (number, text) in [
        (1.0, "1"),
        (3.1, "3.1"),
        (0.0, "0"),
        (100.0, "100"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (1e14, "100000000000000"),
        (1e15, "1E+15"),
        (1.5e300, "1.5E+300"),
        (0.00001, "1E-05"),
        (0.0001, "0.0001"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
        (1.0 / 3.0, "0.333333333333333"),
    ] {
        assert_eq!(Value::Number(number).text().as_deref(), Some(text));
    }
}

#[test]
fn hostile_input_ends_soon() {
    for text in [
        "(".repeat(100_000),
        "!".repeat(100_000),
        format!("{}a", "!".repeat(100_000)),
        "a[".repeat(100_000),
        "f(".repeat(100_000),
        "a<".repeat(100_000),
    ] {
        assert!(parse_expression(&text).is_err());
    }
    let deep = format!("{}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(error(&deep).kind, ErrorKind::TooDeep);
    let wide = vec!["a.b == 'x'"; 20_000].join(" || ");
    assert_eq!(contexts(&wide).len(), 20_000);
    assert_eq!(value(&wide), Value::Unknown);
    assert_eq!(contexts(&format!("a{}", ".b".repeat(50_000))).len(), 1);
    let doubling = (0..60).fold("'xxxx'".to_owned(), |inner, _| format!("format('{{0}}{{0}}', {inner})"));
    assert_eq!(value(&doubling), Value::Unknown);
    let nested = (0..40).fold("'1'".to_owned(), |inner, _| format!("contains(fromJSON({inner}), 1)"));
    assert_eq!(value(&nested), Value::Bool(false));
    let many = "${{ ' ".repeat(20_000);
    assert!(parse_template(&many).errors().count() >= 1);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        check(&text);
    }

    #[test]
    fn no_text_made_of_tokens_panics(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "${{", "}}", "'", "''", "\"", "(", ")", "[", "]", ",", ".", "*", "!", "=", "==", "!=", "<", ">=", "&&", "||", "&",
                " ", "\n", "a", "matrix.os", "-1", "0x1f", "1e9999", "NaN", "null", "true", "format(", "fromJSON('[1]')", "'{0}'",
                "\u{e9}", "\u{1f980}", "$", "{", "always()", "join(", "0o8", "+",
            ]),
            0..24,
        )
    ) {
        check(&tokens.concat());
    }
}

/// Parses and evaluates `text` in every way; spans must fit it.
fn check(text: &str) {
    let fits = |span: Span| assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text:?}");
    let template = parse_template(text);
    let mut at = 0;
    for part in &template.parts {
        let (Part::Text(span) | Part::Expr { span, .. }) = part;
        assert_eq!(span.start, at);
        at = span.end;
        fits(*span);
    }
    assert_eq!(at, text.len());
    template.errors().for_each(|error| fits(error.span));
    template.expressions().for_each(|expr| expr.visit(&mut |node| fits(node.span)));
    template.evaluate(text, &context);
    match parse_expression(text) {
        Ok(expr) => {
            expr.visit(&mut |node| fits(node.span));
            let value = evaluate(&expr, &context);
            if let Some(holds) = value.truth() {
                assert_eq!(truth(&expr, &context), Some(holds));
            }
            expr.context_refs().iter().for_each(|found| fits(found.span));
        }
        Err(error) => fits(error.span),
    }
    if let Ok(condition) = parse_condition(text) {
        condition.truth(&context);
    }
}
