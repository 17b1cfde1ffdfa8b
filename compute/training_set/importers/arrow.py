"""Parquet files, and data sets that Hugging Face `datasets` saved to disk.

Needs pyarrow alone: a saved data set is a folder of Arrow streams beside a state.json.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_expansion, check_size
from compute.training_set.importers.images import decode
from compute.training_set.importers.integers import integers
from compute.training_set.schema import MAX_COLUMNS, MAX_RANK

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 4096
_VALUE_BYTES = 8
_MAX_STATE_BYTES = 1 << 20


def read_parquet(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns of a Parquet file: numbers, and lists of numbers that are equally long in every row.

    Integers keep their type; real numbers need their power of two in `scale_log2`.
    """
    arrow = _pyarrow()
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            check_expansion(path, _expanded(file.metadata))
            return _columns(path, file.iter_batches(_BATCH_ROWS), scale_log2)
    except (arrow.ArrowException, OSError) as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None


def _expanded(metadata: Any) -> int:
    """Bytes that a file becomes: what it says of them, or eight for each value of each column,
    which a few bytes of a run or a dictionary may stand for."""
    size = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        values = sum(group.column(i).num_values for i in range(group.num_columns))
        size += max(group.total_byte_size, _VALUE_BYTES * values, _VALUE_BYTES * group.num_rows)
    return size


def is_saved_dataset(folder: Path) -> bool:
    """Return whether `datasets` wrote this folder."""
    return any((folder / name).is_file() for name in ("state.json", "dataset_dict.json"))


def read_saved_dataset(folder: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns of one split that `Dataset.save_to_disk` wrote: as in Parquet, and images."""
    arrow = _pyarrow()
    if (folder / "dataset_dict.json").is_file():
        splits = ", ".join(sorted(entry.name for entry in folder.iterdir() if entry.is_dir()))
        raise UnreadableData(f"{folder} holds several splits: name the folder of one ({splits})")
    try:
        files = [folder / name for name in _data_files(folder / "state.json")]
        check_size(folder, sum(file.stat().st_size for file in files))
        return _columns(folder, _streamed(files), scale_log2)
    except (arrow.ArrowException, OSError) as error:
        raise UnreadableData(f"{folder} cannot be read: {error}") from None


def _data_files(state: Path) -> list[str]:
    with state.open("rb") as file:
        data = file.read(_MAX_STATE_BYTES + 1)
    try:
        names = [entry["filename"] for entry in json.loads(data)["_data_files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        names = []
    if not names or len(data) > _MAX_STATE_BYTES:
        raise UnreadableData(f"{state} does not list the files of a data set")
    if any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise UnreadableData(f"{state} lists files outside its folder")
    return names


def _streamed(files: Iterable[Path]) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    for file in files:
        with pa.memory_map(str(file)) as mapped, pa.ipc.open_stream(mapped) as stream:
            yield from stream


def _columns(
    path: Path, batches: "Iterable[pa.RecordBatch]", scale_log2: Mapping[str, int]
) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {}
    size = 0
    for batch in batches:
        if not 0 < batch.num_columns <= MAX_COLUMNS:
            raise UnreadableData(f"{path} has not 1 to {MAX_COLUMNS} columns")
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            values = integers(name, _array(name, column), scale_log2)
            found = parts.setdefault(name, [])
            if found and values.shape[1:] != found[0].shape[1:]:
                raise UnreadableData(
                    f"{name} is {list(found[0].shape[1:])} in one row and "
                    f"{list(values.shape[1:])} in another"
                )
            found.append(values)
            size += values.nbytes
        check_size(path, size)
    if not parts:
        raise UnreadableData(f"{path} has no rows")
    return {name: np.concatenate(found) for name, found in parts.items()}


def _array(name: str, column: Any) -> np.ndarray:
    """An Arrow column as [n, *shape]; lists of one length become an axis, images pixels."""
    import pyarrow as pa

    shape = [len(column)]
    while True:
        if column.null_count:
            raise UnreadableData(f"{name} has rows without a value: fill or drop them")
        kind = column.type
        if isinstance(kind, pa.BaseExtensionType):
            column = column.storage
        elif pa.types.is_dictionary(kind):
            column = column.dictionary_decode()
        elif pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
            column, length = _flattened(name, column)
            shape.append(length)
        elif pa.types.is_large_list(kind):
            column = column.cast(pa.list_(kind.value_type))
        elif pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            pixels = [decode(name, value.as_py()) for value in column.field("bytes")]
            return _stacked(name, pixels, tuple(shape))
        elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return column.to_numpy(zero_copy_only=False).reshape(shape)
        else:
            raise UnreadableData(f"{name} holds {kind}: numbers, lists of them and images are read")
        if len(shape) > MAX_RANK + 1:
            raise UnreadableData(f"{name} has more than {MAX_RANK} dimensions")


def _flattened(name: str, column: Any) -> tuple[Any, int]:
    """The items of all lists, and how many each list has."""
    flat = column.flatten()
    if len(column) == 0:
        return flat, 0
    length, rest = divmod(len(flat), len(column))
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    if rest or np.any(lengths != length):
        raise UnreadableData(f"{name} has lists of different lengths: pad or cut them")
    return flat, length


def _stacked(name: str, pixels: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    if len({picture.shape for picture in pixels}) > 1:
        raise UnreadableData(f"{name} has images of different sizes or colours: make them equal")
    return np.stack(pixels).reshape(*shape, *pixels[0].shape)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise UnreadableData(
            "Reading Parquet and saved data sets needs pyarrow: pip install pyarrow"
        ) from None
    return pyarrow.lib
