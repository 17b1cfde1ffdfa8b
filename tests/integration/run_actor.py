"""An actor process as tests start it, killed at a chosen moment if they say so."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import jax
from eth_account import Account

from compute.chain import Group, Spending, connect
from compute.chain.sender import Sender
from compute.cli.failure import exit_code, sentence_of
from compute.node.beside import Beside
from compute.node.disputing import Duties
from compute.node.role import SILENT, Role
from compute.node.role import run as live
from compute.node.seat import Seat
from compute.roles.curator import Curator
from compute.roles.relayer import Relayer
from compute.roles.trainer import Trainer
from compute.roles.watcher import Watcher
from compute.roles.wisdomkeeper import Wisdomkeeper
from compute.searching import crew
from compute.searching.search import Options
from compute.storage import open_store
from compute.training.learner import Learner
from compute.training.processes import join

POLL_SECONDS = 0.1
# Places for a power cut: transactions of Sender, and the long computations.
PLACES = {"train": (Learner, "run"), "save": (Learner, "save"), "judge": (Wisdomkeeper, "_verdict")}


@dataclass(frozen=True)
class Order:
    """`kill`: ("before" | "after", place) sends the process SIGKILL around its first such act.
    `prepare` is called in the process before it begins."""

    role: str  # `keep` and `train`: as those commands, with a watcher beside
    rpc: str
    deployment: Path
    accounts: Path
    group: int
    key: bytes
    store: Path | str
    state: Path
    log: Path
    options: Options
    kill: tuple[str, str] | None
    processes: str | None = None
    relay: Path | None = None
    prepare: Callable[[], None] | None = None


def run(order: Order) -> None:
    """Be that actor until a signal."""
    output = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    logging.basicConfig(format="%(name)s %(message)s", force=True)
    logging.getLogger("compute").setLevel(logging.INFO)
    if order.prepare is not None:
        order.prepare()
    if order.kill is not None:
        arm(*order.kill)
    if order.processes is not None:
        join(order.processes)
        # a child of multiprocessing leaves out what JAX does when Python ends: part from the others
        Finalize(None, jax.distributed.shutdown, exitpriority=1)
    if order.role == "assistant":
        crew.assist(open_store(str(order.store)), order.state, order.options)
        return
    group = awaited(order)
    account = Account.from_key(order.key)
    shared = open_store(str(order.store))
    roles: dict[str, Callable[[Seat], Role]] = {
        "trainer": lambda seat: Trainer(seat, order.options, order.relay),
        "relayer": lambda seat: Relayer(seat, order.relay or order.state),
        "wisdomkeeper": Wisdomkeeper,
        "curator": Curator,
        "keep": lambda seat: Beside(Wisdomkeeper(seat), Watcher(seat), seat.clock),
        "train": lambda seat: Beside(
            Trainer(seat, order.options), Watcher(seat, Duties(challenge=False)), seat.clock
        ),
    }
    seat = Seat(group, account, shared, order.state, order.role, POLL_SECONDS)
    try:
        live(seat, roles[order.role])
    except Exception as error:  # as `nrn` ends
        code = exit_code(error)
        if code is None:
            raise
        print(sentence_of(error), flush=True)
        sys.exit(code)


def awaited(order: Order) -> Group:
    """The group, once the chain answers: `nrn` waits for it, too."""
    spending = Spending(accounts=order.accounts)
    while True:
        try:
            chain = connect(
                order.rpc,
                deployment=order.deployment,
                spending=spending,
                index=order.accounts.parent / "index",
            )
            return chain.group(order.group)
        except SILENT:
            time.sleep(POLL_SECONDS)


def arm(when: str, place: str) -> None:
    """Cut the power before or after the first act at this place."""
    owner, name = PLACES.get(place, (Sender, place))
    act = getattr(owner, name)

    def last_act(self: Any, *arguments: Any, **more: Any) -> None:
        if when == "after":
            act(self, *arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last_act)
