"""The exact loss of parameters on a training set, as the protocol names it."""

import secrets
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from compute import exact
from compute.chain.claims import eval_root
from compute.exact.transcript import SHARD
from compute.models import ModelSpecification
from compute.roles.retrieval import Parameters
from compute.training_set import TrainingSet

BATCH_SIZE = 256

# told the number of examples done; may raise to leave
Progress = Callable[[int], None]


class CannotEvaluate(Exception):
    """This program cannot evaluate the group's model; the message says why."""


class ShardMismatch(Exception):
    """The published sum of a shard is not the sum of its examples' losses."""


def evaluate(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
) -> exact.Evaluation:
    """Evaluate exactly, in the set's order. Raises CannotEvaluate."""
    return _evaluate(
        specification, parameters, training_set.batches(BATCH_SIZE), len(training_set), progress
    )


def evaluate_against(
    shard_sums: Sequence[int],
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
) -> exact.Evaluation:
    """The same evaluation, but in random order of shards and left at the first lie.

    `shard_sums` are the sums a trainer published. Raises ShardMismatch at the first shard that has
    another sum, so that junk costs about one shard; CannotEvaluate.
    """
    total = len(training_set)
    starts = range(0, total, SHARD)
    if len(shard_sums) != len(starts):
        raise ShardMismatch(f"there are {len(starts)} shards, not {len(shard_sums)}")
    transcript = np.zeros(total, np.int64)
    done = 0
    for shard in secrets.SystemRandom().sample(range(len(starts)), len(starts)):
        start, end = starts[shard], min(starts[shard] + SHARD, total)
        found = _evaluate(
            specification,
            parameters,
            training_set.batches(BATCH_SIZE, start, end),
            end - start,
            None,
        )
        if not found.valid:
            return found
        if found.shard_sums != [shard_sums[shard]]:
            raise ShardMismatch(f"shard {shard} sums to {found.shard_sums[0]}")
        transcript[start:end] = found.transcript
        done += end - start
        if progress is not None:
            progress(done)
    loss = sum(shard_sums) // total if total else 0
    root = exact.merkle_root(transcript)
    return exact.Evaluation(loss, True, None, transcript, root, list(shard_sums))


def root_of(evaluation: exact.Evaluation) -> bytes:
    """What a claim commits to and a keeper attests: loss and transcript in 32 bytes."""
    return eval_root(evaluation.loss, evaluation.root)


def _evaluate(
    specification: ModelSpecification,
    parameters: Parameters,
    batches: Iterator[dict[str, np.ndarray]],
    total: int,
    progress: Progress | None,
) -> exact.Evaluation:
    if specification.evaluator != exact.VERSION:
        raise CannotEvaluate(
            f"The group evaluates with {specification.evaluator}, this program with "
            f"{exact.VERSION}. Install the version that speaks it."
        )
    return exact.evaluate(
        specification.logits,
        parameters,
        (
            (
                {name: batch[name] for name in specification.inputs},
                specification.targets(batch[specification.target]),
            )
            for batch in batches
        ),
        loss=specification.loss,
        total=total,
        progress=progress,
    )
