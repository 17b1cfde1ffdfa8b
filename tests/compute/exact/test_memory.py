"""An example that takes more memory than there is is refused before anything is allocated."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.exact import CARRIERS, evaluate, exact, memory
from compute.exact.stages import Stages
from compute.exact.tracing import trace
from compute.program.cost import block_cost

LONG = np.broadcast_to(np.float32(0), (1, 2**30))  # of 4 bytes in all


@pytest.fixture(autouse=True)
def eight_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "usable", lambda: 2**33)


def logits(_: tuple[()], x: jax.Array) -> jax.Array:
    return jnp.sort(x)[..., :2]


def test_a_function_of_one_example_is_refused() -> None:
    with pytest.raises(MemoryError, match=r"takes [\d,]+ bytes, and .* may take 8,589,934,592"):
        exact(logits)((), LONG[0])


def test_a_loss_is_refused() -> None:
    with pytest.raises(MemoryError, match="one example takes"):
        evaluate(logits, (), [(LONG, np.zeros(1, np.int32))], total=1)


def test_most_of_the_memory_of_this_machine_is_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 2**28 < memory.usable() < 2**50


@pytest.mark.parametrize("function", [jnp.cumsum, lambda x: jnp.zeros(9).at[jnp.int32(x)].add(x)])
def test_the_cost_holds_the_digits_of_sums_made_in_integers(function: Any) -> None:
    program = trace(lambda _, x: function(x[0])[None], (), np.zeros((1, 1 << 20), np.float32))
    stages = Stages(program, CARRIERS["float64"])
    with jax.enable_x64(True):
        batch = [jax.ShapeDtypeStruct((1, *kind.shape), np.float32) for _, kind in program.inputs]
        compiled = jax.jit(stages.second).lower(stages.first([]), batch).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < block_cost(program.main).scratch_bytes
