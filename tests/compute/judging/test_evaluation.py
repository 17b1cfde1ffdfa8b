"""The two ways to evaluate agree, and the second leaves at the first lie."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute import exact
from compute.exact import SHARD, memory
from compute.judging import evaluation
from compute.judging.evaluation import (
    CannotEvaluate,
    FalseClaim,
    check_losses,
    evaluate_against,
    evaluate_checkpoint,
)
from compute.judging.transcripts import Transcripts
from compute.models import MLP, InputColumn, ModelError, ModelSpecification
from compute.training_set import Schema, TrainingSet

SPECIFICATION = ModelSpecification(MLP((), 2), (InputColumn("x", "uint8", (2,), -8),), "y")
PARAMETERS = SPECIFICATION.initial_parameters()
SHARDS = 3


def against(
    loss: int,
    sums: Sequence[int] | None,
    training_set: TrainingSet,
    progress: evaluation.Progress | None = None,
) -> exact.Evaluation:
    return evaluate_against(loss, sums, SPECIFICATION, PARAMETERS, training_set, progress)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a shard has many, and what is on its way counts little."""
    monkeypatch.setattr(evaluation, "examples_at_once", lambda peak_bytes: 100)


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    count = 2 * 1024 + 300
    numbers = np.arange(count)
    x = np.stack([numbers & 255, numbers >> 8], 1).astype(np.uint8)
    columns = {"x": x, "y": (numbers & 1).astype(np.uint8)}
    return TrainingSet(Schema.of(columns)).patched(columns, [])


@pytest.fixture(scope="module")
def truth(training_set: TrainingSet) -> exact.Evaluation:
    return evaluate_checkpoint(SPECIFICATION, PARAMETERS, training_set)


def test_shards_in_any_order_are_the_same_evaluation(
    training_set: TrainingSet, truth: exact.Evaluation
) -> None:
    done: list[int] = []
    found = against(truth.loss, truth.shard_sums, training_set, progress=done.append)
    assert np.array_equal(found.transcript, truth.transcript)
    assert (found.loss, found.top) == (truth.loss, truth.top)
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(training_set))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_false_shard_sum_is_found(
    shard: int, training_set: TrainingSet, truth: exact.Evaluation
) -> None:
    sums = list(truth.shard_sums)
    sums[shard] -= 1
    claimed = sum(sums) // len(training_set)
    with pytest.raises(FalseClaim, match=f"shard {shard} sums to {truth.shard_sums[shard]}"):
        against(claimed, sums, training_set)


@pytest.mark.parametrize(
    ("sums", "reason"),
    [([], "there are 3 shards"), ([1] * 4, "there are 3 shards"), ([7] * SHARDS, "a loss of 0")],
)
def test_sums_that_cannot_be_are_refused_unseen(
    sums: list[int], reason: str, training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "Evaluator", None)  # nothing may be evaluated
    with pytest.raises(FalseClaim, match=reason):
        against(5, sums, training_set)


