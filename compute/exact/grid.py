"""Putting operands on integer grids, so that a sum of products has no order.

A row grid follows the largest exponent among the terms of one sum.  It is allowed only where a term
that is multiplied by an exact zero cannot reach that exponent: otherwise a masked position could
change the rounding of the positions that must not see it.  `contraction.dot` says where that is.
Elsewhere the absolute grid is used, which depends on nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import SATURATED, nearest_integer

MOST_TERMS = 2**15
MOST_ROW_BITS = 22  # three int8 digits hold no more
ROW_FLOOR = -80
ABSOLUTE_BITS = 24
ABSOLUTE_RANGE = 14
LIMB_BITS = 19


@dataclass(frozen=True)
class Limb:
    """Float32 integers |digits| <= 2**22, times 2**exponent (int32, broadcasts)."""

    digits: Array
    exponent: Array


def row_exponent(x: Array, axes: tuple[int, ...]) -> Array:
    """The least int32 E >= ROW_FLOOR with max|x| < 2**E over `axes` (kept as size 1)."""
    return exponent_above(jnp.max(jnp.abs(x), axis=axes, keepdims=True))


def exponent_above(largest: Array) -> Array:
    """The least int32 E >= ROW_FLOOR with largest < 2**E, for largest >= 0."""
    bits = lax.bitcast_convert_type(largest, jnp.int32)
    return jnp.maximum((bits >> 23) - 126, ROW_FLOOR)


def scale(exponent: Array) -> Array:
    """Exactly 2**exponent as float32, for int32 `exponent` in [-126, 127]."""
    return lax.bitcast_convert_type((exponent + 127) << 23, jnp.float32)


def row_bits(terms: int) -> int:
    """The bits of both operands of a sum of `terms` products, so that it stays within 2**53."""
    return min(MOST_ROW_BITS, (53 - (terms - 1).bit_length()) // 2)


def row(x: Array, axes: tuple[int, ...], bits: int) -> Limb:
    """x rounded to multiples of 2**(E - bits), ties to even, E = row_exponent over `axes`.

    A SATURATED element makes its whole row SATURATED.
    """
    exponent = row_exponent(x, axes) - bits
    return Limb(nearest_integer(x * reciprocal(exponent, bits)), exponent)


def reciprocal(exponent: Array, bits: int) -> Array:
    """2**-exponent for the grid of a row, SATURATED if its E = exponent + bits comes from a NaN."""
    return jnp.where(exponent + bits > 128, SATURATED, scale(-exponent))


def absolute(x: Array) -> list[Limb]:
    """Two limbs: x rounded to 2**-ABSOLUTE_BITS, ties to even, then split into the multiple of
    2**(LIMB_BITS - ABSOLUTE_BITS) nearest to x and the rest.

    |x| > 2**ABSOLUTE_RANGE is SATURATED.
    """
    x = jnp.where(jnp.abs(x) <= np.float32(2**ABSOLUTE_RANGE), x, SATURATED)
    coarse = ABSOLUTE_BITS - LIMB_BITS
    high = nearest_integer(x * np.float32(2**coarse))
    low = nearest_integer((x - high * np.float32(2.0**-coarse)) * np.float32(2**ABSOLUTE_BITS))
    return [Limb(high, jnp.int32(-coarse)), Limb(low, jnp.int32(-ABSOLUTE_BITS))]
