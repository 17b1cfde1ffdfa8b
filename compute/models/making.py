"""Making the program of a model out of its architecture's network, and the network itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from flax.traverse_util import unflatten_dict

from compute.exact.tracing import UnsupportedPrimitive, trace
from compute.models.errors import ModelError
from compute.program.program import Program

if TYPE_CHECKING:
    from compute.models.specification import ModelSpecification


def native_logits(
    spec: ModelSpecification,
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    compute_dtype: str = "float32",
    remat: bool = False,
) -> jax.Array:
    """As `ModelSpecification.logits`, by the architecture's own network: its layers compute in
    `compute_dtype`, whole layers are recomputed with `remat`."""
    network = spec.architecture.network(compute_dtype=compute_dtype, remat=remat)
    seen = {column.name: column.values(inputs[column.name]) for column in spec.columns}
    tree = unflatten_dict(dict(params), sep="/")
    return jnp.asarray(network.apply({"params": tree}, seen), jnp.float32)


def program_of(spec: ModelSpecification) -> Program:
    """The program of the network, for the integers of the columns. Raises ModelError."""
    params = {
        name: jax.ShapeDtypeStruct(shape, jnp.float32)
        for name, shape in spec.parameter_shapes().items()
    }
    inputs = {
        column.name: jax.ShapeDtypeStruct((1, *column.shape), column.dtype)
        for column in spec.columns
    }
    try:
        return trace(lambda p, x: native_logits(spec, p, x), params, inputs)
    except UnsupportedPrimitive as error:
        raise ModelError(f"the network cannot be evaluated exactly: {error}") from None
