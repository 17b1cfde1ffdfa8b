"""CSV tables of numbers."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_size
from compute.training_set.importers.files import not_utf8
from compute.training_set.importers.integers import narrowest, quantise, real_numbers
from compute.training_set.schema import MAX_COLUMNS

_NUMBERED = re.compile(r"(.*?)_?([0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
_CHUNK_ROWS = 4096
_CHUNK_CELLS = 1 << 20
_LINE = 1 << 20  # characters
_CELL = 64  # characters: a number, and the name of a column, is shorter


def read_csv(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns of a table whose first line names them, in the narrowest integer type that holds all.

    Columns x0, x1, … (or x_1, x_2, …) that count up side by side become one column x of vectors.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            check_size(path, path.stat().st_size)
            rows = csv.reader(_lines(path, file), strict=True)
            header = [name.strip() for name in next(rows, [])]
            _check_header(path, header)
            groups = _groups(header)
            chunks = list(_chunks(path, rows, header, groups, scale_log2))
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except (OSError, csv.Error) as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None
    if not chunks:
        raise UnreadableData(f"{path} has no rows under its header")
    return {name: narrowest(np.concatenate([chunk[name] for chunk in chunks])) for name in groups}


def _check_header(path: Path, header: list[str]) -> None:
    if not header:
        raise UnreadableData(f"{path} is empty, or its first line is")
    for sign, name in _SEPARATORS.items():
        if len(header) == 1 and sign in header[0]:
            raise UnreadableData(f"{path} separates its cells with {name}: a table uses commas")
    if "" in header:
        raise UnreadableData(
            f"{path} has no name for column {header.index('') + 1}: name it in the first line, or "
            "leave it out, as pandas does with index=False"
        )
    if header and all(_NUMBER.fullmatch(cell) for cell in header):
        raise UnreadableData(
            f"{path} begins with numbers: its first line names the columns, as in x0,x1,label"
        )


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    while line := file.readline(_LINE + 1):
        if len(line) > _LINE:
            raise UnreadableData(f"{path} has a line of more than {_LINE} characters")
        if "\0" in line:
            raise not_utf8(path)
        yield line


def _groups(header: list[str]) -> dict[str, slice | int]:
    """The place of every column: a slice where neighbours are numbered consecutively."""
    if any(len(cell) > _CELL for cell in header):
        raise UnreadableData(f"a column's name has more than {_CELL} characters")
    groups: dict[str, slice | int] = {}
    place = 0
    while place < len(header):
        name, length = _run(header, place)
        if name in groups:
            raise UnreadableData(f"two columns are called {name!r}")
        groups[name] = place if length == 1 else slice(place, place + length)
        place += length
    if not 0 < len(groups) <= MAX_COLUMNS:
        raise UnreadableData(f"a table has 1 to {MAX_COLUMNS} columns, not {len(groups)}")
    return groups


def _run(header: list[str], place: int) -> tuple[str, int]:
    first = _NUMBERED.fullmatch(header[place])
    if first is None or not first[1] or int(first[2]) > 1:
        return header[place], 1
    length = 1
    for name in header[place + 1 :]:
        following = _NUMBERED.fullmatch(name)
        if following is None or following[1] != first[1]:
            break
        if int(following[2]) != int(first[2]) + length:
            break
        length += 1
    return (first[1], length) if length > 1 else (header[place], 1)


def _chunks(
    path: Path,
    rows: Iterator[list[str]],
    header: list[str],
    groups: Mapping[str, slice | int],
    scale_log2: Mapping[str, int],
) -> Iterator[dict[str, np.ndarray]]:
    line = 2
    height = max(1, min(_CHUNK_ROWS, _CHUNK_CELLS // max(1, len(header))))
    while chunk := list(islice(rows, height)):
        try:
            if any(len(row) != len(header) or max(map(len, row)) > _CELL for row in chunk):
                raise ValueError
            table = np.array(chunk)
            yield {name: _cells(name, table[:, at], scale_log2) for name, at in groups.items()}
        except (ValueError, OverflowError):
            scaled = {
                h for name, at in groups.items() if name in scale_log2 for h in _at(header, at)
            }
            raise UnreadableData(_first_fault(path, line, chunk, header, scaled)) from None
        line += len(chunk)


def _at(header: list[str], at: slice | int) -> list[str]:
    return header[at] if isinstance(at, slice) else [header[at]]


def _first_fault(
    path: Path, line: int, rows: list[list[str]], header: list[str], scaled: Collection[str]
) -> str:
    """What is wrong with these rows, the first of which is in this line of the file."""
    for number, row in enumerate(rows, line):
        if len(row) != len(header):
            return f"{path}, row {number}: it has {len(row)} cells, the header {len(header)}"
        for name, cell in zip(header, row, strict=True):
            if fault := _fault(name, cell.strip(), name in scaled):
                return f"{path}, row {number}, column {name}: {fault}"
    return f"{path}, row {line} or after: a number that no integer of 64 bits can hold"


def _fault(name: str, cell: str, scaled: bool) -> str | None:
    if len(cell) > _CELL:
        return f"a cell has more than {_CELL} characters"
    if not cell:
        return "the cell is empty: fill it or drop the row"
    if not _NUMBER.fullmatch(cell):
        return f"'{cell}' is no number"
    if not scaled and not _INTEGER.fullmatch(cell):
        return f"'{cell}' is a real number; {real_numbers(_group_of(name))}"
    return None


def _group_of(name: str) -> str:
    """The column that a numbered one is part of, as people name it."""
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1] if numbered and numbered[1] else name


def _cells(name: str, text: np.ndarray, scale_log2: Mapping[str, int]) -> np.ndarray:
    if name in scale_log2:
        return quantise(name, text.astype(np.float64), scale_log2[name])
    return text.astype(np.int64)
