"""Real runs under slipcover, one chunk of tests each, merged and reported by slipcover and by `ci-lint apply`."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packages import PACKAGES, unpacked

CHUNKS = 32
SLIPCOVER = [sys.executable, "-m", "slipcover"]


def measure(work, branch):
    """The chunks of itsdangerous' tests, made once; the project they belong to."""
    package = PACKAGES["itsdangerous"]
    kind = "branch" if branch else "line"
    place = work / "data" / f"{sys.version_info.major}.{sys.version_info.minor}" / "slipcover" / kind
    project = place / "project"
    if (place / "ready").exists():
        return project
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(unpacked(work, "itsdangerous"), project)
    environment = {**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default"]
    listed = subprocess.run(
        [sys.executable, *pytest, "--collect-only", "tests"], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    tests = [line for line in listed.stdout.splitlines() if "::" in line]
    (project / "chunks").mkdir()

    def chunk(number):
        out = f"chunks/{number:02}.json"
        # Every fourth is told the sources by their full name, as another job might.
        source = str(project / "src") if number % 4 == 3 else "src"
        command = [*SLIPCOVER, *(["--branch"] if branch else []), "--json", f"--source={source}", "--out", out]
        done = subprocess.run([*command, *pytest, *tests[number::CHUNKS]], cwd=project, env=environment, capture_output=True, text=True)
        if done.returncode or not (project / out).exists():
            raise SystemExit(f"{project} {out}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(chunk, range(CHUNKS)))
    (place / "ready").touch()
    return project


def run(command, project):
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def neutral(text):
    return re.sub(r' timestamp="\d+"', "", text, count=1)


def compare_one(tally, binary, project, branch, inputs, what):
    """Everything about one list of inputs."""
    flags = ["--branch"] if branch else []
    theirs, ours = project.parent / "theirs", project.parent / "ours"
    for folder in (theirs, ours):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    merge = [*SLIPCOVER, *flags, "--merge", *inputs, "--out"]
    code, table, complaint = run([*merge, theirs / "merged.json"], project)
    assert code == 0, complaint
    for format in ("xml", "lcov"):
        code, _, complaint = run([*SLIPCOVER, *flags, "--silent", f"--format={format}", "--merge", *inputs, "--out", theirs / format], project)
        assert code == 0, complaint
    reports = ["--report", "text,markdown,json,xml,lcov", "--output-dir", ours, "--merged-json", ours / "merged.json"]
    code, found, complaint = run([binary, "apply", *inputs, *reports], project)
    assert code == 0, complaint

    merged = (theirs / "merged.json").read_text()
    tally.check(f"{what}: merged JSON", merged, (ours / "merged.json").read_text())
    tally.check(f"{what}: json", merged, (ours / "coverage.json").read_text())
    tally.check(f"{what}: text", table, found)
    tally.check(f"{what}: xml", neutral((theirs / "xml").read_text()), neutral((ours / "coverage.xml").read_text()))
    tally.check(f"{what}: lcov", (theirs / "lcov").read_text(), (ours / "coverage.lcov").read_text())
    # slipcover reads what we merged.
    tally.check(f"{what}: merged again", run([*SLIPCOVER, *flags, "--merge", ours / "merged.json", "--out", os.devnull], project)[1], table)

    # There is no Markdown of slipcover's; its figures are in its JSON.
    document, rows = json.loads(merged), {}
    lines = (ours / "coverage.md").read_text().splitlines()[2:]
    for cells in ([cell.strip(" *\\").replace("\\", "") for cell in line.strip("|").split(" |")] for line in lines):
        rows[cells[0]] = cells[1 : 6 if branch else 4]
    expected = {}
    for name, summary in [*((name, file["summary"]) for name, file in document["files"].items()), ("TOTAL", document["summary"])]:
        counts = [summary["covered_lines"] + summary["missing_lines"], summary["missing_lines"]]
        if branch:
            counts += [summary["covered_branches"] + summary["missing_branches"], summary["missing_branches"]]
        expected[name] = [*map(str, counts), f"{round(summary['percent_covered'])}%"]
    tally.check(f"{what}: markdown", expected, rows)

    percent = document["summary"]["percent_covered"]
    for limit in (percent - 0.001, percent, percent + 0.001, 100):
        judge = [*SLIPCOVER, *flags, "--silent", "--fail-under", repr(limit), "--merge", *inputs, "--out", os.devnull]
        code = run(judge, project)[0]
        mine = run([binary, "apply", *inputs, "--fail-under", repr(limit)], project)[0]
        tally.check(f"{what}: limit {limit}", {0: 0, 2: 1}[code], mine)


def compare(work, binary, Tally, quick):
    """Chunks with and without branches; the quick form has tests/oracle/data beside it, which merges both."""
    tallies = []
    for branch in (True,) if quick else (True, False):
        project = measure(work, branch)
        tally = Tally("slipcover", f"{CHUNKS} chunks, {'branch' if branch else 'line'}")
        names = sorted(str(path.relative_to(project)) for path in (project / "chunks").glob("*.json"))
        assert len(names) == CHUNKS
        compare_one(tally, binary, project, branch, names, "all")
        compare_one(tally, binary, project, branch, names[5:6], "one")
        if not quick:
            compare_one(tally, binary, project, branch, names[::-1], "backwards")
            compare_one(tally, binary, project, branch, [*names[3:20], *names[7:9]], "some twice")
            compare_one(tally, binary, project, branch, [str(project / name) for name in names], "full names")
        # What slipcover says of a run is what we say of its file.
        code, found, _ = run([binary, "apply", names[0]], project)
        printed = run([*SLIPCOVER, "--merge", names[0], "--out", os.devnull], project)[1]
        tally.check("its own report", (0, printed), (code, found))
        tallies.append(tally)
    return tallies
