"""Trained models lose less than 2e-6 of their loss to the exact numbers; the benchmark does all."""

import pytest

from benchmarks import exact_accuracy


@pytest.mark.parametrize("name", ["mlp"])
def test_a_trained_model_keeps_its_loss(name):
    assert exact_accuracy.measure(name, steps=30)["ours"] <= exact_accuracy.GOAL
