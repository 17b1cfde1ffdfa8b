"""`nrn delta`: change the training set, together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli.arguments import GroupId, Staker, State, parse_digest
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.session import Session
from compute.cli.values import Amount, Digest, Moment

if TYPE_CHECKING:
    import numpy as np

    from compute.chain import Group
    from compute.roles.retrieval import Mirror

app = typer.Typer(help="Propose, vote on and look at changes of the data.", no_args_is_help=True)

MAX_REMOVAL_BYTES = 1 << 26

Add = Annotated[
    Path | None,
    typer.Option(exists=True, help="Examples to add: .npz, .csv, or a folder of images."),
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
    group_id: GroupId,
    add: Add = None,
    remove: Remove = None,
    become: Become = None,
    state: State = None,
) -> None:
    """Build a delta to the set in force and keep it to yourself. Propose it later by its hash.

    Example: nrn delta new 1 --add more.npz --account alice
    """
    group = session.group(group_id)
    delta = _build(session, group, _own(session, group, state), add, remove, become)
    session.out.done(
        f"Built {delta.hex()}. Next: nrn delta propose {group_id} {delta.hex()}",
        {"group": group_id, "delta": delta},
    )


@command(app, "propose")
def propose(
    session: Session,
    group_id: GroupId,
    delta: Annotated[
        Digest | None, typer.Argument(parser=parse_digest, help="As `nrn delta new` said.")
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

    group = session.group(group_id)
    own = _own(session, group, state)
    if delta is None:
        delta = _build(session, group, own, add, remove, become)
    number = curator.propose(group, session.signer, own, delta, rebased_from)
    votable = Moment(group.proposal(number).proposed_at + group.period().review)
    session.out.done(
        f"Proposal {number}. From {votable}: nrn delta vote {group_id} {number}",
        {"group": group_id, "proposal": number, "delta": delta, "votable_from": votable},
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
    version, tip = group.tip_at(session.chain.now())
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
    leader, review = group.leader(), group.period().review
    rows = [
        {
            "proposal": proposal.id,
            "votes": Amount(proposal.votes),
            "leads": leader is not None and leader.proposal_id == proposal.id,
            "votable_from": Moment(proposal.proposed_at + review),
            "delta": Digest(proposal.delta_hash),
            "proposer": proposal.proposer,
        }
        for proposal in group.proposals()
    ]
    session.out.rows(
        f"Proposals for group {group_id}, until {Moment(group.period().end)}", rows,
        empty="none. Make one with `nrn delta propose`.",
    )  # fmt: skip


@command(app, "show")
def show(
    session: Session,
    group_id: GroupId,
    number: Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, help="Its number.")],
    samples: Annotated[int, typer.Option(min=0, max=20, help="Pictures of each kind.")] = 6,
) -> None:
    """What a proposal would add and remove. Look at the data before you vote.

    Example: nrn delta show 1 3
    """
    from compute.cli import preview
    from compute.roles import curator, retrieval
    from compute.training_set import DeltaRecord
    from compute.training_set import preview as look

    group = session.group(group_id)
    proposal = group.proposal(number)
    tip = group.tip_of(proposal.parent_version)
    with session.out.progress("fetching"):
        examples = curator.checkout(
            group, session.blocks, proposal.parent_version, session.training_sets(group)
        )
        record = DeltaRecord(proposal.delta_hash, tip, proposal.proposer)
        change = look(session.blocks, examples, record)
        target = retrieval.load_specification(session.blocks, group.model_hash).target
    facts = {"group": group_id, "proposal": number, **preview.facts(change, target)}
    session.out.show(preview.page(facts, change, target, samples), facts)


@command(app, "log")
def log(session: Session, group_id: GroupId) -> None:
    """Every change of the training set, newest first, through the parents of a fork.

    Example: nrn delta log 1
    """
    group = session.group(group_id)
    version, _ = group.tip_at(session.chain.now())
    genesis, records = group.lineage(version)
    rows = [
        {
            "version": record.version,
            "delta": Digest(record.delta_hash),
            "proposer": record.proposer,
            "on_top_of": Digest(record.parent_tip),
        }
        for record in reversed(records)
    ]
    rows.append({"version": 0, "delta": Digest(genesis), "proposer": None, "on_top_of": None})
    session.out.rows(f"Training set of group {group_id}", rows)


@command(app, "checkout")
def checkout(
    session: Session,
    group_id: GroupId,
    target: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    version: Annotated[int | None, typer.Option(min=0, help="The current one by default.")] = None,
) -> None:
    """Write a version of the training set to a file, from content checked against the chain.

    Example: nrn delta checkout 1 data.npz --version 2
    """
    import numpy as np

    from compute.roles import curator

    group = session.group(group_id)
    if version is None:
        version, _ = group.tip_at(session.chain.now())
    with session.out.progress("replaying deltas"):
        examples = curator.checkout(group, session.blocks, version, session.training_sets(group))
        np.savez(target, allow_pickle=False, **examples.columns)
    session.out.done(
        f"{len(examples)} examples in {target}.",
        {"group": group_id, "examples": len(examples), "file": str(target)},
    )


def _own(session: Session, group: "Group", state: Path | None) -> "Mirror":
    from compute.roles.actor import own_blocks

    return own_blocks(session.state(state, "curator", group), session.blocks)


def _build(
    session: Session,
    group: "Group",
    own: "Mirror",
    add: Path | None,
    remove: Path | None,
    become: Path | None,
) -> Digest:
    from compute.roles import curator
    from compute.training_set import diff
    from compute.training_set.importers import read

    if (become is None) == (add is None and remove is None):
        raise Refused("Say what changes: --add and --remove, or --become alone.")
    with session.out.progress("building the delta"):
        sets = session.training_sets(group)
        current = curator.checkout(group, own, folder=sets)
        columns: dict[str, np.ndarray] | None = None
        if become is not None:
            change = diff(current, read(become, schema=current.schema))
            columns, ids = change.add, change.remove
        else:
            columns = None if add is None else read(add, schema=current.schema)
            ids = [] if remove is None else _ids(remove)
        address = session.signer.address
        return Digest(curator.new_delta(group, own, address, add=columns, remove=ids, folder=sets))


def _ids(path: Path) -> list[bytes]:
    with path.open() as file:
        lines = file.read(MAX_REMOVAL_BYTES).split()
    return [Digest.parse(line) for line in lines]
