"""Runs the cases under act and compares what came out with the real coverage.py on the very data that was uploaded."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# What the binary may need of this machine; everything else in a step's environment comes from act.
KEPT = ("LANG", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "PYENV_ROOT", "PYENV_VERSION")


class Checks:
    """Counts, and says what is wrong."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, condition, what, details=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}\n{details}".rstrip())


class Forge:
    """The simulated forge, for the time of one case."""

    def __init__(self, program, folder):
        command = [program, "github", "--folder", folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())
        self.folder = Path(folder)

    def stop(self):
        """Ends it and returns what happened."""
        self.process.stdin.close()
        self.process.wait(timeout=30)
        return json.loads((self.folder / "state.json").read_text())


def git(folder, *args):
    identity = ["-c", "user.name=ci-lint", "-c", "user.email=ci-lint@localhost"]
    subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """One workflow, from an empty folder to what the step of `ci-lint apply` left."""

    def __init__(self, name, work, binary, forge_program, workflow, broken=False, prepare=None):
        self.folder = work / "runs" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.result = self.folder / "result"
        self.result.mkdir(parents=True)
        (self.folder / "home").mkdir()
        (self.folder / "forge").mkdir()
        forge = Forge(forge_program, self.folder / "forge")
        env = forge.facts["env"]
        self.token = forge.facts["api_token"]
        project = self.folder / "project"
        shutil.copytree(HERE / "project", project)
        (project / ".github/workflows").mkdir(parents=True)
        shutil.copyfile(HERE / "workflows" / f"{workflow}.yml", project / ".github/workflows/ci.yml")
        if prepare:
            prepare(project)
        if broken:
            with (project / "tests/test_shipping.py").open("a") as tests:
                tests.write("\n\ndef test_that_fails():\n    assert cost(0, \"DE\") == 0\n")
        git(project, "init", "--quiet", "--initial-branch", "topic")
        git(project, "remote", "add", "origin", f"https://github.com/{env['GITHUB_REPOSITORY']}")
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", "project")
        command = [
            work / "venv/bin/act", env["GITHUB_EVENT_NAME"], "--eventpath", env["GITHUB_EVENT_PATH"],
            "--platform", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-", "--no-cache-server",
            "--artifact-server-path", self.folder / "artifacts", "--artifact-server-addr", "127.0.0.1",
            "--artifact-server-port", str(free_port()), "--action-cache-path", self.folder / "cache",
            "--use-new-action-cache", "--secret", "GITHUB_TOKEN",
        ]  # fmt: skip
        for action in ("upload-artifact", "download-artifact"):
            command += ["--local-repository", f"https://github.com/actions/{action}@v4={HERE / action}"]
        passed_on = {
            "CI_LINT": binary,
            "FORGE_API_URL": env["GITHUB_API_URL"],
            "NODE_PATH": work / "node/node_modules",
            "RESULT": self.result,
        }
        for name, value in passed_on.items():
            command += ["--env", f"{name}={value}"]
        own = {name: os.environ[name] for name in KEPT if name in os.environ}
        own["PATH"] = f"{HERE}:{work / 'venv/bin'}:{own['PATH']}"
        own |= {"HOME": str(self.folder / "home"), "GITHUB_TOKEN": self.token}
        act = subprocess.run(command, cwd=project, env=own, capture_output=True, text=True, check=False, timeout=300)
        self.act, self.log = act.returncode, act.stdout + act.stderr
        self.state = forge.stop()

    def left(self, name):
        """A file of the result, or nothing."""
        path = self.result / name
        return path.read_text() if path.exists() else ""

    def said(self):
        return self.left("stdout") + self.left("stderr")

    def oracle(self, work):
        """What coverage.py reports on the data in act's own store."""
        folder = self.folder / "oracle"
        shutil.copytree(HERE / "project", folder)
        stored = sorted((self.folder / "artifacts").rglob("*.zip"))
        for number, file in enumerate(stored):
            with zipfile.ZipFile(file) as archive:
                (folder / f".coverage.{number}").write_bytes(archive.read(".coverage"))
        coverage = work / "venv/bin/coverage"
        subprocess.run([coverage, "combine", "--quiet"], cwd=folder, check=True)
        report = subprocess.run([coverage, "report", "--fail-under=0"], cwd=folder, check=True, capture_output=True, text=True)
        subprocess.run([coverage, "xml", "-q", "--fail-under=0", "-o", "coverage.xml"], cwd=folder, check=True)
        return len(stored), report.stdout, folder / "coverage.xml"


def rates(file):
    """Counts and hits by line of a Cobertura report."""
    root = xml.etree.ElementTree.parse(file).getroot()
    lines = {
        (found.get("filename"), line.get("number")): (line.get("hits"), line.get("condition-coverage"))
        for found in root.iter("class")
        for line in found.iter("line")
    }
    return root.get("lines-covered"), root.get("branches-covered"), root.get("line-rate"), lines


def same_report(check, name, run, work):
    """The step's report is coverage.py's, on the data of both legs."""
    count, report, oracle_xml = run.oracle(work)
    check(count == 2, f"{name}: {count} artifacts in act's store", run.log)
    check(report.strip() in run.left("stdout"), f"{name}: the report is not coverage.py's", f"{report}\n{run.said()}\n{run.log}")
    own = run.result / "build/coverage.xml"
    check(own.exists() and rates(own) == rates(oracle_xml), f"{name}: coverage.xml is not coverage.py's")
    return re.search(r"^TOTAL.*?([\d.]+)%", report, re.MULTILINE).group(1)


