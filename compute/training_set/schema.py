"""The schema of examples: fixed-width integer columns, and the id of an example."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute import canonical

MAX_COLUMNS = 64
MAX_RANK = 8
MAX_EXAMPLE_BYTES = 1 << 24
MAX_LABELS = 1 << 12
MAX_LABEL = 64  # characters
# as the element types of programs; 8 and 9 are no such
CODES = {
    "int8": 2, "int16": 3, "int32": 4, "int64": 8,
    "uint8": 5, "uint16": 6, "uint32": 7, "uint64": 9,
}  # fmt: skip
DTYPES = tuple(sorted(CODES))
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# serialised together while they are hashed
_ROWS, _CHUNK_BYTES = 4096, 1 << 22


class SchemaError(ValueError):
    """The columns cannot be, or do not match, the columns of a training set."""


@dataclass(frozen=True)
class Column:
    """`shape` is that of one example. Integers only: an example then has one byte string. `bounds`
    are the least and the greatest value of an element; None is all that the dtype can hold.

    What the integers mean to people: `labels` name 0, 1, …; real numbers were multiplied by
    2**scale_log2. No loss depends on it.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    bounds: tuple[int, int] | None = None
    labels: tuple[str, ...] | None = None
    scale_log2: int | None = None

    @property
    def kind(self) -> tuple[str, str, tuple[int, ...]]:
        """What ids depend on."""
        return self.name, self.dtype, self.shape

    def holds(self, array: np.ndarray) -> bool:
        """Return whether every element of `array`, of this column's dtype, is within the bounds."""
        if self.bounds is None or array.size == 0:
            return True
        low, high = self.bounds
        return low <= int(array.min()) and int(array.max()) <= high

    @property
    def example_bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Schema:
    """Columns sorted by name, fixed by the genesis delta. Raises SchemaError if they cannot be."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        _require(0 < len(names) <= MAX_COLUMNS, f"1 to {MAX_COLUMNS} columns are needed")
        _require(names == sorted(set(names)), "columns are not sorted by distinct names")
        for column in self.columns:
            _require(
                _NAME.fullmatch(column.name) is not None,
                f"{column.name[:80]!r} is not a column name: use a-z, 0-9 and _",
            )
            _require(
                column.dtype in DTYPES, f"{column.name} is {column.dtype}: columns hold integers"
            )
            low, high = column.bounds or (0, 0)
            limits = np.iinfo(column.dtype)
            _require(
                limits.min <= low <= high <= limits.max,
                f"{column.name} cannot be from {low} to {high}",
            )
            _require(_are_labels(column.labels), f"the labels of {column.name} are no names")
            _require(-64 <= (column.scale_log2 or 0) <= 64, f"the scale of {column.name}")
            _require(len(column.shape) <= MAX_RANK, f"{column.name} has too many dimensions")
            _require(all(size > 0 for size in column.shape), f"{column.name} has an empty shape")
        _require(self.example_bytes <= MAX_EXAMPLE_BYTES, "an example is larger than 16 MiB")

    @classmethod
    def of(
        cls,
        columns: Mapping[str, np.ndarray],
        bounds: Mapping[str, tuple[int, int]] | None = None,
        labels: Mapping[str, tuple[str, ...]] | None = None,
        scale_log2: Mapping[str, int] | None = None,
    ) -> "Schema":
        """The schema of arrays [n, *shape] by column name. `bounds` gives the least and greatest
        value of some columns; the others may hold all that their dtype can. `labels` and
        `scale_log2` are as in Column."""
        bounds, labels, scales = bounds or {}, labels or {}, scale_log2 or {}
        for given, what in ((bounds, "bounds"), (labels, "labels"), (scales, "scales")):
            strange = sorted(given.keys() - columns.keys())
            _require(not strange, f"{what} are given for {', '.join(strange)}, which is not there")
        for name, array in columns.items():
            _require(array.ndim > 0, f"{name} is a scalar, not a column of examples")
        return cls(
            tuple(
                Column(
                    name,
                    array.dtype.name,
                    array.shape[1:],
                    bounds.get(name),
                    labels.get(name),
                    scales.get(name),
                )
                for name, array in sorted(columns.items())
            )
        )

    def labels(self, name: str) -> tuple[str, ...]:
        """The names of 0, 1, … in a column; none where it has none, or is not there."""
        return next((c.labels for c in self.columns if c.name == name and c.labels), ())

    @property
    def example_bytes(self) -> int:
        """Bytes of one example, all columns together."""
        return sum(column.example_bytes for column in self.columns)

    @property
    def leaf(self) -> bytes:
        """The layout by which a contract reads an example's bytes: for each column, in order, the
        sha256 of its name and a word: the code of its dtype in the first byte, the elements of one
        example in the last eight."""
        return b"".join(
            hashlib.sha256(column.name.encode()).digest()
            + bytes([CODES[column.dtype]])
            + math.prod(column.shape).to_bytes(31, "big")
            for column in self.columns
        )

    def check(self, columns: Mapping[str, np.ndarray]) -> int:
        """The number of examples in `columns`. Raises SchemaError if they do not match, or hold a
        value out of a column's bounds."""
        found = [column.kind for column in Schema.of(columns).columns]
        wanted = [column.kind for column in self.columns]
        _require(
            found == wanted, f"the columns are {_listed(found)}; the set has {_listed(wanted)}"
        )
        for column in self.columns:
            _require(
                column.holds(columns[column.name]),
                f"a value of {column.name} is not within {column.bounds}",
            )
        lengths = {len(array) for array in columns.values()}
        _require(len(lengths) == 1, "the columns differ in their number of examples")
        return lengths.pop()

    def empty(self) -> dict[str, np.ndarray]:
        """The columns of no examples."""
        return {c.name: np.empty((0, *c.shape), c.dtype) for c in self.columns}

    def ids(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Content digests uint8 [n, 32] of the examples in `columns`.

        An id is sha256(schema digest ‖ the example's columns in order, little-endian, C order).
        """
        count = len(columns[self.columns[0].name])
        ids = np.empty((count, 32), np.uint8)
        step = max(1, min(_ROWS, _CHUNK_BYTES // self.example_bytes))
        for start in range(0, count, step):
            rows = self._serialise(columns, slice(start, start + step))
            for number, row in enumerate(rows, start):
                hasher = self._hasher.copy()
                hasher.update(row)
                ids[number] = np.frombuffer(hasher.digest(), np.uint8)
        return ids

    def _serialise(self, columns: Mapping[str, np.ndarray], rows: slice) -> np.ndarray:
        """uint8 [rows, example_bytes]"""
        parts = []
        for column in self.columns:
            part = columns[column.name][rows]
            part = np.ascontiguousarray(part, part.dtype.newbyteorder("<"))
            parts.append(part.reshape(len(part), -1).view(np.uint8))
        return np.concatenate(parts, axis=1)

    def example_of(self, columns: Mapping[str, np.ndarray]) -> bytes:
        """Return the bytes whose sha256 is the id of the first example in `columns`."""
        return self._digest + self._serialise(columns, slice(0, 1)).tobytes()

    @cached_property
    def _digest(self) -> bytes:
        document = [[c.name, c.dtype, list(c.shape)] for c in self.columns]
        return canonical.digest(canonical.encode(document))

    @cached_property
    def _hasher(self) -> "hashlib._Hash":
        return hashlib.sha256(self._digest)


def _listed(kinds: Sequence[tuple[str, str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {dtype} {list(shape)}" for name, dtype, shape in kinds)


def _are_labels(labels: tuple[str, ...] | None) -> bool:
    if labels is None:
        return True
    fit = all(0 < len(label) <= MAX_LABEL and label.isprintable() for label in labels)
    return fit and 0 < len(labels) == len(set(labels)) <= MAX_LABELS


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise SchemaError(what)
