"""The oracle's numbers against fractions, and its functions against float64."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable
from fractions import Fraction

import pytest
from scipy import special as scipy_special

from compute.oracle import circular, elementary, number, special
from compute.oracle.array import Array
from compute.oracle.elementwise import RULES as ELEMENTWISE
from compute.oracle.number import LARGEST, ONE, POINT, SMALLEST, Number
from compute.oracle.products import dot
from compute.oracle.reductions import RULES as REDUCTIONS
from compute.program.types import DType, Type
from tests.support.random_values import floats

UNIT = Fraction(1, 2**POINT)


def values(seed: object, count: int) -> list[int]:
    words = floats(random.Random(f"numbers {seed}"), count)
    found = [number.from_pattern(w) for (w,) in struct.iter_unpack("<I", words)]
    return [x for x in found if x is not None]


def rounded(x: Fraction, bits: int = 24) -> Fraction:
    """The nearest number of so many significant bits, by trying both neighbours."""
    if x == 0:
        return x
    exponent = 0
    while abs(x) >= Fraction(2) ** exponent:
        exponent += 1
    while abs(x) < Fraction(2) ** (exponent - 1):
        exponent -= 1
    unit = Fraction(2) ** (exponent - bits)
    low = math.floor(x / unit)
    below, above = x - low * unit, (low + 1) * unit - x
    up = above < below or (above == below and low % 2 == 1)
    return (low + up) * unit


def expected(x: Fraction, bits: int = 24, largest: int = LARGEST) -> Number:
    y = rounded(x, bits)
    if abs(y) < SMALLEST * UNIT:
        return 0
    n = y / UNIT
    assert n.denominator == 1
    return int(n) if abs(n) <= largest else None


EXACT: dict[str, Callable[[Fraction, Fraction], Fraction | None]] = {
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b if b else None,
}


@pytest.mark.parametrize("name", EXACT)
def test_an_operation_is_the_exact_result_rounded_once(name: str) -> None:
    for a, b in zip(values(name, 600), values(name + "b", 600), strict=True):
        exact = EXACT[name](a * UNIT, b * UNIT)
        wanted = None if exact is None else expected(exact)
        assert getattr(number, name)(a, b) == wanted, (a, b)


def test_a_sum_is_rounded_once_and_clamped() -> None:
    for a, b in zip(values("a", 600), values("b", 600), strict=True):
        wanted = expected((a + b) * UNIT)
        assert number.add(a, b) == (wanted if wanted is not None else math.copysign(1, a) * LARGEST)
    assert number.add(-LARGEST, -LARGEST) == -LARGEST
    assert number.multiply(LARGEST, 2 * ONE) is None
    assert number.multiply(SMALLEST, ONE // 2) == 0


def test_a_square_root_is_the_exact_root_rounded() -> None:
    for a in values("root", 600):
        y = number.square_root(a)
        if a < 0:
            assert y is None
            continue
        assert y is not None
        if a:
            ulp = 1 << (y.bit_length() - 24)
            low, high = (2 * y - ulp) ** 2, (2 * y + ulp) ** 2  # of twice the neighbours' middles
            assert low <= 4 * (a << POINT) <= high


def truncated(a: int, b: int) -> Fraction:
    q = Fraction(a, b)
    return a - (math.floor(q) if q >= 0 else math.ceil(q)) * Fraction(b)


def test_a_remainder_is_exact_from_the_true_quotient() -> None:
    for a, b in zip(values("r", 600), values("s", 600), strict=True):
        if b == 0 or abs(a) // abs(b) > 2**24:
            assert number.remainder(a, b) is None
        else:
            assert number.remainder(a, b) == expected(truncated(a, b) * UNIT)
    forty_nine = 49 * ONE
    assert number.remainder(forty_nine, forty_nine) == 0


@pytest.mark.parametrize("seed", range(40))
def test_sums_of_any_magnitudes_are_exact(seed: int) -> None:
    row, other = values(seed, 40), values(f"{seed} b", 40)
    exact = sum((x * UNIT for x in row), Fraction(0))
    assert REDUCTIONS["sum"]({"axes": (0,)}, [vector(row)]) == [expected(exact)]
    prefixes = [expected(sum((x * UNIT for x in row[: i + 1]), Fraction(0))) for i in range(40)]
    first_bad = prefixes.index(None) if None in prefixes else 40
    sums = REDUCTIONS["cumsum"]({"axis": 0, "reverse": False}, [vector(row)])
    assert sums[:first_bad] == prefixes[:first_bad]
    products = sum((x * y * UNIT * UNIT for x, y in zip(row, other, strict=True)), Fraction(0))
    axes = {"contract_a": (0,), "contract_b": (0,), "batch_a": (), "batch_b": ()}
    assert dot(axes, [vector(row), vector(other)]) == [
        expected(products, 21, number.LARGEST_PRODUCT_SUM)
    ]


def vector(row: list[Number]) -> Array:
    return Array(Type(DType.F24, (len(row),)), list(row))


def test_nothing_hides_what_is_saturated() -> None:
    axes = {"contract_a": (1,), "contract_b": (0,), "batch_a": (), "batch_b": ()}
    a = Array(Type(DType.F24, (2, 2)), [0, ONE, ONE, None])
    b = Array(Type(DType.F24, (2, 2)), [None, ONE, ONE, ONE])
    assert dot(axes, [a, b]) == [None, ONE, None, None]
    assert REDUCTIONS["maximum"]({"axes": (0,)}, [vector([ONE, None])]) == [None]
    later = REDUCTIONS["cumsum"]({"axis": 0, "reverse": False}, [vector([ONE, None, ONE])])
    assert later == [ONE, None, None]


def test_patterns_are_values_and_back() -> None:
    for word in [0, 0x0F800000, 0x7F7FFFFF, 0x3F800001, 0xBF800000, 0xFF7FFFFF]:
        assert number.to_pattern(number.from_pattern(word)) == word
    for dust in (1, 0x80000000, 0x0F7FFFFF, 0x8F7FFFFF):
        assert number.from_pattern(dust) == 0
    for not_a_number in (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001):
        assert number.from_pattern(not_a_number) is None


Reference = Callable[[float], float]
ACCURACY: list[tuple[str, Callable[..., Number], Reference, float, float, float]] = [
    ("exp", elementary.exp, math.exp, -60, 80, 1.5),
    ("log", elementary.log, math.log, 1.5, 1e6, 1.5),
    ("log1p", elementary.log1p, math.log1p, -0.5, 5, 3),
    ("expm1", elementary.expm1, math.expm1, -2, 5, 3),
    ("tanh", elementary.tanh, math.tanh, -8, 8, 3),
    ("logistic", elementary.logistic, lambda x: 1 / (1 + math.exp(-x)), -20, 20, 2),
    ("erf", elementary.erf, math.erf, -3, 3, 12),
    ("sinh", elementary.sinh, math.sinh, -5, 5, 6),
    ("cosh", elementary.cosh, math.cosh, -5, 5, 4),
    ("asinh", elementary.asinh, math.asinh, -50, 50, 6),
    ("atan", circular.atan, math.atan, -50, 50, 3),
    ("erfc", special.erfc, math.erfc, -3, 8, 6),
    ("erf_inv", special.erf_inv, scipy_special.erfinv, -0.9999, 0.9999, 4),
    ("lgamma", special.lgamma, math.lgamma, 3, 60, 6),
    ("lgamma small", special.lgamma, math.lgamma, 0.01, 0.6, 8),
    ("digamma", special.digamma, scipy_special.psi, 0.01, 40, 8),
]


@pytest.mark.parametrize("case", ACCURACY, ids=[c[0] for c in ACCURACY])
def test_a_fixed_program_is_near_the_function(
    case: tuple[str, Callable[..., Number], Reference, float, float, float],
) -> None:
    name, function, reference, low, high, units = case
    rng = random.Random(name)
    for _ in range(1500):
        x = number.single(rng.uniform(low, high))
        y = function(x)
        assert y is not None
        wanted = reference(x / ONE)
        ulp = math.ulp(wanted) * 2**29
        assert abs(y / ONE - wanted) <= units * ulp, x / ONE


def test_poles_and_domains_are_saturated() -> None:
    for function, points in (
        (special.lgamma, (0, -ONE, -(ONE << 30))),
        (special.digamma, (0, -2 * ONE)),
        (special.erf_inv, (ONE, -ONE, 2 * ONE)),
        (elementary.log, (0, -ONE)),
        (elementary.exp, (90 * ONE,)),
        (circular.sin, ((ONE << 20) + ONE,)),
    ):
        for x in points:
            assert function(x) is None
    assert special.erfc(9 * ONE) == 0
    assert special.erfc(-9 * ONE) == 2 * ONE


def test_powers_of_negative_numbers() -> None:
    three, two = 3 * ONE, 2 * ONE
    assert abs(elementary.power(-three, two) - 9 * ONE) < ONE >> 19
    assert elementary.power(-three, three) == -elementary.power(three, three)
    assert elementary.power(-three, ONE // 2) is None
    assert elementary.power(0, -ONE) is None
    assert elementary.power(0, 0) == ONE
    assert elementary.integer_power(-three, 3) == -27 * ONE
    assert elementary.integer_power(two, -2) == ONE // 4


def convert(data: list[Number], source: DType, to: DType) -> list[Number]:
    rule = ELEMENTWISE["convert"]
    return rule({"dtype": to}, [Array(Type(source, (len(data),)), list(data))])


def test_conversions_truncate_clamp_and_wrap() -> None:
    halves = [-5 * ONE // 2, 5 * ONE // 2, LARGEST, -LARGEST, 0]
    assert convert(halves, DType.F24, DType.I8) == [-2, 2, 127, -128, 0]
    assert convert(halves, DType.F24, DType.U8) == [0, 2, 255, 0, 0]
    assert convert([300, -1], DType.I32, DType.U8) == [44, 255]
    assert convert([2**31 - 1], DType.I32, DType.F24) == [ONE << 31]
    assert convert([-3, 0], DType.I32, DType.BOOL) == [1, 0]
