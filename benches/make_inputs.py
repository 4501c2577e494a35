#!/usr/bin/env python3
"""Makes the inputs of the benchmark: one realistic workflow, and a thousand that all differ.

Usage: make_inputs.py DIRECTORY [COUNT]

Writes ci.yml below DIRECTORY/one/.github/workflows, and 0000.yml and so on below DIRECTORY/many/.github/workflows. The
same call writes the same bytes.
"""

import pathlib
import random
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ONE = ROOT / "workflows-fixtures" / "before" / ".forgejo" / "workflows" / "ci.yml"
NOUNS = "api worker web core billing search mailer importer scheduler gateway ledger reports auth catalog".split()
PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
SYSTEMS = ["ubuntu-latest", "ubuntu-24.04", "macos-latest", "windows-latest"]
LINTERS = ["ruff check", "ruff format --check", "mypy src", "pyright", "vulture src", "codespell", "bandit -r src"]
# What runs the tests, and the data it leaves when COVERAGE_FILE is not set.
RUNNERS = [
    ("coverage run -p -m pytest {tests}", ".coverage.*"),
    ("coverage run -p -m behave {tests}", ".coverage.*"),
    ("python -m coverage run --parallel-mode -m unittest discover {tests}", ".coverage.*"),
    ("uv run nox -s tests -- --coverage {tests}", ".coverage.*"),
    ("uvx tox run -e py -- {tests}", ".coverage.*"),
    ("pytest --cov={package} --cov-report= {tests} && mv .coverage .coverage.{name}", ".coverage.*"),
]


