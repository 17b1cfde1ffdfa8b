"""The primitive functions of `Arithmetic` in IEEE float64.

Every product below has at most 53 significant bits, so float64 holds it exactly and a fused
multiply-add gives the same bits; every sum that is not exact is rounded to an integer, or to 53
bits, at once.  No platform's libm is involved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from compute.exact import number
from compute.exact.arithmetic import (
    ATAN,
    COS,
    EXP,
    EXPM1,
    LOG,
    NEAR,
    ONE,
    SATURATED,
    SIN,
    TANH,
    Arithmetic,
    Coefficients,
    is_saturated,
)
from compute.exact.number import (
    exponent_of,
    flush,
    narrow,
    nearest_integer,
    power_of_two,
    quotient,
    rounded,
    two_to,
    wide,
)

G = 2.0**25
LOG2_E = 756388 / 2.0**19
LN_2 = 762123384786 / 2.0**40
GELU_A = 26772563 / 2.0**24  # sqrt(8 / pi)
GELU_B = 1197135 / 2.0**24  # 0.044715 sqrt(8 / pi)
TWO_OVER_PI = 10680707 / 2.0**24
PI_HALVES_HIGH = 421657428 / 2.0**28
PI_HALVES_LOW = 4467992 / 2.0**52
PI_QUARTERS = math.pi / 4  # 53 bits

WHOLE = {
    "floor": lax.floor,
    "ceil": lax.ceil,
    "even": nearest_integer,
    "away": lambda a: lax.round(a, lax.RoundingMethod.AWAY_FROM_ZERO),
}


def to_grid(x: Array, bits: int) -> Array:
    """The multiple of 2**-bits nearest to `x`, ties to even; |x| < 2**(51 - bits).

    Beside `unit` neighbours are 2**-bits apart.  Compilers take x + c - c for x, but not this.
    """
    unit = 1.5 * 2.0 ** (52 - bits)
    return unit - (unit - x)


def polynomial(c: Coefficients, x: Array) -> Array:
    """Float64 integers in units of 1 / G; `x` has at most 26 bits, so that only the rounding to an
    integer is inexact.  Half as many steps wait for each other as in Horner's scheme (Estrin)."""
    u = to_grid(x * x, 26)
    odd = len(c) % 2
    pairs = zip(c[odd::2], c[odd + 1 :: 2], strict=True)
    terms = [float(c1) * x + float(c0) for c1, c0 in pairs]
    t = jnp.full_like(x, float(c[0])) if odd else nearest_integer(terms.pop(0))
    for term in terms:
        t = nearest_integer(t * u + term)
    return t


def exp_parts(x: Array) -> tuple[Array, Array]:
    """Float64 `x`, |x| <= 90 and <= 33 bits -> float64 integers t, k: exp(x) ~ t * 2**(k - 25)."""
    k = nearest_integer(x * LOG2_E)
    return polynomial(EXP, to_grid(x - k * LN_2, 27)), k


def one_plus_exp(x: Array) -> Array:
    """1 + exp(x) as a value, widened; `x` as for `exp_parts` and below 88."""
    t, k = exp_parts(x)
    return rounded(t * two_to(k, -25) + 1.0)


def log_mantissa(s: Array) -> Array:
    """2 atanh of a value |s| < 0.18, widened."""
    s = wide(s)
    return wide(narrow(rounded(polynomial(LOG, to_grid(s * s, 26)) / G) * s))


