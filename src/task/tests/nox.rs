//! nox.

use super::*;

fn nox(noxfile: &str, sessions: &[&str], args: &[&str]) -> Option<Vec<String>> {
    shown(&run(Runner::Nox, sessions, args), &[("noxfile.py", &format!("import nox\n{noxfile}"))], &[])
}

/// The body of one session `t`.
fn body(lines: &str, args: &[&str]) -> Vec<String> {
    let lines = lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    nox(&format!("@nox.session\ndef t(session):\n{lines}"), &["t"], args).expect("resolved")
}

#[test]
fn commands_in_order() {
    let text =
        "session.install('.')\nsession.run('pytest', 'tests')\nsession.run('coverage', 'report', external=True)\n";
    assert_eq!(body(text, &[]), ["pytest tests", "coverage report"]);
    assert_eq!(body("session.run_always('a')\nsession.run_install('b')\nsession.log('c')", &[]), ["a", "b"]);
}

#[test]
fn posargs_and_their_default() {
    assert_eq!(body("session.run('pytest', *session.posargs)", &["-k", "x"]), ["pytest -k x"]);
    let default = "args = session.posargs or ['tests', '-q']\nsession.run('pytest', *args)";
    assert_eq!(body(default, &[]), ["pytest tests -q"]);
    assert_eq!(body(default, &["one.py"]), ["pytest one.py"]);
    let branch =
        "if session.posargs:\n    args = session.posargs\nelse:\n    args = ['report']\nsession.run('coverage', *args)";
    assert_eq!(body(branch, &[]), ["coverage report"]);
    assert_eq!(body(branch, &["xml"]), ["coverage xml"]);
    assert_eq!(body("session.run('x', *(session.posargs if session.posargs else ['y']))", &[]), ["x y"]);
    assert_eq!(
        body("if '--cov' in session.posargs:\n    session.run('a')\nelse:\n    session.run('b')", &["--cov"]),
        ["a"]
    );
    let mut asked = run(Runner::Nox, &["t"], &["${{ matrix.args }}"]);
    asked.known = false;
    let text = "import nox\n@nox.session\ndef t(session):\n    session.run('pytest', *session.posargs)\n";
    assert_eq!(shown(&asked, &[("noxfile.py", text)], &[]).expect("resolved"), ["pytest <${{ matrix.args }}>"]);
}

#[test]
fn constants_and_texts() {
    let text = "PKG = 'app'\nPATHS = ['src', f'tests/{PKG}']\nMORE = (*PATHS, 'docs')\n@nox.session\ndef t(session):\n    session.run('pytest', f'--cov={PKG}', *MORE, '-n' + 'auto', str(4))\n";
    assert_eq!(nox(text, &["t"], &[]).expect("resolved"), ["pytest --cov=app src tests/app docs -nauto 4"]);
    assert_eq!(body("session.run('pytest', f'--cov={find()}')", &[]), ["Opaque", "pytest <--cov={find()}>"]);
    let paths = "from pathlib import Path\nROOT = Path(__file__).parent\n@nox.session\ndef t(session):\n    session.run('pytest', str(ROOT / 'tests'))\n";
    assert_eq!(nox(paths, &["t"], &[]).expect("resolved"), ["pytest tests"]);
}

#[test]
fn lists_that_grow() {
    let text = "args = ['pytest']\nargs.append('-v')\nargs += ['tests']\nargs.extend(['-x'])\nsession.run(*args)";
    assert_eq!(body(text, &[]), ["pytest -v tests -x"]);
    // What is added under an unknown condition leaves the end open.
    let text = "args = ['pytest', 'tests']\nif helper():\n    args.append('--cov')\nsession.run(*args)";
    assert_eq!(body(text, &[]), ["Opaque", "pytest tests <*args>"]);
}

