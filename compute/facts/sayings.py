"""What makers say of their groups and deltas, as far as the store has it: claims, not facts."""

from typing import Any

from compute import canonical
from compute.about import About, TooMuchSaid
from compute.storage import MAX_BLOCK_BYTES, StorageError, Store
from compute.storage.header import WORD

MAX_WORDS = 4  # of a header


def about_of(store: Store | None, digest: bytes) -> About | None:
    """What the document behind the header `digest`, of a model or a delta, says of itself; None if
    this store does not hold it, or if it is none. Nothing is searched for elsewhere."""
    document = _document(store, digest)
    try:
        return None if document is None else About.read(document.get("about"))
    except TooMuchSaid:
        return None


def unit_of(store: Store | None, model_hash: bytes) -> str:
    """What the losses of this model are counted in, as far as the store tells."""
    document = _document(store, model_hash) or {}
    return "of squared error" if document.get("loss") == "squared_error" else "nats"


def refereed(store: Store | None, model_hash: bytes) -> bool | None:
    """Whether the model's header names rows, by which the referee can judge its losses; None if
    this store does not tell. Who evaluates the model refuses a header that names others."""
    header = _header(store, model_hash)
    return None if header is None else header[:WORD] != bytes(WORD)


def _header(store: Store | None, digest: bytes) -> bytes | None:
    try:
        if store is None or not store.has(digest):
            return None
        header = store.get(digest)
    except StorageError:
        return None
    return header if 2 * WORD <= len(header) <= MAX_WORDS * WORD else None


def _document(store: Store | None, digest: bytes) -> dict[str, Any] | None:
    header = _header(store, digest)
    try:
        if store is None or header is None or not store.has(header[-WORD:]):
            return None
        document = canonical.decode(store.get(header[-WORD:]), max_bytes=MAX_BLOCK_BYTES)
        return document if isinstance(document, dict) else None
    except (StorageError, canonical.CanonicalError):
        return None
