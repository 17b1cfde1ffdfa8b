"""Steps as forms: each operation's index arithmetic, for contracts that know nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compute.program.form import (
    IMMEDIATE,
    OWN,
    Along,
    Code,
    Form,
    Gauge,
    Index,
    Lowered,
    Read,
)
from compute.program.operations import OPERATIONS
from compute.program.operations.indexing import Axes, gather_axes, scatter_axes
from compute.program.operations.products import free_axes
from compute.program.program import Step
from compute.program.types import DType, Type

Attributes = Mapping[str, Any]
Types = Sequence[Type]
Shape = tuple[int, ...]
KEYS = 7  # of a sort: they and an index fill a word


class NotLowered(ValueError):
    """No contract can tell an element of this step; the message says why."""


def lower(step: Step, operands: Types) -> Lowered:
    """The forms of a valid step.  Raises NotLowered for control, constants, and what aliases."""
    name, attributes = step.operation.name, step.attributes
    if name in _SEVERAL:
        return _SEVERAL[name](attributes, operands, step.results)
    if name in _ONE:
        return Lowered((_ONE[name](attributes, operands, step.results[0]),), (0,))
    if name in _ELEMENTWISE:
        return Lowered((_elementwise(step, operands),), (0,))
    raise NotLowered(f"{name} has no form")


def strides(shape: Sequence[int]) -> Shape:
    """Of C order, in elements."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _at(count: int, places: Mapping[int, int]) -> Shape:
    """`count` strides, those given and else zero."""
    return tuple(places.get(axis, 0) for axis in range(count))


def _plain(operand: int, kind: Type, axes: int = 0) -> Read:
    """An operand of the result's shape; `axes` more of the iteration do not matter."""
    return Read(operand, strides(kind.shape) + (0,) * axes)


# --- element by element ---

_PARAMETERS: Mapping[str, Callable[[Attributes], int]] = {
    "round": lambda attributes: ("even", "away").index(attributes["mode"]),
    "integer_power": lambda attributes: int(attributes["exponent"]),
}
_ELEMENTWISE = frozenset(
    name for name, operation in OPERATIONS.items() if 0x20 <= operation.code < 0x80
)


def _elementwise(step: Step, operands: Types) -> Form:
    result = step.results[0]
    parameter = _PARAMETERS.get(step.operation.name, lambda attributes: 0)(step.attributes)
    reads = [
        _plain(number, kind) if kind.rank == result.rank else Read(number, (0,) * result.rank)
        for number, kind in enumerate(operands)
    ]
    code = step.operation.code
    return Form(code, result, result.shape, (), tuple(reads), len(reads), 0, parameter)


def _iota(attributes: Attributes, operands: Types, result: Type) -> Form:
    read = Read(IMMEDIATE, _at(result.rank, {attributes["axis"]: 1}))
    return Form(OPERATIONS["iota"].code, result, result.shape, (), (read,), 1)


# --- moves ---


def _move(result: Type, *reads: Read, data: int | None = None) -> Form:
    return Form(Code.MOVE, result, result.shape, (), reads, len(reads) if data is None else data)


def _broadcast(attributes: Attributes, operands: Types, result: Type) -> Form:
    shape = operands[0].shape
    steps = zip(attributes["axes"], shape, strides(shape), strict=True)
    places = {axis: stride for axis, size, stride in steps if size > 1}
    return _move(result, Read(0, _at(result.rank, places)))


def _reshape(attributes: Attributes, operands: Types, result: Type) -> Form:
    return _move(result, _plain(0, result))


def _transpose(attributes: Attributes, operands: Types, result: Type) -> Form:
    steps = strides(operands[0].shape)
    return _move(result, Read(0, tuple(steps[axis] for axis in attributes["permutation"])))


def _slice(attributes: Attributes, operands: Types, result: Type) -> Form:
    steps = strides(operands[0].shape)
    first = sum(i * s for i, s in zip(attributes["start"], steps, strict=True))
    scaled = tuple(i * s for i, s in zip(attributes["stride"], steps, strict=True))
    return _move(result, Read(0, scaled, first))


def _reverse(attributes: Attributes, operands: Types, result: Type) -> Form:
    steps = strides(result.shape)
    turned = attributes["axes"]
    first = sum(steps[axis] * max(0, result.shape[axis] - 1) for axis in turned)
    signed = tuple(-s if axis in turned else s for axis, s in enumerate(steps))
    return _move(result, Read(0, signed, first))


def _pad(attributes: Attributes, operands: Types, result: Type) -> Form:
    gauges, plain = [], {}
    for axis, (size, stride) in enumerate(
        zip(operands[0].shape, strides(operands[0].shape), strict=True)
    ):
        low, high, interior = attributes["widths"][axis]
        if (low, high, interior) == (0, 0, 0):
            plain[axis] = stride
        else:
            gauges.append(Gauge((Along(axis, 1),), size, stride, low, interior + 1))
    inside = Read(0, _at(result.rank, plain), 0, tuple(gauges))
    return _move(result, inside, Read(1, (0,) * result.rank))


