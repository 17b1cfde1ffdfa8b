# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Judge of one step
@notice Computes one element of one row, or one chunk of 8 terms of it, from what the trace holds. A row says what is read
        for it (`step_places`), a proof opens that under the trace's root, and the contract of the rule makes the word.
@dev    Rows and proofs are read where they lie in the call's data: they are long, and little of them is needed at a time.
"""

from contracts._modules import dispute_trees
from contracts._modules import step_places as places
from contracts._modules import step_rows as rows
from contracts._modules import step_words
from interfaces import ISteps
from interfaces import IStepsJudge

implements: IStepsJudge

_ROW: constant(uint256) = 4_096
_CONTRACTS: constant(uint256) = 8


# Codes of rows whose words come from outside.
_OUTSIDE: constant(uint256[3]) = [1, 16, 17]

_U32: constant(uint256) = 2**32 - 1
_U64: constant(uint256) = 2**64 - 1

# Openings that are looked into, after the first one.
_OPEN: constant(uint256) = 4


# Consecutive leaves of a row; none at first.
struct Opening:
    row: uint256
    root: bytes32  # of the row
    first: uint256
    count: uint256
    at: uint256  # of the first leaf in the call's data
    path: uint256  # of the root's siblings in the trace


_STEPS: immutable(address[_CONTRACTS])


@deploy
def __init__(steps: DynArray[address, _CONTRACTS]):
    """
    @notice Fix the rules.
    @param  steps  Their contracts, by number.
    """
    contracts: address[_CONTRACTS] = empty(address[_CONTRACTS])
    for i: uint256 in range(len(steps), bound=_CONTRACTS):
        assert steps[i] != empty(address), "sj: zero address"
        contracts[i] = steps[i]
    _STEPS = contracts


@external
@view
@reentrant
def STEPS(number: uint256) -> address:
    """
    @notice A contract of rules.
    @param  number  0 to 7, see `IStepsJudge`.
    @return Its address, or zero.
    """
    return _STEPS[number]


@external
@view
@reentrant
def shape(row: Bytes[_ROW]) -> IStepsJudge.Shape:
    """
    @notice What a row holds.
    @param  row  Its bytes.
    @return Its shape.
    """
    return self._shape(rows._first_argument(len(row)))


@external
@view
@reentrant
def reads(
    row: Bytes[_ROW], element: uint256, first_term: uint256, indices: DynArray[uint256, rows.WORDS]
) -> (DynArray[uint256, rows.WORDS], bool):
    """
    @notice What an element, or a chunk of its terms, reads.
    @param  row         Its bytes.
    @param  element     Below the row's number of elements.
    @param  first_term  Of the chunk; 0 where nothing is folded.
    @param  indices     Words of the items of an earlier answer that was not all; at first none.
    @return Items, see `IStepsJudge`.
    @return Whether these are all.
    """
    return places._reads(rows._first_argument(len(row)), element, first_term, indices)


@external
@view
@reentrant
def finish(row: Bytes[_ROW], state: uint256[3]) -> (uint256, uint256):
    """
    @notice The element that a fold's last partial result makes.
    @param  row    The row's bytes.
    @param  state  The partial result.
    @return The word.
    @return Number of chunks of an element, 1 or more.
    """
    shape: IStepsJudge.Shape = self._shape(rows._first_argument(len(row)))
    assert shape.is_fold, "rf: another proof"
    return staticcall ISteps(_STEPS[shape.steps]).finish(shape.rule, state), self._chunks(shape.terms)


@external
@view
@reentrant
def element(row: Bytes[_ROW], at: IStepsJudge.Place, proof: DynArray[bytes32, dispute_trees.PROOF]) -> uint256:
    """
    @notice An element of a row that is no fold.
    @param  row    The row's bytes.
    @param  at     Which, and the trace.
    @param  proof  Openings of its operands, see `_words`.
    @return The word.
    """
    place: uint256 = rows._first_argument(len(row))
    shape: IStepsJudge.Shape = self._shape(place)
    assert not shape.is_fold and step_words._code(shape.rule) not in _OUTSIDE, "rf: another proof"
    words: DynArray[uint256, rows.WORDS] = self._words(place, at, 0, dispute_trees._argument(4), len(proof))
    return staticcall ISteps(_STEPS[shape.steps]).result(shape.rule, words)


@external
@view
@reentrant
def part(
    row: Bytes[_ROW],
    at: IStepsJudge.Place,
    chunk: uint256,
    before: uint256[3],
    proof: DynArray[bytes32, dispute_trees.PROOF],
) -> uint256[3]:
    """
    @notice The partial result of a fold after a chunk.
    @param  row     The row's bytes.
    @param  at      Which element, and the trace.
    @param  chunk   The chunk.
    @param  before  The partial result before; ignored for the first chunk.
    @param  proof   Openings of its operands, see `_words`.
    @return The partial result.
    """
    place: uint256 = rows._first_argument(len(row))
    shape: IStepsJudge.Shape = self._shape(place)
    assert shape.is_fold and chunk < self._chunks(shape.terms), "rf: another proof"
    steps: ISteps = ISteps(_STEPS[shape.steps])
    state: uint256[3] = before
    if chunk == 0:
        state = staticcall steps.start(shape.rule)
    first: uint256 = rows.CHUNK * chunk
    words: DynArray[uint256, rows.WORDS] = self._words(place, at, first, dispute_trees._argument(8), len(proof))
    return staticcall steps.fold(shape.rule, state, first, words)


@internal
@view
def _shape(row: uint256) -> IStepsJudge.Shape:
    shape: IStepsJudge.Shape = empty(IStepsJudge.Shape)
    shape.rule, shape.elements, shape.terms, shape.is_fold, shape.steps = places._head(row)
    shape.wide = step_words._dtype(shape.rule) == step_words.WIDE
    return shape


@internal
@pure
def _chunks(terms: uint256) -> uint256:
    return max(1, (terms + rows.CHUNK - 1) // rows.CHUNK)


@internal
@view
def _words(
    row: uint256, at: IStepsJudge.Place, first_term: uint256, proof: uint256, length: uint256
) -> DynArray[uint256, rows.WORDS]:
    """
    @notice What the step reads, from the trace.
    @dev    At `proof` begins a list of `length` words, openings, all of which are used. An opening: row << 64 | first leaf
            << 32 | leaves; the leaves; siblings in the row's tree; siblings of the row's root in the trace. What is read
            is looked up in the first opening and in the last four, and if it is not there, in the next one. Of the
            siblings in the trace only the first opening has all. One of a row that one of those is of has none, any other
            has those below the node where its way up meets the first one's: that node's children are known.
    """
    next: uint256 = proof
    end: uint256 = proof + 32 * length
    items: DynArray[uint256, rows.WORDS] = []
    complete: bool = False
    items, complete = places._reads(row, at.element, first_term, [])
    if not complete:
        items, next = self._look_up(at, items, next)
        items, complete = places._reads(row, at.element, first_term, items)
    items, next = self._look_up(at, items, next)
    assert next == end, "rf: proof"
    return items


@internal
@view
def _look_up(
    place: IStepsJudge.Place, items: DynArray[uint256, rows.WORDS], start: uint256
) -> (DynArray[uint256, rows.WORDS], uint256):
    """
    @param  start  Where the proof goes on in the call's data.
    @return The words of the items.
    @return Where it goes on then.
    """
    words: DynArray[uint256, rows.WORDS] = items
    at: uint256 = start
    opened: Opening[_OPEN + 1] = empty(Opening[_OPEN + 1])
    n: uint256 = 0
    for i: uint256 in range(len(items), bound=rows.WORDS):
        item: uint256 = items[i]
        row: uint256 = (item >> 64) & _U32
        if row == rows.NO_NUMBER:
            if item != step_words.NO_WORD:
                words[i] = item & _U64
            continue
        wide: bool = item >> 96 == 1
        there: uint256 = item & _U32
        leaf: uint256 = there if wide else there >> 3
        found: uint256 = _OPEN + 1
        for o: uint256 in range(_OPEN + 1):
            # Unsafe on purpose: a leaf before the first one is beyond all.
            if opened[o].row == row and unsafe_sub(leaf, opened[o].first) < opened[o].count:
                found = o
                break
        if found > _OPEN:
            found = 0 if n == 0 else 1 + (n - 1) % _OPEN
            n += 1
            elements: uint256 = (item >> 32) & _U32
            opened[found], at = self._open(place, opened, at, row, elements if wide else (elements + 7) // 8)
            assert unsafe_sub(leaf, opened[found].first) < opened[found].count, "rf: opening"
        # Unsafe but safe: below 2**64.
        place_: uint256 = unsafe_add(opened[found].at, unsafe_mul(32, unsafe_sub(leaf, opened[found].first)))
        word: uint256 = convert(slice(msg.data, place_, 32), uint256)
        words[i] = word if wide else (word >> unsafe_sub(224, unsafe_mul(32, there & 7))) & _U32
    return words, at


@internal
@view
def _open(
    place: IStepsJudge.Place, opened: Opening[_OPEN + 1], start: uint256, row: uint256, leaves: uint256
) -> (Opening, uint256):
    """
    @notice The opening that begins at `start` in the call's data, of a row with so many leaves.
    @return It.
    @return Where the proof goes on.
    """
    head: uint256 = convert(dispute_trees._data(start), uint256)
    assert head >> 64 == row and row < place.rows, "rf: opening"
    new: Opening = empty(Opening)
    new.row = row
    new.first = (head >> 32) & _U32
    new.count = head & _U32
    new.at = start + 32
    new.root, new.path = dispute_trees._climb_range(new.at, new.count, new.first, dispute_trees._depth(leaves))
    for o: uint256 in range(_OPEN + 1):
        if opened[o].row == row and opened[o].count > 0:
            assert new.root == opened[o].root, "rf: operand"
            return new, new.path
    levels: uint256 = 0
    known: bytes32 = place.trace
    if opened[0].count == 0:
        levels = dispute_trees._depth(place.rows)
    else:
        levels = dispute_trees._depth((row ^ opened[0].row) + 1) - 1
        known = dispute_trees._data(opened[0].path + 32 * levels)
    node: bytes32 = empty(bytes32)
    at: uint256 = 0
    node, at = dispute_trees._climb_data(new.root, row, new.path, levels)
    assert node == known, "rf: operand"
    return new, at
