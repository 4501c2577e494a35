"""Gives the data of real test runs to coverage.py and to `ci-lint apply`, and compares everything that comes out.

    compare.py WORK CI_LINT [--quick] [PACKAGE]...

Reports must be the same bytes but for the time stamp, the version and the order of a line's contexts, which is that of a set in
coverage.py, another in each process.
"""

import contextlib
import io
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import traceback
from html import unescape
from pathlib import Path

import coverage.cmdline

sys.path.insert(0, str(Path(__file__).parent))
import chunks
from packages import MODES, PACKAGES, config_text, measure, unpacked

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# The report, coverage.py's command for it, and where ours is.
REPORTS = {
    "text": (["report"], None),
    "markdown": (["report", "--format=markdown"], "coverage.md"),
    "json": (["json", "-o", "-"], "coverage.json"),
    "xml": (["xml", "-o", "-"], "coverage.xml"),
    "lcov": (["lcov", "-o", "-"], "coverage.lcov"),
}

# Configurations of reports: name, options, and the file they are in ("" is one that is named).
CONFIGS = [
    ("plain", "", {}),
    (
        "details",
        ".coveragerc",
        {
            "report": {"show_missing": "true", "precision": "2", "sort": "-Miss"},
            "json": {"pretty_print": "true", "show_contexts": "true"},
            "lcov": {"line_checksums": "true"},
            "xml": {"package_depth": "1"},
        },
    ),
    (
        "skips",
        "setup.cfg",
        {"report": {"skip_covered": "true", "skip_empty": "true", "sort": "Cover", "precision": "1"}, "json": {"show_contexts": "true"}},
    ),
    ("filter", "", {"report": {"include": ["*/[_a-l]*.py", "*/s*/**"], "omit": ["**/__init__.py", "*/_[!j]*"], "sort": "stmts"}}),
    (
        "excludes",
        "tox.ini",
        {
            "report": {
                "exclude_also": [r"raise \w+", r"def __repr__", r"@(t\.|typing\.)?overload", r"^\s*except \w+( as \w+)?:$"],
                "partial_also": [r"if .* is (not )?None"],
                "show_missing": "true",
            }
        },
    ),
    (
        "own",
        "",
        {
            "report": {
                "exclude_lines": [r"class \w*(Error|Exception)\b", r"(?s:if t\.TYPE_CHECKING:.*?\n\n)"],
                "partial_branches": [r"for \w+ in"],
                "partial_branches_always": [r"while True"],
                "precision": "3",
            }
        },
    ),
    ("total", "", {"report": {"format": "total", "precision": "3"}}),
    ("chosen", "", {"report": {"contexts": [r"test_(bl|un|wr|loader)\w*$", r"\|1$"], "show_missing": "true"}, "json": {"show_contexts": "true"}}),
    ("ignore", "", {"report": {"ignore_errors": "true", "show_missing": "true"}}),
]
# What is compared in each mode if it is not everything.
QUICK = {"line": ["plain", "total"], "parts": ["chosen"], "workers": ["details"], "relative": ["plain", "filter"]}
QUICK |= {"paths": ["details"], "branch": ["skips", "own"], "contexts": ["details", "excludes"]}


class Tally:
    """What was compared for one measurement."""

    def __init__(self, package, mode):
        self.package, self.mode = package, mode
        self.same, self.problems = 0, []

    def check(self, what, expected, found):
        if expected == found:
            self.same += 1
            return
        self.problems.append(f"{self.package} {self.mode} {what}:\n{difference(expected, found)}")


def difference(expected, found):
    """Where two values part, whatever their size."""
    expected, found = str(expected), str(found)
    at = len(os.path.commonprefix([expected, found]))
    line = expected.count("\n", 0, at) + 1
    around = lambda text: repr(text[max(0, at - 120) : at + 120])
    return f"    line {line}, coverage.py or slipcover: {around(expected)}\n    line {line}, ci-lint: {around(found)}"


