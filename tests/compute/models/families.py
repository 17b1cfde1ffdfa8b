"""One tiny model of every architecture, with integer data that fits it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from compute.models import (
    MLP,
    InputColumn,
    ModelSpecification,
    ResNet,
    Transformer,
    ViT,
)

EXAMPLES, LENGTH, CLASSES = 4, 16, 3
RANDOM = np.random.default_rng(5)
PIXELS = (InputColumn("image", "uint8", (8, 8), -8),)
COLOURS = (InputColumn("image", "uint8", (8, 8, 3), -8),)
TOKENS = (InputColumn("tokens", "uint8", (LENGTH,), None),)


class Family(NamedTuple):
    """A specification, and columns [EXAMPLES, ...] with its target among them."""

    specification: ModelSpecification
    columns: dict[str, np.ndarray]

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        return {name: self.columns[name] for name in self.specification.inputs}

    @property
    def targets(self) -> np.ndarray:
        return self.specification.targets(self.columns[self.specification.target])


def _images(architecture: MLP | ResNet | ViT, columns: tuple[InputColumn, ...]) -> Family:
    shape = (EXAMPLES, *columns[0].shape)
    return Family(
        ModelSpecification(architecture, columns, "label"),
        {
            "image": RANDOM.integers(0, 256, shape, np.uint8),
            "label": RANDOM.integers(0, CLASSES, EXAMPLES, np.uint8),
        },
    )


def _text(architecture: Transformer) -> Family:
    window = RANDOM.integers(0, 256, (EXAMPLES, LENGTH + 1), np.uint8)
    window[:, -1] = 255  # the last of 256 classes
    return Family(
        ModelSpecification(architecture, TOKENS, "targets"),
        {"tokens": window[:, :-1], "targets": window[:, 1:]},
    )


FAMILIES: dict[str, Family] = {
    "mlp": _images(MLP((6, 5), CLASSES), PIXELS),
    "resnet": _images(ResNet(CLASSES, (1, 1), 8, bottleneck=False, groups=4, stem="3x3"), PIXELS),
    "bottleneck": _images(ResNet(CLASSES, (1,), 4, bottleneck=True, groups=2, stem="7x7"), COLOURS),
    "vit": _images(ViT(CLASSES, patch=4, width=16, layers=2, heads=2, hidden=24), COLOURS),
    "grouped": _text(Transformer(256, 16, layers=2, heads=4, kv_heads=2, hidden=24)),
    "untied": _text(
        Transformer(256, 16, layers=1, heads=2, kv_heads=2, hidden=24, tied=False, rope_base=500)
    ),
}
