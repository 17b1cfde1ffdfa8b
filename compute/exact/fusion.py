"""Groups of equations that one rule evaluates as a whole, with one rounding at the end.

A group is recognised by its structure alone, never by a name.  GELU in its tanh form, as jax.nn and
Flax write it:

    x * (0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jax.extend.core import Jaxpr, Literal, Var


def gelu_argument(equation: Any, producer: dict[Var, Any]) -> Any | None:
    """If `equation` ends a GELU, the atom it is applied to."""

    def step(atom: Any, name: str, constant: float | None = None) -> Any | None:
        """The equation that made `atom`, if it is `name` (with this constant on its left)."""
        made = None if isinstance(atom, Literal) else producer.get(atom)
        if made is None or made.primitive.name != name:
            return None
        if constant is not None and not _is_constant(made.invars[0], constant):
            return None
        return made

    if equation.primitive.name != "mul":
        return None
    x, half = equation.invars
    for name, constant in (
        ("mul", 0.5),
        ("add", 1.0),
        ("tanh", None),
        ("mul", math.sqrt(2 / math.pi)),
    ):
        if (made := step(half, name, constant)) is None:
            return None
        half = made.invars[-1]
    outer = step(half, "add")
    cubic = outer and step(outer.invars[1], "mul", 0.044715)
    cube = cubic and step(cubic.invars[1], "integer_pow")
    if outer and cube and cube.params["y"] == 3 and outer.invars[0] is x and cube.invars[0] is x:
        return x
    return None


def _is_constant(atom: Any, value: float) -> bool:
    return isinstance(atom, Literal) and bool(np.all(np.float32(atom.val) == np.float32(value)))


def schedule(jaxpr: Jaxpr) -> list[tuple[Any, Any | None]]:
    """The equations to evaluate, in order; with each that ends a GELU its argument, else None.

    Equations that nothing needs are left out.
    """
    producer = {var: equation for equation in jaxpr.eqns for var in equation.outvars}
    needed = {v for v in jaxpr.outvars if not isinstance(v, Literal)}
    steps = []
    for equation in reversed(jaxpr.eqns):
        if not needed.intersection(equation.outvars):
            continue
        x = gelu_argument(equation, producer)
        needed.update(v for v in (equation.invars if x is None else [x]) if isinstance(v, Var))
        steps.append((equation, x))
    return steps[::-1]
