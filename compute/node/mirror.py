"""A role's private blocks over the store that everybody reads."""

from collections.abc import Sequence

from compute.checkpoint import blocks_of
from compute.storage import BlockUnavailable, FolderStore, Store, copy


class Mirror:
    """A store that keeps what it fetches: reads `own` first, then `shared`; writes go to `own`
    alone.

    So an actor's private blocks stay private until `serve` gives them away, and what was fetched
    once can be served again when others have lost it.
    """

    def __init__(self, own: FolderStore, shared: Store) -> None:
        self.own = own
        self.shared = shared

    def put(self, block: bytes) -> bytes:
        return self.own.put(block)

    def get(self, digest: bytes) -> bytes:
        try:
            return self.own.get(digest)
        except BlockUnavailable:  # not there, or damaged: storing it again repairs it
            block = self.shared.get(digest)
        self.own.put(block)
        return block

    def has(self, digest: bytes) -> bool:
        return self.own.has(digest) or self.shared.has(digest)

    def serve(self, digests: Sequence[bytes]) -> None:
        """Put those of our blocks into the shared store that it lacks, the last one last: a store
        with the manifest has the whole."""
        held = [digest for digest in digests if self.own.has(digest)]
        copy(held[:-1], self.own, self.shared)
        copy(held[-1:], self.own, self.shared)

    def serve_checkpoint(self, checkpoint_hash: bytes) -> None:
        self.serve(blocks_of(self, checkpoint_hash))
