"""The exact loss of parameters on a training set, as the protocol names it."""

from collections.abc import Callable

from compute import exact
from compute.chain.claims import eval_root
from compute.models import ModelSpecification
from compute.roles.retrieval import Parameters
from compute.training_set import TrainingSet

BATCH_SIZE = 256
MAX_LOSS = 2**64 - 1

Progress = Callable[[int], None]


class CannotEvaluate(Exception):
    """This build cannot evaluate the group's model; the message says why."""


def evaluate(
    specification: ModelSpecification,
    parameters: Parameters,
    training_set: TrainingSet,
    progress: Progress | None = None,
    claim: exact.Claim | None = None,
) -> exact.Evaluation:
    """Evaluate exactly; `progress` gets the number of examples done, and may raise to leave.

    With `claim` the evaluation ends at the first shard that contradicts it. Raises CannotEvaluate
    if the specification asks for another number system than ours.
    """
    if specification.evaluator != exact.VERSION:
        raise CannotEvaluate(
            f"The group evaluates with {specification.evaluator}, this program with "
            f"{exact.VERSION}. Install the version that speaks it."
        )
    batches = (
        ({name: batch[name] for name in specification.inputs}, batch[specification.target])
        for batch in training_set.batches(BATCH_SIZE)
    )
    return exact.evaluate(
        specification.logits,
        parameters,
        batches,
        loss=specification.loss,
        total=len(training_set),
        progress=progress,
        claim=claim,
    )


def loss_to_beat(evaluation: exact.Evaluation) -> int:
    """The baseline an incumbent sets, Q32.32 nats: one that is invalid on new data is beaten by any
    loss.
    """
    return evaluation.loss if evaluation.valid else MAX_LOSS


def root_of(evaluation: exact.Evaluation) -> bytes:
    """What a claim commits to and a keeper attests: loss and transcript in 32 bytes."""
    return eval_root(evaluation.loss, evaluation.root)
