"""Folds as contracts do them: a state of three words, and 8 terms at a time.

sum, dot, scatter add          the exact sum, 768 bits in two's complement, in units of 2**-119
                               (dot: 2**-238; integers: 1); (2**255, 0, 0) once SATURATED
maximum, minimum, product,     (0, 0, word so far)
all, any, parity, scatter
argmax, argmin                 (1, best word, its index) once there is one
order                          (0, 0, least candidate): keys of 32 bits each, then the index
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from compute.oracle import number, reductions
from compute.oracle.array import wrap
from compute.oracle.number import Number, from_pattern, to_pattern
from compute.program.form import WIDE, Code
from compute.program.types import DType
from compute.trace.leaf import Leaf
from compute.trace.words import NONE, SATURATED

State = tuple[int, int, int]
Term = Sequence[int | None]  # words of the data operands; None where nothing is there
WORD = 1 << 256
SPOILED = (1 << 255, 0, 0)  # by a SATURATED term
_NARROW = (1 << 32) - 1
_SUMS = (Code.SUM, Code.DOT)
_SCATTER_ADD, _SCATTER_SET = 1, 0


def number_of(word: int, dtype: int) -> Number:
    """A word as the oracle has it: F24 in units of 2**-119, integers as they are."""
    if dtype == DType.F24.value:
        return from_pattern(word)
    return word if dtype == WIDE else wrap(word, DType(dtype))


def word_of(found: Number, dtype: DType) -> int:
    if dtype.is_float:
        return to_pattern(found)
    return int(found or 0) & _NARROW


def _is_sum(row: Leaf) -> bool:
    return row.code in _SUMS or (row.code == Code.SCATTER and row.parameter == _SCATTER_ADD)


def start(row: Leaf) -> State:
    if row.code in _STARTS:
        dtype = DType(row.dtype)
        return 0, 0, word_of(_STARTS[Code(row.code)]([], dtype), dtype)
    return (0, 0, WORD - 1) if row.code == Code.ORDER else (0, 0, 0)


def fold(row: Leaf, state: State, first: int, once: Term, terms: Sequence[Term]) -> State:
    """`first` is the number of the first term; `once` the words that are read once."""
    if row.code == Code.SCATTER and first == 0:
        terms = [once, *terms]
    if _is_sum(row):
        return _add(row, state, terms)
    if row.code in (Code.ARGMAX, Code.ARGMIN):
        return _best(row, state, first, terms)
    if row.code == Code.ORDER:
        return _next(row, state, first, once, terms)
    present = [term[0] for term in terms if term[0] is not None]
    if row.code == Code.SCATTER and row.parameter == _SCATTER_SET:
        return (0, 0, present[-1]) if present else state
    begun = row.code != Code.SCATTER or first > 0
    return 0, 0, _combined(row, ([state[2]] if begun else []) + present)


def finish(row: Leaf, state: State) -> int:
    """The element, or NONE."""
    if row.code in (Code.ARGMAX, Code.ARGMIN, Code.ORDER):
        return NONE if state == SPOILED else state[2] & _NARROW
    if not _is_sum(row):
        return state[2]
    if state == SPOILED:
        return SATURATED
    total = whole(state)
    if row.dtype == WIDE:
        return total % WORD
    dtype = DType(row.dtype)
    if not dtype.is_float:
        return word_of(wrap(total, dtype), dtype)
    return to_pattern((number.product_sum if row.code == Code.DOT else number.value)(total))


def whole(state: State) -> int:
    """The integer that the three words of a sum are."""
    high, middle, low = state
    n = (high * WORD + middle) * WORD + low
    return n - WORD**3 if high >> 255 else n


def split(n: int) -> State:
    """Its inverse; |n| < 2**767."""
    n %= WORD**3
    return n // WORD**2, n // WORD % WORD, n % WORD


def _add(row: Leaf, state: State, terms: Sequence[Term]) -> State:
    if state == SPOILED:
        return state
    total = whole(state)
    for term in terms:
        value = _product(row, term) if row.code == Code.DOT else _single(row, term)
        if value is None:
            return SPOILED
        total += value
    return split(total)


def _single(row: Leaf, term: Term) -> Number:
    return 0 if term[0] is None else number_of(term[0], row.operands[row.once].dtype)


def _product(row: Leaf, term: Term) -> Number:
    """Of the first factor what is not there is zero."""
    dtype = row.operands[0].dtype
    a, b = (number_of(w or 0, dtype) for w in term)
    return None if a is None or b is None else a * b


Rule = Callable[[list[Number], DType], Number]
_STARTS: dict[Code, Rule] = {
    Code.MAXIMUM: reductions.largest,
    Code.MINIMUM: reductions.smallest,
    Code.PRODUCT: reductions.product,
    Code.ALL: reductions.every,
    Code.ANY: reductions.some,
    Code.PARITY: reductions.parity,
}
# kinds of scatter by their number
_UPDATES: dict[int, Rule] = {
    2: reductions.product,
    3: reductions.smallest,
    4: reductions.largest,
}


def _combined(row: Leaf, words: Sequence[int]) -> int:
    dtype = DType(row.dtype)
    rule = _UPDATES[row.parameter] if row.code == Code.SCATTER else _STARTS[Code(row.code)]
    found = [number_of(w, row.dtype) for w in words]
    return word_of(None if None in found else rule(found, dtype), dtype)


def _best(row: Leaf, state: State, first: int, terms: Sequence[Term]) -> State:
    if state == SPOILED:
        return state
    dtype = row.operands[0].dtype
    better = 1 if row.code == Code.ARGMAX else -1
    for index, term in enumerate(terms, first):
        word = term[0] or 0
        here, best = number_of(word, dtype), number_of(state[1], dtype)
        if here is None:
            return SPOILED
        if state[0] == 0 or better * here > better * (best or 0):
            state = (1, word, index)
    return state


def _next(row: Leaf, state: State, first: int, once: Term, terms: Sequence[Term]) -> State:
    """The least candidate that comes after that of the element before."""
    *keys, index = once
    before = -1 if index is None else _candidate(row, keys, index)
    if state == SPOILED or before is None:
        return SPOILED
    for number_, term in enumerate(terms, first):
        here = _candidate(row, term, number_)
        if here is None:
            return SPOILED
        if before < here < state[2]:
            state = (0, 0, here)
    return state


def _candidate(row: Leaf, keys: Term, index: int) -> int | None:
    """None if a key is SATURATED."""
    descending = row.parameter >> 4 & 1
    kinds = [row.parameter >> (8 + 2 * i) & 3 for i in range(len(keys))]
    ordered = [_ordered(w or 0, kind) for w, kind in zip(keys, kinds, strict=True)]
    if None in ordered:
        return None
    turned = [_NARROW - int(k or 0) if descending else int(k or 0) for k in ordered]
    return reduce(lambda found, k: found << 32 | k, [*turned, index], 0)


def _ordered(word: int, kind: int) -> int | None:
    """A key as an unsigned word of the same order: f24, unsigned, signed."""
    if kind == 1:
        return word
    if kind == 2:
        return word ^ 1 << 31
    if word == SATURATED:
        return None
    magnitude = word & 0x7FFFFFFF
    return (1 << 31) - magnitude if word >> 31 else (1 << 31) + magnitude
