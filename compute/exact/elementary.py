"""Elementary functions as fixed programs: range reduction, then a polynomial on an integer grid.

Every product below has at most 53 significant bits, so float64 holds it exactly and a fused
multiply-add gives the same bits; every sum that is not exact is rounded to an integer at once.  No
platform's libm is involved.  SATURATED in, SATURATED out.  `G` is the grid 2**-25 of the
polynomials: accumulators are integers in units of it.
"""

from __future__ import annotations

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array

from compute.exact import number
from compute.exact.number import (
    SATURATED,
    add,
    divide,
    flush,
    is_saturated,
    multiply,
    narrow,
    nearest_integer,
    power_of_two,
    rounded,
    square_root,
    subtract,
    two_to,
    wide,
)

G = 2.0**25
LOG2_E = 756388 / 2.0**19
LN_2 = 762123384786 / 2.0**40


def grid(coefficients: list[Fraction]) -> list[float]:
    """Coefficients, highest order first, as integers in units of 1/G (ties to even)."""
    return [float(round(c * int(G))) for c in coefficients]


EXP = grid([Fraction(1, math.factorial(k)) for k in range(7, -1, -1)])
ATANH = grid([Fraction(2, 2 * k + 1) for k in range(6, -1, -1)])
EXPM1 = grid([Fraction(1, math.factorial(k)) for k in range(8, 0, -1)])
TANH = grid(
    [
        Fraction(c)
        for c in (
            Fraction(21844, 6081075),
            Fraction(-1382, 155925),
            Fraction(62, 2835),
            Fraction(-17, 315),
            Fraction(2, 15),
            Fraction(-1, 3),
            Fraction(1),
        )
    ]
)


def polynomial(coefficients: list[float], x: Array) -> Array:
    """The polynomial in units of 1/G, two orders a step: t <- nearest(t * u + (c1 * x + c0)).

    u is x**2 on 2**-26; t begins with the highest coefficient, or with nearest(c1 * x + c0) of the
    two highest if their number is even.  `x` has at most 26 bits, so that only the rounding to an
    integer is inexact.  Half as many steps wait for each other as in Horner's scheme.
    """
    u = to_grid(x * x, 26)
    odd = len(coefficients) % 2
    pairs = zip(coefficients[odd::2], coefficients[odd + 1 :: 2], strict=True)
    terms = [c1 * x + c0 for c1, c0 in pairs]
    t = jnp.full_like(x, coefficients[0]) if odd else nearest_integer(terms.pop(0))
    for term in terms:
        t = nearest_integer(t * u + term)
    return t


def to_grid(x: Array, bits: int) -> Array:
    """The multiple of 2**-bits nearest to `x`, ties to even."""
    return nearest_integer(x * 2.0**bits) * 2.0**-bits


def exp_parts(x: Array) -> tuple[Array, Array]:
    """Float64 `x`, |x| <= 90 and <= 33 bits -> float64 integers t, k: exp(x) ~ t * 2**(k - 25).

    k = nearest(x * LOG2_E); r = x - k * LN_2 (exact), rounded to 2**-27; t = polynomial(EXP, r).
    """
    k = nearest_integer(x * LOG2_E)
    return polynomial(EXP, to_grid(x - k * LN_2, 27)), k


def exp(a: Array) -> Array:
    """exp of the argument clamped to [-69, 89]: t and k from `exp_parts`, t * 2**(k - 25)
    rounded."""
    t, k = exp_parts(wide(jnp.clip(a, np.float32(-69), np.float32(89))))
    return jnp.where(is_saturated(a), SATURATED, narrow(t * two_to(k, -25)))


def one_plus_exp(x: Array) -> Array:
    """1 + exp(x) as a value, widened; `x` as for `exp_parts` and |x| <= 70."""
    t, k = exp_parts(x)
    return rounded(t * two_to(k, -25) + 1.0)


def log_mantissa(s: Array) -> Array:
    """2 * atanh(s) as float64, for a value |s| < 0.18: polynomial(ATANH, s**2 on 2**-26) * s."""
    s = wide(s)
    z = to_grid(s * s, 26)
    return wide(narrow(rounded(polynomial(ATANH, z) / G) * s))


