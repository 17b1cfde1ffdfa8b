"""The oracle's sine, cosine, tangent and their inverses; see `elementary`."""

from __future__ import annotations

import math
from fractions import Fraction

from compute.oracle.elementary import (
    centred_ratio,
    coefficients,
    polynomial_value,
    square_on_grid,
)
from compute.oracle.number import (
    ONE,
    POINT,
    Number,
    add,
    divide,
    known,
    multiply,
    nearest,
    significant,
    single,
    square_root,
    strict,
    subtract,
    value,
)

SIN = coefficients([Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(5, -1, -1)])
COS = coefficients([Fraction((-1) ** k, math.factorial(2 * k)) for k in range(5, -1, -1)])
TWO_OVER_PI = 10680707  # 2**-24
PI_HALVES_HIGH = 421657428 << (POINT - 28)
PI_HALVES_LOW = 4467992 << (POINT - 52)


def sine(a: int, quarter: int) -> Number:
    if abs(a) > ONE << 20:
        return None
    k = nearest(a * TWO_OVER_PI, POINT + 24)
    inner = significant(a - k * PI_HALVES_HIGH, 53)
    r = known(value(significant(inner - k * PI_HALVES_LOW, 53)))
    z = square_on_grid(r)
    turn = (k + quarter) % 4
    y = polynomial_value(COS, z) if turn % 2 else known(multiply(polynomial_value(SIN, z), r))
    return -y if turn >= 2 else y


@strict
def sin(a: int) -> Number:
    return sine(a, 0)


@strict
def cos(a: int) -> Number:
    return sine(a, 1)


@strict
def tan(a: int) -> Number:
    return divide(sin(a), cos(a))


PI, PI_HALVES = single(math.pi), single(math.pi / 2)
_NUMERATOR, _DENOMINATOR = (math.pi / 4).as_integer_ratio()
PI_QUARTERS = (_NUMERATOR << POINT) // _DENOMINATOR  # exact: 53 bits
ATAN = coefficients([Fraction((-1) ** k, 2 * k + 1) for k in range(9, -1, -1)])


def arc(r: int) -> Number:
    """atan of a value between 0 and 1."""
    far = r > single(0.41421357)
    s = centred_ratio(r, ONE) if far else r
    start = PI_QUARTERS if far else 0
    p = polynomial_value(ATAN, square_on_grid(s))
    return value(significant(start + known(value(p * s, 2 * POINT)), 53))


@strict
def atan2(y: int, x: int) -> Number:
    small, large = sorted((abs(y), abs(x)))
    w = arc(known(divide(small, large))) if large else 0
    if abs(y) > abs(x):
        w = subtract(PI_HALVES, w)
    if x < 0:
        w = subtract(PI, w)
    return -known(w) if y < 0 else w


@strict
def atan(a: int) -> Number:
    return atan2(a, ONE)


def complement(a: int) -> Number:
    return square_root(multiply(subtract(ONE, a), add(ONE, a)))


@strict
def asin(a: int) -> Number:
    return atan2(a, complement(a))


@strict
def acos(a: int) -> Number:
    return atan2(complement(a), a)
