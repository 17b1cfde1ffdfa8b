"""Text from a language model: one token after another, each seen by the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from compute.models.errors import ModelError
from compute.models.specification import ModelSpecification


def generate(
    specification: ModelSpecification,
    parameters: Mapping[str, np.ndarray],
    prompt: Sequence[int],
    *,
    temperature: float = 0.8,
    seed: int = 0,
) -> Iterator[int]:
    """Tokens that go on from `prompt`, without end; the same ones for the same seed on one machine.

    Each is drawn from softmax(logits / temperature) of the window of the model's length before it;
    temperature 0 takes the likeliest. Raises ModelError if the model is none of language.
    """
    shape = specification.output_shape
    if len(shape) != 2 or specification.loss != "cross_entropy":
        raise ModelError("this model does not write: it has no next token for each position")
    length, vocab = shape
    if not prompt or not all(0 <= token < vocab for token in prompt):
        raise ModelError(f"a prompt is one token or more, each below {vocab}")
    (column,) = specification.inputs
    on_device = {name: jnp.asarray(value) for name, value in parameters.items()}

    @jax.jit
    def following(window: jax.Array, last: jax.Array) -> jax.Array:
        return specification.logits(on_device, {column: window[None]})[0, last]

    draw = np.random.default_rng(seed)
    window = list(prompt)[-length:]
    while True:
        padded = np.zeros(length, np.int32)  # what comes after the last token cannot be seen
        padded[: len(window)] = window
        logits = np.asarray(following(padded, np.int32(len(window) - 1)), np.float64)
        if temperature > 0:  # the largest of logits with Gumbel noise is a draw from the softmax
            logits = logits / temperature + draw.gumbel(size=vocab)
        token = int(np.argmax(logits))
        yield token
        window = [*window, token][-length:]
