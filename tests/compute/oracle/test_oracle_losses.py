"""The oracle's losses: near float64 where that can tell, and right where sums leave 64 bits."""

from __future__ import annotations

import math
import random

import pytest

from compute.oracle.array import Array
from compute.oracle.losses import binary_cross_entropy, cross_entropy, squared_error
from compute.oracle.number import ONE, Number, single
from compute.program.types import DType, Type

Q = 2**32


def floats(data: list[Number], *shape: int) -> Array:
    return Array(Type(DType.F24, shape or (len(data),)), data)


def integers(data: list[int]) -> Array:
    return Array(Type(DType.I32, (len(data),)), list(data))


def reference(logits: list[float], target: int, smoothing: float) -> float:
    top = max(logits)
    entropy = math.log(sum(math.exp(z - top) for z in logits)) + top
    average = sum(logits) / len(logits)
    return entropy - (1 - smoothing) * logits[target] - smoothing * average


@pytest.mark.parametrize("smoothing", [0.0, 6554 / 65536])
def test_cross_entropy_is_near_the_float(smoothing: float) -> None:
    rng = random.Random(3)
    for _ in range(200):
        z = [single(rng.uniform(-20, 20)) for _ in range(12)]
        y = [rng.randrange(4) for _ in range(3)]
        rows = [[x / ONE for x in z[i : i + 4]] for i in (0, 4, 8)]
        wanted = sum(map(reference, rows, y, [smoothing] * 3)) / 3
        loss = cross_entropy(floats(z, 3, 4), integers(y), smoothing)
        assert loss is not None
        assert abs(loss / Q - wanted) < 2.0**-26


def test_targets_that_are_no_class_are_ignored() -> None:
    z = floats([ONE, 0, 0, 50 * ONE], 2, 2)
    alone = cross_entropy(floats([ONE, 0], 1, 2), integers([1]))
    assert cross_entropy(z, integers([1, -1])) == alone
    assert cross_entropy(z, integers([1, 2])) == alone
    assert cross_entropy(z, integers([-1, 7])) == 0


def test_sums_beyond_64_bits_do_not_wrap() -> None:
    """The cases that wrapped: 784 outputs at 2,000, and 16,384 positions at +-65,536."""
    far = floats([2000 * ONE] * 784)
    assert squared_error(far, floats([0] * 784)) == 2000 * 2000 * Q
    count = 16384
    z = floats([-65536 * ONE, 65536 * ONE] * count, count, 2)
    assert cross_entropy(z, integers([0] * count)) == 131072 * Q
    wide = floats([65536 * ONE] * count)
    assert binary_cross_entropy(wide, integers([0] * count)) == 65536 * Q


def test_outputs_out_of_range_have_no_loss() -> None:
    beyond = single(65536.0078125)
    for bad in (None, beyond, -beyond):
        assert cross_entropy(floats([bad, 0], 1, 2), integers([0])) is None
        assert squared_error(floats([bad]), floats([0])) is None
        assert binary_cross_entropy(floats([bad]), integers([0])) is None
    assert squared_error(floats([2048 * ONE]), floats([0])) == 2048 * 2048 * Q
    assert squared_error(floats([single(2048.01)]), floats([0])) is None


def test_no_loss_is_negative() -> None:
    rng = random.Random(4)
    for _ in range(300):
        scale = rng.choice((1e-6, 1, 100, 60000))
        z = [single(rng.uniform(-scale, scale)) for _ in range(5)]
        for y in range(5):
            assert (cross_entropy(floats(z, 1, 5), integers([y]), 0.1) or 0) >= 0
        bits = integers([rng.getrandbits(1) for _ in z])
        assert (binary_cross_entropy(floats(z), bits) or 0) >= 0
