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

uses: candidates

PLACES: constant(uint256) = 7


# More than any loss and any sequence number.
_ABOVE_ALL: constant(uint256) = 2**64


# The places; what is in them is void from the round's `listed` on.
_place: bytes32[PLACES]


@internal
@pure
def _leads(standing: uint256, round: uint256) -> bool:
    """
    @notice Whether more than half of the votes cast approve; both are packed words.
    """
    # Unsafe but safe: votes stay below 2**97.
    return unsafe_mul(2, standing & checkpoint_words.VOTES) > round & checkpoint_words.VOTES


@internal
def _put(checkpoint_hash: bytes32, round: uint256) -> uint256:
    """
    @notice Give a candidate a place in a round, a packed word.
    @return The round.
    """
    listed: uint256 = (round >> 104) & checkpoint_words.LISTED_MASK
    if listed < PLACES:
        self._place[listed] = checkpoint_hash
        return round + checkpoint_words.ONE_LISTED
    # If the first six have not fallen behind, the last has.
    place: uint256 = PLACES - 1
    for i: uint256 in range(PLACES - 1):
        if not self._leads(candidates._standing[self._place[i]], round):
            place = i
            break
    candidates._standing[self._place[place]] ^= checkpoint_words.LISTED
    self._place[place] = checkpoint_hash
    return round


@internal
@view
def _best(round: uint256, improvement: uint256) -> bytes32:
    """
    @notice The best that leads: of those with the lowest loss, and of the claims of earlier blocks, which can have been
            copied, with less than `improvement` above it, the first committed.
    @return Its checkpoint hash, or zero.
    """
    listed: uint256 = (round >> 104) & checkpoint_words.LISTED_MASK
    lowest: uint256 = _ABOVE_ALL
    for i: uint256 in range(listed, bound=PLACES):
        checkpoint_hash: bytes32 = self._place[i]
        if self._leads(candidates._standing[checkpoint_hash], round):
            lowest = min(lowest, candidates._claim_of(checkpoint_hash).loss)
    best: bytes32 = empty(bytes32)
    first: uint256 = _ABOVE_ALL
    for i: uint256 in range(listed, bound=PLACES):
        checkpoint_hash: bytes32 = self._place[i]
        word: uint256 = candidates._standing[checkpoint_hash]
        standing: checkpoint_words.Standing = checkpoint_words._unpack_standing(word)
        if standing.seq < first and self._leads(word, round):
            # Unsafe but safe: a leader's loss and an improvement, of 64 bits each.
            margin: uint256 = improvement if standing.again == 1 else 1
            if candidates._claim_of(checkpoint_hash).loss < unsafe_add(lowest, margin):
                first = standing.seq
                best = checkpoint_hash
    return best
