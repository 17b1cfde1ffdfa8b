"""The Merkle root over all parameters, which identifies a checkpoint whatever blocks hold it."""

import numpy as np

from compute import merkle

LEAF_BYTES = 1024


class ParamsRoot:
    """Parameters in ascending order of their names, each cut into leaves of LEAF_BYTES (its last
    may be shorter, an empty one has none), little-endian float32 in C order."""

    def __init__(self) -> None:
        self._tree = merkle.Tree()

    def add(self, array: np.ndarray) -> None:
        """Append a float32 array, or its words as uint32."""
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        data = little.reshape(-1).view(np.uint8).data
        for start in range(0, len(data), LEAF_BYTES):
            self._tree.add(data[start : start + LEAF_BYTES])

    def digest(self) -> bytes:
        """The root over what was added, 32 bytes."""
        return self._tree.root()
