"""The life of a role: one step after another until it is asked to stop."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from compute.chain import MalformedAnswer, RpcRefused, RpcUnavailable
from compute.home import cache_folder
from compute.judging.device import ensure_fit
from compute.node.clock import Stopped, Wait, follow
from compute.node.events import event
from compute.node.seat import Seat

logger = logging.getLogger(__name__)

SILENT = RpcUnavailable, RpcRefused, MalformedAnswer  # nothing is known of the chain


class Role(ABC):
    """A role of one account in one group. A subclass is made from a `Seat` and its own options."""

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
    logger.info("%s ends as it was asked to", seat.role, extra=event("ended"))


def _lived(seat: Seat, take: Callable[[Seat], Role]) -> bool:
    """Live once; whether it began, which a chain that does not answer prevents."""
    with seat:
        try:
            role = take(seat)
        except SILENT as error:
            logger.warning("%s Waiting for the chain to begin.", error)
            return False
        if role.needs_exact_device:
            ensure_fit(cache_folder(), seat.clock.check)
        logger.info("%s begins", seat.role, extra=event("started"))
        follow(Watchful(role, seat).step, seat.clock)
        return True


class Watchful:
    """A role's steps, and once in a block of the group a look at what a person should know."""

    def __init__(self, role: Role, seat: Seat) -> None:
        self._role = role
        self._seat = seat
        self._block = -1
        self._told = 0  # the newest proposal that was told of

    def step(self, now: int) -> Wait:
        """What the role says; what was found goes to the log."""
        wait = self._role.step(now)
        index = self._seat.group.slot_at(now).index
        if index != self._block:
            self._block = index
            self._look()
        return wait

    def _look(self) -> None:
        if self._seat.is_disk_nearly_full():
            logger.warning(
                "The disk of %s is nearly full. Make room, or lower --quota.", self._seat.state,
                extra=event("disk"),
            )  # fmt: skip
        for proposal in self._seat.group.deltas.proposals():
            if proposal.id > self._told:
                self._told = proposal.id
                logger.info(
                    "Proposal %d of group %d waits for votes: nrn delta show, nrn delta vote.",
                    proposal.id, self._seat.group.id, extra=event("proposal", id=proposal.id),
                )  # fmt: skip
