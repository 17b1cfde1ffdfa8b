"""`nrn doctor`: check what a node needs, and say how to mend what is missing."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.command import command
from compute.cli.failure import WRONG
from compute.cli.session import Session

if TYPE_CHECKING:
    from compute.node.doctor import Patient


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "doctor")(doctor)


def doctor(
    session: Session,
    group_id: Annotated[
        int | None, typer.Argument(metavar="[GROUP]", min=1, help="What this group asks for too.")
    ] = None,
) -> None:
    """Look at everything a node needs: endpoints, clock, key, balances, store, peers, disk, device.

    Ends with code 1 if something is to be mended; it says how.

    Example: nrn doctor 1 --account alice
    """
    from compute.node.doctor import examine

    findings = []
    with session.out.progress("looking") as step:
        for finding in examine(_patient(session, group_id)):
            findings.append(finding)
            step(len(findings))
    rows: list[dict[str, Any]] = [
        {"": "ok" if found.well else "MEND", "what": found.name, "says": found.says}
        for found in findings
    ]
    document = [{"name": f.name, "well": f.well, "says": f.says} for f in findings]
    from compute.cli.output import table

    session.out.show(table("What a node needs", rows), document)
    if not all(finding.well for finding in findings):
        raise typer.Exit(WRONG)


def _patient(session: Session, group_id: int | None) -> "Patient":
    from compute.home import data_folder
    from compute.node.doctor import Patient

    return Patient(
        urls=[url.strip() for url in session.rpc.split(",") if url.strip()],
        chain=lambda: session.chain,
        store=lambda: session.blocks,
        state=data_folder() / "state",
        address=session.address,
        unlock=lambda: session.signer,
        group_id=group_id,
    )
