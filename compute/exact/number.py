"""The F24 number system: its values, and the five correctly rounded operations on them.

A value is zero, a float32 whose magnitude lies in [SMALLEST, LARGEST], or SATURATED.  Every
operation takes the exact real result, rounds it once to 24 significant bits (ties to even), turns
magnitudes below SMALLEST into zero, and magnitudes above LARGEST into SATURATED, which no later
operation can turn back into a number.  Zero has no sign that any rule can observe.

Arrays between rules hold the values as float32, SATURATED as NaN.  Inside a rule the arithmetic
is float64: a product of two values is exact there (so FMA contraction cannot show), and rounding
twice, to 53 and then to 24 bits, equals rounding once because 53 >= 2 * 24 + 2.  The narrowing
cast is followed by selects on its float32 result, so no compiler may cancel it against the next
widening.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

SMALLEST = 2.0**-96
LARGEST = float(np.finfo(np.float32).max)
# sums of products saturate here already, so that no score comes near a mask of -LARGEST
LARGEST_PRODUCT_SUM = 2.0**64
SATURATED = np.float32(np.nan)


def wide(x: ArrayLike) -> Array:
    """The same values as float64."""
    return jnp.asarray(x).astype(jnp.float64)


def flush(x: Array) -> Array:
    """Float32 `x` with magnitudes below SMALLEST replaced by zero."""
    return jnp.where(jnp.abs(x) < np.float32(SMALLEST), np.float32(0), x)


def narrow(x: Array, largest: float = LARGEST) -> Array:
    """Round a float64 result to a value: 24 bits, flush, saturate beyond `largest`."""
    y = x.astype(jnp.float32)
    return jnp.where(jnp.abs(y) <= np.float32(largest), flush(y), SATURATED)


def canonical(x: Array) -> Array:
    """A float32 array from outside as values: subnormals and dust become zero, infinities and NaN
    SATURATED.

    The tests are on the bit patterns, because some backends flush or trap subnormals in any
    floating-point instruction, comparisons included.
    """
    bits = lax.bitcast_convert_type(x, jnp.int32)
    magnitude = bits & np.int32(0x7FFFFFFF)
    smallest = np.float32(SMALLEST).view(np.int32)
    largest = np.float32(LARGEST).view(np.int32)
    bits = jnp.where(magnitude > largest, np.int32(0x7FC00000), bits)
    return lax.bitcast_convert_type(jnp.where(magnitude < smallest, np.int32(0), bits), jnp.float32)


def nearest_integer(x: Array) -> Array:
    """Round to the nearest integer, ties to even."""
    return lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


def power_of_two(exponent: Array) -> Array:
    """Exactly 2**exponent as float64, for int64 `exponent` in [-1022, 1023]."""
    return lax.bitcast_convert_type((exponent + 1023) << 52, jnp.float64)


# a float64 of this size plus a small integer has that integer in its low bits
MAGIC = 2.0**52 + 2.0**51


def to_int64(x: Array) -> Array:
    """The int64 nearest to float64 |x| < 2**51, ties to even; of NaN, anything."""
    bits = lax.bitcast_convert_type(x + MAGIC, jnp.int64)
    return bits - np.float64(MAGIC).view(np.int64)


def two_to(k: Array, shift: int) -> Array:
    """Exactly 2**(k + shift) as float64, for float64 integers `k` with k + shift in [-1022, 1023]:
    no conversion to an integer type, which costs more than the power."""
    bits = lax.bitcast_convert_type(k + (MAGIC + (1023 + shift)), jnp.int64)
    return lax.bitcast_convert_type(bits << 52, jnp.float64)


def rounded(x: Array) -> Array:
    """A float64 result rounded to a value, still float64; it is known not to saturate or vanish.

    The maximum changes nothing, but no compiler may cancel the two casts across it.
    """
    return jnp.maximum(x.astype(jnp.float32), np.float32(-LARGEST)).astype(jnp.float64)


def exponent_of(x: Array) -> Array:
    """The int64 E with 2**(E-1) <= |x| < 2**E, for finite non-zero normal float64 `x`."""
    return ((lax.bitcast_convert_type(x, jnp.int64) >> 52) & 0x7FF) - 1022


def is_saturated(x: Array) -> Array:
    """Element-wise: is the value SATURATED?"""
    return x != x


def order(x: Array) -> Array:
    """Int32 that are ordered as float32 values are, SATURATED beyond all on the side of its sign;
    `unorder` turns them back.

    Machines find the largest integer in any order, and floats, NaN among them, one by one.
    """
    bits = lax.bitcast_convert_type(x, jnp.int32)
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def unorder(keys: Array) -> Array:
    """The float32 values of such integers."""
    return lax.bitcast_convert_type(keys ^ ((keys >> 31) & np.int32(0x7FFFFFFF)), jnp.float32)


def add(a: ArrayLike, b: ArrayLike) -> Array:
    """a + b, which alone clamps to +-LARGEST: a mask added to a mask is still a mask."""
    y = (wide(a) + wide(b)).astype(jnp.float32)
    low = jnp.where(y < np.float32(-LARGEST), np.float32(-LARGEST), flush(y))
    return jnp.where(y > np.float32(LARGEST), np.float32(LARGEST), low)


def subtract(a: ArrayLike, b: ArrayLike) -> Array:
    """a - b, clamping like `add`."""
    return add(a, -jnp.asarray(b))


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """a * b."""
    return narrow(wide(a) * wide(b))


def quotient(a: ArrayLike, b: Array) -> Array:
    """a / b of float64 values rounded to 24 bits by its bits, still float64.

    A cast to float32 right behind the division would let LLVM divide in float32 instead, which is
    right only where that is IEEE's: a GPU's 1 / b then is `rcp.approx.f32`, one unit off.

    There are no ties: exactly 25 bits times b, other than a power of two, have more bits than a.
    """
    bits = lax.bitcast_convert_type(jnp.asarray(a, jnp.float64) / b, jnp.int64)
    return lax.bitcast_convert_type((bits + 2**28) & -(2**29), jnp.float64)


def divide(a: ArrayLike, b: ArrayLike) -> Array:
    """a / b; x / 0 is SATURATED and 0 / 0 too.

    Correct even where the compiler multiplies by a reciprocal: the quotient of two 24-bit numbers
    is never closer than 2**-49 (relative) to a rounding boundary, and both routes stay far inside.
    """
    zero = jnp.asarray(b) == 0
    return jnp.where(zero, SATURATED, narrow(quotient(wide(a), jnp.where(zero, 1.0, wide(b)))))


def square_root(a: Array) -> Array:
    """The square root; of a negative value, SATURATED."""
    return jnp.where(a < 0, SATURATED, narrow(jnp.sqrt(jnp.where(a < 0, 0.0, wide(a)))))


def remainder(a: Array, b: Array) -> Array:
    """a - q * b with q = a / b cut towards zero, exact; SATURATED if b is 0 or |q| > 2**24.

    A compiler may divide by multiplying with a reciprocal, so the quotient is a guess that is wrong
    by at most one; the rest, exact in float64 as q has 25 bits, says which way.
    """
    zero = jnp.asarray(b) == 0
    x, divisor = jnp.abs(wide(a)), jnp.where(zero, 1.0, jnp.abs(wide(b)))
    guess = jnp.floor(x / divisor)
    far = ~(guess <= 2.0**24 + 1)
    q = jnp.where(far, 0.0, guess)
    rest = x - q * divisor
    low, high = rest < 0, rest >= divisor
    rest = jnp.where(low, rest + divisor, jnp.where(high, rest - divisor, rest))
    q = jnp.where(low, q - 1, jnp.where(high & ~far, q + 1, q))
    y = narrow(jnp.where(wide(a) < 0, -rest, rest))
    return jnp.where(zero | far | (q > 2.0**24) | is_saturated(x), SATURATED, y)
