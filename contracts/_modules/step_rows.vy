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


# Terms of a chunk, and their coordinates on the bound axes.
CHUNK: constant(uint256) = 16
COORDINATES: constant(uint256) = CHUNK * AXES


# Words before the sizes of the axes, before the strides of an operand, and of a gauge.
_HEAD: constant(uint256) = 9
_OPERAND: constant(uint256) = 5
_GAUGE: constant(uint256) = 12


# An index that a gauge does not have; a row that is not there: the place itself is the word.
NO_NUMBER: constant(uint256) = 2**32 - 1


# What of a row all its operands share.
struct Head:
    code: uint256
    free: uint256
    bound: uint256
    operands: uint256
    data: uint256
    once: uint256


# A gauge for one element: what its free axes add is in `start`, -low too.
struct Gauge:
    start: int256
    a: uint256  # bound axis
    by_a: int256
    b: uint256
    by_b: int256
    dilation: int256
    last: int256
    stride: int256
    index: uint256  # number of the first term's word, or NO_NUMBER
    most: int256
    flags: uint256


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
def _eight(row: Bytes[4096], end: uint256) -> uint256:
    """
    @return The eight words before word `end` >= 8; reverts beyond the end.
    """
    return convert(extract32(row, 4 * end - 32), uint256)


@internal
@pure
def _field(eight: uint256, back: uint256) -> uint256:
    """
    @return One of eight words, counted from the last.
    """
    return (eight >> (32 * back)) & (2**32 - 1)


@internal
@pure
def _signed_field(eight: uint256, back: uint256) -> int256:
    # Unsafe but safe: 32 bits.
    return unsafe_sub(convert(self._field(eight, back) ^ 2**31, int256), 2**31)


@internal
@pure
def _head(row: Bytes[4096]) -> Head:
    eight: uint256 = self._eight(row, 9)
    return Head(
        code=convert(extract32(row, 0), uint256) >> 224,
        free=self._field(eight, 4),
        bound=self._field(eight, 3),
        operands=self._field(eight, 2),
        data=self._field(eight, 1),
        once=self._field(eight, 0),
    )


@internal
@pure
def _rule(row: Bytes[4096]) -> uint256:
    """
    @return The rule (`ISteps`).
    """
    dtype: uint256 = self._word(row, 1)
    of_operand: uint256 = dtype
    if self._word(row, 6) > 0:
        of_operand = self._word(row, _HEAD + self._word(row, 4) + self._word(row, 5) + 2)
    parameter: uint256 = (self._word(row, 2) << 32) | self._word(row, 3)
    return self._word(row, 0) | (dtype << 16) | (of_operand << 24) | (parameter << 32)


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
def _begins(row: Bytes[4096], h: Head) -> DynArray[uint256, OPERANDS]:
    """
    @return Where each operand begins.
    """
    found: DynArray[uint256, OPERANDS] = []
    at: uint256 = _HEAD + h.free + h.bound
    for i: uint256 in range(h.operands, bound=OPERANDS):
        found.append(at)
        at += _OPERAND + h.free + h.bound + _GAUGE * self._word(row, at + 4)
    return found


@internal
@pure
def _coordinates(row: Bytes[4096], first: uint256, axes: uint256, number: uint256) -> DynArray[int256, AXES]:
    """
    @return An index for each of so many axes, in C order.
    """
    found: DynArray[int256, AXES] = []
    for i: uint256 in range(axes, bound=AXES):
        found.append(0)
    rest: uint256 = number
    for i: uint256 in range(axes, bound=AXES):
        # Unsafe but safe: i < axes.
        axis: uint256 = unsafe_sub(axes, i) - 1
        size: uint256 = self._word(row, _HEAD + first + axis)
        found[axis] = convert(rest % size, int256)
        rest = rest // size
    return found


