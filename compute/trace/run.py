"""The trace of one example: the words of every row, made one row after another and let go when no
later row reads them; their roots stay."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute.program.form import WIDE
from compute.program.types import DType, Type
from compute.trace import step as judge
from compute.trace.machine import Machine, Trapped
from compute.trace.rows import (
    CLASS,
    NUMBER,
    Column,
    Constant,
    Layout,
    Loss,
    Parameter,
    Row,
    Rows,
    Value,
)
from compute.trace.tree import ZERO, Tree
from compute.trace.unroller import constant_words
from compute.trace.words import canonical, top


@dataclass(frozen=True)
class Example:
    """float32 parameters by name, and the columns of one example as arrays of integers."""

    parameters: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trap:
    """The row and the element at which an example has no loss."""

    row: int
    element: int


@dataclass(frozen=True)
class Trace:
    """The roots of all rows, up to the one that traps.  `loss` is None if the example has none."""

    roots: tuple[bytes, ...]
    depth: int
    trap: Trap | None

    @property
    def loss(self) -> int | None:
        return None if self.trap else int.from_bytes(self.roots[-1], "big")

    @cached_property
    def tree(self) -> Tree:
        """The tree over the rows' roots; its top is what a trainer commits to."""
        rows = [*self.roots, *[ZERO] * (1 - len(self.roots))]
        return Tree(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32))


def trace(rows: Rows, machine: Machine, example: Example) -> Trace:
    """Of one example, in memory for the rows that are still to be read."""
    roots: list[bytes] = []
    run = Run(rows, machine, example)
    for row, words in run.words(range(len(rows.rows))):
        roots.append(top(words, row.dtype))
    return Trace(tuple(roots), rows.depth, run.trap)


def around(rows: Rows, machine: Machine, example: Example, number: int) -> dict[int, np.ndarray]:
    """The words of a row and of the rows that it reads, which is all that a dispute of one of its
    elements needs; computed again from the start, without rows that do not lead there.

    A row that traps has no words.
    """
    wanted = rows.rows[number].needs | {number}
    run = Run(rows, machine, example, wanted)
    for _ in run.words(_ancestors(rows, number)):
        pass
    return {n: run.held[n] for n in wanted if n in run.held}


def _ancestors(rows: Rows, number: int) -> list[int]:
    """The rows that a row is made of, in order, and itself."""
    found = {number}
    for n in range(number, -1, -1):
        if n in found:
            found |= rows.rows[n].needs
    return sorted(found)


class Run:
    """One example on its way.  `held` has the words that are still needed; `trap` says where it
    ended if it did."""

    def __init__(
        self, rows: Rows, machine: Machine, example: Example, kept: Collection[int] = ()
    ) -> None:
        self.held: dict[int, np.ndarray] = {}
        self.trap: Trap | None = None
        self._rows, self._machine, self._example = rows, machine, example
        self._kept = kept

    def words(self, numbers: Collection[int]) -> Iterator[tuple[Row, np.ndarray]]:
        """Those of the rows `numbers`, ascending; all that each is made of are among them."""
        last = {need: n for n in numbers for need in self._rows.rows[n].needs}
        for number in numbers:
            row = self._rows.rows[number]
            try:
                self.held[number] = self._compute(row)
            except Trapped as error:
                self.trap = Trap(number, self._where(row, error))
                return
            yield row, self.held[number]
            for n in {number, *row.needs}:
                if last.get(n, number) == number and n not in self._kept:
                    del self.held[n]

    def _compute(self, row: Row) -> np.ndarray:
        made = row.made
        if isinstance(made, Parameter):
            given = np.ascontiguousarray(self._example.parameters[made.name], np.float32)
            return canonical(given.reshape(-1).view(np.uint32))
        if isinstance(made, Column):
            return column_words(self._example.columns[made.name], made.mode, row.kind)
        if isinstance(made, Constant):
            return constant_words(row.kind, made.data)
        if isinstance(made, Layout):
            return self._machine.layout(made, self._from_first(row.operands[0]), row.kind)
        operands = [self.given(value) for value in row.operands]
        if isinstance(made, Loss):
            return self._machine.loss(made, operands, row.kind)
        return self._machine.result(made, operands, [value.kind for value in row.operands])

    def _from_first(self, value: Value) -> np.ndarray:
        return self.held[value.source.row or 0][value.source.first :]

    def given(self, value: Value) -> np.ndarray:
        """The words of an operand, as long as its rows are held."""
        source, size = value.source, value.kind.size
        if source.row is None:
            return np.full(size, source.first, np.int64 if source.dtype == WIDE else np.uint32)
        return self._from_first(value)[:size]

    def _where(self, row: Row, error: Trapped) -> int:
        """The first element that no rule gives: the machine's word, or the judge's."""
        if error.element is not None:
            return error.element
        read = self.reader()
        return next(e for e in range(row.elements) if judge.word(row.leaf, e, read) == judge.NONE)

    def reader(self) -> judge.Read:
        """Single words of the rows that are held, for the judge."""
        return lambda row, place: int(self.held[row][place])


def column_words(column: np.ndarray, mode: int, kind: Type) -> np.ndarray:
    """A column of one example as words of the row that shows it."""
    flat = np.asarray(column).reshape(-1)
    if mode > CLASS:
        with np.errstate(over="ignore"):
            scaled = flat.astype(np.float32) * np.float32(2.0 ** (mode - NUMBER))
        return canonical(scaled.view(np.uint32))
    if mode == CLASS:
        small = (flat >= 0) & (flat < 1 << 31)
        return np.where(small, flat.astype(np.int64), -1).astype(np.uint32)
    if kind.dtype is DType.F24:
        return canonical(flat.astype(np.float32).view(np.uint32))
    return flat.astype(np.int64).astype(np.uint32)
