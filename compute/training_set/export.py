"""A version of the training set as a file that other programs read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from compute.durable import replacing
from compute.training_set.examples import TrainingSet

_BATCH = 4096


def write_npz(
    path: Path,
    examples: TrainingSet,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Every column as an array [n, *shape] of a NumPy archive, a batch at a time in memory.

    The file appears when it is whole. Raises OSError.
    """
    columns = examples.schema.columns
    total = len(examples) * len(columns)
    with replacing(path) as target, zipfile.ZipFile(target, "w") as archive:
        for place, column in enumerate(columns):
            with archive.open(f"{column.name}.npy", "w", force_zip64=True) as file:
                header = {
                    "descr": np.dtype(column.dtype).str,
                    "fortran_order": False,
                    "shape": (len(examples), *column.shape),
                }
                np.lib.format.write_array_header_1_0(file, header)
                done = place * len(examples)
                for batch in examples.batches(_BATCH):
                    file.write(np.ascontiguousarray(batch[column.name], column.dtype).data)
                    done += len(batch[column.name])
                    progress(done, total)


def write_ids(path: Path, examples: TrainingSet) -> None:
    """The ids of the examples in the set's order, one a line in hexadecimal digits.

    The file appears when it is whole. Raises OSError.
    """
    with replacing(path) as file:
        file.writelines(f"{row.tobytes().hex()}\n".encode() for row in examples.ids)
