"""Primitives of equal shapes: arithmetic, elementary functions, comparisons, conversions."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from compute.exact.tracing.graph import Value
from compute.exact.tracing.scope import RULES, Parameters, Scope, dtype_of, rule
from compute.program.types import DType

_SAME = (
    "add", "sub", "mul", "div", "rem", "max", "min", "neg", "abs", "sign", "floor", "ceil", "sqrt",
    "rsqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p", "tanh", "logistic", "erf", "erfc",
    "erf_inv", "lgamma", "digamma", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "asinh", "acosh", "atanh", "atan2", "and", "or", "xor", "not", "shift_left",
    "shift_right_logical", "shift_right_arithmetic", "population_count", "eq", "ne", "lt", "le",
    "gt", "ge", "is_finite",
)  # fmt: skip
_OTHERS = {"add_any": "add", "clz": "count_leading_zeros", "eq_to": "eq", "le_to": "le"}
_OTHERS |= {"lt_to": "lt"}
# what arithmetic means for truth values
_ON_BOOLS = {"add": "or", "max": "or", "mul": "and", "min": "and", "sub": "xor"}


def stretched(scope: Scope, operands: Sequence[Value], aval: Any) -> list[Value]:
    """Scalars as arrays of the result's shape."""
    return [scope.graph.stretched(v, aval.shape) for v in operands]


def _elementwise(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    if operands[0].dtype is DType.BOOL:
        name = _ON_BOOLS.get(name, name)
    if parameters.get("out_dtype") is not None:
        operands = [scope.graph.convert(v, dtype_of(avals[0])) for v in operands]
    return [scope.graph.step(name, *stretched(scope, operands, avals[0]))]


for _name, _operation in {**dict(zip(_SAME, _SAME, strict=True)), **_OTHERS}.items():
    RULES[_name] = functools.partial(_elementwise, _operation)


@rule("integer_pow")
def _integer_power(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,), exponent = operands, int(parameters["y"])
    if exponent == 2:
        return [scope.graph.step("mul", x, x)]
    if x.dtype.is_float:
        return [scope.graph.step("integer_power", x, exponent=exponent)]
    return scope.inline(lambda a: _product_of(a, exponent), x)


def _product_of(a: Any, exponent: int) -> Any:
    """Integers wrap: the order of the products does not matter."""
    result = jnp.ones_like(a)
    for _ in range(exponent):
        result = result * a
    return result


@rule("square")
def _square(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    return [scope.graph.step("mul", operands[0], operands[0])]


@rule("pow")
def _power(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    floats = [scope.graph.convert(v, DType.F24) for v in operands]
    return [scope.graph.step("power", *stretched(scope, floats, avals[0]))]


@rule("round")
def _round(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    mode = ("away", "even")[int(parameters["rounding_method"])]
    return [scope.graph.step("round", operands[0], mode=mode)]


@rule("clamp")
def _clamp(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    low, x, high = stretched(scope, operands, avals[0])
    return [scope.graph.step("min", scope.graph.step("max", x, low), high)]


@rule("select_n")
def _select(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    which, *cases = operands
    chosen = scope.graph.splat(which.number)
    if chosen is not None:
        return [cases[min(max(int(chosen), 0), len(cases) - 1)]]
    if which.dtype not in (DType.BOOL, DType.I32):
        which = scope.graph.convert(which, DType.I32)
    return [scope.graph.step("select", which, *cases)]


@rule("convert_element_type")
def _convert(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,), dtype = operands, dtype_of(avals[0])
    number = scope.graph.splat(x.number)
    if number is not None and x.dtype is DType.I32 and dtype.is_float and abs(number) <= 1 << 24:
        return [scope.graph.filled(number, x.shape, dtype)]
    return [scope.graph.convert(x, dtype)]


@rule("empty")
def _empty(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """What is not said yet is zero."""
    return [scope.graph.filled(0, avals[0].shape, dtype_of(avals[0]))]


@rule("bitcast_convert_type")
def _bitcast(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,), dtype = operands, dtype_of(avals[0])
    equation = scope.equations[-1]
    for aval in (equation.invars[0].aval, avals[0]):
        if jnp.issubdtype(aval.dtype, jnp.floating) and aval.dtype.itemsize != 4:
            raise NotImplementedError(f"the bits of {aval.dtype}: its values are those of float32")
    if x.dtype is dtype:
        return [x]
    if x.dtype.bytes != dtype.bytes:
        wider = x.dtype.bytes > dtype.bytes
        rewrite = _split_words if wider else _joined_words
        return scope.inline(functools.partial(rewrite, dtype=np.dtype(dtype.numpy)), x)
    return [scope.graph.step("bitcast", x, dtype=dtype)]


def _unsigned(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"uint{8 * dtype.itemsize}")


def _split_words(x: Any, dtype: np.dtype) -> Any:
    """Each element as words of a narrower type along a new last axis, the low ones first."""
    bits = lax.bitcast_convert_type(x, _unsigned(x.dtype))
    width = 8 * dtype.itemsize
    words = [
        (bits >> (i * width)).astype(_unsigned(dtype))
        for i in range(bits.itemsize // dtype.itemsize)
    ]
    return lax.bitcast_convert_type(jnp.stack(words, -1), dtype)


def _joined_words(x: Any, dtype: np.dtype) -> Any:
    """The inverse: the words of the last axis, the low ones first, are one element."""
    words = lax.bitcast_convert_type(x, _unsigned(x.dtype)).astype(_unsigned(dtype))
    width = 8 * x.dtype.itemsize
    bits = words[..., 0]
    for i in range(1, x.shape[-1]):
        bits = bits | words[..., i] << (i * width)
    return lax.bitcast_convert_type(bits, dtype)


@rule(
    "copy", "copy_p", "reduce_precision", "optimization_barrier", "name",
    "sharding_constraint", "layout_constraint", "mesh_cast", "reshard", "pvary", "random_clone",
    "device_put",
)  # fmt: skip
def _identity(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> Sequence[Value]:
    return operands


@rule("stop_gradient")
def _stop_gradient(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    return [scope.graph.step("stop_gradient", x) if x.dtype.is_float else x]


@rule("iota")
def _iota(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    if operands:
        raise NotImplementedError("an iota whose shape is computed")
    shape, axis, dtype = parameters["shape"], parameters["dimension"], dtype_of(avals[0])
    if shape[axis] == 1:
        return [scope.graph.filled(0, shape, dtype)]
    kept = [i for i, n in enumerate(shape) if n != 1]
    attributes = {"shape": tuple(shape[i] for i in kept), "axis": kept.index(axis)}
    return [scope.graph.step("iota", dtype=dtype, **attributes)]
