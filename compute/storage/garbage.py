"""Deleting from a folder what nobody keeps."""

import time
from dataclasses import dataclass
from pathlib import Path

from compute.storage.folder import FolderStore
from compute.storage.pins import locked, pinned

IDLE_SECONDS = 7 * 86_400  # longer than anything stays unpinned on its way to being accepted


@dataclass(frozen=True)
class Collected:
    """What a collection deleted and left, in blocks and bytes."""

    blocks: int
    bytes: int
    left: int


def collect(store: FolderStore, pins: Path, *, idle_seconds: float = IDLE_SECONDS) -> Collected:
    """Delete from `store` the blocks that no record under `pins` names and nobody put for
    `idle_seconds`.

    Safe while others put, pin and read, and when killed. Raises StorageError, having deleted
    nothing, if a record cannot be read.
    """
    before = time.time() - idle_seconds
    sizes = []
    left = 0
    with locked(pins):
        spared = pinned(pins)
        for digest in store.digests():
            size = None if digest in spared else store.discard(digest, before)
            if size is None:
                left += 1
            else:
                sizes.append(size)
    return Collected(len(sizes), sum(sizes), left)
