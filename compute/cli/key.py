"""`nrn key`: keys of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from compute.cli.command import command
from compute.cli.output import Output

app = typer.Typer(help="Make keys.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `new` a subcommand while it is the only one."""


@command(app, "new")
def new(
    name: Annotated[str, typer.Argument(help="What --account will call it.")],
    password_file: Annotated[
        Path | None, typer.Option(help="Holds the password; else NRN_PASSWORD, else a prompt.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a key and keep it, encrypted, in a file. Whoever loses file or password loses the key.

    Example: nrn key new alice
    """
    from compute.chain.accounts import create_account

    path, address = create_account(name, password_file=password_file)
    Output(as_json=as_json).done(
        f"{address}, in {path}. Keep a copy. Next: nrn status --account {name}",
        {"account": name, "address": address, "file": str(path)},
    )
