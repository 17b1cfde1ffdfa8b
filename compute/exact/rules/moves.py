"""Rules for constants, counters and whatever moves elements without computing."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import conversion
from compute.exact.padding import padded
from compute.exact.values import Attributes, Context, Rule, Value, each
from compute.program.program import Constant, Step
from compute.program.types import DType


def constant_array(constant: Constant) -> np.ndarray:
    """A read-only view of its bytes in its shape."""
    little = np.dtype(constant.type.dtype.numpy).newbyteorder("<")
    elements = np.frombuffer(constant.data, little).astype(constant.type.dtype.numpy)
    if len(elements) == 1:
        return np.broadcast_to(elements.reshape(()), constant.type.shape)
    return elements.reshape(constant.type.shape)


def _constant(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    array = constant_array(step.attributes["value"])
    if array.size and array.strides == (0,) * array.ndim:
        return [Value(jnp.full(array.shape, array.flat[0]), False)]
    return [Value(jnp.asarray(array), False)]


def _iota(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    dtype, shape = step.attributes["dtype"], step.attributes["shape"]
    counted = lax.broadcasted_iota(jnp.int64, shape, step.attributes["axis"])
    if dtype is DType.F24:
        return [Value(conversion.from_integer(counted), False)]
    return [Value(counted.astype(dtype.numpy), False)]


def _broadcast(p: Attributes, a: Array) -> Array:
    return lax.broadcast_in_dim(a, p["shape"], p["axes"])


def _pad(p: Attributes, a: Array, value: Array) -> Array:
    return padded(a, value, p["widths"])


def starts(positions: Sequence[Array], sizes: Sequence[int], window: Sequence[int]) -> list[Array]:
    """Integers of any type clamped so that the window is inside."""
    return [
        jnp.clip(p.astype(jnp.int64), 0, size - w)
        for p, size, w in zip(positions, sizes, window, strict=True)
    ]


def _dynamic_slice(p: Attributes, a: Array, *positions: Array) -> Array:
    return lax.dynamic_slice(a, starts(positions, a.shape, p["sizes"]), p["sizes"])


def _dynamic_update_slice(p: Attributes, a: Array, update: Array, *positions: Array) -> Array:
    return lax.dynamic_update_slice(a, update, starts(positions, a.shape, update.shape))


RULES: dict[str, Rule] = {
    "constant": _constant,
    "iota": _iota,
    "stop_gradient": each(lambda p, a: a),
    "broadcast": each(_broadcast),
    "reshape": each(lambda p, a: lax.reshape(a, p["shape"])),
    "transpose": each(lambda p, a: lax.transpose(a, p["permutation"])),
    "slice": each(lambda p, a: lax.slice(a, p["start"], p["stop"], p["stride"])),
    "pad": each(_pad),
    "concatenate": each(lambda p, *arrays: lax.concatenate(arrays, p["axis"])),
    "reverse": each(lambda p, a: lax.rev(a, p["axes"])),
    "dynamic_slice": each(_dynamic_slice),
    "dynamic_update_slice": each(_dynamic_update_slice),
}
