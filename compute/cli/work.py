"""`nrn keep`, `curate`, `relay`: the processes that a group lives by."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli.arguments import GroupId, Staker, State
from compute.cli.command import command
from compute.cli.session import Session

if TYPE_CHECKING:
    from compute.node.role import Role
    from compute.node.seat import Seat

Poll = Annotated[float, typer.Option(min=0.05, help="Seconds between looks at the chain.")]


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    command(root, "keep")(keep)
    command(root, "watch")(watch)
    command(root, "curate")(curate)
    command(root, "relay")(relay)


def keep(
    session: Session,
    group_id: GroupId,
    staker: Staker = None,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Keep wisdom: recompute what trainers claim, vote for the truth, collect your share.

    Runs until Ctrl-C; goes on where it stopped. Needs stake in the group.

    Example: nrn keep 1 --account alice
    """
    from compute.roles.wisdomkeeper import Wisdomkeeper

    seat = session.seat(group_id, "wisdomkeeper", state, poll)
    live(seat, lambda seat: Wisdomkeeper(seat, staker))


def watch(session: Session, group_id: GroupId, state: State = None, poll: Poll = 2.0) -> None:
    """Watch the claims: challenge false ones before the referee, whatever the majority voted, and
    play the disputes to their end; defend your own claims.

    Needs ether for the referee's bond, no stake. Runs until Ctrl-C.

    Example: nrn watch 1 --account alice
    """
    from compute.roles.watcher import Watcher

    live(session.seat(group_id, "watcher", state, poll), Watcher)


def curate(session: Session, group_id: GroupId, state: State = None, poll: Poll = 2.0) -> None:
    """See your proposals through: publish their data, finalise periods, collect the rewards.

    Example: nrn curate 1 --account alice
    """
    from compute.roles.curator import Curator

    live(session.seat(group_id, "curator", state, poll), Curator)


def relay(
    session: Session,
    group_id: GroupId,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", exists=True, file_okay=False, help="Where `nrn train --relay` writes."
        ),
    ],
    trust: Annotated[
        bool, typer.Option("--trust", help="Risk the bond without evaluating the checkpoint.")
    ] = False,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Pay gas and bond for trainers who have none; the reward is theirs, the bond comes back.

    Judges each claim as a keeper does before it risks a bond. Runs until Ctrl-C. Whoever writes
    into FOLDER spends your gas.

    Example: nrn relay 1 /srv/claims --account alice
    """
    from compute.roles.relayer import Relayer

    seat = session.seat(group_id, "relayer", state, poll)
    live(seat, lambda seat: Relayer(seat, folder, trusting=trust))


def live(seat: "Seat", take: "Callable[[Seat], Role]") -> None:
    """Be the role that `take` makes of the seat until Ctrl-C, and show what it does."""
    from compute.node.role import run

    log_to_terminal()
    run(seat, take)


def log_to_terminal() -> None:
    """Show what a role does, and nothing of its libraries."""
    # force: absl, which Orbax imports, has taken the root logger by now
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO, force=True
    )
    for library in ("absl", "jax", "orbax", "urllib3"):
        logging.getLogger(library).setLevel(logging.ERROR)
