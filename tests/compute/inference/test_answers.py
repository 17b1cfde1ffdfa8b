"""What a model's outputs say, of every kind of model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute.inference import Model, Origin, answers, read_inputs, write
from compute.models import MLP, InputColumn, ModelSpecification
from compute.models.generate import Draw
from compute.training_set.importers import UnreadableData
from tests.compute.models.families import FAMILIES

PIXELS = (InputColumn("x", "uint8", (2,), 0),)


def linear(loss: str, scale: int | None = None) -> Model:
    """Outputs [x0, x0 - x1]."""
    spec = ModelSpecification(MLP((), 2), PIXELS, "y", loss, scale)
    kernel = np.array([[1, 1], [0, -1]], np.float32)
    parameters = {"Dense_0/kernel": kernel, "Dense_0/bias": np.zeros(2, np.float32)}
    return Model(spec, parameters, Origin(spec.hash, bytes(32)))


def ask(model: Model, tmp_path: Path, text: str, most: int = 3):
    (tmp_path / "ask.csv").write_text(text)
    return list(answers(model, read_inputs(tmp_path / "ask.csv", model), most))


def test_one_class_of_several_is_likeliest(tmp_path: Path) -> None:
    first, second = ask(linear("cross_entropy"), tmp_path, "x0,x1,y\n3,1,1\n0,0,0\n")
    assert [c.name for c in first.choices] == ["0", "1"] and first.truth == "1"
    assert first.choices[0].probability == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)
    assert [c.probability for c in second.choices] == pytest.approx([0.5, 0.5])


def test_independent_classes_may_hold_together_or_not_at_all(tmp_path: Path) -> None:
    both, one = ask(linear("binary_cross_entropy"), tmp_path, "x0,x1\n3,1\n1,4\n")
    assert [c.name for c in both.choices] == ["0", "1"]
    assert [c.name for c in one.choices] == ["0"] and one.truth is None


def test_numbers_lose_the_scale_of_their_loss(tmp_path: Path) -> None:
    (answer,) = ask(linear("squared_error", -2), tmp_path, "x0,x1\n3,1\n")
    assert answer.numbers == (12.0, 8.0) and answer.choices == ()


def test_more_examples_than_are_computed_at_once(tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{n % 5}\n" for n in range(150))
    found = ask(linear("squared_error", 0), tmp_path, "x0,x1\n" + rows)
    assert [a.numbers for a in found] == [(n % 7, n % 7 - n % 5) for n in range(150)]


def test_a_file_without_an_input_is_told_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UnreadableData, match="has the columns z; the model reads x"):
        ask(linear("cross_entropy"), tmp_path, "z\n1\n")
    with pytest.raises(UnreadableData, match="uint8"):
        ask(linear("cross_entropy"), tmp_path, "x0,x1\n300,1\n")


@pytest.fixture(scope="module")
def language() -> Model:
    spec = FAMILIES["grouped"].specification
    parameters = {n: v * np.float32(3) for n, v in spec.initial_parameters().items()}
    return Model(spec, parameters, Origin(spec.hash, bytes(32)))


def test_a_text_is_answered_by_what_follows(language: Model, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    (answer,) = answers(language, read_inputs(tmp_path / "a.txt", language), 2)
    window = np.zeros((1, 16), np.uint8)
    window[0, :3] = list(b"abc")
    likeliest = int(np.argmax(language.outputs({"tokens": window})[0, 2]))
    assert answer.choices[0].name == repr(bytes([likeliest]).decode(errors="replace"))
    np.savez(tmp_path / "rows.npz", tokens=window, targets=window)
    (row,) = answers(language, read_inputs(tmp_path / "rows.npz", language), 1)
    last = int(np.argmax(language.outputs({"tokens": window})[0, -1]))
    assert row.choices[0].name == repr(bytes([last]).decode(errors="replace"))
    assert row.truth == repr("\0")


def test_a_stop_ends_the_text_and_is_not_in_it(language: Model) -> None:
    whole = write(language, "ab", 12, Draw(0.0))
    assert whole.tokens == 12 and not whole.stopped
    stop = whole.text[5:7]
    cut = write(language, "ab", 12, Draw(0.0), [stop])
    assert cut.stopped and cut.text == whole.text[: whole.text.find(stop)]
    told: list[tuple[int, int]] = []
    write(language, "ab", 3, Draw(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_tokens_that_nobody_can_read_are_numbers(language: Model) -> None:
    spec = replace(
        language.specification, architecture=replace(language.specification.architecture, vocab=300)
    )
    other = Model(spec, spec.initial_parameters(), language.origin)
    with pytest.raises(Exception, match="no text to read or write"):
        other.encode("a")
