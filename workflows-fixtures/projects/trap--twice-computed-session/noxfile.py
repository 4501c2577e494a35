import nox

from tools.sessions import commands


@nox.session
def tests(session):
    for command in commands(session.name):
        session.run(*command)


@nox.session
def coverage(session):
    session.run("pytest", *commands("coverage"))
    session.run("coverage", "report")
