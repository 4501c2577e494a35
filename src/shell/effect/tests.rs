//! Scripts and what they do.

use super::super::coverage::CoverageSub;
use super::super::session::same_session;
use super::super::suite::{CoverageRun, Measured, TestTool, same_suite};
use super::*;

fn all(script: &str) -> Vec<Effect> {
    effects(&parse::parse(script))
}

fn one(script: &str) -> Effect {
    let mut found = all(script);
    assert_eq!(found.len(), 1, "{script}: {found:#?}");
    found.remove(0)
}

fn tests(script: &str) -> TestRun {
    match one(script).kind {
        EffectKind::Tests(run) => run,
        other => panic!("{script}: {other:#?}"),
    }
}

fn session(script: &str) -> SessionRun {
    match one(script).kind {
        EffectKind::Session(run) => run,
        other => panic!("{script}: {other:#?}"),
    }
}

fn coverage(script: &str) -> CoverageCommand {
    match one(script).kind {
        EffectKind::Coverage(command) => command,
        other => panic!("{script}: {other:#?}"),
    }
}

fn measured(script: &str) -> CoverageRun {
    match tests(script).measured {
        Some(Measured::Coverage(run)) => run,
        other => panic!("{script}: {other:#?}"),
    }
}

/// One letter per effect, `?` before a guarded one.
fn kinds(script: &str) -> String {
    let letters = |effect: Effect| match effect.kind {
        EffectKind::Tests(_) => "T",
        EffectKind::Session(_) => "S",
        EffectKind::Coverage(_) => "C",
        EffectKind::SlipcoverMerge(_) => "M",
        EffectKind::Apply(_) => "A",
        EffectKind::Files(_) => "F",
        EffectKind::WritesEnv(_) => "E",
        EffectKind::WritesOutput(_) => "O",
        EffectKind::Inert => ".",
        EffectKind::Opaque => "X",
    };
    all(script).into_iter().flat_map(|e| [if e.guarded { "?" } else { "" }, letters(e)]).collect()
}

#[test]
fn wrappers_do_not_hide_the_tool() {
    for script in [
        "pytest",
        "python -m pytest",
        "python3.12 -X dev -W error -m pytest",
        "py -3 -m pytest",
        "python -Im pytest",
        "python -mpytest",
        "uv run pytest",
        "uv run --frozen --extra test -- pytest",
        "uv run -m pytest",
        "uv run --group dev python -m pytest",
        "uv --quiet run pytest",
        "uvx --with pytest-cov pytest@latest",
        "uv tool run --from pytest pytest",
        "poetry run pytest",
        "pdm run pytest",
        "pipenv run pytest",
        "hatch run pytest",
        "hatch run test:pytest",
        "hatch -e test run pytest",
        "rye run pytest",
        "pixi run -e test pytest",
        "A=b pytest",
        "env -u X A=b pytest",
        "sudo -E pytest",
        "time pytest",
        "exec pytest",
        "nice -n 5 pytest",
        "timeout -k 5 60 pytest",
        "xvfb-run -a -s '-screen 0 1x1x8' pytest",
        "xvfb-run --auto-servernum uv run pytest",
        "micromamba run -n env pytest",
        "conda run -n e --no-capture-output pytest",
        ".venv/bin/pytest",
        "$VENV/bin/python -m pytest",
        ".venv\\\\Scripts\\\\pytest.exe",
        "bash -c pytest",
        "bash -euo pipefail -c 'pytest'",
        "sh -c \"exec pytest\"",
        "eval pytest",
        "pytest -v -n auto --durations=5 -p no:cacheprovider -x -ra --tb short --cov=src",
    ] {
        assert_eq!(kinds(script), "T", "{script}");
        assert!(same_suite(&tests(script), &tests("pytest")), "{script}");
    }
    assert_eq!(tests("bash -c \"behave features/\"").selection, ["features"]);
    assert_eq!(kinds("nox -s a && bash -c 'cd x; pytest || true; nox'"), "S.T?.S");
}

