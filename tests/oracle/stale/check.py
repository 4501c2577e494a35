"""Changes measured sources and checks which of them `stale_scan` proves to have changed.

What must be noticed is computed here anew, with CPython's own parser and tokenizer: a line was executed that holds no code, and a
simple statement of the module was not executed although a later one was. Both come together in no source that is what was measured.
"""

import ast
import io
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tokenize
from pathlib import Path

from coverage import CoverageData

# Modules of the standard library that can be imported from another place, small and large.
MODULES = """
argparse ast bisect calendar cmd colorsys configparser contextlib copy csv dataclasses datetime decimal difflib dis enum filecmp
fileinput fnmatch fractions ftplib functools getopt gettext glob graphlib gzip heapq hmac imaplib inspect ipaddress keyword linecache
locale mailbox mimetypes netrc nturl2path numbers opcode operator optparse pathlib pickle pickletools plistlib poplib posixpath pprint
profile pyclbr queue quopri random reprlib sched selectors shelve shlex shutil smtplib socketserver statistics string stringprep
struct tabnanny tarfile tempfile textwrap timeit token tokenize traceback types typing uuid warnings wave weakref zipapp zipfile
""".split()

DRIVER = """
import doctest, importlib, sys
for name in sys.argv[1:]:
    try:
        module = importlib.import_module("measured." + name)
        doctest.testmod(module, report=False, verbose=False)
    except BaseException:
        pass
"""


def measure(work, branch):
    """Copies the modules and measures what importing and documenting examples execute: the data file and the sources."""
    shutil.rmtree(work, ignore_errors=True)
    package = work / "measured"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (work / "driver.py").write_text(DRIVER)
    names = []
    for name in MODULES:
        source = Path(sysconfig.get_paths()["stdlib"]) / f"{name}.py"
        if source.is_file():
            shutil.copy(source, package / source.name)
            names.append(name)
    command = [sys.executable, "-m", "coverage", "run", *(["--branch"] if branch else []), "--source=measured"]
    subprocess.run(
        [*command, "driver.py", *names], cwd=work, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    data = CoverageData(str(work / ".coverage"))
    data.read()
    executed = {path: set(data.lines(path) or ()) for path in data.measured_files()}
    return {Path(path): lines for path, lines in executed.items() if len(lines) > 5}


def codeless(text):
    """The lines that are blank or hold only a comment, and lie in no statement of several lines."""
    lines = text.split("\n")
    inside = set()
    first = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            if first is not None:
                inside.update(range(first, token.end[0] + 1))
            first = None
        elif token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT) and first is None:
            first = token.start[0]
    bare = (number for number, line in enumerate(lines, 1) if not line.strip() or line.lstrip().startswith("#"))
    return {number for number in bare if number not in inside and number > 1}


def known(text, executed):
    """Whether source and data show that they do not belong together."""
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    body = [node for node in ast.parse(text).body if isinstance(node, simple)]
    # Documentation and bare constants leave no trace, and decorators are lines of their own.
    body = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    body = [node for node in body if not getattr(node, "decorator_list", None)]
    # Of a function or class the module only executes the head.
    ends = [node.lineno if hasattr(node, "body") else node.end_lineno for node in body]
    reached = [bool(executed & set(range(node.lineno, end + 1))) for node, end in zip(body, ends)]
    skipped = any(not now and any(reached[at + 1 :]) for at, now in enumerate(reached))
    return skipped and bool(executed & codeless(text))


def boundaries(text):
    """Lines before which the module's own statements begin."""
    starts = [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) for node in ast.parse(text).body]
    return starts[1:] or starts


def insert(count, what):
    def change(text, chance):
        lines = text.split("\n")
        at = chance.choice(boundaries(text)) - 1
        return "\n".join([*lines[:at], *[what] * count, *lines[at:]])

    return change


def delete(text, chance):
    """Without one of the functions or classes of the module."""
    lines = text.split("\n")
    nodes = [node for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    if not nodes:
        return text
    node = chance.choice(nodes)
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return "\n".join([*lines[: start - 1], *lines[node.end_lineno :]])


def annotate(text, chance):
    """The same lines with the same code: a comment added behind a statement, and the end of the file longer."""
    lines = text.split("\n")
    bare = [node for node in ast.parse(text).body if node.lineno == node.end_lineno and isinstance(node, (ast.Import, ast.Assign))]
    if bare:
        lines[chance.choice(bare).lineno - 1] += "  # seen"
    return "\n".join(lines) + "\n# the end\n"


CHANGES = {
    "one blank line more": insert(1, ""),
    "one comment more": insert(1, "# a comment"),
    "three lines more": insert(3, "# a comment"),
    "a statement more": insert(1, "_added = 1"),
    "a function less": delete,
}


def scan(scanner, work):
    """The sources that are proved to have changed."""
    version = "%d.%d" % sys.version_info[:2]
    out = subprocess.run([scanner, version, str(work / ".coverage")], check=True, capture_output=True, text=True).stdout
    *found, last = out.splitlines()
    counts = re.fullmatch(r"(\d+) sources, (\d+) executed, (\d+) unreadable, (\d+) proved stale", last)
    stale = {Path(line.split(": ")[1]) for line in found}
    assert counts and int(counts[4]) == len(stale), last
    assert int(counts[3]) == 0, last
    return stale


def main():
    work, scanner = Path(sys.argv[1]), sys.argv[2]
    rounds = 1 if "--quick" in sys.argv else 12
    wrong, changed, must, noticed, unchanged = [], 0, 0, 0, 0
    for branch in (False, True):
        executed = measure(work, branch)
        assert len(executed) > 40, f"only {len(executed)} modules were measured"
        originals = {path: path.read_text() for path in executed}
        assert not any(known(text, executed[path]) for path, text in originals.items()), "the check itself is wrong"
        chance = random.Random(20261121)

        def tell(name, change):
            texts = {path: change(text, chance) for path, text in originals.items()}
            for path, text in texts.items():
                path.write_text(text)
            try:
                return texts, scan(scanner, work)
            finally:
                for path, text in originals.items():
                    path.write_text(text)

        for name, change in (("nothing", lambda text, _: text), ("comments in place", annotate)):
            texts, stale = tell(name, change)
            unchanged += len(texts)
            wrong += [f"{path.name}: {name} changed, and is called stale" for path in stale]
        for name, change in CHANGES.items():
            for _ in range(rounds):
                texts, stale = tell(name, change)
                for path, text in texts.items():
                    if text == originals[path]:
                        continue
                    changed += 1
                    noticed += path in stale
                    if known(text, executed[path]):
                        must += 1
                        if path not in stale:
                            wrong.append(f"{path.name}: {name}, which can be known, and is not noticed")
    print(
        "%d.%d: " % sys.version_info[:2]
        + f"{unchanged} sources with the same lines, {changed} changed ones: {noticed} noticed, {must} of them that surely can be known"
    )
    for line in wrong[:20]:
        print(line)
    if must < changed // 4:
        wrong.append("too little")
        print("too few changes can be known for this to mean anything")
    sys.exit(bool(wrong))


main()
