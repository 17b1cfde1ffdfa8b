"""Sums, extremes, prefixes, windows and sorting."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
from jax import lax
from jax.extend.core import jaxpr_as_fun

from compute.exact.tracing.graph import Value, long_axes, renumbered
from compute.exact.tracing.scope import RULES, Parameters, Scope, dtype_of, rule
from compute.program.types import DType

_REDUCTIONS = {
    "reduce_sum": "sum",
    "reduce_prod": "product",
    "reduce_max": "maximum",
    "reduce_min": "minimum",
    "reduce_and": "all",
    "reduce_or": "any",
    "reduce_xor": "parity",
}
_ON_BOOLS = {"maximum": "any", "minimum": "all"}
_NUMBERS = DType.U8  # what truth values are counted as


def _reduce(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    axes = tuple(sorted(renumbered(parameters["axes"], long_axes(x.shape))))
    if x.dtype is DType.BOOL:
        name = _ON_BOOLS.get(name, name)
    return [scope.graph.step(name, x, axes=axes) if axes else x]


for _primitive, _name in _REDUCTIONS.items():
    RULES[_primitive] = functools.partial(_reduce, _name)


def _over_examples(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """Over a named axis of `vmap`, which has become an axis of each operand."""
    axes = parameters["axes"]
    if parameters.get("axis_index_groups") or not all(isinstance(i, int) for i in axes):
        raise NotImplementedError("it joins groups of devices")
    return [_reduce(name, scope, parameters, [x], avals)[0] for x in operands]


for _primitive in ("psum", "pmax", "pmin"):
    RULES[_primitive] = functools.partial(_over_examples, _REDUCTIONS[f"reduce_{_primitive[1:]}"])


def _argument(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,), (axis,), dtype = operands, parameters["axes"], dtype_of(avals[0])
    if x.shape[axis] == 1:
        return [scope.graph.filled(0, avals[0].shape, dtype)]
    if x.dtype is DType.BOOL:
        x = scope.graph.convert(x, _NUMBERS)
    return [scope.graph.step(name, x, axis=long_axes(x.shape).index(axis), dtype=dtype)]


def _prefix(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,), axis = operands, parameters["axis"]
    if x.shape[axis] == 1:
        return [x]
    place = long_axes(x.shape).index(axis)
    if x.dtype is DType.BOOL:
        numbers = scope.graph.convert(x, _NUMBERS)
        result = scope.graph.step(name, numbers, axis=place, reverse=parameters["reverse"])
        return [scope.graph.convert(result, DType.BOOL)]
    return [scope.graph.step(name, x, axis=place, reverse=parameters["reverse"])]


for _name in ("argmax", "argmin"):
    RULES[_name] = functools.partial(_argument, _name)
for _name in ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"):
    RULES[_name] = functools.partial(_prefix, _name)


def _window(
    name: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    names = {
        "size": "window_dimensions",
        "strides": "window_strides",
        "padding": "padding",
        "base_dilation": "base_dilation",
        "window_dilation": "window_dilation",
    }
    found = {key: parameters[other] for key, other in names.items()}
    size, padding = found["size"], found["padding"]
    wide = [i for i in range(len(x.shape)) if size[i] != 1 or any(padding[i])]
    kept = long_axes(x.shape, wide)
    if math.prod(size) == 1 and not wide and all(found["strides"][i] == 1 for i in kept):
        return [x]
    attributes = {key: tuple(_plain(values[i]) for i in kept) for key, values in found.items()}
    return [scope.graph.step(name, scope.graph.with_axes(x, kept), **attributes)]


def _plain(value: Any) -> Any:
    return tuple(map(int, value)) if isinstance(value, tuple | list) else int(value)


for _name in ("sum", "max", "min"):
    RULES[f"reduce_window_{_name}"] = functools.partial(_window, f"window_{_name}")


@rule("sort")
def _sort(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> Sequence[Value]:
    """Always stable: the order of equal keys would be the compiler's choice."""
    shape, axis = operands[0].shape, parameters["dimension"]
    if shape[axis] == 1:
        return operands
    place = long_axes(shape).index(axis)
    return scope.graph.steps("sort", *operands, axis=place, keys=parameters["num_keys"])


@rule("top_k", "approx_top_k")
def _top_k(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """The approximate one is the exact one: what it leaves out would be the device's choice."""
    (x,) = operands
    rank = len(x.shape)
    axis: int = parameters["axis"] if "axis" in parameters else parameters["reduction_dimension"]
    axis %= rank
    if parameters.get("is_max_k") is False:
        return scope.inline(functools.partial(_least, k=int(avals[0].shape[axis]), axis=axis), x)
    order = [i for i in range(rank) if i != axis] + [axis]
    moved = scope.graph.transposed(x, order)
    whole = scope.graph.with_axes(moved, long_axes(moved.shape, [rank - 1]))
    results = scope.graph.steps("top_k", whole, k=int(avals[0].shape[axis]))
    shape = tuple(avals[0].shape[i] for i in order)
    back = [order.index(i) for i in range(rank)]
    return [scope.graph.transposed(scope.graph.shaped(v, shape), back) for v in results]


def _least(x: Any, k: int, axis: int) -> Any:
    values, places = lax.approx_max_k(-x, k, axis)
    return -values, places


@rule("reduce")
def _reduce_by(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """From the first element to the last, starting with the initial value."""
    axes = parameters["dimensions"]
    combine = jaxpr_as_fun(parameters["jaxpr"])
    half = len(operands) // 2

    def fold(*arrays: Any) -> Any:
        rows, initial = arrays[:half], arrays[half:]
        rank = rows[0].ndim
        order = [*axes, *(i for i in range(rank) if i not in axes)]
        kept = [rows[0].shape[i] for i in order[len(axes) :]]
        sequences = [x.transpose(order).reshape(-1, *kept) for x in rows]

        def step(carry: Any, row: Any) -> Any:
            each = combine
            for _ in kept:
                each = jax.vmap(each)
            return each(*carry, *row), None

        start = [jax.numpy.broadcast_to(x, tuple(kept)) for x in initial]
        return tuple(lax.scan(step, start, sequences)[0])

    return scope.inline(fold, *operands)
