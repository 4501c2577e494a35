"""What each forge's runner gives to a container action: folders, their places in the container, and variables.

Sources: actions/runner 2.336 (`ContainerActionHandler.cs`), Forgejo's runner 12, Gitea's runner 3.3.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

OWNER, REPOSITORY = "octo", "demo"
NUMBER, RUN_ID, SERVER = 7, 4711, "https://forge.test"
HEAD, BASE, MERGE = "1" * 40, "2" * 40, "3" * 40


@dataclass
class Job:
    """A container action in a job, ready to start."""

    name: str
    workspace: Path  # here, on the host
    cwd: str
    env: dict
    mounts: list
    output: Path
    summary: Path
    # Where the test jobs' containers or machines had the checkout: recorded paths may begin with it.
    recorded: str
    hosts: str = ""
    inputs: dict = field(default_factory=dict)
    # Variables that this runner does not set, whatever a forge says.
    unset: set = field(default_factory=set)

    def environment(self):
        """The variables, with those of the inputs: each input of action.yml is there, empty or not."""
        variables = {f"INPUT_{name.upper()}": value for name, value in self.inputs.items()}
        if self.name != "github":
            # act's code puts inputs under their own names as well.
            variables |= dict(self.inputs)
        return {name: value for name, value in (self.env | variables).items() if name not in self.unset}


    def adopt(self, env, folder):
        """Takes over a forge's own variables and event; paths stay those of this job."""
        here = str(folder)
        kept = ("RUNNER_TEMP", "RUNNER_WORKSPACE", "RUNNER_TOOL_CACHE")
        for name, value in env.items():
            if name not in kept and not value.startswith(here):
                self.env[name] = value
        event = self.env["GITHUB_EVENT_PATH"]
        here = next(here / event[len(there) + 1 :] for here, there in self.mounts if event.startswith(f"{there}/"))
        shutil.copyfile(env["GITHUB_EVENT_PATH"], here)


def event():
    """The part of a pull request's event that all forges share."""
    repository = {"full_name": f"{OWNER}/{REPOSITORY}", "name": REPOSITORY, "owner": {"login": OWNER}, "default_branch": "main"}
    return {
        "action": "synchronize",
        "number": NUMBER,
        "pull_request": {
            "number": NUMBER,
            "head": {"ref": "topic", "sha": HEAD, "repo": repository},
            "base": {"ref": "main", "sha": BASE, "repo": repository},
            "merge_base": BASE,
        },
        "repository": repository,
        "sender": {"login": OWNER},
    }


def common(server, token):
    """What all runners set."""
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION": "__run_2",
        "GITHUB_ACTOR": OWNER,
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_HEAD_REF": "topic",
        "GITHUB_JOB": "coverage",
        "GITHUB_REPOSITORY": f"{OWNER}/{REPOSITORY}",
        "GITHUB_REPOSITORY_OWNER": OWNER,
        "GITHUB_RETENTION_DAYS": "90",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": str(RUN_ID),
        "GITHUB_RUN_NUMBER": "1",
        "GITHUB_SERVER_URL": server,
        "GITHUB_WORKFLOW": "ci",
        "ACTIONS_RUNTIME_TOKEN": token,
        "RUNNER_ARCH": "X64",
        "RUNNER_NAME": "runner",
        "RUNNER_OS": "Linux",
    }


def touch(folder, names):
    """Empty files, as runners make them before a step; returns them by name."""
    folder.mkdir(parents=True)
    made = {}
    for name in names:
        made[name] = folder / name
        made[name].write_text("")
    return made


def github(work, server, token):
    """actions/runner: everything below /github, HOME too."""
    folders = {
        "runner_temp": "/github/runner_temp",
        "home": "/github/home",
        "workflow": "/github/workflow",
        "workspace": "/github/workspace",
    }
    for folder in folders:
        (work / folder).mkdir(parents=True)
    files = touch(work / "file_commands", ["set_output_1f", "step_summary_1f", "set_env_1f", "add_path_1f", "save_state_1f"])
    (work / "workflow/event.json").write_text(json.dumps(event()))
    commands = "/github/file_commands"
    env = common(server, token) | {
        "HOME": "/github/home",
        "GITHUB_API_URL": f"{server}/api/v3",
        "GITHUB_ENV": f"{commands}/set_env_1f",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        "GITHUB_GRAPHQL_URL": f"{server}/api/graphql",
        "GITHUB_OUTPUT": f"{commands}/set_output_1f",
        "GITHUB_PATH": f"{commands}/add_path_1f",
        "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
        "GITHUB_REF_NAME": f"{NUMBER}/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SHA": MERGE,
        "GITHUB_STATE": f"{commands}/save_state_1f",
        "GITHUB_STEP_SUMMARY": f"{commands}/step_summary_1f",
        "GITHUB_WORKFLOW_REF": f"{OWNER}/{REPOSITORY}/.github/workflows/ci.yml@refs/pull/{NUMBER}/merge",
        "GITHUB_WORKFLOW_SHA": MERGE,
        "GITHUB_WORKSPACE": "/github/workspace",
        "ACTIONS_RUNTIME_URL": f"{server}/",
        "ACTIONS_RESULTS_URL": f"{server}/",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_TEMP": "/github/runner_temp",
        "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache",
        # Not translated: the parent of the workspace on the runner's machine.
        "RUNNER_WORKSPACE": f"/home/runner/work/{REPOSITORY}",
    }
    return Job(
        name="github",
        workspace=work / "workspace",
        cwd="/github/workspace",
        env=env,
        mounts=[(work / here, there) for here, there in folders.items()] + [(work / "file_commands", commands)],
        output=files["set_output_1f"],
        summary=files["step_summary_1f"],
        recorded=f"/home/runner/work/{REPOSITORY}/{REPOSITORY}",
    )


