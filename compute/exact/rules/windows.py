"""Rules for windows that move over an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.padding import padded
from compute.exact.rules.reductions import extreme, is_float
from compute.exact.summation import window_total
from compute.exact.values import Attributes, Rule, as_batch


def widened(x: Array, p: Attributes, filling: Any) -> Array:
    """With the base dilation and the padding, which may be negative, of all axes but the first."""
    widths = [
        (low, high, base - 1)
        for (low, high), base in zip(p["padding"], p["base_dilation"], strict=True)
    ]
    return padded(x, np.array(filling, x.dtype), [(0, 0, 0), *widths])


def _shape(p: Attributes) -> dict[str, Any]:
    """Windows over all axes, the first with one element each."""
    return {
        "window_dimensions": (1, *p["size"]),
        "window_strides": (1, *p["strides"]),
        "window_dilation": (1, *p["window_dilation"]),
    }


def _sum(carrier: Carrier, p: Attributes, x: Array) -> Array:
    padded = widened(x, p, 0)
    if is_float(x):
        return window_total(
            padded, (1, *p["size"]), (1, *p["strides"]), (1, *p["window_dilation"]), carrier
        )
    return lax.reduce_window(padded, np.array(0, x.dtype), lax.add, padding="VALID", **_shape(p))


def _extreme(up: bool) -> Rule:
    combine = lax.max if up else lax.min

    def compute(carrier: Carrier, p: Attributes, x: Array) -> Array:
        def find(y: Array, first: Any) -> Array:
            padded = widened(y, p, first)
            start = np.array(first, y.dtype)
            return lax.reduce_window(padded, start, combine, padding="VALID", **_shape(p))

        return extreme(x, up, find)

    return as_batch(compute)


RULES: dict[str, Rule] = {
    "window_sum": as_batch(_sum),
    "window_max": _extreme(True),
    "window_min": _extreme(False),
}
