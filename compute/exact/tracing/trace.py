"""Trace a JAX function into the program of one example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compute.exact.tracing.graph import Graph
from compute.exact.tracing.lowering import lower
from compute.exact.tracing.scope import Pair, Scope, UnsupportedPrimitive, dtype_of, flat
from compute.program.program import Program
from compute.program.types import DType, Type
from compute.program.validator import validate

WHILE_LIMIT = 1 << 10
_NARROW = {"float64": "float32", "int64": "int32", "uint64": "uint32"}

Named = dict[str, jax.ShapeDtypeStruct]


def trace(
    fn: Callable[[Any, Any], Any], params: Any, inputs: Any, *, while_limit: int = WHILE_LIMIT
) -> Program:
    """The program of one example of `fn(params, inputs)`.

    `params` and `inputs` are pytrees of arrays or of their shapes; inputs and results are batched,
    [B, ...], and `fn` is called with B = 1 in JAX's 32-bit mode.  Parameters and inputs are named
    by their paths in the trees, results come in the order of the result's leaves.  A `while` whose
    length is not known may run `while_limit` times.
    Raises UnsupportedPrimitive for what a program cannot say, ProgramError for what is beyond the
    bounds of a program.
    """

    def one(params: Any, example: Any) -> Any:
        results = fn(params, jax.tree.map(lambda x: x[None], example))
        return jax.tree.map(lambda y: jnp.squeeze(y, 0), results)

    examples = jax.tree.map(lambda x: jax.ShapeDtypeStruct(np.shape(x)[1:], _dtype(x)), inputs)
    return trace_example(one, params, examples, while_limit=while_limit)


def trace_example(
    fn: Callable[[Any, Any], Any], params: Any, inputs: Any, *, while_limit: int = WHILE_LIMIT
) -> Program:
    """As `trace`, of a function of one example: inputs and results have no batch axis."""
    with jax.enable_x64(False):
        leaves, tree = jax.tree.flatten((params, inputs))
        shapes = [jax.ShapeDtypeStruct(np.shape(x), _dtype(x)) for x in leaves]
        closed = jax.make_jaxpr(lambda flat: fn(*jax.tree.unflatten(tree, flat)))(shapes)
        of_params, of_inputs = leaf_names(params), leaf_names(inputs)
        types = [Type(dtype_of(x), x.shape) for x in shapes]
        for name, kind in zip(of_params, types, strict=False):
            if kind.dtype is not DType.F24:
                raise TypeError(f"the parameter {name!r} holds {kind}, not floating-point numbers")
        first = len(of_params)
        order = [
            *sorted(range(first), key=lambda i: of_params[i]),
            *sorted(range(first, len(types)), key=lambda i: of_inputs[i - first]),
        ]
        names = [*of_params, *of_inputs]
        graph = Graph([types[i] for i in order], [types[i].shape for i in order])
        values = [graph.inputs[order.index(i)] for i in range(len(types))]
        lowered = lower(Scope(graph, lower, while_limit), closed, values)
        if any(isinstance(x, Pair) for x in lowered):
            raise UnsupportedPrimitive("a result is complex or a random key: give its parts")
        results = flat(lowered)
        main = graph.block([graph.full(v) for v in results])
    named = [(names[i], types[i]) for i in order]
    program = Program(tuple(named[:first]), tuple(named[first:]), main)
    validate(program)
    return program


def leaf_names(tree: Any) -> list[str]:
    """A name for each leaf, in the tree's order: its path, or "value" for a tree of one leaf."""
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]]
    return [jax.tree_util.keystr(p, simple=True, separator="/") or "value" for p in paths]


def _dtype(leaf: Any) -> Any:
    dtype = str(jnp.result_type(leaf))
    return np.dtype(_NARROW[dtype]) if dtype in _NARROW else jnp.result_type(leaf)
