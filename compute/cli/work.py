"""`nrn keep`, `curate`, `relay`: the processes that a group lives by."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli.arguments import GroupId, Quota, Staker, State
from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.watching import Watching

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
    watching: Watching,
    group_id: GroupId,
    staker: Staker = None,
    quota: Quota = None,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Keep wisdom: recompute what trainers claim, vote for the truth, collect your share.

    Runs until Ctrl-C; goes on where it stopped. Needs stake in the group.

    Example: nrn keep 1 --account alice
    """
    from compute.roles.wisdomkeeper import Wisdomkeeper

    seat = session.seat(group_id, "wisdomkeeper", state, poll, quota)
    live(seat, lambda seat: Wisdomkeeper(seat, staker), watching)


def watch(
    session: Session,
    watching: Watching,
    group_id: GroupId,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Watch the claims: challenge false ones before the referee, whatever the majority voted, and
    play the disputes to their end; defend your own claims.

    Needs ether for the referee's bond, no stake. Runs until Ctrl-C.

    Example: nrn watch 1 --account alice
    """
    from compute.roles.watcher import Watcher

    live(session.seat(group_id, "watcher", state, poll), Watcher, watching)


def curate(
    session: Session,
    watching: Watching,
    group_id: GroupId,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """See your proposals through: publish their data, finalise periods, collect the rewards.

    Example: nrn curate 1 --account alice
    """
    from compute.roles.curator import Curator

    live(session.seat(group_id, "curator", state, poll), Curator, watching)


def relay(
    session: Session,
    watching: Watching,
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
    live(seat, lambda seat: Relayer(seat, folder, trusting=trust), watching)


def live(seat: "Seat", take: "Callable[[Seat], Role]", watching: Watching) -> None:
    """Be the role that `take` makes of the seat until Ctrl-C, and show what it does."""
    from compute.node.role import run

    with watching.over(seat):
        run(seat, take)
