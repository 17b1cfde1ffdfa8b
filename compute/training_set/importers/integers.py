"""Convert numbers of files to integers of a fixed width, or refuse."""

from collections.abc import Mapping

import numpy as np

from compute.training_set.importers.errors import UnreadableData
from compute.training_set.schema import DTYPES


def integers(name: str, array: np.ndarray, scale_log2: Mapping[str, int]) -> np.ndarray:
    """Numbers of any kind as native integers; real ones need their power in `scale_log2`."""
    if name in scale_log2:
        return narrowest(quantise(name, array.astype(np.float64), scale_log2[name]))
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        raise UnreadableData(real_numbers(name))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def real_numbers(name: str) -> str:
    """Advise on real numbers."""
    return (
        f"{name} holds real numbers, and examples are made of integers: say by which power of two "
        f"they are multiplied, as in --scale {name}=8 (by 256) or --scale {name}=-4 (by 1/16)"
    )


def small(array: np.ndarray) -> np.ndarray:
    """Integers of 32 or 64 bits, the default of NumPy and of pandas, in the narrowest dtype."""
    return narrowest(array) if array.dtype.itemsize > 2 else array


def quantise(name: str, values: np.ndarray, scale_log2: int) -> np.ndarray:
    """float64 `values` as int64 round(values * 2**scale_log2), ties to even."""
    scaled = np.rint(np.ldexp(values, scale_log2))
    if not np.all(np.abs(scaled) < 2.0**63):  # NaN compares false
        raise UnreadableData(f"{name} has values that are no integers of 64 bits after scaling")
    return scaled.astype(np.int64)


def narrowest(values: np.ndarray) -> np.ndarray:
    """Integers in the smallest dtype that holds all of them, unsigned before signed."""
    for dtype in sorted(DTYPES, key=lambda name: (np.dtype(name).itemsize, name[0] != "u")):
        if _fits(values, np.dtype(dtype)):
            return values.astype(dtype)
    raise AssertionError("int64 and uint64 hold every integer array")


def cast(name: str, values: np.ndarray, dtype: np.dtype | str) -> np.ndarray:
    """Integers in `dtype`. Raises UnreadableData if one does not fit."""
    if not _fits(values, np.dtype(dtype)):
        raise UnreadableData(f"{name} has values that do not fit the set's {np.dtype(dtype)}")
    return values.astype(dtype)


def _fits(values: np.ndarray, dtype: np.dtype) -> bool:
    limits = np.iinfo(dtype)
    return not values.size or (limits.min <= int(values.min()) and int(values.max()) <= limits.max)
