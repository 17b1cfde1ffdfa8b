"""What makers say of their groups and deltas, as far as the store has it: claims, not facts."""

from compute import canonical
from compute.about import About, TooMuchSaid
from compute.storage import MAX_BLOCK_BYTES, StorageError, Store
from compute.storage.header import WORD

MAX_WORDS = 4  # of a header


def about_of(store: Store | None, digest: bytes) -> About | None:
    """What the document behind the header `digest`, of a model or a delta, says of itself; None if
    this store does not hold it, or if it is none. Nothing is searched for elsewhere."""
    try:
        if store is None or not store.has(digest):
            return None
        header = store.get(digest)
        if not 2 * WORD <= len(header) <= MAX_WORDS * WORD or not store.has(header[-WORD:]):
            return None
        document = canonical.decode(store.get(header[-WORD:]), max_bytes=MAX_BLOCK_BYTES)
        return About.read(document.get("about")) if isinstance(document, dict) else None
    except (StorageError, canonical.CanonicalError, TooMuchSaid):
        return None
