"""Openings of published bytes: a parameter under its root, an example under its set's."""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode

from compute import merkle

IDS = 32  # in a leaf of the training set's tree


def parameter(leaves: Sequence[bytes], index: int) -> bytes:
    """Leaf `index` of all leaves of the parameters."""
    index = min(index, len(leaves) - 1)
    told = (len(leaves), leaves[index], merkle.proof(leaves, index))
    return encode(["uint256", "bytes", "bytes32[]"], told)


def column(leaves: Sequence[bytes], index: int, example: bytes) -> bytes:
    """Of example `index`: the schema, which is leaf 0, the leaf with its id, its bytes."""
    at = 1 + index // IDS
    told = (leaves[0], merkle.proof(leaves, 0), leaves[at], merkle.proof(leaves, at), example)
    return encode(["bytes", "bytes32[]", "bytes", "bytes32[]", "bytes"], told)
