"""One step of training as one compiled program over a mesh of devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from compute.models import ModelSpecification
from compute.training import memory
from compute.training.flops import matrix_flops
from compute.training.mesh import Layout
from compute.training.optimizer import optimizer, schedule
from compute.training.recipe import Recipe

State = dict[str, Any]
Batch = dict[str, jax.Array]
Advance = Callable[[State, Batch, jax.Array], tuple[State, dict[str, jax.Array]]]


class Program:
    """The compiled step of one model and recipe.

    The state is a tree of `parameters` (float32 by name), the `optimizer`'s state, `count` (int32,
    steps since the schedule started) and `skipped` (int32, steps skipped in a row).
    """

    def __init__(self, specification: ModelSpecification, recipe: Recipe, layout: Layout) -> None:
        """Raises RecipeError if the batch cannot be split over the mesh."""
        recipe.unit(layout.shares)
        self._specification, self._recipe, self._layout = specification, recipe, layout
        self._optimizer = optimizer(recipe, specification.partition())
        self._schedule = schedule(recipe)
        self._compiled: dict[Any, jax.stages.Compiled] = {}
        parameters = {
            name: jax.ShapeDtypeStruct(shape, np.float32)
            for name, shape in specification.parameter_shapes().items()
        }
        self.abstract = _sharded(jax.eval_shape(self._fresh, parameters), layout)
        self._initial = jax.jit(self._fresh, out_shardings=_shardings(self.abstract))

    def initial(self, parameters: Mapping[str, jax.Array]) -> State:
        """The state that starts from `parameters`, which lie as `abstract` says."""
        return self._initial(dict(parameters))

    def advance(
        self, state: State, batch: Batch, scale: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        """One step; takes over the buffers of `state`.

        `batch` has columns [accumulation, examples, ...], `scale` (float32) multiplies the
        learning rate. Gives the loss before the step (nats), `gradient_norm`, `learning_rate` and
        `skipped`. A step whose gradient is not finite counts as one with a gradient of 0 and a
        learning rate of 0: it moves no parameter.
        """
        form = tuple((name, column.shape) for name, column in sorted(batch.items()))
        if form not in self._compiled:
            compiled = self.compile(batch)
            memory.check(self._recipe, step_bytes(compiled), self._layout.mesh.local_devices[0])
            self._compiled[form] = compiled
        return self._compiled[form](state, batch, scale)

    def compile(self, batch: Mapping[str, Any]) -> jax.stages.Compiled:
        """The step for batches like this one, whose columns may be shapes alone: nothing is
        allocated."""
        step = jax.jit(
            self._step,
            donate_argnums=0,
            out_shardings=(_shardings(self.abstract), self._layout.whole),
        )
        scale = jax.ShapeDtypeStruct((), np.float32, sharding=self._layout.whole)
        return step.lower(self.abstract, dict(batch), scale).compile()

    @property
    def compilations(self) -> int:
        """Count the forms of batches a program was compiled for."""
        return len(self._compiled)

    def flops(self, batch: Batch) -> int:
        """Of the model in one step: forward once and backward twice, without recomputation."""
        part = {
            name: jax.ShapeDtypeStruct(column.shape[1:], column.dtype)
            for name, column in batch.items()
        }
        forward = matrix_flops(self._mean_loss, self.abstract["parameters"], part)
        return 3 * forward * self._recipe.accumulation

    def _fresh(self, parameters: Mapping[str, jax.Array]) -> State:
        # a copy: the state's buffers are donated, those of `parameters` are their owner's
        parameters = {name: jnp.array(value, copy=True) for name, value in parameters.items()}
        zero = jnp.zeros((), jnp.int32)
        return {
            "parameters": parameters,
            "optimizer": self._optimizer.init(parameters),
            "count": zero,
            "skipped": zero,
        }

    def _mean_loss(self, parameters: Mapping[str, jax.Array], part: Batch) -> jax.Array:
        specification, recipe = self._specification, self._recipe
        targets = part[specification.target]
        return specification.losses(
            parameters,
            part,
            targets,
            compute_dtype=recipe.precision,
            remat=recipe.remat,
            native=specification.has_native,
        ).mean()

    def _gradient(self, parameters: dict[str, jax.Array], batch: Batch) -> tuple[jax.Array, Any]:
        """(mean loss, its gradient) over the parts of the batch, one after the other."""
        part_of = jax.value_and_grad(self._mean_loss)
        if self._recipe.accumulation == 1:
            return part_of(parameters, jax.tree.map(lambda column: column[0], batch))

        def add(total: Any, part: Batch) -> tuple[Any, None]:
            return jax.tree.map(jnp.add, total, part_of(parameters, part)), None

        nothing = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, parameters))
        total, _ = jax.lax.scan(add, nothing, batch)
        return jax.tree.map(lambda x: x / self._recipe.accumulation, total)

    def _step(
        self, state: State, batch: Batch, scale: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        parameters = state["parameters"]
        loss, gradients = self._gradient(parameters, batch)
        gradients = jax.lax.with_sharding_constraint(gradients, self._layout.parameters)
        norm = optax.global_norm(gradients)
        good = jnp.isfinite(norm) & jnp.isfinite(loss)
        limit = self._recipe.clip_norm
        shrink = limit / jnp.maximum(norm, limit) if limit else 1.0
        gradients = jax.tree.map(lambda g: jnp.where(good, g * shrink, 0.0), gradients)
        rate = jnp.where(good, self._schedule(state["count"]) * scale, 0.0)
        updates, inner = self._optimizer.update(gradients, state["optimizer"], parameters)
        after = {
            "parameters": jax.tree.map(lambda p, u: p + rate * u, parameters, updates),
            "optimizer": inner,
            "count": state["count"] + good,
            "skipped": jnp.where(good, 0, state["skipped"] + 1),
        }
        told = {"loss": loss, "gradient_norm": norm, "learning_rate": rate}
        return after, {**told, "skipped": after["skipped"]}


def _sharded(abstract: State, layout: Layout) -> State:
    """`abstract` with shardings: what is of a parameter's name and shape lies as it does."""

    def place(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        names = [key.key for key in path if isinstance(key, jax.tree_util.DictKey)]
        sharding = layout.parameters.get(names[-1] if names else "", layout.whole)
        if len(sharding.spec) != len(leaf.shape):  # a scalar that some optimizer keeps
            sharding = layout.whole
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)

    return jax.tree_util.tree_map_with_path(place, abstract)


def _shardings(abstract: State) -> Any:
    return jax.tree.map(lambda leaf: leaf.sharding, abstract)


def step_bytes(compiled: jax.stages.Compiled) -> int:
    """Memory that a step takes on one device, state and batch included, as the compiler says."""
    sizes = compiled.memory_analysis()
    if sizes is None:
        return 0
    return int(
        sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        + sizes.temp_size_in_bytes
        - sizes.alias_size_in_bytes
    )
