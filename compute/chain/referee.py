"""Typed reads of the referee: games, what was said in them, what steps read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils import to_checksum_address

from compute.chain.contract import BlockTag, Contract
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, HeadReader, read_events

SAID = (
    "Stated", "DataDoubted", "SumsOpened", "Brought", "LaneOpened", "Opened", "Picked",
    "PartsBrought", "Ended",
)  # fmt: skip
MAX_GAMES = 1 << 20  # each costs a bond of ether
LAST_PHASE = 11


@dataclass(frozen=True)
class Referee:
    """Disputes about claims of any group.  Amounts in wei."""

    contract: Contract
    heads: HeadReader
    first: int  # block from which its events are worth reading

    def bond(self) -> int:
        """What a challenge posts."""
        return int(self.contract.call("BOND"))

    def count(self, at: BlockTag = "latest") -> int:
        """How many games and lanes there are; their numbers are 1 to this."""
        count = int(self.contract.call("n_games", at=at))
        if count > MAX_GAMES:
            raise MalformedAnswer(f"The RPC tells of {count:.3g} disputes.")
        return count

    def words(self, number: int) -> Sequence[Any]:
        """The contract's `Game`, word by word."""
        return self._words([number], "latest")[0]

    def games(
        self, voting: str, numbers: Iterable[int], at: BlockTag = "latest"
    ) -> dict[int, Sequence[Any]]:
        """The `words` of those games and lanes, over ones among them, that are about a group.

        From the state, which leaves nothing out; a hundred take one request.
        """
        found = zip(numbers, self._words(numbers, at), strict=True)
        return {number: words for number, words in found if words[2] == voting}

    def _words(self, numbers: Iterable[int], at: BlockTag) -> list[Sequence[Any]]:
        found = self.contract.call_many([("game", (number,)) for number in numbers], at=at)
        if any(words[0] & 255 > LAST_PHASE for words in found):
            raise MalformedAnswer("The RPC tells of a dispute that cannot be.")
        # inside a struct addresses are not checksummed
        return [(words[0], *map(to_checksum_address, words[1:3]), *words[3:]) for words in found]

    def said(self, number: int, first: int = 0) -> list[Event]:
        """All events of one game, or of one lane, from chain block `first` on, in order."""
        rpc, last = self.contract.rpc, self.heads.head("latest").number
        return list(
            read_events(rpc, self.contract, SAID, max(self.first, first), last, game=number)
        )

    @cached_property
    def _judge(self) -> Contract:
        return Contract(self.contract.rpc, "StepsJudge", self.contract.call("JUDGE"))

    def reads(
        self, row: bytes, element: int, first_term: int, words: Sequence[int]
    ) -> tuple[Sequence[int], bool]:
        """List the words that an element, or 8 of its terms, reads next, and whether that is
        all."""
        items, complete = self._judge.call("reads", row, element, first_term, list(words))
        return list(items), bool(complete)
