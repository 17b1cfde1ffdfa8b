"""Rules that put the elements of axes, prefixes or windows together; sorting."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

from compute.oracle import elementary, number
from compute.oracle.array import (
    Array,
    Attributes,
    Data,
    flat,
    permuted,
    places,
    rows,
    strides,
    wrap,
)
from compute.oracle.number import LARGEST, ONE, Number
from compute.program.types import DType

Reduce = Callable[[Data, DType], Number]


def total(row: Data, dtype: DType) -> Number:
    """Exact, rounded once."""
    if not dtype.is_float:
        return wrap(sum(row), dtype)
    return None if None in row else number.value(sum(row))


def product(row: Data, dtype: DType) -> Number:
    """First to last, each product rounded."""
    found = prefix_products(row, dtype)
    return found[-1] if found else (ONE if dtype.is_float else 1)


def largest(row: Data, dtype: DType) -> Number:
    if None in row:
        return None
    return max(row, default=-LARGEST if dtype.is_float else dtype.least)


def smallest(row: Data, dtype: DType) -> Number:
    if None in row:
        return None
    return min(row, default=LARGEST if dtype.is_float else dtype.greatest)


def every(row: Data, dtype: DType) -> Number:
    return reduce(lambda x, y: x & y, row, wrap(-1, dtype))


def some(row: Data, dtype: DType) -> Number:
    return reduce(lambda x, y: x | y, row, 0)


def parity(row: Data, dtype: DType) -> Number:
    return reduce(lambda x, y: x ^ y, row, 0)


def along(array: Array, axes: Sequence[int]) -> list[Data]:
    """One row for each element of the other axes, the named ones in C order."""
    kept = [axis for axis in range(len(array.shape)) if axis not in axes]
    size = len(places([array.shape[a] for a in axes], [0] * len(axes)))
    count = len(places([array.shape[a] for a in kept], [0] * len(kept)))
    return rows(permuted(array, [*kept, *axes]), size, count)


def back(found: Iterable[Data], shape: Sequence[int], axis: int) -> Data:
    """Undoes `along` for one axis; `shape` is the result's."""
    order = [*(i for i in range(len(shape)) if i != axis), axis]
    step = strides([shape[i] for i in order])
    steps = [step[order.index(i)] for i in range(len(shape))]
    data = flat(found)
    return [data[place] for place in places(shape, steps)]


def reduction(function: Reduce) -> Callable[[Attributes, Sequence[Array]], Data]:
    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        (a,) = operands
        return [function(row, a.type.dtype) for row in along(a, attributes["axes"])]

    return rule


def argmax(attributes: Attributes, operands: Sequence[Array]) -> Data:
    return [row.index(max(row)) for row in along(operands[0], [attributes["axis"]])]


def argmin(attributes: Attributes, operands: Sequence[Array]) -> Data:
    return [row.index(min(row)) for row in along(operands[0], [attributes["axis"]])]


Prefix = Callable[[Data, DType], Data]


def prefix_sums(row: Data, dtype: DType) -> Data:
    """Every prefix is summed exactly and rounded once."""
    if not dtype.is_float:
        return [wrap(x, dtype) for x in itertools.accumulate(row)]
    known = row[: row.index(None)] if None in row else row
    sums: Data = [number.value(x) for x in itertools.accumulate(known)]
    return sums + [None] * (len(row) - len(known))


def running(function: Callable[[Number, Number], Number]) -> Prefix:
    def prefix(row: Data, dtype: DType) -> Data:
        return list(itertools.accumulate(row, function))

    return prefix


def prefix_products(row: Data, dtype: DType) -> Data:
    if dtype.is_float:
        return list(itertools.accumulate(row, number.multiply))
    return list(itertools.accumulate(row, lambda x, y: wrap(x * y, dtype)))


