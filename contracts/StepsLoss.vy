# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Steps of losses
@notice From a model's outputs to the loss of an example, in unsigned Q32.32 nats: docs/exact.md.
        `compute/oracle/losses.py` is the reference. Words of outputs are values (`f24`), of targets `i32`, of all that
        is made of them `wide`.
"""

from contracts._modules import f24
from contracts._modules import f24_functions as functions
from contracts._modules import step_codes as codes
from contracts._modules import step_words as words


# 2**16: outputs beyond have no loss.
_MOST_OUTPUT: constant(uint256) = 1_199_570_944


# log(2) in units of 2**-32; 2**32 / (2k + 1) for k = 8 .. 0; sqrt(2) in units of 2**-30.
_LN_2: constant(int256) = 2_977_044_472
_ATANH: constant(int256[9]) = [
    252_645_135,
    286_331_153,
    330_382_100,
    390_451_572,
    477_218_588,
    613_566_757,
    858_993_459,
    1_431_655_765,
    4_294_967_296,
]
_SQUARE_ROOT_OF_2: constant(uint256) = 1_518_500_250


# exp_fixed counts in units of 2**-40.
_EXP_POINT: constant(int256) = 40


@external
@pure
def result(rule: uint256, operands: DynArray[uint256, 64]) -> uint256:
    """
    @notice Do one step.
    @param  rule      What is done: `ISteps`. Its parameter is the number of classes.
    @param  operands  Words of the operands, in order.
    @return The word; 2**256 - 1 where the example has no loss.
    """
    code: uint256 = words._code(rule)
    classes: int256 = words._parameter(rule)
    if code == codes.EXP_DISTANCE:
        return self._exp_distance(operands[0], operands[1])
    if code == codes.POSITION:
        return self._position(operands[0], operands[1], operands[2], operands[3], classes)
    if code == codes.COUNTED:
        return convert(self._is_class(operands[0], classes), uint256)
    if code == codes.MEAN:
        return operands[0] // max(operands[1], 1)
    if code == codes.SQUARED:
        return self._squared(operands[0], operands[1])
    assert code == codes.BINARY, "st: operation"
    return self._binary(operands[0], operands[1])


@internal
@pure
def _is_class(target: uint256, classes: int256) -> bool:
    """
    @return Another target is ignored.
    """
    y: int256 = words._read(target, words.I32)
    return y >= 0 and y < classes


@internal
@pure
def _has_none(x: uint256) -> bool:
    """
    @return An output that is SATURATED or beyond 2**16.
    """
    return f24._absolute(x) > _MOST_OUTPUT


@internal
@pure
def _exp_distance(most: uint256, z: uint256) -> uint256:
    """
    @return exp(z - most) in units of 2**-40.
    """
    if self._has_none(most) or self._has_none(z):
        return words.NO_WORD
    return self._exp_fixed(f24._on_grid(most, 32) - f24._on_grid(z, 32))


@internal
@pure
def _position(total: uint256, most: uint256, chosen: uint256, target: uint256, classes: int256) -> uint256:
    """
    @return Cross-entropy of a position; 0 if it is ignored.
    @param  total   Sum of exp(z - most).
    @param  chosen  The output of the target's class.
    """
    if self._has_none(most) or self._has_none(chosen):
        return words.NO_WORD
    if not self._is_class(target, classes):
        return 0
    distance: int256 = f24._on_grid(most, 32) - f24._on_grid(chosen, 32)
    return convert(max(self._log_fixed(total) - _EXP_POINT * _LN_2 + distance, 0), uint256)


@internal
@pure
def _squared(x: uint256, y: uint256) -> uint256:
    """
    @return Square of a difference of at most 2**11.
    """
    if self._has_none(x) or self._has_none(y):
        return words.NO_WORD
    difference: int256 = (f24._on_grid(x, 32) - f24._on_grid(y, 32)) >> 12
    if abs(difference) > 2**31:
        return words.NO_WORD
    return convert((difference * difference) >> 8, uint256)


@internal
@pure
def _binary(z: uint256, target: uint256) -> uint256:
    """
    @return log(1 + e**-z) for target 1, log(1 + e**z) for 0; 0 for others, which are ignored.
    """
    if self._has_none(z):
        return words.NO_WORD
    if not self._is_class(target, 2):
        return 0
    x: int256 = f24._on_grid(z, 32)
    w: int256 = -x if target == 1 else x
    total: uint256 = self._exp_fixed(abs(w)) + (1 << 40)
    return convert(max(max(w, 0) + self._log_fixed(total) - _EXP_POINT * _LN_2, 0), uint256)


@internal
@pure
def _exp_fixed(distance: int256) -> uint256:
    """
    @return exp(-distance / 2**32) in units of 2**-40; the distance is cut to 2**-27 and at most 32.
    """
    t: int256 = 0
    k: int256 = 0
    t, k = functions._exp_parts(-(min(distance >> 5, 2**32) << 92))
    return convert(f24._scaled(t, k, 15), uint256)


@internal
@pure
def _log_fixed(total: uint256) -> int256:
    """
    @return log(total) in units of 2**-32.
    """
    e: int256 = convert(f24._length(total), int256) - 31
    m: uint256 = total >> convert(e, uint256) if e >= 0 else total << convert(-e, uint256)
    if m >= _SQUARE_ROOT_OF_2:
        m >>= 1
        e += 1
    x: int256 = convert(m, int256)
    # Cut towards zero.
    s: int256 = ((x - 2**30) << 31) // (x + 2**30)
    z: int256 = (s * s) >> 31
    t: int256 = 0
    for c: int256 in _ATANH:
        t = ((t * z) >> 31) + c
    return ((t * s) >> 30) + (e + 30) * _LN_2
