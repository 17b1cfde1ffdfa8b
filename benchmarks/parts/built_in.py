"""The built-in sizes on data as their users have it."""

from __future__ import annotations

import numpy as np

from compute.models import ModelSpecification
from compute.models.sizes import design

IMAGES = {"mlp": (28, 28), "resnet": (32, 32, 3), "vit": (32, 32, 3)}
LARGE = (224, 224, 3)
TOKENS = {"tiny": 16, "mini": 256}


def built_in(model: str, size: str) -> ModelSpecification:
    """The specification of a size for bytes or for pictures."""
    shape: tuple[int, ...]
    if model == "gpt":
        shape = (TOKENS.get(size, 1024),)
    elif size in ("18", "50", "base") or (model, size) == ("vit", "small"):
        shape = LARGE
    else:
        shape = IMAGES[model]
    target = np.zeros((1, *shape) if model == "gpt" else 1, np.uint8)
    data = {"x": np.zeros((1, *shape), np.uint8), "y": target}
    return design(model, size, data, "y", 256 if model == "gpt" else 10)
