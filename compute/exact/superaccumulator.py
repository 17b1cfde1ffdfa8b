"""Exact sums of float32 values and of their products, in integers, rounded once.

A term is an integer times a power of two: |p| < 2**48, p * 2**unit.  A sum is cut into windows of
32 bits, from the lowest bit of all its terms upwards; the part of every term inside a window is an
integer below 2**32, so that 2**30 terms add up to less than 2**62 in int64, to which comes what
the windows below carry.  Each window gives one digit of the sum, and the two highest ones, with a
bit that says whether any below is not zero, give the rounded value.

Nothing here is a floating-point operation: any machine with int64 computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import LARGEST, SMALLEST

BITS = 32
MASK = 2**BITS - 1
TERM_BITS = 48  # of a product; a value has 24
FAR = 2**14  # beyond any exponent
# windows of values on places that do not depend on them: from below 2**-119 up to 2**128
LOW = np.int32(-128)
VALUE_WINDOWS = 8


@dataclass(frozen=True)
class Terms:
    """Integers `mantissa` (int64, |m| < 2**48) and exponents `unit` (int32) of one shape."""

    mantissa: Array
    unit: Array


@dataclass(frozen=True)
class Format:
    """The rounding of a sum: significant bits (at most 24), and beyond what it is SATURATED."""

    bits: int
    largest: float


VALUE = Format(24, LARGEST)
PRODUCT_SUM = Format(21, 2.0**64)
SATURATED_PATTERN = np.int32(0x7FC00000)


def pattern(x: float) -> int:
    """The bits of a float32."""
    return int(np.float32(x).view(np.int32))


def values(x: Array) -> Terms:
    """Float32 values as terms of 24 bits; of SATURATED, anything."""
    bits = lax.bitcast_convert_type(x, jnp.int32)
    exponent = (bits >> 23) & 255
    magnitude = jnp.where(exponent > 0, (bits & 0x7FFFFF) | 0x800000, 0)
    return Terms(jnp.where(bits < 0, -magnitude, magnitude).astype(jnp.int64), exponent - 150)


def products(a: Array, b: Array) -> Terms:
    """The products of float32 values, which broadcast."""
    x, y = values(a), values(b)
    return Terms(x.mantissa * y.mantissa, x.unit + y.unit)


def round_sum(terms: Terms, form: Format) -> Array:
    """The exact sums of terms [..., K] over the last axis, rounded: float32 patterns, int32 [...].

    K is at most 2**30.  Ties go to even; below 2**-96 the result is 0, beyond `form.largest`
    SATURATED.
    """
    there = terms.mantissa != 0
    top = jnp.max(jnp.where(there, terms.unit, -FAR), -1, initial=-FAR) + TERM_BITS
    low = jnp.min(jnp.where(there, terms.unit, FAR), -1, initial=FAR)

    def window(j: Array) -> Array:
        return jnp.sum(_part(terms, (low + BITS * j)[..., None]), -1)

    windows = jnp.max((top - low + BITS - 1) >> 5, initial=0)
    return _round_windows(window, windows, low, form)


def _part(terms: Terms, lowest: Array | np.int32) -> Array:
    """Bits 0 ... 31 of |term / 2**lowest|, with the sign of the term."""
    shift = terms.unit - lowest
    left = jnp.abs(terms.mantissa) << jnp.clip(shift, 0, BITS).astype(jnp.int64)
    digit = (left >> jnp.clip(-shift, 0, 63).astype(jnp.int64)) & MASK
    return jnp.where(terms.mantissa < 0, -digit, digit)


# (window, carry, tail, word of the two highest digits, window of the highest one)
_Carried = tuple[Array, Array, Array, Array, Array]


def _round_windows(
    window: Callable[[Array], Array], windows: Array | int, low: Array, form: Format
) -> Array:
    """The sum of window(j) * 2**(low + 32 j), j < `windows`, rounded; |window| <= 2**62 + 2**30.

    The sum and its negative are carried side by side: the digits of the one that is not negative
    are its magnitude.  One more window takes what is carried out of the last, so that only the
    sign is left.  `tail` is the digit before, its lowest bit set if a lower digit is not zero.
    """

    def step(state: _Carried) -> _Carried:
        j, carry, tail, word, place = state
        here = jnp.where(j < windows, window(j), 0)
        total = carry + jnp.stack([here, -here])
        digit = total & MASK
        word = jnp.where(digit != 0, (digit << BITS) | tail, word)
        place = jnp.where(digit != 0, j, place)
        return j + 1, total >> BITS, digit | (tail != 0), word, place

    zero = jnp.zeros((2, *low.shape), jnp.int64)
    start: _Carried = (jnp.int32(0), zero, zero, zero, jnp.zeros(zero.shape, jnp.int32))
    _, carry, _, word, place = lax.while_loop(lambda s: s[0] <= windows, step, start)
    negative = carry[0] < 0
    word, place = (jnp.where(negative, x[1], x[0]) for x in (word, place))
    return rounded(word.astype(jnp.uint64), low + BITS * (place - 1), negative, form)


def limbs_of(terms: Terms) -> Array:
    """Values as limbs [VALUE_WINDOWS, ...], lowest first, to be added in any order."""
    return jnp.stack([_part(terms, np.int32(LOW + BITS * j)) for j in range(VALUE_WINDOWS)])


def round_limbs(limbs: Array, form: Format) -> Array:
    """Sums of up to 2**30 limbs as `limbs_of` makes them -> patterns."""

    def window(j: Array) -> Array:
        return lax.dynamic_index_in_dim(limbs, j, 0, keepdims=False)

    return _round_windows(window, len(limbs), jnp.full(limbs.shape[1:], LOW), form)


def rounded(word: Array, unit: Array, negative: Array, form: Format) -> Array:
    """+-word * 2**unit as a pattern; where bits were dropped from a word it has at least 32, and
    the lowest one is set."""
    drop = jnp.maximum(64 - form.bits - lax.clz(word).astype(jnp.int32), 1)
    shift = drop.astype(jnp.uint64)
    keep = word >> shift
    rest = word - (keep << shift)
    half = np.uint64(1) << (shift - np.uint64(1))
    up = (rest > half) | ((rest == half) & ((keep & np.uint64(1)) == 1))
    mantissa = (keep + up.astype(jnp.uint64)).astype(jnp.int64) << (24 - form.bits)
    exponent = (unit + drop - (24 - form.bits) + 150).astype(jnp.int64)
    # 2**23 <= mantissa <= 2**24, and the last adds one to the exponent
    bits = (exponent << 23) + (mantissa - 2**23)
    sign = jnp.where(negative, np.int32(-(2**31)), np.int32(0))
    value = jnp.clip(bits, 0, pattern(LARGEST)).astype(jnp.int32) | sign
    value = jnp.where(bits > pattern(form.largest), SATURATED_PATTERN, value)
    return jnp.where((word == 0) | (bits < pattern(SMALLEST)), 0, value)
