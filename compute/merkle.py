"""Merkle trees over content: one root in sha256 that a single leaf can be opened against.

    leaf(i, data)  sha256(0x00 || i as uint64 || sha256(data))
    node(l, r)     sha256(0x01 || l || r); a last node without a sibling moves up unchanged
    root           sha256(0x02 || number of leaves as uint64 || top); 32 zero bytes as top of none

All integers are big-endian.  The leading byte keeps leaves, nodes and roots apart (RFC 6962 does
likewise), and the number of leaves in the root fixes the shape of the tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_EMPTY = bytes(32)


def sha256(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(index: int, data: bytes | memoryview) -> bytes:
    """The lowest node over `data`, leaf number `index`."""
    return sha256(b"\x00" + index.to_bytes(8, "big") + sha256(data))


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def root_of(count: int, top: bytes) -> bytes:
    return sha256(b"\x02" + count.to_bytes(8, "big") + top)


class Tree:
    """A tree that grows by leaves, in memory for one path: complete subtrees are joined at once."""

    def __init__(self) -> None:
        self._count = 0
        self._path: list[tuple[int, bytes]] = []  # (height, node), heights falling

    def __copy__(self) -> Tree:
        """A tree that grows by itself from here."""
        other = Tree()
        other._count, other._path = self._count, list(self._path)
        return other

    def add(self, data: bytes | memoryview) -> None:
        """Append the leaf of `data`."""
        height, joined = 0, leaf(self._count, data)
        while self._path and self._path[-1][0] == height:
            height, joined = height + 1, node(self._path.pop()[1], joined)
        self._path.append((height, joined))
        self._count += 1

    def root(self) -> bytes:
        """The root over the leaves so far, 32 bytes."""
        if not self._path:
            return root_of(0, _EMPTY)
        *lefts, (_, top) = self._path
        for _, left in reversed(lefts):
            top = node(left, top)
        return root_of(self._count, top)


def root(leaves: Iterable[bytes | memoryview]) -> bytes:
    """The root over `leaves`, 32 bytes."""
    tree = Tree()
    for data in leaves:
        tree.add(data)
    return tree.root()


def proof(leaves: Sequence[bytes | memoryview], index: int) -> list[bytes]:
    """The siblings on the way up from leaf `index`, bottom first. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"the tree has no leaf {index}")
    level, siblings = [leaf(i, data) for i, data in enumerate(leaves)], []
    while len(level) > 1:
        if index ^ 1 < len(level):
            siblings.append(level[index ^ 1])
        pairs = [node(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level, index = pairs + level[len(level) & ~1 :], index >> 1
    return siblings


def verify(
    root: bytes, count: int, index: int, data: bytes | memoryview, siblings: Sequence[bytes]
) -> bool:
    """Do `siblings` show that leaf `index` of `count` is `data` under `root`?"""
    if not 0 <= index < count < 1 << 64:
        return False
    top, left, size = leaf(index, data), list(siblings), count
    while size > 1:
        if index ^ 1 < size:
            if not left:
                return False
            sibling = left.pop(0)
            top = node(sibling, top) if index & 1 else node(top, sibling)
        index, size = index >> 1, (size + 1) >> 1
    return not left and root == root_of(count, top)
