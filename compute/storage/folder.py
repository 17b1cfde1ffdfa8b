"""Blocks as files: the embedded default store."""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from compute.canonical import digest as sha256
from compute.durable import replacing, sync
from compute.storage.store import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    StorageError,
    Usage,
    check_size,
)

_STALE_SECONDS = 3600
_PREFIX = re.compile(r"[0-9a-f]{2}", re.ASCII)
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FolderStore:
    """Blocks under `path`, block `abcd…` in the file `ab/abcd…`, so that sha256sum can check them.

    Many processes may read and write at once and be killed at any moment: a block is written to
    `partial/`, synced, and renamed, so a file with a digest for a name is always whole.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as error:
            raise _sentence(error, self.path) from error

    def put(self, block: bytes) -> bytes:
        """Keep `block`; returns after it is on disk. Repairs a damaged file of the same name."""
        check_size(block)
        digest = sha256(block)
        target = self._file(digest)
        try:
            if not _renewed(target) or _read(target) != block:
                self._write(target, block)
        except OSError as error:
            raise _sentence(error, self.path) from error
        return digest

    def get(self, digest: bytes) -> bytes:
        """The block, its hash verified. Raises BlockUnavailable or BlockCorrupt."""
        try:
            block = _read(self._file(digest))
        except OSError as error:
            raise _sentence(error, self.path) from error
        if block is None:
            raise BlockUnavailable(
                digest,
                f"the folder {self.path} does not hold it. Import it (nrn store import), or search "
                "the network with --ipfs.",
            )
        if len(block) > MAX_BLOCK_BYTES or sha256(block) != digest:
            raise BlockCorrupt(
                digest,
                f"its file in {self.path} is damaged. Fetch it again; storing it repairs the file.",
            )
        return block

    def has(self, digest: bytes) -> bool:
        """Return whether the block's file exists; `get` tells whether it is sound."""
        return self._file(digest).is_file()

    def digests(self, beginning: str = "") -> Iterator[bytes]:
        """The digests of the blocks held, as far as others do not add and delete meanwhile; with
        the `beginning` of one in hexadecimal, only the few that may begin so."""
        for folder in self.path.iterdir():
            if _PREFIX.fullmatch(folder.name) and folder.name.startswith(beginning[:2]):
                for file in folder.iterdir():
                    if _NAME.fullmatch(file.name):
                        yield bytes.fromhex(file.name)

    def usage(self) -> Usage:
        """Measure what the folder holds."""
        sizes = [self._file(digest).stat().st_size for digest in self.digests()]
        return Usage(len(sizes), sum(sizes))

    def idle_size(self, digest: bytes, before: float) -> int | None:
        """Return what `discard` would free, deleting nothing."""
        try:
            found = self._file(digest).stat()
        except FileNotFoundError:
            return None
        return found.st_size if found.st_mtime < before else None

    def discard(self, digest: bytes, before: float) -> int | None:
        """Delete the block unless somebody put it after `before` (time.time, seconds); its size in
        bytes, or None if it was left."""
        file = self._file(digest)
        aside = self._partial / f"{os.getpid()}-{secrets.token_hex(8)}"
        if self.idle_size(digest, before) is None:
            return None
        try:
            file.replace(aside)  # who puts it from now on writes it anew
        except FileNotFoundError:
            return None
        found = aside.stat()
        if found.st_mtime >= before:  # who put it just now was told that it is there
            aside.replace(file)
            return None
        aside.unlink()
        return found.st_size

    @property
    def _partial(self) -> Path:
        return self.path / "partial"

    def _file(self, digest: bytes) -> Path:
        if len(digest) != 32:
            raise ValueError(f"a digest has 32 bytes, not {len(digest)}")
        name = digest.hex()
        return self.path / name[:2] / name

    def _write(self, target: Path, block: bytes) -> None:
        target.parent.mkdir(exist_ok=True)
        with replacing(target, self._partial / target.name) as file:
            file.write(block)
        sync(self.path)

    def _sweep(self) -> None:
        """Delete what a killed process left behind long ago."""
        before = time.time() - _STALE_SECONDS
        for file in self._partial.iterdir():
            try:
                if file.stat().st_mtime < before:
                    file.unlink()
            except FileNotFoundError:  # another process swept it
                pass


def _renewed(file: Path) -> bool:
    """Return whether the file exists; it now has the age of a new one, so that `discard` leaves
    it."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    return True


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BLOCK_BYTES + 1)
    except FileNotFoundError:
        return None


def _sentence(error: OSError, path: Path) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"The disk that holds {path} is full. Free some space and run the command again; "
            "no stored block was harmed."
        )
    return StorageError(f"The store folder {path} cannot be used: {error.strerror or error}.")
