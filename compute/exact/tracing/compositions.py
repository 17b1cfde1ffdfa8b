"""Primitives that are written out as JAX functions of simpler ones."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.tracing.scope import ON_PAIRS, RULES, Operand, Parameters, Scope, paired


def composed(
    *names: str, pairs: bool = False, whole: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a JAX function (*arrays, **parameters) for primitives.

    If it takes `pairs` they are tuples, if it takes them `whole` what they are: complex numbers and
    random keys.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def write(
            scope: Scope,
            parameters: Parameters,
            operands: Sequence[Operand],
            avals: Sequence[Any],
        ) -> list[Operand]:
            known = functools.partial(function, **parameters)
            if whole:
                return scope.rewritten(known, operands)
            return paired(avals, scope.inline(known, *operands))

        RULES.update(dict.fromkeys(names, write))
        if pairs or whole:
            ON_PAIRS.update(names)
        return function

    return register


@composed("log2")
def _log2(x: Array, **_: Any) -> Array:
    return jnp.log(x) / np.float32(math.log(2))


@composed("one_minus_square")
def _one_minus_square(x: Array, **_: Any) -> Array:
    return (1 + x) * (1 - x)


@composed("polynomial", whole=True)
def _polynomial(x: Array, *coefficients: Array, **_: Any) -> Array:
    """By Horner's rule; the constant term comes first."""
    result = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return jnp.broadcast_to(result, jnp.broadcast_shapes(x.shape, coefficients[-1].shape))


@composed("call_hi_primitive")
def _expanded(*arrays: Array, _prim: Any) -> Any:
    """What JAX says the primitive means in terms of simpler ones (since JAX 0.11)."""
    results = _prim.expand(*jax.tree.unflatten(_prim.in_tree, arrays))
    return tuple(jax.tree.leaves(results))


@composed("mulhi")
def _high_word(a: Array, b: Array, **_: Any) -> Array:
    """The high 32 bits of a product of unsigned words, from products of their halves."""
    if a.dtype != jnp.uint32:
        raise NotImplementedError(f"the high half of a product of {a.dtype}")
    low, half = jnp.uint32(0xFFFF), jnp.uint32(16)
    a0, a1, b0, b1 = a & low, a >> half, b & low, b >> half
    middle = a1 * b0 + (a0 * b0 >> half)
    other = a0 * b1 + (middle & low)
    return a1 * b1 + (middle >> half) + (other >> half)


@composed("nextafter")
def _next_after(x: Array, y: Array, **_: Any) -> Array:
    """The next value from x to y; from 0 it is the smallest one."""
    up = y > x
    away = (x > 0) == up
    bits = lax.bitcast_convert_type(x, jnp.int32)
    near = lax.bitcast_convert_type(bits + jnp.where(away, 1, -1), jnp.float32)
    smallest = jnp.where(up, 2.0**-96, -(2.0**-96))
    return jnp.where(x == y, x, jnp.where(x == 0, smallest, near))


@composed("ragged_dot_general")
def _ragged_dot(
    lhs: Array,
    rhs: Array,
    group_sizes: Array,
    *,
    ragged_dot_dimension_numbers: Any,
    preferred_element_type: Any,
    group_offset: Any = None,
    **_: Any,
) -> Array:
    """Group after group: each row takes the product with its group's matrix; rows of none are 0."""
    numbers = ragged_dot_dimension_numbers
    (contract_a, contract_b), (batch_a, batch_b) = numbers.dot_dimension_numbers
    (ragged,), groups = numbers.lhs_ragged_dimensions, tuple(numbers.rhs_group_dimensions)
    if len(groups) != 1 or ragged in (*contract_a, *batch_a) or group_offset is not None:
        raise NotImplementedError("a ragged product whose groups are not of rows")
    (group,) = groups
    free = [i for i in range(lhs.ndim) if i not in (*contract_a, *batch_a)]
    row_axis = len(batch_a) + free.index(ragged)
    matrices = jnp.moveaxis(rhs, group, 0)
    without = [tuple(i - (i > group) for i in axes) for axes in (contract_b, batch_b)]
    dimensions = ((tuple(contract_a), without[0]), (tuple(batch_a), without[1]))
    ends = jnp.cumsum(group_sizes, axis=-1, dtype=jnp.int32)
    rows = jnp.arange(lhs.shape[ragged], dtype=jnp.int32)

    def step(result: Array, here: Any) -> tuple[Array, None]:
        matrix, start, end = here
        product = lax.dot_general(
            lhs, matrix, dimensions, preferred_element_type=preferred_element_type
        )
        inside = (rows >= start[..., None]) & (rows < end[..., None])
        shape = [1] * product.ndim
        shape[row_axis] = len(rows)
        shape[: inside.ndim - 1] = inside.shape[:-1]
        return jnp.where(inside.reshape(shape), product, result), None

    shape = jax.eval_shape(
        lambda: lax.dot_general(
            lhs, matrices[0], dimensions, preferred_element_type=preferred_element_type
        )
    )
    last = jnp.moveaxis(ends, -1, 0)
    starts = jnp.concatenate([jnp.zeros_like(last[:1]), last[:-1]])
    zeros = jnp.zeros(shape.shape, shape.dtype)
    return lax.scan(step, zeros, (matrices, starts, last))[0]
