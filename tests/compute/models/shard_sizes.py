"""Compile a trainer's step of a named size on 8 devices, from shapes alone: no array is made.

Prints a JSON object: parameters, and on each device bytes of arguments and of the whole step. Run
by test_sizes.py.
"""

import json
import math
import sys

import jax
import numpy as np

from compute.models.sizes import design
from compute.training.mesh import Layout
from compute.training.recipe import Recipe
from compute.training.step import Program, step_bytes

SHAPES = {  # model -> inputs, target, classes
    "gpt": (("x", np.uint16, (1_024,)), (1_024,), 50_304),
    "vit": (("x", np.uint8, (224, 224, 3)), (), 1_000),
    "resnet": (("x", np.uint8, (224, 224, 3)), (), 1_000),
}
BATCH, MESH = 8, "data=2,fsdp=2,tensor=2"


def main(model: str, size: str) -> None:
    (name, dtype, shape), target, classes = SHAPES[model]
    data = {name: np.zeros((1, *shape), dtype), "y": np.zeros((1, *target), np.uint16)}
    spec = design(model, size, data, "y", classes)
    shapes = spec.parameter_shapes()
    layout = Layout.of(MESH, shapes, spec.partition())
    recipe = Recipe(batch_size=BATCH, precision="bfloat16", remat=True, mesh=MESH)
    columns = {name: ((1, BATCH, *shape), dtype), "y": ((1, BATCH, *target), np.int32)}
    batch = {
        key: jax.ShapeDtypeStruct(*column, sharding=layout.batch) for key, column in columns.items()
    }
    compiled = Program(spec, recipe, layout).compile(batch)
    total = sum(map(math.prod, shapes.values()))
    arguments = compiled.memory_analysis().argument_size_in_bytes
    found = {"parameters": total, "argument_bytes": arguments, "bytes": step_bytes(compiled)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
