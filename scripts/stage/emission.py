"""The emission formula of the specification, written down a second time.

All amounts in NRN wei, all times in seconds; integer division rounds down as on chain.
"""

from dataclasses import dataclass

from compute.units import DAY, EPOCH

FOUR_YEARS = 1_461 * DAY
BLOCKS_PER_EPOCH = 28


@dataclass(frozen=True)
class Emission:
    """The two facts every reward depends on."""

    issued: int
    sale_end: int

    def block(self, start: int, group_stake: int, all_stake: int) -> int:
        """Reward of an accepted block that started at `start`: 0.001 % of the issue, halving."""
        return self._share(group_stake, all_stake, 100_000 << self._halvings(start))

    def delta(self, start: int, length: int, group_stake: int, all_stake: int) -> int:
        """Reward of the delta of one period: 0.0001 % of the issue a week, halving.

        For the first appended delta of a group in the epoch, whose credit is not yet used.
        """
        credit = min(length, EPOCH)
        divisor = EPOCH * (1_000_000 << self._halvings(start))
        return self._share(group_stake * credit, all_stake, divisor)

    def _share(self, mine: int, all_stake: int, divisor: int) -> int:
        floor = self.issued // 100
        return self.issued * mine // (max(all_stake, floor) * divisor)

    def _halvings(self, start: int) -> int:
        return (start - self.sale_end) // FOUR_YEARS
