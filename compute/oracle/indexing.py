"""Gather and scatter, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from compute.oracle import number
from compute.oracle.array import Array, Attributes, Data, places, strides, wrap
from compute.program.operations.indexing import Axes, gather_axes, scatter_axes
from compute.program.types import DType


def _index(flat: int, shape: Sequence[int]) -> list[int]:
    return [flat // step % size for size, step in zip(shape, strides(shape), strict=True)]


def _starts(
    a: Array, indices: Array, axes: Axes, sizes: Sequence[int], clip: bool
) -> Iterator[int | None]:
    """For each index vector the place of its window, or None where it is out of bounds."""
    step = strides(a.shape)
    outer, depth = indices.shape[:-1], indices.shape[-1]
    for row in range(indices.type.size // depth if depth else number_of(outer)):
        start = [0] * len(a.shape)
        for k, axis in enumerate(axes.index_map):
            start[axis] = indices.data[row * depth + k]
        at = _index(row, outer)
        for axis, other in axes.batch:
            start[axis] = at[other]
        most = [n - size for n, size in zip(a.shape, sizes, strict=True)]
        moved = [max(0, min(m, s)) for m, s in zip(most, start, strict=True)]
        inside = clip or moved == start
        yield sum(s * t for s, t in zip(moved, step, strict=True)) if inside else None


def number_of(shape: Sequence[int]) -> int:
    return len(places(shape, strides(shape)))


def _interleaved(window: Sequence[int], rank: int) -> tuple[list[int], list[int]]:
    """The axes of a result that index the window, and the others."""
    return list(window), [axis for axis in range(rank) if axis not in window]


def gather(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, indices = operands
    axes = gather_axes(attributes, a.type, indices.type)
    sizes = attributes["slice_sizes"]
    window_shape = [sizes[axis] for axis in axes.window]
    step = strides(a.shape)
    window = places(window_shape, [step[axis] for axis in axes.window])
    outer = indices.shape[:-1]
    shape = _result_shape(attributes["offset_dims"], window_shape, outer)
    inner, others = _interleaved(attributes["offset_dims"], len(shape))
    out = strides(shape)
    targets = places(window_shape, [out[axis] for axis in inner])
    data: Data = [0] * number_of(shape)
    begins = places(outer, [out[axis] for axis in others])
    starts = _starts(a, indices, axes, sizes, attributes["mode"] == "clip")
    for begin, start in zip(begins, starts, strict=True):
        if start is not None:
            for target, place in zip(targets, window, strict=True):
                data[begin + target] = a.data[start + place]
    return data


def _result_shape(dims: Sequence[int], window: Sequence[int], outer: Sequence[int]) -> list[int]:
    inner, rest = iter(window), iter(outer)
    return [next(inner) if i in dims else next(rest) for i in range(len(window) + len(outer))]


Update = tuple[int, int]  # place in the operand, place in the updates


def updates_of(attributes: Attributes, a: Array, indices: Array, updates: Array) -> list[Update]:
    """All that are not dropped, in C order of the updates."""
    axes = scatter_axes(attributes, a.type, indices.type)
    inner, others = _interleaved(attributes["update_window_dims"], len(updates.shape))
    window_shape = [updates.shape[axis] for axis in inner]
    sizes = [1] * len(a.shape)
    for axis, size in zip(axes.window, window_shape, strict=True):
        sizes[axis] = size
    step, out = strides(a.shape), strides(updates.shape)
    window = places(window_shape, [step[axis] for axis in axes.window])
    sources = places(window_shape, [out[axis] for axis in inner])
    begins = places(indices.shape[:-1], [out[axis] for axis in others])
    starts = _starts(a, indices, axes, sizes, attributes["mode"] == "clip")
    found = [
        (start + place, begin + source)
        for begin, start in zip(begins, starts, strict=True)
        if start is not None
        for place, source in zip(window, sources, strict=True)
    ]
    return sorted(found, key=lambda update: update[1])


Combine = Callable[[int, int], int | None]
_WITH: dict[str, Combine] = {"min": min, "max": max}


def _combine(kind: str, dtype: DType) -> Combine:
    if kind in _WITH:
        return _WITH[kind]
    if kind == "mul":
        return number.multiply if dtype.is_float else lambda x, y: wrap(x * y, dtype)
    return lambda x, y: x + y


def scatter(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, indices, new = operands
    dtype, kind = a.type.dtype, attributes["kind"]
    data = list(a.data)
    updates = updates_of(attributes, a, indices, new)
    combine = _combine(kind, dtype)
    for place, source in updates:
        x, y = data[place], new.data[source]
        if kind == "set":
            data[place] = y
        else:
            data[place] = None if x is None or y is None else combine(x, y)
    if kind == "add":
        for place in {place for place, _ in updates}:
            data[place] = _rounded(data[place], dtype)
    return data


def _rounded(x: int | None, dtype: DType) -> int | None:
    if x is None:
        return None
    return number.value(x) if dtype.is_float else wrap(x, dtype)


RULES: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    "gather": gather,
    "scatter": scatter,
}
