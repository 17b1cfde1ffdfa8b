"""Reads words and names from a document; nothing is made before its bytes are there."""

from __future__ import annotations

import struct

from compute.program import limits
from compute.program.operation import ProgramError, require
from compute.program.types import DType, Type

_DTYPES = {dtype.value: dtype for dtype in DType}


class Reader:
    """The position in a document that is being read.  Every method raises ProgramError."""

    def __init__(self, document: bytes, position: int) -> None:
        self._document = document
        self._position = position
        self._known: dict[bytes, Type] = {}  # one object for each type that occurs
        self._entries = 0

    def bytes(self, count: int) -> bytes:
        require(count <= self._left(), "it ends within a field")
        self._position += count
        return self._document[self._position - count : self._position]

    def end(self) -> None:
        require(self._left() == 0, f"{self._left()} bytes follow its end")

    def u16(self) -> int:
        return int.from_bytes(self.bytes(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.bytes(4), "big")

    def signed(self) -> int:
        return int.from_bytes(self.bytes(4), "big", signed=True)

    def below(self, bound: int, what: str) -> int:
        """One byte below `bound`."""
        value = self.bytes(1)[0]
        require(value < bound, f"{what} is {value}")
        return value

    def count(self, bound: int, what: str) -> int:
        """A number of things that follow; whoever makes them reads each."""
        value = self.u32()
        require(value <= bound, f"{value} {what} are more than {bound}")
        return value

    def numbers(self, bound: int) -> tuple[int, ...]:
        count = self._enter(self.count(bound, "numbers"))
        return struct.unpack(f">{count}I", self.bytes(4 * count))

    def dtype(self) -> DType:
        return _DTYPES[self.below(len(_DTYPES), "an element type")]

    def type(self) -> Type:
        start = self._position
        dtype, rank = self.dtype(), self.below(limits.RANK + 1, "the number of axes")
        dims = self.bytes(4 * rank)
        key = self._document[start : self._position]
        if key not in self._known:
            self._known[key] = Type(dtype, struct.unpack(f">{rank}I", dims))
        return self._known[key]

    def types(self) -> tuple[Type, ...]:
        count = self._enter(self.count(limits.OPERANDS, "types"))
        return tuple(self.type() for _ in range(count))

    def name(self) -> str:
        data = self.bytes(self.count(limits.NAME_BYTES, "bytes of a name"))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise ProgramError("a name is not UTF-8") from None

    def _left(self) -> int:
        return len(self._document) - self._position

    def _enter(self, count: int) -> int:
        self._entries += count
        require(self._entries <= 2 * limits.ENTRIES, "values and operands are more than 2^20")
        return count
