"""Values as integers times powers of two, the rounding, and the operations rounded once.

A value is a float32 array, read and written by its bits.  Inside, a number is a `Scaled`: an int64
times a power of two, exact or *jammed*: where bits were dropped the lowest bit is set, so that the
number lies strictly between two others and rounds, to fewer bits, as the exact one would.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

SATURATED = np.int32(0x7FC00000)
SMALLEST_PATTERN = np.int32((127 - 96) << 23)
LARGEST_PATTERN = np.int32(0x7F7FFFFF)
MAGNITUDE = np.int32(0x7FFFFFFF)


@dataclass(frozen=True)
class Scaled:
    """m * 2**e: int64 |m| < 2**62, int32 e."""

    m: Array
    e: Array

    def __neg__(self) -> Scaled:
        return Scaled(-self.m, self.e)


def pattern(x: Array) -> Array:
    """The int32 bits of float32 values."""
    return lax.bitcast_convert_type(x, jnp.int32)


def from_pattern(bits: Array) -> Array:
    """Float32 values from their int32 bits."""
    return lax.bitcast_convert_type(bits, jnp.float32)


def is_saturated(x: Array) -> Array:
    """Element-wise: is the value SATURATED?"""
    return (pattern(x) & MAGNITUDE) > LARGEST_PATTERN


def is_negative(x: Array) -> Array:
    """Element-wise: is the value below zero?  Of SATURATED, anything."""
    bits = pattern(x)
    return (bits < 0) & ((bits & MAGNITUDE) != 0)


def absolute(x: Array) -> Array:
    """The magnitudes of values."""
    return from_pattern(pattern(x) & MAGNITUDE)


def negative(x: Array, where: Array | bool = True) -> Array:
    """Values with the sign changed where asked; zero has none."""
    bits = pattern(x)
    flip = jnp.where(where & ((bits & MAGNITUDE) != 0), np.int32(-(2**31)), np.int32(0))
    return from_pattern(bits ^ flip)


def saturated_if(condition: Array, x: Array) -> Array:
    """SATURATED where the condition holds, else the value."""
    return from_pattern(jnp.where(condition, SATURATED, pattern(x)))


def select(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, else y, bit by bit."""
    return from_pattern(jnp.where(condition, pattern(x), pattern(y)))


def constant(x: float) -> np.float32:
    """A float32 constant."""
    return np.float32(x)


def less(x: Array, y: Array | np.float32) -> Array:
    """x < y by the bits; of SATURATED, anything."""
    return _ordered(x) < _ordered(jnp.asarray(y))


def _ordered(x: Array) -> Array:
    """int32 that are ordered as the values are."""
    bits = pattern(x)
    return jnp.where(bits < 0, -(bits & MAGNITUDE), bits)


def clip(x: Array, low: float, high: float) -> Array:
    """Values no smaller than `low`, no larger than `high`; of SATURATED, anything."""
    low_, high_ = jnp.float32(low), jnp.float32(high)
    return select(less(x, low_), low_, select(less(high_, x), high_, x))


def scaled(x: Array) -> Scaled:
    """The exact number of a value; of SATURATED, anything."""
    bits = pattern(jnp.asarray(x))
    field = (bits >> 23) & 255
    m = jnp.where(field > 0, (bits & 0x7FFFFF) | 0x800000, 0)
    return Scaled(jnp.where(bits < 0, -m, m).astype(jnp.int64), field - 150)


def shifted(m: Array, by: Array | int) -> Array:
    """m * 2**by, jammed; `by` int32 of any size, the result within 62 bits."""
    by = jnp.asarray(by, jnp.int32)
    left = m << jnp.clip(by, 0, 63).astype(jnp.int64)
    count = jnp.clip(-by, 0, 63).astype(jnp.int64)
    kept = m >> count
    return jnp.where(by >= 0, left, kept | ((kept << count) != m))


def nearest(m: Array, bits: Array | int) -> Array:
    """The int64 nearest to m * 2**-bits, ties to even, for 0 <= bits <= 62."""
    bits = jnp.asarray(bits, jnp.int64)
    kept = m >> bits
    rest = m - (kept << bits)
    half = (jnp.int64(1) << bits) >> 1
    up = (rest > half) | ((rest == half) & ((kept & 1) == 1) & (bits > 0))
    return kept + up


