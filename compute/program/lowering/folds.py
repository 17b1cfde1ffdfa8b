"""Folds: which terms an element is put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compute.program.form import Along, Code, Form, Gauge, Index, Read
from compute.program.lowering.common import (
    Attributes,
    NotLowered,
    Rule,
    Shape,
    Types,
    plain,
    sparse,
    strides,
)
from compute.program.operations.indexing import Axes, scatter_axes
from compute.program.operations.products import free_axes
from compute.program.types import Type


def _fold(code: int, result: Type, bound: Shape, *reads: Read, parameter: int = 0) -> Form:
    return Form(code, result, result.shape, bound, reads, len(reads), 0, parameter)


def _along(operand: int, kind: Type, axes: Sequence[int]) -> Read:
    """An operand whose `axes` are the last of the iteration and whose others are the first."""
    steps = strides(kind.shape)
    order = [*(axis for axis in range(kind.rank) if axis not in axes), *axes]
    return Read(operand, tuple(steps[axis] for axis in order))


def _reduction(code: Code) -> Rule:
    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        axes = attributes["axes"]
        bound = tuple(operands[0].shape[axis] for axis in axes)
        return _fold(code, result, bound, _along(0, operands[0], axes))

    return rule


def _position(code: Code) -> Rule:
    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        axis = attributes["axis"]
        bound = (operands[0].shape[axis],)
        return _fold(code, result, bound, _along(0, operands[0], [axis]))

    return rule


def _cumsum(attributes: Attributes, operands: Types, result: Type) -> Form:
    axis, rank = attributes["axis"], result.rank
    steps = dict(enumerate(strides(result.shape)))
    back = 1 if attributes["reverse"] else -1
    size = result.shape[axis]
    gauge = Gauge((Along(axis, 1), Along(rank, back)), size, steps.pop(axis))
    return _fold(Code.SUM, result, (size,), Read(0, sparse(rank + 1, steps), 0, (gauge,)))


def _window(code: Code) -> Rule:
    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        size = tuple(attributes["size"])
        places, gauges = _taps(
            operands[0].shape, strides(operands[0].shape), size, result.shape, (0, result.rank),
            attributes, "base_dilation", "window_dilation",
        )  # fmt: skip
        return _fold(code, result, size, Read(0, sparse(2 * result.rank, places), 0, gauges))

    return rule


def _taps(
    shape: Shape,
    steps: Shape,
    window: Shape,
    outputs: Shape,
    first: tuple[int, int],
    attributes: Attributes,
    base: str,
    spread: str,
) -> tuple[dict[int, int], tuple[Gauge, ...]]:
    """What is under tap first[1] + i of a window at output first[0] + i: a stride for each axis
    along which windows lie side by side in the array, and a gauge for each of the others."""
    places: dict[int, int] = {}
    gauges: list[Gauge] = []
    for i, size in enumerate(shape):
        output, tap = first[0] + i, first[1] + i
        step, apart = attributes["strides"][i], attributes[spread][i]
        low, dilation = attributes["padding"][i][0], attributes[base][i]
        reach = (window[i] - 1) * apart
        inside = low == 0 and dilation == 1 and (outputs[i] - 1) * step + reach < size
        if inside and (reach < step or outputs[i] == 1):
            places |= {output: step * steps[i], tap: apart * steps[i]}
        else:
            along = (Along(output, step), Along(tap, apart))
            gauges.append(Gauge(along, size, steps[i], low, dilation))
    return places, tuple(gauges)


def _dot(attributes: Attributes, operands: Types, result: Type) -> Form:
    a, b = operands
    batch, bound = len(attributes["batch_a"]), len(attributes["contract_a"])
    reads, free = [], batch
    for number, (kind, suffix) in enumerate(((a, "_a"), (b, "_b"))):
        shared, summed = attributes["batch" + suffix], attributes["contract" + suffix]
        own = free_axes(kind.rank, summed, shared)
        steps = strides(kind.shape)
        at = [*range(batch), *range(free, free + len(own))]
        at += range(result.rank, result.rank + bound)
        order = zip(at, (*shared, *own, *summed), strict=True)
        place = {to: steps[axis] for to, axis in order}
        reads.append(Read(number, sparse(result.rank + bound, place)))
        free += len(own)
    sizes = tuple(a.shape[axis] for axis in attributes["contract_a"])
    return _fold(Code.DOT, result, sizes, *reads)


def _convolution(attributes: Attributes, operands: Types, result: Type) -> Form:
    image, kernel = operands
    groups, rank = attributes["groups"], image.rank - 2
    each = kernel.shape[-1] // groups
    free = (*result.shape[:-1], groups, each)  # the last axis is two
    tap, channel = len(free), len(free) + rank
    steps, count = strides(image.shape), len(free) + rank + 1
    places, gauges = _taps(
        image.shape[1:-1], steps[1:-1], kernel.shape[:rank], result.shape[1:-1], (1, tap),
        attributes, "input_dilation", "kernel_dilation",
    )  # fmt: skip
    wide = kernel.shape[-2]
    places |= {0: steps[0], rank + 1: wide, channel: 1}
    pixel = Read(0, sparse(count, places), 0, gauges)
    inner = strides(kernel.shape)
    taps = {tap + i: inner[i] for i in range(rank)}
    weight = Read(1, sparse(count, {rank + 1: each, rank + 2: 1, channel: inner[-2], **taps}))
    return Form(Code.DOT, result, free, tuple(kernel.shape[:-1]), (pixel, weight), 2)


_KINDS = ("set", "add", "mul", "min", "max")


def _scatter(attributes: Attributes, operands: Types, result: Type) -> Form:
    _, indices, updates = operands
    axes = scatter_axes(attributes, result, indices)
    dims, bound = attributes["update_window_dims"], indices.shape[:-1]
    kind = attributes["kind"]
    others = [axis for axis in range(updates.rank) if axis not in dims]
    if kind in ("set", "mul") and [*others, *dims] != list(range(updates.rank)):
        raise NotLowered(f"a scatter of kind {kind} whose windows are not last has no form")
    rank, count = result.rank, result.rank + len(bound)
    steps = strides(updates.shape)
    place = {rank + i: steps[axis] for i, axis in enumerate(others)}
    gauges = tuple(
        _landing(axis, axes, dims, updates, result, rank, attributes["mode"] == "drop")
        for axis in range(rank)
    )
    at = Read(1, sparse(count, dict(zip(range(rank, count), strides(indices.shape), strict=False))))
    reads = (plain(0, result, len(bound)), Read(2, sparse(count, place), 0, gauges), at)
    return Form(Code.SCATTER, result, result.shape, bound, reads, 2, 1, _KINDS.index(kind))


def _landing(
    axis: int, axes: Axes, dims: Shape, updates: Type, result: Type, rank: int, drop: bool
) -> Gauge:
    """Where on one axis of the array an update's window covers the element."""
    size, stride = 1, 0
    for window, dim in zip(axes.window, dims, strict=True):
        if window == axis:
            size, stride = updates.shape[dim], strides(updates.shape)[dim]
    along = [Along(axis, 1)]
    along += [Along(rank + other, -1) for batched, other in axes.batch if batched == axis]
    index = None
    if axis in axes.index_map:
        k = axes.index_map.index(axis)
        index = Index(2, k, result.shape[axis] - size, True, drop)
    return Gauge(tuple(along), size, stride, 0, 1, index)


RULES: Mapping[str, Rule] = {
    "scatter": _scatter,
    "cumsum": _cumsum,
    "argmax": _position(Code.ARGMAX),
    "argmin": _position(Code.ARGMIN),
    "window_sum": _window(Code.SUM),
    "window_max": _window(Code.MAXIMUM),
    "window_min": _window(Code.MINIMUM),
    "dot": _dot,
    "convolution": _convolution,
    **{
        name: _reduction(Code[name.upper()])
        for name in ("sum", "product", "maximum", "minimum", "all", "any", "parity")
    },
}
