"""The learner: one compilation, reproducible order, and a restart that leaves no trace."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from compute.checkpoint.resume import Saves
from compute.models import MLP, InputColumn, ModelSpecification
from compute.training import Leave
from compute.training.learner import Learner
from compute.training.recipe import Recipe
from compute.training_set import Schema, TrainingSet

COLUMNS = (InputColumn("x", "uint8", (8,), -8),)
SPECIFICATION = ModelSpecification(MLP((16,), 4), COLUMNS, "y")
RECIPE = Recipe(seed=3, learning_rate=0.01, weight_decay=0.1, batch_size=10)


def training_set(count: int = 64) -> TrainingSet:
    x = np.random.default_rng(0).integers(0, 256, (count, 8), np.uint8)
    columns = {"x": x, "y": x[:, :4].argmax(1).astype(np.uint8)}
    return TrainingSet(Schema.of(columns)).patched(columns, [])


def learner(recipe: Recipe = RECIPE) -> Learner:
    made = Learner(SPECIFICATION, recipe, SPECIFICATION.initial_parameters())
    made.study(training_set(), b"tip")
    return made


def run(subject: Learner, steps: int) -> float:
    return subject.run(steps=steps, seconds=60, check=lambda: None).loss


def same(a: Learner, b: Learner) -> bool:
    left, right = a.parameters(), b.parameters()
    return all(left[name].tobytes() == right[name].tobytes() for name in left)


@pytest.fixture
def saves(tmp_path: Path) -> Iterator[Saves]:
    found = Saves(tmp_path / "resume")
    yield found
    found.close()


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_training_lowers_the_loss(optimizer: str) -> None:
    recipe = Recipe(3, 10, optimizer=optimizer, learning_rate=0.01)  # type: ignore[arg-type]
    assert run(learner(recipe), 200) < run(learner(recipe), 1) * 0.7


def test_a_restored_run_goes_on_bit_by_bit(saves: Saves) -> None:
    whole, first = learner(), learner()
    run(whole, 17)
    first.scale = whole.scale = 1.0
    run(first, 9)
    first.save(saves, {"start": "ab"})
    run(first, 5)  # takes over the buffers that are being written
    second = learner()
    assert second.restore(saves) == {"start": "ab", "scale": 1.0}
    assert second.step == 9
    second.study(training_set(), b"tip")
    run(second, 8)
    assert same(whole, second)


def test_a_save_of_another_model_or_optimizer_is_not_restored(saves: Saves) -> None:
    learner().save(saves, {})
    wider = ModelSpecification(MLP((17,), 4), COLUMNS, "y")
    assert Learner(wider, RECIPE, wider.initial_parameters()).restore(saves) is None
    muon = RECIPE.changed({"optimizer": "muon"})
    assert Learner(SPECIFICATION, muon, SPECIFICATION.initial_parameters()).restore(saves) is None


def test_the_step_is_compiled_once() -> None:
    subject = learner()
    before = subject._program.compilations
    run(subject, 3)
    subject.scale = 0.1
    subject.study(training_set(70), b"next tip")
    run(subject, 3)
    assert subject._program.compilations == max(before, 1)


def test_training_stops_when_time_is_up_or_asked() -> None:
    subject = learner()
    subject.run(steps=None, seconds=0.05, check=lambda: None)
    assert subject.step > 0

    def stop() -> None:
        raise Leave

    with pytest.raises(Leave):
        subject.run(steps=5, seconds=60, check=stop)
