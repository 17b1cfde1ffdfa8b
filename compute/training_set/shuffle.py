"""A keyed permutation that is computed, not stored, so that no set is too large for it."""

import hashlib

import numpy as np

_ROUNDS = 12  # with 8, sets of a few examples are visibly less than uniform


class Permutation:
    """A bijection of 0…length - 1, fixed by `material`: the same on every machine, for ever.

    A balanced Feistel network over the smallest even number of bits that holds `length`; what falls
    outside walks on until it is inside (Black and Rogaway, 2002), at most four turns on average.
    """

    def __init__(self, length: int, material: bytes) -> None:
        self._length = length
        self._half = np.uint64((max(length - 1, 1).bit_length() + 1) // 2)
        self._mask = np.uint64((1 << int(self._half)) - 1)
        stream = hashlib.shake_256(material).digest(8 * _ROUNDS)
        self._keys = np.frombuffer(stream, "<u8").astype(np.uint64)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """int64 [k]: where each of `places` (int64 [k], all below `length`) goes."""
        values = self._turn(places.astype(np.uint64))
        while len(outside := np.flatnonzero(values >= self._length)):
            values[outside] = self._turn(values[outside])
        return values.astype(np.int64)

    def _turn(self, values: np.ndarray) -> np.ndarray:
        left, right = values >> self._half, values & self._mask
        for key in self._keys:
            left, right = right, left ^ (_mixed(right ^ key) & self._mask)
        return (left << self._half) | right


def _mixed(words: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of a word depends on all of them."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
