//! hatch, pdm, poe, rye and pixi.

use super::*;

fn pyproject(runner: Runner, text: &str, task: &str, args: &[&str]) -> Option<Vec<String>> {
    shown(&run(runner, &[task], args), &[("pyproject.toml", text)], &[])
}

#[test]
fn scripts_of_hatch() {
    let text = "[tool.hatch.envs.default.scripts]\ntest = 'pytest {args:tests}'\ncov = ['test --cov=app', '- coverage report {args}']\n[tool.hatch.envs.ci]\npython = '3.12'\ndependencies = ['pytest']\n[tool.hatch.envs.ci.scripts]\nall = 'cov'\nbad = 3\n[[tool.hatch.envs.many.matrix]]\npython = ['3.12', '3.13']\n";
    let hatch = |task: &str, args: &[&str]| pyproject(Runner::Hatch, text, task, args);
    assert_eq!(hatch("test", &[]).expect("resolved"), ["$ pytest tests"]);
    assert_eq!(hatch("test", &["-k", "a b"]).expect("resolved"), ["$ pytest -k 'a b'"]);
    assert_eq!(hatch("cov", &[]).expect("resolved"), ["$ pytest --cov=app", "$ coverage report"]);
    // An environment has the scripts of its template.
    assert_eq!(hatch("ci:all", &[]), hatch("cov", &[]));
    for unknown in ["ci:bad", "absent", "none:test"] {
        assert_eq!(hatch(unknown, &[]), None, "{unknown}");
    }
    let tasks = Tasks::new(files(&[("pyproject.toml", text)]));
    let python = |task: &str| {
        tasks.resolve(&run(Runner::Hatch, &[task], &[]), "", &[]).expect("resolved").sessions[0].python.clone()
    };
    assert_eq!(python("ci:test"), Interpreter::Version("3.12".to_owned()));
    assert_eq!(python("many:test"), Interpreter::Unknown);
    let circle = "[tool.hatch.envs.default.scripts]\na = 'b'\nb = 'a'\n";
    assert_eq!(pyproject(Runner::Hatch, circle, "a", &[]), None);
}

#[test]
fn scripts_of_pdm() {
    let text = "[tool.pdm.scripts]\ntest = 'pytest'\ncov = { cmd = ['coverage', 'run', '-m', 'pytest'], env = { A = 'b' } }\nall = { composite = ['test tests', 'cov', 'echo done'] }\nodd = { call = 'app:main' }\nsh = { shell = 'a | b' }\n";
    let pdm = |task: &str, args: &[&str]| pyproject(Runner::Pdm, text, task, args);
    assert_eq!(pdm("test", &["-x"]).expect("resolved"), ["$ pytest -x"]);
    assert_eq!(pdm("all", &[]).expect("resolved"), ["$ pytest tests", "$ coverage run -m pytest A=b", "$ echo done"]);
    assert_eq!(pdm("odd", &[]).expect("resolved"), ["Opaque"]);
    assert_eq!(pdm("sh", &[]).expect("resolved"), ["$ a | b"]);
    assert_eq!(pdm("absent", &[]), None);
}

#[test]
fn tasks_of_poe() {
    let text = "[tool.poe.tasks]\ntest = 'pytest'\nlint.cmd = 'ruff check'\nall = ['lint', 'test']\nci = { sequence = [{ ref = 'test' }, { cmd = 'coverage xml' }], cwd = 'x' }\ndeep = { cmd = 'pytest', cwd = 'sub', deps = ['lint'] }\nodd = { script = 'app:main' }\n";
    let poe = |task: &str, args: &[&str]| pyproject(Runner::Poe, text, task, args);
    assert_eq!(poe("test", &["-q"]).expect("resolved"), ["$ pytest -q"]);
    assert_eq!(poe("all", &[]).expect("resolved"), ["$ ruff check", "$ pytest"]);
    assert_eq!(poe("ci", &[]).expect("resolved")[1], "$ coverage xml");
    assert_eq!(poe("deep", &[]).expect("resolved"), ["$ ruff check", "$ pytest in sub"]);
    assert_eq!(poe("odd", &[]).expect("resolved"), ["Opaque"]);
}

#[test]
fn tasks_of_pixi_and_rye() {
    let pixi = "[tasks]\nbuild = 'make'\n[feature.test.tasks]\ntest = { cmd = 'pytest {{ path }}', depends-on = ['build'], cwd = 'py' }\n";
    let found = shown(&run(Runner::Pixi, &["test"], &[]), &[("pixi.toml", pixi)], &[]).expect("resolved");
    assert_eq!(found, ["$ make", "$ pytest ${TASK_FIELD} path }} in py"]);
    let rye = "[tool.rye.scripts]\ntest = { cmd = 'pytest -q' }\nall = { chain = ['test', 'test'] }\n";
    assert_eq!(pyproject(Runner::Rye, rye, "all", &[]).expect("resolved"), ["$ pytest -q", "$ pytest -q"]);
}

#[test]
fn broken_files_are_no_answer() {
    for runner in [Runner::Hatch, Runner::Pdm, Runner::Poe, Runner::Rye, Runner::Pixi] {
        for text in ["", "[", "[tool.pdm.scripts]\n", "[tool.poe]\ntasks = 3\n"] {
            assert_eq!(pyproject(runner, text, "test", &[]), None, "{runner:?} {text}");
        }
    }
}
