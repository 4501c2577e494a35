//! The rules, on small sources; the expected values are coverage.py's.

use super::*;
use crate::coverage::{Arc, LineSet};

fn analysis(source: &str, version: PythonVersion) -> Analysis {
    analyse(source.as_bytes(), version, &Patterns::default()).expect("parses")
}

fn newest(source: &str) -> Analysis {
    analysis(source, PythonVersion::V3_13)
}

fn list(lines: &LineSet) -> Vec<u32> {
    lines.iter().collect()
}

fn statements(source: &str) -> Vec<u32> {
    list(&newest(source).statements)
}

#[test]
fn headers_and_simple_statements_count_and_docstrings_do_not() {
    let source = "\"\"\"doc\"\"\"\nimport os\n\n@a\n@b(\n    1)\ndef f():\n    '''doc'''\n    try:\n        pass\n    except E:\n        pass\n    else:\n        x = (1,\n             2)\n    finally:\n        global y\n";
    assert_eq!(statements(source), [2, 4, 5, 7, 9, 10, 11, 12, 14]);
    assert_eq!(newest(source).first_line(15), 14);
    assert_eq!(newest(source).first_line(-6), -5);
}

#[test]
fn empty_files_have_no_statements() {
    for source in ["", "\n\n", "# only a comment\n"] {
        let found = newest(source);
        assert!(found.statements.is_empty());
        assert_eq!(found.arcs, [(1, -1)]);
    }
}

#[test]
fn unreachable_statements_have_no_code() {
    assert_eq!(statements("def f():\n    return 1\n    x = 2\n"), [1, 2]);
    assert_eq!(statements("if 0:\n    a = 1\nelse:\n    b = 2\n"), [1, 4]);
    assert_eq!(statements("while True:\n    a = 1\nb = 2\n"), [1, 2]);
    assert_eq!(statements("while True:\n    break\nb = 2\n"), [1, 2, 3]);
    assert_eq!(statements("with x:\n    raise E\nb = 2\n"), [1, 2, 3]);
    let swallowed =
        "def f():\n    while True:\n        try:\n            break\n        finally:\n            return\n    b = 2\n";
    assert_eq!(statements(swallowed), [1, 2, 3, 4, 6]);
    assert_eq!(
        statements("match x:\n    case 1:\n        raise E\n    case _:\n        raise F\ny = 1\n"),
        [1, 2, 3, 4, 5]
    );
}

#[test]
fn annotations_follow_the_version() {
    let source = "class C:\n    a: int\n    if x:\n        b: int\n    (c): int\n    def f(self):\n        d: int\n        e: int = 1\nm: int\n";
    let old = list(&analysis(source, PythonVersion::V3_13).statements);
    let new = list(&analysis(source, PythonVersion::V3_14).statements);
    assert_eq!(old, [1, 2, 3, 4, 5, 6, 8, 9]);
    assert_eq!(new, [1, 3, 4, 6, 8, 9]);
}

#[test]
fn dead_definitions_live_on_in_3_11() {
    let source = "def f():\n    return 1\n    def g():\n        return 2\n";
    let kept = "def f(x):\n    if x:\n        return 1\n    else:\n        if 0:\n            def g():\n                return 2\n        return 'last'\n";
    assert_eq!(list(&analysis(source, PythonVersion::V3_11).statements), [1, 2]);
    assert_eq!(list(&analysis(kept, PythonVersion::V3_11).statements), [1, 2, 3, 5, 6, 7, 8]);
    assert_eq!(list(&analysis(kept, PythonVersion::V3_12).statements), [1, 2, 3, 5, 8]);
}

#[test]
fn exclusions_spread_over_suites_and_definitions() {
    let source = "if x:  # pragma: no cover\n    a = 1\n    b = f(\n        2)\nelse:\n    c = 3\n\n@d  # pragma: no cover\ndef f():\n    return 1\n";
    let found = newest(source);
    assert_eq!(list(&found.excluded), [1, 2, 3, 8, 9, 10]);
    assert_eq!(list(&found.statements), [6]);
}

#[test]
fn a_wholly_excluded_last_case_is_excluded() {
    let source = "match x:\n    case 1:\n        a = 1\n    case _:\n        raise E  # pragma: no cover\n";
    assert_eq!(list(&newest(source).excluded), [4, 5]);
    let later_lines =
        "match x:\n    case 1:\n        a = 1\n    case _:\n        raise E(  # pragma: no cover\n            x)\n";
    assert_eq!(list(&newest(later_lines).excluded), [5]);
}

