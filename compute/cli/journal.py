"""`nrn journal`: move a node to another machine without acting twice."""

from pathlib import Path
from typing import Annotated

import typer

from compute.cli.arguments import GroupId, State
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.session import Session

ROLES = ("trainer", "wisdomkeeper")

app = typer.Typer(help="What a role must remember, moved between machines.", no_args_is_help=True)

RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="trainer or wisdomkeeper.")]


@command(app, "export")
def export(
    session: Session,
    group_id: GroupId,
    role: RoleName,
    file: Annotated[Path, typer.Argument(help="Where it goes; holds secrets.")],
    state: State = None,
) -> None:
    """Move a role's journal into a file. From then on the role refuses to run here.

    Example: nrn journal export 1 trainer tara.journal --account tara
    """
    from compute.node.moving import export as move

    folder = _folder(session, group_id, role, state)
    count = move(folder, file)
    session.out.done(
        f"{count} entries are in {file}; {role} does not run here any more. Import it where it "
        "goes on, with the same account and store.",
        {"entries": count, "file": str(file), "state": str(folder)},
    )


@command(app, "import")
def take_in(
    session: Session,
    group_id: GroupId,
    role: RoleName,
    file: Annotated[Path, typer.Argument(help="What was exported; it is removed.")],
    state: State = None,
) -> None:
    """Move an exported journal in, so that the role goes on here.

    Example: nrn journal import 1 trainer tara.journal --account tara
    """
    from compute.node.moving import take_in as move

    folder = _folder(session, group_id, role, state)
    count = move(file, folder)
    session.out.done(
        f"{count} entries moved in; {role} may run here now.",
        {"entries": count, "state": str(folder)},
    )


def _folder(session: Session, group_id: int, role: str, state: Path | None) -> Path:
    from compute.home import data_folder
    from compute.node.seat import folder

    if role not in ROLES:
        raise Refused(f"There is no journal of a '{role}', only of {' and '.join(ROLES)}.")
    if state is not None:
        return state
    if session.address is None:
        raise Refused("Say whose journal: --account NAME, or its --state folder.")
    return folder(data_folder() / "state", role, session.group(group_id), session.address)
