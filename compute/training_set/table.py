"""The examples of a set on disk: one file a column that only grows, read through memory maps."""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from compute.durable import replacing, sync
from compute.storage import StorageError, Store
from compute.storage.arrays import array_blocks
from compute.training_set.examples import ID
from compute.training_set.index import Index, Run
from compute.training_set.manifest import Manifest
from compute.training_set.schema import Column, Schema

_IDS = Column(ID, "uint8", (32,))


class Damaged(StorageError):
    """The set on disk is not what was written; make it anew from the deltas."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}. Run the command again: the set is made anew from its deltas.")


class Table:
    """Columns, ids and the index of the ids, all in order of addition; rows are never moved.

    Writes go past the committed end, of which the caller keeps account. What a killed process left
    there is written over by the next one, and a map that ends there never sees it.
    """

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.schema = schema
        self._folder = folder
        self._columns = (*schema.columns, _IDS)

    def create(self) -> None:
        """Begin with no rows."""
        for name in ("columns", "index"):
            (self._folder / name).mkdir()
        for column in self._columns:
            self._path(column).touch()

    def receive(self, store: Store, manifest: Manifest, row: int) -> None:
        """Write the columns that a delta adds as rows `row`, …, block by block.

        Raises storage.arrays.WrongLength and what `store.get` raises.
        """
        for column, blocks in zip(self.schema.columns, manifest.add_blocks, strict=True):
            with self._opened(column, row) as file:
                size = manifest.add_count * column.example_bytes
                file.writelines(array_blocks(store, blocks, size))

    def write_ids(self, ids: np.ndarray, row: int) -> None:
        """Write `ids` (uint8 [k, 32]) as those of rows `row`, …"""
        with self._opened(_IDS, row) as file:
            file.write(np.ascontiguousarray(ids).data)

    def mapped(self, first: int, end: int) -> dict[str, np.ndarray]:
        """Every column of rows first…end - 1, read-only; their ids as well. Raises Damaged."""
        return {**self.columns(first, end), ID: self.ids(first, end)}

    def columns(self, first: int, end: int) -> dict[str, np.ndarray]:
        """The same without the ids."""
        return {column.name: self._rows(column, first, end) for column in self.schema.columns}

    def ids(self, first: int, end: int) -> np.ndarray:
        """uint8 [end - first, 32], read-only. Raises Damaged."""
        return self._rows(_IDS, first, end)

    def sync(self) -> None:
        """Return when all that was written is on the disk."""
        for path in (*(self._path(column) for column in self._columns), self._folder / "columns"):
            sync(path)

    def index(self, rows: int) -> Index:
        """The index of the first `rows` rows: the runs on disk, and the ids that none covers."""
        runs: list[Run] = []
        row = 0
        while ends := [end for first, end in self._runs() if first == row and end <= rows]:
            shape = (2, max(ends) - row)
            try:
                words = _mapped(self._run(row, max(ends)), np.dtype("<u8"), 0, shape)
            except Damaged:  # another process has just merged it into a larger one
                break
            runs.append(Run(words[0], words[1].view("<i8")))
            row = max(ends)
        index = Index(tuple(runs))
        return index if row == rows else index.extended(self.ids(row, rows), row)

    def save(self, index: Index) -> None:
        """Write the runs of `index` that are not on disk yet; drop those that are no part of it."""
        row, spans, saved = 0, set(), set(self._runs())
        for run in index.runs:
            span = row, row + len(run)
            if span not in saved:
                with replacing(self._run(*span), self._folder / "index" / "partial") as file:
                    file.write(np.stack([run.prefixes, run.rows.view(np.uint64)]).data)
            spans.add(span)
            row += len(run)
        for span in saved - spans:
            self._run(*span).unlink(missing_ok=True)

    def forget_past(self, rows: int) -> None:
        """Drop the runs that a killed process left beyond the committed `rows`."""
        for first, end in self._runs():
            if end > rows:
                self._run(first, end).unlink(missing_ok=True)

    def _rows(self, column: Column, first: int, end: int) -> np.ndarray:
        dtype = np.dtype(column.dtype).newbyteorder("<")
        offset = first * column.example_bytes
        return _mapped(self._path(column), dtype, offset, (end - first, *column.shape))

    def _opened(self, column: Column, row: int) -> BinaryIO:
        file = self._path(column).open("r+b")
        file.seek(row * column.example_bytes)
        return file

    def _path(self, column: Column) -> Path:
        return self._folder / "ids" if column is _IDS else self._folder / "columns" / column.name

    def _run(self, first: int, end: int) -> Path:
        return self._folder / "index" / f"{first}-{end}"

    def _runs(self) -> list[tuple[int, int]]:
        names = [path.name.split("-") for path in (self._folder / "index").iterdir()]
        return [(int(first), int(end)) for first, end in (n for n in names if len(n) == 2)]


def _mapped(path: Path, dtype: np.dtype, offset: int, shape: tuple[int, ...]) -> np.ndarray:
    if 0 in shape:
        return np.empty(shape, dtype)
    try:  # as a plain array: each slice of a memmap would cost more than what is sliced
        return np.asarray(np.memmap(path, dtype, "r", offset, shape))
    except (FileNotFoundError, ValueError) as error:
        raise Damaged(f"{path} is not as it was written: {error}") from None
