"""The search for better parameters: rounds of training and exact evaluation until a deadline."""

import logging
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compute import exact
from compute.checkpoint import HeldOut
from compute.checkpoint.resume import Saves
from compute.judging.goal import Goal
from compute.judging.held_out import HeldOutSet
from compute.judging.retrieval import Parameters
from compute.judging.together import evaluate_together
from compute.node.clock import Clock
from compute.training import Leave
from compute.training.learner import Learner, Progress
from compute.training.metrics import Metrics, Wandb, Writer, tensorboard
from compute.training.processes import agreed, leads
from compute.training.recipe import Recipe, RecipeError
from compute.units import nats

logger = logging.getLogger(__name__)

# Without a step budget a round of training lasts as long as this many evaluations.
ROUND_EVALUATIONS = 8
# An evaluation is given this many times what the last one took.
EVALUATION_ROOM = 1.5
# The learning rate grows while rounds improve and falls where one does not ("bold driver").
RATE_GROWTH, RATE_FALL = 1.05, 0.5
# So many steps in a row whose gradient is not finite end a round: the parameters are beyond repair.
SKIPS_TOLERATED = 10
REPORT_SECONDS = 10.0


@dataclass(frozen=True)
class Start:
    """Parameters to begin with instead of the incumbent's; `model` is the hash of theirs."""

    model: bytes
    parameters: Parameters


@dataclass(frozen=True)
class Options:
    """`steps` is the budget of a block; without it training lasts until the deadline. A kill loses
    at most `save_seconds` of training. `held_out` examples are measured, never trained on.
    `tensorboard` is a folder for event files, `wandb` a project, besides the JSON lines. `start`
    is for a search that has nothing saved yet."""

    recipe: Recipe = field(default_factory=Recipe)
    steps: int | None = None
    save_seconds: float = 60.0
    held_out: HeldOutSet | None = None
    tensorboard: Path | None = None
    wandb: str | None = None
    start: Start | None = None


@dataclass(frozen=True)
class Candidate:
    """Parameters and their exact evaluation on the training set named `tip`."""

    parameters: dict[str, np.ndarray]
    evaluation: exact.Evaluation
    tip: bytes
    held_out: HeldOut | None = None


