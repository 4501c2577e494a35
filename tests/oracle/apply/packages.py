"""Real packages from PyPI, and the ways in which their own tests are measured.

Each way is a folder that holds `project/`, the package as its authors publish it, and data that a CI would hand over.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A source distribution, and the part of its tests that is quick and passes."""

    version: str
    source: str
    tests: tuple
    # What `--quick` measures; every mode appears in one of the packages.
    quick: tuple = ()


def files(folder, names):
    return tuple(f"{folder}/test_{name}.py" for name in names.split())


PACKAGES = {
    "itsdangerous": Package(
        "2.2.0",
        "src/itsdangerous",
        files("tests/test_itsdangerous", "encoding signer timed serializer jws url_safe")[:4],
        quick=("line", "branch", "contexts", "parts", "workers", "relative", "paths", "broken"),
    ),
    "jinja2": Package(
        "3.1.6",
        "src/jinja2",
        files("tests", "api async_filters core_tags ext filters imports inheritance lexnparse loader regression security"),
        quick=("contexts",),
    ),
    "packaging": Package(
        "26.3",
        "src/packaging",
        files("tests", "elffile licenses manylinux metadata musllinux requirements tags utils"),
        quick=("paths",),
    ),
    "click": Package(
        "8.5.1",
        "src/click",
        files("tests", "arguments basic chain commands context formatting options parser shell_completion termui testing"),
        quick=("workers",),
    ),
    "more-itertools": Package("10.8.0", "more_itertools", ("tests/test_recipes.py",)),
}


@dataclass
class Measured:
    """What was measured, and how both sides are told about it."""

    project: Path
    # Inputs as they are named on the command line, seen from the project; none for the default.
    inputs: list
    # Sections of the configuration that have to do with measuring, mapping and finding.
    sections: dict = field(default_factory=dict)
    source: str = ""
    contexts: bool = False
    # So many contexts that a JSON report with all of them is out of reach.
    many: bool = False
    # Files that are no longer what was measured.
    broken: list = field(default_factory=list)


def config_text(sections, prefix=""):
    """Sections as an INI file; a list is an option of several lines."""
    out = []
    for section, options in sections.items():
        out.append(f"[{prefix}{section}]")
        for name, value in options.items():
            value = "\n    ".join(["", *value]) if isinstance(value, list) else str(value)
            out.append(f"{name} = {value}")
    return "\n".join(out) + "\n"


