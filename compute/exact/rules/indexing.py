"""Rules for gather and scatter.

Every element of the updates has a place in the operand, or none; a scatter is then one of elements
into a flat array, in an order that no machine chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.lattice import lowest_bit
from compute.exact.number import wide
from compute.exact.rules.reductions import extreme, is_float
from compute.exact.summation import all_or_none, decide_sum
from compute.exact.superaccumulator import (
    SATURATED_PATTERN,
    VALUE,
    limbs_of,
    round_limbs,
    values,
)
from compute.exact.values import Attributes, Rule, as_batch, each

# (carrier, flat operand, places, flat updates) -> the flat result
Kind = Callable[[Carrier, Array, Array, Array], Array]

_MODES = {
    "clip": lax.GatherScatterMode.CLIP,
    "fill": lax.GatherScatterMode.FILL_OR_DROP,
    "drop": lax.GatherScatterMode.FILL_OR_DROP,
}


def _gather(p: Attributes, operand: Array, indices: Array) -> Array:
    numbers = lax.GatherDimensionNumbers(
        offset_dims=p["offset_dims"],
        collapsed_slice_dims=p["collapsed_slice_dims"],
        start_index_map=p["start_index_map"],
        operand_batching_dims=p["operand_batching_dims"],
        start_indices_batching_dims=p["start_indices_batching_dims"],
    )
    return lax.gather(
        operand, indices.astype(jnp.int64), numbers, p["slice_sizes"],
        mode=_MODES[p["mode"]], fill_value=0,
    )  # fmt: skip


def places(p: Attributes, operand: Array, indices: Array, updates: Array) -> Array:
    """For every element of the updates its place in the flat operand, or -1: int64."""
    dropped = (*p["inserted_window_dims"], *p["operand_batching_dims"])
    window = iter(updates.shape[dim] for dim in p["update_window_dims"])
    sizes = tuple(1 if i in dropped else next(window) for i in range(operand.ndim))
    numbers = lax.GatherDimensionNumbers(
        offset_dims=p["update_window_dims"],
        collapsed_slice_dims=p["inserted_window_dims"],
        start_index_map=p["scatter_dims_to_operand_dims"],
        operand_batching_dims=p["operand_batching_dims"],
        start_indices_batching_dims=p["scatter_indices_batching_dims"],
    )
    counted = jnp.arange(operand.size, dtype=jnp.int64).reshape(operand.shape)
    return lax.gather(
        counted, indices.astype(jnp.int64), numbers, sizes, mode=_MODES[p["mode"]], fill_value=-1
    )


def _scatter(
    carrier: Carrier, p: Attributes, operand: Array, indices: Array, updates: Array
) -> Array:
    """All examples in one flat array."""
    if not operand.size or not updates.size:
        return operand
    place = jax.vmap(lambda i: places(p, operand[0], i, updates[0]))(indices)
    count, size = len(operand), operand[0].size
    place = place.reshape(count, -1)
    offset = jnp.arange(count, dtype=jnp.int64)[:, None] * size
    target = jnp.where(place < 0, count * size, place + offset).reshape(-1)
    found = _KINDS[p["kind"]](carrier, operand.reshape(-1), target, updates.reshape(-1))
    return found.reshape(operand.shape)


def _set(carrier: Carrier, operand: Array, target: Array, updates: Array) -> Array:
    """The last update of a place wins."""
    order = jnp.arange(len(updates), dtype=jnp.int64)
    last = jnp.full(operand.shape, -1, jnp.int64).at[target].max(order, mode="drop")
    return jnp.where(last >= 0, updates[jnp.maximum(last, 0)], operand)


def _add(carrier: Carrier, operand: Array, target: Array, updates: Array) -> Array:
    """The exact sum of an element and all its updates, rounded once."""

    def added(start: Array, terms: Array) -> Array:
        return start.at[target].add(terms, mode="drop")

    if not is_float(operand):
        return added(operand, updates)

    def in_integers() -> Array:
        limbs = [
            added(a, u)
            for a, u in zip(limbs_of(values(operand)), limbs_of(values(updates)), strict=True)
        ]
        bad = added((operand != operand).astype(jnp.int32), (updates != updates).astype(jnp.int32))
        return jnp.where(bad > 0, SATURATED_PATTERN, round_limbs(jnp.stack(limbs), VALUE))

    if not carrier.float64:
        return lax.bitcast_convert_type(in_integers(), jnp.float32)
    terms = added(jnp.ones(operand.shape, jnp.int32), jnp.ones(updates.shape, jnp.int32))
    a, u = wide(operand), wide(updates)
    lowest = lowest_bit(operand).at[target].min(lowest_bit(updates), mode="drop")
    return all_or_none(
        decide_sum(added(a, u), added(jnp.abs(a), jnp.abs(u)), lowest, terms), in_integers
    )


def _multiply(carrier: Carrier, operand: Array, target: Array, updates: Array) -> Array:
    """One update after the other, each product rounded; those of one place stand together."""
    if not is_float(operand):
        return operand.at[target].multiply(updates, mode="drop")
    order = jnp.argsort(target, stable=True)
    target, updates = target[order], updates[order]
    first = operand[jnp.minimum(target, len(operand) - 1)]
    before = jnp.concatenate([jnp.full(1, -1, target.dtype), target[:-1]])

    def step(found: Array, row: tuple[Array, ...]) -> tuple[Array, Array]:
        fresh, start, update = row
        found = carrier.arithmetic.multiply(jnp.where(fresh, start, found), update)
        return found, found

    products = lax.scan(step, jnp.float32(1), (target != before, first, updates))[1]
    last = jnp.concatenate([target[1:] != target[:-1], jnp.ones(1, bool)])
    return operand.at[jnp.where(last, target, len(operand))].set(products, mode="drop")


def _extreme(up: bool) -> Kind:
    def compute(carrier: Carrier, operand: Array, target: Array, updates: Array) -> Array:
        both = jnp.concatenate([operand, updates])

        def find(x: Array, first: Any) -> Array:
            start, terms = x[: len(operand)], x[len(operand) :]
            at = start.at[target]
            return at.max(terms, mode="drop") if up else at.min(terms, mode="drop")

        return extreme(both, up, find)

    return compute


_KINDS: dict[str, Kind] = {
    "set": _set,
    "add": _add,
    "mul": _multiply,
    "max": _extreme(True),
    "min": _extreme(False),
}

RULES: dict[str, Rule] = {"gather": each(_gather), "scatter": as_batch(_scatter)}
