"""Moves: which operand's element a result's element is."""

from __future__ import annotations

from collections.abc import Mapping

from compute.program.form import IMMEDIATE, Along, Code, Form, Gauge, Index, Read
from compute.program.lowering.common import Attributes, Rule, Types, plain, sparse, strides
from compute.program.operations import OPERATIONS
from compute.program.operations.indexing import gather_axes
from compute.program.types import Type


def _iota(attributes: Attributes, operands: Types, result: Type) -> Form:
    read = Read(IMMEDIATE, sparse(result.rank, {attributes["axis"]: 1}))
    return Form(OPERATIONS["iota"].code, result, result.shape, (), (read,), 1)


def _move(result: Type, *reads: Read, data: int | None = None) -> Form:
    return Form(Code.MOVE, result, result.shape, (), reads, len(reads) if data is None else data)


def _broadcast(attributes: Attributes, operands: Types, result: Type) -> Form:
    shape = operands[0].shape
    steps = zip(attributes["axes"], shape, strides(shape), strict=True)
    places = {axis: stride for axis, size, stride in steps if size > 1}
    return _move(result, Read(0, sparse(result.rank, places)))


def _reshape(attributes: Attributes, operands: Types, result: Type) -> Form:
    return _move(result, plain(0, result))


def _transpose(attributes: Attributes, operands: Types, result: Type) -> Form:
    steps = strides(operands[0].shape)
    return _move(result, Read(0, tuple(steps[axis] for axis in attributes["permutation"])))


def _slice(attributes: Attributes, operands: Types, result: Type) -> Form:
    steps = strides(operands[0].shape)
    first = sum(i * s for i, s in zip(attributes["start"], steps, strict=True))
    scaled = tuple(i * s for i, s in zip(attributes["stride"], steps, strict=True))
    return _move(result, Read(0, scaled, first))


def reverse(attributes: Attributes, operands: Types, result: Type) -> Form:
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
    inside = Read(0, sparse(result.rank, plain), 0, tuple(gauges))
    return _move(result, inside, Read(1, (0,) * result.rank))


def _concatenate(attributes: Attributes, operands: Types, result: Type) -> Form:
    axis, start, reads = attributes["axis"], 0, []
    for number, kind in enumerate(operands):
        steps = dict(enumerate(strides(kind.shape)))
        gauge = Gauge((Along(axis, 1),), kind.shape[axis], steps.pop(axis), start)
        reads.append(Read(number, sparse(result.rank, steps), 0, (gauge,)))
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
    return _move(result, Read(1, (0,) * rank, 0, gauges), plain(0, result), *starts, data=2)


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
    read = Read(0, sparse(result.rank, place), 0, tuple(gauges))
    at = Read(1, sparse(result.rank, dict(zip(others, outer, strict=False))))
    zero = [Read(IMMEDIATE, (0,) * result.rank)] if fill else []
    return _move(result, read, *zero, at, data=1 + len(zero))


RULES: Mapping[str, Rule] = {
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "stop_gradient": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": reverse,
    "gather": _gather,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
}
