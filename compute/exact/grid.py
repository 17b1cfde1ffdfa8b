"""Putting operands on integer grids, so that a sum of products has no order.

A row grid is shared by the terms of one sum and follows their largest exponent; it is allowed only
along axes that carry no positions.  Along positions (of a sequence, an image, a batch) a shared
exponent would let one position change the rounding of another, so the absolute grid is used there.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import SATURATED, nearest_integer

ROW_BITS = 20
ROW_FLOOR = -80
ABSOLUTE_BITS = 24
ABSOLUTE_RANGE = 14
LIMB_BITS = 19


@dataclass(frozen=True)
class Limb:
    """Float32 integers |digits| <= 2**LIMB_BITS, times 2**exponent (int32, broadcasts)."""

    digits: Array
    exponent: Array


def row_exponent(x: Array, axes: tuple[int, ...]) -> Array:
    """The least int32 E >= ROW_FLOOR with max|x| < 2**E over `axes` (kept as size 1)."""
    largest = jnp.max(jnp.abs(x), axis=axes, keepdims=True)
    bits = lax.bitcast_convert_type(largest, jnp.int32)
    return jnp.maximum((bits >> 23) - 126, ROW_FLOOR)


def power_of_two32(exponent: Array) -> Array:
    """Exactly 2**exponent as float32, for int32 `exponent` in [-126, 127]."""
    return lax.bitcast_convert_type((exponent + 127) << 23, jnp.float32)


def row(x: Array, axes: tuple[int, ...]) -> list[Limb]:
    """One limb: x rounded to multiples of 2**(E - ROW_BITS), E = row_exponent over `axes`.

    A row that holds SATURATED stays SATURATED in those elements.
    """
    exponent = row_exponent(x, axes) - ROW_BITS
    digits = nearest_integer(x * power_of_two32(-exponent))
    return [Limb(digits, exponent)]


def absolute(x: Array) -> list[Limb]:
    """Two limbs: x rounded to 2**-ABSOLUTE_BITS, split at 2**(LIMB_BITS - ABSOLUTE_BITS).

    |x| > 2**ABSOLUTE_RANGE is SATURATED.
    """
    x = jnp.where(jnp.abs(x) <= np.float32(2**ABSOLUTE_RANGE), x, SATURATED)
    coarse = ABSOLUTE_BITS - LIMB_BITS
    high = nearest_integer(x * np.float32(2**coarse))
    low = nearest_integer((x - high * np.float32(2.0**-coarse)) * np.float32(2**ABSOLUTE_BITS))
    return [Limb(high, jnp.int32(-coarse)), Limb(low, jnp.int32(-ABSOLUTE_BITS))]


def limbs(x: Array, axes: tuple[int, ...], positional: tuple[bool, ...]) -> list[Limb]:
    """The grid for summing `x` over `axes`: absolute if one of them is positional, else by row."""
    return absolute(x) if any(positional[axis] for axis in axes) else row(x, axes)
