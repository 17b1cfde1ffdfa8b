"""The relayer: pay for the claims of trainers who have no ether, at no risk it has not looked at.

What it pays for a claim is gas and the bond. The bond comes back unless the keepers judge the claim
false, so the relayer judges it first, as a keeper does. The reward is the trainer's.
"""

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path

from compute.chain import Block, Candidate
from compute.chain.claims import Claim
from compute.chain.handover import Handover, Opened
from compute.chain.rewards import of_claim
from compute.chain.signatures import is_signed
from compute.checkpoint import InvalidCheckpoint
from compute.judging.goal import Goals
from compute.judging.retrieval import load_checkpoint
from compute.judging.verdict import judge
from compute.node.claim_folder import handed_over
from compute.node.clock import RETRY_SECONDS, Overdue, Wait
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import OwnTransactions
from compute.storage import BlockUnavailable

logger = logging.getLogger(__name__)


class Relayer(Role):
    """One account paying for the claims in one `folder`.

    It has no secrets and keeps no journal: folder and chain say what is done. With `trusting` the
    checkpoints are neither fetched nor evaluated.
    """

    def __init__(self, seat: Seat, folder: Path, *, trusting: bool = False) -> None:
        self._group = seat.group
        self._address = seat.address
        self._pay = OwnTransactions(seat.group, seat.sender)
        self._folder = folder
        self._blocks = seat.blocks
        self._clock = seat.clock
        self._trusting = trusting
        self._goals = Goals(seat.group, seat.blocks, seat.training_sets)
        self._judged: dict[bytes, str | None] = {}  # commitment -> what keepers would find wrong
        self._tried: dict[bytes, int] = {}  # commitment -> chain time
        self._done: set[bytes] = set()
        self._said: set[str] = set()

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._group.slot_at(now)
        handovers, faults = handed_over(self._folder, self._group)
        for fault in faults:
            self._say(fault)
        due = [handover for handover in handovers if handover.block_index == block.index]
        wait = self._act(block, due, now)  # first, for it has a deadline
        self._pay.settle()  # what was not judged may be entered again
        for handover in handovers:
            if handover.block_index < block.index and handover.commitment not in self._done:
                self._collect(handover)
        return wait

    def _act(self, block: Block, due: Sequence[Handover], now: int) -> Wait:
        if now < block.reveal_at:
            for handover in due:
                self._commit(handover, now)
            if not self._trusting:
                with contextlib.suppress(BlockUnavailable):  # prepare: the reveal window is short
                    self._goals.now(self._check)
            return Wait(block.reveal_at, "waiting for claims to commit to", recheck=True)
        if now < block.vote_at:
            for handover in due:
                try:
                    self._reveal(handover, now, block.vote_at)
                except Overdue:
                    self._say(f"not revealed: block {block.index} asked for too long an evaluation")
                    break
                except BlockUnavailable as error:  # it may still arrive; the others need not wait
                    self._say(f"not revealed yet: {handover.commitment.hex()}: {error}")
            return Wait(block.vote_at, "waiting for claims to reveal", recheck=True)
        return Wait(block.end, "waiting for the next block")

    def _commit(self, handover: Handover, now: int) -> None:
        if self._group.voting.commitment(handover.commitment) is None and self._may_try(
            handover, now
        ):
            self._pay.commit(handover.block_index, handover.commitment)

    def _reveal(self, handover: Handover, now: int, end: int) -> None:
        """Reveal a claim unless that is done, or it is not worth a bond. Raises BlockUnavailable
        while its bytes cannot be had, Overdue if it is still evaluated at chain time `end`."""
        opened = handover.opened
        if opened is None or self._stored(opened) is not None:
            return
        digest = opened.claim.checkpoint_hash
        fault = self._refusal(handover.commitment, opened)
        if fault is None and not self._trusting:
            if handover.commitment not in self._judged:
                self._judged[handover.commitment] = self._lie(opened.claim, end)
            fault = self._judged[handover.commitment]
        if fault:
            self._say(f"not revealed: {digest.hex()}: {fault}")
        elif not self._pay.can_pay_bond():
            self._say(f"{self._address} holds less NRN than the bond. Fund it to reveal.")
        elif self._may_try(handover, now):
            if not self._trusting:
                self._blocks.serve_checkpoint(digest)  # keepers must find what our bond stands for
            self._pay.reveal(handover.commitment, opened)

    def _refusal(self, commitment: bytes, opened: Opened) -> str | None:
        """Why the contract would not take the claim."""
        group, claim = self._group, opened.claim
        seq = group.voting.commitment(commitment)
        if seq is None:
            return "it was not committed to"
        rival = group.voting.candidate(claim.checkpoint_hash)
        gives_way = rival is not None and self._gives_way(rival, claim, seq)
        if group.voting.is_used(claim.checkpoint_hash) and not gives_way:
            return "its checkpoint was claimed before"
        if not is_signed(group.chain.rpc, group.domain, claim, opened.signature):
            return "its trainer did not sign it"
        if (claim.model_hash, claim.tip) != (group.model_hash, group.voting.current().tip):
            return "it is about another model or training set"
        if claim.loss + group.voting.asked().improvement > claim.baseline_loss:
            return "it is no improvement"
        return None

    def _gives_way(self, rival: Candidate, claim: Claim, seq: int) -> bool:
        """Return whether what was claimed before of this checkpoint does not stand against the
        claim."""
        if rival.block_index == claim.block_index:
            return seq < rival.seq
        return rival.trainer == claim.trainer and bool(self._group.voting.unjudged([rival]))

    def _lie(self, claim: Claim, end: int) -> str | None:
        """Why keepers would find the claim false. Raises BlockUnavailable, Overdue."""
        goal = self._goals.now(self._check)
        try:
            checkpoint = load_checkpoint(self._blocks, goal.specification, claim.checkpoint_hash)
        except InvalidCheckpoint as error:
            return str(error)
        return judge(claim, checkpoint, goal, lambda examples: self._clock.check_until(end)).reason

    def _may_try(self, handover: Handover, now: int) -> bool:
        """Not at every look what failed at the last."""
        if now - self._tried.get(handover.commitment, 0) < RETRY_SECONDS:
            return False
        self._tried[handover.commitment] = now
        return True

    def _collect(self, handover: Handover) -> None:
        """Have the reward and the bond of a claim paid; nothing is ours of one we did not pay."""
        claim = handover.opened and self._stored(handover.opened)
        if claim and claim.payer == self._address:
            due = of_claim(self._group, claim)
            for reward in due or ():
                self._pay.collect(reward)
            if due != []:
                return
        self._pay.finish(handover.commitment)
        self._done.add(handover.commitment)

    def _stored(self, opened: Opened) -> Candidate | None:
        """The claim as the chain stores it; None before its reveal, or if it was displaced."""
        stored, claim = self._group.voting.candidate(opened.claim.checkpoint_hash), opened.claim
        ours = claim.block_index, claim.trainer
        return stored if stored and (stored.block_index, stored.trainer) == ours else None

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            logger.warning("%s", sentence)

    def _check(self, examples: int) -> None:
        self._clock.check()
