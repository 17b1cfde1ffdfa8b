"""The options by which a running role is watched: its log, its metrics, and whom it tells."""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.failure import Refused

if TYPE_CHECKING:
    from compute.node.seat import Seat

LEAVING_SECONDS = 3.0  # for the last events to reach the user


class LogFormat(Enum):
    """The formats of the log."""

    TEXT = "text"
    JSON = "json"


def _watching(flag: str, text: str, **more: Any) -> Any:
    return typer.Option(flag, help=text, rich_help_panel="Watching", **more)


@dataclass
class Watching:
    """The options of every command that runs for long."""

    metrics: Annotated[
        str | None,
        _watching(
            "--metrics", "Serve /metrics for Prometheus and /health here.", metavar="HOST:PORT"
        ),
    ] = None
    notify: Annotated[
        str | None,
        _watching("--notify", "Post what you want to know here, as JSON.", envvar="NRN_NOTIFY"),
    ] = None
    log_format: Annotated[
        LogFormat, _watching("--log-format", "text for people, json for programs.")
    ] = LogFormat.TEXT

    def log(self, *more: logging.Handler) -> None:
        """Show on the terminal what a process does; hand it to more handlers."""
        from compute.node.logs import log_to_terminal

        log_to_terminal(*more, as_json=self.log_format is LogFormat.JSON)

    @contextmanager
    def over(self, seat: "Seat") -> Iterator[None]:
        """Watch a seat until its role ends. Raises Refused for addresses that cannot be used."""
        with contextlib.ExitStack() as stack:
            handlers: list[logging.Handler] = []
            if self.metrics is not None:
                handlers.append(self._serve(seat, self.metrics, stack))
            if self.notify is not None:
                handlers.append(self._hook(seat, self.notify, stack))
            self.log(*handlers)
            yield

    def _serve(self, seat: "Seat", address: str, stack: contextlib.ExitStack) -> logging.Handler:
        from compute.node.metrics import EventCounts, serve

        counts = EventCounts()
        try:
            server = serve(address, seat, counts)
        except (OSError, ValueError, OverflowError) as error:
            raise Refused(
                f"--metrics {address} cannot be served ({error}). Give a free HOST:PORT such as "
                "127.0.0.1:9464."
            ) from None
        stack.callback(server.shutdown)
        return counts

    def _hook(self, seat: "Seat", url: str, stack: contextlib.ExitStack) -> logging.Handler:
        from compute.node.webhook import Webhook

        try:
            hook = Webhook(url, {"role": seat.role, "group": seat.group.id, "by": seat.address})
        except ValueError as error:
            raise Refused(str(error)) from None
        stack.callback(hook.drain, LEAVING_SECONDS)
        return hook
