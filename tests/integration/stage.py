"""A tiny group on a real chain, its actors as real processes, and a hand on the clock."""

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np

from compute.chain import Group
from compute.chain.events import Event
from compute.models import MLP, InputColumn, ModelSpecification
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import POLL_SECONDS, Seat
from compute.roles.founder import found
from compute.roles.relayer import Relayer
from compute.roles.trainer import Trainer
from compute.roles.wisdomkeeper import Wisdomkeeper
from compute.searching.search import Options
from compute.storage import FolderStore
from compute.training.recipe import Recipe
from tests.integration.devnet import CONFIG, NRN, ROOT, Devnet
from tests.integration.run_actor import Order, run
from tests.support.patience import PATIENCE, wait_until

SPECIFICATION = ModelSpecification(
    MLP((16,), 4),
    columns=(InputColumn("x", "uint8", (8,), -8),),
    target="y",
)
OPTIONS = Options(Recipe(seed=1, learning_rate=0.01, batch_size=16), steps=40)
COMPILATION_CACHE = {
    "jax_compilation_cache_dir": str(ROOT / "reports" / "jax-cache"),
    "jax_persistent_cache_min_compile_time_secs": 0.05,
}
ENVIRONMENT = {
    **{option.upper(): str(value) for option, value in COMPILATION_CACHE.items()},
    "JAX_PLATFORMS": "cpu",
    # that the actors' device has passed the vectors: asked once for all tests
    "XDG_CACHE_HOME": str(ROOT / "reports" / "cache"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
# alice alone reaches the quorum
STAKES = {"alice": 80 * NRN, "bob": 10 * NRN, "carol": 10 * NRN}
# Every actor is a process of its own, forked from a server that has done the slow imports.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.integration.run_actor", "compute.chain.sender"])


def examples(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Points in [0, 256)^8 whose class is the largest of their first four coordinates."""
    x = np.random.default_rng(seed).integers(0, 256, (count, 8), np.uint8)
    return {"x": x, "y": x[:, :4].argmax(1).astype(np.uint8)}


@dataclass
class Actor:
    """A process, its state folder and its log."""

    process: ForkServerProcess
    state: Path
    log: Path

    def said(self, words: str) -> bool:
        return words in self.words()

    def words(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def status(self) -> dict[str, Any]:
        path = self.state / "status.json"
        return json.loads(path.read_text()) if path.exists() else {"now": 0, "waiting_until": 0}

    def idle(self, now: int) -> bool:
        """Whether it has seen this chain time and waits for a later one."""
        status = self.status()
        return status["now"] >= now < status["waiting_until"]

    def waits_until(self) -> int:
        return int(self.status()["waiting_until"])

    def killed(self) -> bool:
        return self.process.exitcode == -signal.SIGKILL

    def alive(self) -> bool:
        return self.process.exitcode is None

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self.process.pid
        os.kill(self.process.pid, number)
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None
        return self.process.exitcode


class Stage:
    """One fresh group with three staked keepers, a shared store, and a hand on the clock."""

    def __init__(
        self,
        net: Devnet,
        folder: Path,
        specification: ModelSpecification = SPECIFICATION,
        code: bytes | None = None,
        data: dict[str, np.ndarray] | None = None,
    ) -> None:
        """With `code` the specification is of a model that was made of this code; `data` are the
        group's first, if not 64 `examples`."""
        self.net = net
        self.folder = folder
        self.store = FolderStore(folder / "shared")
        self.actors: dict[str, Actor] = {}
        self._started: list[ForkServerProcess] = []
        self._held = contextlib.ExitStack()
        self._idle_at: int | None = None
        founding = found(specification, data or examples(64), self.store, code)
        config = replace(
            CONFIG,
            model_hash=founding.model_hash,
            genesis_checkpoint=founding.genesis_checkpoint,
            genesis_tip=founding.genesis_tip,
        )
        self.group: Group = net.create_group(config)
        self.chain = self.group.chain
        for name, amount in STAKES.items():
            net.sender(name).stake(self.group.id, amount)
        net.next_epoch()
        net.warp(self.block.end)

    @property
    def block(self) -> Any:
        """The block of the group that runs now."""
        return self.group.slot_at(self.chain.now())

    def start(
        self,
        role: str,
        name: str,
        *,
        kill: tuple[str, str] | None = None,
        options: Options = OPTIONS,
        rpc: str | None = None,
        processes: str | None = None,
        store: str | None = None,
        relay: Path | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> Actor:
        """Start (again) the actor with this role and account; its state folder stays the same."""
        state, log = self.folder / f"{role}-{name}", self.folder / f"{role}-{name}.log"
        order = Order(
            role,
            rpc or self.net.url,
            self.net.deployment_file,
            self.net.spending.accounts,
            self.group.id,
            bytes(self.net.accounts[name].key),
            store or self.store.path,
            state,
            log,
            options,
            kill,
            processes,
            relay,
            prepare,
        )
        (state / "status.json").unlink(missing_ok=True)
        os.environ.update(ENVIRONMENT)
        process = FORKS.Process(target=run, args=(order,))
        process.start()
        self.actors[name] = Actor(process, state, log)
        self._started.append(process)
        return self.actors[name]

    def run_until(self, done: Callable[[], bool]) -> None:
        """Let everyone act until `done()`, moving the clock on when all are idle."""

        def passed() -> bool:
            # One look at the actors serves `done` and the clock: with two, an actor that comes to
            # rest between them would be carried past the moment that `done` waits for.
            alive = [one for one in self.actors.values() if one.alive()]
            now = self.chain.now()
            self._idle_at = now if alive and all(one.idle(now) for one in alive) else None
            if done():
                return True
            for one in self.actors.values():
                assert one.process.exitcode in (None, 0, -signal.SIGKILL), self.tell()
            if self._idle_at is not None:
                self.net.warp(min(one.waits_until() for one in alive))
            return False

        wait_until(passed, self.tell)

    def settled(self, end: int) -> bool:
        """Whether at the last look chain time `end` had come and everyone had done what it asks."""
        return self._idle_at is not None and self._idle_at >= end

    def happened(self, event: str) -> list[Event]:
        """All events of this name of the group's CheckpointVoting."""
        return self.group.history.follow([event]).poll()

    def tell(self) -> str:
        """The end of what the actors logged."""
        return "\n".join(
            f"--- {name} ({one.process.exitcode}): {one.status()}\n{one.words()[-3000:]}"
            for name, one in self.actors.items()
        )

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.join()
        self.hush()

    def keeper(self, name: str = "alice") -> Wisdomkeeper:
        """A wisdomkeeper in this process, to be stepped by hand, that never looks away."""
        return Wisdomkeeper(self.seat("wisdomkeeper", name, poll_seconds=0))

    def trainer(
        self, name: str = "tara", options: Options = OPTIONS, relay: Path | None = None
    ) -> Trainer:
        """A trainer in this process, to be stepped by hand."""
        return Trainer(self.seat("trainer", name), options, relay)

    def relayer(self, folder: Path, name: str = "tom", *, trusting: bool = False) -> Relayer:
        """A relayer in this process, to be stepped by hand."""
        return Relayer(self.seat("relayer", name), folder, trusting=trusting)

    def seat(self, role: str, name: str, poll_seconds: float = POLL_SECONDS) -> Seat:
        """The seat of a role in this process, until `hush`."""
        account, state = self.net.accounts[name], self.folder / f"{role}-{name}"
        seat = Seat(self.group, account, self.store, state, role, poll_seconds)
        return self._held.enter_context(seat)

    def hush(self) -> None:
        """End the roles in this process; they may be started again."""
        self._held.close()

    def step(self, role: Role) -> Wait:
        """Let it do what is due now; what it waits for then."""
        return role.step(self.chain.now())
