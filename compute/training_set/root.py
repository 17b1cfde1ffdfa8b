"""The root over all examples of a set: what a delta's header states, and a contract may open."""

from __future__ import annotations

import copy

import numpy as np

from compute import merkle

LEAF_IDS = 32  # ids in a leaf: 1 KiB


class DataRoot:
    """The schema's leaf (`Schema.leaf`), then the ids of the examples in order, cut into
    leaves of LEAF_IDS; the last may be shorter.

    Immutable: adding examples at the end costs what is added, however many there are.
    """

    def __init__(self, schema_leaf: bytes) -> None:
        self._schema_leaf = schema_leaf
        self._whole = merkle.Tree()
        self._whole.add(schema_leaf)
        self._rest = np.empty((0, 32), np.uint8)

    def extended(self, ids: np.ndarray) -> DataRoot:
        """With `ids` (uint8 [k, 32]) at the end."""
        longer = DataRoot(self._schema_leaf)
        longer._whole = copy.copy(self._whole)
        waiting = np.concatenate([self._rest, ids]) if len(self._rest) else ids
        whole = len(waiting) // LEAF_IDS * LEAF_IDS
        data = np.ascontiguousarray(waiting[:whole]).reshape(-1).data
        for start in range(0, len(data), 32 * LEAF_IDS):
            longer._whole.add(data[start : start + 32 * LEAF_IDS])
        longer._rest = waiting[whole:].copy()
        return longer

    def digest(self) -> bytes:
        """The root, 32 bytes."""
        tree = copy.copy(self._whole)
        if len(self._rest):
            tree.add(self._rest.tobytes())
        return tree.root()
