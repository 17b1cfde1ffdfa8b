"""The least improvement of a claim: it grows with each accepted block and halves with every other.

Pure arithmetic, the same as the contract's. A *level* counts steps above the least improvement,
four to a doubling; improvements in Q32.32 nats.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from compute.chain.records import GroupConfig

_RAISE = 1  # steps of an accepted block
_FALL = 4  # of any other


@dataclass(frozen=True)
class Pace:
    """The improvement that blocks ask for after the accepted ones so far; `level` is that of block
    `since`."""

    least: int
    most: int
    level: int = 0
    since: int = 0

    @classmethod
    def of(cls, config: GroupConfig) -> "Pace":
        """That of a young group with these terms."""
        return cls(config.min_improvement, config.max_improvement)

    def asked(self, block_index: int) -> int:
        """The improvement that a block asks for: least * 2**(level / 4), linear between powers of
        two, but at most `most`."""
        level = self._level(block_index)
        return min(((self.least * (4 + level % 4)) << (level // 4)) >> 2, self.most)

    def after(self, accepted: Iterable[int]) -> "Pace":
        """The pace once these blocks were accepted too; their indices rise."""
        pace = self
        for index in accepted:
            level = pace._level(index)
            if pace.asked(index) < pace.most:
                level += _RAISE
            pace = Pace(self.least, self.most, level, index + 1)
        return pace

    def _level(self, block_index: int) -> int:
        return max(0, self.level - _FALL * (block_index - self.since))
