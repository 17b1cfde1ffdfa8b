"""`nrn keep`, `watch`, `curate`, `relay`: the processes that a group lives by."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli.arguments import Bonds, GroupId, Lanes, Quota, Staker, State
from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.values import Amount
from compute.cli.watching import Watching
from compute.units import ETHER

if TYPE_CHECKING:
    from compute.node.role import Role
    from compute.node.seat import Seat

BONDS = Amount(ETHER // 2)
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
    watch: Annotated[
        bool, typer.Option(help="Challenge false claims before the referee, as `nrn watch` does.")
    ] = True,
    bonds: Bonds = BONDS,
    lanes: Lanes = False,
    quota: Quota = None,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Keep wisdom: recompute what trainers claim, vote for the truth, collect your share.

    A false claim it also challenges before the referee, whatever the majority votes: that posts
    0.1 ether, which comes back with half of the claim's bond. Without the ether it only votes.
    Runs until Ctrl-C; goes on where it stopped. Needs stake in the group.

    Example: nrn keep 1 --account alice --bonds 0.2
    """
    from compute.node.beside import Beside
    from compute.node.disputing import Duties
    from compute.roles.watcher import Watcher
    from compute.roles.wisdomkeeper import Wisdomkeeper

    duties = Duties(lanes=lanes, most=bonds)

    def take(seat: "Seat") -> "Role":
        keeper = Wisdomkeeper(seat, staker)
        return Beside(keeper, Watcher(seat, duties), seat.clock) if watch else keeper

    live(session.seat(group_id, "wisdomkeeper", state, poll, quota), take, watching)


def watch(
    session: Session,
    watching: Watching,
    group_id: GroupId,
    bonds: Bonds = BONDS,
    lanes: Lanes = False,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Watch the claims: challenge false ones before the referee, whatever the majority voted, and
    play the disputes to their end; defend your own claims.

    `nrn keep` does the same beside voting, `nrn train` defends its own claims. Needs ether for the
    referee's bond of 0.1 and for gas, no stake. Runs until Ctrl-C; after a crash, here or on
    another machine, it plays on from what chain and store say.

    Example: nrn watch 1 --account alice --bonds 0.3 --lanes
    """
    from compute.node.disputing import Duties
    from compute.roles.watcher import Watcher

    duties = Duties(lanes=lanes, most=bonds)
    seat = session.seat(group_id, "watcher", state, poll)
    live(seat, lambda seat: Watcher(seat, duties), watching)


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
