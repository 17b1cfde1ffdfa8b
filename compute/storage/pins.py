"""Pins: what garbage collection must spare, for whom, and why.

An owner, one role of one group, has a folder of records. A record pins one root, the manifest of a
checkpoint or delta, together with its blocks. Owners share blocks; one is free when no record names
it. A record is one file, written whole or not at all, so adding one costs the same however many
there are.
"""

import fcntl
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from compute import canonical
from compute.durable import replace_file
from compute.storage.parallel import in_order
from compute.storage.store import BlockUnavailable, StorageError, Store

_LONGEST_RECORD = 1 << 24  # bytes; 250,000 blocks
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
_ROOT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@runtime_checkable
class PinningStore(Protocol):
    """A store that collects its own garbage, and has to be told what to spare: Kubo."""

    def pin(self, digest: bytes) -> None: ...
    def unpin(self, digest: bytes) -> None: ...


@dataclass(frozen=True)
class Record:
    """`blocks`, the root's among them, are kept because of `why`."""

    root: bytes
    why: str
    blocks: tuple[bytes, ...]


class Pins:
    """The records of `owner` under `folder`, which all owners that share `store` must share."""

    def __init__(self, folder: Path, owner: str, store: Store) -> None:
        if not _OWNER.fullmatch(owner):
            raise ValueError(f"an owner is letters, digits, dot, dash, underscore; not {owner!r}")
        self._folder = folder
        self._own = folder / owner
        self._store = store
        self._own.mkdir(parents=True, exist_ok=True)

    def pin(self, root: bytes, blocks: Iterable[bytes], *, why: str) -> None:
        """Keep `root` and `blocks`; once more with another reason replaces the record.

        Raises BlockUnavailable for a block that the store does not hold: fetch before pinning.
        """
        record = Record(root, why, tuple(dict.fromkeys([*blocks, root])))
        with locked(self._folder):
            for _ in in_order(self._hold, record.blocks):
                pass
            _write(self._own / root.hex(), record)

    def _hold(self, digest: bytes) -> None:
        if not self._store.has(digest):
            raise BlockUnavailable(digest, "it was to be pinned. Fetch it first.")
        if isinstance(self._store, PinningStore):
            self._store.pin(digest)

    def roots(self) -> set[bytes]:
        """The roots of this owner's records, without reading them."""
        return {bytes.fromhex(file.name) for file in _files(self._own)}

    def records(self) -> list[Record]:
        """This owner's records, in no particular order. Raises StorageError if one is damaged."""
        return [_read(file) for file in _files(self._own)]

    def release(self, roots: Iterable[bytes]) -> None:
        """Forget the records of `roots`; blocks that no other record names become garbage."""
        gone = {self._own / root.hex() for root in roots}
        if not gone:
            return
        with locked(self._folder):
            gone &= set(_files(self._own))
            if isinstance(self._store, PinningStore):
                staying = _blocks(file for file in _all_files(self._folder) if file not in gone)
                for _ in in_order(self._store.unpin, _blocks(gone) - staying):
                    pass
            for file in gone:
                file.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else pins, releases or collects under `folder` meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pinned(folder: Path) -> set[bytes]:
    """Every block that a record of any owner names. Raises StorageError if a record is damaged."""
    return _blocks(_all_files(folder))


def owners(folder: Path) -> dict[str, list[Record]]:
    """The records under `folder` by owner. Raises StorageError if one is damaged."""
    return {owner.name: [_read(file) for file in _files(owner)] for owner in _owners(folder)}


def _blocks(files: Iterable[Path]) -> set[bytes]:
    return {digest for file in files for digest in _read(file).blocks}


def _all_files(folder: Path) -> Iterator[Path]:
    for owner in _owners(folder):
        yield from _files(owner)


def _owners(folder: Path) -> list[Path]:
    return sorted(owner for owner in folder.glob("*") if owner.is_dir())


def _files(owner: Path) -> Iterator[Path]:
    return (file for file in owner.iterdir() if _ROOT.fullmatch(file.name))


def _write(file: Path, record: Record) -> None:
    blocks = [digest.hex() for digest in record.blocks]
    text = canonical.encode({"why": record.why, "blocks": blocks})
    try:
        replace_file(file, text)
    except OSError as error:
        raise StorageError(f"The pin record {file} cannot be written: {error.strerror}.") from error


def _read(file: Path) -> Record:
    try:
        entry = canonical.decode(file.read_bytes(), max_bytes=_LONGEST_RECORD)
        blocks = tuple(bytes.fromhex(digest) for digest in entry["blocks"])
        return Record(bytes.fromhex(file.name), entry["why"], blocks)
    except (OSError, ValueError, KeyError, TypeError):
        raise StorageError(
            f"The pin record {file} is damaged, so nothing can be told to be garbage. "
            "Delete it if what it pinned may go."
        ) from None
