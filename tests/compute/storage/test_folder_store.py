"""The folder: durable, verified, shared by processes that die."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.canonical import digest
from compute.storage import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    FolderStore,
    StorageError,
    cid,
    copy,
    open_store,
)

# Writes blocks 0, 1, 2, … of 1 MiB until killed, printing each number once `put` returned.
ENDLESS_WRITER = """
import sys
from compute.storage import FolderStore, MAX_BLOCK_BYTES
store = FolderStore(sys.argv[1])
number = int(sys.argv[2])
while True:
    store.put(number.to_bytes(8, "big") * (MAX_BLOCK_BYTES // 8))
    print(number, flush=True)
    number += 1
"""


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "blocks")


def file_of(store: FolderStore, name: bytes) -> Path:
    return store.path / name.hex()[:2] / name.hex()


@given(st.binary(max_size=300))
def test_what_was_put_can_be_got(store, block):
    name = store.put(block)
    assert name == digest(block)
    assert store.has(name)
    assert store.get(name) == block
    assert store.put(block) == name


def test_blocks_survive_the_process(store):
    name = store.put(b"x")
    assert FolderStore(store.path).get(name) == b"x"
    assert open_store(str(store.path)).get(name) == b"x"


def test_the_largest_block_fits_and_a_larger_one_is_refused(store):
    assert store.get(store.put(bytes(MAX_BLOCK_BYTES))) == bytes(MAX_BLOCK_BYTES)
    with pytest.raises(ValueError, match="at most 1048576"):
        store.put(bytes(MAX_BLOCK_BYTES + 1))


def test_a_missing_block_is_named(store):
    name = digest(b"nowhere")
    assert not store.has(name)
    with pytest.raises(BlockUnavailable, match=cid(name)) as caught:
        store.get(name)
    assert caught.value.digest == name
    assert not isinstance(caught.value, BlockCorrupt)


@pytest.mark.parametrize("damage", [b"", b"hellp", b"hello ", bytes(MAX_BLOCK_BYTES + 5)], ids=len)
def test_a_damaged_block_is_noticed_and_putting_it_again_repairs_it(store, damage):
    name = store.put(b"hello")
    file_of(store, name).write_bytes(damage)
    with pytest.raises(BlockCorrupt, match=cid(name)):
        store.get(name)
    store.put(b"hello")
    assert store.get(name) == b"hello"


@pytest.mark.parametrize("name", [b"", bytes(31), bytes(33), b"../../../../../../../../etc/passwd"])
def test_a_name_is_never_a_path(store, name):
    with pytest.raises(ValueError, match="32 bytes"):
        store.get(name)


def test_copy_is_idempotent_and_takes_only_what_is_named(store, tmp_path):
    target = FolderStore(tmp_path / "target")
    names = [store.put(bytes([n])) for n in range(4)]
    copy(names[:3], store, target)
    copy(names[:3], store, target)
    assert [target.has(name) for name in names] == [True, True, True, False]
    with pytest.raises(BlockUnavailable):
        copy([digest(b"nowhere")], store, target)


def test_kill_9_leaves_every_acknowledged_block_and_no_damaged_one(tmp_path):
    folder = tmp_path / "blocks"
    for round_ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", ENDLESS_WRITER, folder, str(round_ * 1000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        acknowledged = [int(writer.stdout.readline()) for _ in range(3 + round_)]
        time.sleep(0.002 * round_)
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split()]
        writer.wait()
        store = FolderStore(folder)
        for number in acknowledged:
            block = number.to_bytes(8, "big") * (MAX_BLOCK_BYTES // 8)
            assert store.get(digest(block)) == block
        for file in folder.glob("??/*"):
            store.get(bytes.fromhex(file.name))


def test_a_file_left_by_a_kill_is_swept_once_it_is_old_but_not_before(store):
    old, young = store.path / "partial" / "1-old", store.path / "partial" / "2-young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (0, 0))
    FolderStore(store.path)
    assert not old.exists()
    assert young.exists()


def test_processes_that_write_the_same_blocks_do_not_disturb_each_other(tmp_path):
    folder = tmp_path / "blocks"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", ENDLESS_WRITER, folder, "0"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for writer in writers:
        for _ in range(12):
            assert writer.stdout.readline()
    for writer in writers:
        assert writer.poll() is None, "a writer failed"
        writer.kill()
        writer.communicate()
    store = FolderStore(folder)
    assert len(list(folder.glob("??/*"))) >= 12
    for file in folder.glob("??/*"):
        store.get(bytes.fromhex(file.name))


def full_disk(path: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_full_disk_is_a_sentence_and_harms_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not full_disk(disk, "3m"):
        pytest.skip("mounting a small disk needs root")
    try:
        store = FolderStore(disk / "blocks")
        kept = []
        with pytest.raises(StorageError, match=r"is full\. Free some space") as caught:
            for number in range(10):
                kept.append(store.put(bytes([number]) * MAX_BLOCK_BYTES))
        assert caught.value.__cause__.errno == errno.ENOSPC
        assert kept
        for number, name in enumerate(kept):
            assert store.get(name) == bytes([number]) * MAX_BLOCK_BYTES
        assert not any((store.path / "partial").iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used: "):
        FolderStore(tmp_path / "file" / "blocks")
