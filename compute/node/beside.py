"""A second role of the same account, in the time that the first leaves."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Protocol

from compute.chain import ChainError
from compute.node.clock import Clock, Wait
from compute.node.role import Role
from compute.storage import StoreUnreachable

ASIDE_SECONDS = 120.0  # between looks aside from a long computation


class Guest(Protocol):
    """A role that takes no longer than it may."""

    def step(self, now: int, until: int | None = None) -> Wait:
        """As `Role.step`; what can wait is left at chain time `until`."""


class Beside(Role):
    """`main` acts as if it were alone; `guest` acts after it, until its next step, and now and then
    while it computes for long, where that calls `Clock.breathe`."""

    needs_exact_device = True

    def __init__(self, main: Role, guest: Guest, clock: Clock) -> None:
        self._main, self._guest, self._clock = main, guest, clock
        self._waits = [Wait(0, "starting"), Wait(0, "starting")]
        self._before = 0
        self._looked = time.monotonic()
        clock.aside = self._look

    def step(self, now: int) -> Wait:
        """What is due of both; the earlier of what they wait for."""
        if self._is_due(0, now):
            self._waits[0] = self._main.step(now)
            now = self._clock.now()
        if self._is_due(1, now):
            self._waits[1] = self._guest.step(now, self._waits[0].until)
        self._before = now
        main, guest = self._waits
        doing = f"{main.doing}; {guest.doing}"
        return Wait(min(main.until, guest.until), doing, main.recheck or guest.recheck)

    def _is_due(self, which: int, now: int) -> bool:
        """What was waited for has come, or the chain went back."""
        wait = self._waits[which]
        return wait.recheck or now >= wait.until or now < self._before

    def _look(self) -> None:
        """In the midst of the main role's step."""
        if time.monotonic() - self._looked < ASIDE_SECONDS:
            return
        with suppress(ChainError, StoreUnreachable):  # nobody waits for an answer here
            now = self._clock.now()
            self._waits[1] = self._guest.step(now, now)
        self._looked = time.monotonic()
