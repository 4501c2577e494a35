"""Sources and file names at the edges of what the reports meet."""

BIG = "".join(f"x{number} = {number}\n" for number in range(20_000))

FILES = {
    "empty.py": "",
    "comment.py": "# nothing here\n",
    "docstring.py": '"""Only words."""\n',
    "one.py": "x = 1\n",
    "no_newline.py": "x = 1",
    "big.py": BIG,
    "pkg/__init__.py": "",
    "pkg/a1.py": "def f():\n    return 1\n",
    "pkg/a10.py": "def f(): return 1\ndef g(x):\n    if x: return 1\n    return 2\n",
    "pkg/a9.py": "import os\n",
    "pkg/a09.py": "import os\n",
    "pkg/deep/er/m.py": "while True:\n    break\nelse:\n    pass\n",
    "pkg/deep/er2/m.py": "for i in range(3):\n    if i:\n        continue\n    print(i)\n",
    "Größe/日本.py": "naïve = 'ü'\nif naïve:\n    print(naïve)\n",
    "e\u0301\u200b\u00a0.py": "x = 1\n",
    "tab\there.py": "x = 1\n",
    "colour\u001b[31m.py": "if 0 > 1:\n    x = 1\n",
    "quote\"&<'>.py": "x = 1\n",
    "star*_[x](y)#`|.py": "x = 1\n",
    "٣.py": "x = 1\n",
    "\U0001f40d.py": "def \U0001d4c1(): pass\n",
    "lines.py": "a = '\x0b'\nb = '\x1c \x85 \u2028'\nif a:\x0c\n    c = 3\n",
    "excluded.py": """\
import sys
if sys.argv:
    x = 1
if sys.stdin:  # pragma: no cover
    y = 2
else:
    y = 3

def f():  # pragma: no cover
    if x:
        return 1
    return 2

for i in range(2):
    pass
else:  # pragma: no cover
    z = 1
class C:
    def m(self):  # pragma: no cover
        pass
    def n(self):
        raise NotImplementedError  # pragma: no cover
if TYPE_CHECKING:
    import os


""",
    "no_branch.py": """\
x = 3
while True:
    x -= 1
    if x:  # pragma: no branch
        break
if 1:
    y = 2
if x: # pragma: no branch
    y = 3
""",
    "same_names.py": """\
class A:
    def f(self):
        return 1
class A:
    def f(self):
        return 2
    class A:
        def f(self):
            return 3
def f():
    ...
def f(x):
    def f(y):
        def f(z):
            return z
        return f
    return f
if f:
    def g(): return 1
else:
    def g():
        return 2
class Empty: pass
class Empty:
    x = 1
def f(): "doc"
class A:
    @property
    def x(self):
        return 1
    @x.setter
    def x(self, value):
        @decorate
        def inner():
            pass
        class Inner:
            def f(self):
                pass
            y = 3
""",
    "flow.py": """\
import contextlib

def withs(x):
    with contextlib.suppress(ValueError):
        x = 1
        if x:
            return 2
    with (
        open("a") as a,
        open("b") as b,
    ):
        while x:
            x -= 1
    return [
        a,
        b,
    ]

def tries(x):
    try:
        x()
    except ValueError:
        return 1
    except (
        KeyError,
        TypeError,
    ):
        raise
    else:
        x = 2
    finally:
        print(x)

def matches(x):
    match x:
        case 1:
            return 1
        case [a, *_] if a:
            return a
        case {"k": v}:
            y = v
        case str():
            raise ValueError
    if x: y = 1
    elif y: y = 2
    else: y = 3
    return lambda: [i for i in range(y) if i]

async def later(xs):
    async with xs as a:
        async for x in a:
            await x
        else:
            yield a
    for x in xs:
        if not x:
            break
    else:
        return

@decorator(
    1,
)
@other
def decorated(
    a,
    b=2,
):
    '''Doc.

    More.
    '''
    assert (
        a
        and b
    )
    del a

class Thing(
    Base,
    metaclass=Meta,
):
    '''Doc.'''
    for name in names:
        locals()[name] = 1

    if names:
        def method(self): return 1
    elif name:
        method = None

    def only_nested(self):
        def nested(): pass
    def with_class(self):
        class Local:
            def deep(self):
                if self: return 1
""",
    "outside_excluded.py": """\
def f(x):
    try:
        if x:
            return 1
        for y in x:
            if y:
                break
            if y > 1: continue
    finally:
        print(x)
match f:
    case 1:
        a = 1
    case 2:
        def g(): return 1  # pragma: no cover
    case 3:
        a = 3
if f: a = 1
elif a:
    def h(): return 1  # pragma: no cover
else:
    class K:
        def k(self): return 2  # pragma: no cover
""",
}


def write(folder):
    """The files, in the folder."""
    files = []
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        files.append(file)
    return files
