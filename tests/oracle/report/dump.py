"""What the real coverage.py finds in a project, as JSON for `examples/render_report.rs`, and the reports it makes of it."""

import io
import json
import re
import sqlite3

import coverage
from coverage import CoverageData
from coverage.exceptions import CoverageException
from coverage.files import canonical_filename
from coverage.python import PythonFileReporter
from coverage.xmlreport import XmlReporter


def open_coverage(data_file, options):
    """A Coverage object with its options set, whose files are parsed once."""
    cov = coverage.Coverage(data_file=data_file, config_file=False)
    for name, value in options.items():
        cov.set_option(name, value)
    cov.load()
    reporters = {}
    original = cov._get_file_reporter

    def cached(morf):
        if morf not in reporters:
            reporters[morf] = original(morf)
        return reporters[morf]

    cov._get_file_reporter = cached
    return cov


def sort_contexts():
    """coverage.py lists a line's contexts in the arbitrary order of a set; the order of recording is the one to compare with."""
    original = CoverageData.contexts_by_lineno

    def ordered(self, filename):
        with self._connect() as con, con.execute("select id, context from context") as rows:
            ids = {name: number for number, name in rows}
        lines = original(self, filename)
        return {line: sorted(names, key=ids.__getitem__) for line, names in lines.items()}

    CoverageData.contexts_by_lineno = ordered


class Ordered(dict):
    """A set that remembers the order of its members."""

    def add(self, member):
        self[member] = True


def sort_sources():
    """Where several roots match a file, coverage.py's XML takes the first in the arbitrary order of a set; ours keeps the order."""
    original = XmlReporter.__init__

    def ordered(self, cov):
        original(self, cov)
        paths = self.source_paths
        self.source_paths = Ordered()
        for source in cov.config.source or []:
            place = source if cov.config.relative_files else canonical_filename(source)
            if place in paths:
                self.source_paths.add(place)

    XmlReporter.__init__ = ordered


def dump(cov, data_file, current_dir):
    """Everything the writers need."""
    data = cov.get_data()
    arcs = data.has_arcs()
    database = sqlite3.connect(data_file)
    contexts = list(database.execute("select id, context from context order by id"))
    index = {number: place for place, (number, _) in enumerate(contexts)}
    files = []
    for path in data.measured_files():
        reporter = cov._get_file_reporter(path)
        assert isinstance(reporter, PythonFileReporter)
        parser = reporter.parser
        text = reporter.source()
        lines = text.count("\n")
        possible = sorted(reporter.arcs())
        measured_path = cov._file_mapper(reporter.filename)
        measured = []
        for number, context in contexts:
            data.set_query_context(context)
            hit_lines = [] if arcs else sorted(data.lines(measured_path) or [])
            hit_arcs = sorted(data.arcs(measured_path) or []) if arcs else []
            if hit_lines or hit_arcs:
                measured.append([index[number], hit_lines, hit_arcs])
        data.set_query_contexts(None)
        notes = [
            [arc, cause, action]
            for arc, fragments in sorted(parser._missing_arc_fragments.items())
            for cause, action in fragments
        ]
        files.append(
            {
                "path": path,
                "full_name": reporter.filename,
                "data_path": measured_path,
                "text": text,
                "first_lines": [parser.first_line(line) for line in range(lines + 1)],
                "statements": sorted(reporter.lines()),
                "excluded": sorted(reporter.excluded_lines()),
                "no_branch": sorted(reporter.no_branch_lines()),
                "arcs": possible,
                "notes": notes,
                "with_arcs": sorted(parser._with_jump_fixers.items(), key=str),
                "regions": [[r.kind, r.name, r.start, sorted(r.lines)] for r in reporter.code_regions()],
                "measured": measured,
            }
        )
    return {
        "has_arcs": arcs,
        "current_dir": current_dir,
        "contexts": [name for _, name in contexts],
        "files": files,
    }


def render(cov, variant):
    """One report as coverage.py makes it, and the total it would hold against a limit."""
    options = {
        "report:precision": variant.get("precision", 0),
        "report:skip_covered": variant.get("skip_covered", False),
        "report:skip_empty": variant.get("skip_empty", False),
        "report:show_missing": variant.get("show_missing", False),
        "report:sort": variant.get("sort") or None,
        "report:contexts": variant.get("context_patterns"),
        "json:pretty_print": variant.get("pretty_print", False),
        "json:show_contexts": variant.get("show_contexts", False),
        "xml:package_depth": variant.get("package_depth", 99),
        "run:source": variant.get("sources") or None,
        "lcov:line_checksums": variant.get("line_checksums", False),
    }
    for name, value in options.items():
        cov.set_option(name, value)
    cov.get_data().set_query_contexts(None)
    out = io.StringIO()
    try:
        match variant["format"]:
            case "text" | "markdown" | "total":
                cov.set_option("report:format", variant["format"])
                total = cov.report(file=out)
            case "json":
                total = to_stdout(out, cov.json_report)
            case "xml":
                total = to_stdout(out, cov.xml_report)
            case "lcov":
                total = to_stdout(out, cov.lcov_report)
    except CoverageException as error:
        return str(error)
    return f"{out.getvalue()}\n--- total {float(total)!r}\n"


def to_stdout(out, report):
    import contextlib

    with contextlib.redirect_stdout(out):
        return report(outfile="-")


def neutral(text):
    """A report without its time stamp. coverage.py leaves quotes in XML text alone only since Python 3.13."""
    text = re.sub(r'"timestamp": "[^"]*"', '"timestamp": ""', text, count=1)
    return re.sub(r' timestamp="\d+"', ' timestamp="0"', text, count=1)


def save(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
