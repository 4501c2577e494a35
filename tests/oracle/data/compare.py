"""Makes data with the real coverage.py and slipcover, combines it with them and with us, and compares what came out.

    compare.py PATH_OF_THE_COMBINE_EXAMPLE [NAME]...

Each case is a folder with a small project that was really measured. The combined data must be equal in content, and
coverage.py must report the same from our file as from its own.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import coverage
from coverage.numbits import numbits_to_nums

OURS = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2:]
COVERAGE = [sys.executable, "-m", "coverage"]
SLIPCOVER = [sys.executable, "-m", "slipcover"]

MODULE = '''\
"""Module {name}."""
import sys


def classify(number):
    if number % 2:
        kind = "odd"
    else:
        kind = "even"
    for divisor in range(2, number):
        if number % divisor == 0:
            break
    else:
        return kind, "prime"
    return kind, "composite"


class Shape:
    def area(self, size):
        try:
            return [x * x for x in range(size) if x > {salt}]
        finally:
            size += 1


def never(value):
    while value:
        value -= 1
    return value
'''

MAIN = """\
import sys
sys.path.insert(0, sys.argv[1])
from {package} import {modules}

number = int(sys.argv[2])
for module in ({modules},)[: 1 + number % 4]:
    module.classify(number)
    if number % 3 == 0:
        module.Shape().area(number)
