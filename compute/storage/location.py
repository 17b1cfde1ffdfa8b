"""From what a person types to a store."""

from compute.storage.folder import FolderStore
from compute.storage.store import StorageError, Store


def open_store(location: str) -> Store:
    """The store at `location`: a folder path. Raises StorageError if it cannot be opened."""
    if location.startswith(("/ip4/", "/ip6/", "/dns", "/unix/", "http://", "https://")):
        raise StorageError(
            f"{location} names a Kubo daemon, which this version cannot use yet. Give a folder."
        )
    return FolderStore(location)
