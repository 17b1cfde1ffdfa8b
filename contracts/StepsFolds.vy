# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Steps of folds
@notice What many terms are put together to, a chunk at a time: sums and products, extremes and their places, the order
        of a sort, scatters: docs/program.md, section 2. `compute/oracle/reductions.py`, `products.py` and `indexing.py`
        are the reference.
@dev    A state is an exact sum (`f24_sums`) or (0, 0, word). Of argmax and argmin it is (1, best word, its index), of an
        order (0, 0, best candidate): keys, 32 bits each, then the index, smallest first.
"""

from contracts._modules import f24
from contracts._modules import f24_sums as sums
from contracts._modules import step_codes as codes
from contracts._modules import step_integers as integers
from contracts._modules import step_words as words


# Kinds of scatter.
_SET: constant(int256) = 0
_ADD: constant(int256) = 1
_MUL: constant(int256) = 2
_MIN: constant(int256) = 3


@external
@pure
def start(rule: uint256) -> uint256[3]:
    """
    @notice A fold before its first chunk.
    @param  rule  What is folded: `ISteps`.
    @return The state.
    """
    code: uint256 = words._code(rule)
    dtype: uint256 = words._dtype_of_operand(rule)
    if code == codes.ORDER:
        return [0, 0, words.NO_WORD]
    if code == codes.PRODUCT:
        return [0, 0, f24.ONE if dtype == words.F24 else 1]
    if code == codes.MAXIMUM:
        return [0, 0, f24.LEAST if dtype == words.F24 else words._wrapped(words._least(dtype), dtype)]
    if code == codes.MINIMUM:
        return [0, 0, f24.LARGEST if dtype == words.F24 else words._wrapped(words._greatest(dtype), dtype)]
    if code == codes.ALL:
        return [0, 0, words._wrapped(-1, dtype)]
    return [0, 0, 0]


@external
@pure
def fold(rule: uint256, state: uint256[3], first_term: uint256, operands: DynArray[uint256, 64]) -> uint256[3]:
    """
    @notice Fold one chunk of at most 16 terms.
    @param  rule        What is folded: `ISteps`.
    @param  state       Before the chunk.
    @param  first_term  Number of its first term.
    @param  operands    Words that are read once (scatter: the element; order: keys and index of the element before),
                        then those of each term.
    @return The state after it.
    """
    code: uint256 = words._code(rule)
    dtype: uint256 = words._dtype_of_operand(rule)
    if code == codes.DOT:
        return self._dot(state, operands, dtype)
    if code == codes.SUM:
        return self._sum(state, operands, 0, dtype)
    if code == codes.SCATTER:
        return self._scatter(state, operands, first_term, dtype, words._parameter(rule))
    if code == codes.ORDER:
        return self._order(state, operands, first_term, convert(words._parameter(rule), uint256))
    if code == codes.ARGMAX or code == codes.ARGMIN:
        return self._position(code == codes.ARGMAX, state, operands, first_term, dtype)
    word: uint256 = state[2]
    for x: uint256 in operands:
        if x != words.NO_WORD:
            word = self._both(code, word, x, dtype)
    return [0, 0, word]


@external
@pure
def finish(rule: uint256, state: uint256[3]) -> uint256:
    """
    @notice A fold after its last chunk.
    @param  rule   What was folded: `ISteps`.
    @param  state  The last one.
    @return The word; 2**256 - 1 where the example has no loss.
    """
    code: uint256 = words._code(rule)
    dtype: uint256 = words._dtype_of_operand(rule)
    adds: bool = code == codes.SCATTER and words._parameter(rule) == _ADD
    if code == codes.DOT or code == codes.SUM or adds:
        if dtype != words.F24:
            return words._wrapped(words._signed(state[2]), dtype)
        return sums._product_value(state) if code == codes.DOT else sums._value(state)
    if state[0] == sums.SATURATED:
        return words.NO_WORD
    if code == codes.ORDER:
        return state[2] & (2**32 - 1)
    return state[2]


@internal
@pure
def _both(code: uint256, x: uint256, y: uint256, dtype: uint256) -> uint256:
    """
    @notice Two words of a product, an extreme or bits as one.
    """
    if code == codes.ALL:
        return x & y
    if code == codes.ANY:
        return x | y
    if code == codes.PARITY:
        return x ^ y
    if code == codes.MAXIMUM:
        return f24._maximum(x, y) if dtype == words.F24 else integers._arithmetic(codes.MAX, x, y, dtype)
    if code == codes.MINIMUM:
        return f24._minimum(x, y) if dtype == words.F24 else integers._arithmetic(codes.MIN, x, y, dtype)
    assert code == codes.PRODUCT, "st: operation"
    return f24._multiply(x, y) if dtype == words.F24 else integers._arithmetic(codes.MUL, x, y, dtype)


@internal
@pure
def _dot(state: uint256[3], operands: DynArray[uint256, 64], dtype: uint256) -> uint256[3]:
    """
    @notice Pairs of factors; a first one that is not there is zero.
    """
    if dtype == words.F24:
        return sums._plus_products(state, operands)
    total: int256 = 0
    for i: uint256 in range(len(operands) // 2, bound=32):
        x: uint256 = operands[2 * i] if operands[2 * i] != words.NO_WORD else 0
        total += words._read(x, dtype) * words._read(operands[2 * i + 1], dtype)
    return sums._plus(state, total, 0)


@internal
@pure
def _sum(state: uint256[3], operands: DynArray[uint256, 64], first: uint256, dtype: uint256) -> uint256[3]:
    """
    @notice Terms from one on; those that are not there do not count.
    """
    sum_: uint256[3] = state
    for i: uint256 in range(first, len(operands), bound=64):
        x: uint256 = operands[i]
        if x == words.NO_WORD:
            continue
        if dtype == words.F24:
            sum_ = sums._plus_value(sum_, x)
        else:
            sum_ = sums._plus(sum_, words._read(x, dtype), 0)
    return sum_


@internal
@pure
def _scatter(
    state: uint256[3], operands: DynArray[uint256, 64], first_term: uint256, dtype: uint256, kind: int256
) -> uint256[3]:
    """
    @notice The element, in the first chunk, and the updates of its place.
    """
    first: uint256 = 0 if first_term == 0 else 1
    if kind == _ADD:
        return self._sum(state, operands, first, dtype)
    word: uint256 = state[2]
    for i: uint256 in range(first, len(operands), bound=64):
        x: uint256 = operands[i]
        if x == words.NO_WORD:
            continue
        if kind == _SET or i == 0:
            word = x
        elif kind == _MUL:
            word = self._both(codes.PRODUCT, word, x, dtype)
        else:
            word = self._both(codes.MINIMUM if kind == _MIN else codes.MAXIMUM, word, x, dtype)
    return [0, 0, word]


@internal
@pure
def _position(
    most: bool, state: uint256[3], operands: DynArray[uint256, 64], first_term: uint256, dtype: uint256
) -> uint256[3]:
    """
    @notice argmax, argmin: the first of equals.
    """
    best: uint256[3] = state
    index: uint256 = first_term
    for x: uint256 in operands:
        if best[0] == sums.SATURATED or (dtype == words.F24 and x == f24.SATURATED):
            return [sums.SATURATED, 0, 0]
        a: int256 = self._comparable(x, dtype)
        b: int256 = self._comparable(best[1], dtype)
        if best[0] == 0 or (a > b if most else a < b):
            best = [1, x, index]
        index += 1
    return best


@internal
@pure
def _comparable(x: uint256, dtype: uint256) -> int256:
    """
    @return An integer ordered as the elements are.
    """
    return f24._key(x) if dtype == words.F24 else words._read(x, dtype)


@internal
@pure
def _order(state: uint256[3], operands: DynArray[uint256, 64], first_term: uint256, parameter: uint256) -> uint256[3]:
    """
    @notice The least candidate above the element before.
    @param  parameter  Number of keys | descending << 4 | kinds of keys << 8, 2 bits each: 0 f24, 1 unsigned, 2 signed.
    """
    count: uint256 = parameter & 15
    best: uint256 = state[2]
    before: uint256 = operands[count]
    least: uint256 = 0
    if before != words.NO_WORD:
        # Unsafe but safe: an index is below 2**31, so a candidate is not all ones.
        least = unsafe_add(self._candidate(operands, 0, before, parameter), 1)
    at: uint256 = count + 1
    for i: uint256 in range(16):
        if at >= len(operands):
            break
        if state[0] == sums.SATURATED or self._has_saturated(operands, at, parameter):
            return [sums.SATURATED, 0, 0]
        candidate: uint256 = self._candidate(operands, at, first_term + i, parameter)
        if candidate >= least:
            best = min(best, candidate)
        at += count
    return [0, 0, best]


@internal
@pure
def _has_saturated(operands: DynArray[uint256, 64], at: uint256, parameter: uint256) -> bool:
    for i: uint256 in range(7):
        if i == parameter & 15:
            break
        if (parameter >> (8 + 2 * i)) & 3 == 0 and operands[at + i] == f24.SATURATED:
            return True
    return False


@internal
@pure
def _candidate(operands: DynArray[uint256, 64], at: uint256, index: uint256, parameter: uint256) -> uint256:
    """
    @return Keys in fields of 32 bits that are ordered as they are, then the index.
    """
    candidate: uint256 = 0
    for i: uint256 in range(7):
        if i == parameter & 15:
            break
        kind: uint256 = (parameter >> (8 + 2 * i)) & 3
        field: uint256 = operands[at + i]
        if kind == 0:
            field = convert(f24._key(field) + 2**31, uint256)
        elif kind == 2:
            field ^= 2**31
        if parameter & 16 != 0:
            field ^= 2**32 - 1
        candidate = (candidate << 32) | field
    return (candidate << 32) | index
