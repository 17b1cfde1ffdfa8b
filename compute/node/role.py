"""The life of a role: one step after another until it is asked to stop."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from compute.chain import RpcUnavailable
from compute.home import cache_folder
from compute.judging.device import ensure_fit
from compute.node.clock import Stopped, Wait, follow
from compute.node.seat import Seat

logger = logging.getLogger(__name__)


class Role(ABC):
    """What one account does in one group. A subclass is made from a `Seat` and its own options."""

    # Whether it acts on losses that it computed itself.
    needs_exact_device: ClassVar[bool] = False

    @abstractmethod
    def step(self, now: int) -> Wait:
        """Do what chain time `now` (seconds) asks for; when to be called again."""


def run(seat: Seat, take: Callable[[Seat], Role]) -> None:
    """Be the role that `take` makes of the seat until SIGTERM or Ctrl-C.

    Raises UnfitDevice if the role needs a device that computes exactly and this is none,
    JournalError if another process with this role and account runs, StorageError if the disk fails.
    """
    clock = seat.clock
    clock.stop_on_signals()
    seat.group.chain.rpc.check = clock.check
    with suppress(Stopped):
        while not _lived(seat, take):
            clock.pause()


def _lived(seat: Seat, take: Callable[[Seat], Role]) -> bool:
    """Live once; whether it began, which a chain that does not answer prevents."""
    with seat:
        try:
            role = take(seat)
        except RpcUnavailable as error:
            logger.warning("%s Waiting for the chain to begin.", error)
            return False
        if role.needs_exact_device:
            ensure_fit(cache_folder())
        follow(role.step, seat.clock)
        return True
