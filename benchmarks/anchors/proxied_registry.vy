# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title  A registry that makes groups of minimal proxies
@notice Records, hashes and logs what `GroupRegistry.create_group` does.
"""


interface Half:
    def initialize(parameters: uint256[3], words: uint256): nonpayable


event GroupCreated:
    group_id: indexed(uint256)
    parent_id: indexed(uint256)
    creator: indexed(address)
    deltas: address
    voting: address
    model_hash: bytes32
    base_height: uint256
    base_version: uint256


_HALF: immutable(address)
n_groups: public(uint256)
parent_of: public(HashMap[uint256, uint256])
deltas_of: public(HashMap[uint256, address])
voting_of: public(HashMap[uint256, address])


@deploy
def __init__(half: address):
    _HALF = half


@external
def create_group(model_hash: bytes32, parameters: uint256[3], delta_words: uint256, voting_words: uint256) -> uint256:
    """
    @notice Create a pair of proxies and store in each its parameters and so many words of first state.
    """
    group_id: uint256 = self.n_groups + 1
    self.n_groups = group_id
    salt: bytes32 = keccak256(abi_encode(msg.sender, group_id))
    deltas: address = create_minimal_proxy_to(_HALF, salt=salt)
    voting: address = create_minimal_proxy_to(_HALF, salt=keccak256(salt))
    extcall Half(deltas).initialize([parameters[0], 0, 0], delta_words)
    extcall Half(voting).initialize(parameters, voting_words)
    self.parent_of[group_id] = 0
    self.deltas_of[group_id] = deltas
    self.voting_of[group_id] = voting
    log GroupCreated(
        group_id=group_id,
        parent_id=0,
        creator=msg.sender,
        deltas=deltas,
        voting=voting,
        model_hash=model_hash,
        base_height=0,
        base_version=0,
    )
    return group_id
