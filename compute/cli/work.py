"""`nrn train`, `keep`, `curate`, `relay`: the processes that a group lives by."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from compute.cli.arguments import GroupId, Staker, State
from compute.cli.command import command
from compute.cli.session import Session

Poll = Annotated[float, typer.Option(min=0.05, help="Seconds between looks at the chain.")]


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    command(root, "train")(train)
    command(root, "keep")(keep)
    command(root, "curate")(curate)
    command(root, "relay")(relay)


def train(
    session: Session,
    group_id: GroupId,
    seed: Annotated[int, typer.Option(min=0, help="Of the order of examples.")] = 0,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Adam's.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option(min=0.0, help="Adam's.")] = 0.0,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples a step.")] = 128,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Steps a block; by default until it is time to commit."),
    ] = None,
    relay: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Send nothing: write signed claims here, for `nrn relay` to pay for.",
        ),
    ] = None,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Compete: train on the group's data, claim what the exact loss proves, collect the rewards.

    Runs until Ctrl-C; goes on where it stopped.

    Example: nrn train 1 --learning-rate 3e-4 --account alice
    """
    from compute.roles import actor
    from compute.roles.search import Options
    from compute.roles.training import Recipe

    group, account = session.group(group_id), session.signer
    _log()
    actor.train(
        group, account, session.blocks, session.state(state, "trainer", group),
        Options(Recipe(seed, learning_rate, weight_decay, batch_size), steps), poll, relay,
    )  # fmt: skip


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
    from compute.roles import actor

    group, account = session.group(group_id), session.signer
    _log()
    actor.keep(
        group, account, session.blocks,
        session.state(state, "wisdomkeeper", group), staker, poll,
    )  # fmt: skip


def curate(session: Session, group_id: GroupId, state: State = None, poll: Poll = 2.0) -> None:
    """See your proposals through: publish their data, finalise periods, collect the rewards.

    Example: nrn curate 1 --account alice
    """
    from compute.roles import actor

    group, account = session.group(group_id), session.signer
    _log()
    actor.curate(group, account, session.blocks, session.state(state, "curator", group), poll)


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
    from compute.roles import actor

    group, account = session.group(group_id), session.signer
    _log()
    actor.relay(
        group, account, folder, session.blocks, session.state(state, "relayer", group), poll,
        trusting=trust,
    )  # fmt: skip


def _log() -> None:
    # force: absl, which Orbax imports, has taken the root logger by now
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO, force=True
    )
    for library in ("absl", "jax", "orbax", "urllib3"):
        logging.getLogger(library).setLevel(logging.ERROR)
