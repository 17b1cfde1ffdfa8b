"""The exact loss of parameters on a training set, as the protocol names it."""

import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from compute import exact
from compute.exact.evaluation import Evaluator, Invalid, examples_at_once
from compute.exact.memory import require_memory
from compute.judging.order import drawn
from compute.judging.retrieval import Parameters
from compute.judging.transcripts import Transcript
from compute.models import ModelError, ModelSpecification
from compute.training_set import TrainingSet

# told the number of examples done; may raise to leave
Progress = Callable[[int], None]

# How often a long evaluation says in the log how far it is.
REPORT_SECONDS = 10.0
TRIED = 8  # examples with which a new model is tried

logger = logging.getLogger(__name__)


class CannotEvaluate(Exception):
    """This program cannot evaluate the group's model; the message says why."""


class FalseClaim(Exception):
    """A claim about losses is false; the message says which."""


def evaluate_checkpoint(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
    transcript: Transcript | None = None,
) -> exact.Evaluation:
    """Evaluate exactly, in the set's order, going on with `transcript`. Raises CannotEvaluate."""
    transcript = transcript or Transcript(len(training_set))
    try:
        for _ in complete(
            range(transcript.shards), specification, parameters, training_set, transcript, progress
        ):
            pass
    except Invalid as error:
        return exact.Evaluation.invalid(str(error))
    return exact.Evaluation.of(transcript.losses)


def evaluate_against(
    loss: int,
    shard_sums: Sequence[int] | None,
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
    transcript: Transcript | None = None,
    standing: Sequence[int] | None = None,
) -> exact.Evaluation:
    """The same evaluation, but in random order of shards and left at the first lie.

    `loss` (Q32.32 nats) and `shard_sums` are what a trainer published, `standing` the sums of the
    incumbent: shards are drawn by what they are said to gain. Sums that do not give the
    loss cost nothing, junk about one shard; without sums a loss is left once the examples so far
    cost more than all of them should. Raises FalseClaim, CannotEvaluate.
    """
    transcript = transcript or Transcript(len(training_set))
    total, shards = len(training_set), transcript.shards
    check_sums(loss, shard_sums, total)
    order = drawn(shards, shard_sums, standing)
    so_far = 0
    try:
        for shard in complete(order, specification, parameters, training_set, transcript, progress):
            start, end = transcript.span(shard)
            found = sum(transcript.losses[start:end].tolist())  # in Python: no sum wraps
            so_far += found
            if shard_sums is not None and found != shard_sums[shard]:
                raise FalseClaim(f"its shard sums are false: shard {shard} sums to {found}")
            # no example costs less than nothing
            if transcript.done < total and so_far >= (loss + 1) * total:
                raise FalseClaim(f"a part of the examples makes its loss more than {loss}")
    except Invalid as error:
        return exact.Evaluation.invalid(str(error))
    return exact.Evaluation.of(transcript.losses)


def check_sums(loss: int, shard_sums: Sequence[int] | None, total: int) -> None:
    """Raise FalseClaim if published sums over `total` examples do not give the loss."""
    if shard_sums is None:
        return
    shards = len(range(0, total, exact.SHARD))
    if len(shard_sums) != shards:
        raise FalseClaim(
            f"its shard sums are false: there are {shards} shards, not {len(shard_sums)}"
        )
    if total and sum(shard_sums) // total != loss:
        raise FalseClaim(f"its shard sums are those of a loss of {sum(shard_sums) // total}")


def losses_of(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    transcript: Transcript,
    progress: Progress | None = None,
) -> tuple[np.ndarray, int | None]:
    """The losses int64 of all examples; or of those before the first that has none, and its number.

    In its place is a number that no claim can know: whatever is claimed of it, it is another. Those
    after it are 0. Raises CannotEvaluate.
    """
    subject = specification, parameters, training_set
    try:
        for _ in complete(range(transcript.shards), *subject, transcript, progress):
            pass
    except Invalid:
        first = _first_without(*subject, transcript)
        losses = np.array(transcript.losses)
        losses[first:] = 0
        losses[first] = _UNKNOWABLE + secrets.randbits(62)
        return losses, first
    return np.array(transcript.losses), None


_UNKNOWABLE = 1 << 62


def _first_without(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    transcript: Transcript,
) -> int:
    """The first example without a loss: halving the batch at which the evaluation was left."""
    shard = next(n for n in range(transcript.shards) if not transcript.complete(n))
    start, end = transcript.next(shard), transcript.span(shard)[1]
    evaluator = Evaluator(specification.program, parameters, loss=specification.loss)
    size = min(end - start, exact.SHARD, examples_at_once(specification.bytes_for_one))
    while size > 1:
        half = size // 2
        (columns,) = training_set.batches(half, start, start + half)
        try:
            list(evaluator.losses([_batch(specification, columns)]))
        except Invalid:
            size = half
        else:
            start, size = start + half, size - half
    return start


def root_of(
    evaluation: exact.Evaluation,
    specification: ModelSpecification,
    params_root: bytes,
    training_set: TrainingSet,
) -> bytes:
    """Hash the losses and what they are of: the 32 bytes that claims commit to.
    `params_root` is that of the checkpoint evaluated."""
    return exact.eval_root(
        len(training_set),
        evaluation.top,
        params_root,
        training_set.root.digest(),
        specification.rows_root,
    )


