"""The multilayer perceptron: all inputs side by side, ReLU between dense layers, no softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from compute.models import columns as inputs_of
from compute.models.architecture import MAX_LAYERS, MAX_WIDTH, Architecture, Arrays
from compute.models.columns import InputColumn
from compute.models.parameters import Parameters, bias, kernel, prefixed
from compute.models.widen import widen

if TYPE_CHECKING:
    import flax.linen as nn


@dataclass(frozen=True)
class MLP(Architecture):
    """Outputs [classes]; `hidden` widths, first layer first."""

    name = "mlp"
    hidden: tuple[int, ...]
    classes: int

    @classmethod
    def parse(cls, document: Any) -> Self:
        read = cls.reader(document)
        return cls(
            read.integers("hidden", 0, MAX_LAYERS, 1, MAX_WIDTH),
            read.integer("classes", 1, MAX_WIDTH),
        )

    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        inputs_of.numbers(columns, "an mlp")
        return (self.classes,)

    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        widths = [sum(column.size for column in columns), *self.hidden, self.classes]
        table: Parameters = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            out = None if layer == len(self.hidden) else "mlp"
            dense = {
                "bias": bias((fan_out,), (out,)),
                "kernel": kernel((fan_in, fan_out), ("embed", out), fan_in, gain=2),
            }
            table |= prefixed(f"Dense_{layer}", dense)
        return table

    def network(self, *, compute_dtype: str, remat: bool) -> nn.Module:
        from compute.models.networks.mlp import Perceptron

        return Perceptron(self.hidden, self.classes, compute_dtype)

    def adapt(self, map_: str, parent: Arrays, initial: Arrays, inputs: int) -> Arrays:
        if map_ == "widen":
            return widen(parent, initial, inputs)
        return super().adapt(map_, parent, initial, inputs)
