"""`nrn exact`: check whether this machine computes the exact loss."""

from typing import Annotated

import typer

from compute.cli.command import command
from compute.cli.failure import A_LIE
from compute.cli.output import Output

app = typer.Typer(help="The exact loss on this machine.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `check` a subcommand while it is the only one."""


@command(app, "check")
def check(
    carrier: Annotated[
        str | None, typer.Option(help="Way of multiplying matrices; this device's by default.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All vectors of each operation; takes many minutes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the conformance vectors on the device at hand. One that fails any must not vote, nor
    one whose environment asks for fast instead of right.

    Example: nrn exact check
    """
    from compute.exact import CARRIERS, conformance

    if carrier is not None and carrier not in CARRIERS:
        raise typer.BadParameter(f"there is no '{carrier}', only: {', '.join(CARRIERS)}")
    out = Output(as_json=as_json)
    with out.progress("running the conformance vectors"):
        report = conformance.check(carrier, each=None if every else conformance.FEW)
    out.record(
        "Exact numbers on this device",
        {
            "device": report.device,
            "carrier": report.carrier,
            "vectors": report.vectors,
            "failures": list(report.failures) if as_json else ", ".join(report.failures) or "none",
            "unsafe_flags": list(report.flags) if as_json else ", ".join(report.flags) or "none",
            "may_vote": report.ok,
        },
    )
    if not report.ok:
        raise typer.Exit(A_LIE)
