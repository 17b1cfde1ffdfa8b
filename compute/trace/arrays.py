"""Words of rows by the evaluator: JAX for steps, NumPy for what only moves or sums integers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from compute.exact import losses
from compute.exact.carriers import CARRIERS, Carrier, default_carrier
from compute.exact.engine import run_step
from compute.exact.values import Context
from compute.exact.values import Value as Given
from compute.program.form import Code
from compute.program.program import Step
from compute.program.types import Type
from compute.trace import words
from compute.trace.machine import Trapped, spread
from compute.trace.rows import COUNTED, EXP_DISTANCE, MEAN, POSITION, SQUARE, Layout, Loss, Result

_exp_fixed = jax.jit(losses.exp_fixed, static_argnums=1)
_to_fixed = jax.jit(functools.partial(losses.to_fixed, carrier=CARRIERS["integer"]))
_log_fixed = jax.jit(losses.log_fixed)
_OUTPUT_RANGE = np.float32(2**losses.OUTPUT_RANGE)


class Arrays:
    """Computes rows; steps that do the same to the same types are compiled once."""

    def __init__(self, carrier: str | None = None) -> None:
        self._carrier = CARRIERS[carrier or default_carrier()]
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def result(self, made: Result, operands: Sequence[np.ndarray], kinds: Sequence[Type]) -> Any:
        """The words of a step's result.  Raises Trapped if it decides on SATURATED."""
        run = self._of(made.step, kinds)
        with jax.enable_x64(True):
            found, trapped = run(*map(words.array, operands, kinds))
        if bool(trapped):
            raise Trapped
        return words.of_array(np.asarray(found[made.number]))

    def _of(self, step: Step, kinds: Sequence[Type]) -> Callable[..., Any]:
        key = step.operation.name, tuple(step.attributes.items()), tuple(kinds), step.results
        if key not in self._compiled:
            self._compiled[key] = _jitted(step, self._carrier)
        return self._compiled[key]

    def layout(self, made: Layout, operand: np.ndarray, kind: Type) -> np.ndarray:
        """Strided elements of the operand's words from the first on."""
        steps = [stride * operand.itemsize for stride in made.strides]
        seen = np.lib.stride_tricks.as_strided(operand, kind.shape, steps, writeable=False)
        return np.ascontiguousarray(seen).reshape(-1)

    def loss(self, made: Loss, operands: Sequence[np.ndarray], kind: Type) -> np.ndarray:
        """Wide words.  Raises Trapped with the first element that has none."""
        if made.code == Code.SUM:
            return _sums(operands[0], kind.size, made.parameter)
        if made.code == MEAN:
            return spread(int(operands[0][0]) // max(int(operands[1][0]), 1))
        with jax.enable_x64(True):
            return self._elementwise(made, operands, kind)

    def _elementwise(self, made: Loss, operands: Sequence[np.ndarray], kind: Type) -> np.ndarray:
        if made.code == COUNTED:
            target = operands[0].view(np.int32)
            return ((target >= 0) & (target < made.parameter)).astype(np.int64)
        if made.code == EXP_DISTANCE:
            most, z = (x.view(np.float32) for x in operands)
            distance = np.subtract(*_fixed(most[:, None], z.reshape(kind.shape)))
            return _int64(_exp_fixed(distance, self._carrier)).reshape(-1)
        if made.code == POSITION:
            return _position(operands, made.parameter)
        if made.code == SQUARE:
            return _square(operands)
        return self._softplus(operands)

    def _softplus(self, operands: Sequence[np.ndarray]) -> np.ndarray:
        target = operands[1].view(np.int32)
        (z,) = _fixed(operands[0].view(np.float32))
        w = np.where(target == 1, -z, z)
        total = _int64(_exp_fixed(np.abs(w), self._carrier)) + 2**losses.EXP_BITS
        log = _int64(_log_fixed(*_halves(total))) - losses.EXP_BITS * losses.LN_2
        term = np.maximum(np.maximum(w, 0) + log, 0)
        return np.where((target == 0) | (target == 1), term, 0)


def _jitted(step: Step, carrier: Carrier) -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        context = Context(None, carrier)
        found = run_step(context, step, [Given(x, False) for x in arrays])
        return [value.array for value in found], context.trapped()

    return jax.jit(run)


def _int64(x: Any) -> np.ndarray:
    return np.asarray(x).astype(np.int64)


def _halves(total: Any) -> tuple[Any, Any]:
    return total >> losses.LOW_BITS, total & (2**losses.LOW_BITS - 1)


def _fixed(*outputs: np.ndarray) -> list[np.ndarray]:
    """Values in units of 2**-32.  Raises Trapped at the first place where one is out of range."""
    outside = functools.reduce(np.logical_or, [~(np.abs(x) <= _OUTPUT_RANGE) for x in outputs])
    _trap(outside)
    return [np.asarray(_to_fixed(x)[0]) for x in outputs]


def _trap(bad: np.ndarray) -> None:
    if bad.any():
        raise Trapped(int(np.argmax(bad)))


def _sums(terms: np.ndarray, count: int, each: int) -> np.ndarray:
    """Of each `each` terms; exact, in two halves where terms are int64."""
    rows = terms.reshape(count, each)
    if terms.dtype == object:
        return np.array([sum(row) for row in rows.tolist()], object)
    high, low = _halves(rows)
    pairs = zip(high.sum(1).tolist(), low.sum(1).tolist(), strict=True)
    return np.array([(h << losses.LOW_BITS) + rest for h, rest in pairs], object)


def _position(operands: Sequence[np.ndarray], classes: int) -> np.ndarray:
    totals, most, chosen, target = operands
    counted = (target.view(np.int32) >= 0) & (target.view(np.int32) < classes)
    high = np.array([int(x) >> losses.LOW_BITS for x in totals], np.int64)
    low = np.array([int(x) & (2**losses.LOW_BITS - 1) for x in totals], np.int64)
    entropy = _int64(_log_fixed(high, low))
    distance = np.subtract(*_fixed(most.view(np.float32), chosen.view(np.float32)))
    term = np.maximum(entropy - losses.EXP_BITS * losses.LN_2 + distance, 0)
    return np.where(counted, term, 0)


def _square(operands: Sequence[np.ndarray]) -> np.ndarray:
    a, b = _fixed(*(x.view(np.float32) for x in operands))
    difference = (a - b) >> 12
    _trap(np.abs(difference) > 2**31)
    return (difference * difference) >> 8
