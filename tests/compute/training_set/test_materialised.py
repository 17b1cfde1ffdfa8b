"""The set on disk is the set that the deltas define, whatever happens to process or disk."""

import os
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.storage import BlockUnavailable, FolderStore, StorageError
from compute.training_set import (
    Change,
    Column,
    DeltaRecord,
    Inapplicable,
    InvalidGenesis,
    Reader,
    Schema,
    TrainingSet,
    apply_delta,
    build_delta,
    materialise,
    materialised,
    next_tip,
    open_genesis,
    replay,
    versions,
)
from compute.training_set.ledger import Ledger
from compute.training_set.replay import NO_TIP, NOBODY
from compute.training_set.table import Damaged

SCHEMA = Schema((Column("x", "int16", (2,)), Column("y", "uint8", ())))
ALICE = "0x" + "aB" * 20


def columns(rows) -> dict[str, np.ndarray]:
    rows = np.array(list(rows), np.int64)
    return {"x": np.stack([-rows, rows * 9], 1).astype(np.int16), "y": (rows % 250).astype("u1")}


def ids(rows) -> list[bytes]:
    return [row.tobytes() for row in SCHEMA.ids(columns(rows))]


class Lineage:
    """A chain of deltas, as the registry would tell them."""

    def __init__(self, folder: Path, rows=(90,)) -> None:
        self.store = FolderStore(folder)
        self.genesis = build_delta(
            None, add=columns(rows), parent_tip=NO_TIP, proposer=NOBODY, store=self.store
        )
        self.tip = self.genesis
        self.records: list[DeltaRecord] = []
        self.current = open_genesis(self.store, self.genesis)

    def add(self, add=(), remove=(), proposer=ALICE) -> None:
        """A delta that may or may not fit; else it is built for a set in which it does."""
        add, remove = sorted(set(add)), sorted(set(remove) - set(add))
        try:
            delta = self.build(self.current, add, remove)
        except Inapplicable:
            delta = self.build(TrainingSet(SCHEMA).patched(columns(remove), []), add, remove)
        self.append(delta, proposer)

    def build(self, parent: TrainingSet, add, remove) -> bytes:
        return build_delta(
            parent, add=columns(add), remove=ids(remove), parent_tip=self.tip, proposer=ALICE,
            store=self.store,
        )  # fmt: skip

    def append(self, delta: bytes, proposer: str = ALICE) -> None:
        record = DeltaRecord(delta, self.tip, proposer)
        self.records.append(record)
        self.current = apply_delta(self.store, self.current, record)
        self.tip = next_tip(self.tip, delta)

    def on_disk(self, folder: Path, count: int | None = None, **options):
        return materialise(folder, self.store, self.genesis, self.records[:count], **options)


def same(found: TrainingSet, expected: TrainingSet) -> None:
    assert len(found) == len(expected)
    np.testing.assert_array_equal(found.ids, expected.ids)
    for name, values in expected.columns.items():
        assert found.columns[name].dtype == values.dtype
        np.testing.assert_array_equal(found.columns[name], values)


@pytest.fixture
def lineage(tmp_path) -> Lineage:
    """0: 0…9; 1: + 20, 21, - 3; 2: nonsense; 3: - 20, 0; 4: + 3 again, - 9."""
    lineage = Lineage(tmp_path / "blocks", range(10))
    lineage.add([20, 21], [3])
    lineage.append(lineage.store.put(b"nonsense"))
    lineage.add([], [20, 0])
    lineage.add([3], [9])
    return lineage


ROWS = st.lists(st.integers(0, 12), max_size=5)
STEP = st.one_of(
    st.tuples(ROWS, ROWS, st.just(ALICE)),
    st.tuples(ROWS, ROWS, st.just(NOBODY)),  # bound to another proposer
    st.just(None),  # malformed
)


@given(st.lists(STEP, max_size=10), st.lists(st.integers(0, 10), max_size=4))
@settings(max_examples=40)
def test_replay_from_genesis_is_incremental_application(tmp_path_factory, steps, stops):
    """Opened and brought up to date in any pieces: every version is the one set of its tip."""
    folder = tmp_path_factory.mktemp("lineage")
    lineage = Lineage(folder / "blocks")
    for step in steps:
        if step is None:
            lineage.append(lineage.store.put(b"nonsense"))
        else:
            lineage.add(*step)
    for stop in sorted(stops):
        lineage.on_disk(folder / "set", stop)
    found = lineage.on_disk(folder / "set")
    expected = list(versions(lineage.store, lineage.genesis, lineage.records))
    assert len(found) == len(expected)
    for number, examples in enumerate(expected):
        same(found.version(number), examples)
    found.verify()
    for row, example_id in zip(range(13), ids(range(13)), strict=True):
        assert (example_id in found.version(-1)) == (example_id in expected[-1]), row


def test_a_set_in_use_stays_while_later_versions_are_written(lineage, tmp_path):
    early = lineage.on_disk(tmp_path / "set", 1).version(1)
    lineage.add(range(100, 5000))
    lineage.on_disk(tmp_path / "set")
    same(early, replay(lineage.store, lineage.genesis, lineage.records[:1]))


