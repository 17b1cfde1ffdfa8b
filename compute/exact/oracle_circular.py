"""The oracle's sine, cosine, tangent and their inverses; see `oracle`."""

from __future__ import annotations

import math
from fractions import Fraction

from compute.exact.oracle import (
    ONE,
    ZERO,
    Number,
    add,
    certain,
    constants,
    divide,
    grid,
    multiply,
    nearest,
    polynomial,
    significant,
    single,
    square_root,
    strict,
    subtract,
    value,
)

SIN = constants([Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(5, -1, -1)])
COS = constants([Fraction((-1) ** k, math.factorial(2 * k)) for k in range(5, -1, -1)])
TWO_OVER_PI = Fraction(10680707, 2**24)
PI_HALVES_HIGH = Fraction(421657428, 2**28)
PI_HALVES_LOW = Fraction(4467992, 2**52)


def sine(a: Fraction, quarter: int) -> Number:
    if abs(a) > 2**20:
        return None
    k = nearest(a * TWO_OVER_PI)
    inner = significant(a - k * PI_HALVES_HIGH, 53)
    r = grid(significant(inner - k * PI_HALVES_LOW, 53), 26)
    z = grid(r * r, 26)
    turn = (k + quarter) % 4
    if turn % 2:
        y = value(Fraction(polynomial(COS, z), 2**25))
    else:
        p = value(Fraction(polynomial(SIN, z), 2**25))
        y = None if p is None else value(p * r)
    return -y if y is not None and turn >= 2 else y


@strict
def sin(a: Fraction) -> Number:
    return sine(a, 0)


@strict
def cos(a: Fraction) -> Number:
    return sine(a, 1)


@strict
def tan(a: Fraction) -> Number:
    y, x = sin(a), cos(a)
    return None if y is None or x is None else divide(y, x)


PI, PI_HALVES = single(math.pi), single(math.pi / 2)
PI_QUARTERS = Fraction(math.pi / 4)
ATAN = constants([Fraction((-1) ** k, 2 * k + 1) for k in range(9, -1, -1)])


def arc(r: Fraction) -> Fraction:
    far = r > single(0.41421357)
    s, start = r, ZERO
    if far:
        s = certain(value(significant((r - 1) / certain(value(r + 1)), 53)))
        start = PI_QUARTERS
    p = certain(value(Fraction(polynomial(ATAN, grid(s * s, 26)), 2**25)))
    return certain(value(significant(start + certain(value(p * s)), 53)))


@strict
def atan2(y: Fraction, x: Fraction) -> Number:
    small, large = sorted((abs(y), abs(x)))
    w: Number = arc(certain(divide(small, large))) if large else ZERO
    if abs(y) > abs(x):
        w = subtract(PI_HALVES, w)
    if x < 0:
        w = subtract(PI, w)
    return -w if w is not None and y < 0 else w


@strict
def atan(a: Fraction) -> Number:
    return atan2(a, ONE)


def complement(a: Fraction) -> Number:
    return square_root(multiply(subtract(ONE, a), add(ONE, a)))


@strict
def asin(a: Fraction) -> Number:
    return atan2(a, complement(a))


@strict
def acos(a: Fraction) -> Number:
    return atan2(complement(a), a)
