"""An example that takes more memory than there is is refused before anything is allocated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.exact import evaluate, exact, memory

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