def test_a_patch_to_a_set_on_disk_is_not_written(lineage, tmp_path):
    current = lineage.on_disk(tmp_path / "set").version(-1)
    child = current.patched(columns([77]), ids([1]))
    assert child.columns["y"].tolist() == [*current.columns["y"][1:].tolist(), 77]
    same(lineage.on_disk(tmp_path / "set").version(-1), current)


def test_a_lineage_that_changed_is_made_anew(lineage, tmp_path):
    old = lineage.on_disk(tmp_path / "set").version(-1)
    labels = old.columns["y"].tolist()
    other = Lineage(tmp_path / "blocks", range(10))
    other.add([50])
    same(
        other.on_disk(tmp_path / "set").version(-1),
        replay(other.store, other.genesis, other.records),
    )
    assert old.columns["y"].tolist() == labels


def test_the_proposer_is_part_of_the_lineage(lineage, tmp_path):
    lineage.on_disk(tmp_path / "set")
    lineage.records[0] = DeltaRecord(lineage.records[0].delta_hash, lineage.genesis, NOBODY)
    same(
        lineage.on_disk(tmp_path / "set").version(-1),
        replay(lineage.store, lineage.genesis, lineage.records),
    )


def test_an_unavailable_block_loses_nothing_done_before(lineage, tmp_path):
    with pytest.raises(BlockUnavailable):
        lineage.append(bytes([7]) * 32)
    with pytest.raises(BlockUnavailable):
        lineage.on_disk(tmp_path / "set")
    found = materialised.Materialised(tmp_path / "set" / "set")
    assert len(found) == 5
    same(found.version(4), replay(lineage.store, lineage.genesis, lineage.records[:4]))


def test_an_invalid_genesis_is_no_set(lineage, tmp_path):
    for genesis in (lineage.store.put(b"nonsense"), lineage.records[0].delta_hash):
        with pytest.raises(InvalidGenesis):
            materialise(tmp_path / "set", lineage.store, genesis, [])
    lineage.on_disk(tmp_path / "set").verify()


