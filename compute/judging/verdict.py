"""Decide whether a revealed claim is true, from the checkpoint and the exact evaluation alone."""

from dataclasses import dataclass

from compute.chain import RevealedClaim
from compute.chain.claims import Claim, eval_root_hash
from compute.checkpoint import Checkpoint
from compute.judging.evaluation import FalseClaim, Progress, evaluate_against, root_of
from compute.judging.goal import Goal
from compute.judging.transcripts import Transcripts, transcript_in


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


def contradiction(claim: RevealedClaim | Claim, goal: Goal) -> str | None:
    """Why a claim is false whatever its checkpoint is."""
    if claim.baseline_loss == goal.baseline_loss:
        return None
    return f"the incumbent's loss is {goal.baseline_loss}, not {claim.baseline_loss}"


def judge(
    claim: RevealedClaim | Claim,
    checkpoint: Checkpoint,
    goal: Goal,
    progress: Progress | None = None,
    transcripts: Transcripts | None = None,
) -> Verdict:
    """Check baseline, loss and evaluation root of a claim made for `goal`.

    The evaluation is left at the first lie; with `transcripts` it goes on where it was cut off.
    """
    if fault := contradiction(claim, goal):
        return Verdict(fault)
    subject = goal.specification, checkpoint.params, goal.training_set
    try:
        with transcript_in(
            transcripts, goal.specification, claim.checkpoint_hash, goal.tip, goal.training_set
        ) as transcript:
            evaluation = evaluate_against(
                claim.loss, checkpoint.shard_sums, *subject, progress, transcript, goal.shard_sums
            )
    except FalseClaim as error:
        return Verdict(f"{error}")
    if not evaluation.valid:
        return Verdict(f"{evaluation.reason}")
    if evaluation.loss != claim.loss:
        return Verdict(f"its loss is {evaluation.loss}, not {claim.loss}")
    root = root_of(evaluation, goal.specification, checkpoint.params_root, goal.training_set)
    if eval_root_hash(root) != claim.eval_root_hash:
        return Verdict("its evaluation root is not that of its evaluation")
    return Verdict(None, root)
