"""Which games a player knows of, on a chain that goes back."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from compute.dispute.state import Phase
from compute.node.disputing import REREAD, Disputes, Duties

ME, OTHER, VOTING = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20


def words(challenger: str, *, claim: bytes = bytes(32), over: bool = False) -> Sequence[Any]:
    """A game against a claim of block 3, as the contract has it."""
    phase = Phase.OVER if over else Phase.CLAIM
    seat = int(challenger, 16) << 96 | int(phase)
    return (seat, OTHER, VOTING, claim, bytes(32), 4 << 64, 0, bytes(32), 0, *[bytes(32)] * 2)


class Referee:
    """The games of a chain whose head and content a test moves."""

    def __init__(self) -> None:
        self.told: dict[int, Sequence[Any]] = {}
        self.read: list[int] = []

    def count(self, at: int) -> int:
        return len(self.told)

    def games(self, voting: str, numbers: Iterable[int], at: int) -> dict[int, Sequence[Any]]:
        self.read = list(numbers)
        return {number: self.told[number] for number in self.read}

    def words(self, number: int) -> Sequence[Any]:
        return self.told[number]


def test_games_are_read_again_until_no_reorganisation_can_change_them() -> None:
    head = SimpleNamespace(number=1_000)
    referee = Referee()
    chain = SimpleNamespace(head=lambda: head, referee=referee)
    group: Any = SimpleNamespace(chain=chain, voting=SimpleNamespace(address=VOTING))
    sender: Any = SimpleNamespace(address=ME)
    disputes = Disputes(group, sender, lambda _: None, Duties())  # type: ignore[arg-type, return-value]

    referee.told = {1: words(ME), 2: words(OTHER)}
    assert [game.number for game in disputes._running()] == [1]
    head.number += 1  # the second of them was taken back, another came
    referee.told = {1: words(ME), 2: words(ME, claim=b"\x01" * 32), 3: words(OTHER)}
    assert [game.number for game in disputes._running()] == [1, 2] and referee.read == [1, 2, 3]
    head.number += 1  # both were taken back
    referee.told = {1: words(ME)}
    assert [game.number for game in disputes._running()] == [1]

    for _ in range(2):
        head.number += REREAD + 1
        list(disputes._running())
    referee.told[2] = words(ME)
    assert [game.number for game in disputes._running()] == [1, 2] and referee.read == [2]
    referee.told[1] = words(ME, over=True)
    assert [game.number for game in disputes._running()] == [2]