#[test]
fn ci_lint_apply_reads_coverage_data_and_ci_lint_lint_does_not() {
    let apply = |script: &str| match one(script).kind {
        EffectKind::Apply(command) => command,
        other => panic!("{script}: {other:#?}"),
    };
    let named = apply("uvx ci-lint@0.1 apply --fail-under 97 data/ -v more/.coverage.*");
    assert_eq!(named.data.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["data/", "more/.coverage.*"]);
    assert!(!named.other_run && named.artifacts.is_none());
    assert!(apply("ci-lint apply").data.is_empty());
    assert_eq!(apply("ci-lint apply --artifacts=coverage-*").artifacts.as_deref(), Some("coverage-*"));
    assert!(apply("ci-lint apply --run-id 12").other_run);
    assert_eq!(kinds("ci-lint check\nci-lint lint .github\nci-lint apply --help\nci-lint"), "....");
}

#[test]
fn mentions_are_no_test_runs() {
    for script in [
        "echo \"run pytest to test\"",
        "pip install pytest coverage",
        "python -m pip install pytest",
        "uv pip install pytest",
        "which pytest",
        "command -v pytest",
        "coverage --version",
        "pytest --version",
        "pytest --collect-only -q",
        "pytest --help",
        "behave --dry-run",
        "nox --list",
        "nox -l",
        "tox -l",
        "tox list",
        "tox --notest",
        "cat <<EOF\npytest\nEOF",
        "python --version",
        "uv sync --group test",
        "poetry install --with test",
        "source .venv/bin/activate",
        "apt-get install -y python3-pytest",
        "export PYTEST_ADDOPTS=-v",
        "coverage report --help",
        "uv tool install nox",
        "grep -q pytest x",
        "docker build -t pytest .",
        "pre-commit run --all-files",
        "uvx ruff check",
        "python -m mypy src",
        "git diff",
        "nox --install-only -s tests",
    ] {
        assert_eq!(kinds(script), ".", "{script}");
    }
    assert_eq!(kinds("# pytest\n"), "");
}

#[test]
fn what_cannot_be_known_is_opaque() {
    for script in [
        "$CMD",
        "${{ inputs.command }}",
        "python -c 'import pytest; pytest.main()'",
        "python - <<EOF\nimport pytest\nEOF",
        "bash <<EOF\npytest\nEOF",
        "docker run x pytest",
        "curl -o .coverage https://example.org",
        "xargs pytest",
        "coverage $SUB",
        "uv run $CMD",
        "gh run download",
        "npm test",
        "pytest() { echo; }\npytest",
        "coverage run -m pytest --version",
        "ssh host pytest",
        "poetry run start",
        "find . -name tests -exec pytest {} +",
        "trap pytest EXIT",
    ] {
        assert!(kinds(script).ends_with('X'), "{script}: {}", kinds(script));
    }
    assert_eq!(kinds("echo 'a"), ".X");
}

#[test]
fn guards_follow_the_script() {
    assert_eq!(kinds("if [ -f x ]; then pytest; fi"), ".?T");
    assert_eq!(kinds("pytest || true"), "T?.");
    assert_eq!(kinds("pytest tests && coverage report"), "TC");
    assert_eq!(kinds("[ \"$A\" = b ] && pytest"), ".?T");
}

#[test]
fn selections() {
    let run = tests(
        "pytest --cov=src --cov-report=xml:cov/coverage.xml -q ./tests/unit/ -k \"not slow\" --ignore=tests/x/ -m 'a and b' --runslow",
    );
    assert_eq!(run.selection, ["tests/unit", "-k not slow", "--ignore tests/x", "-m a and b", "--runslow"]);
    assert!(run.selection_known);
    assert_eq!(run.measured, Some(Measured::PytestCov { append: false, config: None }));
    assert_eq!((run.reports[0].format.as_str(), run.reports[0].path.as_deref()), ("xml", Some("cov/coverage.xml")));
    assert_eq!(
        tests("pytest --cov src --cov-report term-missing:skip-covered --cov-fail-under=90").reports[0].path,
        None
    );
    assert!(tests("pytest --cov --cov-fail-under=90").fail_under);
    assert_eq!(tests("pytest --cov --no-cov").measured, None);
    assert_eq!(tests("pytest --cov-report=xml").measured, None);
    assert!(!tests("pytest $ARGS").selection_known);
    assert!(!tests("pytest -k $ARGS").selection_known);
    assert!(same_suite(
        &tests("pytest -k 'a b' tests"),
        &tests("python -m coverage run -m pytest tests/ -k='a b' -n 4")
    ));
    for other in [
        "pytest tests/unit",
        "pytest -k x tests",
        "pytest --slow tests",
        "behave tests",
        "pytest tests $X",
        "pytest --lf tests",
    ] {
        assert!(!same_suite(&tests("pytest tests"), &tests(other)), "{other}");
    }
    let run = tests("behave --tags=~@slow -f progress --no-capture features/");
    assert_eq!((run.tool, run.selection), (TestTool::Behave, vec!["features".to_owned(), "-t ~@slow".to_owned()]));
    let run = tests("python -m unittest discover -s tests/ -v");
    assert_eq!((run.tool, run.selection), (TestTool::Unittest, vec!["discover".to_owned(), "-s tests".to_owned()]));
    let run = tests("python manage.py test --parallel 4 app --tag=fast");
    assert_eq!((run.tool, run.selection), (TestTool::DjangoTest, vec!["app".to_owned(), "--tag fast".to_owned()]));
    assert_eq!(tests("./manage.py test").tool, TestTool::DjangoTest);
    assert_eq!(tests("python -m nose2").tool, TestTool::Nose2);
    assert_eq!(kinds("python manage.py migrate; ./manage.py test"), "XT");
}

