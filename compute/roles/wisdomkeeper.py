"""The wisdomkeeper: recompute what trainers claim and approve what is entirely true.

All claims of a block share one deadline, some minutes before its end. They are fetched side by side
and evaluated in turns, the best claims first; what is not whole by then is not approved, and the
ballot leaves with what is known. Before the deadline it leaves only when every claim is judged and
no reorganisation can change which there are.
"""

import contextlib
import heapq
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from eth_utils import keccak

from compute.chain import Block, Group, RevealedClaim, Status
from compute.chain.claims import MAX_APPROVALS, approvals, attestation, ballot
from compute.chain.records import Head
from compute.chain.voting import PAID
from compute.checkpoint import InvalidCheckpoint
from compute.judging.arrivals import Arrivals, InVain
from compute.judging.goal import Goal, Goals
from compute.judging.retrieval import load_checkpoint
from compute.judging.transcripts import Transcripts
from compute.judging.verdict import Verdict, judge
from compute.node.clock import RETRY_SECONDS, Overdue, Wait
from compute.node.events import event
from compute.node.final import done_for_good
from compute.node.journal import Entry
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import attempt, settle_overdue, told
from compute.storage import BlockUnavailable
from compute.units import EPOCH

logger = logging.getLogger(__name__)

RESERVE_SECONDS = 900  # kept free at the end of the vote window, at most a sixth of it
NOT_RETRIEVED = "its bytes could not be retrieved in time"
TURN_SECONDS = 60.0  # of evaluating one claim while others wait


@dataclass(frozen=True)
class BallotEntry(Entry):
    """A ballot about to be cast: checkpoint hash and evaluation root of each claim it approves."""

    approved: bytes

    @classmethod
    def of(cls, block_index: int, roots: dict[bytes, bytes]) -> "BallotEntry":
        """Of evaluation roots by checkpoint hash."""
        return cls(block_index, ballot(roots))

    @property
    def roots(self) -> dict[bytes, bytes]:
        """Evaluation root by checkpoint hash."""
        return approvals(self.approved)

    def cast(self, staker: str) -> bytes:
        """The ballot as a staker casts it."""
        return ballot({digest: attestation(root, staker) for digest, root in self.roots.items()})


