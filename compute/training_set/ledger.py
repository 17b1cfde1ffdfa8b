"""The ledger of a set on disk: its versions, and the commit point of each change."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from compute.training_set.replay import DeltaRecord
from compute.training_set.schema import Column, Schema, SchemaError
from compute.training_set.table import Damaged

_TABLES = """
CREATE TABLE versions (
    version INTEGER PRIMARY KEY, delta BLOB, parent BLOB, proposer TEXT, rows INTEGER, digest BLOB
);
CREATE TABLE removals (row INTEGER PRIMARY KEY, version INTEGER);
CREATE TABLE columns (
    place INTEGER PRIMARY KEY, name TEXT, dtype TEXT, shape TEXT, bounds TEXT, labels TEXT,
    scale TEXT
);
"""


@dataclass(frozen=True)
class Version:
    """`rows` were ever added up to this version; `digest` (32 bytes) covers their ids and every
    removal."""

    record: DeltaRecord
    rows: int
    digest: bytes


class Ledger:
    """An SQLite file: a transaction that was killed has not happened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, schema: Schema) -> None:
        """Begin with no versions."""
        with self._open("create") as connection:
            connection.executescript(_TABLES)
            connection.executemany(
                "INSERT INTO columns (name, dtype, shape, bounds, labels, scale)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (
                        c.name,
                        c.dtype,
                        *map(json.dumps, (c.shape, c.bounds, c.labels, c.scale_log2)),
                    )
                    for c in schema.columns
                ),
            )

    def schema(self) -> Schema:
        """The columns that the genesis fixed."""
        with self._open("read") as connection:
            rows = connection.execute(
                "SELECT name, dtype, shape, bounds, labels, scale FROM columns ORDER BY place"
            )
            columns = [_column(*row) for row in rows]
        try:
            return Schema(tuple(columns))
        except SchemaError as error:
            raise Damaged(f"{self._path}: {error}") from None

    def versions(self) -> list[Version]:
        """Every version, the genesis first."""
        with self._open("read") as connection:
            rows = connection.execute(
                "SELECT delta, parent, proposer, rows, digest FROM versions ORDER BY version"
            ).fetchall()
        return [Version(DeltaRecord(*row[:3]), *row[3:]) for row in rows]

    def removed(self, after: int, until: int) -> np.ndarray:
        """int64 rows removed by the versions after…until, ascending; -1, … for all of them."""
        with self._open("read") as connection:
            rows = connection.execute(
                "SELECT row FROM removals WHERE version > ? AND version <= ? ORDER BY row",
                (after, until),
            )
            return np.fromiter((row for (row,) in rows), np.int64)

    def removal(self, row: int) -> int | None:
        """The version that removed this row; None if none did."""
        with self._open("read") as connection:
            found = connection.execute(
                "SELECT version FROM removals WHERE row = ?", (row,)
            ).fetchone()
        return None if found is None else found[0]

    def append(self, first: int, versions: Sequence[tuple[Version, np.ndarray]]) -> None:
        """Commit versions `first`, …, each with the rows (int64) that it removes; all or none."""
        with self._open("append") as connection:
            for number, (version, leaving) in enumerate(versions, first):
                record = version.record
                connection.execute(
                    "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)",
                    (number, record.delta_hash, record.parent_tip, record.proposer,
                     version.rows, version.digest),
                )  # fmt: skip
                connection.executemany(
                    "INSERT INTO removals VALUES (?, ?)", ((int(row), number) for row in leaving)
                )

    @contextmanager
    def _open(self, purpose: Literal["create", "read", "append"]) -> Iterator[sqlite3.Connection]:
        # a reader may have to write too: it undoes the transaction of a process that was killed
        mode = "rwc" if purpose == "create" else "rw"
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection, connection:
                yield connection
        except sqlite3.OperationalError as error:
            if purpose != "read" or error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise OSError(f"{self._path}: {error}") from error
            raise Damaged(f"{self._path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{self._path}: {error}") from None


def _column(name: str, dtype: str, *fields: str) -> Column:
    shape, bounds, labels, scale = map(json.loads, fields)
    return Column(
        name, dtype, tuple(shape), bounds and tuple(bounds), labels and tuple(labels), scale
    )
