"""One evaluation by several processes: each computes its shards, all of them know the result."""

import jax
import numpy as np
from jax.experimental import multihost_utils

from compute import exact
from compute.exact.evaluation import Invalid
from compute.judging.evaluation import Progress, complete, evaluate_checkpoint
from compute.judging.retrieval import Parameters
from compute.judging.transcripts import Transcript
from compute.models import ModelSpecification
from compute.training.processes import agreed
from compute.training_set import TrainingSet


def evaluate_together(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
) -> exact.Evaluation:
    """Evaluate as `evaluate_checkpoint`, in every process of a run. `progress` is called in process
    0, where it may raise; the others then leave as `agreed` says. Raises CannotEvaluate."""
    processes, me = jax.process_count(), jax.process_index()
    if processes == 1:
        return evaluate_checkpoint(specification, parameters, training_set, progress)
    transcript = Transcript(len(training_set))
    mine = range(me, transcript.shards, processes)
    reason = b""

    def work() -> int:
        nonlocal reason
        try:
            watched = progress if me == 0 else None
            for _ in complete(mine, specification, parameters, training_set, transcript, watched):
                pass
        except Invalid as error:
            reason = str(error).encode()[:64]
        return 1

    if me:
        work()
    agreed(work)
    found = multihost_utils.process_allgather(
        (transcript.losses.view(np.uint32), np.frombuffer(reason.ljust(64), np.uint8))
    )
    losses, reasons = (np.asarray(array) for array in found)
    for said in reasons:
        if text := bytes(said).decode().strip():
            return exact.Evaluation.invalid(text)
    whole = losses[0].view(np.int64).copy()
    for process in range(1, processes):
        for shard in range(process, transcript.shards, processes):
            start, end = transcript.span(shard)
            whole[start:end] = losses[process].view(np.int64)[start:end]
    return exact.Evaluation.of(whole)
