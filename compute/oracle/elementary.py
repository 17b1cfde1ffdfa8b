"""The oracle's elementary functions: fixed programs, docs/exact.md says each (see `number`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from compute.oracle.number import (
    ONE,
    POINT,
    Number,
    add,
    divide,
    known,
    multiply,
    nearest,
    ratio,
    significant,
    single,
    square_root,
    strict,
    subtract,
    value,
)

G = 25  # polynomials count in units of 2**-25


def coefficients(exact: Sequence[Fraction | float]) -> list[int]:
    return [round(Fraction(c) * 2**G) for c in exact]


def polynomial(c: Sequence[int], x: int, bits: int = 26) -> int:
    """Highest order first, two orders a step; x in units of 2**-bits, 25 <= bits <= 27."""
    u = nearest(x * x, 2 * bits - 26)
    start = len(c) % 2
    t = c[0] if start else 0
    for i in range(start, len(c), 2):
        t = nearest((t * u << 1) + (c[i] * x << (27 - bits)) + (c[i + 1] << 27), 27)
    return t


def polynomial_value(c: Sequence[int], x: int, bits: int = 26) -> int:
    """The polynomial as a value; those used here are far from the bounds."""
    return known(value(polynomial(c, x, bits), G))


def on_grid(x: int, bits: int) -> int:
    """A value in units of 2**-bits."""
    return nearest(x, POINT - bits)


def square_on_grid(x: int) -> int:
    return nearest(x * x, 2 * POINT - 26)


def odd(function: Callable[[int], Number]) -> Callable[..., Number]:
    """The function of the magnitude, with the sign of the argument."""

    def wrapped(a: int) -> Number:
        y = function(abs(a))
        return -y if y is not None and a < 0 else y

    return strict(wrapped)


LOG2_E = 756388  # 2**-19
LN_2 = 762123384786 << (POINT - 40)
EXP = coefficients([Fraction(1, math.factorial(k)) for k in range(7, -1, -1)])
ATANH = coefficients([Fraction(2, 2 * k + 1) for k in range(6, -1, -1)])
EXPM1 = coefficients([Fraction(1, math.factorial(k)) for k in range(8, 0, -1)])
TANH = coefficients(
    [
        Fraction(21844, 6081075),
        Fraction(-1382, 155925),
        Fraction(62, 2835),
        Fraction(-17, 315),
        Fraction(2, 15),
        Fraction(-1, 3),
        Fraction(1),
    ]
)
NEAR = 11 * ONE // 32
HALF = ONE // 2


def exp_parts(x: int) -> tuple[int, int]:
    """t, k with exp(x) ~ t * 2**(k - 25); x in units of 2**-119."""
    k = nearest(x * LOG2_E, POINT + 19)
    return polynomial(EXP, on_grid(x - k * LN_2, 27), 27), k


def scaled_exp(x: int) -> int:
    """exp(x) in units of 2**-200, for x >= -120."""
    t, k = exp_parts(x)
    return t << (200 - G + k)


def clamp(x: int, low: int, high: int) -> int:
    return max(low * ONE, min(high * ONE, x))


@strict
def exp(a: int) -> Number:
    return value(scaled_exp(clamp(a, -69, 89)), 200)


def one_plus_exp(x: int) -> int:
    return known(value(significant(scaled_exp(x) + (1 << 200), 53), 200))


def log_mantissa(s: int) -> int:
    p = polynomial_value(ATANH, square_on_grid(s))
    return known(value(p * s, 2 * POINT))


_SPLIT = Fraction(0.70710678)


def centred_ratio(n: int, one: int) -> int:
    """(x - 1) / (x + 1) as a value, for x = n / one; x + 1 is a value too."""
    below = known(value(n + one, one.bit_length() - 1))
    q, scale = ratio((n - one) << POINT, below * one)
    return known(value(significant(q, 53), scale))


@strict
def log(a: int) -> Number:
    if a <= 0:
        return None
    e, one = a.bit_length() - POINT, 1 << a.bit_length()  # a = m * 2**e, m = a / one
    if Fraction(a, one) < _SPLIT:
        e, one = e - 1, one >> 1
    return value(significant(e * LN_2 + log_mantissa(centred_ratio(a, one)), 53))


@strict
def log1p(a: int) -> Number:
    if abs(a) >= NEAR:
        return log(add(ONE, a))
    return log_mantissa(known(divide(a, add(2 * ONE, a))))


@strict
def expm1(a: int) -> Number:
    if abs(a) >= NEAR:
        return subtract(exp(a), ONE)
    return multiply(polynomial_value(EXPM1, on_grid(a, 25), 25), a)


@odd
def tanh(x: int) -> Number:
    if x < NEAR:
        return multiply(polynomial_value(TANH, square_on_grid(x)), x)
    q = known(divide(2 * ONE, one_plus_exp(2 * min(x, 10 * ONE))))
    return value(ONE - q)


@strict
def logistic(a: int) -> Number:
    return divide(ONE, one_plus_exp(-clamp(a, -69, 69)))


GELU_A = 26772563  # 2**-24
GELU_B = 1197135


@strict
def gelu(a: int) -> Number:
    x = clamp(a, -10, 8)
    s = nearest(GELU_B * nearest(x * x, 2 * POINT - 20) + (GELU_A << 20), 20)
    u = nearest(-s * x, 24 + POINT - 26)
    return divide(max(a, -10 * ONE), one_plus_exp(u << (POINT - 26)))


@strict
def rsqrt(a: int) -> Number:
    return divide(ONE, square_root(a))


@strict
def exp2(a: int) -> Number:
    return exp(multiply(a, single(0.6931472)))


ERF_P = [
    single(c)
    for c in (
        -2.72614225801306e-10,
        2.77068142495902e-08,
        -2.10102402082508e-06,
        -5.69250639462346e-05,
        -7.34990630326855e-04,
        -2.95459980854025e-03,
        -1.60960333262415e-02,
    )
]
ERF_Q = [
    single(c)
    for c in (
        -1.45660718464996e-05,
        -2.13374055278905e-04,
        -1.68282697438203e-03,
        -7.37332916720468e-03,
        -1.42647390514189e-02,
    )
]


def horner_values(c: Sequence[int], x: int) -> int:
    """One rounding of t * x + c a step, by way of 53 bits."""
    t = c[0]
    for term in c[1:]:
        t = known(value(significant(t * x + (term << POINT), 53), 2 * POINT))
    return t


@strict
def erf(a: int) -> Number:
    x = clamp(a, -4, 4)
    z = known(multiply(x, x))
    y = divide(multiply(horner_values(ERF_P, z), x), horner_values(ERF_Q, z))
    return clamp(known(y), -1, 1)


@odd
def sinh(x: int) -> Number:
    m = expm1(x)
    return multiply(add(m, divide(m, add(ONE, m))), HALF)


@strict
def cosh(a: int) -> Number:
    e = exp(abs(a))
    return multiply(add(e, divide(ONE, e)), HALF)


FAR = ONE << 13


def log_of_double(a: int) -> Number:
    return add(log(a), single(0.6931472))


@odd
def asinh(x: int) -> Number:
    if x >= FAR:
        return log_of_double(x)
    square = multiply(x, x)
    return log1p(add(x, divide(square, add(ONE, square_root(add(ONE, square))))))


@strict
def acosh(a: int) -> Number:
    if a < ONE:
        return None
    if a >= FAR:
        return log_of_double(a)
    t = subtract(a, ONE)
    return log1p(add(t, square_root(add(add(t, t), multiply(t, t)))))


@strict
def atanh(a: int) -> Number:
    return multiply(subtract(log1p(a), log1p(-a)), HALF)


@odd
def cube_root(x: int) -> Number:
    return power(x, single(1 / 3))


@strict
def power(a: int, b: int) -> Number:
    """exp(b * log(|a|)), log and product values; a negative `a` only to an integer power."""
    if b == 0:
        return ONE
    if a == 0:
        return 0 if b > 0 else None
    if a < 0 and b % ONE:
        return None
    y = exp(multiply(b, log(abs(a))))
    return -y if y is not None and a < 0 and (b // ONE) % 2 else y


def integer_power(a: Number, exponent: int) -> Number:
    """Binary powering from the lowest bit, every product a value."""
    if exponent < 0:
        return divide(ONE, integer_power(a, -exponent))
    result: Number = None if a is None else ONE
    first = True
    while exponent:
        if exponent & 1:
            result, first = (a if first else multiply(result, a)), False
        exponent >>= 1
        a = multiply(a, a) if exponent else a
    return result