def log(a: Array) -> Array:
    """Natural logarithm; of zero or less, SATURATED.

    a = m * 2**e with m in [0.70710678, 1.41421356); s = (m - 1) / (m + 1) as a value;
    log = e * LN_2 + log_mantissa(s), rounded.
    """
    x = wide(jnp.where(a > 0, a, np.float32(1)))
    e = number.exponent_of(x)
    m = x * power_of_two(-e)
    low = m < 0.70710678
    m, e = jnp.where(low, m * 2, m), jnp.where(low, e - 1, e)
    s = narrow((m - 1.0) / rounded(m + 1.0))
    y = narrow(e.astype(jnp.float64) * LN_2 + log_mantissa(s))
    return jnp.where(a > 0, y, SATURATED)


def log1p(a: Array) -> Array:
    """log(1 + a): for |a| < 0.34375 2 atanh(a / (2 + a)), else log of the value 1 + a."""
    small = jnp.abs(a) < np.float32(0.34375)
    x = jnp.where(small, a, np.float32(0))
    near = narrow(log_mantissa(divide(x, add(np.float32(2), x))))
    return jnp.where(small, near, log(add(np.float32(1), a)))


def expm1(a: Array) -> Array:
    """exp(a) - 1: for |a| < 0.34375 a * polynomial(EXPM1, a on 2**-25), else exp(a) minus 1."""
    small = jnp.abs(a) < np.float32(0.34375)
    x = wide(jnp.where(small, a, np.float32(0)))
    near = narrow(rounded(polynomial(EXPM1, to_grid(x, 25)) / G) * x)
    return jnp.where(small, near, subtract(exp(a), np.float32(1)))


def tanh(a: Array) -> Array:
    """For |a| < 0.34375 a * polynomial(TANH, a**2 on 2**-26), else sign(a) (1 - q) with the value
    q = 2 / one_plus_exp(2 |a|) and |a| clamped to 10, where the result is already 1."""
    small = jnp.abs(a) < np.float32(0.34375)
    x = wide(jnp.where(small, a, np.float32(0)))
    near = narrow(rounded(polynomial(TANH, to_grid(x * x, 26)) / G) * x)
    m = wide(jnp.minimum(jnp.abs(a), np.float32(10)))
    far = (1.0 - rounded(2.0 / one_plus_exp(2.0 * m))).astype(jnp.float32)
    y = jnp.where(small, near, jnp.where(a < 0, -far, far))
    return jnp.where(is_saturated(a), SATURATED, y)


def logistic(a: Array) -> Array:
    """1 / one_plus_exp(-a), `a` clamped to [-64, 64]."""
    x = wide(jnp.clip(a, np.float32(-64), np.float32(64)))
    y = (1.0 / one_plus_exp(-x)).astype(jnp.float32)
    return jnp.where(is_saturated(a), SATURATED, y)


def sinh(a: Array) -> Array:
    """sign(a) (m + m / (1 + m)) / 2 with m = expm1(|a|), every operation on values; beyond the
    range of exp, SATURATED."""
    m = expm1(jnp.abs(a))
    y = multiply(add(m, divide(m, add(np.float32(1), m))), np.float32(0.5))
    return jnp.where(a < 0, -y, y)


def cosh(a: Array) -> Array:
    """(e + 1 / e) / 2 with e = exp(|a|), every operation on values; beyond its range, SATURATED."""
    e = exp(jnp.abs(a))
    return multiply(add(e, divide(np.float32(1), e)), np.float32(0.5))


def log_of_double(a: Array) -> Array:
    """log(a) + ln 2, both values."""
    return add(log(a), np.float32(0.6931472))


def asinh(a: Array) -> Array:
    """sign(a) log1p(x + x**2 / (1 + sqrt(1 + x**2))) with x = |a|, every operation on values; from
    2**13 on sign(a) log_of_double(x)."""
    one = np.float32(1)
    far = jnp.abs(a) >= np.float32(2**13)
    x = jnp.where(far, np.float32(0), jnp.abs(a))
    square = multiply(x, x)
    near = log1p(add(x, divide(square, add(one, square_root(add(one, square))))))
    y = jnp.where(far, log_of_double(jnp.abs(a)), near)
    return jnp.where(a < 0, -y, y)


