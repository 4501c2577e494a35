"""The sessions of the workflow `before`: the second runs the tests of the first again."""

import nox

nox.options.default_venv_backend = "none"


@nox.session
def unit_tests(session):
    session.run("coverage", "run", "-m", "pytest", "-q", "tests")


@nox.session
def coverage_report(session):
    session.run("coverage", "run", "-m", "pytest", "-q", "tests")
    session.run("coverage", "combine")
    session.run("coverage", "xml", "-o", "build/coverage.xml")
    session.run("coverage", "report", "--fail-under=80")
