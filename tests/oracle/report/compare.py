"""Makes projects and data, and compares each report of `render_report` with the one of the real tool.

`compare.py WORK RENDERER [PROJECT]...`
"""

import difflib
import inspect
import io
import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import coverage
import slipcover
from coverage import CoverageData
from coverage.exceptions import ConfigError
from coverage.results import display_covered, format_fail_under_msg, should_fail_under

sys.path.insert(0, str(Path(__file__).parent))
import dump
import odd

# Name on the package index, version, source folder, arguments for pytest.
PACKAGES = {
    "click": ("click", "8.5.1", "src/click", ["tests"]),
    "packaging": ("packaging", "26.3", "src/packaging", ["tests/test_markers.py", "tests/test_metadata.py", "tests/test_requirements.py", "tests/test_tags.py", "tests/test_utils.py"]),
    "jinja2": ("jinja2", "3.1.6", "src/jinja2", ["tests"]),
}
# Modules of the standard library that get made-up data.
LIBRARY = ["asyncio", "json", "email", "logging", "unittest", "concurrent", "importlib", "xml/dom", "http", "multiprocessing"]

VERSION = coverage.__version__


class Results:
    """What was compared."""

    def __init__(self):
        self.same = self.different = self.bytes = 0
        self.formats = {}

    def compare(self, project, name, expected, actual):
        format = name.split("-")[0] if not name.startswith("slipcover") else "-".join(name.split("-")[:2])
        same, total = self.formats.get(format, (0, 0))
        equal = expected == actual
        self.formats[format] = (same + equal, total + 1)
        self.bytes += len(expected.encode())
        if equal:
            self.same += 1
            return
        self.different += 1
        print(f"DIFFERENT {project} {name}")
        lines = difflib.unified_diff(shorten(expected), shorten(actual), "oracle", "ours", n=1)
        for number, line in enumerate(lines):
            if number > 12:
                break
            print("   ", line.rstrip("\n")[:300])


def shorten(text):
    return text.replace("}, ", "},\n").splitlines()[:200_000]


def variants(branch, contexts, sources):
    """The reports to compare."""
    made = []

    def add(name, format, **options):
        made.append({"name": name, "format": format, "version": VERSION, **options})

    for format in ("text", "markdown"):
        add(f"{format}-plain", format)
        add(f"{format}-missing", format, show_missing=True)
        add(f"{format}-skips", format, skip_covered=True, skip_empty=True, show_missing=True)
        for precision in range(5):
            add(f"{format}-precision{precision}", format, precision=precision)
        columns = ["name", "Stmts", "miss", "cover", "nonsense", *(["branch", "brpart"] if branch else [])]
        for column in columns:
            for sign in ("", "-", "+"):
                add(f"{format}-sort{sign}{column}", format, sort=sign + column, skip_covered=column == "miss")
    for precision in range(5):
        add(f"total-{precision}", "total", precision=precision)
    add("json-plain", "json")
    add("json-pretty", "json", pretty_print=True, precision=2)
    if contexts:
        add("json-contexts", "json", show_contexts=True)
        add("json-contexts-pretty", "json", show_contexts=True, pretty_print=True)
    for depth in (99, 2, 1, 0):
        add(f"xml-depth{depth}", "xml", package_depth=depth)
    add("xml-skip", "xml", skip_empty=True)
    for number, roots in enumerate(sources):
        add(f"xml-sources{number}", "xml", sources=roots)
    add("lcov-plain", "lcov")
    add("lcov-checksums", "lcov", line_checksums=True)
    add("lcov-skip", "lcov", skip_empty=True)
    return made


def run_renderer(renderer, work, dumped, made):
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    dump.save(work / "dump.json", dumped)
    dump.save(work / "variants.json", made)
    subprocess.run([renderer, work / "dump.json", work / "variants.json", out], check=True)
    return {variant["name"]: (out / variant["name"]).read_bytes().decode() for variant in made}


