# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The packed records of a delta registry
@notice A ballot touches three storage words besides the vault: the clock, the proposal and the staker's own mark. Vyper
        does not pack structs, so these functions do, field by field from the low end of the word.
@dev    Widths. Votes: 101 bits, and the supply stays below 2**97. Times: 40 bits, until the year 36,000. Periods last at
        least a day, so 24 bits of period index and 32 bits of version last longer than the times. Proposal ids: 40 bits,
        each of them a transaction. Lengths: whole days, at most 56.
"""

from contracts._modules import params


# A proposal can be voted on once it is this part of a period old, and a period is extended by this part.
PARTS: constant(uint256) = 7


# The running period and its leader.
struct Clock:
    votes: uint256  # 101  of the leader
    extensions: uint256  #   3  sevenths of its length by which the period has been extended
    leader: uint256  #  40  proposal id, 0 is "no change"
    start: uint256  #  40  unix time
    index: uint256  #  24
    version: uint256  #  32  of the training set
    length_days: uint256  #   8
    pending_days: uint256  #   8  length of the next period


# What a ballot needs to know of a proposal.
struct Standing:
    votes: uint256  # 104  in period `index`
    index: uint256  #  24  period of the last ballot
    parent_version: uint256  #  32
    proposed_at: uint256  #  40  unix time


# How a version came into force, and what is due for it.
struct Origin:
    proposer: address  # 160
    start: uint256  #  40  unix time at which the period that chose it began
    length_days: uint256  #   8  of that period; the version is in force from its end on
    credit: uint256  #  20  seconds of the epoch's delta budget this version is rewarded for
    credited: uint256  #  20  seconds of that budget given out up to and including this version
    extensions: uint256  #   3  sevenths of the period's length by which it was extended
    paid: uint256  #   1


_U3: constant(uint256) = 2**3 - 1
_U8: constant(uint256) = 2**8 - 1
_U20: constant(uint256) = 2**20 - 1
_U24: constant(uint256) = 2**24 - 1
_U32: constant(uint256) = 2**32 - 1
_U40: constant(uint256) = 2**40 - 1
_U101: constant(uint256) = 2**101 - 1
_U104: constant(uint256) = 2**104 - 1
_U160: constant(uint256) = 2**160 - 1


@internal
@pure
def _pack_clock(clock: Clock) -> uint256:
    return (
        clock.votes
        | (clock.extensions << 101)
        | (clock.leader << 104)
        | (clock.start << 144)
        | (clock.index << 184)
        | (clock.version << 208)
        | (clock.length_days << 240)
        | (clock.pending_days << 248)
    )


@internal
@pure
def _unpack_clock(word: uint256) -> Clock:
    return Clock(
        votes=word & _U101,
        extensions=(word >> 101) & _U3,
        leader=(word >> 104) & _U40,
        start=(word >> 144) & _U40,
        index=(word >> 184) & _U24,
        version=(word >> 208) & _U32,
        length_days=(word >> 240) & _U8,
        pending_days=word >> 248,
    )


@internal
@pure
def _pack_standing(standing: Standing) -> uint256:
    return (standing.votes | (standing.index << 104) | (standing.parent_version << 128) | (standing.proposed_at << 160))


@internal
@pure
def _unpack_standing(word: uint256) -> Standing:
    return Standing(
        votes=word & _U104,
        index=(word >> 104) & _U24,
        parent_version=(word >> 128) & _U32,
        proposed_at=word >> 160,
    )


@internal
@pure
def _pack_origin(origin: Origin) -> uint256:
    return (
        convert(origin.proposer, uint256)
        | (origin.start << 160)
        | (origin.length_days << 200)
        | (origin.credit << 208)
        | (origin.credited << 228)
        | (origin.extensions << 248)
        | (origin.paid << 251)
    )


@internal
@pure
def _unpack_origin(word: uint256) -> Origin:
    return Origin(
        proposer=convert(word & _U160, address),
        start=(word >> 160) & _U40,
        length_days=(word >> 200) & _U8,
        credit=(word >> 208) & _U20,
        credited=(word >> 228) & _U20,
        extensions=(word >> 248) & _U3,
        paid=word >> 251,
    )


@internal
@pure
def _lasts(length_days: uint256, extensions: uint256) -> uint256:
    """
    @return Seconds of a period, extensions included.
    """
    length: uint256 = length_days * params.DAY
    return length + extensions * (length // PARTS)
