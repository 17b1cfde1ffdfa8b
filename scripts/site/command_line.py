"""Every command of `nrn`, as its own help tells it."""

from collections.abc import Iterator
from typing import Any

import click
import typer

from compute.cli import app
from compute.cli.failure import EXIT_CODES


def page() -> str:
    """The page as Markdown."""
    command: Any = typer.main.get_command(app)
    context = click.Context(command, info_name="nrn")
    return "\n".join(["# The command line", "", *_told(command, context), "", "```text", EXIT_CODES,
                      "```", ""])  # fmt: skip


def _told(command: Any, context: click.Context) -> Iterator[str]:
    if context.parent is not None:
        yield f"\n{'#' * min(1 + context.command_path.count(' '), 4)} {context.command_path}\n"
    yield _described(command.help or "")
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _told(inner, click.Context(inner, info_name=name, parent=context))
    else:
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"\n```text\n{usage}\n```\n"
        yield from _parameters(command, context)


def _described(text: str) -> str:
    """Help as Markdown: an example is code."""
    words, _, example = text.replace("\b", "").partition("Example: ")
    shown = f"\n\n```sh\n{example.strip()}\n```" if example else ""
    return words.strip() + shown


def _parameters(command: Any, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None and parameter.param_type_name == "argument":
            record = parameter.make_metavar(context), getattr(parameter, "help", None) or ""
        if record is not None and not getattr(parameter, "hidden", False):
            yield f"* `{record[0].strip()}` {' '.join(record[1].split())}".rstrip()
