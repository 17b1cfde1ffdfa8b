"""Reads a row's binary form back: what a contract sees of it, for the judge."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from compute.program.form import FOLDS, NONE, WIDE, Code
from compute.trace.tree import depth_of
from compute.trace.words import leaves_of, per_leaf

CHUNK = 8  # terms of a fold that are one step: as many f24 as a tree leaf holds
_FEW = 4  # rows whose roots the judge remembers
Place = int | None


@dataclass(frozen=True)
class Gauge:
    """As `form.Gauge`; `index` is the number of the operand that moves it, or None."""

    axes: tuple[tuple[int, int], tuple[int, int]]
    low: int
    dilation: int
    size: int
    stride: int
    index: int | None
    offset: int
    most: int
    subtract: bool
    strict: bool

    def place(self, coordinates: Sequence[int], word: int | None) -> Place:
        """Return what it adds; None if nothing is there.  `word` is the index as an integer."""
        p = sum(coordinates[axis] * by for axis, by in self.axes if by) - self.low
        if word is not None:
            moved = max(0, min(self.most, word))
            if self.strict and moved != word:
                return None
            p += -moved if self.subtract else moved
        inside = 0 <= p <= (self.size - 1) * self.dilation and p % self.dilation == 0
        return p // self.dilation * self.stride if inside else None


@dataclass(frozen=True)
class Operand:
    """`row` is None for an immediate: the place is the word."""

    row: int | None
    elements: int
    dtype: int
    first: int
    strides: tuple[int, ...]
    gauges: tuple[Gauge, ...]

    def place(self, coordinates: Sequence[int], indices: Mapping[tuple[int, int], int]) -> Place:
        """`indices` by (operand, offset)."""
        found = self.first + sum(i * s for i, s in zip(coordinates, self.strides, strict=True))
        for gauge in self.gauges:
            word = None if gauge.index is None else indices[gauge.index, gauge.offset]
            more = gauge.place(coordinates, word)
            if more is None:
                return None
            found += more
        return found


@dataclass(frozen=True)
class Leaf:
    """The fields of a row that is a form; see docs/formats.md."""

    code: int
    dtype: int
    parameter: int
    free: tuple[int, ...]
    bound: tuple[int, ...]
    data: int
    once: int
    operands: tuple[Operand, ...]

    @property
    def is_fold(self) -> bool:
        return self.code in FOLDS

    @property
    def wide(self) -> bool:
        return self.dtype == WIDE

    @property
    def terms(self) -> int:
        return math.prod(self.bound)

    @property
    def elements(self) -> int:
        return math.prod(self.free)

    @property
    def chunks(self) -> int:
        """Of a fold, at least one."""
        return max(1, -(-self.terms // CHUNK))

    def longest_proof(self, depth: int) -> int:
        """The most words that open what an element, or a chunk of its terms, reads; `depth` is that
        of the tree over the rows.  A move reads one of its operands, the first that is there."""
        rows = [(n, o.row) for n, o in enumerate(self.operands)]
        opened = [0 if row is None else self._opened(n, depth) for n, row in rows]
        data, indices = opened[: self.data], opened[self.data :]
        return (max(data, default=0) if self.code == Code.MOVE else sum(data)) + sum(indices)

    @property
    def most_words(self) -> int:
        """The most words that it reads at a time: the operands, or before them their indices."""
        terms = min(CHUNK, max(1, self.terms)) if self.is_fold else 1
        data = self.once + terms * (self.data - self.once)
        moved = [sum(g.index is not None for g in o.gauges) for o in self.operands]
        indices = sum(moved[: self.once]) + terms * sum(moved[self.once : self.data])
        return max(data, indices)

    def _opened(self, number: int, depth: int) -> int:
        """Words of the openings of one operand: one, where terms are neighbours.  Openings of few
        rows by turns show once where a row is in the trace."""
        operand = self.operands[number]
        terms = 1 if number < self.once or not self.is_fold else min(CHUNK, max(1, self.terms))
        inside = depth_of(leaves_of(operand.elements, operand.dtype))
        if operand.gauges or not self._in_a_row(operand):
            few = self.data <= _FEW or number >= self.data
            return terms * (2 + inside) + (1 if few else terms) * depth
        leaves = min(terms, 2 + terms // per_leaf(operand.dtype))
        return 1 + leaves + 2 * inside + depth

    def _in_a_row(self, operand: Operand) -> bool:
        """Does a term stand where the one before does, or next to it?"""
        strides, size = operand.strides[len(self.free) :], 1
        found = []
        for stride, length in zip(reversed(strides), reversed(self.bound), strict=True):
            found.append(length == 1 or stride == size)
            size *= length
        return all(found) or not any(strides)

    def coordinates(self, element: int, term: int = 0) -> list[int]:
        return [*_index(element, self.free), *_index(term, self.bound)]


def _index(flat: int, shape: Sequence[int]) -> list[int]:
    found = []
    for size in reversed(shape):
        found.append(flat % size if size else 0)
        flat = flat // size if size else 0
    return found[::-1]


@lru_cache(maxsize=64)
def decode(leaf: bytes) -> Leaf:
    """Of a row that `form.encode` wrote."""
    words = iter(struct.unpack(f">{len(leaf) // 4}I", leaf))
    code, dtype, high, low, free, bound, operands, data, once = (next(words) for _ in range(9))
    sizes = tuple(next(words) for _ in range(free + bound))
    parameter = _signed(high << 32 | low, 64)
    read = tuple(_operand(words, free + bound) for _ in range(operands))
    return Leaf(code, dtype, parameter, sizes[:free], sizes[free:], data, once, read)


def _signed(word: int, bits: int = 32) -> int:
    return (word ^ 1 << bits - 1) - (1 << bits - 1)


def _operand(words: Iterator[int], axes: int) -> Operand:
    row, elements, dtype, first, gauges = (next(words) for _ in range(5))
    strides = tuple(_signed(next(words)) for _ in range(axes))
    found = tuple(_gauge(words) for _ in range(gauges))
    return Operand(None if row == NONE else row, elements, dtype, first, strides, found)


def _gauge(words: Iterator[int]) -> Gauge:
    a, by_a, b, by_b, low, dilation, size, stride = (next(words) for _ in range(8))
    index, offset, most, flags = (next(words) for _ in range(4))
    along = ((a, _signed(by_a)), (b, _signed(by_b)))
    moved = None if index == NONE else index
    return Gauge(
        along, _signed(low), dilation, size, _signed(stride), moved, offset, _signed(most),
        bool(flags & 1), bool(flags & 2),
    )  # fmt: skip
