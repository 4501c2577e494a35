//! The spanned tree against `serde_yaml` (libyaml's behaviour, near to what Go-based forges read): the same texts are
//! accepted and hold the same data.

use std::path::Path;

use ci_lint::workflow::yaml::{Yaml, parse};
use proptest::prelude::*;
use serde_yaml::Value;

/// Whether the tree at `node` holds `value`. `serde_yaml` types plain scalars, the tree keeps their text.
fn same(node: Yaml<'_>, value: &Value) -> bool {
    match value {
        Value::Null => node.is_null(),
        Value::Bool(b) => node.as_str().is_some_and(|text| text.eq_ignore_ascii_case(&b.to_string())),
        Value::Number(number) => node.as_str().is_some_and(|text| {
            let same_float = text.replace('_', "").parse::<f64>().ok() == number.as_f64();
            same_float || text == number.to_string() || text.starts_with("0x") || text.starts_with("0o")
        }),
        // An empty text is null only when it is plain; quoted it stays a text.
        Value::String(text) => node.as_str() == Some(text),
        Value::Sequence(items) => {
            node.is_sequence()
                && node.items().len() == items.len()
                && node.items().zip(items).all(|(node, value)| same(node, value))
        }
        Value::Mapping(map) => {
            let entries: Vec<_> = node.own_entries().collect();
            node.is_mapping()
                && entries.len() == map.len()
                && entries.iter().zip(map).all(|(own, other)| same(own.0, other.0) && same(own.1, other.1))
        }
        Value::Tagged(tagged) => same(node, &tagged.value),
    }
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "yml") {
            files.push(path);
        }
    }
}

#[test]
fn every_fixture_reads_alike() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures"), &mut files);
    let mut compared = 0;
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        // libyaml stops at a byte order mark in a stream, which the forges' readers accept.
        let text = text.trim_start_matches('\u{feff}');
        match (parse(text), serde_yaml::from_str::<Value>(text)) {
            (Ok(tree), Ok(value)) => {
                assert!(same(tree.root(), &value), "{} holds other data", path.display());
                compared += 1;
            }
            // What serde_yaml refuses and the tree reports itself.
            (Ok(tree), Err(error)) => {
                assert!(!tree.duplicates.is_empty(), "{}: only serde_yaml refuses: {error}", path.display());
            }
            (Err(error), Ok(value)) => {
                assert!(value.is_null(), "{}: only the tree refuses: {error}", path.display());
            }
            (Err(_), Err(_)) => {}
        }
    }
    assert!(compared > 100, "only {compared} fixtures compared");
}

/// Data as it may stand in a workflow: keys and texts with everything that needs quoting.
fn data() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z${}.:#*&!'\" \\\\/-]{0,20}",
        "[a-z]{1,8}(\n[a-zé ]{0,8}){0,3}\n?",
        Just("${{ x }}".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        text.clone().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Sequence),
            prop::collection::vec(("[a-z][a-z_-]{0,8}", inner), 0..5).prop_map(|entries| {
                Value::Mapping(entries.into_iter().map(|(key, value)| (Value::String(key), value)).collect())
            }),
        ]
    })
}

fn nested(node: Yaml<'_>, text: &str) -> bool {
    let span = node.span();
    let children: Vec<_> = node.items().chain(node.own_entries().flat_map(|(k, v)| [k, v])).collect();
    text.get(span.start..span.end).is_some()
        && children.iter().all(|child| span.contains(child.span()) && nested(*child, text))
}

proptest! {
    #[test]
    fn what_serde_yaml_writes_the_tree_reads(value in data()) {
        let text = serde_yaml::to_string(&Value::Sequence(vec![value.clone()])).expect("emitted");
        let tree = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let node = tree.root().items().next().expect("one item");
        prop_assert!(same(node, &value), "{text}");
    }

    #[test]
    fn spans_lie_inside_the_text_and_inside_each_other(value in data()) {
        let text = serde_yaml::to_string(&Value::Sequence(vec![value])).expect("emitted");
        let tree = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(nested(tree.root(), &text), "{text}");
    }

    #[test]
    fn no_text_makes_it_panic(text in "([a-z*&!:#|>\\[\\]{}\"'\\- \t\n\r%@`é?,.]|\\$\\{\\{){0,120}") {
        if let Ok(tree) = parse(&text) {
            let _ = tree.root().entries();
        }
    }
}
