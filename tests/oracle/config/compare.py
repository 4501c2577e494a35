"""Compares ci-lint's reading of coverage.py's configuration with coverage.py itself."""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata
import warnings

import coverage
import coverage.config
import coverage.files
from coverage.exceptions import CoverageException

CONFIG_KEYS = """branch data_file parallel relative_files source source_pkgs source_dirs plugins format ignore_errors
report_include report_omit report_contexts precision show_missing skip_covered skip_empty sort html_dir html_title
extra_css show_contexts html_skip_covered html_skip_empty xml_output xml_package_depth json_output json_pretty_print
json_show_contexts lcov_output lcov_line_checksums""".split()
DEFAULTS = {
    "exclude_list": coverage.config.DEFAULT_EXCLUDE,
    "partial_list": coverage.config.DEFAULT_PARTIAL,
    "partial_always_list": coverage.config.DEFAULT_PARTIAL_ALWAYS,
}
FILES = [".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml"]


class Ours:
    """The Rust side: one request, one answer per line."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Score:
    def __init__(self, name):
        self.name, self.total, self.bad, self.known = name, 0, 0, {}

    def count(self, what, ours, theirs, known=None):
        self.total += 1
        if ours == theirs:
            return
        if known:
            self.known[known] = self.known.get(known, 0) + 1
            return
        self.bad += 1
        if self.bad <= 12:
            if isinstance(ours, list) and isinstance(theirs, list):
                pairs = [(o, t) for o, t in zip(ours, theirs) if o != t]
                ours = [[x for x in o if x not in t] if isinstance(o, list) and isinstance(t, list) else o for o, t in pairs]
                theirs = [[x for x in t if x not in o] if isinstance(o, list) and isinstance(t, list) else t for o, t in pairs]
            print(f"DIFFERENT {self.name}: {what}\n  ours:   {ours}\n  theirs: {theirs}")

    def show(self):
        known = "".join(f"; {count} known: {name}" for name, count in self.known.items())
        print(f"{self.name}: {self.total - self.bad - sum(self.known.values())} of {self.total} equal{known}")
        return self.bad


# --- configuration files ------------------------------------------------------------------------------------------


def their_config(rcfile):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            config = coverage.Coverage(**({} if rcfile is None else {"config_file": rcfile})).config
        except CoverageException as error:
            return {"error": str(error)}
        except Exception as error:  # a crash there is an error with a message here
            return {"error": "crash", "crash": type(error).__name__}
    found = {key: getattr(config, key) for key in CONFIG_KEYS}
    for key, default in DEFAULTS.items():
        value = getattr(config, key)
        marked = value[: len(default)] == default
        found[key] = ["<default>", *value[len(default):]] if marked else value
        try:
            re.compile(coverage.files.join_regex(value), re.MULTILINE)
        except re.error as error:
            return {"joined": str(error)}
    found["fail_under"] = repr(config.fail_under)
    found["paths"] = [list(item) for item in config.paths.items()]
    found["config_file"] = config.config_file and os.path.basename(config.config_file)
    found["warnings"] = sorted(str(warning.message) for warning in caught)
    return found


def compare_config(ours, score, files, env=None, rcfile=None):
    env = {"HOME": "/home/me", **(env or {})}
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            with open(os.path.join(directory, name), "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        before, environ = os.getcwd(), dict(os.environ)
        os.chdir(directory)
        os.environ.update(env)
        theirs = their_config(rcfile)
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)
        mine = ours.ask(config={"dir": directory, "rcfile": rcfile, "env": env})
    if "warnings" in mine:
        mine["config_file"] = mine["config_file"] and os.path.basename(mine["config_file"])
        # Where coverage.py would load the plugin, we say that we cannot.
        mine["warnings"] = sorted(text for text in mine["warnings"] if "cannot be loaded here" not in text)
    known = None
    if theirs.get("error") == "crash" and "error" in mine:
        known = "coverage.py crashes, ci-lint has a message"
    elif "joined" in theirs and "joined" in mine:
        if theirs["joined"].split(" at ")[0] in mine["joined"]:
            known = "coverage.py crashes on the joined regexes, ci-lint has a message"
    elif "error" in theirs and "error" in mine and ".toml" in theirs["error"]:
        if re.search(r"\(at (line|end)|end of document\)", theirs["error"]) and " (at line " in mine["error"]:
            known = "the wording of TOML syntax errors"
        elif "datetime." in theirs["error"]:
            known = "the spelling of dates in messages"
    elif any("datetime" in repr(value) or key in ("format", "sort", "html_title", "extra_css") and not isinstance(value, (str, type(None)))
             for key, value in theirs.items()):
        known = "values that are no text where text is meant"
    score.count((files, env, rcfile), mine, theirs, known)


def config_cases():
    for name in (".coveragerc", "setup.cfg"):
        for text in INI:
            yield {name: text}, None, None
            if name == "setup.cfg" or len(text) % 2:
                yield {name: re.sub(r"(?m)^\[(?=[a-z])", "[coverage:", text)}, None, None
    for text in TOML:
        for name in ("pyproject.toml", ".coveragerc.toml"):
            yield {name: text}, None, None
        yield {".coveragerc.toml": text.replace("tool.coverage.", "")}, None, None
        yield {"x.toml": text.replace("tool.coverage.", "")}, None, "x.toml"
    env = {"V1": "one", "V2": "two,2", "V3": "a\n b ", "E": "", "YES": "yes", "TRUE": "true", "N": "4"}
    for text in ENV_INI:
        yield {".coveragerc": text}, env, None
    for text in ENV_TOML:
        yield {"pyproject.toml": text}, env, None
    yield from FIND


INI = [
    "", "\n", "[run]\n", "[run]\nbranch=yes\n", "[run]\nbranch=maybe\n", "[run]\nbranch\n", "branch=1\n",
    "[run]\nbranch=1\n[run]\nparallel=1\n", "[run]\nbranch=1\nBranch=1\n", "[run]\n = 1\n", "[run]\n=1\n=2\n",
    "[run\nbranch=1\n", "[]\nbranch=1\n", "[run]\nfoo bar\nbaz\n[run2]\nx=1\n",
    "[run]\nfoo=1\n[coverage:run]\nx=1\n[xyzzy]\n[coverage:xyz]\na=1", "[run]\nbranch=1\n[coverage:run]\nparallel=1\n",
    "[report]\nprecision=x\n", "[report]\nprecision= 1_0 \nfail_under=1e1", "[report]\nfail_under=101",
    "[report]\nfail_under=99.999999\nprecision=-3", "[report]\nfail_under=nan\nformat=xx", "[report]\nfail_under=abc",
    "[report]\nfail_under=inf", "[report]\nfail_under=", "[report]\nprecision=", "[report]\nprecision=+3",
    "[report]\nfail_under=1__0", "[report]\nfail_under=1_0.5_0", "[report]\nfail_under=a'b", "[report]\nprecision=0x3",
    "[report]\nfail_under=.5\n[xml]\npackage_depth=-1", "[report]\nexclude_lines=(\n", "[report]\nexclude_lines=\n a\n [\n",
    "[report]\nexclude_lines=\n", "[report]\nexclude_also=\n  a\n  b,c\n\n  # cmt\n  d ; x\n  e # y\n",
    "[report]\nexclude_lines=x\nexclude_also=y\npartial_also=z\npartial_branches_always=q\n", "[report]\npartial_branches=x\n",
    "[report]\npartial_branches_always=\n", "[report]\nexclude_also=a**\n", "[report]\npartial_branches=(?<=a*)b\n",
    "[report]\nexclude_also=a\"'\\(\n  ('\"\n", "[report]\nexclude_also=(?i)x\n", "[report]\nexclude_lines=(?i)x\n",
    "[report]\nexclude_also=(?P<a>x)\n  (?P<a>y)\n", "[report]\nexclude_also=(a)\n  \\1\n",
    "[report]\nomit = a, b\n  c\n, , d\nsort=-Cover\n", "[report]\nomit = a, b\n  c\n  , , d\nsort=-Cover\ncontexts=x.*\n y\n",
    "[report]\ninclude=\npartial_also=\n  x\n  y\n", "[report]\nsort=\nformat=\ncontexts=\n", "[run]\nsource=\nplugins=\n",
    "[report]\ninclude=~/x,*/y\nignore_errors=on\nshow_missing=1\nskip_covered=TRUE\nskip_empty=Yes\n",
    "[paths]\nSource=\n  ~/src\n  /b/src,/c/src\nzed=x\nabc=*/q\n", "[paths]\na=\nb=\n c\n", "[paths]\n",
    "[run]\nplugins=a.b,c\n[a.b]\nx=1\n", "[DEFAULT]\nbranch=1\n[run]\n", "[DEFAULT]\nzzz=1\n[run]\nbranch:true\n",
    "[html]\ntitle=x\n[DEFAULT]\nfoo=1\n[paths]\na=b\n", "[DEFAULT]\na=1\n[DEFAULT]\nb=1\n[run]\n", "[DEFAULT]\na=1\na=2\n",
    "\ufeff[run]\nbranch=1\n", b"[run]\ndata_file=\xff\n".decode("latin-1"), "[run]\nconcurrency=zoo,foo,thread\n",
    "[run]\ndata_file = ~/x\nsource=~/a,b\n[html]\ndirectory=~/h\nextra_css=~/c\n[xml]\noutput=~/x\n[json]\noutput=~/j\n[lcov]\noutput=~/l\n",
    "[run]\nconcurrency=thread,gevent,greenlet\n", "[run]\npatch=a,subprocess\n", "[run]\nsigterm=1\npatch=foo\ncore=x\ndebug=a\n",
    "[html]\nshow_contexts=1\nskip_covered=1\nskip_empty=off\ntitle=a  b\n  c\n\n", "[run]\nbranch=%(x)s\n",
    "[json]\npretty_print=1\nshow_contexts=1\n[lcov]\nline_checksums=1\n[xml]\npackage_depth=3\n", "[run]\nbranch=1\n \n  0\n",
    "[html]\ntitle=\n", "[html]\ntitle=a\n\n  b\n", "[html]\ntitle=a\n# x\n  b\n;x\n  #y\n  c ;z\n", "[html]\ntitle: a = b\n",
    "[html]\n  title = a\n    b\n  xx=c\n", "[html]\n  title = a\n b=c\n", "  [html]\ntitle = a\n", "[html]\n  [run]\n",
    "[html]\ntitle=x\n  [run]\n  y\n", "[html] foo\ntitle=x\n", "[html]]\ntitle=x\n", "[ html ]\ntitle=x\n", "[HTML]\ntitle=x\n",
    "[html]\ntitle=x\r\n  b\r\n", "[html]\rtitle=x\r  b\r", "[html]\ntitle=x\x0c y\x1c z\x1c\n", "[html]\n\u00a0title\u00a0=\u00a0x\u00a0\n",
    "[html]\n\ttitle = x\n\t\ty\n\n\n    z\n", "[html]\nskip_covered=\n", "[run]\nbranch=1\nBRANCH2 = 1\nfoo_Bar=1\nÄ=1\n",
    "[run]\ndata_file=a/~/x\ndebug_file=~\n", "[run]\nsource_dirs=~/b\nsource_pkgs=c\nrelative_files=1\nparallel=1\n",
    "[report]\nzip=1\n[lcov]\nq=1\n[run]\nincludes=x\n[xml]\na=\n[json]\nb=\n[html]\nc=\n", "[report]\ninclude_namespace_packages=maybe\n",
    "[run]\na\tb\x07é\u200b=\n c'd\n'\"=\n\u200bx'\n", "[run]\nbranch=1\n[report]]x\n[[report]]\n", "; c\n# d\n[run]\n# e\nbranch=0\n",
    "[coverage:run]\nbranch=1\n[run]\nbranch=0\n", "[coverage:paths]\na=1\n[paths]\nb=1\n", "[tool:pytest]\naddopts=-v\n",
]
RUN, REPORT = "[tool.coverage.run]\n", "[tool.coverage.report]\n"
TOML = [
    "", "[project]\nname='x'\n", RUN, RUN + "branch=true\n", RUN + 'branch="true"\nparallel="false"\nrelative_files="True"\n',
    RUN + "branch=1\n", RUN + 'branch="yes"\n', RUN + "branch=[]\n", RUN + "branch=1.0\n", RUN + 'branch=" true "\n',
    RUN + 'source="a"\n', RUN + 'source=["a",1]\n', RUN + 'source=["a,b"," c "]\n', RUN + "source=[]\ndata_file=3\n",
    RUN + 'source={a="b"}\n', RUN + 'source=[[1,"a\'b",true,1.50,{x=1},1e16,1e-7,-inf,nan]]\n', RUN + "source=2020-01-01\n",
    RUN + 'context=3\ncore=1.5\n[tool.coverage.report]\nformat=true\nsort=[1]\n', REPORT + "fail_under=3\nprecision=1.5\n",
    REPORT + 'fail_under="3.5"\nprecision="2"\n', REPORT + 'fail_under=" 1_0 "\nprecision=" 2 "\n', REPORT + 'fail_under="x"\n',
    REPORT + 'precision="x"\n', REPORT + "fail_under=true\nprecision=0x10\n", REPORT + "fail_under=[]\n", REPORT + "fail_under=1e2\n",
    REPORT + "precision=[]\n", REPORT + "precision=2020-01-01\n", REPORT + "fail_under={a=1}\n", REPORT + 'exclude_lines="a"\n',
    REPORT + 'exclude_lines=["a","b\\nc", "("]\n', REPORT + 'exclude_lines=["a"," b\\nc ", "", " "]\nexclude_also=["x"]\n',
    REPORT + "exclude_lines=[1]\n", REPORT + 'omit=["a,b","c\\nd"," ",""]\ninclude=["a"]\ncontexts=["x"]\n',
    REPORT + 'include=["a",2]\n', REPORT + 'foo=1\nFormat="x"\n[tool.coverage.zzz]\na=1\n', REPORT + 'format="markdown"\nsort="-miss"\n',
    '[tool.coverage.paths]\nzed=["~/a","x"]\nB=["y"]\na=[]\n', '[tool.coverage.paths]\nb="x"\n', "[tool.coverage.paths]\n",
    "[tool.coverage]\nrun=1\n", "[tool]\ncoverage=1\n", "tool=1\n", "[tool.coverage]\nbranch=1\n", "[tool.coverage]\nrun={branch=true}\n",
    "tool.coverage.run.branch=true\ntool.coverage.report.precision=2\n", "[[tool.coverage.run]]\nbranch=true\n",
    "[tool.coverage.run\n", "x\n", "a=1\na=2\n", RUN + "branch=true\nbranch=true\n", RUN + "branch=\n", RUN + "branch='\n",
    RUN + 'plugins=["a.b","c"]\n[tool.coverage."a.b"]\nx=1\n', "\ufeff[tool.coverage.run]\nbranch=true\n",
    RUN + "branch=true\n[run]\nparallel=true\nzz=1\n", RUN + "branch=true\r\nparallel=true\r\n", RUN + 'zz=1\n"a.b"=2\n',
    "[tool.coverage.html]\ndirectory=2\n", '[tool.coverage.html]\ntitle="T"\nextra_css="~/x"\nskip_covered=true\nskip_empty=false\n',
    '[tool.coverage.xml]\noutput="~/x"\npackage_depth=2\n[tool.coverage.json]\npretty_print=true\n[tool.coverage.lcov]\nline_checksums=true\n',
    RUN + 'patch=["subprocess"]\nconcurrency=["thread"]\n', RUN + 'concurrency=["x"]\n', '["coverage:run"]\nbranch=true\n',
]
ENV_INI = [
    "[report]\nexclude_lines=$V1 ${V2} ${NO-def}x $$ ${NO}\n", "[report]\nexclude_lines=a${NO?}\n", "[run]\ndata_file=${V1\n",
    "[html]\ntitle=$1 $- ${} ${1a} ${NO-} ${NO-$$B} ${NO--x} ${NO?b} ${NO -b}end$\n", "[run]\nbranch=$YES\nsource=$V2\n",
    "[report]\nexclude_also=$V3\n[paths]\na=$HOME,${V1}x\n", "[html]\ntitle=${E-x}|${E?}|${E}|$E\n", "[report]\nprecision=$N\nfail_under=$N.5\n",
    "[html]\ntitle=${NO-x\n y}\n", "[run]\ndata_file=$HOME/x\n$V1=2\n", "[run]\ndata_file=${V1?}${NO-a}$V1x$V1-x\n", "[run]\ndata_file=$Vé$é\n",
]
ENV_TOML = [
    RUN + 'branch="$TRUE"\nsource=["$V2","${NO-q}"]\n', RUN + 'branch="$YES"\n', REPORT + 'precision="$N"\nfail_under="${N}.5"\nformat="$V1"\n',
    REPORT + 'exclude_lines=["${NO?}"]\n', REPORT + 'exclude_also=["$V3","$E"]\n', '[tool.coverage.paths]\na=["$V2","~"]\n"$V1"=[]\n',
    REPORT + 'precision="$V1"\n',
]
OWN, SHARED, PY = "[run]\nbranch=1\n", "[coverage:run]\nbranch=1\n", RUN + "branch=true\n"
FIND = [
    ({".coveragerc": "", "setup.cfg": SHARED}, None, None),
    ({".coveragerc.toml": "", "setup.cfg": SHARED}, None, None),
    ({"setup.cfg": OWN, "tox.ini": SHARED, "pyproject.toml": PY}, None, None),
    ({"setup.cfg": "[coverage:run]\nzz=1\n", "pyproject.toml": PY}, None, None),
    ({"setup.cfg": "[coverage:paths]\na=b\n", "pyproject.toml": PY}, None, None),
    ({"setup.cfg": "[coverage:paths]\n", "tox.ini": "[coverage:run]\n", "pyproject.toml": PY}, None, None),
    ({"setup.cfg": "[coverage:zz]\na=1\n", "pyproject.toml": PY}, None, None),
    ({"setup.cfg": "bad\n", "pyproject.toml": PY}, None, None),
    ({"setup.cfg": SHARED, "pyproject.toml": "[bad\n"}, None, None),
    ({"tox.ini": SHARED, ".coveragerc": "[report]\nprecision=1\n"}, None, None),
    ({".coveragerc.toml": "[run]\nparallel=true\n", ".coveragerc": OWN}, None, None),
    ({}, None, None), ({}, None, "nope.cfg"), ({}, None, "nope.toml"), ({}, None, ".coveragerc"), ({".coveragerc": OWN}, None, ""),
    ({"setup.cfg": SHARED}, None, ".coveragerc"), ({"setup.cfg": OWN}, None, "setup.cfg"), ({"tox.ini": OWN}, None, "./tox.ini"),
    ({"pyproject.toml": "[report]\nprecision=1"}, None, "pyproject.toml"), ({"x.cfg": "[coverage:report]\nprecision=1\n[run]\nbranch=1\nq=2"}, None, "x.cfg"),
    ({"x.toml": "[report]\nprecision=1\nz=1"}, None, "x.toml"), ({"x.cfg": OWN}, {"COVERAGE_RCFILE": "x.cfg"}, None),
    ({".coveragerc": OWN}, {"COVERAGE_RCFILE": "x.cfg"}, None), ({".coveragerc": OWN}, {"COVERAGE_RCFILE": ""}, None),
    ({".coveragerc": OWN, "x.cfg": ""}, {"COVERAGE_RCFILE": "x.cfg"}, ".coveragerc"), ({"y.cfg": OWN, "x.cfg": ""}, {"COVERAGE_RCFILE": "x.cfg"}, "y.cfg"),
    ({".coveragerc": OWN}, {"COVERAGE_FILE": "~/zz"}, None), ({".coveragerc": "[run]\ndata_file=q"}, {"COVERAGE_FILE": ""}, None),
    ({".coveragerc": OWN}, {"COVERAGE_FILE": "zz"}, ""), ({".coveragerc": b"[run]\ndata_file=\xff\n"}, None, None),
    ({"pyproject.toml": b'[tool.coverage.run]\ndata_file="\xff"\n'}, None, None),
]


def random_config(random):
    """A file of random options with random values, mostly good ones."""
    toml = random.random() < 0.5
    name = random.choice([n for n in FILES if n.endswith("toml") == toml])
    texts = ["1", "0", "true", "no", "x", "a, b", "3.5", "$V1", "~/q", "", "[a-z]+", "a|b", "x y", "\\d+", "${NO-d}"]
    tomls = ["true", "false", "1", "2.5", '"x"', '"true"', '["a", "b"]', "[]", '"$V1"', '["~/x"]', '"~/x"', "['\\d+']", '"4"']
    sections = {}
    for spec in random.sample(coverage.config.CoverageConfig.CONFIG_FILE_OPTIONS, random.randrange(1, 6)):
        section, option = spec[1].split(":")
        kind = spec[2] if len(spec) > 2 else "text"
        if random.random() < 0.8:
            good = {
                "boolean": (["on", "False", "1"], ["true", "false"]), "int": (["2"], ["2", '"3"']), "float": (["9.5"], ["9.5", "7"]),
                "list": (["a, b", "\n  x\n  y,z"], ['["a", "b,c"]']), "regexlist": (["\n  x.*\n  [^y]"], ["['x', '[^y]']"]),
            }.get(kind, (["some", "~/f"], ['"some"', '"~/f"']))
            value = random.choice(good[toml])
        else:
            value = random.choice(tomls if toml else texts)
        sections.setdefault(section, {})[option] = value
    if random.random() < 0.2:
        sections.setdefault("paths", {})["s"] = '["a", "~/b"]' if toml else "a\n  ~/b"
    if random.random() < 0.1:
        sections.setdefault("report", {})["unknown"] = "1"
    prefix = ("tool.coverage." if toml else "coverage:") if name in FILES[2:] or random.random() < 0.3 else ""
    lines = []
    for section, options in sections.items():
        lines.append(f"[{prefix}{section}]")
        lines += [f"{option} = {value}" for option, value in options.items()]
    return {name: "\n".join(lines) + "\n"}


# --- globs --------------------------------------------------------------------------------------------------------


def their_globs(pattern, paths):
    try:
        matcher = coverage.files.GlobMatcher([pattern])
    except CoverageException as error:
        return {"error": str(error)}
    except re.error:
        return {"error": "crash"}
    return [matcher.match(path) for path in paths]


def their_paths(pattern, paths):
    try:
        regex = coverage.files.globs_to_regex([pattern], case_insensitive=True, partial=True)
    except CoverageException as error:
        return {"error": str(error)}
    except re.error:
        return {"error": "crash"}
    found = [regex.match(path) for path in paths]
    return [match and match.end() for match in found]


def compare_globs(ours, random, count):
    globs, starts = Score("globs"), Score("path patterns")
    parts = ["a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "[^a]", "[a-b]", ".", ".py", "é", "-", "+", "***", "[", "]", "(", " ", "{", "~", "$", "A"]
    for _ in range(count):
        separator = random.choice(["/", "/", "/", "\\"])
        weights = [6, 6, 3, 6, 4, 3, 2, 2, 2, 2, 3, 3] + [1] * 12
        def segment():
            return "".join(random.choices(parts, weights, k=random.choice([1, 1, 1, 2, 2, 3])))
        pattern = separator.join([random.choice(["", "", "*", "**", segment()])] + [segment() for _ in range(random.randrange(1, 4))])
        pattern = random.choice([pattern, pattern, pattern + separator, pattern.lstrip("/"), segment()])
        paths = [random.choice(["", "/"]) + random.choice("///\\").join("".join(random.choices(["a", "b", "ab", ".py", "A", "é", "x", "-"], k=random.randrange(1, 3))) for _ in range(random.randrange(1, 5))) for _ in range(12)]
        paths += ["", "/", "a\nb", pattern.replace("**", "x/y").replace("*", "a").replace("?", "b")]
        for score, kind, theirs in ((globs, "glob", their_globs), (starts, "path", their_paths)):
            mine, expected = ours.ask(**{kind: {"pattern": pattern, "paths": paths}}), theirs(pattern, paths)
            crash = expected == {"error": "crash"} and "error" in mine
            score.count((pattern, paths), mine, expected, "coverage.py crashes on the set" if crash else None)
    return globs.show() + starts.show()


# --- regexes ------------------------------------------------------------------------------------------------------


def their_ranges(regexes, texts):
    if not regexes:
        return [[] for _ in texts]
    try:
        joined = re.compile(coverage.files.join_regex(regexes), re.MULTILINE)
    except (re.error, OverflowError) as error:
        return {"error": str(error)}
    def offsets(text):
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode("utf-8")))
        return at
    found = []
    for text in texts:
        at = offsets(text)
        found.append([[at[match.start()], at[match.end()]] for match in joined.finditer(text)])
    return found


def compare_classes(ours):
    """Every character that this Python's Unicode knows, against every class."""
    score = Score("character classes")
    known = [chr(n) for n in range(0x110000) if not 0xD800 <= n <= 0xDFFF and unicodedata.category(chr(n)) != "Cn"]
    for start in range(0, len(known), 500):
        text = "\n".join(known[start:start + 500])
        for regex in (r"\w", r"\W", r"\s", r"\S", r"\d", r"\D", r"\b", r"\B", ".", "(?a:\\w)", "(?a:\\s)", "(?i:[a-z])", "(?i:[^a-zß-ÿ])", "(?i:k|s|i|é)"):
            score.count((hex(ord(text[0])), regex), ours.ask(regex={"regexes": [regex], "texts": [text]}), their_ranges([regex], [text]))
    return score.show()


