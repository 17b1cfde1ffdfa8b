"""An index from ids to rows: sorted runs of id prefixes, merged as they double (an LSM tree)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Run:
    prefixes: np.ndarray  # uint64, ascending: the first 8 bytes of each id
    rows: np.ndarray  # int64: the row that has it

    def __len__(self) -> int:
        return len(self.rows)

    def merged(self, other: Run) -> Run:
        places = np.searchsorted(self.prefixes, other.prefixes)
        return Run(
            np.insert(self.prefixes, places, other.prefixes),
            np.insert(self.rows, places, other.rows),
        )


@dataclass(frozen=True)
class Index:
    """Every row ever added, removed ones included, in O(log n) runs: adding k ids costs O(k log n)
    amortised, and an index shares its runs with the one it was made from."""

    runs: tuple[Run, ...] = ()

    def extended(self, ids: np.ndarray, first_row: int) -> Index:
        """With `ids` (uint8 [k, 32]) as rows first_row, first_row + 1, …"""
        if not len(ids):
            return self
        prefixes = _prefixes(ids)
        order = np.argsort(prefixes, kind="stable")
        runs, new = list(self.runs), Run(prefixes[order], first_row + order)
        while runs and len(runs[-1]) < 2 * len(new):
            new = runs.pop().merged(new)
        return Index((*runs, new))

    def candidates(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (number of the id, row) whose prefixes agree; the caller compares the full ids,
        because equal prefixes can be made with 2**32 work."""
        wanted = _prefixes(ids)
        numbers, rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for run in self.runs:
            low = np.searchsorted(run.prefixes, wanted, "left")
            width = np.searchsorted(run.prefixes, wanted, "right") - low
            for step in range(int(width.max(initial=0))):
                hits = np.flatnonzero(width > step)
                numbers.append(hits)
                rows.append(run.rows[low[hits] + step])
        return np.concatenate(numbers), np.concatenate(rows)

    def agrees(self, ids: np.ndarray) -> bool:
        """Return whether this is the index of the rows 0, 1, … with `ids` (uint8 [n, 32])."""
        row = 0
        for run in self.runs:
            end = row + len(run)
            if not np.array_equal(np.sort(run.rows), np.arange(row, end)):
                return False
            if not np.array_equal(run.prefixes, np.sort(_prefixes(ids[row:end]))):
                return False
            if not np.array_equal(run.prefixes, _prefixes(ids[run.rows])):
                return False
            row = end
        return row == len(ids)


def all_distinct(ids: np.ndarray) -> bool:
    """Return whether no two of `ids` (uint8 [k, 32]) are equal."""
    if len(np.unique(_prefixes(ids))) == len(ids):
        return True
    return len({row.tobytes() for row in ids}) == len(ids)


def _prefixes(ids: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(ids[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
