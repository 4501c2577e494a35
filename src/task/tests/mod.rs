//! What commands of task runners stand for. The constructs are those of real noxfiles, tox.ini, Makefiles and the like,
//! written anew in as few lines as show them.

mod make;
mod nox;
mod project;
mod script;
mod tox;

use std::collections::HashMap;
use std::fmt::Write as _;

use super::*;

#[derive(Debug)]
struct Memory(HashMap<String, Arc<Source>>);

impl Files for Memory {
    fn read(&self, path: &str) -> Option<Arc<Source>> {
        self.0.get(path).cloned()
    }
}

fn files(files: &[(&str, &str)]) -> Arc<dyn Files> {
    let all = files.iter().map(|(path, text)| ((*path).to_owned(), Arc::new(Source::new(*path, *text))));
    Arc::new(Memory(all.collect()))
}

fn run(runner: Runner, sessions: &[&str], args: &[&str]) -> SessionRun {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    SessionRun { runner, sessions: owned(sessions), args: owned(args), options: Vec::new(), known: true }
}

/// What a command executes, a line a piece: `?` before what may not run, `<…>` around a word that is not known, then
/// variables and folder where there are any.
fn shown(run: &SessionRun, all: &[(&str, &str)], env: &[(&str, Option<&str>)]) -> Option<Vec<String>> {
    let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
    let resolution = Tasks::new(files(all)).resolve(run, "", &env)?;
    Some(resolution.pieces.iter().map(show).collect())
}

fn show(piece: &Piece) -> String {
    let mut line = String::from(if piece.guarded { "? " } else { "" });
    match &piece.code {
        Code::Words(words) => {
            let words: Vec<String> =
                words.iter().map(|w| if w.dynamic { format!("<{}>", w.text) } else { w.text.clone() }).collect();
            line.push_str(&words.join(" "));
        }
        Code::Shell(text, _) => write!(line, "$ {}", text.trim()).expect("written"),
        other => write!(line, "{other:?}").expect("written"),
    }
    for (name, value) in &piece.env {
        write!(line, " {name}={}", value.as_deref().unwrap_or("<>")).expect("written");
    }
    match piece.cwd.as_deref() {
        Some("") => {}
        Some(folder) => write!(line, " in {folder}").expect("written"),
        None => line.push_str(" somewhere"),
    }
    line
}

#[test]
fn versions_of_pythons() {
    for (name, version) in [("3.12", "3.12"), ("py312", "3.12"), ("python3.9", "3.9"), ("py27", "2.7")] {
        assert_eq!(python_version(name).as_deref(), Some(version), "{name}");
    }
    for name in ["pypy3.10", "pypy310", "py", "py3", "312x", "", "lint", "3"] {
        assert_eq!(python_version(name), None, "{name}");
    }
}

#[test]
fn paths_stay_in_the_project() {
    assert_eq!(join("a/b", "../c").as_deref(), Some("a/c"));
    assert_eq!(join("", "./x.py").as_deref(), Some("x.py"));
    assert_eq!(join("a", "../../x"), None);
    assert_eq!(join("", "/etc/passwd"), None);
}

#[test]
fn a_project_without_the_file_stays_unresolved() {
    for runner in [Runner::Nox, Runner::Tox, Runner::Hatch, Runner::Make, Runner::Just, Runner::Pdm, Runner::Script] {
        assert_eq!(shown(&run(runner, &["tests"], &[]), &[], &[]), None, "{runner:?}");
    }
}

#[test]
fn one_question_is_answered_once() {
    let tasks = Tasks::new(files(&[("test.sh", "pytest\n")]));
    let asked = run(Runner::Script, &["test.sh"], &[]);
    let first = tasks.resolve(&asked, "", &[]).expect("resolved");
    assert!(Arc::ptr_eq(&first, &tasks.resolve(&asked, "", &[]).expect("resolved")));
}
