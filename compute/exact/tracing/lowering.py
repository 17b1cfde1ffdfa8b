"""Lower a jaxpr to steps: equation by equation, calls replaced by their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from compute.exact.tracing import (
    compositions,
    control,
    elementwise,
    factorisations,
    fourier,
    indexing,
    moving,
    products,
    randomness,
    reductions,
    special,
    windows,
)
from compute.exact.tracing.complexes import on_pairs
from compute.exact.tracing.folding import folded
from compute.exact.tracing.scope import (
    ON_PAIRS,
    RULES,
    Operand,
    Pair,
    Scope,
    UnsupportedPrimitive,
    dtype_of,
    flat,
    part,
    part_dtype,
)
from compute.exact.tracing.source import line_of
from compute.program.operation import ProgramError

# the modules whose import fills RULES
FAMILIES = (
    compositions, control, elementwise, factorisations, fourier, indexing, moving, products,
    randomness, reductions, special, windows,
)  # fmt: skip
_BODIES = ("call_jaxpr", "jaxpr", "fun_jaxpr")
_CALLS = frozenset(
    [
        "jit",
        "pjit",
        "closed_call",
        "core_call",
        "call",
        "remat",
        "remat2",
        "checkpoint",
        "custom_jvp_call",
        "custom_vjp_call",
        "custom_vjp_call_jaxpr",
        "custom_lin",
        "composite",
        "eval_jaxpr",
    ]
)


def lower(scope: Scope, closed: Any, operands: Sequence[Operand]) -> list[Operand]:
    """Write the steps of a jaxpr on these operands.  Raises UnsupportedPrimitive."""
    jaxpr, consts = getattr(closed, "jaxpr", closed), getattr(closed, "consts", ())
    known: dict[Any, Operand] = dict(zip(jaxpr.invars, operands, strict=True))
    for var, array in zip(jaxpr.constvars, consts, strict=True):
        known[var] = _constant(scope, array, var.aval)

    def read(atom: Any) -> Operand:
        return _constant(scope, atom.val, atom.aval) if isinstance(atom, Literal) else known[atom]

    for equation in _needed(jaxpr):
        with scope.inside(equation):
            results = _written(scope, equation, [read(atom) for atom in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _needed(jaxpr: Any) -> list[Any]:
    """The equations that the results need, in order."""
    needed = {v for v in jaxpr.outvars if not isinstance(v, Literal)}
    kept = []
    for equation in reversed(jaxpr.eqns):
        if needed.intersection(equation.outvars):
            needed.update(v for v in equation.invars if not isinstance(v, Literal))
            kept.append(equation)
    return kept[::-1]


def _constant(scope: Scope, array: Any, aval: Any) -> Operand:
    if isinstance(array, jax.core.Tracer):
        raise UnsupportedPrimitive("a value of an outer transformation is not a constant")
    kind = part_dtype(aval)
    if kind is None:
        return scope.graph.constant(np.asarray(array), dtype_of(aval))
    if jnp.issubdtype(aval.dtype, jnp.complexfloating):
        parts = np.asarray(array).real, np.asarray(array).imag
    else:
        words = np.asarray(jax.random.key_data(array))
        parts = words[..., 0], words[..., 1]
    a, b = (scope.graph.constant(p, dtype_of(part(aval))) for p in parts)
    return Pair((a, b))


def _written(scope: Scope, equation: Any, operands: Sequence[Operand]) -> list[Operand]:
    """The results of an equation, without axes of size 1."""
    avals = [var.aval for var in equation.outvars]
    try:
        if all(0 in aval.shape for aval in avals):
            return [_empty(scope, aval) for aval in avals]
        results = _folded(scope, equation, operands) or _applied(scope, equation, operands, avals)
        return [_shaped(scope, x, aval) for x, aval in zip(results, avals, strict=True)]
    except UnsupportedPrimitive:
        raise
    except (NotImplementedError, ProgramError) as error:
        raise unsupported(scope, str(error)) from error
    except Exception as error:  # a rule met what its author did not foresee in some version of JAX
        raise unsupported(scope, f"{type(error).__name__}: {error}") from error


def unsupported(scope: Scope, reason: str) -> UnsupportedPrimitive:
    """The error that names the innermost equation and its line."""
    name = scope.equations[-1].primitive.name
    return UnsupportedPrimitive(f"{name} at {line_of(scope.equations)}: {reason}")


def _applied(
    scope: Scope, equation: Any, operands: Sequence[Operand], avals: Sequence[Any]
) -> Sequence[Operand]:
    name, parameters = equation.primitive.name, equation.params
    if name in _CALLS:
        return lower(scope, _body(parameters), operands)
    if name == "custom_linear_solve":
        skipped = parameters["const_lengths"]
        first = skipped.matvec + skipped.vecmat
        jaxprs = parameters["jaxprs"]
        return lower(
            scope,
            jaxprs.solve,
            [*operands[first : first + skipped.solve], *operands[sum(skipped) :]],
        )
    pairs = any(isinstance(x, Pair) for x in operands) or any(map(part_dtype, avals))
    if pairs and name not in ON_PAIRS:
        return on_pairs(scope, name, parameters, operands, avals)
    if name not in RULES:
        raise unsupported(
            scope, "no rule makes steps of it; docs/adding_an_operation.md says how to add one"
        )
    return RULES[name](scope, parameters, operands, avals)


def _body(parameters: dict[str, Any]) -> Any:
    body = parameters[next(key for key in _BODIES if key in parameters)]
    return body if hasattr(body, "consts") else ClosedJaxpr(body, ())


def _folded(scope: Scope, equation: Any, operands: Sequence[Operand]) -> list[Operand] | None:
    """The result as a constant of equal elements, if it is known to be one."""
    values = flat(operands)
    numbers = [scope.graph.splat(v.number) for v in values]
    if not numbers or any(n is None for n in numbers) or len({type(n) for n in numbers}) > 1:
        return None
    number = folded(equation.primitive.name, numbers)
    if number is None:
        return None
    aval = equation.outvars[0].aval
    return [scope.graph.filled(number, aval.shape, dtype_of(aval))]


def _empty(scope: Scope, aval: Any) -> Operand:
    if part_dtype(aval):
        value = scope.graph.filled(0, aval.shape, dtype_of(part(aval)))
        return Pair((value, value))
    return scope.graph.filled(0, aval.shape, dtype_of(aval))


def _shaped(scope: Scope, operand: Operand, aval: Any) -> Operand:
    if isinstance(operand, Pair):
        a, b = (scope.graph.shaped(v, aval.shape) for v in operand.parts)
        return Pair((a, b))
    return scope.graph.shaped(operand, aval.shape)
