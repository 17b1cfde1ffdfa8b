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
    """The program of the network, for the integers of the columns. Raises ModelError."""
    params = {
        name: jax.ShapeDtypeStruct(parameter.shape, jnp.float32)
        for name, parameter in sorted(architecture.parameters(columns).items())
    }
    inputs = {
        column.name: jax.ShapeDtypeStruct((1, *column.shape), column.dtype) for column in columns
    }
    try:
        return trace(lambda p, x: native_logits(architecture, columns, p, x), params, inputs)
    except (UnsupportedPrimitive, ProgramError) as error:
        raise ModelError(f"the network cannot be evaluated exactly: {error}") from None
    except Exception as error:
        if architecture.is_foreign:
            raise foreign.failed(error) from error
        raise


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
    expected = np.asarray(jax.jit(form)(params, inputs))
    scale = max(float(np.abs(expected).max()), 1e-6)
    return bool(np.abs(np.asarray(native) - expected).max() <= TOLERANCE * scale)
