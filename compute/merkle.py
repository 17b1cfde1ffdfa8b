"""Merkle trees over byte strings: the roots that a contract can open (keccak-256).

A leaf is keccak256(0x00 ‖ index u64 ‖ keccak256(data)), a node keccak256(0x01 ‖ left ‖ right);
where a level has an odd number of nodes the last one moves up as it is.  The root of no leaves is
32 zero bytes.  Whoever names a root also names the number of leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from Crypto.Hash import keccak

CHUNK_BYTES = 1024
EMPTY = bytes(32)


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def leaf(index: int, data: bytes) -> bytes:
    return keccak256(b"\x00" + index.to_bytes(8, "big") + keccak256(data))


def node(left: bytes, right: bytes) -> bytes:
    return keccak256(b"\x01" + left + right)


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves' data, in order."""
    level = [leaf(index, data) for index, data in enumerate(leaves)]
    while len(level) > 1:
        pairs = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[2 * len(pairs) :]
    return level[0] if level else EMPTY


def chunks(data: bytes) -> Iterator[bytes]:
    """The leaves of one array: CHUNK_BYTES each, the last one shorter."""
    view = memoryview(data)
    return (bytes(view[i : i + CHUNK_BYTES]) for i in range(0, len(data), CHUNK_BYTES))
