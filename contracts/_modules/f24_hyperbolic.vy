# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Hyperbolic functions of F24/3 and their inverses
@notice Fixed programs of docs/program.md, section 3; `compute/oracle/elementary.py` is the reference. Values in, values
        out (`f24`); SATURATED in, SATURATED out.
"""

from contracts._modules import f24
from contracts._modules import f24_functions as functions


@internal
@pure
def _sinh(a: uint256) -> uint256:
    m: uint256 = functions._expm1(f24._absolute(a))
    sum_: uint256 = f24._add(m, f24._divide(m, f24._add(f24.ONE, m)))
    return f24._with_sign_of(a, f24._multiply(sum_, f24.HALF))


@internal
@pure
def _cosh(a: uint256) -> uint256:
    e: uint256 = functions._exp(f24._absolute(a))
    return f24._multiply(f24._add(e, f24._divide(f24.ONE, e)), f24.HALF)


@internal
@pure
def _asinh(a: uint256) -> uint256:
    x: uint256 = f24._absolute(a)
    if x >= functions.FAR:
        return f24._with_sign_of(a, self._log_of_double(x))
    square: uint256 = f24._multiply(x, x)
    root: uint256 = f24._square_root(f24._add(f24.ONE, square))
    inner: uint256 = f24._add(x, f24._divide(square, f24._add(f24.ONE, root)))
    return f24._with_sign_of(a, functions._log1p(inner))


@internal
@pure
def _acosh(a: uint256) -> uint256:
    """
    @return SATURATED unless a >= 1.
    """
    if f24._key(a) < f24._key(f24.ONE):
        return f24.SATURATED
    if a >= functions.FAR:
        return self._log_of_double(a)
    t: uint256 = f24._subtract(a, f24.ONE)
    root: uint256 = f24._square_root(f24._add(f24._add(t, t), f24._multiply(t, t)))
    return functions._log1p(f24._add(t, root))


@internal
@pure
def _atanh(a: uint256) -> uint256:
    difference: uint256 = f24._subtract(functions._log1p(a), functions._log1p(f24._negative(a)))
    return f24._multiply(difference, f24.HALF)


@internal
@pure
def _log_of_double(a: uint256) -> uint256:
    return f24._add(functions._log(a), functions.LN_2)
