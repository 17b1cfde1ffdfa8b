"""Follow the chain: an immutable picture of all groups, made anew when a block arrives."""

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from functools import cached_property

from compute.chain import Chain, ChainError, Group, Proposal
from compute.chain.records import Head
from compute.facts import (
    BlockFacts,
    Bond,
    CandidateFacts,
    DeltaFacts,
    GroupFacts,
    KeeperFacts,
    SupplyFacts,
    Timeline,
    TrainerFacts,
    group_facts,
    keeper_facts,
    lineage_facts,
    supply_facts,
    trainer_facts,
)
from compute.storage import Store

POLL_SECONDS = 0.5
_DATA_EVENTS = ("Proposed", "PeriodFinalized", "DeltaAppended", "Voted")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """One group: where it stands, its blocks, its data."""

    group: Group
    facts: GroupFacts
    blocks: tuple[BlockFacts, ...]
    lineage: tuple[DeltaFacts, ...]
    proposals: tuple[Proposal, ...]

    @cached_property
    def trainers(self) -> list[TrainerFacts]:
        return trainer_facts(self.blocks)

    @cached_property
    def open_claims(self) -> list[tuple[BlockFacts, CandidateFacts]]:
        """Claims that nobody has judged and whose bonds are held, with their blocks, by rank."""
        found = [
            (block, claim)
            for block in self.blocks
            for claim in block.candidates
            if claim.bond is Bond.OPEN
        ]
        return sorted(found, key=lambda entry: entry[1].rank)

    @cached_property
    def keepers(self) -> list[KeeperFacts]:
        return keeper_facts(self.blocks)


@dataclass(frozen=True)
class World:
    """Everything at chain block `head`. `version` counts pictures; `stale_since` (unix seconds of
    this machine) and `trouble` say since when and why no newer one could be had."""

    chain_id: int
    head: Head
    supply: SupplyFacts
    views: dict[int, View] = field(repr=False)
    version: int = 1
    stale_since: int | None = None
    trouble: str = ""


class _Reader:
    """One group, read again only where something happened."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self._timeline = Timeline(group)
        self._head: Head | None = None
        self._lineage: tuple[DeltaFacts, ...] = ()
        self._version = -1

    def view(self, head: Head, store: Store | None) -> View:
        group, facts = self.group, group_facts(self.group, store)
        self._timeline.refresh(head)
        if facts.version != self._version or self._data_changed(head):
            self._lineage = tuple(lineage_facts(group))
            self._version = facts.version
        self._head = head
        proposals = tuple(group.deltas.proposals())
        return View(group, facts, tuple(self._timeline.blocks), self._lineage, proposals)

    def _data_changed(self, head: Head) -> bool:
        group, last = self.group, self._head
        if last is None or not group.chain.heads.is_canonical(last):
            return True
        first, coinbase = last.number + 1, group.chain.coinbase.contract
        told = [
            *group.events(group.deltas.contract, _DATA_EVENTS, head.number, first=first),
            *group.events(coinbase, ["DeltaCoinbase"], head.number, first=first, group_id=group.id),
        ]
        return bool(told)


class Watch:
    """Follows the chain in a thread of its own; `world` is the newest picture.

    A node that does not answer leaves the last picture, which says since when it is stale.
    """

    def __init__(self, chain: Chain, store: Store | None) -> None:
        """Reads everything once. Raises ChainError."""
        self._chain = chain
        self._store = store
        self._readers: dict[int, _Reader] = {}
        self._answered = time.time()
        self._stopped = threading.Event()
        self.world = self._read(chain.head(), 1)

    @property
    def chain(self) -> Chain:
        return self._chain

    def start(self) -> None:
        threading.Thread(target=self._follow, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def look(self) -> None:
        """Take in what is new, if anything is; a failure is noted in the picture."""
        try:
            head = self._chain.head()
            self._answered = time.time()
            if head.hash != self.world.head.hash:
                if not self._chain.heads.is_canonical(self.world.head):
                    self._chain.forget_groups()
                self.world = self._read(head, self.world.version + 1)
            elif self.world.stale_since is not None:
                self.world = replace(
                    self.world, version=self.world.version + 1, stale_since=None, trouble=""
                )
        except (ChainError, ValueError) as error:
            self._stale(str(error))

    def _stale(self, trouble: str) -> None:
        world = self.world
        if world.stale_since is None:
            logger.warning("the pages are stale: %s", trouble)
            self.world = replace(
                world, version=world.version + 1, stale_since=int(self._answered), trouble=trouble
            )

    def _read(self, head: Head, version: int) -> World:
        groups = {group.id: group for group in self._chain.groups()}
        known = {n: one for n, one in self._readers.items() if groups.get(n) == one.group}
        self._readers = {n: known.get(n) or _Reader(group) for n, group in groups.items()}
        views = {n: reader.view(head, self._store) for n, reader in self._readers.items()}
        return World(self._chain.chain_id, head, supply_facts(self._chain), views, version)

    def _follow(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            try:
                self.look()
            except Exception as error:  # a defect must not end the following in silence
                logger.exception("looking at the chain failed")
                self._stale(f"{type(error).__name__}: {error}")
