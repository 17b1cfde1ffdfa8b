"""The document of a model: what its keys mean, and whether they fit together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from compute import canonical
from compute.about import About, TooMuchSaid
from compute.models import fields, initialisation
from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.mlp import MLP
from compute.models.module import Module
from compute.models.parent import MAPS, Parent
from compute.models.resnet import ResNet
from compute.models.transformer import Transformer
from compute.models.vit import ViT
from compute.program.program import Program
from compute.program.types import BY_NUMPY, DType, Type

FORMAT = "decentralizedai/model/2"
MAX_BYTES = 1 << 16
MAX_PARAMETERS = 1 << 32
MAX_PIECES = 64  # of the program, one a block
ARCHITECTURES: dict[str, type[Architecture]] = {
    kind.name: kind for kind in (MLP, Module, ResNet, Transformer, ViT)
}
LOSSES = ("binary_cross_entropy", "cross_entropy", "squared_error")
KEYS = (
    "format architecture inputs target target_scale_log2 loss evaluator initialisation "
    "magnitude_log2 parent about"
)


class Described(Protocol):
    """The properties of a specification (`ModelSpecification` is one)."""

    @property
    def architecture(self) -> Architecture: ...
    @property
    def columns(self) -> tuple[InputColumn, ...]: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def target(self) -> str: ...
    @property
    def target_scale_log2(self) -> int | None: ...
    @property
    def loss(self) -> str: ...
    @property
    def evaluator(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def magnitude_log2(self) -> int: ...
    @property
    def parent(self) -> Parent | None: ...
    @property
    def about(self) -> About: ...
    @property
    def output_shape(self) -> tuple[int, ...]: ...
    def parameter_shapes(self) -> Mapping[str, tuple[int, ...]]: ...


def decoded(data: bytes) -> dict[str, Any]:
    """The document in canonical bytes. Raises ModelError."""
    try:
        found = canonical.decode(data, max_bytes=MAX_BYTES)
    except canonical.CanonicalError as error:
        raise ModelError(str(error)) from None
    if not isinstance(found, dict):
        raise ModelError("a model is not an object")
    return found


def to_design(spec: Described) -> dict[str, Any]:
    """All keys but the program."""
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
        "about": spec.about.document(),
    }


def from_design(document: Any) -> dict[str, Any]:
    """The fields of a specification, of a document without its program.  Raises ModelError."""
    read = fields.Reader(document, "model", KEYS)
    read.choice("format", (FORMAT,))
    start = fields.Reader(read["initialisation"], "initialisation", "rule seed")
    start.choice("rule", (initialisation.RULE,))
    parent = None
    if read["parent"] is not None:
        origin = fields.Reader(read["parent"], "parent", "model map")
        parent = Parent(origin.hash("model"), origin.choice("map", MAPS))
    scaled = read["target_scale_log2"] is not None
    return {
        "architecture": _architecture(read["architecture"]),
        "columns": tuple(InputColumn.read(item) for item in read.items("inputs", 1, 64)),
        "target": read.name("target"),
        "target_scale_log2": read.integer("target_scale_log2", -64, 64) if scaled else None,
        "loss": read.choice("loss", LOSSES),
        "evaluator": read.text("evaluator"),
        "seed": start.integer("seed", 0, (1 << 64) - 1),
        "magnitude_log2": read.integer("magnitude_log2", 1, 126),
        "parent": parent,
        "about": _about(read["about"]),
    }


def pieces_of(document: Mapping[str, Any]) -> list[bytes]:
    """The digests of the blocks that hold the program.  Raises ModelError."""
    read = fields.Reader(dict(document), "model", f"{KEYS} program")
    return read.hashes("program", 1, MAX_PIECES)


def _about(document: Any) -> About:
    try:
        return About.read(document)
    except TooMuchSaid as error:
        raise ModelError(str(error)) from None


def _architecture(document: Any) -> Architecture:
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ModelError(f"the architecture's name is not one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name].parse(document)


def check(spec: Described) -> None:
    """Raise ModelError unless the fields fit together; the program is not looked at."""
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


def check_program(spec: Described, program: Program) -> None:
    """Raise ModelError unless the program has the parameters, inputs and outputs listed."""
    parameters = {name: Type(DType.F24, shape) for name, shape in spec.parameter_shapes().items()}
    columns = {c.name: Type(BY_NUMPY[c.dtype], c.shape) for c in spec.columns}
    for what, listed, found in (
        ("parameters", parameters, dict(program.parameters)),
        ("inputs", columns, dict(program.inputs)),
    ):
        for name in sorted(listed.keys() | found.keys()):
            if listed.get(name) != found.get(name):
                raise ModelError(
                    f"the {what} of the program are not those of the model: {name!r} is "
                    f"{found.get(name, 'not there')} and should be {listed.get(name, 'not there')}"
                )
    outputs = program.main.result_types
    if outputs != (Type(DType.F24, spec.output_shape),):
        are, due = ", ".join(map(str, outputs)), Type(DType.F24, spec.output_shape)
        raise ModelError(f"the program's outputs are {are}, not {due}")
