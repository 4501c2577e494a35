use super::*;
use crate::findings::fix::{Place, Value};
use crate::source::Span;

/// Makes `change` in `text`, held against the change's own meaning.
fn made(text: &str, changes: &[Change]) -> Result<String, Refused> {
    let tree = yaml::parse(text).expect("valid YAML");
    let workflow = Workflow::read(tree.root()).expect("a workflow");
    let new = apply(text, &edits(&workflow, changes)?)?;
    check(&tree, changes, &new)?;
    Ok(new)
}

fn job(lines: &str) -> String {
    format!("on: push\njobs:\n  a:\n{lines}")
}

fn needs(ids: &[&str]) -> Change {
    Change::AddNeeds { job: 0, needs: ids.iter().map(|&id| id.to_owned()).collect() }
}

#[track_caller]
fn lines(before: &str, change: &Change, after: &str) {
    let expected = job(after);
    assert_eq!(made(&job(before), std::slice::from_ref(change)).as_ref(), Ok(&expected));
    // The same with Windows' line ends, and without the last one.
    let crlf = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(made(&crlf(&job(before)), std::slice::from_ref(change)), Ok(crlf(&expected)), "CRLF");
    let open = |text: &str| text.strip_suffix('\n').expect("a last line end").to_owned();
    assert_eq!(made(&open(&job(before)), std::slice::from_ref(change)), Ok(open(&expected)), "no final line end");
}

#[test]
fn needs_grow_in_the_style_they_have() {
    for (before, after) in [
        ("    runs-on: x\n    needs: b # why\n", "    runs-on: x\n    needs: [b, c] # why\n"),
        ("    needs: 'b'\n    runs-on: x\n", "    needs: ['b', c]\n    runs-on: x\n"),
        ("    needs: [b]\n    runs-on: x\n", "    needs: [b, c]\n    runs-on: x\n"),
        ("    needs: [ b, ] # w\n    runs-on: x\n", "    needs: [ b, c, ] # w\n    runs-on: x\n"),
        ("    needs: []\n    runs-on: x\n", "    needs: [c]\n    runs-on: x\n"),
        ("    needs:\n    runs-on: x\n", "    needs: [c]\n    runs-on: x\n"),
        ("    needs:\n    - b # one\n    runs-on: x\n", "    needs:\n    - b # one\n    - c\n    runs-on: x\n"),
        ("    needs:\n      -   b\n    runs-on: x\n", "    needs:\n      -   b\n      -   c\n    runs-on: x\n"),
        (
            "    needs: [\n      b, # one\n      d\n    ]\n    runs-on: x\n",
            "    needs: [\n      b, # one\n      d,\n      c\n    ]\n    runs-on: x\n",
        ),
        (
            "    needs: [\n      b,\n      d, # two\n    ]\n    runs-on: x\n",
            "    needs: [\n      b,\n      d, # two\n      c,\n    ]\n    runs-on: x\n",
        ),
        ("    runs-on: x\n    steps: []\n", "    runs-on: x\n    needs: [c]\n    steps: []\n"),
        (
            "    \"runs-on\": x # y\n    # z\n    steps: []\n",
            "    \"runs-on\": x # y\n    needs: [c]\n    # z\n    steps: []\n",
        ),
    ] {
        lines(before, &needs(&["c"]), after);
    }
    assert_eq!(
        made("{on: push, jobs: {a: {runs-on: x}}}", &[needs(&["c", "d"])]).as_deref(),
        Ok("{on: push, jobs: {a: {runs-on: x, needs: [c, d]}}}")
    );
    let odd = made(&job("    needs: b\n    runs-on: x\n"), &[needs(&["on", "c"])]).expect("written");
    assert!(odd.contains("needs: [b, 'on', c]"), "{odd}");
}

fn inputs(entries: &[(&str, Value)]) -> Change {
    let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Change::Set { place: Place::Inputs(0, 0), entries, after: &["path"] }
}

#[test]
fn inputs_are_added_beside_the_others() {
    let hidden = inputs(&[("include-hidden-files", Value::Bool(true))]);
    for (before, after) in [
        (
            "    steps:\n      - uses: u # v4\n        with:\n          path: .coverage # data\n          name: n\n",
            "    steps:\n      - uses: u # v4\n        with:\n          path: .coverage # data\n          include-hidden-files: true\n          name: n\n",
        ),
        (
            "    steps:\n    - uses: u\n      with:\n          name: n\n          path: |\n            a\n            b\n\n    - run: x\n",
            "    steps:\n    - uses: u\n      with:\n          name: n\n          path: |\n            a\n            b\n          include-hidden-files: true\n\n    - run: x\n",
        ),
        (
            "    steps:\n      - uses: u\n        with: { name: n, path: p } # c\n",
            "    steps:\n      - uses: u\n        with: { name: n, path: p, include-hidden-files: true } # c\n",
        ),
        (
            "    steps:\n      - uses: u\n        with: {}\n",
            "    steps:\n      - uses: u\n        with: { include-hidden-files: true }\n",
        ),
        (
            "    steps:\n      - uses: u\n        with:\n        id: i\n",
            "    steps:\n      - uses: u\n        with:\n          include-hidden-files: true\n        id: i\n",
        ),
        (
            "    steps:\n      -   uses: u\n      - run: x\n",
            "    steps:\n      -   uses: u\n          with:\n            include-hidden-files: true\n      - run: x\n",
        ),
        (
            "    steps:\n      - uses: u\n        with:\n          Include-Hidden-Files: 'false' # no\n",
            "    steps:\n      - uses: u\n        with:\n          Include-Hidden-Files: true # no\n",
        ),
        (
            "    steps:\n      - {uses: u, with: {path: p}}\n",
            "    steps:\n      - {uses: u, with: {path: p, include-hidden-files: true}}\n",
        ),
    ] {
        lines(before, &hidden, after);
    }
}

