# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Sponsorship of groups
@notice Who wants a model pays for it: anyone puts an amount of any ERC-20 behind a group, spread over a number of accepted
        blocks. Each such block draws the same share, split like its reward: trainer, keepers, and the proposer of the
        data it was judged on. What is left after the deadline goes back to the sponsor.
@dev    Apart from the protocol: nothing here is called by it, nothing here slows a block down. Every sponsorship is an
        account of its own, so a strange token hurts only those who took it: amounts are what arrived, draws are credited
        and withdrawn by their owners, tokens that answer nothing are believed, one lock covers all. Which blocks are paid
        for is fixed by heights and times, whoever draws when; what nobody draws until the grace is over goes back too.
        Nothing leaves while the claim may be challenged: a majority that passes a lie does not take what people paid for
        progress, which may be a thousand times its bond.
"""

from contracts._modules import params
from contracts._modules import sponsorship_words
from ethereum.ercs import IERC20
from interfaces import ICheckpointVoting
from interfaces import IDeltaRegistry
from interfaces import IGroupRegistry
from interfaces import ISponsorship
from interfaces import IStakeVault

implements: ISponsorship


# An accepted block draws a tenth at most: nobody who captures a group for a day takes all.
_MIN_BLOCKS: constant(uint256) = 10
_MAX_BLOCKS: constant(uint256) = 10_000


# A sponsor does not lock itself out by a typing error.
_MAX_TERM: constant(uint256) = params.FOUR_YEARS


# Time to draw after the deadline: a block that began before it lasts a week at most, challenges of it three days.
_GRACE: constant(uint256) = 2 * params.EPOCH


# What `CheckpointVoting.ballot` is once a keeper has shown that it evaluated the winner.
_PAID: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001

VAULT: public(reentrant(immutable(IStakeVault)))
REGISTRY: public(reentrant(immutable(IGroupRegistry)))


# Sponsorships so far; their ids are 1 to this number.
n_sponsorships: public(reentrant(uint256))


# token -> account -> its draws that it has not withdrawn.
credit: public(reentrant(HashMap[address, HashMap[address, uint256]]))


# sponsorship -> height -> keeper, or zero for trainer and proposer -> whether they have drawn.
drawn: public(reentrant(HashMap[uint256, HashMap[uint256, HashMap[address, bool]]]))


# sponsorship -> the two words of `sponsorship_words.Terms`
_terms: HashMap[uint256, uint256[2]]


# sponsorship -> `sponsorship_words._pack_money`
_money: HashMap[uint256, uint256]


# An accepted block that a sponsorship pays for, and how.
struct Draw:
    voting: ICheckpointVoting
    left: uint256  # of the sponsorship, before
    per_block: uint256
    block_index: uint256
    start: uint256
    winner: bytes32
    trainer: address
    proposer: address
    to_trainer: uint256
    to_keepers: uint256
    to_proposer: uint256


@deploy
def __init__(vault: address, registry: address):
    """
    @notice Bind to the protocol.
    @param  vault     The `StakeVault`.
    @param  registry  The `GroupRegistry`.
    """
    assert vault != empty(address) and registry != empty(address), "sp: zero address"
    VAULT = IStakeVault(vault)
    REGISTRY = IGroupRegistry(registry)


@external
def sponsor(group_id: uint256, token: address, amount: uint256, n_blocks: uint256, until: uint256) -> uint256:
    """
    @notice Put tokens behind a group's next accepted blocks.
    @param  group_id  An existing group.
    @param  token     Any ERC-20, approved to this contract before.
    @param  amount    Its smallest units. What arrives counts, if the token takes a fee.
    @param  n_blocks  Accepted blocks over which the amount is spread, 10 .. 10,000.
    @param  until     Unix time: blocks that begin later draw nothing; at most four years ahead.
    @return Id of the sponsorship.
    """
    assert group_id != 0 and group_id <= staticcall REGISTRY.n_groups(), "sp: no group"
    assert n_blocks >= _MIN_BLOCKS and n_blocks <= _MAX_BLOCKS, "sp: blocks"
    assert until > block.timestamp and until <= block.timestamp + _MAX_TERM, "sp: deadline"
    voting: ICheckpointVoting = ICheckpointVoting(staticcall REGISTRY.voting_of(group_id))
    sponsorship_id: uint256 = self.n_sponsorships + 1
    self.n_sponsorships = sponsorship_id
    self._terms[sponsorship_id][0], self._terms[sponsorship_id][1] = sponsorship_words._pack_terms(
        sponsorship_words.Terms(
            token=token,
            since=block.timestamp,
            until=until,
            sponsor=msg.sender,
            group_id=group_id,
            base_height=(staticcall voting.baseline())[2],
            n_blocks=n_blocks,
        )
    )
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True), "sp: transfer"
    arrived: uint256 = staticcall IERC20(token).balanceOf(self) - before
    per_block: uint256 = arrived // n_blocks
    assert per_block > 0, "sp: amount"
    self._money[sponsorship_id] = sponsorship_words._pack_money(arrived, per_block)
    log ISponsorship.Sponsored(
        sponsorship_id=sponsorship_id,
        group_id=group_id,
        sponsor=msg.sender,
        token=token,
        amount=arrived,
        n_blocks=n_blocks,
        until=until,
    )
    return sponsorship_id


@external
def draw(sponsorship_id: uint256, height: uint256) -> uint256:
    """
    @notice Credit the trainer of an accepted block, and the proposer of its data, with their shares. Anyone may call it.
    @param  sponsorship_id  The sponsorship.
    @param  height          Height of the block; written down in the group.
    @return Credited in all.
    """
    terms: sponsorship_words.Terms = self._terms_of(sponsorship_id)
    due: Draw = self._due(sponsorship_id, terms, height)
    self._mark(sponsorship_id, height, empty(address))
    self.credit[terms.token][due.trainer] += due.to_trainer
    self.credit[terms.token][due.proposer] += due.to_proposer
    amount: uint256 = due.to_trainer + due.to_proposer
    self._spend(sponsorship_id, due, amount)
    log ISponsorship.Drawn(
        sponsorship_id=sponsorship_id,
        height=height,
        trainer=due.trainer,
        to_trainer=due.to_trainer,
        proposer=due.proposer,
        to_proposer=due.to_proposer,
    )
    return amount


@external
def draw_keeper(sponsorship_id: uint256, height: uint256, staker: address = msg.sender) -> uint256:
    """
    @notice Credit a keeper with its share of an accepted block. Anyone may call it.
    @param  sponsorship_id  The sponsorship.
    @param  height          Height of the block.
    @param  staker          A keeper whom the group has paid for this block by `claim_keeper`.
    @return Credited.
    """
    terms: sponsorship_words.Terms = self._terms_of(sponsorship_id)
    due: Draw = self._due(sponsorship_id, terms, height)
    voting: ICheckpointVoting = due.voting
    assert staticcall voting.ballot(due.block_index, staker) == _PAID, "sp: not paid"
    self._mark(sponsorship_id, height, staker)
    power: uint256 = staticcall VAULT.power_at(terms.group_id, staker, due.start // params.EPOCH)
    # Unsafe but safe: below 2**128 times 2**97; somebody has voted for a winner.
    amount: uint256 = unsafe_div(unsafe_mul(due.to_keepers, power), staticcall voting.votes(due.winner))
    self.credit[terms.token][staker] += amount
    self._spend(sponsorship_id, due, amount)
    log ISponsorship.KeeperDrawn(sponsorship_id=sponsorship_id, height=height, staker=staker, amount=amount)
    return amount


@external
def withdraw(token: address, account: address = msg.sender) -> uint256:
    """
    @notice Pay out what an account has been credited with. Anyone may call it.
    @param  token    The token.
    @param  account  Who is paid.
    @return Amount sent.
    """
    amount: uint256 = self.credit[token][account]
    assert amount > 0, "sp: nothing"
    self.credit[token][account] = 0
    log ISponsorship.Withdrawn(token=token, account=account, amount=amount)
    self._pay(token, account, amount)
    return amount


@external
def refund(sponsorship_id: uint256) -> uint256:
    """
    @notice Give back to the sponsor what was not drawn until two epochs after the deadline. Anyone may call it.
    @param  sponsorship_id  The sponsorship.
    @return Amount sent.
    """
    terms: sponsorship_words.Terms = self._terms_of(sponsorship_id)
    assert block.timestamp >= terms.until + _GRACE, "sp: running"
    left: uint256 = sponsorship_words._unpack_money(self._money[sponsorship_id])[0]
    assert left > 0, "sp: nothing"
    self._money[sponsorship_id] = 0
    log ISponsorship.Refunded(sponsorship_id=sponsorship_id, amount=left)
    self._pay(terms.token, terms.sponsor, left)
    return left


@external
@view
@reentrant
def sponsorship(sponsorship_id: uint256) -> (uint256, address, address, uint256, uint256, uint256, uint256):
    """
    @notice A sponsorship; zeros if there is none.
    @param  sponsorship_id  Its id.
    @return The group.
    @return The sponsor.
    @return The token.
    @return What is left of it.
    @return What an accepted block draws in all.
    @return Unix time from which on, and
    @return unix time before which a block must begin to draw.
    """
    terms: sponsorship_words.Terms = self._terms_of(sponsorship_id)
    left: uint256 = 0
    per_block: uint256 = 0
    left, per_block = sponsorship_words._unpack_money(self._money[sponsorship_id])
    return terms.group_id, terms.sponsor, terms.token, left, per_block, terms.since, terms.until


@external
@view
@reentrant
def heights(sponsorship_id: uint256) -> (uint256, uint256):
    """
    @notice The accepted blocks that a sponsorship pays for, if they begin within its time.
    @param  sponsorship_id  Its id.
    @return First height.
    @return Last height.
    """
    terms: sponsorship_words.Terms = self._terms_of(sponsorship_id)
    return terms.base_height + 1, terms.base_height + terms.n_blocks


@external
@view
@reentrant
def due(sponsorship_id: uint256, height: uint256) -> (uint256, uint256, uint256):
    """
    @notice What a height draws in all, also after it has been drawn. Refused as `draw` is.
    @param  sponsorship_id  The sponsorship.
    @param  height          Height of the block.
    @return Its trainer's share.
    @return Its keepers' share, before each takes its part by power.
    @return The proposer's share.
    """
    due: Draw = self._due(sponsorship_id, self._terms_of(sponsorship_id), height)
    return due.to_trainer, due.to_keepers, due.to_proposer


@internal
@view
def _due(sponsorship_id: uint256, terms: sponsorship_words.Terms, height: uint256) -> Draw:
    """
    @notice Who draws what for a height that the sponsorship pays for.
    """
    # Unsafe but safe, here and below: heights stay below 2**33, times below 2**41.
    assert height > terms.base_height and height <= unsafe_add(terms.base_height, terms.n_blocks), "sp: height"
    assert block.timestamp < unsafe_add(terms.until, _GRACE), "sp: over"
    voting: ICheckpointVoting = ICheckpointVoting(staticcall REGISTRY.voting_of(terms.group_id))
    due: Draw = empty(Draw)
    due.voting = voting
    due.left, due.per_block = sponsorship_words._unpack_money(self._money[sponsorship_id])
    due.winner = staticcall voting.accepted(height)
    candidate: (address, uint256, address, uint256, uint256, uint256) = staticcall voting.candidate(due.winner)
    assert candidate[4] > 0, "sp: not accepted"
    due.trainer = candidate[0]
    due.block_index = candidate[4] - 1
    outcome: (uint256, uint256, uint256, bool, uint256) = staticcall voting.outcome(due.block_index)
    # Not a refuted claim, and not where one fell back to an earlier.
    assert outcome[0] == 1 and outcome[2] == height, "sp: not accepted"
    assert not staticcall voting.is_disputed(due.winner), "sp: challenged"
    period: uint256 = staticcall voting.PERIOD()
    due.start = unsafe_add(staticcall voting.GENESIS_TIME(), unsafe_mul(due.block_index, period))
    assert due.start >= terms.since and due.start < terms.until, "sp: not sponsored"
    challenged_until: uint256 = unsafe_add(unsafe_add(due.start, period), params.CHALLENGE)
    assert block.timestamp >= challenged_until, "sp: may be challenged"
    due.proposer = self._proposer(IDeltaRegistry(staticcall voting.DELTAS()), due.start)
    if due.proposer != empty(address):
        # A block to a delta as their rewards: ten to one.
        due.to_proposer = due.per_block * params.BLOCK_DIVISOR // (params.BLOCK_DIVISOR + params.DELTA_DIVISOR)
    due.to_keepers = (due.per_block - due.to_proposer) * staticcall voting.KEEPER_BPS() // params.BPS
    due.to_trainer = due.per_block - due.to_proposer - due.to_keepers
    return due


@internal
@view
def _proposer(deltas: IDeltaRegistry, when: uint256) -> address:
    """
    @notice Who proposed the version in force at a time; zero, if it came with the group.
    """
    version: uint256 = (staticcall deltas.tip_at(when))[0]
    return (staticcall deltas.due(version))[0]


@internal
def _mark(sponsorship_id: uint256, height: uint256, who: address):
    assert not self.drawn[sponsorship_id][height][who], "sp: drawn"
    self.drawn[sponsorship_id][height][who] = True


@internal
def _spend(sponsorship_id: uint256, due: Draw, amount: uint256):
    """
    @dev    Never below zero: the shares of a height are at most what it draws in all, and the heights are `n_blocks`.
    """
    self._money[sponsorship_id] = sponsorship_words._pack_money(due.left - amount, due.per_block)


@internal
def _pay(token: address, to: address, amount: uint256):
    assert extcall IERC20(token).transfer(to, amount, default_return_value=True), "sp: transfer"


@internal
@view
def _terms_of(sponsorship_id: uint256) -> sponsorship_words.Terms:
    return sponsorship_words._unpack_terms(self._terms[sponsorship_id][0], self._terms[sponsorship_id][1])
