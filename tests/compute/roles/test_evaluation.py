"""The two ways to evaluate agree, and the second leaves at the first lie."""

from dataclasses import replace

import numpy as np
import pytest

from compute import exact
from compute.models import MLP, InputColumn, ModelSpecification
from compute.roles import evaluation
from compute.roles.evaluation import CannotEvaluate, ShardMismatch, evaluate, evaluate_against
from compute.training_set import Schema, TrainingSet

SPECIFICATION = ModelSpecification(MLP((), 2), (InputColumn("x", "uint8", (2,), -8),), "y")
PARAMETERS = SPECIFICATION.initial_parameters()
SHARDS = 3


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    count = 2 * 1024 + 300
    numbers = np.arange(count)
    x = np.stack([numbers & 255, numbers >> 8], 1).astype(np.uint8)
    columns = {"x": x, "y": (numbers & 1).astype(np.uint8)}
    return TrainingSet(Schema.of(columns)).patched(columns, [])


@pytest.fixture(scope="module")
def truth(training_set: TrainingSet) -> exact.Evaluation:
    return evaluate(SPECIFICATION, PARAMETERS, training_set)


def test_shards_in_any_order_are_the_same_evaluation(
    training_set: TrainingSet, truth: exact.Evaluation
) -> None:
    done: list[int] = []
    found = evaluate_against(truth.shard_sums, SPECIFICATION, PARAMETERS, training_set, done.append)
    assert np.array_equal(found.transcript, truth.transcript)
    assert (found.loss, found.root) == (truth.loss, truth.root)
    assert len(done) == SHARDS
    assert done[-1] == len(training_set)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_false_shard_sum_is_found(
    shard: int, training_set: TrainingSet, truth: exact.Evaluation
) -> None:
    sums = list(truth.shard_sums)
    sums[shard] -= 1
    with pytest.raises(ShardMismatch, match=f"shard {shard} sums to {truth.shard_sums[shard]}"):
        evaluate_against(sums, SPECIFICATION, PARAMETERS, training_set)


@pytest.mark.parametrize("change", [[], [1, 2], [1, 2, 3, 4]])
def test_another_number_of_shards_is_refused_unseen(
    change: list[int], training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "_evaluate", None)  # nothing may be evaluated
    with pytest.raises(ShardMismatch, match="there are 3 shards"):
        evaluate_against(change, SPECIFICATION, PARAMETERS, training_set)


def test_junk_costs_one_shard(training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = exact.evaluate

    def counted(*args: object, **more: int) -> exact.Evaluation:
        calls.append(more["total"])
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(exact, "evaluate", counted)
    with pytest.raises(ShardMismatch):
        evaluate_against([0] * SHARDS, SPECIFICATION, PARAMETERS, training_set)
    assert len(calls) == 1


def test_another_number_system_is_refused(training_set: TrainingSet) -> None:
    later = replace(SPECIFICATION, evaluator="F24/2")
    with pytest.raises(CannotEvaluate, match="F24/2"):
        evaluate(later, PARAMETERS, training_set)
