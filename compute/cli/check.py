"""`nrn evaluate` and `verify`: believe nothing, recompute it."""

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import GroupId, parse_hash
from compute.cli.command import command
from compute.cli.failure import A_LIE
from compute.cli.hashes import Hash, claimed, stored, whole
from compute.cli.session import Session
from compute.cli.values import Digest, Loss

if TYPE_CHECKING:
    from compute.chain import Group


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    command(root, "evaluate")(evaluate)
    command(root, "verify")(verify)


def evaluate(
    session: Session,
    group_id: GroupId,
    checkpoint: Annotated[
        Hash | None, typer.Argument(parser=parse_hash, help="The incumbent by default.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="Of the training set; the current one by default.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Where an evaluation that is cut off is kept; by default user data."),
    ] = None,
) -> None:
    """The exact loss of a checkpoint, the same integer on every machine.

    If it is cut off, by Ctrl-C or a power cut, the same command goes on where it was.

    Example: nrn evaluate 1
    """
    from compute.judging import evaluation, retrieval
    from compute.judging.transcripts import Transcripts
    from compute.storage import data_folder

    group = session.group(group_id)
    digest = _digest(session, group, checkpoint)
    current = group.voting.current()
    version = current.version if version is None else version
    tip = current.tip if version == current.version else group.deltas.tip_of(version)
    with session.out.progress("fetching"):
        specification = retrieval.load_specification(session.blocks, group.model_hash)
        sets = session.training_sets(group)
        examples = retrieval.load_training_sets(
            group, session.blocks, version, sets, verify=True
        ).version(version)
        parameters = retrieval.load_incumbent(session.blocks, specification, digest)
    transcripts = Transcripts(state or data_folder() / "evaluations")
    subject = specification.hash, digest, tip, len(examples)
    with session.out.progress("evaluating") as step, transcripts.open(*subject) as transcript:
        result = evaluation.evaluate_checkpoint(
            specification,
            parameters,
            examples,
            lambda done: step(done, len(examples)),
            transcript,
        )
    session.out.record(
        f"Checkpoint {digest} on version {version}",
        {
            "loss": result.loss,
            "mean": str(Loss(result.loss)),
            "unit": specification.unit,
            "valid": result.valid,
            "reason": result.reason,
            "examples": len(examples),
            "root": Digest(result.top.hash),
            "checkpoint": digest,
            "version": version,
        },
    )
    if not result.valid:
        raise typer.Exit(A_LIE)


def _digest(session: Session, group: "Group", given: Hash | None) -> Digest:
    if given is None:
        return Digest(group.voting.incumbent().checkpoint_hash)
    return whole(given, chain(claimed(group), stored(session.blocks, given)))


def verify(
    session: Session,
    group_id: GroupId,
    state: Annotated[
        Path | None,
        typer.Option(help="Where evaluations that are cut off are kept; by default user data."),
    ] = None,
) -> None:
    """Replay a group from chain and store alone, and recompute the loss of every accepted block.

    If it is cut off, by Ctrl-C or a power cut, the same command goes on where it was.
    Ends with code 5 if one of them is a lie, 4 if content is missing and nothing is proved.

    Example: nrn verify 1
    """
    from compute.judging.transcripts import Transcripts
    from compute.roles.verifier import verify as replay
    from compute.storage import data_folder

    group = session.group(group_id)
    with session.out.progress("verifying") as step:

        def progress(height: int, blocks: int, done: int, examples: int) -> None:
            step((height - 1) * examples + done, blocks * examples)

        folder = (
            data_folder() / "verifications" / f"{session.chain.chain_id}-{group.voting.address}"
        )
        transcripts = Transcripts(state or folder, kept=sys.maxsize)
        report = replay(group, session.blocks, progress, session.training_sets(group), transcripts)
    session.out.show(str(report), _document(report))
    if not report.true:
        raise typer.Exit(A_LIE)


def _document(report: Any) -> dict[str, Any]:
    return {
        "group": report.group_id,
        "true": report.true,
        "genesis_fault": report.genesis_fault,
        "blocks": [{"fault": checked.fault, "block": checked.block} for checked in report.blocks],
    }
