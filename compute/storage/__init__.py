"""Content-addressed raw blocks: at most 1 MiB each, named by sha256, verified on every read."""

from compute.storage.car import MAX_ROOTS, InvalidArchive, export_car, import_car
from compute.storage.check import expected, faults
from compute.storage.cid import cid, parse_cid
from compute.storage.folder import FolderStore
from compute.storage.garbage import collect
from compute.storage.location import data_folder, open_daemon, open_store, pins_of
from compute.storage.parallel import copy, get_many, put_many
from compute.storage.pins import owners, pinned
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
    "MAX_ROOTS",
    "BlockCorrupt",
    "BlockUnavailable",
    "FolderStore",
    "InvalidArchive",
    "StorageError",
    "Store",
    "StoreUnreachable",
    "cid",
    "collect",
    "copy",
    "data_folder",
    "expected",
    "export_car",
    "faults",
    "get_many",
    "import_car",
    "open_daemon",
    "open_store",
    "owners",
    "parse_cid",
    "pinned",
    "pins_of",
    "put_many",
]
