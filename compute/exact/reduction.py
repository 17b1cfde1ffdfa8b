"""Sums over axes: the terms on one grid, an exact integer sum, one rounding."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.contraction import TooManyTerms
from compute.exact.grid import (
    ABSOLUTE_BITS,
    ABSOLUTE_RANGE,
    exponent_above,
    reciprocal,
    row_exponent,
    scale,
)
from compute.exact.number import SATURATED, multiply, narrow, nearest_integer, wide

SUM_BITS = 23
MOST_ADDENDS = 2**15
MOST_STACKED = 64


def _checked(x: Array, axes: tuple[int, ...]) -> None:
    count = math.prod(x.shape[axis] for axis in axes)
    if count > MOST_ADDENDS:
        raise TooManyTerms(f"a sum of {count} terms; the limit is {MOST_ADDENDS}")


def on_absolute_grid(x: Array) -> Array:
    """Float64 multiples of 2**-ABSOLUTE_BITS; |x| > 2**ABSOLUTE_RANGE is SATURATED."""
    x = jnp.where(jnp.abs(x) <= np.float32(2**ABSOLUTE_RANGE), x, SATURATED)
    return nearest_integer(wide(x) * 2.0**ABSOLUTE_BITS) * 2.0**-ABSOLUTE_BITS


def on_row_grid(x: Array, axes: tuple[int, ...]) -> Array:
    """Float64 multiples of 2**(E - SUM_BITS), E = row_exponent over `axes`; all
    SATURATED if one term is."""
    exponent = row_exponent(x, axes) - SUM_BITS
    return wide(nearest_integer(x * reciprocal(exponent, SUM_BITS))) * wide(scale(exponent))


def total(x: Array, axes: tuple[int, ...]) -> Array:
    """The exact sum of the terms on their row grid, rounded once.  Nothing to sum gives 0.

    The row grid is safe along positions: a term that is zero does not reach the exponent, and any
    other term is part of the sum anyway.
    """
    _checked(x, axes)
    if math.prod(x.shape[axis] for axis in axes) <= 1:
        return jnp.sum(x, axis=axes)
    return narrow(jnp.sum(on_row_grid(lax.optimization_barrier(x), axes), axis=axes))


def cumulative(x: Array, axis: int, positional: tuple[bool, ...], reverse: bool) -> Array:
    """All prefix sums along `axis`, each the exact sum of grid terms, rounded once.  The grid is
    absolute along positions, because a later term must not round an earlier sum; else by row."""
    _checked(x, (axis,))
    terms = on_absolute_grid(x) if positional[axis] else on_row_grid(x, (axis,))
    return narrow(lax.cumsum(terms, axis=axis, reverse=reverse))


def product(x: Array, axes: tuple[int, ...]) -> Array:
    """From the first element to the last, in the order of `axes`, each product rounded."""
    x = jnp.moveaxis(x, axes, range(len(axes))).reshape(-1, *_kept(x.shape, axes))
    first = jnp.ones(x.shape[1:], jnp.float32)
    return lax.scan(lambda total, term: (multiply(total, term), None), first, x)[0]


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[int]:
    return [size for axis, size in enumerate(shape) if axis not in axes]


def cumulative_product(x: Array, axis: int, reverse: bool) -> Array:
    """All prefix products along `axis`, each step rounded."""

    def step(total: Array, term: Array) -> tuple[Array, Array]:
        total = multiply(total, term)
        return total, total

    terms = jnp.moveaxis(x, axis, 0)
    first = jnp.ones(terms.shape[1:], jnp.float32)
    return jnp.moveaxis(lax.scan(step, first, terms, reverse=reverse)[1], 0, axis)


def windows(x: Array, counts: Sequence[int], size: Sequence[int], strides: Sequence[int]) -> Array:
    """All windows, `counts` of them along each axis, stacked on a new first axis."""
    stops = [(n - 1) * s + 1 for n, s in zip(counts, strides, strict=True)]
    return jnp.stack(
        [
            lax.slice(x, at, [a + stop for a, stop in zip(at, stops, strict=True)], strides)
            for at in np.ndindex(*size)
        ]
    )


def side_by_side(x: Array, counts: Sequence[int], size: Sequence[int]) -> Array:
    """`x` cut into windows that touch each other: [count_0, size_0, count_1, size_1, ..]."""
    pairs = list(zip(counts, size, strict=True))
    x = x[tuple(slice(n * k) for n, k in pairs)]
    return x.reshape([dimension for pair in pairs for dimension in pair])


def window_total(x: Array, parameters: dict) -> Array:
    """reduce_window_sum: `total` of each window.

    The windows' elements are added array by array, which is one pass over what is stacked; large
    windows side by side are axes of their own, or compiling so many arrays would take minutes.
    """
    if any(d != 1 for d in (*parameters["base_dilation"], *parameters["window_dilation"])):
        raise NotImplementedError("dilated pooling windows")
    size, strides = parameters["window_dimensions"], parameters["window_strides"]
    x = lax.pad(x, np.float32(0), [(low, high, 0) for low, high in parameters["padding"]])
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape, size, strides, strict=True)]
    apart = all(n == 1 or k == s for n, k, s in zip(counts, size, strides, strict=True))
    if apart and math.prod(size) > MOST_STACKED:
        return total(side_by_side(x, counts, size), tuple(range(1, 2 * x.ndim, 2)))
    stacked = lax.optimization_barrier(windows(x, counts, size, strides))
    _checked(stacked, (0,))
    terms = list(stacked)
    if len(terms) == 1:
        return terms[0]
    largest = functools.reduce(jnp.maximum, map(jnp.abs, terms))
    exponent = exponent_above(largest) - SUM_BITS
    digits = (wide(nearest_integer(t * reciprocal(exponent, SUM_BITS))) for t in terms)
    return narrow(functools.reduce(jnp.add, digits) * wide(scale(exponent)))
