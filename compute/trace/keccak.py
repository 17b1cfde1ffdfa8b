"""Keccak-256 of one message, and of many pairs of nodes at once."""

from __future__ import annotations

import numpy as np
from sha3 import keccak_256

FEW = 1 << 12  # pairs that are not worth the way to an accelerator


def keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def node(left: bytes, right: bytes) -> bytes:
    """The node over two nodes of 32 bytes."""
    return keccak(left + right)


def parents(level: np.ndarray) -> np.ndarray:
    """Nodes uint8 [2n, 32] -> [n, 32], each keccak of two: as `node`, many at once.

    A core hashes one after another: XLA would move 25 words of many states through its memory.
    """
    if len(level) < 2 * FEW:
        return one_by_one(level)
    from compute.trace import lanes

    return lanes.parents(level) if lanes.worthwhile() else one_by_one(level)


def one_by_one(level: np.ndarray) -> np.ndarray:
    data = level.tobytes()
    digests = b"".join([keccak_256(data[i : i + 64]).digest() for i in range(0, len(data), 64)])
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)
