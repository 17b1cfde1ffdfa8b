"""The parent of a fork."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.models.errors import ModelError

MAPS = ("deepen", "same", "seed", "widen")


@dataclass(frozen=True)
class Parent:
    """The parent's model hash and how its parameters are mapped."""

    model_hash: bytes
    map: str


def same(given: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parent's parameters as they are. Raises ModelError unless names and shapes are those of
    `like`."""
    shapes = [{name: array.shape for name, array in one.items()} for one in (given, like)]
    if shapes[0] != shapes[1]:
        raise ModelError("the parent has other parameters than its fork, which keeps all of them")
    return dict(given)
