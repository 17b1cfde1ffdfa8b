# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Judge of one step
@notice Computes one element of one row, or one chunk of 16 terms of it, from what the trace holds. Where its operands are
        says one contract, what the rule makes of them another; this one looks them up under the trace's root.
"""

from contracts._modules import dispute_trees
from interfaces import IPlaces
from interfaces import ISteps
from interfaces import IStepsJudge

implements: IStepsJudge

_ROW: constant(uint256) = 4_096
_WORDS: constant(uint256) = 96
_CONTRACTS: constant(uint256) = 8
_CHUNK: constant(uint256) = 16
_WIDE: constant(uint256) = 8


# Codes of rows whose words come from outside.
_OUTSIDE: constant(uint256[3]) = [1, 16, 17]


# What a step does not read, and the row of what is no row's.
_ABSENT: constant(uint256) = max_value(uint256)
_IMMEDIATE: constant(uint256) = 2**32 - 1

_U32: constant(uint256) = 2**32 - 1
_U64: constant(uint256) = 2**64 - 1

# Openings that are looked into.
_OPEN: constant(uint256) = 4


# Consecutive leaves of a row; empty ones are of no row's.
struct Opening:
    row: uint256
    first: uint256
    end: uint256
    at: uint256  # of the first leaf in the proof


PLACES: public(reentrant(immutable(IPlaces)))
_STEPS: immutable(address[_CONTRACTS])


@deploy
def __init__(places: address, steps: DynArray[address, _CONTRACTS]):
    """
    @notice Fix the rules.
    @param  places  What a step reads.
    @param  steps   The rules, by the number that `places` gives them.
    """
    assert places != empty(address), "sj: zero address"
    contracts: address[_CONTRACTS] = empty(address[_CONTRACTS])
    for i: uint256 in range(len(steps), bound=_CONTRACTS):
        assert steps[i] != empty(address), "sj: zero address"
        contracts[i] = steps[i]
    PLACES = IPlaces(places)
    _STEPS = contracts


@external
@view
@reentrant
def STEPS(number: uint256) -> address:
    """
    @notice A contract of rules.
    @param  number  What `PLACES` calls it, 0 to 7.
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
    return self._shape(row)


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
    shape: IStepsJudge.Shape = self._shape(row)
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
    shape: IStepsJudge.Shape = self._shape(row)
    assert not shape.is_fold and convert(slice(row, 0, 4), uint256) not in _OUTSIDE, "rf: another proof"
    words: DynArray[uint256, _WORDS] = []
    read: uint256 = 0
    words, read = self._words(row, at, 0, dispute_trees._argument(4))
    assert read == len(proof), "rf: proof"
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
    shape: IStepsJudge.Shape = self._shape(row)
    assert shape.is_fold and chunk < self._chunks(shape.terms), "rf: another proof"
    steps: ISteps = ISteps(_STEPS[shape.steps])
    state: uint256[3] = before
    if chunk == 0:
        state = staticcall steps.start(shape.rule)
    words: DynArray[uint256, _WORDS] = []
    read: uint256 = 0
    words, read = self._words(row, at, _CHUNK * chunk, dispute_trees._argument(8))
    assert read == len(proof), "rf: proof"
    return staticcall steps.fold(shape.rule, state, _CHUNK * chunk, words)


@internal
@view
def _shape(row: Bytes[_ROW]) -> IStepsJudge.Shape:
    shape: IStepsJudge.Shape = empty(IStepsJudge.Shape)
    shape.rule, shape.elements, shape.terms, shape.is_fold, shape.steps = staticcall PLACES.head(row)
    shape.wide = (shape.rule >> 16) & 255 == _WIDE
    return shape


@internal
@pure
def _chunks(terms: uint256) -> uint256:
    return max(1, (terms + _CHUNK - 1) // _CHUNK)


@internal
@view
def _words(
    row: Bytes[_ROW], at: IStepsJudge.Place, first_term: uint256, proof: uint256
) -> (DynArray[uint256, _WORDS], uint256):
    """
    @notice What the step reads, from the trace, and how much of the proof that took.
    @dev    `proof` is a list of openings. An opening: row << 64 | first leaf << 32 | leaves; the leaves; siblings in the
            row's tree; siblings of the row's root in the trace. What is read is looked up in the last four openings; what
            is not there is in the next.
    """
    items: DynArray[uint256, _WORDS] = []
    complete: bool = False
    words: DynArray[uint256, _WORDS] = []
    next: uint256 = 0
    items, complete = staticcall PLACES.reads(row, at.element, first_term, words)
    if not complete:
        words, next = self._look_up(at, items, proof, next)
        items, complete = staticcall PLACES.reads(row, at.element, first_term, words)
    words, next = self._look_up(at, items, proof, next)
    return words, next


@internal
@view
def _look_up(
    place: IStepsJudge.Place,
    items: DynArray[uint256, _WORDS],
    proof: uint256,
    start: uint256,
) -> (DynArray[uint256, _WORDS], uint256):
    """
    @return The words of the items.
    @return Where the proof goes on.
    """
    words: DynArray[uint256, _WORDS] = []
    at: uint256 = start
    opened: Opening[_OPEN] = empty(Opening[_OPEN])
    newest: uint256 = _OPEN - 1
    for item: uint256 in items:
        if item == _ABSENT:
            words.append(_ABSENT)
            continue
        row: uint256 = (item >> 64) & _U32
        if row == _IMMEDIATE:
            words.append(item & _U64)
            continue
        wide: bool = item >> 96 == 1
        there: uint256 = item & _U32
        leaf: uint256 = there if wide else there // 8
        found: uint256 = _OPEN
        for i: uint256 in range(_OPEN):
            if opened[i].row == row and leaf >= opened[i].first and leaf < opened[i].end:
                found = i
                break
        if found == _OPEN:
            elements: uint256 = (item >> 32) & _U32
            newest = (newest + 1) % _OPEN
            opened[newest], at = self._open(place, proof, at, elements if wide else (elements + 7) // 8)
            assert opened[newest].row == row, "rf: opening"
            assert leaf >= opened[newest].first and leaf < opened[newest].end, "rf: opening"
            found = newest
        place_: uint256 = opened[found].at + leaf - opened[found].first
        word: uint256 = convert(dispute_trees._proof_word(proof, place_), uint256)
        words.append(word if wide else (word >> (224 - 32 * (there % 8))) & _U32)
    return words, at


@internal
@view
def _open(place: IStepsJudge.Place, proof: uint256, start: uint256, leaves: uint256) -> (Opening, uint256):
    """
    @notice The opening that begins at `start`, of a row with so many leaves.
    @return It.
    @return Where the proof goes on.
    """
    assert start < dispute_trees._proof_length(proof), "rf: proof"
    head: uint256 = convert(dispute_trees._proof_word(proof, start), uint256)
    row: uint256 = head >> 64
    first: uint256 = (head >> 32) & _U32
    count: uint256 = head & _U32
    assert row < place.rows, "rf: opening"
    root: bytes32 = empty(bytes32)
    at: uint256 = 0
    root, at = dispute_trees._climb_range(proof, start + 1, count, first, dispute_trees._depth(leaves))
    root, at = dispute_trees._climb_proof(root, row, proof, at, dispute_trees._depth(place.rows))
    assert root == place.trace, "rf: operand"
    return Opening(row=row, first=first, end=first + count, at=start + 1), at
