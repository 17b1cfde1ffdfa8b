"""Delete from a folder what nobody keeps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compute.storage.folder import FolderStore
from compute.storage.pins import locked, pinned
from compute.units import DAY

# told how many blocks were looked at; may raise to leave
Progress = Callable[[int], None]
IDLE_SECONDS = 7 * DAY  # longer than anything stays unpinned on its way to being accepted


@dataclass(frozen=True)
class Collected:
    """The result of a collection: what was deleted and what is left, in blocks and bytes."""

    blocks: int
    bytes: int
    left: int


def collect(
    store: FolderStore,
    pins: Path,
    *,
    idle_seconds: float = IDLE_SECONDS,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Collected:
    """Delete from `store` the blocks that no record under `pins` names and nobody put for
    `idle_seconds`; only count them if `dry_run`.

    Safe while others put, pin and read, and when killed. Raises StorageError, having deleted
    nothing, if a record cannot be read.
    """
    remove = store.idle_size if dry_run else store.discard
    before = time.time() - idle_seconds
    sizes = []
    left = 0
    with locked(pins):
        spared = pinned(pins)
        for number, digest in enumerate(store.digests()):
            if progress is not None:
                progress(number)
            size = None if digest in spared else remove(digest, before)
            if size is None:
                left += 1
            else:
                sizes.append(size)
    return Collected(len(sizes), sum(sizes), left)
