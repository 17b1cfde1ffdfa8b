"""What float64 sums decide: right wherever they decide, and they leave little."""

from __future__ import annotations

from fractions import Fraction

import jax
import numpy as np
import pytest

from compute.exact.contraction import tree_sum
from compute.exact.lattice import UNIT, common_bit
from compute.exact.rounding import UNDECIDED, decide
from compute.exact.superaccumulator import FAR, PRODUCT_SUM, VALUE, Format


def near_ties(bits: int, count: int) -> np.ndarray:
    """Numbers of all magnitudes, most of them next to the middle of two values."""
    rng = np.random.default_rng(bits)
    middle = rng.integers(2**bits, 2 ** (bits + 1), count) | 1
    middle[::5] = 2 ** (bits + 1) - 1  # rounds up to the next power of two
    away = rng.integers(-3, 4, count) * 2.0 ** -rng.integers(20, 28, count)
    return (middle + away) * 2.0 ** rng.integers(-125, 110, count) * rng.choice([-1, 1], count)


@pytest.mark.parametrize("form", [PRODUCT_SUM, VALUE], ids=["product sum", "value"])
def test_what_is_decided_is_right_wherever_the_sum_lies_within_the_bound(form: Format) -> None:
    s = near_ties(form.bits, 4000)
    rng = np.random.default_rng(1)
    error = np.abs(s) * 2.0 ** -rng.integers(30, 50, len(s))
    with jax.enable_x64(True):
        found = np.asarray(decide(s, error, form))
    decided = 0
    for x, e, pattern in zip(s.tolist(), error.tolist(), found, strict=True):
        if pattern == UNDECIDED:
            continue
        decided += 1
        inside = Fraction(e) - Fraction(UNIT) * (Fraction(abs(x)) + Fraction(e))
        for exact in (Fraction(x) - inside, Fraction(x), Fraction(x) + inside):
            assert _same(pattern, _rounded(exact, form)), (x, e)
    assert 500 < decided < len(s)


def _rounded(exact: Fraction, form: Format) -> float:
    """Nearest, ties to even; NaN is SATURATED.  Any fraction, unlike the oracle's integers."""
    if exact == 0:
        return 0.0
    size = abs(exact)
    power = size.numerator.bit_length() - size.denominator.bit_length()
    power -= size < Fraction(2) ** power
    rounded = round(size / Fraction(2) ** (power - form.bits + 1)) * Fraction(2) ** (
        power - form.bits + 1
    )
    if rounded < Fraction(2) ** -96:
        return 0.0
    if rounded > Fraction(form.largest):
        return float("nan")
    return float(rounded) * (1 if exact > 0 else -1)


def _same(pattern: np.int32, expected: float) -> bool:
    value = float(np.int32(pattern).view(np.float32))
    return value == expected or (np.isnan(value) and np.isnan(expected))


def test_ends_that_round_alike_decide_and_others_do_not() -> None:
    tie = 1 + 2.0**-21
    with jax.enable_x64(True):
        sums = np.array([tie, 1.0, 2.0**-98, np.nan, 2.0**65, -(2.0**65), tie, 2.0**64, 0.0, 1.0])
        error = np.array([0, 2.0**-50, 2.0**-99, 2.0**-50, 2.0**10, 2.0**10, 2.0**-50, 2.0**44])
        # both ends are SATURATED, and what lies between them is not
        error = np.append(error, [2.0**65, 2.0**200])
        found = np.asarray(decide(sums, error, PRODUCT_SUM))
    assert (found == UNDECIDED).tolist() == [False] * 6 + [True] * 4
    assert found.view(np.float32)[:3].tolist() == [1.0, 1.0, 0.0]
    assert np.isnan(found.view(np.float32)[3:6]).all()


@pytest.mark.parametrize("terms", [1, 31, 32, 33, 300, 5000])
def test_the_bound_of_a_tree_holds_and_is_small(terms: int) -> None:
    rng = np.random.default_rng(terms)
    x = rng.standard_normal((6, terms)) * 2.0 ** rng.integers(-30, 30, (6, terms))
    x[1, terms // 2 :] = -x[1, : terms - terms // 2]
    with jax.enable_x64(True):
        sums, bounds = map(np.asarray, tree_sum(x))
    for row, s, bound in zip(x, sums.tolist(), bounds.tolist(), strict=True):
        exact = sum(map(Fraction, row.tolist()))
        magnitudes = sum(map(Fraction, np.abs(row).tolist()))
        assert abs(Fraction(s) - exact) + Fraction(UNIT) * (abs(Fraction(s)) + Fraction(bound)) <= (
            Fraction(bound)
        )
        assert Fraction(bound) <= (terms / 32 + 9) * Fraction(UNIT) * magnitudes


def test_the_common_bit_divides_all_values_and_is_nearly_the_largest() -> None:
    rng = np.random.default_rng(0)
    x = (rng.integers(-(2**24), 2**24, (500, 7)) * 2.0 ** rng.integers(-60, 90, (500, 1))).astype(
        np.float32
    )
    x[::4] = 2.0 ** rng.integers(-96, 128, (125, 7)).astype(np.float64)
    x[::7, 3:] = 0
    x[9], x[10, 0] = 0, -(2.0**-96)
    with jax.enable_x64(True):
        found = np.asarray(common_bit(x, (1,)))
    assert found[9] == FAR
    for row, e in zip(np.delete(x, 9, 0), np.delete(found, 9).tolist(), strict=True):
        units = [Fraction(value) / Fraction(2) ** e for value in row.tolist()]
        assert all(unit.denominator == 1 for unit in units)
        assert any(unit.numerator % 4 for unit in units)
