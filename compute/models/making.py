"""Make a model's program from its architecture's network, and the network itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict

from compute.exact.tracing import UnsupportedPrimitive, trace
from compute.models import foreign
from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.initialisation import initialise
from compute.program.operation import ProgramError
from compute.program.program import Program

# How far the outputs of two forms may be apart, of the largest: float32 in another order.
TOLERANCE = 1e-3


def native_logits(
    architecture: Architecture,
    columns: Sequence[InputColumn],
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    compute_dtype: str = "float32",
    remat: bool = False,
) -> jax.Array:
    """As `ModelSpecification.logits`, by the architecture's own network: its layers compute in
    `compute_dtype`, whole layers are recomputed with `remat`."""
    network = architecture.network(compute_dtype=compute_dtype, remat=remat)
    seen = {column.name: column.values(inputs[column.name]) for column in columns}
    tree = unflatten_dict(dict(params), sep="/")
    return jnp.asarray(network.apply({"params": tree}, seen), jnp.float32)


def program_of(architecture: Architecture, columns: Sequence[InputColumn]) -> Program:
    """The program of the network, for the integers of the columns. Raises ModelError, also if code
    that is not ours lets an example feel the others of its batch: a program is of one example."""
    params = {
        name: jax.ShapeDtypeStruct(parameter.shape, jnp.float32)
        for name, parameter in sorted(architecture.parameters(columns).items())
    }
    inputs = {
        column.name: jax.ShapeDtypeStruct((1, *column.shape), column.dtype) for column in columns
    }
    try:
        program = trace(lambda p, x: native_logits(architecture, columns, p, x), params, inputs)
    except (UnsupportedPrimitive, ProgramError) as error:
        raise ModelError(f"the network cannot be evaluated exactly: {error}") from None
    except Exception as error:
        if architecture.is_foreign:
            raise foreign.failed(error) from error
        raise
    if architecture.is_foreign and not _alone(architecture, columns):
        raise ModelError(
            "the network gives an example another output in a batch of two than alone: does it "
            "take a mean or a norm over the first axis? A program sees one example"
        )
    return program


def agrees(
    architecture: Architecture,
    columns: Sequence[InputColumn],
    form: Callable[..., jax.Array],
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> bool:
    """Return whether this installation's network computes what `form(params, inputs)`, the program,
    does on these inputs [B, ..]."""
    native = jax.jit(lambda p, x: native_logits(architecture, columns, p, x))(params, inputs)
    return _same(np.asarray(native), np.asarray(jax.jit(form)(params, inputs)))


def _alone(architecture: Architecture, columns: Sequence[InputColumn]) -> bool:
    """Does the network give two made-up examples the same outputs together and one by one?"""
    network = jax.jit(lambda p, x: native_logits(architecture, columns, p, x))
    params = initialise(architecture.parameters(columns), seed=0)
    inputs = {column.name: column.made_up(2) for column in columns}
    each = [
        network(params, {name: array[i : i + 1] for name, array in inputs.items()})
        for i in range(2)
    ]
    return _same(np.asarray(network(params, inputs)), np.concatenate(each))


def _same(found: np.ndarray, expected: np.ndarray) -> bool:
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-6)
    return np.allclose(found, expected, rtol=0, atol=TOLERANCE * scale, equal_nan=True)
