# SPDX-License-Identifier: AGPL-3.0-only
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Checkpoint voting
@notice One group's race for the lowest loss, block by block. In the commit window trainers post the hash of their signed
        claim; in the reveal window the claim itself with a bond; in the vote window the keepers, who have recomputed the
        losses, approve the claims that are true, or none. The best that most approve becomes the incumbent to beat and
        redeems its reward.
@dev    Commit before reveal makes theft useless: who copies a revealed checkpoint has no commitment of that block, and
        later its copy ranks behind. Approvals and not single votes: several true claims do not split the honest. The
        outcome of a block is fixed when its vote window closes; `settle` only writes it down, makes no state-changing
        external call and looks at seven candidates at most, however many claims and ballots there were. Effects come
        before interactions; the token has no hooks; every entry but the views holds the lock.
"""

from contracts._modules import block_clock
from contracts._modules import candidates
from contracts._modules import checkpoint_words
from contracts._modules import keeper_pool
from contracts._modules import pace
from contracts._modules import params
from contracts._modules import voting_refusal as refusal
from contracts._modules import shortlist
from contracts._modules import signed_claims
from ethereum.ercs import IERC20
from interfaces import ICheckpointVoting
from interfaces import ICoinbase
from interfaces import IDeltaRegistry
from interfaces import IGroupRegistry
from interfaces import INeuron
from interfaces import IStakeVault

implements: ICheckpointVoting

initializes: block_clock
initializes: candidates
initializes: keeper_pool
initializes: shortlist[candidates := candidates]

exports: (
    block_clock.COMMIT_WINDOW,
    block_clock.GENESIS_TIME,
    block_clock.PERIOD,
    block_clock.REVEAL_WINDOW,
    block_clock.VOTE_WINDOW,
    candidates.BOND,
    candidates.candidate,
    candidates.credit,
    candidates.eval_root_hash,
    candidates.is_disputed,
    candidates.is_refuted,
    candidates.is_used,
    candidates.votes,
    keeper_pool.ballot,
    keeper_pool.eval_root,
    signed_claims.eip712Domain,
)

_ACCEPTED: constant(uint256) = 1
_REJECTED: constant(uint256) = 2
_NO_QUORUM: constant(uint256) = 3
_REFUTED: constant(uint256) = 4


# A winner needs this share of the group's power: at least a tenth, so that a handful of stake cannot pass a false loss;
# at most two thirds, so that a third staying away cannot stop the group.
_MIN_QUORUM_BPS: constant(uint256) = 1_000
_MAX_QUORUM_BPS: constant(uint256) = 6_667


# Trainers keep at least a tenth of the reward.
_MAX_KEEPER_BPS: constant(uint256) = 9_000

_MAX_BOND: constant(uint256) = 2**96 - 1


# The bond shrinks with the group's share of all stake, as the reward does, but to no less than this part of the whole.
_LEAST_PART: constant(uint256) = candidates.WHOLE // 100


# How far back a refuted incumbent's successor is looked for; beyond it is the genesis checkpoint.
_FALL: constant(uint256) = 256


# A bond that nobody judges returns after so many epochs: nothing is stuck in a group that has died, and whoever floods
# a group has a month's bonds locked.
_LAPSE_EPOCHS: constant(uint256) = 4

GROUP_ID: public(reentrant(immutable(uint256)))
NRN: immutable(IERC20)
VAULT: immutable(IStakeVault)
COINBASE: immutable(ICoinbase)
DELTAS: public(reentrant(immutable(IDeltaRegistry)))
REFEREE: immutable(address)


# The voting contract of the group this one was forked from, or zero.
PARENT: public(reentrant(immutable(ICheckpointVoting)))
MODEL_HASH: public(reentrant(immutable(bytes32)))
QUORUM_BPS: public(reentrant(immutable(uint256)))
KEEPER_BPS: public(reentrant(immutable(uint256)))


# Bounds of what a claim must gain, Q32.32 nats per example.
MIN_IMPROVEMENT: public(reentrant(immutable(uint64)))
MAX_IMPROVEMENT: public(reentrant(immutable(uint64)))


# height -> checkpoint hash; height 0 is the genesis checkpoint.
accepted: public(reentrant(HashMap[uint256, bytes32]))


# Commitments so far, and the last block with one plus one: a commitment's words, `checkpoint_words._pack_commitment`.
_last_commitment: uint256


# commitment -> its sequence number and block, `checkpoint_words._pack_commitment`.
_commitment: HashMap[bytes32, uint256]


# `checkpoint_words.Round`
_round: uint256


# `checkpoint_words.Baseline`
_baseline: uint256


# block index -> `checkpoint_words.Outcome`
_outcome: HashMap[uint256, uint256]


@deploy
def __init__(
    group_id: uint256,
    nrn: address,
    vault: address,
    coinbase: address,
    deltas: address,
    referee: address,
    parent: address,
    genesis_checkpoint: bytes32,
    config: IGroupRegistry.GroupConfig,
):
    """
    @notice Begin block 0. Deployed by the `GroupRegistry`, from a blueprint.
    @param  group_id            The group this contract serves.
    @param  nrn                 The `Neuron`.
    @param  vault               The `StakeVault`.
    @param  coinbase            The `Coinbase`.
    @param  deltas              The group's `DeltaRegistry`.
    @param  referee             The `Referee`, which alone refutes claims.
    @param  parent              `CheckpointVoting` of the parent group, or zero.
    @param  genesis_checkpoint  Incumbent at height 0.
    @param  config              The group's parameters.
    """
    block_clock.__init__(config.commit_window, config.reveal_window, config.vote_window)
    quorum_bps: uint256 = config.checkpoint_quorum_bps
    if quorum_bps < _MIN_QUORUM_BPS or quorum_bps > _MAX_QUORUM_BPS:
        refusal._because(refusal.QUORUM)
    if config.keeper_bps > _MAX_KEEPER_BPS:
        refusal._because(refusal.KEEPER_SHARE)
    if config.min_improvement == 0 or config.min_improvement > config.max_improvement:
        refusal._because(refusal.IMPROVEMENT)
    if config.bond == 0 or config.bond > _MAX_BOND:
        refusal._because(refusal.BOND)
    if genesis_checkpoint == empty(bytes32):
        refusal._because(refusal.GENESIS)
    candidates.__init__(config.bond)
    GROUP_ID = group_id
    NRN = IERC20(nrn)
    VAULT = IStakeVault(vault)
    COINBASE = ICoinbase(coinbase)
    DELTAS = IDeltaRegistry(deltas)
    REFEREE = referee
    PARENT = ICheckpointVoting(parent)
    MODEL_HASH = config.model_hash
    QUORUM_BPS = quorum_bps
    KEEPER_BPS = config.keeper_bps
    MIN_IMPROVEMENT = config.min_improvement
    MAX_IMPROVEMENT = config.max_improvement
    self.accepted[0] = genesis_checkpoint
    # Void, but not zero: the founder pays for the new word and no keeper does.
    shortlist._place[0] = genesis_checkpoint
    candidates._reserve(genesis_checkpoint)
    self._round = checkpoint_words.SETTLED


@external
def commit(commitment: bytes32):
    """
    @notice Announce a claim without showing it, in the commit window of a block on which somebody can vote. Anyone may
            send it.
    @dev    The trainer is inside the hash: copying a commitment only pays its owner's gas.
    @param  commitment  keccak256(abi_encode(EIP-712 digest of the claim, salt)).
    """
    block_index: uint256 = block_clock._running_in(block_clock.COMMIT)
    if self._commitment[commitment] != 0:
        refusal._because(refusal.COMMITMENT_EXISTS)
    block_1: uint256 = block_index + 1
    seq: uint256 = 0
    last_1: uint256 = 0
    seq, last_1 = checkpoint_words._unpack_commitment(self._last_commitment)
    if last_1 != block_1:
        # Of the others in this block the first has asked.
        if self._power_in(block_index) == 0:
            refusal._because(refusal.NO_POWER)
    seq += 1
    word: uint256 = checkpoint_words._pack_commitment(seq, block_1)
    self._last_commitment = word
    self._commitment[commitment] = word
    log ICheckpointVoting.Committed(block_index=block_index, commitment=commitment, seq=seq)


@external
def reveal(
    trainer: address,
    checkpoint_hash: bytes32,
    loss: uint64,
    baseline_loss: uint64,
    eval_root_hash: bytes32,
    salt: bytes32,
    signature: Bytes[signed_claims.MAX_SIGNATURE],
):
    """
    @notice Show a claim committed in this block, in the reveal window. The caller posts the bond that `terms` names and
            gets it back unless the keepers judge the claim false; the reward is the trainer's. A claim that nobody has
            judged is entered again by a commitment and a reveal of its trainer: with the rank and the bond it has.
    @param  trainer          Signer of the claim and receiver of the reward.
    @param  checkpoint_hash  sha256 of the checkpoint's manifest.
    @param  loss             Its loss on the block's training set, Q32.32 nats per example.
    @param  baseline_loss    The incumbent's loss on the same training set.
    @param  eval_root_hash   keccak256 of the root of the evaluation's transcript.
    @param  salt             Of the commitment.
    @param  signature        Of the claim, by `trainer`.
    """
    block_index: uint256 = block_clock._running_in(block_clock.REVEAL)
    # A claim by nobody would pass the signature check below and could never be paid; a ballot names its candidates in
    # rising order, from above zero.
    if trainer == empty(address) or checkpoint_hash == empty(bytes32):
        refusal._because(refusal.ZERO)
    part: uint256 = 0
    version: uint256 = 0
    tip: bytes32 = empty(bytes32)
    part, version, tip = self._open_round(block_index)
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    if baseline.known == 1 and baseline.version == version:
        if convert(baseline_loss, uint256) != baseline.loss:
            refusal._because(refusal.WRONG_BASELINE)
    if convert(loss, uint256) + self._improvement(self._level(baseline, block_index)) > convert(baseline_loss, uint256):
        refusal._because(refusal.NO_IMPROVEMENT)
    digest: bytes32 = signed_claims._digest(
        trainer, block_index, MODEL_HASH, tip, checkpoint_hash, loss, baseline_loss, eval_root_hash
    )
    seq: uint256 = 0
    committed_1: uint256 = 0
    seq, committed_1 = checkpoint_words._unpack_commitment(self._commitment[keccak256(abi_encode(digest, salt))])
    if committed_1 != block_index + 1:
        refusal._because(refusal.NO_COMMITMENT)
    if not signed_claims._is_signed(trainer, digest, signature):
        refusal._because(refusal.BAD_SIGNATURE)
    claim: checkpoint_words.Claim = checkpoint_words.Claim(
        trainer=trainer, loss=convert(loss, uint256), part=part, marks=convert(msg.sender != trainer, uint256)
    )
    again: uint256 = 0
    used: bool = False
    old: checkpoint_words.Standing = candidates._standing_of(checkpoint_hash)
    if old.used == 0:
        used = self._has_won_above(checkpoint_hash)
    elif old.block_1 == committed_1:
        used = seq >= old.seq
        candidates._displace(checkpoint_hash)
    else:
        seq = old.seq
        again = 1
        claim = candidates._claim_of(checkpoint_hash)
        used = claim.trainer != trainer or not self._is_open(claim, old)
        claim.loss = convert(loss, uint256)
    if used:
        refusal._because(refusal.HASH_ALREADY_USED)
    candidates._enter(checkpoint_hash, committed_1, seq, again, claim, eval_root_hash)
    if again == 0:
        bond: uint256 = candidates._bond(part)
        if claim.marks == checkpoint_words.RELAYED:
            candidates._relayer[checkpoint_hash] = msg.sender
        # `Neuron` says itself why it refuses.
        assert extcall NRN.transferFrom(msg.sender, self, bond)
    log ICheckpointVoting.Revealed(
        block_index=block_index,
        checkpoint_hash=checkpoint_hash,
        trainer=trainer,
        loss=loss,
        baseline_loss=baseline_loss,
        eval_root_hash=eval_root_hash,
        seq=seq,
    )


@external
def vote(approvals: Bytes[keeper_pool.MAX_BALLOT], staker: address = msg.sender):
    """
    @notice Approve up to four candidates of this block, or none of them, in the vote window. Final.
    @param  approvals  For each candidate, in the rising order of their hashes, the hash and then 32 bytes of attestation:
                       keccak256(abi_encode(root of the evaluation's transcript, staker)), or any other word by who
                       claims no pay for it.
    @param  staker     Whose ballot it is; the caller must be the staker or its operator.
    """
    block_index: uint256 = block_clock._running_in(block_clock.VOTE)
    round: uint256 = self._round
    block_1: uint256 = block_index + 1
    if (round >> 152) & checkpoint_words.BLOCK_MASK != block_1:
        refusal._because(refusal.NOTHING_REVEALED)
    if len(approvals) % keeper_pool.APPROVAL != 0:
        refusal._because(refusal.BALLOT)
    keeper_pool._cast(block_index, staker, keccak256(approvals))
    power: uint256 = staticcall VAULT.ballot_power(
        GROUP_ID, staker, msg.sender, block_clock._epoch_of(block_index), False
    )
    if power == 0:
        refusal._because(refusal.NO_POWER)
    # Unsafe but safe: votes are the low 104 bits of both words and stay below 2**97, so nothing is carried.
    round = unsafe_add(round, power)
    last: bytes32 = empty(bytes32)
    # Unsafe but safe: a place in the ballot.
    at: uint256 = 0
    for _: uint256 in range(keeper_pool.MAX_APPROVALS):
        if at == len(approvals):
            break
        checkpoint_hash: bytes32 = extract32(approvals, at)
        # Rising, so none is named twice.
        if convert(checkpoint_hash, uint256) <= convert(last, uint256):
            refusal._because(refusal.ORDER)
        last = checkpoint_hash
        standing: uint256 = candidates._standing[checkpoint_hash]
        if (standing >> 152) & checkpoint_words.BLOCK_MASK != block_1:
            refusal._because(refusal.NOT_A_CANDIDATE)
        # Unsafe but safe: as above.
        standing = unsafe_add(standing, power)
        if standing < checkpoint_words.LISTED and shortlist._leads(standing, round):
            standing |= checkpoint_words.LISTED
            round = shortlist._put(checkpoint_hash, round)
        candidates._standing[checkpoint_hash] = standing
        log ICheckpointVoting.Voted(
            block_index=block_index,
            checkpoint_hash=checkpoint_hash,
            staker=staker,
            power=power,
            attestation=extract32(approvals, unsafe_add(at, 32)),
        )
        at = unsafe_add(at, keeper_pool.APPROVAL)
    self._round = round
    if len(approvals) == 0:
        log ICheckpointVoting.Voted(
            block_index=block_index,
            checkpoint_hash=empty(bytes32),
            staker=staker,
            power=power,
            attestation=empty(bytes32),
        )


@external
def settle():
    """
    @notice Write down how the last block with a reveal ended. The first reveal of a later block does it as well.
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    if round.settled != 0:
        refusal._because(refusal.NOTHING_TO_SETTLE)
    if block_clock._running() < round.block_1:
        refusal._because(refusal.BLOCK_RUNNING)
    self._round |= checkpoint_words.SETTLED
    self._settle(round)


@external
def redeem(block_index: uint256) -> uint256:
    """
    @notice Have the reward of an accepted block minted, once. Anyone may call it; the trainer is paid. Not while its
            claim is challenged, and not once it is refuted.
    @param  block_index  An accepted block.
    @return NRN wei set aside for the keepers.
    """
    outcome: checkpoint_words.Outcome = self._acceptance_of(block_index)
    if outcome.redeemed != 0:
        refusal._because(refusal.REDEEMED)
    self._outcome[block_index] |= checkpoint_words.REDEEMED
    winner: bytes32 = self.accepted[outcome.height]
    claim: checkpoint_words.Claim = candidates._claim_of(winner)
    if claim.marks >= checkpoint_words.HELD:
        refusal._because(refusal.CHALLENGED)
    pooled: uint256 = extcall COINBASE.mint_block(claim.trainer, block_clock._start_of(block_index), KEEPER_BPS)
    if KEEPER_BPS > 0:
        keeper_pool._fund(block_index, pooled, candidates._standing_of(winner).votes)
    return pooled


@external
def release_bond(checkpoint_hash: bytes32):
    """
    @notice Give back or burn the bond of a candidate, once it is judged: by a block that accepted one, or by a majority
            and quorum against it. Nobody's judgement returns it only after four epochs. Not while it may be challenged.
    @dev    Burned if it ranks before the winner, or the block was rejected, and the votes that did not approve it are
            more than half of those cast and reach the quorum. Burned and not paid to the keepers: a majority of them would profit
            from rejecting honest trainers.
    @param  checkpoint_hash  The candidate.
    """
    claim: checkpoint_words.Claim = candidates._claim_of(checkpoint_hash)
    if claim.part == 0:
        refusal._because(refusal.NO_BOND)
    if claim.marks >= checkpoint_words.HELD:
        refusal._because(refusal.CHALLENGED)
    standing: checkpoint_words.Standing = candidates._standing_of(checkpoint_hash)
    if block.timestamp < self._challengeable_until(standing.block_1):
        refusal._because(refusal.MAY_BE_CHALLENGED)
    outcome: checkpoint_words.Outcome = self._outcome_of(standing.block_1 - 1)
    if outcome.status == 0:
        refusal._because(refusal.NOT_SETTLED)
    burned: bool = self._is_refuted(claim, standing, outcome)
    if not burned and outcome.status != _ACCEPTED:
        lapsed: uint256 = block_clock._epoch_of(standing.block_1 - 1) + _LAPSE_EPOCHS
        if block.timestamp // params.EPOCH < lapsed:
            refusal._because(refusal.NOT_JUDGED)
    payer: address = empty(address)
    amount: uint256 = 0
    payer, amount = candidates._unbond(checkpoint_hash, claim)
    if burned:
        extcall INeuron(NRN.address).burn(amount)
    else:
        self._pay(payer, amount)
    log ICheckpointVoting.BondReleased(checkpoint_hash=checkpoint_hash, payer=payer, amount=amount, burned=burned)


@external
def hold(checkpoint_hash: bytes32, held: bool):
    """
    @notice The referee: games against a claim begin, or the last of them is over. While they run, neither its reward nor
            its bond leaves.
    @dev    From the vote window on, when no earlier commitment can take the hash over any more.
    @param  checkpoint_hash  A claim, not refuted.
    @param  held             Whether games run.
    """
    if msg.sender != REFEREE:
        refusal._because(refusal.NOT_THE_REFEREE)
    if held:
        standing: uint256 = candidates._standing[checkpoint_hash]
        if standing & checkpoint_words.REFUTED != 0:
            refusal._because(refusal.REFUTED)
        block_1: uint256 = checkpoint_words._unpack_standing(standing).block_1
        if block_1 == 0:
            refusal._because(refusal.NO_CLAIM)
        if block.timestamp < block_clock._vote_of(block_1 - 1):
            refusal._because(refusal.BEFORE_THE_VOTE)
        if block.timestamp >= self._challengeable_until(block_1):
            refusal._because(refusal.CHALLENGE_ENDED)
    candidates._hold(checkpoint_hash, held)


@external
def refute(checkpoint_hash: bytes32, challenger: address):
    """
    @notice The referee: a claim is false. Half of its bond is the challenger's, half is burned, and it wins nothing any
            more. If its block had accepted it, the block is refuted: no reward is redeemed, no keeper paid. If it is
            the incumbent, the one before it that is not refuted stands again: a new height, its loss unknown.
    @dev    The pace is not touched: the block counts as one that was won, and the level falls with the next ones. Other
            claims of a refuted block are judged by nobody: they may be entered again, or their bonds lapse.
    @param  checkpoint_hash  A claim that is held.
    @param  challenger       Whom to pay.
    """
    if msg.sender != REFEREE:
        refusal._because(refusal.NOT_THE_REFEREE)
    payer: address = empty(address)
    amount: uint256 = 0
    payer, amount = candidates._refute(checkpoint_hash)
    block_index: uint256 = candidates._standing_of(checkpoint_hash).block_1 - 1
    outcome: checkpoint_words.Outcome = self._outcome_of(block_index)
    if outcome.status == _ACCEPTED and self.accepted[outcome.height] == checkpoint_hash:
        outcome.status = _REFUTED
        # No height of its own: its keepers' pool is closed.
        outcome.height = 0
        self._outcome[block_index] = checkpoint_words._pack_outcome(outcome)
        self._fall_back(checkpoint_hash)
    log ICheckpointVoting.Refuted(
        block_index=block_index, checkpoint_hash=checkpoint_hash, challenger=challenger, payer=payer, amount=amount
    )
    extcall INeuron(NRN.address).burn(amount - amount // 2)
    self._pay(challenger, amount // 2)


@external
def withdraw_credit(payer: address = msg.sender) -> uint256:
    """
    @notice Pay out the bonds of claims that were displaced. Anyone may call it.
    @param  payer  Who had posted them, and is paid.
    @return NRN wei paid.
    """
    amount: uint256 = candidates._take_credit(payer)
    self._pay(payer, amount)
    return amount


@external
def open_root(block_index: uint256, root: bytes32):
    """
    @notice Publish the root of the winner's evaluation, so that keepers can be paid. Anyone who knows it may.
    @param  block_index  An accepted block.
    @param  root         Hashes to the `eval_root_hash` the trainer signed.
    """
    outcome: checkpoint_words.Outcome = self._acceptance_of(block_index)
    keeper_pool._open(block_index, root, candidates.eval_root_hash[self.accepted[outcome.height]])
    log ICheckpointVoting.RootOpened(block_index=block_index, eval_root=root)


@external
def claim_keeper(
    block_index: uint256, approvals: Bytes[keeper_pool.MAX_BALLOT], staker: address = msg.sender
) -> uint256:
    """
    @notice Pay a keeper its part of a block's pool, if its ballot approved the winner and shows that it evaluated it.
    @param  block_index  An accepted and redeemed block whose root is public.
    @param  approvals    The keeper's ballot, as it was cast.
    @param  staker       Who is paid; anyone may call.
    @return NRN wei paid.
    """
    winner: bytes32 = self.accepted[self._outcome_of(block_index).height]
    attestation: bytes32 = keeper_pool._attestation(block_index, staker)
    attested: bool = False
    # Unsafe but safe: a place in the ballot.
    at: uint256 = 0
    for _: uint256 in range(keeper_pool.MAX_APPROVALS):
        if at == len(approvals):
            break
        if extract32(approvals, at) == winner:
            attested = extract32(approvals, unsafe_add(at, 32)) == attestation
        at = unsafe_add(at, keeper_pool.APPROVAL)
    if not attested:
        refusal._because(refusal.ATTESTATION)
    power: uint256 = staticcall VAULT.power_at(GROUP_ID, staker, block_clock._epoch_of(block_index))
    amount: uint256 = keeper_pool._draw(block_index, staker, keccak256(approvals), power)
    self._pay(staker, amount)
    log ICheckpointVoting.KeeperPaid(block_index=block_index, staker=staker, amount=amount)
    return amount


@external
@view
@reentrant
def seq() -> uint256:
    """
    @notice Number of commitments so far: the order that decides who was first.
    @return Their number.
    """
    return checkpoint_words._unpack_commitment(self._last_commitment)[0]


@external
@view
@reentrant
def terms() -> (uint256, uint256):
    """
    @notice What a claim of the running block must gain, and what its reveal posts.
    @return Improvement on the incumbent's loss, Q32.32 nats per example.
    @return NRN wei; 0 while the group has no power.
    """
    block_index: uint256 = block_clock._running()
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    return self._improvement(self._level(baseline, block_index)), candidates._bond(self._part_in(block_index))


@external
@view
@reentrant
def current() -> (uint256, uint256, uint256, bytes32, bool, uint256):
    """
    @notice What a trainer needs to claim in the running block, as far as it is written down.
    @return Index of the block.
    @return Its phase: 0 commit, 1 reveal, 2 vote.
    @return Version of its training set.
    @return Tip of that version.
    @return Whether the incumbent's loss on that version is on chain.
    @return That loss; of another version, or 0, if it is not.
    """
    block_index: uint256 = block_clock._running()
    version: uint256 = 0
    tip: bytes32 = empty(bytes32)
    version, tip = staticcall DELTAS.tip_at(block_clock._start_of(block_index))
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    known: bool = baseline.known == 1 and baseline.version == version
    return block_index, block_clock._phase(), version, tip, known, baseline.loss


@external
@view
@reentrant
def incumbent() -> bytes32:
    """
    @notice The checkpoint to beat.
    @return Its hash.
    """
    return self.accepted[checkpoint_words._unpack_baseline(self._baseline).height]


@external
@view
@reentrant
def baseline() -> (uint256, uint256, uint256, bool):
    """
    @notice The incumbent's loss as the keepers last confirmed it.
    @return Loss, Q32.32 nats per example.
    @return Version of the training set it was measured on.
    @return Height of the incumbent.
    @return False before the first accepted block, and after a refuted incumbent until the next.
    """
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    return baseline.loss, baseline.version, baseline.height, baseline.known == 1


@external
@view
@reentrant
def outcome(block_index: uint256) -> (uint256, uint256, uint256, bool, uint256):
    """
    @notice How a block ended.
    @param  block_index  The block.
    @return 1 accepted, 2 rejected, 3 no quorum, 4 accepted and refuted, 0 nothing revealed or not settled.
    @return Loss of the winner, if accepted.
    @return Its height, if accepted.
    @return Whether the reward has been redeemed.
    @return Votes cast, NRN wei.
    """
    outcome: checkpoint_words.Outcome = self._outcome_of(block_index)
    return outcome.status, outcome.loss, outcome.height, outcome.redeemed == 1, outcome.cast


@external
@view
@reentrant
def state() -> (uint256, uint256, bool, bytes32):
    """
    @notice The last block in which something was revealed.
    @return Its index plus one; 0 if there was none.
    @return Votes cast.
    @return Whether it is settled.
    @return Who won, or would win if it had ended now; zero is nobody.
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    winner: bytes32 = empty(bytes32)
    if round.settled == 0:
        baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
        status: uint256 = 0
        status, winner = self._verdict(round, self._level(baseline, round.block_1 - 1))
    elif round.block_1 > 0:
        outcome: checkpoint_words.Outcome = self._outcome_of(round.block_1 - 1)
        if outcome.status == _ACCEPTED:
            winner = self.accepted[outcome.height]
    return round.block_1, round.cast, round.settled == 1, winner


@external
@view
@reentrant
def commitment(commitment: bytes32) -> (uint256, uint256):
    """
    @notice A commitment; zeros if there is none.
    @param  commitment  The hash posted.
    @return Its sequence number.
    @return Block index plus one.
    """
    return checkpoint_words._unpack_commitment(self._commitment[commitment])


@external
@view
@reentrant
def has_won(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether a checkpoint was accepted, here or in a group that this one descends from.
    @param  checkpoint_hash  The checkpoint.
    @return True if it was.
    """
    block_1: uint256 = candidates._standing_of(checkpoint_hash).block_1
    if block_1 > 0:
        outcome: checkpoint_words.Outcome = self._outcome_of(block_1 - 1)
        if outcome.status == _ACCEPTED and self.accepted[outcome.height] == checkpoint_hash:
            return True
    return self._has_won_above(checkpoint_hash)


@internal
def _open_round(block_index: uint256) -> (uint256, uint256, bytes32):
    """
    @notice On the first reveal of a block: settle the last round, begin a new one.
    @return The part of the full bond that a reveal of this block posts.
    @return Version of the training set the block is judged on.
    @return Tip of that version.
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    if round.block_1 == block_index + 1:
        return round.part, round.version, staticcall DELTAS.tip_of(round.version)
    version: uint256 = 0
    tip: bytes32 = empty(bytes32)
    version, tip = extcall DELTAS.sync(block_clock._start_of(block_index))
    if round.settled == 0:
        self._settle(round)
    part: uint256 = self._part_in(block_index)
    self._round = checkpoint_words._new_round(block_index + 1, version, part)
    return part, version, tip


@internal
def _settle(round: checkpoint_words.Round):
    """
    @notice Write down the outcome of a round whose block is over.
    @dev    Cannot revert: the vault answers for any epoch that has begun.
    """
    block_index: uint256 = round.block_1 - 1
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    level: uint256 = self._level(baseline, block_index)
    status: uint256 = 0
    winner: bytes32 = empty(bytes32)
    status, winner = self._verdict(round, level)
    outcome: checkpoint_words.Outcome = checkpoint_words.Outcome(
        status=status, loss=0, seq=0, height=0, redeemed=0, level=level, again=0, cast=round.cast
    )
    log ICheckpointVoting.BlockSettled(
        block_index=block_index, status=outcome.status, checkpoint_hash=winner, cast=round.cast
    )
    if outcome.status == _ACCEPTED:
        claim: checkpoint_words.Claim = candidates._claim_of(winner)
        outcome.loss = claim.loss
        standing: checkpoint_words.Standing = candidates._standing_of(winner)
        outcome.seq = standing.seq
        outcome.again = standing.again
        outcome.height = baseline.height + 1
        self._accept(winner, claim, outcome, round)
    self._outcome[block_index] = checkpoint_words._pack_outcome(outcome)


@internal
def _accept(
    winner: bytes32,
    claim: checkpoint_words.Claim,
    outcome: checkpoint_words.Outcome,
    round: checkpoint_words.Round,
):
    """
    @notice Append an incumbent. Heights are only ever appended: whatever else may come to replace an incumbent does it
            here, as a height of its own.
    """
    self.accepted[outcome.height] = winner
    self._baseline = checkpoint_words._pack_baseline(
        checkpoint_words.Baseline(
            loss=outcome.loss,
            version=round.version,
            height=outcome.height,
            known=1,
            level=pace._raised(outcome.level, convert(MIN_IMPROVEMENT, uint256), convert(MAX_IMPROVEMENT, uint256)),
            block_1=round.block_1,
        )
    )
    log ICheckpointVoting.BlockAccepted(
        height=outcome.height,
        block_index=round.block_1 - 1,
        checkpoint_hash=winner,
        trainer=claim.trainer,
        loss=convert(outcome.loss, uint64),
        version=round.version,
    )


@internal
def _fall_back(refuted: bytes32):
    """
    @notice If the refuted checkpoint is the incumbent, append the last one before it that is not refuted.
    """
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    if self.accepted[baseline.height] != refuted:
        return
    successor: bytes32 = self.accepted[0]
    for back: uint256 in range(1, _FALL):
        if back >= baseline.height:
            break
        before: bytes32 = self.accepted[baseline.height - back]
        if candidates._standing[before] & checkpoint_words.REFUTED == 0:
            successor = before
            break
    baseline.height += 1
    baseline.loss = 0
    baseline.known = 0
    self.accepted[baseline.height] = successor
    self._baseline = checkpoint_words._pack_baseline(baseline)
    log ICheckpointVoting.FellBack(height=baseline.height, checkpoint_hash=successor)


@internal
def _pay(to: address, amount: uint256):
    # `Neuron` says itself why it refuses.
    assert extcall NRN.transfer(to, amount)


@internal
@view
def _verdict(round: checkpoint_words.Round, level: uint256) -> (uint256, bytes32):
    """
    @notice How a round ends with the ballots cast so far, and who wins, or zero. Rank first, then quorum: if the best
            misses the quorum, no worse one takes its place.
    """
    best: bytes32 = shortlist._best(self._round, self._improvement(level))
    votes: uint256 = round.cast if best == empty(bytes32) else candidates._standing_of(best).votes
    if not self._is_quorum(votes, round.block_1 - 1):
        return _NO_QUORUM, empty(bytes32)
    return _REJECTED if best == empty(bytes32) else _ACCEPTED, best


@internal
@view
def _is_refuted(
    claim: checkpoint_words.Claim, standing: checkpoint_words.Standing, outcome: checkpoint_words.Outcome
) -> bool:
    """
    @notice Whether the keepers have judged a claim false: it ranks before the winner, or the block was rejected, and
            those who did not approve it are more than half of the votes cast and a quorum.
    """
    against: uint256 = outcome.cast - standing.votes
    # Unsafe but safe: votes stay below 2**97, losses and margins below 2**64.
    if outcome.status > _REJECTED or unsafe_mul(2, against) <= outcome.cast:
        return False
    if outcome.status == _ACCEPTED:
        # Of two claims of this block neither can have been copied: the lower loss ranks before.
        margin: uint256 = self._improvement(outcome.level) if standing.again + outcome.again > 0 else 1
        better: bool = unsafe_add(claim.loss, margin) <= outcome.loss
        earlier: bool = claim.loss < unsafe_add(outcome.loss, margin) and standing.seq < outcome.seq
        if not (better or earlier):
            return False
    return self._is_quorum(against, standing.block_1 - 1)


@internal
@view
def _is_open(claim: checkpoint_words.Claim, standing: checkpoint_words.Standing) -> bool:
    """
    @notice Whether nobody has judged a claim of an earlier block: it may be entered again.
    """
    outcome: checkpoint_words.Outcome = self._outcome_of(standing.block_1 - 1)
    return claim.part > 0 and outcome.status != _ACCEPTED and not self._is_refuted(claim, standing, outcome)


@internal
@view
def _challengeable_until(block_1: uint256) -> uint256:
    """
    @return Unix time until which a claim of that block may be challenged.
    """
    # Unsafe but safe: times.
    return unsafe_add(block_clock._start_of(block_1), params.CHALLENGE)


@internal
@view
def _is_quorum(votes: uint256, block_index: uint256) -> bool:
    # Unsafe but safe: votes and power stay below 2**97, the factors below 2**14.
    return unsafe_mul(votes, params.BPS) >= unsafe_mul(self._power_in(block_index), QUORUM_BPS)


@internal
@view
def _power_in(block_index: uint256) -> uint256:
    """
    @notice The power of the group on which a block's quorum is measured.
    """
    return staticcall VAULT.group_power_at(GROUP_ID, block_clock._epoch_of(block_index))


@internal
@view
def _part_in(block_index: uint256) -> uint256:
    """
    @notice The part of the full bond that a reveal of a block posts: the group's share of all stake.
    """
    mine: uint256 = 0
    total: uint256 = 0
    mine, total = staticcall VAULT.share_at(GROUP_ID, block_clock._epoch_of(block_index))
    # Unsafe but safe: of a total of 0 nothing is mine, and stakes stay below 2**97.
    return 0 if mine == 0 else max(unsafe_div(unsafe_mul(mine, candidates.WHOLE), total), _LEAST_PART)


@internal
@view
def _level(baseline: checkpoint_words.Baseline, block_index: uint256) -> uint256:
    """
    @notice Level of the minimum improvement in a block after the last accepted one.
    """
    return pace._lowered(baseline.level, block_index - baseline.block_1)


@internal
@view
def _improvement(level: uint256) -> uint256:
    return pace._improvement(level, convert(MIN_IMPROVEMENT, uint256), convert(MAX_IMPROVEMENT, uint256))


@internal
@view
def _has_won_above(checkpoint_hash: bytes32) -> bool:
    """
    @notice Whether a checkpoint was accepted in a group that this one descends from.
    """
    return PARENT.address != empty(address) and staticcall PARENT.has_won(checkpoint_hash)


@internal
@view
def _acceptance_of(block_index: uint256) -> checkpoint_words.Outcome:
    outcome: checkpoint_words.Outcome = self._outcome_of(block_index)
    if outcome.status != _ACCEPTED:
        refusal._because(refusal.NOT_ACCEPTED)
    return outcome


@internal
@view
def _outcome_of(block_index: uint256) -> checkpoint_words.Outcome:
    return checkpoint_words._unpack_outcome(self._outcome[block_index])
