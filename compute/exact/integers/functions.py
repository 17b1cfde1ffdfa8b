"""The primitive functions of `Arithmetic` in int64."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from compute.exact.arithmetic import ATAN, COS, EXP, SIN, Arithmetic, Coefficients
from compute.exact.integers import number
from compute.exact.integers.number import (
    Scaled,
    clip,
    fixed,
    is_saturated,
    narrow,
    nearest,
    negative,
    on_grid,
    product_of,
    ratio_of,
    saturated_if,
    scaled,
    select,
    significant,
    sum_of,
)

LOG2_E, LOG2_E_POINT = 756388, 19
LN_2, LN_2_POINT = 762123384786, 40
UNIT = 25  # polynomials count in 2**-25
SPLIT = math.ceil(0.70710678 * 2**24)
GELU_A, GELU_B = 26772563, 1197135  # 2**-24
TWO_OVER_PI = 10680707  # 2**-24
PI_HALVES_HIGH = 421657428  # 2**-28
PI_HALVES_LOW = 4467992  # 2**-52
_NUMERATOR, _DENOMINATOR = (math.pi / 4).as_integer_ratio()


def power(m: Array | int, e: Array | int) -> Scaled:
    """m * 2**e."""
    return Scaled(jnp.asarray(m, jnp.int64), jnp.asarray(e, jnp.int32))


def polynomial(c: Coefficients, x: Array, bits: int = 26) -> Array:
    """Highest order first, two orders a step; int64 x in units of 2**-bits, 25 <= bits <= 27."""
    u = nearest(x * x, 2 * bits - 26)
    start = len(c) % 2
    t = jnp.full_like(x, c[0] if start else 0)
    for i in range(start, len(c), 2):
        t = nearest((t * u << 1) + (c[i] * x << (27 - bits)) + (c[i + 1] << 27), 27)
    return t


def exp_parts(x: Scaled) -> Scaled:
    """exp(x) for |x| <= 90, as t * 2**(k - 25).

    The rounding to k looks at x on 2**-35: where x is near half an integer times ln 2 it has no
    lower bits.
    """
    k = nearest(fixed(x, 35) * LOG2_E, 35 + LOG2_E_POINT)
    rest = fixed(x, 49) - k * (LN_2 << (49 - LN_2_POINT))
    return power(polynomial(EXP, nearest(rest, 49 - 27), 27), (k - UNIT).astype(jnp.int32))


def centred_ratio(m: Array, one: int) -> Array:
    """(x - 1) / (x + 1) as a value, x = m * 2**-one < 2; x + 1 is a value too."""
    below = scaled(narrow(power(m + (1 << one), -one)))
    return narrow(ratio_of(power(m - (1 << one), -one), below))


class Integers(Arithmetic):
    """Every rule in int64."""

    def add(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.add(jnp.asarray(a), jnp.asarray(b))

    def multiply(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.multiply(jnp.asarray(a), jnp.asarray(b))

    def divide(self, a: ArrayLike, b: ArrayLike) -> Array:
        return number.divide(jnp.asarray(a), jnp.asarray(b))

    def square_root(self, a: Array) -> Array:
        return number.square_root(a)

    def remainder(self, a: Array, b: Array) -> Array:
        return number.remainder(a, b)

    def whole(self, a: Array, mode: str) -> Array:
        return number.whole(a, mode)

    def exp(self, a: Array) -> Array:
        return saturated_if(is_saturated(a), narrow(exp_parts(scaled(clip(a, -69, 89)))))

    def exp_minus_square(self, a: Array) -> Array:
        x = scaled(a)
        square = on_grid(product_of(x, x), 26)
        return narrow(exp_parts(power(-square, -26)))

    def one_plus_exp(self, a: Array) -> Array:
        return self._one_plus_exp(scaled(clip(a, -70, 70)))

    def _one_plus_exp(self, x: Scaled) -> Array:
        return narrow(significant(sum_of(exp_parts(x), power(1, 0)), 53))

    def log(self, a: Array) -> Array:
        positive = ~number.is_negative(a) & ((number.pattern(a) & number.MAGNITUDE) != 0)
        x = scaled(select(positive, a, jnp.float32(1)))
        low = x.m < SPLIT
        m = jnp.where(low, x.m << 1, x.m)
        e = x.e + 24 - low.astype(jnp.int32)
        mantissa = self.log_mantissa(centred_ratio(m, 24))
        whole = power(e.astype(jnp.int64) * LN_2, -LN_2_POINT)
        y = narrow(significant(sum_of(whole, scaled(mantissa)), 53))
        return saturated_if(~positive | is_saturated(a), y)

    def polynomial(self, c: Coefficients, x: Array, bits: int = 26) -> Array:
        t = polynomial(c, on_grid(scaled(x), bits), bits)
        return saturated_if(is_saturated(x), narrow(power(t, -UNIT)))

    def even_polynomial(self, c: Coefficients, x: Array) -> Array:
        y = scaled(x)
        t = polynomial(c, on_grid(product_of(y, y), 26))
        return saturated_if(is_saturated(x), narrow(power(t, -UNIT)))

    def horner(self, c: Sequence[float], x: Array) -> Array:
        t = jnp.full_like(x, np.float32(c[0]))
        for term in c[1:]:
            exact = sum_of(product_of(scaled(t), scaled(x)), scaled(jnp.float32(term)))
            t = narrow(significant(exact, 53))
        return t

    def gelu(self, a: Array) -> Array:
        top = select(number.less(a, jnp.float32(-10)), jnp.float32(-10), a)
        x = scaled(clip(a, -10, 8))
        z = on_grid(product_of(x, x), 20)
        s = nearest(GELU_B * z + (GELU_A << 20), 20)
        u = on_grid(Scaled(-s * x.m, x.e - 24), 26)
        return self.divide(top, self._one_plus_exp(power(u, -26)))

    def sine(self, a: Array, quarter: int) -> Array:
        limit = jnp.float32(2**20)
        inside = ~number.less(limit, number.absolute(a)) & ~is_saturated(a)
        x = scaled(select(inside, a, jnp.float32(0)))
        k = on_grid(Scaled(x.m * TWO_OVER_PI, x.e - 24), 0)
        inner = significant(sum_of(x, power(-k * PI_HALVES_HIGH, -28)), 53)
        inner = significant(sum_of(inner, power(-k * PI_HALVES_LOW, -52)), 53)
        r = scaled(narrow(inner))
        z = on_grid(product_of(r, r), 26)
        sin = scaled(narrow(power(polynomial(SIN, z), -UNIT)))
        sin_y = narrow(product_of(sin, r))
        cos_y = narrow(power(polynomial(COS, z), -UNIT))
        turn = k + quarter
        y = select((turn & 1) == 1, cos_y, sin_y)
        return saturated_if(~inside, negative(y, (turn & 2) == 2))

    def arc(self, r: Array) -> Array:
        far = number.less(jnp.float32(0.41421357), r)
        # r on 2**-40 is exact where it is used
        s = select(far, centred_ratio(fixed(scaled(select(far, r, jnp.float32(1))), 40), 40), r)
        y = scaled(self.multiply(self.even_polynomial(ATAN, s), s))
        start = jnp.where(far, np.int64(_NUMERATOR), 0)
        point = 1 - _DENOMINATOR.bit_length()
        return narrow(significant(sum_of(power(start, point), y), 53))
