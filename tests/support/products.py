"""Products of matrices by the evaluator's own sums."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from compute.exact.carriers import CARRIERS
from compute.exact.contraction import operand, product


def dot(a: ArrayLike, b: ArrayLike, carrier: str = "float64") -> Array:
    """[M, K] and [N, K] -> the exact sums of products over K, rounded: [M, N]."""
    left, right = (operand(x, (1,), (), CARRIERS[carrier], jnp.bool_(False)) for x in (a, b))
    return product(left, right)[0]
