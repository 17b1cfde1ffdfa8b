"""A deeper network that computes what the shallow one did."""

from collections.abc import Mapping

import numpy as np

from compute.models.errors import ModelError


def deepen(
    parent: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray], closing: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """`parent` in the shapes of `initial`, which has more layers and is else the same.

    New layers follow the old ones with weights from `initial`, but the parts named in `closing`,
    which add a layer's results to the residual stream, are 0: a new layer adds nothing at first.
    Raises ModelError if `parent` does not fit.
    """
    if parent.keys() != initial.keys():
        raise ModelError("the parent has other parameters than its fork: deepening adds layers")
    deep = {}
    for name, start in initial.items():
        old = parent[name]
        scanned = name.startswith("layers/")
        if old.shape[scanned:] != start.shape[scanned:] or len(old) > len(start):
            raise ModelError(
                f"{name} goes from {old.shape} to {start.shape}: deepening adds layers, and "
                "changes no width"
            )
        deep[name] = new = np.array(start, np.float32)
        if name.startswith(tuple(f"layers/{part}/" for part in closing)):
            new[:] = 0
        new[: len(old)] = old
    return deep
