"""Where is the example with this id? A sorted array: 16 bytes an example beside the id itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Index:
    """Row number of every live id. `ids` keeps all rows ever added, in order of addition."""

    ids: np.ndarray  # uint8 [rows, 32]
    prefixes: np.ndarray  # uint64, sorted: the first 8 bytes of each live id
    rows: np.ndarray  # int64: whose

    @classmethod
    def empty(cls) -> Index:
        return cls(np.empty((0, 32), np.uint8), np.empty(0, np.uint64), np.empty(0, np.int64))

    def find(self, ids: np.ndarray) -> np.ndarray:
        """int64 row number of each id, -1 where it is not live."""
        wanted = _prefixes(ids)
        low = np.searchsorted(self.prefixes, wanted, "left")
        high = np.searchsorted(self.prefixes, wanted, "right")
        found = np.full(len(ids), -1, np.int64)
        # equal prefixes can be made with 2**32 work, so all of them are compared in full
        for number in np.flatnonzero(high > low):
            for row in self.rows[low[number] : high[number]]:
                if np.array_equal(self.ids[row], ids[number]):
                    found[number] = row
        return found

    def extended(self, ids: np.ndarray) -> Index:
        """With `ids`, none of them live, as the next rows."""
        new = _prefixes(ids)
        order = np.argsort(new, kind="stable")
        places = np.searchsorted(self.prefixes, new[order])
        rows = np.arange(len(self.ids), len(self.ids) + len(ids))[order]
        return Index(
            np.concatenate([self.ids, ids]),
            np.insert(self.prefixes, places, new[order]),
            np.insert(self.rows, places, rows),
        )

    def without(self, rows: np.ndarray) -> Index:
        """With these rows no longer live."""
        live = np.isin(self.rows, rows, invert=True)
        return Index(self.ids, self.prefixes[live], self.rows[live])


def _prefixes(ids: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(ids[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
