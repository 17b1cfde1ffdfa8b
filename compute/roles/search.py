"""The search for better parameters: rounds of training and exact evaluation until a deadline."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compute import exact
from compute.roles.clock import Clock, Stopped
from compute.roles.evaluation import evaluate
from compute.roles.goal import Goal
from compute.roles.metrics import Metrics
from compute.roles.training import Learner, Recipe

logger = logging.getLogger(__name__)

# Without a step budget a round of training lasts as long as this many evaluations.
ROUND_EVALUATIONS = 8
# An evaluation is given this many times what the last one took.
EVALUATION_ROOM = 1.5
# The learning rate grows while rounds improve and falls where one does not ("bold driver").
RATE_GROWTH, RATE_FALL = 1.05, 0.5
# How often a running round reports, and how often it saves itself.
REPORT_SECONDS, SAVE_SECONDS = 10.0, 60.0


@dataclass(frozen=True)
class Options:
    """`steps` is the budget of a block; without it training lasts until the deadline."""

    recipe: Recipe = field(default_factory=Recipe)
    steps: int | None = None


@dataclass(frozen=True)
class Candidate:
    """Parameters and their exact evaluation on the training set named `tip`."""

    parameters: dict[str, np.ndarray]
    evaluation: exact.Evaluation
    tip: bytes


class Search:
    """Training from block to block: parameters, the best candidate, and what is on disk of them."""

    def __init__(self, clock: Clock, state: Path, options: Options) -> None:
        self._clock = clock
        self._options = options
        self._resume = state / "resume"
        self._metrics = Metrics(state / "metrics.jsonl")
        self._learner: Learner | None = None
        self._origin: bytes = b""  # the incumbent that our parameters descend from
        self._best: Candidate | None = None
        self._evaluation_seconds = 0.0
        self._saved_at = time.monotonic()

    def improve(self, goal: Goal, deadline: int) -> Candidate | None:
        """The best candidate for `goal` found until chain time `deadline` (seconds), this time or
        earlier; None if nothing was better than the incumbent. Raises Stopped, after saving."""
        learner = self._prepare(goal)
        try:
            self._rounds(learner, goal, deadline)
        except Stopped:
            self._save(learner)
            raise
        return self._best

    def _prepare(self, goal: Goal) -> Learner:
        """A learner on the goal's data, starting from the incumbent or from better parameters."""
        if self._best is not None and self._best.tip != goal.tip:
            self._best = None
        learner = self._learner
        if learner is None:
            learner = Learner(goal.specification, self._options.recipe, goal.parameters)
            saved = learner.restore(self._resume)
            self._origin = bytes.fromhex(saved["origin"]) if saved else goal.incumbent
            self._learner = learner
        if self._origin != goal.incumbent:
            # equal: the incumbent is our own candidate
            if self._best is None or self._best.evaluation.loss > goal.baseline_loss:
                logger.info("starting from the incumbent %s", goal.incumbent.hex())
                learner.adopt(goal.parameters)
                self._best = None
            self._origin = goal.incumbent
        learner.study(goal.training_set, goal.tip)
        return learner

    def _rounds(self, learner: Learner, goal: Goal, deadline: int) -> None:
        end = time.monotonic() + deadline - self._clock.now()
        while True:
            # the chain's clock counts, but where its blocks fail to come ours goes on
            left = min(deadline - self._clock.now(), end - time.monotonic())
            if (seconds := self._trainable(left)) <= 0:
                return
            if self._options.steps is None:
                seconds = min(seconds, ROUND_EVALUATIONS * max(self._evaluation_seconds, 1.0))
            self._train(learner, seconds, deadline)
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

    def _trainable(self, left: float) -> float:
        """How many of the `left` seconds can go to training before the last evaluation begins."""
        if self._evaluation_seconds == 0.0:  # nothing measured yet: keep half
            return left / 2
        return left - EVALUATION_ROOM * self._evaluation_seconds

    def _train(self, learner: Learner, seconds: float, deadline: int) -> None:
        """Use up the step budget or `seconds` of real time, reporting and saving on the way."""
        end = time.monotonic() + seconds
        steps = self._options.steps
        last = None if steps is None else learner.step + steps
        while (left := end - time.monotonic()) > 0 and (last is None or learner.step < last):
            loss, rate = learner.run(
                steps=None if last is None else last - learner.step,
                seconds=min(left, REPORT_SECONDS),
                check=self._clock.check,
            )
            remaining = deadline - self._clock.now()
            self._metrics.write(
                step=learner.step,
                loss=loss,
                examples_per_second=round(rate, 1),
                learning_rate=learner.learning_rate,
                seconds_to_deadline=remaining,
            )
            logger.info(
                "step %d, loss %.4f, %.0f examples/s, %d s to the deadline",
                learner.step,
                loss,
                rate,
                remaining,
            )
            if time.monotonic() - self._saved_at > SAVE_SECONDS:
                self._save(learner)

    def _examine(self, goal: Goal, parameters: dict[str, np.ndarray]) -> Candidate | None:
        """Evaluate exactly; None where the parameters are no valid checkpoint."""
        bound = 2.0**goal.specification.magnitude_log2
        if not all(np.all(np.abs(value) < bound) for value in parameters.values()):
            logger.warning("the parameters are not finite or left the model's magnitude bound")
            return None
        begun = time.monotonic()
        evaluation = evaluate(
            goal.specification,
            parameters,
            goal.training_set,
            lambda examples: self._clock.check(),
        )
        self._evaluation_seconds = time.monotonic() - begun
        self._metrics.write(
            exact_loss=evaluation.loss / 2**32,
            baseline_loss=goal.baseline_loss / 2**32,
            valid=evaluation.valid,
            seconds=round(self._evaluation_seconds, 3),
        )
        logger.info(
            "exact loss %.6f nats, the incumbent's is %.6f",
            evaluation.loss / 2**32,
            goal.baseline_loss / 2**32,
        )
        return Candidate(parameters, evaluation, goal.tip) if evaluation.valid else None

    def _save(self, learner: Learner) -> None:
        learner.save(self._resume, {"origin": self._origin.hex()})
        self._saved_at = time.monotonic()
