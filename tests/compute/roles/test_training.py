"""The learner: one compilation, reproducible order, and a restart that leaves no trace."""

from pathlib import Path

import numpy as np
import pytest

from compute.models import MLP, InputColumn, ModelSpecification
from compute.roles.training import Learner, Order, Recipe
from compute.training_set import Schema, TrainingSet

SPECIFICATION = ModelSpecification(
    MLP((16,), 4), columns=(InputColumn("x", "uint8", (8,), -8),), target="y"
)
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
    return subject.run(steps=steps, seconds=60, check=lambda: None)[0]


def same(a: Learner, b: Learner) -> bool:
    left, right = a.parameters(), b.parameters()
    return all(left[name].tobytes() == right[name].tobytes() for name in left)


def test_training_lowers_the_loss() -> None:
    subject = learner()
    assert run(subject, 200) < run(learner(), 1) * 0.7


def test_an_epoch_shows_every_example_at_most_once_and_no_two_alike() -> None:
    order = Order(seed=1, key=b"tip", length=64, batch_size=10)
    epochs = [np.concatenate([order.batch(e * 6 + i) for i in range(6)]) for e in range(3)]
    for epoch in epochs:
        assert len(set(epoch.tolist())) == 60
    assert not np.array_equal(epochs[0], epochs[1])


@pytest.mark.parametrize(("seed", "key"), [(2, b"tip"), (1, b"another tip")])
def test_order_follows_from_seed_and_key(seed: int, key: bytes) -> None:
    first = Order(1, b"tip", 64, 10).batch(123)
    assert np.array_equal(first, Order(1, b"tip", 64, 10).batch(123))
    assert not np.array_equal(first, Order(seed, key, 64, 10).batch(123))


def test_a_small_set_is_one_batch() -> None:
    assert sorted(Order(0, b"", 3, 128).batch(5).tolist()) == [0, 1, 2]


def test_a_restored_run_goes_on_bit_by_bit(tmp_path: Path) -> None:
    whole, first = learner(), learner()
    run(whole, 17)
    first.learning_rate = whole.learning_rate
    run(first, 9)
    first.save(tmp_path, {"start": "ab"})
    second = learner()
    assert second.restore(tmp_path) == {"start": "ab", "learning_rate": RECIPE.learning_rate}
    assert second.step == 9
    run(second, 8)
    assert same(whole, second)


def test_a_save_of_another_model_is_not_restored(tmp_path: Path) -> None:
    learner().save(tmp_path, {})
    wider = ModelSpecification(MLP((17,), 4), SPECIFICATION.columns, "y")
    other = Learner(wider, RECIPE, wider.initial_parameters())
    assert other.restore(tmp_path) is None


def test_the_step_is_compiled_once() -> None:
    subject = learner()
    run(subject, 3)
    subject.learning_rate = 1e-4
    subject.study(training_set(70), b"next tip")
    run(subject, 3)
    assert subject._advance._cache_size() == 1  # type: ignore[attr-defined]


def test_training_stops_when_time_is_up_or_asked() -> None:
    subject = learner()
    subject.run(steps=None, seconds=0.05, check=lambda: None)
    assert subject.step > 0

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        subject.run(steps=5, seconds=60, check=stop)
