"""StableHLO: the model's program with any number of examples, parameters apart."""

from pathlib import Path
from typing import Any

import flatbuffers  # noqa: F401 - what jax.export needs to write a file
import jax
from jax import export as jax_export

from compute.durable import replace_file
from compute.exchange import tensors
from compute.inference import Model

FILE, FOR_JAX = "model.stablehlo", "model.jax_export"
PLATFORMS = ("cpu", "cuda", "tpu")


def write(model: Model, folder: Path) -> None:
    """`model.stablehlo`, StableHLO's portable bytecode, whose arguments are the parameters and then
    the inputs, each in order of their names; `model.jax_export`, the same for
    `jax.export.deserialize`, which takes two mappings; the parameters in `model.safetensors`."""
    specification = model.specification
    (batch,) = jax_export.symbolic_shape("batch")
    parameters = {
        name: jax.ShapeDtypeStruct(value.shape, value.dtype)
        for name, value in model.parameters.items()
    }
    inputs: dict[str, Any] = {
        column.name: jax.ShapeDtypeStruct((batch, *column.shape), column.dtype)
        for column in specification.columns
    }
    exported = jax_export.export(jax.jit(specification.logits), platforms=PLATFORMS)(
        parameters, inputs
    )
    replace_file(folder / FILE, exported.mlir_module_serialized)
    replace_file(folder / FOR_JAX, bytes(exported.serialize()))
    tensors.write_plain(model, folder)
