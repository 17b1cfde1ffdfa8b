# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Chess clocks of disputes
@notice Who moves, what is disputed, and how long each side has left. A side thinks 12 hours in a whole game and has at
        least an hour for each move, so a game of n moves a side is over within 12 h + n * 1 h for each.
"""

BUDGET: constant(uint256) = 43_200
GRACE: constant(uint256) = 3_600

DEFENDER: constant(uint256) = 1
CHALLENGER: constant(uint256) = 0

_U8: constant(uint256) = 2**8 - 1
_U16: constant(uint256) = 2**16 - 1
_U40: constant(uint256) = 2**40 - 1


struct Clock:
    phase: uint256  #   8
    turn: uint256  #   8  whose move it is
    height: uint256  #   8  levels of the tree in dispute that are left
    since: uint256  #  40  unix time at which the turn began
    challenger: uint256  #  16  seconds left
    defender: uint256  #  16


@internal
@pure
def _pack(clock: Clock) -> uint256:
    return (
        clock.phase
        | (clock.turn << 8)
        | (clock.height << 16)
        | (clock.since << 24)
        | (clock.challenger << 64)
        | (clock.defender << 80)
    )


@internal
@pure
def _unpack(word: uint256) -> Clock:
    return Clock(
        phase=word & _U8,
        turn=(word >> 8) & _U8,
        height=(word >> 16) & _U8,
        since=(word >> 24) & _U40,
        challenger=(word >> 64) & _U16,
        defender=(word >> 80) & _U16,
    )


@internal
@view
def _begin(phase: uint256, turn: uint256) -> uint256:
    """
    @return The clock of a game that begins.
    """
    return self._pack(
        Clock(phase=phase, turn=turn, height=0, since=block.timestamp, challenger=BUDGET, defender=BUDGET)
    )


@internal
@pure
def _deadline(clock: Clock) -> uint256:
    """
    @return Unix time until which the side to move may move.
    """
    return clock.since + max(clock.defender if clock.turn == DEFENDER else clock.challenger, GRACE)


@internal
@view
def _passed(before: Clock, phase: uint256, turn: uint256, height: uint256) -> uint256:
    """
    @notice The clock after a move: one side's stops, the other's starts.
    """
    clock: Clock = before
    spent: uint256 = block.timestamp - clock.since
    if clock.turn == DEFENDER:
        clock.defender -= min(spent, clock.defender)
    else:
        clock.challenger -= min(spent, clock.challenger)
    clock.phase = phase
    clock.turn = turn
    clock.height = height
    clock.since = block.timestamp
    return self._pack(clock)
