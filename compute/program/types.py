"""Types of a program's values: an element type and a static shape."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class DType(enum.Enum):
    """Element types.  The value is the code in the binary form."""

    F24 = 0  # the real numbers of docs/exact.md, and SATURATED
    BOOL = 1
    I8 = 2
    I16 = 3
    I32 = 4
    U8 = 5
    U16 = 6
    U32 = 7

    @property
    def is_float(self) -> bool:
        return self is DType.F24

    @property
    def is_integer(self) -> bool:
        return self not in (DType.F24, DType.BOOL)

    @property
    def is_signed(self) -> bool:
        return self in (DType.F24, DType.I8, DType.I16, DType.I32)

    @property
    def bits(self) -> int:
        """Number of bits of one element: 1 for BOOL, 32 for F24."""
        return _BITS[self]

    @property
    def bytes(self) -> int:
        """Width of one element in a constant and in memory."""
        return max(1, self.bits // 8)

    @property
    def least(self) -> int:
        """The smallest integer of an integer type; 0 for BOOL."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def greatest(self) -> int:
        """The largest integer of an integer type; 1 for BOOL."""
        return self.least + (1 << self.bits) - 1

    @property
    def numpy(self) -> str:
        """The NumPy name of the array that carries it between programs: F24 is float32."""
        return _NUMPY[self]


_BITS = {
    DType.F24: 32,
    DType.BOOL: 1,
    DType.I8: 8,
    DType.I16: 16,
    DType.I32: 32,
    DType.U8: 8,
    DType.U16: 16,
    DType.U32: 32,
}
_NUMPY = {
    DType.F24: "float32",
    DType.BOOL: "bool",
    DType.I8: "int8",
    DType.I16: "int16",
    DType.I32: "int32",
    DType.U8: "uint8",
    DType.U16: "uint16",
    DType.U32: "uint32",
}
BY_NUMPY = {name: dtype for dtype, name in _NUMPY.items()}


@dataclass(frozen=True)
class Type:
    """An element type and a shape; `()` is a scalar."""

    dtype: DType
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def bytes(self) -> int:
        """Size of the array that carries it between steps."""
        return self.size * self.dtype.bytes

    def __str__(self) -> str:
        return f"{self.dtype.name.lower()}[{','.join(map(str, self.shape))}]"
