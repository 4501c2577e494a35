//! make and just.

use super::*;

fn make(makefile: &str, targets: &[&str]) -> Option<Vec<String>> {
    shown(&run(Runner::Make, targets, &[]), &[("Makefile", makefile)], &[])
}

#[test]
fn targets_and_what_they_depend_on() {
    let text = "PY = python\nRUN := $(PY) -m\n.PHONY: all test cov\n\nall: test\n\ntest: build\n\t@$(RUN) pytest \\\n\t  tests\n\ncov: test\n\t-coverage report\n\nbuild:\n\tmkdir $@\n";
    assert_eq!(
        make(text, &["cov"]).expect("resolved"),
        ["? $ mkdir build", "$ python -m pytest \\\n\t  tests", "$ coverage report"]
    );
    // The first target is the one that is made when none is named, and nothing is made twice.
    assert_eq!(make(text, &[]), make(text, &["test"]));
    assert_eq!(make(text, &["test", "cov"]).expect("resolved").len(), 3);
    assert_eq!(make(text, &["absent"]), None);
}

#[test]
fn what_make_computes_stays_unknown() {
    let text = "VERSION := $(shell git describe)\nifdef FAST\nOPTS = -x\nendif\ntest:\n\tpytest $(OPTS) $(VERSION) $$HOME $(ARGS)\nifeq ($(A),b)\n\textra\nendif\n";
    assert_eq!(make(text, &["test"]).expect("resolved"), ["$ pytest ${MAKE_FIELD} ${MAKE_FIELD} $HOME", "? $ extra"]);
    assert_eq!(make(".ONESHELL:\ntest:\n\tpytest\n", &["test"]), None);
    assert_eq!(
        make("include more.mk\ntest:\n\tpytest $(ARGS)\n", &["test"]).expect("resolved"),
        ["$ pytest ${MAKE_FIELD}"]
    );
}

#[test]
fn variables_of_command_line_and_environment() {
    let text = "ARGS ?= tests\nexport MODE = fast\ntest:\n\tpytest $(ARGS)\n";
    let mut asked = run(Runner::Make, &["test"], &[]);
    assert_eq!(shown(&asked, &[("Makefile", text)], &[]).expect("resolved"), ["$ pytest tests MODE=fast"]);
    asked.options = vec!["ARGS=one".to_owned()];
    assert_eq!(shown(&asked, &[("Makefile", text)], &[]).expect("resolved"), ["$ pytest one MODE=fast"]);
    let env = [("ARGS", Some("env"))];
    let plain = "test:\n\tpytest $(ARGS)\n";
    let asked = run(Runner::Make, &["test"], &[]);
    assert_eq!(shown(&asked, &[("Makefile", plain)], &env).expect("resolved"), ["$ pytest env"]);
}

#[test]
fn circles_end() {
    assert_eq!(make("a: b\n\tx\nb: a\n\ty\n", &["a"]).expect("resolved"), ["? $ y", "$ x"]);
    assert!(make("A = $(B)\nB = $(A)\nt:\n\techo $(A)\n", &["t"]).is_some());
}

#[test]
fn recipes_of_just() {
    let text = "set shell := [\"bash\", \"-c\"]\nopts := \"-q\"\nalias t := test\n\n# Tests.\ntest path='tests' *args: build && done\n    @pytest {{opts}} {{ path }} {{args}}\n\nbuild:\n    make it\n\ndone:\n    #!/usr/bin/env bash\n    echo done\n    coverage xml\n\nodd:\n    run {{ uuid() }}\n";
    let just = |sessions: &[&str], args: &[&str]| shown(&run(Runner::Just, sessions, args), &[("justfile", text)], &[]);
    assert_eq!(just(&["t"], &[]).expect("resolved"), ["$ make it", "$ pytest -q tests", "$ echo done\ncoverage xml"]);
    assert_eq!(just(&["test"], &["a", "-k", "b"]).expect("resolved")[1], "$ pytest -q a -k b");
    assert_eq!(just(&["odd"], &[]).expect("resolved"), ["$ run ${JUST_FIELD}"]);
    assert_eq!(just(&["build"], &["odd"]).expect("resolved").len(), 2);
    assert_eq!(just(&["absent"], &[]), None);
}
