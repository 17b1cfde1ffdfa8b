# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  F24/3 arithmetic on integers
@notice What docs/program.md, section 2, says of `f24`, one value at a time; `compute/oracle/number.py` is the reference.
        A value is its float32 pattern: zero is 0, SATURATED is 0x7FC00000, all others are 2**-96 <= |x| <= L. Inside,
        a number is m * 2**e with a signed m.
@dev    Every intermediate is exact: a sum of two values has 247 bits, a product 48.
"""

SATURATED: constant(uint256) = 2_143_289_344


# (2**24 - 1) * 2**104, and its negative.
LARGEST: constant(uint256) = 2_139_095_039
LEAST: constant(uint256) = LARGEST | SIGN

SIGN: constant(uint256) = 2**31
MAGNITUDE: constant(uint256) = 2**31 - 1
ONE: constant(uint256) = 1_065_353_216
TWO: constant(uint256) = 1_073_741_824
HALF: constant(uint256) = 1_056_964_608


# Patterns of 2**-96 and 2**64.
_SMALLEST: constant(uint256) = 31 << 23
_LARGEST_PRODUCT_SUM: constant(uint256) = 191 << 23


# Bits of a mantissa, and of that of a double.
_BITS: constant(uint256) = 24
_DOUBLE: constant(uint256) = 53


# Every value is a multiple of 2**-119.
POINT: constant(uint256) = 119


@internal
@pure
def _length(x: uint256) -> uint256:
    """
    @return Number of bits of `x`; 0 for 0.
    """
    n: uint256 = convert(x >= 1 << 128, uint256) << 7
    n |= convert(x >> n >= 1 << 64, uint256) << 6
    n |= convert(x >> n >= 1 << 32, uint256) << 5
    n |= convert(x >> n >= 1 << 16, uint256) << 4
    n |= convert(x >> n >= 1 << 8, uint256) << 3
    n |= convert(x >> n >= 1 << 4, uint256) << 2
    n |= convert(x >> n >= 1 << 2, uint256) << 1
    # Unsafe but safe: at most 254 + 2.
    return unsafe_add(n, min(x >> n, 2))


@internal
@pure
def _nearest(n: int256, by: uint256) -> int256:
    """
    @return n / 2**by, nearest, ties to even, for |n| < 2**254.
    """
    if by == 0:
        return n
    if by > 255:
        return 0
    # Unsafe but safe: by > 0; n and the half are at most 2**254 in magnitude.
    half: int256 = convert((1 << unsafe_sub(by, 1)) - 1, int256)
    return unsafe_add(n, unsafe_add(half, (n >> by) & 1)) >> by


@internal
@pure
def _narrow_to(m: int256, e: int256, bits: uint256) -> (uint256, uint256):
    """
    @notice Round m * 2**e to so many significant bits, at most 24, ties to even.
    @return The sign and the pattern of the magnitude, dust cut to zero; beyond LARGEST if it is.
    """
    if m == 0:
        return 0, 0
    magnitude: int256 = abs(m)
    length: int256 = convert(self._length(convert(magnitude, uint256)), int256)
    kept: int256 = convert(bits, int256)
    if length > kept:
        magnitude = self._nearest(magnitude, convert(length - kept, uint256))
        magnitude = magnitude << (_BITS - bits)
    else:
        magnitude = magnitude << convert(24 - length, uint256)
    # The exponent is that of 24 bits; a mantissa that rounded up to 2**24 adds one to it.
    pattern: int256 = ((e + length + 126) << 23) + magnitude - 2**23
    if pattern < convert(_SMALLEST, int256):
        return 0, 0
    return (SIGN if m < 0 else 0), convert(pattern, uint256)


@internal
@pure
def _narrow(m: int256, e: int256) -> uint256:
    """
    @return The value of m * 2**e, |m| < 2**254: 24 bits, dust to zero, too large to SATURATED.
    """
    sign: uint256 = 0
    magnitude: uint256 = 0
    sign, magnitude = self._narrow_to(m, e, _BITS)
    return SATURATED if magnitude > LARGEST else sign | magnitude


@internal
@pure
def _clamped(m: int256, e: int256) -> uint256:
    """
    @return The value of m * 2**e; too large is LARGEST.
    """
    sign: uint256 = 0
    magnitude: uint256 = 0
    sign, magnitude = self._narrow_to(m, e, _BITS)
    return sign | min(magnitude, LARGEST)


@internal
@pure
def _product_sum(m: int256, e: int256) -> uint256:
    """
    @return m * 2**e rounded to 21 bits; beyond 2**64 SATURATED.
    """
    sign: uint256 = 0
    magnitude: uint256 = 0
    sign, magnitude = self._narrow_to(m, e, 21)
    return SATURATED if magnitude > _LARGEST_PRODUCT_SUM else sign | magnitude


@internal
@pure
def _double(m: int256) -> int256:
    """
    @return `m` rounded to 53 significant bits.
    """
    length: uint256 = self._length(convert(abs(m), uint256))
    if length <= _DOUBLE:
        return m
    # Unsafe but safe: the line above.
    by: uint256 = unsafe_sub(length, _DOUBLE)
    return self._nearest(m, by) << by


@internal
@pure
def _in_one(m: int256, e: int256) -> uint256:
    """
    @return m * 2**e rounded to 53 and then to 24 bits.
    """
    return self._narrow(self._double(m), e)


@internal
@pure
def _unpack(x: uint256) -> (int256, int256):
    """
    @notice A value that is not SATURATED.
    @return m and e >= -119 with x = m * 2**e; m has 24 bits or is 0.
    """
    if x & MAGNITUDE == 0:
        return 0, -119
    m: int256 = convert((x & 8_388_607) | 8_388_608, int256)
    # Unsafe but safe: 8 bits less 150; 24 bits negated.
    e: int256 = unsafe_sub(convert((x >> 23) & 255, int256), 150)
    return (unsafe_sub(0, m) if x & SIGN != 0 else m), e


@internal
@pure
def _fixed(x: uint256) -> int256:
    """
    @return A value that is not SATURATED in units of 2**-119: at most 247 bits.
    """
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(x)
    return m << convert(e + 119, uint256)


@internal
@pure
def _scaled(m: int256, e: int256, point: int256) -> int256:
    """
    @return The integer nearest to m * 2**(e + point), ties to even.
    """
    by: int256 = e + point
    if by >= 0:
        return m << convert(by, uint256)
    return self._nearest(m, convert(-by, uint256))


@internal
@pure
def _on_grid(x: uint256, point: int256) -> int256:
    """
    @return A value in units of 2**-point, nearest.
    """
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(x)
    return self._scaled(m, e, point)


@internal
@pure
def _square_on_grid(x: uint256, point: int256) -> int256:
    """
    @return The exact square of a value, in units of 2**-point, nearest.
    """
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(x)
    return self._scaled(m * m, 2 * e, point)


@internal
@pure
def _key(x: uint256) -> int256:
    """
    @return An integer ordered as the values are.
    """
    magnitude: int256 = convert(x & MAGNITUDE, int256)
    # Unsafe but safe: 31 bits.
    return unsafe_sub(0, magnitude) if x & SIGN != 0 else magnitude


@internal
@pure
def _negative(x: uint256) -> uint256:
    """
    @return -x; zero and SATURATED have no sign.
    """
    return x if x == 0 or x == SATURATED else x ^ SIGN


@internal
@pure
def _absolute(x: uint256) -> uint256:
    return x & MAGNITUDE


@internal
@pure
def _with_sign_of(a: uint256, y: uint256) -> uint256:
    """
    @return y for a >= 0, else -y.
    """
    return self._negative(y) if a & SIGN != 0 else y


@internal
@pure
def _add(a: uint256, b: uint256) -> uint256:
    """
    @return a + b; beyond L it is +-L: a mask plus a mask is a mask.
    """
    if a == SATURATED or b == SATURATED:
        return SATURATED
    return self._clamped(self._fixed(a) + self._fixed(b), -119)


@internal
@pure
def _subtract(a: uint256, b: uint256) -> uint256:
    return self._add(a, self._negative(b))


@internal
@pure
def _multiply(a: uint256, b: uint256) -> uint256:
    if a == SATURATED or b == SATURATED:
        return SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(a)
    n: int256 = 0
    f: int256 = 0
    n, f = self._unpack(b)
    return self._narrow(m * n, e + f)


@internal
@pure
def _ratio(m: int256, n: int256) -> int256:
    """
    @notice m / n for |m| < 2**120, |n| < 2**24, n != 0.
    @return m / n in units of 2**-97 with at least 72 bits, or 0; the lowest bit is set where the rest is not 0.
    """
    shifted: int256 = abs(m) << 96
    q: int256 = shifted // abs(n)
    jammed: int256 = (q << 1) | convert(q * abs(n) != shifted, int256)
    return jammed if (m < 0) == (n < 0) else -jammed


@internal
@pure
def _divide(a: uint256, b: uint256) -> uint256:
    """
    @return a / b; a / 0 is SATURATED.
    """
    if a == SATURATED or b == SATURATED or b == 0:
        return SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(a)
    n: int256 = 0
    f: int256 = 0
    n, f = self._unpack(b)
    return self._narrow(self._ratio(m, n), e - f - 97)


@internal
@pure
def _remainder(a: uint256, b: uint256) -> uint256:
    """
    @return a - trunc(a / b) * b, exact; SATURATED where b is 0 or |a / b| beyond 2**24.
    """
    if a == SATURATED or b == SATURATED or b == 0:
        return SATURATED
    dividend: int256 = abs(self._fixed(a))
    divisor: int256 = abs(self._fixed(b))
    if dividend // divisor > 2**24:
        return SATURATED
    return self._with_sign_of(a, self._narrow(dividend % divisor, -119))


@internal
@pure
def _square_root(a: uint256) -> uint256:
    """
    @return The square root; of a negative value SATURATED.
    """
    if a == SATURATED or a & SIGN != 0:
        return SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = self._unpack(a)
    odd: int256 = e & 1
    radicand: uint256 = convert(m, uint256) << convert(40 + odd, uint256)
    root: uint256 = isqrt(radicand)
    # The lowest bit tells whether something is left.
    jammed: int256 = convert((root << 1) | convert(root * root != radicand, uint256), int256)
    return self._narrow(jammed, ((e - odd) >> 1) - 21)


@internal
@pure
def _maximum(a: uint256, b: uint256) -> uint256:
    if a == SATURATED or b == SATURATED:
        return SATURATED
    return a if self._key(a) > self._key(b) else b


@internal
@pure
def _minimum(a: uint256, b: uint256) -> uint256:
    if a == SATURATED or b == SATURATED:
        return SATURATED
    return b if self._key(a) > self._key(b) else a
