"""The interface of what computes rows: the oracle's integers (`integers`), the evaluator
(`arrays`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from compute.program.types import Type
from compute.trace.rows import Layout, Loss, Result


class Trapped(ArithmeticError):
    """A row has an element that no rule gives: the example has no loss.

    `element` is the first such element, or None if it is not known yet.
    """

    def __init__(self, element: int | None = None) -> None:
        super().__init__("a step decides on a SATURATED element")
        self.element = element


class Machine(Protocol):
    """Words of operands (from their first element on, no further than they go) to words."""

    def result(
        self, made: Result, operands: Sequence[np.ndarray], kinds: Sequence[Type]
    ) -> np.ndarray: ...

    def layout(self, made: Layout, operand: np.ndarray, kind: Type) -> np.ndarray: ...

    def loss(self, made: Loss, operands: Sequence[np.ndarray], kind: Type) -> np.ndarray: ...


def spread(word: int) -> np.ndarray:
    """The words of a wide row of one element."""
    return np.array([word], object)
