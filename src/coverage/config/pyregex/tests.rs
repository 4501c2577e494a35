use super::*;

fn all(pattern: &str, text: &str) -> Vec<(usize, usize)> {
    Matcher::new(&[pattern]).unwrap().ranges(text)
}

fn first(pattern: &str, text: &str) -> Option<(usize, usize)> {
    all(pattern, text).first().copied()
}

#[test]
fn errors_are_pythons() {
    for (pattern, message) in [
        ("(", "missing ), unterminated subpattern at position 0"),
        ("[", "unterminated character set at position 0"),
        ("a**", "multiple repeat at position 2"),
        ("*a", "nothing to repeat at position 0"),
        ("a)", "unbalanced parenthesis at position 1"),
        ("a\\", "bad escape (end of pattern) at position 1"),
        ("\\q", "bad escape \\q at position 0"),
        ("a{3,1}", "min repeat greater than max repeat at position 2"),
        ("[z-a]", "bad character range z-a at position 1"),
        ("(?P<a>x)(?P=b)", "unknown group name 'b' at position 12"),
        ("\\1", "invalid group reference 1 at position 1"),
        ("a\n(", "missing ), unterminated subpattern at position 2 (line 2, column 1)"),
        ("(?<=a*)b", "look-behind requires fixed-width pattern"),
        ("a(?i)b", "global flags not at the start of the expression at position 1"),
    ] {
        assert_eq!(check(pattern).unwrap_err().to_string(), message, "{pattern}");
    }
}

#[test]
fn classes_are_pythons() {
    assert_eq!(first(r"\s", "a\x1cb"), Some((1, 2)));
    assert_eq!(first(r"\S", "\x1c b"), Some((2, 3)));
    assert_eq!(first(r"\w", "\u{300}²"), Some((2, 4)));
    assert_eq!(first(r"a\b", "a\u{300}"), Some((0, 1)));
    assert_eq!(first(r"(?a:\w)", "éa"), Some((2, 3)));
    assert_eq!(first(r"(?a:a\b)", "aé"), Some((0, 1)));
    assert_eq!(first(r"[]a]", "]"), Some((0, 1)));
    assert_eq!(first(r"[a&&b]", "&"), Some((0, 1)));
    assert_eq!(first(r"[[a]]", "a]"), Some((0, 2)));
    assert_eq!(first(r"[\]\-a]+", "-]a"), Some((0, 3)));
    assert_eq!(first(r"a{,2}b", "aab"), Some((0, 3)));
    assert_eq!(first(r"a{x}", "a{x}"), Some((0, 4)));
    assert_eq!(first(r"\07\x41\u0042\103", "\x07ABC"), Some((0, 4)));
}

#[test]
fn case_is_ignored_where_asked() {
    assert_eq!(first("(?i:ab)c", "ABc"), Some((0, 3)));
    assert_eq!(first("(?i:i)", "\u{130}"), Some((0, 2)));
    assert_eq!(first("(?ia:[a-c]+)", "ABCK"), Some((0, 3)));
    assert_eq!(first("(?i)(x)\\1", "Xx"), Some((0, 2)));
}

#[test]
fn the_backtracking_engine_takes_the_rest() {
    assert_eq!(first(r"(?<!a)b", "abb"), Some((2, 3)));
    assert_eq!(first(r"(a|b)\1", "abb"), Some((1, 3)));
    assert_eq!(first(r"(?P<q>['x]).(?P=q)", "'a'"), Some((0, 3)));
    assert_eq!(first(r"a++b", "aab"), Some((0, 3)));
    assert_eq!(first(r"a++a", "aaa"), None);
    assert_eq!(first(r"(?>a|ab)c", "abc"), None);
    assert_eq!(first(r"(a)?(?(1)b|c)", "ab"), Some((0, 2)));
    assert_eq!(first(r"(?-m:a$)", "a\na\n"), Some((2, 3)));
}

#[test]
fn empty_matches_come_as_in_python() {
    assert_eq!(all("a*", "ab"), [(0, 1), (1, 1), (2, 2)]);
    assert_eq!(all("|a", "a"), [(0, 0), (0, 1), (1, 1)]);
    assert_eq!(all("^", "a\nb"), [(0, 0), (2, 2)]);
    assert_eq!(all("x*", "é"), [(0, 0), (2, 2)]);
}

#[test]
fn references_count_through_the_joined_list() {
    let matcher = Matcher::new(&["(a)(b)", "c", "(d)\\3"]).unwrap();
    assert_eq!(matcher.ranges("dd"), [(0, 2)]);
    let error = Matcher::new(&["(?P<a>x)", "(?P<a>y)"]).unwrap_err().to_string();
    assert_eq!(error, "redefinition of group name 'a' as group 2; was group 1 at position 20");
    let error = Matcher::new(&["a", "(?i)b"]).unwrap_err().to_string();
    assert!(error.contains("(?flags:...)"), "{error}");
    assert_eq!(Matcher::new(&["(?i)b"]).unwrap().ranges("B"), [(0, 1)]);
    assert!(Matcher::new::<&str>(&[]).unwrap().ranges("a").is_empty());
}

fn default(regexes: &[&str]) -> Matcher {
    matcher(&regexes.iter().map(|regex| (*regex).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_default_exclusions() {
    let matcher = default(&DEFAULT_EXCLUDE);
    for text in [
        "x = 1  # pragma: no cover",
        "x = 1  #PRAGMA NO COVER",
        "x  # pragma:nocover",
        "    ...",
        "...  # nothing",
        "def f(x) -> int: ...",
        "    async def f(a, b=[]): ...",
        "]: ...",
        "if TYPE_CHECKING:",
        "  if typing.TYPE_CHECKING: # x",
    ] {
        assert_eq!(matcher.ranges(text).len(), 1, "{text}");
    }
    for text in ["# Pragma: no cover", "x[...]", "class C: ...", "if x.TYPE_CHECKING:", "f(...)", ""] {
        assert!(matcher.ranges(text).is_empty(), "{text}");
    }
    assert_eq!(matcher.ranges("a\n\n\n  ...\n"), [(2, 10)]);
}

#[test]
fn the_default_partial_branches() {
    assert_eq!(default(&DEFAULT_PARTIAL).ranges("if x:  # pragma: no branch\n").len(), 1);
    let always = default(&DEFAULT_PARTIAL_ALWAYS);
    assert_eq!(always.ranges("while True:\n  if 0:\n  if x:\n").len(), 2);
}
