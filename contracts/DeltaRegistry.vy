# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title  Delta registry
@notice One group's training set: a list of deltas, each a patch against the set before it, of which only the sha256 is
        kept here. Anyone proposes at any time; the keepers vote; at the end of each period the proposal with the most
        votes becomes the next version, if it reaches the quorum and beats "no change".
@dev    Votes are final and tallies only grow, so the winner is a running maximum and nothing loops over them.
        What a period decided is fixed at its end by the ballots before it; `finalize`, `sync` and the next ballot only write it down,
        so nobody gains by calling early or late. Approval voting: a staker may support several proposals with full
        weight, because proposals arrive all week and an early voter must be able to support a better late one.
        A proposal can be voted on once it is a seventh of a period old, and a ballot in the last seventh that changes
        what the period would decide extends it by one: nobody proposes and wins, or turns the vote, in the last minute,
        also not after the last extension, when such a ballot is refused unless it stops what was decided.
"""

from contracts._modules import delta_words
from contracts._modules import length_votes
from contracts._modules import params
from contracts._modules import delta_refusal as refusal
from contracts._modules import versions
from interfaces import ICoinbase
from interfaces import IDeltaRegistry
from interfaces import IStakeVault

implements: IDeltaRegistry

initializes: length_votes
initializes: versions

exports: (
    length_votes.length_tally,
    length_votes.length_voted,
    versions.BASE_VERSION,
    versions.delta_of,
    versions.due,
    versions.tip_of,
)

# Extensions of one period: enough for everybody to answer, and periods end.
_MAX_EXTENSIONS: constant(uint256) = 7


# Share of the group's power a winner needs. Below the low bound two friends could rewrite the data; above the high
# bound a passive minority could block it for ever.
_MIN_QUORUM_BPS: constant(uint256) = 500
_MAX_QUORUM_BPS: constant(uint256) = 6_667

GROUP_ID: public(reentrant(immutable(uint256)))
VAULT: immutable(IStakeVault)
COINBASE: immutable(ICoinbase)
QUORUM_BPS: public(reentrant(immutable(uint256)))


# Where the deltas up to `BASE_VERSION` are recorded: the registry of the group this one was forked from, or zero.
PARENT: public(reentrant(immutable(address)))


# Proposals made so far; their ids are 1 to this number.
n_proposals: public(reentrant(uint256))


# proposal id -> sha256 of the manifest of the delta proposed.
proposal_delta: public(reentrant(HashMap[uint256, bytes32]))


# `delta_words.Clock`
_clock: uint256


# proposal id -> `delta_words.Standing`; id 0 holds the votes for "no change".
_standing: HashMap[uint256, uint256]


# proposal id -> who made it.
_proposer: HashMap[uint256, address]


# proposal id -> staker -> index + 1 of the last period in which it voted for it.
_voted: HashMap[uint256, HashMap[address, uint256]]


@deploy
def __init__(
    group_id: uint256,
    vault: address,
    coinbase: address,
    period: uint256,
    quorum_bps: uint256,
    tip: bytes32,
    parent: address,
    base_version: uint256,
):
    """
    @notice Open the first period with the training set `tip`. Deployed by the `GroupRegistry`, from a blueprint.
    @param  group_id      The group this registry serves.
    @param  vault         The `StakeVault`.
    @param  coinbase      The `Coinbase`.
    @param  period        Seconds of the first period: whole days, 1 to 56.
    @param  quorum_bps    Share of the group's power a winner needs; 500 to 6,667.
    @param  tip           Hash of the training set at `base_version`.
    @param  parent        Registry of the parent group, or zero.
    @param  base_version  Version in the parent from which this list goes on; 0 without a parent.
    """
    days: uint256 = length_votes._whole_days(period)
    if quorum_bps < _MIN_QUORUM_BPS or quorum_bps > _MAX_QUORUM_BPS:
        refusal._because(refusal.QUORUM)
    versions.__init__(base_version, tip)
    GROUP_ID = group_id
    VAULT = IStakeVault(vault)
    COINBASE = ICoinbase(coinbase)
    QUORUM_BPS = quorum_bps
    PARENT = parent
    self._clock = delta_words._pack_clock(
        delta_words.Clock(
            votes=0,
            extensions=0,
            leader=0,
            start=block.timestamp,
            index=0,
            version=base_version,
            length_days=days,
            pending_days=days,
        )
    )


@external
def propose(parent_tip: bytes32, delta_hash: bytes32, rebased_from: uint256 = 0) -> uint256:
    """
    @notice Propose a delta against the current training set.
    @dev    The bytes behind the hash name parent and proposer and are published after this call: copying the hash only
            pays the proposer named in them.
    @param  parent_tip    The tip the delta was made against; must still be the tip.
    @param  delta_hash    sha256 of the delta's manifest.
    @param  rebased_from  An earlier proposal of the caller that this one carries over to the new tip, or 0.
    @return Id of the proposal.
    """
    clock: delta_words.Clock = self._roll()
    if versions.tip_of[clock.version] != parent_tip:
        refusal._because(refusal.STALE_PARENT)
    if delta_hash == empty(bytes32):
        refusal._because(refusal.EMPTY_DELTA)
    if rebased_from != 0:
        if self._proposer[rebased_from] != msg.sender:
            refusal._because(refusal.NOT_PROPOSER)
    proposal_id: uint256 = self.n_proposals + 1
    self.n_proposals = proposal_id
    self._proposer[proposal_id] = msg.sender
    self.proposal_delta[proposal_id] = delta_hash
    self._standing[proposal_id] = delta_words._pack_standing(
        delta_words.Standing(votes=0, index=clock.index, parent_version=clock.version, proposed_at=block.timestamp)
    )
    log IDeltaRegistry.Proposed(
        proposal_id=proposal_id,
        proposer=msg.sender,
        parent_version=clock.version,
        delta_hash=delta_hash,
        rebased_from=rebased_from,
    )
    return proposal_id


@external
def vote(proposal_id: uint256, staker: address = msg.sender):
    """
    @notice Support a proposal in the running period with all of the staker's power there. Final.
    @dev    Power is what the staker had when the period began, or has now if that is less: a period may outlive the
            exit delay.
    @param  proposal_id  A proposal made against the current tip, or 0 for "no change".
    @param  staker       Whose ballot it is; the caller must be the staker or its operator.
    """
    clock: delta_words.Clock = self._roll()
    standing: delta_words.Standing = delta_words._unpack_standing(self._standing[proposal_id])
    if proposal_id != 0:
        if standing.proposed_at == 0:
            refusal._because(refusal.NO_PROPOSAL)
        if standing.parent_version != clock.version:
            refusal._because(refusal.STALE_PARENT)
        review: uint256 = clock.length_days * params.DAY // delta_words.PARTS
        if block.timestamp < standing.proposed_at + review:
            refusal._because(refusal.IN_REVIEW)
    if self._voted[proposal_id][staker] == clock.index + 1:
        refusal._because(refusal.ALREADY_VOTED)
    self._voted[proposal_id][staker] = clock.index + 1
    power: uint256 = self._power(staker, clock.start // params.EPOCH, True)
    # Tallies of an earlier period are void: powers of two snapshots must not add up.
    standing.votes = power if standing.index != clock.index else standing.votes + power
    standing.index = clock.index
    self._standing[proposal_id] = delta_words._pack_standing(standing)
    if standing.votes > clock.votes or (standing.votes == clock.votes and proposal_id < clock.leader):
        before: delta_words.Clock = clock
        clock.votes = standing.votes
        clock.leader = proposal_id
        clock.extensions += self._extension(before, clock)
        self._clock = delta_words._pack_clock(clock)
    log IDeltaRegistry.Voted(period_index=clock.index, proposal_id=proposal_id, staker=staker, power=power)


@external
def vote_period_length(length: uint256, staker: address = msg.sender):
    """
    @notice Vote for the length of the periods to come; more than half of the group's power in this epoch adopts it.
    @param  length  Seconds: whole days, 1 to 56.
    @param  staker  Whose ballot it is; one per epoch. The caller must be the staker or its operator.
    """
    clock: delta_words.Clock = self._roll()
    days: uint256 = length_votes._whole_days(length)
    epoch: uint256 = block.timestamp // params.EPOCH
    length_votes._mark(epoch, staker)
    power: uint256 = self._power(staker, epoch, False)
    votes: uint256 = length_votes._add(epoch, days, power)
    log IDeltaRegistry.PeriodLengthVoted(epoch=epoch, staker=staker, length=length, power=power)
    if clock.pending_days != days and 2 * votes > self._group_power(epoch):
        clock.pending_days = days
        self._clock = delta_words._pack_clock(clock)
        log IDeltaRegistry.PeriodLengthAdopted(length=length)


@external
def finalize():
    """
    @notice Write down what the period that has ended decided, and open the one that contains now.
    """
    clock: delta_words.Clock = delta_words._unpack_clock(self._clock)
    if block.timestamp < self._end(clock):
        refusal._because(refusal.PERIOD_RUNNING)
    self._roll()


@external
def sync(when: uint256) -> (uint256, bytes32):
    """
    @notice Write down what is due, then read the training set that was in force at a time.
    @param  when  Unix time; not in the future.
    @return The version in force.
    @return Its tip.
    """
    if when > block.timestamp:
        refusal._because(refusal.FUTURE)
    clock: delta_words.Clock = self._roll()
    version: uint256 = versions._at(clock.version, when)
    return version, versions.tip_of[version]


@external
def redeem(version: uint256) -> uint256:
    """
    @notice Pay the proposer of a version, once. Anyone may call it.
    @param  version  A version this registry has appended.
    @return NRN wei minted.
    """
    origin: delta_words.Origin = versions._collect(version)
    return extcall COINBASE.mint_delta(origin.proposer, origin.start, origin.credit)


@external
@view
@reentrant
def version() -> uint256:
    """
    @notice The last version written down; `sync` may know a later one.
    @return Number of deltas, those of the parents included.
    """
    return delta_words._unpack_clock(self._clock).version


@external
@view
@reentrant
def tip() -> bytes32:
    """
    @notice The tip of `version()`.
    @return Hash of the list of deltas.
    """
    return versions.tip_of[delta_words._unpack_clock(self._clock).version]


@external
@view
@reentrant
def tip_at(when: uint256) -> (uint256, bytes32):
    """
    @notice The training set in force at a time, as far as it is written down.
    @param  when  Unix time.
    @return The version; `BASE_VERSION` for times before this registry.
    @return Its tip.
    """
    version: uint256 = versions._at(delta_words._unpack_clock(self._clock).version, when)
    return version, versions.tip_of[version]


@external
@view
@reentrant
def period() -> (uint256, uint256, uint256, uint256, uint256):
    """
    @notice The period last written down.
    @return Unix time of its start.
    @return Its length without extensions, seconds.
    @return The length of the next one, seconds.
    @return Its index.
    @return Unix time of its end, extensions included.
    """
    clock: delta_words.Clock = delta_words._unpack_clock(self._clock)
    length: uint256 = clock.length_days * params.DAY
    return clock.start, length, clock.pending_days * params.DAY, clock.index, self._end(clock)


@external
@view
@reentrant
def leader() -> (uint256, uint256):
    """
    @notice Who would win if the period last written down had ended: most votes, ties to the earliest proposal.
    @return Proposal id; 0 is "no change".
    @return Its votes, NRN wei.
    """
    clock: delta_words.Clock = delta_words._unpack_clock(self._clock)
    return clock.leader, clock.votes


@external
@view
@reentrant
def proposal(proposal_id: uint256) -> (address, uint256, uint256, bytes32):
    """
    @notice A proposal; zeros if there is none.
    @param  proposal_id  Its id.
    @return Who made it.
    @return The version it was made against.
    @return Unix time of the proposal.
    @return sha256 of the delta's manifest.
    """
    standing: delta_words.Standing = delta_words._unpack_standing(self._standing[proposal_id])
    return (
        self._proposer[proposal_id], standing.parent_version, standing.proposed_at, self.proposal_delta[proposal_id]
    )


@external
@view
@reentrant
def tally(period_index: uint256, proposal_id: uint256) -> uint256:
    """
    @notice Votes for a proposal in a period; known for the last period in which it got any.
    @param  period_index  The period.
    @param  proposal_id   The proposal, or 0 for "no change".
    @return NRN wei.
    """
    standing: delta_words.Standing = delta_words._unpack_standing(self._standing[proposal_id])
    return standing.votes if standing.index == period_index else 0


@external
@view
@reentrant
def voted(period_index: uint256, proposal_id: uint256, staker: address) -> bool:
    """
    @notice Whether a staker voted for a proposal in a period; known for its last ballot on it.
    @param  period_index  The period.
    @param  proposal_id   The proposal, or 0 for "no change".
    @param  staker        The staker.
    @return True if it did.
    """
    return self._voted[proposal_id][staker] == period_index + 1


@internal
def _roll() -> delta_words.Clock:
    """
    @notice If the running period has ended, append its winner and open the period that contains now.
    @return The clock after that.
    """
    clock: delta_words.Clock = delta_words._unpack_clock(self._clock)
    end: uint256 = self._end(clock)
    if block.timestamp < end:
        return clock
    appended: bool = self._decision(clock) != 0
    log IDeltaRegistry.PeriodFinalized(
        period_index=clock.index, proposal_id=clock.leader, votes=clock.votes, appended=appended
    )
    if appended:
        clock.version += 1
        delta_hash: bytes32 = self.proposal_delta[clock.leader]
        tip: bytes32 = versions._append(delta_hash, self._proposer[clock.leader], clock)
        log IDeltaRegistry.DeltaAppended(
            version=clock.version, proposal_id=clock.leader, delta_hash=delta_hash, tip=tip
        )
    # Periods that nobody touched were empty: skip them without leaving the grid.
    skipped: uint256 = (block.timestamp - end) // (clock.pending_days * params.DAY)
    clock.votes = 0
    clock.extensions = 0
    clock.leader = 0
    clock.start = end + skipped * clock.pending_days * params.DAY
    clock.index += 1 + skipped
    clock.length_days = clock.pending_days
    self._clock = delta_words._pack_clock(clock)
    return clock


@internal
@view
def _power(staker: address, epoch: uint256, sustained: bool) -> uint256:
    """
    @notice What a ballot weighs that the caller casts for a staker, more than 0.
    """
    power: uint256 = staticcall VAULT.ballot_power(GROUP_ID, staker, msg.sender, epoch, sustained)
    if power == 0:
        refusal._because(refusal.NO_POWER)
    return power


@internal
@view
def _extension(before: delta_words.Clock, after: delta_words.Clock) -> uint256:
    """
    @notice 1 if a ballot in the last seventh of a period changes what the period would decide, else 0. Once extensions
            are used up it may only change it to nothing: who uses them up has no last word.
    @dev    Not who leads but what is decided: else a proposal could lead early with a wei and reach its quorum late.
    """
    last: uint256 = before.length_days * params.DAY // delta_words.PARTS
    if block.timestamp + last < self._end(before):
        return 0
    decision: uint256 = self._decision(after)
    if self._decision(before) == decision:
        return 0
    if before.extensions < _MAX_EXTENSIONS:
        return 1
    if decision != 0:
        refusal._because(refusal.TOO_LATE)
    return 0


@internal
@view
def _decision(clock: delta_words.Clock) -> uint256:
    """
    @notice The proposal that a period appends if nobody votes any more, or 0.
    """
    if clock.leader == 0:
        return 0
    power: uint256 = self._group_power(clock.start // params.EPOCH)
    # Unsafe but safe: votes and power stay below 2**97, the factors below 2**14.
    return clock.leader if unsafe_mul(clock.votes, params.BPS) >= unsafe_mul(power, QUORUM_BPS) else 0


@internal
@view
def _group_power(epoch: uint256) -> uint256:
    return staticcall VAULT.group_power_at(GROUP_ID, epoch)


@internal
@pure
def _end(clock: delta_words.Clock) -> uint256:
    """
    @return Unix time at which a period ends.
    """
    return clock.start + delta_words._lasts(clock.length_days, clock.extensions)
