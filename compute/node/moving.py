"""Move a journal from one machine to another: it acts in one place at a time.

What is exported is marked as moved first, and refuses to be opened from then on; what is imported
is taken, file and all. So no order of crashes leaves two that act.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compute import canonical
from compute.durable import replace_file, sync
from compute.node.journal import FORMAT, MOVED, JournalError

EXPORT_FORMAT = "journal-export/1"
MAX_BYTES = 1 << 24


def export(state: Path, target: Path) -> int:
    """Move the journal of a state folder into the file `target`; how many entries it has.

    Raises JournalError if there is none, if it is in use or damaged, or if `target` exists.
    """
    with _held(state):
        if target.exists():
            raise JournalError(f"{target} exists already. Name another file.")
        document = _journal(state / "journal.json")
        moved = {"exported_at": int(time.time()), "to": str(target)}
        wrapped = {"format": EXPORT_FORMAT, "journal": document}
        _write(state / MOVED, moved)
        _write(target, wrapped)
    return len(document["entries"])


def take_in(source: Path, state: Path) -> int:
    """Move an exported journal into a state folder, and remove the file; how many entries it has.

    Raises JournalError if the folder's own journal is in use or has entries, or if `source` is no
    export.
    """
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    with _held(state):
        wrapped = _read(source)
        if wrapped.get("format") != EXPORT_FORMAT or not _is_journal(wrapped.get("journal")):
            raise JournalError(f"{source} is no exported journal.")
        own, moved = state / "journal.json", state / MOVED
        if own.exists() and not moved.exists() and _journal(own)["entries"]:
            raise JournalError(
                f"{own} has entries of its own. Two journals cannot be joined: export that one "
                "first, or choose another --state."
            )
        _write(own, wrapped["journal"])
        moved.unlink(missing_ok=True)
        source.unlink()
        sync(state)
    return len(wrapped["journal"]["entries"])


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Nobody acts on this journal meanwhile."""
    try:
        lock = os.open(state / "journal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"There is no journal in {state} ({error.strerror}).") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise JournalError(f"The journal in {state} is in use. Stop its process first.") from None
    finally:
        os.close(lock)


def _journal(path: Path) -> dict[str, Any]:
    document = _read(path)
    if not _is_journal(document):
        raise JournalError(f"{path} is no journal of this version ({FORMAT}).")
    return document


def _is_journal(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("format") == FORMAT
        and isinstance(document.get("entries"), list)
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            document = canonical.decode(file.read(MAX_BYTES))
    except (OSError, canonical.CanonicalError) as error:
        raise JournalError(f"{path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise JournalError(f"{path} is no journal.")
    return document


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        replace_file(path, canonical.encode(document), private=True)
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}.") from None