"""


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def project(root, source="src"):
    """A package with four modules, and a script that runs a part of them depending on a number."""
    names = ["alpha", "beta", "gamma", "delta"]
    for salt, name in enumerate(names):
        write(f"{root}/{source}/pkg/{name}.py", MODULE.format(name=name, salt=salt))
    write(f"{root}/{source}/pkg/__init__.py", "")
    write(f"{root}/main.py", MAIN.format(package="pkg", modules=", ".join(names)))


def run(command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if check and done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done


def measure(root, numbers, *options, source="src", context=None):
    for number in numbers:
        extra = [f"--context=run{number}"] if context else []
        run([*COVERAGE, "run", "--parallel-mode", *options, *extra, "main.py", source, str(number)], cwd=root)


def content(path):
    """What a data file says, without the numbers of its rows."""
    with sqlite3.connect(path) as database:
        query = lambda text: list(database.execute(text))
        files, contexts = dict(query("select id, path from file")), dict(query("select id, context from context"))
        lines = {
            (files[file], contexts[context]): sorted(numbits_to_nums(bits))
            for file, context, bits in query("select file_id, context_id, numbits from line_bits")
        }
        arcs = sorted((files[f], contexts[c], a, b) for f, c, a, b in query("select * from arc"))
        return {
            "schema": query("select version from coverage_schema"),
            "meta": sorted(query("select key, value from meta")),
            "files": sorted(files.values()),
            "contexts": sorted(contexts.values()),
            "lines": lines,
            "arcs": arcs,
            "tracers": sorted((files[file], tracer) for file, tracer in query("select file_id, tracer from tracer")),
        }


def sort_contexts(value):
    """coverage.py lists contexts in the order of a set of texts, another in each process."""
    if isinstance(value, dict):
        return {key: {line: sorted(names) for line, names in item.items()} if key == "contexts" else sort_contexts(item)
                for key, item in value.items()}
    return value


def compare(root, inputs=(), paths=(), relative=False, data_file=".coverage", same=True):
    """Combines both ways in a folder; both must fail or give the same."""
    ours = [OURS, "--out", "ours", "--paths", json.dumps(paths), "--data-file", data_file, *inputs]
    config = "[run]\nrelative_files = {}\n[paths]\n".format("true" if relative else "false")
    for number, group in enumerate(paths):
        config += f"p{number} =\n" + "".join(f"    {item}\n" for item in group)
    write(f"{root}/rc", config)
    for name in ("ours", data_file):
        if os.path.exists(f"{root}/{name}"):
            os.remove(f"{root}/{name}")
    before = sorted(os.listdir(root))
    mine = run(ours + (["--relative"] if relative else []), check=False, cwd=root)
    assert sorted(set(os.listdir(root)) - {"ours"}) == before, "something was left behind"
    theirs = run(
        [*COVERAGE, "combine", "--keep", "--rcfile=rc", f"--data-file={data_file}", *inputs], check=False, cwd=root
    )
    assert mine.returncode == theirs.returncode, f"{mine.stdout}{mine.stderr} -- {theirs.stdout}{theirs.stderr}"
    if theirs.returncode:
        return mine.stdout
    expected, found = content(f"{root}/{data_file}"), content(f"{root}/ours")
    for key in expected:
        assert expected[key] == found[key], f"{key}: {expected[key]} != {found[key]}"
    # coverage.py itself reads ours, and says the same.
    for command in (["report", "-m"], ["json", "-o", "-", "--show-contexts"]) if same else ():
        outputs = []
        for name in (data_file, "ours"):
            done = run([*COVERAGE, *command, "--rcfile=rc", f"--data-file={name}"], check=False, cwd=root)
            document = done.stdout
            if command[0] == "json" and not done.returncode:
                document = json.loads(document)
                document["meta"]["timestamp"] = ""
                document = sort_contexts(document)
            outputs.append((done.returncode, document))
        assert outputs[0] == outputs[1], f"{command}: {outputs}"
    data = coverage.CoverageData(f"{root}/ours")
    data.read()
    assert sorted(data.measured_files()) == expected["files"]
    return mine.stdout


def case_line(root):
    project(root)
    measure(root, range(2, 9))
    compare(root)
    compare(root, ["."])


def case_branch(root):
    project(root)
    measure(root, range(2, 9), "--branch", "--source=src")
    compare(root)


def case_contexts(root):
    project(root)
    measure(root, range(2, 6), "--branch", context=True)
    compare(root)
    measure(root, range(3, 8), "--branch")
    compare(root)


def case_duplicates_and_rubbish(root):
    project(root)
    measure(root, range(2, 5))
    first = min(name for name in os.listdir(root) if name.startswith(".coverage."))
    shutil.copy(f"{root}/{first}", f"{root}/.coverage.copy1")
    shutil.copy(f"{root}/{first}", f"{root}/.coverage.copy2")
    for name in ("bad1", "bad2"):
        write(f"{root}/.coverage.{name}", "no database at all")
    for name in ("empty1", "empty2"):
        write(f"{root}/.coverage.{name}", "")
    write(f"{root}/.coverage.x-journal", "")
    shutil.copy(f"{root}/{first}", f"{root}/.coverage.cut")
    os.truncate(f"{root}/.coverage.cut", 8192)
    with sqlite3.connect(f"{root}/.coverage.foreign") as database:
        database.execute("create table x (a)")
    shutil.copy(f"{root}/{first}", f"{root}/.coverage.newer")
    with sqlite3.connect(f"{root}/.coverage.newer") as database:
        database.execute("update coverage_schema set version = 8")
    said = compare(root)
    assert "merged 4, skipped 3, failed 5" in said, said
    compare(root, [".coverage.bad1"])
    compare(root, ["nowhere"])
    os.mkdir(f"{root}/nothing")
    compare(root, ["nothing"])
    compare(root, [first, first, "nothing"])


def case_odd_names(root):
    project(root)
    measure(root, [4], "--data-file=od#d ?%41[x]ü")
    measure(root, [5], "--data-file=od#d ?%41[x]ü")
    compare(root, data_file="od#d ?%41[x]ü")
    compare(root, ["."], data_file="od#d ?%41[x]ü")


def case_kinds_do_not_mix(root):
    project(root)
    measure(root, [4], "--data-file=one")
    measure(root, [5], "--data-file=two", "--branch")
    names = sorted(name for name in os.listdir(root) if name.startswith(("one.", "two.")))
    said = compare(root, names)
    assert "measured with branches" in said, said
    compare(root, names[:1])


def case_tracers(root):
    project(root)
    for name, tracer in (("a", "plugin"), ("b", "plugin"), ("c", ""), ("d", "other")):
        data = coverage.CoverageData(f"{root}/.coverage.{name}")
        data.add_lines({"/w/x.html": [1, ord(name)], "/w/y.py": [3]})
        if tracer:
            data.add_file_tracers({"/w/x.html": tracer})
        data.write()
    touched = coverage.CoverageData(f"{root}/.coverage.e")
    touched.add_lines({"/w/y.py": []})
    touched.touch_files(["/w/z.py"])
    touched.write()
    for inputs in ("ab", "ac", "ca", "ad", "abe", "c", "e", "ce"):
        compare(root, [f".coverage.{name}" for name in inputs], same=False)


def case_paths(root):
    elsewhere = tempfile.mkdtemp(prefix="elsewhere")
    try:
        for machine in ("agent1/work", "agent2/deep/work"):
            project(f"{elsewhere}/{machine}")
            measure(f"{elsewhere}/{machine}", [4, 6], "--branch")
            for name in os.listdir(f"{elsewhere}/{machine}"):
                if name.startswith(".coverage."):
                    shutil.move(f"{elsewhere}/{machine}/{name}", f"{root}/{name}")
        project(root, "lib")
        project(root, "src")
        measure(root, [5, 7], "--branch")
        os.remove(f"{root}/lib/pkg/delta.py")
        for paths in (
            [],
            [["lib", "*/work/src"]],
            [["lib/", "*/agent?/work/src/", f"{elsewhere}/agent2/**/src"]],
            [["lib", f"{elsewhere.upper()}/agent[12]/work/src"], ["src", "*/src"]],
            [["lib", "*/work/src", "src"]],
            [["src", "*/src"], ["lib", "*/src"]],
            [["./lib", "*/src"]],
            [[".", "*/work", "*/deep/*"]],
            [["lib", "*/w**"]],
            [["lib", "*/work/*"]],
        ):
            for relative in (False, True):
                compare(root, paths=paths, relative=relative, same=relative is False)
    finally:
        shutil.rmtree(elsewhere)


def case_relative_files(root):
    project(root)
    write(f"{root}/relative", "[run]\nrelative_files = true\nparallel = true\n")
    for number in range(2, 7):
        run([*COVERAGE, "run", "--rcfile=relative", "main.py", "src", str(number)], cwd=root)
    compare(root, relative=True)
    compare(root, relative=True, paths=[["src", "*/pkg/.."], ["./src", "src"]])
    data = coverage.CoverageData(f"{root}/.coverage.zz")
    data.add_lines({
        "src\\pkg\\alpha.py": [1], "c:\\w\\src\\pkg\\beta.py": [2], "/v/src/pkg/gamma.py": [3], "proj/src/pkg/alpha.py": [4],
        "./src/pkg/alpha.py": [5], f"{os.path.realpath(root)}/src/pkg/delta.py": [6], "x.py": [7], "main.py": [8],
    })
    data.write()
    shutil.copy(f"{root}/.coverage.zz", f"{root}/.coverage.AA")
    compare(root, relative=True, same=False)
    compare(root, relative=False, same=False)
    compare(root, relative=True, same=False, paths=[["src", "c:\\w\\src", "/v/src"]])


def case_made_up_paths(root):
    """Random paths and patterns, existing and not."""
    project(root)
    chance = random.Random(7)
    parts = ["src", "pkg", "SRC", "ci", "a b", "..", "."]
    names = ["alpha.py", "beta.py", "gone.py"]

    def path():
        slash = chance.choice("///\\")
        start = chance.choice(["/", "", "c:\\", os.path.realpath(root) + "/", "./"])
        return start + slash.join(chance.choices(parts, k=chance.randrange(4)) + [chance.choice(names)])

    def pattern():
        pieces = chance.choices([*parts, "*", "**", "s*c", "?i", "[cs]*"], k=chance.randrange(1, 4))
        return chance.choice(["/", "", "*/", "**/", "c:\\"]) + chance.choice("///\\").join(pieces) + chance.choice(["", "/", "\\"])

    for number in range(40):
        for name in ("a", "b"):
            if os.path.exists(f"{root}/.coverage.{name}"):
                os.remove(f"{root}/.coverage.{name}")
            data = coverage.CoverageData(f"{root}/.coverage.{name}")
            data.add_lines({path(): [line] for line in range(1, 25)})
            data.write()
        results = ["src", "./src", "src/", "nowhere", ".", "./", os.path.realpath(root) + "/src"]
        paths = [[chance.choice(results)] + [pattern() for _ in range(3)] for _ in range(chance.randrange(3))]
        paths = [group for group in paths if not any(item.startswith(("[", "#", ";")) for item in group)]
        compare(root, paths=paths, relative=bool(number % 2), same=False)


def case_odd_databases(root):
    data = coverage.CoverageData(f"{root}/.coverage.a")
    data.add_lines({"/w/x.py": [1, 2]})
    data.write()
    for name, statements in {
        "rows": "insert into line_bits values (99, 1, x'02'); insert into line_bits values (1, 99, x'20');"
        "insert into file values (7, '/w/only.py'); insert into context values (8, 'unused')",
        "meta": "delete from meta",
        "zeros": "update line_bits set numbits = x'0300000000'",
        "page": "pragma page_size = 512; vacuum",
        "utf16": "pragma user_version = 5",
    }.items():
        shutil.copy(f"{root}/.coverage.a", f"{root}/{name}")
        with sqlite3.connect(f"{root}/{name}") as database:
            database.executescript(statements)
        database.close()
        compare(root, [name, ".coverage.a"], same=False)


def slipcover_parts(root, branch):
    """Real measurements, then enough chunks made of them: other spellings, other order, other subsets."""
    project(root)
    real = []
    for number in range(2, 8):
        out = f"{root}/real{number}.json"
        run([*SLIPCOVER, *(["--branch"] if branch else []), "--source=src,.", "--json", "--out", out, "main.py", "src", str(number)], cwd=root)
        with open(out, encoding="utf-8") as file:
            real.append(json.load(file))
    chance = random.Random(3)
    names = []
    for number in range(32):
        document = json.loads(json.dumps(chance.choice(real)))
        files = list(document["files"].items())
        chance.shuffle(files)
        document["files"] = {}
        for path, file in files[: chance.randrange(len(files) + 1)]:
            spelling = chance.choice([path, path, f"./{path}", os.path.join(os.path.realpath(root), path), f"src/../{path}"])
            for key in [key for key in file if key.startswith("executed")]:
                moved = [item for item in file[key] if chance.random() < 0.4]
                file[key] = [item for item in file[key] if item not in moved]
                file[key.replace("executed", "missing")] += moved
            document["files"][spelling] = file
        name = f"chunk{number:02}.json"
        write(f"{root}/{name}", json.dumps(document))
        names.append(name)
    return names


def case_slipcover(root):
    for branch in (False, True):
        folder = f"{root}/{branch}"
        names = slipcover_parts(folder, branch)
        for inputs in (names, names[::-1], names[:2], names[5:9] * 2):
            run([*SLIPCOVER, "--merge", *inputs, "--out", "theirs.json"], cwd=folder)
            run([OURS, "--slipcover", "--out", "ours.json", *inputs], cwd=folder)
            with open(f"{folder}/theirs.json", "rb") as theirs, open(f"{folder}/ours.json", "rb") as ours:
                assert theirs.read() == ours.read(), f"{inputs}: differs"
    # Mixed: the first decides.
    mixed = [f"{root}/False/chunk01.json", f"{root}/True/chunk01.json"]
    for inputs in (mixed, mixed[::-1]):
        theirs = run([*SLIPCOVER, "--merge", *inputs, "--out", "theirs.json"], check=False, cwd=root)
        ours = run([OURS, "--slipcover", "--out", "ours.json", *inputs], check=False, cwd=root)
        assert theirs.returncode == ours.returncode, ours.stdout
        if not theirs.returncode:
            with open(f"{root}/theirs.json", "rb") as one, open(f"{root}/ours.json", "rb") as other:
                assert one.read() == other.read()


def main():
    failed = []
    for name, case in [(name[5:], case) for name, case in globals().items() if name.startswith("case_")]:
        if ONLY and name not in ONLY:
            continue
        with tempfile.TemporaryDirectory(prefix="oracle") as root:
            try:
                case(os.path.realpath(root))
                print(f"ok      {name}")
            except AssertionError as error:
                failed.append(name)
                print(f"FAILED  {name}\n        {error}")
    sys.exit(f"{len(failed)} failed" if failed else 0)


if __name__ == "__main__":
    main()
