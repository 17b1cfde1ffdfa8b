"""F24 in fixed point: a value is an integer in units of 2**-119, SATURATED is None.

Every value is a multiple of 2**-119: at least 2**-96 with 24 significant bits.  Sums are therefore
sums of integers, and rounding is a shift.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Number = int | None

POINT = 119
ONE = 1 << POINT
SMALLEST = 1 << (POINT - 96)
LARGEST = ((1 << 24) - 1) << (POINT + 104)
LARGEST_PRODUCT_SUM = 1 << (POINT + 64)


def nearest(n: int, shift: int) -> int:
    """The integer nearest to n * 2**-shift, ties to even; shift may be negative."""
    if shift <= 0:
        return n << -shift
    q = n >> shift
    rest, half = n - (q << shift), 1 << (shift - 1)
    return q + 1 if rest > half or (rest == half and q & 1) else q


def significant(n: int, bits: int) -> int:
    """n rounded to so many significant bits, ties to even."""
    shift = abs(n).bit_length() - bits
    return n if shift <= 0 else nearest(n, shift) << shift


def _limited(y: int, scale: int, largest: int) -> Number:
    """y * 2**-scale, rounded already, as a value: dust is zero, too large is SATURATED."""
    shift = POINT - scale
    if abs(y).bit_length() + shift <= POINT - 96:
        return 0
    n = y << shift if shift >= 0 else y >> -shift
    return n if -largest <= n <= largest else None


def value(n: int, scale: int = POINT) -> Number:
    """n * 2**-scale rounded to 24 bits."""
    return _limited(significant(n, 24), scale, LARGEST)


def product_sum(n: int) -> Number:
    """An exact sum of products of values, in units of 2**-238, rounded to 21 bits."""
    return _limited(significant(n, 21), 2 * POINT, LARGEST_PRODUCT_SUM)


def ratio(n: int, d: int) -> tuple[int, int]:
    """n / d as (q, scale), right for rounding q * 2**-scale to 57 bits or fewer; d is not 0."""
    shift = max(0, 60 + d.bit_length() - n.bit_length())
    q, rest = divmod(abs(n) << shift, abs(d))
    q = 2 * q + (rest > 0)
    return (q if (n < 0) == (d < 0) else -q), shift + 1


def known(x: Number) -> int:
    """`x`, which a fixed program keeps from saturating."""
    if x is None:
        raise ArithmeticError("a fixed program saturated inside")
    return x


def strict(function: Callable[..., Number]) -> Callable[..., Number]:
    """SATURATED in, SATURATED out."""

    def wrapped(*arguments: Number) -> Number:
        return None if None in arguments else function(*arguments)

    wrapped.__doc__ = function.__doc__
    return wrapped


@strict
def add(a: int, b: int) -> Number:
    """Clamped to LARGEST: a mask plus a mask is a mask."""
    y = significant(a + b, 24)
    return 0 if abs(y) < SMALLEST else max(-LARGEST, min(LARGEST, y))


@strict
def subtract(a: int, b: int) -> Number:
    return add(a, -b)


@strict
def multiply(a: int, b: int) -> Number:
    return value(a * b, 2 * POINT)


@strict
def divide(a: int, b: int) -> Number:
    return None if b == 0 else value(*ratio(a, b))


@strict
def remainder(a: int, b: int) -> Number:
    """a - trunc(a / b) * b; SATURATED where the quotient is beyond 2**24."""
    if b == 0 or abs(a) // abs(b) > 1 << 24:
        return None
    y = value(abs(a) % abs(b))
    return y if y is None or a >= 0 else -y


@strict
def square_root(a: int) -> Number:
    if a <= 0:
        return 0 if a == 0 else None
    shift = max(0, 120 - a.bit_length())
    shift += (shift + POINT) % 2
    root = math.isqrt(a << shift)
    sticky = root * root != a << shift
    return value(2 * root + sticky, (POINT + shift) // 2 + 1)


def from_pattern(bits: int) -> Number:
    """A float32 pattern as a value: below 2**-96 zero, infinities and NaN SATURATED."""
    exponent, fraction = (bits >> 23) & 0xFF, bits & 0x7FFFFF
    if exponent == 0xFF:
        return None
    if exponent < 127 - 96:
        return 0
    n = (fraction | 1 << 23) << (exponent - 150 + POINT)
    return -n if bits >> 31 else n


def to_pattern(x: Number) -> int:
    """The float32 pattern of a value; SATURATED is 0x7FC00000."""
    if x is None:
        return 0x7FC00000
    if x == 0:
        return 0
    top = abs(x).bit_length()
    fraction = abs(x) >> (top - 24)
    return (x < 0) << 31 | (top - 1 - POINT + 127) << 23 | (fraction & 0x7FFFFF)


def single(x: float) -> int:
    """A constant given as a decimal, rounded to 24 bits."""
    n, d = x.as_integer_ratio()
    return known(value(*ratio(n, d)))
