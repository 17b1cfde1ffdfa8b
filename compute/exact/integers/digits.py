"""Sums of products from integer products of 8-bit digits: the splitting of Ozaki, Ogita, Oishi and
Rump (2012), in integers.

Every row of an operand is cut at 49 bits below 2**top, the power of two above its largest element,
into DIGITS digits of 7 bits with the sign of the element: sum_i d_i * 2**(top - 7 (i + 1)).
The sum over a diagonal i + j = t of digits is one product of matrices of int8, with int32 sums; the
diagonals t < DIGITS are added up, the others are part of the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.lattice import lowest_bit
from compute.exact.rounding import UNDECIDED
from compute.exact.superaccumulator import (
    FAR,
    PRODUCT_SUM,
    SATURATED_PATTERN,
    rounded,
    values,
)

BITS = 7
DIGITS = 7
LOW = BITS * DIGITS
# terms whose sums of a diagonal are below 2**31: DIGITS * 2**14 * 127**2
CHUNK = 2**14


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Digits:
    """The rows of an operand in digits, the highest first.

    `digits` int8 [batches, rows, DIGITS, terms]; of every row, [batches, rows]: `top` int32; `used`
    int32, the digits up to the last that is not 0, more than DIGITS if the row does not end there;
    `saturated`, whether it has a SATURATED element.
    """

    digits: Array
    top: Array
    used: Array
    saturated: Array


def split(matrix: Array) -> Digits:
    """Of float32 values [batches, rows, terms].

    One turn of a loop, because a loop's state is made once.  Compilers put what makes the matrix
    into everything that reads it, ten times here; a reduction of many fused operations takes
    LLVM's vectorizer (JAX 0.12) time that doubles with each of them.
    """
    batches, rows, terms = matrix.shape
    every = jnp.full((batches, rows), -1, jnp.int32)
    nothing = Digits(jnp.zeros((batches, rows, DIGITS, terms), jnp.int8), every, every, every < 0)

    def cut(state: tuple[Array, Digits]) -> tuple[Array, Digits]:
        found = _cut(state[0])
        return jnp.where(found.saturated[..., None], 0, state[0]), found

    return lax.while_loop(lambda state: jnp.any(state[1].used < 0), cut, (matrix, nothing))[1]


def _cut(matrix: Array) -> Digits:
    saturated = matrix != matrix
    terms = values(jnp.where(saturated, 0, matrix))
    there = terms.mantissa != 0
    top = jnp.max(jnp.where(there, terms.unit + 24, -FAR), -1, initial=-FAR)
    low = jnp.min(jnp.where(saturated, FAR, lowest_bit(matrix)), -1, initial=FAR)
    shift = terms.unit - top[..., None] + LOW
    left = jnp.abs(terms.mantissa) << jnp.clip(shift, 0, 63).astype(jnp.int64)
    cut = left >> jnp.clip(-shift, 0, 63).astype(jnp.int64)
    digits = [(cut >> (LOW - BITS * (i + 1))) & (2**BITS - 1) for i in range(DIGITS)]
    signed = [jnp.where(terms.mantissa < 0, -d, d).astype(jnp.int8) for d in digits]
    used = jnp.where(low == FAR, 0, -((low - top) // BITS))
    return Digits(jnp.stack(signed, -2), top, used, jnp.any(saturated, -1))


def decided(a: Digits, b: Digits) -> Array:
    """Patterns int32 [batches, rows of a, rows of b] of the exact sums rounded, or UNDECIDED.

    In units of 2**(top_a + top_b - 56) the sum is that of the diagonals t < 7 but for less than
    9 * 2**7 a term: what was cut off costs 2 * 2**7, the diagonals from 7 on less than
    6.1 * 2**7.  Nothing is left out where no row is cut and the last digits are on a diagonal that
    is added.  Every number between the two ends rounds alike if they do.
    """
    high, low = _sum(a, b)
    terms = a.digits.shape[-1]
    exact = a.used[:, :, None] + b.used[:, None, :] <= DIGITS + 1
    error = jnp.where(exact, 0, (DIGITS + 2) * 2**BITS * terms)
    unit = a.top[:, :, None] + b.top[:, None, :] - (LOW + BITS)
    (least, below), (most, above) = (_rounded(high, low + e, unit) for e in (-error, error))
    # SATURATED has no sign
    alike = (least == most) & ((below == above) | (least == 0))
    saturated = a.saturated[:, :, None] | b.saturated[:, None, :]
    return jnp.where(saturated, SATURATED_PATTERN, jnp.where(alike, least, UNDECIDED))


def _sum(a: Digits, b: Digits) -> tuple[Array, Array]:
    """(high, low) int64 of the diagonals' sum high * 2**49 + low, 0 <= low < 2**49; with 2**30
    terms |high| < 2**38.

    The digits of b stand backwards, zeros behind them, so that DIGITS of them from one on are those
    of a diagonal, the lowest diagonal first.
    """
    x, y = (_chunks(z.digits) for z in (a, b))
    y = jnp.pad(y[:, :, ::-1], ((0, 0), (0, 0), (0, DIGITS - 1), (0, 0), (0, 0)))

    def diagonal(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        total, low = state
        total = (total >> BITS) + _product(x, lax.dynamic_slice_in_dim(y, k, DIGITS, 2))
        return total, (low >> BITS) | ((total & (2**BITS - 1)) << (LOW - BITS))

    zero = jnp.zeros((*x.shape[:2], y.shape[1]), jnp.int64)
    total, low = lax.fori_loop(0, DIGITS, diagonal, (zero, zero))
    return total >> BITS, low


def _chunks(digits: Array) -> Array:
    """[batches, rows, DIGITS, chunks, terms of a chunk], filled up with zeros."""
    terms = digits.shape[-1]
    size = min(terms, CHUNK)
    full = jnp.pad(digits, ((0, 0), (0, 0), (0, 0), (0, -terms % size)))
    return full.reshape(*digits.shape[:3], -1, size)


def _product(a: Array, b: Array) -> Array:
    """Sums of products over digits and terms, int64 [batches, rows of a, rows of b]."""

    def chunk(i: Array, total: Array) -> Array:
        x, y = (lax.dynamic_index_in_dim(z, i, 3, keepdims=False) for z in (a, b))
        found = lax.dot_general(
            x, y, (((2, 3), (2, 3)), ((0,), (0,))), preferred_element_type=jnp.int32
        )
        return total + found.astype(jnp.int64)

    zero = jnp.zeros((*a.shape[:2], b.shape[1]), jnp.int64)
    return lax.fori_loop(0, a.shape[3], chunk, zero)


def _rounded(high: Array, low: Array, unit: Array) -> tuple[Array, Array]:
    """(high * 2**49 + low) * 2**unit, |low| < 2**50, rounded: its pattern, and is it negative?"""
    high, low = high + (low >> LOW), low & (2**LOW - 1)
    negative = high < 0
    high = jnp.where(negative, -high - (low != 0), high)
    low = jnp.where(negative, -low & (2**LOW - 1), low)
    # as much of them as 64 bits hold, and whether there is more
    above = jnp.maximum(64 - lax.clz(high) - (64 - LOW), 0)
    word = (high << (LOW - above)) | (low >> above) | (low & ((1 << above) - 1) != 0)
    room = lax.clz(word) & 63
    unit = unit + (above - room).astype(jnp.int32)
    return rounded((word << room).astype(jnp.uint64), unit, negative, PRODUCT_SUM), negative
