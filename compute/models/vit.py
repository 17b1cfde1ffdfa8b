"""The Vision Transformer: patches of an image attend to one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from compute.models import columns as inputs_of
from compute.models.architecture import MAX_LAYERS, MAX_WIDTH, Architecture, Arrays
from compute.models.columns import InputColumn
from compute.models.deepen import deepen
from compute.models.errors import ModelError
from compute.models.parameters import Parameter, Parameters, bias, kernel, norm, prefixed

if TYPE_CHECKING:
    import flax.linen as nn

MAX_HEADS = 256
MAX_PATCH = 256


@dataclass(frozen=True)
class ViT(Architecture):
    """Outputs [classes] of one image, from the mean over its patches of `patch` × `patch` pixels.

    `width` of the residual stream, `hidden` of the GELU part.
    """

    name = "vit"
    classes: int
    patch: int
    width: int
    layers: int
    heads: int
    hidden: int

    @classmethod
    def parse(cls, document: Any) -> Self:
        read = cls.reader(document)
        network = cls(
            classes=read.integer("classes", 1, MAX_WIDTH),
            patch=read.integer("patch", 1, MAX_PATCH),
            width=read.integer("width", 1, MAX_WIDTH),
            layers=read.integer("layers", 1, MAX_LAYERS),
            heads=read.integer("heads", 1, MAX_HEADS),
            hidden=read.integer("hidden", 1, MAX_WIDTH),
        )
        if network.width % network.heads:
            raise ModelError("a vit's width is a multiple of its heads")
        return network

    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        height, width, _ = inputs_of.image(columns, "a vit")
        if height % self.patch or width % self.patch:
            raise ModelError(f"patches of {self.patch} do not cover {height} × {width} pixels")
        return (self.classes,)

    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        rows, across, channels = inputs_of.image(columns, "a vit")
        patches = rows // self.patch * (across // self.patch)
        width, heads, hidden = self.width, self.heads, self.hidden
        share = Fraction(1, 2 * self.layers)  # as in the decoder
        block = norm("attention_norm", width)
        for name in ("query", "key", "value"):
            block |= {
                f"attention/{name}/bias": bias((heads, width // heads), ("heads", None)),
                f"attention/{name}/kernel": kernel(
                    (width, heads, width // heads), ("embed", "heads", None), width
                ),
            }
        block |= {
            "attention/output/bias": bias((width,), (None,)),
            "attention/output/kernel": kernel(
                (heads, width // heads, width), ("heads", None, "embed"), width, share
            ),
            **norm("mlp_norm", width),
            "up/bias": bias((hidden,), ("mlp",)),
            "up/kernel": kernel((width, hidden), ("embed", "mlp"), width),
            "down/bias": bias((width,), (None,)),
            "down/kernel": kernel((hidden, width), ("mlp", "embed"), hidden, share),
        }
        layers = {name: parameter.stacked(self.layers) for name, parameter in block.items()}
        pixels = self.patch**2 * channels
        return {
            "patches/bias": bias((width,), (None,)),
            "patches/kernel": kernel(
                (self.patch, self.patch, channels, width), (None, None, None, "embed"), pixels
            ),
            "position": Parameter((patches, width), (None, "embed"), Fraction(1, 2500)),
            **prefixed("layers", layers),
            **norm("norm", width),
            "head/bias": bias((self.classes,), (None,)),
            "head/kernel": kernel((width, self.classes), ("embed", None), width),
        }

    def network(self, *, compute_dtype: str, remat: bool) -> nn.Module:
        from compute.models.networks.vit import Encoder

        return Encoder(
            self.classes, self.patch, self.width, self.layers, self.heads, self.hidden,
            compute_dtype, remat,
        )  # fmt: skip

    def adapt(self, map_: str, parent: Arrays, initial: Arrays, inputs: int) -> Arrays:
        if map_ == "deepen":
            return deepen(parent, initial, closing=("attention/output", "down"))
        return super().adapt(map_, parent, initial, inputs)
