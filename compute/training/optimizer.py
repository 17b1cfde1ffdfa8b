"""Optimizers and learning rates, all of them Optax's.

The optimizer runs with a learning rate of 1; the step multiplies its updates by the schedule. So
the schedule's position is a number of its own, which can start again while the moments are kept.
"""

import optax
from optax.contrib import MuonDimensionNumbers, muon

from compute.training.mesh import LogicalAxes
from compute.training.recipe import Recipe

FINAL_SHARE = 0.1  # of the learning rate, at the end of a cosine
# Muon's updates are as large as AdamW's (arXiv 2502.16982), so that one learning rate serves both
MUON_RMS = 0.2


def optimizer(recipe: Recipe, axes: LogicalAxes) -> optax.GradientTransformation:
    """AdamW or Muon, with a learning rate of 1.

    Muon takes the matrices inside the network, told by the logical `axes` of the parameters;
    embeddings, heads, biases and normalisations are left to AdamW.
    """
    if recipe.optimizer == "muon":
        matrices = {name: _matrix(dimensions) for name, dimensions in axes.items()}
        return muon(
            1.0,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=recipe.weight_decay,
            consistent_rms=MUON_RMS,
            muon_weight_dimension_numbers=lambda parameters: matrices,
        )
    return optax.adamw(1.0, weight_decay=recipe.weight_decay)


def schedule(recipe: Recipe) -> optax.Schedule:
    """Steps since the start of the schedule -> learning rate."""
    peak, warmup = recipe.learning_rate, recipe.warmup_steps
    start = 0.0 if warmup else peak
    if recipe.schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(
            start, peak, warmup, recipe.decay_steps, peak * FINAL_SHARE
        )
    return optax.warmup_constant_schedule(start, peak, warmup)


def _matrix(axes: tuple[str | None, ...]) -> MuonDimensionNumbers | None:
    """The dimensions of a matrix on either side of the residual stream; None where it is none."""
    if "embed" not in axes or not {"mlp", "heads", "kv_heads"} & set(axes):
        return None
    embed = axes.index("embed")
    others = tuple(n for n, axis in enumerate(axes) if axis not in ("embed", "layers"))
    if embed < others[0]:
        return MuonDimensionNumbers((embed,), others)
    return MuonDimensionNumbers(others, (embed,))
