"""Several processes as one trainer: process 0 has the chain and the key, the others train with it.

What to train on is told by a file in the state folder, which all of them see, since hours may pass
between two blocks and no collective operation waits that long. Content comes from the store.
"""

import json
import logging
import secrets
import signal
import time
from pathlib import Path
from typing import Any

import jax

from compute.chain import Group
from compute.durable import replace_file
from compute.judging.goal import Goal, starting_point
from compute.judging.retrieval import deltas_until, load_specification
from compute.node.clock import Clock
from compute.node.mirror import Mirror
from compute.searching.search import Candidate, Options, Search
from compute.storage import BlockUnavailable, FolderStore, Store
from compute.training import Leave
from compute.training.processes import Abandoned, agreed
from compute.training_set import DeltaRecord, materialise

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5


class Led:
    """The search in process 0: tells the others what it searches for, then searches with them."""

    def __init__(self, search: Search, group: Group, state: Path) -> None:
        self._search, self._group = search, group
        self._orders = Orders(state)

    def improve(self, goal: Goal, deadline: int) -> Candidate | None:
        """As Search.improve, in all processes."""
        genesis, records = deltas_until(self._group, goal.version)
        deltas = [[r.delta_hash.hex(), r.parent_tip.hex(), r.proposer] for r in records]
        self._orders.give(
            {
                "model": goal.specification.hash.hex(),
                "genesis": genesis.hex(),
                "deltas": deltas,
                "version": goal.version,
                "tip": goal.tip.hex(),
                "incumbent": goal.incumbent.hex(),
                "baseline_loss": goal.baseline_loss,
            }
        )
        return self._search.improve(goal, deadline)

    def close(self) -> None:
        """Send the others home."""
        self._orders.give(None)
        self._search.close()


class Orders:
    """A file that process 0 writes and the others read; those of an earlier run do not count."""

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._path = state / "goal.json"
        self._run = agreed(lambda: secrets.randbits(31))
        self._number = 0

    def give(self, order: dict[str, Any] | None) -> None:
        """Let the others know; None is the end."""
        self._number += 1
        document = {"run": self._run, "number": self._number, "order": order}
        replace_file(self._path, json.dumps(document).encode())

    def take(self) -> dict[str, Any] | None:
        """Wait for the next order."""
        while True:
            if self._path.exists():
                document = json.loads(self._path.read_bytes())
                if document["run"] == self._run and document["number"] > self._number:
                    self._number = document["number"]
                    order: dict[str, Any] | None = document["order"]
                    return order
            time.sleep(POLL_SECONDS)


def led(search: Search, group: Group, state: Path) -> "Search | Led":
    """`search`, with the other processes if there are any."""
    return Led(search, group, state) if jax.process_count() > 1 else search


def assist(shared: Store, state: Path, options: Options) -> None:
    """Train with process 0, whose state folder is `state`, until it ends. Signals are its business.

    Raises RecipeError, StorageError.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    orders, search = Orders(state), Search(Clock(_Elsewhere(), state), state, options)
    own = state / f"process-{jax.process_index()}"
    blocks = Mirror(FolderStore(own / "blocks"), shared)
    try:
        while (order := orders.take()) is not None:
            try:
                search.improve(_goal(order, blocks, own / "training_set"), 0)
            except Abandoned:
                logger.info("process 0 left; waiting for its next goal")
    except Leave:
        pass
    finally:
        search.close()


def _goal(order: dict[str, Any], store: Store, folder: Path) -> Goal:
    while True:
        try:
            specification = load_specification(store, bytes.fromhex(order["model"]))
            records = [
                DeltaRecord(bytes.fromhex(delta), bytes.fromhex(parent), proposer)
                for delta, parent, proposer in order["deltas"]
            ]
            incumbent = bytes.fromhex(order["incumbent"])
            return Goal(
                specification,
                order["version"],
                bytes.fromhex(order["tip"]),
                materialise(folder, store, bytes.fromhex(order["genesis"]), records).version(
                    order["version"]
                ),
                incumbent,
                starting_point(incumbent, specification, store),
                order["baseline_loss"],
            )
        except BlockUnavailable as error:
            logger.warning("waiting. %s", error)
            time.sleep(POLL_SECONDS)


class _Elsewhere:
    def now(self) -> int:
        raise RuntimeError("process 0 alone looks at the chain")
