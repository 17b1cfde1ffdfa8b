# pragma version 0.4.3
# pragma nonreentrancy on
from ethereum.ercs import IERC20
from contracts._modules import epoch_trace
from contracts._modules import params

initializes: epoch_trace

interface IRegistry:
    def n_groups() -> uint256: view
    def parent_of(group_id: uint256) -> uint256: view

event Staked:
    group_id: indexed(uint256)
    staker: indexed(address)
    amount: uint256
    effective_epoch: uint256

event ExitRequested:
    group_id: indexed(uint256)
    staker: indexed(address)
    amount: uint256
    release_epoch: uint256

event Withdrawn:
    staker: indexed(address)
    release_epoch: uint256
    amount: uint256

event Migrated:
    from_id: indexed(uint256)
    to_id: indexed(uint256)
    staker: indexed(address)
    amount: uint256

event OperatorSet:
    staker: indexed(address)
    operator: indexed(address)

NRN: public(immutable(address))
REGISTRY: public(immutable(address))
operator_of: public(HashMap[address, address])
exit_amount: public(HashMap[address, HashMap[uint256, uint256]])
total_exiting: public(uint256)

TOTAL_KEY: constant(bytes32) = empty(bytes32)


@deploy
def __init__(nrn: address, registry: address):
    assert nrn != empty(address) and registry != empty(address), "vault: zero address"
    NRN = nrn
    REGISTRY = registry


@internal
@pure
def _gkey(group_id: uint256) -> bytes32:
    return convert(group_id, bytes32)


@internal
@pure
def _ukey(group_id: uint256, staker: address) -> bytes32:
    return keccak256(abi_encode(group_id, staker))


@internal
@view
def _epoch() -> uint256:
    return block.timestamp // params.EPOCH


@internal
def _add(key: bytes32, amount: uint256, epoch: uint256):
    epoch_trace._push(key, epoch, epoch_trace._latest(key) + amount)


@internal
def _sub(key: bytes32, amount: uint256, epoch: uint256):
    have: uint256 = epoch_trace._latest(key)
    assert have >= amount, "vault: exceeds stake"
    epoch_trace._push(key, epoch, have - amount)


@external
def stake(group_id: uint256, amount: uint256):
    assert amount > 0, "vault: zero amount"
    assert group_id != 0 and group_id <= staticcall IRegistry(REGISTRY).n_groups(), "vault: no group"
    e: uint256 = self._epoch() + 1
    self._add(self._ukey(group_id, msg.sender), amount, e)
    self._add(self._gkey(group_id), amount, e)
    self._add(TOTAL_KEY, amount, e)
    assert extcall IERC20(NRN).transferFrom(msg.sender, self, amount), "vault: transfer"
    log Staked(group_id=group_id, staker=msg.sender, amount=amount, effective_epoch=e)


@external
def request_exit(group_id: uint256, amount: uint256) -> uint256:
    assert amount > 0, "vault: zero amount"
    e: uint256 = self._epoch() + 1
    self._sub(self._ukey(group_id, msg.sender), amount, e)
    self._sub(self._gkey(group_id), amount, e)
    self._sub(TOTAL_KEY, amount, e)
    r: uint256 = e + params.EXIT_EPOCHS
    self.exit_amount[msg.sender][r] += amount
    self.total_exiting += amount
    log ExitRequested(group_id=group_id, staker=msg.sender, amount=amount, release_epoch=r)
    return r


@external
def withdraw(release_epoch: uint256) -> uint256:
    assert self._epoch() >= release_epoch, "vault: locked"
    amount: uint256 = self.exit_amount[msg.sender][release_epoch]
    assert amount > 0, "vault: nothing"
    self.exit_amount[msg.sender][release_epoch] = 0
    self.total_exiting -= amount
    assert extcall IERC20(NRN).transfer(msg.sender, amount), "vault: transfer"
    log Withdrawn(staker=msg.sender, release_epoch=release_epoch, amount=amount)
    return amount


@external
def migrate(from_id: uint256, to_id: uint256, amount: uint256):
    assert amount > 0, "vault: zero amount"
    assert from_id != 0 and staticcall IRegistry(REGISTRY).parent_of(to_id) == from_id, "vault: not a child"
    e: uint256 = self._epoch() + 1
    self._sub(self._ukey(from_id, msg.sender), amount, e)
    self._sub(self._gkey(from_id), amount, e)
    self._add(self._ukey(to_id, msg.sender), amount, e)
    self._add(self._gkey(to_id), amount, e)
    log Migrated(from_id=from_id, to_id=to_id, staker=msg.sender, amount=amount)


@external
def set_operator(operator: address):
    self.operator_of[msg.sender] = operator
    log OperatorSet(staker=msg.sender, operator=operator)


@external
@view
def current_epoch() -> uint256:
    return self._epoch()


@external
@view
def stake_of(group_id: uint256, staker: address) -> uint256:
    return epoch_trace._latest(self._ukey(group_id, staker))


@external
@view
def group_stake(group_id: uint256) -> uint256:
    return epoch_trace._latest(self._gkey(group_id))


@external
@view
def total_stake() -> uint256:
    return epoch_trace._latest(TOTAL_KEY)


@internal
@view
def _settled(epoch: uint256):
    assert epoch <= self._epoch(), "vault: future epoch"


@external
@view
def power_at(group_id: uint256, staker: address, epoch: uint256) -> uint256:
    self._settled(epoch)
    return epoch_trace._at(self._ukey(group_id, staker), epoch)


@external
@view
def group_power_at(group_id: uint256, epoch: uint256) -> uint256:
    self._settled(epoch)
    return epoch_trace._at(self._gkey(group_id), epoch)


@external
@view
def total_power_at(epoch: uint256) -> uint256:
    self._settled(epoch)
    return epoch_trace._at(TOTAL_KEY, epoch)


@external
@view
def share_at(group_id: uint256, epoch: uint256) -> (uint256, uint256):
    self._settled(epoch)
    return epoch_trace._at(self._gkey(group_id), epoch), epoch_trace._at(TOTAL_KEY, epoch)


@external
@view
def ballot_power(group_id: uint256, staker: address, caller: address, start_epoch: uint256, sustained: bool) -> uint256:
    assert caller == staker or caller == self.operator_of[staker], "vault: not operator"
    now_epoch: uint256 = self._epoch()
    assert start_epoch <= now_epoch, "vault: future epoch"
    key: bytes32 = self._ukey(group_id, staker)
    p: uint256 = epoch_trace._at(key, start_epoch)
    if sustained and start_epoch != now_epoch:
        p = min(p, epoch_trace._at(key, now_epoch))
    return p
