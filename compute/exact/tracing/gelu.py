"""Recognises GELU in its tanh form by structure, so that it is rounded once, as a whole.

    x * (0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))))

with the factors of every product and the terms of every sum in any order.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from compute.program.program import Step


class _Graph(Protocol):
    def made(self, number: int) -> Step | None: ...

    def splat(self, number: int) -> Any | None: ...


def gelu_argument(graph: _Graph, a: int, b: int) -> int | None:
    """If a * b ends a GELU, the value it is applied to."""
    factors = [*_factors(graph, a), *_factors(graph, b)]
    rest = _without(graph, factors, 0.5)
    if rest is None or len(rest) != 2:
        return None
    for x, gate in (rest, rest[::-1]):
        if _is_gate(graph, gate, x):
            return x
    return None


def _is_gate(graph: _Graph, gate: int, x: int) -> bool:
    """1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))"""
    tanh = _single(_without(graph, _operands(graph, gate, "add"), 1.0))
    inner = None if tanh is None else _single(_operands(graph, tanh, "tanh"))
    if inner is None:
        return False
    outer = _single(_without(graph, _operands(graph, inner, "mul"), math.sqrt(2 / math.pi)))
    terms = [] if outer is None else _operands(graph, outer, "add")
    if x not in terms:
        return False
    cubic = terms[1 - terms.index(x)]
    cube = _single(_without(graph, _operands(graph, cubic, "mul"), 0.044715))
    made = None if cube is None else graph.made(cube)
    return (
        made is not None
        and made.operation.name == "integer_power"
        and made.attributes["exponent"] == 3
        and made.operands == (x,)
    )


def _factors(graph: _Graph, number: int) -> list[int]:
    return _operands(graph, number, "mul") or [number]


def _operands(graph: _Graph, number: int, name: str) -> list[int]:
    made = graph.made(number)
    return list(made.operands) if made is not None and made.operation.name == name else []


def _without(graph: _Graph, numbers: list[int], constant: float) -> list[int] | None:
    """The others, if one of them is this constant."""
    for i, number in enumerate(numbers):
        if graph.splat(number) == np.float32(constant):
            return numbers[:i] + numbers[i + 1 :]
    return None


def _single(numbers: list[int] | None) -> int | None:
    return numbers[0] if numbers is not None and len(numbers) == 1 else None
