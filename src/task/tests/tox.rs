//! tox.

use super::*;

fn tox(ini: &str, environments: &[&str], args: &[&str]) -> Option<Vec<String>> {
    shown(&run(Runner::Tox, environments, args), &[("tox.ini", ini)], &[])
}

#[test]
fn commands_and_posargs() {
    let ini = "[testenv]\ncommands_pre = pip list\ncommands =\n    pytest {posargs:tests -q}\n    - coverage report  # no gate\n";
    assert_eq!(tox(ini, &["py312"], &[]).expect("resolved"), ["pip list", "pytest tests -q", "coverage report"]);
    assert_eq!(tox(ini, &["py312"], &["-k", "a b"]).expect("resolved")[1], "pytest -k a b");
    assert_eq!(tox(ini, &["lint"], &[]), None);
}

#[test]
fn factors_decide_about_lines() {
    let ini = "[tox]\nenvlist = py{311,312}-{cov,plain}, lint\n[testenv]\nsetenv =\n    cov: COVERAGE_FILE = {toxworkdir}/.coverage.{envname}\ncommands =\n    cov: coverage run -m \\\n        pytest\n    !cov: pytest\n    py311-plain,lint: extra\n";
    assert_eq!(
        tox(ini, &["py311-cov"], &[]).expect("resolved"),
        ["coverage run -m pytest COVERAGE_FILE=.tox/.coverage.py311-cov"]
    );
    assert_eq!(tox(ini, &["py311-plain"], &[]).expect("resolved"), ["pytest", "extra"]);
    assert_eq!(tox(ini, &[], &[]).expect("resolved").len(), 7);
    assert_eq!(tox(ini, &["py{311,312}-plain"], &[]).expect("resolved"), ["pytest", "extra", "pytest"]);
}

#[test]
fn sections_build_on_one_another() {
    let ini = "[base]\nopts = -q --strict\n[testenv]\nchange_dir = src\ncommands = pytest {[base]opts}\n[testenv:report]\nskip_install = true\nchangedir = {toxinidir}\ncommands =\n    coverage combine\n    {[base]after}\n[testenv:all]\nbase = testenv:report\ndeps = x\n";
    assert_eq!(tox(ini, &["py312"], &[]).expect("resolved"), ["pytest -q --strict in src"]);
    assert_eq!(tox(ini, &["report"], &[]).expect("resolved"), ["coverage combine", "<{[base]after}>"]);
    assert_eq!(tox(ini, &["all"], &[]).expect("resolved")[0], "coverage combine in src".replace(" in src", ""));
}

#[test]
fn what_is_not_known_stays_so() {
    let ini = "[testenv]\ncommands = pytest {env:WHICH:tests} {env:HOME} {unheard:of}\n";
    assert_eq!(tox(ini, &["py"], &[]).expect("resolved"), ["pytest tests <{env:HOME}> <{unheard:of}>"]);
    // Plugins choose by the interpreter that runs tox.
    assert_eq!(
        tox("[tox]\nenvlist = py312\n[gh-actions]\npython =\n  3.12: py312\n[testenv]\ncommands = x\n", &[], &[]),
        None
    );
    let mut asked = run(Runner::Tox, &["${{ matrix.env }}"], &[]);
    asked.known = false;
    assert_eq!(shown(&asked, &[("tox.ini", ini)], &[]), None);
}

#[test]
fn interpreters_and_isolation() {
    let ini =
        "[testenv]\npass_env = COVERAGE_*\ncommands = x\n[testenv:cov]\nbasepython = python3.11\npassenv = HOME\n";
    let tasks = Tasks::new(files(&[("tox.ini", ini)]));
    let setting =
        |name: &str| tasks.resolve(&run(Runner::Tox, &[name], &[]), "", &[]).expect("resolved").sessions[0].clone();
    assert_eq!(setting("py312").python, Interpreter::Version("3.12".to_owned()));
    assert_eq!(setting("py").python, Interpreter::Inherited);
    assert_eq!(setting("pypy310").python, Interpreter::Unknown);
    assert_eq!(setting("cov").python, Interpreter::Version("3.11".to_owned()));
    assert!(setting("cov").isolated && !setting("py").isolated);
}

#[test]
fn the_forms_in_toml() {
    let native = "env_list = ['3.13', 'cov']\n[env_run_base]\ncommands = [['pytest', { replace = 'posargs', default = ['tests'], extend = true }]]\n[env.cov]\nset_env = { COVERAGE_FILE = '{work_dir}/c' }\ncommands = [['coverage', 'report']]\n";
    let all = [("tox.toml", native)];
    assert_eq!(
        shown(&run(Runner::Tox, &[], &[]), &all, &[]).expect("resolved"),
        ["pytest tests", "coverage report COVERAGE_FILE=.tox/c"]
    );
    assert_eq!(shown(&run(Runner::Tox, &["3.13"], &["-x"]), &all, &[]).expect("resolved"), ["pytest -x"]);
    let legacy = "[tool.tox]\nlegacy_tox_ini = \"\"\"\n[testenv]\ncommands = pytest\n\"\"\"\n";
    let resolution = Tasks::new(files(&[("pyproject.toml", legacy)])).resolve(&run(Runner::Tox, &["py"], &[]), "", &[]);
    let piece = &resolution.expect("resolved").pieces[0];
    assert_eq!(piece.origin.source.slice(piece.origin.span), "pytest");
    let setup = "[tox:tox]\nenvlist = py\n[testenv]\ncommands = pytest\n";
    assert_eq!(shown(&run(Runner::Tox, &[], &[]), &[("setup.cfg", setup)], &[]).expect("resolved"), ["pytest"]);
}
