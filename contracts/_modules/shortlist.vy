# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The shortlist of a block
@notice The candidates that more than half of the votes cast approve, and perhaps some that did so earlier. Whoever does
        at the end did so after the last ballot that approved it, so each ballot puts on the list whom it lifts above
        the half; nobody else can win.
@dev    Seven places are enough: a ballot approves four candidates at most, so the approvals are at most four times the
        votes cast, and eight candidates above the half would have more than that. A new one takes a free place or that
        of one that has fallen behind.
"""

from contracts._modules import candidates
from contracts._modules import checkpoint_words
from contracts._modules import params

uses: candidates

PLACES: constant(uint256) = 7


# The places; what is in them is void from the round's `listed` on.
_place: bytes32[PLACES]


@internal
@pure
def _leads(votes: uint256, cast: uint256) -> bool:
    """
    @notice Whether more than half of the votes cast approve.
    """
    return 2 * votes > cast


@internal
def _put(checkpoint_hash: bytes32, cast: uint256, listed: uint256) -> uint256:
    """
    @notice Give a candidate a place.
    @return Places in use.
    """
    if listed < PLACES:
        self._place[listed] = checkpoint_hash
        return listed + 1
    # If the first six have not fallen behind, the last has.
    place: uint256 = PLACES - 1
    for i: uint256 in range(PLACES - 1):
        if not self._leads(candidates._standing_of(self._place[i]).votes, cast):
            place = i
            break
    standing: checkpoint_words.Standing = candidates._standing_of(self._place[place])
    standing.listed = 0
    candidates._standing[self._place[place]] = checkpoint_words._pack_standing(standing)
    self._place[place] = checkpoint_hash
    return PLACES


@internal
@view
def _best(cast: uint256, listed: uint256, enough: uint256, improvement: uint256) -> bytes32:
    """
    @notice The winner: of the candidates that lead with `enough` votes (in units of 1 / BPS) those whose loss is less
            than `improvement` above the lowest, and of these the first committed.
    @return Its checkpoint hash, or zero.
    """
    lowest: uint256 = max_value(uint256)
    for place: uint256 in range(listed, bound=PLACES):
        if self._qualifies(place, cast, enough):
            lowest = min(lowest, candidates._claim_of(self._place[place]).loss)
    best: bytes32 = empty(bytes32)
    first: uint256 = max_value(uint256)
    for place: uint256 in range(listed, bound=PLACES):
        seq: uint256 = candidates._standing_of(self._place[place]).seq
        if seq < first and self._qualifies(place, cast, enough):
            if candidates._claim_of(self._place[place]).loss < lowest + improvement:
                first = seq
                best = self._place[place]
    return best


@internal
@view
def _qualifies(place: uint256, cast: uint256, enough: uint256) -> bool:
    votes: uint256 = candidates._standing_of(self._place[place]).votes
    return self._leads(votes, cast) and votes * params.BPS >= enough