#[test]
fn comments_below_an_entry_stay_with_it() {
    let hidden = inputs(&[("x", Value::text("${{ a }}"))]);
    lines(
        "    steps:\n      - uses: u\n        with:\n          path: p\n            # more about p\n          # about q\n          q: r\n",
        &hidden,
        "    steps:\n      - uses: u\n        with:\n          path: p\n            # more about p\n          x: ${{ a }}\n          # about q\n          q: r\n",
    );
}

fn step() -> Change {
    let with = Value::Map(vec![("name".to_owned(), Value::text("data")), ("path".to_owned(), Value::text("a\nb\n"))]);
    let step = Value::Map(vec![("uses".to_owned(), Value::text("u@v4")), ("with".to_owned(), with)]);
    Change::InsertSteps { job: 0, at: 1, steps: vec![step] }
}

#[test]
fn steps_are_put_between_steps() {
    for (before, after) in [
        (
            "    steps:\n      - run: a\n      # about b\n      - run: b\n",
            "    steps:\n      - run: a\n      - uses: u@v4\n        with:\n          name: data\n          path: |\n            a\n            b\n      # about b\n      - run: b\n",
        ),
        (
            "    steps:\n    - name: x\n      run: |\n        a\n        # shell\n\n    # about b\n    - run: b\n",
            "    steps:\n    - name: x\n      run: |\n        a\n        # shell\n\n    - uses: u@v4\n      with:\n        name: data\n        path: |\n          a\n          b\n\n    # about b\n    - run: b\n",
        ),
        (
            "    steps:\n      - run: a\n        # old\n",
            "    steps:\n      - run: a\n        # old\n      - uses: u@v4\n        with:\n          name: data\n          path: |\n            a\n            b\n",
        ),
        (
            "    steps: [{run: a}, {run: b}]\n",
            "    steps: [{run: a}, { uses: u@v4, with: { name: data, path: \"a\\nb\\n\" } }, {run: b}]\n",
        ),
        (
            "    steps: [{run: a}]\n",
            "    steps: [{run: a}, { uses: u@v4, with: { name: data, path: \"a\\nb\\n\" } }]\n",
        ),
    ] {
        lines(before, &step(), after);
    }
    let first =
        Change::InsertSteps { job: 0, at: 0, steps: vec![Value::Map(vec![("run".to_owned(), Value::text("z"))])] };
    lines(
        "    steps:\n      # about a\n      - run: a\n\n      - run: b\n",
        &first,
        "    steps:\n      # about a\n      - run: z\n\n      - run: a\n\n      - run: b\n",
    );
}

#[test]
fn a_step_is_taken_away() {
    let gone = Change::RemoveStep { job: 0, step: 1 };
    for (before, after) in [
        (
            "    steps:\n      - run: a\n      # b\n      - run: b\n        env: {}\n",
            "    steps:\n      - run: a\n      # b\n",
        ),
        (
            "    steps:\n    - run: a\n\n    - run: |\n        b\n        c\n\n    - run: d\n",
            "    steps:\n    - run: a\n\n    - run: d\n",
        ),
    ] {
        lines(before, &gone, after);
    }
    assert!(made(&job("    steps:\n      - run: a\n      - run: b # why\n"), &[gone]).is_err());
}

#[test]
fn a_block_that_keeps_its_blank_lines_is_left_whole() {
    lines(
        "    steps:\n      - run: |+\n          a\n\n      - run: b\n",
        &step(),
        "    steps:\n      - run: |+\n          a\n\n      - uses: u@v4\n        with:\n          name: data\n          path: |\n            a\n            b\n      - run: b\n",
    );
}

fn text(part: (usize, usize), new: &str) -> Change {
    Change::EditText {
        place: Place::Step(0, 0),
        key: "run".to_owned(),
        part: Span::new(part.0, part.1),
        text: new.to_owned(),
    }
}

