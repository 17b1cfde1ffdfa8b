"""Garbage collection: what a role pins stays, what nobody pins goes, whatever happens meanwhile."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from compute.storage import BlockUnavailable, FolderStore, StorageError, cid
from compute.storage.garbage import Collected, collect
from compute.storage.kubo import KuboStore
from compute.storage.pins import Pins, Record, owners, pinned
from tests.support.kubo_daemon import Daemon

ABSENT = bytes(32)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pins"


def put(store: FolderStore, *names: str) -> list[bytes]:
    return [store.put(name.encode()) for name in names]


def test_what_is_pinned_stays_and_the_rest_goes(store: FolderStore, folder: Path) -> None:
    root, leaf, loose = put(store, "root", "leaf", "loose")
    Pins(folder, "group-1-keeper", store).pin(root, [leaf], why="delta")

    assert collect(store, folder, idle_seconds=0) == Collected(blocks=1, bytes=5, left=2)

    assert store.get(root) == b"root"
    assert store.get(leaf) == b"leaf"
    assert not store.has(loose)
    assert set(store.digests()) == {root, leaf}


def test_young_blocks_stay_and_putting_makes_young(store: FolderStore, folder: Path) -> None:
    [old, again, young] = put(store, "old", "again", "young")
    for name in (old, again):
        os.utime(store.path / name.hex()[:2] / name.hex(), (0, 0))
    put(store, "again")

    collect(store, folder, idle_seconds=60)

    assert set(store.digests()) == {again, young}


def test_records_say_what_and_why(store: FolderStore, folder: Path) -> None:
    delta, checkpoint, shared = put(store, "delta", "checkpoint", "shared")
    pins = Pins(folder, "group-1-keeper", store)
    pins.pin(delta, [shared], why="delta 3")
    pins.pin(checkpoint, [shared, checkpoint, shared], why="accepted")

    records = {record.root: record for record in Pins(folder, "group-1-keeper", store).records()}

    assert records == {
        delta: Record(delta, "delta 3", (shared, delta)),
        checkpoint: Record(checkpoint, "accepted", (shared, checkpoint)),
    }
    assert pins.roots() == set(records)
    assert {record.root for record in owners(folder)["group-1-keeper"]} == set(records)


def test_a_block_is_free_when_the_last_owner_lets_go(store: FolderStore, folder: Path) -> None:
    one, two, shared = put(store, "one", "two", "shared")
    keeper, trainer = Pins(folder, "group-1-keeper", store), Pins(folder, "group-2-trainer", store)
    keeper.pin(one, [shared], why="accepted")
    trainer.pin(two, [shared], why="incumbent")

    keeper.release([one, one])
    assert pinned(folder) == {two, shared}
    trainer.release([one])  # not its own
    assert pinned(folder) == {two, shared}
    trainer.release([two])
    assert pinned(folder) == set()


def test_only_what_is_there_can_be_pinned(store: FolderStore, folder: Path) -> None:
    [root] = put(store, "root")

    with pytest.raises(BlockUnavailable, match=cid(ABSENT)):
        Pins(folder, "group-1-keeper", store).pin(root, [ABSENT], why="delta")

    assert pinned(folder) == set()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}",
        b"[]",
        b'{"blocks":["zz"],"why":"x"}',
        b'{"blocks":"00","why":"x"} ',
    ],
)
def test_a_damaged_record_stops_the_collection(
    store: FolderStore, folder: Path, damage: bytes
) -> None:
    root, loose = put(store, "root", "loose")
    Pins(folder, "group-1-keeper", store).pin(root, [], why="delta")
    (folder / "group-1-keeper" / root.hex()).write_bytes(damage)

    with pytest.raises(StorageError, match="is damaged, so nothing can be told to be garbage"):
        collect(store, folder, idle_seconds=0)

    assert set(store.digests()) == {root, loose}


@pytest.mark.parametrize("owner", ["", "..", "a/b", ".hidden", "x" * 201, "new\nline"])
def test_an_owner_is_never_a_path(store: FolderStore, folder: Path, owner: str) -> None:
    with pytest.raises(ValueError, match="an owner is letters"):
        Pins(folder, owner, store)


def test_a_block_put_during_its_collection_is_there_afterwards(
    store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old and unpinned, so it may go; but not once `put` has said that it is there."""
    [name] = put(store, "contended")
    os.utime(store.path / name.hex()[:2] / name.hex(), (0, 0))
    move = Path.replace

    def put_first(source: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", move)
        put(store, "contended")
        return move(source, target)

    monkeypatch.setattr(Path, "replace", put_first)
    done = collect(store, folder, idle_seconds=60)

    assert done == Collected(blocks=0, bytes=0, left=1)
    assert store.get(name) == b"contended"


COLLECTOR = """
import sys
from pathlib import Path
from compute.storage import FolderStore
from compute.storage.garbage import collect
while True:
    collect(FolderStore(sys.argv[1]), Path(sys.argv[2]), idle_seconds=0)
    print("x", flush=True)
"""


def test_killing_collectors_loses_nothing_that_is_pinned(store: FolderStore, folder: Path) -> None:
    pins = Pins(folder, "group-1-keeper", store)
    kept = []
    for _ in range(5):
        command = [sys.executable, "-c", COLLECTOR, str(store.path), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as collector:
            assert collector.stdout is not None
            collector.stdout.readline()
            for _ in range(20):
                block = os.urandom(1000)
                try:
                    pins.pin(store.put(block), [], why="delta")
                except BlockUnavailable:  # with no idle time at all it may be gone already
                    continue
                kept.append(hashlib.sha256(block).digest())
            collector.kill()

    assert kept
    assert all(len(store.get(name)) == 1000 for name in kept)
    assert pinned(folder) == set(kept)


def test_kubo_collects_what_the_last_owner_let_go(daemon: Daemon, folder: Path) -> None:
    store = KuboStore(daemon.api)
    one, two, shared, loose = (store.put(name) for name in (b"one", b"two", b"shared", b"loose"))
    for name in (one, two, shared, loose):
        store.unpin(name)  # as if fetched
    keeper, trainer = Pins(folder, "group-1-keeper", store), Pins(folder, "group-1-trainer", store)

    keeper.pin(one, [shared], why="accepted")
    trainer.pin(two, [shared], why="delta")
    daemon.rpc("repo/gc")
    assert [store.has(name) for name in (one, two, shared, loose)] == [True, True, True, False]

    keeper.release([one])
    daemon.rpc("repo/gc")
    assert [store.has(name) for name in (one, two, shared)] == [False, True, True]


NUMBERS = st.integers(0, 7)
OWNERS = st.sampled_from(["a", "b"])


class Collecting(RuleBasedStateMachine):
    """Two owners and a collector against a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.store = FolderStore(path / "store")
        self.pins = path / "pins"
        self.owners = {name: Pins(self.pins, name, self.store) for name in "ab"}
        self.records: dict[tuple[str, bytes], set[bytes]] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(owner=OWNERS, root=NUMBERS, leaves=st.sets(NUMBERS))
    def pin(self, owner: str, root: int, leaves: set[int]) -> None:
        blocks = {self.store.put(bytes([leaf])) for leaf in leaves}
        name = self.store.put(bytes([root]))
        self.owners[owner].pin(name, blocks, why="test")
        self.records[owner, name] = blocks | {name}

    @rule(owner=OWNERS, root=NUMBERS)
    def release(self, owner: str, root: int) -> None:
        name = hashlib.sha256(bytes([root])).digest()
        self.owners[owner].release([name])
        self.records.pop((owner, name), None)

    @rule()
    def collect(self) -> None:
        before = set(self.store.digests())
        done = collect(self.store, self.pins, idle_seconds=-1)
        after = set(self.store.digests())
        assert after == before & self.pinned()
        assert (done.blocks, done.left) == (len(before - after), len(after))

    def pinned(self) -> set[bytes]:
        return {digest for blocks in self.records.values() for digest in blocks}

    @invariant()
    def what_is_pinned_is_there(self) -> None:
        assert pinned(self.pins) == self.pinned()
        assert self.pinned() <= set(self.store.digests())


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(max_examples=25, stateful_step_count=20)
