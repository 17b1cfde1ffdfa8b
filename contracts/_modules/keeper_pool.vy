# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Pay for keepers who evaluated
@notice A ballot carries an attestation for each candidate that it approves: the root of the evaluation's transcript
        hashed with the keeper's own address. Nobody has the root without evaluating or being told, and another keeper's
        attestation is useless to copy. Once the root is public, a keeper whose ballot matches draws its part of the
        block's pool.
@dev    An attestation is bound to its candidate, so approving the loser with the winner's attestation draws nothing.
        Parts nobody can draw stay in the contract for ever: excluding others is no gain.
"""

from contracts._modules import voting_refusal as refusal

# Candidates a ballot may approve: more than an honest keeper has time to evaluate, few enough to count.
MAX_APPROVALS: constant(uint256) = 4


# Bytes of an approval, checkpoint hash and attestation, and of a ballot.
APPROVAL: constant(uint256) = 64
MAX_BALLOT: constant(uint256) = APPROVAL * MAX_APPROVALS


# Replaces a ballot that has been paid: no keccak256 of 64 bytes that anyone will ever see.
_PAID: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001


# block index -> staker -> keccak256 of its approvals; 1 once it has been paid.
ballot: public(reentrant(HashMap[uint256, HashMap[address, bytes32]]))


# block index -> root of the winner's evaluation, once it is public.
eval_root: public(reentrant(HashMap[uint256, bytes32]))


# block index -> NRN wei for the keepers (128 bits) | votes for the winner (128).
_pool: HashMap[uint256, uint256]


@internal
def _cast(block_index: uint256, staker: address, ballot: bytes32):
    """
    @notice Record a staker's only ballot of a block.
    """
    if self.ballot[block_index][staker] != empty(bytes32):
        refusal._because(refusal.ALREADY_VOTED)
    self.ballot[block_index][staker] = ballot


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
    if keccak256(root) != root_hash:
        refusal._because(refusal.WRONG_ROOT)
    self.eval_root[block_index] = root


@internal
@view
def _attestation(block_index: uint256, staker: address) -> bytes32:
    """
    @notice What shows that a staker had evaluated the winner.
    """
    root: bytes32 = self.eval_root[block_index]
    if root == empty(bytes32):
        refusal._because(refusal.ROOT_CLOSED)
    return keccak256(abi_encode(root, staker))


@internal
def _draw(block_index: uint256, staker: address, ballot: bytes32, power: uint256) -> uint256:
    """
    @notice Take the part of one ballot out of the pool.
    @return NRN wei: pool * power / votes, rounded down, so that all parts together never exceed the pool.
    """
    if self.ballot[block_index][staker] != ballot:
        refusal._because(refusal.BALLOT)
    pool: uint256 = self._pool[block_index]
    if pool == 0:
        refusal._because(refusal.NOT_REDEEMED)
    self.ballot[block_index][staker] = _PAID
    # Unsafe but safe: below 2**128 times 2**97; somebody has voted for a winner.
    return unsafe_div(unsafe_mul(pool & (2**128 - 1), power), pool >> 128)
