"""The oracle's erfc, inverse erf, log-gamma and digamma; see `elementary`."""

from __future__ import annotations

import math

from compute.oracle.circular import PI
from compute.oracle.elementary import (
    HALF,
    coefficients,
    erf,
    exp_parts,
    log,
    log1p,
    on_grid,
    polynomial_value,
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
    single,
    square_root,
    strict,
    subtract,
    value,
)

ERFC = (
    -697845, -2338672, 1852554, 3279751, -3481578, -5773004, 4891263, 18755041, 23057286, 17139314,
)  # fmt: skip
ERF_INV = (
    -1145, 1191, 9590, -28370, -16296, 286190, -656789, -876062, 20689686, 50378938,
)  # fmt: skip
ERF_INV_FAR = (-6701, -3319, 45280, -88940, 126285, -176943, 236617, 33679157, 99264750)
LGAMMA = (
    -1861, 3858, -7355, 16968, -40045, 97004, -247816, 690577, -2259968, 10820198, 14186288,
)  # fmt: skip
STIRLING = (-21082, 22675, -19580, 26617, -93207, 2796203)
DIGAMMA = (
    362116, -549128, 576589, -865420, 1370200, -2082224, 3187201, -4979441, 8071267, -14214580,
    31912140,
)  # fmt: skip
DIGAMMA_FAR = (225412, -290977, 205331, -136332, 133025, -279618, 2796203)
SINPI = coefficients(
    [(-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(6, -1, -1)]
)
COSPI = coefficients(
    [(-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k) for k in range(6, -1, -1)]
)


def at(c: tuple[int, ...] | list[int], x: Number) -> int:
    """The polynomial at x on 2**-26, as a value."""
    return polynomial_value(c, on_grid(known(x), 26))


@strict
def erfc(a: int) -> Number:
    if abs(a) < HALF:
        return subtract(ONE, erf(a))
    x = min(abs(a), 33 * ONE // 4)
    t, k = exp_parts(-nearest(x * x, 2 * POINT - 26) << (POINT - 26))
    e = value(t << (175 + k), 200)
    h = divide(2 * ONE, add(2 * ONE, x))
    y = multiply(multiply(h, at(ERFC, subtract(h, HALF))), e)
    return y if a > 0 else subtract(2 * ONE, y)


@strict
def erf_inv(a: int) -> Number:
    if abs(a) >= ONE:
        return None
    w = max(0, -known(log(multiply(subtract(ONE, a), add(ONE, a)))))
    if w < 5 * ONE:
        p = at(ERF_INV, subtract(multiply(w, single(0.4)), ONE))
    else:
        p = at(ERF_INV_FAR, subtract(square_root(w), 25 * ONE // 8))
    return multiply(p, a)


def sine_of_pi(r: int) -> Number:
    """sin(pi * r) for |r| <= 1/2."""
    return multiply(at(SINPI, multiply(r, r)), r)


def cosine_of_pi(r: int) -> Number:
    """cos(pi * r) for |r| <= 1/2."""
    return at(COSPI, multiply(r, r))


def beside(b: int) -> int:
    """b minus the nearest integer."""
    return b - (nearest(b, POINT) << POINT)


def near_two(z: Number) -> Number:
    return multiply(at(LGAMMA, z), z)


def lgamma_positive(x: int) -> Number:
    if x < HALF:
        return subtract(subtract(near_two(x), log1p(x)), log(x))
    if x < 3 * HALF:
        z = subtract(x, ONE)
        return subtract(near_two(z), log1p(z))
    if x < 5 * HALF:
        return near_two(subtract(x, 2 * ONE))
    v = known(divide(ONE, x))
    main = multiply(subtract(x, HALF), subtract(log(x), ONE))
    return add(add(main, single(0.41893853)), multiply(at(STIRLING, multiply(v, v)), v))


@strict
def lgamma(a: int) -> Number:
    if a > 0:
        return lgamma_positive(a)
    b = -a
    r = beside(b)
    if r == 0:
        return None
    if b < ONE >> 23:
        return -known(log(b))
    s = abs(known(sine_of_pi(r)))
    return subtract(log(divide(PI, multiply(b, s))), lgamma_positive(b))


ROOT = single(1.4616321)
ROOT_LOW = single(1.4616321449683623 - ROOT / ONE)


def digamma_near(x: int) -> Number:
    """Between 1 and 2: by its root."""
    return multiply(subtract(subtract(x, ROOT), ROOT_LOW), at(DIGAMMA, subtract(x, 3 * HALF)))


def digamma_positive(x: int) -> Number:
    if x < ONE:
        return subtract(digamma_near(known(add(ONE, x))), divide(ONE, x))
    if x <= 2 * ONE:
        return digamma_near(x)
    v = divide(ONE, x)
    u = multiply(v, v)
    return subtract(subtract(log(x), multiply(HALF, v)), multiply(at(DIGAMMA_FAR, u), u))


@strict
def digamma(a: int) -> Number:
    if a > 0:
        return digamma_positive(a)
    r = beside(-a)
    if r == 0:
        return None
    turn = multiply(PI, divide(cosine_of_pi(r), sine_of_pi(r)))
    return add(digamma_positive(known(add(ONE, -a))), turn)