def theirs(*arguments):
    """The real coverage.py's command, in this process: its exit code and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = coverage.cmdline.main(list(arguments))
    return code or 0, out.getvalue()


def ours(binary, *arguments):
    done = subprocess.run([binary, "apply", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def neutral(text):
    """A report without its time stamp and version, the contexts of each line in one order."""
    text = re.sub(r'"version": "[^"]*",\s+"timestamp": "[^"]*"', '"version": "", "timestamp": ""', text, count=1)
    text = re.sub(r'<coverage version="[^"]*" timestamp="\d+"', "<coverage", text, count=1)
    text = re.sub(r"(<!-- .*?coverage\.py:? <?https?://)[^ >]*", r"\1", text)
    name = r'"(?:[^"\\]|\\.)*"'

    def ordered(match):
        separator = re.search(r"(?<=\"),\s+(?=\")", match[2])
        separator = separator[0] if separator else ", "
        return match[1] + separator.join(sorted(re.findall(name, match[2])))

    return re.sub(rf'("\d+": \[\s*)({name}(?:,\s+{name})*)', ordered, text)


def write_config(measured, place, extra):
    """Puts the configuration where both sides look for it; the arguments that name it if it has to be named."""
    sections = {name: dict(options) for name, options in measured.sections.items()}
    if measured.many and "contexts" not in extra.get("report", {}):
        # Each function repeats the contexts of the whole file: that would be gigabytes.
        extra = {section: options if section != "json" else {} for section, options in extra.items()}
    for section, options in extra.items():
        sections.setdefault(section, {}).update(options)
    for name in (".coveragerc", "setup.cfg", "tox.ini", "named.rc"):
        Path(name).unlink(missing_ok=True)
    Path(place or "named.rc").write_text(config_text(sections, "coverage:" if place in ("setup.cfg", "tox.ini") else ""))
    return [] if place else ["named.rc"]


def pages(folder):
    """The figures on the index of the HTML report, by file."""
    rows = {}
    text = (folder / "index.html").read_text()
    for row in re.findall(r"<tr><th.*?</tr>", text[text.index("<tbody") :], re.S):
        cells = [unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
        rows[cells[0]] = cells[1:]
    return rows


def html_figures(document, skips):
    """What these figures have to be, by coverage.py's JSON report."""
    rows = {}
    for name, summary in [*((name, file["summary"]) for name, file in document["files"].items()), ("Total", document["totals"])]:
        hidden = summary["missing_lines"] == 0 and summary.get("num_partial_branches", 0) == 0 or summary["num_statements"] == 0
        if skips and hidden and name != "Total":
            continue
        figures = [summary["num_statements"], summary["missing_lines"], summary["excluded_lines"]]
        if document["meta"]["branch_coverage"]:
            figures = [f"{summary['percent_statements_covered_display']}%", *figures]
            figures += [f"{summary['percent_branches_covered_display']}%", summary["num_branches"], summary["num_partial_branches"]]
        total = "100" if name == "Total" and summary["num_statements"] == 0 else summary["percent_covered_display"]
        rows[name] = [*map(str, figures), f"{total}%"]
    return rows


def compare_config(tally, binary, measured, name, place, extra):
    """All reports under one configuration."""
    named = write_config(measured, place, extra)
    rcfile = [f"--rcfile={file}" for file in named]
    mine = [argument for file in named for argument in ("--config", file)]
    out, merged, mine_merged = Path("../out"), "../theirs/.coverage", "../out/.coverage"
    for folder in ("../out", "../theirs"):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    before = sorted(str(path) for path in Path().rglob("*"))

    code, printed, complaint = ours(
        binary, *measured.inputs, *mine, "--python-version", PYTHON, "--report", ",".join([*REPORTS, "html"]),
        "--output-dir", str(out), "--data-file", mine_merged,
    )  # fmt: skip
    tally.check(f"{name}: the project is left as it was", before, sorted(str(path) for path in Path().rglob("*")))

    # Without inputs coverage.py looks beside the data file.
    data_file = merged if measured.inputs else ".coverage"
    combined = theirs("combine", "--keep", "--quiet", *rcfile, f"--data-file={data_file}", *measured.inputs)
    assert combined[0] == 0, combined
    if not measured.inputs:
        shutil.move(".coverage", merged)

    documents = {}
    for report, (command, file) in REPORTS.items():
        if report == "markdown" and extra.get("report", {}).get("format"):
            continue
        expected_code, expected = theirs(*command, *rcfile, f"--data-file={merged}")
        if expected_code:
            tally.check(f"{name} {report}: fails", (1, True), (expected_code, code == 3 and reasons(expected, complaint)))
            continue
        assert code == 0, (complaint, expected)
        found = printed if file is None else (out / file).read_bytes().decode()
        documents[report] = expected
        tally.check(f"{name} {report}", neutral(expected), neutral(found))
        # coverage.py reads what we merged, and says the same.
        if report != "markdown":
            again = theirs(*command, *rcfile, f"--data-file={mine_merged}")
            tally.check(f"{name} {report} of the merged data", (0, neutral(expected)), (again[0], neutral(again[1])))
    if documents:
        skips = "skip_covered" in extra.get("report", {})
        tally.check(f"{name} html", html_figures(json.loads(documents["json"]), skips), pages(out / "htmlcov"))
    return mine, rcfile, merged


