"""The goal of a block: the data in force and the loss to beat."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compute.chain import Group
from compute.chain.records import Head
from compute.checkpoint import InvalidCheckpoint, manifest
from compute.judging.evaluation import Progress, check_version, evaluate_checkpoint
from compute.judging.retrieval import (
    Parameters,
    load_incumbent,
    load_specification,
    load_training_set,
    load_training_sets,
)
from compute.judging.transcripts import Transcript, Transcripts, transcript_in
from compute.models import ModelError, ModelSpecification
from compute.storage import Store
from compute.training_set import TrainingSet

logger = logging.getLogger(__name__)

MAX_LOSS = 2**64 - 1


@dataclass(frozen=True)
class Goal:
    """`baseline_loss` (Q32.32 nats) is the loss on `training_set` of the `incumbent`, a checkpoint
    hash; `parameters` are where training may start; `shard_sums` what the incumbent's trainer
    published of its losses on this data, None if nothing."""

    specification: ModelSpecification
    version: int
    tip: bytes
    training_set: TrainingSet
    incumbent: bytes
    parameters: Parameters
    baseline_loss: int
    shard_sums: Sequence[int] | None = None


def starting_point(incumbent: bytes, specification: ModelSpecification, store: Store) -> Parameters:
    """Return where training starts: from the incumbent, or, if that is no valid checkpoint, from
    the specification's initial parameters. Raises BlockUnavailable."""
    try:
        return load_incumbent(store, specification, incumbent)
    except (InvalidCheckpoint, ModelError) as error:
        logger.warning("the incumbent %s is invalid: %s", incumbent.hex(), error)
        return specification.initial_parameters()


def measure(
    incumbent: bytes,
    specification: ModelSpecification,
    training_set: TrainingSet,
    store: Store,
    progress: Progress | None = None,
    transcript: Transcript | None = None,
) -> int:
    """The loss to beat where it is not on chain, Q32.32 nats: the incumbent's exact loss.

    Any loss beats an incumbent that is no valid checkpoint or saturates. Raises BlockUnavailable.
    """
    try:
        parameters = load_incumbent(store, specification, incumbent)
    except (InvalidCheckpoint, ModelError):
        return MAX_LOSS
    evaluation = evaluate_checkpoint(specification, parameters, training_set, progress, transcript)
    return evaluation.loss if evaluation.valid else MAX_LOSS


def _published_sums(incumbent: bytes, store: Store) -> Sequence[int] | None:
    try:
        return manifest.get(store, incumbent).shard_sums
    except InvalidCheckpoint:
        return None


class Goals:
    """Keeps the last goal, so that only what changed is fetched and evaluated again."""

    def __init__(
        self,
        group: Group,
        store: Store,
        folder: Path | None = None,
        transcripts: Transcripts | None = None,
    ) -> None:
        """With a `folder`, training sets are kept there; with `transcripts`, evaluations go on
        where they were cut off."""
        self._group = group
        self._store = store
        self._folder = folder
        self._transcripts = transcripts
        self._last: Goal | None = None

    def now(self, progress: Progress | None = None, head: Head | None = None) -> Goal:
        """The goal of the block that runs now, or at `head`.

        Evaluates the incumbent unless it is known already. Raises BlockUnavailable while a block
        of specification, data or incumbent cannot be had, CannotEvaluate if the group is of another
        version of the evaluator.
        """
        head = head or self._group.head()
        current = self._group.voting.current(head)
        standing = self._group.voting.incumbent(at=head.number)
        incumbent, last = standing.checkpoint_hash, self._last
        if last is not None and (last.tip, last.incumbent) == (current.tip, incumbent):
            return last
        if last is None:
            specification = load_specification(self._store, self._group.model_hash)
            check_version(specification)
        else:
            specification = last.specification
        if last is not None and last.tip == current.tip:
            training_set = last.training_set
        else:
            training_set = self._training_set(current.version, verify=last is None)
            logger.info("training set: version %d, %d examples", current.version, len(training_set))
        known = standing.known and standing.version == current.version
        loss = standing.loss
        if not known or last is None:  # if known, once: do we compute what the group agreed on?
            with transcript_in(
                self._transcripts, specification, incumbent, current.tip, training_set
            ) as transcript:
                loss = measure(
                    incumbent, specification, training_set, self._store, progress, transcript
                )
        if known and loss != standing.loss:
            logger.warning(
                "The chain says that the incumbent's loss is %d, it is %d: a false claim was "
                "accepted, or this machine does not compute exactly.",
                standing.loss,
                loss,
            )
            loss = standing.loss
        self._last = Goal(
            specification,
            current.version,
            current.tip,
            training_set,
            incumbent,
            starting_point(incumbent, specification, self._store),
            loss,
            _published_sums(incumbent, self._store) if known else None,
        )
        return self._last

    def _training_set(self, version: int, *, verify: bool) -> TrainingSet:
        if self._folder is None:
            return load_training_set(self._group, self._store, version)
        sets = load_training_sets(self._group, self._store, version, self._folder, verify=verify)
        return sets.version(version)
