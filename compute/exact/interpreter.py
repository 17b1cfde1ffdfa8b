"""`exact(fn)`: read the jaxpr of a float32 function and evaluate it under the F24 semantics."""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Literal

from compute.exact import number, provenance
from compute.exact.carriers import CARRIERS, default_carrier
from compute.exact.control import CALLS, CONTROL, call
from compute.exact.fusion import schedule
from compute.exact.native import ON_FLOATS, bind_native
from compute.exact.provenance import fresh
from compute.exact.rules import ELEMENTWISE, RULES
from compute.exact.source import line_of
from compute.exact.values import PARAMETERS, Context, Value


class UnsupportedPrimitive(NotImplementedError):
    """The model uses a primitive without a rule; the message names it and the line it is on."""


def exact(
    fn: Callable[..., Any], *, positions: bool = True, carrier: str | None = None
) -> Callable[..., Any]:
    """`fn(params, *inputs)` -> a function of the same signature under the F24 semantics.

    Float results are float32 arrays holding the F24 values; if anything saturated that a decision
    hides, all of them are NaN.  Works under jit, vmap, sharding and shard_map(check_vma=False),
    with or without x64 enabled.

    `params` and `inputs` are pytrees of arrays (float32, integers, booleans).  All axes of `inputs`
    carry positions unless `positions` is False, which is for functions whose result does not
    predict a part of their input.  `carrier` is a name in CARRIERS, by default the backend's.
    Raises UnsupportedPrimitive at trace time.
    """

    @functools.wraps(fn)
    def transformed(params: Any, *inputs: Any) -> Any:
        with jax.enable_x64(True):
            outputs, tree, saturated = run(fn, params, inputs, positions, carrier)
            return jax.tree.unflatten(tree, [_visible(v, saturated) for v in outputs])

    return transformed


def run(
    fn: Callable[..., Any],
    params: Any,
    inputs: tuple[Any, ...],
    positions: bool,
    carrier: str | None,
) -> tuple[list[Value], Any, jax.Array]:
    """Trace and evaluate with x64 enabled: (results, their tree, did anything saturate)."""
    flat, tree = jax.tree.flatten((params, inputs))
    closed, out_tree = trace(lambda leaves: fn(*_arguments(tree, leaves)), flat)
    of_params = len(jax.tree.leaves(params))
    values = []
    for i, (leaf, var) in enumerate(zip(flat, closed.jaxpr.invars, strict=True)):
        dtype = var.aval.dtype
        is_float = jnp.issubdtype(dtype, jnp.floating)
        array = jnp.asarray(leaf).astype(jnp.float32 if is_float else dtype)
        array = number.canonical(array) if is_float else array
        secret = positions and i >= of_params
        origin = fresh() if secret else PARAMETERS
        values.append(Value(array, (secret,) * array.ndim, origin))
    context = Context(CARRIERS[carrier or default_carrier()])
    outputs = evaluate(context, closed, values)
    saturated = [jnp.any(number.is_saturated(v.array)) for v in outputs if v.is_float]
    return outputs, out_tree, functools.reduce(jnp.logical_or, saturated, context.saturated())


def _arguments(tree: Any, leaves: Sequence[Any]) -> tuple[Any, ...]:
    params, inputs = jax.tree.unflatten(tree, leaves)
    return (params, *inputs)


def _visible(value: Value, saturated: jax.Array) -> jax.Array:
    if not value.is_float:
        return value.array
    x = jnp.where(value.array == 0, np.float32(0), value.array)
    return jnp.where(saturated, number.SATURATED, x)


def trace(fn: Callable[..., Any], leaves: Sequence[Any]) -> tuple[ClosedJaxpr, Any]:
    """The jaxpr of `fn(leaves)` in JAX's 32-bit mode, and the tree of its result."""
    narrow = {"float64": "float32", "int64": "int32", "uint64": "uint32"}

    def shape(leaf: Any) -> jax.ShapeDtypeStruct:
        dtype = str(jnp.result_type(leaf))
        return jax.ShapeDtypeStruct(np.shape(leaf), narrow.get(dtype, dtype))

    with jax.enable_x64(False):
        closed, out = jax.make_jaxpr(fn, return_shape=True)([shape(leaf) for leaf in leaves])
    return closed, jax.tree.structure(out)


