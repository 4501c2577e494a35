"""Runs the image in the shape of each forge's runner and compares what it says with the real coverage.py.

First with data that an earlier step laid in the workspace; then with data in the artifacts of a simulated forge, behind
TLS with a private authority, to which the container also posts.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from artifacts import upload_v3, upload_v4
from container import Container, files
from forge import Forge
from runners import RUNNERS, TOKEN

HERE = Path(__file__).parent
PROJECT = HERE.parent / "e2e/project"
ROOT = HERE.parent.parent

passed = failed = 0


def check(condition, what, details=""):
    """Counts, and says what is wrong."""
    global passed, failed
    if condition:
        passed += 1
        return
    failed += 1
    print(f"FAILED: {what}\n{details}".rstrip())


def coverage(folder, *args):
    """The real coverage.py in a folder."""
    command = [Path(sys.executable).parent / "coverage", *args]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def measured(work):
    """The project with the data of two test jobs merged, and what coverage.py says about it."""
    folder = work / "measured"
    shutil.copytree(PROJECT, folder)
    for suite in ("basket", "shipping"):
        run = coverage(folder, "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/test_{suite}.py")
        assert run.returncode == 0, run.stdout + run.stderr
    combined = coverage(folder, "combine", "--quiet")
    assert combined.returncode == 0, combined.stderr
    report = coverage(folder, "report", "--fail-under=0")
    assert report.returncode == 0, report.stderr
    return folder, report.stdout


def record_below(data, prefix):
    """Makes recorded paths absolute, as they are without `relative_files` on a machine that has its checkout there."""
    with sqlite3.connect(data) as connection:
        connection.execute("UPDATE file SET path = ? || '/' || path", (prefix,))


def promised(key, end):
    """Names of a section of action.yml."""
    section = (ROOT / "action.yml").read_text().split(f"\n{key}:\n")[1].split(f"\n{end}:\n")[0]
    names = re.findall(r"^  ([a-z0-9-]+):$", section, re.MULTILINE)
    assert len(names) > 6, names
    return names


def inputs(**given):
    """Every input of action.yml: runners pass on the empty ones too."""
    names = promised("inputs", "outputs")
    values = dict.fromkeys(names, "") | {name.replace("_", "-"): value for name, value in given.items()}
    assert set(values) == set(names), set(values) - set(names)
    return values


def local_data(work, image, entrypoint):
    """Data that an earlier step laid in the workspace, without a network: report, gate and exit code."""
    source, expected = measured(work)
    for name, make in RUNNERS.items():
        for paths, fail_under, code in (("relative", "80", 0), ("absolute", "99.5", 1)):
            what = f"{name}, {paths} paths, fail-under {fail_under}"
            job = make(work / f"{name}-{paths}", "https://127.0.0.1:1", "no.runtime.token")
            shutil.copytree(source, job.workspace, dirs_exist_ok=True)
            if paths == "absolute":
                record_below(job.workspace / ".coverage", job.recorded)
            before = files(job.workspace)
            job.inputs = inputs(
                token=TOKEN,
                data=".coverage",
                report="text\nxml\njson",
                output_dir="build/coverage",
                fail_under=fail_under,
                expect="none",
            )
            run, left = Container(work, image, entrypoint).run(job.environment(), job.mounts, job.cwd)
            said = run.stdout + run.stderr
            check(run.returncode == code, f"{what}: exit code {run.returncode}, expected {code}", said)
            check(expected.strip() in run.stdout, f"{what}: the report is not coverage.py's", f"{expected}\n{said}")
            report = job.workspace / "build/coverage"
            check((report / "coverage.xml").exists(), f"{what}: no coverage.xml")
            total = json.loads((report / "coverage.json").read_text())["totals"] if report.exists() else {}
            check(total.get("num_statements", 0) > 20, f"{what}: coverage.json has no totals")
            changed = dict(set(files(job.workspace).items()) ^ set(before.items()))
            outside = {path for path in changed if path.split("/")[0] != "build"}
            check(not outside, f"{what}: changed in the workspace: {outside}")
            check(not strangers(left, image, job), f"{what}: left in the image: {strangers(left, image, job)}")
            check(TOKEN not in said, f"{what}: the token is in the log")


# Runner, forge, how the data gets there, and which image: the released one, or that of `uses: ./coverage-share-action`.
FORGES = [
    ("github", "github", upload_v4, "image"),
    ("github", "ghes", upload_v3, "image"),
    ("forgejo", "forgejo15", upload_v4, "shared"),
    ("forgejo", "forgejo16", upload_v4, "image"),
    ("gitea", "gitea125", upload_v4, "shared"),
    ("gitea", "gitea127", upload_v4, "image"),
]


def lay_shared(folder, binary):
    """The files of coverage-share-action's image; tests/container/image builds it and compares."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "coverage-share-action/tmp", folder / "tmp")
    shutil.copy2(binary, folder / "ci-lint")


