# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Sine, cosine, tangent and their inverses of F24/3
@notice Fixed programs of docs/program.md, section 3; `compute/oracle/circular.py` is the reference. Values in, values
        out (`f24`); SATURATED in, SATURATED out.
"""

from contracts._modules import f24
from contracts._modules import f24_functions as functions


# Values.
PI: constant(uint256) = 1_078_530_011
_PI_HALVES: constant(uint256) = 1_070_141_403
_FAR: constant(uint256) = 1_054_086_093
_MOST: constant(uint256) = 1_233_125_376


# 2 / pi in units of 2**-24, pi / 2 in two parts of 2**-28 and 2**-52, float64(pi / 4) of 2**-53.
_TWO_OVER_PI: constant(int256) = 10_680_707
_PI_HALVES_HIGH: constant(int256) = 421_657_428
_PI_HALVES_LOW: constant(int256) = 4_467_992
_PI_QUARTERS: constant(int256) = 7_074_237_752_028_440

_SIN: constant(bytes32) = 0xffffffff0000005cffffe5fe00044444ffaaaaab020000000000000000000000
_COS: constant(bytes32) = 0xfffffff700000340ffff49f500155555ff000000020000000000000000000000
_ATAN: constant(bytes32) = 0xffe50d79001e1e1effddddde00276276ffd1745d0038e38effb6db6e00666666
_ATAN_LOW: constant(bytes32) = 0xff55555502000000000000000000000000000000000000000000000000000000


@internal
@pure
def _sine(a: uint256, quarter: int256) -> uint256:
    """
    @return sin(a + quarter * pi / 2); SATURATED beyond 2**20.
    """
    if f24._absolute(a) > _MOST:
        return f24.SATURATED
    x: int256 = f24._fixed(a)
    k: int256 = f24._nearest(x * _TWO_OVER_PI, 143)
    inner: int256 = f24._double(x - (k * _PI_HALVES_HIGH << 91))
    r: uint256 = f24._in_one(inner - (k * _PI_HALVES_LOW << 67), -119)
    z: int256 = f24._square_on_grid(r, 26)
    turn: int256 = (k + quarter) & 3
    y: uint256 = 0
    if turn & 1 == 1:
        y = functions._polynomial_value(_COS, empty(bytes32), 6, z)
    else:
        y = f24._multiply(functions._polynomial_value(_SIN, empty(bytes32), 6, z), r)
    return f24._negative(y) if turn >= 2 else y


@internal
@pure
def _tangent(a: uint256) -> uint256:
    return f24._divide(self._sine(a, 0), self._sine(a, 1))


@internal
@pure
def _arc(r: uint256) -> uint256:
    """
    @return The arc tangent of a value between 0 and 1.
    """
    s: uint256 = r
    start: int256 = 0
    if r > _FAR:
        m: int256 = 0
        e: int256 = 0
        m, e = f24._unpack(r)
        s = functions._centred_ratio(m, 1 << convert(-e, uint256), e)
        start = _PI_QUARTERS << 66
    p: uint256 = functions._polynomial_value(_ATAN, _ATAN_LOW, 10, f24._square_on_grid(s, 26))
    return f24._in_one(start + f24._fixed(f24._multiply(p, s)), -119)


@internal
@pure
def _atan2(y: uint256, x: uint256) -> uint256:
    """
    @return The angle of (x, y); 0 of (0, 0).
    """
    if y == f24.SATURATED or x == f24.SATURATED:
        return f24.SATURATED
    small: uint256 = min(f24._absolute(y), f24._absolute(x))
    large: uint256 = max(f24._absolute(y), f24._absolute(x))
    w: uint256 = self._arc(f24._divide(small, large)) if large != 0 else 0
    if f24._absolute(y) > f24._absolute(x):
        w = f24._subtract(_PI_HALVES, w)
    if x & f24.SIGN != 0:
        w = f24._subtract(PI, w)
    return f24._with_sign_of(y, w)


@internal
@pure
def _complement(a: uint256) -> uint256:
    """
    @return The square root of 1 - a**2.
    """
    return f24._square_root(f24._multiply(f24._subtract(f24.ONE, a), f24._add(f24.ONE, a)))