#[test]
fn arcs_and_their_descriptions() {
    let source = "def f(x):\n    if x:\n        return 1\n    for i in x:\n        continue\n    raise E\n";
    let found = newest(source);
    assert_eq!(found.arcs, [(1, -1), (2, 3), (2, 4), (3, -1), (4, 5), (4, 6), (5, 4), (6, -1)]);
    assert_eq!(found.exit_counts(), [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 1)]);
    assert_eq!(found.arc_description((2, 3)), "jump to line 3");
    assert_eq!(
        found.missing_arc_description((2, 4)),
        "line 2 didn't jump to line 4 because the condition on line 2 was always true"
    );
    let last = newest("def f(x):\n    for i in x:\n        g(i)\n");
    assert_eq!(
        last.missing_arc_description((2, -1)),
        "line 2 didn't return from function 'f' because the loop on line 2 didn't complete"
    );
}

#[test]
fn leaving_a_with_statement_goes_to_what_follows() {
    let found = newest("with x:\n    a = 1\n    b = 2\nc = 3\n");
    assert_eq!(found.arcs, [(1, 2), (2, 3), (3, 4), (4, -1)]);
    assert_eq!(found.with_arcs, [((1, 4), None), ((3, 1), Some((3, 4)))]);
    let measured: [Arc; 6] = [(-1, 1), (1, 2), (1, 4), (2, 3), (3, 1), (4, -1)];
    assert_eq!(found.executed_arcs(&measured), [(-1, 1), (1, 2), (2, 3), (3, 4), (4, -1)]);
}

#[test]
fn measured_arcs_become_executed_arcs() {
    let found = newest("a = f(\n    1)\nif a: b = 2\nif a:\n    c = 3\n");
    // Within a logical line: to the only line that follows, or nowhere if there is a choice.
    assert_eq!(found.executed_arcs(&[(1, 2), (2, 1)]), [(1, 3)]);
    assert_eq!(found.executed_arcs(&[(4, 4)]), []);
    assert_eq!(found.missing_arcs(&[(1, 3), (3, 4), (4, 5)]), [(4, -1), (5, -1)]);
    assert_eq!(list(&found.executed_lines_of_arcs(&[(-1, 2), (2, 3), (9, -1)])), [1, 3]);
    assert_eq!(list(&found.executed_lines(&[2, 5, 8].into_iter().collect())), [1, 5]);
}

#[test]
fn excused_and_excluded_branches_do_not_count() {
    let found = newest("if a:  # pragma: no branch\n    b = 1\nif c:\n    d = 1  # pragma: no cover\ne = 1\n");
    assert_eq!(list(&found.no_branch), [1]);
    assert_eq!(found.missing_arcs(&[]), [(2, 3), (3, 5), (4, 5), (5, -1)]);
    assert_eq!(found.exit_counts(), [(1, 2), (2, 1), (3, 1), (5, 1)]);
}

#[test]
fn regions_nest() {
    let source = "class A:\n    @d\n    def m(self):\n        x = 1\n        def inner():\n            return 2\n        return inner\n    class B:\n        def k(self):\n            pass\n";
    let found = newest(source);
    let seen: Vec<_> =
        found.regions.iter().map(|region| (region.name.as_str(), region.start, list(&region.lines))).collect();
    assert_eq!(
        seen,
        [
            ("A", 1, vec![4, 5, 6, 7]),
            ("A.m", 3, vec![4, 5, 7]),
            ("A.m.inner", 5, vec![6]),
            ("A.B", 8, vec![10]),
            ("A.B.k", 9, vec![10]),
        ]
    );
}

#[test]
fn what_does_not_compile_is_refused() {
    for source in [
        "x = (\n",
        "return 1\n",
        "break\n",
        "import a\nfrom __future__ import annotations\n",
        "from __future__ import braces\n",
        "match x:\n    case _:\n        pass\n    case 1:\n        pass\n",
        "x = 1\0\n",
    ] {
        assert!(analyse(source.as_bytes(), PythonVersion::V3_13, &Patterns::default()).is_err(), "{source}");
    }
    assert!(analyse(b"type X = int\n", PythonVersion::V3_11, &Patterns::default()).is_err());
    let error = analyse(b"a = 1\nreturn\n", PythonVersion::V3_13, &Patterns::default()).expect_err("refused");
    assert_eq!(
        error.for_file("x.py"),
        "Couldn't parse 'x.py' as Python source: \"'return' outside function\" at line 2"
    );
}
