"""Padding of programs, in which more may be cropped than there is."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Widths = Sequence[tuple[int, int, int]]  # (low, high, interior) of each axis; negative crops


def padded(x: Array, filling: Array | np.ndarray, widths: Widths) -> Array:
    """lax.pad, where an axis that is cropped away, or has no elements to stand apart, is empty."""
    inner = [
        (low, high, apart if n else 0)
        for (low, high, apart), n in zip(widths, x.shape, strict=True)
    ]
    sizes = [
        low + high + n + max(0, n - 1) * apart
        for (low, high, apart), n in zip(inner, x.shape, strict=True)
    ]
    if min(sizes, default=0) < 0:
        return jnp.full([max(0, n) for n in sizes], filling, x.dtype)
    return lax.pad(x, filling, inner)