@internal
@pure
def _terms(row: Bytes[4096], h: Head, first_term: uint256, terms: uint256) -> DynArray[int256, COORDINATES]:
    """
    @return The coordinates of so many terms on the bound axes, term by term.
    """
    found: DynArray[int256, COORDINATES] = []
    for t: uint256 in range(terms, bound=CHUNK):
        term: DynArray[int256, AXES] = self._coordinates(row, h.free, h.bound, first_term + t)
        for coordinate: int256 in term:
            found.append(coordinate)
    return found


@internal
@pure
def _item(row: Bytes[4096], at: uint256) -> uint256:
    """
    @return The item of an operand without the element: of a word that is given it has no number of elements.
    """
    eight: uint256 = self._eight(row, at + 5)
    number: uint256 = self._field(eight, 4)
    if number == NO_NUMBER:
        return NO_NUMBER << 64
    wide: uint256 = convert(self._field(eight, 2) == words.WIDE, uint256)
    return (wide << 96) | (number << 64) | (self._field(eight, 3) << 32)


@internal
@pure
def _place(row: Bytes[4096], h: Head, at: uint256, element: DynArray[int256, AXES]) -> int256:
    """
    @return Where the operand that begins at `at` is read, as far as the element tells.
    """
    place: int256 = convert(self._word(row, at + 3), int256)
    for i: uint256 in range(h.free, bound=AXES):
        # Unsafe but safe: 32 bits each.
        place = unsafe_add(place, unsafe_mul(element[i], self._signed_word(row, at + _OPERAND + i)))
    return place


@internal
@pure
def _strides(row: Bytes[4096], h: Head, at: uint256) -> DynArray[int256, AXES]:
    """
    @return What a step along each bound axis adds.
    """
    found: DynArray[int256, AXES] = []
    for i: uint256 in range(h.bound, bound=AXES):
        found.append(self._signed_word(row, at + _OPERAND + h.free + i))
    return found


@internal
@pure
def _first_gauge(h: Head, at: uint256) -> uint256:
    return at + _OPERAND + h.free + h.bound


@internal
@pure
def _gauges(
    row: Bytes[4096], h: Head, at: uint256, element: DynArray[int256, AXES], terms: uint256, used: uint256
) -> DynArray[Gauge, GAUGES]:
    """
    @notice The gauges of an operand for one element.
    @param  terms  How many words each index has.
    @param  used   Number of the first one.
    """
    found: DynArray[Gauge, GAUGES] = []
    end: uint256 = self._first_gauge(h, at)
    index: uint256 = used
    for i: uint256 in range(self._word(row, at + 4), bound=GAUGES):
        end += _GAUGE
        gauge: Gauge = self._gauge(self._eight(row, end - 4), self._eight(row, end), h.free, element)
        if gauge.index != NO_NUMBER:
            gauge.index = index
            index += terms
        found.append(gauge)
    return found


@internal
@pure
def _gauge(early: uint256, late: uint256, free: uint256, element: DynArray[int256, AXES]) -> Gauge:
    """
    @param  early  Its first eight words.
    @param  late   Its last eight.
    """
    found: Gauge = empty(Gauge)
    # Unsafe but safe: 32 bits each.
    found.start = unsafe_sub(0, self._signed_field(early, 3))
    found.a = self._field(early, 7)
    found.by_a = self._signed_field(early, 6)
    if found.a < free:
        if found.by_a != 0:
            found.start = unsafe_add(found.start, unsafe_mul(found.by_a, element[found.a]))
        found.by_a = 0
    else:
        found.a = unsafe_sub(found.a, free)
    found.b = self._field(early, 5)
    found.by_b = self._signed_field(early, 4)
    if found.b < free:
        if found.by_b != 0:
            found.start = unsafe_add(found.start, unsafe_mul(found.by_b, element[found.b]))
        found.by_b = 0
    else:
        found.b = unsafe_sub(found.b, free)
    found.dilation = self._signed_field(early, 2)
    found.last = unsafe_mul(unsafe_sub(self._signed_field(early, 1), 1), found.dilation)
    found.stride = self._signed_field(early, 0)
    found.index = self._field(late, 3)
    found.most = self._signed_field(late, 1)
    found.flags = self._field(late, 0)
    return found
