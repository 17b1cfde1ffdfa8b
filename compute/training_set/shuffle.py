"""A keyed permutation that is computed, not stored, so that no set is too large for it."""

import hashlib

import numpy as np

_ROUNDS = 12  # with 8, sets of a few examples are visibly less than uniform


class Permutation:
    """A bijection of 0…length - 1, fixed by `material`: the same on every machine, for ever.

    A Feistel network over as many bits as `length` needs, whose halves differ by at most one bit;
    what falls outside walks on until it is inside (Black and Rogaway, 2002), at most two turns on
    average.
    """

    def __init__(self, length: int, material: bytes) -> None:
        self._length = length
        bits = max(2, (length - 1).bit_length())
        self._low = np.uint64((bits + 1) // 2)
        masks = [np.uint64((1 << half) - 1) for half in (bits // 2, (bits + 1) // 2)]
        self._masks = masks * (_ROUNDS // 2)  # the halves change places with each round
        stream = hashlib.shake_256(material).digest(8 * _ROUNDS)
        self._keys = np.frombuffer(stream, "<u8").astype(np.uint64)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """int64 [k]: where each of `places` (int64 [k], all below `length`) goes."""
        values = self._turn(places.astype(np.uint64))
        while len(outside := np.flatnonzero(values >= self._length)):
            values[outside] = self._turn(values[outside])
        return values.astype(np.int64)

    def _turn(self, values: np.ndarray) -> np.ndarray:
        left, right = values >> self._low, values & self._masks[-1]
        for key, mask in zip(self._keys, self._masks, strict=True):
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        return (left << self._low) | right


def _mixed(words: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of a word depends on all of them."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