def download(check, run, work):
    """The plain path: a download step has laid the files, and nothing is collected."""
    same_report(check, "download", run, work)
    check(run.left("exit") == "0", f"download: exit code {run.left('exit')}", run.said())
    check(run.left("outcome") == "success", f"download: outcome {run.left('outcome')}")
    check(run.act == 0, f"download: act ends with {run.act}", run.log)


def collect(check, run, work):
    """The step collects from act's server itself, and posts."""
    total = same_report(check, "collect", run, work)
    check(run.left("exit") == "0", f"collect: exit code {run.left('exit')}", run.said())
    outputs = json.loads(run.left("outputs.json") or "{}")
    check(outputs.get("total") == total, f"collect: output total {outputs.get('total')}, coverage.py {total}")
    check(outputs.get("passed") == "true", f"collect: outputs {outputs}")
    check(outputs.get("verdict") == "passed", f"collect: outputs {outputs}")
    comments = run.state["comments"]
    check(len(comments) == 1 and total in comments[0]["body"], f"collect: comments {comments}")
    head = json.loads((run.folder / "forge/event.json").read_text())["pull_request"]["head"]["sha"]
    statuses = {(status["sha"], status["state"], status["context"]) for status in run.state["statuses"]}
    check((head, "success", "ci-lint/coverage") in statuses, f"collect: statuses {statuses}")
    check(total in run.left("summary"), "collect: the summary lacks the total", run.left("summary"))
    safe(check, "collect", run)


def missing(check, run, work):
    """A test fails in one leg, so its data is never uploaded: not judged, and the leg is named."""
    del work
    check(run.left("exit") == "3", f"missing: exit code {run.left('exit') or 'none'}, expected 3", run.said() or run.log)
    check("coverage-shipping" in run.said(), "missing: the artifact that did not come is not named", run.said())
    check(re.search(r"tests.*shipping", run.said()) is not None, "missing: the leg is not named", run.said())
    check("TOTAL" in run.left("stdout"), "missing: the figures are not shown for information", run.said())
    outputs = json.loads(run.left("outputs.json") or "{}")
    check(outputs.get("verdict") == "not-judged", f"missing: outputs {outputs}")
    check(outputs.get("passed") == "false" and outputs.get("total") == "", f"missing: outputs {outputs}")
    bodies = [comment["body"] for comment in run.state["comments"]]
    check(len(bodies) == 1 and "coverage-shipping" in bodies[0], f"missing: comments {bodies}")
    states = {status["state"] for status in run.state["statuses"]}
    check(states and "success" not in states, f"missing: statuses {states}")
    check(run.act != 0, "missing: act ends with success")
    safe(check, "missing", run)


def mended(check, run, work):
    """A workflow that runs its tests twice, before and after `--fix --unsafe-fixes`: one run of the tests, the same report."""
    binary, forge_program = sys.argv[2], sys.argv[3]
    said = []

    def fix(project):
        bring_sessions(project)
        lint = [binary, "lint", "--fix", "--unsafe-fixes"]
        mending = subprocess.run(lint, cwd=project, capture_output=True, text=True, check=False)
        said.append(mending.stdout + mending.stderr)
        check(mending.returncode == 0, "mended: something is left to find", said[0])

    before = (HERE / "workflows/before.yml").read_text()
    after = Run("mended-after", work, binary, forge_program, "before", prepare=fix)
    workflow = (after.folder / "project/.github/workflows/ci.yml").read_text()
    check("# measured in here, see noxfile.py" in workflow and workflow != before, "mended: the workflow", workflow)
    check(run.act == 0, f"mended: act ends with {run.act} before", run.log)
    check(after.act == 0, f"mended: act ends with {after.act} after", f"{workflow}\n{after.log}")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", one.log) for one in (run, after)]
    runs = [len(re.findall(r"\b\d+ passed in ", log)) for log in plain]
    check(runs == [2, 1], f"mended: the tests ran {runs} times, not 2 and 1", after.log)
    reports = [one.result / "coverage.xml" for one in (run, after)]
    same = all(report.exists() for report in reports) and rates(reports[0]) == rates(reports[1])
    check(same, "mended: the reports before and after differ", after.log)


def bring_sessions(project):
    shutil.copyfile(HERE / "before/noxfile.py", project / "noxfile.py")


def safe(check, name, run):
    """Tokens reach the forge and nothing else, and every output of action.yml is written."""
    texts = [run.said(), run.left("summary"), run.left("output"), *(comment["body"] for comment in run.state["comments"])]
    check(not any(run.token in text for text in texts), f"{name}: the token is shown")
    section = (ROOT / "action.yml").read_text().split("\noutputs:\n")[1].split("\nruns:\n")[0]
    promised = set(re.findall(r"^  ([a-z-]+):$", section, re.MULTILINE))
    written = set(json.loads(run.left("outputs.json") or "{}"))
    check(promised and promised == written, f"{name}: promised outputs {sorted(promised)}, written {sorted(written)}")
    check(not run.state["violations"], f"{name}: the forge objects: {run.state['violations']}")


CASES = {
    "download": ("download", False, None),
    "collect": ("collect", False, None),
    "missing": ("collect", True, None),
    "mended": ("before", False, bring_sessions),
}


def main():
    work, binary, forge_program = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    check = Checks()
    for name in sys.argv[4:] or CASES:
        workflow, broken, prepare = CASES[name]
        globals()[name](check, Run(name, work, binary, forge_program, workflow, broken, prepare), work)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed or not check.passed else 0


if __name__ == "__main__":
    sys.exit(main())
