"""The immutable terms of a group: its parameters, its time grid, and its addresses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from compute.chain.claims import Domain
from compute.chain.contract import ZERO_ADDRESS, Contract, call_across
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
_OF_VOTING = (*_VOTING_TERMS, "GENESIS_TIME")
_OF_DELTAS = ("BASE_VERSION", "QUORUM_BPS", "period")


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
    def read(cls, chain: Shared, parents: Mapping[int, int], known: dict[int, Self]) -> None:
        """Add the terms of existing groups to `known`; `parents` says of which group each is a
        fork, 0 of none, and follows its parent. Raises MalformedAnswer."""
        places = zip(parents, chain.registry.contracts_of(list(parents)), strict=True)
        found = [_contracts(chain, number, *addresses) for number, addresses in places]
        fixed = call_across(
            [
                *((voting, name, ()) for voting, _ in found for name in _OF_VOTING),
                *((voting, "accepted", (0,)) for voting, _ in found),
                *((deltas, name, ()) for _, deltas in found for name in _OF_DELTAS),
            ]
        )
        of_voting, rest = _rows(fixed, len(found), len(_OF_VOTING))
        genesis, rest = _rows(rest, len(found), 1)
        of_deltas, _ = _rows(rest, len(found), len(_OF_DELTAS))
        tips = call_across(
            [
                (deltas, "tip_of", (told[0],))
                for (_, deltas), told in zip(found, of_deltas, strict=True)
            ]
        )
        for (number, parent), contracts, *told in zip(
            parents.items(), found, of_voting, genesis, of_deltas, tips, strict=True
        ):
            known[number] = cls._of(chain, number, known.get(parent), contracts, *told)

    @classmethod
    def _of(
        cls,
        chain: Shared,
        number: int,
        parent: Self | None,
        contracts: tuple[Contract, Contract],
        of_voting: Sequence[Any],
        genesis: Sequence[bytes],
        of_deltas: Sequence[Any],
        tip: bytes,
    ) -> Self:
        *values, genesis_time = of_voting
        base_version, quorum, period = of_deltas
        config = GroupConfig(
            **dict(zip(_VOTING_TERMS.values(), values, strict=True)),
            genesis_checkpoint=genesis[0],
            genesis_tip=tip,
            delta_quorum_bps=quorum,
            delta_period=period[1],
        )
        schedule = Schedule(
            genesis_time, config.commit_window, config.reveal_window, config.vote_window
        )
        if not 0 < schedule.period <= MAX_PERIOD:
            raise MalformedAnswer(f"The RPC describes a group {number} without a time grid.")
        return cls(number, parent, config, base_version, schedule, chain, *contracts)

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

    def kept_events(
        self,
        contract: Contract,
        names: Sequence[str],
        last: int,
        check: Callable[[Sequence[Event]], None],
    ) -> list[Event]:
        """Events since the group was created that `check` finds complete: `Index.events`."""
        index = self.chain.index
        return index.events(contract, names, lambda: self.first_block, last, check)


def _contracts(chain: Shared, number: int, deltas: str, voting: str) -> tuple[Contract, Contract]:
    if ZERO_ADDRESS in (deltas, voting):
        raise MalformedAnswer(f"The RPC describes a group {number} that cannot be.")
    return (
        Contract(chain.rpc, "CheckpointVoting", voting),
        Contract(chain.rpc, "DeltaRegistry", deltas),
    )


def _rows(values: Sequence[Any], count: int, width: int) -> tuple[list[Sequence[Any]], list[Any]]:
    """The first `count` rows of so many values, and what follows them."""
    end = count * width
    return [values[at : at + width] for at in range(0, end, width)], list(values[end:])
