"""The rule table: primitive name -> what it does to values.  See docs/adding_a_rule.md.

A rule takes (context, parameters of the primitive, operands, output avals) and returns the results.
Most rules are made by `value_rule` from a function of arrays and one for the positional axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import circular, elementary, movement, native, number
from compute.exact.contraction import dot
from compute.exact.convolution import convolve
from compute.exact.reduction import (
    cumulative,
    cumulative_product,
    on_absolute_grid,
    product,
    total,
    window_total,
)
from compute.exact.values import Context, Flags, Parameters, Value

Rule = Callable[[Context, Parameters, Sequence[Value], Sequence[Any]], list[Value]]

RULES: dict[str, Rule] = {}


def value_rule(name: str, compute: Callable[..., Array], axes: movement.AxesRule) -> None:
    """Register `compute(parameters, *arrays) -> array` for the primitive `name`."""

    def rule(
        context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
    ) -> list[Value]:
        array = compute(parameters, *(v.array for v in values))
        return [Value(array, axes(parameters, values, array.shape))]

    RULES[name] = rule


def _elementwise(name: str, compute: Callable[..., Array]) -> None:
    value_rule(name, lambda _, *arrays: compute(*arrays), movement.elementwise)


_ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "add": number.add,
    "add_any": number.add,
    "sub": number.subtract,
    "mul": number.multiply,
    "div": number.divide,
    "square": lambda a: number.multiply(a, a),
    "sqrt": number.square_root,
    "rsqrt": elementary.rsqrt,
    "exp": elementary.exp,
    "exp2": elementary.exp2,
    "expm1": elementary.expm1,
    "log": elementary.log,
    "log1p": elementary.log1p,
    "tanh": elementary.tanh,
    "logistic": elementary.logistic,
    "gelu": elementary.gelu,
    "erf": elementary.erf,
    "erfc": lambda a: number.subtract(np.float32(1), elementary.erf(a)),
    "sinh": elementary.sinh,
    "cosh": elementary.cosh,
    "asinh": elementary.asinh,
    "acosh": elementary.acosh,
    "atanh": elementary.atanh,
    "cbrt": elementary.cube_root,
    "sin": circular.sin,
    "cos": circular.cos,
    "tan": circular.tan,
    "asin": circular.asin,
    "acos": circular.acos,
    "atan": circular.atan,
    "atan2": circular.atan2,
    "rem": number.remainder,
}
for _name, _function in _ELEMENTWISE.items():
    _elementwise(_name, _function)


def _integer_power(parameters: Parameters, a: Array) -> Array:
    return elementary.integer_power(a, parameters["y"])


def _power(parameters: Parameters, a: Array, b: Array) -> Array:
    if not jnp.issubdtype(b.dtype, jnp.floating):
        b = number.narrow(b.astype(jnp.float64))
    return elementary.power(a, b)


value_rule("integer_pow", _integer_power, movement.elementwise)
value_rule("pow", _power, movement.elementwise)


def _cumulative(
    context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    x = values[0]
    array = cumulative(x.array, parameters["axis"], _shared(x), parameters["reverse"])
    return [Value(array, x.positional)]


def _shared(x: Value) -> Flags:
    """The axes along which a grid must not be shared: parameters and constants keep no secret."""
    return x.positional if x.secret else (False,) * x.array.ndim


value_rule("reduce_sum", lambda p, x: total(x, tuple(p["axes"])), movement.reduced)
value_rule("reduce_window_sum", lambda p, x: window_total(x, p), movement.windowed)
RULES["cumsum"] = _cumulative
value_rule("reduce_prod", lambda p, x: product(x, tuple(p["axes"])), movement.reduced)
value_rule("cumprod", lambda p, x: cumulative_product(x, p["axis"], p["reverse"]), movement.first)


def _dot(
    context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    a, b = values
    positional = (_shared(a), _shared(b))
    dimensions = parameters["dimension_numbers"]
    array = dot(a.array, b.array, positional, dimensions, context.carrier, context.row)
    return [Value(array, movement.dot(parameters, values, array.shape))]


def _convolution(
    context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    a, b = values
    positional = (_shared(a), _shared(b))
    array = convolve(a.array, b.array, positional, parameters, context.carrier)
    return [Value(array, movement.convolution(parameters, values, array.shape))]


Scatter = Callable[..., Array]


def _scattered(
    scatter: Scatter, before: Callable[[Array], Array], after: Callable[[Array], Array]
) -> Rule:
    """`after` what `scatter` makes of operand and updates, `before` taken of both."""

    def rule(
        context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
    ) -> list[Value]:
        operand, indices, updates = values
        array = scatter(
            before(operand.array),
            indices.array,
            before(updates.array),
            parameters["dimension_numbers"],
            indices_are_sorted=parameters["indices_are_sorted"],
            unique_indices=parameters["unique_indices"],
            mode=parameters["mode"],
        )
        return [Value(after(array), movement.cautious(parameters, values, array.shape))]

    return rule


def _extreme(scatter: Scatter, beyond: float) -> Rule:
    """The largest or smallest; SATURATED wins, as an infinity, which no machine overlooks."""

    def before(x: Array) -> Array:
        return jnp.where(number.is_saturated(x), np.float32(beyond), native.unsigned(x))

    def after(x: Array) -> Array:
        return jnp.where(x == np.float32(beyond), number.SATURATED, x)

    return _scattered(scatter, before, after)


RULES["dot_general"] = _dot
RULES["conv_general_dilated"] = _convolution
# terms on the absolute grid, exact sums in any order, one rounding
RULES["scatter-add"] = _scattered(lax.scatter_add, on_absolute_grid, number.narrow)
RULES["scatter-sub"] = _scattered(lax.scatter_sub, on_absolute_grid, number.narrow)
RULES["scatter-max"] = _extreme(lax.scatter_max, np.inf)
RULES["scatter-min"] = _extreme(lax.scatter_min, -np.inf)


def _convert(
    context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """Between float types nothing happens: F24 has one precision.  An integer is rounded to a
    value; a value is truncated toward zero and clamped to the integer type; non-zero is true."""
    (x,), dtype = values, avals[0].dtype
    to_float = jnp.issubdtype(dtype, jnp.floating)
    if x.is_float and to_float:
        return [x]
    if to_float:
        array = number.narrow(x.array.astype(jnp.float64))
    elif jnp.issubdtype(dtype, jnp.complexfloating):
        raise NotImplementedError("complex numbers")
    elif dtype == jnp.bool_:
        context.observe(x)
        array = x.array != 0
    else:
        context.observe(x)
        limits = jnp.iinfo(dtype)
        known = jnp.where(number.is_saturated(x.array), 0.0, number.wide(x.array))
        array = jnp.clip(jnp.trunc(known), float(limits.min), float(limits.max)).astype(dtype)
    return [Value(array, x.positional)]


def _identity(
    context: Context, parameters: Parameters, values: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    return list(values)


RULES["convert_element_type"] = _convert
_IDENTITIES = (
    "stop_gradient",
    "copy",
    "copy_p",
    "reduce_precision",
    "optimization_barrier",
    "name",
    "sharding_constraint",
    "mesh_cast",
    "reshard",
    "pvary",
)
for _name in _IDENTITIES:
    RULES[_name] = _identity

# those whose results know at each place what their operands know there
ELEMENTWISE = native.ELEMENTWISE | {*_ELEMENTWISE, *_IDENTITIES, "pow"}
