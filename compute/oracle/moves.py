"""Rules that move elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compute.oracle import number
from compute.oracle.array import Array, Attributes, Data, places, strides, view, wrap
from compute.oracle.array import from_bytes as array_from_bytes


def constant(attributes: Attributes, operands: Sequence[Array]) -> Data:
    value = attributes["value"]
    return array_from_bytes(value.type, value.data).data


def iota(attributes: Attributes, operands: Sequence[Array]) -> Data:
    dtype, shape, axis = (attributes[name] for name in ("dtype", "shape", "axis"))
    counts = places(shape, [int(i == axis) for i in range(len(shape))])
    if dtype.is_float:
        return [number.value(n << number.POINT) for n in counts]
    return [wrap(n, dtype) for n in counts]


def broadcast(attributes: Attributes, operands: Sequence[Array]) -> Data:
    (a,) = operands
    steps = [0] * len(attributes["shape"])
    for axis, size, step in zip(attributes["axes"], a.shape, strides(a.shape), strict=True):
        steps[axis] = step if size > 1 else 0
    return view(a, attributes["shape"], steps)


def unchanged(attributes: Attributes, operands: Sequence[Array]) -> Data:
    return operands[0].data


def transpose(attributes: Attributes, operands: Sequence[Array]) -> Data:
    (a,) = operands
    step = strides(a.shape)
    order = attributes["permutation"]
    return view(a, [a.shape[i] for i in order], [step[i] for i in order])


def slice_(attributes: Attributes, operands: Sequence[Array]) -> Data:
    (a,) = operands
    start, stop, stride = (attributes[name] for name in ("start", "stop", "stride"))
    step = strides(a.shape)
    shape = [-(-(b - a) // s) for a, b, s in zip(start, stop, stride, strict=True)]
    first = sum(i * s for i, s in zip(start, step, strict=True))
    return view(a, shape, [s * t for s, t in zip(step, stride, strict=True)], first)


def pad(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, value = operands
    places_in: list[int] = [0]
    # per axis of the result, the index of the operand or -1; then all axes together
    for size, step, (low, high, interior) in zip(
        a.shape, strides(a.shape), attributes["widths"], strict=True
    ):
        full = low + high + (size + (size - 1) * interior if size else 0)
        from_ = [_source(i - low, size, interior + 1) for i in range(full)]
        places_in = [
            place + i * step if place >= 0 and i >= 0 else -1 for place in places_in for i in from_
        ]
    return [a.data[place] if place >= 0 else value.data[0] for place in places_in]


def _source(position: int, size: int, dilation: int) -> int:
    """The element at a position of a dilated axis, or -1."""
    inside = position >= 0 and position % dilation == 0 and position // dilation < size
    return position // dilation if inside else -1


def concatenate(attributes: Attributes, operands: Sequence[Array]) -> Data:
    axis = attributes["axis"]
    inner = [strides(a.shape)[axis] * a.shape[axis] for a in operands]
    outer = operands[0].shape[:axis]
    return [
        x
        for block in places(outer, strides(outer))
        for a, size in zip(operands, inner, strict=True)
        for x in a.data[block * size : (block + 1) * size]
    ]


def reverse(attributes: Attributes, operands: Sequence[Array]) -> Data:
    (a,) = operands
    steps = strides(a.shape)
    start = 0
    if 0 in a.shape:
        return []
    for axis in attributes["axes"]:
        start += steps[axis] * (a.shape[axis] - 1)
        steps[axis] = -steps[axis]
    return view(a, a.shape, steps, start)


def clamped_start(a: Array, starts: Sequence[Array], sizes: Sequence[int]) -> int:
    """Clamp the start of a window so that it lies in the array."""
    first = 0
    for start, size, available, step in zip(starts, sizes, a.shape, strides(a.shape), strict=True):
        first += max(0, min(available - size, start.data[0])) * step
    return first


def dynamic_slice(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, *starts = operands
    sizes = attributes["sizes"]
    return view(a, sizes, strides(a.shape), clamped_start(a, starts, sizes))


def dynamic_update_slice(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, update, *starts = operands
    data = list(a.data)
    first = clamped_start(a, starts, update.shape)
    for place, x in zip(places(update.shape, strides(a.shape), first), update.data, strict=True):
        data[place] = x
    return data


RULES: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    "constant": constant,
    "iota": iota,
    "broadcast": broadcast,
    "reshape": unchanged,
    "stop_gradient": unchanged,
    "transpose": transpose,
    "slice": slice_,
    "pad": pad,
    "concatenate": concatenate,
    "reverse": reverse,
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice,
}
