"""Import files as columns of integers: tables, NumPy archives, images, text.

Files are as hostile as anything that arrives: sizes are checked before memory is taken, and
nothing is unpickled. Real numbers become integers by a power of two that the person chooses, and
the model specification undoes with the input's `scale_log2`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.storage import Store
from compute.training_set.importers.arrow import (
    is_saved_dataset,
    read_parquet,
    read_saved_dataset,
)
from compute.training_set.importers.errors import UnreadableData, check_plain
from compute.training_set.importers.images import class_names, read_images, read_pictures
from compute.training_set.importers.integers import cast, small
from compute.training_set.importers.lines import read_jsonl
from compute.training_set.importers.npz import read_npz
from compute.training_set.importers.table import read_csv
from compute.training_set.importers.text import BYTES, WINDOW, is_text, read_text
from compute.training_set.schema import Schema
from compute.training_set.tokeniser import Tokeniser, load, named_by

__all__ = ["UnreadableData", "cast", "is_text", "labels_of", "read", "read_for", "read_pictures"]

_TABLES = {
    ".npz": read_npz,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
}


def read(
    path: Path,
    *,
    schema: Schema | None = None,
    scale_log2: Mapping[str, int] | None = None,
    window: int = WINDOW,
    tokeniser: Tokeniser | None = None,
) -> dict[str, np.ndarray]:
    """Columns [n, *shape] from a file or folder of one of the kinds that docs/data.md lists.

    Columns named in `scale_log2` hold real numbers x and become round(x * 2**scale_log2), ties to
    even. Text is cut into windows of `window` tokens of `tokeniser`, or bytes. With `schema`,
    integers take its dtypes, real numbers its scales, folders of images its labels and text its
    window, so that the result can be proposed to that set, whose tokeniser, if it has one, must be
    given. Raises UnreadableData, SchemaError or
    TokeniserError.
    """
    check_plain(path)
    scales = dict(scale_log2 or {})
    if schema is not None:
        scales |= {c.name: c.scale_log2 for c in schema.columns if c.scale_log2 is not None}
    if is_text(path):
        _check_tokeniser(schema, tokeniser)
        columns = read_text(path, window if schema is None else _window(schema), tokeniser)
    elif path.is_dir() and is_saved_dataset(path):
        columns = read_saved_dataset(path, scales)
    elif path.is_dir():
        columns = read_images(path, _labels(schema) or class_names(path))
    elif path.suffix.lower() in _TABLES:
        columns = _TABLES[path.suffix.lower()](path, scales)
    else:
        raise UnreadableData(
            f"{path} is neither a .npz, .csv, .jsonl, .parquet, .txt or .md file, nor a folder of "
            "text files, of images (one folder a class), or that datasets saved"
        )
    if unknown := [name for name in scale_log2 or () if name not in columns]:
        raise UnreadableData(f"{path} has no column {unknown[0]!r}, but {', '.join(columns)}")
    if schema is None and not is_text(path):
        columns = {name: small(array) for name, array in columns.items()}
    elif schema is not None:
        wanted = {column.name: column.dtype for column in schema.columns}
        columns = {name: cast(name, a, wanted.get(name, a.dtype)) for name, a in columns.items()}
    (schema or Schema.of(columns)).check(columns)
    return columns


def labels_of(path: Path) -> dict[str, tuple[str, ...]]:
    """The names of the classes by column, where `read` finds some in `path`."""
    if not path.is_dir() or is_text(path) or is_saved_dataset(path):
        return {}
    return {"label": class_names(path)}


def _labels(schema: Schema | None) -> tuple[str, ...] | None:
    columns = schema.columns if schema is not None else ()
    return next((c.labels for c in columns if c.name == "label"), None)


def read_for(path: Path, schema: Schema, store: Store) -> dict[str, np.ndarray]:
    """Read what can be proposed to a set with this schema; text by its tokeniser, which `store`
    holds. Raises BlockUnavailable and what `read` raises."""
    names = [column.name for column in schema.columns]
    return read(path, schema=schema, tokeniser=load(store, names) if is_text(path) else None)


def _check_tokeniser(schema: Schema | None, given: Tokeniser | None) -> None:
    if schema is None:
        return
    names = [column.name for column in schema.columns]
    if named_by(names) is not None and (given is None or given.column not in names):
        raise UnreadableData("this training set has a tokeniser of its own: text takes no other")


def _window(schema: Schema) -> int:
    for column in schema.columns:
        if (column.name == BYTES or named_by([column.name])) and len(column.shape) == 1:
            return column.shape[0]
    raise UnreadableData("this training set holds no text: it has no column of tokens")
