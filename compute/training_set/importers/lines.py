"""JSON Lines: one example a line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from compute.canonical import check_nesting
from compute.training_set.importers.errors import UnreadableData, check_size
from compute.training_set.importers.files import not_utf8
from compute.training_set.importers.integers import integers, narrowest
from compute.training_set.schema import MAX_COLUMNS

_CHUNK_LINES = 1024
_MAX_LINE = 1 << 20


def read_jsonl(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns of objects that all have the same keys, each with a number or nested lists of
    numbers of one shape, in the narrowest integer type that holds all."""
    try:
        with path.open("rb") as file:
            check_size(path, path.stat().st_size)
            chunks = list(_chunks(path, file, scale_log2))
    except OSError as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None
    if not chunks:
        raise UnreadableData(f"{path} has no lines")
    shapes = [{name: array.shape[1:] for name, array in chunk.items()} for chunk in chunks]
    if any(shape != shapes[0] for shape in shapes):
        raise UnreadableData(f"the examples in {path} differ in their keys or shapes")
    return {
        name: narrowest(np.concatenate([chunk[name] for chunk in chunks])) for name in chunks[0]
    }


def _chunks(
    path: Path, file: BinaryIO, scale_log2: Mapping[str, int]
) -> Iterator[dict[str, np.ndarray]]:
    number = 1
    while chunk := _next_lines(file):
        if any(b"\0" in line for line in chunk):
            raise not_utf8(path)
        try:
            yield _columns([_row(line) for line in chunk], scale_log2)
        except UnicodeDecodeError:
            raise not_utf8(path) from None
        except (ValueError, OverflowError):
            raise UnreadableData(_first_fault(path, number, chunk, scale_log2)) from None
        number += len(chunk)


def _columns(
    rows: Sequence[dict[str, Any]], scale_log2: Mapping[str, int]
) -> dict[str, np.ndarray]:
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError(f"an example has other keys than {', '.join(rows[0])}")
    return {name: _column(name, [row[name] for row in rows], scale_log2) for name in rows[0]}


def _first_fault(path: Path, number: int, lines: list[bytes], scale_log2: Mapping[str, int]) -> str:
    """What is wrong with these lines, the first of which has this number."""
    first: dict[str, Any] = {}
    for place, line in enumerate(lines, number):
        try:
            row = _row(line)
            first = first or row
            _columns([first, row], scale_log2)
        except (ValueError, OverflowError) as error:
            return f"{path}, line {place}: {error}"
    return f"{path}, lines {number} and after: numbers of one key do not go together"


def _next_lines(file: BinaryIO) -> list[bytes]:
    """Some of the lines that follow, few if they are long."""
    lines: list[bytes] = []
    size = 0
    while len(lines) < _CHUNK_LINES and size < _MAX_LINE:
        line = file.readline(_MAX_LINE + 1)
        if not line:
            break
        lines.append(line)
        size += len(line)
    return lines


def _row(line: bytes) -> dict[str, Any]:
    if len(line) > _MAX_LINE:
        raise ValueError(f"a line has more than {_MAX_LINE} bytes")
    check_nesting(line)
    row = json.loads(line)
    if not isinstance(row, dict) or not 0 < len(row) <= MAX_COLUMNS:
        raise ValueError(f"a line is not an object with 1 to {MAX_COLUMNS} keys")
    return row


def _column(name: str, values: list[Any], scale_log2: Mapping[str, int]) -> np.ndarray:
    array = np.array(values)
    if array.dtype.kind not in "iufb":
        raise ValueError(f"{name} holds something else than numbers, or lists of other lengths")
    return integers(name, array, scale_log2)
