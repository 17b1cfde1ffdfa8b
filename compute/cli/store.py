"""`nrn store`: the bytes themselves: how many, for whom, are they sound, and how they move."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Group as Lines

from compute.cli.arguments import parse_hash, parse_span
from compute.cli.command import command
from compute.cli.failure import NO_CONTENT, Refused
from compute.cli.hashes import Hash, stored, whole
from compute.cli.output import Step, table
from compute.cli.session import Session
from compute.cli.values import Digest, Size, Span
from compute.durable import replacing
from compute.units import DAY

app = typer.Typer(help="Look after content: measure, check, collect, move.", no_args_is_help=True)

WEEK = Span(7 * DAY)


@command(app, "status")
def status(session: Session) -> None:
    """Where content lies, how much there is, and who keeps what of it.

    Example: nrn store status
    """
    from compute.storage import owners, pins_of
    from compute.storage.kubo import KuboStore

    store = session.blocks
    with session.out.progress("counting"):
        kept, usage = owners(pins_of(store)), store.usage()
    facts: dict[str, Any]
    if isinstance(store, KuboStore):
        facts = {"daemon": store.api, "kubo": store.version, "peers": len(store.peers())}
    else:
        facts = {"folder": str(store.path)}
    owned = [
        {
            "owner": owner,
            "keeps": why,
            "roots": sum(record.why == why for record in records),
            "blocks": len({d for record in records if record.why == why for d in record.blocks}),
        }
        for owner, records in kept.items()
        for why in sorted({record.why for record in records})
    ]
    pinned = {d for records in kept.values() for record in records for d in record.blocks}
    facts |= {"blocks": usage.blocks, "size": Size(usage.bytes), "pinned_blocks": len(pinned)}
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()]
    kept_by = table("Kept by roles", owned) if owned else "No role keeps anything here yet."
    session.out.show(Lines(*lines, kept_by), {**facts, "kept": owned})


@command(app, "gc")
def gc(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    idle: Annotated[
        Span,
        typer.Option(metavar="TIME", parser=parse_span, help="Spare what was put so lately."),
    ] = WEEK,
    daemon: Annotated[
        bool,
        typer.Option("--daemon", help="Of a daemon: all that nobody pinned, ours or not."),
    ] = False,
) -> None:
    """Delete from a folder what no role keeps and nobody has put for a week.

    Safe while roles run. What is not revealed yet lies elsewhere and is never touched.

    A daemon is not ours alone: --daemon lets it delete what other programs left there unpinned too.

    Example: nrn store gc --dry-run
    """
    from compute.storage import FolderStore, collect, pins_of

    store = session.blocks
    if not isinstance(store, FolderStore):
        if not daemon:
            raise Refused(
                "A daemon may hold what other programs left there, and deletes it all alike if "
                "nobody has pinned it. What no role keeps any more is unpinned already. If the "
                "rest may go too: nrn store gc --daemon"
            )
        if dry_run or idle != WEEK:
            raise Refused("Kubo knows neither --dry-run nor --idle: it deletes what is unpinned.")
        with session.out.progress("collecting"):
            freed = store.collect()
        session.out.done(
            f"The daemon deleted {freed.blocks} blocks ({Size(freed.bytes)}).",
            {"blocks": freed.blocks, "bytes": freed.bytes},
        )
        return
    if daemon:
        raise Refused("Content lies in a folder: --daemon goes with --ipfs.")
    with session.out.progress("collecting") as step:
        done = collect(
            store, pins_of(store), idle_seconds=idle, dry_run=dry_run, progress=step
        )  # fmt: skip
    verb = "Would delete" if dry_run else "Deleted"
    session.out.done(
        f"{verb} {done.blocks} blocks ({Size(done.bytes)}), {done.left} stay.",
        {"blocks": done.blocks, "bytes": done.bytes, "left": done.left, "dry_run": dry_run},
    )


@command(app, "check")
def check(session: Session) -> None:
    """Read every block again and compare it with its hash; name what is damaged or missing.

    Of a daemon's blocks those are checked that a role keeps. Ends with code 4 if one is not sound.

    Example: nrn store check
    """
    from compute.storage import expected, faults, pinned, pins_of

    store = session.blocks
    digests = expected(store, pinned(pins_of(store)))
    bad = []
    with session.out.progress("checking") as step:
        for number, fault in enumerate(faults(store, digests), 1):
            step(number, len(digests))
            if fault is not None:
                bad.append(fault)
    named = [str(fault) for fault in bad]
    sound = f"{len(digests) - len(bad)} of {len(digests)} blocks are sound."
    session.out.done("\n".join([*named, sound]), {"blocks": len(digests), "faults": named})
    if bad:
        raise typer.Exit(NO_CONTENT)


@command(app, "export")
def export(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The CAR archive to write.")],
    roots: Annotated[
        list[Hash] | None,
        typer.Argument(
            metavar="[ROOT]...",
            parser=parse_hash,
            help="Hashes or CIDs of checkpoints, deltas or models.",
        ),
    ] = None,
    group: Annotated[
        int | None, typer.Option(min=1, help="All that `nrn verify` reads of this group.")
    ] = None,
) -> None:
    """Write content into one file, a CAR archive, so that it moves without a daemon.

    Example: nrn store export group-1.car --group 1
    """
    from compute.node.roots import of_group, of_root
    from compute.storage import MAX_ROOTS, export_car

    if not roots and group is None:
        raise Refused("Say what to export: hashes, or --group N.")
    store = session.blocks
    with session.out.progress("exporting") as step, written(file) as target:
        wanted: list[bytes] = [whole(root, stored(store, root)) for root in roots or []]
        if group is not None:
            wanted += of_group(session.group(group), store)
        blocks = list(dict.fromkeys(block for root in wanted for block in of_root(store, root)))
        export_car(store, wanted[-MAX_ROOTS:], counted(blocks, step), target)
    session.out.done(
        f"{len(blocks)} blocks in {file}. Elsewhere: nrn store import {file}",
        {"file": str(file), "blocks": len(blocks), "roots": [Digest(root) for root in wanted]},
    )


@command(app, "import")
def import_(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CAR archive.")],
) -> None:
    """Put every block of a CAR archive into the store, each checked against its name.

    Run again after an interruption it goes on; a folder's `gc` spares for a week what was imported.

    Example: nrn store import group-1.car
    """
    from compute.storage import import_car

    size = file.stat().st_size
    with session.out.progress("importing") as step, file.open("rb") as source:
        roots = import_car(session.blocks, source, lambda done: step(done, size))
    session.out.done(
        f"Imported {file}: {len(roots)} roots.",
        {"file": str(file), "roots": [Digest(root) for root in roots]},
    )


@contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name when it is complete."""
    try:
        with replacing(file) as target:
            yield target
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from error


def counted(blocks: list[bytes], step: Step) -> Iterable[bytes]:
    """The blocks, one progress step each."""
    for number, block in enumerate(blocks, 1):
        step(number, len(blocks))
        yield block
