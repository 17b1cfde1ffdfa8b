# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  What each element of a row reads
@notice The one index map of all operations: of each operand an affine function of the element's and the term's
        coordinates, and gauges that can lie outside. `compute/program/form.py` says it. Rows are read where they lie in
        the call's data (`step_rows`).
"""

from contracts._modules import step_codes as codes
from contracts._modules import step_rows as rows
from contracts._modules import step_words as words


# Flags of a gauge.
_SUBTRACTS: constant(uint256) = 1
_STRICT: constant(uint256) = 2
_SIGNED: constant(uint256) = 4


@internal
@view
def _head(row: uint256) -> (uint256, uint256, uint256, bool, uint256):
    """
    @return The rule (`ISteps`); number of elements; number of terms of each; whether terms are folded; number of the
            contract that has the rule.
    """
    rule: uint256 = rows._rule(row)
    code: uint256 = words._code(rule)
    h: rows.Head = rows._head(row)
    folds: bool = self._is_fold(code)
    steps: uint256 = 2 if folds else self._contract(code)
    return rule, rows._count(row, 0, h.free), rows._count(row, h.free, h.bound), folds, steps


@internal
@view
def _reads(
    row: uint256, element: uint256, first_term: uint256, indices: DynArray[uint256, rows.WORDS]
) -> (DynArray[uint256, rows.WORDS], bool):
    """
    @notice What an element, or a chunk of its terms, reads: `IStepsJudge.reads`.
    """
    h: rows.Head = rows._head(row)
    terms: uint256 = 1
    if self._is_fold(h.code):
        terms = min(rows.CHUNK, rows._count(row, h.free, h.bound) - first_term)
    at: DynArray[int256, rows.AXES] = rows._coordinates(row, 0, h.free, element)
    if len(indices) == 0:
        asked: DynArray[uint256, rows.WORDS] = self._indices(row, h, at, first_term, terms)
        if len(asked) > 0:
            return asked, False
    return self._operands(row, h, at, first_term, terms, indices), True


@internal
@view
def _indices(
    row: uint256,
    h: rows.Head,
    at: DynArray[int256, rows.AXES],
    first_term: uint256,
    terms: uint256,
) -> DynArray[uint256, rows.WORDS]:
    """
    @return Items of all indices: operand by operand, gauge by gauge, term by term.
    """
    items: DynArray[uint256, rows.WORDS] = []
    operand: uint256 = rows._first(h)
    for j: uint256 in range(h.data, bound=rows.OPERANDS):
        for g: uint256 in range(rows._number_of_gauges(row, operand), bound=rows.GAUGES):
            index: uint256 = 0
            offset: uint256 = 0
            index, offset = rows._index(row, h, operand, g)
            if index == rows.NO_NUMBER:
                continue
            found: DynArray[uint256, rows.CHUNK] = self._walk(
                row, h, rows._begin(row, h, index), at, first_term, 1 if j < h.once else terms, [], 0
            )
            for item: uint256 in found:
                items.append(item if item == words.NO_WORD else item + offset)
        operand = rows._next(row, h, operand)
    return items


@internal
@view
def _operands(
    row: uint256,
    h: rows.Head,
    at: DynArray[int256, rows.AXES],
    first_term: uint256,
    terms: uint256,
    indices: DynArray[uint256, rows.WORDS],
) -> DynArray[uint256, rows.WORDS]:
    """
    @return Items of what is read once, then term by term; of a move, of the first operand that is there.
    """
    items: DynArray[uint256, rows.WORDS] = []
    each: uint256 = h.data - h.once
    for _: uint256 in range(h.once + terms * each, bound=rows.WORDS):
        items.append(words.NO_WORD)
    used: uint256 = 0
    operand: uint256 = rows._first(h)
    for j: uint256 in range(h.data, bound=rows.OPERANDS):
        count: uint256 = 1 if j < h.once else terms
        found: DynArray[uint256, rows.CHUNK] = self._walk(row, h, operand, at, first_term, count, indices, used)
        place: uint256 = j
        for item: uint256 in found:
            items[place] = item
            place += each
        if h.code == codes.MOVE and items[j] != words.NO_WORD:
            return [items[j]]
        used += count * rows._indexed(row, h, operand)
        operand = rows._next(row, h, operand)
    return items


@internal
@pure
def _is_fold(code: uint256) -> bool:
    return (
        code == codes.SCATTER
        or (code >= codes.SUM and code <= codes.ARGMIN)
        or code == codes.ORDER
        or code == codes.DOT
    )


@internal
@pure
def _contract(code: uint256) -> uint256:
    """
    @return Number of the contract that has the rule of a code; no fold.
    """
    if code >= codes.EXP_DISTANCE:
        return 3
    return convert((code >= codes.RSQRT and code <= codes.POWER) or code == codes.CUMLOGSUMEXP, uint256)


@internal
@view
def _walk(
    row: uint256,
    h: rows.Head,
    at: uint256,
    element: DynArray[int256, rows.AXES],
    first_term: uint256,
    terms: uint256,
    indices: DynArray[uint256, rows.WORDS],
    used: uint256,
) -> DynArray[uint256, rows.CHUNK]:
    """
    @notice Where an operand is read, term by term.
    @param  at        Where the operand begins.
    @param  element   Coordinates of the element.
    @param  indices   Words of indices; those of this operand begin at `used`.
    @return Items; all ones where nothing is there.
    """
    found: DynArray[uint256, rows.CHUNK] = []
    base: uint256 = rows._item(row, at)
    strides: DynArray[int256, rows.AXES] = rows._strides(row, h, at)
    gauges: DynArray[rows.Gauge, rows.GAUGES] = []
    first: uint256 = used
    for g: uint256 in range(rows._number_of_gauges(row, at), bound=rows.GAUGES):
        gauge: rows.Gauge = rows._gauge(row, h, at, g, element)
        if gauge.index != rows.NO_NUMBER:
            gauge.index = first
            first += terms
        gauges.append(gauge)
    term: DynArray[int256, rows.AXES] = rows._coordinates(row, h.free, h.bound, first_term)
    sizes: DynArray[int256, rows.AXES] = rows._sizes(row, h)
    along: int256 = rows._place(row, h, at, element)
    for i: uint256 in range(h.bound, bound=rows.AXES):
        # Unsafe but safe: 32 bits each.
        along = unsafe_add(along, unsafe_mul(term[i], strides[i]))
    for t: uint256 in range(terms, bound=rows.CHUNK):
        place: int256 = along
        there: bool = True
        for gauge: rows.Gauge in gauges:
            # Unsafe but safe: all factors have 32 bits, or 33.
            p: int256 = gauge.start
            if gauge.by_a != 0:
                p = unsafe_add(p, unsafe_mul(term[gauge.a], gauge.by_a))
            if gauge.by_b != 0:
                p = unsafe_add(p, unsafe_mul(term[gauge.b], gauge.by_b))
            if gauge.index != rows.NO_NUMBER:
                word: uint256 = indices[gauge.index + t]
                index: int256 = words._read(word, words.I32 if gauge.flags & _SIGNED != 0 else words.U32)
                moved: int256 = max(0, min(gauge.most, index))
                there = there and word != words.NO_WORD and (moved == index or gauge.flags & _STRICT == 0)
                p = unsafe_add(p, unsafe_sub(0, moved) if gauge.flags & _SUBTRACTS != 0 else moved)
            if p < 0 or p > gauge.last or p % gauge.dilation != 0:
                there = False
            place = unsafe_add(place, unsafe_mul(p // gauge.dilation, gauge.stride))
        found.append(base | convert(place, uint256) if there else words.NO_WORD)
        for i: uint256 in range(h.bound, bound=rows.AXES):
            # Unsafe but safe: i < h.bound; a coordinate has 32 bits.
            axis: uint256 = unsafe_sub(unsafe_sub(h.bound, i), 1)
            term[axis] = unsafe_add(term[axis], 1)
            along = unsafe_add(along, strides[axis])
            if term[axis] < sizes[axis]:
                break
            along = unsafe_sub(along, unsafe_mul(sizes[axis], strides[axis]))
            term[axis] = 0
    return found
