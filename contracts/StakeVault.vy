# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Stake vault
@notice Holds the stake of every group and answers how much voting power a staker, a group and all groups together had
        in any epoch up to now. Stake begins to count with the next epoch, stops counting with the next epoch after a
        request to leave, and is withdrawable two epochs after that.
@dev    Changes take effect at the next epoch and questions are answered up to the current one only. So a past answer
        never changes, and a flash loan or a deposit made inside an epoch has no power in it. The vault has no path
        that moves one staker's tokens by the act of another.
"""

from contracts._modules import epoch_trace
from contracts._modules import params
from ethereum.ercs import IERC20
from interfaces import IGroupRegistry
from interfaces import IStakeVault

implements: IStakeVault

initializes: epoch_trace


# Trace of all groups together. No clash: group ids start at 1, staker keys are hashes.
_TOTAL: constant(bytes32) = empty(bytes32)

NRN: public(reentrant(immutable(IERC20)))
REGISTRY: public(reentrant(immutable(IGroupRegistry)))


# Hot key that may cast a staker's ballots. It can never move stake.
operator_of: public(reentrant(HashMap[address, address]))


# NRN wei on the way out: staker -> release epoch -> amount.
exit_amount: public(reentrant(HashMap[address, HashMap[uint256, uint256]]))


# NRN wei on the way out, of everyone.
total_exiting: public(reentrant(uint256))


@deploy
def __init__(nrn: address, registry: address):
    """
    @notice Bind the vault to its token and to the registry of groups.
    @param  nrn       The token; may be deployed later at this address.
    @param  registry  The `GroupRegistry`; may be deployed later at this address.
    """
    assert nrn != empty(address) and registry != empty(address), "vault: zero address"
    NRN = IERC20(nrn)
    REGISTRY = IGroupRegistry(registry)


@external
def stake(group_id: uint256, amount: uint256):
    """
    @notice Stake the caller's neurons in a group, from the next epoch on.
    @param  group_id  An existing group.
    @param  amount    NRN wei, approved to the vault before.
    """
    assert amount > 0, "vault: zero amount"
    assert group_id != 0 and group_id <= staticcall REGISTRY.n_groups(), "vault: no group"
    epoch: uint256 = self._epoch() + 1
    self._increase(self._staker_key(group_id, msg.sender), amount, epoch)
    self._increase(self._group_key(group_id), amount, epoch)
    self._increase(_TOTAL, amount, epoch)
    assert extcall NRN.transferFrom(msg.sender, self, amount), "vault: transfer"
    log IStakeVault.Staked(group_id=group_id, staker=msg.sender, amount=amount, effective_epoch=epoch)


@external
def request_exit(group_id: uint256, amount: uint256) -> uint256:
    """
    @notice Take stake out of a group. It votes until the end of this epoch and is locked for two more.
    @param  group_id  The group.
    @param  amount    NRN wei, at most the caller's stake there, pending stake included.
    @return First epoch in which `withdraw` pays the amount out.
    """
    assert amount > 0, "vault: zero amount"
    epoch: uint256 = self._epoch() + 1
    self._decrease(self._staker_key(group_id, msg.sender), amount, epoch)
    self._decrease(self._group_key(group_id), amount, epoch)
    self._decrease(_TOTAL, amount, epoch)
    release_epoch: uint256 = epoch + params.EXIT_EPOCHS
    self.exit_amount[msg.sender][release_epoch] += amount
    self.total_exiting += amount
    log IStakeVault.ExitRequested(group_id=group_id, staker=msg.sender, amount=amount, release_epoch=release_epoch)
    return release_epoch


@external
def withdraw(release_epoch: uint256) -> uint256:
    """
    @notice Pay out what the caller asked back for `release_epoch`.
    @param  release_epoch  As returned by `request_exit`; not in the future.
    @return NRN wei paid.
    """
    assert self._epoch() >= release_epoch, "vault: locked"
    amount: uint256 = self.exit_amount[msg.sender][release_epoch]
    assert amount > 0, "vault: nothing"
    self.exit_amount[msg.sender][release_epoch] = 0
    self.total_exiting -= amount
    assert extcall NRN.transfer(msg.sender, amount), "vault: transfer"
    log IStakeVault.Withdrawn(staker=msg.sender, release_epoch=release_epoch, amount=amount)
    return amount


@external
def migrate(from_id: uint256, to_id: uint256, amount: uint256):
    """
    @notice Follow a fork: move stake from a group to its direct child with the next epoch, without the exit delay.
    @dev    Only towards a child: free movement would let stake vote in one group and flee its decision in another.
            Both sides change at the same epoch, so power is neither doubled nor lost.
    @param  from_id  The parent group.
    @param  to_id    Its child.
    @param  amount   NRN wei, at most the caller's stake in the parent.
    """
    assert amount > 0, "vault: zero amount"
    assert from_id != 0 and staticcall REGISTRY.parent_of(to_id) == from_id, "vault: not a child"
    epoch: uint256 = self._epoch() + 1
    self._decrease(self._staker_key(from_id, msg.sender), amount, epoch)
    self._decrease(self._group_key(from_id), amount, epoch)
    self._increase(self._staker_key(to_id, msg.sender), amount, epoch)
    self._increase(self._group_key(to_id), amount, epoch)
    log IStakeVault.Migrated(from_id=from_id, to_id=to_id, staker=msg.sender, amount=amount)


@external
def set_operator(operator: address):
    """
    @notice Name the key that may vote for the caller, in every group; the zero address names none.
    @param  operator  The key, or a contract.
    """
    self.operator_of[msg.sender] = operator
    log IStakeVault.OperatorSet(staker=msg.sender, operator=operator)


@external
@view
@reentrant
def current_epoch() -> uint256:
    """
    @notice The epoch of now.
    @return Weeks since the unix epoch.
    """
    return self._epoch()


@external
@view
@reentrant
def stake_of(group_id: uint256, staker: address) -> uint256:
    """
    @notice A staker's stake in a group after all requested changes.
    @param  group_id  The group.
    @param  staker    The staker.
    @return NRN wei.
    """
    return epoch_trace._latest(self._staker_key(group_id, staker))


@external
@view
@reentrant
def group_stake(group_id: uint256) -> uint256:
    """
    @notice The stake of a group after all requested changes.
    @param  group_id  The group.
    @return NRN wei.
    """
    return epoch_trace._latest(self._group_key(group_id))


@external
@view
@reentrant
def total_stake() -> uint256:
    """
    @notice The stake of all groups after all requested changes.
    @return NRN wei.
    """
    return epoch_trace._latest(_TOTAL)


@external
@view
@reentrant
def power_at(group_id: uint256, staker: address, epoch: uint256) -> uint256:
    """
    @notice A staker's power in a group in an epoch.
    @param  group_id  The group.
    @param  staker    The staker.
    @param  epoch     An epoch up to the current one.
    @return NRN wei.
    """
    self._check_begun(epoch)
    return epoch_trace._at(self._staker_key(group_id, staker), epoch)


@external
@view
@reentrant
def group_power_at(group_id: uint256, epoch: uint256) -> uint256:
    """
    @notice The power of a whole group in an epoch: what quorums are measured against.
    @param  group_id  The group.
    @param  epoch     An epoch up to the current one.
    @return NRN wei.
    """
    self._check_begun(epoch)
    return epoch_trace._at(self._group_key(group_id), epoch)


@external
@view
@reentrant
def total_power_at(epoch: uint256) -> uint256:
    """
    @notice The power of all groups in an epoch.
    @param  epoch  An epoch up to the current one.
    @return NRN wei.
    """
    self._check_begun(epoch)
    return epoch_trace._at(_TOTAL, epoch)


@external
@view
@reentrant
def share_at(group_id: uint256, epoch: uint256) -> (uint256, uint256):
    """
    @notice Numerator and denominator of a group's slice of the emission.
    @param  group_id  The group.
    @param  epoch     An epoch up to the current one.
    @return Power of the group, NRN wei.
    @return Power of all groups, NRN wei.
    """
    self._check_begun(epoch)
    return epoch_trace._at(self._group_key(group_id), epoch), epoch_trace._at(_TOTAL, epoch)


@external
@view
@reentrant
def ballot_power(group_id: uint256, staker: address, caller: address, start_epoch: uint256, sustained: bool) -> uint256:
    """
    @notice The weight of a ballot that `caller` casts for `staker`.
    @param  group_id     The group that votes.
    @param  staker       Whose ballot it is.
    @param  caller       Who sent it: the staker or its operator.
    @param  start_epoch  The epoch in which the vote opened; not in the future.
    @param  sustained    Ask for power both then and now. Votes that outlive the exit delay need it: else one could
                         vote with tokens that were sold in the meantime.
    @return NRN wei.
    """
    assert caller == staker or caller == self.operator_of[staker], "vault: not operator"
    now_epoch: uint256 = self._epoch()
    assert start_epoch <= now_epoch, "vault: future epoch"
    key: bytes32 = self._staker_key(group_id, staker)
    power: uint256 = epoch_trace._at(key, start_epoch)
    if sustained and start_epoch != now_epoch:
        power = min(power, epoch_trace._at(key, now_epoch))
    return power


@internal
@view
def _epoch() -> uint256:
    return block.timestamp // params.EPOCH


@internal
@view
def _check_begun(epoch: uint256):
    """
    @dev The power of an epoch to come may still change: no answer is better than one that will be wrong.
    """
    assert epoch <= self._epoch(), "vault: future epoch"


@internal
@pure
def _group_key(group_id: uint256) -> bytes32:
    return convert(group_id, bytes32)


@internal
@pure
def _staker_key(group_id: uint256, staker: address) -> bytes32:
    return keccak256(abi_encode(group_id, staker))


@internal
def _increase(key: bytes32, amount: uint256, epoch: uint256):
    epoch_trace._push(key, epoch, epoch_trace._latest(key) + amount)


@internal
def _decrease(key: bytes32, amount: uint256, epoch: uint256):
    stake: uint256 = epoch_trace._latest(key)
    assert stake >= amount, "vault: exceeds stake"
    epoch_trace._push(key, epoch, stake - amount)
