"""Primitives that move, choose or compare values and never round: they run as they are.

`bind_native` also runs every equation without floats.  A comparison or an index made from SATURATED
would forget it, so those rules tell the context first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import Primitive

from compute.exact import movement, number
from compute.exact.values import Context, Parameters, Value

EXTREMES = ("reduce_window_max", "reduce_window_min", "reduce_max", "reduce_min")
DECIDING = frozenset(
    [
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "is_finite",
        "argmax",
        "argmin",
        "sort",
        "top_k",
        "eq_to",
        "le_to",
        "lt_to",
    ]
)
TOTALLY_ORDERED = frozenset(["top_k", "eq_to", "le_to", "lt_to"])

AXES: dict[str, movement.AxesRule] = {
    "broadcast_in_dim": movement.broadcast,
    "reshape": movement.reshape,
    "transpose": movement.transpose,
    "squeeze": movement.squeeze,
    "expand_dims": movement.expand,
    "gather": movement.gather,
    "stack": movement.stack,
    "unstack": movement.unstack,
    "concatenate": movement.concatenate,
    "pad": movement.pad,
    "dynamic_update_slice": movement.update,
    "dot_general": movement.dot,
    "scatter": movement.cautious,
}
for _name in [
    "reduce_max",
    "reduce_min",
    "argmax",
    "argmin",
    "reduce_sum",
    "reduce_and",
    "reduce_or",
]:
    AXES[_name] = movement.reduced
for _name in [
    "slice",
    "dynamic_slice",
    "rev",
    "split",
    "cummax",
    "cummin",
    "cumsum",
    "tile",
]:
    AXES[_name] = movement.first
for _name in ["reduce_window_max", "reduce_window_min"]:
    AXES[_name] = movement.windowed
ELEMENTWISE = frozenset(
    [
        "neg",
        "abs",
        "sign",
        "floor",
        "ceil",
        "round",
        "max",
        "min",
        "clamp",
        "select_n",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "is_finite",
        "and",
        "or",
        "not",
        "xor",
        "add",
        "sub",
        "mul",
        "div",
        "rem",
        "shift_left",
        "shift_right_logical",
        "shift_right_arithmetic",
        "convert_element_type",
        "eq_to",
        "le_to",
        "lt_to",
        "integer_pow",
    ]
)
for _name in [*ELEMENTWISE, "sort", "top_k"]:
    AXES[_name] = movement.elementwise

ON_FLOATS = frozenset(AXES) - frozenset(
    [
        "add",
        "sub",
        "mul",
        "div",
        "rem",
        "dot_general",
        "reduce_sum",
        "cumsum",
        "convert_element_type",
        "integer_pow",
    ]
)


def unsigned(x: Array) -> Array:
    """Every zero as the positive one: these primitives would put the negative one first."""
    return jnp.where(x == 0, np.float32(0), x)


def filled(parameters: Parameters) -> Parameters:
    """A gather of values outside its table gives 0 instead of NaN."""
    known = np.isfinite(parameters["fill_value"] or np.nan)
    return parameters if known else parameters | {"fill_value": 0}


def bind_native(
    primitive: Primitive,
    context: Context,
    parameters: Parameters,
    values: Sequence[Value],
    avals: Sequence[Any],
) -> list[Value]:
    """Run the primitive itself on the arrays."""
    name = primitive.name
    if name in DECIDING:
        context.observe(*values)
    if name == "gather" and values[0].is_float:
        parameters = filled(parameters)
    arrays = [v.array for v in values]
    if name in TOTALLY_ORDERED:
        arrays = [unsigned(v.array) if v.is_float else v.array for v in values]
    results = primitive.bind(*arrays, **parameters)
    axes = AXES.get(name, movement.cautious)
    outputs = []
    for array in results if primitive.multiple_results else [results]:
        if name in EXTREMES and jnp.issubdtype(array.dtype, jnp.floating):
            # of nothing the extreme is an infinity
            array = jnp.clip(array, np.float32(-number.LARGEST), np.float32(number.LARGEST))
        outputs.append(Value(array, axes(parameters, values, array.shape)))
    return outputs
