"""What a carrier meets in programs: functions of integers that a compiler fuses."""

import jax.numpy as jnp
import numpy as np

from compute.exact import CARRIERS, evaluate


def test_functions_that_are_joined_and_summed_compile_on_every_carrier():
    """Fused into a loop over places, functions of integers take LLVM's vectorizer (JAX 0.12) for
    ever; and each that reads them would make them again."""
    r = np.random.default_rng(0)
    p = {"w": r.standard_normal((8, 3)).astype(np.float32)}
    x = r.standard_normal((2, 4)).astype(np.float32)

    def logits(p, x):
        joined = jnp.concatenate([jnp.tanh(x), jnp.sin(x)], -1)
        return joined @ p["w"] + jnp.max(joined, -1, keepdims=True)

    batches = [((x, np.array([0, 2], np.int32)))]
    found = [evaluate(logits, p, batches, total=2, carrier=carrier) for carrier in CARRIERS]
    assert found[0].valid and len({result.top.hash for result in found}) == 1
