"""`nrn explore`: groups, data and accounts as pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.session import Session

if TYPE_CHECKING:
    from compute.explorer import Content, Watch


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "explore")(explore)


def explore(
    session: Session,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Write the pages to a folder instead."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """See groups, blocks, data and accounts in a browser, read from chain and store alone.

    Serves this machine only. With --export the pages are files, which work from any web server.

    Example: nrn explore --export site
    """
    from compute.explorer import Content, Site, Watch
    from compute.explorer import export as write
    from compute.explorer.patience import patient, sparing

    with session.out.progress("reading the chain"):
        store = (sparing if export else patient)(session.readable)
        watch, content = Watch(session.chain, store), Content(store)
    if export is None:
        _serve(session, watch, content, port, browser)
        return
    try:
        with session.out.progress("writing pages") as step:
            site = Site(watch.world, content, session.chain, live=False)
            count = write(site, export, step)
    except OSError as error:
        raise Refused(f"{export} cannot be written: {error.strerror or error}.") from None
    session.out.done(f"{count} pages in {export}.", {"pages": count, "folder": str(export)})


def _serve(session: Session, watch: "Watch", content: "Content", port: int, browser: bool) -> None:
    from compute.explorer.server import HOST, listen, serve

    try:
        listener = listen(port)
    except OSError as error:
        raise Refused(f"Port {port} cannot be had: {error.strerror}. Give another.") from None
    address = f"http://{HOST}:{listener.getsockname()[1]}/"
    session.out.done(f"The explorer is at {address} (Ctrl+C ends it).", {"address": address})
    serve(watch, content, listener, browse=browser)
