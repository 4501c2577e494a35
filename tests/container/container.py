"""One container, as docker would start it: the image's files, root, docker's capabilities, and what the runner adds."""

import json
import shutil
import subprocess
import uuid
from pathlib import Path

# What docker leaves to root in a container.
CAPABILITIES = [
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL "
        "AUDIT_WRITE"
    ).split()
]

SYSTEM_MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777"]},
    {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"]},
]


def files(root):
    """Everything below a folder, with what tells a change: kind, size, permissions."""
    found = {}
    for path in sorted(Path(root).rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(root))] = (stat.st_mode, stat.st_size if path.is_file() else 0)
    return found


class Container:
    """Runs the entry point in a fresh copy of an image's files."""

    def __init__(self, work, image, entrypoint):
        self.work, self.image, self.entrypoint = Path(work), Path(image), entrypoint

    def run(self, env, mounts, cwd, args=(), hosts="", timeout=120):
        """`mounts` is a list of (folder here, place there). Returns the finished process and the files left in the image."""
        name = f"ci-lint-{uuid.uuid4().hex[:12]}"
        bundle = self.work / name
        bundle.mkdir(parents=True)
        try:
            shutil.copytree(self.image, bundle / "rootfs", symlinks=True)
            # docker makes these three for each container.
            for file, text in (("hosts", f"127.0.0.1 localhost\n{hosts}"), ("hostname", f"{name}\n")):
                (bundle / file).write_text(text)
            shutil.copyfile("/etc/resolv.conf", bundle / "resolv.conf")
            binds = [(bundle / file, f"/etc/{file}") for file in ("hosts", "hostname", "resolv.conf")] + list(mounts)
            config = {
                "ociVersion": "1.0.2",
                "process": {
                    "terminal": False,
                    "user": {"uid": 0, "gid": 0},
                    "args": [*self.entrypoint, *args],
                    "env": [
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        f"HOSTNAME={name}",
                        *(f"{key}={value}" for key, value in env.items()),
                    ],
                    "cwd": cwd,
                    "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
                },
                "root": {"path": "rootfs", "readonly": False},
                "hostname": name,
                "mounts": SYSTEM_MOUNTS
                + [
                    {"destination": there, "type": "bind", "source": str(here), "options": ["rbind", "rw"]}
                    for here, there in binds
                ],
                # The network is the host's: that is where the test's server is.
                "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
            }
            (bundle / "config.json").write_text(json.dumps(config))
            process = subprocess.run(
                ["runc", "run", "--bundle", str(bundle), name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
            return process, files(bundle / "rootfs")
        finally:
            subprocess.run(["runc", "delete", "--force", name], capture_output=True, check=False)
            shutil.rmtree(bundle, ignore_errors=True)
