"""Commands whose options may be bundled in dataclasses, and whose failures are sentences."""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand

from compute.cli.failure import sentences


class Command(TyperCommand):
    """Tells a number below zero from an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # Typer does not show the class of an option that is none
            name = getattr(error, "option_name", "")
            if re.fullmatch(r"-[0-9.]", name):
                told = f"an amount below zero ({name}…) is none, and no option either."
                raise typer.BadParameter(told, ctx) from None
            raise


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command.

    A parameter annotated with a dataclass, such as `session: Session`, becomes the options that
    its fields describe; the function gets the instance.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own, bundles = [], {}
        for parameter in inspect.signature(function, eval_str=True).parameters.values():
            kind = parameter.annotation
            if isinstance(kind, type) and is_dataclass(kind):
                bundles[parameter.name] = kind
            else:
                own.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        options = [option for bundle in bundles.values() for option in _options(bundle)]

        def run(**given: Any) -> None:
            for key, bundle in bundles.items():
                names = [field.name for field in fields(bundle)]
                given[key] = bundle(**{name: given.pop(name) for name in names})
            with sentences():
                function(**given)

        parameters = [*own, *options]
        run.__doc__ = function.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name, cls=Command)(run)
        return function

    return register


def _options(bundle: type) -> list[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(bundle)
    ]  # fmt: skip