#[test]
fn coverage_run() {
    let run = measured("uv run --frozen coverage run -p -m pytest tests -n auto");
    assert!(run.parallel && run.data_file.is_none());
    assert_eq!(tests("uv run --frozen coverage run -p -m pytest tests -n auto").selection, ["tests"]);
    let script = "coverage run --parallel-mode -a --branch --data-file=.coverage.x --rcfile ci.toml --source=src -m behave features";
    let run = measured(script);
    assert!(run.parallel && run.append && run.branch);
    assert_eq!((run.data_file.as_deref(), run.rcfile.as_deref()), (Some(".coverage.x"), Some("ci.toml")));
    assert_eq!((tests(script).tool, tests(script).selection), (TestTool::Behave, vec!["features".to_owned()]));
    assert!(measured("coverage run -pm pytest").parallel);
    assert!(measured("coverage run --parallel -m pytest").parallel);
    assert_eq!(tests("coverage run manage.py test").tool, TestTool::DjangoTest);
    assert_eq!(tests("coverage run -m unittest").tool, TestTool::Unittest);
    assert_eq!(tests("coverage run script.py --opt").tool, TestTool::Other("script.py".to_owned()));
    assert_eq!(tests("coverage run").tool, TestTool::Other(String::new()));
    assert!(!same_suite(&tests("coverage run"), &tests("coverage run")));
    assert_eq!(
        measured("coverage run --data-file=.coverage.${{ matrix.x }} -m pytest").data_file.as_deref(),
        Some(".coverage.${{ matrix.x }}")
    );
}

#[test]
fn slipcover() {
    let run = tests("python -m slipcover --json --out cov.json --source src -m pytest -x tests");
    assert_eq!((run.tool, run.selection), (TestTool::Pytest, vec!["tests".to_owned()]));
    assert_eq!(run.measured, Some(Measured::Slipcover { out: Some("cov.json".to_owned()), json: true, xml: false }));
    let run = tests("slipcover --branch --fail-under 90 run_tests.py -m x");
    assert_eq!(
        (run.tool, run.selection, run.fail_under),
        (TestTool::Other("run_tests.py".to_owned()), vec!["-m".to_owned(), "x".to_owned()], true)
    );
    let EffectKind::SlipcoverMerge(merge) = one("slipcover --merge a.json b.json --out c.json --fail-under=80").kind
    else {
        panic!()
    };
    assert_eq!(merge.inputs.len(), 2);
    assert_eq!((merge.out.as_deref(), merge.fail_under.as_deref()), (Some("c.json"), Some("80")));
}

