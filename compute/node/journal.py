"""The journal of one role: intents, written down before they are sent.

The chain says what happened; the journal holds only what the chain cannot know, the secrets and the
numbers behind a commitment or a ballot. An entry is on disk before its transaction leaves, so after
`kill -9` at any moment the actor compares entry and chain and either sends the same transaction
again (a duplicate reverts) or goes on.
"""

import dataclasses
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from compute import canonical
from compute.durable import replace_file

FORMAT = "journal/1"
MOVED = "moved.json"  # beside a journal that was moved away


class JournalError(Exception):
    """The journal cannot be used; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """The record of one block; a subclass adds fields of `int`, `str` or `bytes`."""

    block_index: int


EntryType = TypeVar("EntryType", bound=Entry)


class Journal(Generic[EntryType]):
    """The entries of one actor in one group, by block; one process at a time holds it."""

    def __init__(
        self, path: Path, entry_type: type[EntryType], identity: dict[str, str | int]
    ) -> None:
        """Open `path` and lock it.

        `identity` (role, chain, group, account) is stored with the entries and must match them.
        Raises JournalError if another process holds the journal or if it is about something else.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._entry_type = entry_type
        self._identity = identity
        self._lock = os.open(
            path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise JournalError(
                f"Another {identity['role']} with account {identity['account']} already runs "
                "in this group. Stop it first: two with one key would act against each other."
            ) from None
        try:
            self._entries = self._read()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Journal[EntryType]":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process open the journal."""
        os.close(self._lock)

    def get(self, block_index: int) -> EntryType | None:
        return self._entries.get(block_index)

    def __iter__(self) -> Iterator[EntryType]:
        """All entries, oldest block first; entries may be forgotten meanwhile."""
        return iter([self._entries[n] for n in sorted(self._entries)])

    def record(self, entry: EntryType) -> None:
        """Remember `entry`; on disk when this returns. There is one entry per block and it is
        final.
        """
        if entry.block_index in self._entries:
            raise ValueError(f"block {entry.block_index} already has an entry")
        self._write({**self._entries, entry.block_index: entry})

    def renew(self, entry: EntryType) -> None:
        """Remember `entry` instead of what was remembered of its block, if anything: for what
        binds nobody until it is on chain."""
        self._write({**self._entries, entry.block_index: entry})

    def forget(self, block_index: int) -> None:
        """Drop an entry that nothing depends on any more."""
        self._write({n: entry for n, entry in self._entries.items() if n != block_index})

    def _write(self, entries: dict[int, EntryType]) -> None:
        rows = [_encode(entries[n]) for n in sorted(entries)]
        document = {"format": FORMAT, "identity": self._identity, "entries": rows}
        try:
            replace_file(self._path, canonical.encode(document), private=True)
        except OSError as error:
            raise JournalError(
                f"The journal {self._path} cannot be written ({error.strerror}). Make room for it "
                "and start again; nothing was sent without it."
            ) from error
        self._entries = entries

    def _read(self) -> dict[int, EntryType]:
        if self._path.with_name(MOVED).exists():
            raise JournalError(
                f"The journal {self._path} was exported, to go on elsewhere. Run this "
                f"{self._identity['role']} there, or bring it back with nrn journal import."
            )
        if not self._path.exists():
            return {}
        try:
            document = canonical.decode(self._path.read_bytes())
            written, identity, rows = (document[n] for n in ("format", "identity", "entries"))
            if written != FORMAT:
                raise JournalError(
                    f"The journal {self._path} is {written}, this program speaks {FORMAT}. "
                    "Finish what is under way with the version that wrote it, then move it away."
                )
            entries = [_decode(self._entry_type, row) for row in rows]
        except (canonical.CanonicalError, KeyError, TypeError, ValueError) as error:
            raise JournalError(
                f"The journal {self._path} is damaged ({error}). Move it away; "
                "claims that were under way when it was lost cannot be revealed any more."
            ) from error
        if identity != self._identity:
            raise JournalError(
                f"The journal {self._path} belongs to another group or chain ({identity}). "
                "Move it away or choose another state folder."
            )
        return {entry.block_index: entry for entry in entries}


def _encode(entry: Entry) -> dict[str, str | int]:
    fields = {f.name: getattr(entry, f.name) for f in dataclasses.fields(entry)}
    return {
        name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()
    }


def _decode(entry_type: type[EntryType], row: dict[str, Any]) -> EntryType:
    fields = {f.name: f.type for f in dataclasses.fields(entry_type)}
    if set(row) != set(fields):
        raise ValueError("unknown or missing fields")
    values: dict[str, Any] = {}
    for name, kind in fields.items():
        values[name] = bytes.fromhex(row[name]) if kind is bytes else row[name]
        if type(values[name]) is not kind:
            raise ValueError(f"{name} is no {kind}")
    return entry_type(**values)
