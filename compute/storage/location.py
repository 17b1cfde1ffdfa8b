"""Open the store that a person names, or the default one."""

from pathlib import Path
from typing import TYPE_CHECKING

from compute.home import data_folder
from compute.storage.folder import FolderStore
from compute.storage.store import Store

if TYPE_CHECKING:
    from compute.storage.kubo import KuboStore


def open_daemon(api: str) -> "KuboStore":
    """The store behind the API of a Kubo daemon: a multiaddr (/ip4/127.0.0.1/tcp/5001) or URL
    (http://127.0.0.1:5001). Raises StorageError if none answers."""
    from compute.storage.kubo import KuboStore  # folders do without its HTTP libraries

    return KuboStore(api)


def open_store(location: str) -> "FolderStore | KuboStore":
    """The store at `location`: a folder path, or what `open_daemon` takes. Raises StorageError if
    it cannot be opened."""
    if location.startswith(("/ip4/", "/ip6/", "/dns", "/unix/", "http://", "https://")):
        return open_daemon(location)
    return FolderStore(location)


def pins_of(store: Store) -> Path:
    """The folder of pin records that everyone who shares `store` on this machine must share."""
    if isinstance(store, FolderStore):
        return store.path / "pins"
    from compute.storage.kubo import KuboStore

    if isinstance(store, KuboStore):
        return data_folder() / "pins" / store.peer_id
    raise TypeError(f"nothing can be pinned in a {type(store).__name__}")
