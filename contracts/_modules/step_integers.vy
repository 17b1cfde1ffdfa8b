# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Integers and bits of a program
@notice What docs/program.md, section 2, says of them, on words (`step_words`); `compute/oracle/elementwise.py` is the
        reference. Everything wraps.
"""

from contracts._modules import f24
from contracts._modules import step_codes as codes
from contracts._modules import step_words as words


@internal
@pure
def _arithmetic(code: uint256, x: uint256, y: uint256, dtype: uint256) -> uint256:
    """
    @notice add, sub, mul, div, rem, max, min, neg, abs, sign.
    @param  y  Of the functions of one operand: anything.
    """
    a: int256 = words._read(x, dtype)
    b: int256 = words._read(y, dtype)
    n: int256 = 0
    if code == codes.ADD:
        n = a + b
    elif code == codes.SUB:
        n = a - b
    elif code == codes.MUL:
        n = a * b
    elif code == codes.DIV:
        n = a // b if b != 0 else -1
    elif code == codes.REM:
        n = a % b if b != 0 else a
    elif code == codes.MAX:
        n = max(a, b)
    elif code == codes.MIN:
        n = min(a, b)
    elif code == codes.NEG:
        n = -a
    elif code == codes.ABS:
        n = abs(a)
    else:
        assert code == codes.SIGN, "st: operation"
        n = convert(a > 0, int256) - convert(a < 0, int256)
    return words._wrapped(n, dtype)


@internal
@pure
def _logic(code: uint256, x: uint256, y: uint256, dtype: uint256) -> uint256:
    """
    @notice and, or, xor, not, shifts, counts of bits.
    @param  y  Of the functions of one operand: anything.
    """
    n: uint256 = 0
    if code == codes.BIT_AND:
        n = x & y
    elif code == codes.BIT_OR:
        n = x | y
    elif code == codes.BIT_XOR:
        n = x ^ y
    elif code == codes.BIT_NOT:
        n = ~x
    elif code == codes.POPULATION_COUNT:
        n = self._population(words._bits(words._signed(x), dtype))
    elif code == codes.COUNT_LEADING_ZEROS:
        n = words._width(dtype) - f24._length(words._bits(words._signed(x), dtype))
    else:
        return self._shifted(code, x, words._bits(words._signed(y), dtype), dtype)
    return words._wrapped(words._signed(n), dtype)


@internal
@pure
def _shifted(code: uint256, x: uint256, by: uint256, dtype: uint256) -> uint256:
    """
    @notice shift_left, shift_right_logical, shift_right_arithmetic.
    """
    amount: uint256 = min(by, words._width(dtype))
    pattern: uint256 = words._bits(words._signed(x), dtype)
    if code == codes.SHIFT_LEFT:
        pattern <<= amount
    elif code == codes.SHIFT_RIGHT_LOGICAL:
        pattern >>= amount
    else:
        assert code == codes.SHIFT_RIGHT_ARITHMETIC, "st: operation"
        negative: uint256 = pattern >> (words._width(dtype) - 1)
        return words._wrapped(
            (convert(pattern, int256) - convert(negative << words._width(dtype), int256)) >> amount, dtype
        )
    return words._wrapped(convert(pattern, int256), dtype)


@internal
@pure
def _population(pattern: uint256) -> uint256:
    """
    @return How many of 32 bits are set.
    """
    n: uint256 = 0
    for i: uint256 in range(32):
        n += (pattern >> i) & 1
    return n
