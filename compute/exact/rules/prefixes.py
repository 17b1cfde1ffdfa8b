"""Rules for prefixes along an axis."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from compute.exact.arithmetic import Arithmetic
from compute.exact.carriers import Carrier
from compute.exact.rules.elementwise import larger, smaller
from compute.exact.rules.reductions import extreme, is_float
from compute.exact.summation import cumulative
from compute.exact.values import Attributes, Rule, as_batch


def _cumsum(carrier: Carrier, p: Attributes, x: Array) -> Array:
    if is_float(x):
        return cumulative(x, p["axis"] + 1, p["reverse"], carrier)
    return lax.cumsum(x, axis=p["axis"] + 1, reverse=p["reverse"])


def _one_by_one(x: Array, axis: int, reverse: bool, combine: Callable[..., Array]) -> Array:
    """y0 = x0, y = combine(y, x)."""
    terms = jnp.moveaxis(x, axis, 0)
    if not len(terms):
        return x
    terms = terms[::-1] if reverse else terms

    def step(found: Array, term: Array) -> tuple[Array, Array]:
        found = combine(found, term)
        return found, found

    rest = lax.scan(step, terms[0], terms[1:])[1]
    found = jnp.concatenate([terms[:1], rest])
    return jnp.moveaxis(found[::-1] if reverse else found, 0, axis)


def _cumprod(carrier: Carrier, p: Attributes, x: Array) -> Array:
    axis = p["axis"] + 1
    if is_float(x):
        return _one_by_one(x, axis, p["reverse"], carrier.arithmetic.multiply)
    return lax.cumprod(x, axis=axis, reverse=p["reverse"])


def log_add(arithmetic: Arithmetic, a: Array, b: Array) -> Array:
    """m + log1p(exp(-d)) with m the larger and d the distance, every operation a value."""
    high = larger(a, b)
    distance = arithmetic.subtract(high, smaller(a, b))
    return arithmetic.add(high, arithmetic.log1p(arithmetic.exp(-distance)))


def _cumlogsumexp(carrier: Carrier, p: Attributes, x: Array) -> Array:
    def combine(a: Array, b: Array) -> Array:
        return log_add(carrier.arithmetic, a, b)

    return _one_by_one(x, p["axis"] + 1, p["reverse"], combine)


def _running(up: bool) -> Rule:
    def compute(carrier: Carrier, p: Attributes, x: Array) -> Array:
        run = lax.cummax if up else lax.cummin
        axis = p["axis"] + 1
        return extreme(x, up, lambda y, first: run(y, axis=axis, reverse=p["reverse"]))

    return as_batch(compute)


RULES: dict[str, Rule] = {
    "cumsum": as_batch(_cumsum),
    "cumprod": as_batch(_cumprod),
    "cummax": _running(True),
    "cummin": _running(False),
    "cumlogsumexp": as_batch(_cumlogsumexp),
}
