"""Compile one gradient of a named size on 8 devices, from shapes alone: no array is made.

Prints a JSON object: parameters, and bytes of arguments on each device. Run by test_sizes.py.
"""

import json
import math
import sys

import jax
import numpy as np

from compute.models.sizes import design
from compute.training.mesh import Layout

SHAPES = {  # model -> inputs, target, classes
    "gpt": (("x", np.uint16, (1_024,)), (1_024,), 50_304),
    "vit": (("x", np.uint8, (224, 224, 3)), (), 1_000),
    "resnet": (("x", np.uint8, (224, 224, 3)), (), 1_000),
}
BATCH = 8


def main(model: str, size: str) -> None:
    (name, dtype, shape), target, classes = SHAPES[model]
    data = {name: np.zeros((1, *shape), dtype), "y": np.zeros((1, *target), np.uint16)}
    spec = design(model, size, data, "y", classes)
    shapes = spec.parameter_shapes()
    layout = Layout.of("data=2,fsdp=2,tensor=2", shapes, spec.partition())
    parameters = {
        key: jax.ShapeDtypeStruct(value, np.float32, sharding=layout.parameters[key])
        for key, value in shapes.items()
    }
    examples = jax.sharding.NamedSharding(layout.mesh, jax.sharding.PartitionSpec(("data", "fsdp")))
    inputs = {name: jax.ShapeDtypeStruct((BATCH, *shape), dtype, sharding=examples)}
    targets = jax.ShapeDtypeStruct((BATCH, *target), np.int32, sharding=examples)

    def loss(parameters, inputs, targets):
        options = {"compute_dtype": "bfloat16", "remat": True}
        return spec.losses(parameters, inputs, targets, **options).mean()

    step = jax.jit(jax.value_and_grad(loss), out_shardings=(None, layout.parameters))
    compiled = step.lower(parameters, inputs, targets).compile()
    total = sum(map(math.prod, shapes.values()))
    bytes_each = compiled.memory_analysis().argument_size_in_bytes
    print(json.dumps({"parameters": total, "argument_bytes": bytes_each}))


if __name__ == "__main__":
    main(*sys.argv[1:])
