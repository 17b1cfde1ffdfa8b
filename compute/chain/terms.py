"""The immutable terms of a group: its parameters, its time grid, and its addresses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from compute.chain.claims import Domain
from compute.chain.contract import ZERO_ADDRESS, Contract
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, read_events
from compute.chain.records import GroupConfig, Head
from compute.chain.schedule import Block, Schedule
from compute.chain.shared import Shared
from compute.units import DAY

MAX_PERIOD = 56 * DAY  # seconds; no window or period of the protocol is longer

_VOTING_TERMS = {
    "MODEL_HASH": "model_hash",
    "COMMIT_WINDOW": "commit_window",
    "REVEAL_WINDOW": "reveal_window",
    "VOTE_WINDOW": "vote_window",
    "QUORUM_BPS": "checkpoint_quorum_bps",
    "BOND": "bond",
    "MIN_IMPROVEMENT": "min_improvement",
    "MAX_IMPROVEMENT": "max_improvement",
    "KEEPER_BPS": "keeper_bps",
}


@dataclass(frozen=True)
class Terms:
    """The terms that every view of a group shares. `parent` is None unless the group is a fork."""

    id: int
    parent: Self | None
    config: GroupConfig
    base_version: int
    schedule: Schedule
    chain: Shared = field(repr=False, compare=False)
    voting_contract: Contract = field(repr=False, compare=False)
    deltas_contract: Contract = field(repr=False, compare=False)

    @classmethod
    def read(cls, chain: Shared, group_id: int, parent: Self | None) -> Self:
        """Read the terms of an existing group. Raises MalformedAnswer."""
        deltas_at, voting_at = chain.registry.contracts_of(group_id)
        if ZERO_ADDRESS in (deltas_at, voting_at):
            raise MalformedAnswer(f"The RPC describes a group {group_id} that cannot be.")
        voting = Contract(chain.rpc, "CheckpointVoting", voting_at)
        deltas = Contract(chain.rpc, "DeltaRegistry", deltas_at)
        *values, genesis_time, checkpoint = voting.call_many(
            [(name, ()) for name in (*_VOTING_TERMS, "GENESIS_TIME")] + [("accepted", (0,))]
        )
        base_version, quorum, period = deltas.call_many(
            [("BASE_VERSION", ()), ("QUORUM_BPS", ()), ("period", ())]
        )
        config = GroupConfig(
            **dict(zip(_VOTING_TERMS.values(), values, strict=True)),
            genesis_checkpoint=checkpoint,
            genesis_tip=deltas.call("tip_of", base_version),
            delta_quorum_bps=quorum,
            delta_period=period[1],
        )
        schedule = Schedule(
            genesis_time, config.commit_window, config.reveal_window, config.vote_window
        )
        if not 0 < schedule.period <= MAX_PERIOD:
            raise MalformedAnswer(f"The RPC describes a group {group_id} without a time grid.")
        return cls(group_id, parent, config, base_version, schedule, chain, voting, deltas)

    @property
    def parent_id(self) -> int:
        """0 unless the group is a fork."""
        return 0 if self.parent is None else self.parent.id

    @property
    def model_hash(self) -> bytes:
        return self.config.model_hash

    @property
    def genesis_time(self) -> int:
        return self.schedule.genesis_time

    @property
    def domain(self) -> Domain:
        """What a signed claim is bound to."""
        return Domain(self.chain.chain_id, self.voting_contract.address)

    def head(self) -> Head:
        """The chain's latest block, no older than the group."""
        head = self.chain.head()
        if head.timestamp < self.genesis_time:
            raise MalformedAnswer(
                "The node's latest block is older than the group. Wait until it has caught up."
            )
        return head

    def reached(self, time: int) -> Head:
        """The latest block, once it is no older than `time`: what the decisions of a window rest
        on. Raises MalformedAnswer where the node lags."""
        head = self.head()
        if head.timestamp < time:
            raise MalformedAnswer(
                f"The node lags: its latest block is {time - head.timestamp} s older than what "
                "it showed before."
            )
        return head

    def slot(self, index: int) -> Block:
        """The block with this index."""
        return self.schedule.slot(index)

    def slot_at(self, time: int) -> Block:
        """The block that contains `time`. Raises MalformedAnswer before the group began."""
        try:
            return self.schedule.slot_at(time)
        except ValueError:
            raise MalformedAnswer("The node's latest block is older than the group.") from None

    @cached_property
    def first_block(self) -> int:
        """The chain block in which the group was created: the first not older than it."""
        chain = self.chain
        return chain.heads.block_at(self.genesis_time, chain.deployment.block, chain.head().number)

    def events(
        self,
        contract: Contract,
        names: Sequence[str],
        last: int,
        first: int | None = None,
        **where: Any,
    ) -> Iterator[Event]:
        """Events of a contract from chain block `first`, if not since the group was created, to
        `last`: `read_events`."""
        first = self.first_block if first is None else first
        return read_events(self.chain.rpc, contract, names, first, last, **where)
