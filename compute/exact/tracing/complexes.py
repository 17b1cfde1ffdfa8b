"""Values of two parts: complex numbers and random keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from compute.exact.tracing.complex_functions import ELEMENTWISE, complex_function
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


def on_pairs(
    scope: Scope, name: str, parameters: Parameters, operands: Sequence[Any], avals: Sequence[Any]
) -> Sequence[Operand]:
    """A primitive of which an operand or a result is a pair."""
    if name == "convert_element_type":
        return [_converted(scope, operands[0], avals[0])]
    function = complex_function(name, parameters) if _is_complex(scope) else None
    if function is None:
        return by_parts(scope, name, parameters, operands, avals)
    if name in ELEMENTWISE:
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
