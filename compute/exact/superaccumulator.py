"""Exact sums of float32 values and of their products, in integers, rounded once.

A term is an integer times a power of two: |p| < 2**48, p * 2**unit.  A sum is cut into windows of
32 bits, from the top of its largest term downwards; the part of every term inside a window is an
integer below 2**33, so that 2**30 terms add up to less than 2**63 in int64.  What lies below the
windows looked at so far is at least 0 and less than one unit of the lowest window for each term
(parts are floors), so that the sum is known to an interval.  Where both ends round to the same
value the sum is decided; else the next window is added, at most until all bits of all terms are in.

Nothing here is a floating-point operation: any machine with int64 computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import LARGEST, SMALLEST

BITS = 32
MASK = 2**BITS - 1
MOST_TERMS = 2**30
TERM_BITS = 48  # of a product; a value has 24
# exponents of the unit of a product: twice that of 2**-96 = 2**23 * 2**-119, and of LARGEST
LOWEST_UNIT = -2 * 119
HIGHEST = 2 * 128
AT_ONCE = 3  # windows of one look: 96 bits decide all but nearly perfect ties
WINDOWS = -(-(HIGHEST - LOWEST_UNIT) // (AT_ONCE * BITS)) * AT_ONCE
FAR = 2**14  # beyond any exponent
# windows of values on places that do not depend on them: from 2**128 down to below 2**-119
TOP = np.int32(128)
VALUE_WINDOWS = 8


@dataclass(frozen=True)
class Terms:
    """Integers `mantissa` (int64, |m| < 2**48) and exponents `unit` (int32) of one shape."""

    mantissa: Array
    unit: Array


@dataclass(frozen=True)
class Format:
    """How a sum is rounded: significant bits (at most 24), and beyond what it is SATURATED."""

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
    count = terms.mantissa.shape[-1]
    there = terms.mantissa != 0
    top = jnp.max(jnp.where(there, terms.unit, -FAR), -1, initial=-FAR) + TERM_BITS
    low = jnp.min(jnp.where(there, terms.unit, FAR), -1, initial=FAR)

    def windows(j: Array) -> Array:
        """The sums of what the terms have in windows j ... j + AT_ONCE - 1; signed in the first."""
        number = (j + jnp.arange(AT_ONCE, dtype=jnp.int32)).reshape(-1, *[1] * terms.unit.ndim)
        lowest = top[..., None] - BITS * (number + 1)
        return jnp.sum(_part(terms, lowest, number == 0), -1)

    def found(limbs: Array, j: Array) -> tuple[Array, Array]:
        """(rounded patterns, are they decided) from windows 0 ... j."""
        unit = top - BITS * (j + 1)
        rest = jnp.where(unit <= low, 0, count).astype(jnp.int64)
        upper = limbs.at[j].add(rest)
        ends = round_limbs(jnp.stack([limbs, upper], -1), top[..., None], form)
        return ends[..., 0], ends[..., 1] == ends[..., 0]

    def more(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        j, limbs, _, _ = state
        limbs = lax.dynamic_update_slice_in_dim(limbs, windows(j), j, 0)
        return (j + AT_ONCE, limbs, *found(limbs, j + AT_ONCE - 1))

    limbs = jnp.zeros((WINDOWS, *top.shape), jnp.int64)
    nothing = (jnp.zeros(top.shape, jnp.int32), jnp.zeros(top.shape, bool))
    state = lax.while_loop(
        lambda s: ~jnp.all(s[3]) & (s[0] < WINDOWS), more, (jnp.int32(0), limbs, *nothing)
    )
    negative = SATURATED_PATTERN | np.int32(-(2**31))
    return jnp.where(state[2] == negative, SATURATED_PATTERN, state[2])


def _part(terms: Terms, lowest: Array, first: Array | bool) -> Array:
    """floor(term / 2**lowest) modulo 2**32, or whole and signed in the first window."""
    shift = terms.unit - lowest
    left = terms.mantissa << jnp.clip(shift, 0, BITS).astype(jnp.int64)
    right = terms.mantissa >> jnp.clip(-shift, 0, 63).astype(jnp.int64)
    whole = jnp.where(shift >= 0, left, right)
    return jnp.where(first, whole, whole & MASK)


def limbs_of(terms: Terms) -> Array:
    """Values as limbs [VALUE_WINDOWS, ...] below 2**TOP, to be added in any order."""
    lowest = [TOP - BITS * (j + 1) for j in range(VALUE_WINDOWS)]
    return jnp.stack([_part(terms, jnp.int32(low), j == 0) for j, low in enumerate(lowest)])


def round_limbs(limbs: Array, top: Array | np.int32, form: Format) -> Array:
    """Limbs [L, ...] int64, highest first, limb i in units of 2**(top - 32 (i + 1)) -> patterns.

    |limb| <= 2**62 + 2**30; `top` int32 [...].
    """
    both, carries = _carried(jnp.stack([limbs, -limbs], -1))
    negative = carries[..., 0] < 0
    digits = jnp.where(negative, both[..., 1], both[..., 0])
    carry = jnp.where(negative, carries[..., 1], carries[..., 0])
    zero = jnp.zeros((1, *carry.shape), jnp.int64)
    digits = jnp.concatenate([carry[None], digits, zero])
    place = lax.argmax((digits != 0).astype(jnp.int32), 0, jnp.int32)
    index = jnp.arange(len(digits)).reshape(-1, *[1] * place.ndim)
    sticky = jnp.any((digits != 0) & (index > place + 1), axis=0)
    high = jnp.sum(jnp.where(index == place, digits, 0), axis=0)
    next_ = jnp.sum(jnp.where(index == place + 1, digits, 0), axis=0)
    # digit i of the extended list is in units of 2**(top - 32 i)
    unit = top - BITS * (place + 1).astype(jnp.int32)
    word = (high.astype(jnp.uint64) << np.uint64(BITS)) | next_.astype(jnp.uint64)
    return rounded(word, unit, sticky, negative, form)


def _carried(limbs: Array) -> tuple[Array, Array]:
    """(digits in 0 ... 2**32 - 1, what is carried out of the top)."""

    def step(carry: Array, limb: Array) -> tuple[Array, Array]:
        total = limb + carry
        return total >> BITS, total & MASK

    carry, digits = lax.scan(step, jnp.zeros_like(limbs[0]), limbs, reverse=True)
    return digits, carry


def rounded(word: Array, unit: Array, sticky: Array, negative: Array, form: Format) -> Array:
    """+-(word + something below 1 if sticky) * 2**unit, where word is 0 or at least 2**32."""
    used = 64 - lax.clz(word).astype(jnp.int32)
    drop = jnp.maximum(used - form.bits, 1)
    shift = drop.astype(jnp.uint64)
    keep = word >> shift
    rest = word - (keep << shift)
    half = np.uint64(1) << (shift - np.uint64(1))
    odd = (keep & np.uint64(1)) == 1
    up = (rest > half) | ((rest == half) & (sticky | odd))
    mantissa = (keep + up.astype(jnp.uint64)).astype(jnp.int64) << (24 - form.bits)
    exponent = (unit + drop - (24 - form.bits) + 150).astype(jnp.int64)
    # 2**23 <= mantissa <= 2**24, and the last adds one to the exponent
    bits = (exponent << 23) + (mantissa - 2**23)
    sign = jnp.where(negative, np.int32(-(2**31)), np.int32(0))
    bits = jnp.where((word == 0) | (bits < pattern(SMALLEST)), 0, bits)
    too_large = bits > pattern(form.largest)
    bits = jnp.clip(bits, 0, pattern(LARGEST)).astype(jnp.int32)
    bits = jnp.where(too_large, SATURATED_PATTERN, bits)
    # a saturated end of an interval keeps its sign: between a negative and a positive one is all
    return jnp.where(bits == 0, 0, bits | sign)
