"""A group's training set on disk: applying a delta costs the delta, every version is a view.

    set/columns/NAME  set/ids   every example ever added, in order of addition     (table.py)
    set/index/FIRST-END         which row has an id: sorted runs                   (index.py)
    set/versions.sqlite         what each version is: rows so far, rows removed    (ledger.py)

Examples are written and synced first and committed in the ledger then, so a process that is killed
leaves the version before or the version after. Nothing is ever moved or rewritten: older versions
stay readable, and a set in use stays mapped while later ones are written behind it. The space of
removed examples is not given back, because older versions have them.
"""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compute.storage import StorageError, Store
from compute.training_set.delta import malformed_lengths, read_removals
from compute.training_set.examples import TrainingSet
from compute.training_set.index import Index
from compute.training_set.ledger import Ledger, Version
from compute.training_set.replay import (
    DeltaRecord,
    EmptyPatch,
    bound_manifest,
    check_result,
    empty_patch,
    genesis_manifest,
    genesis_record,
    invalid_genesis,
)
from compute.training_set.root import DataRoot
from compute.training_set.schema import Schema
from compute.training_set.segments import NO_SEGMENTS
from compute.training_set.table import Damaged, Table

COMMIT_SECONDS = 1.0  # of work that a killed process does again
_VERIFY_ROWS = 1 << 14

# told how many versions, or rows, are done of how many
Progress = Callable[[int, int], None]


def materialise(
    folder: Path,
    store: Store,
    genesis: bytes,
    deltas: Iterable[DeltaRecord],
    *,
    verify: bool = False,
    progress: Progress = lambda done, total: None,
) -> "Materialised":
    """The sets of this lineage in `folder`, brought up to date; processes may share the folder.

    One that is damaged (with `verify`, every example is hashed to know) or holds another lineage
    is made anew. Raises InvalidGenesis, BlockUnavailable, and StorageError if the disk fails.
    """
    records = [genesis_record(genesis), *deltas]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _up_to_date(folder / "set", store, records, verify, progress)
    except OSError as error:
        raise StorageError(
            f"The training set cannot be kept in {folder}: {error.strerror or error}. What was "
            "done so far is kept; make room, or name another folder, and go on."
        ) from error


def _up_to_date(
    folder: Path, store: Store, records: Sequence[DeltaRecord], verify: bool, progress: Progress
) -> "Materialised":
    try:
        found = Materialised(folder)
        if verify:
            found.verify(progress)
        if found.follows(records):
            found.extend(store, records, progress)
            return found
    except Damaged:
        pass
    manifest = genesis_manifest(store, records[0].delta_hash)
    shutil.rmtree(folder, ignore_errors=True)
    fresh = Materialised.begin(folder, manifest.schema)
    fresh.extend(store, records, progress)
    return fresh


@dataclass(frozen=True)
class Change:
    """At `version`, the example was "added" or "removed". Version 0 is the genesis delta."""

    version: int
    change: str