#[test]
fn coverage_commands() {
    let command = coverage("coverage combine coverage-data/ --keep");
    assert_eq!(
        (command.sub, command.paths[0].text.as_str(), command.keep),
        (CoverageSub::Combine, "coverage-data/", true)
    );
    assert!(coverage("coverage combine $DIR").dynamic);
    assert!(coverage("coverage combine data/.coverage.*").paths[0].glob);
    let command = coverage("python3 -m coverage xml -o cov.xml --fail-under=100 --data-file x --rcfile=y -q");
    assert_eq!(
        (command.sub, command.output.as_deref(), command.fail_under.as_deref()),
        (CoverageSub::Xml, Some("cov.xml"), Some("100"))
    );
    assert_eq!((command.data_file.as_deref(), command.rcfile.as_deref()), (Some("x"), Some("y")));
    assert!(coverage("coverage3 html -d site").output.is_some());
    let script = "python -Im coverage combine; python -Im coverage html --skip-covered --skip-empty; \
        python -Im coverage report | sed 's/^/    /' >> $GITHUB_STEP_SUMMARY; python -Im coverage report --fail-under=100";
    assert_eq!(kinds(script), "CCC.C");
    assert!(all(script)[2].piped_out);
    assert_eq!(kinds("TOTAL=$(coverage report --format=total)\necho \"total=$TOTAL\" >> $GITHUB_OUTPUT"), "CO");
}

#[test]
fn sessions() {
    let run = session("nox -s unit_tests -- --processes 4");
    assert_eq!(
        (run.runner, run.sessions, run.args),
        (Runner::Nox, vec!["unit_tests".to_owned()], vec!["--processes".to_owned(), "4".to_owned()])
    );
    assert_eq!(session("uv run nox -s coverage_report").sessions, ["coverage_report"]);
    assert_eq!(session("nox --session tests-3.12").sessions, ["tests-3.12"]);
    assert_eq!(session("nox -rs tests coverage").sessions, ["tests", "coverage"]);
    assert_eq!(session("nox --sessions=a -p 3.12").options, ["-p 3.12"]);
    assert_eq!(session("nox -s a -s b").sessions, ["b"]);
    assert!(session("nox").sessions.is_empty());
    assert!(!session("nox -s tests-${{ matrix.python }}").known);
    let run = session("python -Im tox run -f py${{ matrix.py }}");
    assert_eq!((run.runner, run.known), (Runner::Tox, false));
    assert_eq!(session("tox -e py311,lint -- -k x").sessions, ["py311", "lint"]);
    assert_eq!(session("tox run -e 'py3{10,11}-x' -p auto").sessions, ["py3{10,11}-x"]);
    assert_eq!(session("make -j 4 -C sub test COV=1").sessions, ["test"]);
    assert_eq!(one("make -C sub test").cwd, Cwd::Known("sub".to_owned()));
    assert_eq!(session("just test unit").args, ["unit"]);
    assert_eq!(session("hatch run test:cov").sessions, ["test:cov"]);
    assert_eq!(session("hatch run +py=3.12 cov").sessions, ["cov"]);
    assert_eq!(session("hatch test --cover").runner, Runner::Hatch);
    assert_eq!(session("pdm run cov").runner, Runner::Pdm);
    assert_eq!(session("poetry run poe test").runner, Runner::Poe);
    assert_eq!(session("inv test").runner, Runner::Invoke);
    for script in ["./ci.sh", "bash ci.sh", "source ci.sh", "python scripts/x.py", "uv run scripts/x.py"] {
        assert_eq!(session(script).runner, Runner::Script, "{script}");
    }
}

#[test]
fn same_sessions() {
    let same = |a: &str, b: &str| same_session(&session(a), &session(b));
    assert!(same(
        "nox -s unit_tests -- --coverage --parallel",
        "uv run nox -s unit_tests lint -- --sequential -n 4 -vv"
    ));
    assert!(same("nox", "nox"));
    assert!(!same("nox", "nox -s tests"));
    assert!(!same("nox -s tests-3.12", "nox -s tests"));
    assert!(!same("nox -s tests -- tests/unit", "nox -s tests"));
    assert!(!same("nox -s tests -p 3.11", "nox -s tests -p 3.12"));
    assert!(!same("nox -s tests", "tox -e tests"));
    assert!(!same("nox -s $X", "nox -s $X"));
}

