"""The residual network for images, with group normalisation: an example never sees its batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from compute.models import columns as inputs_of
from compute.models.architecture import MAX_WIDTH, Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.parameters import Parameters, bias, kernel, norm, prefixed

if TYPE_CHECKING:
    import flax.linen as nn

MAX_STAGES = 8
STEMS = {"3x3": 3, "7x7": 7}


@dataclass(frozen=True)
class ResNet(Architecture):
    """Outputs [classes] of one image, by pre-activation blocks (He et al. 2016).

    `blocks` of each stage; stage s has `width` · 2**s channels (four times as many between blocks
    if they are `bottleneck` ones) and, but the first, halves the image. `stem` "3x3" keeps small
    images as they are, "7x7" divides their sides by 4. `groups` of each normalisation.
    """

    name = "resnet"
    classes: int
    blocks: tuple[int, ...]
    width: int
    bottleneck: bool
    groups: int
    stem: str

    @classmethod
    def parse(cls, document: Any) -> Self:
        read = cls.reader(document)
        network = cls(
            classes=read.integer("classes", 1, MAX_WIDTH),
            blocks=read.integers("blocks", 1, MAX_STAGES, 1, 64),
            width=read.integer("width", 1, 4_096),
            bottleneck=read.flag("bottleneck"),
            groups=read.integer("groups", 1, 4_096),
            stem=read.choice("stem", tuple(STEMS)),
        )
        if network.width % network.groups:
            raise ModelError("a resnet's width is a multiple of its groups")
        return network

    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        inputs_of.image(columns, "a resnet")
        return (self.classes,)

    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        *_, channels = inputs_of.image(columns, "a resnet")
        table = {"stem/kernel": _convolution(STEMS[self.stem], channels, self.width)}
        before = self.width
        for stage, count in enumerate(self.blocks):
            inner = self.width << stage
            for number in range(count):
                block = self._block(before, inner, changes=number == 0 and stage > 0)
                table |= prefixed(f"stage{stage}_block{number}", block)
                before = inner * 4 if self.bottleneck else inner
        return {
            **table,
            **norm("norm", before),
            "head/bias": bias((self.classes,), (None,)),
            "head/kernel": kernel((before, self.classes), ("embed", None), before),
        }

    def _block(self, before: int, inner: int, changes: bool) -> Parameters:
        after = inner * 4 if self.bottleneck else inner
        table = norm("norm0", before)
        if changes or before != after:
            table["shortcut/kernel"] = _convolution(1, before, after)
        sizes = (1, 3, 1) if self.bottleneck else (3, 3)
        widths = (before, inner, inner, after) if self.bottleneck else (before, inner, after)
        for number, size in enumerate(sizes):
            fan_in, fan_out = widths[number : number + 2]
            table[f"conv{number}/kernel"] = _convolution(size, fan_in, fan_out)
            if number:
                table |= norm(f"norm{number}", fan_in)
        return table

    def network(self, *, compute_dtype: str, remat: bool) -> nn.Module:
        from compute.models.networks.resnet import Residual

        return Residual(
            self.classes, self.blocks, self.width, self.bottleneck, self.groups, self.stem,
            compute_dtype, remat,
        )  # fmt: skip


def _convolution(size: int, fan_in: int, fan_out: int) -> Any:
    axes = (None, None, "embed", "mlp")
    return kernel((size, size, fan_in, fan_out), axes, size * size * fan_in, gain=2)
