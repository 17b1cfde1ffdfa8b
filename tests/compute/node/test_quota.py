"""A quota deletes what nobody may ask for, and nothing else."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compute.node.keeping import Keeping
from compute.node.mirror import Mirror
from compute.storage import FolderStore, pins_of
from compute.storage.pins import Pins

SIZE = 1_000
TWO_HOURS = 7_200


@pytest.fixture
def keeping(tmp_path: Path) -> Callable[[int | None], tuple[Keeping, FolderStore]]:
    """Over a folder with a pinned block, an old one and one that just came."""

    def make(quota: int | None) -> tuple[Keeping, FolderStore]:
        own = FolderStore(tmp_path / "own")
        pinned, old, _ = (own.put(bytes([n]) * SIZE) for n in range(3))
        Pins(pins_of(own), "x", own).pin(pinned, [pinned], why="claim")
        before = time.time() - TWO_HOURS
        for digest in (pinned, old):
            os.utime(own._file(digest), (before, before))
        group: Any = type("G", (), {"chain": type("C", (), {"chain_id": 1}), "voting": None})
        group.voting = type("V", (), {"address": "0x1"})
        shared = FolderStore(tmp_path / "shared")
        return Keeping(group, Mirror(own, shared), "keeper", quota), own

    return make


def test_above_the_quota_only_what_is_asked_for_stays(
    keeping: Callable[..., tuple[Keeping, FolderStore]], caplog: pytest.LogCaptureFixture
) -> None:
    for quota, left in ((None, 3), (3 * SIZE, 3), (2 * SIZE, 2)):
        kept, own = keeping(quota)
        kept._collect()
        assert own.usage().blocks == left, quota
    assert caplog.text == ""
    kept, own = keeping(SIZE)
    kept._collect()
    assert own.usage().blocks == 2 and "larger --quota" in caplog.text
