"""Openings of what a step reads, in the form that the judge looks them up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

ABSENT = 2**256 - 1
IMMEDIATE = 2**32 - 1
_OPEN = 4  # openings that the judge looks into, after the first one
_NEAR = 15  # leaves that are opened together with one

# (row, element, first term, words read so far) -> what is read next, and whether that is all
Items = Callable[[bytes, int, int, Sequence[int]], tuple[Sequence[int], bool]]


class Openable(Protocol):
    def opening(self, row: int, first: int, count: int) -> list[bytes]:
        """Leaves of a row, and their siblings in its tree."""

    def path(self, row: int) -> list[bytes]:
        """Siblings of a row's root in the trace, from below."""


def opening_words(
    items: Items,
    row: bytes,
    element: int,
    first_term: int,
    trace: Openable,
    words: Callable[[int], np.ndarray],
) -> list[bytes]:
    """The proof of one element, or of the chunk from `first_term` on."""
    read, complete = items(row, element, first_term, [])
    proof = _openings(read, trace)
    if not complete:
        found = [_word(item, words) for item in read]
        read, _ = items(row, element, first_term, found)
        proof += _openings(read, trace)
    return proof


def _word(item: int, words: Callable[[int], np.ndarray]) -> int:
    if item == ABSENT:
        return item
    row, place = item >> 64 & IMMEDIATE, item & IMMEDIATE
    return item & (2**64 - 1) if row == IMMEDIATE else int(words(row)[place])


def _openings(items: Sequence[int], trace: Openable) -> list[bytes]:
    places = [_place(item) for item in items]
    proof: list[bytes] = []
    opened: list[tuple[int, int, int]] = []
    for at, place in enumerate(places):
        if place is None or any(place[0] == o[0] and o[1] <= place[1] < o[2] for o in opened):
            continue
        row, leaf = place
        near = [p[1] for p in places[at:] if p and p[0] == row and abs(p[1] - leaf) <= _NEAR]
        first, end = min(near), max(near) + 1
        head = (row << 64 | first << 32 | end - first).to_bytes(32, "big")
        path = trace.path(row)[: _unknown(row, [o[0] for o in opened])]
        proof += [head, *trace.opening(row, first, end - first), *path]
        opened = [*opened[:1], *[*opened[1:], (row, first, end)][-_OPEN:]]
    return proof


def _unknown(row: int, opened: Sequence[int]) -> int | None:
    """How many siblings of a row's root do not follow from the rows that were opened before."""
    if not opened:
        return None
    return 0 if row in opened else (row ^ opened[0]).bit_length() - 1


def _place(item: int) -> tuple[int, int] | None:
    """(row, leaf) of what is read in a row."""
    row, place = item >> 64 & IMMEDIATE, item & IMMEDIATE
    if item == ABSENT or row == IMMEDIATE:
        return None
    return row, place if item >> 96 else place // 8
