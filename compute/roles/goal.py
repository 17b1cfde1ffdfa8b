"""What a block asks of everyone: the data in force and the loss to beat."""

import logging
from dataclasses import dataclass

from compute.chain import Group
from compute.models import ModelSpecification
from compute.roles.evaluation import Progress, evaluate, loss_to_beat
from compute.roles.retrieval import (
    Parameters,
    load_incumbent,
    load_specification,
    load_training_set,
)
from compute.storage import Store
from compute.training_set import TrainingSet

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Goal:
    """`baseline_loss` (Q32.32 nats) is the loss of `incumbent`, a checkpoint hash, on this set."""

    specification: ModelSpecification
    version: int
    tip: bytes
    training_set: TrainingSet
    incumbent: bytes
    parameters: Parameters
    baseline_loss: int


class Goals:
    """Keeps the last goal, so that only what changed is fetched and evaluated again."""

    def __init__(self, group: Group, store: Store) -> None:
        self._group = group
        self._store = store
        self._last: Goal | None = None

    def now(self, progress: Progress | None = None) -> Goal:
        """The goal of the running block.

        Evaluates the incumbent where its loss on this version is not on chain. Raises
        BlockUnavailable while a block of specification, data or incumbent cannot be had.
        """
        current, incumbent = self._group.current(), self._group.incumbent()
        last = self._last
        if last is not None and (last.tip, last.incumbent) == (
            current.tip,
            incumbent.checkpoint_hash,
        ):
            return last
        specification = (
            last.specification
            if last is not None
            else load_specification(self._store, self._group.config.model_hash)
        )
        if last is not None and last.tip == current.tip:
            training_set = last.training_set
        else:
            training_set = load_training_set(self._group, self._store, current.version)
            logger.info("training set: version %d, %d examples", current.version, len(training_set))
        parameters = load_incumbent(self._store, specification, incumbent.checkpoint_hash)
        if incumbent.known and incumbent.version == current.version:
            baseline_loss = incumbent.loss
        else:
            logger.info("the incumbent's loss on version %d is not on chain", current.version)
            evaluation = evaluate(specification, parameters, training_set, progress)
            baseline_loss = loss_to_beat(evaluation)
        self._last = Goal(
            specification,
            current.version,
            current.tip,
            training_set,
            incumbent.checkpoint_hash,
            parameters,
            baseline_loss,
        )
        return self._last
