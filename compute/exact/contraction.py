"""Sums of products: dot_general on exact grids."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import grid
from compute.exact.carriers import Carrier, Dimensions
from compute.exact.grid import MOST_TERMS, Limb, absolute, row_bits, scale
from compute.exact.number import LARGEST, LARGEST_PRODUCT_SUM, SATURATED, flush, narrow

Flags = tuple[bool, ...]


class TooManyTerms(ValueError):
    """A sum has more terms than its carrier can add exactly."""


def dot(
    a: Array,
    b: Array,
    positional: tuple[Flags, Flags],
    dimensions: Dimensions,
    carrier: Carrier,
    row: Callable[[Array, tuple[int, ...], int], Limb] = grid.row,
) -> Array:
    """Both operands on grids, their exact sum of products, rounded.  A row grid has
    `grid.row_bits` of the number of terms.  The grids:

    1. No contracted axis is positional: each operand on a row grid over its contracted axes.
    2. The contracted axes are positional in both operands, or in the second only, and no free axis
       of the second (the values) is: the values are on a row grid over their *free* axes, one
       exponent e per batch element and contracted position, and the first (the weights) are
       multiplied by 2**e and put on a row grid over the contracted axes.  A zero weight so hides
       its value completely, and a zero value its weight.  With first and second exchanged likewise,
       if only that way round fits.
    3. Else: an operand with a positional contracted axis is on the absolute grid, the other on a
       row grid over its contracted axes.

    With limbs a_i and b_j, highest first, the sums s_ij of a_i b_j are exact.  They are added from
    the lowest pair up, ((s_11 + s_10) + s_01) + s_00, each addition rounded to 53 bits, and the
    result is rounded to a value, SATURATED beyond 2**64.  A single limb each: one rounding.
    """
    (contract_a, contract_b), (batch_a, batch_b) = dimensions
    terms = math.prod(a.shape[axis] for axis in contract_a)
    if terms > MOST_TERMS:
        raise TooManyTerms(f"a dot product of {terms} terms; the limit is {MOST_TERMS}")
    bits = row_bits(terms)
    contracts = (tuple(contract_a), tuple(contract_b))
    batches = (tuple(batch_a), tuple(batch_b))
    arrays = (a, b)
    along = [any(f[i] for i in c) for f, c in zip(positional, contracts, strict=True)]
    if not any(along):
        left, right = ([row(x, c, bits)] for x, c in zip(arrays, contracts, strict=True))
    elif (values := _values_side(positional, contracts, batches, along)) is not None:
        x = arrays[values]
        limb = row(x, _free(x.ndim, contracts[values], batches[values]), bits)
        weights = _absorb(arrays[1 - values], limb, contracts, batches, values)
        pair = ([Limb(limb.digits, jnp.int32(0))], [row(weights, contracts[1 - values], bits)])
        right, left = pair if values else pair[::-1]
    else:
        left, right = (
            absolute(x) if flag else [row(x, c, bits)]
            for x, c, flag in zip(arrays, contracts, along, strict=True)
        )
    return narrow(sum_of_limbs(left, right, dimensions, carrier), LARGEST_PRODUCT_SUM)


def _free(ndim: int, contract: Sequence[int], batch: Sequence[int]) -> tuple[int, ...]:
    return tuple(i for i in range(ndim) if i not in contract and i not in batch)


def _values_side(
    positional: tuple[Flags, Flags],
    contracts: tuple[tuple[int, ...], tuple[int, ...]],
    batches: tuple[tuple[int, ...], tuple[int, ...]],
    along: list[bool],
) -> int | None:
    """Which operand can give its exponents to the other (1 before 0), or None."""
    for side in (1, 0):
        flags = positional[side]
        free = _free(len(flags), contracts[side], batches[side])
        if along[side] and not any(flags[i] for i in free):
            return side
    return None


def _absorb(
    weights: Array,
    values: Limb,
    contracts: tuple[tuple[int, ...], tuple[int, ...]],
    batches: tuple[tuple[int, ...], tuple[int, ...]],
    side: int,
) -> Array:
    """weights * 2**(exponent of the values at that batch element and position), as values."""
    kept = (*batches[side], *contracts[side])
    exponent = jnp.transpose(
        values.exponent, (*kept, *_free(values.digits.ndim, contracts[side], batches[side]))
    ).reshape([values.digits.shape[i] for i in kept])
    axes = (*batches[1 - side], *contracts[1 - side])
    exponent = lax.broadcast_in_dim(
        jnp.transpose(exponent, np.argsort(axes).tolist()), weights.shape, sorted(axes)
    )
    scaled = weights * scale(exponent)
    return flush(jnp.where(jnp.abs(scaled) <= np.float32(LARGEST), scaled, SATURATED))


def sum_of_limbs(
    left: list[Limb], right: list[Limb], dimensions: Dimensions, carrier: Carrier
) -> Array:
    """The float64 sum of all limb products, lowest pairs first."""
    pairs = sorted(
        ((i + j, i, j) for i in range(len(left)) for j in range(len(right))), reverse=True
    )
    products = [carrier(left[i], right[j], dimensions) for _, i, j in pairs]
    return functools.reduce(lambda total, term: term + total, products)
