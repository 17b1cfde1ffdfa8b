"""`nrn train`: one trainer, from a laptop to a pod."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import GroupId, Quota, State, parse_hash
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.hashes import Hash, stored, whole
from compute.cli.session import Session
from compute.cli.watching import Watching
from compute.cli.work import Poll, live

if TYPE_CHECKING:
    from compute.node.role import Role
    from compute.node.seat import Seat
    from compute.searching.search import Start


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "train")(train)


def _option(text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="Recipe", **more)


def train(
    session: Session,
    watching: Watching,
    group_id: GroupId,
    recipe: Annotated[
        Path | None,
        _option(
            "A .toml or .json file with the options of this panel, named with _; see the docs."
        ),
    ] = None,
    seed: Annotated[int | None, _option("Of the order of examples.")] = None,
    batch_size: Annotated[int | None, _option("Examples a step; by default 128.")] = None,
    accumulation: Annotated[int | None, _option("Parts a batch is taken in.")] = None,
    optimizer: Annotated[str | None, _option("adamw (default) or muon.")] = None,
    learning_rate: Annotated[float | None, _option("By default 0.001.")] = None,
    schedule: Annotated[str | None, _option("constant (default) or cosine.")] = None,
    warmup_steps: Annotated[int | None, _option("Until the full learning rate.")] = None,
    decay_steps: Annotated[int | None, _option("Until a cosine's end.")] = None,
    weight_decay: Annotated[float | None, _option("By default 0.")] = None,
    clip_norm: Annotated[float | None, _option("Of the gradient, by default 1; 0: none.")] = None,
    precision: Annotated[str | None, _option("float32 (default) or bfloat16.")] = None,
    remat: Annotated[bool | None, _option("Save memory: compute activations again.")] = None,
    mesh: Annotated[
        str | None, _option("Devices of each axis, as in data=4,tensor=2; by default all for data.")
    ] = None,
    restart: Annotated[
        str | None, _option("Optimizer after another's win: reset (default), keep or warm.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Steps a block; by default until it is time to commit."),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(help="Examples to measure and never train on; reported with checkpoints."),
    ] = None,
    start: Annotated[
        Hash | None,
        typer.Option(
            parser=parse_hash,
            help="Checkpoint in the store to start from, as of `nrn import`; by default the "
            "accepted one. Where it does not get better than that, training goes back to it.",
        ),
    ] = None,
    save_seconds: Annotated[
        float, typer.Option(min=1.0, help="What a kill may lose of training.")
    ] = 60.0,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Folder for TensorBoard; needs tensorboardX.")
    ] = None,
    wandb: Annotated[
        str | None,
        typer.Option(metavar="PROJECT", help="Of Weights & Biases, for curves; needs wandb."),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option(help="This is one of several: auto, or ADDRESS:PORT,COUNT,INDEX."),
    ] = None,
    relay: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Send nothing: write signed claims here, for `nrn relay` to pay for.",
        ),
    ] = None,
    pay_to: Annotated[
        str | None,
        typer.Option(
            metavar="CONTRACT",
            help="Contract that is paid the rewards; it takes the account's signature (ERC-1271).",
        ),
    ] = None,
    defend: Annotated[
        bool, typer.Option(help="Answer whoever challenges your claims before the referee.")
    ] = True,
    quota: Quota = None,
    state: State = None,
    poll: Poll = 2.0,
) -> None:
    """Compete: train on the group's data, claim what the exact loss proves, collect the rewards.

    A claim of yours that is challenged before the referee is defended, also while training goes on;
    what is not answered in time is lost. Runs until Ctrl-C; goes on where it stopped.

    Example: nrn train 1 --learning-rate 3e-4 --account alice
    """
    given = {
        "seed": seed, "batch_size": batch_size, "accumulation": accumulation,
        "optimizer": optimizer, "learning_rate": learning_rate, "schedule": schedule,
        "warmup_steps": warmup_steps, "decay_steps": decay_steps, "weight_decay": weight_decay,
        "clip_norm": clip_norm, "precision": precision, "remat": remat, "mesh": mesh,
        "restart": restart,
    }  # fmt: skip
    from compute.training.recipe import Recipe

    base = Recipe() if recipe is None else Recipe.read(recipe)
    chosen = base.changed({name: value for name, value in given.items() if value is not None})
    if processes is not None:
        from compute.training.processes import join

        join(processes)  # before anything else looks for devices
    from compute.chain.contract import checksummed
    from compute.judging.held_out import HeldOutSet
    from compute.node.beside import Beside
    from compute.node.disputing import Duties
    from compute.roles.trainer import Trainer
    from compute.roles.watcher import Watcher
    from compute.searching import crew
    from compute.searching.search import Options
    from compute.training.processes import leads

    held = None if held_out is None else HeldOutSet(held_out, session.blocks)
    options = Options(chosen, steps, save_seconds, held, tensorboard, wandb, _start(session, start))
    if processes is not None:
        if state is None:
            raise Refused("Name a --state folder that all processes see.")
        if not leads():
            watching.log()
            crew.assist(session.blocks, state, options)
            return
    seat = session.seat(group_id, "trainer", state, poll, quota)

    payee = None if pay_to is None else checksummed(pay_to)

    def take(seat: "Seat") -> "Role":
        trainer = Trainer(seat, options, relay, pay_to)
        if not defend or relay is not None:  # who sends nothing can answer nobody
            return trainer
        return Beside(trainer, Watcher(seat, Duties(challenge=False, payee=payee)), seat.clock)

    live(seat, take, watching)


def _start(session: Session, given: Hash | None) -> "Start | None":
    from compute.checkpoint import model_of
    from compute.judging.retrieval import load_checkpoint, load_specification
    from compute.searching.search import Start

    if given is None:
        return None
    digest = whole(given, stored(session.blocks, given))
    model_hash = model_of(session.blocks, digest)
    specification = load_specification(session.blocks, model_hash)
    return Start(model_hash, load_checkpoint(session.blocks, specification, digest).params)