#[test]
fn conditions() {
    assert_eq!(body("if session.interactive:\n    session.notify('u')\nsession.run('a')", &[]), ["a"]);
    assert_eq!(body("import os\nif os.environ.get('CI'):\n    session.run('a')", &[]), ["a"]);
    assert_eq!(
        body("import sys\nif sys.platform == 'win32':\n    session.run('a')\nelse:\n    session.run('b')", &[]),
        ["? a", "? b"]
    );
    // A way that may leave makes the rest uncertain.
    let text = "import sys\nif sys.platform == 'win32':\n    session.skip('no')\nsession.run('a')";
    assert_eq!(body(text, &[]), ["? a"]);
    assert_eq!(body("if not session.posargs:\n    return\nsession.run('a')", &[]), Vec::<String>::new());
    let glob = "from pathlib import Path\nif not session.posargs and any(Path().glob('.coverage.*')):\n    session.run('coverage', 'combine')\nsession.run('coverage', 'report')";
    assert_eq!(body(glob, &[]), ["? coverage combine", "coverage report"]);
    assert_eq!(body(glob, &["x"]), ["coverage report"]);
}

#[test]
fn a_session_that_ends_ends_itself_alone() {
    let text = "@nox.session\ndef a(session):\n    session.skip('no')\n    session.run('a')\n@nox.session\ndef b(session):\n    session.run('b')\n";
    assert_eq!(nox(text, &["a", "b"], &[]).expect("resolved"), ["b"]);
    assert_eq!(nox(&format!("raise SystemExit\n{text}"), &["b"], &[]), None);
}

#[test]
fn variables_for_commands() {
    assert_eq!(
        body("session.run('pytest', env={'COVERAGE_FILE': f'.coverage.{1}'})", &[]),
        ["pytest COVERAGE_FILE=.coverage.1"]
    );
    assert_eq!(body("session.env['A'] = 'b'\nsession.run('x')", &[]), ["x A=b"]);
    assert_eq!(body("import os\nsession.run('x', env={**os.environ, 'A': find})", &[]), ["x A=<>"]);
    // A dictionary that is not known may hold the one variable that matters.
    assert_eq!(body("from tools import env\nsession.run('x', env=env)", &[]), ["x COVERAGE_FILE=<>"]);
}

#[test]
fn folders() {
    let text =
        "session.chdir('backend')\nsession.run('a')\nwith session.chdir('x'):\n    session.run('b')\nsession.run('c')";
    assert_eq!(body(text, &[]), ["a in backend", "b in backend/x", "c in backend"]);
    assert_eq!(body("session.cd(session.create_tmp())\nsession.run('a')", &[]), ["a somewhere"]);
}

#[test]
fn helpers_are_followed() {
    let text = "def check(session, tool, *args, cov=False):\n    if cov:\n        session.run('coverage', 'run', '-m', tool, *args)\n        return\n    session.run(tool, *args)\n\n@nox.session\ndef t(session):\n    check(session, 'pytest', 'tests')\n\n@nox.session(name='t-cov')\ndef u(session):\n    check(session, 'pytest', 'tests', cov=True)\n";
    assert_eq!(nox(text, &["t"], &[]).expect("resolved"), ["pytest tests"]);
    assert_eq!(nox(text, &["t-cov"], &[]).expect("resolved"), ["coverage run -m pytest tests"]);
    // A helper that calls itself ends.
    let text = "def f(session):\n    session.run('a')\n    f(session)\n@nox.session\ndef t(session):\n    f(session)\n";
    assert!(nox(text, &["t"], &[]).is_some_and(|pieces| pieces.len() < 50));
}

#[test]
fn loops() {
    assert_eq!(body("for part in ('a', 'b'):\n    session.run('pytest', part)", &[]), ["pytest a", "pytest b"]);
    assert_eq!(body("for part, flag in [('a', '-x')]:\n    session.run('pytest', part, flag)", &[]), ["pytest a -x"]);
    assert_eq!(
        body("from pathlib import Path\nfor part in Path('x').iterdir():\n    session.run('pytest', part)", &[]),
        ["? pytest <part>"]
    );
    assert_eq!(body("session.run('pytest', *[f'tests/{p}' for p in ['a', 'b']])", &[]), ["pytest tests/a tests/b"]);
    assert_eq!(body("while True:\n    session.run('a')\n    break", &[]), ["? a"]);
}

