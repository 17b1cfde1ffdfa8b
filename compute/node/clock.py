"""Chain time, the only time of roles, and waiting for it.

A wait is visible from outside: `status.json` in the actor's state folder says which chain time the
actor has seen, what it waits for and until when. Whoever drives a development chain may move its
clock once every actor is idle, that is `now >= latest block timestamp` and `waiting_until > now`.
"""

import contextlib
import json
import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from compute.chain import ChainError
from compute.durable import replace_file
from compute.node.events import event
from compute.storage import StoreUnreachable
from compute.training import Leave
from compute.values import Moment

logger = logging.getLogger(__name__)


# Chain time until a transaction that could not be sent is tried again.
RETRY_SECONDS = 60

# Where chain and wall clock agree to this many seconds, waiting needs no polling.
REAL_TIME_SECONDS = 120
# A reorganisation, or one node behind another, sets the chain back by no more than this.
SET_BACK_SECONDS = 120
LONGEST_SLEEP = 300.0  # seconds; a clock of ours that is wrong costs no more
LONGEST_RECHECK = 30.0
STILL_SECONDS = 180.0  # of a head that does not move, until it is said


class Stopped(Leave):
    """The actor was asked to end; everything it needs to go on is on disk."""


class Overdue(Exception):
    """The chain's time for what was under way is over."""


class TimeSource(Protocol):
    def now(self) -> int: ...


@dataclass(frozen=True)
class Seen:
    """A role's last sight of the chain (seconds of its time), and what it does."""

    now: int
    until: int
    doing: str
    silent: bool
    head_age: float  # seconds of our time since a new block was seen


@dataclass(frozen=True)
class Wait:
    """The request of a step: to be called again at chain time `until` (seconds).

    With `recheck` it is called again at the next poll already, because something that does not
    follow the clock, such as a missing block in the store, may have changed.
    """

    until: int
    doing: str
    recheck: bool = False


class Clock:
    """Polls the chain's time (seconds), reports waiting, and carries the wish to stop."""

    def __init__(self, chain: TimeSource, state: Path, *, poll_seconds: float = 1.0) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._chain = chain
        self._status = state / "status.json"
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._said = (0, 0, "starting", False)
        self._look_at = 0.0  # by our own clock: when `check_until` looks at the chain again
        self._head = (0, time.monotonic())  # what it was, and since when by our own clock
        self._rechecks = ("", 0)  # what was waited for lately, and how often in a row
        self.aside: Callable[[], None] = lambda: None

    def now(self) -> int:
        """Timestamp of the latest block. Raises RpcUnavailable."""
        now = self._chain.now()
        if now != self._head[0]:
            self._head = (now, time.monotonic())
        return now

    def stop(self) -> None:
        self._stop.set()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and the first Ctrl-C end the actor at its next safe point; a second Ctrl-C
        interrupts.
        """

        def handle(number: int, frame: object) -> None:
            logger.info("asked to stop; finishing what is on the wire")
            self.stop()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def check(self) -> None:
        """Raise Stopped if the actor was asked to end; called from everything that takes long."""
        if self._stop.is_set():
            raise Stopped

    def breathe(self) -> None:
        """As `check`; called from what may take hours, so that what cannot wait as long is done:
        `aside`."""
        self.check()
        self.aside()

    def check_until(self, end: int) -> None:
        """As `check`, and raise Overdue once chain time `end` has come. Looks at the chain once in
        a poll interval at most; while it is silent, nothing is over."""
        self.check()
        if time.monotonic() >= self._look_at:
            with contextlib.suppress(ChainError):
                if self.now() >= end:
                    raise Overdue
            self._look_at = time.monotonic() + self._poll_seconds

    def pause(self, seconds: float | None = None) -> None:
        """So much real time, or one poll interval. Raises Stopped."""
        self._stop.wait(self._poll_seconds if seconds is None else seconds)
        self.check()

    def wait(self, wait: Wait) -> int:
        """Return the chain time once it has reached `wait.until`, or after one poll if it asks to
        recheck; or once it turns out that the wait began at a time that was never.
        """
        latest = self._head[0]
        while True:
            self.check()
            before = self._head[0]
            now = self.now()
            latest = max(latest, now)
            if now >= wait.until or now < latest - SET_BACK_SECONDS:
                self.report(now, now, "working")
                return now
            # Who rechecks has seen no more of the chain than its last step has.
            seen = before if wait.recheck else now
            self.report(seen, wait.until, wait.doing + self._standstill())
            self.pause(self._recheck(wait, now) if wait.recheck else self._sleep(wait.until, now))
            if wait.recheck:
                return self.now()

    def silent(self, sentence: str) -> None:
        """Say in status.json that nothing is known of the chain or store since its last word."""
        self.report(self._head[0], self._head[0], sentence, silent=True)

    def seen(self) -> Seen:
        """What was reported last."""
        return Seen(*self._said, time.monotonic() - self._head[1])

    def _sleep(self, until: int, now: int) -> float:
        """Real seconds until a look at the chain can tell anything new."""
        if abs(time.time() - now) > REAL_TIME_SECONDS:
            return self._poll_seconds  # somebody moves this chain's clock
        return min(LONGEST_SLEEP, max(self._poll_seconds, until - time.time()))

    def _recheck(self, wait: Wait, now: int) -> float:
        """Real seconds until the next look for the same thing: longer each time."""
        count = self._rechecks[1] + 1 if self._rechecks[0] == wait.doing else 0
        self._rechecks = (wait.doing, count)
        growing = self._poll_seconds * 1.5 ** min(count, 20)
        return min(self._sleep(wait.until, now), LONGEST_RECHECK, growing)

    def _standstill(self) -> str:
        seconds = time.monotonic() - self._head[1]
        if seconds < STILL_SECONDS + self._poll_seconds:
            return ""
        return f"; the chain shows no new block for {seconds / 60:.0f} min"

    def report(self, now: int, until: int, doing: str, *, silent: bool = False) -> None:
        """Write status.json, atomically, if it would change; a disk that refuses is said."""
        before, self._said = self._said, (now, until, doing, silent)
        if before == self._said:
            return
        text = json.dumps({"now": now, "waiting_until": until, "doing": doing})
        try:
            replace_file(self._status, text.encode())
        except OSError as error:
            logger.warning("cannot write %s: %s", self._status, error.strerror, extra=event("disk"))
        if doing != before[2]:
            logger.info("%s (until %s)", doing, Moment(until))


def follow(step: Callable[[int], Wait], clock: Clock) -> None:
    """Call `step` with the chain time whenever its last answer says so; return when the clock is
    stopped.

    A chain or store that does not answer is waited for: every step decides anew from chain and
    journal, so nothing is lost by starting one over.
    """
    wait = Wait(0, "starting")
    silent: str | None = None
    while True:
        try:
            wait = step(clock.wait(wait))
            if silent:
                logger.info("the %s answers again", silent, extra=event("answers", of=silent))
                silent = None
        except (ChainError, StoreUnreachable) as error:  # one odd answer must not end a role
            if not silent:
                silent = "store" if isinstance(error, StoreUnreachable) else "chain"
                logger.warning(
                    "%s Waiting for the %s to come back.", error, silent,
                    extra=event("silent", of=silent),
                )  # fmt: skip
            try:
                clock.silent(f"waiting for the {silent}: {error}")
                clock.pause()
            except Stopped:
                return
        except Stopped:
            return
