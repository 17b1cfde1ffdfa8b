"""The examples at one version: a view over the arrays that the deltas brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from compute.training_set.index import Index, all_distinct
from compute.training_set.schema import Schema
from compute.training_set.segments import Segments

_ID = "#id"  # no column can have this name
_NO_IDS = {_ID: np.empty((0, 32), np.uint8)}


class Inapplicable(ValueError):
    """The patch does not fit the set it is applied to."""


class TrainingSet:
    """An immutable, ordered set of distinct examples.

    Order is the order of addition; removals close the gaps. Sets made from one another share the
    arrays of their examples: a patch copies the list of rows ever removed (8 bytes each) and
    otherwise costs what it adds and removes. Arrays handed out are read-only or copies.
    """

    def __init__(self, schema: Schema) -> None:
        """The empty set."""
        self.schema = schema
        self._segments = Segments((), (), 0)
        self._removed = np.empty(0, np.int64)  # rows that are in the set no more, ascending
        self._index = Index()

    def __len__(self) -> int:
        return self._segments.total - len(self._removed)

    def __contains__(self, example_id: bytes) -> bool:
        return bool(self._find(_as_ids([example_id]))[0] >= 0)

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """Every column, [n, *shape] by name, gathered in memory once; `batches` needs less."""
        return self._segments.take(self._rows(0, len(self)), self.schema.empty())

    @cached_property
    def ids(self) -> np.ndarray:
        """Content digests of the examples, uint8 [n, 32], in order."""
        return self._segments.take(self._rows(0, len(self)), _NO_IDS)[_ID]

    def batches(
        self, size: int, start: int = 0, end: int | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Consecutive batches of `size` of the examples start…end - 1 (all of them if not given),
        in order; the last may be shorter. Gathers one batch at a time."""
        if size < 1:
            raise ValueError(f"a batch has at least one example, not {size}")
        end = len(self) if end is None else min(end, len(self))
        empty = self.schema.empty()
        for first in range(start, end, size):
            yield self._segments.take(self._rows(first, min(first + size, end)), empty)

    def at(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """Copies of the examples at distinct ascending `positions`, counted from 0."""
        taken = self._segments.take(positions + self._gaps_before(positions), self.schema.empty())
        return {n: a if a.flags.writeable else a.copy() for n, a in taken.items()}

    def examples(self, ids: Sequence[bytes] | np.ndarray) -> dict[str, np.ndarray]:
        """Columns of those examples of the set that have one of `ids`, in the set's order."""
        rows = np.unique(self._find(_as_ids(ids)))
        return self._segments.take(rows[rows >= 0], self.schema.empty())

    def patched(
        self, add: Mapping[str, np.ndarray], remove: Sequence[bytes] | np.ndarray
    ) -> TrainingSet:
        """This set without the examples named in `remove` and with those in `add` at its end.

        Raises Inapplicable if an id to remove is absent or named twice, or if an example to add is
        already there (even if it is removed too) or is given twice; SchemaError if the columns do
        not match.
        """
        count = self.schema.check(add)
        leaving = self._find(_as_ids(remove))
        if np.any(leaving < 0):
            raise Inapplicable("an example to remove is not in the set")
        if len(np.unique(leaving)) != len(leaving):
            raise Inapplicable("an example is removed twice")
        ids = self.schema.ids(add)
        if not all_distinct(ids):
            raise Inapplicable("an example is added twice")
        if np.any(self._find(ids) >= 0):
            raise Inapplicable("an example to add is already in the set")
        total = self._segments.total
        child = TrainingSet(self.schema)
        child._segments = self._segments.appended({**add, _ID: ids}, count)
        child._index = self._index.extended(ids, total) if count else self._index
        leaving.sort()
        child._removed = np.insert(self._removed, self._removed.searchsorted(leaving), leaving)
        return child

    def _rows(self, first: int, end: int) -> np.ndarray:
        """int64 rows of the examples at positions first…end - 1."""
        positions = np.arange(first, end)
        return positions + self._gaps_before(positions)

    def _gaps_before(self, positions: np.ndarray) -> np.ndarray:
        """How many removed rows lie before each position's own row."""
        return np.searchsorted(self._gaps, positions, side="right")

    @cached_property
    def _gaps(self) -> np.ndarray:
        """The position at which each removed row, ascending, would have been."""
        return self._removed - np.arange(len(self._removed))

    def _find(self, ids: np.ndarray) -> np.ndarray:
        """int64 row of each id (uint8 [k, 32]), -1 where no example of the set has it."""
        numbers, rows = self._index.candidates(ids)
        distinct, where = np.unique(rows, return_inverse=True)
        known = self._segments.take(distinct, _NO_IDS)[_ID][where]
        right = (known == ids[numbers]).all(axis=1) & self._alive(rows)
        found = np.full(len(ids), -1, np.int64)
        found[numbers[right]] = rows[right]
        return found

    def _alive(self, rows: np.ndarray) -> np.ndarray:
        before, through = (self._removed.searchsorted(rows, side) for side in ("left", "right"))
        return before == through


def _as_ids(ids: Sequence[bytes] | np.ndarray) -> np.ndarray:
    if isinstance(ids, np.ndarray):
        return ids.reshape(-1, 32)
    if any(len(example_id) != 32 for example_id in ids):
        raise Inapplicable("an example id has 32 bytes")
    return np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32)