#[test]
fn errors_are_handled() {
    let text = "try:\n    session.run('coverage', 'run', '-m', 'pytest')\nexcept Exception:\n    session.run('x')\n    raise\nfinally:\n    session.run('coverage', 'combine')";
    assert_eq!(body(text, &[]), ["coverage run -m pytest", "? x", "coverage combine"]);
}

#[test]
fn what_may_do_anything_is_opaque() {
    assert_eq!(body("from tools import deploy\ndeploy(session)\nsession.run('a')", &[]), ["Opaque", "a"]);
    assert_eq!(
        body("import shutil\nshutil.rmtree('build')\nopen('x').read()\nopen('y', 'w').write('z')", &[])[0],
        "Files"
    );
    assert_eq!(
        body(
            "import subprocess\nsubprocess.run(['pytest', 'x'], check=True)\nsubprocess.run('a | b', shell=True)",
            &[]
        ),
        ["pytest x", "$ a | b"]
    );
    assert_eq!(body("session.run(*find())", &[]), ["Opaque", "Opaque"]);
}

const MANY: &str = "
nox.options.sessions = ['lint', 'tests']

@nox.session
def lint(session):
    session.run('ruff')

@nox.session(python=['3.12', '3.13'], tags=['test'])
def tests(session):
    session.run('pytest', f'--junit={session.python}')
    session.notify('coverage')

@nox.session(python='3.13', name='slow-tests', tags=['test'])
@nox.parametrize('django', ['4.2', '5.0'])
def slow(session, django):
    session.install(f'django=={django}')
    session.run('pytest', django)

@nox.session(default=False)
def coverage(session):
    session.run('coverage', 'report', *session.posargs)
";

#[test]
fn sessions_by_name() {
    assert_eq!(nox(MANY, &["lint"], &[]).expect("resolved"), ["ruff"]);
    // Both interpreters; the notified session runs once, behind them.
    let both = ["pytest --junit=3.12", "pytest --junit=3.13", "coverage report"];
    assert_eq!(nox(MANY, &["tests"], &[]).expect("resolved"), both);
    assert_eq!(nox(MANY, &["tests-3.12"], &[]).expect("resolved"), ["pytest --junit=3.12", "coverage report"]);
    assert_eq!(nox(MANY, &["slow-tests"], &[]).expect("resolved"), ["pytest 4.2", "pytest 5.0"]);
    for name in ["slow-tests(django='5.0')", "slow-tests-3.13(django='5.0')", "slow-tests(django=\"5.0\")"] {
        assert_eq!(nox(MANY, &[name], &[]).expect("resolved"), ["pytest 5.0"], "{name}");
    }
    assert_eq!(nox(MANY, &["absent"], &[]), None);
    assert_eq!(nox(MANY, &["tests-3.9"], &[]), None);
}

#[test]
fn sessions_without_a_name() {
    assert_eq!(nox(MANY, &[], &[]).expect("resolved").len(), 4);
    let noxfile = format!("import nox{MANY}");
    let with = |options: &[&str], env: &[(&str, Option<&str>)]| {
        let mut asked = run(Runner::Nox, &[], &[]);
        asked.options = options.iter().map(|option| (*option).to_owned()).collect();
        shown(&asked, &[("noxfile.py", &noxfile)], env)
    };
    assert_eq!(with(&["-p 3.12"], &[]).expect("resolved"), ["pytest --junit=3.12", "coverage report"]);
    assert_eq!(with(&["-t test"], &[]).expect("resolved").len(), 5);
    assert_eq!(with(&[], &[("NOXSESSION", Some("lint"))]).expect("resolved"), ["ruff"]);
    assert_eq!(with(&[], &[("NOXSESSION", None)]), None);
    assert_eq!(with(&["-k not slow"], &[]), None);
    // Without options all sessions are run that do not say otherwise.
    let text = "@nox.session\ndef a(session):\n    session.run('a')\n@nox.session(default=False)\ndef b(session):\n    session.run('b')\n";
    assert_eq!(nox(text, &[], &[]).expect("resolved"), ["a"]);
}

