"""Words of rows by the oracle: plain integers, slow, sharing nothing with the evaluator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from compute.oracle import losses
from compute.oracle.array import places, rows
from compute.oracle.number import Number, from_pattern
from compute.oracle.run import Machine as Oracle
from compute.oracle.run import Saturated
from compute.program.form import Code
from compute.program.types import Type
from compute.trace import words
from compute.trace.machine import Trapped, spread
from compute.trace.rows import (
    COUNTED,
    EXP_DISTANCE,
    MEAN,
    POSITION,
    SOFTPLUS,
    SQUARE,
    Layout,
    Loss,
    Result,
)


class Integers:
    """Computes rows, one element after another."""

    def __init__(self) -> None:
        self._oracle = Oracle(None)

    def result(
        self, made: Result, operands: Sequence[np.ndarray], kinds: Sequence[Type]
    ) -> np.ndarray:
        """The words of a step's result.  Raises Trapped if it decides on SATURATED."""
        given = tuple(map(words.oracle_array, operands, kinds))
        try:
            found = self._oracle.step(made.step, given)[made.number]
        except Saturated:
            raise Trapped from None
        return words.of_numbers(found.data, found.type.dtype)

    def layout(self, made: Layout, operand: np.ndarray, kind: Type) -> np.ndarray:
        """Strided elements of the operand's words from the first on."""
        return np.array(
            [operand[place] for place in places(kind.shape, made.strides)], operand.dtype
        )

    def loss(self, made: Loss, operands: Sequence[np.ndarray], kind: Type) -> np.ndarray:
        """Wide words.  Raises Trapped with the first element that has none."""
        columns = [[int(word) for word in operand] for operand in operands]
        if made.code == Code.SUM:
            parts = rows(columns[0], made.parameter, kind.size)
            return np.array([sum(part) for part in parts], object)
        if made.code == MEAN:
            return spread(columns[0][0] // max(columns[1][0], 1))
        if made.code == EXP_DISTANCE:
            columns[0] = [most for most in columns[0] for _ in range(kind.shape[1])]
        elements = zip(*columns, strict=True)
        found = [loss_word(made.code, made.parameter, element) for element in elements]
        if words.NONE in found:
            raise Trapped(found.index(words.NONE))
        return np.array(found, object)


def loss_word(code: int, parameter: int, given: Sequence[int]) -> int:
    """One element of a row of the loss from the words that it reads; NONE if it has none."""
    found = _LOSSES[code](given, parameter)
    return words.NONE if found is None else found


def _fixed(pattern: int) -> Number:
    return losses.fixed(from_pattern(pattern))


def _integer(word: int) -> int:
    return (word ^ 1 << 31) - (1 << 31)


def _exp_distance(given: Sequence[int], parameter: int) -> int | None:
    most, z = map(_fixed, given)
    return None if most is None or z is None else losses.exp_fixed(most - z)


def _counted(given: Sequence[int], classes: int) -> int:
    return int(0 <= _integer(given[-1]) < classes)


def _position(given: Sequence[int], classes: int) -> int | None:
    if not _counted(given, classes):
        return 0
    most, chosen = map(_fixed, given[1:3])
    if most is None or chosen is None:
        return None
    return max(losses.log_fixed(given[0]) - 40 * losses.LN_2 + most - chosen, 0)


def _mean(given: Sequence[int], parameter: int) -> int:
    return given[0] // max(given[1], 1)


def _square(given: Sequence[int], parameter: int) -> int | None:
    y, target = map(_fixed, given)
    if y is None or target is None or abs(d := (y - target) >> 12) > 2**31:
        return None
    return d * d >> 8


def _softplus(given: Sequence[int], parameter: int) -> int | None:
    y, target = _fixed(given[0]), _integer(given[1])
    if y is None:
        return None
    return losses.softplus(-y if target == 1 else y) if target in (0, 1) else 0


_LOSSES: dict[int, Callable[[Sequence[int], int], int | None]] = {
    EXP_DISTANCE: _exp_distance,
    POSITION: _position,
    COUNTED: _counted,
    MEAN: _mean,
    SQUARE: _square,
    SOFTPLUS: _softplus,
}