def compare_project(results, renderer, name, folder, data_file, sources, options=None):
    """All reports of one data file."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        cov = dump.open_coverage(str(data_file), options or {})
        dumped = dump.dump(cov, data_file, os.path.realpath(folder))
        made = variants(dumped["has_arcs"], True, sources)
        for variant in made:
            variant["relative_files"] = bool((options or {}).get("run:relative_files"))
        if len(dumped["contexts"]) > 1:
            chosen = list(range(0, len(dumped["contexts"]), max(3, len(dumped["contexts"]) // 20)))
            patterns = [f"^{__import__('re').escape(dumped['contexts'][place])}$" for place in chosen]
            for variant in [v for v in made if v["name"] in ("text-missing", "json-pretty", "json-contexts")]:
                made.append({**variant, "name": f"{variant['name']}-chosen", "contexts": chosen, "context_patterns": patterns})
        if len(dumped["contexts"]) > 100:
            # With every context of a real run these are gigabytes, and minutes of coverage.py's time.
            made = [variant for variant in made if not variant.get("show_contexts") or "chosen" in variant["name"]]
        expected = {variant["name"]: dump.render(cov, variant) for variant in made}
        for variant in made:
            # What the caller of the writers has to do.
            existing = [root for root in variant.get("sources", []) if os.path.exists(root)]
            variant["sources"] = existing if variant["relative_files"] else [os.path.realpath(root) for root in existing]
    finally:
        os.chdir(before)
    actual = run_renderer(renderer, data_file.parent, dumped, made)
    for variant in made:
        results.compare(name, variant["name"], dump.neutral(expected[variant["name"]]), dump.neutral(actual[variant["name"]]))
    print(f"{name}: {len(dumped['files'])} files, {len(made)} reports, {len(dumped['contexts'])} contexts", flush=True)


def package(results, renderer, work, name):
    """A package's own tests, in line, branch and context mode."""
    distribution, version, source, arguments = PACKAGES[name]
    folder = work / "packages" / name
    if not folder.exists():
        cache = work / "packages" / "download"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", cache, f"{distribution}=={version}"], check=True)
        (archive,) = cache.glob(f"{distribution.replace('-', '_')}-{version}.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(work / "packages" / "unpacked", filter="data")
        (unpacked,) = (work / "packages" / "unpacked").glob(f"{distribution.replace('-', '_')}-{version}")
        unpacked.rename(folder)
    # Some tests ask for the metadata of the installed package; the code comes from the folder.
    site = work / "packages" / f"{name}-site"
    if not site.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
        subprocess.run([*pip, f"{distribution}=={version}"], check=True)
    for mode, flags, settings in (
        ("line", [], ""),
        ("branch", ["--branch"], ""),
        ("contexts", ["--branch"], "dynamic_context = test_function\n"),
        ("line-contexts", [], "dynamic_context = test_function\n"),
    ):
        place = work / "data" / f"{name}-{mode}"
        data_file = place / "data"
        if not data_file.exists():
            place.mkdir(parents=True, exist_ok=True)
            (place / "rc").write_text(f"[run]\n{settings}source = {source}\n")
            command = [sys.executable, "-m", "coverage", "run", *flags, f"--rcfile={place / 'rc'}", f"--data-file={data_file}"]
            command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", *arguments]
            environment = {**os.environ, "PYTHONPATH": f"{folder / Path(source).parent}{os.pathsep}{site}"}
            with open(place / "log", "w") as log:
                subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
        full = folder / source
        sources = [[str(full)], [str(full.parent)], [source]]
        compare_project(results, renderer, f"{name}-{mode}", folder, data_file, sources)


def made_up(results, renderer, work, name, folder, files, seed, branch, contexts=0, options=None, sources=()):
    """Data that nobody measured: a random part of what is possible, and some that is not."""
    chance = random.Random(seed)
    place = work / "data" / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    data_file = place / "data"
    before = os.getcwd()
    os.chdir(folder)
    data = CoverageData(str(data_file))
    cov = dump.open_coverage(str(place / "none"), options or {})
    relative = bool((options or {}).get("run:relative_files"))
    names = [None, *(f"test_{chance.randrange(99)}|ünï {number}" for number in range(contexts))]
    for file in files:
        path = str(file) if relative else os.path.realpath(file)
        parser = coverage.python.PythonFileReporter(path, cov).parser
        possible, lines = sorted(parser.arcs()), sorted(parser.statements | parser.excluded)
        style = chance.choice(["all", "none", "most", "half", "few", "touched"])
        share = {"all": 1.0, "none": 0.0, "most": 0.9, "half": 0.5, "few": 0.1, "touched": 0.0}[style]
        for context in chance.sample(names, chance.randint(1, len(names))):
            data.set_context(context)
            if branch:
                entries = [(-line, line) for line in lines if chance.random() < 0.1]
                arcs = [arc for arc in possible if chance.random() < share] + entries * (style != "none")
                if style in ("most", "half"):
                    last = parser.text.count("\n") + 3
                    arcs += [(line, line) for line in lines if chance.random() < 0.2]
                    arcs += [(chance.randint(1, last), chance.randint(1, last)) for _ in range(5)]
                    arcs += [key for key in parser._with_jump_fixers if chance.random() < 0.5]
                data.add_arcs({path: arcs})
            else:
                data.add_lines({path: [line for line in lines if chance.random() < share]})
        if style == "touched":
            data.touch_file(path)
    data.close()
    os.chdir(before)
    compare_project(results, renderer, name, folder, data_file, list(sources), options)


def library(results, renderer, work, name):
    """The standard library with made-up data."""
    root = Path(sysconfig.get_path("stdlib"))
    files = [*sorted(root.glob("*.py"))[:60]]
    for folder in LIBRARY:
        files += sorted((root / folder).rglob("*.py"))
    kept = []
    for file in files:
        try:
            reporter = coverage.python.PythonFileReporter(str(file), coverage.Coverage(config_file=False))
            reporter.arcs()
            kept.append(file)
        except Exception as error:
            print(f"left out: {file.name}: {error}")
    for branch in (False, True):
        kind = "branch" if branch else "line"
        made_up(results, renderer, work, f"library-{kind}", root, kept, 1, branch, sources=[[str(root / "json")]])
    made_up(results, renderer, work, "library-contexts", root, kept[::5], 2, True, contexts=7)


def few_odd_cases(results, renderer, work, name):
    """Some of them, for a quick look."""
    odd_cases(results, renderer, work, name, seeds=1, every=14)


def odd_cases(results, renderer, work, name, seeds=6, every=4):
    """Files that nobody would write, and names nobody would give."""
    folder = work / "odd" / "here"
    shutil.rmtree(work / "odd", ignore_errors=True)
    files = odd.write(folder)
    sources = [[str(folder / "pkg")], [str(folder)], [str(folder / "missing")]]
    for seed in range(seeds):
        for branch in (False, True):
            kind = f"{'branch' if branch else 'line'}{seed}"
            some = files if seed == 0 else [file for file in files if file.name != "big.py"]
            made_up(results, renderer, work, f"odd-{kind}", folder, some, seed, branch, contexts=seed % 3, sources=sources)
    outside = work / "odd" / "outside"
    others = odd.write(outside)[:6]
    for branch in (False, True):
        kind = "branch" if branch else "line"
        made_up(results, renderer, work, f"outside-{kind}", folder, [*files[:4], *others, *files[4:9]], 5, branch)
        inside = [file.relative_to(folder) for file in files]
        relative = {"run:relative_files": True}
        made_up(results, renderer, work, f"relative-{kind}", folder, inside, 7, branch, options=relative, sources=[["pkg"], ["."]])
        for number, file in enumerate(files):
            if number % every == 0:
                made_up(results, renderer, work, f"single{number}-{kind}", folder, [file], number, branch)


def gates(results, renderer, work, name):
    """Totals against limits."""
    chance = random.Random(3)
    totals = [0.0, 100.0, 99.995, 99.9949, 96.996, 96.5, 0.5, 1.5, 2.5, 0.001, 49.95, 99.99999]
    totals += [100.0 * part / whole for whole in range(1, 90) for part in range(0, whole + 1, 1 + whole // 9)]
    limits = [0.0, 100.0, 97.0, 96.5, 96.996, 99.995, 1e-05, 1.25e-05, 50.0, 33.333, 66.66666666, 100.5, -1.0, 1e17, 99.99]
    triples = [(total, limit, chance.randrange(5)) for total in totals for limit in limits]
    lines = []
    for total, limit, precision in triples:
        try:
            failed = should_fail_under(total, limit, precision)
            text = f"Coverage failure: {format_fail_under_msg(total, limit, precision)}" if failed else "ok"
        except ConfigError as error:
            text = str(error)
        lines.append(f"{display_covered(total, precision)} {text}\n")
    place = work / "data" / "gates"
    place.mkdir(parents=True, exist_ok=True)
    actual = run_renderer(renderer, place, {"gates": triples}, [{"name": "gates", "format": "gates"}])
    results.compare("gates", "gates", "".join(lines), actual["gates"])
    print(f"gates: {len(triples)} judged")


def slipcover_cases(results, renderer, work, name):
    """Slipcover's reports of made-up data."""
    from slipcover.slipcover import add_summaries

    chance = random.Random(11)
    place = work / "data" / "slipcover"
    place.mkdir(parents=True, exist_ok=True)
    before = os.getcwd()
    for number in range(60):
        branch = number % 2 == 0
        files = {}
        for file in range(chance.choice([0, 1, 1, 2, 5, 30])):
            size = chance.choice([0, 1, 3, 40, 400, 2000])
            lines = sorted(chance.sample(range(1, size * 2 + 2), size))
            share = chance.choice([0, 0.3, 0.9, 0.99, 1])
            executed = [line for line in lines if chance.random() < share]
            missing = [line for line in lines if line not in set(executed)]
            entry = {"executed_lines": executed, "missing_lines": missing}
            if branch:
                pairs = {(line, chance.choice([0, line, *lines])) for line in lines for _ in range(2) if chance.random() < 0.2}
                taken = {pair for pair in pairs if pair[0] in executed and chance.random() < 0.7}
                entry["executed_branches"] = sorted(map(list, taken))
                entry["missing_branches"] = sorted(map(list, pairs - taken))
            start = chance.choice(["src/", "", "tests/a/", f"{place}/sub/", "/nowhere/x/", "ünï/"])
            files[f"{start}m{file}{chance.choice(['', '1', '10', 'ß'])}.py"] = entry
        meta = {"software": "slipcover", "version": slipcover.__version__, "timestamp": "", "branch_coverage": branch}
        data = {"meta": {**meta, "show_contexts": False}, "files": files}
        add_summaries(data)
        made = []
        for pretty in (False, True):
            made.append({"name": f"slipcover-json-{pretty}", "format": "slipcover-json", "pretty_print": pretty})
        for width in (80, 30):
            for skip in (False, True):
                made.append(
                    {"name": f"slipcover-text-{width}-{skip}", "format": "slipcover-text", "missing_width": width, "skip_covered": skip}
                )
        for depth in (99, 1):
            for with_branches in (False, True):
                options = {"package_depth": depth, "with_branches": with_branches}
                made.append({"name": f"slipcover-xml-{depth}-{with_branches}", "format": "slipcover-xml", **options})
        for with_branches in (False, True):
            made.append({"name": f"slipcover-lcov-{with_branches}", "format": "slipcover-lcov", "with_branches": with_branches})
        os.chdir(place)
        expected = {}
        for variant in made:
            out = io.StringIO()
            match variant["format"]:
                case "slipcover-json":
                    json.dump(data, out, indent=4 if variant["pretty_print"] else None)
                case "slipcover-text":
                    slipcover.print_coverage(
                        data, outfile=out, missing_width=variant["missing_width"], skip_covered=variant["skip_covered"]
                    )
                case "slipcover-xml":
                    slipcover.print_xml(
                        data,
                        source_paths=[str(place)],
                        with_branches=variant["with_branches"],
                        xml_package_depth=variant["package_depth"],
                        outfile=out,
                    )
                case "slipcover-lcov":
                    slipcover.print_lcov(data, with_branches=variant["with_branches"], outfile=out)
            expected[variant["name"]] = out.getvalue()
        os.chdir(before)
        dumped = {
            "current_dir": str(place),
            "slipcover": {
                "version": slipcover.__version__,
                "timestamp": "",
                "branch": branch,
                "files": [
                    [path, *(entry.get(key, []) for key in ("executed_lines", "missing_lines", "executed_branches", "missing_branches"))]
                    for path, entry in files.items()
                ],
            },
        }
        actual = run_renderer(renderer, place, dumped, made)
        for variant in made:
            key = variant["name"]
            results.compare(f"slipcover{number}", key, dump.neutral(expected[key]), dump.neutral(actual[key]))
    print("slipcover: 60 data sets")


def main():
    work, renderer = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    cases = {
        "gates": gates,
        "slipcover": slipcover_cases,
        "odd": odd_cases,
        "library": library,
        **{name: package for name in PACKAGES},
    }
    results = Results()
    dump.sort_contexts()
    dump.sort_sources()
    for name in sys.argv[3:] or cases:
        {**cases, "few-odd": few_odd_cases}[name](results, renderer, work, name)
    for format, (same, total) in sorted(results.formats.items()):
        print(f"{format:16} {same:5} of {total:5} identical")
    print(f"{results.same} identical, {results.different} different, {results.bytes / 1e6:.1f} MB compared")
    return 1 if results.different else 0


if __name__ == "__main__":
    sys.exit(main())
