"""Rules that reduce axes, and that sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.number import LARGEST, SATURATED, is_saturated, order, unorder
from compute.exact.summation import total
from compute.exact.values import Attributes, Context, Rule, Value, as_batch, each
from compute.program.program import Step

# (integers, first value) -> the largest or smallest
Extreme = Callable[[Array, Any], Array]


def is_float(x: Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.floating)


def extreme(x: Array, up: bool, find: Extreme) -> Array:
    """The largest or smallest that `find` finds; SATURATED if one is; of nothing, the other end."""
    if not is_float(x):
        limits = np.iinfo(x.dtype)
        return find(x, limits.min if up else limits.max)
    saturated, last = np.array([SATURATED, LARGEST], np.float32).view(np.int32) ^ (0 if up else -1)
    return unorder(find(jnp.where(is_saturated(x), saturated, order(x)), ~last))


def _over_axes(up: bool) -> Rule:
    def compute(p: Attributes, x: Array) -> Array:
        reduce = jnp.max if up else jnp.min
        return extreme(x, up, lambda y, first: reduce(y, axis=p["axes"], initial=first))

    return each(compute)


def _sum(carrier: Carrier, p: Attributes, x: Array) -> Array:
    axes = tuple(axis + 1 for axis in p["axes"])
    return total(x, axes, carrier) if is_float(x) else jnp.sum(x, axes, dtype=x.dtype)


def _product(carrier: Carrier, p: Attributes, x: Array) -> Array:
    """First to last in C order, each product rounded."""
    axes = tuple(axis + 1 for axis in p["axes"])
    if not is_float(x):
        return jnp.prod(x, axes, dtype=x.dtype)
    kept = [size for axis, size in enumerate(x.shape) if axis not in axes]
    terms = jnp.moveaxis(x, axes, range(len(axes)))
    terms = terms.reshape(int(np.prod([x.shape[a] for a in axes])), *kept)
    multiply = carrier.arithmetic.multiply
    first = jnp.ones(kept, jnp.float32)
    return lax.scan(lambda found, term: (multiply(found, term), None), first, terms)[0]


def _bitwise(combine: Callable[..., Array], first: int) -> Rule:
    def compute(p: Attributes, x: Array) -> Array:
        start = np.array(bool(first)) if x.dtype == jnp.bool_ else np.array(first).astype(x.dtype)
        return lax.reduce(x, start, combine, p["axes"])

    return each(compute)


def _position(find: Callable[..., Array]) -> Rule:
    def compute(p: Attributes, x: Array) -> Array:
        return find(x, p["axis"], jnp.int32).astype(p["dtype"].numpy)

    return each(compute)


def unsigned(x: Array) -> Array:
    """Every zero as the positive one: a sort would tell them apart."""
    return jnp.where(x == 0, np.float32(0), x) if is_float(x) else x


def _sort(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    batched = any(v.batched for v in values)
    arrays = [unsigned(v.across(context.examples or 1) if batched else v.array) for v in values]
    axis = step.attributes["axis"] + batched
    found = lax.sort(arrays, dimension=axis, is_stable=True, num_keys=step.attributes["keys"])
    return [Value(x, batched) for x in found]


def _top_k(p: Attributes, x: Array) -> tuple[Array, Array]:
    """Sorted by falling value, the first of equals first."""
    x = unsigned(x)
    key = -x if is_float(x) else ~x
    place = lax.broadcasted_iota(jnp.int32, x.shape, x.ndim - 1)
    _, values, places = lax.sort(
        [unsigned(key), x, place], dimension=x.ndim - 1, is_stable=True, num_keys=1
    )
    return values[..., : p["k"]], places[..., : p["k"]]


RULES: dict[str, Rule] = {
    "sum": as_batch(_sum),
    "product": as_batch(_product),
    "maximum": _over_axes(True),
    "minimum": _over_axes(False),
    "all": _bitwise(lax.bitwise_and, -1),
    "any": _bitwise(lax.bitwise_or, 0),
    "parity": _bitwise(lax.bitwise_xor, 0),
    "argmax": _position(lax.argmax),
    "argmin": _position(lax.argmin),
    "sort": _sort,
    "top_k": each(_top_k),
}
