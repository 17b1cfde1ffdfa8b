"""The examples at one version: a view over the arrays that the deltas brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from compute.training_set.index import Index
from compute.training_set.schema import Schema


class Inapplicable(ValueError):
    """The patch does not fit the set it is applied to."""


class TrainingSet:
    """An immutable, ordered set of distinct examples.

    Order is the order of addition; removals close the gaps. Sets made from one another share the
    arrays of their examples: applying a patch copies the row numbers (8 bytes an example) and the
    index of ids, never the examples.
    """

    def __init__(self, schema: Schema) -> None:
        """The empty set."""
        self.schema = schema
        self._segments: tuple[dict[str, np.ndarray], ...] = ()
        self._starts = np.zeros(1, np.int64)  # row number of each segment's first, then the total
        self._rows = np.empty(0, np.int64)  # row numbers of the examples, ascending
        self._index = Index.empty()

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """Every column in memory, [n, *shape] by name. `batches` streams without this copy."""
        return self._take(self._rows)

    @cached_property
    def ids(self) -> np.ndarray:
        """Content digests of the examples, uint8 [n, 32], in order."""
        return self._index.ids[self._rows]

    def __contains__(self, example_id: bytes) -> bool:
        return bool(self._index.find(_as_ids([example_id]))[0] >= 0)

    def batches(self, size: int) -> Iterator[dict[str, np.ndarray]]:
        """Consecutive batches of `size` examples in order; the last may be shorter."""
        if size < 1:
            raise ValueError(f"a batch has at least one example, not {size}")
        for start in range(0, len(self), size):
            yield self._take(self._rows[start : start + size])

    def patched(
        self, add: Mapping[str, np.ndarray], remove: Sequence[bytes] | np.ndarray
    ) -> TrainingSet:
        """This set without the examples named in `remove` and with those in `add` at its end.

        Raises Inapplicable if an id to remove is absent or named twice, or if an example to add is
        already there (even if it is removed too) or is given twice; SchemaError if the columns do
        not match.
        """
        count = self.schema.check(add)
        leaving = self._index.find(_as_ids(remove))
        if np.any(leaving < 0):
            raise Inapplicable("an example to remove is not in the set")
        if len(np.unique(leaving)) != len(leaving):
            raise Inapplicable("an example is removed twice")
        ids = self.schema.ids(add)
        if len(np.unique(ids, axis=0)) != count:
            raise Inapplicable("an example is added twice")
        if np.any(self._index.find(ids) >= 0):
            raise Inapplicable("an example to add is already in the set")
        total = int(self._starts[-1])
        child = TrainingSet(self.schema)
        child._segments = (*self._segments, {name: add[name] for name in sorted(add)})
        child._starts = np.append(self._starts, total + count)
        staying = np.delete(self._rows, np.searchsorted(self._rows, leaving))
        child._rows = np.concatenate([staying, np.arange(total, total + count)])
        child._index = self._index.without(leaving).extended(ids)
        return child

    def _take(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        cuts = np.searchsorted(rows, self._starts)
        parts = [
            (segment, rows[low:high] - start)
            for segment, start, low, high in zip(
                self._segments, self._starts, cuts, cuts[1:], strict=False
            )
            if high > low
        ]
        if not parts:
            return self.schema.empty()
        return {
            column.name: np.concatenate([segment[column.name][at] for segment, at in parts])
            for column in self.schema.columns
        }


def _as_ids(ids: Sequence[bytes] | np.ndarray) -> np.ndarray:
    if isinstance(ids, np.ndarray):
        return ids.reshape(-1, 32)
    if any(len(example_id) != 32 for example_id in ids):
        raise Inapplicable("an example id has 32 bytes")
    return np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 32)