def acosh(a: Array) -> Array:
    """log1p(t + sqrt(2 t + t**2)) with t = a - 1, every operation on values; from 2**13 on
    log_of_double(a); below 1, SATURATED."""
    far = a >= np.float32(2**13)
    t = subtract(jnp.where(far, np.float32(1), a), np.float32(1))
    near = log1p(add(t, square_root(add(add(t, t), multiply(t, t)))))
    return jnp.where(a < 1, SATURATED, jnp.where(far, log_of_double(a), near))


def atanh(a: Array) -> Array:
    """(log1p(a) - log1p(-a)) / 2, every operation on values; from |a| = 1 on, SATURATED."""
    return multiply(subtract(log1p(a), log1p(-a)), np.float32(0.5))


GELU_A = 26772563 / 2.0**24  # sqrt(8 / pi)
GELU_B = 1197135 / 2.0**24  # 0.044715 sqrt(8 / pi)


def gelu(a: Array) -> Array:
    """a / (1 + exp(-u)), u = sqrt(8/pi) (a + 0.044715 a**3): the tanh form of GELU as one rule.

    x = a clamped to [-8, 8]; z = x**2 on 2**-20; s = GELU_A + GELU_B z on 2**-24;
    u = s x on 2**-26; a / one_plus_exp(-u).
    """
    x = wide(jnp.clip(a, np.float32(-8), np.float32(8)))
    s = to_grid(GELU_B * to_grid(x * x, 20) + GELU_A, 24)
    return flush((wide(a) / one_plus_exp(to_grid(s * -x, 26))).astype(jnp.float32))


def rsqrt(a: Array) -> Array:
    """The value 1 divided by the value sqrt(a); of zero or less, SATURATED."""
    return divide(np.float32(1), square_root(a))


def exp2(a: Array) -> Array:
    """exp(a * ln 2), the product a value."""
    return exp(multiply(a, np.float32(0.6931472)))


def power(a: Array, b: Array) -> Array:
    """exp(b * log(a)), log and product values; a**0 = 1; 0**b = 0 for b > 0; a < 0 SATURATED."""
    y = exp(multiply(b, log(a)))
    y = jnp.where((a == 0) & (b > 0), np.float32(0), y)
    y = jnp.where(b == 0, np.float32(1), y)
    return jnp.where(is_saturated(a) | is_saturated(b), SATURATED, y)


def cube_root(a: Array) -> Array:
    """sign(a) power(|a|, 1/3)."""
    y = power(jnp.abs(a), jnp.float32(1 / 3))
    return jnp.where(a < 0, -y, y)


def integer_power(a: Array, y: int) -> Array:
    """a**y by binary powering from the lowest bit, every product a value; 1 / a**-y below zero."""
    if y < 0:
        return divide(np.float32(1), integer_power(a, -y))
    result: Array | None = None
    while y:
        if y & 1:
            result = a if result is None else multiply(result, a)
        y >>= 1
        a = multiply(a, a) if y else a
    return jnp.ones_like(a) if result is None else result


# W. J. Cody style rational, as in Eigen: erf(x) = x P(x^2) / Q(x^2) on |x| <= 4, float32 constants.
ERF_P = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
ERF_Q = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


def horner_values(coefficients: tuple[float, ...], x: Array) -> Array:
    """Horner's scheme in values: one rounding of t * x + c a step (the product is exact)."""
    t = jnp.full_like(x, np.float32(coefficients[0]))
    for c in coefficients[1:]:
        t = narrow(wide(t) * wide(x) + float(np.float32(c)))
    return t


def erf(a: Array) -> Array:
    """erf: x = a clamped to [-4, 4], z = x * x, x P(z) / Q(z) in values, clamped to [-1, 1]."""
    x = jnp.clip(jnp.where(is_saturated(a), np.float32(0), a), np.float32(-4), np.float32(4))
    z = multiply(x, x)
    y = divide(multiply(horner_values(ERF_P, z), x), horner_values(ERF_Q, z))
    y = jnp.clip(y, np.float32(-1), np.float32(1))
    return jnp.where(is_saturated(a), SATURATED, y)
