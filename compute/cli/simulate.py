"""`nrn simulate`: what would my parameters do?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from compute.cli.command import command
from compute.cli.failure import Refused


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "simulate")(simulate)


def simulate(
    config: Annotated[
        Path, typer.Option(help="TOML with [world] and [group]: see docs/economy.md.", exists=True)
    ],
    experiment: Annotated[
        list[str] | None, typer.Option(help="Only these; may be given several times.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for figures and results.md.")] = Path(
        "economy-out"
    ),
) -> None:
    """Play the economy of a group with your parameters, on the contracts' bytecode.

    Example: nrn simulate --config my_group.toml --experiment cartels
    """
    # The engine compiles the contracts: it is a part of the clone, not of the node.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    try:
        from economy.run import EXPERIMENTS, write
        from economy.settings import SettingsError, load
    except ImportError as error:
        raise Refused(
            "The simulation needs a clone of the project, set up with `make setup` on Python 3.11 "
            f"or 3.12 ({error})."
        ) from None
    unknown = set(experiment or ()) - EXPERIMENTS.keys()
    if unknown:
        raise Refused(f"There is no experiment {unknown.pop()}, only: {', '.join(EXPERIMENTS)}.")
    try:
        write(load(config), experiment or [], out)
    except SettingsError as error:
        raise Refused(str(error)) from None
