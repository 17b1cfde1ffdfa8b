# pragma version 0.4.3
# pragma nonreentrancy on
from interfaces import IGroupRegistry

interface IDeltas:
    def tip_of(version: uint256) -> bytes32: view
    def version() -> uint256: view
    def BASE_VERSION() -> uint256: view
interface IVoting:
    def accepted(height: uint256) -> bytes32: view

event GroupCreated:
    group_id: indexed(uint256)
    parent_id: indexed(uint256)
    creator: indexed(address)
    deltas: address
    voting: address
    model_hash: bytes32
    base_height: uint256
    base_version: uint256

NRN: public(immutable(address))
VAULT: public(immutable(address))
COINBASE: public(immutable(address))
DELTA_BLUEPRINT: public(immutable(address))
VOTING_BLUEPRINT: public(immutable(address))
MIN_BOND: public(immutable(uint256))

n_groups: public(uint256)
parent_of: public(HashMap[uint256, uint256])
deltas_of: public(HashMap[uint256, address])
voting_of: public(HashMap[uint256, address])
voting_group: public(HashMap[address, uint256])
delta_group: public(HashMap[address, uint256])


@deploy
def __init__(nrn: address, vault: address, coinbase: address, delta_bp: address, voting_bp: address, min_bond: uint256):
    assert delta_bp.codesize > 3 and voting_bp.codesize > 3, "gr: blueprint"
    NRN = nrn
    VAULT = vault
    COINBASE = coinbase
    DELTA_BLUEPRINT = delta_bp
    VOTING_BLUEPRINT = voting_bp
    MIN_BOND = min_bond


@internal
def _create(
    c: IGroupRegistry.GroupConfig, checkpoint: bytes32, tip: bytes32, parent: uint256, height: uint256, version: uint256
) -> uint256:
    assert c.bond >= MIN_BOND, "gr: bond"
    assert c.model_hash != empty(bytes32), "gr: model"
    gid: uint256 = self.n_groups + 1
    self.n_groups = gid
    salt: bytes32 = keccak256(abi_encode(msg.sender, gid))
    d: address = create_from_blueprint(
        DELTA_BLUEPRINT, gid, VAULT, COINBASE, c.delta_period, c.delta_quorum_bps, tip, self.deltas_of[parent], version,
        salt=salt,
    )
    v: address = create_from_blueprint(VOTING_BLUEPRINT, gid, NRN, VAULT, COINBASE, d, checkpoint, c, salt=salt)
    self.parent_of[gid] = parent
    self.deltas_of[gid] = d
    self.voting_of[gid] = v
    self.delta_group[d] = gid
    self.voting_group[v] = gid
    log GroupCreated(
        group_id=gid, parent_id=parent, creator=msg.sender, deltas=d, voting=v, model_hash=c.model_hash,
        base_height=height, base_version=version,
    )
    return gid


@external
def create_group(config: IGroupRegistry.GroupConfig) -> uint256:
    return self._create(config, config.genesis_checkpoint, config.genesis_tip, 0, 0, 0)


@external
def fork_group(parent_id: uint256, height: uint256, version: uint256, config: IGroupRegistry.GroupConfig) -> uint256:
    assert parent_id != 0 and parent_id <= self.n_groups, "gr: no parent"
    checkpoint: bytes32 = staticcall IVoting(self.voting_of[parent_id]).accepted(height)
    tip: bytes32 = staticcall IDeltas(self.deltas_of[parent_id]).tip_of(version)
    assert checkpoint != empty(bytes32) and tip != empty(bytes32), "gr: no such state"
    return self._create(config, checkpoint, tip, parent_id, height, version)
