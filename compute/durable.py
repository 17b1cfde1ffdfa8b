"""Replace a file so that a crash at any moment leaves the old content or the new one, whole.

The content goes into a draft in the same file system, which is synced, renamed over the file, and
the folder is synced, without which the rename itself may be lost with the power. A failure removes
the draft. A killed process leaves at most one draft for each file, and the next writer takes it
over: a draft is locked (flock) by whoever writes it, so several processes take turns.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def replacing(
    path: Path, draft: Path | None = None, *, private: bool = False
) -> Iterator[BinaryIO]:
    """An empty file to write; it becomes `path`, on disk, when the block ends without an exception.

    `draft` is where it lies meanwhile, beside `path` by default. If `private`, nobody but its owner
    may ever read it. Raises OSError; `path` is then as
    it was, unless syncing its folder failed: it may then hold either content.
    """
    draft = draft or path.with_name(f".{path.name}.draft")
    with _claimed(draft) as file:
        try:
            file.truncate()
            if private:
                os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
    sync(path.parent)


def replace_file(path: Path, data: bytes, *, private: bool = False) -> None:
    """Make `path` hold `data`; on disk when this returns. Raises OSError, as `replacing` does."""
    with replacing(path, private=private) as file:
        file.write(data)


def sync(path: Path) -> None:
    """Return when a file's content, or a folder's list of names, is on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _claimed(draft: Path) -> Iterator[BinaryIO]:
    """The file `draft`, which nobody else writes until the block ends."""
    while True:
        with os.fdopen(os.open(draft, _FLAGS, 0o666), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(draft, file):  # the one before us has renamed or removed it
                continue
            yield file
            return


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
