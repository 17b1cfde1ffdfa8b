# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Candidates
@notice Who claims what for which checkpoint, and whose bond stands behind it. A hash is used once and for ever; within
        its block an earlier commitment of the same hash takes it over, so a thief who reveals first still loses to the
        first committer. A claim that nobody judged is entered again by its trainer, with the rank and the bond it has.
"""

from contracts._modules import checkpoint_words
from contracts._modules import voting_refusal as refusal
from interfaces import ICheckpointVoting


# Bonds are parts of the full bond: 2**24 is the whole.
WHOLE: constant(uint256) = 2**24


# NRN wei a reveal posts in a group that has all stake.
BOND: public(reentrant(immutable(uint256)))


# checkpoint hash -> keccak256 of the root of the trainer's evaluation.
eval_root_hash: public(reentrant(HashMap[bytes32, bytes32]))


# Who posted the bond of a claim that was displaced -> NRN wei to withdraw.
credit: public(reentrant(HashMap[address, uint256]))


# checkpoint hash -> `checkpoint_words.Standing`
_standing: HashMap[bytes32, uint256]


# checkpoint hash -> `checkpoint_words.Claim`
_claim: HashMap[bytes32, uint256]


# checkpoint hash -> who posted the bond, if it was not the trainer.
_relayer: HashMap[bytes32, address]


@deploy
def __init__(bond: uint256):
    BOND = bond


@external
@view
@reentrant
def candidate(checkpoint_hash: bytes32) -> (address, uint256, address, uint256, uint256, uint256):
    """
    @notice A revealed claim; zeros if there is none.
    @param  checkpoint_hash  Its checkpoint.
    @return The trainer.
    @return Claimed loss.
    @return Who posted the bond.
    @return Its rank: sequence number of its first commitment.
    @return Index plus one of the block in which it was entered last.
    @return NRN wei of the bond that are still here.
    """
    claim: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
    standing: checkpoint_words.Standing = self._standing_of(checkpoint_hash)
    payer: address = self._payer(checkpoint_hash, claim)
    return claim.trainer, claim.loss, payer, standing.seq, standing.block_1, self._bond(claim.part)


@external
@view
@reentrant
def votes(checkpoint_hash: bytes32) -> uint256:
    """
    @notice Votes of the ballots that approve a candidate, in the block in which it was entered last.
    @param  checkpoint_hash  Its checkpoint.
    @return NRN wei.
    """
    return self._standing[checkpoint_hash] & checkpoint_words.VOTES


@external
@view
@reentrant
def is_refuted(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether the referee has found a claim false.
    @param  checkpoint_hash  Its checkpoint.
    @return True from then on, for ever.
    """
    return self._standing[checkpoint_hash] & checkpoint_words.REFUTED != 0


@external
@view
@reentrant
def is_disputed(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether games of the referee run against a claim: neither its reward nor its bond leaves.
    @param  checkpoint_hash  Its checkpoint.
    @return True while they do.
    """
    # The marks are the highest field.
    return self._claim[checkpoint_hash] >> 249 >= checkpoint_words.HELD


@external
@view
@reentrant
def is_used(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether a checkpoint can no longer be claimed, but for a claim that nobody judged, by its trainer.
    @param  checkpoint_hash  The checkpoint.
    @return True from its first reveal on, for ever.
    """
    return self._standing[checkpoint_hash] != 0


@internal
def _reserve(checkpoint_hash: bytes32):
    """
    @notice Use a hash up without a claim: the genesis checkpoint is nobody's.
    """
    self._standing[checkpoint_hash] = checkpoint_words._new_standing(0, 0, 0)


@internal
def _displace(checkpoint_hash: bytes32):
    """
    @notice Credit the bond of a claim that an earlier commitment takes over.
    """
    claim: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
    self.credit[self._payer(checkpoint_hash, claim)] += self._bond(claim.part)
    log ICheckpointVoting.Displaced(checkpoint_hash=checkpoint_hash, trainer=claim.trainer)


@internal
def _enter(
    checkpoint_hash: bytes32,
    block_1: uint256,
    seq: uint256,
    again: uint256,
    claim: checkpoint_words.Claim,
    root_hash: bytes32,
):
    """
    @notice Record a claim as a candidate of a block, without votes.
    """
    self._standing[checkpoint_hash] = checkpoint_words._new_standing(block_1, seq, again)
    self._claim[checkpoint_hash] = checkpoint_words._pack_claim(claim)
    self.eval_root_hash[checkpoint_hash] = root_hash


@internal
def _unbond(checkpoint_hash: bytes32, claim: checkpoint_words.Claim) -> (address, uint256):
    """
    @notice Take a candidate's bond out of the books.
    @return Who posted it.
    @return NRN wei.
    """
    # What stands there, with itself: 0.
    self._claim[checkpoint_hash] ^= claim.part << 224
    return self._payer(checkpoint_hash, claim), self._bond(claim.part)


@internal
def _hold(checkpoint_hash: bytes32, held: bool):
    """
    @notice Mark a claim as challenged, or no longer.
    """
    claim: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
    claim.marks = (claim.marks & checkpoint_words.RELAYED) | (checkpoint_words.HELD if held else 0)
    self._claim[checkpoint_hash] = checkpoint_words._pack_claim(claim)


@internal
def _refute(checkpoint_hash: bytes32) -> (address, uint256):
    """
    @notice Take a false claim out of the race and its bond out of the books.
    @return Who posted it.
    @return NRN wei.
    """
    self._hold(checkpoint_hash, False)
    standing: uint256 = self._standing[checkpoint_hash]
    # Of no block that votes, and without the votes that could make it win.
    self._standing[checkpoint_hash] = (standing | checkpoint_words.REFUTED) & ~checkpoint_words.VOTES
    return self._unbond(checkpoint_hash, self._claim_of(checkpoint_hash))


@internal
def _take_credit(payer: address) -> uint256:
    """
    @notice Take a payer's credit out of the books.
    @return NRN wei, more than 0.
    """
    amount: uint256 = self.credit[payer]
    if amount == 0:
        refusal._because(refusal.NO_CREDIT)
    self.credit[payer] = 0
    return amount


@internal
@view
def _bond(part: uint256) -> uint256:
    # Unsafe but safe: at most 2**96 times 2**24.
    return unsafe_mul(BOND, part) // WHOLE


@internal
@view
def _standing_of(checkpoint_hash: bytes32) -> checkpoint_words.Standing:
    return checkpoint_words._unpack_standing(self._standing[checkpoint_hash])


@internal
@view
def _claim_of(checkpoint_hash: bytes32) -> checkpoint_words.Claim:
    return checkpoint_words._unpack_claim(self._claim[checkpoint_hash])


@internal
@view
def _payer(checkpoint_hash: bytes32, claim: checkpoint_words.Claim) -> address:
    return self._relayer[checkpoint_hash] if claim.marks & checkpoint_words.RELAYED == 1 else claim.trainer
