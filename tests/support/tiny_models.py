"""The smallest model of each built-in architecture, with parameters and one example."""

from __future__ import annotations

import functools

import numpy as np

from compute.models import ModelSpecification
from compute.models.columns import InputColumn
from compute.models.resnet import ResNet
from compute.models.sizes import SIZES
from compute.trace.run import Example

IMAGE = InputColumn("x", "uint8", (8, 8, 1), -8)
COLUMNS = {
    "mlp": InputColumn("x", "uint8", (12,), -8),
    "resnet": IMAGE,
    "vit": IMAGE,
    "gpt": InputColumn("x", "uint8", (8,), None),
}
CLASSES = 7
ARCHITECTURES = {model: SIZES[model]["tiny"](CLASSES) for model in COLUMNS}
# one stage, as each shape of a convolution takes seconds to compile
ARCHITECTURES["resnet"] = ResNet(CLASSES, (1,), 8, bottleneck=False, groups=4, stem="3x3")


@functools.cache
def tiny(model: str) -> tuple[ModelSpecification, Example]:
    spec = ModelSpecification(ARCHITECTURES[model], (COLUMNS[model],), "y")
    rng = np.random.default_rng(len(model))
    x = rng.integers(0, CLASSES, COLUMNS[model].shape).astype(np.uint8)
    y = rng.integers(0, CLASSES + 1, spec.target_shape)
    params = {k: p + rng.normal(0, 0.1, p.shape) for k, p in spec.initial_parameters().items()}
    return spec, Example({k: p.astype(np.float32) for k, p in params.items()}, {"x": x, "y": y})
