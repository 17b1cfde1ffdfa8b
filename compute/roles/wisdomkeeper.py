"""The wisdomkeeper: recompute what trainers claim and vote for the first that is entirely true."""

import contextlib
import logging
from dataclasses import dataclass

from compute.chain import Block, RevealedClaim, Status
from compute.chain.claims import NONE_VALID, attestation
from compute.checkpoint import InvalidCheckpoint
from compute.judging.goal import Goal, Goals
from compute.judging.retrieval import load_checkpoint
from compute.judging.transcripts import Transcripts
from compute.judging.verdict import NOT_RETRIEVED, Verdict, judge
from compute.node.clock import RETRY_SECONDS, Overdue, Wait
from compute.node.journal import Entry
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import attempt, settle_overdue
from compute.storage import BlockUnavailable
from compute.units import EPOCH

logger = logging.getLogger(__name__)

PAID = (1).to_bytes(32)


@dataclass(frozen=True)
class BallotEntry(Entry):
    """A ballot about to be cast; both hashes are zero for "none valid"."""

    checkpoint_hash: bytes
    eval_root: bytes


class Wisdomkeeper(Role):
    """One staker's judgement in one group.

    The seat's account is the staker itself, or the operator that `staker` named.
    """

    needs_exact_device = True

    def __init__(self, seat: Seat, staker: str | None = None) -> None:
        """Raises JournalError if another wisdomkeeper with this account runs."""
        self._journal = seat.journal(BallotEntry)
        self._group = seat.group
        self._vault = seat.group.chain.vault
        self._sender = seat.sender
        self._staker = staker or seat.address
        self._blocks = seat.blocks
        self._keeping = seat.keeping
        self._clock = seat.clock
        self._transcripts = Transcripts(seat.state / "evaluations")
        self._goals = Goals(seat.group, seat.blocks, seat.training_sets, self._transcripts)
        self._verdicts: dict[RevealedClaim, Verdict] = {}
        self._sought: set[RevealedClaim] = set()  # in vain

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._group.slot_at(now)
        settle_overdue(self._sender, self._group)
        self._collect(block.index)
        wait = self._act(block, now)
        judged = {claim.checkpoint_hash for claim in self._verdicts}
        voted = {entry.checkpoint_hash for entry in self._journal} - {NONE_VALID}
        self._keeping.refresh(block.index, judged | voted)
        return wait

    def _act(self, block: Block, now: int) -> Wait:
        if now < block.vote_at:
            self._verdicts.clear()
            self._sought.clear()
            with contextlib.suppress(BlockUnavailable):  # prepare: the vote window is short
                self._goals.now(self._check)
            return Wait(block.vote_at, "waiting for the vote window")
        if self._group.voting.ballot(block.index, self._staker) is None:
            entry = self._journal.get(block.index)
            if entry is None:
                retrieved_by = block.vote_at + (block.end - block.vote_at) // 2
                try:
                    entry = self._decide(block, retrieved_by)
                except BlockUnavailable as error:
                    if now < retrieved_by:
                        return Wait(retrieved_by, f"waiting. {error}", recheck=True)
                    logger.error("%s Not voting: without the group's data nothing is true.", error)
                except Overdue:
                    logger.error(
                        "Block %d ended during the evaluation: no vote. This machine is too slow "
                        "for the group; what was evaluated is kept.",
                        block.index,
                    )
            if entry is not None and not self._cast(entry):
                return Wait(min(now + RETRY_SECONDS, block.end), "waiting to vote again")
        return Wait(block.end, "waiting for the next block")

    def _decide(self, block: Block, retrieved_by: int) -> BallotEntry | None:
        """Judge the candidates and journal the ballot; None if there is nothing to vote on.

        From `retrieved_by` on a checkpoint counts as false that was sought in vain, and none is
        sought twice, because every search in vain costs a timeout. Raises BlockUnavailable if the
        goal's own blocks are missing, or those of a candidate that may still arrive, and Overdue
        if the block ends during an evaluation.
        """
        candidates = self._group.voting.candidates(block.index)
        if not candidates:
            return None
        epoch = block.start // EPOCH
        if not self._vault.power_at(self._group.id, self._staker, epoch):
            logger.warning("%s has no stake in this group in this epoch", self._staker)
            return None
        goal = self._goals.now(self._check)
        missing: BlockUnavailable | None = None
        chosen = BallotEntry(block.index, NONE_VALID, bytes(32))
        for claim in candidates:
            try:
                known_missing = claim in self._sought and self._clock.now() >= retrieved_by
                verdict = NOT_RETRIEVED if known_missing else self._verdict(claim, goal, block)
            except BlockUnavailable as error:
                self._sought.add(claim)
                if self._clock.now() < retrieved_by:
                    missing = missing or error
                    continue
                verdict = NOT_RETRIEVED
            logger.info("%s: %s", claim.checkpoint_hash.hex(), verdict.reason or "true")
            if verdict.true:
                chosen = BallotEntry(block.index, claim.checkpoint_hash, verdict.eval_root)
                break
        if missing is not None:
            raise missing
        self._journal.record(chosen)
        return chosen

    def _verdict(self, claim: RevealedClaim, goal: Goal, block: Block) -> Verdict:
        known = self._verdicts.get(claim)
        if known is not None:
            return known
        try:
            checkpoint = load_checkpoint(self._blocks, goal.specification, claim.checkpoint_hash)
            self._blocks.serve_checkpoint(claim.checkpoint_hash)
            verdict = judge(
                claim,
                checkpoint,
                goal,
                lambda examples: self._clock.check_until(block.end),
                self._transcripts,
            )
        except InvalidCheckpoint as error:
            verdict = Verdict(str(error))
        self._verdicts[claim] = verdict
        return verdict

    def _cast(self, entry: BallotEntry) -> bool:
        proof = attestation(entry.eval_root, self._staker)
        what = "vote for none" if entry.checkpoint_hash == NONE_VALID else "vote"
        return attempt(
            f"{what} in block {entry.block_index}",
            lambda: self._sender.vote(self._group, entry.checkpoint_hash, proof, self._staker),
        )

    def _collect(self, before: int) -> None:
        """Claim the keeper's share of blocks before index `before`, then forget their ballots."""
        for entry in self._journal:
            if entry.block_index < before and self._collected(entry):
                self._journal.forget(entry.block_index)

    def _collected(self, entry: BallotEntry) -> bool:
        """Collect for one ballot; whether nothing is left to do."""
        n, group, sender = entry.block_index, self._group, self._sender
        outcome = group.voting.outcome(n)
        if outcome.status == Status.UNSETTLED:
            return False
        if (
            group.config.keeper_bps == 0
            or outcome.status != Status.ACCEPTED
            or group.voting.accepted(outcome.height) != entry.checkpoint_hash
            or group.voting.ballot(n, self._staker) in (None, PAID)
        ):
            return True
        # another may be faster with the first two: what counts is the chain afterwards
        if not outcome.redeemed:
            attempt(f"redeem block {n}", lambda: sender.redeem(group, n))
        if group.voting.eval_root(n) is None:
            attempt(
                f"open the root of block {n}", lambda: sender.open_root(group, n, entry.eval_root)
            )
        return attempt(
            f"claim the keeper's share of block {n}",
            lambda: sender.claim_keeper(group, n, self._staker),
        )

    def _check(self, examples: int) -> None:
        self._clock.check()
