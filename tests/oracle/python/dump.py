"""Prints what coverage.py finds in Python files, one JSON object per line.

Usage: python dump.py [ROOT] < list-of-paths > facts.jsonl; ROOT is put before the absolute paths to read.

Runs under the interpreter whose rules are wanted, with coverage.py 7.17.3 installed. `examples/dump_analysis.rs` prints the
same lines, and `compare` beside this file tells the two apart.
"""

import collections
import json
import sys
import warnings
from types import SimpleNamespace

import coverage
from coverage.config import DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS
from coverage.exceptions import NotPython
from coverage.misc import join_regex
from coverage.parser import PythonParser
from coverage.python import get_python_source
from coverage.regions import code_regions
from coverage.results import analysis_from_file_reporter

EXCLUDE = join_regex(DEFAULT_EXCLUDE)
PARTIAL = join_regex(DEFAULT_PARTIAL + DEFAULT_PARTIAL_ALWAYS)


def ranges(lines):
    """[1, 2, 3, 7] as [[1, 3], [7, 7]]."""
    out = []
    for line in sorted(lines):
        if out and out[-1][1] == line - 1:
            out[-1][1] = line
        else:
            out.append([line, line])
    return out


def digest(pairs):
    """How many pairs, and a sum that tells sets of pairs apart."""
    pairs = list(pairs)
    return [len(pairs), sum(31 * a + 17 * b + a * b for a, b in pairs)]


def made_up_measurement(parser):
    """Arcs as no run would give them: every third line to and from the next, and all ways out of `with` statements."""
    lines = range(1, parser.text.count("\n"), 3)
    arcs = [(line, line + 1) for line in lines] + [(line + 1, line) for line in lines]
    return arcs + sorted(parser._with_jump_fixers)


def executed_arcs(parser, possible, measured):
    """As coverage.py's results make them, by its own functions."""
    with_data = SimpleNamespace(has_arcs=lambda: True, lines=lambda _: [], arcs=lambda _: measured)
    reporter = SimpleNamespace(
        lines=lambda: parser.statements,
        excluded_lines=lambda: parser.excluded,
        translate_lines=parser.translate_lines,
        translate_arcs=parser.translate_arcs,
        arcs=lambda: set(possible),
        exit_counts=parser.exit_counts,
        no_branch_lines=set,
    )
    return analysis_from_file_reporter(with_data, 0, reporter, "made-up").arcs_executed_set


def facts(path, root):
    try:
        parser = PythonParser(text=get_python_source(root + path), filename=path, exclude=EXCLUDE)
        parser.parse_source()
    except NotPython as error:
        return {"error": str(error)}
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    found = {
        "statements": sorted(parser.statements),
        "excluded": sorted(parser.excluded),
        "no_branch": sorted(parser.lines_matching(PARTIAL)),
        "regions": [
            [region.kind, region.name, region.start, ranges(region.lines)]
            for region in sorted(code_regions(parser.text), key=lambda region: region.start)
        ],
    }
    try:
        arcs = sorted(parser.arcs())
    except AssertionError as error:
        found["arcs_error"] = str(error)
        return found
    found["arcs"] = [list(arc) for arc in arcs]
    found["with"] = sorted(
        [list(arc), list(meant) if meant else None] for arc, meant in parser._with_jump_fixers.items()
    )
    found["first"] = sorted([line, first] for line, first in parser.multiline_map.items() if line != first)
    executed = executed_arcs(parser, arcs, made_up_measurement(parser))
    no_branch = set(found["no_branch"])
    found["executed"] = digest(executed)
    found["missing"] = digest(
        arc for arc in arcs if arc not in executed and arc[0] not in no_branch and arc[1] not in parser.excluded
    )
    found["exits"] = digest(parser.exit_counts().items())
    ends = collections.Counter(start for start, _ in arcs)
    found["notes"] = [
        # Causes that share an arc come in no fixed order.
        [start, end, sorted(parser.missing_arc_description(start, end).split(" or line "))]
        for start, end in arcs
        if ends[start] > 1
    ]
    return found


def main():
    assert coverage.__version__ == "7.17.3", coverage.__version__
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10_000)
    root = sys.argv[1] if len(sys.argv) > 1 else ""
    for path in sys.stdin.read().splitlines():
        print(json.dumps({"file": path, **facts(path, root)}), flush=True)


if __name__ == "__main__":
    main()