#[test]
fn a_name_with_a_hole() {
    let mut asked = run(Runner::Nox, &["tests-${{ matrix.python }}"], &[]);
    asked.known = false;
    let resolution = Tasks::new(files(&[("noxfile.py", &format!("import nox{MANY}"))])).resolve(&asked, "", &[]);
    let resolution = resolution.expect("resolved");
    assert_eq!(resolution.sessions[0].python, Interpreter::Unknown);
    assert_eq!(show(&resolution.pieces[0]), "pytest <--junit={session.python}>");
}

#[test]
fn surroundings() {
    let resolution = Tasks::new(files(&[("noxfile.py", &format!("import nox{MANY}"))]))
        .resolve(&run(Runner::Nox, &["slow-tests(django='4.2')"], &[]), "", &[])
        .expect("resolved");
    assert_eq!(resolution.sessions[0].python, Interpreter::Version("3.13".to_owned()));
    assert_eq!(resolution.sessions[0].installs.as_deref(), Some(&["django==4.2".to_owned()][..]));
    let piece = &resolution.pieces[0];
    assert_eq!(piece.origin.source.slice(piece.origin.span), "session.run('pytest', django)");
}

#[test]
fn other_ways_to_declare() {
    let poetry = "from nox_poetry import Session, session\n@session(python=['3.13'])\ndef tests(session: Session) -> None:\n    session.run('pytest')\n";
    assert_eq!(nox(poetry, &["tests"], &[]).expect("resolved"), ["pytest"]);
    let requires = "@nox.session\ndef a(session):\n    session.run('a')\n@nox.session(requires=['a'])\ndef b(session):\n    session.run('b')\n";
    assert_eq!(nox(requires, &["b"], &[]).expect("resolved"), ["a", "b"]);
    let pythons = "@nox.session\n@nox.parametrize('python,dep', [('3.12', 'x'), ('3.13', 'y')])\ndef t(session, dep):\n    session.run(dep)\n";
    assert_eq!(nox(pythons, &["t"], &[]).expect("resolved"), ["x", "y"]);
    let ids = "@nox.session\n@nox.parametrize('dep', ['x', 'y'], ids=['old', 'new'])\ndef t(session, dep):\n    session.run(dep)\n";
    assert_eq!(nox(ids, &["t(new)"], &[]).expect("resolved"), ["y"]);
    let stacked = "@nox.session\n@nox.session(name='t-random')\ndef t(session):\n    if 'random' in session.name:\n        session.run('r')\n    session.run('a')\n";
    assert_eq!(nox(stacked, &["t"], &[]).expect("resolved"), ["a"]);
    assert_eq!(nox(stacked, &["t-random"], &[]).expect("resolved"), ["r", "a"]);
    // Another decorator may make anything of the session.
    let other = "from tools import twice\n@nox.session\n@twice\ndef t(session):\n    session.run('a')\n";
    assert_eq!(nox(other, &["t"], &[]).expect("resolved"), ["a", "Opaque somewhere"]);
}

#[test]
fn nothing_crashes_and_nothing_runs_away() {
    let deep = format!("X = {}1{}\n", "(".repeat(3000), ")".repeat(3000));
    let sums = format!("X = {}\n", vec!["1"; 20_000].join(" + "));
    let endless = "def f(session, n):\n    for i in ['a'] * 9:\n        f(session, n)\n        f(session, n)\n@nox.session\ndef t(session):\n    f(session, 0)\n";
    let products = "@nox.session\n@nox.parametrize('a', list('0123456789'))\n@nox.parametrize('b', ['1','2','3','4','5','6','7','8','9'])\n@nox.parametrize('c', ['1','2','3','4','5','6','7','8','9'])\n@nox.parametrize('d', ['1','2','3','4','5','6','7','8','9'])\ndef t(session, a, b, c, d):\n    session.run(a)\n";
    for text in [
        deep.as_str(),
        sums.as_str(),
        "def (",
        "@nox.session\ndef t(:\n",
        "\u{0}",
        "@nox.session\ndef t(session):\n    session.run(",
        endless,
        products,
    ] {
        // No answer is an answer.
        assert!(nox(text, &["t"], &[]).is_none_or(|pieces| pieces.len() <= MAX_PIECES));
    }
    assert_eq!(nox("@nox.session\ndef t():\n    pass\n", &["t"], &[]).expect("resolved"), Vec::<String>::new());
}
