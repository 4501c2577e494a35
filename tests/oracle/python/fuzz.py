"""Makes up Python files that are dense in what is hard to analyse: constant tests, dead code, `match`, `except*`, pragmas.

Usage: python fuzz.py OUTPUT_FOLDER COUNT [SEED]; prints the paths. The same seed gives the same files.
"""

import pathlib
import random
import sys

TESTS = ["x", "x.y", "f(x)", "not x", "x and y", "x or y", "x == 1", "True", "False", "0", "1", "None", "__debug__",
         "not __debug__", "x and 0", "x or 1", "1 and 0", "'a'", "''", "...", "-1", "1 - 1", "()", "(1,)", "f''", "f'a'",
         "1 if x else 0", "(x := 1)", "[]", "not (x and 0)"]
PRAGMAS = ["  # pragma: no cover", "  # pragma: no branch", "  # note"]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.out = []
        self.names = 0

    def line(self, depth, text, plain=False):
        pragma = self.rng.choice(PRAGMAS) if self.rng.random() < 0.06 and not plain else ""
        self.out.append("    " * depth + text + pragma)

    def name(self):
        self.names += 1
        return f"n{self.names}"

    def body(self, depth, where):
        if depth > 4:
            self.line(depth, "pass")
            return
        for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3])):
            self.stmt(depth, where)

    def stmt(self, depth, where):
        rng = self.rng
        function, loop, in_except_star = where
        kinds = ["simple"] * 9 + ["if"] * 4 + ["for", "while", "try", "try", "with", "match", "match", "def", "def", "class"]
        if function and not in_except_star:
            kinds += ["return"] * 2
        kinds += ["raise"]
        if loop and not in_except_star:
            kinds += ["break", "continue"] * 2
        kind = rng.choice(kinds)
        test = lambda: rng.choice(TESTS) if rng.random() < 0.6 else "x"
        if kind == "simple":
            choices = ["a = 1", "f(x)", "pass", "...", "'text'", "7", "a = f(\n" + "    " * depth + "    x,\n" + "    " * depth + ")",
                       "assert x", f"assert {test()}", "assert 0", "del a", "del ()", "import os", "g = lambda: x", "a = [i for i in x]",
                       "a = 1; b = 2", "a += 1", "x.z: int", "a = 'b' \\\n" + "    " * depth + "  'c'", '"""long\n  text"""',
                       "v: int = 3", "w: int", "(w): int", "a = (1, 2)", "f(k=1)", "a = (i for i in x)"]
            self.line(depth, rng.choice(choices))
        elif kind == "if":
            self.line(depth, f"if {test()}:")
            self.body(depth + 1, where)
            while rng.random() < 0.3:
                self.line(depth, f"elif {test()}:")
                self.body(depth + 1, where)
            if rng.random() < 0.5:
                self.line(depth, "else:")
                self.body(depth + 1, where)
        elif kind in ("for", "while"):
            self.line(depth, "for i in x:" if kind == "for" else f"while {test()}:")
            self.body(depth + 1, (function, True, False))
            if rng.random() < 0.3:
                self.line(depth, "else:")
                self.body(depth + 1, where)
        elif kind == "try":
            star = rng.random() < 0.2
            self.line(depth, "try:")
            self.body(depth + 1, where)
            handlers = rng.choice([0, 1, 1, 2])
            for index in range(handlers):
                last = index == handlers - 1
                if star:
                    self.line(depth, f"except* E{index}:")
                    self.body(depth + 1, (function, False, True))
                else:
                    self.line(depth, "except:" if last and rng.random() < 0.3 else f"except E{index} as e:")
                    self.body(depth + 1, where)
            if handlers and rng.random() < 0.3:
                self.line(depth, "else:")
                self.body(depth + 1, where)
            if not handlers or rng.random() < 0.3:
                self.line(depth, "finally:")
                # Since 3.14 leaving a `finally` body early gives a warning; it stays legal.
                self.body(depth + 1, where)
        elif kind == "with":
            self.line(depth, rng.choice(["with x:", "with x as a, y:", "with (\n" + "    " * depth + "    x,\n" + "    " * depth + "):"]))
            self.body(depth + 1, where)
        elif kind == "match":
            self.line(depth, "match x:")
            for _ in range(rng.choice([1, 2, 3])):
                pattern = rng.choice(["1", "[a, b]", "{'k': a}", "C(a)", "1 | 2", "(1 as a)", "'s'"])
                guard = rng.choice(["", "", " if x", f" if {test()}"])
                self.line(depth + 1, f"case {pattern}{guard}:")
                self.body(depth + 2, where)
            if rng.random() < 0.6:
                self.line(depth + 1, rng.choice(["case _:", "case a:", "case 1 | _:", "case (_):", "case _ if x:"]))
                self.body(depth + 2, where)
        elif kind == "def":
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                self.line(depth, rng.choice(["@dec", "@dec(\n" + "    " * depth + "    1)"]))
            self.line(depth, rng.choice([f"def {self.name()}():", f"def {self.name()}(a,\n" + "    " * depth + "      b=1):"]))
            if rng.random() < 0.3:
                self.line(depth + 1, rng.choice(['"""doc"""', '"""doc\n\n    more\n    """']), plain=True)
            self.body(depth + 1, (True, False, False))
        elif kind == "class":
            self.line(depth, f"class {self.name()}:")
            if rng.random() < 0.3:
                self.line(depth + 1, '"""doc"""', plain=True)
            self.body(depth + 1, (False, False, False))
        elif kind == "return":
            self.line(depth, rng.choice(["return", "return x", "return 1"]))
        elif kind == "raise":
            self.line(depth, "raise E")
        else:
            self.line(depth, kind)


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    folder.mkdir(parents=True, exist_ok=True)
    made = 0
    while made < count:
        maker = Maker(rng)
        if rng.random() < 0.2:
            maker.line(0, '"""doc"""', plain=True)
        if rng.random() < 0.15:
            maker.line(0, "from __future__ import annotations")
        for _ in range(rng.choice([2, 4, 6])):
            maker.stmt(0, (False, False, False))
        source = "\n".join(maker.out) + "\n"
        try:
            compile(source, "made", "exec")
        except SyntaxError:
            continue
        path = folder / f"f{made:05}.py"
        path.write_text(source)
        print(path)
        made += 1


if __name__ == "__main__":
    main()
