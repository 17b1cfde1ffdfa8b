"""A person's file -> the columns that a model reads: tables, images, text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compute.inference.model import Model
from compute.models.columns import InputColumn
from compute.training_set.importers import UnreadableData, cast, is_text, read, read_pictures

PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True)
class Inputs:
    """`columns` [n, *shape] of integers, the target among them if the file has it; `names` of rows;
    `ends` says for texts how many tokens each has, None for other models."""

    columns: Mapping[str, np.ndarray]
    names: list[str]
    ends: np.ndarray | None = None


def read_inputs(path: Path, model: Model) -> Inputs:
    """Read what is to be predicted from a file or folder as `docs/data.md` lists them, one image or
    a folder of images; the target may be missing. Raises UnreadableData."""
    specification = model.specification
    if is_text(path) and len(specification.output_shape) == 2:
        return _texts(path, model)
    if path.suffix.lower() in PICTURES or _holds_pictures(path):
        pixels, names = read_pictures(path)
        (column,) = _one_input(model)
        return Inputs({column.name: _fitted(column, pixels)}, names)
    scales = {
        column.name: column.scale_log2
        for column in (model.schema.columns if model.schema else ())
        if column.scale_log2 is not None
    }
    found = read(path, scale_log2=scales)
    columns = {
        column.name: _fitted(column, _named(path, found, column))
        for column in specification.columns
    }
    if specification.target in found:
        columns[specification.target] = found[specification.target]
    return Inputs(columns, [str(row) for row in range(len(next(iter(columns.values()))))])


def _named(path: Path, found: Mapping[str, np.ndarray], column: InputColumn) -> np.ndarray:
    if column.name not in found:
        raise UnreadableData(
            f"{path} has the columns {', '.join(found)}; the model reads {column.name}"
        )
    return found[column.name]


def _fitted(column: InputColumn, values: np.ndarray) -> np.ndarray:
    """In the column's dtype and shape: pixels side by side are as good as in rows."""
    if math.prod(values.shape[1:]) != column.size:
        raise UnreadableData(
            f"the model reads {column.name} of shape {list(column.shape)}, these examples have "
            f"{list(values.shape[1:])}"
        )
    return cast(column.name, values.reshape(-1, *column.shape), column.dtype)


def _one_input(model: Model) -> tuple[InputColumn]:
    columns = model.specification.columns
    if len(columns) != 1:
        raise UnreadableData(f"the model reads {len(columns)} columns: give a table, no image")
    return (columns[0],)


def _holds_pictures(path: Path) -> bool:
    if not path.is_dir():
        return False
    files = [entry for entry in path.iterdir() if entry.is_file()]
    return any(file.suffix.lower() in PICTURES for file in files)


def _texts(path: Path, model: Model) -> Inputs:
    """The last tokens of each file, from the beginning of a window on."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    (column,) = _one_input(model)
    rows = np.zeros((len(files), column.size), column.dtype)
    ends = []
    for row, file in zip(rows, files, strict=True):
        try:
            tokens = model.encode(file.read_text(encoding="utf-8"))[-column.size :]
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableData(f"{file} cannot be read: {error}") from None
        if not tokens:
            raise UnreadableData(f"{file} is empty")
        row[: len(tokens)] = tokens
        ends.append(len(tokens))
    return Inputs({column.name: rows}, [file.name for file in files], np.array(ends))
