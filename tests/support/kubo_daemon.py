"""Kubo daemons of the tests' own: loopback only, free ports, a repository that pytest deletes."""

import json
import os
import subprocess
import urllib.request
import warnings
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE, wait_until

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kubo.sh"


def require_kubo() -> None:
    """Skip with a loud line if there is no Kubo; fail if EXPECT_KUBO=1 says that there must be."""
    if subprocess.run([SCRIPT, "--find"], capture_output=True, check=False).returncode == 0:
        return
    words = "KUBO IS NOT TESTED: there is no ipfs binary; run `make kubo`"
    if os.environ.get("EXPECT_KUBO") == "1":
        pytest.fail(words)
    warnings.warn(words, stacklevel=1)  # one place, so pytest prints it once
    pytest.skip(words)


class Daemon:
    """One daemon; `kill` it as a power cut would and `start` it again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *wrapper: str) -> None:
        """Returns when the API answers. `wrapper`: a command line that runs the rest of it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*wrapper, SCRIPT, "--private", self.folder], stdout=log, stderr=log
            )
        process = self._process
        wait_until(lambda: process.poll() is not None or self._is_up())
        assert process.poll() is None, f"it did not start:\n{self._log.read_text()[-2000:]}"

    def _is_up(self) -> bool:
        try:
            return bool(self.rpc("version"))
        except OSError:
            return False

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def api(self) -> str:
        """Multiaddr of the RPC API."""
        return (self.folder / "api").read_text()

    def rpc(self, command: str) -> bytes:
        """What the daemon answers to /api/v0/<command>, by hand."""
        host, port = self.api.split("/")[2:5:2]
        url = f"http://{host}:{port}/api/v0/{command}"
        request = urllib.request.Request(url, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def ipfs(self, *command: str | Path, stdin: bytes = b"") -> bytes:
        """The output of Kubo's own command line, talking to this daemon."""
        found = subprocess.run([SCRIPT, "--find"], capture_output=True, check=True, text=True)
        program = found.stdout.strip()
        done = subprocess.run(
            [program, "--api", self.api, *command], input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def address(self) -> str:
        """Multiaddr at which another daemon may connect to this one."""
        return json.loads(self.rpc("id"))["Addresses"][0]
