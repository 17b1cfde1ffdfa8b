"""Six actors as processes on a chain that runs fast, and all that may befall them."""

import contextlib
import logging
import os
import random
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compute.chain import shared, transactions
from compute.chain.chain import connect
from compute.chain.sender import Sender
from compute.cli import failure
from compute.node import clock
from compute.storage.kubo import KuboStore
from tests.chaos.daemon import daemon
from tests.chaos.proxy import Proxy
from tests.chaos.weather import Weather
from tests.integration.devnet import Devnet
from tests.integration.stage import Actor, Stage

# account -> role; nora has no ether, tom pays for her
ACTORS = {
    "tara": "train",
    "nora": "trainer",
    "alice": "keep",
    "bob": "keep",
    "carol": "curator",
    "tom": "relayer",
}
CONFIRMATIONS = 3
HURRY = 10  # times that limits in real time are shorter
BLOCK_SECONDS = 12  # of chain time
BRAKED_SECONDS = 1
MINING_SECONDS = 0.2
FULL_SECONDS = 1.5
SAID = (failure.WRONG, failure.NO_CHAIN, failure.NO_CONTENT, failure.A_LIE)  # with a sentence
DEAR = 2_000 * 10**9  # wei of base fee
CALM = 5 * 10**9
RISEN = (12 * 10**9, 120 * 10**9)  # one after the other
RISEN_SECONDS = 2.0  # for each


def hurry() -> None:
    """Shorten, in an actor's process, what is measured by its own clock."""
    shared.CONFIRMATIONS[31337] = CONFIRMATIONS
    transactions.PATIENCE_SECONDS //= HURRY
    transactions.VANISHED_SECONDS //= HURRY
    clock.LONGEST_RECHECK /= HURRY
    for function, name in (
        (connect, "timeout"), (Sender.__init__, "timeout"), (KuboStore.__init__, "timeout"),
    ):  # fmt: skip
        defaults = function.__kwdefaults__
        defaults[name] = max(3.0, defaults[name] / HURRY)


