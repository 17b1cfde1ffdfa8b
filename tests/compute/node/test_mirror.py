"""A private store over a shared one."""

from pathlib import Path

import pytest

from compute.node.mirror import Mirror
from compute.storage import BlockUnavailable, FolderStore


@pytest.fixture
def own(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "own")


@pytest.fixture
def shared(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "shared")


def test_private_blocks_stay_private_until_served(own: FolderStore, shared: FolderStore) -> None:
    mirror = Mirror(own, shared)
    digest = mirror.put(b"secret")
    assert not shared.has(digest)
    mirror.serve([digest])
    assert shared.get(digest) == b"secret"


def test_what_was_fetched_once_stays(own: FolderStore, shared: FolderStore) -> None:
    mirror = Mirror(own, shared)
    digest = shared.put(b"block")
    assert mirror.get(digest) == b"block"
    (shared.path / digest.hex()[:2] / digest.hex()).unlink()
    assert mirror.get(digest) == b"block"
    mirror.serve([digest])
    assert shared.has(digest)


def test_a_damaged_private_block_is_fetched_again(own: FolderStore, shared: FolderStore) -> None:
    mirror = Mirror(own, shared)
    digest = shared.put(b"block")
    mirror.get(digest)
    (own.path / digest.hex()[:2] / digest.hex()).write_bytes(b"rot")
    assert mirror.get(digest) == b"block"
    assert own.get(digest) == b"block"


def test_a_block_nobody_has_is_unavailable(own: FolderStore, shared: FolderStore) -> None:
    with pytest.raises(BlockUnavailable):
        Mirror(own, shared).get(bytes(32))
