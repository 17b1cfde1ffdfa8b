"""The recipe of one trainer: one frozen record, from options or a TOML or JSON file.

Nothing here changes what a checkpoint is worth: the exact loss alone decides that.
"""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

Optimizer = Literal["adamw", "muon"]
Schedule = Literal["constant", "cosine"]
Precision = Literal["float32", "bfloat16"]
Restart = Literal["reset", "keep", "warm"]

MAX_FILE_BYTES = 1 << 16


class RecipeError(ValueError):
    """The recipe cannot be followed; the message says what to change."""


@dataclass(frozen=True)
class Recipe:
    """Everything a trainer may choose. Raises RecipeError where a value makes no sense.

    `batch_size` examples make a step, taken in `accumulation` equal parts whose gradients are
    averaged. The learning rate rises linearly for `warmup_steps`, then stays ("constant") or falls
    as a cosine to a tenth of itself at step `decay_steps` ("cosine"). `clip_norm` bounds the norm
    of the whole gradient, 0 leaves it. `precision` is that of the computation; parameters,
    gradients and the optimizer's state are float32. `remat` computes activations again instead of
    keeping them. `mesh` names how many devices each axis has (see `compute.training.mesh`).
    `restart` is what becomes of the optimizer's state when training goes on from another's
    checkpoint: "reset" with the schedule, kept with it ("keep"), or kept while the schedule starts
    again ("warm").
    """

    seed: int = 0
    batch_size: int = 128
    accumulation: int = 1
    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    warmup_steps: int = 0
    decay_steps: int = 10_000
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    precision: Precision = "float32"
    remat: bool = False
    mesh: str = ""
    restart: Restart = "reset"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(Recipe).items():
            _check(name, kind, getattr(self, name))
        for name in ("batch_size", "accumulation", "decay_steps"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1")
        for name in ("seed", "warmup_steps", "learning_rate", "weight_decay", "clip_norm"):
            _require(getattr(self, name) >= 0, f"{name} must not be negative")
        _require(self.seed < 1 << 64, "seed must be below 2**64")
        _require(
            self.batch_size % self.accumulation == 0,
            f"batch_size {self.batch_size} cannot be taken in {self.accumulation} equal parts: "
            "choose an accumulation that divides it",
        )
        _require(
            self.schedule == "constant" or self.decay_steps > self.warmup_steps,
            "decay_steps must come after warmup_steps",
        )

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """The recipe in a .toml or .json file, whose keys are the names of the fields. Raises
        RecipeError.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise RecipeError(f"The recipe {path} cannot be read: {error.strerror}.") from error
        _require(len(data) <= MAX_FILE_BYTES, f"{path} is larger than {MAX_FILE_BYTES} bytes")
        try:
            text = data.decode()
            document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecipeError(f"The recipe {path} is no valid TOML or JSON: {error}.") from error
        _require(isinstance(document, Mapping), f"{path} is not a table of names and values")
        return cls().changed(document)

    def changed(self, values: Mapping[str, Any]) -> Recipe:
        """This recipe with other `values`, by field. Raises RecipeError."""
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(self)})
        _require(not unknown, f"a recipe has no {', '.join(unknown)}")
        return dataclasses.replace(self, **values)

    def unit(self, shares: int) -> int:
        """What the size of a batch is a multiple of on a mesh that splits it into `shares`. Raises
        RecipeError if `batch_size` is none."""
        unit = shares * self.accumulation
        _require(
            self.batch_size % unit == 0,
            f"the mesh splits each of {self.accumulation} parts of a batch {shares} ways, which "
            f"batch_size {self.batch_size} does not allow: choose a multiple of {unit}",
        )
        return unit


def _check(name: str, kind: Any, value: Any) -> None:
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        _require(value in choices, f"{name} is one of {', '.join(choices)}, not {value!r}")
    elif kind is float:
        number = type(value) in (int, float) and math.isfinite(value)
        _require(number, f"{name} must be a number, not {value!r}")
    else:
        _require(type(value) is kind, f"{name} must be of type {kind.__name__}, not {value!r}")


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise RecipeError(f"The recipe does not work: {what}.")
