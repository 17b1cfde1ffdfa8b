"""Validate parameters by their bits, because loading a float may already change it.

XLA on CPU flushes subnormals even when it widens float32 to float64, so nothing here is a float.
"""

import numpy as np

from compute.checkpoint.errors import InvalidCheckpoint, Reason

_INFINITY = 0x7F800000
_SMALLEST_NORMAL = 0x00800000
_STEP = 1 << 18  # elements looked at together: stays in cache, bounds the copies


def check(name: str, words: np.ndarray, magnitude_log2: int) -> None:
    """Raise InvalidCheckpoint unless all float32 bit patterns `words` (uint32, flat) are valid:
    zero, or a normal number of magnitude below 2**magnitude_log2."""
    bound = (127 + magnitude_log2) << 23
    for start in range(0, words.size, _STEP):
        magnitudes = words[start : start + _STEP] & 0x7FFFFFFF
        largest = int(magnitudes.max())
        if largest >= _INFINITY:
            raise InvalidCheckpoint(Reason.NOT_FINITE, name)
        if largest >= bound:
            raise InvalidCheckpoint(Reason.MAGNITUDE, f"{name}, 2**{magnitude_log2}")
        if np.any((magnitudes - 1) < _SMALLEST_NORMAL - 1):  # 0 wraps around to the top
            raise InvalidCheckpoint(Reason.SUBNORMAL, name)


def flush_subnormals(array: np.ndarray) -> np.ndarray:
    """float32 `array` with subnormals replaced by zeros of their sign, which is what F24 reads."""
    words = array.view(np.uint32)
    return np.where((words & 0x7F800000) == 0, words & 0x80000000, words).view(np.float32)