#[test]
fn a_part_of_a_text_is_replaced_where_it_stands() {
    for (before, change, after) in [
        ("      - run: uv run a b # c\n", text((7, 10), "d"), "      - run: uv run d # c\n"),
        ("      - run: 'it''s a'\n", text((5, 6), "b's"), "      - run: 'it''s b''s'\n"),
        ("      - run: \"say a\"\n", text((4, 5), "\"b\""), "      - run: \"say \\\"b\\\"\"\n"),
        ("      - run: a\n", text((1, 1), ": b"), "      - run: 'a: b'\n"),
        ("      - run: a # c\n", text((0, 1), "b\nd"), "      - run: | # c\n          b\n          d\n"),
        (
            "      - run: |\n          x\n          a --y\n          z\n",
            text((2, 7), "b\nc"),
            "      - run: |\n          x\n          b\n          c\n          z\n",
        ),
        ("      - run: |\n          a\n", text((0, 0), "z\n"), "      - run: |\n          z\n          a\n"),
        ("      - {run: a}\n", text((0, 1), "b, c"), "      - {run: 'b, c'}\n"),
    ] {
        lines(&format!("    steps:\n{before}"), &change, &format!("    steps:\n{after}"));
    }
}

#[test]
fn a_key_is_renamed_in_its_quotes() {
    let change = Change::Rename {
        place: Place::Inputs(0, 0),
        from: "name".to_owned(),
        to: "pattern".to_owned(),
        value: Value::text("n-*"),
    };
    lines(
        "    steps:\n      - uses: u\n        with: {\"name\": 'n', path: p}\n",
        &change,
        "    steps:\n      - uses: u\n        with: {\"pattern\": 'n-*', path: p}\n",
    );
}

#[test]
fn keys_of_the_workflow_and_of_jobs() {
    let group = Value::Map(vec![
        ("group".to_owned(), Value::text("ci-${{ github.ref }}")),
        ("cancel-in-progress".to_owned(), Value::Bool(true)),
    ]);
    let change = Change::Set {
        place: Place::Workflow,
        entries: vec![("concurrency".to_owned(), group)],
        after: &["env", "permissions", "on"],
    };
    let before =
        "\u{feff}name: CI # x\non:\n  push:\n    branches: [main]\n\n# the jobs\njobs:\n    a:\n        runs-on: x\n";
    let after = "\u{feff}name: CI # x\non:\n  push:\n    branches: [main]\n\nconcurrency:\n    group: ci-${{ github.ref }}\n    \
                 cancel-in-progress: true\n\n# the jobs\njobs:\n    a:\n        runs-on: x\n";
    assert_eq!(made(before, &[change]).as_deref(), Ok(after));
    let change = Change::Set {
        place: Place::Job(0),
        entries: vec![("timeout-minutes".to_owned(), Value::Number(10))],
        after: &["runs-on"],
    };
    lines(
        "    runs-on:\n      - self-hosted\n    if: x\n",
        &change,
        "    runs-on:\n      - self-hosted\n    timeout-minutes: 10\n    if: x\n",
    );
}

#[test]
fn what_is_written_once_and_used_twice_is_left_alone() {
    let shared = "on: push\njobs:\n  a: &a\n    runs-on: x\n    steps: []\n  b: *a\n";
    assert!(made(shared, &[needs(&["c"])]).is_err());
    let alias = "on: push\nx: &n [b]\njobs:\n  a:\n    needs: *n\n    runs-on: x\n";
    assert!(made(alias, &[needs(&["c"])]).is_err());
    let merged = "on: push\nx: &n {needs: b}\njobs:\n  a:\n    <<: *n\n    runs-on: x\n";
    assert!(made(merged, &[needs(&["c"])]).is_err());
    // An anchor that nothing refers to, or that another key has, is no obstacle.
    let own = "on: push\njobs:\n  a: &a\n    runs-on: &os x\n    steps: []\n  b: {runs-on: *os}\n";
    let expected = own.replace("&os x\n", "&os x\n    needs: [c]\n");
    assert_eq!(made(own, &[needs(&["c"])]), Ok(expected));
}

#[test]
fn what_is_written_in_a_way_nobody_writes_is_left_alone() {
    for odd in [
        "    ? runs-on\n    : x\n",
        "    needs: >-\n      b\n    runs-on: x\n",
        "    needs: b\n      c\n    runs-on: x\n",
    ] {
        assert!(made(&job(odd), &[needs(&["d"])]).is_err(), "{odd}");
    }
}

#[test]
fn a_comment_that_would_be_lost_is_noticed() {
    let before = yaml::parse("on: push # why\njobs: {}\n").expect("valid YAML");
    assert!(check(&before, &[], "on: push # why\njobs: {}\n").is_ok());
    assert!(check(&before, &[], "on: push\njobs: {}\n").is_err());
    assert!(check(&before, &[], "on: push # why\njobs: {a: }\n").is_err());
    assert!(check(&before, &[], "on: push # why\r\njobs: {}\r\n").is_err());
    assert!(check(&before, &[], "on: push # why\njobs: [\n").is_err());
}
