"""Training metrics as JSON lines and, if wanted, for TensorBoard and Weights & Biases."""

import hashlib
import json
import math
from collections.abc import Sequence
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

    def __init__(self, path: Path, writers: Sequence[Writer] = ()) -> None:
        """`writers` get every number too, under its name and step."""
        self._path = path
        self._writers = writers

    def write(self, step: int, **values: int | float | bool | None) -> None:
        """Append one record; what is not finite becomes null, which JSON can say."""
        row = {name: _finite(value) for name, value in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **row}) + "\n")
        for writer in self._writers:
            for name, value in row.items():
                if value is not None:
                    writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Have the writers' last records on disk; they take no more."""
        for writer in self._writers:
            writer.close()


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


class Wandb:
    """A run of Weights & Biases, as what its own environment says: WANDB_MODE=offline sends
    nothing, WANDB_API_KEY is whose. One state folder is one run, also after a restart."""

    def __init__(self, project: str, state: Path) -> None:
        """`state` is the search's folder. Raises RecipeError without wandb, or if it refuses."""
        try:
            import wandb
        except ImportError:
            raise RecipeError(
                "Curves for Weights & Biases are written by wandb: pip install wandb, or leave "
                "--wandb out; metrics.jsonl holds the same."
            ) from None
        name = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]
        try:
            self._run = wandb.init(project=project, id=name, dir=state, resume="allow")
        except wandb.Error as error:
            raise RecipeError(f"Weights & Biases cannot be had: {str(error)[:200]}") from None

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        """Under the step that a search counts, which may begin anew."""
        self._run.log({tag: scalar_value, "step": global_step})

    def close(self) -> None:
        self._run.finish()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
