//! The source analysis against what coverage.py 7.17.3 found under CPython 3.11 to 3.14; `tests/oracle/python/store` keeps that in
//! `tests/data/python`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ci_lint::python::{Patterns, PythonVersion, analyse};
use serde_json::Value;

#[path = "../examples/facts/mod.rs"]
mod facts;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/python")
}

fn stored(path: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a map by version")
}

fn version(text: &str) -> PythonVersion {
    PythonVersion::parse(text).expect("a version")
}

#[test]
fn sources_are_analysed_as_coverage_py_does() {
    let mut compared = 0;
    for entry in fs::read_dir(folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let bytes = fs::read(&path).expect("the source");
        let by_version = stored(&path.with_extension("json"));
        assert_eq!(by_version.keys().collect::<Vec<_>>(), ["3.11", "3.12", "3.13", "3.14"], "{name}");
        for (number, fact) in &by_version {
            let expected = fact.as_str().map_or(fact, |same| &by_version[same]);
            match analyse(&bytes, version(number), &Patterns::default()) {
                Ok(analysis) => {
                    let found = facts::facts(name, &analysis);
                    let expected = expected.as_object().expect("facts");
                    assert!(expected.len() > 5, "{name} under {number}: coverage.py refuses it: {expected:?}");
                    for (what, value) in expected {
                        assert_eq!(&found[what], value, "{what} of {name} under {number}");
                    }
                }
                // The parsers word what they refuse each in their own way.
                Err(error) => assert!(expected["error"].is_string(), "{name} under {number}: {error}"),
            }
            compared += 1;
        }
    }
    assert!(compared >= 40, "only {compared} compared");
}

#[test]
fn what_cpython_refuses_is_refused_in_its_words() {
    let text = fs::read_to_string(folder().join("refused.txt")).expect("the snippets");
    let refused = stored(&folder().join("refused.json"));
    let snippets: Vec<(&str, &str)> =
        text.split("\n--- ").skip(1).map(|snippet| snippet.split_once('\n').expect("a name and a source")).collect();
    assert!(snippets.len() > 150, "only {} snippets", snippets.len());
    for (number, errors) in &refused {
        for (name, source) in &snippets {
            let file = format!("{name}.py");
            let found = analyse(source.as_bytes(), version(number), &Patterns::default());
            match (errors.get(name).and_then(Value::as_str), found) {
                (Some(_), Err(_)) if name.starts_with("parse-") => {}
                (Some(expected), Err(error)) => assert_eq!(error.for_file(&file), expected, "{name} under {number}"),
                (None, Ok(_)) => {}
                (Some(expected), Ok(_)) => panic!("{name} under {number}: accepted, but {expected}"),
                (None, Err(error)) => panic!("{name} under {number}: refused: {error}"),
            }
        }
    }
}
