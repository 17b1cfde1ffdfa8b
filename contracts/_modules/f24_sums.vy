# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Exact sums
@notice A sum is an integer of 768 bits, two's complement, three words, the high one first; of f24 in units of 2**-119,
        of their products of 2**-238. At most 2**30 terms of at most 494 bits do not leave it. Nothing is rounded before
        the end, so a sum has no order.
"""

from contracts._modules import f24


# A high word that no sum has: a term was SATURATED.
SATURATED: constant(uint256) = 2**255


@internal
@pure
def _plus(sum_: uint256[3], m: int256, by: uint256) -> uint256[3]:
    """
    @return The sum plus m * 2**by, by < 512.
    """
    low: int256 = 0
    middle: int256 = 0
    high: int256 = 0
    # A shift to the right by 256 leaves the sign.
    if by < 256:
        low = m << by
        middle = m >> (256 - by)
        high = m >> 255
    else:
        middle = m << (by - 256)
        high = m >> (512 - by)
    a: uint256 = convert(convert(low, bytes32), uint256)
    b: uint256 = convert(convert(middle, bytes32), uint256)
    c: uint256 = convert(convert(high, bytes32), uint256)
    # Unsafe on purpose: words wrap, and what they lose is carried on.
    x: uint256 = unsafe_add(sum_[2], a)
    y: uint256 = unsafe_add(sum_[1], b)
    carry: uint256 = convert(y < b, uint256)
    y = unsafe_add(y, convert(x < a, uint256))
    carry |= convert(y == 0 and x < a, uint256)
    return [unsafe_add(unsafe_add(sum_[0], c), carry), y, x]


@internal
@pure
def _plus_value(sum_: uint256[3], x: uint256) -> uint256[3]:
    """
    @return The sum plus a value.
    """
    if sum_[0] == SATURATED or x == f24.SATURATED:
        return [SATURATED, 0, 0]
    m: int256 = 0
    e: int256 = 0
    m, e = f24._unpack(x)
    return self._plus(sum_, m, convert(e + 119, uint256))


@internal
@pure
def _plus_products(sum_: uint256[3], factors: DynArray[uint256, 64]) -> uint256[3]:
    """
    @return The sum plus the products of pairs; a first factor that is not there (all ones) is zero. One SATURATED factor
            saturates it, whatever the other.
    """
    if sum_[0] == SATURATED:
        return sum_
    # Products of 48 bits, by the multiple of 2**128 that is below their unit: few terms, so that nothing overflows.
    parts: int256[4] = [0, 0, 0, 0]
    for i: uint256 in range(len(factors) // 2, bound=32):
        # Unsafe but safe: i < 32.
        x: uint256 = factors[unsafe_mul(2, i)]
        y: uint256 = factors[unsafe_add(unsafe_mul(2, i), 1)]
        if x == max_value(uint256):
            x = 0
        if x == f24.SATURATED or y == f24.SATURATED:
            return [SATURATED, 0, 0]
        m: int256 = 0
        e: int256 = 0
        m, e = f24._unpack(x)
        n: int256 = 0
        f: int256 = 0
        n, f = f24._unpack(y)
        by: uint256 = convert(e + f + 238, uint256)
        parts[by >> 7] += (m * n) << (by & 127)
    total: uint256[3] = sum_
    for i: uint256 in range(4):
        if parts[i] != 0:
            total = self._plus(total, parts[i], 128 * i)
    return total


@internal
@pure
def _top(sum_: uint256[3]) -> (int256, int256):
    """
    @notice A sum as m * 2**e, |m| < 2**254.
    @dev    Where bits below were cut, m has 65 or more and its lowest one tells whether any was set: it rounds to 24
            bits as the sum does.
    """
    negative: bool = sum_[0] >> 255 == 1
    a: uint256 = sum_[0]
    b: uint256 = sum_[1]
    c: uint256 = sum_[2]
    if negative:
        # Unsafe on purpose: the two's complement.
        c = unsafe_sub(0, c)
        b = unsafe_add(~b, convert(c == 0, uint256))
        a = unsafe_add(~a, convert(c == 0 and b == 0, uint256))
    m: uint256 = c
    e: int256 = 0
    if a != 0 or b >= 1 << 128:
        # a has few bits: 526 in all
        m = (a << 192) | (b >> 64) | convert(b << 192 != 0 or c != 0, uint256)
        e = 320
    elif b != 0:
        m = (b << 120) | (c >> 136) | convert(c << 120 != 0, uint256)
        e = 136
    elif c >= 1 << 253:
        m = (c >> 8) | convert(c << 248 != 0, uint256)
        e = 8
    signed: int256 = convert(m, int256)
    return (-signed if negative else signed), e


@internal
@pure
def _value(sum_: uint256[3]) -> uint256:
    """
    @return A sum of values, rounded.
    """
    if sum_[0] == SATURATED:
        return f24.SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = self._top(sum_)
    return f24._narrow(m, e - 119)


@internal
@pure
def _product_value(sum_: uint256[3]) -> uint256:
    """
    @return A sum of products, rounded to 21 bits.
    """
    if sum_[0] == SATURATED:
        return f24.SATURATED
    m: int256 = 0
    e: int256 = 0
    m, e = self._top(sum_)
    return f24._product_sum(m, e - 238)
