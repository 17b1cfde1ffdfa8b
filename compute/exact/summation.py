"""Sums of values: exact, rounded once to 24 bits, however many terms there are."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.lattice import (
    ENLARGED,
    UNIT,
    common_bit,
    gather_rows,
    lowest_bit,
    per_unit,
    unravel,
)
from compute.exact.number import wide
from compute.exact.rounding import UNDECIDED, decide, repair, saturating
from compute.exact.superaccumulator import (
    FAR,
    SATURATED_PATTERN,
    VALUE,
    limbs_of,
    round_limbs,
    round_sum,
    values,
)


def decide_sum(s: Array, magnitudes: Array, lowest: Array, terms: Array | int) -> Array:
    """Patterns of sums of `terms` values, some UNDECIDED.

    `s` and `magnitudes` are float64 sums, in any order, of the terms and of their magnitudes;
    all terms are multiples of 2**lowest (int32).  Additions of n numbers err by at most
    (n - 1) 2**-53 of the sum of magnitudes (Jeannerod and Rump, 2013), which is itself too small by
    less than 2**-22 of it for 2**30 terms; two units more are for `decide`.  If the sum of
    magnitudes is below 2**53 units of the lowest bit, no partial sum was ever rounded.
    """
    sure = magnitudes * ENLARGED
    exact = sure * per_unit(lowest) < 2.0**53
    return decide(s, jnp.where(exact, 0.0, (terms + 1) * UNIT * sure), VALUE)


def total(x: Array, axes: tuple[int, ...], carrier: Carrier) -> Array:
    """The sum over axes; of nothing, 0."""
    terms = math.prod(x.shape[axis] for axis in axes)
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    shape = tuple(x.shape[axis] for axis in kept)
    if terms <= 1:
        return x.reshape(shape) if terms else jnp.zeros(shape, jnp.float32)

    def exact(index: Array) -> Array:
        found = gather_rows(x, kept, axes, unravel(index, shape))
        return saturating(round_sum(values(found), VALUE), found)

    if not carrier.float64:
        return repair(jnp.full(shape, UNDECIDED), exact, terms)
    y = wide(x)
    lowest = common_bit(x, axes)
    return repair(
        decide_sum(jnp.sum(y, axes), jnp.sum(jnp.abs(y), axes), lowest, terms), exact, terms
    )


def window_total(
    x: Array, size: tuple[int, ...], strides: tuple[int, ...], step: tuple[int, ...],
    carrier: Carrier,
) -> Array:  # fmt: skip
    """The sums of all windows of `size` elements, `step` apart, that fit."""
    count = math.prod(size)
    window = {"window_dimensions": size, "window_strides": strides, "window_dilation": step}
    y = wide(x)

    def windows(terms: Array) -> Array:
        zero = jnp.zeros((), terms.dtype)
        return lax.reduce_window(terms, zero, lax.add, padding="VALID", **window)

    lowest = lax.reduce_window(lowest_bit(x), jnp.int32(FAR), lax.min, padding="VALID", **window)

    def exact(index: Array) -> Array:
        found = x.reshape(-1)[taps(index)]
        return saturating(round_sum(values(found), VALUE), found)

    shape = lowest.shape

    def taps(index: Array) -> Array:
        """The places of the elements of windows, [C, count]."""
        found = jnp.zeros((len(index), 1), jnp.int64)
        places = unravel(index, shape)
        for axis, place in enumerate(places):
            along = place[:, None] * strides[axis] + jnp.arange(size[axis]) * step[axis]
            found = (found[:, :, None] * x.shape[axis] + along[:, None, :]).reshape(len(index), -1)
        return found

    if not carrier.float64:
        return repair(jnp.full(shape, UNDECIDED), exact, count)
    return repair(decide_sum(windows(y), windows(jnp.abs(y)), lowest, count), exact, count)


def cumulative(x: Array, axis: int, reverse: bool, carrier: Carrier) -> Array:
    """All prefix sums.  If one cannot be decided, all are made in integers."""

    def in_integers() -> Array:
        limbs = lax.cumsum(limbs_of(values(x)), axis=axis + 1, reverse=reverse)
        seen = lax.cumsum((x != x).astype(jnp.int32), axis=axis, reverse=reverse)
        return jnp.where(seen > 0, SATURATED_PATTERN, round_limbs(limbs, VALUE))

    if not x.size:
        return x
    if not carrier.float64:
        return lax.bitcast_convert_type(in_integers(), jnp.float32)
    y = wide(x)
    s, magnitudes = (lax.cumsum(z, axis=axis, reverse=reverse) for z in (y, jnp.abs(y)))
    lowest = lax.cummin(lowest_bit(x), axis=axis, reverse=reverse)
    return all_or_none(decide_sum(s, magnitudes, lowest, x.shape[axis]), in_integers)


def all_or_none(marked: Array, in_integers: Callable[[], Array]) -> Array:
    """Values from patterns, or from `in_integers()` if one of them is UNDECIDED."""
    found = lax.cond(jnp.any(marked == UNDECIDED), lambda _: in_integers(), lambda m: m, marked)
    return lax.bitcast_convert_type(found, jnp.float32)
