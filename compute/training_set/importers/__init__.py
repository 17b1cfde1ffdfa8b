"""From the files people have to columns of integers: NumPy archives, tables, image folders.

Files are as hostile as anything that arrives: sizes are checked before memory is taken, and
nothing is unpickled. Real numbers become integers by a power of two that the person chooses, and
the model specification undoes with the input's `scale_log2`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.training_set.importers.errors import UnreadableData
from compute.training_set.importers.images import read_images
from compute.training_set.importers.integers import cast
from compute.training_set.importers.lines import read_jsonl
from compute.training_set.importers.npz import read_npz
from compute.training_set.importers.table import read_csv
from compute.training_set.schema import Schema

__all__ = ["UnreadableData", "read", "read_csv", "read_images", "read_jsonl", "read_npz"]


def read(
    path: Path, *, schema: Schema | None = None, scale_log2: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Columns [n, *shape] from a .npz, .csv or .jsonl file or a folder of images.

    Columns named in `scale_log2` hold real numbers x and become round(x * 2**scale_log2), ties to
    even. With `schema`, integers take its dtypes, so that the result can be proposed to that set.
    Raises UnreadableData or SchemaError.
    """
    scales = dict(scale_log2 or {})
    if path.is_dir():
        columns = read_images(path)
    elif path.suffix == ".npz":
        columns = read_npz(path, scales)
    elif path.suffix == ".csv":
        columns = read_csv(path, scales)
    elif path.suffix == ".jsonl":
        columns = read_jsonl(path, scales)
    else:
        raise UnreadableData(
            f"{path} is neither a .npz, .csv or .jsonl file nor a folder of images"
        )
    if schema is not None:
        wanted = {column.name: column.dtype for column in schema.columns}
        columns = {name: cast(name, a, wanted.get(name, a.dtype)) for name, a in columns.items()}
    (schema or Schema.of(columns)).check(columns)
    return columns
