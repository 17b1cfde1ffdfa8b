# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The clock of a group's blocks
@notice Block n is the time from GENESIS_TIME + n * PERIOD on, PERIOD long: first the commit window, then the reveal
        window, then the vote window. All intervals are half open. The grid never moves: what belongs to which block is
        decided by the time of inclusion alone.
"""

from contracts._modules import params
from contracts._modules import voting_refusal as refusal


# Long enough to publish, to reach finality between commit and reveal, to fetch and evaluate; the reveal window also
# stays two orders of magnitude above the clock drift of any sequencer.
_MIN_COMMIT_WINDOW: constant(uint256) = 3_600
_MIN_REVEAL_WINDOW: constant(uint256) = 1_800
_MIN_VOTE_WINDOW: constant(uint256) = 3_600


# The phases of a block, in their order.
COMMIT: constant(uint256) = 0
REVEAL: constant(uint256) = 1
VOTE: constant(uint256) = 2


# Unix time at which block 0 began.
GENESIS_TIME: public(reentrant(immutable(uint256)))


# Seconds.
COMMIT_WINDOW: public(reentrant(immutable(uint256)))
REVEAL_WINDOW: public(reentrant(immutable(uint256)))
VOTE_WINDOW: public(reentrant(immutable(uint256)))
PERIOD: public(reentrant(immutable(uint256)))


# Seconds of a block before its vote window.
_VOTE_AT: immutable(uint256)


@deploy
def __init__(commit_window: uint256, reveal_window: uint256, vote_window: uint256):
    """
    @notice Begin block 0 now.
    @dev    A block is no longer than an epoch, so a ballot's stake is still locked when the block ends.
    @param  commit_window  Seconds, at least 1 h.
    @param  reveal_window  Seconds, at least 30 min.
    @param  vote_window    Seconds, at least 1 h. The three sum to 6 h .. 7 d.
    """
    if commit_window < _MIN_COMMIT_WINDOW or commit_window > params.EPOCH:
        refusal._because(refusal.WINDOW)
    if reveal_window < _MIN_REVEAL_WINDOW or reveal_window > params.EPOCH:
        refusal._because(refusal.WINDOW)
    if vote_window < _MIN_VOTE_WINDOW or vote_window > params.EPOCH:
        refusal._because(refusal.WINDOW)
    period: uint256 = commit_window + reveal_window + vote_window
    if period < params.MIN_BLOCK_PERIOD or period > params.EPOCH:
        refusal._because(refusal.PERIOD)
    GENESIS_TIME = block.timestamp
    COMMIT_WINDOW = commit_window
    REVEAL_WINDOW = reveal_window
    VOTE_WINDOW = vote_window
    PERIOD = period
    _VOTE_AT = commit_window + reveal_window


@internal
@view
def _running() -> uint256:
    """
    @return Index of the running block.
    """
    # Unsafe but safe: nothing happens before the contract is there.
    return unsafe_sub(block.timestamp, GENESIS_TIME) // PERIOD


@internal
@view
def _running_in(phase: uint256) -> uint256:
    """
    @notice Index of the running block, which must be in a phase.
    """
    if self._phase() != phase:
        refusal._because(refusal.NOT_THE_WINDOW)
    return self._running()


@internal
@view
def _phase() -> uint256:
    """
    @return Its phase: COMMIT, REVEAL or VOTE.
    """
    # Unsafe but safe: nothing happens before the contract is there.
    offset: uint256 = unsafe_sub(block.timestamp, GENESIS_TIME) % PERIOD
    if offset >= _VOTE_AT:
        return VOTE
    return COMMIT if offset < COMMIT_WINDOW else REVEAL


@internal
@view
def _start_of(block_index: uint256) -> uint256:
    """
    @return Unix time at which a block begins.
    """
    # Unsafe but safe: times of blocks that have begun.
    return unsafe_add(GENESIS_TIME, unsafe_mul(block_index, PERIOD))


@internal
@view
def _epoch_of(block_index: uint256) -> uint256:
    """
    @return The epoch whose stake votes on a block and whose pie pays it.
    """
    return self._start_of(block_index) // params.EPOCH


@internal
@view
def _vote_of(block_index: uint256) -> uint256:
    """
    @return Unix time at which a block's vote window begins.
    """
    # Unsafe but safe: as above.
    return unsafe_add(self._start_of(block_index), _VOTE_AT)