def legs(work):
    """The data of each leg by itself, and what coverage.py says about all of it."""
    folder = work / "legs"
    shutil.copytree(PROJECT, folder)
    found = {}
    for suite in ("basket", "shipping"):
        run = coverage(folder, "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/test_{suite}.py")
        assert run.returncode == 0, run.stdout + run.stderr
        assert coverage(folder, "combine", "--quiet").returncode == 0
        found[suite] = (folder / ".coverage").read_bytes()
        (folder / ".coverage").rename(folder / f".coverage.{suite}")
    assert coverage(folder, "combine", "--quiet").returncode == 0
    report = coverage(folder, "report", "--fail-under=0")
    assert report.returncode == 0, report.stderr
    return found, report.stdout


def on_forge(work, program, runner, personality, forge_work):
    """A job on a simulated forge, with the workflow in its workspace; the data is not uploaded yet."""
    forge = Forge(program, personality, forge_work)
    job = RUNNERS[runner](work, forge.url, "set by the forge")
    job.adopt(forge.env, forge.folder)
    shutil.copytree(PROJECT, job.workspace, dirs_exist_ok=True)
    # Gitea's runner does not name the file.
    named = forge.env.get("GITHUB_WORKFLOW_REF", "owner/repository/.gitea/workflows/ci.yml@")
    workflow = job.workspace / named.split("@")[0].split("/", 2)[2]
    workflow.parent.mkdir(parents=True)
    shutil.copyfile(HERE.parent / "e2e/workflows/collect.yml", workflow)
    return forge, job


def trust(job, forge):
    """Two ways to a private authority: named by a variable, or mounted over the image's bundle."""
    if job.name == "forgejo":
        job.mounts.append((forge.authority, "/etc/ssl/certs/ca-certificates.crt"))
    else:
        (job.workspace / "ci").mkdir()
        shutil.copyfile(forge.authority, job.workspace / "ci/authority.pem")
        job.env["SSL_CERT_FILE"] = f"{job.cwd}/ci/authority.pem"


def outputs(file):
    """An output file, as runners read it."""
    found, lines = {}, iter(file.read_text().splitlines())
    for line in lines:
        name, several, end = line.partition("<<")
        if several and "=" not in name:
            found[name] = "\n".join(iter(lambda end=end: next(lines), end))
        else:
            name, _, found[name] = line.partition("=")
    return found