class Search:
    """Training from block to block: parameters, the best candidate, and what is on disk of them.

    With several processes every one of them searches, with the same goals; process 0 has the clock.
    """

    def __init__(self, clock: Clock, state: Path, options: Options) -> None:
        self._clock = clock
        self._options = options
        self._saves = Saves(state / "resume")
        self._metrics = _metrics(state, options) if leads() else None
        self._learner: Learner | None = None
        self._origin: bytes = b""  # the incumbent that our parameters descend from
        self._best: Candidate | None = None
        self._evaluation_seconds = 0.0
        self._end = 0.0  # when the deadline is, by our own clock
        self._saved_at = time.monotonic()

    def improve(self, goal: Goal, deadline: int) -> Candidate | None:
        """The best candidate for `goal` found until chain time `deadline` (seconds), this time or
        earlier; None if nothing was better than the incumbent. Raises Leave, after saving."""
        learner = self._prepare(goal)
        try:
            self._rounds(learner, goal, deadline)
        except Leave:
            self._save(learner)
            self.close()
            raise
        self._save(learner)
        return self._best

    def close(self) -> None:
        """Return once all that was reached is on disk. Raises StorageError."""
        if self._metrics is not None:
            self._metrics.close()
        self._saves.close()

    def _prepare(self, goal: Goal) -> Learner:
        """A learner on the goal's data, starting from the incumbent or from better parameters."""
        if self._best is not None and self._best.tip != goal.tip:
            self._best = None
        learner = self._learner
        if learner is None:
            learner = Learner(goal.specification, self._options.recipe, self._first(goal))
            saved = learner.restore(self._saves)
            self._origin = bytes.fromhex(saved["origin"]) if saved else goal.incumbent
            self._learner = learner
        if self._origin != goal.incumbent:
            # equal: the incumbent is our own candidate
            if self._best is None or self._best.evaluation.loss > goal.baseline_loss:
                logger.info("starting from the incumbent %s", goal.incumbent.hex())
                learner.adopt(goal.parameters, self._options.recipe.restart)
                self._best = None
            self._origin = goal.incumbent
        learner.study(goal.training_set, goal.tip)
        return learner

    def _first(self, goal: Goal) -> Parameters:
        start = self._options.start
        if start is None:
            return goal.parameters
        if start.model != goal.specification.hash:
            raise RecipeError("The start is a checkpoint of another model than the group's.")
        return start.parameters

    def _rounds(self, learner: Learner, goal: Goal, deadline: int) -> None:
        end = time.monotonic() + agreed(lambda: max(0, deadline - self._clock.now()))

        def seconds_left() -> float:
            # the chain's clock counts, but where its blocks fail to come ours goes on
            left = min(deadline - self._clock.now(), end - time.monotonic())
            self._end = time.monotonic() + left
            return left

        while budget := agreed(lambda: self._budget(seconds_left())):
            report = self._train(learner, budget / 1000)
            diverged = report.skipped >= SKIPS_TOLERATED
            candidate = None if diverged else self._examine(goal, learner)
            bar = self._best.evaluation.loss if self._best else goal.baseline_loss
            if candidate is not None and candidate.evaluation.loss < bar:
                self._best = candidate
                learner.scale *= RATE_GROWTH
            else:
                learner.adopt(self._best.parameters if self._best else goal.parameters)
                learner.scale *= RATE_FALL
                why = "the gradient is not finite" if diverged else "no progress"
                logger.info("%s; learning rate now × %.3g", why, learner.scale)
            self._save_if_due(learner)
            if self._options.steps is not None:
                return

    def _budget(self, left: float) -> int:
        """Milliseconds of the `left` seconds for training before the next evaluation begins; 0 if
        there is no time for another."""
        if self._evaluation_seconds == 0.0:  # nothing measured yet: keep half
            seconds = left / 2
        else:
            seconds = left - EVALUATION_ROOM * self._evaluation_seconds
        if self._options.steps is None:
            seconds = min(seconds, ROUND_EVALUATIONS * max(self._evaluation_seconds, 1.0))
        return int(1000 * max(seconds, 0.0))

    def _train(self, learner: Learner, seconds: float) -> Progress:
        """Use up the step budget or `seconds` of real time, reporting and saving on the way."""
        end = time.monotonic() + seconds
        steps, report = self._options.steps, Progress()
        last = None if steps is None else learner.step + steps

        def going_on() -> int:
            return int(time.monotonic() < end)

        while (last is None or learner.step < last) and agreed(going_on):
            report = learner.run(
                steps=None if last is None else last - learner.step,
                seconds=min(end - time.monotonic(), REPORT_SECONDS),
                check=self._clock.breathe,
            )
            if self._metrics is not None:
                self._tell(self._metrics, learner, report)
            if report.skipped >= SKIPS_TOLERATED:
                break
            self._save_if_due(learner)
        return report

    def _tell(self, metrics: Metrics, learner: Learner, report: Progress) -> None:
        """One line of progress for people, one for programs."""
        remaining = round(self._end - time.monotonic())
        if math.isnan(report.loss):
            logger.info("compiling, or in the first step; %d s to the deadline", remaining)
            return
        rate = report.steps_per_second * learner.predictions_per_step()
        utilisation = learner.utilisation(report.steps_per_second)
        metrics.write(
            learner.step,
            loss=report.loss,
            gradient_norm=report.gradient_norm,
            skipped=report.skipped,
            learning_rate=report.learning_rate,
            mfu=utilisation,
            seconds_to_deadline=remaining,
            **{f"{learner.predicts}_per_second": round(rate, 1)},
        )
        logger.info(
            "step %d, loss %.4f, %.4g %s/s, MFU %s, %d s to the deadline",
            learner.step,
            report.loss,
            rate,
            learner.predicts,
            "unknown" if utilisation is None else f"{utilisation:.1%}",
            remaining,
        )

    def _examine(self, goal: Goal, learner: Learner) -> Candidate | None:
        """Evaluate exactly; None where the parameters are no valid checkpoint."""
        parameters = learner.parameters()
        bound = 2.0**goal.specification.magnitude_log2
        if not all(np.all(np.abs(value) < bound) for value in parameters.values()):
            logger.warning("the parameters are not finite or left the model's magnitude bound")
            return None
        begun = time.monotonic()

        def check(examples: int) -> None:
            self._clock.breathe()

        evaluation = evaluate_together(goal.specification, parameters, goal.training_set, check)
        held_out = None
        if self._options.held_out is not None and evaluation.valid:
            held_out = self._options.held_out.measure(
                goal.specification, parameters, goal.training_set, check
            )
        self._evaluation_seconds = time.monotonic() - begun
        if self._metrics is not None:
            self._metrics.write(
                learner.step,
                exact_loss=nats(evaluation.loss),
                baseline_loss=nats(goal.baseline_loss),
                held_out_loss=None if held_out is None else nats(held_out.loss),
                valid=evaluation.valid,
                evaluation_seconds=round(self._evaluation_seconds, 3),
            )
        logger.info(
            "exact loss %.6f %s, the incumbent's is %.6f%s",
            nats(evaluation.loss),
            goal.specification.unit,
            nats(goal.baseline_loss),
            "" if held_out is None else f", held-out loss {nats(held_out.loss):.6f}",
        )
        if not evaluation.valid:
            return None
        return Candidate(parameters, evaluation, goal.tip, held_out)

    def _save_if_due(self, learner: Learner) -> None:
        def due() -> int:
            late = time.monotonic() - self._saved_at >= self._options.save_seconds
            return int(late and not self._saves.busy())

        if agreed(due):
            self._save(learner)

    def _save(self, learner: Learner) -> None:
        learner.save(self._saves, {"origin": self._origin.hex()})
        self._saved_at = time.monotonic()


def _metrics(state: Path, options: Options) -> Metrics:
    writers: list[Writer] = []
    if options.tensorboard is not None:
        writers.append(tensorboard(options.tensorboard))
    if options.wandb is not None:
        writers.append(Wandb(options.wandb, state))
    return Metrics(state / "metrics.jsonl", writers)
