"""Writing with a language model."""

import itertools

import jax
import numpy as np
import pytest

from compute.models import ModelError
from compute.models.generate import generate
from compute.models.making import native_logits
from tests.compute.models.families import FAMILIES, LENGTH

SPEC = FAMILIES["grouped"].specification
PARAMETERS = {
    name: value * np.float32(3) for name, value in SPEC.initial_parameters().items()
}  # so that one token is clearly the likeliest


def take(count: int, prompt: list[int], **options) -> list[int]:
    return list(itertools.islice(generate(SPEC, PARAMETERS, prompt, **options), count))


def test_the_likeliest_token_follows_the_window() -> None:
    """By hand, on windows without padding: the prompt is longer than the model sees."""
    window = [int(token) for token in np.random.default_rng(1).integers(0, 256, LENGTH + 5)]
    written = take(4, window, temperature=0)
    logits = jax.jit(SPEC.logits)
    for token in written:
        tokens = np.array([window[-LENGTH:]], np.uint8)
        assert token == int(np.argmax(logits(PARAMETERS, {"tokens": tokens})[0, -1]))
        window.append(token)


def test_a_short_prompt_sees_no_padding() -> None:
    tokens = {"tokens": np.array([[7, 9]], np.uint8)}  # shorter than any program reads
    logits = native_logits(SPEC.architecture, SPEC.columns, PARAMETERS, tokens)
    assert take(1, [7, 9], temperature=0) == [int(np.argmax(logits[0, -1]))]


def test_draws_follow_seed_and_softmax() -> None:
    assert take(6, [1], seed=3) == take(6, [1], seed=3)
    drawn = [take(1, [1], seed=seed, temperature=3.0)[0] for seed in range(8)]
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("prompt", [[], [256], [-1]])
def test_a_prompt_of_other_tokens_is_refused(prompt: list[int]) -> None:
    with pytest.raises(ModelError, match="prompt"):
        take(1, prompt)


def test_a_classifier_does_not_write() -> None:
    spec = FAMILIES["mlp"].specification
    with pytest.raises(ModelError, match="does not write"):
        next(generate(spec, spec.initial_parameters(), [1]))
