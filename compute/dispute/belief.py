"""A player's belief: the losses of all examples, and the trace of any one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from compute.dispute.state import Evaluation
from compute.trace import step
from compute.trace.folds import State
from compute.trace.leaf import decode
from compute.trace.machine import Machine
from compute.trace.rows import COLUMN, CONSTANT, PARAMETER, Row, Rows
from compute.trace.run import Example, Run, Trace, trace
from compute.trace.tree import ZERO, Tree
from compute.trace.words import leaves


class Traced(Protocol):
    """The trace of one example.  `trap` is the (row, element) where it has no value, if any."""

    @property
    def tree(self) -> Tree: ...

    @property
    def trap(self) -> tuple[int, int] | None: ...

    def words(self, row: int) -> np.ndarray: ...

    def tree_of(self, row: int) -> Tree | None: ...

    def parts(self, row: int, element: int) -> Sequence[State]: ...


class Belief(Protocol):
    """A player's belief about a claim's checkpoint, data and program."""

    @property
    def rows(self) -> Rows: ...

    @property
    def evaluation(self) -> Evaluation: ...

    @property
    def losses(self) -> Sequence[int] | np.ndarray: ...

    def traced(self, example: int) -> Traced: ...

    def source(self, example: int, row: int, element: int) -> bytes: ...

    def header(self) -> Headers: ...


@dataclass(frozen=True)
class Headers:
    """The headers that bind a claim's roots: (root, the header's other word) of checkpoint and
    model; of the data: groups up, version, the tip before it, the header's last word."""

    checkpoint: tuple[bytes, bytes]
    model: tuple[bytes, bytes]
    data: tuple[int, int, bytes, bytes]


@dataclass(frozen=True)
class Computed:
    """A trace that a machine has computed; rows are computed again when they are disputed."""

    rows: Rows
    machine: Machine
    example: Example

    @cached_property
    def _trace(self) -> Trace:
        return trace(self.rows, self.machine, self.example)

    @cached_property
    def _held(self) -> dict[int, dict[int, np.ndarray]]:
        return {}

    @property
    def loss(self) -> int | None:
        return self._trace.loss

    @property
    def trap(self) -> tuple[int, int] | None:
        trap = self._trace.trap
        return None if trap is None else (trap.row, trap.element)

    @cached_property
    def tree(self) -> Tree:
        roots = list(self._trace.roots)
        padded = roots + [ZERO] * (len(self.rows.rows) - len(roots))
        return Tree(np.frombuffer(b"".join(padded), np.uint8).reshape(-1, 32))

    def words(self, row: int) -> np.ndarray:
        """Of a row; of the disputed row and those that it reads, which are computed at once."""
        for held in self._held.values():
            if row in held:
                return held[row]
        return self._around(row)[row]

    def _around(self, row: int) -> Mapping[int, np.ndarray]:
        if row not in self._held:
            self._held.clear()  # one row is disputed at a time
            self._held[row] = self._computed({row, *reads(self.rows.rows[row])})
        return self._held[row]

    def _computed(self, wanted: set[int]) -> dict[int, np.ndarray]:
        """Again from the start, without rows that do not lead there."""
        needed = set(wanted)
        for number in range(max(wanted), -1, -1):
            if number in needed:
                needed |= self.rows.rows[number].needs
        run = Run(self.rows, self.machine, self.example, wanted)
        for _ in run.words(sorted(needed)):
            pass
        return {number: run.held[number] for number in wanted if number in run.held}

    def tree_of(self, row: int) -> Tree | None:
        if self.trap is not None and row >= self.trap[0]:
            return None
        return Tree(leaves(self.words(row), self.rows.rows[row].dtype))

    def parts(self, row: int, element: int) -> Sequence[State]:
        held = self._around(row)
        return step.parts(self.rows.rows[row].leaf, element, lambda r, place: int(held[r][place]))


def reads(row: Row) -> set[int]:
    """The rows that a contract reads to judge an element."""
    if int.from_bytes(row.leaf[:4], "big") in (PARAMETER, COLUMN, CONSTANT):
        return set()
    return {operand.row for operand in decode(row.leaf).operands if operand.row is not None}
