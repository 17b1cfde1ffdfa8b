"""NumPy archives, unpickled never."""

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_expansion
from compute.training_set.importers.integers import integers
from compute.training_set.schema import MAX_COLUMNS

# what zipfile raises for archives that are damaged, encrypted or compressed in ways it lacks
_BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def read_npz(path: Path, scale_log2: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Arrays of a NumPy archive by name, integers or named in `scale_log2`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_COLUMNS:
                raise UnreadableData(f"{path} holds more than {MAX_COLUMNS} arrays")
            check_expansion(path, sum(member.file_size for member in members))
            return {
                name: integers(name, _read_npy(archive, member), scale_log2)
                for member in members
                for name in [member.filename.removesuffix(".npy")]
            }
    except _BROKEN as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(file)
        except (ValueError, KeyError) as error:
            raise UnreadableData(f"{member.filename} is not a NumPy array: {error}") from None
        if dtype.kind not in "iufb":
            raise UnreadableData(f"{member.filename} holds {dtype}: only numbers can be read")
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != member.file_size - file.tell():
            raise UnreadableData(f"{member.filename} is not as long as its shape says")
        flat = np.frombuffer(file.read(size), dtype)
    if flat.nbytes != size:
        raise UnreadableData(f"{member.filename} ends early")
    return flat.reshape(shape, order="F" if fortran_order else "C")
