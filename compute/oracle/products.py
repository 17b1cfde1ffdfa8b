"""Sums of products: exact, rounded once to 21 bits; integers wrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

from compute.oracle.array import Array, Attributes, Data, permuted, rows, strides, wrap
from compute.oracle.number import Number, product_sum
from compute.oracle.reductions import Places, all_taps, taps
from compute.program.types import DType


def inner(a: Data, b: Data, dtype: DType) -> Number:
    """Both rows are free of SATURATED."""
    exact = sum(map(mul, a, b))
    return product_sum(exact) if dtype.is_float else wrap(exact, dtype)


def outer(left: list[Data], right: list[Data], dtype: DType) -> Data:
    """Every row with every row; one SATURATED term saturates its outputs, whatever the factor."""
    bad = [None in row for row in right]
    found: Data = []
    for a in left:
        if None in a:
            found += [None] * len(right)
        else:
            found += [None if bad[i] else inner(a, b, dtype) for i, b in enumerate(right)]
    return found


def dot(attributes: Attributes, operands: Sequence[Array]) -> Data:
    a, b = operands
    depth = math.prod(a.shape[i] for i in attributes["contract_a"])
    batch = math.prod(a.shape[i] for i in attributes["batch_a"])
    left = _matrices(a, attributes["batch_a"], attributes["contract_a"], batch, depth)
    right = _matrices(b, attributes["batch_b"], attributes["contract_b"], batch, depth)
    pairs = zip(left, right, strict=True)
    return [x for m, n in pairs for x in outer(m, n, a.type.dtype)]


def _matrices(
    a: Array, batch: Sequence[int], contract: Sequence[int], count: int, depth: int
) -> list[list[Data]]:
    """[batch][free][contracted]."""
    free = [i for i in range(len(a.shape)) if i not in batch and i not in contract]
    height = math.prod(a.shape[i] for i in free)
    data = permuted(a, [*batch, *free, *contract])
    return [rows(m, depth, height) for m in rows(data, height * depth, count)]


def convolution(attributes: Attributes, operands: Sequence[Array]) -> Data:
    """Patches with zeros for padding, one row for each place; then dot with the kernel's columns.

    The zeros are terms: times SATURATED they saturate.
    """
    image, kernel = operands
    groups, dtype = attributes["groups"], image.type.dtype
    count = image.shape[0]
    wide, each = kernel.shape[-2], kernel.shape[-1] // groups
    windows = all_windows(attributes, image, kernel)
    depth = math.prod(kernel.shape[:-1])
    columns = rows(
        permuted(kernel, [kernel.type.rank - 1, *range(kernel.type.rank - 1)]), depth, groups * each
    )
    size = math.prod(image.shape[1:])
    found: Data = []
    for n in range(count):
        for window in windows:
            for g in range(groups):
                row = patch(image.data, n * size + g * wide, window, wide, 0)
                found += outer([row], columns[g * each : (g + 1) * each], dtype)
    return found


def patch(data: Data, start: int, window: list[int], wide: int, zero: Any) -> Data:
    """The channels under each tap, zeros where there is none."""
    found: Data = []
    for place in window:
        found += data[start + place : start + place + wide] if place >= 0 else [zero] * wide
    return found


def all_windows(attributes: Attributes, image: Array, kernel: Array) -> Places:
    """For each place of the result the image's places under the kernel's taps, without channels."""
    return all_taps(_spatial(attributes, image, kernel), strides(image.shape)[1:-1])


def _spatial(attributes: Attributes, image: Array, kernel: Array) -> list[Places]:
    found = []
    for axis, size in enumerate(image.shape[1:-1]):
        names = ("strides", "input_dilation", "kernel_dilation")
        stride, base, step = (attributes[name][axis] for name in names)
        low, high = attributes["padding"][axis]
        wide = kernel.shape[axis]
        spare = ((size - 1) * base + 1 if size else 0) + low + high - ((wide - 1) * step + 1)
        outputs = spare // stride + 1 if spare >= 0 else 0
        found.append(taps(size, wide, stride, low, base, step, outputs))
    return found


RULES: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    "dot": dot,
    "convolution": convolution,
}