def act_like(name, markers, work, server, token, extra):
    """Forgejo's and Gitea's runners: one volume for the workspace, one for /var/run/act; no HOME, RUNNER_TEMP unmounted."""
    workspace = f"/workspace/{OWNER}/{REPOSITORY}"
    (work / "workspace").mkdir(parents=True)
    names = ["outputcmd.txt", "SUMMARY.md", "envs.txt", "pathcmd.txt", "statecmd.txt"]
    files = touch(work / "act/workflow", names)
    (work / "act/workflow/event.json").write_text(json.dumps(event()))
    commands = "/var/run/act/workflow"
    env = common(server, token) | {
        "ACT": "true",
        "GITHUB_API_URL": f"{server}/api/v1",
        "GITHUB_ENV": f"{commands}/envs.txt",
        "GITHUB_EVENT_PATH": f"{commands}/event.json",
        "GITHUB_GRAPHQL_URL": "",
        "GITHUB_OUTPUT": f"{commands}/outputcmd.txt",
        "GITHUB_PATH": f"{commands}/pathcmd.txt",
        "GITHUB_REF": f"refs/pull/{NUMBER}/head",
        "GITHUB_REF_NAME": f"{NUMBER}/head",
        "GITHUB_SHA": HEAD,
        "GITHUB_STATE": f"{commands}/statecmd.txt",
        "GITHUB_STEP_SUMMARY": f"{commands}/SUMMARY.md",
        "GITHUB_WORKFLOW_REF": f"{OWNER}/{REPOSITORY}/.forgejo/workflows/ci.yml@refs/pull/{NUMBER}/head",
        "GITHUB_WORKSPACE": workspace,
        "ACTIONS_RUNTIME_URL": f"{server}/api/actions_pipeline/",
        "ACTIONS_RESULTS_URL": server,
        "RUNNER_TEMP": "/tmp",
        "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache",
    }
    return Job(
        name=name,
        workspace=work / "workspace",
        cwd=workspace,
        env=env | markers | extra(env),
        mounts=[(work / "workspace", workspace), (work / "act", "/var/run/act")],
        output=files["outputcmd.txt"],
        summary=files["SUMMARY.md"],
        recorded=workspace,
    )


def forgejo(work, server, token):
    """Forgejo: each GITHUB_ variable as FORGEJO_ too, and the token in the environment."""

    def extra(env):
        doubled = {f"FORGEJO_{key[7:]}": value for key, value in env.items() if key.startswith("GITHUB_")}
        return doubled | {"GITHUB_TOKEN": TOKEN, "FORGEJO_TOKEN": TOKEN}

    markers = {"FORGEJO_ACTIONS": "true", "GITEA_ACTIONS": "true", "FORGEJO_ACTIONS_RUNNER_VERSION": "v12.2.0"}
    return act_like("forgejo", markers, work, server, token, extra)


def gitea(work, server, token):
    """Gitea: a few variables under its own name, no token."""

    def extra(env):
        names = ("OUTPUT", "STATE", "PATH", "ENV", "STEP_SUMMARY", "RUN_ID")
        return {f"GITEA_{name}": env[f"GITHUB_{name}"] for name in names}

    markers = {"GITEA_ACTIONS": "true", "GITEA_ACTIONS_RUNNER_VERSION": "v3.3.0"}
    job = act_like("gitea", markers, work, server, token, extra)
    # Never set by this runner, up to 3.3: the workflow file has to be found by GITHUB_WORKFLOW and GITHUB_JOB.
    job.unset = {"GITHUB_WORKFLOW_REF", "GITHUB_WORKFLOW_SHA"}
    return job


# Must appear nowhere but in requests to the forge.
TOKEN = "canary-token-5e1f"

RUNNERS = {"github": github, "forgejo": forgejo, "gitea": gitea}
