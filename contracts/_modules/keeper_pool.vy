# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""
@title  Pay for keepers who evaluated
@notice A ballot carries an attestation: the root of the evaluation's transcript hashed with the keeper's own address.
        Nobody has the root without evaluating or being told, and another keeper's attestation is useless to copy. Once
        the root is public, a keeper whose ballot matches draws its part of the block's pool.
@dev    The ballot is bound to the candidate voted for, so a vote for the loser with the winner's attestation draws
        nothing. Parts nobody can draw stay in the contract for ever: excluding others is no gain.
"""


# Replaces a ballot that has been paid: no keccak256 of 64 bytes that anyone will ever see.
_PAID: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001


# block index -> staker -> keccak256(abi_encode(candidate, attestation)), the candidate of "none valid" being zero.
ballot: public(HashMap[uint256, HashMap[address, bytes32]])


# block index -> root of the winner's evaluation, once it is public.
eval_root: public(HashMap[uint256, bytes32])


# block index -> NRN wei for the keepers (128 bits) | votes for the winner (128).
_pool: HashMap[uint256, uint256]


@internal
def _cast(block_index: uint256, staker: address, checkpoint_hash: bytes32, attestation: bytes32):
    """
    @notice Record a staker's only ballot of a block.
    """
    assert attestation != empty(bytes32), "cv: empty attestation"
    assert self.ballot[block_index][staker] == empty(bytes32), "cv: already voted"
    self.ballot[block_index][staker] = keccak256(abi_encode(checkpoint_hash, attestation))


@internal
def _fund(block_index: uint256, amount: uint256, votes: uint256):
    """
    @notice Set aside `amount` for the ballots that made up the winner's `votes`.
    """
    self._pool[block_index] = amount | (votes << 128)


@internal
def _open(block_index: uint256, root: bytes32, root_hash: bytes32):
    """
    @notice Publish the root that hashes to what the trainer signed.
    """
    assert keccak256(root) == root_hash, "cv: wrong root"
    self.eval_root[block_index] = root


@internal
def _draw(block_index: uint256, staker: address, winner: bytes32, power: uint256) -> uint256:
    """
    @notice Take the part of one ballot out of the pool.
    @return NRN wei: pool * power / votes, rounded down, so that all parts together never exceed the pool.
    """
    root: bytes32 = self.eval_root[block_index]
    assert root != empty(bytes32), "cv: root closed"
    attestation: bytes32 = keccak256(abi_encode(root, staker))
    assert self.ballot[block_index][staker] == keccak256(abi_encode(winner, attestation)), "cv: attestation"
    pool: uint256 = self._pool[block_index]
    assert pool != 0, "cv: not redeemed"
    self.ballot[block_index][staker] = _PAID
    return (pool & (2**128 - 1)) * power // (pool >> 128)
