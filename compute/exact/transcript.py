"""The transcript of an evaluation, one loss per example, and its Merkle sum tree.

    leaf(i)      keccak256(0x00 || i as uint64 || loss as uint64), its sum is the loss
    node(l, r)   keccak256(sum of l as uint256 || l || sum of r as uint256 || r); its sum is both
    eval_root    keccak256(loss || count || total as uint256 || top || params_root || data_root ||
                 rows_root) with loss = floor(total / count)

A last node without a sibling moves up unchanged; the top of nothing is 32 zero bytes with the sum
0.  All integers are big-endian.  A leaf's 17 bytes and a node's 128 keep them apart.  A node's sum
fixes those of its children, so the root commits to the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from Crypto.Hash import keccak

SHARD = 1024


@dataclass(frozen=True)
class Node:
    """32 bytes, and the sum of the losses below."""

    hash: bytes
    total: int


NOTHING = Node(bytes(32), 0)


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def leaf(index: int, loss: int) -> Node:
    """Of example `index`; 0 <= loss < 2**64."""
    data = b"\x00" + index.to_bytes(8, "big") + loss.to_bytes(8, "big")
    return Node(_keccak(data), loss)


def join(left: Node, right: Node) -> Node:
    """Sums are Python integers and must stay below 2**256."""
    parts = (left.total.to_bytes(32, "big"), left.hash, right.total.to_bytes(32, "big"), right.hash)
    return Node(_keccak(b"".join(parts)), left.total + right.total)


def merkle_top(transcript: Iterable[int]) -> Node:
    """The top node over the losses of all examples, in memory for one path: complete subtrees are
    joined as soon as there are two of a size."""
    path: list[tuple[int, Node]] = []  # (height, node), heights falling
    for i, loss in enumerate(transcript):
        height, node = 0, leaf(i, int(loss))
        while path and path[-1][0] == height:
            height, node = height + 1, join(path.pop()[1], node)
        path.append((height, node))
    top = path.pop()[1] if path else NOTHING
    for _, left in reversed(path):
        top = join(left, top)
    return top


def merkle_proof(transcript: Sequence[int] | np.ndarray, index: int) -> list[Node]:
    """The siblings on the way up from example `index`, bottom first."""
    if not 0 <= index < len(transcript):
        raise IndexError(f"the transcript has no example {index}")
    level = [leaf(i, int(loss)) for i, loss in enumerate(transcript)]
    proof = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        pairs = [join(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level, index = pairs + level[len(level) & ~1 :], index >> 1
    return proof


def verify_proof(top: Node, count: int, index: int, loss: int, proof: Sequence[Node]) -> bool:
    """Does `proof` show that example `index` of `count` has this loss under `top`?"""
    if not (0 <= index < count and 0 <= loss < 2**64):
        return False
    node, siblings, size = leaf(index, loss), list(proof), count
    while size > 1:
        if index ^ 1 < size:
            if not siblings or not 0 <= siblings[0].total < 2**128:
                return False
            sibling = siblings.pop(0)
            node = join(sibling, node) if index & 1 else join(node, sibling)
        index, size = index >> 1, (size + 1) >> 1
    return not siblings and node == top


def eval_root(
    count: int, top: Node, params_root: bytes, data_root: bytes, rows_root: bytes
) -> bytes:
    """Hash losses and what they are of: the 32 bytes that claims commit to and keepers attest."""
    loss = top.total // count if count else 0
    numbers = b"".join(n.to_bytes(32, "big") for n in (loss, count, top.total))
    return _keccak(numbers + top.hash + params_root + data_root + rows_root)


def shard_sums(transcript: np.ndarray) -> list[int]:
    """The sums of SHARD consecutive examples each, as Python integers; the last shard may be
    shorter."""
    return [
        sum(transcript[start : start + SHARD].tolist())
        for start in range(0, len(transcript), SHARD)
    ]
