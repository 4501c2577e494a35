import os

import nox

PYTHON = "3.13"
FEATURES = ["features"]


def behave(session, *options):
    """Run the features; coverage keeps them in one process."""
    session.install(".[test]")
    command = ["coverage", "run", "-m", "behave"] if "--coverage" in options else ["behave"]
    session.run(*command, *FEATURES, *session.posargs)


@nox.session(python=PYTHON)
def unit_tests(session):
    behave(session)


@nox.session(python=PYTHON)
def coverage_report(session):
    behave(session, "--coverage")
    session.run("coverage", "report", "--fail-under=97")
