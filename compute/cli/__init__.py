"""`nrn`: arguments in, tables and progress out. No logic, and nothing slow at import."""

import os
import sys
from typing import Annotated

import typer

from compute.cli import (
    check,
    delta,
    dispute,
    doctor,
    exact,
    explore,
    group,
    journal,
    key,
    model,
    redeem,
    sale,
    simulate,
    sponsor,
    stake,
    status,
    store,
    train,
    use,
    work,
)
from compute.cli.failure import EXIT_CODES
from compute.home import cache_folder

COMMON_OPTIONS = {
    "--rpc",
    "--agree",
    "--max-fee",
    "--deployment",
    "--store",
    "--ipfs",
    "--account",
    "--password-file",
    "--json",
}

app = typer.Typer(
    name="nrn",
    help="Train models together: vote on the data, compete on the loss, settle it to the last bit.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and end, if it is `wanted`."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"nrn {version('decentralizedai')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


for module in (status, stake, sponsor, train, work, use, redeem, explore, check, simulate, doctor):
    module.register(app)
app.add_typer(group.app, name="group")
app.add_typer(key.app, name="key")
app.add_typer(model.app, name="model")
app.add_typer(delta.app, name="delta")
app.add_typer(dispute.app, name="dispute")
app.add_typer(sale.app, name="sale")
app.add_typer(exact.app, name="exact")
app.add_typer(store.app, name="store")
app.add_typer(journal.app, name="journal")


def main() -> None:
    """The entry point of the `nrn` program."""
    keep_what_is_compiled()
    app(trailing(sys.argv[1:]))


def keep_what_is_compiled() -> None:
    """JAX, which is not imported yet, finds again what an earlier start compiled, in seconds, not
    tens. Its keys hold the code, the versions, the flags and the features of the processor."""
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder() / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")


def trailing(words: list[str]) -> list[str]:
    """`nrn --rpc URL status` as `nrn status --rpc URL`: common options belong to the commands."""
    count = 0
    while count < len(words) and words[count].partition("=")[0] in COMMON_OPTIONS:
        alone = words[count] == "--json" or "=" in words[count]
        count += 1 if alone else 2
    return words[count:] + words[:count]