def unpacked(work, name):
    """The package's source tree, fetched once."""
    package = PACKAGES[name]
    folder = work / "packages" / f"{name}-{package.version}"
    if not folder.exists():
        scratch = work / "packages" / f"{name}.part"
        shutil.rmtree(scratch, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--no-binary", ":all:", "--dest", str(scratch), f"{name}=={package.version}"]
        subprocess.run(pip, check=True)
        (archive,) = scratch.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (tree,) = (path for path in scratch.iterdir() if path.is_dir())
        tree.rename(folder)
        shutil.rmtree(scratch)
    return folder


def run_tests(project, package, sections, tests, *options, pytest=(), rc="measure.rc"):
    """Runs tests under the real coverage.py."""
    (project / rc).write_text(config_text(sections))
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={rc}", *options, "-m", "pytest", "-q"]
    command += ["-p", "no:cacheprovider", "-p", "no:randomly", *pytest, *tests]
    environment = {**os.environ, "PYTHONPATH": str((project / package.source).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    (project.parent / "log").write_text(done.stdout + done.stderr)
    # A test that fails in this environment is no matter: the data is what counts. Tests that were not found are.
    if done.returncode not in (0, 1):
        raise SystemExit(f"the tests of {project} could not be run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def halves(tests, number):
    return [tests[start::number] for start in range(number) if tests[start::number]]


def measure(work, name, mode):
    """The measurement, made once."""
    package = PACKAGES[name]
    place = work / "data" / f"{sys.version_info.major}.{sys.version_info.minor}" / name / mode
    fresh = not (place / "ready").exists()
    if fresh:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        shutil.copytree(unpacked(work, name), place / "project")
    measured = Measured(place / "project", ["data"], source=package.source)
    MODES[mode](measured, package, fresh)
    (place / "ready").touch()
    return measured


def line(measured, package, fresh):
    """One process, one file, no branches."""
    measured.sections = {"run": {"source": package.source}}
    measured.inputs = ["data/.coverage"]
    if fresh:
        run_tests(measured.project, package, measured.sections, package.tests, "--data-file=data/.coverage")


def branch(measured, package, fresh):
    """One process, one file, with branches."""
    measured.sections = {"run": {"source": package.source, "branch": "true"}}
    measured.inputs = ["data/.coverage"]
    if fresh:
        run_tests(measured.project, package, measured.sections, package.tests, "--data-file=data/.coverage")


def contexts(measured, package, fresh):
    """Each test function is a context."""
    measured.sections = {"run": {"source": package.source, "branch": "true", "dynamic_context": "test_function"}}
    measured.inputs = ["data/.coverage"]
    measured.contexts = True
    measured.many = package is not PACKAGES["itsdangerous"]
    if fresh:
        run_tests(measured.project, package, measured.sections, package.tests, "--data-file=data/.coverage")


def parts(measured, package, fresh):
    """Several processes in parallel mode, each with a part of the tests and a context of its own."""
    measured.sections = {"run": {"source": package.source}}
    measured.contexts = True
    if fresh:
        share = halves(package.tests, 3) if len(package.tests) > 1 else [package.tests] * 2
        for number, tests in enumerate(share):
            more = [f"--context=part|{number}", "--parallel-mode", "--data-file=data/.coverage"]
            run_tests(measured.project, package, measured.sections, tests, *more)


def workers(measured, package, fresh):
    """pytest-xdist: each worker leaves a file beside the main one. Nobody is told where."""
    run = {"source": package.source, "branch": "true", "parallel": "true", "patch": "subprocess"}
    measured.sections = {"run": run}
    measured.inputs = []
    if fresh:
        run_tests(measured.project, package, measured.sections, package.tests, pytest=["-n", "3"])
        found = len(list(measured.project.glob(".coverage.*")))
        if found < 3:
            raise SystemExit(f"{measured.project}: {found} data files of 3 workers")


def relative(measured, package, fresh):
    """Paths are recorded relative to the folder."""
    run = {"source": package.source, "branch": "true", "parallel": "true", "relative_files": "true"}
    measured.sections = {"run": run}
    if fresh:
        for tests in halves(package.tests, 2) if len(package.tests) > 1 else [package.tests]:
            run_tests(measured.project, package, measured.sections, tests, "--data-file=data/.coverage")


def paths(measured, package, fresh):
    """Measured in other places, as in containers, of which only the data is left."""
    run = {"source": package.source, "branch": "true", "parallel": "true"}
    measured.sections = {"run": run, "paths": {"code": [package.source, f"*/job*/build/{package.source}"]}}
    if fresh:
        for number, tests in enumerate(halves(package.tests, 2) if len(package.tests) > 1 else [package.tests] * 2):
            elsewhere = measured.project.parent / f"job{number}" / "build"
            shutil.copytree(measured.project, elsewhere)
            run_tests(elsewhere, package, {"run": run}, tests)
            for file in elsewhere.glob(".coverage.*"):
                (measured.project / "data").mkdir(exist_ok=True)
                shutil.move(file, measured.project / "data" / file.name)
            shutil.rmtree(elsewhere.parent)


def broken(measured, package, fresh):
    """As `branch`, but since then one source was deleted and another no longer parses."""
    branch(measured, package, fresh)
    sources = sorted((measured.project / package.source).glob("*.py"), key=lambda path: (path.stat().st_size, path.name))
    if fresh:
        sources[-1].unlink()
        sources[-2].write_text("def half_a_function(:\n")


MODES = {way.__name__: way for way in (line, branch, contexts, parts, workers, relative, paths, broken)}
