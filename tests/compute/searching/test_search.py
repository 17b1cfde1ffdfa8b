"""The search: it keeps to the chain's clock, falls back when training diverges, forgets nothing."""

import logging
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from compute.judging.evaluation import evaluate_checkpoint
from compute.judging.goal import Goal
from compute.judging.held_out import HeldOutSet
from compute.models import MLP, InputColumn, ModelSpecification
from compute.node.clock import Clock, Stopped
from compute.searching.search import SKIPS_TOLERATED, Options, Search, Start
from compute.storage import FolderStore
from compute.training.learner import Progress
from compute.training.recipe import Recipe, RecipeError, Restart
from compute.training_set import Schema, TrainingSet
from compute.training_set.importers import UnreadableData

SPECIFICATION = ModelSpecification(MLP((8,), 4), (InputColumn("x", "uint8", (8,), -8),), "y")
OPTIONS = Options(Recipe(seed=1, learning_rate=0.01, batch_size=16), steps=20)
NOW = 4_000_000_000  # the chain's clock is a century ahead of ours, or a century behind


def columns(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    x = np.random.default_rng(seed).integers(0, 256, (count, 8), np.uint8)
    return {"x": x, "y": x[:, :4].argmax(1).astype(np.uint8)}


def training_set() -> TrainingSet:
    examples = columns(64)
    return TrainingSet(Schema.of(examples)).patched(examples, [])


@pytest.fixture(scope="module")
def goal() -> Goal:
    parameters, data = SPECIFICATION.initial_parameters(), training_set()
    loss = evaluate_checkpoint(SPECIFICATION, parameters, data).loss
    return Goal(SPECIFICATION, 0, b"tip", data, b"incumbent", parameters, loss)


class ChainTime:
    """Stands still, or moves on by `pace` seconds at every look."""

    def __init__(self, start: int, pace: int = 0) -> None:
        self.seconds, self.pace = start, pace

    def now(self) -> int:
        self.seconds += self.pace
        return self.seconds


def search(
    folder: Path, options: Options = OPTIONS, *, start: int = NOW, pace: int = 0
) -> tuple[Search, Clock]:
    clock = Clock(ChainTime(start, pace), folder)
    return Search(clock, folder, options), clock


@pytest.mark.parametrize("start", [NOW, 1_000])
def test_only_the_chains_clock_counts(goal: Goal, tmp_path: Path, start: int) -> None:
    subject, _ = search(tmp_path, start=start)
    found = subject.improve(goal, start + 3_600)
    assert found is not None and found.evaluation.loss < goal.baseline_loss
    again = evaluate_checkpoint(SPECIFICATION, found.parameters, goal.training_set)
    assert found.evaluation.top == again.top
    subject.close()


def test_nothing_begins_after_the_deadline(goal: Goal, tmp_path: Path) -> None:
    subject, _ = search(tmp_path)
    assert subject.improve(goal, NOW) is None
    assert subject.improve(goal, NOW - 1) is None
    assert subject._learner is not None and subject._learner.step == 0
    subject.close()


def test_a_start_is_gone_on_from_unless_something_is_saved(goal: Goal, tmp_path: Path) -> None:
    given = {name: value + np.float32(1) for name, value in goal.parameters.items()}
    start = Start(SPECIFICATION.hash, given)
    subject, _ = search(tmp_path, replace(OPTIONS, start=start))
    assert subject.improve(goal, NOW) is None, "there is no time: it only starts"
    found = subject._learner.parameters()  # type: ignore[union-attr]
    assert all(np.array_equal(found[name], value) for name, value in given.items())
    subject.close()
    other, _ = search(tmp_path / "other", replace(OPTIONS, start=replace(start, model=bytes(32))))
    with pytest.raises(RecipeError, match="of another model"):
        other.improve(goal, NOW)
    other.close()


def test_a_step_that_is_not_over_has_no_loss(
    goal: Goal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    subject, _ = search(tmp_path)
    learner = subject._prepare(goal)
    subject._tell(subject._metrics, learner, Progress())  # type: ignore[arg-type]
    subject.close()
    assert "compiling" in caplog.text and "nan" not in caplog.text
    assert not (tmp_path / "metrics.jsonl").exists()


@pytest.mark.parametrize(
    ("restart", "moments", "count"), [("reset", False, 0), ("keep", True, 20), ("warm", True, 0)]
)
def test_anothers_better_checkpoint_is_gone_on_from_with_the_optimizer_as_asked(
    goal: Goal, tmp_path: Path, restart: Restart, moments: bool, count: int
) -> None:
    recipe = replace(OPTIONS.recipe, restart=restart)
    subject, _ = search(tmp_path, replace(OPTIONS, recipe=recipe))
    subject.improve(goal, NOW + 3_600)
    rival = {name: value + np.float32(1) for name, value in goal.parameters.items()}
    won = replace(goal, incumbent=b"another's", parameters=rival, baseline_loss=1)
    assert subject.improve(won, NOW) is None, "there is no time: it only starts"
    learner = subject._learner
    assert learner is not None
    assert all(np.array_equal(v, rival[k]) for k, v in learner.parameters().items())
    leaves = jax.tree.leaves(learner.state["optimizer"])
    assert any(np.any(leaf) for leaf in leaves if leaf.ndim == 2) == moments
    assert int(learner.state["count"]) == count
    subject.close()


def test_training_leaves_the_time_that_an_evaluation_takes(tmp_path: Path) -> None:
    subject, _ = search(tmp_path, replace(OPTIONS, steps=None))
    assert subject._budget(0.5) == 250, "nothing is measured: half for the evaluation"
    subject._evaluation_seconds = 10.0
    assert subject._budget(1_000) == 80_000, "a round"
    assert subject._budget(45) == 30_000, "the last round"
    assert subject._budget(15) == subject._budget(-1) == 0, "no time for another"
    subject.close()


def test_a_deadline_that_passes_meanwhile_keeps_the_candidate(goal: Goal, tmp_path: Path) -> None:
    subject, _ = search(tmp_path, replace(OPTIONS, steps=None), pace=100)
    late = subject.improve(goal, NOW + 400)
    assert late is not None and late.evaluation.loss < goal.baseline_loss
    assert subject.improve(goal, NOW) is late, "it is there for the next block"
    subject.close()


def test_training_that_diverges_goes_back_and_slows_down(
    goal: Goal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wild = replace(OPTIONS, recipe=replace(OPTIONS.recipe, learning_rate=1e30))
    subject, _ = search(tmp_path, wild)
    assert subject.improve(goal, NOW + 3_600) is None
    learner = subject._learner
    assert learner is not None
    assert "the gradient is not finite; learning rate now × 0.5" in caplog.text
    assert learner.step > SKIPS_TOLERATED and learner.scale == 0.5
    for name, value in learner.parameters().items():
        assert np.array_equal(value, goal.parameters[name])
    subject.close()


def test_a_stop_is_saved_and_gone_on_from(goal: Goal, tmp_path: Path) -> None:
    subject, clock = search(tmp_path)
    subject.improve(goal, NOW + 3_600)
    clock.stop()
    with pytest.raises(Stopped):
        subject.improve(goal, NOW + 3_600)
    again, _ = search(tmp_path)
    again.improve(goal, NOW)
    assert again._learner is not None and again._learner.step == OPTIONS.steps
    again.close()


def test_held_out_examples_are_measured_exactly(goal: Goal, tmp_path: Path) -> None:
    new, known = columns(30, seed=1), columns(64)
    both = {name: np.concatenate([known[name][:5], new[name], new[name][:1]]) for name in new}
    np.savez(tmp_path / "held.npz", **both)
    subject, _ = search(
        tmp_path,
        replace(
            OPTIONS, held_out=HeldOutSet(tmp_path / "held.npz", FolderStore(tmp_path / "store"))
        ),
    )
    found = subject.improve(goal, NOW + 3_600)
    assert found is not None and found.held_out is not None
    outside = TrainingSet(goal.training_set.schema).patched(new, [])
    assert found.held_out.examples == len(outside) == 30
    assert found.held_out.loss == evaluate_checkpoint(SPECIFICATION, found.parameters, outside).loss
    assert '"held_out_loss"' in (tmp_path / "metrics.jsonl").read_text()
    subject.close()


def test_a_held_out_file_that_was_trained_on_is_refused(goal: Goal, tmp_path: Path) -> None:
    np.savez(tmp_path / "held.npz", **columns(64))
    with pytest.raises(UnreadableData, match="hold out others"):
        HeldOutSet(tmp_path / "held.npz", FolderStore(tmp_path / "store")).outside(
            goal.training_set
        )
