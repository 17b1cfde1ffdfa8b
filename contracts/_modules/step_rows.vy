# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""
@title  Rows of an unrolled program
@notice Reads the leaf that `compute/program/form.py` encodes, words of 32 bits: code, dtype, parameter (two), number of
        free axes, bound axes, operands, of those that hold data, of those that are read once; sizes of axes; operands:
        row, elements, dtype, first, number of gauges, a stride for each axis, gauges of twelve words.
@dev    A row is bound by a hash, but no reader trusts it: bounds of axes, gauges and operands are those of the lists.
"""

from contracts._modules import step_words as words


# Axes of an iteration: a value has at most 12, a product as many again, a convolution with groups one more.
AXES: constant(uint256) = 25
GAUGES: constant(uint256) = 12
OPERANDS: constant(uint256) = 96


# Words before the sizes of the axes, before the strides of an operand, and of a gauge.
_HEAD: constant(uint256) = 9
_OPERAND: constant(uint256) = 5
_GAUGE: constant(uint256) = 12


# An index that a gauge does not have, a row that is not there: the place itself is the word.
NO_NUMBER: constant(uint256) = 2**32 - 1


struct Gauge:
    a: uint256
    by_a: int256
    b: uint256
    by_b: int256
    low: int256
    dilation: int256
    size: int256
    stride: int256
    index: uint256  # operand; NO_NUMBER: none
    offset: uint256
    most: int256
    subtracts: bool
    strict: bool
    signed: bool


struct Operand:
    item: uint256  # of `reads`, without the element
    first: int256
    strides: DynArray[int256, AXES]
    gauges: DynArray[Gauge, GAUGES]


struct Row:
    code: uint256
    free: uint256
    sizes: DynArray[uint256, AXES]
    operands: DynArray[uint256, OPERANDS]  # where each begins
    data: uint256
    once: uint256


@internal
@pure
def _word(row: Bytes[4096], i: uint256) -> uint256:
    """
    @return Word `i`; reverts beyond the end.
    """
    if i < 8:
        return (convert(extract32(row, 0), uint256) >> (224 - 32 * i)) & (2**32 - 1)
    return convert(extract32(row, 4 * i - 28), uint256) & (2**32 - 1)


@internal
@pure
def _signed_word(row: Bytes[4096], i: uint256) -> int256:
    # Unsafe but safe: 32 bits.
    return unsafe_sub(convert(self._word(row, i) ^ 2**31, int256), 2**31)


@internal
@pure
def _rule(row: Bytes[4096]) -> uint256:
    """
    @return The rule (`ISteps`).
    """
    dtype: uint256 = self._word(row, 1)
    of_operand: uint256 = dtype
    if self._word(row, 6) > 0:
        of_operand = self._word(row, self._first_operand(row) + 2)
    parameter: uint256 = (self._word(row, 2) << 32) | self._word(row, 3)
    return self._word(row, 0) | (dtype << 16) | (of_operand << 24) | (parameter << 32)


@internal
@pure
def _first_operand(row: Bytes[4096]) -> uint256:
    return _HEAD + self._axes(row)


@internal
@pure
def _axes(row: Bytes[4096]) -> uint256:
    return self._word(row, 4) + self._word(row, 5)


@internal
@pure
def _count(row: Bytes[4096], first: uint256, axes: uint256) -> uint256:
    """
    @return Product of the sizes of so many axes.
    """
    n: uint256 = 1
    for i: uint256 in range(axes, bound=AXES):
        n *= self._word(row, _HEAD + first + i)
    return n


@internal
@pure
def _row(row: Bytes[4096]) -> Row:
    """
    @return The head, and where each operand begins.
    """
    axes: uint256 = self._axes(row)
    found: Row = Row(
        code=self._word(row, 0),
        free=self._word(row, 4),
        sizes=[],
        operands=[],
        data=self._word(row, 7),
        once=self._word(row, 8),
    )
    for i: uint256 in range(axes, bound=AXES):
        found.sizes.append(self._word(row, _HEAD + i))
    at: uint256 = _HEAD + axes
    for i: uint256 in range(self._word(row, 6), bound=OPERANDS):
        found.operands.append(at)
        at += _OPERAND + axes + _GAUGE * self._word(row, at + 4)
    return found


@internal
@pure
def _operand(row: Bytes[4096], at: uint256, axes: uint256) -> Operand:
    """
    @param  at  Where it begins.
    """
    wide: uint256 = convert(self._word(row, at + 2) == words.WIDE, uint256)
    found: Operand = Operand(
        item=(wide << 96) | (self._word(row, at) << 64) | (self._word(row, at + 1) << 32),
        first=convert(self._word(row, at + 3), int256),
        strides=[],
        gauges=[],
    )
    if self._word(row, at) == NO_NUMBER:
        # The place is the word and has no elements beside it.
        found.item = NO_NUMBER << 64
    for i: uint256 in range(axes, bound=AXES):
        found.strides.append(self._signed_word(row, at + _OPERAND + i))
    gauge: uint256 = at + _OPERAND + axes
    for i: uint256 in range(self._word(row, at + 4), bound=GAUGES):
        found.gauges.append(self._gauge(row, gauge))
        gauge += _GAUGE
    return found


@internal
@pure
def _gauge(row: Bytes[4096], at: uint256) -> Gauge:
    flags: uint256 = self._word(row, at + 11)
    return Gauge(
        a=self._word(row, at),
        by_a=self._signed_word(row, at + 1),
        b=self._word(row, at + 2),
        by_b=self._signed_word(row, at + 3),
        low=self._signed_word(row, at + 4),
        dilation=self._signed_word(row, at + 5),
        size=self._signed_word(row, at + 6),
        stride=self._signed_word(row, at + 7),
        index=self._word(row, at + 8),
        offset=self._word(row, at + 9),
        most=self._signed_word(row, at + 10),
        subtracts=flags & 1 == 1,
        strict=flags & 2 == 2,
        signed=flags & 4 == 4,
    )


@internal
@pure
def _coordinates(sizes: DynArray[uint256, AXES], free: uint256, element: uint256, term: uint256) -> DynArray[int256, AXES]:
    """
    @return An index for each axis, in C order: the free ones tell the element, the bound ones the term.
    """
    found: DynArray[int256, AXES] = []
    for size: uint256 in sizes:
        found.append(0)
    rest: uint256 = term
    for back: uint256 in range(len(sizes), bound=AXES):
        axis: uint256 = len(sizes) - 1 - back
        if axis + 1 == free:
            rest = element
        found[axis] = convert(rest % sizes[axis], int256)
        rest = rest // sizes[axis]
    return found
