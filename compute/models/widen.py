"""A wider network that computes what the narrow one did."""

from collections.abc import Mapping

import numpy as np

from compute.models.errors import ModelError


def widen(
    parent: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray], inputs: int
) -> dict[str, np.ndarray]:
    """`parent` embedded in the shapes of `initial`; both map the names of one MLP's parameters.

    Old weights and biases are copied bit for bit. A new unit takes its incoming weights and bias
    from `initial`; its weights into old units are 0, so in real arithmetic the logits do not
    change. `inputs` is the width of the first layer's input, which must not grow, nor may the
    number of classes. Raises ModelError if `parent` does not fit.
    """
    if parent.keys() != initial.keys():
        raise ModelError("the parent has other layers than its fork: widening keeps the depth")
    wide = {}
    for name, start in initial.items():
        old = parent[name]
        if old.ndim != start.ndim or any(
            o > n for o, n in zip(old.shape, start.shape, strict=True)
        ):
            raise ModelError(
                f"{name} shrinks from {old.shape} to {start.shape}: widening only grows"
            )
        wide[name] = new = np.array(start, np.float32)
        if new.ndim == 2:
            new[old.shape[0] :, : old.shape[1]] = 0
        new[tuple(slice(size) for size in old.shape)] = old
    layers = sorted({name.rpartition("/")[0] for name in initial}, key=_layer_number)
    first, last = f"{layers[0]}/kernel", f"{layers[-1]}/bias"
    if parent[first].shape[0] != inputs or parent[last].shape != initial[last].shape:
        raise ModelError("widening keeps the inputs and the classes of the parent")
    return wide


def _layer_number(layer: str) -> int:
    return int(layer.rpartition("_")[2])
