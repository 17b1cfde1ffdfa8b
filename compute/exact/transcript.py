"""The transcript of an evaluation, one int64 loss per example, and its Merkle tree.

    leaf(i)      keccak256(0x00 || i as uint64 || loss as int64)
    node(l, r)   keccak256(0x01 || l || r); a last node without a sibling moves up unchanged
    root         keccak256(0x02 || number of examples as uint64 || top node)

All integers are big-endian.  The leading byte keeps leaves, nodes and roots apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from Crypto.Hash import keccak

SHARD = 1024


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def _leaf(index: int, loss: int) -> bytes:
    return _keccak(b"\x00" + index.to_bytes(8, "big") + loss.to_bytes(8, "big", signed=True))


def _node(left: bytes, right: bytes) -> bytes:
    return _keccak(b"\x01" + left + right)


def _levels(transcript: np.ndarray) -> list[list[bytes]]:
    level = [_leaf(i, int(loss)) for i, loss in enumerate(transcript)]
    levels = [level]
    while len(level) > 1:
        pairs = [_node(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) & ~1 :]
        levels.append(level)
    return levels


def _root(count: int, top: bytes) -> bytes:
    return _keccak(b"\x02" + count.to_bytes(8, "big") + top)


def merkle_root(transcript: np.ndarray) -> bytes:
    """32 bytes for an int64 array [n]; an empty transcript has 32 zero bytes as its top node.

    Needs memory for one path only: complete subtrees are joined as soon as there are two of a size.
    """
    path: list[tuple[int, bytes]] = []  # (height, node), heights falling
    for i, loss in enumerate(transcript):
        height, node = 0, _leaf(i, int(loss))
        while path and path[-1][0] == height:
            height, node = height + 1, _node(path.pop()[1], node)
        path.append((height, node))
    top = path.pop()[1] if path else bytes(32)
    for _, left in reversed(path):
        top = _node(left, top)
    return _root(len(transcript), top)


def merkle_proof(transcript: np.ndarray, index: int) -> list[bytes]:
    """The siblings on the way up from example `index`, bottom first."""
    if not 0 <= index < len(transcript):
        raise IndexError(f"the transcript has no example {index}")
    proof = []
    for level in _levels(transcript)[:-1]:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        index >>= 1
    return proof


def verify_proof(root: bytes, count: int, index: int, loss: int, proof: Sequence[bytes]) -> bool:
    """Does `proof` show that example `index` of `count` has this loss under `root`?"""
    if not (0 <= index < count and -(2**63) <= loss < 2**63):
        return False
    node, siblings, size = _leaf(index, loss), list(proof), count
    while size > 1:
        if index ^ 1 < size:
            if not siblings:
                return False
            sibling = siblings.pop(0)
            node = _node(sibling, node) if index & 1 else _node(node, sibling)
        index, size = index >> 1, (size + 1) >> 1
    return not siblings and root == _root(count, node)


def shard_sums(transcript: np.ndarray) -> list[int]:
    """The sums of SHARD consecutive examples each; the last shard may be shorter."""
    return [
        int(np.sum(transcript[start : start + SHARD], dtype=np.int64))
        for start in range(0, len(transcript), SHARD)
    ]
