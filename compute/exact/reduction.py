"""Sums over axes: the terms on one grid, an exact integer sum, one rounding."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.contraction import TooManyTerms
from compute.exact.grid import ABSOLUTE_BITS, ABSOLUTE_RANGE, row_exponent
from compute.exact.number import SATURATED, narrow, nearest_integer, power_of_two, wide

SUM_BITS = 30
MOST_ADDENDS = 2**15


def on_sum_grid(x: Array, axes: tuple[int, ...], absolute: bool) -> Array:
    """Float64 multiples of one power of two per sum: 2**(E - SUM_BITS), or 2**-ABSOLUTE_BITS.

    On the absolute grid |x| > 2**ABSOLUTE_RANGE is SATURATED.
    """
    count = math.prod(x.shape[axis] for axis in axes)
    if count > MOST_ADDENDS:
        raise TooManyTerms(f"a sum of {count} terms; the limit is {MOST_ADDENDS}")
    if absolute:
        x = jnp.where(jnp.abs(x) <= np.float32(2**ABSOLUTE_RANGE), x, SATURATED)
        return nearest_integer(wide(x) * 2.0**ABSOLUTE_BITS) * 2.0**-ABSOLUTE_BITS
    exponent = row_exponent(x, axes).astype(jnp.int64) - SUM_BITS
    return nearest_integer(wide(x) * power_of_two(-exponent)) * power_of_two(exponent)


def total(x: Array, axes: tuple[int, ...], positional: tuple[bool, ...]) -> Array:
    """The sum over `axes`; absolute grid if one of them is positional.  Nothing to sum gives 0."""
    if math.prod(x.shape[axis] for axis in axes) <= 1:
        return jnp.sum(x, axis=axes)
    return narrow(jnp.sum(on_sum_grid(x, axes, any(positional[a] for a in axes)), axis=axes))


def cumulative(x: Array, axis: int, positional: tuple[bool, ...], reverse: bool) -> Array:
    """All prefix sums along `axis`, each the exact sum of grid terms, rounded once."""
    terms = on_sum_grid(x, (axis,), positional[axis])
    return narrow(lax.cumsum(terms, axis=axis, reverse=reverse))


def windows(x: Array, parameters: dict, fill: float) -> Array:
    """Every window of a reduce_window primitive, stacked on a new first axis."""
    if any(d != 1 for d in (*parameters["base_dilation"], *parameters["window_dilation"])):
        raise NotImplementedError("dilated pooling windows")
    size, strides = parameters["window_dimensions"], parameters["window_strides"]
    padding = [(low, high, 0) for low, high in parameters["padding"]]
    x = lax.pad(x, np.float32(fill), padding)
    steps = [(n - k) // s for n, k, s in zip(x.shape, size, strides, strict=True)]
    return jnp.stack(
        [
            lax.slice(
                x, at, [a + n * s + 1 for a, n, s in zip(at, steps, strides, strict=False)], strides
            )
            for at in np.ndindex(*size)
        ]
    )


def window_total(x: Array, parameters: dict, positional: tuple[bool, ...]) -> Array:
    """reduce_window_sum: `total` over each window; absolute grid if a pooled axis is positional."""
    size = parameters["window_dimensions"]
    pooled = any(p and n > 1 for p, n in zip(positional, size, strict=True))
    stacked = windows(x, parameters, 0.0)
    return total(stacked, (0,), (pooled, *positional))