class World:
    """Actors on a `Stage`, each behind the proxy at a path of its own."""

    def __init__(self, net: Devnet, folder: Path, seed: int) -> None:
        self.stage = Stage(net, folder)
        self.net = net
        self.folder = folder
        self.weather = Weather(seed)
        self.proxy = Proxy(net.url, self.weather)
        self.relay = folder / "relay"
        self.relay.mkdir()
        self.down: dict[str, float] = {}  # who was killed or ended, and when it starts again
        self.ended: list[str] = []  # what those said that ended by themselves
        self.broke: list[str] = []  # and of those that did not end by a sentence
        self.kills = 0
        self.base_fee = CALM
        self.pace = BLOCK_SECONDS
        self._rises = False  # with the next transaction that waits
        self._risen_at = -float("inf")
        self._dice = random.Random(f"{seed} world")
        self._jump: int | None = None
        self._mining = threading.Lock()
        self._over = threading.Event()
        self._full: dict[str, float] = {}
        net.new_account("nora")
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of its pool

    @contextmanager
    def living(self) -> Iterator["World"]:
        """Everybody runs and blocks are mined until the end."""
        with contextlib.ExitStack() as stack:
            self._url = stack.enter_context(self.proxy.serving())
            self._store = stack.enter_context(daemon(self.stage.store, self.weather))
            self.net.rpc("evm_setAutomine", False)
            miner = threading.Thread(target=self._mine, daemon=True)
            miner.start()
            for name in ACTORS:
                self._start(name)
            try:
                yield self
            finally:
                self._over.set()
                miner.join()
                self.stage.close()
                self.net.rpc("evm_setAutomine", True)

    @property
    def actors(self) -> dict[str, Actor]:
        return self.stage.actors

    def now(self) -> int:
        return self.stage.chain.now()

    # The chain

    def _mine(self) -> None:
        while not self._over.wait(MINING_SECONDS):
            with self._mining, contextlib.suppress(AssertionError):
                jump, self._jump = self._jump, None
                self._block(max(self.now() + self.pace, jump or 0))

    def _block(self, at: int) -> None:
        if self._rises and int(self.net.rpc("txpool_status")["pending"], 16):
            self._rises, self._risen_at = False, time.monotonic()
            self.weather.happened("rising fees")
        step = (time.monotonic() - self._risen_at) // RISEN_SECONDS
        fee = RISEN[int(step)] if step < len(RISEN) else self.base_fee
        self.net.rpc("anvil_setNextBlockBaseFeePerGas", hex(fee))
        self.net.warp(at)

    def jump(self, to: int) -> None:
        """Let the next block be of this time."""
        self._jump = to

    def reorganise(self) -> None:
        """Replace the last blocks; what was in them comes again, or is lost."""
        depth, again = self._dice.randint(1, CONFIRMATIONS - 1), self._dice.random() < 0.5
        with self._mining:
            newest = self.stage.chain.head().number
            raws = [raw for n in range(newest - depth + 1, newest + 1) for raw in self._raws(n)]
            self.net.rpc("anvil_reorg", depth, [])
            if not again:
                self.net.rpc("anvil_dropAllTransactions")
            for raw in raws if again else ():
                with contextlib.suppress(AssertionError):
                    self.net.rpc("eth_sendRawTransaction", raw)
        self.weather.happened("reorganised")

    def _raws(self, number: int) -> list[str]:
        block = self.net.rpc("eth_getBlockByNumber", hex(number), True)
        return [
            self.net.rpc("eth_getRawTransactionByHash", sent["hash"])
            for sent in block["transactions"]
        ]

    def raise_fees(self) -> None:
        """Let blocks be dearer than what waits next foresaw, and then dearer again."""
        self._rises = True

    def lose_mempool(self) -> None:
        with self._mining:
            self.net.rpc("anvil_dropAllTransactions")
        self.weather.happened("mempool lost")

    # The machines

    def _start(self, name: str) -> None:
        role = ACTORS[name]
        relay = self.relay if name in ("nora", "tom") else None
        self.stage.start(
            role, name, rpc=self._url(name), store=self._store, relay=relay, prepare=hurry
        )

    def kill(self) -> None:
        """Kill somebody, to start again soon."""
        name = self._dice.choice([n for n in ACTORS if n not in self.down])
        self.actors[name].process.kill()
        self.actors[name].process.join()
        self.down[name] = time.monotonic() + self._dice.uniform(0.2, 2.0)
        self.kills += 1
        self.weather.happened("killed")

    def fill_disk(self) -> None:
        """Let somebody write nothing for a while, as on a full disk."""
        name = self._dice.choice([n for n in ACTORS if n not in self.down])
        self._limit(name, 0)
        self._full[name] = time.monotonic() + FULL_SECONDS
        self.weather.happened("full disk")

    def look_after(self) -> None:
        """Start those again that are down, note who ended, and empty full disks."""
        for name, until in list(self._full.items()):
            if time.monotonic() > until:
                del self._full[name]
                self._limit(name, resource.RLIM_INFINITY)
        for name, actor in self.actors.items():
            if name not in self.down and not actor.alive():
                words = f"{name} ({actor.process.exitcode}): {actor.words()[-400:]}"
                (self.ended if actor.process.exitcode in SAID else self.broke).append(words)
                self.down[name] = time.monotonic() + 1.0
            if time.monotonic() > self.down.get(name, float("inf")):
                del self.down[name]
                self._start(name)

    def _limit(self, name: str, size: int) -> None:
        pid = self.actors[name].process.pid
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid or 0, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def idle(self) -> bool:
        """Whether all are up, have seen the chain of late and wait for a later time."""
        now = self.now()
        return not self.down and all(
            status["now"] > now - 10 * BLOCK_SECONDS and now < status["waiting_until"]
            for status in (actor.status() for actor in self.actors.values())
        )

    def usage(self, name: str) -> dict[str, int]:
        """Bytes of memory and of disk, and open files of an actor."""
        process = Path("/proc") / str(self.actors[name].process.pid)
        pages = int((process / "statm").read_text().split()[1])
        state = self.actors[name].state
        return {
            "memory": pages * os.sysconf("SC_PAGE_SIZE"),
            "files": len(list((process / "fd").iterdir())),
            "disk": sum(path.stat().st_size for path in state.rglob("*") if path.is_file()),
        }

    def balances(self) -> dict[str, Any]:
        neuron = self.stage.chain.neuron
        return {name: neuron.balance_of(self.net.accounts[name].address) for name in ACTORS}