def fixed(x: Scaled, point: int) -> Array:
    """x in units of 2**-point, jammed."""
    return shifted(x.m, x.e + point)


def whole(x: Array, mode: str) -> Array:
    """The integer next to a value, as `Arithmetic.whole` says."""
    y = scaled(x)
    bits = jnp.clip(-y.e, 0, 62).astype(jnp.int64)
    found = narrow(Scaled(_WHOLE[mode](y.m, bits), jnp.maximum(y.e, 0)))
    return saturated_if(is_saturated(x), found)


def _away(m: Array, bits: Array) -> Array:
    found = (jnp.abs(m) + ((jnp.int64(1) << bits) >> 1)) >> bits
    return jnp.where(m < 0, -found, found)


_WHOLE = {
    "floor": lambda m, bits: m >> bits,
    "ceil": lambda m, bits: -(-m >> bits),
    "even": nearest,
    "away": _away,
}


def on_grid(x: Scaled, point: int) -> Array:
    """The integer nearest to x * 2**point, ties to even."""
    # two bits more tell which side of the middle x is on
    return nearest(fixed(x, point + 2), 2)


def length(m: Array) -> Array:
    """The int32 number of bits of |m|."""
    return 64 - lax.clz(jnp.abs(m)).astype(jnp.int32)


def significant(x: Scaled, bits: int) -> Scaled:
    """x rounded to so many significant bits, ties to even."""
    drop = jnp.maximum(length(x.m) - bits, 0)
    return Scaled(nearest(x.m, drop.astype(jnp.int64)), x.e + drop)


def narrow(x: Scaled, clamp: bool = False) -> Array:
    """Round to a value: 24 bits, dust to zero, beyond LARGEST SATURATED (or LARGEST: `clamp`)."""
    y = significant(x, 24)
    magnitude = jnp.abs(y.m)
    used = length(magnitude)
    mantissa = magnitude << jnp.maximum(24 - used, 0).astype(jnp.int64)
    # a mantissa that rounded up to 2**24 adds one to the exponent
    field = (y.e + jnp.minimum(used, 24) - 24 + 150).astype(jnp.int64)
    bits = (field << 23) + (mantissa - 2**23)
    zero = (magnitude == 0) | (bits < SMALLEST_PATTERN)
    beyond = LARGEST_PATTERN if clamp else SATURATED
    bits = jnp.where(bits > LARGEST_PATTERN, beyond, jnp.clip(bits, 0, LARGEST_PATTERN))
    sign = jnp.where(y.m < 0, np.int64(-(2**31)), np.int64(0))
    signed = jnp.where(bits == SATURATED, SATURATED, bits + sign)
    return from_pattern(jnp.where(zero, 0, signed).astype(jnp.int32))


def sum_of(x: Scaled, y: Scaled) -> Scaled:
    """x + y, jammed: both of at most 53 bits; 7 bits or more are kept below the last of the larger
    one's 53."""
    top = jnp.maximum(
        jnp.where(x.m == 0, -(2**20), x.e + length(x.m)),
        jnp.where(y.m == 0, -(2**20), y.e + length(y.m)),
    )
    unit = top - 60
    return Scaled(shifted(x.m, x.e - unit) + shifted(y.m, y.e - unit), unit)


def product_of(x: Scaled, y: Scaled) -> Scaled:
    """x * y, exact: at most 61 bits together."""
    return Scaled(x.m * y.m, x.e + y.e)


def ratio_of(x: Scaled, y: Scaled) -> Scaled:
    """x / y, jammed, with 36 bits or more, for |y.m| < 2**25 and not 0; x of at most 53 bits."""
    up = 60 - length(x.m)
    q, rest = divided(jnp.abs(x.m) << up.astype(jnp.int64), jnp.maximum(jnp.abs(y.m), 1))
    q = (q << 1) | (rest != 0)
    negative = (x.m < 0) != (y.m < 0)
    return Scaled(jnp.where(negative, -q, q), x.e - up - y.e - 1)


