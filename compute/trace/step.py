"""The judge: what one element of a row must be, from its leaf and the words that it reads.

It follows the binary form alone and computes by the oracle's rules; contracts do the same.
`read(row, place)` gives the word of an element.  Words as in docs/formats.md; NONE is the result of
a rule that cannot decide, such as a comparison with SATURATED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compute.oracle import elementwise, number, reductions
from compute.oracle.array import Array, wrap
from compute.oracle.number import POINT
from compute.program.form import Code
from compute.program.operations import BY_CODE, OPERATIONS
from compute.program.types import DType, Type
from compute.trace import folds
from compute.trace.folds import State
from compute.trace.integers import loss_word
from compute.trace.leaf import CHUNK, Leaf, Operand, decode
from compute.trace.rows import EXP_DISTANCE
from compute.trace.words import NONE, SATURATED

__all__ = ["NONE", "Read", "chunk", "parts", "word"]

Read = Callable[[int, int], int]
Words = Sequence[int | None]
_IOTA = OPERATIONS["iota"].code
_RUNNING = {OPERATIONS[name].code: name for name in ("cumprod", "cummax", "cummin", "cumlogsumexp")}


def word(leaf: bytes, element: int, read: Read) -> int:
    """Of a row that is a form, the word of `element`, or NONE."""
    row = decode(leaf)
    if not row.is_fold:
        return result(row, read_words(row, element, 0, row.operands[: row.data], read))
    return folds.finish(row, parts(leaf, element, read)[-1])


def parts(leaf: bytes, element: int, read: Read) -> list[State]:
    """The states of a fold after each chunk of terms."""
    state, found = folds.start(decode(leaf)), []
    for number_of in range(decode(leaf).chunks):
        state = chunk(leaf, element, number_of, state, read)
        found.append(state)
    return found


def chunk(leaf: bytes, element: int, number_of: int, before: State, read: Read) -> State:
    """The state after one more chunk; `folds.start` is that before the first."""
    row = decode(leaf)
    first = number_of * CHUNK
    once = read_words(row, element, 0, row.operands[: row.once], read)
    terms = range(first, min(first + CHUNK, row.terms))
    data = row.operands[row.once : row.data]
    columns = [read_words(row, element, term, data, read) for term in terms]
    return folds.fold(row, before, first, once, columns)


def read_words(
    row: Leaf, element: int, term: int, operands: Sequence[Operand], read: Read
) -> list[int | None]:
    """Read the words that these operands have at a place of the iteration; None where nothing is
    there."""
    coordinates = row.coordinates(element, term)
    return [_read(row, operand, coordinates, read) for operand in operands]


def _read(row: Leaf, operand: Operand, coordinates: Sequence[int], read: Read) -> int | None:
    indices = _indices(row, operand, coordinates, read)
    if indices is None:
        return None
    place = operand.place(coordinates, indices)
    return place if place is None or operand.row is None else read(operand.row, place)


def _indices(
    row: Leaf, operand: Operand, coordinates: Sequence[int], read: Read
) -> Mapping[tuple[int, int], int] | None:
    """The words that move an operand's gauges; None if one of them is not there."""
    found = {}
    for gauge in operand.gauges:
        if gauge.index is not None:
            mover = row.operands[gauge.index]
            place = mover.place(coordinates, {})
            if place is None:
                return None
            at = place if mover.row is None else read(mover.row, place + gauge.offset)
            found[gauge.index, gauge.offset] = int(folds.number_of(at, mover.dtype) or 0)
    return found


def result(row: Leaf, words: Words) -> int:
    """Of what is no fold, from the words of its data operands."""
    if row.code in (Code.MOVE, Code.TAKE):
        return _moved(row, words)
    if row.code == _IOTA:
        return _counted(row, words)
    if row.code in _RUNNING:
        return _after(row, words)
    if row.code >= EXP_DISTANCE:
        return loss_word(row.code, row.parameter, [w for w in words if w is not None])
    return _elementwise(row, words)


def _moved(row: Leaf, words: Words) -> int:
    found = next((w for w in words if w is not None), 0)
    is_float = row.dtype == DType.F24.value
    return NONE if row.code == Code.TAKE and is_float and found == SATURATED else found


def _counted(row: Leaf, words: Words) -> int:
    dtype = DType(row.dtype)
    n = words[0] or 0
    return folds.word_of(number.value(n << POINT) if dtype.is_float else wrap(n, dtype), dtype)


def _after(row: Leaf, words: Words) -> int:
    """An element from the one before and the operand's."""
    before, here = words
    if before is None:
        return here or 0
    dtype = DType(row.dtype)
    pair = [folds.number_of(w, row.dtype) for w in (before, here or 0)]
    rule = reductions.RULES[_RUNNING[row.code]]
    return folds.word_of(rule(_ALONG, [Array(Type(dtype, (2,)), pair)])[1], dtype)


_ALONG = {"axis": 0, "reverse": False}


def _elementwise(row: Leaf, words: Words) -> int:
    operation = BY_CODE[row.code]
    given = [
        Array(Type(DType(operand.dtype)), [folds.number_of(w or 0, operand.dtype)])
        for w, operand in zip(words, row.operands, strict=True)
    ]
    if operation.decides and any(None in array.data for array in given):
        return NONE
    rule = elementwise.RULES[operation.name]
    (found,) = rule(_attributes(row), given)
    return folds.word_of(found, DType(row.dtype))


def _attributes(row: Leaf) -> dict[str, Any]:
    """Those that a rule of the oracle may look at."""
    return {
        "mode": ("even", "away")[row.parameter & 1],
        "exponent": row.parameter,
        "dtype": DType(row.dtype),
    }
