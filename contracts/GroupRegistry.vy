# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Group registry
@notice Anyone creates a training group, or forks one to change its model, its rules or its history. A fork starts from
        the parent's checkpoint at some height and its training set at some version; stake follows by its owners' choice
        and the emission follows the stake, so neither creating nor forking creates emission.
@dev    A group is a pair of contracts deployed from ERC-5202 blueprints with their parameters as immutables: dearer to
        create than proxies, cheaper for every later call, no initialiser to front-run, no delegatecall. The CREATE2
        salt binds creator and id, the init code binds the parameters: a reorg that swaps two creations cannot put other
        rules behind an address somebody has signed for.
"""

from interfaces import ICheckpointVoting
from interfaces import IDeltaRegistry
from interfaces import IGroupRegistry

implements: IGroupRegistry


# First bytes of an ERC-5202 blueprint: 0xFE71, version 0, no data section. They keep it from being called.
_BLUEPRINT_PREAMBLE: constant(Bytes[3]) = b"\xFE\x71\x00"

NRN: public(reentrant(immutable(address)))
VAULT: public(reentrant(immutable(address)))
COINBASE: public(reentrant(immutable(address)))
REFEREE: public(reentrant(immutable(address)))
DELTA_BLUEPRINT: public(reentrant(immutable(address)))
VOTING_BLUEPRINT: public(reentrant(immutable(address)))


# Least bond of any group, NRN wei: a junk claim must cost more than looking at it.
MIN_BOND: public(reentrant(immutable(uint256)))


# Groups so far; their ids are 1 to this number.
n_groups: public(reentrant(uint256))


# group -> the group it was forked from, or 0.
parent_of: public(reentrant(HashMap[uint256, uint256]))


# group -> its contracts.
deltas_of: public(reentrant(HashMap[uint256, address]))
voting_of: public(reentrant(HashMap[uint256, address]))


@deploy
def __init__(
    nrn: address,
    vault: address,
    coinbase: address,
    referee: address,
    delta_blueprint: address,
    voting_blueprint: address,
    min_bond: uint256,
):
    """
    @notice Fix what every group is made of.
    @param  nrn               The `Neuron`; may be deployed later at this address.
    @param  vault             The `StakeVault`.
    @param  coinbase          The `Coinbase`.
    @param  referee           The `Referee`; may be deployed later at this address.
    @param  delta_blueprint   Blueprint of the `DeltaRegistry`.
    @param  voting_blueprint  Blueprint of the `CheckpointVoting`.
    @param  min_bond          NRN wei, more than 0.
    """
    assert nrn != empty(address) and vault != empty(address) and coinbase != empty(address), "gr: zero address"
    assert referee != empty(address), "gr: zero address"
    self._check_blueprint(delta_blueprint)
    self._check_blueprint(voting_blueprint)
    assert min_bond > 0, "gr: bond"
    NRN = nrn
    VAULT = vault
    COINBASE = coinbase
    REFEREE = referee
    DELTA_BLUEPRINT = delta_blueprint
    VOTING_BLUEPRINT = voting_blueprint
    MIN_BOND = min_bond


@external
def create_group(config: IGroupRegistry.GroupConfig) -> uint256:
    """
    @notice Create a group from nothing.
    @param  config  Its parameters.
    @return Id of the group.
    """
    return self._create(config, config.genesis_checkpoint, config.genesis_tip, 0, 0, 0)


@external
def fork_group(parent_id: uint256, height: uint256, version: uint256, config: IGroupRegistry.GroupConfig) -> uint256:
    """
    @notice Create a group that goes on from a past state of another: "model modifications will be provided as a hard
            fork". Permissionless, and also the way out of a captured group.
    @param  parent_id  The group to fork.
    @param  height     The child starts from the parent's checkpoint accepted at this height.
    @param  version    The child starts from the parent's training set at this version, written down in the parent.
    @param  config     The child's parameters; its genesis fields are ignored.
    @return Id of the group.
    """
    assert parent_id != 0 and parent_id <= self.n_groups, "gr: no parent"
    checkpoint: bytes32 = staticcall ICheckpointVoting(self.voting_of[parent_id]).accepted(height)
    tip: bytes32 = staticcall IDeltaRegistry(self.deltas_of[parent_id]).tip_of(version)
    assert checkpoint != empty(bytes32) and tip != empty(bytes32), "gr: no such state"
    return self._create(config, checkpoint, tip, parent_id, height, version)


@external
@view
@reentrant
def voting_group(voting: address) -> uint256:
    """
    @notice The group of a `CheckpointVoting`.
    @param  voting  Any address.
    @return Its group; 0 if it was not created here as one.
    """
    group_id: uint256 = self._says(voting)
    return group_id if self.voting_of[group_id] == voting else 0


@external
@view
@reentrant
def delta_group(deltas: address) -> uint256:
    """
    @notice The group of a `DeltaRegistry`.
    @param  deltas  Any address.
    @return Its group; 0 if it was not created here as one.
    """
    group_id: uint256 = self._says(deltas)
    return group_id if self.deltas_of[group_id] == deltas else 0


@internal
@view
def _says(contract: address) -> uint256:
    """
    @notice The group that an address says it serves, or 0. It may lie.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        contract, method_id("GROUP_ID()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    return convert(answer, uint256) if success and len(answer) == 32 else 0


@internal
@view
def _check_blueprint(blueprint: address):
    assert blueprint.codesize > 3, "gr: blueprint"
    assert slice(blueprint.code, 0, 3) == _BLUEPRINT_PREAMBLE, "gr: blueprint"


@internal
def _create(
    config: IGroupRegistry.GroupConfig,
    checkpoint: bytes32,
    tip: bytes32,
    parent_id: uint256,
    height: uint256,
    version: uint256,
) -> uint256:
    assert config.bond >= MIN_BOND, "gr: bond"
    assert config.model_hash != empty(bytes32), "gr: model"
    group_id: uint256 = self.n_groups + 1
    self.n_groups = group_id
    salt: bytes32 = keccak256(abi_encode(msg.sender, group_id))
    deltas: address = create_from_blueprint(
        DELTA_BLUEPRINT,
        group_id,
        VAULT,
        COINBASE,
        config.delta_period,
        config.delta_quorum_bps,
        tip,
        self.deltas_of[parent_id],
        version,
        salt=salt,
    )
    voting: address = create_from_blueprint(
        VOTING_BLUEPRINT,
        group_id,
        NRN,
        VAULT,
        COINBASE,
        deltas,
        REFEREE,
        self.voting_of[parent_id],
        checkpoint,
        config,
        salt=salt,
    )
    self.parent_of[group_id] = parent_id
    self.deltas_of[group_id] = deltas
    self.voting_of[group_id] = voting
    log IGroupRegistry.GroupCreated(
        group_id=group_id,
        parent_id=parent_id,
        creator=msg.sender,
        deltas=deltas,
        voting=voting,
        model_hash=config.model_hash,
        base_height=height,
        base_version=version,
    )
    return group_id
