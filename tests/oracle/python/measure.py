"""Measures class bodies under coverage.py, in every way this Python knows, and leaves one data file for each measured source.

Usage: measure.py OUT MADE [PACKAGE_FOLDER...]
MADE is filled with made-up modules, the same for every Python; of each package folder every module is imported. Under Pyodide the
machine's files are below /host: data names them without it.
"""

import contextlib
import importlib
import io
import os
import random
import sys
import warnings
from pathlib import Path

import coverage
from coverage.data import CoverageData

MODULES = 60
# A statement of a class body; `N` becomes a number of its own.
STATEMENTS = [
    "aN: int",
    "aN: int",
    "aN: 'Later'",
    "aN: list[\n        int,\n        str\n    ]",
    "aN: int = N",
    "aN = N",
    "aN = N",
    "aN = [\n        N,\n    ]",
    "aN: int; bN = N",
    "bN = N; aN: int",
    "aN: int  # why",
    "# aN: int",
    '"""aN: int"""',
    "(aN): int",
    "pass",
    "import os as aN",
    "aN = later(N)",
    "aN: later(N)",
    "later(N)",
    "if FLAG:\n        aN: int",
    "for aN in (1, 2):\n        bN: str",
    "try:\n        aN: int\n    finally:\n        bN = N",
    "def mN(self): return N",
    "def mN(self, x: int = later(N)):\n        y: int\n        return x",
    "@same\n    def mN(self):\n        return N",
    "async def mN(self): pass",
    "def mN(self): yield N",
    "class CN: aN: int",
    "class CN:\n        bN = 1\n        aN: int\n        cN = 2",
    "lN = lambda self: N",
]
MODULE = """\
import dataclasses
import typing

FLAG = {flag}
Later = int
calls = 0


def same(thing):
    return thing


def later(number):
    global calls
    calls += 1
    if FLAG and calls == 3:
        raise ValueError(number)
    return int


{classes}

def call_all(thing):
    for name in dir(thing):
        if name.startswith("m"):
            getattr(thing, name)(thing)
        elif name.startswith("C"):
            call_all(getattr(thing, name))


for make in MAKERS:
    for _ in range(2):
        try:
            made = make()
            {use}
        except Exception:
            pass
"""
USES = ["pass", "typing.get_type_hints(made)", "call_all(made)", "dataclasses.dataclass(made)"]


def made_up(folder):
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20261121)
    modules = []
    for number in range(MODULES):
        classes = []
        for name in range(2):
            body = [chance.choice(STATEMENTS).replace("N", str(at)) for at in range(chance.randint(2, 9))]
            text = f"class K{name}:\n" + "".join(f"    {statement}\n" for statement in body) + "    pass\n"
            indented = "".join(f"    {line}\n" for line in text.splitlines())
            classes.append(f"def make{name}():\n{indented}    return K{name}\n")
        classes.append("MAKERS = [make0, make1]\n")
        text = MODULE.format(flag=number % 3 == 0, classes="\n\n".join(classes), use=chance.choice(USES))
        if number % 20 == 19:
            text = "from __future__ import annotations\n" + text
        path = folder / f"made_{number}.py"
        path.write_text(text)
        modules.append(path.stem)
    return modules


def modules_of(folder):
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "__main__" not in parts and "tests" not in parts and all(part.isidentifier() for part in parts):
            yield ".".join(parts).removesuffix(".__init__")


def import_all(modules):
    for module in modules:
        # What a module needs, or prints, is no matter.
        with contextlib.suppress(Exception, SystemExit), contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(module)


def ways():
    cores = ["pytrace"]
    with contextlib.suppress(ImportError):
        from coverage.tracer import CTracer  # noqa: F401

        cores.append("ctrace")
    for core in cores:
        yield core, False
        yield core, True
    if sys.version_info >= (3, 12):
        yield "sysmon", False
    if sys.version_info >= (3, 14):
        yield "sysmon", True


def main(out, made, *packages):
    warnings.simplefilter("ignore")
    sources = {made: made_up(made)} | {package: list(modules_of(package)) for package in packages}
    for folder in sources:
        sys.path.insert(0, str(folder))
    names = [name for modules in sources.values() for name in modules]
    known = set(sys.modules)
    for core, branch in ways():
        for name in set(sys.modules) - known:
            del sys.modules[name]
        os.environ["COVERAGE_CORE"] = core
        folders = [str(folder) for folder in sources]
        run = coverage.Coverage(data_file=None, config_file=False, branch=branch, source=folders, messages=False)
        run.start()
        import_all(names)
        run.stop()
        leave(run.get_data(), out / f"{core}-{'branch' if branch else 'line'}", branch)


def leave(data, folder, branch):
    """One data file for each source."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(data.measured_files())):
        measured = data.arcs(path) if branch else data.lines(path)
        # A source that was found only, not run, leaves no trace.
        if not measured:
            continue
        one = CoverageData(basename=str(folder / f"{number}.coverage"))
        (one.add_arcs if branch else one.add_lines)({path.removeprefix("/host"): measured})
        one.close()


if __name__ == "__main__":
    host = "/host" if os.path.isdir("/host") else ""
    main(*(Path(host + argument) for argument in sys.argv[1:]))