def check_version(specification: ModelSpecification) -> None:
    """Raise CannotEvaluate if the group has another version of the evaluator than this program."""
    if specification.evaluator != exact.VERSION:
        raise CannotEvaluate(
            f"The group evaluates with {specification.evaluator}, this program with "
            f"{exact.VERSION}. Install the version that speaks it, or go on in a fork: "
            "nrn group fork GROUP --upgrade."
        )


def check_data(specification: ModelSpecification, columns: Mapping[str, np.ndarray]) -> None:
    """Raise ModelError unless the model reads these columns, [n, ...] each, and has a loss for the
    target."""
    for column in specification.columns:
        array = columns.get(column.name)
        if array is None:
            raise ModelError(f"the model reads the column {column.name!r}, which is not there")
        if array.dtype.name != column.dtype or array.shape[1:] != column.shape:
            raise ModelError(
                f"the model reads {column.name!r} as {column.dtype} {list(column.shape)}, "
                f"the data has {array.dtype.name} {list(array.shape[1:])}"
            )
    targets = columns.get(specification.target)
    if targets is None:
        raise ModelError(f"the target {specification.target!r} is not there")
    if math.prod(targets.shape[1:]) != math.prod(specification.target_shape):
        raise ModelError(
            f"the loss takes targets of shape {list(specification.target_shape)}, the data has "
            f"{list(targets.shape[1:])}"
        )
    classes = specification.output_shape[-1]
    # of a target for each position, those outside the classes do not count
    one_each = specification.loss == "cross_entropy" and not specification.target_shape
    if one_each and targets.size and not 0 <= int(targets.min()) <= int(targets.max()) < classes:
        raise ModelError(f"a target is not one of the {classes} classes")


def check_memory(specification: ModelSpecification) -> None:
    """Raise CannotEvaluate if one example takes more memory than there is, before it is taken."""
    try:
        require_memory(specification.program)
    except MemoryError as error:
        raise CannotEvaluate(
            f"Not enough memory: {error}. A larger machine evaluates it, or a smaller model."
        ) from None


def check_losses(
    specification: ModelSpecification, parameters: Parameters, columns: Mapping[str, np.ndarray]
) -> None:
    """Try a model before a group is founded on it: raise ModelError if none of up to TRIED examples
    of `columns`, [n, ...] each, has a loss with these parameters. Raises CannotEvaluate."""
    total = len(columns[specification.target])
    if not total:
        raise ModelError("there are no examples to train on: give data with one or more")
    check_version(specification)
    check_memory(specification)
    rows = np.unique(np.linspace(0, total - 1, TRIED).astype(int)).tolist()
    reason = ""
    try:
        evaluator = Evaluator(specification.program, parameters, loss=specification.loss)
        for row in rows:
            few = {name: array[row : row + 1] for name, array in columns.items()}
            try:
                list(evaluator.losses([_batch(specification, few)]))
            except Invalid as error:
                reason = str(error)
            else:
                return
    except Invalid as error:  # of the parameters, whatever the example
        reason = str(error)
    raise ModelError(
        f"none of {len(rows)} examples has a loss with the model's first parameters: {reason}. "
        "Look for a division by 0, the log or root of a number below 0, a loop that does not end, "
        "or outputs beyond 2^16"
    )


def complete(
    order: Sequence[int],
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    transcript: Transcript,
    progress: Progress | None,
) -> Iterator[int]:
    """Complete the shards of `transcript` in this order, those first that are complete already;
    gives each as it is. Raises Invalid, CannotEvaluate."""
    check_version(specification)
    check_memory(specification)
    check_data(specification, training_set.schema.empty())
    tell = _Teller(transcript, progress)
    yield from (shard for shard in order if transcript.complete(shard))
    missing = [shard for shard in order if not transcript.complete(shard)]
    if not missing:
        return
    evaluator = Evaluator(specification.program, parameters, loss=specification.loss)
    starts: deque[int] = deque()

    def batches() -> Iterator[tuple[Any, Any]]:
        size = min(exact.SHARD, examples_at_once(specification.bytes_for_one))
        for shard in missing:
            start, end = transcript.next(shard), transcript.span(shard)[1]
            for columns in training_set.batches(size, start, end):
                batch = _batch(specification, columns)
                starts.append(start)
                start += len(batch[1])
                yield batch

    for losses in evaluator.losses(batches()):
        start = starts.popleft()
        transcript.add(start, losses)
        tell()
        shard = start // exact.SHARD
        if transcript.complete(shard):
            yield shard


def _batch(specification: ModelSpecification, columns: Any) -> tuple[Any, Any]:
    inputs = {name: columns[name] for name in specification.inputs}
    return inputs, specification.targets(columns[specification.target])


class _Teller:
    """Calls `progress` after each batch, and tells the log now and then."""

    def __init__(self, transcript: Transcript, progress: Progress | None) -> None:
        self._transcript, self._progress = transcript, progress
        self._told = time.monotonic()
        # the first batch is compiled: neither it nor what was known before says how fast we are
        self._first: tuple[float, int] | None = None
        if transcript.done:
            logger.info("going on after %d examples evaluated earlier", transcript.done)
        if progress is not None:
            progress(transcript.done)

    def __call__(self) -> None:
        now, done, total = time.monotonic(), self._transcript.done, len(self._transcript.losses)
        if self._progress is not None:
            self._progress(done)
        if self._first is None:
            self._first = (now, done)
        elif now - self._told > REPORT_SECONDS:
            self._told = now
            rate = (done - self._first[1]) / (now - self._first[0])
            left = math.ceil((total - done) / rate)
            logger.info("evaluated %d of %d examples, %d s left", done, total, left)
