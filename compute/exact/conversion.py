"""Between integers and values, in integer arithmetic alone."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import superaccumulator
from compute.exact.superaccumulator import VALUE

# the widest integers whose every number is a float32
NARROW_BYTES = 2


def from_integer(n: Array) -> Array:
    """Booleans and integers of |n| <= 2**32, rounded to values."""
    if n.dtype == jnp.bool_ or n.dtype.itemsize <= NARROW_BYTES:
        return n.astype(jnp.float32)
    wide = n.astype(jnp.int64)
    word = jnp.abs(wide).astype(jnp.uint64) << np.uint64(31)
    unit = jnp.full(n.shape, -31, jnp.int32)
    bits = superaccumulator.rounded(word, unit, wide < 0, VALUE)
    return lax.bitcast_convert_type(bits, jnp.float32)


def to_integer(x: Array, dtype: str) -> Array:
    """Values cut towards zero and clamped to what `dtype` holds; of SATURATED, anything."""
    terms = superaccumulator.values(x)
    left = terms.mantissa << jnp.clip(terms.unit, 0, 32).astype(jnp.int64)
    right = jnp.abs(terms.mantissa) >> jnp.clip(-terms.unit, 0, 63).astype(jnp.int64)
    whole = jnp.where(terms.unit >= 0, left, jnp.where(terms.mantissa < 0, -right, right))
    limits = np.iinfo(dtype)
    return jnp.clip(whole, int(limits.min), int(limits.max)).astype(dtype)
