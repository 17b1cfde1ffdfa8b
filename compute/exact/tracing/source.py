"""Locate the line of the user's model that an equation came from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[2].as_posix() + "/"
_LIBRARIES = ("/jax/", "/jaxlib/", "/flax/", "/optax/", "/chex/", "/einops/", _PACKAGE)


def line_of(equations: Iterable[Any]) -> str:
    """ "file:line (function)" of the user's code that made the innermost of nested `equations`.

    A library's function that is jitted has no frame of the user's; the call of it has.
    """
    lines = filter(None, map(_line, equations))
    return next(reversed(list(lines)), "an unknown line")


def _line(equation: Any) -> str | None:
    traceback = equation.source_info.traceback
    for frame in traceback.frames if traceback else ():
        path = Path(frame.file_name).as_posix()
        if not path.startswith("<frozen") and not any(library in path for library in _LIBRARIES):
            return f"{frame.file_name}:{frame.line_num} ({frame.function_name})"
    return None
