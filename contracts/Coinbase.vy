# pragma version 0.4.3
# pragma nonreentrancy on
from contracts._modules import params

interface IMint:
    def mint(to: address, amount: uint256): nonpayable
interface ISale:
    def issued() -> uint256: view
    def END() -> uint256: view
interface IVault:
    def share_at(group_id: uint256, epoch: uint256) -> (uint256, uint256): view
interface IRegistry:
    def voting_group(voting: address) -> uint256: view
    def delta_group(registry: address) -> uint256: view

event BlockCoinbase:
    group_id: indexed(uint256)
    trainer: indexed(address)
    block_start: uint256
    reward: uint256
    pooled: uint256

event DeltaCoinbase:
    group_id: indexed(uint256)
    proposer: indexed(address)
    period_start: uint256
    reward: uint256

NRN: public(immutable(address))
SALE: public(immutable(address))
VAULT: public(immutable(address))
REGISTRY: public(immutable(address))
EMISSION_START: public(immutable(uint256))
issued: public(uint256)
blocks_paid: public(HashMap[uint256, HashMap[uint256, uint256]])      # group -> epoch -> count
delta_seconds: public(HashMap[uint256, HashMap[uint256, uint256]])    # group -> epoch -> credited seconds
minted: public(uint256)


@deploy
def __init__(nrn: address, sale: address, vault: address, registry: address):
    NRN = nrn
    SALE = sale
    VAULT = vault
    REGISTRY = registry
    EMISSION_START = staticcall ISale(sale).END()


@internal
@view
def _issued() -> uint256:
    i: uint256 = self.issued
    if i == 0 and block.timestamp >= EMISSION_START:
        i = staticcall ISale(SALE).issued()
    return i


@internal
@view
def _reward(group_id: uint256, start: uint256, divisor: uint256, credit: uint256, full: uint256, base: uint256) -> uint256:
    if start < EMISSION_START or block.timestamp < EMISSION_START or base == 0:
        return 0
    halvings: uint256 = (start - EMISSION_START) // params.FOUR_YEARS
    if halvings >= params.NO_HALVING_AFTER:
        return 0
    mine: uint256 = 0
    total: uint256 = 0
    mine, total = staticcall IVault(VAULT).share_at(group_id, start // params.EPOCH)
    total = max(total, base * params.STAKE_FLOOR_BPS // params.BPS)
    if mine == 0:
        return 0
    return base * mine * credit // (total * full * (divisor << halvings))


@external
@view
def block_reward(group_id: uint256, block_start: uint256) -> uint256:
    return self._reward(group_id, block_start, params.BLOCK_DIVISOR, 1, 1, self._issued())


@external
@view
def delta_reward(group_id: uint256, period_start: uint256, period_length: uint256) -> uint256:
    return self._reward(
        group_id, period_start, params.DELTA_DIVISOR, min(period_length, params.EPOCH), params.EPOCH, self._issued()
    )


@internal
def _mint(to: address, amount: uint256):
    if amount > 0:
        self.minted += amount
        extcall IMint(NRN).mint(to, amount)


@external
def mint_block(trainer: address, block_start: uint256, keeper_bps: uint256) -> uint256:
    group_id: uint256 = staticcall IRegistry(REGISTRY).voting_group(msg.sender)
    assert group_id != 0, "coinbase: not a group"
    assert block_start + params.MIN_BLOCK_PERIOD <= block.timestamp, "coinbase: running"
    if self.issued == 0:
        self.issued = self._issued()
    e: uint256 = block_start // params.EPOCH
    paid: uint256 = self.blocks_paid[group_id][e]
    if paid >= params.BLOCKS_PER_EPOCH:
        return 0
    self.blocks_paid[group_id][e] = paid + 1
    reward: uint256 = self._reward(group_id, block_start, params.BLOCK_DIVISOR, 1, 1, self.issued)
    pooled: uint256 = reward * keeper_bps // params.BPS
    self._mint(trainer, reward - pooled)
    self._mint(msg.sender, pooled)
    log BlockCoinbase(group_id=group_id, trainer=trainer, block_start=block_start, reward=reward, pooled=pooled)
    return pooled


@external
def mint_delta(proposer: address, period_start: uint256, credit_asked: uint256) -> uint256:
    group_id: uint256 = staticcall IRegistry(REGISTRY).delta_group(msg.sender)
    assert group_id != 0, "coinbase: not a group"
    assert period_start + credit_asked <= block.timestamp, "coinbase: running"
    if self.issued == 0:
        self.issued = self._issued()
    e: uint256 = period_start // params.EPOCH
    used: uint256 = self.delta_seconds[group_id][e]
    credit: uint256 = min(credit_asked, params.EPOCH - used)
    self.delta_seconds[group_id][e] = used + credit
    reward: uint256 = self._reward(group_id, period_start, params.DELTA_DIVISOR, credit, params.EPOCH, self.issued)
    self._mint(proposer, reward)
    log DeltaCoinbase(group_id=group_id, proposer=proposer, period_start=period_start, reward=reward)
    return reward
