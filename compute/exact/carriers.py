"""How a backend holds the integers of a dot product.  Every carrier returns the same exact sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.grid import Limb

Dimensions = Any  # lax.dot_general's dimension_numbers
Carrier = Callable[[Limb, Limb, Dimensions], Array]

INT8_DIGITS = 3


def scaled(limb: Limb) -> Array:
    """The limb's number as float64: an integer times a power of two, exact."""
    exponent = limb.exponent.astype(jnp.int64)
    scale = lax.bitcast_convert_type((exponent + 1023) << 52, jnp.float64)
    return limb.digits.astype(jnp.float64) * scale


def float64_gemm(a: Limb, b: Limb, dimensions: Dimensions) -> Array:
    """One float64 GEMM.  All partial sums of one output are integers below 2**53 times one power
    of two, so they are exact in any order, with or without FMA."""
    (contract_a, contract_b), (batch_a, batch_b) = dimensions
    if not any(a.digits.shape[axis] > 1 for axis in batch_a):
        return _float64(a, b, dimensions)
    a, b = _in_order(a, contract_a, batch_a), _in_order(b, contract_b, batch_b)
    batch, contracted = len(batch_a), len(contract_a)
    rows = [math.prod(x.digits.shape[batch : x.digits.ndim - contracted]) for x in (a, b)]
    if rows[0] >= rows[1]:
        return _float64(a, b, _ordered(a, b, batch, contracted))
    # more rows on the left are faster, and attention's results need no transpose then
    product = _float64(b, a, _ordered(b, a, batch, contracted))
    first = b.digits.ndim - contracted
    order = (*range(batch), *range(first, product.ndim), *range(batch, first))
    return jnp.transpose(product, order)


def _ordered(a: Limb, b: Limb, batch: int, contracted: int) -> Dimensions:
    """The dimensions of operands that went through `_in_order`."""
    last = (tuple(range(x.digits.ndim - contracted, x.digits.ndim)) for x in (a, b))
    return tuple(last), (tuple(range(batch)),) * 2


def _float64(a: Limb, b: Limb, dimensions: Dimensions) -> Array:
    return lax.dot_general(
        scaled(a),
        scaled(b),
        dimensions,
        precision=lax.Precision.HIGHEST,
        preferred_element_type=jnp.float64,
    )


def _in_order(limb: Limb, contract: Sequence[int], batch: Sequence[int]) -> Limb:
    """The same limb with its batch axes first and its contracted axes last.

    Moving float32 by itself is much faster than inside the loop that widens it to float64.
    """
    free = (i for i in range(limb.digits.ndim) if i not in contract and i not in batch)
    order = (*batch, *free, *contract)
    digits = lax.optimization_barrier(jnp.transpose(limb.digits, order))
    exponent = limb.exponent
    return Limb(digits, jnp.transpose(exponent, order) if exponent.ndim else exponent)


def _int8_digits(limb: Limb) -> list[Array]:
    """Balanced base-256 digits, lowest first.  SATURATED counts as 0 here, see `int8_gemm`."""
    x = jnp.where(jnp.isnan(limb.digits), 0, limb.digits).astype(jnp.int32)
    digits = []
    for _ in range(INT8_DIGITS):
        digit = ((x + 128) & 255) - 128
        digits.append(digit.astype(jnp.int8))
        x = (x - digit) >> 8
    return digits


def int8_gemm(a: Limb, b: Limb, dimensions: Dimensions) -> Array:
    """Nine int8 GEMMs with int32 accumulation, exact for up to 2**17 terms, joined in int64."""
    total = jnp.int64(0)
    for i, x in enumerate(_int8_digits(a)):
        for j, y in enumerate(_int8_digits(b)):
            product = lax.dot_general(x, y, dimensions, preferred_element_type=jnp.int32)
            term = product.astype(jnp.int64) << (8 * (i + j))
            total = total + term
    zeros = (jnp.zeros_like(a.digits), jnp.zeros_like(b.digits))
    scale = _outer(a, b, dimensions, zeros)
    return total.astype(jnp.float64) * scale


def _outer(a: Limb, b: Limb, dimensions: Dimensions, zeros: tuple[Array, Array]) -> Array:
    """The scale of every output as float64, NaN where a row of an operand holds SATURATED."""
    (contract_a, contract_b), (batch_a, batch_b) = dimensions

    def rows(limb: Limb, zero: Array, contract: tuple[int, ...], batch: tuple[int, ...]) -> Array:
        scale = scaled(Limb(jnp.ones_like(zero), limb.exponent))
        scale = jnp.where(jnp.isnan(limb.digits), jnp.nan, scale)
        scale = jnp.max(scale, axis=tuple(contract))
        kept = [axis for axis in range(zero.ndim) if axis not in contract]
        order = [kept.index(axis) for axis in batch]
        order += [i for i, axis in enumerate(kept) if axis not in batch]
        return jnp.transpose(scale, order)

    left = rows(a, zeros[0], contract_a, batch_a)
    right = rows(b, zeros[1], contract_b, batch_b)
    shared = len(batch_a)
    left = left.reshape(left.shape + (1,) * (right.ndim - shared))
    right = right.reshape(
        right.shape[:shared] + (1,) * (left.ndim - right.ndim) + right.shape[shared:]
    )
    return left * right


CARRIERS: dict[str, Carrier] = {"float64": float64_gemm, "int8": int8_gemm}


def default_carrier() -> str:
    """ "float64" where the backend computes it natively, "int8" on TPUs."""
    return "int8" if jax.default_backend() == "tpu" else "float64"
