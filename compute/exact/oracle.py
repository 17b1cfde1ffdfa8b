"""The semantics of F24/2 a second time: integers and fractions only, slow, without NumPy and JAX.

A number is a Fraction; SATURATED is None.  Every function takes and returns plain Python numbers
and follows docs/exact.md literally; it shares no code with the rules.  `vectors` are its results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

Number = Fraction | None

SMALLEST = Fraction(1, 2**96)
LARGEST = Fraction((2**24 - 1) * 2**104)
ZERO, ONE = Fraction(0), Fraction(1)


def nearest(x: Fraction) -> int:
    """The nearest integer, ties to even."""
    return round(x)


def exponent(x: Fraction) -> int:
    """The E with 2**(E-1) <= |x| < 2**E, for x != 0."""
    e = abs(x).numerator.bit_length() - x.denominator.bit_length()
    return e + 1 if abs(x) >= Fraction(2) ** e else e


def significant(x: Fraction, bits: int) -> Fraction:
    """x rounded to this many significant bits, ties to even."""
    if x == 0:
        return ZERO
    unit = Fraction(2) ** (exponent(x) - bits)
    return nearest(x / unit) * unit


def certain(x: Number) -> Fraction:
    """`x`, which the program keeps from saturating."""
    if x is None:
        raise ArithmeticError("a fixed program saturated inside")
    return x


def value(x: Fraction) -> Number:
    """24 bits, dust to zero, too large to SATURATED."""
    y = significant(x, 24)
    if abs(y) > LARGEST:
        return None
    return ZERO if abs(y) < SMALLEST else y


def grid(x: Fraction, bits: int) -> Fraction:
    """The multiple of 2**-bits nearest to x."""
    return Fraction(nearest(x * 2**bits), 2**bits)


def strict(function: Callable[..., Number]) -> Callable[..., Number]:
    """SATURATED in, SATURATED out."""

    def wrapped(*arguments: Number) -> Number:
        return None if None in arguments else function(*arguments)

    return wrapped


@strict
def add(a: Fraction, b: Fraction) -> Number:
    y = significant(a + b, 24)
    y = max(-LARGEST, min(LARGEST, y))
    return ZERO if abs(y) < SMALLEST else y


@strict
def subtract(a: Fraction, b: Fraction) -> Number:
    return add(a, -b)


@strict
def multiply(a: Fraction, b: Fraction) -> Number:
    return value(a * b)


@strict
def divide(a: Fraction, b: Fraction) -> Number:
    return None if b == 0 else value(a / b)


@strict
def square_root(a: Fraction) -> Number:
    if a < 0:
        return None
    if a == 0:
        return ZERO
    shift = 60 - exponent(a) // 2
    scaled = a * Fraction(4) ** shift  # about 2**120: 60 bits of root, then a sticky bit
    root = math.isqrt(int(scaled))
    sticky = 0 if root * root == scaled else 1
    return value(Fraction(2 * root + sticky, 2) / Fraction(2) ** shift)


def constants(coefficients: Sequence[Fraction]) -> list[int]:
    """In units of 2**-25."""
    return [nearest(c * 2**25) for c in coefficients]


def polynomial(coefficients: Sequence[int], x: Fraction) -> int:
    """Highest order first, two orders a step."""
    u = grid(x * x, 26)
    rest = list(coefficients)
    t = rest.pop(0) if len(rest) % 2 else 0
    while rest:
        c1, c0, *rest = rest
        t = nearest(t * u + c1 * x + c0)
    return t


LOG2_E = Fraction(756388, 2**19)
LN_2 = Fraction(762123384786, 2**40)
EXP = constants([Fraction(1, math.factorial(k)) for k in range(7, -1, -1)])
ATANH = constants([Fraction(2, 2 * k + 1) for k in range(6, -1, -1)])
EXPM1 = constants([Fraction(1, math.factorial(k)) for k in range(8, 0, -1)])
TANH = constants(
    [
        Fraction(21844, 6081075),
        Fraction(-1382, 155925),
        Fraction(62, 2835),
        Fraction(-17, 315),
        Fraction(2, 15),
        Fraction(-1, 3),
        ONE,
    ]
)
NEAR = Fraction(11, 32)


def exp_parts(x: Fraction) -> tuple[int, int]:
    k = nearest(x * LOG2_E)
    return polynomial(EXP, grid(x - k * LN_2, 27)), k


def clamp(x: Fraction, limit: Fraction | int) -> Fraction:
    return max(-Fraction(limit), min(Fraction(limit), x))


@strict
def exp(a: Fraction) -> Number:
    t, k = exp_parts(max(Fraction(-69), min(Fraction(89), a)))
    y = significant(Fraction(t), 24) * Fraction(2) ** (k - 25)
    if y > LARGEST:
        return None
    return ZERO if y < SMALLEST else y


def one_plus_exp(x: Fraction) -> Fraction:
    t, k = exp_parts(x)
    return certain(value(significant(t * Fraction(2) ** (k - 25) + 1, 53)))


def log_mantissa(s: Fraction) -> Fraction:
    p = certain(value(Fraction(polynomial(ATANH, grid(s * s, 26)), 2**25)))
    return certain(value(p * s))


@strict
def log(a: Fraction) -> Number:
    if a <= 0:
        return None
    e = exponent(a)
    m = a / Fraction(2) ** e
    if m < Fraction(0.70710678):
        m, e = 2 * m, e - 1
    s = certain(value(significant((m - 1) / certain(value(m + 1)), 53)))
    return value(significant(e * LN_2 + log_mantissa(s), 53))


@strict
def log1p(a: Fraction) -> Number:
    if abs(a) >= NEAR:
        return log(add(ONE, a))
    s = divide(a, add(Fraction(2), a))
    return None if s is None else value(log_mantissa(s))


@strict
def expm1(a: Fraction) -> Number:
    if abs(a) >= NEAR:
        return subtract(exp(a), ONE)
    return multiply(value(Fraction(polynomial(EXPM1, grid(a, 25)), 2**25)), a)


@strict
def tanh(a: Fraction) -> Number:
    if abs(a) < NEAR:
        return multiply(value(Fraction(polynomial(TANH, grid(a * a, 26)), 2**25)), a)
    q = value(2 / one_plus_exp(2 * min(abs(a), Fraction(10))))
    y = None if q is None else value(1 - q)
    return -y if y is not None and a < 0 else y


@strict
def logistic(a: Fraction) -> Number:
    return value(1 / one_plus_exp(-clamp(a, 64)))


GELU_A = Fraction(26772563, 2**24)
GELU_B = Fraction(1197135, 2**24)


@strict
def gelu(a: Fraction) -> Number:
    x = clamp(a, 8)
    s = grid(GELU_B * grid(x * x, 20) + GELU_A, 24)
    return value(a / one_plus_exp(grid(-s * x, 26)))


@strict
def rsqrt(a: Fraction) -> Number:
    return divide(ONE, square_root(a))


def single(x: float) -> Fraction:
    """A constant given as a decimal, rounded to 24 bits."""
    return significant(Fraction(x), 24)


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


def horner_values(coefficients: Sequence[Fraction], x: Fraction) -> Number:
    t: Number = coefficients[0]
    for c in coefficients[1:]:
        t = None if t is None else value(significant(t * x + c, 53))
    return t


@strict
def erf(a: Fraction) -> Number:
    x = clamp(a, 4)
    z = certain(multiply(x, x))
    y = divide(multiply(horner_values(ERF_P, z), x), horner_values(ERF_Q, z))
    return None if y is None else clamp(y, 1)


@strict
def sinh(a: Fraction) -> Number:
    m = expm1(abs(a))
    if m is None:
        return None
    y = multiply(add(m, divide(m, add(ONE, m))), Fraction(1, 2))
    return -y if y is not None and a < 0 else y


@strict
def cosh(a: Fraction) -> Number:
    e = exp(abs(a))
    return None if e is None else multiply(add(e, divide(ONE, e)), Fraction(1, 2))


FAR = 2**13


def log_of_double(a: Fraction) -> Number:
    return add(log(a), single(0.6931472))


@strict
def asinh(a: Fraction) -> Number:
    x = abs(a)
    if x >= FAR:
        y = log_of_double(x)
    else:
        square = multiply(x, x)
        y = log1p(add(x, divide(square, add(ONE, square_root(add(ONE, square))))))
    return -y if y is not None and a < 0 else y


@strict
def acosh(a: Fraction) -> Number:
    if a < 1:
        return None
    if a >= FAR:
        return log_of_double(a)
    t = certain(subtract(a, ONE))
    return log1p(add(t, square_root(add(add(t, t), multiply(t, t)))))


@strict
def atanh(a: Fraction) -> Number:
    return multiply(subtract(log1p(a), log1p(-a)), Fraction(1, 2))


@strict
def cube_root(a: Fraction) -> Number:
    if a == 0:
        return ZERO
    y = exp(multiply(single(1 / 3), log(abs(a))))
    return -y if y is not None and a < 0 else y


@strict
def remainder(a: Fraction, b: Fraction) -> Number:
    if b == 0 or abs(a / b) >= 2**24 + 1:
        return None
    return value(a - int(a / b) * b)
