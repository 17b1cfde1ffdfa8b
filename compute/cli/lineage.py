"""The part of `nrn delta` that looks: what a change brings, what was changed, when and by whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import GroupId
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.hashes import LEAST, Hash, whole
from compute.cli.saying import claimed
from compute.cli.session import Session
from compute.cli.values import Amount, Digest

if TYPE_CHECKING:
    from compute.chain import Group
    from compute.training_set import Materialised, Preview

Samples = Annotated[int, typer.Option(min=0, max=20, help="Examples of each kind to show.")]
Sheet = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="Write up to 200 of each kind to this .html or .png file."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `nrn delta`."""
    for function in (show, diff, log, blame, checkout):
        command(app, function.__name__)(function)


def show(
    session: Session,
    group_id: GroupId,
    number: Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, help="Its number.")],
    samples: Samples = 6,
    sheet: Sheet = None,
) -> None:
    """What a proposal would add and remove. Look at the data before you vote.

    Example: nrn delta show 1 3 --sheet look.html
    """
    from compute.roles import curator
    from compute.training_set import DeltaRecord, preview

    group = session.group(group_id)
    proposal = group.deltas.proposal(number)
    tip = group.deltas.tip_of(proposal.parent_version)
    with session.out.progress("fetching"):
        examples = curator.checkout(
            group, session.blocks, proposal.parent_version, session.training_sets(group)
        )
        record = DeltaRecord(proposal.delta_hash, tip, proposal.proposer)
        change = preview(session.blocks, examples, record)
    facts: dict[str, Any] = {"group": group_id, "proposal": number}
    facts |= {"delta": Digest(proposal.delta_hash), **claimed(session.blocks, proposal.delta_hash)}
    _present(session, group, f"Proposal {number}", facts, change, samples, sheet)


def diff(
    session: Session,
    group_id: GroupId,
    old: Annotated[int, typer.Argument(metavar="A", min=0, help="A version.")],
    new: Annotated[int, typer.Argument(metavar="B", min=0, help="Another one.")],
    samples: Samples = 6,
    sheet: Sheet = None,
) -> None:
    """What version B of the training set has that version A has not, and what it lacks.

    Example: nrn delta diff 1 0 4
    """
    from compute.training_set import Preview

    group = session.group(group_id)
    with session.out.progress("replaying deltas"):
        sets = _sets(session, group, max(old, new))
        change = Preview(*sets.between(old, new), None, sets.schema)
    facts = {"group": group_id, "from": old, "to": new}
    _present(session, group, f"Version {old} to {new}", facts, change, samples, sheet)


def log(session: Session, group_id: GroupId) -> None:
    """Every change of the training set, newest first, through the parents of a fork: who proposed
    it, the NRN that voted for it, and the reward it earned.

    Example: nrn delta log 1
    """
    from compute.facts import lineage_facts

    rows = [
        {
            "version": delta.version,
            "delta": Digest(delta.delta_hash),
            "name": claimed(session.readable, delta.delta_hash)["name"],
            "proposer": delta.proposer,
            "votes": _amount(delta.votes),
            "reward": _amount(delta.reward),
            "paid": delta.paid,
        }
        for delta in lineage_facts(session.group(group_id))
    ]
    session.out.rows(f"Training set of group {group_id}", rows)


def blame(
    session: Session,
    group_id: GroupId,
    example: Annotated[
        str, typer.Argument(help="Its id (64 digits), or its place in the current set, from 0.")
    ],
) -> None:
    """Which deltas brought an example and took it away, oldest first.

    Example: nrn delta blame 1 17
    """
    group = session.group(group_id)
    version, _ = group.deltas.tip_at(session.chain.now())
    with session.out.progress("replaying deltas"):
        sets = _sets(session, group, version)
        example_id = _id(sets, version, example)
        changes = sets.blame(example_id)
        genesis, records = group.deltas.lineage(version)
    rows = [
        {
            "version": change.version,
            "change": change.change,
            "delta": Digest(records[change.version - 1].delta_hash if change.version else genesis),
            "proposer": records[change.version - 1].proposer if change.version else None,
        }
        for change in changes
        if change.version <= version
    ]
    session.out.rows(f"Example {example_id.hex()}", rows, empty="it was never in the set.")


def checkout(
    session: Session,
    group_id: GroupId,
    target: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    version: Annotated[int | None, typer.Option(min=0, help="The current one by default.")] = None,
    ids: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the examples' ids too, one a line.")
    ] = None,
) -> None:
    """Write a version of the training set to a file, from content checked against the chain.

    The ids are what `--remove` and `nrn delta blame` take.

    Example: nrn delta checkout 1 data.npz --version 2
    """
    from compute.training_set.export import write_ids, write_npz

    if target.suffix not in ("", ".npz") or target.is_file():
        why = "is there already" if target.is_file() else "is no .npz file, as what is written"
        raise Refused(f"{target} {why}: name a new one, such as {target.with_suffix('.new.npz')}.")
    group = session.group(group_id)
    if version is None:
        version, _ = group.deltas.tip_at(session.chain.now())
    with session.out.progress("replaying deltas") as step:
        examples = _sets(session, group, version).version(version)
        with _writing(target):
            write_npz(target, examples, step)
        if ids is not None:
            with _writing(ids):
                write_ids(ids, examples)
    session.out.done(
        f"{len(examples)} examples in {target}.",
        {"group": group_id, "examples": len(examples), "file": str(target)},
    )


def _amount(value: int | None) -> Amount | None:
    return None if value is None else Amount(value)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror or error}.") from None


def _sets(session: Session, group: "Group", version: int) -> "Materialised":
    from compute.judging.retrieval import load_training_sets

    return load_training_sets(group, session.blocks, version, session.training_sets(group))


def _id(sets: "Materialised", version: int, example: str) -> bytes:
    if len(example) < LEAST and example.isdecimal():
        ids = sets.version(version).ids
        if int(example) >= len(ids):
            raise Refused(f"The set has {len(ids)} examples, counted from 0.")
        return ids[int(example)].tobytes()
    try:
        return whole(Hash.parse(example), sets.every_id())
    except ValueError as error:
        raise Refused(f"'{example}' is no place, and no id: {error}") from None


def _present(
    session: Session,
    group: "Group",
    title: str,
    facts: dict[str, Any],
    change: "Preview",
    samples: int,
    sheet: Path | None,
) -> None:
    """Counts, classes and examples, on the terminal and, if asked for, on a contact sheet."""
    from compute.cli import preview
    from compute.judging.retrieval import load_specification
    from compute.training_set.tokeniser import load

    words = load(session.blocks, change.added)
    target = load_specification(session.blocks, group.model_hash).target
    facts |= preview.facts(change, target)
    if sheet is not None:
        with _writing(sheet):
            heading = f"Group {group.id}, {title}"
            preview.write_sheet(sheet, heading, facts, change, target, words)
    session.out.show(preview.page(title, facts, change, target, samples, words), facts)
