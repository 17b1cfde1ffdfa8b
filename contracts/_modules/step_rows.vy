# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Rows of an unrolled program
@notice Reads the leaf that `compute/program/form.py` encodes, words of 32 bits: code, dtype, parameter (two), number of
        free axes, bound axes, operands, of those that hold data, of those that are read once; sizes of axes; operands:
        row, elements, dtype, first, number of gauges, a stride for each axis, gauges of twelve words.
@dev    A row is read where it lies in the call's data, as it is longer than what is read of it; inside, `row` is the
        place of its first byte. It is bound by a hash; still, bounds of axes, gauges and operands are those of the lists.
"""

from contracts._modules import step_words as words


# Free axes, bound axes: a value has at most 12 axes, in a convolution with groups one more.
AXES: constant(uint256) = 13
GAUGES: constant(uint256) = 12
OPERANDS: constant(uint256) = 128


# Terms of a chunk: as many elements of f24 as a leaf holds.
CHUNK: constant(uint256) = 8


# Words that a step reads.
WORDS: constant(uint256) = 64


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
@view
def _first_argument(length: uint256) -> uint256:
    """
    @param  length  Bytes of the row.
    @return Where in the call's data the row begins that is its first argument.
    """
    assert length % 4 == 0, "st: row"
    return convert(slice(msg.data, 4, 32), uint256) + 36


@internal
@view
def _word(row: uint256, i: uint256) -> uint256:
    """
    @return Word `i`.
    """
    # Unsafe but safe: a word beyond the call's data reverts.
    return convert(slice(msg.data, unsafe_add(row, unsafe_mul(4, i)), 4), uint256)


@internal
@view
def _signed_word(row: uint256, i: uint256) -> int256:
    # Unsafe but safe: 32 bits.
    return unsafe_sub(convert(self._word(row, i) ^ 2**31, int256), 2**31)


@internal
@view
def _eight(row: uint256, end: uint256) -> uint256:
    """
    @return The eight words before word `end` >= 8; reverts beyond the end.
    """
    # Unsafe but safe: a word beyond the call's data reverts.
    return convert(slice(msg.data, unsafe_sub(unsafe_add(row, unsafe_mul(4, end)), 32), 32), uint256)


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
@view
def _head(row: uint256) -> Head:
    eight: uint256 = self._eight(row, 9)
    return Head(
        code=self._word(row, 0),
        free=self._field(eight, 4),
        bound=self._field(eight, 3),
        operands=self._field(eight, 2),
        data=self._field(eight, 1),
        once=self._field(eight, 0),
    )


@internal
@view
def _rule(row: uint256) -> uint256:
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
@view
def _count(row: uint256, first: uint256, axes: uint256) -> uint256:
    """
    @return Product of the sizes of so many axes.
    """
    n: uint256 = 1
    for i: uint256 in range(axes, bound=AXES):
        n *= self._word(row, _HEAD + first + i)
    return n


@internal
@pure
def _first(h: Head) -> uint256:
    """
    @return Where the first operand begins.
    """
    return _HEAD + h.free + h.bound


@internal
@view
def _next(row: uint256, h: Head, at: uint256) -> uint256:
    """
    @return Where the operand after the one at `at` begins.
    """
    return self._first_gauge(h, at) + _GAUGE * self._number_of_gauges(row, at)


@internal
@view
def _begin(row: uint256, h: Head, operand: uint256) -> uint256:
    """
    @return Where an operand begins.
    """
    at: uint256 = self._first(h)
    for _: uint256 in range(operand, bound=OPERANDS):
        at = self._next(row, h, at)
    return at


@internal
@view
def _coordinates(row: uint256, first: uint256, axes: uint256, number: uint256) -> DynArray[int256, AXES]:
    """
    @return An index for each of so many axes, in C order.
    """
    found: DynArray[int256, AXES] = []
    for i: uint256 in range(axes, bound=AXES):
        found.append(0)
    rest: uint256 = number
    for i: uint256 in range(axes, bound=AXES):
        # Unsafe but safe: i < axes.
        axis: uint256 = unsafe_sub(unsafe_sub(axes, i), 1)
        size: uint256 = self._word(row, _HEAD + first + axis)
        found[axis] = convert(rest % size, int256)
        rest = rest // size
    return found


@internal
@view
def _sizes(row: uint256, h: Head) -> DynArray[int256, AXES]:
    """
    @return Of the bound axes.
    """
    found: DynArray[int256, AXES] = []
    for i: uint256 in range(h.bound, bound=AXES):
        found.append(convert(self._word(row, _HEAD + h.free + i), int256))
    return found


@internal
@view
def _item(row: uint256, at: uint256) -> uint256:
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
@view
def _place(row: uint256, h: Head, at: uint256, element: DynArray[int256, AXES]) -> int256:
    """
    @return Where the operand that begins at `at` is read, as far as the element tells.
    """
    place: int256 = convert(self._word(row, at + 3), int256)
    for i: uint256 in range(h.free, bound=AXES):
        # Unsafe but safe: 32 bits each.
        place = unsafe_add(place, unsafe_mul(element[i], self._signed_word(row, at + _OPERAND + i)))
    return place


@internal
@view
def _strides(row: uint256, h: Head, at: uint256) -> DynArray[int256, AXES]:
    """
    @return What a step along each bound axis adds.
    """
    found: DynArray[int256, AXES] = []
    for i: uint256 in range(h.bound, bound=AXES):
        found.append(self._signed_word(row, at + _OPERAND + h.free + i))
    return found


@internal
@view
def _number_of_gauges(row: uint256, at: uint256) -> uint256:
    return self._word(row, at + 4)


@internal
@view
def _index(row: uint256, h: Head, at: uint256, number: uint256) -> (uint256, uint256):
    """
    @return Of a gauge the operand that is its index, or NO_NUMBER, and how many elements further on.
    """
    eight: uint256 = self._eight(row, self._first_gauge(h, at) + _GAUGE * (number + 1))
    return self._field(eight, 3), self._field(eight, 2)


@internal
@view
def _indexed(row: uint256, h: Head, at: uint256) -> uint256:
    """
    @return How many gauges of an operand have an index.
    """
    n: uint256 = 0
    for g: uint256 in range(self._number_of_gauges(row, at), bound=GAUGES):
        index: uint256 = 0
        offset: uint256 = 0
        index, offset = self._index(row, h, at, g)
        n += convert(index != NO_NUMBER, uint256)
    return n


@internal
@pure
def _first_gauge(h: Head, at: uint256) -> uint256:
    return at + _OPERAND + h.free + h.bound


@internal
@view
def _gauge(row: uint256, h: Head, at: uint256, number: uint256, element: DynArray[int256, AXES]) -> Gauge:
    """
    @return A gauge of an operand for one element; its index is the number of an operand.
    """
    found: Gauge = empty(Gauge)
    end: uint256 = self._first_gauge(h, at) + _GAUGE * (number + 1)
    early: uint256 = self._eight(row, end - 4)
    late: uint256 = self._eight(row, end)
    free: uint256 = h.free
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
