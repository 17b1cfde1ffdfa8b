"""Brownie in a home of its own, on ports of its own, beside an Anvil that we start."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.ports import free_port
from tests.support.patience import wait_until

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SOURCES = ("compute/", "contracts/", "interfaces/", "scripts/")


@dataclass(frozen=True)
class Brownie:
    """Runs commands with this home; `port` is where its development network lives."""

    home: Path
    port: int

    @classmethod
    def prepare(cls, home: Path) -> "Brownie":
        """Write Brownie's network list with our networks and free ports into a fresh home.

        Compiles too, one process at a time: afterwards all only read `build/`.
        """
        brownie = cls(home, free_port())
        brownie.run("brownie", "networks", "import", "networks.yaml")
        with (ROOT / "networks.yaml").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            brownie.run("brownie", "compile")
        config = home / ".brownie" / "network-config.yaml"
        networks = yaml.safe_load(config.read_text())
        for network in networks["development"]:
            if network["id"] == "development":
                network["cmd_settings"]["port"] = brownie.port
            if network["id"] == "rehearsal":
                network["cmd_settings"]["port"] = free_port()
        config.write_text(yaml.safe_dump(networks))
        return brownie

    def add_live_network(self, name: str, url: str, chain_id: int) -> None:
        """Make Brownie believe that real money is at stake at this address."""
        config = self.home / ".brownie" / "network-config.yaml"
        networks = yaml.safe_load(config.read_text())
        network = {"name": name, "id": name, "host": url, "chainid": chain_id}
        networks["live"].append({"name": "Tested", "networks": [network]})
        config.write_text(yaml.safe_dump(networks))

    def run(
        self,
        *command: str,
        check: bool = True,
        clone: Path = ROOT,
        **environment: str,
    ) -> str:
        """Output of a command run in a clone's root; fails the test if it fails."""
        path = f"{ROOT / 'node_modules' / '.bin'}:{BIN}:{os.environ['PATH']}"
        result = subprocess.run(
            command,
            cwd=clone,
            env={**os.environ, "HOME": str(self.home), "PATH": path, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or result.returncode == 0, result.stdout[-4_000:]
        return result.stdout

    def python(
        self,
        source: str,
        network: str = "development",
        clone: Path = ROOT,
        **environment: str,
    ) -> str:
        """Output of Python source run with a clone's project loaded and the network connected."""
        opening = (
            "from brownie import network, project\n"
            "project.load('.', name='Tested')\n"
            f"network.connect({network!r})\n"
        )
        command = sys.executable, "-c", opening + source
        return self.run(*command, clone=clone, **environment)


def clone_into(folder: Path) -> Path:
    """The sources and what is compiled of them, in a folder in which everything may be written."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.split("\0"):
        if name and ("/" not in name or name.startswith(SOURCES)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "build", folder / "build")
    return folder


@contextmanager
def anvil(port: int, *arguments: str) -> Iterator[str]:
    """An Anvil of ours at a port; yields its address."""
    [binary] = ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil")
    process = subprocess.Popen(
        [binary, "--port", str(port), "--silent", "--base-fee", "0", *arguments]
    )
    try:
        wait_until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, "anvil did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
