"""Makes coverage data as a large acceptance-test run leaves it: `make(folder, sources)` for benches/apply.

The sources are real ones. What was executed is made up, but possible: a process imports most files and walks through
some of their functions, from line to line, along arcs that coverage.py's parser says exist. coverage.py's own
`CoverageData` writes the files, so that their schema is its own. The same sources give the same measurements.

    tree/          the largest FILES files of the sources
    branch/        DATA data files measured with branches, four of them repeated by others
    line/          the same measurements without branches
    contexts/      data files with contexts; contexts-twice/ has two times as many
    slipcover/     CHUNKS results of slipcover with branches

Runs under the Python that has coverage.py and slipcover.
"""

import ast
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import string
import sys
import warnings

from coverage import CoverageData
from coverage.parser import PythonParser
from slipcover.slipcover import add_summaries

FILES = 600
DATA = 339
REPEATED = 4
CHUNKS = 32
CONTEXT_DATA = 20
CONTEXTS = 10
IMPORTED = 0.75
CALLED = 0.06
STEPS = 400
# A change of what is made has to change this: data of another version is made again.
VERSION = 1


class Code:
    """Where execution can go in one source."""

    def __init__(self, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser = PythonParser(filename=str(path))
            parser.parse_source()
            arcs = parser.arcs()
            module = ast.parse(parser.text)
        self.lines = parser.text.count("\n")
        self.statements = parser.statements
        self.exits = {}
        for start, end in sorted(arcs):
            self.exits.setdefault(start, []).append(end)
        self.branches = [
            (start, end) for start, ends in self.exits.items() if start > 0 and len(ends) > 1 for end in ends
        ]
        # Ways in are no arcs to the parser: a code object's line and that of its first statement.
        self.at_import, self.functions = [], []
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        for node in ast.walk(module):
            if isinstance(node, (ast.Module, ast.ClassDef, *functions)):
                start = min([getattr(node, "lineno", 1), *(d.lineno for d in getattr(node, "decorator_list", []))])
                body = [line for line in (parser.first_line(child.lineno) for child in node.body) if line in self.exits]
                if body:
                    entry = (-parser.first_line(start), body[0])
                    (self.functions if isinstance(node, functions) else self.at_import).append(entry)

    def walk(self, chance, entry, arcs):
        """One way from an entry to an exit, or as far as STEPS go."""
        arcs.add(entry)
        line = entry[1]
        for _ in range(STEPS):
            ends = self.exits.get(line)
            if not ends:
                return
            end = chance.choice(ends)
            arcs.add((line, end))
            if end < 0:
                return
            line = end


def process(codes, seed):
    """The executed arcs by path of one process."""
    chance = random.Random(seed)
    executed = {}
    for path, code in codes.items():
        if chance.random() < IMPORTED:
            arcs = executed[path] = set()
            called = [entry for entry in code.functions if chance.random() < CALLED]
            for entry in [*code.at_import, *called, *called]:
                code.walk(chance, entry, arcs)
    return executed


def lines(arcs):
    return {end for arc in arcs for end in arc if end > 0}


def write_data(folder, number, shares, branches):
    """Writes one data file: `shares` are pairs of a context and executed arcs by path."""
    chance = random.Random(number)
    own = CoverageData(str(folder / ".coverage"), suffix=True)
    for context, executed in shares:
        own.set_context(context)
        if branches:
            own.add_arcs(executed)
        else:
            own.add_lines({path: lines(arcs) for path, arcs in executed.items()})
    own.write()
    own.close(force=True)
    # Names as real ones, but the same each time; the hash in them is coverage.py's.
    written = pathlib.Path(own.data_filename())
    some = "".join(chance.choice(string.ascii_letters) for _ in range(6))
    end = re.search(r"\.H\w{10}h$", written.name).group()
    name = f".coverage.runner-{number % 32:02d}.pid{1000 + number}.X{some}x{end}"
    written.rename(folder / name)
    if number < REPEATED:
        shutil.copyfile(folder / name, folder / name.replace(f".pid{1000 + number}.", f".pid{9000 + number}."))


def write_chunk(folder, number, codes, executed):
    """Writes one result of slipcover; exits are 0 in its branches."""
    files = {}
    for path, code in codes.items():
        arcs = executed.get(path, set())
        seen = lines(arcs)
        taken = [arc for arc in code.branches if arc in arcs]
        others = [arc for arc in code.branches if arc not in arcs]
        files[os.path.relpath(path, folder.parent)] = {
            "executed_lines": sorted(code.statements & seen),
            "missing_lines": sorted(code.statements - seen),
            "executed_branches": sorted({(start, max(end, 0)) for start, end in taken}),
            "missing_branches": sorted({(start, max(end, 0)) for start, end in others}),
        }
    meta = {"software": "slipcover", "version": "1.1.0", "timestamp": "2026-01-01T00:00:00.000000"}
    result = {"meta": {**meta, "branch_coverage": True, "show_contexts": False}, "files": files}
    add_summaries(result)
    with open(folder / f"chunk-{number:02d}.json", "w", encoding="utf-8") as out:
        json.dump(result, out)


def by_context(executed, number, chance):
    """The files of one process divided into contexts, most arcs in one, some in two."""
    shares = [{} for _ in range(CONTEXTS)]
    for path, arcs in executed.items():
        for arc in sorted(arcs):
            for _ in range(chance.choice((1, 1, 2))):
                chance.choice(shares).setdefault(path, set()).add(arc)
    return [(f"feature_{number * CONTEXTS + at:03d}.Scenario", share) for at, share in enumerate(shares)]


def work(job):
    kind, number, codes, out = *job, work.codes, work.out
    if kind == "data":
        executed = process(codes, number)
        for kind, branches in [("branch", True), ("line", False)]:
            write_data(out / kind, number, [("", executed)], branches)
    elif kind == "contexts":
        shares = by_context(process(codes, f"context {number}"), number, random.Random(number))
        folders = ["contexts", "contexts-twice"] if number < CONTEXT_DATA else ["contexts-twice"]
        for folder in folders:
            write_data(out / folder, REPEATED + number, shares, True)
    else:
        executed = {}
        for part in range(number, DATA - REPEATED, CHUNKS):
            for path, arcs in process(codes, part).items():
                executed.setdefault(path, set()).update(arcs)
        write_chunk(out / "slipcover", number, codes, executed)


def make(out, sources):
    """Fills a folder, unless that was done before, and tells what is in it."""
    out, said = pathlib.Path(out).resolve(), pathlib.Path(out).resolve() / "made.json"
    if said.exists() and (made := json.loads(said.read_text()))["version"] == VERSION:
        return made
    shutil.rmtree(out, ignore_errors=True)
    for kind in ("tree", "branch", "line", "contexts", "contexts-twice", "slipcover"):
        (out / kind).mkdir(parents=True)
    sources = pathlib.Path(sources)
    found = sorted((-path.stat().st_size, path.relative_to(sources)) for path in sources.rglob("*.py"))
    codes = {}
    for _, path in found:
        if len(codes) == FILES:
            break
        target = out / "tree" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sources / path, target)
        codes[str(target)] = Code(target)
    jobs = [("data", number) for number in range(DATA - REPEATED)]
    jobs += [("contexts", number) for number in range(2 * CONTEXT_DATA)]
    jobs += [("slipcover", number) for number in range(CHUNKS)]
    work.codes, work.out = dict(sorted(codes.items())), out
    # Children by fork have the parsed sources at hand.
    with multiprocessing.get_context("fork").Pool() as pool:
        for _ in pool.imap_unordered(work, jobs):
            pass
    made = {"version": VERSION, "lines": sum(code.lines for code in codes.values()), "files": len(codes)}
    for kind in ("branch", "line", "contexts", "contexts-twice", "slipcover"):
        sizes = [path.stat().st_size for path in (out / kind).iterdir()]
        made[kind] = {"files": len(sizes), "bytes": sum(sizes)}
    said.write_text(json.dumps(made, indent=2) + "\n")
    return made


if __name__ == "__main__":
    print(json.dumps(make(sys.argv[1], sys.argv[2]), indent=2))