def divided(n: Array, d: Array) -> tuple[Array, Array]:
    """(quotient, rest) of int64 0 <= n < 2**60 by 0 < d < 2**25: long division, the first 32 bits
    at once, then digits of 7, so that no step has more than 32 bits.

    What a TPU makes of a division of 64 bits is thousands of instructions.
    """
    d = d.astype(jnp.uint32)
    rest = (n >> 28).astype(jnp.uint32)
    high, low = lax.div(rest, d), jnp.zeros_like(rest)
    rest = rest - high * d
    for place in (21, 14, 7, 0):
        rest = (rest << 7) | ((n >> place).astype(jnp.uint32) & 127)
        digit = lax.div(rest, d)
        rest, low = rest - digit * d, (low << 7) | digit
    return (high.astype(jnp.int64) << 28) | low.astype(jnp.int64), rest


def either_saturated(a: Array, b: Array, y: Array) -> Array:
    """`y`, SATURATED where `a` or `b` is."""
    return saturated_if(is_saturated(a) | is_saturated(b), y)


def add(a: Array, b: Array) -> Array:
    """a + b, clamped."""
    a, b = jnp.asarray(a), jnp.asarray(b)
    return either_saturated(a, b, narrow(sum_of(scaled(a), scaled(b)), clamp=True))


def subtract(a: Array, b: Array) -> Array:
    """a - b, clamped like `add`."""
    return add(a, negative(jnp.asarray(b)))


def multiply(a: Array, b: Array) -> Array:
    """a * b."""
    a, b = jnp.asarray(a), jnp.asarray(b)
    return either_saturated(a, b, narrow(product_of(scaled(a), scaled(b))))


def divide(a: Array, b: Array) -> Array:
    """a / b; x / 0 is SATURATED."""
    a, b = jnp.asarray(a), jnp.asarray(b)
    y = narrow(ratio_of(scaled(a), scaled(b)))
    zero = (pattern(b) & MAGNITUDE) == 0
    return saturated_if(zero, either_saturated(a, b, y))


ROOT_BITS = 28


def square_root(a: Array) -> Array:
    """The square root; of a negative value, SATURATED."""
    x = scaled(a)
    # an even exponent, and a radicand of 55 or 56 bits, whose root has 28
    up = 2 * ROOT_BITS - length(x.m)
    up = up - ((x.e - up) & 1)
    radicand = jnp.abs(x.m) << up.astype(jnp.int64)
    root = jnp.zeros_like(radicand)
    for bit in range(ROOT_BITS - 1, -1, -1):
        trial = root | (1 << bit)
        root = jnp.where(trial * trial <= radicand, trial, root)
    jammed = (root << 1) | (root * root != radicand)
    y = narrow(Scaled(jnp.where(x.m == 0, 0, jammed), ((x.e - up) >> 1) - 1))
    return saturated_if(is_saturated(a) | is_negative(a), y)


def remainder(a: Array, b: Array) -> Array:
    """a - q * b with q = a / b cut towards zero, exact; SATURATED if b is 0 or |q| > 2**24."""
    a, b = jnp.asarray(a), jnp.asarray(b)
    x, y = scaled(a), scaled(b)
    divisor = jnp.maximum(jnp.abs(y.m), 1)
    # both in units of the smaller exponent; a quotient beyond 2**25 is out of range anyway
    apart = x.e - y.e
    left = jnp.abs(x.m) << jnp.clip(apart, 0, 30).astype(jnp.int64)
    right = divisor << jnp.clip(-apart, 0, 30).astype(jnp.int64)
    quotient, _ = divided(left >> jnp.clip(-apart, 0, 30).astype(jnp.int64), divisor)
    rest = jnp.where(apart < -30, left, left - quotient * right)
    unit = jnp.where(apart < -30, x.e, jnp.minimum(x.e, y.e))
    out = (quotient > 2**24) | (apart > 30)
    result = narrow(Scaled(jnp.where(x.m < 0, -rest, rest), unit))
    zero = (pattern(b) & MAGNITUDE) == 0
    out = zero | (out & (x.m != 0))
    return saturated_if(out, either_saturated(a, b, result))
