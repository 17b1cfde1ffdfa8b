"""The model specification: a canonical document whose sha256 is the group's on-chain model hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from compute import canonical
from compute.models import fields, initialisation
from compute.models.errors import ModelError
from compute.models.widen import widen

if TYPE_CHECKING:  # importing JAX takes seconds, and a specification is often only read
    import jax

FORMAT = "decentralizedai/model/1"
MAX_BYTES = 1 << 16
MAX_LAYERS = 64
MAX_WIDTH = 1 << 16
MAX_PARAMETERS = 1 << 32
LOSSES = ("cross_entropy",)
MAPS = ("widen", "seed")
# all their values are exact in float32
INPUT_DTYPES = ("int16", "int8", "uint16", "uint8")


@dataclass(frozen=True)
class InputColumn:
    """A column of the training set that feeds the model as value × 2**scale_log2."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale_log2: int


@dataclass(frozen=True)
class Parent:
    """Where a fork comes from: the parent's model hash and how its parameters are mapped."""

    model_hash: bytes
    map: str


@dataclass(frozen=True)
class ModelSpecification:
    """A model anyone can rebuild from 32 bytes. Equal specifications encode to equal bytes.

    `parse` validates; the constructor trusts its caller until `encode`.
    """

    hidden: tuple[int, ...]
    classes: int
    columns: tuple[InputColumn, ...]
    target: str
    seed: int = 0
    magnitude_log2: int = 16
    evaluator: str = "F24/1"
    loss: str = "cross_entropy"
    architecture: str = "mlp"
    parent: Parent | None = None

    @classmethod
    def parse(cls, data: bytes) -> ModelSpecification:
        """The specification encoded in `data`. Raises ModelError with the first fault found."""
        try:
            document = canonical.decode(data, max_bytes=MAX_BYTES)
        except canonical.CanonicalError as error:
            raise ModelError(str(error)) from None
        return _from_document(document)

    def encode(self) -> bytes:
        """The canonical document. Raises ModelError if the specification is not valid."""
        document = _to_document(self)
        _from_document(document)
        return canonical.encode(document)

    @cached_property
    def hash(self) -> bytes:
        """sha256 of the document: the on-chain model hash, 32 bytes."""
        return canonical.digest(self.encode())

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that `logits` reads."""
        return tuple(column.name for column in self.columns)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every float32 parameter, by flat name ("Dense_0/kernel"), sorted by name."""
        widths = [self._input_width, *self.hidden, self.classes]
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            shapes[f"Dense_{layer}/bias"] = (fan_out,)
            shapes[f"Dense_{layer}/kernel"] = (fan_in, fan_out)
        return dict(sorted(shapes.items()))

    def logits(self, params: Mapping[str, jax.Array], inputs: Mapping[str, jax.Array]) -> jax.Array:
        """float32 logits [B, classes] of the integer columns `inputs`, [B, *shape] each.

        Pure and traceable. Columns that are not inputs of the model are ignored.
        """
        import jax.numpy as jnp
        from flax.traverse_util import unflatten_dict

        from compute.models.mlp import MLP

        scaled = {
            column.name: inputs[column.name].astype(jnp.float32)
            * jnp.float32(2.0**column.scale_log2)
            for column in self.columns
        }
        tree = unflatten_dict(dict(params), sep="/")
        return jnp.asarray(MLP(self.hidden, self.classes).apply({"params": tree}, scaled))

    def initial_parameters(self) -> dict[str, np.ndarray]:
        """float32 parameters the genesis trainer starts from: the same bits on every machine."""
        return initialisation.initialise(self.parameter_shapes(), self.seed)

    def adapt(self, parent_params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """This fork's first parameters from those of the parent's accepted checkpoint.

        "widen" embeds them so that the logits stay the same function; "seed" ignores them.
        Raises ModelError if this is no fork, or if the parameters do not fit inside it.
        """
        if self.parent is None:
            raise ModelError("this model has no parent to adapt parameters from")
        initial = self.initial_parameters()
        if self.parent.map == "seed":
            return initial
        return widen(parent_params, initial, self._input_width)

    @property
    def _input_width(self) -> int:
        return sum(math.prod(column.shape) for column in self.columns)


def _to_document(spec: ModelSpecification) -> dict[str, Any]:
    parent = spec.parent
    return {
        "format": FORMAT,
        "architecture": {
            "name": spec.architecture,
            "hidden": list(spec.hidden),
            "classes": spec.classes,
        },
        "inputs": [
            {
                "name": column.name,
                "dtype": column.dtype,
                "shape": list(column.shape),
                "scale_log2": column.scale_log2,
            }
            for column in spec.columns
        ],
        "target": spec.target,
        "loss": spec.loss,
        "evaluator": spec.evaluator,
        "initialisation": {"rule": initialisation.RULE, "seed": spec.seed},
        "magnitude_log2": spec.magnitude_log2,
        "parent": parent and {"model": parent.model_hash.hex(), "map": parent.map},
    }


def _from_document(document: Any) -> ModelSpecification:
    read = fields.Reader(
        document,
        "model",
        "format architecture inputs target loss evaluator initialisation magnitude_log2 parent",
    )
    read.choice("format", (FORMAT,))
    network = fields.Reader(read["architecture"], "architecture", "name hidden classes")
    start = fields.Reader(read["initialisation"], "initialisation", "rule seed")
    start.choice("rule", (initialisation.RULE,))
    parent = None
    if read["parent"] is not None:
        origin = fields.Reader(read["parent"], "parent", "model map")
        parent = Parent(origin.hash("model"), origin.choice("map", MAPS))
    spec = ModelSpecification(
        architecture=network.choice("name", ("mlp",)),
        hidden=network.integers("hidden", 0, MAX_LAYERS, 1, MAX_WIDTH),
        classes=network.integer("classes", 2, MAX_WIDTH),
        columns=tuple(_column(item) for item in read.items("inputs", 1, 64)),
        target=read.name("target"),
        loss=read.choice("loss", LOSSES),
        evaluator=read.text("evaluator"),
        seed=start.integer("seed", 0, (1 << 64) - 1),
        magnitude_log2=read.integer("magnitude_log2", 1, 126),
        parent=parent,
    )
    if len(set(spec.inputs)) != len(spec.inputs):
        raise ModelError("two inputs have the same name")
    if spec.target in spec.inputs:
        raise ModelError(f"the target {spec.target!r} is also an input: it would tell the answer")
    if sum(math.prod(shape) for shape in spec.parameter_shapes().values()) > MAX_PARAMETERS:
        raise ModelError(f"the model has more than {MAX_PARAMETERS} parameters")
    return spec


def _column(item: Any) -> InputColumn:
    read = fields.Reader(item, "input", "name dtype shape scale_log2")
    return InputColumn(
        name=read.name("name"),
        dtype=read.choice("dtype", INPUT_DTYPES),
        shape=read.integers("shape", 0, 4, 1, 1 << 24),
        scale_log2=read.integer("scale_log2", -64, 64),
    )