class Float64(Arithmetic):
    """Every rule in float64; several in one pass where the general form would round-trip."""

    def add(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.add(a, b)

    def multiply(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.multiply(a, b)

    def divide(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.divide(a, b)

    def square_root(self, a: Array) -> Array:
        return number.square_root(a)

    def remainder(self, a: Array, b: Array) -> Array:
        return number.remainder(a, b)

    def whole(self, a: Array, mode: str) -> Array:
        return WHOLE[mode](a)

    def exp(self, a: Array) -> Array:
        t, k = exp_parts(wide(jnp.clip(a, np.float32(-69), np.float32(89))))
        return jnp.where(is_saturated(a), SATURATED, narrow(t * two_to(k, -25)))

    def exp_minus_square(self, a: Array) -> Array:
        x = wide(a)
        t, k = exp_parts(-to_grid(x * x, 26))
        return narrow(t * two_to(k, -25))

    def one_plus_exp(self, a: Array) -> Array:
        return one_plus_exp(wide(a)).astype(jnp.float32)

    def log(self, a: Array) -> Array:
        x = wide(jnp.where(a > 0, a, ONE))
        e = exponent_of(x)
        m = x * power_of_two(-e)
        low = m < 0.70710678
        m, e = jnp.where(low, m * 2, m), jnp.where(low, e - 1, e)
        s = narrow(quotient(m - 1.0, rounded(m + 1.0)))
        y = narrow(e.astype(jnp.float64) * LN_2 + log_mantissa(s))
        return jnp.where(a > 0, y, SATURATED)

    def log_mantissa(self, s: Array) -> Array:
        return log_mantissa(s).astype(jnp.float32)

    def polynomial(self, c: Coefficients, x: Array, bits: int = 26) -> Array:
        return narrow(polynomial(c, to_grid(wide(x), bits)) / G)

    def even_polynomial(self, c: Coefficients, x: Array) -> Array:
        return narrow(polynomial(c, to_grid(wide(x) * wide(x), 26)) / G)

    def horner(self, c: Sequence[float], x: Array) -> Array:
        t = jnp.full_like(x, np.float32(c[0]))
        for term in c[1:]:
            t = narrow(wide(t) * wide(x) + float(np.float32(term)))
        return t

    def gelu(self, a: Array) -> Array:
        """x = a clamped to [-10, 8]; z = x**2 on 2**-20; s = GELU_A + GELU_B z on 2**-24; u = s x
        on 2**-26; max(a, -10) / (1 + exp(-u))."""
        top = jnp.maximum(a, np.float32(-10))
        x = wide(jnp.minimum(top, np.float32(8)))
        s = to_grid(GELU_B * to_grid(x * x, 20) + GELU_A, 24)
        return flush(quotient(wide(top), one_plus_exp(to_grid(s * -x, 26))).astype(jnp.float32))

    def sine(self, a: Array, quarter: int) -> Array:
        """k = nearest(a * 2/pi); r = (a - k * HIGH) - k * LOW rounded, where HIGH and LOW are
        pi/2 on 2**-28 and the rest on 2**-52; sin or cos of r by a polynomial in r**2."""
        inside = jnp.abs(a) <= np.float32(2**20)
        x = wide(jnp.where(inside, a, np.float32(0)))
        k = nearest_integer(x * TWO_OVER_PI)
        r = wide(narrow((x - k * PI_HALVES_HIGH) - k * PI_HALVES_LOW))
        z = to_grid(r * r, 26)
        sin = wide(narrow(polynomial(SIN, z) / G)) * r
        cos = polynomial(COS, z) / G
        turn = k.astype(jnp.int64) + quarter
        y = narrow(jnp.where((turn & 1) == 1, cos, sin))
        return jnp.where(inside, jnp.where((turn & 2) == 2, -y, y), SATURATED)

    def arc(self, r: Array) -> Array:
        x = wide(r)
        far = r > np.float32(0.41421357)
        s = jnp.where(far, wide(narrow(quotient(x - 1.0, rounded(x + 1.0)))), x)
        p = rounded(polynomial(ATAN, to_grid(s * s, 26)) / G)
        return narrow(jnp.where(far, PI_QUARTERS, 0.0) + wide(narrow(p * s)))

    def log1p(self, a: Array) -> Array:
        small = jnp.abs(a) < NEAR
        x = jnp.where(small, a, np.float32(0))
        near = narrow(log_mantissa(number.divide(x, number.add(np.float32(2), x))))
        return jnp.where(small, near, self.log(number.add(ONE, a)))

    def expm1(self, a: Array) -> Array:
        small = jnp.abs(a) < NEAR
        x = wide(jnp.where(small, a, np.float32(0)))
        near = narrow(rounded(polynomial(EXPM1, to_grid(x, 25)) / G) * x)
        return jnp.where(small, near, number.subtract(self.exp(a), ONE))

    def tanh(self, a: Array) -> Array:
        small = jnp.abs(a) < NEAR
        x = wide(jnp.where(small, a, np.float32(0)))
        near = narrow(rounded(polynomial(TANH, to_grid(x * x, 26)) / G) * x)
        m = wide(jnp.minimum(jnp.abs(a), np.float32(10)))
        far = (1.0 - rounded(quotient(2.0, one_plus_exp(2.0 * m)))).astype(jnp.float32)
        y = jnp.where(small, near, jnp.where(a < 0, -far, far))
        return jnp.where(is_saturated(a), SATURATED, y)

    def logistic(self, a: Array) -> Array:
        x = wide(jnp.clip(a, np.float32(-69), np.float32(69)))
        y = flush(quotient(1.0, one_plus_exp(-x)).astype(jnp.float32))
        return jnp.where(is_saturated(a), SATURATED, y)
