"""A simulated forge behind TLS, as a process of its own."""

import json
import ssl
import subprocess
from pathlib import Path


class Forge:
    """Runs `examples/forge_sim.rs` until it is stopped."""

    def __init__(self, program, personality, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        command = [program, personality, "--tls", "--folder", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        facts = json.loads(self.process.stdout.readline())
        self.url, self.env, self.token = facts["url"], facts["env"], facts["api_token"]
        self.authority = Path(facts["ca"])
        self.tls = ssl.create_default_context(cafile=self.authority)

    def stop(self):
        """Ends it and returns what happened."""
        self.process.stdin.close()
        self.process.wait(timeout=30)
        return json.loads((self.folder / "state.json").read_text())
