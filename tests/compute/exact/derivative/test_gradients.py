"""Gradients of the derivative form against those of the model as it was written.

A difference is measured by the largest gradient of all parameters: a bias that a norm takes away
again (the one before an InstanceNorm) has the gradient 0, and what float32 leaves of it is noise.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from compute.exact.derivative import derivative_form
from compute.exact.face import named
from compute.exact.tracing import trace
from tests.support.exact_families import FAMILIES
from tests.support.exact_strangers import STRANGERS


@pytest.mark.parametrize("name", ["mlp", "unet"])
def test_the_gradients_are_those_of_the_model(name: str) -> None:
    family = (FAMILIES | STRANGERS)[name]()
    form = derivative_form(trace(family.logits, family.params, family.inputs))
    inputs = named(family.inputs)

    def gradients(logits: Callable[[Any], jax.Array], params: Any) -> dict[str, jax.Array]:
        """Of a sum of squares, which weighs all results."""
        return named(jax.jit(jax.grad(lambda p: (logits(p) ** 2).mean()))(params))

    found = gradients(lambda p: form(p, inputs)[0], named(family.params))
    wanted = gradients(lambda p: family.logits(p, family.inputs), family.params)
    assert found.keys() == wanted.keys()
    largest = max(np.abs(g).max() for g in wanted.values())
    for key, gradient in wanted.items():
        np.testing.assert_allclose(found[key], gradient, atol=1e-5 * largest, rtol=0, err_msg=key)
