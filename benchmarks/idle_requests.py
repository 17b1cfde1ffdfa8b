"""Questions that a node asks its RPC in an hour: idle by the block clock, idle and polling every
two seconds, which nodes did before and still do on chains whose clock somebody moves, and busy.

    python -m benchmarks.idle_requests

A keeper and a trainer whose claim is committed, as `nrn keep` and `nrn train` run them with a
watcher beside, and a curator each live a virtual hour in this process: their sleeping moves the
chain's clock. The busy hour is that in which the trainer reveals, or the keeper judges a claim and
votes. Writes benchmarks/results/idle_requests.json.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compute.node import clock as clocks
from compute.node.beside import Beside
from compute.node.clock import Stopped, follow
from compute.node.disputing import Duties
from compute.node.role import Role, Watchful
from compute.node.seat import Seat
from compute.roles.curator import Curator
from compute.roles.trainer import Trainer
from compute.roles.watcher import Watcher
from compute.roles.wisdomkeeper import Wisdomkeeper
from tests.integration.devnet import Devnet
from tests.integration.stage import OPTIONS, Stage

HOUR = 3_600
POLLED = 300  # seconds of it that are polled: one is like another
BLOCK_SECONDS = 12
RESULTS = Path(__file__).parent / "results" / "idle_requests.json"
ROLES: dict[str, tuple[str, Callable[[Seat], Role]]] = {
    "wisdomkeeper": (
        "alice",
        lambda seat: Beside(Wisdomkeeper(seat), Watcher(seat), seat.clock),
    ),
    "trainer": (
        "tara",
        lambda seat: Beside(
            Trainer(seat, OPTIONS), Watcher(seat, Duties(challenge=False)), seat.clock
        ),
    ),
    "curator": ("carol", Curator),
}


class Hour:
    """A virtual clock for `compute.node.clock`: sleeping moves it, and the chain with it."""

    def __init__(self, stage: Stage, seat: Seat, seconds: int) -> None:
        self._stage = stage
        self._seat = seat
        self._chain = stage.net.chain()  # whose questions are not counted
        self.now = float(self._chain.now())
        self._end = self.now + seconds

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float | None = None) -> None:
        """Instead of `Clock.pause`."""
        self.now += self._seat.poll_seconds if seconds is None else seconds
        newest = int(self.now) - int(self.now) % BLOCK_SECONDS
        if newest > self._chain.now():
            self._stage.net.warp(newest)
        if self.now >= self._end:
            raise Stopped


def asked_in_an_hour(stage: Stage, role: str, since: int = 0, *, polling: bool = False) -> int:
    """Questions of one role in a virtual hour after its first step, from chain time `since` on."""
    name, take = ROLES[role]
    with stage.seat(role, name) as seat:
        role_itself = Watchful(take(seat), seat)
        role_itself.step(seat.clock.now())
        if since:
            stage.net.warp(since)
        share = POLLED if polling else HOUR
        hour: Any = Hour(stage, seat, share)
        asked = seat.group.chain.rpc.tally
        before = asked.total()
        real, seconds = clocks.time, clocks.REAL_TIME_SECONDS
        clocks.time = hour
        clocks.REAL_TIME_SECONDS = -1 if polling else seconds
        seat.clock.pause = hour.sleep  # type: ignore[method-assign]
        try:
            follow(role_itself.step, seat.clock)
        finally:
            clocks.time, clocks.REAL_TIME_SECONDS = real, seconds
        return (asked.total() - before) * HOUR // share


def busy(stage: Stage) -> dict[str, int]:
    """The hours of one block in which its claim is revealed, and judged."""
    block = stage.block
    return {
        "trainer": asked_in_an_hour(stage, "trainer", block.reveal_at - HOUR // 2),
        "wisdomkeeper": asked_in_an_hour(stage, "wisdomkeeper", block.vote_at),
    }


def main() -> None:
    net = Devnet.start(Path(tempfile.mkdtemp()))
    found: dict[str, dict[str, int]] = {}
    try:
        net.deploy()
        net.populate()
        for polling in (True, False):
            stage = Stage(net, Path(tempfile.mkdtemp()))
            for role in ROLES:
                count = asked_in_an_hour(stage, role, polling=polling)
                found.setdefault(role, {})["polling" if polling else "block clock"] = count
            stage.close()
        stage = Stage(net, Path(tempfile.mkdtemp()))
        for role, count in busy(stage).items():
            found[role]["busy"] = count
        if not stage.happened("Voted"):
            raise RuntimeError("nobody voted")
        stage.close()
    finally:
        net.stop()
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    for role, counts in found.items():
        told = ", ".join(f"{count} {how}" for how, count in counts.items())
        print(f"{role:13} {told}")


if __name__ == "__main__":
    main()
