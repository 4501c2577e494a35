import nox


@nox.session(python="3.13")
def tests(session):
    session.install(".[test]")
    session.run("pytest", "tests", *session.posargs)


@nox.session(python="3.13")
def oldest(session):
    """The least versions that are allowed; measuring them would tell nothing."""
    session.install(".[test]", "django==4.2", "attrs==21.3")
    session.run("pytest", "tests", "--no-cov")


@nox.session(python=["3.11", "3.12"])
def other_python(session):
    session.install(".[test]")
    session.run("pytest", "tests")


@nox.session(python="3.13")
def coverage(session):
    session.install(".[test]")
    session.run("coverage", "run", "-m", "pytest", "tests")
    session.run("coverage", "report")
