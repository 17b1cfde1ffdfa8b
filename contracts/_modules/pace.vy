# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The pace of a group
@notice How much a claim must gain follows how often claims win, as the difficulty of a proof of work follows its blocks:
        an accepted block raises the minimum improvement by a step, four of which are a doubling; any other block halves
        it. So who slices one gain into many claims finds the slices growing, and a group whose progress slows down is
        not shut out for long.
@dev    The level counts steps above the group's lower bound. It is written only when a block is accepted; what it is in
        a later block follows from the number of blocks in between.
"""


# Steps up of an accepted block, steps down of any other: the pace settles at four accepted blocks in five.
_RAISE: constant(uint256) = 1
_FALL: constant(uint256) = 4


@internal
@pure
def _improvement(level: uint256, least: uint256, most: uint256) -> uint256:
    """
    @notice least * 2**(level / 4), linear between powers of two, but at most `most`.
    """
    # Unsafe but safe: a bound of 64 bits, at most seven times.
    return min((unsafe_mul(least, 4 + level % 4) << (level // 4)) >> 2, most)


@internal
@pure
def _lowered(level: uint256, blocks: uint256) -> uint256:
    """
    @notice The level after so many blocks without a winner.
    """
    # Unsafe but safe: no more than the level is taken off, and blocks stay below 2**40.
    return unsafe_sub(level, min(level, unsafe_mul(_FALL, blocks)))


@internal
@pure
def _raised(level: uint256, least: uint256, most: uint256) -> uint256:
    """
    @notice The level after an accepted block; it stays where the upper bound is reached.
    """
    return level if self._improvement(level, least, most) == most else level + _RAISE
