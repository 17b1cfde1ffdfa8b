# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Steps of elementary functions
@notice The functions of docs/program.md, section 3, one element at a time. `compute/oracle` is the reference.
"""

from contracts._modules import f24
from contracts._modules import f24_circular as circular
from contracts._modules import f24_functions as functions
from contracts._modules import f24_hyperbolic as hyperbolic
from contracts._modules import f24_special as special
from contracts._modules import step_codes as codes
from contracts._modules import step_words as words


@external
@pure
def result(rule: uint256, operands: DynArray[uint256, 64]) -> uint256:
    """
    @notice Do one step.
    @param  rule      What is done: `ISteps`.
    @param  operands  Words of the operands, in order; at least one.
    @return The word.
    """
    code: uint256 = words._code(rule)
    x: uint256 = operands[0]
    y: uint256 = operands[1] if len(operands) > 1 else 0
    if code == codes.INTEGER_POWER:
        return functions._integer_power(x, words._parameter(rule))
    if code == codes.ATAN2:
        return circular._atan2(x, y)
    if code == codes.POWER:
        return functions._power(x, y)
    if code == codes.CUMLOGSUMEXP:
        return self._log_add(x, y)
    if code < codes.ERF:
        return self._exponential(code, x)
    if code < codes.SIN:
        return self._special(code, x)
    return self._circular(code, x)


@internal
@pure
def _exponential(code: uint256, x: uint256) -> uint256:
    """
    @notice rsqrt, cbrt, exp, exp2, expm1, log, log1p, tanh, logistic, gelu.
    """
    if code == codes.EXP:
        return functions._exp(x)
    if code == codes.GELU:
        return functions._gelu(x)
    if code == codes.TANH:
        return functions._tanh(x)
    if code == codes.RSQRT:
        return f24._divide(f24.ONE, f24._square_root(x))
    if code == codes.CBRT:
        return functions._cube_root(x)
    if code == codes.EXP2:
        return functions._exp(f24._multiply(x, functions.LN_2))
    if code == codes.EXPM1:
        return functions._expm1(x)
    if code == codes.LOG:
        return functions._log(x)
    if code == codes.LOG1P:
        return functions._log1p(x)
    assert code == codes.LOGISTIC, "st: operation"
    return functions._logistic(x)


@internal
@pure
def _special(code: uint256, x: uint256) -> uint256:
    """
    @notice erf, erfc, erf_inv, lgamma, digamma.
    """
    if code == codes.ERF:
        return special._erf(x)
    if code == codes.ERFC:
        return special._erfc(x)
    if code == codes.ERF_INV:
        return special._erf_inv(x)
    if code == codes.LGAMMA:
        return special._lgamma(x)
    return special._digamma(x)


@internal
@pure
def _circular(code: uint256, x: uint256) -> uint256:
    """
    @notice sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh.
    """
    if code <= codes.COS:
        return circular._sine(x, convert(code - codes.SIN, int256))
    if code == codes.TAN:
        return circular._tangent(x)
    if code == codes.ASIN:
        return circular._atan2(x, circular._complement(x))
    if code == codes.ACOS:
        return circular._atan2(circular._complement(x), x)
    if code == codes.ATAN:
        return circular._atan2(x, f24.ONE)
    if code == codes.SINH:
        return hyperbolic._sinh(x)
    if code == codes.COSH:
        return hyperbolic._cosh(x)
    if code == codes.ASINH:
        return hyperbolic._asinh(x)
    if code == codes.ACOSH:
        return hyperbolic._acosh(x)
    assert code == codes.ATANH, "st: operation"
    return hyperbolic._atanh(x)


@internal
@pure
def _log_add(before: uint256, x: uint256) -> uint256:
    """
    @notice cumlogsumexp: log(exp(before) + exp(x)), every operation a value.
    @param  before  The element before; the first has none.
    """
    if before == words.NO_WORD:
        return x
    most: uint256 = f24._maximum(before, x)
    distance: uint256 = f24._subtract(most, f24._minimum(before, x))
    return f24._add(most, functions._log1p(functions._exp(f24._negative(distance))))
