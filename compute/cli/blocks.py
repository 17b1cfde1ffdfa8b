"""The part of `nrn group` that looks back: what became of each block, and who earned what."""

from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from compute.cli.arguments import GroupId
from compute.cli.command import command
from compute.cli.output import table
from compute.cli.session import Session
from compute.cli.values import Amount, Digest, Loss, Moment

if TYPE_CHECKING:
    from compute.facts import BallotFacts, BlockFacts, CandidateFacts


def register(app: typer.Typer) -> None:
    """Add the commands to `nrn group`."""
    for function in (blocks, trainers):
        command(app, function.__name__)(function)


def blocks(session: Session, group_id: GroupId) -> None:
    """Every block with a claim, newest first: how it ended, who won, with which votes, for what.

    The votes are those that approve the winner, of all that were cast: it needs more than half of
    these and a quorum of the group's stake. JSON holds every claim and ballot too.

    Example: nrn group blocks 1
    """
    from compute.facts import block_facts

    found = block_facts(session.group(group_id))[::-1]
    session.out.show(_page(group_id, found), [_document(block) for block in found])


def trainers(session: Session, group_id: GroupId) -> None:
    """Who claimed, won and earned how much in a group; the keepers' part is not counted.

    Example: nrn group trainers 1
    """
    from compute.facts import block_facts, trainer_facts

    rows = [
        {
            "trainer": trainer.address,
            "claims": trainer.claims,
            "accepted": trainer.accepted,
            "best_loss": None if trainer.best_loss is None else Loss(trainer.best_loss),
            "earned": Amount(trainer.earned),
        }
        for trainer in trainer_facts(block_facts(session.group(group_id)))
    ]
    session.out.rows(f"Trainers of group {group_id}", rows, empty="nobody has made a claim yet.")


def _page(group_id: int, found: list["BlockFacts"]) -> Table | str:
    title = f"Blocks of group {group_id}"
    return table(title, [_row(block) for block in found]) if found else f"{title}: no claim yet."


def _row(block: "BlockFacts") -> dict[str, Any]:
    """A line for people, narrow enough for a terminal; programs get all of it."""
    winner = block.winner
    return {
        "block": block.index,
        "start": Moment(block.start),
        "data": block.version,
        "status": block.status,
        "trainer": f"{winner.trainer[:8]}…{winner.trainer[-4:]}" if winner else None,
        "loss": Loss(winner.loss) if winner else None,
        "votes": f"{Amount(block.votes)} of {Amount(block.cast)}, {Amount(block.quorum)} needed",
        "reward": Amount(block.reward),
        "paid": block.paid,
    }


def _document(block: "BlockFacts") -> dict[str, Any]:
    return {
        "block": block.index,
        "start": Moment(block.start),
        "end": Moment(block.end),
        "version": block.version,
        "status": block.status,
        "height": block.height or None,
        "winner": Digest(block.winner.checkpoint_hash) if block.winner else None,
        "asked": Loss(block.asked),
        "votes": Amount(block.votes),
        "cast": Amount(block.cast),
        "power": Amount(block.power),
        "quorum": Amount(block.quorum),
        "reward": Amount(block.reward),
        "keepers_part": Amount(block.pooled),
        "paid": block.paid,
        "candidates": [_candidate(candidate) for candidate in block.candidates],
        "ballots": [_ballot(ballot) for ballot in block.ballots],
    }


def _candidate(candidate: "CandidateFacts") -> dict[str, Any]:
    return {
        "checkpoint": Digest(candidate.checkpoint_hash),
        "trainer": candidate.trainer,
        "loss": Loss(candidate.loss),
        "to_beat": Loss(candidate.baseline_loss),
        "rank": candidate.rank,
        "votes": Amount(candidate.votes),
    }


def _ballot(ballot: "BallotFacts") -> dict[str, Any]:
    return {
        "staker": ballot.staker,
        "approved": [Digest(digest) for digest in ballot.approved],
        "power": Amount(ballot.power),
    }
