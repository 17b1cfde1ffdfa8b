"""Sums of products: dot_general."""

from __future__ import annotations

import math

from jax import Array

from compute.exact.carriers import Carrier, Dimensions
from compute.exact.grid import Limb, limbs
from compute.exact.number import narrow

MOST_TERMS = 2**13


class TooManyTerms(ValueError):
    """A sum has more terms than its carrier can add exactly."""


def dot(
    a: Array,
    b: Array,
    positional: tuple[tuple[bool, ...], tuple[bool, ...]],
    dimensions: Dimensions,
    carrier: Carrier,
) -> Array:
    """Both operands on their grids over the contracted axes, the exact sum, rounded.

    With limbs a_i and b_j (highest first) the sums s_ij of a_i b_j are exact.  They are added from
    the lowest pair up, ((s_11 + s_10) + s_01) + s_00, each addition rounded to 53 bits, and the
    result is rounded to a value.  With a single limb each that is one rounding of the exact sum.
    """
    (contract_a, contract_b), _ = dimensions
    terms = math.prod(a.shape[axis] for axis in contract_a)
    if terms > MOST_TERMS:
        raise TooManyTerms(f"a dot product of {terms} terms; the limit is {MOST_TERMS}")
    left = limbs(a, tuple(contract_a), positional[0])
    right = limbs(b, tuple(contract_b), positional[1])
    return narrow(sum_of_limbs(left, right, dimensions, carrier))


def sum_of_limbs(
    left: list[Limb], right: list[Limb], dimensions: Dimensions, carrier: Carrier
) -> Array:
    """The float64 sum of all limb products, lowest pairs first."""
    pairs = sorted(
        ((i + j, i, j) for i in range(len(left)) for j in range(len(right))), reverse=True
    )
    total: Array | None = None
    for _, i, j in pairs:
        term = carrier(left[i], right[j], dimensions)
        total = term if total is None else term + total
    assert total is not None
    return total