def reasons(expected, complaint):
    """Whether ours names the file that coverage.py names."""
    named = re.findall(r"[\w./-]+\.py", expected)
    return bool(named) and all(file in complaint for file in named)


def compare_gates(tally, binary, measured, mine, rcfile, merged):
    """Exit codes and messages for limits around the total."""
    total = float(theirs("report", "--format=total", "--precision=4", *rcfile, f"--data-file={merged}")[1])
    for limit in (0, int(total), round(total, 1), round(total + 0.05, 1), int(total) + 1, 99.5, 100):
        code, expected = theirs("report", f"--fail-under={limit}", *rcfile, f"--data-file={merged}")
        found_code, found, _ = ours(binary, *measured.inputs, *mine, "--python-version", PYTHON, "--fail-under", str(limit))
        tally.check(f"gate {limit}", ({0: 0, 2: 1}[code], expected), (found_code, found))


def work_on(task):
    """One measurement under its configurations."""
    work, binary, name, mode, quick = task
    tally = Tally(name, mode)
    try:
        measured = measure(work, name, mode)
        os.chdir(measured.project)
        wanted = QUICK.get(mode) if quick else None
        for config, place, extra in CONFIGS:
            if wanted is not None and config not in wanted:
                continue
            if config == "chosen" and not measured.contexts or (config == "ignore") != (mode == "broken"):
                # A broken tree once as it is, and once with the errors ignored.
                if not (mode == "broken" and config == "plain"):
                    continue
            arguments = compare_config(tally, binary, measured, config, place, extra)
            if config in ("plain", "details") and mode in ("line", "contexts"):
                compare_gates(tally, binary, measured, *arguments)
    except Exception:
        tally.problems.append(f"{name} {mode}: {traceback.format_exc()}")
    return tally


def main():
    work, binary = Path(sys.argv[1]).resolve(), str(Path(sys.argv[2]).resolve())
    quick = "--quick" in sys.argv
    chosen = [name for name in sys.argv[3:] if not name.startswith("--")]
    # Another interpreter shows other statements, not another way to combine: one package does.
    first = (3, 11) == sys.version_info[:2]
    names = chosen or ([*PACKAGES, "slipcover"] if quick or first else ["itsdangerous", "packaging"])
    tasks = []
    for name in names:
        if name == "slipcover":
            continue
        modes = PACKAGES[name].quick if quick else MODES
        if modes:
            unpacked(work, name)
        for mode in modes:
            tasks.append((work, binary, name, mode, quick))
    tallies = []
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        results = pool.imap_unordered(work_on, tasks)
        for tally in results:
            print(f"  {tally.package} {tally.mode}: {tally.same} identical, {len(tally.problems)} not", flush=True)
            tallies.append(tally)
    if "slipcover" in names:
        tallies += chunks.compare(work, binary, Tally, quick)

    order = {(task[2], task[3]): place for place, task in enumerate(tasks)}
    tallies.sort(key=lambda tally: order.get((tally.package, tally.mode), len(order)))
    print(f"\nPython {PYTHON}\n{'package':14} {'measured':20} identical / compared")
    for tally in tallies:
        print(f"{tally.package:14} {tally.mode:20} {tally.same:9} / {tally.same + len(tally.problems)}")
    for problem in [problem for tally in tallies for problem in tally.problems][:20]:
        print(f"\nDIFFERENT {problem}")
    same, different = sum(tally.same for tally in tallies), sum(len(tally.problems) for tally in tallies)
    print(f"{same} identical, {different} different")
    return 1 if different or not same else 0


if __name__ == "__main__":
    sys.exit(main())