def _constant(array: Any) -> Value:
    array = np.asarray(array) if not isinstance(array, jax.Array) else array
    if jnp.issubdtype(array.dtype, jnp.floating):
        array = number.constant(np.asarray(array))
    known = None if isinstance(array, jax.core.Tracer) else functools.partial(np.asarray, array)
    return Value(jnp.asarray(array), (False,) * np.ndim(array), constant=known)


def evaluate(context: Context, closed: ClosedJaxpr, values: Sequence[Value]) -> list[Value]:
    """Evaluate a jaxpr on values, equation by equation."""
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, map(_constant, closed.consts), strict=True))
    known |= dict(zip(jaxpr.invars, values, strict=True))

    def read(atom: Any) -> Value:
        if isinstance(atom, Literal):
            return _constant(np.asarray(atom.val, atom.aval.dtype))  # type: ignore[attr-defined]
        return known[atom]

    steps = schedule(jaxpr)
    uses = Counter(id(atom) for step, x in steps for atom in ([x] if x else step.invars))
    for equation, gelu in steps:
        atoms = equation.invars if gelu is None else [gelu]
        known |= _before_broadcast(atoms, equation.outvars, known)
        operands = [read(atom) for atom in atoms]
        try:
            if gelu is None:
                results = _evaluated(context, equation, operands)
            else:
                results = RULES["gelu"](context, {}, operands, [])
                results = [dataclasses.replace(results[0], origin=operands[0].origin)]
        except UnsupportedPrimitive:
            raise
        except (NotImplementedError, ValueError) as error:
            raise UnsupportedPrimitive(
                f"{equation.primitive.name} at {line_of(equation)}: {error}"
            ) from error
        for var, value in zip(equation.outvars, results, strict=True):
            known[var] = _materialised(value) if uses[id(var)] > 1 else value
    return [read(atom) for atom in jaxpr.outvars]


def _before_broadcast(atoms: Sequence[Any], outvars: Sequence[Any], known: dict) -> dict:
    """Operands smaller than the result, computed first: else their program runs per element."""
    size = max((math.prod(var.aval.shape) for var in outvars), default=0)
    return {
        atom: _materialised(known[atom])
        for atom in atoms
        if not isinstance(atom, Literal) and known[atom].is_float and known[atom].array.size < size
    }


def _materialised(value: Value) -> Value:
    """A value with several readers is computed once: compilers would copy its program into each."""
    if value.array.ndim == 0:
        return value
    return dataclasses.replace(value, array=lax.optimization_barrier(value.array))


def _evaluated(context: Context, equation: Any, operands: Sequence[Value]) -> list[Value]:
    """The results of an equation, with what is known of them."""
    name, parameters = equation.primitive.name, equation.params
    if name in CALLS:
        return call(evaluate, context, parameters, operands)
    if name in CONTROL:
        return CONTROL[name](evaluate, context, parameters, operands)
    results = []
    again = functools.partial(_apply, Context(context.carrier), equation)
    constants = provenance.constants(again, name, parameters, operands)
    for i, value in enumerate(_apply(context, equation, operands)):
        hidden = provenance.hidden(name, operands, value.array.shape)
        flags = tuple(map(operator.or_, value.positional, hidden))
        known = None if constants is None else functools.partial(constants, i)
        value = dataclasses.replace(value, positional=flags, constant=known)
        origin = provenance.origin(name, name in ELEMENTWISE, parameters, operands, value)
        results.append(dataclasses.replace(value, origin=origin))
    return results


def _apply(context: Context, equation: Any, operands: Sequence[Value]) -> list[Value]:
    name, parameters = equation.primitive.name, equation.params
    avals = [var.aval for var in equation.outvars]
    floats = any(v.is_float for v in operands) or any(
        jnp.issubdtype(aval.dtype, jnp.floating) for aval in avals
    )
    if floats and name in RULES:
        return RULES[name](context, parameters, operands, avals)
    if not floats or name in ON_FLOATS or name == "iota":
        return bind_native(equation.primitive, context, parameters, operands, avals)
    raise UnsupportedPrimitive(
        f"{name} at {line_of(equation)} has no rule; docs/adding_a_rule.md says how to add one"
    )
