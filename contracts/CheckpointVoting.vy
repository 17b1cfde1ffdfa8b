# SPDX-License-Identifier: AGPL-3.0-only
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Checkpoint voting
@notice One group's race for the lowest loss, block by block. In the commit window trainers post the hash of their signed
        claim; in the reveal window the claim itself with a bond; in the vote window the keepers, who have recomputed the
        losses, vote for the best true claim or for "none valid". The winner becomes the incumbent to beat and redeems
        its reward.
@dev    Commit before reveal makes theft useless: who copies a revealed checkpoint has no commitment of that block. The
        outcome of a block is fixed when its vote window closes; `settle` only writes it down, makes no state-changing
        external call and costs the same however many claims and ballots there were. Effects come before interactions;
        the token has no hooks; every entry holds the lock.
"""

from contracts._modules import block_clock
from contracts._modules import candidates
from contracts._modules import checkpoint_words
from contracts._modules import keeper_pool
from contracts._modules import params
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
initializes: signed_claims

exports: (
    block_clock.COMMIT_WINDOW,
    block_clock.GENESIS_TIME,
    block_clock.PERIOD,
    block_clock.REVEAL_WINDOW,
    block_clock.VOTE_WINDOW,
    candidates.candidate,
    candidates.credit,
    candidates.eval_root_hash,
    candidates.is_used,
    candidates.votes,
    keeper_pool.ballot,
    keeper_pool.eval_root,
    signed_claims.eip712Domain,
)

_ACCEPTED: constant(uint256) = 1
_REJECTED: constant(uint256) = 2
_NO_QUORUM: constant(uint256) = 3


# A winner needs this share of the group's power: at least a tenth, so that a handful of stake cannot pass a false loss;
# at most two thirds, so that a third staying away cannot stop the group.
_MIN_QUORUM_BPS: constant(uint256) = 1_000
_MAX_QUORUM_BPS: constant(uint256) = 6_667


# Trainers keep at least half of the reward.
_MAX_KEEPER_BPS: constant(uint256) = 5_000

_MAX_BOND: constant(uint256) = 2**96 - 1

GROUP_ID: public(immutable(uint256))
NRN: public(immutable(address))
VAULT: public(immutable(address))
COINBASE: public(immutable(address))
DELTAS: public(immutable(address))
MODEL_HASH: public(immutable(bytes32))
QUORUM_BPS: public(immutable(uint256))
KEEPER_BPS: public(immutable(uint256))
BOND: public(immutable(uint256))
MIN_IMPROVEMENT: public(immutable(uint64))


# Number of commitments so far: the order that decides who was first.
seq: public(uint256)


# height -> checkpoint hash; height 0 is the genesis checkpoint.
accepted: public(HashMap[uint256, bytes32])


# commitment -> its sequence number and block, `checkpoint_words._pack_commitment`.
_commitment: HashMap[bytes32, uint256]


# `checkpoint_words.Round`
_round: uint256


# Checkpoint hash of the leader; void while the round's `seq` is 0.
_leader: bytes32


# Votes for "none valid", a `checkpoint_words.Standing`; void unless its block is the round's.
_none: uint256


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
    @param  genesis_checkpoint  Incumbent at height 0.
    @param  config              The group's parameters.
    """
    block_clock.__init__(config.commit_window, config.reveal_window, config.vote_window)
    signed_claims.__init__()
    quorum_bps: uint256 = config.checkpoint_quorum_bps
    assert quorum_bps >= _MIN_QUORUM_BPS and quorum_bps <= _MAX_QUORUM_BPS, "cv: quorum"
    assert config.keeper_bps <= _MAX_KEEPER_BPS, "cv: keeper share"
    assert config.min_improvement >= 1, "cv: improvement"
    assert config.bond > 0 and config.bond <= _MAX_BOND, "cv: bond"
    assert genesis_checkpoint != empty(bytes32), "cv: genesis"
    GROUP_ID = group_id
    NRN = nrn
    VAULT = vault
    COINBASE = coinbase
    DELTAS = deltas
    MODEL_HASH = config.model_hash
    QUORUM_BPS = quorum_bps
    KEEPER_BPS = config.keeper_bps
    BOND = config.bond
    MIN_IMPROVEMENT = config.min_improvement
    self.accepted[0] = genesis_checkpoint
    # Void, but not zero: the founder pays for the new word and no keeper does.
    self._leader = genesis_checkpoint
    candidates._reserve(genesis_checkpoint)
    self._round = checkpoint_words._pack_round(checkpoint_words.Round(votes=0, seq=0, block_1=0, version=0, settled=1))