@pytest.mark.parametrize("file", ["columns/x", "ids", "versions.sqlite", "index"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_is_seen_and_repaired(lineage, tmp_path, file, how):
    lineage.on_disk(tmp_path / "set")
    path = tmp_path / "set" / "set" / file
    place = 5
    if path.is_dir():
        path = max(path.iterdir(), key=lambda run: run.stat().st_size)
    data = bytearray(path.read_bytes())
    if path.suffix == ".sqlite":
        place = data.index(Ledger(path).versions()[3].digest)
    data[place] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data if how == "flipped" else data[: len(data) // 2])
    if file != "index" or how == "flipped":  # else it is rebuilt when it is missed
        with pytest.raises(Damaged):
            materialised.Materialised(tmp_path / "set" / "set").verify()
    found = lineage.on_disk(tmp_path / "set", verify=True)
    same(found.version(-1), replay(lineage.store, lineage.genesis, lineage.records))
    found.verify()


def test_what_was_left_beyond_the_end_is_written_over(lineage, tmp_path):
    """As a process leaves it that was killed before it could commit."""
    lineage.on_disk(tmp_path / "set", 1)
    folder = tmp_path / "set" / "set"
    for file in (folder / "ids", *(folder / "columns").iterdir()):
        with file.open("ab") as opened:
            opened.write(b"garbage" * 1000)
    (folder / "index" / "12-13").write_bytes(bytes(16))
    found = lineage.on_disk(tmp_path / "set")
    found.verify()
    same(found.version(-1), replay(lineage.store, lineage.genesis, lineage.records))


@pytest.mark.parametrize("room", [0, 3000, 9000, 30_000, 60_000])
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, room):
    """Files may not grow beyond `room` bytes, wherever in the work that is."""
    lineage = Lineage(tmp_path / "blocks", range(100))
    for step in range(10):
        lineage.add(range(1000 * step + 200, 1000 * step + 1000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StorageError, match="make room"):
            lineage.on_disk(tmp_path / "set")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = lineage.on_disk(tmp_path / "set")
    found.verify()
    same(found.version(-1), replay(lineage.store, lineage.genesis, lineage.records))


CATCH_UP = """
import sys, pickle
from pathlib import Path
from compute.storage import FolderStore
from compute.training_set import DeltaRecord, materialise, materialised
materialised.COMMIT_SECONDS = 0.0
folder, genesis, *records = sys.argv[1:]
records = [DeltaRecord(bytes.fromhex(d), bytes.fromhex(t), p)
           for d, t, p in (record.split(",") for record in records)]
def told(done, total):
    print(done, flush=True)
materialise(Path(folder) / "set", FolderStore(Path(folder) / "blocks"), bytes.fromhex(genesis),
            records, progress=told)
"""


def test_kill_9_leaves_a_version(tmp_path):
    """Killed at 8 different moments of writing; the next process goes on where it was."""
    lineage = Lineage(tmp_path / "blocks", range(300))
    for step in range(60):
        lineage.add(range(300 + 40 * step, 340 + 40 * step), range(step * 5, step * 5 + 5))
    told = [f"{r.delta_hash.hex()},{r.parent_tip.hex()},{r.proposer}" for r in lineage.records]
    command = [sys.executable, "-c", CATCH_UP, str(tmp_path), lineage.genesis.hex(), *told]
    expected = list(versions(lineage.store, lineage.genesis, lineage.records))
    reached = 0
    for kill in range(8):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            process.stdout.readline()
        time.sleep(0.001 * kill)  # not a wait: it spreads the moments of death
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        found = materialised.Materialised(tmp_path / "set" / "set")
        found.verify()
        assert len(found) >= reached
        reached = len(found)
        same(found.version(-1), expected[reached - 1])
    assert reached > 8
    same(lineage.on_disk(tmp_path / "set").version(-1), expected[-1])


CUT_SHORT = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 1")  # what does not fit is written before the end
rows = ((row, 1) for row in range(10_000, 20_000))
connection.executemany("INSERT INTO removals VALUES (?, ?)", rows)
os._exit(9)
"""


def test_a_transaction_that_was_killed_is_undone_by_who_reads(tmp_path):
    lineage = Lineage(tmp_path / "blocks", range(300))
    lineage.on_disk(tmp_path / "set")
    ledger = tmp_path / "set" / "set" / "versions.sqlite"
    assert subprocess.run([sys.executable, "-c", CUT_SHORT, str(ledger)]).returncode == 9
    assert ledger.with_name("versions.sqlite-journal").stat().st_size > 0
    found = materialised.Materialised(tmp_path / "set" / "set")
    found.verify()
    assert len(found.version(-1)) == 300


def test_processes_share_a_folder(tmp_path):
    lineage = Lineage(tmp_path / "blocks", range(300))
    for step in range(20):
        lineage.add(range(300 + 40 * step, 340 + 40 * step))
    told = [f"{r.delta_hash.hex()},{r.parent_tip.hex()},{r.proposer}" for r in lineage.records]
    command = [sys.executable, "-c", CATCH_UP, str(tmp_path), lineage.genesis.hex(), *told]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    found = lineage.on_disk(tmp_path / "set")
    found.verify()
    same(found.version(-1), replay(lineage.store, lineage.genesis, lineage.records))


def test_between_versions(lineage, tmp_path):
    found = lineage.on_disk(tmp_path / "set")

    def change(old, new):
        came, went = found.between(old, new)
        return came["y"].tolist(), went["y"].tolist()

    assert change(0, 1) == ([20, 21], [3])
    assert change(1, 2) == ([], [])
    assert change(0, 3) == ([21], [0, 3])
    assert change(0, 4) == ([21], [0, 9])
    assert change(4, 0) == ([0, 9], [21])
    assert change(2, 2) == ([], [])


def test_blame_tells_when_an_example_came_and_went(lineage, tmp_path):
    found = lineage.on_disk(tmp_path / "set")
    one, three, twenty, absent = ids([1, 3, 20, 99])
    assert found.blame(one) == [Change(0, "added")]
    assert found.blame(three) == [Change(0, "added"), Change(1, "removed"), Change(4, "added")]
    assert found.blame(twenty) == [Change(1, "added"), Change(3, "removed")]
    assert found.blame(absent) == []


def test_genesis_is_version_0(lineage, tmp_path):
    found = lineage.on_disk(tmp_path / "set", 0)
    assert len(found) == 1
    same(found.version(0), open_genesis(lineage.store, lineage.genesis))


def test_a_set_is_never_in_memory_as_a_whole(tmp_path):
    """48 MiB arrive, are extended, verified, read in order and shuffled, within 24 MiB."""
    store, rng = FolderStore(tmp_path / "blocks"), np.random.default_rng(0)
    deltas, tip, parent = [], b"", None
    for part in range(3):
        data = {"x": rng.integers(0, 256, (2048, 8192), np.uint8)}
        bound = (tip, ALICE) if part else (NO_TIP, NOBODY)
        delta = build_delta(parent, add=data, parent_tip=bound[0], proposer=bound[1], store=store)
        deltas.append(DeltaRecord(delta, *bound))
        tip = next_tip(tip, delta) if part else delta
        parent = (parent or TrainingSet(Schema.of(data))).patched(data, [])
    del data, parent
    tracemalloc.start()
    materialise(tmp_path / "set", store, deltas[0].delta_hash, deltas[1:])
    found = materialise(tmp_path / "set", store, deltas[0].delta_hash, deltas[1:], verify=True)
    examples = found.version(-1)
    in_order = sum(int(batch["x"].sum()) for batch in examples.batches(64))
    reader = Reader(examples, batch_size=64, seed=0, key=tip, workers=2)
    shuffled = sum(int(next(reader)["x"].sum()) for _ in range(len(examples) // 64))
    reader.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert in_order == shuffled > 0
    assert len(examples) == 3 * 2048
    assert peak < 24 << 20
