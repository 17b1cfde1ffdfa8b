# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Coinbase
@notice Mints the rewards of trainers and proposers. Each epoch there is one pie for all groups; a group's slice is its
        share of all stake at the epoch's start. With all stake in one group the rewards are the seed's: 0.001 % of the
        issued tokens for a block, 0.0001 % for a week's delta, halved every four years.
@dev    The budget (28 blocks and 7 days of deltas per group and epoch) is counted here and not in the group contracts:
        even a wrong group contract cannot mint more than its slice. A reward depends on where its block or period began,
        never on when or by whom it is redeemed, and never reverts for a group: what is not due is 0.
"""

from contracts._modules import params
from interfaces import ICoinbase
from interfaces import IGroupRegistry
from interfaces import INeuron
from interfaces import INeuronSale
from interfaces import IStakeVault

implements: ICoinbase

NRN: public(reentrant(immutable(INeuron)))
SALE: public(reentrant(immutable(INeuronSale)))
VAULT: public(reentrant(immutable(IStakeVault)))
REGISTRY: public(reentrant(immutable(IGroupRegistry)))


# Unix time from which halvings count: the end of the sale, when the issued amount is final.
EMISSION_START: public(reentrant(immutable(uint256)))


# NRN wei issued by the sale, remembered by the first mint after its end; 0 before.
issued: public(reentrant(uint256))


# NRN wei minted by this contract.
minted: public(reentrant(uint256))


# group -> epoch -> block rewards drawn.
blocks_paid: public(reentrant(HashMap[uint256, HashMap[uint256, uint256]]))


# group -> epoch -> seconds of delta periods rewarded.
delta_seconds: public(reentrant(HashMap[uint256, HashMap[uint256, uint256]]))


@deploy
def __init__(nrn: address, sale: address, vault: address, registry: address):
    """
    @notice Bind the emission to its sources.
    @param  nrn       The token; may be deployed later at this address.
    @param  sale      The `NeuronSale`, deployed.
    @param  vault     The `StakeVault`.
    @param  registry  The `GroupRegistry`; may be deployed later at this address.
    """
    assert nrn != empty(address) and sale != empty(address), "coinbase: zero address"
    assert vault != empty(address) and registry != empty(address), "coinbase: zero address"
    NRN = INeuron(nrn)
    SALE = INeuronSale(sale)
    VAULT = IStakeVault(vault)
    REGISTRY = IGroupRegistry(registry)
    EMISSION_START = staticcall INeuronSale(sale).END()


@external
def mint_block(trainer: address, block_start: uint256, keeper_bps: uint256) -> uint256:
    """
    @notice Pay for an accepted block. Only the voting contract of a group may call.
    @param  trainer      Receives the reward less the keepers' part.
    @param  block_start  Unix time at which the block began.
    @param  keeper_bps   The keepers' part, minted to the calling contract; at most 10,000.
    @return NRN wei minted for the keepers.
    """
    group_id: uint256 = staticcall REGISTRY.voting_group(msg.sender)
    assert group_id != 0, "coinbase: not a group"
    assert block_start + params.MIN_BLOCK_PERIOD <= block.timestamp, "coinbase: running"
    epoch: uint256 = block_start // params.EPOCH
    paid: uint256 = self.blocks_paid[group_id][epoch]
    if paid >= params.BLOCKS_PER_EPOCH:
        return 0
    self.blocks_paid[group_id][epoch] = paid + 1
    reward: uint256 = self._reward(group_id, block_start, params.BLOCK_DIVISOR, 1, 1, self._remember_issued())
    pooled: uint256 = reward * keeper_bps // params.BPS
    self._mint(trainer, reward - pooled)
    self._mint(msg.sender, pooled)
    log ICoinbase.BlockCoinbase(
        group_id=group_id, trainer=trainer, block_start=block_start, reward=reward, pooled=pooled
    )
    return pooled


@external
def mint_delta(proposer: address, period_start: uint256, credit_asked: uint256) -> uint256:
    """
    @notice Pay for an appended delta. Only the delta registry of a group may call.
    @param  proposer      Receives the reward.
    @param  period_start  Unix time at which the period began.
    @param  credit_asked  Seconds of the epoch's seven days the period is credited with; cut to what is left of them.
    @return NRN wei minted.
    """
    group_id: uint256 = staticcall REGISTRY.delta_group(msg.sender)
    assert group_id != 0, "coinbase: not a group"
    assert period_start + credit_asked <= block.timestamp, "coinbase: running"
    epoch: uint256 = period_start // params.EPOCH
    used: uint256 = self.delta_seconds[group_id][epoch]
    credit: uint256 = min(credit_asked, params.EPOCH - used)
    self.delta_seconds[group_id][epoch] = used + credit
    reward: uint256 = self._reward(
        group_id, period_start, params.DELTA_DIVISOR, credit, params.EPOCH, self._remember_issued()
    )
    self._mint(proposer, reward)
    log ICoinbase.DeltaCoinbase(group_id=group_id, proposer=proposer, period_start=period_start, reward=reward)
    return reward


@external
@view
@reentrant
def block_reward(group_id: uint256, block_start: uint256) -> uint256:
    """
    @notice What an accepted block earns in all, if the budget of its epoch is not used up.
    @param  group_id     The group.
    @param  block_start  Unix time at which the block began; not after the current epoch.
    @return NRN wei.
    """
    return self._reward(group_id, block_start, params.BLOCK_DIVISOR, 1, 1, self._issued())


@external
@view
@reentrant
def delta_reward(group_id: uint256, period_start: uint256, period_length: uint256) -> uint256:
    """
    @notice What the winner of a period earns, if no other period of its epoch has drawn on the budget.
    @param  group_id       The group.
    @param  period_start   Unix time at which the period began; not after the current epoch.
    @param  period_length  Seconds; beyond a week nothing is added.
    @return NRN wei.
    """
    credit: uint256 = min(period_length, params.EPOCH)
    return self._reward(group_id, period_start, params.DELTA_DIVISOR, credit, params.EPOCH, self._issued())


@internal
@view
def _issued() -> uint256:
    """
    @dev 0 while the sale runs, although tokens are being sold: a reward on a moving base would depend on its call time.
    """
    issued: uint256 = self.issued
    if issued == 0 and block.timestamp >= EMISSION_START:
        issued = staticcall SALE.issued()
    return issued


@internal
def _remember_issued() -> uint256:
    issued: uint256 = self._issued()
    if self.issued != issued:
        self.issued = issued
    return issued


@internal
@view
def _reward(
    group_id: uint256, start: uint256, divisor: uint256, credit: uint256, full: uint256, issued: uint256
) -> uint256:
    """
    @notice `issued / divisor / 2**halvings`, times the group's share of all stake, times `credit / full`; one floor.
    @dev    Nothing overflows: issued < 2**96 and stakes < 2**97, so the numerator is below 2**96 * 2**97 * 2**20 and
            the denominator below 2**97 * 2**20 * 2**20 * 2**96.
    """
    if issued == 0 or start < EMISSION_START:
        return 0
    halvings: uint256 = (start - EMISSION_START) // params.FOUR_YEARS
    if halvings >= params.LAST_HALVING:
        return 0
    mine: uint256 = 0
    total: uint256 = 0
    mine, total = staticcall VAULT.share_at(group_id, start // params.EPOCH)
    if mine == 0:
        return 0
    total = max(total, issued * params.STAKE_FLOOR_BPS // params.BPS)
    return issued * mine * credit // (total * full * (divisor << halvings))


@internal
def _mint(to: address, amount: uint256):
    if amount > 0:
        self.minted += amount
        extcall NRN.mint(to, amount)
