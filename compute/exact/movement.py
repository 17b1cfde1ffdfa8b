"""Which axes of a result carry positions, for the primitives that only move, choose or compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from compute.exact.values import Parameters, Value, union

Flags = tuple[bool, ...]
AxesRule = Callable[[Parameters, Sequence[Value], tuple[int, ...]], Flags]


def elementwise(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as the operands."""
    return union(values, len(shape))


def cautious(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Every axis is positional if any axis of any operand is."""
    return (any(any(v.positional) for v in values),) * len(shape)


def first(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as the first operand."""
    return values[0].positional


def reduced(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes that are left."""
    flags = values[0].positional
    return tuple(f for axis, f in enumerate(flags) if axis not in parameters["axes"])


def broadcast(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """New axes carry no positions."""
    flags = [False] * len(shape)
    x = values[0]
    for axis, target in enumerate(parameters["broadcast_dimensions"]):
        flags[target] = x.positional[axis] and x.array.shape[axis] == shape[target]
    return tuple(flags)


def reshape(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Axes are split and merged in the smallest groups of equal size; a group with a positional
    axis makes all its results positional."""
    old, flags = values[0].array.shape, values[0].positional
    if math.prod(shape) == 0:
        return cautious(parameters, values, shape)
    result: list[bool] = []
    i = 0
    while len(result) < len(shape):
        start, j = i, len(result) + 1
        size_old, size_new = 1, shape[len(result)]
        while size_old != size_new:
            if size_old < size_new:
                size_old, i = size_old * old[i], i + 1
            else:
                size_new, j = size_new * shape[j], j + 1
        result += [any(flags[start:i])] * (j - len(result))
    return tuple(result)


def transpose(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes in their new order."""
    return tuple(values[0].positional[axis] for axis in parameters["permutation"])


def squeeze(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes that are left."""
    dropped = parameters["dimensions"]
    return tuple(f for axis, f in enumerate(values[0].positional) if axis not in dropped)


def expand(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """New axes carry no positions."""
    old = iter(values[0].positional)
    return tuple(axis not in parameters["dimensions"] and next(old) for axis in range(len(shape)))


def _any(values: Sequence[Value]) -> bool:
    return any(any(v.positional) for v in values)


def stack(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes of the operands around the new one, which carries positions if any axis of any
    operand does: they may be the steps of a sequence, cut out one by one."""
    flags = list(union(values, len(shape) - 1))
    flags.insert(parameters["axis"], _any(values))
    return tuple(flags)


def concatenate(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as the operands; pieces of size one are joined as `stack` does."""
    flags, axis = list(union(values, len(shape))), parameters["dimension"]
    if shape[axis] == len(values) > 1:
        flags[axis] = _any(values)
    return tuple(flags)


def update(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as what is updated and what is put there, and those along which it is put."""
    operand, piece = values[:2]
    flags, tracked = union([operand, piece], len(shape)), any(piece.positional)
    smaller = [a != b for a, b in zip(piece.array.shape, shape, strict=True)]
    return tuple(f or (tracked and s) for f, s in zip(flags, smaller, strict=True))


def gather(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """From a table without positions (an embedding): the axes of the indices.  Else all axes."""
    table, indices = values
    if any(table.positional):
        return cautious(parameters, values, shape)
    batch = iter(indices.positional[:-1])
    offsets = parameters["dimension_numbers"].offset_dims
    return tuple(axis not in offsets and next(batch) for axis in range(len(shape)))


def dot(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Batch axes, then the free axes of the first and of the second operand."""
    (contract_a, contract_b), (batch_a, batch_b) = parameters["dimension_numbers"]
    a, b = (v.positional for v in values)
    shared = [a[i] or b[j] for i, j in zip(batch_a, batch_b, strict=True)]
    free_a = [f for i, f in enumerate(a) if i not in (*contract_a, *batch_a)]
    free_b = [f for i, f in enumerate(b) if i not in (*contract_b, *batch_b)]
    return (*shared, *free_a, *free_b)


def convolution(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Batch and spatial axes of the input; channels carry no positions."""
    names = parameters["dimension_numbers"]
    flags = [False] * len(shape)
    flags[names.out_spec[0]] = values[0].positional[names.lhs_spec[0]]
    for source, target in zip(names.lhs_spec[2:], names.out_spec[2:], strict=True):
        flags[target] = values[0].positional[source]
    return tuple(flags)
