"""An append-only table whose rows never move, shared by the versions of a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Segments:
    """Row numbers run through the `parts` in order; part i begins at row starts[i]."""

    parts: tuple[dict[str, np.ndarray], ...]
    starts: tuple[int, ...]
    total: int

    def appended(self, columns: Columns, count: int) -> Segments:
        """With `count` more rows, which are referred to, not copied."""
        if count == 0:
            return self
        part = {name: _read_only(array) for name, array in columns.items()}
        return Segments((*self.parts, part), (*self.starts, self.total), self.total + count)

    def take(self, rows: np.ndarray, empty: Columns) -> dict[str, np.ndarray]:
        """The columns named in `empty` at distinct ascending `rows`; views where possible."""
        cuts = np.searchsorted(rows, [*self.starts, self.total])
        pieces = [
            (self.parts[number], _compact(rows[cuts[number] : cuts[number + 1]] - start))
            for number, start in enumerate(self.starts)
            if cuts[number + 1] > cuts[number]
        ]
        if len(pieces) == 1:
            part, at = pieces[0]
            return {name: _rows_of(part[name], at) for name in empty}
        return {
            name: np.concatenate([none, *(_rows_of(part[name], at) for part, at in pieces)])
            for name, none in empty.items()
        }


NO_SEGMENTS = Segments((), (), 0)


def _compact(rows: np.ndarray) -> np.ndarray | slice:
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows


def _rows_of(array: np.ndarray, at: np.ndarray | slice) -> np.ndarray:
    # take() is faster than an index, and does not hold the interpreter's lock either
    return array[at] if isinstance(at, slice) else array.take(at, axis=0)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