class Materialised:
    """Every version of one lineage, as many as there were when this object was made."""

    def __init__(self, folder: Path) -> None:
        """Open what is there. Raises Damaged."""
        self._ledger = Ledger(folder / "versions.sqlite")
        self.schema = self._ledger.schema()
        self._table = Table(folder, self.schema)
        self._versions = self._ledger.versions()

    @classmethod
    def begin(cls, folder: Path, schema: Schema) -> "Materialised":
        """A new folder that holds no version yet."""
        folder.mkdir()
        Table(folder, schema).create()
        Ledger(folder / "versions.sqlite").create(schema)
        return cls(folder)

    def __len__(self) -> int:
        """How many versions there are, the genesis among them."""
        return len(self._versions)

    def follows(self, records: Sequence[DeltaRecord]) -> bool:
        """Return whether the versions here and these deltas, the genesis first, are of one
        lineage."""
        return len(self) > 0 and all(
            v.record == r for v, r in zip(self._versions, records, strict=False)
        )

    def version(self, number: int) -> TrainingSet:
        """The set of a version, -1 for the last; it stays mapped while in use. Raises Damaged."""
        number = range(len(self))[number]
        rows = self._versions[number].rows
        removed = self._ledger.removed(-1, number)
        return self._view(rows, removed, lambda: self._table.index(rows))

    def between(self, old: int, new: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Columns of the examples that `new` has and `old` has not, and of those that it lost."""
        if old > new:
            lost, gained = self.between(new, old)
            return gained, lost
        before, after = self.version(old), self.version(new)
        first, end = self._versions[old].rows, self._versions[new].rows
        left = self._ledger.removed(old, new)
        came, went = self._table.ids(first, end), self._table.ids(0, end)[left]
        gained = after.examples(came[~before.holds(came)])
        return gained, before.examples(went[~after.holds(went)])

    def every_id(self) -> Iterator[bytes]:
        """The ids of all examples that were ever in a set, some more than once."""
        for start in range(0, self._rows, _VERIFY_ROWS):
            for row in self._table.ids(start, min(start + _VERIFY_ROWS, self._rows)):
                yield row.tobytes()

    def blame(self, example_id: bytes) -> list[Change]:
        """List when the example came and went, oldest first; empty if it was never there."""
        ends = [version.rows for version in self._versions]
        wanted = np.frombuffer(example_id, np.uint8).reshape(1, 32)
        changes = []
        for row in np.sort(self._table.index(ends[-1]).candidates(wanted)[1]).tolist():
            if self._table.ids(row, row + 1).tobytes() == example_id:
                changes.append(Change(int(np.searchsorted(ends, row, "right")), "added"))
                removed = self._ledger.removal(row)
                if removed is not None:
                    changes.append(Change(removed, "removed"))
        return changes

    def extend(self, store: Store, records: Sequence[DeltaRecord], progress: Progress) -> None:
        """Append the versions of `records` (the genesis first) that are missing here.

        For one process at a time. What is done is kept, whatever interrupts the rest: raises what
        `materialise` raises.
        """
        missing = records[len(self) :]
        if not missing:
            return
        self._table.forget_past(self._rows)
        current = self.version(-1) if self._versions else TrainingSet(self.schema)
        leaving: list[np.ndarray] = []
        committed = time.monotonic()
        try:
            for record in missing:
                current, rows = self._append(store, record, current)
                leaving.append(rows)
                progress(len(self), len(records))
                if time.monotonic() - committed > COMMIT_SECONDS:
                    self._commit(current, leaving)
                    leaving, committed = [], time.monotonic()
        finally:
            if leaving:
                self._commit(current, leaving)

    def verify(self, progress: Progress = lambda done, total: None) -> None:
        """Hash every example again. Raises Damaged if anything is not what the deltas brought."""
        for row in range(0, self._rows, _VERIFY_ROWS):
            end = min(row + _VERIFY_ROWS, self._rows)
            ids = self.schema.ids(self._table.columns(row, end))
            if not np.array_equal(ids, self._table.ids(row, end)):
                raise Damaged(f"an example in the rows {row} to {end - 1} has changed")
            progress(end, self._rows)
        digest, row = b"", 0
        for number, version in enumerate(self._versions):
            ids = self._table.ids(row, version.rows)
            digest = _digest(digest, ids, self._ledger.removed(number - 1, number))
            if digest != version.digest:
                raise Damaged(f"version {number} has changed")
            row = version.rows
        if not self._table.index(row).agrees(self._table.ids(0, row)):
            raise Damaged("the index has changed")

    @property
    def _rows(self) -> int:
        return self._versions[-1].rows if self._versions else 0

    def _append(
        self, store: Store, record: DeltaRecord, current: TrainingSet
    ) -> tuple[TrainingSet, np.ndarray]:
        """Write one more version; the set it makes of `current`, and the rows that leave it."""
        try:
            ids, leaving, root = self._receive(store, record, current)
        except EmptyPatch:
            ids, leaving = np.empty((0, 32), np.uint8), np.empty(0, np.int64)
            root = current.root
        self._table.write_ids(ids, self._rows)
        index = current.index.extended(ids, self._rows)
        digest = _digest(self._versions[-1].digest if self._versions else b"", ids, leaving)
        self._versions.append(Version(record, self._rows + len(ids), digest))
        view = self._view(self._rows, current.without(leaving), lambda: index, lambda: root)
        return view, leaving

    def _receive(
        self, store: Store, record: DeltaRecord, current: TrainingSet
    ) -> tuple[np.ndarray, np.ndarray, DataRoot]:
        """Write the examples a delta adds; their ids, the rows to remove, and the root after it.
        Raises EmptyPatch or InvalidGenesis: what was written then counts for nothing."""
        with empty_patch() if self._versions else invalid_genesis(record.delta_hash):
            manifest = bound_manifest(store, record, self.schema)
            gone = read_removals(store, manifest)
            with malformed_lengths():
                self._table.receive(store, manifest, self._rows)
            add = self._table.columns(self._rows, self._rows + manifest.add_count)
            ids, leaving = current.resolve(add, gone)
            root = current.root_after(ids, leaving)
            check_result(manifest, len(current) + len(ids) - len(leaving), root)
            return ids, leaving, root

    def _commit(self, current: TrainingSet, leaving: Sequence[np.ndarray]) -> None:
        """Make the last versions final, given the rows that left with each."""
        self._table.sync()
        self._table.save(current.index)
        first = len(self) - len(leaving)
        self._ledger.append(first, list(zip(self._versions[first:], leaving, strict=True)))

    def _view(
        self,
        rows: int,
        removed: np.ndarray,
        load_index: Callable[[], Index],
        load_root: Callable[[], DataRoot] | None = None,
    ) -> TrainingSet:
        segments = NO_SEGMENTS.appended(self._table.mapped(0, rows), rows)
        return TrainingSet(self.schema, segments, removed, load_index, load_root)


def _digest(before: bytes, ids: np.ndarray, leaving: np.ndarray) -> bytes:
    """Of a version, given that of the version before."""
    hasher = hashlib.sha256(before)
    hasher.update(np.ascontiguousarray(ids).data)
    hasher.update(leaving.astype("<i8").data)
    return hasher.digest()
