"""Typed reads of the referee: games, what was said in them, what steps read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils import to_checksum_address

from compute.chain.contract import Contract
from compute.chain.events import Event, HeadReader, read_events

SAID = (
    "Stated", "DataDoubted", "SumsOpened", "Brought", "LaneOpened", "Opened", "Picked",
    "PartsBrought", "Ended",
)  # fmt: skip
MAX_GAMES = 1 << 20


@dataclass(frozen=True)
class Referee:
    """Disputes about claims of any group.  Amounts in wei."""

    contract: Contract
    heads: HeadReader
    first: int  # block from which its events are worth reading

    def bond(self) -> int:
        """What a challenge posts."""
        return int(self.contract.call("BOND"))

    def games(self, voting: str, first: int = 0) -> list[Event]:
        """The Challenged events of a group from chain block `first` on, in order."""
        return list(self._events("Challenged", first, voting=voting))

    def lanes(self, games: Sequence[int], first: int = 0) -> list[Event]:
        """The LaneOpened events of games from chain block `first` on, in order."""
        return list(self._events("LaneOpened", first, game=list(games))) if games else []

    def _events(self, name: str, first: int, **where: Any) -> Iterator[Event]:
        last = self.heads.head("latest").number
        start = max(self.first, first)
        return read_events(self.contract.rpc, self.contract, [name], start, last, **where)

    def words(self, number: int) -> Sequence[Any]:
        """The contract's `Game`, word by word."""
        words = self.contract.call("game", number)
        return (*map(to_checksum_address, words[:3]), *words[3:])  # inside a struct they are not

    def said(self, number: int, first: int = 0) -> list[Event]:
        """All events of one game, or of one lane, which began in chain block `first`, in order."""
        found = [event for name in SAID for event in self._events(name, first, game=number)]
        return sorted(found, key=lambda event: (event.block_number, event.log_index))

    def credit(self, account: str) -> int:
        """What `withdraw` pays."""
        return int(self.contract.call("credit", account))

    @cached_property
    def _places(self) -> Contract:
        judge = Contract(self.contract.rpc, "StepsJudge", self.contract.call("JUDGE"))
        return Contract(self.contract.rpc, "StepsPlaces", judge.call("PLACES"))

    def reads(
        self, row: bytes, element: int, first_term: int, words: Sequence[int]
    ) -> tuple[Sequence[int], bool]:
        """List the words that an element, or 16 of its terms, reads next, and whether that is
        all."""
        items, complete = self._places.call("reads", row, element, first_term, list(words))
        return list(items), bool(complete)
