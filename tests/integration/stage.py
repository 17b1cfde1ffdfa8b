"""A tiny group on a real chain, its actors as real processes, and the clock moved when all are idle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from compute.chain import Group
from compute.models import InputColumn, ModelSpecification
from compute.roles.founding import found
from compute.storage import FolderStore
from tests.integration.devnet import CONFIG, KEEPERS, NRN, ROOT, Devnet

SPECIFICATION = ModelSpecification(
    hidden=(16,),
    classes=4,
    columns=(InputColumn("x", "uint8", (8,), -8),),
    target="y",
)
RECIPE = {"seed": 1, "learning_rate": 0.01, "batch_size": 16}
STEPS = 40


def examples(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Points in [0, 256)^8 whose class is the largest of their first four coordinates."""
    x = np.random.default_rng(seed).integers(0, 256, (count, 8), np.uint8)
    return {"x": x, "y": x[:, :4].argmax(1).astype(np.uint8)}


@dataclass
class Actor:
    """A running process, its state folder and its log."""

    name: str
    process: subprocess.Popen[bytes]
    state: Path
    log: Path

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def idle(self, now: int) -> bool:
        """Whether it has seen this chain time and waits for a later one."""
        status = self.status()
        return status is not None and status["now"] >= now < status["waiting_until"]

    def status(self) -> dict[str, Any] | None:
        path = self.state / "status.json"
        return json.loads(path.read_text()) if path.exists() else None

    def signal(self, number: int) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


class Stage:
    """One fresh group with three staked keepers, a shared store, and a hand on the clock."""

    def __init__(self, net: Devnet, folder: Path, *, keeper_bps: int = 2_000) -> None:
        self.net = net
        self.folder = folder
        self.store = FolderStore(folder / "shared")
        self.actors: dict[str, Actor] = {}
        founding = found(SPECIFICATION, examples(64), self.store)
        config = replace(
            CONFIG,
            model_hash=founding.model_hash,
            genesis_checkpoint=founding.genesis_checkpoint,
            genesis_tip=founding.genesis_tip,
            keeper_bps=keeper_bps,
        )
        self.group: Group = net.create_group(config)
        self.chain = self.group.chain
        for name in KEEPERS:
            net.sender(name).stake(self.group.id, 10 * NRN)
        net.next_epoch()
        self.next_block()

    def next_block(self) -> None:
        """Go to the first second of the next block."""
        self.net.warp(self.group.slot_at(self.chain.now()).end)

    def start(
        self, role: str, name: str, *, kill: tuple[str, str] | None = None, **more: Any
    ) -> Actor:
        """Start (again) the actor of this role and account; its state folder is always the same."""
        state, log = self.folder / f"{role}-{name}", self.folder / f"{role}-{name}.log"
        order = {
            "role": role,
            "rpc": self.net.url,
            "deployment": str(self.net.deployment_file),
            "group": self.group.id,
            "key": "0x" + self.net.accounts[name].key.hex(),
            "store": str(self.store.path),
            "state": str(state),
            "recipe": RECIPE,
            "steps": STEPS,
            **({"kill": kill} if kill else {}),
            **more,
        }
        (state / "status.json").unlink(missing_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/integration/run_actor.py"), json.dumps(order)],
                stdout=output,
                stderr=output,
                env=os.environ | ENVIRONMENT,
            )
        self.actors[name] = Actor(name, process, state, log)
        return self.actors[name]

    def run_until(self, done: Callable[[], bool], *, limit: float = 60) -> None:
        """Let everyone act, moving the clock to the next appointment when all are idle."""
        deadline = time.monotonic() + limit
        while not done():
            assert time.monotonic() < deadline, self.tell()
            alive = [a for a in self.actors.values() if a.process.poll() is None]
            for actor in self.actors.values():
                assert actor.process.poll() in (None, 0, -signal.SIGKILL), self.tell()
            now = self.chain.now()
            if alive and all(actor.idle(now) for actor in alive):
                self.net.warp(min(actor.status()["waiting_until"] for actor in alive))
            time.sleep(0.05)

    def idle(self) -> bool:
        """Whether all actors that live have nothing to do now."""
        now = self.chain.now()
        return all(a.idle(now) for a in self.actors.values() if a.process.poll() is None)

    def tell(self) -> str:
        """Everything the actors logged."""
        parts = [f"--- {a.name}: {a.status()}\n{a.log.read_text()}" for a in self.actors.values()]
        return "\n".join(parts)[-8000:]

    def close(self) -> None:
        for actor in self.actors.values():
            if actor.process.poll() is None:
                actor.process.kill()
                actor.process.wait()


ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / "reports" / "jax-cache"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