def collected(work, images, entrypoint, program):
    """Data in artifacts, over TLS: collect, judge, write, post."""
    data, expected = legs(work)
    total = re.search(r"^TOTAL.*?([\d.]+)%", expected, re.MULTILINE).group(1)
    for runner, personality, upload, kind in FORGES:
        what, image = f"{runner} on {personality}", images / kind
        forge, job = on_forge(work / personality, program, runner, personality, work / f"{personality}-forge")
        trust(job, forge)
        for suite, content in data.items():
            upload(forge, f"coverage-{suite}", ".coverage", content)
        job.inputs = inputs(token=forge.token, report="text\nxml", output_dir="build/coverage", comment="always")
        run, left = Container(work, image, entrypoint).run(job.environment(), job.mounts, job.cwd)
        state = forge.stop()
        said = run.stdout + run.stderr
        check(run.returncode == 0, f"{what}: exit code {run.returncode}", said)
        check(expected.strip() in run.stdout, f"{what}: the report is not coverage.py's", f"{expected}\n{said}")
        check((job.workspace / "build/coverage/coverage.xml").exists(), f"{what}: no coverage.xml", said)
        written = outputs(job.output)
        check(sorted(written) == sorted(promised("outputs", "runs")), f"{what}: outputs {sorted(written)}")
        check(written.get("total") == total, f"{what}: output total {written.get('total')}, coverage.py {total}")
        check(written.get("verdict") == "passed", f"{what}: output verdict {written.get('verdict')}")
        check(total in job.summary.read_text(), f"{what}: the summary lacks the total")
        bodies = [comment["body"] for comment in state["comments"]]
        check(len(bodies) == 1 and total in bodies[0], f"{what}: comments {bodies}", said)
        contexts = {status["context"]: status["state"] for status in state["statuses"]}
        check(contexts.get("ci-lint/coverage") == "success", f"{what}: statuses {contexts}", said)
        check(not state["violations"], f"{what}: the forge objects: {state['violations']}")
        check(not strangers(left, image, job), f"{what}: left in the image: {strangers(left, image, job)}")
        shown = said + job.summary.read_text() + job.output.read_text() + "".join(bodies)
        for secret in (forge.token, forge.env["ACTIONS_RUNTIME_TOKEN"]):
            check(secret not in shown, f"{what}: a token is shown")


def unknown_authority(work, image, entrypoint, program):
    """Without the private authority there is no connection, and the message says what is wrong."""
    forge, job = on_forge(work / "unknown", program, "github", "github", work / "unknown-forge")
    job.inputs = inputs(token=forge.token)
    run, _ = Container(work, image, entrypoint).run(job.environment(), job.mounts, job.cwd)
    state = forge.stop()
    said = run.stdout + run.stderr
    check(run.returncode == 4, f"unknown authority: exit code {run.returncode}, expected 4", said)
    check("certificate" in said, "unknown authority: the message does not say so", said)
    check("SSL_CERT_FILE" in said, "unknown authority: the message has no remedy", said)
    check(not state["requests"], f"unknown authority: requests {state['requests']}")


def host_mode(work, image, entrypoint):
    """A runner in host mode starts the container with empty folders of its own: that is said, and not that data is missing."""
    for name in ("forgejo", "gitea"):
        job = RUNNERS[name](work / f"{name}-host", "https://127.0.0.1:1", "no.runtime.token")
        for file in (work / f"{name}-host/act/workflow").iterdir():
            file.unlink()
        job.inputs = inputs(token=TOKEN)
        run, _ = Container(work, image, entrypoint).run(job.environment(), job.mounts, job.cwd)
        said = run.stdout + run.stderr
        check(run.returncode in (2, 3), f"{name} in host mode: exit code {run.returncode}", said)
        check("empty" in said and "host" in said, f"{name} in host mode: not explained", said)


def mountpoints(job):
    """Folders and files that mounting makes in the image's copy."""
    places = [there for _, there in job.mounts]
    places += ["/dev/shm", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]
    paths = {Path(place.lstrip("/")) for place in places}
    return {str(path) for place in paths for path in (place, *place.parents)}


def strangers(left, image, job):
    """What is in the image's copy after the run and was not put there by docker or the runner."""
    return set(dict(set(left.items()) ^ set(files(image).items()))) - mountpoints(job)


def main():
    work = Path(sys.argv[1]) / "shapes"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    image = work.parent / "image"
    program = sys.argv[2]
    entrypoint = ["/ci-lint", "apply"]
    local_data(work, image, entrypoint)
    lay_shared(work.parent / "shared", image / "ci-lint")
    collected(work, work.parent, entrypoint, program)
    unknown_authority(work, image, entrypoint, program)
    host_mode(work, image, entrypoint)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
