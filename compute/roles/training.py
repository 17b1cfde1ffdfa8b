"""Gradient descent on one training set: a jitted Optax step whose every batch follows from a seed.

The order of examples is a function of (seed, order key, step), so a run that was killed and
restored walks through exactly the batches it would have seen.
"""

import functools
import hashlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from compute.checkpoint import resume
from compute.models import ModelSpecification
from compute.roles.retrieval import Parameters
from compute.training_set import TrainingSet

# Steps handed to the device before the oldest must be done: enough to keep it busy.
STEPS_AHEAD = 8


@dataclass(frozen=True)
class Recipe:
    """How one trainer trains. `learning_rate` is Adam's; `batch_size` in examples."""

    seed: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 128


class Order:
    """An endless, reproducible walk through `length` examples, each epoch freshly permuted."""

    def __init__(self, seed: int, key: bytes, length: int, batch_size: int) -> None:
        self._seed = seed
        self._key = key
        self._length = length
        self.batch_size = min(batch_size, length)
        self._steps_per_epoch = length // self.batch_size
        self._epoch = -1
        self._permutation = np.empty(0, np.int64)

    def batch(self, step: int) -> np.ndarray:
        """Indices of the examples of `step`: int64 [batch_size]."""
        epoch, position = divmod(step, self._steps_per_epoch)
        if epoch != self._epoch:
            material = self._key + self._seed.to_bytes(8) + epoch.to_bytes(8)
            entropy = int.from_bytes(hashlib.sha256(material).digest())
            self._permutation = np.random.Generator(np.random.Philox(entropy % 2**128)).permutation(
                self._length
            )
            self._epoch = epoch
        return self._permutation[position * self.batch_size : (position + 1) * self.batch_size]


class Learner:
    """Parameters under training, the optimiser's state and the step count; one compiled step."""

    def __init__(
        self, specification: ModelSpecification, recipe: Recipe, parameters: Parameters
    ) -> None:
        self._specification = specification
        self._recipe = recipe
        self._optimizer, self._advance = _program(specification, recipe.weight_decay)
        self.learning_rate = recipe.learning_rate
        self.step = 0
        self._data: tuple[Order, dict[str, np.ndarray]] | None = None
        self.adopt(parameters)

    def adopt(self, parameters: Parameters) -> None:
        """Go on from other parameters with a fresh optimiser state."""
        self._parameters = {name: jnp.array(value) for name, value in parameters.items()}
        self._state = self._optimizer.init(self._parameters)

    def study(self, training_set: TrainingSet, key: bytes) -> None:
        """Train on this set from now on; `key` (its tip) seeds the order together with the recipe's
        seed.
        """
        order = Order(self._recipe.seed, key, len(training_set), self._recipe.batch_size)
        self._data = order, training_set.columns

    def parameters(self) -> dict[str, np.ndarray]:
        """A copy of the current parameters, float32."""
        return {name: np.asarray(value, np.float32) for name, value in self._parameters.items()}

    def run(
        self, *, steps: int | None, seconds: float, check: Callable[[], None]
    ) -> tuple[float, float]:
        """Train for `steps` steps or `seconds` seconds of real time, whichever is over first.

        Returns (loss of the last batch in nats, examples per second). `check` is called before
        every step and may raise to leave.
        """
        if self._data is None:
            raise RuntimeError("study() comes first")
        order, columns = self._data
        inputs, target = self._specification.inputs, self._specification.target
        self._state.hyperparams["learning_rate"] = jnp.asarray(self.learning_rate, jnp.float32)
        begun = time.monotonic()
        first, loss = self.step, jnp.float32(jnp.nan)
        running: deque[jax.Array] = deque()
        while steps is None or self.step < first + steps:
            check()
            if time.monotonic() - begun >= seconds:
                break
            rows = order.batch(self.step)
            batch = {name: columns[name][rows] for name in inputs}
            targets = self._specification.targets(columns[target][rows])
            self._parameters, self._state, loss = self._advance(
                self._parameters, self._state, batch, targets
            )
            self.step += 1
            running.append(loss)
            if len(running) > STEPS_AHEAD:  # else the clock would see dispatches, not steps
                running.popleft().block_until_ready()
        mean = float(loss)
        rate = (self.step - first) * order.batch_size / max(time.monotonic() - begun, 1e-9)
        return mean, rate

    def save(self, folder: Path, metadata: dict[str, Any]) -> None:
        """Write everything `restore` needs to go on bit-identically."""
        resume.save(
            folder,
            self.step,
            {"parameters": self._parameters, "state": self._state},
            {**metadata, "learning_rate": self.learning_rate},
        )

    def restore(self, folder: Path) -> dict[str, Any] | None:
        """Go on from the latest complete save; its metadata, or None if there is none that fits
        this model.
        """
        saved = resume.restore(folder, like={"parameters": self._parameters, "state": self._state})
        if saved is None:
            return None
        tree = jax.tree.map(jnp.asarray, saved.pytree)
        self._parameters, self._state = tree["parameters"], tree["state"]
        self.step = saved.step
        self.learning_rate = float(saved.metadata["learning_rate"])
        return saved.metadata


@functools.lru_cache(maxsize=8)
def _program(
    specification: ModelSpecification, weight_decay: float
) -> tuple[optax.GradientTransformation, Callable[..., Any]]:
    """The optimiser, and the step (parameters, state, inputs, targets) -> (parameters, state, loss)
    compiled once; it takes over the buffers of parameters and state."""
    optimizer = optax.inject_hyperparams(optax.adamw)(learning_rate=0.0, weight_decay=weight_decay)

    def step(parameters: Any, state: Any, inputs: Any, targets: Any) -> tuple[Any, Any, jax.Array]:
        def mean_loss(parameters: Any) -> jax.Array:
            return specification.losses(parameters, inputs, targets).mean()

        loss, gradients = jax.value_and_grad(mean_loss)(parameters)
        updates, state = optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    return optimizer, jax.jit(step, donate_argnums=(0, 1))
