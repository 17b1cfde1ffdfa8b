"""The interface of a store of blocks, and its errors."""

from dataclasses import dataclass
from typing import Protocol

from compute.storage.cid import cid

MAX_BLOCK_BYTES = 1 << 20


class StorageError(Exception):
    """The store could not do what was asked; the message says what to do."""


class StoreUnreachable(StorageError):
    """The store itself is away, or not in order, which says nothing about any block; this may
    pass."""


class BlockUnavailable(StorageError):
    """The block is not in the store, or did not arrive in time. `digest` names it."""

    def __init__(self, digest: bytes, why: str) -> None:
        super().__init__(f"Block {cid(digest)} is not available: {why}")
        self.digest = digest


class BlockCorrupt(BlockUnavailable):
    """The store answered with bytes that do not match the name: the true block is not there."""


@dataclass(frozen=True)
class Usage:
    """The usage of a store, in blocks and bytes."""

    blocks: int
    bytes: int


class Store(Protocol):
    """Raw blocks of at most MAX_BLOCK_BYTES, each named by the 32 bytes of its sha256."""

    def put(self, block: bytes) -> bytes:
        """Keep `block` durably and return its digest. Raises StorageError, ValueError if larger."""

    def get(self, digest: bytes) -> bytes:
        """The block whose sha256 is `digest`. Raises BlockUnavailable or BlockCorrupt."""

    def has(self, digest: bytes) -> bool:
        """Return whether the store holds a block under `digest`, without reading it."""


def check_size(block: bytes) -> None:
    """Raise ValueError if `block` is longer than any store may hold."""
    if len(block) > MAX_BLOCK_BYTES:
        raise ValueError(f"a block has at most {MAX_BLOCK_BYTES} bytes, not {len(block)}")
