"""A user's own Flax module as an architecture: the hash of its source, and what goes in and out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from compute.models import foreign
from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.fields import Reader
from compute.models.parameters import AXES, Parameter, Parameters

if TYPE_CHECKING:
    import flax.linen as nn

MAX_TENSORS = 512
_TENSOR = re.compile(r"[A-Za-z0-9_]{1,64}(/[A-Za-z0-9_]{1,64}){0,8}")


@dataclass(frozen=True)
class Module(Architecture):
    """Outputs of shape `outputs`; the program was made by the source with sha256 `source`, which
    its founder alone ran (see `foreign`). `tensors` are its parameters by name."""

    name = "module"
    is_foreign = True
    source: bytes
    outputs: tuple[int, ...]
    tensors: tuple[tuple[str, Parameter], ...]

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "source": self.source.hex(),
            "outputs": list(self.outputs),
            "tensors": [_to_item(name, tensor) for name, tensor in self.tensors],
        }

    @classmethod
    def parse(cls, document: Any) -> Self:
        read = cls.reader(document)
        tensors = tuple(_from_item(item) for item in read.items("tensors", 1, MAX_TENSORS))
        names = [name for name, _ in tensors]
        if names != sorted(set(names)):
            raise ModelError("a module's tensors are not sorted by distinct names")
        outputs = read.integers("outputs", 1, 4, 1, 1 << 24)
        return cls(read.hash("source"), outputs, tensors)

    @classmethod
    def describe(cls, source: bytes, columns: Sequence[InputColumn]) -> Self:
        """From a source of one's own, which is run: shapes are traced, and parameters start by the
        last part of their names: "bias" at 0, "scale" at 1, others with variance 1 / fan-in."""
        digest = foreign.run(source)
        outputs, shapes = _traced(digest, columns)
        tensors = {
            name: Parameter(shape, (None,) * len(shape), _start(name, shape))
            for name, shape in shapes.items()
        }
        return cls(digest, outputs, tuple(sorted(tensors.items())))

    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        return self.outputs

    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        return dict(self.tensors)

    def network(self, *, compute_dtype: str, remat: bool) -> nn.Module:
        return foreign.network(self.source, compute_dtype, remat)


def _traced(
    digest: bytes, columns: Sequence[InputColumn]
) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    """The shapes of an example's outputs and of the parameters of the code with this sha256."""
    import jax
    from flax.traverse_util import flatten_dict

    network = foreign.network(digest, "float32", remat=False)
    seen = {
        column.name: jax.eval_shape(
            column.values, jax.ShapeDtypeStruct((1, *column.shape), column.dtype)
        )
        for column in columns
    }
    try:
        outputs, variables = jax.eval_shape(network.init_with_output, jax.random.key(0), seen)
    except (Exception, SystemExit) as error:
        raise foreign.failed(error) from error
    shape = getattr(outputs, "shape", ())  # of what may be no array at all
    if shape[:1] != (1,) or not 2 <= len(shape) <= 5:
        raise ModelError(
            "a model gives one array, whose first axis is that of the examples, and 1 to 4 more"
        )
    if not jax.numpy.issubdtype(outputs.dtype, jax.numpy.floating):
        raise ModelError(f"a loss is of real numbers, and the model gives {outputs.dtype}")
    if set(variables) != {"params"}:
        raise ModelError("a model has parameters and no other variables, such as batch_stats")
    shapes = flatten_dict(variables["params"], sep="/")
    return outputs.shape[1:], {name: leaf.shape for name, leaf in shapes.items()}


def _start(name: str, shape: tuple[int, ...]) -> Fraction | int:
    kind = name.rpartition("/")[2]
    if kind in ("bias", "scale"):
        return int(kind == "scale")
    return Fraction(1, max(math.prod(shape[:-1]), 1))


def _to_item(name: str, tensor: Parameter) -> dict[str, Any]:
    start = tensor.start
    variance = [start.numerator, start.denominator] if isinstance(start, Fraction) else start
    axes = list(tensor.axes)
    return {"name": name, "shape": list(tensor.shape), "axes": axes, "start": variance}


def _from_item(item: Any) -> tuple[str, Parameter]:
    read = Reader(item, "tensor", "name shape axes start")
    name = read["name"]
    if not isinstance(name, str) or not _TENSOR.fullmatch(name):
        raise ModelError("a tensor's name is not a path of letters, digits and _")
    shape = read.integers("shape", 0, 8, 1, 1 << 24)
    axes = tuple(read.items("axes", len(shape), len(shape)))
    named = [axis for axis in axes if axis is not None]
    if not all(axis in AXES for axis in named) or len(set(map(str, named))) != len(named):
        raise ModelError(f"a tensor's axes are null or each one of {', '.join(AXES)}")
    if isinstance(read["start"], list):
        start: Fraction | int = Fraction(*read.integers("start", 2, 2, 1, 1 << 32))
        if [start.numerator, start.denominator] != read["start"]:
            raise ModelError("a tensor's variance is not a reduced fraction")
    else:
        start = read.integer("start", 0, 1)
    return name, Parameter(shape, axes, start)
