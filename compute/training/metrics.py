"""Training metrics as JSON lines and, if wanted, for TensorBoard."""

import json
import math
from pathlib import Path
from typing import Any, Protocol

from compute.training.recipe import RecipeError

FLUSH_SECONDS = 10  # until TensorBoard sees a number; the writer's own flush() does not wait for it


class Writer(Protocol):
    """The part of tensorboardX.SummaryWriter that is used."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    def close(self) -> None: ...


class Metrics:
    """Appends one JSON object per line; a line is whole or, after a crash, missing its end."""

    def __init__(self, path: Path, writer: Writer | None = None) -> None:
        """`writer` gets every number too, under its name and step."""
        self._path = path
        self._writer = writer

    def write(self, step: int, **values: int | float | bool | None) -> None:
        """Append one record; what is not finite becomes null, which JSON can say."""
        row = {name: _finite(value) for name, value in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **row}) + "\n")
        if self._writer is not None:
            for name, value in row.items():
                if value is not None:
                    self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Have the writer's last records on disk; it takes no more."""
        if self._writer is not None:
            self._writer.close()


def tensorboard(folder: Path) -> Writer:
    """A writer of TensorBoard's event files. Raises RecipeError without tensorboardX."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise RecipeError(
            "TensorBoard's files are written by tensorboardX: pip install tensorboardX, or leave "
            "--tensorboard out; metrics.jsonl holds the same."
        ) from None

    writer: Writer = SummaryWriter(str(folder), flush_secs=FLUSH_SECONDS)
    return writer


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