def _concatenate(attributes: Attributes, operands: Types, result: Type) -> Form:
    axis, start, reads = attributes["axis"], 0, []
    for number, kind in enumerate(operands):
        steps = dict(enumerate(strides(kind.shape)))
        gauge = Gauge((Along(axis, 1),), kind.shape[axis], steps.pop(axis), start)
        reads.append(Read(number, _at(result.rank, steps), 0, (gauge,)))
        start += kind.shape[axis]
    return _move(result, *reads)


def _dynamic_slice(attributes: Attributes, operands: Types, result: Type) -> Form:
    shape, rank = operands[0].shape, result.rank
    gauges = tuple(
        Gauge((Along(axis, 1),), size, stride, 0, 1, Index(1 + axis, 0, size - taken))
        for axis, (size, stride, taken) in enumerate(
            zip(shape, strides(shape), result.shape, strict=True)
        )
    )
    starts = [Read(1 + axis, (0,) * rank) for axis in range(rank)]
    return _move(result, Read(0, (0,) * rank, 0, gauges), *starts, data=1)


def _dynamic_update_slice(attributes: Attributes, operands: Types, result: Type) -> Form:
    shape, rank = operands[1].shape, result.rank
    gauges = tuple(
        Gauge((Along(axis, 1),), size, stride, 0, 1, Index(2 + axis, 0, whole - size, True))
        for axis, (size, stride, whole) in enumerate(
            zip(shape, strides(shape), result.shape, strict=True)
        )
    )
    starts = [Read(2 + axis, (0,) * rank) for axis in range(rank)]
    return _move(result, Read(1, (0,) * rank, 0, gauges), _plain(0, result), *starts, data=2)


def _gather(attributes: Attributes, operands: Types, result: Type) -> Form:
    array, indices = operands
    axes = gather_axes(attributes, array, indices)
    offsets = attributes["offset_dims"]
    others = [axis for axis in range(result.rank) if axis not in offsets]
    outer = strides(indices.shape)
    fill = attributes["mode"] == "fill"
    steps, gauges = strides(array.shape), []
    place: dict[int, int] = {}
    for axis, other in axes.batch:
        place[others[other]] = steps[axis]
    for axis, dim in zip(axes.window, offsets, strict=True):
        if axis not in axes.index_map:
            place[dim] = steps[axis]
    for k, axis in enumerate(axes.index_map):
        dims = [d for w, d in zip(axes.window, offsets, strict=True) if w == axis]
        along = tuple(Along(dim, 1) for dim in dims)
        most = array.shape[axis] - attributes["slice_sizes"][axis]
        index = Index(2 if fill else 1, k, most, False, fill)
        gauges.append(Gauge(along, array.shape[axis], steps[axis], 0, 1, index))
    read = Read(0, _at(result.rank, place), 0, tuple(gauges))
    at = Read(1, _at(result.rank, dict(zip(others, outer, strict=False))))
    zero = [Read(IMMEDIATE, (0,) * result.rank)] if fill else []
    return _move(result, read, *zero, at, data=1 + len(zero))


# --- folds ---


def _fold(code: int, result: Type, bound: Shape, *reads: Read, parameter: int = 0) -> Form:
    return Form(code, result, result.shape, bound, reads, len(reads), 0, parameter)


def _along(operand: int, kind: Type, axes: Sequence[int]) -> Read:
    """An operand whose `axes` are the last of the iteration and whose others are the first."""
    steps = strides(kind.shape)
    order = [*(axis for axis in range(kind.rank) if axis not in axes), *axes]
    return Read(operand, tuple(steps[axis] for axis in order))


def _reduction(code: Code) -> Callable[[Attributes, Types, Type], Form]:
    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        axes = attributes["axes"]
        bound = tuple(operands[0].shape[axis] for axis in axes)
        return _fold(code, result, bound, _along(0, operands[0], axes))

    return rule


def _position(code: Code) -> Callable[[Attributes, Types, Type], Form]:
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
    return _fold(Code.SUM, result, (size,), Read(0, _at(rank + 1, steps), 0, (gauge,)))


def _running(name: str) -> Callable[[Attributes, Types, Type], Form]:
    """From the element before and the operand's."""

    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        before = _before(result, attributes["axis"], attributes["reverse"])
        reads = (before, _plain(0, result))
        return Form(OPERATIONS[name].code, result, result.shape, (), reads, 2)

    return rule


def _before(kind: Type, axis: int, reverse: bool = False, axes: int = 0) -> Read:
    """The form's own element before along an axis; the first has none."""
    steps = dict(enumerate(strides(kind.shape)))
    gauge = Gauge((Along(axis, 1),), kind.shape[axis], steps.pop(axis), -1 if reverse else 1)
    return Read(OWN, _at(kind.rank + axes, steps), 0, (gauge,))


