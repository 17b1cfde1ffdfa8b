"""Where in the user's model an equation came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_LIBRARIES = ("/jax/", "/jaxlib/", "/flax/", "/optax/", Path(__file__).parent.as_posix() + "/")


def line_of(equation: Any) -> str:
    """ "file:line (function)" of the innermost frame outside JAX, Flax and this package."""
    traceback = equation.source_info.traceback
    for frame in traceback.frames if traceback else ():
        path = Path(frame.file_name).as_posix()
        if not path.startswith("<frozen") and not any(library in path for library in _LIBRARIES):
            return f"{frame.file_name}:{frame.line_num} ({frame.function_name})"
    return "an unknown line"