class _Later(Exception):
    """Other claims wait for their turn."""


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
        self._missing = InVain()

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._group.slot_at(now)
        wait = self._act(block, now)  # first, for it has a deadline
        settle_overdue(self._sender, self._group)
        self._collect(block.index)
        judged = {claim.checkpoint_hash for claim in self._verdicts}
        voted = {digest for entry in self._journal for digest in entry.roots}
        self._keeping.refresh(block.index, judged | voted)
        return wait

    def _act(self, block: Block, now: int) -> Wait:
        if now < block.vote_at:
            self._verdicts.clear()
            self._missing.clear()
            with contextlib.suppress(BlockUnavailable):  # prepare: the vote window is short
                self._goals.now(self._check)
            return Wait(block.vote_at, "waiting for the vote window")
        voting = self._group.voting
        wait = None
        if voting.ballot(block.index, self._staker) is None:
            wait = self._vote(block)
        if wait is None and self._journal.get(block.index) is not None:
            final = self._group.chain.final()
            if voting.ballot(block.index, self._staker, final) is None:
                wait = self._soon(block.end, "waiting for the ballot to be final")
        return wait or Wait(block.end, "waiting for the next block")

    def _soon(self, end: int, doing: str) -> Wait:
        return Wait(min(self._clock.now() + RETRY_SECONDS, end), doing)

    def _vote(self, block: Block) -> Wait | None:
        """Judge the claims; cast the ballot if nothing more can be learned, or time is up. What to
        wait for, None if nothing is left to do."""
        head = self._group.reached(block.vote_at)
        candidates = self._group.voting.candidates(block.index, head)
        deadline = block.end - min(RESERVE_SECONDS, (block.end - block.vote_at) // 6)
        if not candidates:
            if head.timestamp >= deadline or self._is_final(candidates, block):
                return None
            return self._soon(deadline, "waiting for the reveals to be final")
        epoch = block.start // EPOCH
        if not self._vault.power_at(self._group.id, self._staker, epoch):
            logger.warning("%s has no stake in this group in this epoch", self._staker)
            return None
        missing: str | None = None
        if self._clock.now() < deadline:
            with contextlib.suppress(Overdue):
                missing = self._judge(candidates, block, head, deadline)
        if self._clock.now() < deadline:
            if missing is not None:
                return Wait(deadline, f"waiting. {missing}", recheck=True)
            if not self._is_final(candidates, block):
                return self._soon(deadline, "waiting for the reveals to be final")
        entry = self._decide(block, candidates)
        if entry is None:
            logger.error(
                "Block %d: no vote, for nothing is known of the claims. The group's data or our "
                "store is not there, or this machine is too slow; what was evaluated is kept.",
                block.index,
                extra=event("missed_vote", block=block.index),
            )
        elif not self._cast(entry):
            return self._soon(block.end, "waiting to vote again")
        return None

    def _is_final(self, candidates: Sequence[RevealedClaim], block: Block) -> bool:
        """Return whether no other claim can appear in the block: as a node that lags would see
        it."""
        chain = self._group.chain
        head = chain.head(chain.final())
        if head.timestamp < block.vote_at:
            return False
        return self._group.voting.candidates(block.index, head) == list(candidates)

    def _judge(
        self, candidates: Sequence[RevealedClaim], block: Block, head: Head, deadline: int
    ) -> str | None:
        """Judge what can be had now, in the order of rank, until a ballot is full; what is missing.

        Raises Overdue at the deadline.
        """
        self._remember(candidates, block)
        todo = [claim for claim in candidates if claim not in self._verdicts]
        if not todo or self._is_full():
            return None
        try:
            goal = self._goals.now(lambda examples: self._clock.check_until(deadline), head)
        except BlockUnavailable as error:
            return str(error)
        check = partial(self._clock.check_until, deadline)
        arrivals = Arrivals(self._blocks, goal, todo, check)
        with arrivals, self._missing.looking_for(arrivals):
            return self._judge_arriving(arrivals, goal, deadline, candidates)

    def _judge_arriving(
        self, arrivals: Arrivals, goal: Goal, deadline: int, candidates: Sequence[RevealedClaim]
    ) -> str | None:
        rank = {claim: place for place, claim in enumerate(candidates)}
        whole: list[tuple[int, int]] = []  # (turns it has had, rank)
        missing: str | None = None
        while (whole or arrivals.pending) and not self._is_full():
            for claim, found in arrivals.poll(patient=not whole):
                if found is None:
                    heapq.heappush(whole, (0, rank[claim]))
                elif isinstance(found, BlockUnavailable):
                    self._missing.note(claim)
                    missing = missing or str(found)
                else:
                    self._say(claim, Verdict(found))
            if not whole:
                continue
            turns, place = heapq.heappop(whole)
            alone = not whole and not arrivals.pending
            try:
                self._verdict(candidates[place], goal, deadline, None if alone else TURN_SECONDS)
            except _Later:
                heapq.heappush(whole, (turns + 1, place))
            except BlockUnavailable as error:
                missing = missing or str(error)
        return None if self._is_full() else missing

    def _is_full(self) -> bool:
        return sum(verdict.true for verdict in self._verdicts.values()) >= MAX_APPROVALS

    def _remember(self, candidates: Sequence[RevealedClaim], block: Block) -> None:
        """Take up what was found before a restart."""
        entry = self._journal.get(block.index)
        roots = {} if entry is None else entry.roots
        for claim in candidates:
            if claim not in self._verdicts and claim.checkpoint_hash in roots:
                self._verdicts[claim] = Verdict(None, roots[claim.checkpoint_hash])

    def _verdict(
        self, claim: RevealedClaim, goal: Goal, deadline: int, seconds: float | None
    ) -> None:
        """Judge a claim whose blocks are here, for some seconds if others wait. Raises _Later,
        Overdue, and BlockUnavailable if a block has got lost."""
        end = None if seconds is None else time.monotonic() + seconds

        def check(examples: int) -> None:
            self._clock.check_until(deadline)
            if end is not None and time.monotonic() > end:
                raise _Later

        try:
            checkpoint = load_checkpoint(self._blocks, goal.specification, claim.checkpoint_hash)
            self._blocks.serve_checkpoint(claim.checkpoint_hash)
            verdict = judge(claim, checkpoint, goal, check, self._transcripts)
        except InvalidCheckpoint as error:
            verdict = Verdict(str(error))
        self._say(claim, verdict)

    def _say(self, claim: RevealedClaim, verdict: Verdict) -> None:
        said = f"refused: {verdict.reason}" if verdict.reason else "approved: its loss is true"
        logger.info("checkpoint %s %s", claim.checkpoint_hash.hex(), said)
        self._verdicts[claim] = verdict

    def _decide(self, block: Block, candidates: Sequence[RevealedClaim]) -> BallotEntry | None:
        """Journal the ballot: it is replaced if more is known before it is on chain.

        None if nothing is approved, and of some claim nothing is known for reasons of our own, as
        where chain or store have been silent since it was sought: a ballot would count against what
        may be true.
        """
        known = {c: v for c in candidates if (v := self._verdicts.get(c)) is not None}
        roots = {c.checkpoint_hash: v.eval_root for c, v in known.items() if v.true}
        unknown = [claim for claim in candidates if claim not in known]
        if not roots and not all(map(self._missing.lately, unknown)):
            return None
        entry = BallotEntry.of(block.index, roots)
        for claim in unknown:
            logger.info("checkpoint %s: %s", claim.checkpoint_hash.hex(), NOT_RETRIEVED)
        self._journal.renew(entry)
        return entry

    def _cast(self, entry: BallotEntry) -> bool:
        what = "vote" if entry.approved else "vote for none"
        return attempt(
            f"{what} in block {entry.block_index}",
            lambda: self._sender.vote(self._group, entry.cast(self._staker), self._staker),
        )

    def _collect(self, before: int) -> None:
        """Claim the keeper's share of blocks before index `before`; forget the ballots of which
        nothing is left."""
        for entry in self._journal:
            if entry.block_index < before:
                if self._earns(entry, self._group):
                    self._claim(entry)
                if done_for_good(self._group, entry.block_index, partial(self._is_over, entry)):
                    self._tell_if_missed(entry)
                    self._journal.forget(entry.block_index)

    def _tell_if_missed(self, entry: BallotEntry) -> None:
        if self._group.voting.ballot(entry.block_index, self._staker) is None:
            logger.warning(
                "block %d ended before our ballot was in a block of the chain", entry.block_index,
                extra=event("missed_vote", block=entry.block_index),
            )  # fmt: skip

    def _is_over(self, entry: BallotEntry, then: Group) -> bool:
        return self._earns(entry, then) is False

    def _earns(self, entry: BallotEntry, group: Group) -> bool | None:
        """Return whether a share is to be claimed for a ballot; None while that is open."""
        outcome = group.voting.outcome(entry.block_index)
        if outcome.status == Status.UNSETTLED:
            return None
        if group.config.keeper_bps == 0 or outcome.status != Status.ACCEPTED:
            return False
        winner = group.voting.accepted(outcome.height)
        stored = group.voting.ballot(entry.block_index, self._staker)
        return winner in entry.roots and stored not in (None, PAID)

    def _claim(self, entry: BallotEntry) -> None:
        n, group, sender = entry.block_index, self._group, self._sender
        outcome = group.voting.outcome(n)
        root = entry.roots[group.voting.accepted(outcome.height) or b""]
        cast = entry.cast(self._staker)
        if keccak(cast) != group.voting.ballot(n, self._staker):
            # an earlier ballot was on its way when this one replaced it
            cast = group.voting.ballots_cast(self._staker, n).get(n, b"")
        # another may be faster with the first two: what counts is the chain afterwards
        if not outcome.redeemed:
            attempt(f"redeem block {n}", lambda: sender.redeem(group, n))
        if group.voting.eval_root(n) is None:
            attempt(f"open the root of block {n}", lambda: sender.open_root(group, n, root))
        attempt(
            f"claim the keeper's share of block {n}",
            lambda: told(sender.claim_keeper(group, n, cast, self._staker)),
        )

    def _check(self, examples: int) -> None:
        self._clock.check()
