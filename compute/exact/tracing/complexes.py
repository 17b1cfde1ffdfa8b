"""Values of two parts: complex numbers, written out in real arithmetic, and random keys."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from compute.exact.tracing.scope import (
    RULES,
    Operand,
    Pair,
    Parameters,
    Scope,
    flat,
    paired,
    part,
    part_dtype,
)

Complex = tuple[Any, Any]

# primitives that do to each part what they do to a value
_BY_PARTS = frozenset(
    [
        "add",
        "add_any",
        "sub",
        "neg",
        "reshape",
        "squeeze",
        "expand_dims",
        "transpose",
        "broadcast_in_dim",
        "slice",
        "split",
        "unstack",
        "concatenate",
        "stack",
        "tile",
        "pad",
        "rev",
        "dynamic_slice",
        "dynamic_update_slice",
        "gather",
        "scatter",
        "select_n",
        "reduce_sum",
        "cumsum",
        "copy",
        "copy_p",
        "stop_gradient",
        "optimization_barrier",
        "name",
        "sharding_constraint",
        "mesh_cast",
        "reshard",
        "pvary",
        "random_clone",
        "scatter-add",
        "scatter_add",
    ]
)


def by_parts(
    scope: Scope,
    name: str,
    parameters: Parameters,
    operands: Sequence[Operand],
    avals: Sequence[Any],
) -> list[Operand]:
    """A primitive on each part of its pairs.  Raises NotImplementedError for other primitives."""
    if name not in _BY_PARTS:
        raise NotImplementedError("complex numbers or random keys")
    results = [
        RULES[name](
            scope,
            parameters,
            [x.parts[i] if isinstance(x, Pair) else x for x in operands],
            [part(aval) if part_dtype(aval) else aval for aval in avals],
        )
        for i in range(2)
    ]
    return [
        Pair((a, b)) if part_dtype(aval) else a for aval, a, b in zip(avals, *results, strict=True)
    ]


def _multiply(a: Complex, b: Complex) -> Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _divide(a: Complex, b: Complex) -> Complex:
    size = b[0] * b[0] + b[1] * b[1]
    real, imaginary = _multiply(a, (b[0], -b[1]))
    return real / size, imaginary / size


def _exponential(a: Complex) -> Complex:
    size = jnp.exp(a[0])
    return size * jnp.cos(a[1]), size * jnp.sin(a[1])


def _absolute(a: Complex) -> Any:
    """Scaled, so that the squares of large and small numbers are numbers."""
    largest = jnp.maximum(jnp.abs(a[0]), jnp.abs(a[1]))
    scale = jnp.where(largest == 0, 1.0, largest)
    x, y = a[0] / scale, a[1] / scale
    return largest * jnp.sqrt(x * x + y * y)


def _square_root(a: Complex) -> Complex:
    size = _absolute(a)
    real = jnp.sqrt((size + jnp.maximum(a[0], -a[0])) / 2)
    other = jnp.where(real == 0, 0.0, jnp.abs(a[1]) / (2 * jnp.where(real == 0, 1.0, real)))
    left = a[0] < 0
    sign = jnp.where(a[1] < 0, -1.0, 1.0)
    return jnp.where(left, other, real), sign * jnp.where(left, real, other)


def _dot(a: Complex, b: Complex, dimension_numbers: Any) -> Complex:
    dot = functools.partial(lax.dot_general, dimension_numbers=dimension_numbers)
    return dot(a[0], b[0]) - dot(a[1], b[1]), dot(a[0], b[1]) + dot(a[1], b[0])


def _power(a: Complex, exponent: int) -> Complex:
    result: Complex = (jnp.ones_like(a[0]), jnp.zeros_like(a[0]))
    for _ in range(abs(exponent)):
        result = _multiply(result, a)
    return result if exponent >= 0 else _divide((jnp.ones_like(a[0]), jnp.zeros_like(a[0])), result)


_COMPLEX: dict[str, Callable[..., Any]] = {
    "mul": _multiply,
    "div": _divide,
    "exp": _exponential,
    "log": lambda a: (jnp.log(_absolute(a)), jnp.arctan2(a[1], a[0])),
    "sqrt": _square_root,
    "abs": _absolute,
    "conj": lambda a: (a[0], -a[1]) if isinstance(a, tuple) else (a, jnp.zeros_like(a)),
    "real": lambda a: a[0],
    "imag": lambda a: a[1],
    "complex": lambda a, b: (a, b),
    "square": lambda a: _multiply(a, a),
    "eq": lambda a, b: (a[0] == b[0]) & (a[1] == b[1]),
    "ne": lambda a, b: (a[0] != b[0]) | (a[1] != b[1]),
    "is_finite": lambda a: jnp.isfinite(a[0]) & jnp.isfinite(a[1]),
}


def complex_function(name: str, parameters: Parameters) -> Callable[..., Any] | None:
    """The primitive as a JAX function of complex numbers as tuples, if it is known."""
    if name == "dot_general":
        return functools.partial(_dot, dimension_numbers=parameters["dimension_numbers"])
    if name == "integer_pow":
        return functools.partial(_power, exponent=int(parameters["y"]))
    return _COMPLEX.get(name)


def on_pairs(
    scope: Scope, name: str, parameters: Parameters, operands: Sequence[Any], avals: Sequence[Any]
) -> Sequence[Operand]:
    """A primitive of which an operand or a result is a pair."""
    if name == "convert_element_type":
        return [_converted(scope, operands[0], avals[0])]
    function = complex_function(name, parameters) if _is_complex(scope) else None
    if function is None:
        return by_parts(scope, name, parameters, operands, avals)
    if name in _COMPLEX:
        operands = [_stretched(scope, x, avals[0].shape) for x in operands]
    return paired(avals, scope.inline(function, *operands))


def _is_complex(scope: Scope) -> bool:
    equation = scope.equations[-1]
    return any(
        jnp.issubdtype(atom.aval.dtype, jnp.complexfloating)
        for atom in (*equation.invars, *equation.outvars)
    )


def _stretched(scope: Scope, operand: Operand, shape: tuple[int, ...]) -> Operand:
    if isinstance(operand, Pair):
        a, b = (scope.graph.stretched(v, shape) for v in operand.parts)
        return Pair((a, b))
    return scope.graph.stretched(operand, shape)


def _converted(scope: Scope, operand: Operand, aval: Any) -> Operand:
    to_complex = jnp.issubdtype(aval.dtype, jnp.complexfloating)
    if isinstance(operand, Pair):
        if to_complex:
            return operand
        return RULES["convert_element_type"](scope, {}, [operand.parts[0]], [aval])[0]
    (real,) = flat(RULES["convert_element_type"](scope, {}, [operand], [part(aval)]))
    zeros = scope.graph.constant(np.zeros(aval.shape), real.dtype)
    return Pair((scope.graph.shaped(real, aval.shape), zeros))
