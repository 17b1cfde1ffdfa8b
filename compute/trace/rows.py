"""Rows: a program and its loss as one list of arrays, each made of earlier ones, and their root.

leaf(i)     keccak256(row i in its binary form), zeros beyond the last
rows_root   keccak256(number of rows as uint256 || top of the tree over the leaves)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute.program.form import Source
from compute.program.program import Step
from compute.program.types import Type
from compute.trace.keccak import keccak
from compute.trace.tree import Tree, depth_of
from compute.trace.words import leaves_of

MOST_ROWS = 1 << 15
MOST_ELEMENTS = 1 << 36  # of all rows together
MOST_LEAF_BYTES = 4096
MOST_EXAMPLE_BYTES = 16_384
MOST_PROOF = 256  # words that open what a step reads
MOST_WORDS = 64  # that a step reads

CONSTANT, PARAMETER, COLUMN = 0x01, 0x10, 0x11
EXP_DISTANCE, POSITION, COUNTED, MEAN, SQUARE, SOFTPLUS = range(0x100, 0x106)
CLASS, NUMBER = 1, 256  # how a column is read, see `Column`


class NotRefereed(ValueError):
    """No contract can judge this program; the message says why."""


@dataclass(frozen=True)
class Value:
    """Elements of a row, `source.first` being the first, or one word everywhere, as an array."""

    source: Source
    kind: Type

    def seen_as(self, kind: Type) -> Value:
        """The same elements in another shape."""
        return Value(self.source, kind)


@dataclass(frozen=True)
class Parameter:
    """`first` is the number of its first leaf under params_root."""

    name: str
    first: int


@dataclass(frozen=True)
class Column:
    """mode 0: integers modulo 2**32; CLASS: -1 unless 0 <= x < 2**31; NUMBER + s: x * 2**s."""

    name: str
    mode: int


@dataclass(frozen=True)
class Constant:
    """Little-endian elements."""

    data: bytes


@dataclass(frozen=True)
class Result:
    """Result `number` of a step of the program."""

    step: Step
    number: int


@dataclass(frozen=True)
class Layout:
    """The operand's elements at first + sum of stride * coordinate."""

    strides: tuple[int, ...]


@dataclass(frozen=True)
class Loss:
    """One of the codes of losses, or the sum over the last axis of wide elements."""

    code: int
    parameter: int


Made = Parameter | Column | Constant | Result | Layout | Loss


@dataclass(frozen=True)
class Row:
    """`leaf` is its binary form; `made` and `operands` say how it is computed.  `needs` are the
    rows before it that it is computed from, or that the leaf names."""

    leaf: bytes
    kind: Type
    dtype: int  # that of `kind`, or WIDE
    made: Made
    operands: tuple[Value, ...]
    needs: frozenset[int]

    @property
    def elements(self) -> int:
        return self.kind.size

    @property
    def leaves(self) -> int:
        return leaves_of(self.elements, self.dtype)

    @property
    def depth(self) -> int:
        """Of the tree over its leaves."""
        return depth_of(self.leaves)


@dataclass(frozen=True)
class Rows:
    """All rows; the last has one element, the loss.  `outputs` are the results of main."""

    rows: tuple[Row, ...]
    outputs: tuple[Value, ...]

    @cached_property
    def root(self) -> bytes:
        """rows_root, 32 bytes, which a claim commits to."""
        return keccak(len(self.rows).to_bytes(32, "big") + self.tree.top)

    @cached_property
    def tree(self) -> Tree:
        """The tree that `root` is over, to open it."""
        leaves = b"".join(keccak(row.leaf) for row in self.rows)
        return Tree(np.frombuffer(leaves, np.uint8).reshape(-1, 32))

    @property
    def depth(self) -> int:
        """Of the tree over all rows, and of the tree over the roots of a trace."""
        return depth_of(len(self.rows))
