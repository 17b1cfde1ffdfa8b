# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The versions of a training set
@notice An append-only list of deltas. Its tip is a hash over all of them, so one word stands for a whole training set;
        each version also keeps when it came into force and what its proposer is due.
"""

from contracts._modules import delta_words
from contracts._modules import params
from contracts._modules import delta_refusal as refusal

# The version this list goes on from; what was before it is recorded where the group was forked from.
BASE_VERSION: public(reentrant(immutable(uint256)))


# version -> hash of the whole list of deltas up to it.
tip_of: public(reentrant(HashMap[uint256, bytes32]))


# version -> sha256 of the manifest of its delta.
delta_of: public(reentrant(HashMap[uint256, bytes32]))


# version -> `delta_words.Origin`. The base version has none: nobody's, and in force since ever.
_origin: HashMap[uint256, uint256]


@deploy
def __init__(base_version: uint256, tip: bytes32):
    """
    @notice Begin the list, now.
    @param  base_version  Number of deltas behind `tip`.
    @param  tip           Hash of the list so far, not zero.
    """
    if tip == empty(bytes32):
        refusal._because(refusal.TIP)
    BASE_VERSION = base_version
    self.tip_of[base_version] = tip


@external
@view
@reentrant
def due(version: uint256) -> (address, uint256, uint256):
    """
    @notice What `redeem` would pay for.
    @param  version  The version.
    @return Its proposer; zero for the base version.
    @return Unix time at which the period that chose it began.
    @return Seconds of the epoch's delta budget it is rewarded for; 0 once it has been paid.
    """
    origin: delta_words.Origin = delta_words._unpack_origin(self._origin[version])
    return origin.proposer, origin.start, 0 if origin.paid == 1 else origin.credit


@internal
def _append(delta_hash: bytes32, proposer: address, period: delta_words.Clock) -> bytes32:
    """
    @notice Add the delta that a period chose as its version, in force from the period's end on.
    @dev    The seconds of an epoch's delta budget are given out here, in the order of the periods, so that the order
            in which proposers redeem cannot matter.
    @return The new tip.
    """
    version: uint256 = period.version
    tip: bytes32 = keccak256(abi_encode(self.tip_of[version - 1], delta_hash))
    self.tip_of[version] = tip
    self.delta_of[version] = delta_hash
    last: delta_words.Origin = delta_words._unpack_origin(self._origin[version - 1])
    credited: uint256 = last.credited if last.start // params.EPOCH == period.start // params.EPOCH else 0
    credit: uint256 = min(period.length_days * params.DAY, params.EPOCH - credited)
    self._origin[version] = delta_words._pack_origin(
        delta_words.Origin(
            proposer=proposer,
            start=period.start,
            length_days=period.length_days,
            credit=credit,
            credited=credited + credit,
            extensions=period.extensions,
            paid=0,
        )
    )
    return tip


@internal
def _collect(version: uint256) -> delta_words.Origin:
    """
    @notice Mark a version as paid.
    @return What it is paid for.
    """
    origin: delta_words.Origin = delta_words._unpack_origin(self._origin[version])
    if origin.proposer == empty(address) or origin.paid != 0:
        refusal._because(refusal.NOTHING_DUE)
    origin.paid = 1
    self._origin[version] = delta_words._pack_origin(origin)
    return origin


@internal
@view
def _at(newest: uint256, when: uint256) -> uint256:
    """
    @notice The version in force at `when`: the last one that came into force by then.
    @dev    The newest is nearly always the answer: one read. Else a binary search.
    """
    if self._in_force_since(newest) <= when:
        return newest
    # Every version below `low` was in force by `when`, no version from `high` on was.
    low: uint256 = BASE_VERSION
    high: uint256 = newest
    for _: uint256 in range(32):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        if self._in_force_since(middle) <= when:
            low = middle + 1
        else:
            high = middle
    return max(low, BASE_VERSION + 1) - 1


@internal
@view
def _in_force_since(version: uint256) -> uint256:
    origin: delta_words.Origin = delta_words._unpack_origin(self._origin[version])
    return origin.start + delta_words._lasts(origin.length_days, origin.extensions)
