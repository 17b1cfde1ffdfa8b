# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Votes on the length of periods
@notice One vote per staker and epoch. Every epoch counts afresh: powers of two snapshots must not add up.
"""

from contracts._modules import params
from contracts._modules import delta_refusal as refusal

_MAX_DAYS: constant(uint256) = 56


# length in days -> votes (128 bits) | epoch of these votes (128).
_tally: HashMap[uint256, uint256]


# staker -> epoch + 1 of its last vote.
_last: HashMap[address, uint256]


@external
@view
@reentrant
def length_tally(epoch: uint256, length: uint256) -> uint256:
    """
    @notice Votes for a period length in an epoch; known for the last epoch in which it got any.
    @param  epoch   The epoch.
    @param  length  Seconds, whole days.
    @return NRN wei.
    """
    return self._votes(epoch, length // params.DAY)


@external
@view
@reentrant
def length_voted(epoch: uint256, staker: address) -> bool:
    """
    @notice Whether a staker voted on the length in an epoch; known for its last ballot.
    @param  epoch   The epoch.
    @param  staker  The staker.
    @return True if it did.
    """
    return self._last[staker] == epoch + 1


@internal
@pure
def _whole_days(length: uint256) -> uint256:
    """
    @notice Days of a length that a period may have.
    """
    if length < params.DAY or length > _MAX_DAYS * params.DAY or length % params.DAY != 0:
        refusal._because(refusal.PERIOD)
    return length // params.DAY


@internal
def _mark(epoch: uint256, staker: address):
    """
    @notice Use up a staker's vote of an epoch.
    """
    if self._last[staker] == epoch + 1:
        refusal._because(refusal.ALREADY_VOTED)
    self._last[staker] = epoch + 1


@internal
def _add(epoch: uint256, days: uint256, power: uint256) -> uint256:
    """
    @notice Count a vote.
    @return Votes for this length in this epoch.
    """
    votes: uint256 = self._votes(epoch, days) + power
    self._tally[days] = votes | (epoch << 128)
    return votes


@internal
@view
def _votes(epoch: uint256, days: uint256) -> uint256:
    word: uint256 = self._tally[days]
    return word & (2**128 - 1) if (word >> 128) == epoch else 0
