//! Damaged workflows and damaged files that workflows refer to: whatever a line-wise mutation of a real one leaves, linting
//! ends without a panic, soon, and every place it names lies in its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ci_lint::flow::{Files, Flow, Pins, Project, call};
use ci_lint::rules::{Context, check};
use ci_lint::source::Source;
use ci_lint::workflow::Workflow;
use ci_lint::workflow::dialect::Dialect;
use ci_lint::workflow::yaml::parse;
use proptest::prelude::*;

fn fixtures() -> &'static [String] {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).expect("a readable folder").filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    collect(&path, out);
                } else if path.extension().is_some_and(|e| e == "yml") {
                    out.push(path);
                }
            }
        }
        let mut paths = Vec::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures"), &mut paths);
        paths.sort();
        paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    })
}

/// A project of which one file is damaged.
#[derive(Debug)]
struct Damaged(BTreeMap<String, Arc<Source>>);

impl Files for Damaged {
    fn read(&self, path: &str) -> Option<Arc<Source>> {
        self.0.get(path.trim_start_matches("./")).cloned()
    }
}

/// The files of every project among the fixtures, by their path in it.
fn projects() -> &'static [BTreeMap<String, String>] {
    static PROJECTS: OnceLock<Vec<BTreeMap<String, String>>> = OnceLock::new();
    PROJECTS.get_or_init(|| {
        fn collect(root: &Path, folder: &Path, out: &mut BTreeMap<String, String>) {
            for entry in std::fs::read_dir(folder).expect("a readable folder").filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    collect(root, &path, out);
                } else if path.extension().is_none_or(|e| e != "out") {
                    let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                    out.insert(name, std::fs::read_to_string(&path).expect("a text"));
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows-fixtures/projects");
        let mut folders: Vec<PathBuf> =
            std::fs::read_dir(root).expect("the projects").filter_map(|e| Some(e.ok()?.path())).collect();
        folders.sort();
        let read = |folder: &PathBuf| {
            let mut files = BTreeMap::new();
            collect(folder, folder, &mut files);
            files
        };
        folders.iter().map(read).filter(|files| files.contains_key(CI)).collect()
    })
}

const CI: &str = ".github/workflows/ci.yml";

/// One change to a text.
#[derive(Debug, Clone)]
enum Change {
    Remove(usize),
    Repeat(usize),
    Swap(usize, usize),
    Indent(usize),
    Replace(usize, &'static str, &'static str),
    Cut(usize),
}

const WORDS: [(&str, &str); 14] = [
    ("name:", "pattern:"),
    ("needs:", "needs: *x #"),
    ("coverage", "${{ matrix.x }}"),
    ("path:", "path: |\n            a\n            !b\n           "),
    ("run:", "run: >-"),
    ("@v4", "@v3"),
    ("[", "{"),
    ("]", ""),
    (": ", ":"),
    ("-", "- &a"),
    ("uses:", "<<: *a #"),
    (".coverage", "**/.cov*[x"),
    ("${{", "${{ '"),
    ("\n", "\r\n"),
];

fn change() -> impl Strategy<Value = Change> {
    let line = 0usize..300;
    prop_oneof![
        line.clone().prop_map(Change::Remove),
        line.clone().prop_map(Change::Repeat),
        (line.clone(), line.clone()).prop_map(|(a, b)| Change::Swap(a, b)),
        line.clone().prop_map(Change::Indent),
        (line.clone(), prop::sample::select(WORDS.to_vec())).prop_map(|(at, (from, to))| Change::Replace(at, from, to)),
        (0usize..8000).prop_map(Change::Cut),
    ]
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for change in changes {
        let n = lines.len().max(1);
        match *change {
            Change::Remove(at) if !lines.is_empty() => drop(lines.remove(at % n)),
            Change::Repeat(at) if !lines.is_empty() => lines.insert(at % n, lines[at % n].clone()),
            Change::Swap(a, b) if !lines.is_empty() => lines.swap(a % n, b % n),
            Change::Indent(at) if !lines.is_empty() => lines[at % n].insert_str(0, "  "),
            Change::Replace(at, from, to) if !lines.is_empty() => lines[at % n] = lines[at % n].replace(from, to),
            Change::Cut(at) => {
                let mut text = lines.concat();
                let at = (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
                text.truncate(at);
                lines = text.split_inclusive('\n').map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damaged_workflows_are_linted_without_a_panic(
        index in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..8),
        forge in prop::sample::select(Dialect::ALL.to_vec()),
    ) {
        let text = apply(&fixtures()[index.index(fixtures().len())], &changes);
        let start = Instant::now();
        let Ok(tree) = parse(&text) else { return Ok(()) };
        let Ok(workflow) = Workflow::read(tree.root()) else { return Ok(()) };
        let flow = Flow::build(&workflow, Project::default(), &Pins::default());
        let source = Arc::new(Source::new("ci.yml", text.as_str()));
        let context = Context { source: &source, workflow: &workflow, written: &workflow, flow: &flow, dialect: forge, forge_is_named: true };
        for finding in check(&context, &|_| true) {
            for label in [&finding.primary].into_iter().chain(&finding.related) {
                prop_assert!(text.get(label.span.start..label.span.end).is_some(), "{} names {:?}", finding.rule, label.span);
            }
        }
        prop_assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    }

    #[test]
    fn damaged_files_that_a_workflow_refers_to_are_read_without_a_panic(
        project in any::<prop::sample::Index>(),
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let mut texts = projects()[project.index(projects().len())].clone();
        let names: Vec<String> = texts.keys().filter(|name| *name != CI).cloned().collect();
        if let Some(name) = names.get(file.index(names.len().max(1))) {
            let text = texts.get_mut(name).expect("a file of the project");
            *text = apply(text, &changes);
        }
        let ci = texts[CI].clone();
        let files = texts.into_iter().map(|(name, text)| (name.clone(), Arc::new(Source::new(name, text)))).collect();
        let project = Project::of(Arc::new(Damaged(files)));
        let start = Instant::now();
        let tree = parse(&ci).expect("a fixture");
        let written = Workflow::read(tree.root()).expect("a fixture");
        let (shelf, trees) = (call::Texts::default(), call::Trees::default());
        let whole = call::whole(&written, &*project.files, &shelf, &trees);
        let workflow = whole.as_ref().unwrap_or(&written);
        let flow = Flow::build(workflow, project.clone(), &Pins::default());
        let source = Arc::new(Source::new(CI, ci.as_str()));
        let context = Context {
            source: &source, workflow, written: &written, flow: &flow, dialect: Dialect::GitHub, forge_is_named: false,
        };
        for finding in check(&context, &|_| true) {
            for label in [&finding.primary].into_iter().chain(&finding.related) {
                let place = label.span.start..label.span.end;
                prop_assert!(label.source.text.get(place).is_some(), "{} names {:?}", finding.rule, label.span);
            }
        }
        prop_assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    }
}
