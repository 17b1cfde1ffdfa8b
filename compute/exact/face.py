"""The library's face: any JAX function, traced and then evaluated exactly."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compute.exact.carriers import CARRIERS, default_carrier
from compute.exact.evaluation import Evaluation, evaluate_program
from compute.exact.losses import Loss
from compute.exact.memory import require_memory
from compute.exact.number import SATURATED
from compute.exact.stages import Stages
from compute.exact.tracing import leaf_names, trace, trace_example
from compute.program.program import Program

Logits = Callable[[Any, Any], Any]


def named(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by the names that `trace` gives them."""
    return dict(zip(leaf_names(tree), jax.tree.leaves(tree), strict=True))


def evaluate(
    logits: Logits | Program,
    params: Any,
    batches: Iterable[tuple[Any, Any]],
    *,
    loss: str | Loss = "cross_entropy",
    total: int,
    progress: Callable[[int], None] | None = None,
    carrier: str | None = None,
) -> Evaluation:
    """The exact loss of `params` on `total` examples, as `evaluate_program` says.

    `logits(params, inputs)` maps a pytree of batched inputs [B, ...] to float32 [B, ...]; it is
    traced with the shapes of the first batch, or is a program already.
    Raises UnsupportedPrimitive; MemoryError if one example takes more memory than there is.
    """
    stream: Iterator[tuple[Any, Any]] = iter(batches)
    if not isinstance(logits, Program):
        first = next(stream, None)
        if first is None:
            raise ValueError("no batch tells the shapes of the inputs")
        stream = itertools.chain([first], stream)
        logits = trace(logits, params, first[0])
    require_memory(logits)
    return evaluate_program(
        logits,
        named(params),
        ((named(inputs), targets) for inputs, targets in stream),
        loss=loss,
        total=total,
        progress=progress,
        carrier=carrier,
    )


def exact(fn: Callable[..., Any], *, carrier: str | None = None) -> Callable[..., Any]:
    """`fn(params, *inputs)` of one example -> a function of the same signature under F24.

    Float results are float32 arrays holding the values; if the example saturates, all of them are
    NaN.  `params` and `inputs` are pytrees of arrays (float32, integers, booleans).
    Raises UnsupportedPrimitive; MemoryError if the example takes more memory than there is.
    """

    @functools.wraps(fn)
    def transformed(params: Any, *inputs: Any) -> Any:
        program = trace_example(lambda p, x: fn(p, *x), params, inputs)
        require_memory(program)
        tree = jax.tree.structure(jax.eval_shape(fn, params, *inputs))
        with jax.enable_x64(True):
            stages = Stages(program, CARRIERS[carrier or default_carrier()])
            given = [named(params)[name] for name, _ in program.parameters]
            kept = stages.first([jnp.asarray(x, jnp.float32) for x in given])
            examples = [
                jnp.asarray(named(inputs)[name]).astype(kind.dtype.numpy)[None]
                for name, kind in program.inputs
            ]
            outputs, saturated = stages.second(kept, examples)
            return jax.tree.unflatten(tree, [_visible(y[0], saturated[0]) for y in outputs])

    return transformed


def _visible(y: Any, saturated: Any) -> Any:
    is_float = jnp.issubdtype(y.dtype, jnp.floating)
    return jnp.where(saturated, np.float32(SATURATED), y) if is_float else y
