"""The trainer: follow the chain, improve the incumbent, claim what the exact loss proves."""

import contextlib
import logging
from pathlib import Path

from compute.chain import Block
from compute.checkpoint import params_root_of, publish
from compute.judging.evaluation import root_of
from compute.judging.goal import Goal, Goals
from compute.node.claim_folder import FolderDelivery
from compute.node.claimant import Claimant, Delivery, checkpoint_nonce
from compute.node.clock import RETRY_SECONDS, Wait
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import OwnTransactions
from compute.searching.crew import led
from compute.searching.search import Candidate, Options, Search
from compute.storage import BlockUnavailable

logger = logging.getLogger(__name__)


class Trainer(Role):
    """One account competing in one group.

    With `relay` it sends nothing: its claims go to that folder, for a relayer to pay for. With
    `pay_to` that contract is paid for them.
    """

    needs_exact_device = True

    def __init__(
        self,
        seat: Seat,
        options: Options,
        relay: Path | None = None,
        pay_to: str | None = None,
    ) -> None:
        """Raises JournalError if another trainer with this account runs, InvalidArgument if the
        contract `pay_to` does not take the account's signature."""
        delivery: Delivery = (
            FolderDelivery(seat.group, relay)
            if relay is not None
            else OwnTransactions(seat.group, seat.sender)
        )
        self._claimant = Claimant(seat, delivery, pay_to)
        self._group = seat.group
        self._clock = seat.clock
        self._blocks = seat.blocks
        self._keeping = seat.keeping
        self._goals = Goals(seat.group, seat.blocks, seat.training_sets)
        search = led(Search(seat.clock, seat.state, options), seat.group, seat.state)
        self._search = seat.open(contextlib.closing(search))

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._group.slot_at(now)
        if now < block.reveal_at:  # what nobody judged may be entered again, once it is settled
            self._claimant.collect(block.index)
        wait = self._act(block, now)
        if now >= block.reveal_at:  # what has a deadline goes first
            self._claimant.collect(block.index)
        self._keeping.refresh(block.index, self._claimant.checkpoints())
        return wait

    def _act(self, block: Block, now: int) -> Wait:
        try:
            if now < block.reveal_at:
                return self._commit(block, now)
            if now < block.vote_at and self._claimant.has_claim(block.index):
                return self._reveal(block, now)
        except BlockUnavailable as error:
            return Wait(block.phase_end(now), f"waiting. {error}", recheck=True)
        return Wait(block.end, "waiting for the next block")

    def _commit(self, block: Block, now: int) -> Wait:
        if not self._claimant.has_claim(block.index):
            self._compete(block)
        if not self._claimant.has_claim(block.index):
            return Wait(block.end, "waiting for the next block")
        if not self._claimant.ensure_committed(block.index):
            return Wait(min(now + RETRY_SECONDS, block.reveal_at), "waiting to commit again")
        if not self._claimant.is_final(block.index):  # a reorganisation may take it back
            soon = min(self._clock.now() + RETRY_SECONDS, block.reveal_at)
            return Wait(soon, "waiting for the commitment to be final")
        return Wait(block.reveal_at, "waiting to reveal")

    def _reveal(self, block: Block, now: int) -> Wait:
        if not self._claimant.is_final(block.index):
            # shown earlier, a reorganisation could let a thief commit to it first
            return Wait(block.vote_at, "waiting for the commitment to be final", recheck=True)
        if not self._claimant.ensure_revealed(block.index):
            return Wait(min(now + RETRY_SECONDS, block.vote_at), "waiting to reveal again")
        if not self._claimant.is_revealed_for_good(block.index):
            soon = min(self._clock.now() + RETRY_SECONDS, block.vote_at)
            return Wait(soon, "waiting for the reveal to be final")
        return Wait(block.end, "waiting for the next block")

    def _compete(self, block: Block) -> None:
        """Train for this block; journal a claim if the best candidate beats the incumbent."""
        head = self._group.reached(block.start)
        asked = self._group.voting.asked(head)
        if not asked.bond:
            logger.warning("block %d takes no claim: nobody could vote on it", block.index)
            return
        goal = self._goals.now(lambda examples: self._clock.breathe(), head)
        if self._enter_again(block, goal, asked.improvement):
            return
        if not self._claimant.can_pay_bond():
            logger.error(
                "Account %s holds less NRN than the bond of %d wei. Fund it to compete.",
                self._claimant.address,
                asked.bond,
            )
            return
        best = self._search.improve(goal, block.reveal_at - self._claimant.commit_margin)
        gain = 0 if best is None else goal.baseline_loss - best.evaluation.loss
        if self._enter_again(block, goal, asked.improvement):
            return  # the block before was settled only now; the candidate is kept
        if best is None or gain < asked.improvement:
            logger.info("block %d: nothing beats the incumbent yet", block.index)
        elif self._clock.now() >= block.reveal_at:
            logger.info("block %d: too late to commit; the candidate is kept", block.index)
        else:
            self._claim(block, goal, best)

    def _enter_again(self, block: Block, goal: Goal, gain: int) -> bool:
        """Journal a claim that nobody has judged: its rank is better than any copy's."""
        return self._claimant.enter_again(
            block.index, tip=goal.tip, baseline_loss=goal.baseline_loss, gain=gain
        )

    def _claim(self, block: Block, goal: Goal, best: Candidate) -> None:
        checkpoint_hash = publish(
            best.parameters,
            model_hash=goal.specification.hash,
            store=self._blocks,  # our own: nobody sees it before the reveal
            nonce=checkpoint_nonce(self._claimant.address, block.index),
            shard_sums=best.evaluation.shard_sums,
            held_out=best.held_out,
        )
        params_root = params_root_of(self._blocks, checkpoint_hash)
        self._claimant.prepare(
            block.index,
            tip=goal.tip,
            checkpoint_hash=checkpoint_hash,
            loss=best.evaluation.loss,
            baseline_loss=goal.baseline_loss,
            eval_root=root_of(best.evaluation, goal.specification, params_root, goal.training_set),
        )
