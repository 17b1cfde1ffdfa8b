# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Error functions, logarithm of the gamma function and its derivative, of F24/3
@notice Fixed programs of docs/program.md, section 3; `compute/oracle/special.py` and `elementary.py` are the
        reference. Values in, values out (`f24`); SATURATED in, SATURATED out.
"""

from contracts._modules import f24
from contracts._modules import f24_circular as circular
from contracts._modules import f24_functions as functions


# Values.
_POINT_FOUR: constant(uint256) = 1_053_609_165
_FIVE: constant(uint256) = 1_084_227_584
_EIGHT_AND_QUARTER: constant(uint256) = 1_090_781_184
_ONE_AND_HALF: constant(uint256) = 1_069_547_520
_TWO_AND_HALF: constant(uint256) = 1_075_838_976
_THREE_AND_EIGHTH: constant(uint256) = 1_078_460_416
_TINY: constant(uint256) = 872_415_232
_HALF_LOG_OF_2_PI: constant(uint256) = 1_054_244_636
_ROOT: constant(uint256) = 1_069_225_667
_ROOT_LOW: constant(uint256) = 844_476_304


# Of erf, in values: a fraction of two polynomials, the highest order first, patterns of 32 bits.
_ERF_P: constant(bytes32) = 0xaf95df0b32edffeeb60cff51b86ec2d2ba40ac63bb41a1f6bc83dbd400000000
_ERF_Q: constant(bytes32) = 0xb77460cdb95fbd29badc924ebbf19bf8bc69b6a7000000000000000000000000

_ERFC: constant(bytes32) = 0xfff55a0bffdc5090001c448a00320b87ffcae016ffa7e934004aa27f011e2de1
_ERFC_LOW: constant(bytes32) = 0x015fd38601058672000000000000000000000000000000000000000000000000
_ERF_INV: constant(bytes32) = 0xfffffb87000004a700002576ffff912effffc05800045deefff5fa6bfff2a1e2
_ERF_INV_LOW: constant(bytes32) = 0x013bb3160300b8ba000000000000000000000000000000000000000000000000
_ERF_INV_FAR: constant(bytes32) = 0xffffe5d3fffff3090000b0e0fffea4940001ed4dfffd4cd100039c490201e735
_ERF_INV_FAR_LOW: constant(bytes32) = 0x05eaa8ee00000000000000000000000000000000000000000000000000000000
_LGAMMA: constant(bytes32) = 0xfffff8bb00000f12ffffe34500004248ffff639300017aecfffc37f8000a8991
_LGAMMA_LOW: constant(bytes32) = 0xffdd840000a51a6600d877300000000000000000000000000000000000000000
_STIRLING: constant(bytes32) = 0xffffada600005893ffffb384000067f9fffe93e9002aaaab0000000000000000
_DIGAMMA: constant(bytes32) = 0x00058684fff79ef80008cc4dfff2cb740014e858ffe03a500030a201ffb4050f
_DIGAMMA_LOW: constant(bytes32) = 0x007b2863ff271a4c01e6f0cc0000000000000000000000000000000000000000
_DIGAMMA_FAR: constant(bytes32) = 0x00037084fffb8f5f00032213fffdeb74000207a1fffbbbbe002aaaab00000000
_SINPI: constant(bytes32) = 0x00003d1ffffc39f1002a0f07fecd2d330519af1af5aa218d06487ed500000000
_COSPI: constant(bytes32) = 0x0000fceafff2c97000787d42fd545870081e0f84f621619b0200000000000000


@internal
@pure
def _erf(a: uint256) -> uint256:
    if a == f24.SATURATED:
        return f24.SATURATED
    x: uint256 = f24._narrow(functions._clamp(a, -4, 4), -119)
    z: uint256 = f24._multiply(x, x)
    numerator: uint256 = f24._multiply(self._horner(_ERF_P, 7, z), x)
    y: uint256 = f24._divide(numerator, self._horner(_ERF_Q, 5, z))
    return f24._with_sign_of(y, min(f24._absolute(y), f24.ONE))


@internal
@pure
def _horner(c: bytes32, count: uint256, x: uint256) -> uint256:
    """
    @return A polynomial in values: every t * x + c in one. No coefficient is zero.
    """
    m: int256 = 0
    e: int256 = 0
    m, e = f24._unpack(x)
    t: uint256 = convert(c, uint256) >> 224
    for i: uint256 in range(1, 7):
        if i == count:
            break
        n: int256 = 0
        f: int256 = 0
        n, f = f24._unpack(t)
        # The product is a multiple of 2**-180; below, |t * x| < 2 and |c| < 1.
        product: int256 = n * m << convert(e + f + 180, uint256)
        term: int256 = f24._fixed((convert(c, uint256) >> (224 - 32 * i)) & (2**32 - 1)) << 61
        t = f24._in_one(product + term, -180)
    return t


@internal
@pure
def _at(c: bytes32, low: bytes32, count: uint256, x: uint256) -> uint256:
    """
    @return A polynomial of a value on 2**-26.
    """
    return functions._polynomial_value(c, low, count, f24._on_grid(x, 26))


@internal
@pure
def _erfc(a: uint256) -> uint256:
    if a == f24.SATURATED:
        return f24.SATURATED
    x: uint256 = f24._absolute(a)
    if x < f24.HALF:
        return f24._subtract(f24.ONE, self._erf(a))
    x = min(x, _EIGHT_AND_QUARTER)
    t: int256 = 0
    k: int256 = 0
    t, k = functions._exp_parts(-(f24._square_on_grid(x, 26) << 93))
    h: uint256 = f24._divide(f24.TWO, f24._add(f24.TWO, x))
    p: uint256 = f24._multiply(h, self._at(_ERFC, _ERFC_LOW, 10, f24._subtract(h, f24.HALF)))
    y: uint256 = f24._multiply(p, f24._narrow(t, k - 25))
    return f24._subtract(f24.TWO, y) if a & f24.SIGN != 0 else y


@internal
@pure
def _erf_inv(a: uint256) -> uint256:
    """
    @return SATURATED unless |a| < 1.
    """
    if f24._absolute(a) >= f24.ONE:
        return f24.SATURATED
    product: uint256 = f24._multiply(f24._subtract(f24.ONE, a), f24._add(f24.ONE, a))
    w: uint256 = f24._maximum(0, f24._negative(functions._log(product)))
    p: uint256 = 0
    if w < _FIVE:
        near: uint256 = f24._subtract(f24._multiply(w, _POINT_FOUR), f24.ONE)
        p = self._at(_ERF_INV, _ERF_INV_LOW, 10, near)
    else:
        far: uint256 = f24._subtract(f24._square_root(w), _THREE_AND_EIGHTH)
        p = self._at(_ERF_INV_FAR, _ERF_INV_FAR_LOW, 9, far)
    return f24._multiply(p, a)


@internal
@pure
def _sine_of_pi(r: uint256) -> uint256:
    """
    @return sin(pi * r) for |r| <= 1/2.
    """
    return f24._multiply(self._at(_SINPI, empty(bytes32), 7, f24._multiply(r, r)), r)


@internal
@pure
def _beside(b: uint256) -> uint256:
    """
    @return What b differs from the nearest integer.
    """
    x: int256 = f24._fixed(b)
    return f24._narrow(x - (f24._nearest(x, f24.POINT) << f24.POINT), -119)


@internal
@pure
def _near_two(z: uint256) -> uint256:
    return f24._multiply(self._at(_LGAMMA, _LGAMMA_LOW, 11, z), z)


@internal
@pure
def _lgamma_positive(x: uint256) -> uint256:
    if x < f24.HALF:
        near: uint256 = f24._subtract(self._near_two(x), functions._log1p(x))
        return f24._subtract(near, functions._log(x))
    if x < _ONE_AND_HALF:
        z: uint256 = f24._subtract(x, f24.ONE)
        return f24._subtract(self._near_two(z), functions._log1p(z))
    if x < _TWO_AND_HALF:
        return self._near_two(f24._subtract(x, f24.TWO))
    v: uint256 = f24._divide(f24.ONE, x)
    main: uint256 = f24._multiply(f24._subtract(x, f24.HALF), f24._subtract(functions._log(x), f24.ONE))
    series: uint256 = f24._multiply(self._at(_STIRLING, empty(bytes32), 6, f24._multiply(v, v)), v)
    return f24._add(f24._add(main, _HALF_LOG_OF_2_PI), series)


@internal
@pure
def _lgamma(a: uint256) -> uint256:
    """
    @return log|gamma(a)|; SATURATED where a is an integer below 1.
    """
    if a == f24.SATURATED:
        return f24.SATURATED
    b: uint256 = f24._absolute(a)
    if a == b and a != 0:
        return self._lgamma_positive(a)
    r: uint256 = self._beside(b)
    if r == 0:
        return f24.SATURATED
    if b < _TINY:
        return f24._negative(functions._log(b))
    s: uint256 = f24._absolute(self._sine_of_pi(r))
    reflected: uint256 = functions._log(f24._divide(circular.PI, f24._multiply(b, s)))
    return f24._subtract(reflected, self._lgamma_positive(b))


@internal
@pure
def _digamma_near(x: uint256) -> uint256:
    """
    @return Between 1 and 2: by the root.
    """
    away: uint256 = f24._subtract(f24._subtract(x, _ROOT), _ROOT_LOW)
    return f24._multiply(away, self._at(_DIGAMMA, _DIGAMMA_LOW, 11, f24._subtract(x, _ONE_AND_HALF)))


@internal
@pure
def _digamma_positive(x: uint256) -> uint256:
    v: uint256 = f24._divide(f24.ONE, x)
    if x < f24.ONE:
        return f24._subtract(self._digamma_near(f24._add(f24.ONE, x)), v)
    if x <= f24.TWO:
        return self._digamma_near(x)
    u: uint256 = f24._multiply(v, v)
    main: uint256 = f24._subtract(functions._log(x), f24._multiply(f24.HALF, v))
    return f24._subtract(main, f24._multiply(self._at(_DIGAMMA_FAR, empty(bytes32), 7, u), u))


@internal
@pure
def _digamma(a: uint256) -> uint256:
    """
    @return The derivative of log|gamma|; SATURATED where a is an integer below 1.
    """
    if a == f24.SATURATED:
        return f24.SATURATED
    if a & f24.SIGN == 0 and a != 0:
        return self._digamma_positive(a)
    b: uint256 = f24._negative(a)
    r: uint256 = self._beside(b)
    if r == 0:
        return f24.SATURATED
    cosine: uint256 = self._at(_COSPI, empty(bytes32), 7, f24._multiply(r, r))
    turn: uint256 = f24._multiply(circular.PI, f24._divide(cosine, self._sine_of_pi(r)))
    return f24._add(self._digamma_positive(f24._add(f24.ONE, b)), turn)
