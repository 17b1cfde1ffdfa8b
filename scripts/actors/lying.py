"""What a liar holds to be true: every loss is half of what it is, by one false product."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from compute.dispute.belief import Computed
from compute.dispute.state import Evaluation
from compute.exact import merkle_top
from compute.judging.belief import Published
from compute.oracle.number import POINT, from_pattern
from compute.program.form import Code
from compute.trace.folds import State, split
from compute.trace.tree import Tree
from compute.trace.words import leaves

CHANGED = 8  # the bit of the product that is false: a small lie


class FalseTrace:
    """The trace of one example, but for the first element of its first inner products, and for the
    loss, which does not follow from it."""

    trap = None

    def __init__(self, truth: Computed, loss: int) -> None:
        rows = truth.rows.rows
        row = next(n for n, row in enumerate(rows) if row.leaf[3] == Code.DOT)
        self._truth, self._row = truth, row
        self._word = int(truth.words(row)[0]) ^ CHANGED
        self._false = {row: self._word, len(rows) - 1: loss}

    def words(self, row: int) -> np.ndarray:
        found = np.array(self._truth.words(row))
        if row in self._false:
            found = found.astype(object)
            found[0] = self._false[row]
        return found

    def tree_of(self, row: int) -> Tree:
        return Tree(leaves(self.words(row), self._truth.rows.rows[row].dtype))

    @cached_property
    def tree(self) -> Tree:
        roots = [self._truth.tree.node(0, n) for n in range(len(self._truth.rows.rows))]
        for row in self._false:
            roots[row] = self.tree_of(row).top
        return Tree(np.frombuffer(b"".join(roots), np.uint8).reshape(-1, 32))

    def parts(self, row: int, element: int) -> Sequence[State]:
        """Partial sums that are true up to the last, which makes the false word."""
        states, number = self._truth.parts(row, element), from_pattern(self._word)
        assert number is not None
        return [*states[:-1], split(number << POINT)]


class Lying:
    """`truth`, with half of each loss."""

    def __init__(self, truth: Published) -> None:
        self._truth, self.losses = truth, truth.losses // 2
        self.traced = lru_cache(maxsize=2)(self._traced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._truth, name)

    def _traced(self, example: int) -> FalseTrace:
        return FalseTrace(self._truth.traced(example), int(self.losses[example]))

    @cached_property
    def evaluation(self) -> Evaluation:
        true, top = self._truth.evaluation, merkle_top(self.losses.tolist())
        roots = true.params_root, true.data_root, true.rows_root
        return Evaluation(
            top.total // len(self.losses), len(self.losses), top.total, top.hash, *roots
        )