def log_add(y: Number, x: Number) -> Number:
    """log(exp(y) + exp(x)), every operation a value."""
    if x is None or y is None:
        return None
    distance = number.subtract(max(x, y), min(x, y))
    far = elementary.exp(None if distance is None else -distance)
    return number.add(max(x, y), elementary.log1p(far))


def prefix(function: Prefix) -> Callable[[Attributes, Sequence[Array]], Data]:
    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        (a,) = operands
        step = -1 if attributes["reverse"] else 1
        found = along(a, [attributes["axis"]])
        done = [function(row[::step], a.type.dtype)[::step] for row in found]
        return back(done, a.shape, attributes["axis"])

    return rule


def taps(size: int, window: int, stride: int, low: int, base: int, step: int, count: int) -> Places:
    """For each of `count` windows on one axis the element under each tap, or -1."""
    found = []
    for i in range(count):
        at = [i * stride + k * step - low for k in range(window)]
        found.append(
            [p // base if 0 <= p <= (size - 1) * base and p % base == 0 else -1 for p in at]
        )
    return found


Places = list[list[int]]


def all_taps(axes: Sequence[Places], steps: Sequence[int]) -> Places:
    """The same for several axes: windows and taps in C order; -1 where any axis has none."""
    found: Places = [[0]]
    for axis, step in zip(axes, steps, strict=True):
        found = [
            [p + i * step if p >= 0 and i >= 0 else -1 for p in window for i in taps_]
            for window in found
            for taps_ in axis
        ]
    return found


def window(function: Reduce) -> Callable[[Attributes, Sequence[Array]], Data]:
    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        (a,) = operands
        axes = [_window_axis(attributes, axis, size) for axis, size in enumerate(a.shape)]
        windows = all_taps(axes, strides(a.shape))
        return [function([a.data[p] for p in w if p >= 0], a.type.dtype) for w in windows]

    return rule


def _window_axis(attributes: Attributes, axis: int, size: int) -> Places:
    names = ("size", "strides", "base_dilation", "window_dilation")
    wide, stride, base, step = (attributes[name][axis] for name in names)
    low, high = attributes["padding"][axis]
    spare = ((size - 1) * base + 1 if size else 0) + low + high - ((wide - 1) * step + 1)
    return taps(size, wide, stride, low, base, step, spare // stride + 1 if spare >= 0 else 0)


def sort(attributes: Attributes, operands: Sequence[Array]) -> list[Data]:
    axis, keys = attributes["axis"], attributes["keys"]
    columns = [along(a, [axis]) for a in operands]
    done: list[list[Data]] = [[] for _ in operands]
    for group in zip(*columns, strict=True):
        order = sorted(range(len(group[0])), key=lambda i: tuple(row[i] for row in group[:keys]))
        for rows_, row in zip(done, group, strict=True):
            rows_.append([row[i] for i in order])
    return [back(r, operands[0].shape, axis) for r in done]


def top_k(attributes: Attributes, operands: Sequence[Array]) -> list[Data]:
    (a,) = operands
    values: Data = []
    indices: Data = []
    for row in along(a, [len(a.shape) - 1]):
        order = sorted(range(len(row)), key=lambda i: -row[i])[: attributes["k"]]
        values += [row[i] for i in order]
        indices += order
    return [values, indices]


RULES: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    "sum": reduction(total),
    "product": reduction(product),
    "maximum": reduction(largest),
    "minimum": reduction(smallest),
    "all": reduction(every),
    "any": reduction(some),
    "parity": reduction(parity),
    "argmax": argmax,
    "argmin": argmin,
    "cumsum": prefix(prefix_sums),
    "cumprod": prefix(prefix_products),
    "cummax": prefix(running(number.strict(max))),
    "cummin": prefix(running(number.strict(min))),
    "cumlogsumexp": prefix(running(log_add)),
    "window_sum": window(total),
    "window_max": window(largest),
    "window_min": window(smallest),
}
SEVERAL: dict[str, Callable[[Attributes, Sequence[Array]], list[Data]]] = {
    "sort": sort,
    "top_k": top_k,
}
