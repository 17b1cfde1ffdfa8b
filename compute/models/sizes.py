"""Named sizes, from those for tests to real ones, and a specification that fits given data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.mlp import MLP
from compute.models.module import Module
from compute.models.resnet import ResNet
from compute.models.specification import ModelSpecification
from compute.models.transformer import Transformer
from compute.models.vit import ViT

# (classes or vocabulary) -> architecture
SIZES: dict[str, dict[str, Callable[[int], Architecture]]] = {
    "mlp": {
        "tiny": lambda n: MLP((16,), n),
        "small": lambda n: MLP((128,), n),
        "medium": lambda n: MLP((512, 256), n),
    },
    "resnet": {
        "tiny": lambda n: ResNet(n, (1, 1), 8, bottleneck=False, groups=4, stem="3x3"),
        "small": lambda n: ResNet(n, (1, 1, 1), 16, bottleneck=False, groups=8, stem="3x3"),
        "18": lambda n: ResNet(n, (2, 2, 2, 2), 64, bottleneck=False, groups=32, stem="7x7"),
        "50": lambda n: ResNet(n, (3, 4, 6, 3), 64, bottleneck=True, groups=32, stem="7x7"),
    },
    "vit": {
        "tiny": lambda n: ViT(n, patch=4, width=16, layers=2, heads=2, hidden=32),
        "small": lambda n: ViT(n, patch=16, width=384, layers=12, heads=6, hidden=1_536),
        "base": lambda n: ViT(n, patch=16, width=768, layers=12, heads=12, hidden=3_072),
    },
    "gpt": {
        "tiny": lambda n: Transformer(n, 16, layers=2, heads=4, kv_heads=2, hidden=24),
        "mini": lambda n: Transformer(n, 128, layers=3, heads=4, kv_heads=2, hidden=352),
        "124m": lambda n: Transformer(n, 768, layers=12, heads=12, kv_heads=4, hidden=2_432),
        "1b": lambda n: Transformer(n, 2_048, layers=16, heads=32, kv_heads=8, hidden=8_192),
    },
}
MOST_CLASSES = 100  # of few examples, unless somebody says that they are classes
# integers become numbers in [0, 1) or [-1, 1)
SCALES = {"uint8": -8, "int8": -7, "uint16": -16, "int16": -15}


def design(
    model: str,
    size: str,
    data: Mapping[str, np.ndarray],
    target: str,
    classes: int | None = None,
    loss: str | None = None,
    scale_log2: Mapping[str, int] | None = None,
) -> ModelSpecification:
    """A specification of this size that predicts the column `target` from all others.

    `data` are columns [n, *shape] of examples, `scale_log2` the powers of two that made integers of
    real numbers. Without a `loss` a real target is a number, any other a class; without `classes`
    they are as many as the targets have; bytes have 256. Raises ModelError.
    """
    if model not in SIZES or size not in SIZES[model]:
        known = "; ".join(f"{name} {', '.join(sizes)}" for name, sizes in SIZES.items())
        raise ModelError(f"there is no model {model} of size {size}, but: {known}")
    tokens = model == "gpt"
    columns = _columns(data, target, tokens)
    scale = (scale_log2 or {}).get(target)
    loss = loss or ("cross_entropy" if scale is None else "squared_error")
    outputs = _outputs(data[target], tokens, classes, loss)
    spec = ModelSpecification(
        SIZES[model][size](outputs),
        columns,
        target,
        loss,
        -(scale or 0) if loss == "squared_error" else None,
    )
    spec.encode()  # raises where the data does not fit
    return spec


def _outputs(target: np.ndarray, tokens: bool, classes: int | None, loss: str) -> int:
    """How many numbers the model gives for an example, or for a position. Raises ModelError."""
    if loss != "cross_entropy":
        return math.prod(target.shape[1:])
    if classes is not None:
        return classes
    if tokens:
        return 256 if target.dtype == np.uint8 else int(target.max(initial=0)) + 1
    if math.prod(target.shape[1:]) != 1:
        raise ModelError(
            f"an example's target has {list(target.shape[1:])} numbers and not one class: choose "
            "--loss binary_cross_entropy for classes of which several may hold, --loss "
            "squared_error for numbers"
        )
    found = int(target.max(initial=0)) + 1
    if found > max(MOST_CLASSES, len(target) // 2) or target.min(initial=0) < 0:
        raise ModelError(
            f"the target goes from {target.min()} to {target.max()}: choose --loss squared_error "
            f"if it is a number, or --classes {found} if each value is a class"
        )
    return found


def design_code(source: bytes, data: Mapping[str, np.ndarray], target: str) -> ModelSpecification:
    """A specification of one's own Flax module, whose source is run; for classes to predict.

    Its inputs are numbers. Raises ModelError.
    """
    columns = _columns(data, target, tokens=False)
    spec = ModelSpecification(Module.describe(source, columns), columns, target)
    spec.encode()
    return spec


def _columns(data: Mapping[str, np.ndarray], target: str, tokens: bool) -> tuple[InputColumn, ...]:
    """All columns but the target, as numbers or as tokens."""
    if target not in data:
        raise ModelError(f"the data has no column {target!r} to predict, but {', '.join(data)}")
    columns = []
    for name, array in sorted(data.items()):
        kind = array.dtype.name
        if name != target:
            if not tokens and kind not in SCALES:
                raise ModelError(
                    f"numbers are {', '.join(SCALES)}; the input {name!r} is {kind}, up to "
                    f"{array.max(initial=0)}: divide it, as by 256 with --scale {name}=-8"
                )
            scale = None if tokens else SCALES[kind]
            columns.append(InputColumn(name, kind, array.shape[1:], scale))
    return tuple(columns)
