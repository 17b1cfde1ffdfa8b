"""Fashion-MNIST's four IDX files -> train.npz and test.npz, as `nrn` reads them.

    python examples/fashion_mnist/convert.py FOLDER_WITH_IDX_FILES OUTPUT_FOLDER

The files, packed (.gz) or not, are those of the data set's authors (Xiao, Rasul, Vollgraf 2017) or
of Debian's package dataset-fashion-mnist; MNIST's have the same form.
"""

import gzip
import math
import sys
from pathlib import Path

import numpy as np

PARTS = {"train": "train", "test": "t10k"}
MAX_BYTES = 1 << 30


def main(source: Path, output: Path) -> None:
    """Write columns `image` uint8 [n, 28, 28] and `label` uint8 [n] of both parts."""
    output.mkdir(parents=True, exist_ok=True)
    for name, prefix in PARTS.items():
        images = read_idx(source / f"{prefix}-images-idx3-ubyte", 3)
        labels = read_idx(source / f"{prefix}-labels-idx1-ubyte", 1)
        np.savez(output / f"{name}.npz", image=images, label=labels)
        print(f"{output / name}.npz: {len(images)} images of {len(np.unique(labels))} classes")


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array in an IDX file: 0, 0, 8, rank, then big-endian sizes, then the bytes."""
    packed = path.with_name(path.name + ".gz")
    opened = gzip.open(packed) if packed.exists() else path.open("rb")  # noqa: SIM115
    with opened as file:
        header = file.read(4 + 4 * dimensions)
        if header[:4] != bytes([0, 0, 8, dimensions]):
            raise SystemExit(f"{path} is not an IDX file of bytes with {dimensions} dimensions.")
        shape = np.frombuffer(header, ">u4", offset=4)
        size = math.prod(map(int, shape))
        if size > MAX_BYTES:
            raise SystemExit(f"{path} says that it holds {size} bytes: more than 1 GiB.")
        data = file.read(size + 1)
    if len(data) != size:
        raise SystemExit(f"{path} is damaged: it does not hold the {size} bytes that it says.")
    return np.frombuffer(data, np.uint8).reshape(shape)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
