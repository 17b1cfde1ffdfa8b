"""From what a person types to a store."""

from compute.storage.folder import FolderStore
from compute.storage.store import Store


def open_store(location: str) -> Store:
    """The store at `location`: a folder path, or the API of a Kubo daemon as a multiaddr
    (/ip4/127.0.0.1/tcp/5001) or URL (http://127.0.0.1:5001). Raises StorageError if it cannot be
    opened.
    """
    if location.startswith(("/ip4/", "/ip6/", "/dns", "/unix/", "http://", "https://")):
        from compute.storage.kubo import KuboStore  # folders do without its HTTP libraries

        return KuboStore(location)
    return FolderStore(location)
