"""The sessions the workflow beside this file runs."""

import nox

nox.options.default_venv_backend = "uv"
PYTHON = "3.13"


@nox.session(python=PYTHON)
def lint(session):
    session.install("ruff")
    session.run("ruff", "check", "src", "features")


@nox.session(python=PYTHON)
def format(session):
    session.install("ruff")
    session.run("ruff", "format", *session.posargs, "src", "features")


@nox.session(python=PYTHON)
def typecheck(session):
    session.install(".", "pyright")
    session.run("pyright", "src")


@nox.session(python=PYTHON)
def security_scan(session):
    session.install("bandit")
    session.run("bandit", "-r", "src")


@nox.session(python=PYTHON)
def dependency_audit(session):
    session.install("pip-audit")
    session.run("pip-audit")


@nox.session(python=PYTHON)
def dead_code(session):
    session.install("vulture")
    session.run("vulture", "src")


@nox.session(python=PYTHON)
def complexity(session):
    session.install("radon")
    session.run("radon", "cc", "--min", "C", "src")


@nox.session(python=PYTHON)
def unit_tests(session):
    # `--coverage` measures in every worker: each writes its own .coverage.<host>.<pid> file.
    session.install(".[test]")
    features = [arg for arg in session.posargs if arg != "--coverage"] or ["features"]
    env = {"COVERAGE_PROCESS_START": "pyproject.toml"} if "--coverage" in session.posargs else {}
    session.run("behavex", "--parallel-processes", "8", *features, env=env)


@nox.session(python=PYTHON)
def integration_tests(session):
    session.install(".[test]")
    session.run("behave", "features_integration", *session.posargs)


@nox.session(python=PYTHON)
def e2e_tests(session):
    session.install(".[test]")
    session.run("behave", "features_e2e", *session.posargs)


@nox.session(python=PYTHON)
def build(session):
    session.install("build")
    session.run("python", "-m", "build")
