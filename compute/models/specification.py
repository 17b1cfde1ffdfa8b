"""The model specification: a canonical document whose sha256 is the group's on-chain model hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from compute import canonical
from compute.models import fields, initialisation
from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.mlp import MLP
from compute.models.module import Module
from compute.models.parameters import Axes, Parameters
from compute.models.resnet import ResNet
from compute.models.transformer import Transformer
from compute.models.vit import ViT

if TYPE_CHECKING:  # importing JAX takes seconds, and a specification is often only read
    import jax

FORMAT = "decentralizedai/model/1"
MAX_BYTES = 1 << 16
MAX_PARAMETERS = 1 << 32
ARCHITECTURES: dict[str, type[Architecture]] = {
    kind.name: kind for kind in (MLP, Module, ResNet, Transformer, ViT)
}
LOSSES = ("binary_cross_entropy", "cross_entropy", "squared_error")
MAPS = ("deepen", "seed", "widen")


@dataclass(frozen=True)
class Parent:
    """Where a fork comes from: the parent's model hash and how its parameters are mapped."""

    model_hash: bytes
    map: str


@dataclass(frozen=True)
class ModelSpecification:
    """A model anyone can rebuild from 32 bytes. Equal specifications encode to equal bytes.

    `target` names the column to predict; squared errors are those of its values times
    2**target_scale_log2, other losses take its integers. `parse` validates; the constructor trusts
    its caller until `encode`.
    """

    architecture: Architecture
    columns: tuple[InputColumn, ...]
    target: str
    loss: str = "cross_entropy"
    target_scale_log2: int | None = None
    seed: int = 0
    magnitude_log2: int = 16
    evaluator: str = "F24/2"
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

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what `logits` returns for one example."""
        return self.architecture.output_shape(self.columns)

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of the target of one example, as the loss takes it."""
        return self.output_shape[:-1] if self.loss == "cross_entropy" else self.output_shape

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every float32 parameter, by flat name ("Dense_0/kernel"), sorted by name."""
        return {name: parameter.shape for name, parameter in self._parameters.items()}

    def partition(self) -> dict[str, Axes]:
        """The logical axis (see `parameters.AXES`) of every dimension of every parameter."""
        return {name: parameter.axes for name, parameter in self._parameters.items()}

    def logits(
        self,
        params: Mapping[str, jax.Array],
        inputs: Mapping[str, jax.Array],
        *,
        compute_dtype: str = "float32",
        remat: bool = False,
    ) -> jax.Array:
        """float32 outputs [B, *output_shape] of the integer columns `inputs`, [B, *shape] each.

        Pure and traceable. Columns that are not inputs of the model are ignored. Parameters stay
        float32 while layers compute in `compute_dtype`, "bfloat16" for example; with `remat` a
        gradient recomputes them. The evaluation is defined by the defaults of both.
        """
        import jax.numpy as jnp
        from flax.traverse_util import unflatten_dict

        network = self.architecture.network(compute_dtype=compute_dtype, remat=remat)
        seen = {column.name: column.values(inputs[column.name]) for column in self.columns}
        tree = unflatten_dict(dict(params), sep="/")
        return jnp.asarray(network.apply({"params": tree}, seen), jnp.float32)

    def targets(self, column: np.ndarray) -> np.ndarray:
        """What the loss takes of the target column [B, ...]: [B, *target_shape], int32 classes or
        float32 numbers."""
        column = np.asarray(column).reshape(len(column), *self.target_shape)
        if self.target_scale_log2 is None:  # no class, like -1, where it is no int32
            small = (column >= 0) & (column < 1 << 31)
            return np.where(small, column.astype(np.int32), np.int32(-1))
        return column.astype(np.float32) * np.float32(2.0**self.target_scale_log2)

    def losses(
        self,
        params: Mapping[str, jax.Array],
        inputs: Mapping[str, jax.Array],
        targets: jax.Array,
        *,
        compute_dtype: str = "float32",
        remat: bool = False,
    ) -> jax.Array:
        """float32 losses [B], one an example: what training makes small, as the evaluator's
        integers in all but rounding. `targets` come from `targets`."""
        from compute.models.losses import FUNCTIONS

        outputs = self.logits(params, inputs, compute_dtype=compute_dtype, remat=remat)
        return FUNCTIONS[self.loss](outputs, targets)

    def initial_parameters(self) -> dict[str, np.ndarray]:
        """float32 parameters the genesis trainer starts from: the same bits on every machine."""
        return initialisation.initialise(self._parameters, self.seed)

    def adapt(self, parent_params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """This fork's first parameters from those of the parent's accepted checkpoint.

        "seed" ignores them; other maps embed them so that the outputs stay the same function.
        Raises ModelError if this is no fork, or if the parameters do not fit inside it.
        """
        if self.parent is None:
            raise ModelError("this model has no parent to adapt parameters from")
        initial = self.initial_parameters()
        if self.parent.map == "seed":
            return initial
        inputs = sum(column.size for column in self.columns)
        return dict(self.architecture.adapt(self.parent.map, parent_params, initial, inputs))

    @cached_property
    def _parameters(self) -> Parameters:
        return dict(sorted(self.architecture.parameters(self.columns).items()))


def _to_document(spec: ModelSpecification) -> dict[str, Any]:
    parent = spec.parent
    return {
        "format": FORMAT,
        "architecture": spec.architecture.document(),
        "inputs": [column.document() for column in spec.columns],
        "target": spec.target,
        "target_scale_log2": spec.target_scale_log2,
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
        "format architecture inputs target target_scale_log2 loss evaluator initialisation "
        "magnitude_log2 parent",
    )
    read.choice("format", (FORMAT,))
    start = fields.Reader(read["initialisation"], "initialisation", "rule seed")
    start.choice("rule", (initialisation.RULE,))
    parent = None
    if read["parent"] is not None:
        origin = fields.Reader(read["parent"], "parent", "model map")
        parent = Parent(origin.hash("model"), origin.choice("map", MAPS))
    scaled = read["target_scale_log2"] is not None
    spec = ModelSpecification(
        architecture=_architecture(read["architecture"]),
        columns=tuple(InputColumn.read(item) for item in read.items("inputs", 1, 64)),
        target=read.name("target"),
        target_scale_log2=read.integer("target_scale_log2", -64, 64) if scaled else None,
        loss=read.choice("loss", LOSSES),
        evaluator=read.text("evaluator"),
        seed=start.integer("seed", 0, (1 << 64) - 1),
        magnitude_log2=read.integer("magnitude_log2", 1, 126),
        parent=parent,
    )
    _check(spec)
    return spec


def _architecture(document: Any) -> Architecture:
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ModelError(f"the architecture's name is not one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name].parse(document)


def _check(spec: ModelSpecification) -> None:
    if len(set(spec.inputs)) != len(spec.inputs):
        raise ModelError("two inputs have the same name")
    if spec.target in spec.inputs:
        raise ModelError(f"the target {spec.target!r} is also an input: it would tell the answer")
    if spec.loss == "cross_entropy" and spec.output_shape[-1] < 2:
        raise ModelError("the cross entropy needs two classes or more")
    if (spec.loss == "squared_error") != (spec.target_scale_log2 is not None):
        raise ModelError("the squared error, and it alone, needs a target_scale_log2")
    if sum(math.prod(shape) for shape in spec.parameter_shapes().values()) > MAX_PARAMETERS:
        raise ModelError(f"the model has more than {MAX_PARAMETERS} parameters")
