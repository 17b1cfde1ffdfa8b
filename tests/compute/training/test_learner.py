"""The learner: one compilation, reproducible order, and a restart that leaves no trace."""

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.checkpoint.resume import Saves
from compute.models import MLP, InputColumn, ModelSpecification
from compute.training import Leave
from compute.training.flops import matrix_flops
from compute.training.learner import Learner
from compute.training.memory import OutOfMemory, check, explained
from compute.training.recipe import Recipe, RecipeError, Restart
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
    before = subject.program.compilations
    run(subject, 3)
    subject.scale = 0.1
    subject.study(training_set(70), b"next tip")
    run(subject, 3)
    assert subject.program.compilations == max(before, 1)


def test_training_stops_when_time_is_up_or_asked() -> None:
    subject = learner()
    subject.run(steps=None, seconds=0.05, check=lambda: None)
    assert subject.step > 0

    def stop() -> None:
        raise Leave

    with pytest.raises(Leave):
        subject.run(steps=5, seconds=60, check=stop)


def test_parts_of_a_batch_give_the_gradient_of_the_whole() -> None:
    whole, parts = learner(), learner(RECIPE.changed({"accumulation": 5}))
    assert run(whole, 1) == pytest.approx(run(parts, 1), rel=1e-6)
    assert run(whole, 20) == pytest.approx(run(parts, 20), rel=1e-4)


def test_bfloat16_computes_nearly_the_same_and_keeps_float32() -> None:
    low = learner(RECIPE.changed({"precision": "bfloat16", "remat": True}))
    assert run(low, 30) == pytest.approx(run(learner(), 30), rel=0.05)
    assert {value.dtype for value in low.parameters().values()} == {np.dtype(np.float32)}


def test_a_gradient_that_is_not_finite_moves_nothing() -> None:
    huge = {k: np.full_like(v, 1e30) for k, v in SPECIFICATION.initial_parameters().items()}
    subject = Learner(SPECIFICATION, RECIPE, huge)
    subject.study(training_set(), b"tip")
    report = subject.run(steps=3, seconds=60, check=lambda: None)
    assert report.skipped == 3 and not np.isfinite(report.gradient_norm)
    for name, value in subject.parameters().items():
        assert np.array_equal(value, huge[name])
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(subject.state["optimizer"]))
    assert int(subject.state["count"]) == 0
    subject.adopt(SPECIFICATION.initial_parameters())
    assert subject.run(steps=1, seconds=60, check=lambda: None).skipped == 0


@pytest.mark.parametrize(
    ("restart", "moments", "count"), [("reset", False, 0), ("keep", True, 4), ("warm", True, 0)]
)
def test_the_optimizer_restarts_as_the_recipe_says(
    restart: Restart, moments: bool, count: int
) -> None:
    subject = learner(RECIPE.changed({"warmup_steps": 10}))
    run(subject, 4)
    subject.adopt(SPECIFICATION.initial_parameters(), restart)
    leaves = [x for x in jax.tree.leaves(subject.state["optimizer"]) if x.ndim == 2]
    assert any(np.any(x) for x in leaves) == moments
    assert int(subject.state["count"]) == count
    run(subject, 1)


def test_too_few_examples_for_a_batch_are_refused() -> None:
    subject = learner(RECIPE.changed({"accumulation": 10}))
    with pytest.raises(RecipeError, match="each step takes at least 10"):
        subject.study(training_set(9), b"tip")


def test_out_of_memory_names_the_knobs() -> None:
    with pytest.raises(OutOfMemory) as caught, explained(RECIPE):
        jnp.zeros(1 << 46, jnp.int8).block_until_ready()
    for knob in ("batch_size than 10", "accumulation than 1", "remat", "bfloat16", "fsdp"):
        assert knob in str(caught.value)


def test_a_program_larger_than_the_device_is_refused_before_it_runs() -> None:
    device = type("Device", (), {"memory_stats": lambda self: {"bytes_limit": 1 << 30}})()
    check(RECIPE, 1 << 30, device)
    with pytest.raises(OutOfMemory, match=r"needs 1\.5 GiB, it has 1\.0 GiB"):
        check(RECIPE, 3 << 29, device)


def test_arithmetic_is_counted_through_loops() -> None:
    def looped(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda c, _: (jnp.tanh(c @ c), None), x, None, length=7)[0]

    assert matrix_flops(looped, jnp.ones((16, 16))) == 7 * 2 * 16**3
    image, kernel = jnp.ones((2, 8, 8, 3)), jnp.ones((3, 3, 3, 4))

    def convolved(x: jax.Array, k: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    assert matrix_flops(convolved, image, kernel) == 2 * (2 * 8 * 8 * 4) * (3 * 3 * 3)
    assert learner().predicts == "examples"


def test_the_share_of_the_peak_is_unknown_where_the_peak_is() -> None:
    subject = learner()
    run(subject, 1)
    assert subject.utilisation(1.0) is None