def test_junk_costs_one_shard(
    training_set: TrainingSet, truth: exact.Evaluation, small_batches: None
) -> None:
    """All sums false: left after the first shard and what was already on its way."""
    done: list[int] = []
    junk = [x ^ 1 for x in truth.shard_sums]
    with pytest.raises(FalseClaim):
        against(sum(junk) // len(training_set), junk, training_set, progress=done.append)
    assert done[-1] <= SHARD


def test_without_sums_too_low_a_loss_is_left_early(
    training_set: TrainingSet, truth: exact.Evaluation, small_batches: None
) -> None:
    assert against(truth.loss, None, training_set).top == truth.top
    done: list[int] = []
    with pytest.raises(FalseClaim, match="a part of the examples"):
        against(truth.loss // 8, None, training_set, progress=done.append)
    assert done[-1] <= 2 * SHARD
    # too late to save anything: the caller compares
    assert against(truth.loss - 1, None, training_set).loss == truth.loss


def test_a_saturating_example_is_invalid_in_any_order(training_set: TrainingSet) -> None:
    huge = {name: value * np.float32(2.0**100) for name, value in PARAMETERS.items()}
    for found in (
        evaluate_checkpoint(SPECIFICATION, huge, training_set),
        evaluate_against(5, None, SPECIFICATION, huge, training_set),
    ):
        assert (found.valid, found.reason) == (False, "an example saturates")


def test_an_evaluation_goes_on_where_it_was_left(
    training_set: TrainingSet, truth: exact.Evaluation, tmp_path: Path, small_batches: None
) -> None:
    class Cut(Exception):
        pass

    def leave(done: int) -> None:
        if done > 1500:
            raise Cut

    subject = SPECIFICATION, PARAMETERS, training_set
    key = SPECIFICATION.hash, bytes(32), bytes(32), len(training_set)
    with pytest.raises(Cut), Transcripts(tmp_path).open(*key) as transcript:
        evaluate_checkpoint(*subject, leave, transcript)
    done: list[int] = []
    with Transcripts(tmp_path).open(*key) as transcript:
        found = evaluate_against(truth.loss, truth.shard_sums, *subject, done.append, transcript)
    assert done[0] > 1500
    assert found.top == truth.top


def test_another_number_system_is_refused(training_set: TrainingSet) -> None:
    later = replace(SPECIFICATION, evaluator="F24/4")
    with pytest.raises(CannotEvaluate, match="F24/4"):
        evaluate_checkpoint(later, PARAMETERS, training_set)


def test_a_model_that_has_no_loss_on_any_example_is_refused() -> None:
    """One with a loss is enough; without examples there is nothing to train on."""
    columns = {"x": np.zeros((40, 2), np.uint8), "y": np.zeros(40, np.uint8)}
    columns["x"][39] = 255
    check_losses(SPECIFICATION, PARAMETERS, columns)
    huge = {name: np.full_like(value, 1e8) for name, value in PARAMETERS.items()}
    huge["Dense_0/bias"][:] = 0  # only the last example's outputs are not 0
    check_losses(SPECIFICATION, huge, columns)
    columns["x"][:] = 255
    with pytest.raises(ModelError, match="none of 8 examples has a loss"):
        check_losses(SPECIFICATION, huge, columns)
    nan = {name: np.full_like(value, np.nan) for name, value in PARAMETERS.items()}
    with pytest.raises(ModelError, match="not a finite number"):
        check_losses(SPECIFICATION, nan, columns)
    with pytest.raises(ModelError, match="no examples"):
        check_losses(SPECIFICATION, PARAMETERS, {name: x[:0] for name, x in columns.items()})


def test_what_does_not_fit_into_the_memory_is_refused_before_it_is_taken(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "usable", lambda: 10)
    monkeypatch.setattr(evaluation, "Evaluator", None)
    with pytest.raises(CannotEvaluate, match="Not enough memory"):
        evaluate_checkpoint(SPECIFICATION, PARAMETERS, training_set)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"x": None}, "reads the column 'x', which is not there"),
        ({"x": np.zeros((3, 4), np.uint8)}, r"the data has uint8 \[4\]"),
        ({"y": None}, "the target 'y' is not there"),
        ({"y": np.zeros((3, 2), np.uint8)}, r"targets of shape \[\]"),
    ],
)
def test_data_that_is_not_the_models_is_a_sentence(
    changed: dict[str, np.ndarray | None], sentence: str
) -> None:
    """Whoever founds a group without our command line may name any model beside any data."""
    columns = {"x": np.arange(6, dtype=np.uint8).reshape(3, 2), "y": np.zeros(3, np.uint8)}
    given = {name: x for name, x in {**columns, **changed}.items() if x is not None}
    given["z"] = np.arange(3, dtype=np.uint8)  # so that no two examples are equal
    other = TrainingSet(Schema.of(given)).patched(given, [])
    with pytest.raises(ModelError, match=sentence):
        evaluate_checkpoint(SPECIFICATION, PARAMETERS, other)
