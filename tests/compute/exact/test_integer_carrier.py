"""The integer carrier: divisions, roundings to integers, and that it computes nothing in floats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend import core

from compute.exact import conformance
from compute.exact.carriers import CARRIERS
from compute.exact.integers.number import divided
from compute.exact.stages import Stages
from compute.program.operations import OPERATIONS

FLOAT_ARITHMETIC = re.compile(
    "add|sub|mul|div|rem|floor|ceil|round|r?sqrt|cbrt|exp|exp2|expm1|log|log1p|tanh|logistic|sin|"
    "cos|tan|atan2|erf|erfc|erf_inv|(integer_)?pow|square|dot_general|conv_general_dilated|"
    "(reduce_|reduce_window_|cum|scatter-)(add|sum|mul|prod)"
)


def equations(jaxpr: Any) -> Iterator[Any]:
    """All of a program of JAX's, those inside others too."""
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda x: isinstance(x, core.ClosedJaxpr)
        ):
            if isinstance(value, core.ClosedJaxpr):
                yield from equations(value.jaxpr)


def doubles(equation: Any) -> bool:
    """x + x, which is exact."""
    return equation.primitive.name == "add" and equation.invars[0] is equation.invars[1]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_computed_in_floats(operation: str) -> None:
    case = next(iter(sorted(conformance.read(operation), key=lambda case: not case.inputs)))
    stages = Stages(case.program, CARRIERS["integer"])

    def run(params: Any, inputs: Any) -> Any:
        return stages.second(stages.first(params), inputs)

    with jax.enable_x64(True):
        inputs = [x[None] for x in case.inputs.values()]
        jaxpr = jax.make_jaxpr(run)(list(case.parameters.values()), inputs)
    found = {
        equation.primitive.name
        for equation in equations(jaxpr.jaxpr)
        if FLOAT_ARITHMETIC.fullmatch(equation.primitive.name) and not doubles(equation)
        if any(jnp.issubdtype(out.aval.dtype, jnp.floating) for out in equation.outvars)
    }
    assert not found


def test_long_division_is_exact() -> None:
    draw = np.random.default_rng(0)
    n = draw.integers(0, 2**60, 20000) >> draw.integers(0, 60, 20000)
    d = 1 + (draw.integers(0, 2**25 - 1, 20000) >> draw.integers(0, 25, 20000))
    n[:4], d[:4] = [2**60 - 1, 2**60 - 1, 0, 2**59], [1, 2**25 - 1, 1, 2**25 - 1]
    n[4:10000] -= n[4:10000] % d[4:10000]
    with jax.enable_x64(True):
        quotient, rest = jax.jit(divided)(n, d)
    np.testing.assert_array_equal(quotient, n // d)
    np.testing.assert_array_equal(rest, n % d)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    ("mode", "meant"),
    [
        ("floor", np.floor),
        ("ceil", np.ceil),
        ("even", np.rint),
        ("away", lambda x: np.trunc(x + np.copysign(0.5, x))),
    ],
)
def test_whole_numbers(carrier: str, mode: str, meant: Any) -> None:
    draw = np.random.default_rng(1)
    x = np.ldexp(draw.integers(-(2**24), 2**24, 4000), draw.integers(-60, 40, 4000))
    x = np.concatenate([x, np.arange(-9, 9) / 2, [2.0**23 - 0.5, 2.0**-96, -(2.0**-96), np.nan]])
    with jax.enable_x64(True):
        found = CARRIERS[carrier].arithmetic.whole(jnp.asarray(x, jnp.float32), mode)
    np.testing.assert_array_equal(found, meant(x))