@external
def commit(commitment: bytes32):
    """
    @notice Announce a claim without showing it, in the commit window. Anyone may send it.
    @dev    The trainer is inside the hash: copying a commitment only pays its owner's gas.
    @param  commitment  keccak256(abi_encode(EIP-712 digest of the claim, salt)).
    """
    block_index: uint256 = 0
    phase: uint256 = 0
    block_index, phase = block_clock._now()
    assert phase == 0, "cv: not commit window"
    assert self._commitment[commitment] == 0, "cv: commitment exists"
    seq: uint256 = self.seq + 1
    self.seq = seq
    self._commitment[commitment] = checkpoint_words._pack_commitment(seq, block_index + 1)
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
    @notice Show a claim committed in this block, in the reveal window. The caller posts `BOND` and gets it back unless
            the keepers judge the claim false; the reward is the trainer's.
    @param  trainer          Signer of the claim and receiver of the reward.
    @param  checkpoint_hash  sha256 of the checkpoint's manifest.
    @param  loss             Its loss on the block's training set, Q32.32 nats per example.
    @param  baseline_loss    The incumbent's loss on the same training set.
    @param  eval_root_hash   keccak256 of the root of the evaluation's transcript.
    @param  salt             Of the commitment.
    @param  signature        Of the claim, by `trainer`.
    """
    block_index: uint256 = 0
    phase: uint256 = 0
    block_index, phase = block_clock._now()
    assert phase == 1, "cv: not reveal window"
    # A claim by nobody would pass the signature check below and could never be paid.
    assert trainer != empty(address), "cv: zero trainer"
    # The zero hash is the ballot for "none valid".
    assert checkpoint_hash != empty(bytes32), "cv: zero checkpoint"
    block_1: uint256 = block_index + 1
    version: uint256 = 0
    tip: bytes32 = empty(bytes32)
    version, tip = extcall IDeltaRegistry(DELTAS).sync(block_clock._start_of(block_index))
    self._open_round(block_1, version)
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    if baseline.known == 1 and baseline.version == version:
        assert convert(baseline_loss, uint256) == baseline.loss, "cv: wrong baseline"
    assert (
        convert(loss, uint256) + convert(MIN_IMPROVEMENT, uint256) <= convert(baseline_loss, uint256)
    ), "cv: no improvement"
    digest: bytes32 = signed_claims._digest(
        trainer, block_index, MODEL_HASH, tip, checkpoint_hash, loss, baseline_loss, eval_root_hash
    )
    seq: uint256 = 0
    committed_1: uint256 = 0
    seq, committed_1 = checkpoint_words._unpack_commitment(self._commitment[keccak256(abi_encode(digest, salt))])
    assert committed_1 == block_1, "cv: no commitment"
    assert signed_claims._is_signed(trainer, digest, signature), "cv: bad signature"
    candidates._enter(checkpoint_hash, block_1, seq, trainer, convert(loss, uint256), eval_root_hash, msg.sender, BOND)
    assert extcall IERC20(NRN).transferFrom(msg.sender, self, BOND), "cv: bond"
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
def vote(checkpoint_hash: bytes32, attestation: bytes32, staker: address = msg.sender):
    """
    @notice Vote for a candidate of this block, or for "none valid", in the vote window. Final.
    @param  checkpoint_hash  The candidate; zero for "none valid".
    @param  attestation      keccak256(abi_encode(root of the evaluation's transcript, staker)), or any other non-zero
                             word by who claims no pay.
    @param  staker           Whose ballot it is; the caller must be the staker or its operator.
    """
    block_index: uint256 = 0
    phase: uint256 = 0
    block_index, phase = block_clock._now()
    assert phase == 2, "cv: not vote window"
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    assert round.block_1 == block_index + 1, "cv: nothing revealed"
    none_valid: bool = checkpoint_hash == empty(bytes32)
    standing: checkpoint_words.Standing = checkpoint_words._unpack_standing(
        self._none if none_valid else candidates._standing[checkpoint_hash]
    )
    if standing.block_1 != round.block_1:
        assert none_valid, "cv: not a candidate"
        standing = checkpoint_words.Standing(votes=0, seq=0, block_1=round.block_1, used=0)
    keeper_pool._cast(block_index, staker, checkpoint_hash, attestation)
    power: uint256 = staticcall IStakeVault(VAULT).ballot_power(
        GROUP_ID, staker, msg.sender, block_clock._epoch_of(block_index), False
    )
    assert power > 0, "cv: no power"
    standing.votes += power
    word: uint256 = checkpoint_words._pack_standing(standing)
    if none_valid:
        self._none = word
    else:
        candidates._standing[checkpoint_hash] = word
    # Most votes lead, ties go to the first committed, "none valid" (seq 0) wins them all.
    if standing.votes > round.votes or (standing.votes == round.votes and standing.seq < round.seq):
        if round.seq != standing.seq:
            round.seq = standing.seq
            if not none_valid:
                self._leader = checkpoint_hash
        round.votes = standing.votes
        self._round = checkpoint_words._pack_round(round)
    log ICheckpointVoting.Voted(
        block_index=block_index,
        checkpoint_hash=checkpoint_hash,
        staker=staker,
        power=power,
        attestation=attestation,
    )


@external
def settle():
    """
    @notice Write down how the last block with a reveal ended. The first reveal of a later block does it as well.
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    assert round.settled == 0, "cv: nothing to settle"
    block_index: uint256 = 0
    phase: uint256 = 0
    block_index, phase = block_clock._now()
    assert block_index >= round.block_1, "cv: block running"
    round.settled = 1
    self._round = checkpoint_words._pack_round(round)
    self._settle(round)


@external
def redeem(block_index: uint256) -> uint256:
    """
    @notice Have the reward of an accepted block minted, once. Anyone may call it; the trainer is paid.
    @param  block_index  An accepted block.
    @return NRN wei set aside for the keepers.
    """
    outcome: checkpoint_words.Outcome = checkpoint_words._unpack_outcome(self._outcome[block_index])
    assert outcome.status == _ACCEPTED, "cv: not accepted"
    assert outcome.redeemed == 0, "cv: redeemed"
    outcome.redeemed = 1
    self._outcome[block_index] = checkpoint_words._pack_outcome(outcome)
    winner: bytes32 = self.accepted[outcome.height]
    claim: checkpoint_words.Claim = candidates._claim_of(winner)
    pooled: uint256 = extcall ICoinbase(COINBASE).mint_block(
        claim.trainer, block_clock._start_of(block_index), KEEPER_BPS
    )
    if pooled > 0:
        keeper_pool._fund(block_index, pooled, candidates._standing_of(winner).votes)
    return pooled


@external
def release_bond(checkpoint_hash: bytes32):
    """
    @notice Give back or burn the bond of a candidate, once its block is settled.
    @dev    Burned if the keepers must have judged the claim false: it ranked better than the winner, or "none valid"
            won. Burned and not paid to the keepers: a majority of them would profit from rejecting honest trainers.
    @param  checkpoint_hash  The candidate.
    """
    claim: checkpoint_words.Claim = empty(checkpoint_words.Claim)
    payer: address = empty(address)
    claim, payer = candidates._unbond(checkpoint_hash)
    standing: checkpoint_words.Standing = candidates._standing_of(checkpoint_hash)
    outcome: checkpoint_words.Outcome = checkpoint_words._unpack_outcome(self._outcome[standing.block_1 - 1])
    assert outcome.status != 0, "cv: not settled"
    burned: bool = outcome.status == _REJECTED
    if outcome.status == _ACCEPTED:
        burned = claim.loss < outcome.loss or (claim.loss == outcome.loss and standing.seq < outcome.seq)
    if burned:
        extcall INeuron(NRN).burn(BOND)
    else:
        assert extcall IERC20(NRN).transfer(payer, BOND), "cv: transfer"
    log ICheckpointVoting.BondReleased(checkpoint_hash=checkpoint_hash, payer=payer, amount=BOND, burned=burned)


@external
def withdraw_credit() -> uint256:
    """
    @notice Withdraw the bonds of the caller's claims that were displaced.
    @return NRN wei paid.
    """
    amount: uint256 = candidates._take_credit(msg.sender)
    assert extcall IERC20(NRN).transfer(msg.sender, amount), "cv: transfer"
    return amount


@external
def open_root(block_index: uint256, root: bytes32):
    """
    @notice Publish the root of the winner's evaluation, so that keepers can be paid. Anyone who knows it may.
    @param  block_index  An accepted block.
    @param  root         Hashes to the `eval_root_hash` the trainer signed.
    """
    outcome: checkpoint_words.Outcome = checkpoint_words._unpack_outcome(self._outcome[block_index])
    assert outcome.status == _ACCEPTED, "cv: not accepted"
    keeper_pool._open(block_index, root, candidates.eval_root_hash[self.accepted[outcome.height]])
    log ICheckpointVoting.RootOpened(block_index=block_index, eval_root=root)


@external
def claim_keeper(block_index: uint256, staker: address = msg.sender) -> uint256:
    """
    @notice Pay a keeper its part of a block's pool, if its ballot was for the winner and shows that it evaluated.
    @param  block_index  An accepted and redeemed block whose root is public.
    @param  staker       Who is paid; anyone may call.
    @return NRN wei paid.
    """
    outcome: checkpoint_words.Outcome = checkpoint_words._unpack_outcome(self._outcome[block_index])
    power: uint256 = staticcall IStakeVault(VAULT).power_at(GROUP_ID, staker, block_clock._epoch_of(block_index))
    amount: uint256 = keeper_pool._draw(block_index, staker, self.accepted[outcome.height], power)
    assert extcall IERC20(NRN).transfer(staker, amount), "cv: transfer"
    log ICheckpointVoting.KeeperPaid(block_index=block_index, staker=staker, amount=amount)
    return amount


@external
@view
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
    block_index: uint256 = 0
    phase: uint256 = 0
    block_index, phase = block_clock._now()
    version: uint256 = 0
    tip: bytes32 = empty(bytes32)
    version, tip = staticcall IDeltaRegistry(DELTAS).tip_at(block_clock._start_of(block_index))
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    known: bool = baseline.known == 1 and baseline.version == version
    return block_index, phase, version, tip, known, baseline.loss


@external
@view
def incumbent() -> bytes32:
    """
    @notice The checkpoint to beat.
    @return Its hash.
    """
    return self.accepted[checkpoint_words._unpack_baseline(self._baseline).height]


@external
@view
def baseline() -> (uint256, uint256, uint256, bool):
    """
    @notice The incumbent's loss as the keepers last confirmed it.
    @return Loss, Q32.32 nats per example.
    @return Version of the training set it was measured on.
    @return Height of the incumbent.
    @return False before the first accepted block.
    """
    baseline: checkpoint_words.Baseline = checkpoint_words._unpack_baseline(self._baseline)
    return baseline.loss, baseline.version, baseline.height, baseline.known == 1


@external
@view
def outcome(block_index: uint256) -> (uint256, uint256, uint256, bool):
    """
    @notice How a block ended.
    @param  block_index  The block.
    @return 1 accepted, 2 rejected, 3 no quorum, 0 nothing revealed or not settled.
    @return Loss of the winner, if accepted.
    @return Its height, if accepted.
    @return Whether the reward has been redeemed.
    """
    outcome: checkpoint_words.Outcome = checkpoint_words._unpack_outcome(self._outcome[block_index])
    return outcome.status, outcome.loss, outcome.height, outcome.redeemed == 1


@external
@view
def state() -> (uint256, uint256, uint256, bool, bytes32):
    """
    @notice The last block in which something was revealed.
    @return Its index plus one; 0 if there was none.
    @return Votes of its leader.
    @return The leader's sequence number; 0 is "none valid".
    @return Whether it is settled.
    @return Checkpoint hash of the leader; zero is "none valid".
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    return round.block_1, round.votes, round.seq, round.settled == 1, self._leader_of(round)


@external
@view
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
def none_votes(block_index: uint256) -> uint256:
    """
    @notice Votes for "none valid"; known for the last block in which it got any.
    @param  block_index  The block.
    @return NRN wei.
    """
    standing: checkpoint_words.Standing = checkpoint_words._unpack_standing(self._none)
    return standing.votes if standing.block_1 == block_index + 1 else 0


@internal
def _open_round(block_1: uint256, version: uint256):
    """
    @notice On the first reveal of a block: settle the last round, begin a new one with "none valid" in the lead.
    """
    round: checkpoint_words.Round = checkpoint_words._unpack_round(self._round)
    if round.block_1 == block_1:
        return
    self._round = checkpoint_words._pack_round(
        checkpoint_words.Round(votes=0, seq=0, block_1=block_1, version=version, settled=0)
    )
    if round.settled == 0:
        self._settle(round)


@internal
def _settle(round: checkpoint_words.Round):
    """
    @notice Write down the outcome of a round whose block is over.
    @dev    Cannot revert: the vault answers for any epoch that has begun.
    """
    block_index: uint256 = round.block_1 - 1
    winner: bytes32 = self._leader_of(round)
    power: uint256 = staticcall IStakeVault(VAULT).group_power_at(GROUP_ID, block_clock._epoch_of(block_index))
    outcome: checkpoint_words.Outcome = checkpoint_words.Outcome(status=_NO_QUORUM, loss=0, seq=0, height=0, redeemed=0)
    if round.votes > 0 and round.votes * params.BPS >= power * QUORUM_BPS:
        outcome.status = _REJECTED if round.seq == 0 else _ACCEPTED
    log ICheckpointVoting.BlockSettled(
        block_index=block_index, status=outcome.status, checkpoint_hash=winner, votes=round.votes
    )
    if outcome.status == _ACCEPTED:
        claim: checkpoint_words.Claim = candidates._claim_of(winner)
        outcome.loss = claim.loss
        outcome.seq = round.seq
        outcome.height = checkpoint_words._unpack_baseline(self._baseline).height + 1
        self.accepted[outcome.height] = winner
        self._baseline = checkpoint_words._pack_baseline(
            checkpoint_words.Baseline(loss=claim.loss, version=round.version, height=outcome.height, known=1)
        )
        log ICheckpointVoting.BlockAccepted(
            height=outcome.height,
            block_index=block_index,
            checkpoint_hash=winner,
            trainer=claim.trainer,
            loss=convert(claim.loss, uint64),
            version=round.version,
        )
    self._outcome[block_index] = checkpoint_words._pack_outcome(outcome)


@internal
@view
def _leader_of(round: checkpoint_words.Round) -> bytes32:
    return empty(bytes32) if round.seq == 0 else self._leader
