"""Is a revealed claim true? Decided from the checkpoint and the exact evaluation alone."""

from dataclasses import dataclass

from compute.chain import RevealedClaim
from compute.chain.claims import Claim, eval_root_hash
from compute.checkpoint import Checkpoint
from compute.roles.evaluation import (
    Progress,
    ShardMismatch,
    evaluate,
    evaluate_against,
    root_of,
)
from compute.roles.goal import Goal


@dataclass(frozen=True)
class Verdict:
    """`reason` says why a claim is false; `eval_root` (32 bytes) shows that a true one was
    evaluated.
    """

    reason: str | None
    eval_root: bytes = b""

    @property
    def true(self) -> bool:
        return self.reason is None


NOT_RETRIEVED = Verdict("its bytes could not be retrieved in time")


def judge(
    claim: RevealedClaim | Claim,
    checkpoint: Checkpoint,
    goal: Goal,
    progress: Progress | None = None,
) -> Verdict:
    """Check baseline, loss and evaluation root of a claim made for `goal`.

    The evaluation is left at the first shard that contradicts the sums in the manifest.
    """
    if claim.baseline_loss != goal.baseline_loss:
        return Verdict(f"the incumbent's loss is {goal.baseline_loss}, not {claim.baseline_loss}")
    subject = goal.specification, checkpoint.params, goal.training_set
    try:
        if checkpoint.shard_sums is None:
            evaluation = evaluate(*subject, progress)
        else:
            evaluation = evaluate_against(checkpoint.shard_sums, *subject, progress)
    except ShardMismatch as error:
        return Verdict(f"its shard sums are false: {error}")
    if not evaluation.valid:
        return Verdict(f"{evaluation.reason}")
    if evaluation.loss != claim.loss:
        return Verdict(f"its loss is {evaluation.loss}, not {claim.loss}")
    root = root_of(evaluation)
    if eval_root_hash(root) != claim.eval_root_hash:
        return Verdict("its evaluation root is not that of its evaluation")
    return Verdict(None, root)
