"""Which axes of a result carry positions, for the primitives that only move, choose or compare.

What constants hide is added for all of them in `provenance.hidden`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from compute.exact.provenance import alike, structure
from compute.exact.values import CONSTANT, Flags, Parameters, Value, union

AxesRule = Callable[[Parameters, Sequence[Value], tuple[int, ...]], Flags]


def elementwise(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as the operands."""
    return union(values, len(shape))


def _depends(values: Sequence[Value]) -> bool:
    return any(v.origin != CONSTANT for v in values)


def cautious(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Every axis is positional if any operand depends on anything."""
    return (_depends(values),) * len(shape)


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


def stack(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes of the operands around the new one, which carries positions unless all operands know
    the same: they may be the steps of a sequence, cut out one by one."""
    flags = list(union(values, len(shape) - 1))
    flags.insert(parameters["axis"], not alike(values))
    return tuple(flags)


def unstack(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes that are left."""
    return tuple(f for axis, f in enumerate(values[0].positional) if axis != parameters["axis"])


def concatenate(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as the operands; that along which they are joined as in `stack`."""
    flags = list(union(values, len(shape)))
    flags[parameters["dimension"]] |= not alike(values)
    return tuple(flags)


def pad(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes, and those that are padded: what is put there knows something else."""
    padded = [any(size > 0 for size in sizes) for sizes in parameters["padding_config"]]
    return _with(padded, values)


def windowed(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """As `pad`."""
    return _with([any(sizes) for sizes in parameters["padding"]], values)


def _with(joined: Sequence[bool], values: Sequence[Value]) -> Flags:
    depends = _depends(values)
    return tuple(f or (depends and j) for f, j in zip(values[0].positional, joined, strict=True))


def update(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Same axes as what is updated and what is put there, and those along which it is put."""
    operand, piece = values[:2]
    flags, other = union([operand, piece], len(shape)), not alike([operand, piece])
    smaller = [a != b for a, b in zip(piece.array.shape, shape, strict=True)]
    return tuple(f or (other and s) for f, s in zip(flags, smaller, strict=True))


def gather(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """From a table without secrets or structure (an embedding): the axes of the indices.  Else
    all axes."""
    table, indices = values
    if table.secret or any(table.positional):
        return cautious(parameters, values, shape)
    batch = iter(indices.positional[:-1])
    offsets = parameters["dimension_numbers"].offset_dims
    return tuple(axis not in offsets and next(batch) for axis in range(len(shape)))


def dot(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Batch axes, then the free axes of the first and of the second operand."""
    (contract_a, contract_b), (batch_a, batch_b) = parameters["dimension_numbers"]
    a, b = map(structure, values)
    shared = [a[i] or b[j] for i, j in zip(batch_a, batch_b, strict=True)]
    free_a = [f for i, f in enumerate(a) if i not in (*contract_a, *batch_a)]
    free_b = [f for i, f in enumerate(b) if i not in (*contract_b, *batch_b)]
    return (*shared, *free_a, *free_b)


def convolution(parameters: Parameters, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """Batch and spatial axes of the input, those that it pads or spreads, the output channels of
    the kernel; of a grouped one the channels of the input too."""
    names = parameters["dimension_numbers"]
    x, kernel = map(structure, values)
    flags = [False] * len(shape)
    flags[names.out_spec[0]] = x[names.lhs_spec[0]]
    for i, (source, target) in enumerate(zip(names.lhs_spec[2:], names.out_spec[2:], strict=True)):
        spread = any(parameters["padding"][i]) or parameters["lhs_dilation"][i] > 1
        flags[target] = x[source] or (spread and _depends(values))
    channels = parameters["feature_group_count"] > 1 and x[names.lhs_spec[1]]
    flags[names.out_spec[1]] = channels or kernel[names.rhs_spec[0]]
    return tuple(flags)
