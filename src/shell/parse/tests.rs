//! Scripts and the commands they split into.

use super::*;
use crate::shell::script::RedirectKind::{Append, Duplicate, HereString, Read, Write};
use crate::shell::script::{RedirectKind, Variable};
use proptest::prelude::*;

/// Each command as its words, `?` before it when guarded, `$` after a dynamic word.
fn shown(script: &str) -> Vec<String> {
    let show = |c: &Command| {
        let words = c.words.iter().map(|w| format!("{}{}", w.text, if w.dynamic { "$" } else { "" }));
        format!("{}{}", if c.guarded { "?" } else { "" }, words.collect::<Vec<_>>().join("|"))
    };
    parse(script).commands.iter().map(show).collect()
}

#[test]
fn operators_separate_commands() {
    assert_eq!(shown("a 1 && b; c | d & e\nf"), ["a|1", "b", "c", "d", "e", "f"]);
    assert_eq!(shown("a || b && c; d"), ["a", "?b", "?c", "d"]);
    assert_eq!(shown("a &&\n  b ||\n  c\nd"), ["a", "b", "?c", "d"]);
    let script = parse("a | b");
    assert!(script.commands[0].piped_out && script.commands[1].piped_in);
    assert!(parse("a & b").commands[0].background);
}

#[test]
fn quotes_go_and_their_content_stays() {
    assert_eq!(shown(r#"pytest -k "not slow" 'a b'c \  "x\"y\z""#), [r#"pytest|-k|not slow|a bc| |x"y\z"#]);
    assert_eq!(shown("a $'b c' $\"d\""), ["a|b c|d"]);
    assert_eq!(shown("a ''"), ["a|"]);
}

#[test]
fn comments_and_continuations() {
    assert_eq!(shown("a # pytest; b\n# c\nd#e \\\n  f"), ["a", "d#e|f"]);
    assert_eq!(shown("a \\\r\n  b\r\nc\r\n"), ["a|b", "c"]);
}

#[test]
fn what_is_computed_is_dynamic() {
    assert_eq!(shown("a $x ${y} \"$z\" '$n' \\$n a$"), ["a|$x$|${y}$|$z$|$n|$n|a$"]);
    assert_eq!(shown("a py${{ matrix.x || 'b | c' }}z d"), ["a|py${{ matrix.x || 'b | c' }}z$|d"]);
    assert_eq!(shown("a '${{ f('x') }}' b"), ["a|${{ f('x') }}$|b"]);
    assert_eq!(shown("a x.{1,2} {b} ~/c ~@d"), ["a|x.{1,2}$|{b}|~/c$|~@d"]);
    assert!(parse("a *.x").commands[0].words[1].glob);
    assert!(!parse("a '*.x'").commands[0].words[1].glob);
}

#[test]
fn substitutions_run_before_their_command() {
    assert_eq!(shown("a $(b \"$(c)\") `d`"), ["c", "b|$(c)$", "d", "a|$(b \"$(c)\")$|`d`$"]);
    assert_eq!(shown("a <(b) $((1 + (2))) $x"), ["b", "a|<(b)$|$((1 + (2)))$|$x$"]);
    assert_eq!(shown("for f in $(a); do b; done"), ["a", "?b"]);
    assert_eq!(shown("A=$(b)"), ["b", ""]);
    assert!(parse("a $(b)").commands[0].substituted);
}

#[test]
fn branches_and_loops_guard() {
    assert_eq!(shown("if a; then b; elif c; then d; else e; fi; f"), ["a", "?b", "?c", "?d", "?e", "f"]);
    assert_eq!(shown("while a; do b; done\nfor x in 1 2\ndo\n c\ndone; d"), ["a", "?b", "?c", "d"]);
    assert_eq!(shown("case $x in a|b) c;; (d) e ;;\n *) f\nesac\ng"), ["?c", "?e", "?f", "g"]);
    assert_eq!(shown("f() { a; }\nfunction g { b; }\nc"), ["?a", "?b", "c"]);
    assert_eq!(parse("f() { a; }\nfunction g() { b; }").functions, ["f", "g"]);
    assert_eq!(shown("(a; b); { c; } && d"), ["a", "b", "c", "d"]);
    assert_eq!(shown("[ -f x ] && a; ! b && c; d"), ["[|-f|x|]", "?a", "b", "?c", "d"]);
    assert_eq!(shown("[[ a && b || (c < d) ]] || e"), ["[[|a|&&|b||||(c|<|d)|]]", "?e"]);
    assert_eq!(shown("for ((i=0;i<3;i++)); do a; done; ((x++)); time b"), ["?a", "((", "b"]);
}

#[test]
fn an_early_exit_guards_the_rest() {
    assert_eq!(shown("if a; then exit 0; fi; b"), ["a", "?exit|0", "?b"]);
    assert_eq!(shown("a || exit 1; b || exit $?; c"), ["a", "?exit|1", "b", "?exit|$?$", "c"]);
    assert_eq!(shown("(exit 0); a; exec b; c"), ["exit|0", "a", "exec|b", "?c"]);
}

#[test]
fn here_documents_are_not_commands() {
    let script = parse("cat <<EOF > x\npytest $(a)\nEOF\nb <<-'E'\n\tc $(d)\n\tE\ne");
    let heads: Vec<&str> = script.commands.iter().map(|c| c.words[0].text.as_str()).collect();
    assert_eq!(heads, ["cat", "a", "b", "e"]);
    let body = script.commands[0].redirects[0].body.clone().expect("a body");
    assert_eq!((body.text.as_str(), body.dynamic), ("pytest $(a)\n", true));
    assert!(!script.opaque);
    assert!(parse("cat <<EOF\nx").opaque);
}

#[test]
fn redirects() {
    let script = parse("a > x 2>&1 >>\"$y\" < z <<< w &>v 2>err");
    let kinds: Vec<RedirectKind> = script.commands[0].redirects.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [Write, Duplicate, Append, Read, HereString, Write, Write]);
    assert_eq!(script.commands[0].words.len(), 1);
    assert!(!script.commands[0].redirects[6].takes_stdout());
    let script = parse("{ a; b; } >> x");
    assert!(script.commands.iter().all(|c| c.redirects[0].target.text == "x"));
}

#[test]
fn pipeline_elements_have_their_own_shell() {
    let script = parse("{ cd a; (b); } | c; d");
    let shells: Vec<usize> = script.commands.iter().map(|c| c.subshell).collect();
    assert_ne!(shells[0], 0);
    assert_eq!(script.subshells[shells[1]], shells[0]);
    assert_ne!(shells[2], shells[0]);
    assert_eq!(shells[3], 0);
}

#[test]
fn assignments_last_or_not() {
    let script = parse("A=1 cmd\nexport B='2 3' C\nD=4\nexport D\nif x; then export E=5; fi\nF=(a b)\nunset B\nz");
    assert_eq!(script.commands[0].assignments[0].0, "A");
    let end = usize::MAX;
    assert_eq!(script.exported("A", end), Variable::Untouched);
    assert_eq!(script.exported("B", 20), Variable::Known("2 3".to_owned()));
    assert_eq!(script.exported("B", end), Variable::Unknown);
    assert_eq!(script.exported("D", end), Variable::Known("4".to_owned()));
    assert_eq!(script.exported("E", end), Variable::Unknown);
    assert_eq!(script.exported("F", end), Variable::Unknown);
}

#[test]
fn what_cannot_be_split_is_opaque() {
    for script in [
        "a 'b",
        "a \"b",
        "a $(b",
        "a ${b",
        "a ${{ b",
        "if a; then b",
        "fi",
        "a )",
        "( a",
        "a ;; b",
        "[[ a",
        "f() a",
        "a > ;",
    ] {
        assert!(parse(script).opaque, "{script}");
    }
    for script in
        ["", "\n", "a;", "a\n\n", "a \\\n", "a; # it's", "a}", "echo if then", "a=b", "x=$(cat <<E\nit's\nE\n)"]
    {
        assert!(!parse(script).opaque, "{script}");
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_crawls() {
    for unit in [
        "$(",
        "`",
        "(",
        "{ ",
        "${",
        "\"$(",
        "((",
        "if ",
        "case x in y) ",
        "<<a ",
        "a=(",
        "'",
        "${{",
        "f() ",
        "{ a;} | ",
        "a > b ",
        "a <<b;",
        "a | ",
        "$(a) | ",
        "a && ",
    ] {
        let script = unit.repeat(20_000);
        let started = std::time::Instant::now();
        parse(&script);
        assert!(started.elapsed().as_secs() < 5, "{unit}");
    }
}

proptest! {
    #[test]
    fn any_text_parses(script in "(?s).{0,200}") {
        check(&script)?;
    }

    #[test]
    fn any_shell_like_text_parses(parts in prop::collection::vec(prop::sample::select(vec![
        "a", " ", "\n", "\r\n", "\r", ";", ";;", "&", "&&", "|", "||", "(", ")", "{", "}", "[[", "]]", "((", "))", "$", "$(", "${", "${{", "}}",
        "`", "'", "\"", "\\", "#", "<", ">", "<<", "<<-", "<<<", ">>", ">&", "&>", "if", "then", "fi", "for", "in", "do", "done", "case", "esac",
        "while", "function", "f()", "=", "A=", "!", "time", "é", "*", "~", "2", "EOF", "exit", ",", "..", "\t",
    ]), 0..40)) {
        check(&parts.concat())?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let script = parse(text);
    for command in &script.commands {
        prop_assert!(text.get(command.span.start..command.span.end).is_some());
        prop_assert!(command.subshell < script.subshells.len());
        for word in &command.words {
            prop_assert!(text.get(word.span.start..word.span.end).is_some());
        }
    }
    crate::shell::effects(&script);
    script.assignments();
    Ok(())
}
