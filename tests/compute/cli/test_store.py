"""`nrn store`, and `--ipfs` with a real daemon."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from compute.roles.founder import found
from compute.storage import FolderStore, cid
from compute.storage.kubo import KuboStore
from compute.storage.location import pins_of
from compute.storage.pins import Pins
from tests.compute.cli.conftest import Result
from tests.integration.devnet import CONFIG, Devnet
from tests.integration.stage import SPECIFICATION, examples
from tests.support.kubo_daemon import Daemon

Nrn = Callable[..., Result]
ABSENT = bytes(32)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """The folder that `nrn` uses."""
    return FolderStore(tmp_path / "store")


def file_of(store: FolderStore, digest: bytes) -> Path:
    return store.path / digest.hex()[:2] / digest.hex()


def test_gc_spares_what_is_kept_and_what_is_young(nrn: Nrn, store: FolderStore) -> None:
    kept, old, young = (store.put(name) for name in (b"kept", b"old", b"young"))
    Pins(pins_of(store), "keeper", store).pin(kept, [], why="delta")
    for digest in (kept, old):
        os.utime(file_of(store, digest), (0, 0))

    assert nrn("store", "gc", "--dry-run").out == "Would delete 1 blocks (3 bytes), 2 stay.\n"
    assert store.has(old)
    assert nrn("store", "gc", "--json").json == {
        "blocks": 1, "bytes": 3, "left": 2, "dry_run": False,
    }  # fmt: skip
    assert set(store.digests()) == {kept, young}
    assert nrn("store", "gc", "--idle", "0s").out.startswith("Deleted 1 blocks")
    assert "goes with --ipfs" in nrn("store", "gc", "--daemon", code=1).err
    assert set(store.digests()) == {kept}


def test_check_names_what_is_damaged_and_what_is_gone(nrn: Nrn, store: FolderStore) -> None:
    sound, damaged, gone = (store.put(name) for name in (b"sound", b"damaged", b"gone"))
    assert nrn("store", "check").out == "3 of 3 blocks are sound.\n"
    Pins(pins_of(store), "keeper", store).pin(gone, [], why="delta")
    file_of(store, gone).unlink()
    file_of(store, damaged).write_bytes(b"rot")

    found = nrn("store", "check", "--json", code=4).json

    assert found["blocks"] == 3
    faults = {
        name: fault
        for name in (cid(damaged), cid(gone))
        for fault in found["faults"]
        if name in fault
    }
    assert len(found["faults"]) == 2
    assert "is damaged" in faults[cid(damaged)]
    assert "is not there" in faults[cid(gone)]
    assert store.get(sound) == b"sound"


def test_status_tells_who_keeps_what(nrn: Nrn, store: FolderStore) -> None:
    assert "No role keeps anything" in nrn("store", "status").out
    root, leaf = store.put(b"root"), store.put(b"leaf")
    Pins(pins_of(store), "keeper", store).pin(root, [leaf], why="delta")

    document = nrn("store", "status", "--json").json

    assert document == {
        "folder": str(store.path), "blocks": 2, "size": 8, "pinned_blocks": 2,
        "kept": [{"owner": "keeper", "keeps": "delta", "roots": 1, "blocks": 2}],
    }  # fmt: skip


def test_a_group_moves_in_a_file_to_a_folder_and_to_a_daemon(
    nrn: Nrn,
    devnet: Devnet,
    tmp_path: Path,
    store: FolderStore,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """found in a folder | export | import elsewhere | what `verify` reads is all there"""
    founding = found(SPECIFICATION, examples(64), store)
    group = devnet.create_group(replace(CONFIG, **asdict(founding))).id
    archive = tmp_path / "group.car"
    told = nrn("store", "export", archive, "--group", group, "--json").json
    assert told["blocks"] == len(set(store.digests()))
    assert not list(tmp_path.glob("*group.car*draft"))

    monkeypatch.setenv("NRN_STORE", str(tmp_path / "elsewhere"))
    assert "is not available" in nrn("verify", group, code=4).err
    nrn("store", "import", archive)
    assert "0 of 0 blocks verified" in nrn("verify", group).out

    monkeypatch.delenv("NRN_STORE")
    nrn("store", "import", archive, "--ipfs", daemon.api)
    monkeypatch.setenv("IPFS_API", daemon.api)
    assert "0 of 0 blocks verified" in nrn("verify", group).out
    assert nrn("evaluate", group, "--json").json["valid"]
    status = nrn("store", "status", "--json").json
    assert status["daemon"] == daemon.api
    assert status["blocks"] >= told["blocks"]

    kubo = KuboStore(daemon.api)
    garbage = kubo.put(b"garbage")
    kubo.unpin(garbage)
    assert "other programs" in nrn("store", "gc", code=1).err
    assert "neither --dry-run" in nrn("store", "gc", "--daemon", "--dry-run", code=1).err
    assert kubo.has(garbage)
    assert nrn("store", "gc", "--daemon", "--json").json["blocks"] >= 1
    assert not kubo.has(garbage)
    assert "0 of 0 blocks verified" in nrn("verify", group).out
    assert nrn("store", "check").out == "0 of 0 blocks are sound.\n"


def test_what_is_missing_is_named_with_a_way_out(
    nrn: Nrn, store: FolderStore, tmp_path: Path
) -> None:
    told = nrn("store", "export", tmp_path / "x.car", ABSENT.hex(), code=4).err
    assert cid(ABSENT) in told
    assert "nrn store import" in told.replace("\n", " ")
    assert list(tmp_path.glob("x.car*")) == []
    assert "hashes, or --group N" in nrn("store", "export", tmp_path / "x.car", code=1).err


def test_content_lies_in_one_place(nrn: Nrn, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = ("--ipfs", "/ip4/127.0.0.1/tcp/1")
    both = nrn("store", "status", *daemon, "--store", "here", code=1).err
    assert "give --store (NRN_STORE) or --ipfs (IPFS_API), not both" in both.replace("\n", " ")
    monkeypatch.delenv("NRN_STORE")
    assert "not the address of a Kubo daemon" in nrn("store", "status", "--ipfs", "x", code=4).err
    away = nrn("store", "status", "--ipfs", "http://127.0.0.1:9", code=4).err
    assert "ipfs daemon" in away