class Workflow:
    """One generated workflow. Its parts fit together, but for the mistakes that one in three makes."""

    def __init__(self, number):
        self.random = random.Random(number * 7919 + 17)
        self.number = number
        self.package = self.random.choice(NOUNS) + str(number)
        self.major = self.random.choice([4, 4, 4, 5, 6])
        self.lines = []

    def add(self, text, indent=0):
        for line in text.split("\n"):
            self.lines.append((" " * indent + line).rstrip())

    def chance(self, share):
        return self.random.random() < share

    def head(self):
        self.add(f"# Checks of {self.package}, kept by the platform team.")
        self.add(f"name: {self.package} checks\n")
        events = ["push:\n    branches: [main]", "pull_request:"]
        if self.chance(0.3):
            events.append(f"schedule:\n    - cron: '{self.number % 60} {self.number % 24} * * 1'")
        if self.chance(0.2):
            events.append("workflow_dispatch:\n    inputs:\n      level:\n        type: choice\n        options: [fast, full]")
        self.add("on:")
        for event in events:
            self.add("  " + event)
        if self.chance(0.5):
            self.add("\nconcurrency:\n  group: ${{ github.workflow }}-${{ github.ref }}\n  cancel-in-progress: true")
        if self.chance(0.6):
            self.add(f"\nenv:\n  PIP_DISABLE_PIP_VERSION_CHECK: '1'\n  SERVICE: {self.package}\n  FORCE_COLOR: 1")
        self.add("\npermissions:\n  contents: read\n\njobs:")

    def open_job(self, name, needs=(), runs_on="ubuntu-latest"):
        self.add(f"{name}:", 2)
        if needs:
            self.add(f"needs: [{', '.join(needs)}]", 4)
        self.add(f"runs-on: {runs_on}", 4)
        if self.chance(0.7):
            self.add(f"timeout-minutes: {self.random.randrange(5, 60, 5)}", 4)

    def setup(self, python="'3.13'"):
        self.add("steps:", 4)
        self.add(f"- uses: actions/checkout@v{self.major}\n  with:\n    fetch-depth: {self.random.choice([0, 1, 2])}", 6)
        self.add(f"- uses: actions/setup-python@v5\n  with:\n    python-version: {python}\n    cache: pip", 6)
        self.add(f"- name: Install {self.package}\n  run: |\n    python -m pip install --upgrade pip\n    python -m pip install -e '.[test]'", 6)

    def lint(self):
        self.open_job("lint")
        self.setup()
        for command in self.random.sample(LINTERS, self.random.randint(1, 4)):
            self.add(f"- name: {command.split()[0]}\n  run: pipx run {command}", 6)

    def tests(self, name):
        self.add(f"{name}:", 2)
        self.add("needs: lint", 4)
        self.add("runs-on: ${{ matrix.os }}", 4)
        pythons = self.random.sample(PYTHONS, self.random.randint(1, 5))
        systems = self.random.sample(SYSTEMS, self.random.randint(1, 3))
        self.add("strategy:\n  fail-fast: false\n  matrix:", 4)
        self.add(f"os: [{', '.join(systems)}]\npython: [{', '.join(repr(p) for p in sorted(pythons))}]", 8)
        if self.chance(0.3):
            self.add(f"include:\n  - os: ubuntu-latest\n    python: '3.15-dev'\n    experimental: {self.number % 3 == 0}".lower(), 8)
        if self.chance(0.2):
            self.add(f"exclude:\n  - os: {systems[0]}\n    python: {pythons[0]!r}", 8)
        self.setup("${{ matrix.python }}")
        runner, data = self.random.choice(RUNNERS)
        runner = runner.format(tests=f"tests/{name}", package=self.package, name=name)
        self.add(f"- name: Run {name}\n  env:\n    DATABASE_URL: sqlite:///{name}.db\n  run: |\n    mkdir -p build\n    {runner}", 6)
        if self.chance(0.97):
            self.add("- name: Keep the data\n  if: ${{ !cancelled() }}", 6)
            self.add(f"  uses: actions/upload-artifact@v{self.major}\n  with:", 6)
            legs = ["${{ matrix.os }}-${{ matrix.python }}", "${{ strategy.job-index }}"]
            suffix = "${{ matrix.python }}" if self.chance(0.05) else self.random.choice(legs)
            self.add(f"name: cov-{name}-{suffix}\npath: {data}", 10)
            if self.chance(0.9):
                self.add("include-hidden-files: true\nif-no-files-found: error", 10)

    def coverage(self, tests):
        self.open_job("coverage", tests if self.chance(0.97) else ["lint"])
        self.add("if: ${{ !cancelled() && github.event_name != 'schedule' }}", 4)
        self.setup()
        self.add(f"- uses: actions/download-artifact@v{self.major}\n  with:\n    pattern: cov-*", 6)
        if self.chance(0.95):
            self.add("merge-multiple: true", 10)
        self.add(f"- name: Judge\n  run: |\n    coverage combine\n    coverage report --fail-under={self.random.randint(60, 99)}\n    coverage xml -o build/coverage.xml", 6)

    def build(self):
        self.open_job("build", ["lint"])
        self.setup()
        self.add("- run: pipx run build\n- name: Keep the wheel\n  uses: actions/upload-artifact@v4\n  with:\n    name: dist\n    path: dist/", 6)

    def image(self, job):
        self.open_job(job, ["build"])
        self.add("steps:", 4)
        self.add("- uses: actions/checkout@v4\n- uses: actions/download-artifact@v4\n  with:\n    name: dist\n    path: dist", 6)
        self.add(f"- name: Build\n  run: docker build --tag {self.package}-{job}:${{{{ github.sha }}}} --build-arg TARGET={job} .", 6)

    def text(self):
        self.head()
        self.lint()
        tests = self.random.sample(["unit", "integration", "e2e"], self.random.choice([1, 1, 2, 2, 3]))
        for name in tests:
            self.add("")
            self.tests(name)
        self.add("")
        self.coverage(tests)
        if self.chance(0.5):
            self.add("")
            self.build()
            for job in self.random.sample(["image", "chart", "docs"], self.random.randint(0, 2)):
                self.add("")
                self.image(job)
        return "\n".join(self.lines) + "\n"


def make(directory, count=1000):
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    # Below .github, so that a linter for GitHub alone reads them as well.
    one = directory / "one" / ".github" / "workflows" / "ci.yml"
    one.parent.mkdir(parents=True)
    shutil.copyfile(ONE, one)
    many = directory / "many" / ".github" / "workflows"
    many.mkdir(parents=True)
    paths = []
    for number in range(count):
        path = many / f"{number:04}.yml"
        path.write_text(Workflow(number).text(), encoding="utf-8")
        paths.append(path)
    return one, paths


if __name__ == "__main__":
    one, paths = make(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    size = sum(path.stat().st_size for path in paths)
    lines = sum(path.read_text().count("\n") for path in paths)
    print(f"{one}: {one.stat().st_size} bytes, {one.read_text().count(chr(10))} lines")
    print(f"{len(paths)} files, {len({p.read_bytes() for p in paths})} distinct, {size / len(paths):.0f} bytes and {lines / len(paths):.0f} lines each")
