# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""
@title  Steps: what each element reads
@notice The one index map of all operations: of each operand an affine function of the element's and the term's
        coordinates, and gauges that can lie outside. `compute/program/form.py` says it.
"""

from contracts._modules import step_codes as codes
from contracts._modules import step_rows as rows
from contracts._modules import step_words as words


# Terms of a chunk.
_CHUNK: constant(uint256) = 16


@external
@pure
def head(row: Bytes[4096]) -> (uint256, uint256, uint256, bool, uint256):
    """
    @notice What a row says of itself: `IPlaces`.
    @param  row  The leaf.
    @return The rule; number of elements; number of terms; whether they are folded; number of its contract.
    """
    rule: uint256 = rows._rule(row)
    code: uint256 = words._code(rule)
    free: uint256 = rows._word(row, 4)
    folds: bool = self._is_fold(code)
    return (
        rule,
        rows._count(row, 0, free),
        rows._count(row, free, rows._word(row, 5)),
        folds,
        2 if folds else self._contract(code),
    )


@external
@pure
def reads(
    row: Bytes[4096], element: uint256, first_term: uint256, indices: DynArray[uint256, 96]
) -> (DynArray[uint256, 96], bool):
    """
    @notice What an element, or a chunk of its terms, reads: `IPlaces`.
    @param  row         The leaf.
    @param  element     Below the row's number of elements.
    @param  first_term  Of the chunk; 0 where nothing is folded.
    @param  indices     Words of the items of an earlier answer that was not all; at first none.
    @return Items, and whether these are all.
    """
    r: rows.Row = rows._row(row)
    terms: uint256 = self._terms(row, r, first_term)
    if len(indices) == 0:
        asked: DynArray[uint256, 96] = self._indices(row, r, element, first_term, terms)
        if len(asked) > 0:
            return asked, False
    return self._operands(row, r, element, first_term, terms, indices), True


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
@pure
def _terms(row: Bytes[4096], r: rows.Row, first_term: uint256) -> uint256:
    """
    @return How many terms are walked: those of the chunk, or the one of what is not folded.
    """
    if not self._is_fold(r.code):
        return 1
    return min(_CHUNK, rows._count(row, r.free, len(r.sizes) - r.free) - first_term)


@internal
@pure
def _indices(
    row: Bytes[4096], r: rows.Row, element: uint256, first_term: uint256, terms: uint256
) -> DynArray[uint256, 96]:
    """
    @return Items of all indices, in the order in which `_operands` needs their words.
    """
    items: DynArray[uint256, 96] = []
    for j: uint256 in range(r.data, bound=rows.OPERANDS):
        operand: rows.Operand = rows._operand(row, r.operands[j], len(r.sizes))
        for t: uint256 in range(1 if j < r.once else terms, bound=_CHUNK):
            at: DynArray[int256, rows.AXES] = rows._coordinates(r.sizes, r.free, element, first_term + t)
            for gauge: rows.Gauge in operand.gauges:
                if gauge.index != rows.NO_NUMBER:
                    items.append(self._index(row, r, gauge, at))
    return items


@internal
@pure
def _index(row: Bytes[4096], r: rows.Row, gauge: rows.Gauge, at: DynArray[int256, rows.AXES]) -> uint256:
    """
    @return The item of a gauge's index.
    """
    item: uint256 = 0
    used: uint256 = 0
    item, used = self._item(rows._operand(row, r.operands[gauge.index], len(r.sizes)), at, [], 0)
    return item + gauge.offset if item != words.NO_WORD else item


@internal
@pure
def _operands(
    row: Bytes[4096],
    r: rows.Row,
    element: uint256,
    first_term: uint256,
    terms: uint256,
    indices: DynArray[uint256, 96],
) -> DynArray[uint256, 96]:
    """
    @return Items of what is read once, then term by term; of a move, of the first operand that is there.
    """
    each: uint256 = r.data - r.once
    used: uint256 = 0
    items: DynArray[uint256, 96] = []
    for i: uint256 in range(r.once + terms * each, bound=96):
        items.append(words.NO_WORD)
    for j: uint256 in range(r.data, bound=rows.OPERANDS):
        operand: rows.Operand = rows._operand(row, r.operands[j], len(r.sizes))
        for t: uint256 in range(1 if j < r.once else terms, bound=_CHUNK):
            at: DynArray[int256, rows.AXES] = rows._coordinates(r.sizes, r.free, element, first_term + t)
            place: uint256 = j if j < r.once else j + t * each
            items[place], used = self._item(operand, at, indices, used)
        if r.code == codes.MOVE and items[j] != words.NO_WORD:
            return [items[j]]
    return items


@internal
@pure
def _item(
    operand: rows.Operand, at: DynArray[int256, rows.AXES], indices: DynArray[uint256, 96], first: uint256
) -> (uint256, uint256):
    """
    @notice Where an operand is read.
    @param  at       Coordinates.
    @param  indices  Words of indices; those of this operand begin at `first`.
    @return The item, all ones if nothing is there, and the number of the next index.
    """
    used: uint256 = first
    place: int256 = operand.first
    there: bool = True
    for i: uint256 in range(len(at), bound=rows.AXES):
        place += at[i] * operand.strides[i]
    for gauge: rows.Gauge in operand.gauges:
        p: int256 = -gauge.low
        if gauge.by_a != 0:
            p += at[gauge.a] * gauge.by_a
        if gauge.by_b != 0:
            p += at[gauge.b] * gauge.by_b
        if gauge.index != rows.NO_NUMBER:
            there = there and indices[used] != words.NO_WORD
            index: int256 = words._read(indices[used], words.I32 if gauge.signed else words.U32)
            moved: int256 = max(0, min(gauge.most, index))
            there = there and (moved == index or not gauge.strict)
            p += -moved if gauge.subtracts else moved
            used += 1
        there = there and p >= 0 and p <= (gauge.size - 1) * gauge.dilation and p % gauge.dilation == 0
        place += p // gauge.dilation * gauge.stride
    return (operand.item | convert(place, uint256) if there else words.NO_WORD), used
