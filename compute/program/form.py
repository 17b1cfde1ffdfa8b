"""A step's result as index arithmetic: which elements of which operands make element e.

Contracts know programs in this form alone.  A result is *iterated*: its free axes index its
elements in C order, its bound axes the terms that are folded into one element, in C order.  Each
operand is read at an affine function of these coordinates; where that is not enough, *gauges* add
coordinates that can lie outside, and then the element is not there.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compute.program.types import DType, Type


class Code(enum.IntEnum):
    """The codes of what is done with the words read.  Element-wise operations keep their own
    code."""

    MOVE = 0x80  # the first operand that is there
    SCATTER = 0x88  # fold; parameter: position in the list of kinds
    SUM = 0xA0
    PRODUCT = 0xA1
    MAXIMUM = 0xA2
    MINIMUM = 0xA3
    ALL = 0xA4
    ANY = 0xA5
    PARITY = 0xA6
    ARGMAX = 0xA7
    ARGMIN = 0xA8
    ORDER = 0xB1  # fold: the index of the least keys above those of the element before
    TAKE = 0xB2  # a move that decides
    DOT = 0xC0  # fold of products; of the first operand, what is not there is zero


FOLDS = frozenset(Code) - {Code.MOVE, Code.TAKE}

WIDE = 8  # the element type of integers of 256 bits, which only losses have

# What a read reads, besides operands of the step and (after them) forms of the same step.
OWN = -1  # the form's own result: earlier elements of it
IMMEDIATE = -2  # nothing: the place itself is the word


class Along(NamedTuple):
    """A coefficient of one axis of the iteration."""

    axis: int
    coefficient: int


@dataclass(frozen=True)
class Index:
    """A word that moves a gauge: element `offset` further on than `read`'s, moved into 0 ... most.

    `subtract`: it counts negatively.  `strict`: there is nothing where the word had to be moved.
    """

    read: int
    offset: int
    most: int
    subtract: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Gauge:
    """p = sum of coefficient * coordinate - low, and the index; adds p / dilation * stride.

    The element is there if 0 <= p <= (size - 1) * dilation and dilation divides p.
    """

    axes: tuple[Along, ...]  # at most two
    size: int
    stride: int
    low: int = 0
    dilation: int = 1
    index: Index | None = None


@dataclass(frozen=True)
class Read:
    """Place = first + sum of stride * coordinate, one stride an axis, and what gauges add."""

    operand: int
    strides: tuple[int, ...]
    first: int = 0
    gauges: tuple[Gauge, ...] = ()


@dataclass(frozen=True)
class Form:
    """`reads`: the first `once` are read once for all terms, those from `data` on only as indices.

    Elements of the form's own result are read only where they come earlier.
    """

    code: int
    result: Type
    free: tuple[int, ...]
    bound: tuple[int, ...]
    reads: tuple[Read, ...]
    data: int
    once: int = 0
    parameter: int = 0
    wide: bool = False  # an integer of 256 bits, whatever `result` says

    @property
    def dtype(self) -> int:
        return WIDE if self.wide else self.result.dtype.value

    @property
    def is_fold(self) -> bool:
        return self.code in FOLDS

    @property
    def terms(self) -> int:
        return math.prod(self.bound)


@dataclass(frozen=True)
class Lowered:
    """The forms of a step, in order; `results` are the numbers of those that are its results."""

    forms: tuple[Form, ...]
    results: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """An operand: elements of a row from `first` on, or (row None) one word for all."""

    row: int | None
    elements: int
    dtype: int
    first: int = 0


NONE = 2**32 - 1


def encode(form: Form, sources: Sequence[Source]) -> bytes:
    """The row leaf: big-endian words of 32 bits.  One source for each of the form's reads.

    Raises OverflowError where a number has no place in 32 bits (the parameter: 64).
    """
    axes = (*form.free, *form.bound)
    words = [
        form.code,
        form.dtype,
        (form.parameter >> 32) & NONE,
        form.parameter & NONE,
        len(form.free),
        len(form.bound),
        len(form.reads),
        form.data,
        form.once,
        *axes,
    ]
    for read, source in zip(form.reads, sources, strict=True):
        words += _read(read, source, sources)
    return b"".join(map(_word, words))


def _word(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=value < 0)


def _read(read: Read, source: Source, sources: Sequence[Source]) -> list[int]:
    """Nothing moves within one word for all."""
    scale = int(source.row is not None or read.operand == IMMEDIATE)
    row = NONE if source.row is None else source.row
    words = [row, source.elements, source.dtype, source.first + scale * read.first]
    words += [len(read.gauges), *(scale * stride for stride in read.strides)]
    for gauge in read.gauges:
        words += _gauge(gauge, scale, sources)
    return words


def _gauge(gauge: Gauge, scale: int, sources: Sequence[Source]) -> list[int]:
    (a, by_a), (b, by_b) = (*gauge.axes, Along(0, 0), Along(0, 0))[:2]
    where = [a, by_a, b, by_b, gauge.low, gauge.dilation, gauge.size, scale * gauge.stride]
    index = gauge.index
    if index is None:
        return [*where, NONE, 0, 0, 0]
    source = sources[index.read]
    offset = 0 if source.row is None else index.offset
    flags = index.subtract | index.strict << 1 | DType(source.dtype).is_signed << 2
    return [*where, index.read, offset, index.most, flags]
