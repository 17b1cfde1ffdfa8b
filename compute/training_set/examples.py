"""The examples at one version: a view over the arrays that the deltas brought."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from compute.training_set.index import Index, all_distinct
from compute.training_set.root import DataRoot
from compute.training_set.schema import Schema
from compute.training_set.segments import NO_SEGMENTS, Segments

ID = "#id"  # no column can have this name
_NONE = np.empty(0, np.int64)
_NO_IDS = {ID: np.empty((0, 32), np.uint8)}


class Inapplicable(ValueError):
    """The patch does not fit the set it is applied to."""


class TrainingSet:
    """An immutable, ordered set of distinct examples.

    Order is the order of addition; removals close the gaps. Sets made from one another share the
    arrays of their examples: a patch copies the list of rows ever removed (8 bytes each) and
    otherwise costs what it adds and removes. Arrays handed out are read-only or copies.
    """

    def __init__(
        self,
        schema: Schema,
        segments: Segments = NO_SEGMENTS,
        removed: np.ndarray = _NONE,
        load_index: Callable[[], Index] = Index,
        load_root: Callable[[], DataRoot] | None = None,
    ) -> None:
        """The empty set, or what is left of the rows in `segments` (the column ID among them)
        without the rows `removed` (int64, ascending); `load_index` finds rows by their ids;
        `load_root` gives the root over them, if that is cheaper than to read them all."""
        self.schema = schema
        self._segments = segments
        self._removed = removed
        self._load_index = load_index
        self._load_root = load_root

    def __len__(self) -> int:
        return self._segments.total - len(self._removed)

    def __contains__(self, example_id: bytes) -> bool:
        return bool(self._find(_as_ids([example_id]))[0] >= 0)

    def holds(self, ids: np.ndarray) -> np.ndarray:
        """Which of `ids` (uint8 [k, 32]) are in the set: bool [k]."""
        return self._find(ids) >= 0

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """Every column, [n, *shape] by name, gathered in memory once; `batches` needs less."""
        return self._segments.take(self._rows(0, len(self)), self.schema.empty())

    @cached_property
    def ids(self) -> np.ndarray:
        """Content digests of the examples, uint8 [n, 32], in order."""
        return self._segments.take(self._rows(0, len(self)), _NO_IDS)[ID]

    @cached_property
    def root(self) -> DataRoot:
        """The root over the ids."""
        load, self._load_root = self._load_root, None  # which may hold the set before this one
        return DataRoot(self.schema.leaf).extended(self.ids) if load is None else load()

    def root_after(self, ids: np.ndarray, leaving: np.ndarray) -> DataRoot:
        """The root once the rows `leaving` are gone and `ids` (uint8 [k, 32]) at the end: costs
        what is added if nothing leaves, else as much as there is."""
        if not len(leaving):
            return self.root.extended(ids)
        rest = TrainingSet(self.schema, self._segments, self.without(leaving))
        return rest.root.extended(ids)

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

        Raises what `resolve` raises.
        """
        ids, leaving = self.resolve(add, remove)
        index, total = self.index, self._segments.total
        return TrainingSet(
            self.schema,
            self._segments.appended({**add, ID: ids}, len(ids)),
            self.without(leaving),
            lambda: index.extended(ids, total),
            lambda: self.root_after(ids, leaving),
        )

    def resolve(
        self, add: Mapping[str, np.ndarray], remove: Sequence[bytes] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ids of `add`, uint8 [k, 32], and the rows of the ids in `remove`, int64 ascending.

        Raises Inapplicable if an id to remove is absent or named twice, or if an example to add is
        already there (even if it is removed too) or is given twice; SchemaError if the columns do
        not match.
        """
        self.schema.check(add)
        leaving = np.sort(self._find(_as_ids(remove)))
        if np.any(leaving < 0):
            raise Inapplicable("an example to remove is not in the set")
        if np.any(leaving[1:] == leaving[:-1]):
            raise Inapplicable("an example is removed twice")
        ids = self.schema.ids(add)
        if not all_distinct(ids):
            raise Inapplicable(_twice(ids))
        if np.any(self._find(ids) >= 0):
            raise Inapplicable("an example to add is already in the set")
        return ids, leaving

    def without(self, leaving: np.ndarray) -> np.ndarray:
        """The rows removed so far and those in `leaving`, both ascending."""
        return np.insert(self._removed, self._removed.searchsorted(leaving), leaving)

    @cached_property
    def index(self) -> Index:
        """Every row that was ever added, by its id."""
        return self._load_index()

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
        numbers, rows = self.index.candidates(ids)
        distinct, where = np.unique(rows, return_inverse=True)
        known = self._segments.take(distinct, _NO_IDS)[ID][where]
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


def _twice(ids: np.ndarray) -> str:
    """Which of `ids`, not all distinct, are the same."""
    seen: dict[bytes, int] = {}
    for row, key in enumerate(map(bytes, ids)):
        if seen.setdefault(key, row) != row:
            return f"an example is added twice: rows {seen[key]} and {row}, counted from 0"
    raise AssertionError("all are distinct")
