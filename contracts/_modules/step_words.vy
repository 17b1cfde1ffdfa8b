# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Words of a trace, and rules
@notice A word is an element: of `f24` its float32 pattern; of integers and `bool` the value modulo 2**32, so that it is
        read without knowing the width; of `wide` (losses alone) the value modulo 2**256. A rule says what is done:
        code | dtype of the result << 16 | dtype of the first operand << 24 | parameter << 32, its parameter signed.
"""

# What no trace can hold: the result where the example has no loss; the word of an operand that is not there.
NO_WORD: constant(uint256) = max_value(uint256)

F24: constant(uint256) = 0
BOOL: constant(uint256) = 1
I32: constant(uint256) = 4
U32: constant(uint256) = 7
WIDE: constant(uint256) = 8


# Bits of each dtype, 16 a field.
_WIDTHS: constant(uint256) = 87112452086527380033333099110937990856736


@internal
@pure
def _code(rule: uint256) -> uint256:
    return rule & 65_535


@internal
@pure
def _dtype(rule: uint256) -> uint256:
    """
    @return Of the result.
    """
    return (rule >> 16) & 255


@internal
@pure
def _dtype_of_operand(rule: uint256) -> uint256:
    return (rule >> 24) & 255


@internal
@pure
def _parameter(rule: uint256) -> int256:
    field: uint256 = (rule >> 32) & (2**64 - 1)
    # Unsafe but safe: fields of 64 bits.
    return unsafe_sub(convert(field ^ 2**63, int256), 2**63)


@internal
@pure
def _width(dtype: uint256) -> uint256:
    """
    @return Bits of an element.
    """
    return (_WIDTHS >> (16 * dtype)) & 65_535


@internal
@pure
def _is_signed(dtype: uint256) -> bool:
    """
    @return i8, i16, i32 and wide have a sign.
    """
    return (284 >> dtype) & 1 == 1


@internal
@pure
def _read(word: uint256, dtype: uint256) -> int256:
    """
    @return The integer that a word stands for; `dtype` is not f24.
    """
    if dtype == WIDE:
        return self._signed(word)
    if not self._is_signed(dtype):
        return convert(word & (2**32 - 1), int256)
    # Unsafe but safe: 32 bits.
    return unsafe_sub(convert((word & (2**32 - 1)) ^ 2**31, int256), 2**31)


@internal
@pure
def _signed(word: uint256) -> int256:
    return convert(convert(word, bytes32), int256)


@internal
@pure
def _bits(n: int256, dtype: uint256) -> uint256:
    """
    @return The pattern of an integer, in as many bits as the dtype has.
    """
    above: uint256 = 256 - self._width(dtype)
    return convert(convert(n, bytes32), uint256) << above >> above


@internal
@pure
def _wrapped(n: int256, dtype: uint256) -> uint256:
    """
    @return The word of an integer, wrapped to the dtype.
    """
    pattern: uint256 = self._bits(n, dtype)
    if dtype == WIDE or not self._is_signed(dtype):
        return pattern
    # Negative ones are extended to 32 bits.
    sign: uint256 = pattern >> (self._width(dtype) - 1)
    return pattern | ((2**32 - (1 << self._width(dtype))) * sign)


@internal
@pure
def _least(dtype: uint256) -> int256:
    if not self._is_signed(dtype):
        return 0
    return -(1 << (self._width(dtype) - 1)) if dtype != WIDE else min_value(int256)


@internal
@pure
def _greatest(dtype: uint256) -> int256:
    if dtype == WIDE:
        return max_value(int256)
    return self._least(dtype) + convert((1 << self._width(dtype)) - 1, int256)
