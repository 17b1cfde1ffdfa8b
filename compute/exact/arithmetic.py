"""The functions of F24, made of a few that each carrier computes in its own way.

Everything here takes and returns float32 arrays of values (docs/exact.md) and is one sequence of
operations on values, so that every carrier gives the same bits.  Comparing, choosing and changing
a sign never round, and are plain JAX.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

SATURATED = np.float32(np.nan)
ONE, TWO, HALF = np.float32(1), np.float32(2), np.float32(0.5)
NEAR = np.float32(0.34375)
FAR = np.float32(2**13)
LN_2 = np.float32(0.6931472)
PI, PI_HALVES = np.float32(math.pi), np.float32(math.pi / 2)

Coefficients = Sequence[int]


def in_units(exact: Sequence[Fraction | float]) -> tuple[int, ...]:
    """Coefficients, highest order first, in units of 2**-25 (ties to even)."""
    return tuple(round(Fraction(c) * 2**25) for c in exact)


EXP = in_units([Fraction(1, math.factorial(k)) for k in range(7, -1, -1)])
EXPM1 = in_units([Fraction(1, math.factorial(k)) for k in range(8, 0, -1)])
LOG = in_units([Fraction(2, 2 * k + 1) for k in range(6, -1, -1)])
TANH = in_units(
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
SIN = in_units([Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(5, -1, -1)])
COS = in_units([Fraction((-1) ** k, math.factorial(2 * k)) for k in range(5, -1, -1)])
ATAN = in_units([Fraction((-1) ** k, 2 * k + 1) for k in range(9, -1, -1)])
# least squares on Chebyshev nodes, as docs/exact.md says of each
ERFC = (-697845, -2338672, 1852554, 3279751, -3481578, -5773004, 4891263, 18755041, 23057286,
        17139314)  # fmt: skip
ERF_INV = (-1145, 1191, 9590, -28370, -16296, 286190, -656789, -876062, 20689686, 50378938)
ERF_INV_FAR = (-6701, -3319, 45280, -88940, 126285, -176943, 236617, 33679157, 99264750)
LGAMMA = (-1861, 3858, -7355, 16968, -40045, 97004, -247816, 690577, -2259968, 10820198, 14186288)
STIRLING = (-21082, 22675, -19580, 26617, -93207, 2796203)
DIGAMMA = (362116, -549128, 576589, -865420, 1370200, -2082224, 3187201, -4979441, 8071267,
           -14214580, 31912140)  # fmt: skip
DIGAMMA_FAR = (225412, -290977, 205331, -136332, 133025, -279618, 2796203)
SINPI = in_units(
    [(-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(6, -1, -1)]
)
COSPI = in_units([(-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k) for k in range(6, -1, -1)])

# A rational approximation after W. J. Cody, with Eigen's float32 constants.
ERF_P = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06,
         -5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03,
         -1.60960333262415e-02)  # fmt: skip
ERF_Q = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03,
         -7.37332916720468e-03, -1.42647390514189e-02)  # fmt: skip

ROOT = np.float32(1.4616321)  # of digamma, in two parts
ROOT_LOW = np.float32(1.4616321449683623 - float(ROOT))


def is_saturated(x: Array) -> Array:
    """Element-wise: is the value SATURATED?"""
    return x != x


class Arithmetic(ABC):
    """Values in, values out; SATURATED in, SATURATED out unless a method says otherwise."""

    @abstractmethod
    def add(self, a: ArrayLike, b: ArrayLike) -> Array:
        """a + b rounded, clamped to +-LARGEST: a mask plus a mask is a mask."""

    def subtract(self, a: ArrayLike, b: ArrayLike) -> Array:
        """a - b, clamped like `add`."""
        return self.add(a, -jnp.asarray(b))

    @abstractmethod
    def multiply(self, a: ArrayLike, b: ArrayLike) -> Array:
        """a * b rounded."""

    @abstractmethod
    def divide(self, a: ArrayLike, b: ArrayLike) -> Array:
        """a / b rounded; x / 0 is SATURATED."""

    @abstractmethod
    def square_root(self, a: Array) -> Array:
        """The square root rounded; of a negative value, SATURATED."""

    @abstractmethod
    def remainder(self, a: Array, b: Array) -> Array:
        """a - q b with q = a / b cut towards zero, exact; SATURATED if b is 0 or |q| > 2**24."""

    @abstractmethod
    def whole(self, a: Array, mode: str) -> Array:
        """The integer next to a: "floor", "ceil", or the nearest, of two the "even" one or that
        "away" from zero."""

    @abstractmethod
    def exp(self, a: Array) -> Array:
        """exp of `a` clamped to [-69, 89]: k = nearest(x log2(e) on 2**-19); r = x - k ln 2 (on
        2**-40) on 2**-27; t = polynomial(EXP, r); t 2**(k - 25) rounded."""

    @abstractmethod
    def exp_minus_square(self, a: Array) -> Array:
        """`exp` of minus a**2 on 2**-26, for |a| <= 8.25."""

    @abstractmethod
    def one_plus_exp(self, a: Array) -> Array:
        """1 + exp(a), not rounded in between but to 53 bits, for |a| <= 70; of SATURATED,
        anything."""

    @abstractmethod
    def log(self, a: Array) -> Array:
        """a = m 2**e with m in [0.70710678, 1.41421356); s = (m - 1) / (m + 1) as a value, m + 1
        too; e ln 2 (on 2**-40) + log_mantissa(s), to 53 bits, rounded.  Of zero or less, SATURATED.
        """

    @abstractmethod
    def polynomial(self, c: Coefficients, x: Array, bits: int = 26) -> Array:
        """The value of a polynomial: x on 2**-bits, t <- nearest(t u + (c1 x + c0)) with u = x**2
        on 2**-26, two orders a step, t in units of 2**-25."""

    @abstractmethod
    def even_polynomial(self, c: Coefficients, x: Array) -> Array:
        """`polynomial` at x**2, which is put on 2**-26 unrounded."""

    @abstractmethod
    def horner(self, c: Sequence[float], x: Array) -> Array:
        """Horner's scheme in values, float32 constants: t x + c, to 53 bits, rounded, each step."""

    @abstractmethod
    def gelu(self, a: Array) -> Array:
        """a / (1 + exp(-u)), u = sqrt(8/pi) (a + 0.044715 a**3), as one program; 0 below -10."""

    @abstractmethod
    def sine(self, a: Array, quarter: int) -> Array:
        """sin(a + quarter pi / 2) for |a| <= 2**20; beyond, SATURATED."""

    @abstractmethod
    def arc(self, r: Array) -> Array:
        """atan of a value 0 <= r <= 1: beyond 0.41421357, pi/4 + atan((r - 1) / (r + 1))."""

    # --- functions made of these ---

    def log_mantissa(self, s: Array) -> Array:
        """2 atanh(s) for a value |s| < 0.18."""
        return self.multiply(self.even_polynomial(LOG, s), s)

    def log1p(self, a: Array) -> Array:
        """For |a| < 0.34375 log_mantissa(a / (2 + a)), else log(1 + a)."""
        small = jnp.abs(a) < NEAR
        x = jnp.where(small, a, 0)
        near = self.log_mantissa(self.divide(x, self.add(TWO, x)))
        return jnp.where(small, near, self.log(self.add(ONE, a)))

    def expm1(self, a: Array) -> Array:
        """For |a| < 0.34375 a polynomial(EXPM1, a on 2**-25), else exp(a) - 1."""
        small = jnp.abs(a) < NEAR
        x = jnp.where(small, a, 0)
        near = self.multiply(self.polynomial(EXPM1, x, 25), x)
        return jnp.where(small, near, self.subtract(self.exp(a), ONE))

    def tanh(self, a: Array) -> Array:
        """For |a| < 0.34375 a even_polynomial(TANH, a), else 1 - 2 / (1 + exp(2 min(|a|, 10)))."""
        small = jnp.abs(a) < NEAR
        x = jnp.where(small, a, 0)
        near = self.multiply(self.even_polynomial(TANH, x), x)
        m = jnp.minimum(jnp.abs(a), np.float32(10))
        far = self.subtract(ONE, self.divide(TWO, self.one_plus_exp(m + m)))
        y = jnp.where(small, near, jnp.where(a < 0, -far, far))
        return jnp.where(is_saturated(a), SATURATED, y)

    def logistic(self, a: Array) -> Array:
        """1 / (1 + exp(-a)), `a` clamped to [-69, 69], where it is 0 or 1."""
        y = self.divide(ONE, self.one_plus_exp(-jnp.clip(a, np.float32(-69), np.float32(69))))
        return jnp.where(is_saturated(a), SATURATED, y)

    def rsqrt(self, a: Array) -> Array:
        """1 / sqrt(a); of zero or less, SATURATED."""
        return self.divide(ONE, self.square_root(a))

    def exp2(self, a: Array) -> Array:
        """exp(a ln 2)."""
        return self.exp(self.multiply(a, LN_2))

    def sinh(self, a: Array) -> Array:
        """sign(a) (m + m / (1 + m)) / 2 with m = expm1(|a|)."""
        m = self.expm1(jnp.abs(a))
        y = self.multiply(self.add(m, self.divide(m, self.add(ONE, m))), HALF)
        return jnp.where(a < 0, -y, y)

    def cosh(self, a: Array) -> Array:
        """(e + 1 / e) / 2 with e = exp(|a|)."""
        e = self.exp(jnp.abs(a))
        return self.multiply(self.add(e, self.divide(ONE, e)), HALF)

    def log_of_double(self, a: Array) -> Array:
        """log(a) + ln 2."""
        return self.add(self.log(a), LN_2)

    def asinh(self, a: Array) -> Array:
        """sign(a) log1p(x + x**2 / (1 + sqrt(1 + x**2))), x = |a|; from 2**13 log_of_double(x)."""
        far = jnp.abs(a) >= FAR
        x = jnp.where(far, 0, jnp.abs(a))
        square = self.multiply(x, x)
        root = self.square_root(self.add(ONE, square))
        near = self.log1p(self.add(x, self.divide(square, self.add(ONE, root))))
        y = jnp.where(far, self.log_of_double(jnp.abs(a)), near)
        return jnp.where(a < 0, -y, y)

    def acosh(self, a: Array) -> Array:
        """log1p(t + sqrt(2 t + t**2)), t = a - 1; from 2**13 on log_of_double(a); below 1,
        SATURATED."""
        far = a >= FAR
        t = self.subtract(jnp.where(far, ONE, a), ONE)
        root = self.square_root(self.add(self.add(t, t), self.multiply(t, t)))
        y = jnp.where(far, self.log_of_double(a), self.log1p(self.add(t, root)))
        return jnp.where(a < 1, SATURATED, y)

    def atanh(self, a: Array) -> Array:
        """(log1p(a) - log1p(-a)) / 2; from |a| = 1 on, SATURATED."""
        return self.multiply(self.subtract(self.log1p(a), self.log1p(-a)), HALF)

    def power(self, a: Array, b: Array) -> Array:
        """exp(b log(|a|)); a**0 = 1; 0**b is 0 for b > 0; of a negative `a`, only integer powers;
        the rest is SATURATED."""
        y = self.exp(self.multiply(b, self.log(jnp.abs(a))))
        whole = b == self.whole(b, "even")
        small = whole & (jnp.abs(b) < np.float32(2**24))  # from there on all are even
        odd = (jnp.where(small, b, 0).astype(jnp.int32) & 1) == 1
        negative = a < 0
        y = jnp.where(negative, jnp.where(whole, jnp.where(odd, -y, y), SATURATED), y)
        y = jnp.where(a == 0, jnp.where(b > 0, np.float32(0), SATURATED), y)
        y = jnp.where(b == 0, ONE, y)
        return jnp.where(is_saturated(a) | is_saturated(b), SATURATED, y)

    def cbrt(self, a: Array) -> Array:
        """sign(a) power(|a|, 1/3)."""
        y = self.power(jnp.abs(a), jnp.full_like(a, np.float32(1 / 3)))
        return jnp.where(a < 0, -y, y)

    def integer_power(self, a: Array, exponent: int) -> Array:
        """Binary powering from the lowest bit, every product rounded; 1 / a**-y below zero."""
        if exponent < 0:
            return self.divide(ONE, self.integer_power(a, -exponent))
        result: Array | None = None
        while exponent:
            if exponent & 1:
                result = a if result is None else self.multiply(result, a)
            exponent >>= 1
            a = self.multiply(a, a) if exponent else a
        if result is None:
            return jnp.where(is_saturated(a), SATURATED, jnp.ones_like(a))
        return result

    def erf(self, a: Array) -> Array:
        """x P(z) / Q(z) with x = `a` clamped to [-4, 4], z = x**2; clamped to [-1, 1]."""
        x = jnp.clip(jnp.where(is_saturated(a), 0, a), np.float32(-4), np.float32(4))
        z = self.multiply(x, x)
        y = self.divide(self.multiply(self.horner(ERF_P, z), x), self.horner(ERF_Q, z))
        return jnp.where(is_saturated(a), SATURATED, jnp.clip(y, -ONE, ONE))

    def erfc(self, a: Array) -> Array:
        """For |a| < 1/2 1 - erf(a); else, x = min(|a|, 8.25), h = 2 / (2 + x),
        h polynomial(ERFC, h - 1/2) exp(-x**2), or 2 minus it where a < 0."""
        small = jnp.abs(a) < HALF
        x = jnp.minimum(jnp.where(small | is_saturated(a), ONE, jnp.abs(a)), np.float32(8.25))
        h = self.divide(TWO, self.add(TWO, x))
        y = self.multiply(h, self.polynomial(ERFC, self.subtract(h, HALF)))
        y = self.multiply(y, self.exp_minus_square(x))
        y = jnp.where(a < 0, self.subtract(TWO, y), y)
        y = jnp.where(small, self.subtract(ONE, self.erf(a)), y)
        return jnp.where(is_saturated(a), SATURATED, y)

    def erf_inv(self, a: Array) -> Array:
        """w = -log((1 - a) (1 + a)); w < 5: a polynomial(ERF_INV, 0.4 w - 1), else
        a polynomial(ERF_INV_FAR, sqrt(w) - 3.125); from |a| = 1 on, SATURATED."""
        inside = jnp.abs(a) < 1
        x = jnp.where(inside, a, 0)
        w = -self.log(self.multiply(self.subtract(ONE, x), self.add(ONE, x)))
        w = jnp.maximum(w, np.float32(0))
        near = w < 5
        v = self.subtract(self.multiply(jnp.where(near, w, 0), np.float32(0.4)), ONE)
        u = jnp.where(near, np.float32(9), w)
        u = self.subtract(self.square_root(u), np.float32(3.125))
        p = jnp.where(near, self.polynomial(ERF_INV, v), self.polynomial(ERF_INV_FAR, u))
        return jnp.where(inside, self.multiply(p, x), SATURATED)

    def sin(self, a: Array) -> Array:
        """`sine` with quarter 0."""
        return self.sine(a, 0)

    def cos(self, a: Array) -> Array:
        """`sine` with quarter 1."""
        return self.sine(a, 1)

    def tan(self, a: Array) -> Array:
        """sin(a) / cos(a)."""
        return self.divide(self.sin(a), self.cos(a))

    def atan2(self, y: Array, x: Array) -> Array:
        """The angle of (x, y) in (-pi, pi], 0 of (0, 0): w = arc(smaller / larger magnitude); if
        |y| > |x| pi/2 - w; if x < 0 pi - that; if y < 0 its negative."""
        a, b = jnp.abs(y), jnp.abs(x)
        larger = jnp.maximum(a, b)
        ratio = self.divide(jnp.minimum(a, b), jnp.where(larger == 0, ONE, larger))
        w = self.arc(jnp.where(is_saturated(ratio), 0, ratio))
        w = jnp.where(a > b, self.subtract(PI_HALVES, w), w)
        w = jnp.where(x < 0, self.subtract(PI, w), w)
        w = jnp.where(y < 0, -w, w)
        return jnp.where(is_saturated(x) | is_saturated(y), SATURATED, w)

    def atan(self, a: Array) -> Array:
        """atan2(a, 1)."""
        return self.atan2(a, jnp.ones_like(a))

    def complement(self, a: Array) -> Array:
        """sqrt((1 - a) (1 + a)); for |a| > 1, SATURATED."""
        return self.square_root(self.multiply(self.subtract(ONE, a), self.add(ONE, a)))

    def asin(self, a: Array) -> Array:
        """atan2(a, complement(a))."""
        return self.atan2(a, self.complement(a))

    def acos(self, a: Array) -> Array:
        """atan2(complement(a), a)."""
        return self.atan2(self.complement(a), a)

    def sine_of_pi(self, r: Array) -> Array:
        """sin(pi r) for |r| <= 1/2."""
        return self.multiply(self.polynomial(SINPI, self.multiply(r, r)), r)

    def cosine_of_pi(self, r: Array) -> Array:
        """cos(pi r) for |r| <= 1/2."""
        return self.polynomial(COSPI, self.multiply(r, r))

    def _near_two(self, z: Array) -> Array:
        return self.multiply(self.polynomial(LGAMMA, z), z)

    def _lgamma_positive(self, x: Array) -> Array:
        """By series around 1 and 2, and Stirling's from 2.5 on."""
        tiny, low, middle = x < HALF, x < np.float32(1.5), x < np.float32(2.5)
        start = jnp.where(tiny, np.float32(0), jnp.where(low, ONE, TWO))
        z = jnp.where(middle, self.subtract(x, start), 0)  # exact
        near = self._near_two(z)
        low_y = self.subtract(near, self.log1p(z))
        tiny_y = self.subtract(low_y, self.log(x))
        far = jnp.where(middle, np.float32(4), x)
        v = self.divide(ONE, far)
        main = self.multiply(self.subtract(far, HALF), self.subtract(self.log(far), ONE))
        tail = self.multiply(self.polynomial(STIRLING, self.multiply(v, v)), v)
        far_y = self.add(self.add(main, np.float32(0.41893853)), tail)
        near_y = jnp.where(tiny, tiny_y, jnp.where(low, low_y, near))
        return jnp.where(middle, near_y, far_y)

    def lgamma(self, a: Array) -> Array:
        """log |Gamma(a)|; of 0, -1, -2, ... SATURATED.  Below zero by reflection, b = -a:
        log(pi / (b |sin(pi b)|)) - lgamma(b), and -log(b) below 2**-23."""
        b = jnp.where(a > 0, HALF, -a)
        r = self.subtract(b, self.whole(b, "even"))  # exact
        pole, tiny = r == 0, b < np.float32(2.0**-23)
        s = jnp.abs(self.sine_of_pi(r))
        reflected = self.log(self.divide(PI, self.multiply(b, jnp.where(pole | tiny, ONE, s))))
        reflected = self.subtract(reflected, self._lgamma_positive(jnp.where(pole, ONE, b)))
        below = jnp.where(tiny, -self.log(b), reflected)
        y = jnp.where(pole, SATURATED, below)
        return jnp.where(a > 0, self._lgamma_positive(jnp.where(a > 0, a, ONE)), y)

    def _digamma_near(self, x: Array) -> Array:
        """Between 1 and 2, by its root."""
        apart = self.subtract(self.subtract(x, ROOT), ROOT_LOW)
        return self.multiply(apart, self.polynomial(DIGAMMA, self.subtract(x, np.float32(1.5))))

    def _digamma_positive(self, x: Array) -> Array:
        low, middle = x < 1, x <= 2
        near = self._digamma_near(jnp.where(middle, jnp.where(low, self.add(ONE, x), x), ONE))
        near = jnp.where(low, self.subtract(near, self.divide(ONE, x)), near)
        far = jnp.where(middle, np.float32(4), x)
        v = self.divide(ONE, far)
        u = self.multiply(v, v)
        tail = self.multiply(self.polynomial(DIGAMMA_FAR, u), u)
        far_y = self.subtract(self.subtract(self.log(far), self.multiply(HALF, v)), tail)
        return jnp.where(middle, near, far_y)

    def digamma(self, a: Array) -> Array:
        """The derivative of log Gamma; of 0, -1, -2, ... SATURATED.  Below zero by reflection:
        digamma(1 + b) + pi cot(pi b), b = -a."""
        b = jnp.where(a > 0, HALF, -a)
        r = self.subtract(b, self.whole(b, "even"))  # exact
        pole = r == 0
        safe = jnp.where(pole, HALF, r)
        turn = self.multiply(PI, self.divide(self.cosine_of_pi(safe), self.sine_of_pi(safe)))
        below = self.add(self._digamma_positive(self.add(ONE, b)), turn)
        y = jnp.where(pole, SATURATED, below)
        return jnp.where(a > 0, self._digamma_positive(jnp.where(a > 0, a, ONE)), y)