#[test]
fn directories() {
    let cwds = |script: &str| {
        all(script).into_iter().filter(|e| e.kind != EffectKind::Inert).map(|e| e.cwd).collect::<Vec<_>>()
    };
    let known = |s: &str| Cwd::Known(s.to_owned());
    assert_eq!(cwds("cd a && pytest; cd ./b/..; pytest; cd ..; pytest"), [known("a"), known("a"), Cwd::Unchanged]);
    assert_eq!(cwds("(cd a; pytest); pytest"), [known("a"), Cwd::Unchanged]);
    assert_eq!(cwds("cd $X; pytest; cd /a; pytest"), [Cwd::Unknown, known("/a")]);
    assert_eq!(cwds("pushd a; pytest"), [Cwd::Unknown]);
    assert_eq!(cwds("if x; then cd a; fi; pytest").last(), Some(&Cwd::Unknown));
    assert_eq!(cwds("cd a | b; pytest").last(), Some(&Cwd::Unchanged));
    assert_eq!(cwds("{ cd a; (pytest); } | tee x.log; pytest"), [known("a"), Cwd::Unchanged]);
    assert_eq!(cwds("uv run --directory a pytest; pytest"), [known("a"), Cwd::Unchanged]);
    assert_eq!(cwds("bash -c 'cd a; pytest'; pytest"), [known("a"), Cwd::Unchanged]);
}

#[test]
fn variables() {
    let script = parse::parse(
        "export COVERAGE_FILE=.coverage.a\npytest\nCOVERAGE_FILE=.coverage.b pytest\nenv COVERAGE_FILE=$X pytest",
    );
    let seen: Vec<Variable> = effects(&script)
        .iter()
        .filter(|e| e.kind != EffectKind::Inert)
        .map(|e| e.variable(&script, "COVERAGE_FILE"))
        .collect();
    assert_eq!(
        seen,
        [Variable::Known(".coverage.a".to_owned()), Variable::Known(".coverage.b".to_owned()), Variable::Unknown]
    );
}

#[test]
fn forge_files() {
    let writes = |script: &str| match all(script).pop().map(|e| e.kind) {
        Some(EffectKind::WritesEnv(write)) => write,
        other => panic!("{script}: {other:#?}"),
    };
    let entry = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    for target in ["$GITHUB_ENV", "\"$GITHUB_ENV\"", "${GITHUB_ENV}", "\"${{ github.env }}\"", "$FORGEJO_ENV"] {
        assert_eq!(writes(&format!("echo \"A=b c\" >> {target}")).entries, [entry("A", Some("b c"))], "{target}");
    }
    assert_eq!(writes("echo \"A=$B\" | tee -a $GITHUB_ENV").entries, [entry("A", None)]);
    assert_eq!(writes("{ echo A=1; echo B=2; } >> $GITHUB_ENV").entries, [entry("B", Some("2"))]);
    assert_eq!(
        writes("cat <<EOF >> $GITHUB_ENV\nA=1\nB<<X\nb\nX\nEOF").entries,
        [entry("A", Some("1")), entry("B", Some("b"))]
    );
    assert_eq!(writes("printf 'A=%s\\nB=2\\n' x >> $GITHUB_ENV").entries, [entry("A", None), entry("B", Some("2"))]);
    assert!(writes("python x.py >> $GITHUB_ENV").dynamic);
    assert!(writes("echo \"$NAME=1\" >> $GITHUB_ENV").dynamic);
    assert_eq!(kinds("python x.py >> $GITHUB_ENV"), "SE");
    assert_eq!(kinds("echo x >> $GITHUB_STEP_SUMMARY; echo a >> $GITHUB_PATH"), "..");
}

#[test]
fn files() {
    for script in [
        "mv .coverage .coverage.a",
        "cp a b",
        "tar xf a",
        "rm -rf x",
        "find . -name '.cov*' -exec mv {} . \\;",
        "git clean -fdx",
        "sed -i s/a/b/ x",
        "cat a > .coverage",
        "echo '[run]' > .coveragerc",
        "base64 -d x > data",
        "> .coverage",
    ] {
        assert_eq!(kinds(script), "F", "{script}");
    }
    for script in ["echo x > notes", "ls > files.txt", "cat a >/dev/null", "echo a 2>&1"] {
        assert_eq!(kinds(script), ".", "{script}");
    }
    assert_eq!(one("pytest > coverage.txt").writes[0].text, "coverage.txt");
}

#[test]
fn spans_start_at_the_tool() {
    let script = "A=b uv run --frozen pytest -q tests | tee x.log";
    let span = all(script)[0].span;
    assert_eq!(&script[span.start..span.end], "pytest -q tests");
}
