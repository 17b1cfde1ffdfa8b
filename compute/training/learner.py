"""Gradient descent on one training set: compiled steps whose every batch follows from a seed."""

from __future__ import annotations

import functools
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from compute.checkpoint.resume import Saves
from compute.models import ModelSpecification
from compute.training import memory
from compute.training.flops import peak_flops
from compute.training.mesh import Layout, place
from compute.training.processes import agreed, gathered
from compute.training.recipe import Recipe, RecipeError, Restart
from compute.training.step import Program
from compute.training_set import TrainingSet
from compute.training_set.reader import Reader

# Steps handed to the device before the oldest must be done: enough to keep it busy.
STEPS_AHEAD = 8
# Several processes agree on going on once in about so many seconds; one alone, before every step.
AGREE_SECONDS = 1.0
READERS = 2


class Progress(NamedTuple):
    """The progress of training: the last finished step's loss (nats), gradient norm and learning
    rate, steps skipped in a row because their gradient was not finite, and the speed."""

    loss: float = math.nan
    gradient_norm: float = math.nan
    learning_rate: float = math.nan
    skipped: int = 0
    steps_per_second: float = 0.0


class Learner:
    """Parameters under training, the optimizer's state and the step count."""

    def __init__(
        self,
        specification: ModelSpecification,
        recipe: Recipe,
        parameters: Mapping[str, np.ndarray],
        devices: Sequence[jax.Device] | None = None,
    ) -> None:
        """On all devices of all processes, or on `devices`. Raises RecipeError if the recipe does
        not fit them, OutOfMemory if the model does not."""
        self._specification, self._recipe = specification, recipe
        self.program, self._layout = _program(
            specification, recipe, None if devices is None else tuple(devices)
        )
        self.step = 0
        self.scale = 1.0
        self._reader: Reader | None = None
        self._running: deque[dict[str, jax.Array]] = deque()
        self._finished: dict[str, jax.Array] = {}  # what the last finished step found
        self._flops = 0
        with memory.explained(recipe):
            self.state = self.program.initial(self._placed(parameters))

    @property
    def scale(self) -> float:
        """Multiplies the recipe's learning rate."""
        return self._scale

    @scale.setter
    def scale(self, value: float) -> None:
        self._scale = value
        # placed here, not in every step: a step of a tiny model is over before it is there
        self._placed_scale = place(np.asarray(value, np.float32), self._layout.whole)

    def adopt(self, parameters: Mapping[str, np.ndarray], restart: Restart = "reset") -> None:
        """Go on from other parameters; `restart` as in Recipe."""
        self._running.clear()
        self._finished = {}
        with memory.explained(self._recipe):
            if restart == "reset":
                self.state = self.program.initial(self._placed(parameters))
                return
            self.state |= {"parameters": self._placed(parameters)}
            if restart == "warm":
                self.state |= {"count": place(np.zeros((), np.int32), self._layout.whole)}

    def study(self, training_set: TrainingSet, key: bytes) -> None:
        """Train on this set from now on; `key` (its tip) and the recipe's seed fix the order of
        examples. Raises RecipeError if the set has fewer examples than the mesh has parts."""
        if self._reader is not None:
            self._reader.close()
        unit = self._recipe.unit(self._layout.shares)
        size = min(self._recipe.batch_size, len(training_set) // unit * unit)
        if size == 0:
            raise RecipeError(
                f"The training set has {len(training_set)} examples, but each step takes at least "
                f"{unit}: choose fewer devices for data and fsdp, or less accumulation."
            )
        self.batch_size = size
        self._reader = Reader(
            training_set,
            batch_size=size,
            seed=self._recipe.seed,
            key=key,
            start_step=self.step,
            workers=READERS,
        )

    def parameters(self) -> dict[str, np.ndarray]:
        """The current parameters, float32, whole and in this process's memory."""
        return {name: gathered(value) for name, value in self.state["parameters"].items()}

    def run(self, *, steps: int | None, seconds: float, check: Callable[[], None]) -> Progress:
        """Train for `steps` steps or `seconds` seconds of real time, whichever is over first.

        `check` is called in process 0, often, and may raise to leave; Leave leaves all processes.
        Raises OutOfMemory.
        """
        begun, first, waiting = time.monotonic(), self.step, len(self._running)

        def stretch() -> int:
            """Return the steps to make before asking again; 0 is the end."""
            check()
            if (elapsed := time.monotonic() - begun) >= seconds:
                return 0
            if jax.process_count() == 1:
                return 1
            return max(1, round(AGREE_SECONDS * (self.step - first) / max(elapsed, 0.1)))

        with memory.explained(self._recipe):
            while (left := None if steps is None else first + steps - self.step) != 0:
                count = agreed(stretch)
                if count == 0:
                    break
                for _ in range(count if left is None else min(count, left)):
                    self._advance()
            else:
                self._finish(0)  # nothing follows that would keep the device busy
        finished = self.step - first + waiting - len(self._running)
        speed = finished / max(time.monotonic() - begun, 1e-9)
        found = {name: value.item() for name, value in jax.device_get(self._finished).items()}
        return Progress(**found, steps_per_second=speed)

    def utilisation(self, steps_per_second: float) -> float | None:
        """Model FLOPs utilisation: the share of the devices' bfloat16 peak that goes into matrix
        products of the model, recomputation not counted; None where the peak is not known."""
        peak = peak_flops(self._layout.mesh.local_devices[0])
        if peak is None:
            return None
        return self._flops * steps_per_second / (peak * self._layout.mesh.size)

    @property
    def predicts(self) -> str:
        """The prediction of an example: a token after each of its own, or one answer."""
        return "tokens" if self._specification.target_shape else "examples"

    def predictions_per_step(self) -> int:
        """Tokens of text in a batch, or examples."""
        return self.batch_size * math.prod(self._specification.target_shape)

    def save(self, saves: Saves, metadata: dict[str, Any]) -> None:
        """Begin to write everything `restore` needs to go on bit-identically."""
        saves.save(self.step, self.state, {**metadata, "scale": self.scale})

    def restore(self, saves: Saves) -> dict[str, Any] | None:
        """Go on from the latest complete save; its metadata, or None if there is none that fits
        this model and optimizer. On any mesh."""
        saved = saves.restore(self.program.abstract)
        if saved is None:
            return None
        self.state, self.step = saved.pytree, saved.step
        self.scale = float(saved.metadata["scale"])
        return saved.metadata

    def _advance(self) -> None:
        if self._reader is None:
            raise RuntimeError("study() comes first")
        batch = self.on_devices(next(self._reader))
        if not self._flops:
            self._flops = self.program.flops(batch)
        self.state, found = self.program.advance(self.state, batch, self._placed_scale)
        self.step += 1
        self._running.append(found)
        self._finish(STEPS_AHEAD)  # else the clock would see dispatches, not steps

    def on_devices(self, columns: Mapping[str, np.ndarray]) -> dict[str, jax.Array]:
        """Put what the model reads of `columns`, [accumulation, examples, ...] on the devices."""
        specification, parts = self._specification, self._recipe.accumulation
        read = {name: columns[name] for name in specification.inputs}
        read[specification.target] = specification.targets(columns[specification.target])
        return {
            name: place(column.reshape(parts, -1, *column.shape[1:]), self._layout.batch)
            for name, column in read.items()
        }

    def _finish(self, ahead: int) -> None:
        """Wait until no more than `ahead` steps are unfinished."""
        while len(self._running) > ahead:
            self._finished = jax.block_until_ready(self._running.popleft())

    def _placed(self, parameters: Mapping[str, np.ndarray]) -> dict[str, jax.Array]:
        return {
            name: place(np.asarray(parameters[name], np.float32), sharding)
            for name, sharding in self._layout.parameters.items()
        }


@functools.lru_cache(maxsize=8)
def _program(
    specification: ModelSpecification, recipe: Recipe, devices: tuple[jax.Device, ...] | None
) -> tuple[Program, Layout]:
    """Compiled once, however often a learner is made."""
    layout = Layout.of(
        recipe.mesh, specification.parameter_shapes(), specification.partition(), devices
    )
    return Program(specification, recipe, layout), layout
