"""A few families of models against float64; benchmarks/exact_accuracy.py does all."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from compute.exact import evaluate
from tests.support.exact_families import FAMILIES, SMOOTHING, Family

TOLERANCE = 1e-5  # the goal of 2e-6 is for trained models and many examples; these are random


def reference(family: Family) -> float:
    """The mean loss in float64, by JAX's own functions."""
    with jax.enable_x64(True):

        def widen(x):
            return np.asarray(x, np.float64) if x.dtype == np.float32 else np.asarray(x)

        params, inputs = jax.tree.map(widen, (family.params, family.inputs))
        z = family.logits(params, inputs)
        assert z.dtype == jnp.float64
        if family.loss == "squared_error":
            return float(jnp.mean((z - family.targets) ** 2))
        if family.loss == "binary_cross_entropy":
            return float(jnp.mean(optax.sigmoid_binary_cross_entropy(z, family.targets)))
        classes = z.shape[-1]
        counted = (family.targets >= 0) & (family.targets < classes)
        labels = jax.nn.one_hot(family.targets, classes)
        if callable(family.loss):
            labels = optax.smooth_labels(labels, SMOOTHING)
        costs = optax.softmax_cross_entropy(z, labels)
        axes = tuple(range(1, costs.ndim))
        return float(jnp.mean(jnp.mean(costs, axes, where=counted)))


@pytest.mark.parametrize(
    "name", ["lstm", "tabular", "control_flow", "regression", "multilabel", "smoothed"]
)
def test_family(name):
    family = FAMILIES[name]()
    n = len(family.targets)
    batch = [(family.inputs, family.targets)]
    found = evaluate(family.logits, family.params, batch, loss=family.loss, total=n)
    assert found.valid
    assert found.loss / 2**32 == pytest.approx(reference(family), rel=TOLERANCE)
