"""Waiting for what must come. A machine may be as busy as it likes: only what hangs fails."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 600.0  # seconds that nothing but a hang lasts; pytest waits longer


def wait_until(true: Callable[[], T], tell: Callable[[], object] = lambda: "") -> T:
    """The first true answer of `true`; `tell` says what there is if none comes."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, tell()
        time.sleep(0.05)
    return found


class Time:
    """Stands in for the module `time`: seconds pass when somebody sleeps, and not otherwise."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start

    def time(self) -> float:
        return self._now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self._now += seconds
