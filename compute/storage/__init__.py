"""Content-addressed raw blocks: at most 1 MiB each, named by sha256, verified on every read."""

from compute.storage.car import InvalidArchive, export_car, import_car
from compute.storage.cid import cid, parse_cid
from compute.storage.folder import FolderStore
from compute.storage.location import data_folder, open_daemon, open_store
from compute.storage.parallel import copy, get_many, put_many
from compute.storage.store import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    StorageError,
    Store,
    StoreUnreachable,
)

__all__ = [
    "MAX_BLOCK_BYTES",
    "BlockCorrupt",
    "BlockUnavailable",
    "FolderStore",
    "InvalidArchive",
    "StorageError",
    "Store",
    "StoreUnreachable",
    "cid",
    "copy",
    "data_folder",
    "export_car",
    "get_many",
    "import_car",
    "open_daemon",
    "open_store",
    "parse_cid",
    "put_many",
]