def compare_defaults(ours, random, count):
    score = Score("default exclusions")
    words = ["#", "# ", "pragma", "PRAGMA", "Pragma", ":", " ", "no", "NO", " cover", "COVER", "branch", "BRANCH", "...", ")", "]", "def f(", "async ", "-> int",
             ":", "\n", "\n\n", "    ", "\t", "\x0c", "x", "if ", "TYPE_CHECKING:", "typing.", "while ", "True:", "1:", "False:", "0:", "é", "\x1c", "\u00a0", "..", "."]
    for _ in range(count):
        texts = ["".join(random.choices(words, k=random.randrange(1, 25))) for _ in range(6)]
        for name, key in (("exclude", "exclude_list"), ("partial", "partial_list"), ("always", "partial_always_list")):
            mine = ours.ask(default={"which": name, "texts": texts})
            score.count((name, texts), mine, their_ranges(DEFAULTS[key], texts))
    return score.show()


def random_regex(random, depth=0, groups=None):
    groups = [0] if groups is None else groups
    def atom():
        pick = random.random()
        if pick < 0.45:
            return random.choice(["a", "b", "c", "x", " ", "=", "é", "i", "K", "\\.", "\\(", ":", "-", "]", "}", ",", "#", "\n", "&", "~"])
        if pick < 0.62:
            return random.choice([".", "\\s", "\\S", "\\w", "\\W", "\\d", "\\D", "\\t", "\\n", "\\x41", "\\u00e9", "\\141", "\\0"])
        if pick < 0.72:
            inner = "".join(random.choices(["a", "b-x", "\\w", "\\s", "\\d", "é", "0-9", ".", "[", "&&", "~~", "--", "\\]", "\\b", "\\n", "^", "\\S", "\\W", "K"], k=random.randrange(1, 4)))
            return f"[{random.choice(['', '^', ']', '^]'])}{inner}]"
        if pick < 0.8:
            return random.choice(["^", "$", "\\b", "\\B", "\\A", "\\Z"])
        if depth > 2:
            return "a"
        if pick < 0.9:
            open_ = random.choice(["(?:", "(", "(", "(?i:", "(?s:", "(?a:", "(?-m:", "(?x: ", "(?m-s:"])
            if open_ == "(":
                groups[0] += 1
            return open_ + random_regex(random, depth + 1, groups) + ")"
        if pick < 0.95:
            return random.choice(["(?=", "(?!", "(?<=", "(?<!", "(?>"]) + random_regex(random, depth + 1, groups) + ")"
        if pick < 0.98 and groups[0]:
            return random.choice(["\\%d", "(?(%d)a|b)", "(?(%d)a)"]) % random.randrange(1, groups[0] + 1)
        return random.choice(["(?#x)", "(?P<n>a)", "(?P=n)", "\\q", "(", ")", "[", "*", "(?P", "(?z)", "(?i)", "{2}", "a{,", "\\8", "(?<a)", "(?-", "(?x-", "(?i-i:a)", "[b-a]", "[\\w-a]", "\\", "\\x4", "\\400"])
    def piece():
        text = atom()
        if random.random() < 0.3:
            text += random.choice(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{1,}?", "*+", "?+", "{x}"])
        return text
    branches = ["".join(piece() for _ in range(random.choice([0, 1, 2, 2, 3, 3]))) for _ in range(random.choice([1, 1, 1, 1, 2, 3]))]
    return "|".join(branches)


def compare_regexes(ours, random, count):
    checks, score = Score("regex errors"), Score("regex matches")
    letters = ["a", "b", "c", "x", "X", "A", " ", "\n", "\t", "é", "É", "i", "I", "\u0130", "\u0131", "k", "\u212a", "0", "\u00b2", "\u0301", "\u203f", "\x1c", "\u00a0", ".", ":", "=", "]", "#", "&", "\u017f", "s"]
    for _ in range(count):
        regexes = [random_regex(random) for _ in range(random.choice([1, 1, 1, 2, 3]))]
        good = []
        for regex in regexes:
            try:
                re.compile(regex)
                theirs = None
                good.append(regex)
            except (re.error, OverflowError) as error:
                theirs = {"error": str(error)}
            checks.count(regex, ours.ask(check={"pattern": regex}), theirs)
        texts = ["".join(random.choices(letters, [8, 8, 5, 4, 2, 2, 5, 5] + [1] * 23, k=random.randrange(0, 14))) for _ in range(8)]
        theirs = their_ranges(good, texts)
        mine = ours.ask(regex={"regexes": good, "texts": texts})
        known = None
        if isinstance(mine, dict) and isinstance(theirs, dict):
            if mine["error"].startswith(theirs["error"]):
                continue
        elif isinstance(mine, dict) and "cannot be run here" in mine["error"]:
            known = "a clear error: " + re.sub(r"(?s).*error: |.*here: ", "", re.sub(r" at position \d+", "", mine["error"]))[:60]
        score.count((good, texts), mine, theirs, known)
    return checks.show() + score.show()


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1500
    ours, generator = Ours(program), random.Random(seed)
    written, generated = Score("configuration, written"), Score("configuration, generated")
    for files, env, rcfile in config_cases():
        compare_config(ours, written, files, env, rcfile)
    bad = written.show()
    for _ in range(count // 3):
        compare_config(ours, generated, random_config(generator), {"V1": "one"})
    bad += generated.show()
    bad += compare_globs(ours, generator, count)
    bad += compare_classes(ours)
    bad += compare_defaults(ours, generator, count // 3)
    bad += compare_regexes(ours, generator, 2 * count)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
