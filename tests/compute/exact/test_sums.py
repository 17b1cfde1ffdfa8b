"""Exact sums and products against fractions: cancellation, ties, wide ranges, saturation."""

from __future__ import annotations

from fractions import Fraction

import jax
import numpy as np
import pytest

from compute.exact.carriers import CARRIERS
from compute.exact.summation import cumulative, total
from compute.oracle import number
from tests.support.products import dot


def values(rng: np.random.Generator, shape: tuple[int, ...], spread: int, bits: int) -> np.ndarray:
    mantissa = rng.integers(2 ** (bits - 1), 2**bits, shape) * 2.0**-bits
    powers = 2.0 ** rng.integers(-spread, spread + 1, shape)
    return (mantissa * powers * rng.choice([-1, 1], shape)).astype(np.float32)


def operands(kind: str, terms: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(terms)
    a, b = values(rng, (5, terms), 2, 24), values(rng, (4, terms), 2, 24)
    if kind == "ties":
        a, b = np.round(a * 4), np.round(b * 2**18) / 2**18
    if kind == "one-hot":
        a = np.eye(5, terms)
    if kind == "cancelling":
        half = terms // 2
        a[:, half : 2 * half], b[:, half : 2 * half] = -a[:, :half], b[:, :half]
    if kind == "wide":
        a = values(rng, (5, terms), 60, 24)
    if kind == "perturbed ties":
        a[:], b[:] = 0, 0
        a[:, 0], b[:, 0] = 1, 1 + np.float32(2.0**-21)
        a[:, -1], b[:, -1] = 2.0**-40, [2.0**-40, -(2.0**-40), 0, 2.0**-55]
    return a.astype(np.float32), b.astype(np.float32)


def scaled(x: float) -> int:
    return int(Fraction(x) * number.ONE)


KINDS = ["random", "ties", "one-hot", "cancelling", "wide", "perturbed ties"]


@pytest.mark.parametrize("carrier", ["float64", "integer"])
@pytest.mark.parametrize("terms", [1, 7, 300])
@pytest.mark.parametrize("kind", KINDS)
def test_a_dot_product_is_the_exact_sum_rounded_once(kind: str, terms: int, carrier: str) -> None:
    a, b = operands(kind, terms)
    with jax.enable_x64(True):
        found = np.asarray(dot(a, b, carrier))
    for i, row in enumerate(a):
        for j, column in enumerate(b):
            exact = sum(
                scaled(x) * scaled(y) for x, y in zip(row.tolist(), column.tolist(), strict=True)
            )
            assert scaled(found[i, j].item()) == number.product_sum(exact)


@pytest.mark.parametrize("kind", KINDS)
def test_sums_and_prefix_sums(kind: str) -> None:
    x = np.concatenate(operands(kind, 300))
    with jax.enable_x64(True):
        sums = np.asarray(total(x, (1,), CARRIERS["float64"]))
        prefixes = np.asarray(cumulative(x, 1, False, CARRIERS["float64"]))
    for i, row in enumerate(x):
        exact = np.cumsum([scaled(v) for v in row.tolist()], dtype=object)
        assert scaled(sums[i].item()) == number.value(exact[-1])
        assert [scaled(v) for v in prefixes[i].tolist()] == [number.value(v) for v in exact]


# what machines make themselves: x86, Arm, and NVIDIA's float32 instructions
NANS = [0xFFC00000, 0x7FC00000, 0x7FFFFFFF, 0xFFFFFFFF]


@pytest.mark.parametrize("nan", NANS, ids=hex)
@pytest.mark.parametrize("carrier", ["float64", "integer"])
def test_zero_factors_do_not_hide_a_saturated_term(carrier: str, nan: int) -> None:
    a, b = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    b[1, 2] = np.array(nan, np.uint32).view(np.float32)
    with jax.enable_x64(True):
        found = np.asarray(dot(a, b, carrier))
        sums = np.asarray(total(b, (1,), CARRIERS[carrier]))
        prefixes = np.asarray(cumulative(b, 1, False, CARRIERS[carrier]))
    assert (found[:, 0] == 0).all()
    assert np.isnan(found[:, 1]).all()
    assert np.isnan(sums).tolist() == [False, True]
    assert np.isnan(prefixes[1]).tolist() == [False, False, True]
