"""Arrays of the oracle: a type and its elements in C order.

F24 elements are `Number`, integers are themselves, BOOL is 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compute.oracle.number import from_pattern, to_pattern
from compute.program.types import DType, Type

Data = list[Any]  # of int | None
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Array:
    type: Type
    data: Data

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape


def from_bytes(kind: Type, data: bytes) -> Array:
    """Little-endian elements in C order, or one for all; F24 as float32 patterns."""
    dtype, width = kind.dtype, kind.dtype.bytes
    signed = dtype.is_integer and dtype.is_signed
    words = [
        int.from_bytes(data[i : i + width], "little", signed=signed)
        for i in range(0, len(data), width)
    ]
    elements: Data = [from_pattern(w) for w in words] if dtype.is_float else list(words)
    if kind.size and len(elements) == 1:
        elements *= kind.size
    if len(elements) != kind.size:
        raise ValueError(f"{len(data)} bytes are not the elements of {kind}")
    return Array(kind, elements)


def to_bytes(array: Array) -> bytes:
    """The inverse; SATURATED is the pattern 0x7FC00000."""
    dtype = array.type.dtype
    words = map(to_pattern, array.data) if dtype.is_float else array.data
    signed = dtype.is_integer and dtype.is_signed
    return b"".join(w.to_bytes(dtype.bytes, "little", signed=signed) for w in words)


def wrap(n: int, dtype: DType) -> int:
    """Two's complement."""
    return ((n - dtype.least) & ((1 << dtype.bits) - 1)) + dtype.least


def strides(shape: Sequence[int]) -> list[int]:
    """Of C order, in elements."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def places(shape: Sequence[int], steps: Sequence[int], start: int = 0) -> list[int]:
    """start + sum(i * step) for all indices i below `shape`, in C order."""
    found = [start]
    for size, step in zip(shape, steps, strict=True):
        found = [place + i * step for place in found for i in range(size)]
    return found


def view(array: Array, shape: Sequence[int], steps: Sequence[int], start: int = 0) -> Data:
    data = array.data
    return [data[place] for place in places(shape, steps, start)]


def permuted(array: Array, axes: Sequence[int]) -> Data:
    """The elements with the axes in another order."""
    step = strides(array.shape)
    return view(array, [array.shape[a] for a in axes], [step[a] for a in axes])


def rows(data: Data, size: int, count: int) -> list[Data]:
    """`count` rows of `size` elements."""
    return [data[i * size : (i + 1) * size] for i in range(count)]


def flat(parts: Iterable[Data]) -> Data:
    return [x for part in parts for x in part]
