"""The mesh of devices with axes data, fsdp and tensor, and shardings on it.

`data` and `fsdp` split a batch's examples; `fsdp` splits the parameters and the optimizer's state
as well; `tensor` splits the wide dimensions of every layer. XLA's SPMD partitioner inserts the
collectives. Which dimension of a parameter is which, the model says by logical names.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from compute.training.recipe import RecipeError

AXES = ("data", "fsdp", "tensor")
# logical dimension of a parameter -> mesh axis; every other dimension stays whole
RULES = {
    "embed": "fsdp",
    "heads": "tensor",
    "kv_heads": "tensor",
    "mlp": "tensor",
    "vocab": "tensor",
}

LogicalAxes = Mapping[str, tuple[str | None, ...]]


def sizes_of(text: str, devices: int) -> dict[str, int]:
    """Devices along each axis, from "data=4,tensor=2"; what is not named has 1.

    Without `data` it takes the devices that are left over. Raises RecipeError unless the product
    is `devices`.
    """
    sizes: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, number = (word.strip() for word in part.partition("="))
        if name not in AXES or name in sizes or not number.isdecimal() or int(number) < 1:
            raise RecipeError(
                f"The mesh {text!r} is not understood: write each of {', '.join(AXES)} at most "
                "once and with a number of devices, as in data=4,tensor=2."
            )
        sizes[name] = int(number)
    rest = math.prod(sizes.values())
    sizes.setdefault("data", max(1, devices // rest))
    if math.prod(sizes.values()) != devices:
        raise RecipeError(
            f"The mesh {text!r} does not divide {devices} device{'s' * (devices != 1)}: "
            "the product of its axes must be the number of devices."
        )
    return {name: sizes.get(name, 1) for name in AXES}


def specs_of(
    shapes: Mapping[str, tuple[int, ...]], axes: LogicalAxes, sizes: Mapping[str, int]
) -> dict[str, PartitionSpec]:
    """Return how each parameter is split on a mesh of these sizes.

    A dimension that the mesh does not divide stays whole. Raises RecipeError for an axis that would
    split no parameter at all.
    """
    specs = {name: _spec(shape, axes[name], sizes) for name, shape in shapes.items()}
    used = {axis for spec in specs.values() for axis in spec}
    for axis in ("fsdp", "tensor"):
        if sizes[axis] > 1 and axis not in used:
            raise RecipeError(
                f"{axis}={sizes[axis]} does not divide any parameter of this model: choose a "
                "smaller number, or give its devices to data."
            )
    return specs


@dataclass(frozen=True)
class Layout:
    """A mesh, and the sharding of everything that lives on it."""

    mesh: Mesh
    parameters: dict[str, NamedSharding]

    @classmethod
    def of(
        cls,
        mesh: str,
        shapes: Mapping[str, tuple[int, ...]],
        axes: LogicalAxes,
        devices: Sequence[jax.Device] | None = None,
    ) -> "Layout":
        """The layout of parameters with these shapes and logical axes on all devices, or on
        `devices`. Raises RecipeError, as `sizes_of` and `specs_of`."""
        found = jax.devices() if devices is None else devices
        sizes = sizes_of(mesh, len(found))
        specs = specs_of(shapes, axes, sizes)
        grid = jax.make_mesh(
            tuple(sizes.values()), AXES, axis_types=(AxisType.Auto,) * 3, devices=found
        )
        return cls(grid, {name: NamedSharding(grid, spec) for name, spec in specs.items()})

    @property
    def batch(self) -> NamedSharding:
        """Of batches [parts, examples, ...]: the examples are split."""
        return NamedSharding(self.mesh, PartitionSpec(None, ("data", "fsdp")))

    @property
    def whole(self) -> NamedSharding:
        """Of what every device holds."""
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def shares(self) -> int:
        """Into how many parts the examples of a step are split."""
        return int(self.mesh.shape["data"] * self.mesh.shape["fsdp"])


def place(value: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """`value`, which every process has, as one array of all processes: each gives its own part."""
    if sharding.is_fully_addressable:
        return jax.device_put(value, sharding)
    return jax.make_array_from_callback(value.shape, sharding, lambda index: value[index])


def _spec(
    shape: tuple[int, ...], axes: tuple[str | None, ...], sizes: Mapping[str, int]
) -> PartitionSpec:
    """One mesh axis for each dimension at most, and each mesh axis once."""
    taken: list[str | None] = []
    for size, logical in zip(shape, axes, strict=True):
        axis = RULES.get(logical or "")
        fits = axis is not None and axis not in taken and size % sizes[axis] == 0
        taken.append(axis if fits and sizes[axis or ""] > 1 else None)
    return PartitionSpec(*taken)
