# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Exponentials and logarithms of F24/3
@notice Fixed programs of docs/program.md, section 3; `compute/oracle/elementary.py` is the reference. Values in, values
        out (`f24`); SATURATED in, SATURATED out.
@dev    Coefficients stand in words, the highest order first, in fields of 32 bits, two's complement, units of 2**-25.
        Of more than eight the first word holds the first eight.
"""

from contracts._modules import f24


# log2(e) in units of 2**-19, log(2) of 2**-40.
_LOG2_E: constant(int256) = 756_388
_LN_2: constant(int256) = 762_123_384_786


# Values: 11/32, log(2), 2**13, 1/3, -10.
NEAR: constant(uint256) = 1_051_721_728
LN_2: constant(uint256) = 1_060_205_080
FAR: constant(uint256) = 1_174_405_120
_THIRD: constant(uint256) = 1_051_372_203
_MINUS_TEN: constant(uint256) = 3_240_099_840


# Where the mantissa of a logarithm doubles: 0.70710678 * 2**24, rounded up.
_SPLIT: constant(int256) = 11_863_284


# 1 + e**x is put together in units of 2**-125.
_SUM_POINT: constant(int256) = 125

_EXP: constant(bytes32) = 0x00001a020000b60b000444440015555500555555010000000200000002000000
_ATANH: constant(bytes32) = 0x004ec4ec005d17460071c71c0092492500cccccd015555550400000000000000
_EXPM1: constant(bytes32) = 0x0000034000001a020000b60b0004444400155555005555550100000002000000
_TANH: constant(bytes32) = 0x0001d6d4fffb7647000b327affe45e4600444444ff5555550200000000000000


@internal
@pure
def _polynomial(c: bytes32, low: bytes32, count: uint256, x: int256, bits: uint256) -> int256:
    """
    @notice A polynomial of `count` coefficients, two orders a step.
    @param  x     In units of 2**-bits, |x| < 2**32.
    @param  bits  25 to 27.
    @return In units of 2**-25.
    """
    # Unsafe but safe: coefficients have 31 bits, t and u below 2**40; the fields are those of two words.
    u: int256 = f24._nearest(unsafe_mul(x, x), unsafe_sub(unsafe_mul(2, bits), 26))
    i: uint256 = count & 1
    t: int256 = self._coefficient(c, 0) if i == 1 else 0
    for _: uint256 in range(5):
        if i >= count:
            break
        first: int256 = self._coefficient(c if i < 8 else low, i & 7)
        second: int256 = self._coefficient(c if i < 7 else low, (i + 1) & 7)
        exact: int256 = unsafe_add(unsafe_mul(t, u) << 1, unsafe_mul(first, x) << unsafe_sub(27, bits))
        t = f24._nearest(unsafe_add(exact, second << 27), 27)
        i = unsafe_add(i, 2)
    return t


@internal
@pure
def _coefficient(c: bytes32, i: uint256) -> int256:
    field: uint256 = (convert(c, uint256) >> (224 - 32 * i)) & (2**32 - 1)
    # Unsafe but safe: fields of 32 bits.
    return unsafe_sub(convert(field ^ 2**31, int256), 2**31)


@internal
@pure
def _polynomial_value(c: bytes32, low: bytes32, count: uint256, x: int256) -> uint256:
    """
    @return A polynomial of x in units of 2**-26, as a value.
    """
    return f24._narrow(self._polynomial(c, low, count, x, 26), -25)


@internal
@pure
def _exp_parts(x: int256) -> (int256, int256):
    """
    @notice e**x is near t * 2**(k - 25).
    @param  x  In units of 2**-119, |x| <= 2**127.
    """
    k: int256 = f24._nearest(x * _LOG2_E, 138)
    r: int256 = f24._nearest(x - (k * _LN_2 << 79), 92)
    return self._polynomial(_EXP, empty(bytes32), 8, r, 27), k


@internal
@pure
def _clamp(x: uint256, low: int256, high: int256) -> int256:
    """
    @return A value in units of 2**-119, moved between two whole numbers.
    """
    return max(low << f24.POINT, min(high << f24.POINT, f24._fixed(x)))


@internal
@pure
def _exp(a: uint256) -> uint256:
    if a == f24.SATURATED:
        return f24.SATURATED
    t: int256 = 0
    k: int256 = 0
    t, k = self._exp_parts(self._clamp(a, -69, 89))
    return f24._narrow(t, k - 25)


@internal
@pure
def _one_plus_exp(x: int256) -> uint256:
    """
    @return The value of 1 + e**x in one.
    @param  x  In units of 2**-119, between -69 and 88.
    """
    t: int256 = 0
    k: int256 = 0
    t, k = self._exp_parts(x)
    return f24._in_one((t << convert(k - 25 + _SUM_POINT, uint256)) + (1 << convert(_SUM_POINT, uint256)), -_SUM_POINT)


@internal
@pure
def _centred_ratio(m: int256, one: int256, e: int256) -> uint256:
    """
    @return (x - 1) / (x + 1) in one, for x = m / one = m * 2**e; x + 1 is a value too.
    """
    below: int256 = 0
    f: int256 = 0
    below, f = f24._unpack(f24._narrow(m + one, e))
    return f24._in_one(f24._ratio(m - one, below), e - f - 97)


@internal
@pure
def _log_mantissa(s: uint256) -> uint256:
    """
    @return 2 atanh(s).
    """
    return f24._multiply(self._polynomial_value(_ATANH, empty(bytes32), 7, f24._square_on_grid(s, 26)), s)


@internal
@pure
def _log(a: uint256) -> uint256:
    """
    @return The natural logarithm; SATURATED unless a > 0.
    """
    if a == f24.SATURATED or a == 0 or a & f24.SIGN != 0:
        return f24.SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = f24._unpack(a)
    bits: int256 = 23 if m < _SPLIT else 24
    q: uint256 = self._log_mantissa(self._centred_ratio(m, 1 << convert(bits, uint256), -bits))
    return f24._in_one(((e + bits) * _LN_2 << 79) + f24._fixed(q), -119)


@internal
@pure
def _log1p(a: uint256) -> uint256:
    """
    @return log(1 + a).
    """
    if f24._absolute(a) >= NEAR:
        return self._log(f24._add(f24.ONE, a))
    return self._log_mantissa(f24._divide(a, f24._add(f24.TWO, a)))


@internal
@pure
def _expm1(a: uint256) -> uint256:
    """
    @return e**a - 1.
    """
    if f24._absolute(a) >= NEAR:
        return f24._subtract(self._exp(a), f24.ONE)
    t: int256 = self._polynomial(_EXPM1, empty(bytes32), 8, f24._on_grid(a, 25), 25)
    return f24._multiply(f24._narrow(t, -25), a)


@internal
@pure
def _tanh(a: uint256) -> uint256:
    if a == f24.SATURATED:
        return f24.SATURATED
    if f24._absolute(a) < NEAR:
        square: int256 = f24._square_on_grid(a, 26)
        return f24._multiply(self._polynomial_value(_TANH, empty(bytes32), 7, square), a)
    twice: int256 = 2 * self._clamp(f24._absolute(a), 0, 10)
    return f24._with_sign_of(a, f24._subtract(f24.ONE, f24._divide(f24.TWO, self._one_plus_exp(twice))))


@internal
@pure
def _logistic(a: uint256) -> uint256:
    """
    @return 1 / (1 + e**-a).
    """
    if a == f24.SATURATED:
        return f24.SATURATED
    return f24._divide(f24.ONE, self._one_plus_exp(-self._clamp(a, -69, 69)))


@internal
@pure
def _gelu(a: uint256) -> uint256:
    """
    @return a / (1 + e**-u), u = sqrt(8 / pi) * (a + 0.044715 * a**3).
    """
    if a == f24.SATURATED:
        return f24.SATURATED
    x: int256 = self._clamp(a, -10, 8)
    z: int256 = f24._nearest(x * x, 218)
    s: int256 = f24._nearest(1_197_135 * z + (26_772_563 << 20), 20)
    u: int256 = f24._nearest(-s * x, 117)
    return f24._divide(f24._maximum(a, _MINUS_TEN), self._one_plus_exp(u << 93))


@internal
@pure
def _power(a: uint256, b: uint256) -> uint256:
    """
    @return exp(b * log|a|); of a negative a only to a whole b, else SATURATED.
    """
    if a == f24.SATURATED or b == f24.SATURATED:
        return f24.SATURATED
    if b == 0:
        return f24.ONE
    if a == 0:
        return f24.SATURATED if b & f24.SIGN != 0 else 0
    y: uint256 = self._exp(f24._multiply(b, self._log(f24._absolute(a))))
    if a & f24.SIGN == 0:
        return y
    fixed: int256 = f24._fixed(b)
    if fixed & (2**119 - 1) != 0:
        return f24.SATURATED
    return f24._negative(y) if (fixed >> f24.POINT) & 1 == 1 else y


@internal
@pure
def _cube_root(a: uint256) -> uint256:
    if a == f24.SATURATED:
        return f24.SATURATED
    return f24._with_sign_of(a, self._power(f24._absolute(a), _THIRD))


@internal
@pure
def _integer_power(a: uint256, exponent: int256) -> uint256:
    """
    @return Products of squares from the lowest bit on; for a negative exponent 1 / it.
    @param  exponent  |exponent| < 2**32.
    """
    if a == f24.SATURATED:
        return f24.SATURATED
    n: uint256 = convert(abs(exponent), uint256)
    y: uint256 = f24.ONE
    square: uint256 = a
    for _: uint256 in range(32):
        if n == 0:
            break
        if n & 1 == 1:
            # ONE times a value is the value
            y = f24._multiply(y, square)
        n >>= 1
        if n > 0:
            square = f24._multiply(square, square)
    return f24._divide(f24.ONE, y) if exponent < 0 else y
