"""Sine, cosine and tangent and their inverses, as fixed programs like those of `elementary`."""

from __future__ import annotations

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array

from compute.exact.elementary import G, grid, polynomial, to_grid
from compute.exact.number import (
    SATURATED,
    add,
    divide,
    is_saturated,
    multiply,
    narrow,
    nearest_integer,
    rounded,
    square_root,
    subtract,
    wide,
)

SIN = grid([Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(5, -1, -1)])
COS = grid([Fraction((-1) ** k, math.factorial(2 * k)) for k in range(5, -1, -1)])
ATAN = grid([Fraction((-1) ** k, 2 * k + 1) for k in range(9, -1, -1)])

TWO_OVER_PI = 10680707 / 2.0**24
PI_HALVES_HIGH = 421657428 / 2.0**28
PI_HALVES_LOW = 4467992 / 2.0**52


def sine(a: Array, quarter: int) -> Array:
    """sin(a + quarter * pi / 2) for |a| <= 2**20; beyond, SATURATED.

    k = nearest(a * 2/pi); r = (a - k * HIGH) - k * LOW on 2**-26, where HIGH and LOW are pi/2 on
    2**-28 and the rest on 2**-52; sin or cos of r by a polynomial in r**2 on 2**-26.
    """
    inside = jnp.abs(a) <= np.float32(2**20)
    x = wide(jnp.where(inside, a, np.float32(0)))
    k = nearest_integer(x * TWO_OVER_PI)
    r = to_grid((x - k * PI_HALVES_HIGH) - k * PI_HALVES_LOW, 26)
    z = to_grid(r * r, 26)
    sin = wide(narrow(polynomial(SIN, z) / G)) * r
    cos = polynomial(COS, z) / G
    turn = k.astype(jnp.int64) + quarter
    y = narrow(jnp.where((turn & 1) == 1, cos, sin))
    return jnp.where(inside, jnp.where((turn & 2) == 2, -y, y), SATURATED)


def sin(a: Array) -> Array:
    """`sine` with quarter 0."""
    return sine(a, 0)


def cos(a: Array) -> Array:
    """`sine` with quarter 1."""
    return sine(a, 1)


def tan(a: Array) -> Array:
    """The value sin(a) divided by the value cos(a)."""
    return divide(sin(a), cos(a))


PI = np.float32(math.pi)
PI_HALVES = np.float32(math.pi / 2)
PI_QUARTERS = math.pi / 4  # float64: 53 bits


def arc(r: Array) -> Array:
    """atan of a value 0 <= r <= 1.

    Beyond 0.41421357 s = (r - 1) / (r + 1) as a value and the result is pi / 4 + atan(s), else
    s = r.  atan(s) = p s with z = s**2 on 2**-26 and the value p = polynomial(ATAN, z); the sum is
    rounded once.
    """
    x = wide(r)
    far = r > np.float32(0.41421357)
    s = jnp.where(far, wide(narrow((x - 1.0) / rounded(x + 1.0))), x)
    p = rounded(polynomial(ATAN, to_grid(s * s, 26)) / G)
    return narrow(jnp.where(far, PI_QUARTERS, 0.0) + wide(narrow(p * s)))


def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y) in (-pi, pi]; of (0, 0) it is 0.

    w = arc(smaller / larger) of the two magnitudes; if |y| > |x|, pi / 2 - w; if x < 0, pi - that;
    if y < 0, its negative: every operation on values.
    """
    a, b = jnp.abs(y), jnp.abs(x)
    larger = jnp.maximum(a, b)
    ratio = divide(jnp.minimum(a, b), jnp.where(larger == 0, np.float32(1), larger))
    w = arc(ratio)
    w = jnp.where(a > b, subtract(PI_HALVES, w), w)
    w = jnp.where(x < 0, subtract(PI, w), w)
    w = jnp.where(y < 0, -w, w)
    return jnp.where(is_saturated(x) | is_saturated(y), SATURATED, w)


def atan(a: Array) -> Array:
    """atan2(a, 1)."""
    return atan2(a, jnp.ones_like(a))


def complement(a: Array) -> Array:
    """sqrt((1 - a) (1 + a)), every operation on values; for |a| > 1, SATURATED."""
    one = np.float32(1)
    return square_root(multiply(subtract(one, a), add(one, a)))


def asin(a: Array) -> Array:
    """atan2(a, complement(a))."""
    return atan2(a, complement(a))


def acos(a: Array) -> Array:
    """atan2(complement(a), a)."""
    return atan2(complement(a), a)
