"""How much a claim must gain: it doubles with each accepted block and falls with every other.

Pure arithmetic, the same as the contract's (specification rules on the pace of a group). A *level*
counts steps above the least improvement, four to a doubling; improvements in Q32.32 nats.
"""

from collections.abc import Iterable

_RAISE = 4  # steps of an accepted block


def improvement(level: int, least: int, most: int) -> int:
    """least * 2**(level / 4), linear between powers of two, but at most `most`."""
    return min(((least * (4 + level % 4)) << (level // 4)) >> 2, most)


def raised(level: int, least: int, most: int) -> int:
    """The level after an accepted block; it stays where the upper bound is reached."""
    return level if improvement(level, least, most) == most else level + _RAISE


def levels(accepted: Iterable[int], least: int, most: int) -> list[int]:
    """The level of each of a group's accepted blocks, given their indices in order."""
    found, level, since = [], 0, 0
    for index in accepted:
        level = max(0, level - (index - since))
        found.append(level)
        level, since = raised(level, least, most), index + 1
    return found


def asked(accepted: Iterable[int], block_index: int, least: int, most: int) -> int:
    """The improvement that a later block asks for, given the accepted blocks before it."""
    return improvement(levels([*accepted, block_index], least, most)[-1], least, most)
