# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Candidates
@notice Who claims what for which checkpoint, and whose bond stands behind it. A hash is used once and for ever; within
        its block an earlier commitment of the same hash takes it over, so a thief who reveals first still loses to the
        first committer.
"""

from contracts._modules import checkpoint_words
from interfaces import ICheckpointVoting


# checkpoint hash -> keccak256 of the root of the trainer's evaluation.
eval_root_hash: public(HashMap[bytes32, bytes32])


# Who posted the bond of a claim that was displaced -> NRN wei to withdraw.
credit: public(HashMap[address, uint256])


# checkpoint hash -> `checkpoint_words.Standing`
_standing: HashMap[bytes32, uint256]


# checkpoint hash -> `checkpoint_words.Claim`
_claim: HashMap[bytes32, uint256]


# checkpoint hash -> who posted the bond, if it was not the trainer.
_relayer: HashMap[bytes32, address]


@external
@view
def candidate(checkpoint_hash: bytes32) -> (address, uint256, address, uint256, uint256, bool):
    """
    @notice A revealed claim; zeros if there is none.
    @param  checkpoint_hash  Its checkpoint.
    @return The trainer.
    @return Claimed loss.
    @return Who posted the bond.
    @return Sequence number of the commitment.
    @return Block index plus one.
    @return Whether the bond is still here.
    """
    claim: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
    standing: checkpoint_words.Standing = self._standing_of(checkpoint_hash)
    payer: address = self._payer(checkpoint_hash, claim)
    return claim.trainer, claim.loss, payer, standing.seq, standing.block_1, claim.bonded == 1


@external
@view
def votes(checkpoint_hash: bytes32) -> uint256:
    """
    @notice Votes for a candidate.
    @param  checkpoint_hash  Its checkpoint.
    @return NRN wei.
    """
    return self._standing_of(checkpoint_hash).votes


@external
@view
def is_used(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether a checkpoint can no longer be claimed in later blocks.
    @param  checkpoint_hash  The checkpoint.
    @return True from its first reveal on, for ever.
    """
    return self._standing[checkpoint_hash] != 0


@internal
def _reserve(checkpoint_hash: bytes32):
    """
    @notice Use a hash up without a claim: the genesis checkpoint is nobody's.
    """
    self._standing[checkpoint_hash] = checkpoint_words._pack_standing(
        checkpoint_words.Standing(votes=0, seq=0, block_1=0, used=1)
    )


@internal
def _enter(
    checkpoint_hash: bytes32,
    block_1: uint256,
    seq: uint256,
    trainer: address,
    loss: uint256,
    root_hash: bytes32,
    payer: address,
    bond: uint256,
):
    """
    @notice Record a claim; the bond of one that it displaces is credited.
    """
    old: checkpoint_words.Standing = self._standing_of(checkpoint_hash)
    if old.used == 1:
        assert old.block_1 == block_1 and seq < old.seq, "cv: hash already used"
        displaced: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
        self.credit[self._payer(checkpoint_hash, displaced)] += bond
        log ICheckpointVoting.Displaced(checkpoint_hash=checkpoint_hash, trainer=displaced.trainer)
    self._standing[checkpoint_hash] = checkpoint_words._pack_standing(
        checkpoint_words.Standing(votes=0, seq=seq, block_1=block_1, used=1)
    )
    relayed: bool = payer != trainer
    self._claim[checkpoint_hash] = checkpoint_words._pack_claim(
        checkpoint_words.Claim(trainer=trainer, loss=loss, bonded=1, relayed=convert(relayed, uint256))
    )
    if relayed:
        self._relayer[checkpoint_hash] = payer
    self.eval_root_hash[checkpoint_hash] = root_hash


@internal
def _unbond(checkpoint_hash: bytes32) -> (checkpoint_words.Claim, address):
    """
    @notice Take a candidate's bond out of the books.
    @return The claim.
    @return Who posted the bond.
    """
    claim: checkpoint_words.Claim = self._claim_of(checkpoint_hash)
    assert claim.bonded == 1, "cv: no bond"
    claim.bonded = 0
    self._claim[checkpoint_hash] = checkpoint_words._pack_claim(claim)
    return claim, self._payer(checkpoint_hash, claim)


@internal
def _take_credit(payer: address) -> uint256:
    """
    @notice Take a payer's credit out of the books.
    @return NRN wei, more than 0.
    """
    amount: uint256 = self.credit[payer]
    assert amount > 0, "cv: no credit"
    self.credit[payer] = 0
    return amount


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
    return self._relayer[checkpoint_hash] if claim.relayed == 1 else claim.trainer
