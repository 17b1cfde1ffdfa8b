"""`nrn delta`: change the training set, together."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli import lineage
from compute.cli.arguments import FORMATS, GroupId, Staker, State, parse_hash
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.hashes import Hash, stored, whole
from compute.cli.saying import Saying, claimed
from compute.cli.session import Session
from compute.cli.values import Amount, Digest, Moment

if TYPE_CHECKING:
    from compute.node.seat import Seat
    from compute.training_set import TrainingSet

app = typer.Typer(help="Propose, vote on and look at changes of the data.", no_args_is_help=True)

lineage.register(app)

MAX_REMOVAL_BYTES = 1 << 26

Add = Annotated[
    Path | None,
    typer.Option(exists=True, help=f"Examples to add: {FORMATS}."),
]
Remove = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Ids of examples to remove, one a line."),
]
Become = Annotated[
    Path | None,
    typer.Option(exists=True, help="The whole set you want; the difference is found for you."),
]


@command(app, "new")
def new(
    session: Session,
    saying: Saying,
    group_id: GroupId,
    add: Add = None,
    remove: Remove = None,
    become: Become = None,
    state: State = None,
) -> None:
    """Build a delta to the set in force and keep it to yourself. Propose it later by its hash.

    Example: nrn delta new 1 --add more.npz --account alice
    """
    built = _build(session, session.seat(group_id, "curator", state), saying, add, remove, become)
    session.out.done(
        f"Built {built.delta.hex()}: {built}. "
        f"Next: nrn delta propose {group_id} {built.delta.hex()}",
        {"group": group_id, **asdict(built)},
    )


@command(app, "propose")
def propose(
    session: Session,
    saying: Saying,
    group_id: GroupId,
    delta: Annotated[
        Hash | None, typer.Argument(parser=parse_hash, help="As `nrn delta new` said.")
    ] = None,
    add: Add = None,
    remove: Remove = None,
    become: Become = None,
    rebased_from: Annotated[int, typer.Option(help="Your proposal that this one replaces.")] = 0,
    state: State = None,
) -> None:
    """Propose a delta, built before or right now, and publish its data.

    Example: nrn delta propose 1 --add more.npz --account alice
    """
    from compute.roles import curator

    seat = session.seat(group_id, "curator", state)
    if delta is None:
        digest = _build(session, seat, saying, add, remove, become).delta
    else:
        digest = whole(delta, stored(seat.blocks.own, delta))
    number = curator.propose(seat, digest, rebased_from)
    group = seat.group
    votable = Moment(group.deltas.proposal(number).proposed_at + group.deltas.period().review)
    session.out.done(
        f"Proposal {number}. From {votable}: nrn delta vote {group_id} {number}",
        {"group": group_id, "proposal": number, "delta": digest, "votable_from": votable},
    )


@command(app, "vote")
def vote(
    session: Session,
    group_id: GroupId,
    proposal: Annotated[int, typer.Argument(min=0, help="Its number; 0 is 'no change'.")],
    staker: Staker = None,
) -> None:
    """Approve a proposal with all your stake. You may approve several; a vote is final.

    Example: nrn delta vote 1 3 --account alice
    """
    receipt = session.sender.vote_delta(session.group(group_id), proposal, staker)
    power = Amount(receipt.event("Voted")["power"])
    session.out.done(
        f"Voted for proposal {proposal} with {power} NRN.",
        {"group": group_id, "proposal": proposal, "power": power},
    )


@command(app, "finalize")
def finalize(session: Session, group_id: GroupId) -> None:
    """Write down the result of a delta period that is over; the next proposal or vote does so too.

    Example: nrn delta finalize 1 --account alice
    """
    group = session.group(group_id)
    session.sender.finalize(group)
    version, tip = group.deltas.tip_at(session.chain.now())
    session.out.done(
        f"The training set is at version {version}.",
        {"group": group_id, "version": version, "tip": Digest(tip)},
    )


@command(app, "proposals")
def proposals(session: Session, group_id: GroupId) -> None:
    """What can be voted on now.

    Example: nrn delta proposals 1
    """
    group = session.group(group_id)
    leader, review = group.deltas.leader(), group.deltas.period().review
    rows = [
        {
            "proposal": proposal.id,
            "votes": Amount(proposal.votes),
            "leads": leader is not None and leader.proposal_id == proposal.id,
            "votable_from": Moment(proposal.proposed_at + review),
            "delta": Digest(proposal.delta_hash),
            "name": claimed(session.readable, proposal.delta_hash)["name"],
            "proposer": proposal.proposer,
        }
        for proposal in group.deltas.proposals()
    ]
    session.out.rows(
        f"Proposals for group {group_id}, until {Moment(group.deltas.period().end)}", rows,
        empty="none. Make one with `nrn delta propose`.",
    )  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A delta and what it does; `kept` and `duplicates` are examples that it need not add."""

    delta: Digest
    adds: int
    removes: int
    kept: int
    duplicates: int

    def __str__(self) -> str:
        return (
            f"{self.adds} added, {self.removes} removed, {self.kept} are in the set already, "
            f"{self.duplicates} given more than once"
        )


def _build(
    session: Session,
    seat: "Seat",
    saying: Saying,
    add: Path | None,
    remove: Path | None,
    become: Path | None,
) -> Built:
    from compute.roles import curator
    from compute.training_set import additions, diff
    from compute.training_set.importers import read_for

    if (become is None) == (add is None and remove is None):
        raise Refused("Say what changes: --add and --remove, or --become alone.")
    with session.out.progress("building the delta"):
        own, sets = seat.blocks, session.training_sets(seat.group)
        current = curator.checkout(seat.group, own, folder=sets)
        schema = current.schema
        if become is not None:
            change = diff(current, read_for(become, schema, own))
        else:
            wanted = schema.empty() if add is None else read_for(add, schema, own)
            change = additions(current, wanted)
            change = replace(change, remove=[] if remove is None else _ids(remove, current))
        if not len(change):
            raise Refused("Nothing would change: every example is in the set already.")
        delta = curator.new_delta(
            seat, add=change.add, remove=change.remove, folder=sets, about=saying.over()
        )
    added = len(change) - len(change.remove)
    return Built(Digest(delta), added, len(change.remove), change.kept, change.duplicates)


def _ids(path: Path, current: "TrainingSet") -> list[bytes]:
    with path.open() as file:
        lines = file.read(MAX_REMOVAL_BYTES).split()
    return [whole(Hash.parse(line), (row.tobytes() for row in current.ids)) for line in lines]
