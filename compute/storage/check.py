"""Read everything again: is it there, and is it sound?"""

from collections.abc import Iterator

from compute.storage.folder import FolderStore
from compute.storage.parallel import in_order
from compute.storage.store import BlockUnavailable, Store


def expected(store: Store, pinned: set[bytes]) -> set[bytes]:
    """The blocks that should be sound: what is pinned, and all that a folder says it holds."""
    return pinned.union(store.digests()) if isinstance(store, FolderStore) else pinned


def faults(store: Store, digests: set[bytes]) -> Iterator[BlockUnavailable | None]:
    """For each block its fault, or None if `store` itself, not its network, holds it sound.

    Raises StoreUnreachable.
    """

    def fault(digest: bytes) -> BlockUnavailable | None:
        if not store.has(digest):
            return BlockUnavailable(digest, "it is pinned, but it is not there. Import it again.")
        try:
            store.get(digest)
        except BlockUnavailable as error:
            return error
        return None

    return in_order(fault, digests)
