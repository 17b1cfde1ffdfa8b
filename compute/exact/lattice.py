"""Positions of values' lowest bits, and rows of arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import power_of_two
from compute.exact.superaccumulator import FAR

UNIT = 2.0**-53
# more than all roundings of a sum of magnitudes or a norm of 2**30 terms, and of two such together
ENLARGED = 1 + 2.0**-20


def lowest_bit(x: Array) -> Array:
    """The largest int32 e such that the float32 value is a multiple of 2**e; FAR for zero."""
    bits = lax.bitcast_convert_type(x, jnp.int32)
    mantissa = (bits & 0x7FFFFF) | 0x800000
    lowest = (mantissa & -mantissa).astype(jnp.float32)
    place = lax.bitcast_convert_type(lowest, jnp.int32) >> 23
    return jnp.where(x == 0, FAR, ((bits >> 23) & 255) - 150 + place - 127)


def common_bit(x: Array, axes: tuple[int, ...]) -> Array:
    """An int32 e such that all float32 values along the axes are multiples of 2**e; FAR if all are
    zero.  Where `lowest_bit` goes up to 1 higher it takes twice as long.

    A number less the one without its lowest bit is that bit; or, where that takes a bit of the
    exponent, at least half of a power of two.  Zero less one is the greatest unsigned integer.
    """
    bits = lax.bitcast_convert_type(x, jnp.uint32)
    others = lax.bitcast_convert_type(bits & (bits - 1), jnp.float32)
    rest = lax.bitcast_convert_type(jnp.abs(x - others), jnp.uint32) - 1
    least = jnp.min(rest, axes, initial=np.uint32(2**32 - 1)) + 1
    return jnp.where(least == 0, FAR, (least >> 23).astype(jnp.int32) - 127)


def per_unit(lowest: Array) -> Array:
    """2**-lowest as float64, of what `lowest_bit` gives; of FAR, any positive number."""
    return power_of_two(-jnp.clip(lowest, -200, 200).astype(jnp.int64))


def unravel(index: Array, shape: Sequence[int]) -> list[Array]:
    """The places along every axis of indices into C order, all of them inside the shape."""
    places: list[Array] = []
    # a TPU's division of 64 bits is a thousand instructions
    left = index.astype(jnp.int32) if math.prod(shape) < 2**31 else index
    for size in reversed(shape):
        above = lax.div(left, jnp.asarray(size, left.dtype))
        places.insert(0, (left - above * size).astype(index.dtype))
        left = above
    return places


def gather_rows(
    x: Array, kept: Sequence[int], contract: Sequence[int], places: Sequence[Array]
) -> Array:
    """The elements at C places along the `kept` axes: [C, K], the other axes in the order given."""
    inner = sorted(contract)
    if not kept:
        found = x[None]
    else:
        numbers = lax.GatherDimensionNumbers(
            offset_dims=tuple(range(1, 1 + len(inner))),
            collapsed_slice_dims=tuple(sorted(kept)),
            start_index_map=tuple(kept),
        )
        sizes = tuple(1 if i in kept else n for i, n in enumerate(x.shape))
        found = lax.gather(x, jnp.stack(places, -1), numbers, sizes, mode="clip")
    found = jnp.transpose(found, (0, *(1 + inner.index(axis) for axis in contract)))
    return found.reshape(found.shape[0], math.prod(found.shape[1:]))
