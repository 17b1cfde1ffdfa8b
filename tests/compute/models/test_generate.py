"""Writing with a language model."""

import itertools
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from compute.models import ModelError, ModelSpecification, Transformer
from compute.models import generate as writing
from compute.models.generate import Draw, Whole, Writer
from compute.models.making import native_logits
from tests.compute.models.families import FAMILIES, LENGTH

SPEC = FAMILIES["grouped"].specification


def loud(specification: ModelSpecification) -> dict[str, np.ndarray]:
    """Parameters with which one token is clearly the likeliest."""
    return {n: v * np.float32(3) for n, v in specification.initial_parameters().items()}


def take(writer: Writer, count: int, prompt: list[int], **draw) -> list[int]:
    return list(itertools.islice(writer.write(prompt, Draw(**draw)), count))


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer(SPEC, loud(SPEC))


def by_hand(window: list[int]) -> int:
    """The likeliest token after a window, shorter than any program reads."""
    tokens = {"tokens": np.array([window], np.uint8)}
    return int(np.argmax(native_logits(SPEC.architecture, SPEC.columns, loud(SPEC), tokens)[0, -1]))


def test_the_likeliest_token_follows_all_that_fits(writer: Writer) -> None:
    """A full window gives one more token, then the last half of it is read again."""
    prompt = [int(token) for token in np.random.default_rng(1).integers(0, 256, LENGTH + 5)]
    written = take(writer, 4, prompt, temperature=0)
    window = prompt[-LENGTH:]
    for token in written:
        assert token == by_hand(window)
        window.append(token)
        window = window if len(window) <= LENGTH else window[-(LENGTH // 2) :]


def test_a_short_prompt_sees_no_padding(writer: Writer) -> None:
    assert take(writer, 1, [7, 9, 11], temperature=0) == [by_hand([7, 9, 11])]


def test_what_is_remembered_and_what_is_read_again_write_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = FAMILIES["untied"].specification
    remembering = Writer(spec, loud(spec))
    monkeypatch.setattr(writing, "reading", Whole)
    reading = Writer(spec, loud(spec))
    for draw in ({"temperature": 0}, {"temperature": 0.7, "top_k": 5, "seed": 3}):
        text = take(remembering, 3 * LENGTH, [7, 9], **draw)
        assert text == take(reading, 3 * LENGTH, [7, 9], **draw)
        assert len(set(text)) > 1


def test_draws_follow_seed_temperature_and_the_likeliest(writer: Writer) -> None:
    assert take(writer, 6, [1], seed=3) == take(writer, 6, [1], seed=3)
    drawn = {take(writer, 1, [1], seed=seed, temperature=3.0)[0] for seed in range(8)}
    assert len(drawn) > 1
    few = {take(writer, 1, [1], seed=seed, temperature=9.0, top_k=2)[0] for seed in range(12)}
    assert len(few) == 2
    assert take(writer, 5, [1], temperature=9.0, top_k=1) == take(writer, 5, [1], temperature=0)


@pytest.mark.parametrize(("prompt", "top_k"), [([], 0), ([256], 0), ([-1], 0), ([1], 257)])
def test_what_no_draw_can_be_is_refused(writer: Writer, prompt: list[int], top_k: int) -> None:
    with pytest.raises(ModelError, match=r"prompt|top_k"):
        take(writer, 1, prompt, top_k=top_k)


def test_a_classifier_does_not_write() -> None:
    spec = FAMILIES["mlp"].specification
    with pytest.raises(ModelError, match="does not write"):
        Writer(spec, spec.initial_parameters())


def test_a_model_that_sees_what_is_later_does_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program differs from the architecture's: then the program is asked what it sees."""
    made = ModelSpecification.program.func  # type: ignore[attr-defined]
    monkeypatch.setattr("compute.models.networks.attention.rotate", lambda x, base: x[:, ::-1])
    backwards = made(replace(SPEC, architecture=Transformer(256, 16, 1, 2, 2, 24)))
    monkeypatch.undo()
    spec = replace(SPEC, architecture=Transformer(256, 16, 1, 2, 2, 24), given=backwards)
    assert not spec.has_native
    with pytest.raises(ModelError, match="which is later"):
        Writer(spec, spec.initial_parameters())


def test_a_foreign_program_is_read_whole() -> None:
    class Foreign(Transformer):
        is_foreign = True

    spec = replace(SPEC, architecture=Foreign(**vars(SPEC.architecture)))
    reader = writing.reading(spec)
    assert isinstance(reader, Whole)
    logits, _ = reader.read(loud(spec), reader.empty(), jnp.array([7, 9, 11]), 0, 2)
    assert int(np.argmax(logits)) == by_hand([7, 9, 11])
