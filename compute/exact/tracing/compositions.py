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

from compute.exact.tracing.scope import RULES, Operand, Parameters, Scope, paired


def composed(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a JAX function (*arrays, **parameters) for primitives; pairs are tuples."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def write(
            scope: Scope,
            parameters: Parameters,
            operands: Sequence[Operand],
            avals: Sequence[Any],
        ) -> list[Operand]:
            return paired(avals, scope.inline(functools.partial(function, **parameters), *operands))

        RULES.update(dict.fromkeys(names, write))
        return function

    return register


@composed("log2")
def _log2(x: Array, **_: Any) -> Array:
    return jnp.log(x) / np.float32(math.log(2))


@composed("one_minus_square")
def _one_minus_square(x: Array, **_: Any) -> Array:
    return (1 + x) * (1 - x)


@composed("polynomial")
def _polynomial(x: Array, *coefficients: Array, **_: Any) -> Array:
    """By Horner's rule; the constant term comes first."""
    result = jnp.broadcast_to(coefficients[-1], x.shape)
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


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


def _over_batch(function: Callable[..., Any], batch_axes: int) -> Callable[..., Any]:
    for _ in range(batch_axes):
        function = jax.vmap(function)
    return function


@composed("cholesky")
def _cholesky(matrix: Array, **_: Any) -> Array:
    """Column by column; a pivot that is not positive saturates."""
    size = matrix.shape[-1]
    rows = jnp.arange(size)

    def factor(a: Array) -> Array:
        def column(j: Array, lower: Array) -> Array:
            rest = a[:, j] - lower @ lower[j]
            values = jnp.where(rows > j, rest / jnp.sqrt(rest[j]), 0.0)
            values = jnp.where(rows == j, jnp.sqrt(rest[j]), values)
            return lower.at[:, j].set(values)

        return lax.fori_loop(0, size, column, jnp.zeros_like(a))

    return _over_batch(factor, matrix.ndim - 2)(matrix)


@composed("triangular_solve")
def _triangular_solve(
    a: Array,
    b: Array,
    *,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    unit_diagonal: bool,
    **_: Any,
) -> Array:
    """By substitution, row after row."""

    def solve(a: Array, b: Array) -> Array:
        if transpose_a:
            a = a.T
        below = lower != transpose_a
        if not left_side:
            a, b, below = a.T, b.T, not below
        size = len(a)

        def row(i: Array, x: Array) -> Array:
            at = i if below else size - 1 - i
            weights = jnp.where(jnp.arange(size) == at, 0.0, a[at])
            rest = b[at] - weights @ x
            return x.at[at].set(rest if unit_diagonal else rest / a[at, at])

        # rows that are not solved yet are 0, so that the other triangle does not count
        x = lax.fori_loop(0, size, row, jnp.zeros_like(b))
        return x if left_side else x.T

    return _over_batch(solve, a.ndim - 2)(a, b)


@composed("lu")
def _lu(matrix: Array, **_: Any) -> tuple[Array, Array, Array]:
    """With partial pivoting, the first of equal pivots: (both factors, pivots, permutation)."""
    height, width = matrix.shape[-2:]
    rows, columns = jnp.arange(height), jnp.arange(width)

    def swapped(x: Array, i: Array, j: Array) -> Array:
        return x.at[i].set(x[j]).at[j].set(x[i])

    def factor(a: Array) -> tuple[Array, Array, Array]:
        def column(k: Array, state: Any) -> Any:
            a, pivots, order = state
            pivot = jnp.argmax(jnp.where(rows >= k, jnp.abs(a[:, k]), -1.0)).astype(jnp.int32)
            a, order = swapped(a, k, pivot), swapped(order, k, pivot)
            below = jnp.where(rows > k, a[:, k] / jnp.where(a[k, k] == 0, 1.0, a[k, k]), 0.0)
            right = jnp.where(columns > k, a[k], 0.0)
            a = a.at[:, k].set(jnp.where(rows > k, below, a[:, k])) - below[:, None] * right
            return a, pivots.at[k].set(pivot), order

        steps = min(height, width)
        start = (a, jnp.zeros(steps, jnp.int32), jnp.arange(height, dtype=jnp.int32))
        return lax.fori_loop(0, steps, column, start)

    return _over_batch(factor, matrix.ndim - 2)(matrix)