def _window(code: Code) -> Callable[[Attributes, Types, Type], Form]:
    def rule(attributes: Attributes, operands: Types, result: Type) -> Form:
        gauges = _taps(
            operands[0].shape, strides(operands[0].shape), range(result.rank), result.rank,
            attributes, "base_dilation", "window_dilation",
        )  # fmt: skip
        read = Read(0, (0,) * (2 * result.rank), 0, gauges)
        return _fold(code, result, tuple(attributes["size"]), read)

    return rule


def _taps(
    shape: Shape,
    steps: Shape,
    outputs: Sequence[int],
    first_tap: int,
    attributes: Attributes,
    base: str,
    spread: str,
) -> tuple[Gauge, ...]:
    """One gauge an axis: what is under tap first_tap + i of the window at an output's place."""
    return tuple(
        Gauge(
            (Along(output, attributes["strides"][i]), Along(first_tap + i, attributes[spread][i])),
            shape[i],
            steps[i],
            attributes["padding"][i][0],
            attributes[base][i],
        )
        for i, output in enumerate(outputs)
    )


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
        reads.append(Read(number, _at(result.rank + bound, place)))
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
    gauges = _taps(
        image.shape[1:-1], steps[1:-1], range(1, rank + 1), tap, attributes,
        "input_dilation", "kernel_dilation",
    )  # fmt: skip
    wide = kernel.shape[-2]
    pixel = Read(0, _at(count, {0: steps[0], rank + 1: wide, channel: 1}), 0, gauges)
    inner = strides(kernel.shape)
    taps = {tap + i: inner[i] for i in range(rank)}
    weight = Read(1, _at(count, {rank + 1: each, rank + 2: 1, channel: inner[-2], **taps}))
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
    at = Read(1, _at(count, dict(zip(range(rank, count), strides(indices.shape), strict=False))))
    reads = (_plain(0, result, len(bound)), Read(2, _at(count, place), 0, gauges), at)
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


# --- order ---


def _order(keys: Types, result: Type, axis: int, descending: bool) -> Form:
    """Of each place the index of what belongs there: the least above what is before it."""
    if len(keys) > KEYS:
        raise NotLowered(f"a sort by more than {KEYS} keys has no form")
    size, count = keys[0].shape[axis], len(keys)
    previous = _before(result, axis, axes=1)
    terms, before = [], []
    for number, kind in enumerate(keys):
        steps = dict(enumerate(strides(kind.shape)))
        stride = steps.pop(axis)
        terms.append(Read(number, _at(result.rank + 1, steps | {result.rank: stride})))
        gauge = Gauge((), size, stride, 0, 1, Index(2 * count + 1, 0, size - 1))
        before.append(Read(number, _at(result.rank + 1, steps), 0, (gauge,)))
    reads = (*before, previous, *terms, previous)
    kinds = sum(_KEY(kind.dtype) << (8 + 2 * i) for i, kind in enumerate(keys))
    parameter = count | descending << 4 | kinds
    return Form(
        Code.ORDER, result, result.shape, (size,), reads, 2 * count + 1, count + 1, parameter
    )


def _KEY(dtype: DType) -> int:
    return 0 if dtype.is_float else 1 + dtype.is_signed


def _take(operand: int, kind: Type, result: Type, axis: int, order: int) -> Form:
    steps = dict(enumerate(strides(kind.shape)))
    stride, size = steps.pop(axis), kind.shape[axis]
    gauge = Gauge((), size, stride, 0, 1, Index(1, 0, size - 1))
    reads = (Read(operand, _at(result.rank, steps), 0, (gauge,)), _plain(order, result))
    return Form(Code.TAKE, result, result.shape, (), reads, 1)


def _sort(attributes: Attributes, operands: Types, results: tuple[Type, ...]) -> Lowered:
    axis, count = attributes["axis"], len(operands)
    keys = operands[: attributes["keys"]]
    order = _order(keys, Type(DType.I32, operands[0].shape), axis, False)
    taken = [_take(i, kind, kind, axis, count) for i, kind in enumerate(operands)]
    return Lowered((order, *taken), tuple(range(1, count + 1)))


def _top_k(attributes: Attributes, operands: Types, results: tuple[Type, ...]) -> Lowered:
    (kind,) = operands
    axis = kind.rank - 1
    order = _order(operands, results[1], axis, True)
    return Lowered((order, _take(0, kind, results[0], axis, 1)), (1, 0))


_ONE: Mapping[str, Callable[[Attributes, Types, Type], Form]] = {
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "stop_gradient": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
    "gather": _gather,
    "scatter": _scatter,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
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
    **{name: _running(name) for name in ("cumprod", "cummax", "cummin", "cumlogsumexp")},
}
_SEVERAL: Mapping[str, Callable[[Attributes, Types, tuple[Type, ...]], Lowered]] = {
    "sort": _sort,
    "top_k": _top_k,
}
