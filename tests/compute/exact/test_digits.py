"""Sums of products by digits: what they decide is right, and they decide nearly everything."""

import jax
import numpy as np
import pytest

from compute.exact.integers.digits import CHUNK, decided, split
from compute.exact.rounding import UNDECIDED
from compute.exact.superaccumulator import SATURATED_PATTERN
from tests.support.products import dot

ROWS, COLUMNS = 24, 20


def normal(r: np.random.Generator, terms: int) -> np.ndarray:
    return r.standard_normal((ROWS, terms)).astype(np.float32)


def wild(r: np.random.Generator, terms: int) -> np.ndarray:
    """From dust to 2**60, side by side."""
    return (normal(r, terms) * 2.0 ** r.integers(-60, 60, (ROWS, terms))).astype(np.float32)


def quarters(r: np.random.Generator, terms: int) -> np.ndarray:
    """Ties and exact zeros."""
    return np.round(normal(r, terms) * 4) / 4


def ones(r: np.random.Generator, terms: int) -> np.ndarray:
    """All bits set: the largest digits."""
    return np.full((ROWS, terms), 2 - 2.0**-23, np.float32)


def tiny(r: np.random.Generator, terms: int) -> np.ndarray:
    return (normal(r, terms) * 2.0**-60).astype(np.float32)


def huge(r: np.random.Generator, terms: int) -> np.ndarray:
    return (normal(r, terms) * 2.0**90).astype(np.float32)


def holes(r: np.random.Generator, terms: int) -> np.ndarray:
    """Rows of zeros, and SATURATED elements."""
    x = np.where(r.random((ROWS, terms)) < 0.01, np.nan, normal(r, terms)).astype(np.float32)
    x[::3] = 0
    return x


def cancelling(x: np.ndarray) -> np.ndarray:
    """Columns whose products with the rows cancel in pairs, but for one element."""
    y = x[:COLUMNS].copy()
    half = y.shape[1] // 2
    y[:, :half], y[:, half : 2 * half] = -x[:COLUMNS, half : 2 * half], x[:COLUMNS, :half]
    return y


_split_and_decided = jax.jit(lambda x, y: decided(split(x[None]), split(y[None]))[0])
_right = jax.jit(dot)


def by_digits(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(_split_and_decided(x, y))


def right(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By float64 and windows of 32 bits, which other tests compare with fractions."""
    with jax.enable_x64(True):
        found = np.asarray(_right(x, y))
    return np.where(np.isnan(found), SATURATED_PATTERN, found.view(np.int32))


@pytest.mark.parametrize("terms", [6, 300])
@pytest.mark.parametrize("make", [normal, wild, quarters, ones, tiny, huge, holes])
def test_what_is_decided_is_the_exact_sum_rounded(make, terms: int) -> None:
    r = np.random.default_rng(terms)
    x = make(r, terms)
    for y, most in ((make(r, terms)[:COLUMNS], 0.999), (cancelling(x), 0.9)):
        found = by_digits(x, y)
        known = found != UNDECIDED
        assert (found == right(x, y))[known].all()
        assert known.mean() > (0.3 if make is wild else most)


@pytest.mark.parametrize("terms", [CHUNK, 2 * CHUNK + 5])
def test_the_largest_digits_do_not_overflow(terms: int) -> None:
    """Every product of the first three digits is the largest one, at as many terms as are summed
    in 32 bits, and beyond."""
    x = ones(np.random.default_rng(0), terms)[:2]
    assert (by_digits(x, -x) == right(x, -x)).all()


def test_ends_of_other_signs_beyond_the_largest_decide_nothing() -> None:
    """The sum is small beside what was cut; both ends are SATURATED, which has no sign."""
    x = np.array([[2.0**-20, 2.0**120, -(2.0**120)]], np.float32)
    y = np.array([[1.5, 2.0**120 + 2.0**97, 2.0**120 + 2.0**97]], np.float32)
    assert by_digits(x, y)[0, 0] == UNDECIDED
    assert right(x, y)[0, 0] == np.float32(1.5 * 2.0**-20).view(np.int32)
