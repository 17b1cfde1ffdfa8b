"""A game of the referee as the chain has it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils import to_checksum_address

from compute.trace.keccak import keccak

LEVELS = 5  # of a tree that one move opens
SUM_LEVELS = 4

_U32, _U40, _U64 = (1 << 32) - 1, (1 << 40) - 1, (1 << 64) - 1


class NoMove(Exception):
    """There is no honest move, or it is not known; the message says why."""


class Phase(enum.IntEnum):
    """The phases of a game; the numbers are the contract's."""

    NONE = 0
    CLAIM = 1
    SUMS = 2
    DATA = 3
    TRACE = 4
    ROWS = 5
    ELEMENTS = 6
    SPLIT = 7
    PARTS = 8
    STEP = 9
    LANES = 10
    OVER = 11


class Side(enum.Enum):
    CHALLENGER = "challenger"
    DEFENDER = "defender"


@dataclass(frozen=True)
class Evaluation:
    """The words whose keccak256 is `eval_root`."""

    loss: int
    count: int
    total: int
    top: bytes
    params_root: bytes
    data_root: bytes
    rows_root: bytes

    def words(self) -> tuple[int | bytes, ...]:
        roots = (self.top, self.params_root, self.data_root, self.rows_root)
        return (self.loss, self.count, self.total, *roots)

    @property
    def root(self) -> bytes:
        """eval_root, which a claim commits to."""
        numbers = b"".join(n.to_bytes(32, "big") for n in (self.loss, self.count, self.total))
        return keccak(numbers + self.top + self.params_root + self.data_root + self.rows_root)


@dataclass(frozen=True)
class Game:
    """One game, or one lane of it.  `position` is the place in the tree that is disputed."""

    number: int
    challenger: str
    defender: str
    voting: str
    checkpoint_hash: bytes
    evaluation: bytes
    phase: Phase
    turn: Side
    height: int
    since: int
    left: tuple[int, int]  # seconds: the challenger's, the defender's, when the turn began
    loss: int
    block: int
    count: int
    lanes: int
    main: int  # 0, or the game that this is a lane of
    position: int
    element: int
    row: int
    example: int
    node: bytes
    word: int
    trace: bytes

    @classmethod
    def of(cls, number: int, words: Sequence[Any]) -> Game:
        """From the words of the contract's `Game`."""
        seat, defender, voting, checkpoint, evaluation, facts = words[:6]
        position, node, word, trace = words[6:10]
        clock = seat & ((1 << 96) - 1)
        phase = Phase(clock & 255)
        in_sums = phase in (Phase.CLAIM, Phase.SUMS, Phase.DATA)
        return cls(
            number,
            to_checksum_address((seat >> 96).to_bytes(20, "big")),
            defender,
            voting,
            checkpoint,
            evaluation,
            phase,
            Side.DEFENDER if clock >> 8 & 255 else Side.CHALLENGER,
            clock >> 16 & 255,
            clock >> 24 & _U40,
            (clock >> 64 & 0xFFFF, clock >> 80 & 0xFFFF),
            facts & _U64,
            (facts >> 64 & _U40) - 1,
            facts >> 104 & _U40,
            facts >> 176 & _U32,
            facts >> 208 & _U40,
            position & _U64,
            position >> 64 & _U64,
            position >> 128 & _U32,
            0 if in_sums else position >> 160 & _U64,
            node,
            word,
            trace,
        )

    def owes(self, account: str) -> int:
        """Halves of a bond that a game which is over pays this account."""
        return self.height if self.phase is Phase.OVER and self.mover == account else 0

    @property
    def mover(self) -> str:
        """Whose turn it is."""
        return self.defender if self.turn is Side.DEFENDER else self.challenger

    @property
    def deadline(self) -> int:
        """Unix time until which the side to move may move."""
        return self.since + max(self.left[self.turn is Side.DEFENDER], GRACE)


BUDGET, GRACE = 43_200, 3_600  # seconds of thinking in a whole game, and at least for a move
