"""The trainer: follow the chain, improve the incumbent, claim what the exact loss proves."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compute import exact
from compute.chain import Block, Group
from compute.checkpoint import publish
from compute.roles.claimant import Claimant, checkpoint_nonce
from compute.roles.clock import RETRY_SECONDS, Clock, Stopped, Wait
from compute.roles.evaluation import evaluate, root_of
from compute.roles.goal import Goal, Goals
from compute.roles.metrics import Metrics
from compute.roles.retrieval import Mirror
from compute.roles.training import Learner, Recipe
from compute.storage import BlockUnavailable

logger = logging.getLogger(__name__)

# Kept free at the end of the commit window for sending the commitment.
COMMIT_MARGIN_SECONDS = 120
# Without a step budget a round of training lasts as long as this many evaluations.
ROUND_EVALUATIONS = 8
# The learning rate grows while rounds improve and falls where one does not ("bold driver").
RATE_GROWTH, RATE_FALL = 1.05, 0.5
# How often a running round reports and saves itself.
REPORT_SECONDS = 10.0
SAVE_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """`steps` is the budget of training steps per block; without it training ends at the commit
    deadline.
    """

    recipe: Recipe = field(default_factory=Recipe)
    steps: int | None = None


@dataclass(frozen=True)
class Candidate:
    """Parameters and their exact evaluation on the training set named `tip`."""

    parameters: dict[str, np.ndarray]
    evaluation: exact.Evaluation
    tip: bytes


class Trainer:
    """One account competing in one group; `step` is what `clock.follow` calls."""

    def __init__(
        self,
        group: Group,
        claimant: Claimant,
        blocks: Mirror,
        clock: Clock,
        state: Path,
        options: Options,
    ) -> None:
        self._group = group
        self._claimant = claimant
        self._blocks = blocks
        self._clock = clock
        self._options = options
        self._resume = state / "resume"
        self._metrics = Metrics(state / "metrics.jsonl")
        self._goals = Goals(group, blocks)
        self._learner: Learner | None = None
        self._start: bytes = b""  # the incumbent our parameters descend from
        self._best: Candidate | None = None
        self._evaluation_seconds = 0.0
        self._saved_at = time.monotonic()

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._group.slot_at(now)
        self._claimant.collect(block.index)
        try:
            if now < block.reveal_at:
                return self._commit(block, now)
            if now < block.vote_at and self._claimant.has_claim(block.index):
                return self._reveal(block, now)
        except BlockUnavailable as error:
            return Wait(block.phase_end(now), f"waiting. {error}", recheck=True)
        return Wait(block.end, "waiting for the next block")

    def _commit(self, block: Block, now: int) -> Wait:
        claimant = self._claimant
        if not claimant.has_claim(block.index):
            self._compete(block)
        if not claimant.has_claim(block.index):
            return Wait(block.end, "waiting for the next block")
        if not claimant.ensure_committed(block.index):
            return Wait(min(now + RETRY_SECONDS, block.reveal_at), "waiting to commit again")
        return Wait(block.reveal_at, "waiting to reveal")

    def _reveal(self, block: Block, now: int) -> Wait:
        if not self._claimant.is_final(block.index):
            # shown earlier, a reorganisation could let a thief commit to it first
            return Wait(block.vote_at, "waiting for the commitment to be final", recheck=True)
        if not self._claimant.ensure_revealed(block.index):
            return Wait(min(now + RETRY_SECONDS, block.vote_at), "waiting to reveal again")
        return Wait(block.end, "waiting for the next block")

    def _compete(self, block: Block) -> None:
        """Train for this block; journal a claim if the best candidate beats the incumbent."""
        if not self._claimant.can_pay_bond():
            logger.error(
                "Account %s holds less NRN than the bond of %d wei. Fund it to compete.",
                self._claimant.address,
                self._group.config.bond,
            )
            return
        goal = self._goals.now(self._check)
        learner = self._prepare(goal)
        try:
            self._train(learner, goal, block)
        except Stopped:
            self._save(learner)
            raise
        best = self._best
        if (
            best is None
            or best.evaluation.loss + self._group.config.min_improvement > goal.baseline_loss
        ):
            logger.info("block %d: nothing beats the incumbent yet", block.index)
            return
        checkpoint_hash = publish(
            best.parameters,
            model_hash=goal.specification.hash,
            store=self._blocks,
            nonce=checkpoint_nonce(self._claimant.address, block.index),
            shard_sums=best.evaluation.shard_sums,
        )
        if self._clock.now() >= block.reveal_at:
            logger.info("block %d: too late to commit; the candidate is kept", block.index)
            return
        self._claimant.prepare(
            block.index,
            tip=goal.tip,
            checkpoint_hash=checkpoint_hash,
            loss=best.evaluation.loss,
            baseline_loss=goal.baseline_loss,
            eval_root=root_of(best.evaluation),
        )

    def _prepare(self, goal: Goal) -> Learner:
        """A learner on the goal's training set, starting from whatever is better: the incumbent or
        ours.
        """
        if self._best is not None and self._best.tip != goal.tip:
            self._best = None
        learner = self._learner
        if learner is None:
            learner = Learner(goal.specification, self._options.recipe, goal.parameters)
            saved = learner.restore(self._resume)
            self._start = bytes.fromhex(saved["start"]) if saved else goal.incumbent
            self._learner = learner
        if self._start != goal.incumbent:
            ours = self._best is not None and self._best.evaluation.loss <= goal.baseline_loss
            if not ours:
                logger.info("starting from the incumbent %s", goal.incumbent.hex())
                learner.adopt(goal.parameters)
                self._best = None
            self._start = goal.incumbent
        learner.study(goal.training_set, goal.tip)
        return learner

    def _train(self, learner: Learner, goal: Goal, block: Block) -> None:
        """Rounds of training and evaluation until the step budget or the commit deadline."""
        deadline = block.reveal_at - COMMIT_MARGIN_SECONDS
        end = time.monotonic() + deadline - self._clock.now()
        while True:
            # the chain's clock counts, but where its blocks fail to come ours goes on
            left = min(deadline - self._clock.now(), end - time.monotonic())
            if (seconds := self._trainable(left)) <= 0:
                return
            if self._options.steps is None:
                seconds = min(seconds, ROUND_EVALUATIONS * max(self._evaluation_seconds, 1.0))
            self._round(learner, block, self._options.steps, seconds)
            candidate = self._examine(goal, learner.parameters())
            bar = self._best.evaluation.loss if self._best else goal.baseline_loss
            if candidate is not None and candidate.evaluation.loss < bar:
                self._best = candidate
                learner.learning_rate *= RATE_GROWTH
            else:
                learner.adopt(self._best.parameters if self._best else goal.parameters)
                learner.learning_rate *= RATE_FALL
                logger.info("no progress; learning rate now %g", learner.learning_rate)
            self._save(learner)
            if self._options.steps is not None:
                return

    def _round(self, learner: Learner, block: Block, steps: int | None, seconds: float) -> None:
        """Train `steps` steps or `seconds` seconds, reporting and saving on the way."""
        end, last = time.monotonic() + seconds, None if steps is None else learner.step + steps
        while (left := end - time.monotonic()) > 0 and (last is None or learner.step < last):
            loss, rate = learner.run(
                steps=None if last is None else last - learner.step,
                seconds=min(left, REPORT_SECONDS),
                check=self._clock.check,
            )
            self._metrics.write(
                block=block.index,
                step=learner.step,
                loss=loss,
                examples_per_second=round(rate, 1),
                learning_rate=learner.learning_rate,
                seconds_to_deadline=round(max(left, 0), 1),
            )
            if time.monotonic() - self._saved_at > SAVE_SECONDS:
                self._save(learner)

    def _examine(self, goal: Goal, parameters: dict[str, np.ndarray]) -> Candidate | None:
        """Evaluate exactly; None where the parameters are no valid checkpoint."""
        bound = 2.0**goal.specification.magnitude_log2
        if not all(np.all(np.abs(value) < bound) for value in parameters.values()):
            logger.warning("the parameters left the model's magnitude bound or are not finite")
            return None
        begun = time.monotonic()
        evaluation = evaluate(goal.specification, parameters, goal.training_set, self._check)
        self._evaluation_seconds = time.monotonic() - begun
        self._metrics.write(
            exact_loss=evaluation.loss / 2**32,
            baseline_loss=goal.baseline_loss / 2**32,
            valid=evaluation.valid,
            seconds=round(self._evaluation_seconds, 3),
        )
        return Candidate(parameters, evaluation, goal.tip) if evaluation.valid else None

    def _trainable(self, left: float) -> float:
        """How many of the `left` seconds can go to training before the last evaluation begins."""
        if self._evaluation_seconds == 0.0:  # nothing measured yet: keep half
            return left / 2
        return left - 1.5 * self._evaluation_seconds

    def _save(self, learner: Learner) -> None:
        learner.save(self._resume, {"start": self._start.hex()})
        self._saved_at = time.monotonic()

    def _check(self, examples: int) -> None:
        self._clock.check()
