"""Founding a group, and a private store over a shared one."""

from pathlib import Path

import numpy as np
import pytest

from compute.models import MLP, InputColumn, ModelError, ModelSpecification, Parent
from compute.roles.founding import found, found_fork
from compute.roles.retrieval import Mirror, load_incumbent, load_specification
from compute.storage import BlockUnavailable, FolderStore, pinned, pins_of
from compute.training_set import replay

SPECIFICATION = ModelSpecification(MLP((4,), 2), (InputColumn("x", "uint8", (2,), -8),), "y")
COLUMNS = {"x": np.arange(12, dtype=np.uint8).reshape(6, 2), "y": np.array([0, 1] * 3, np.uint8)}


@pytest.fixture
def own(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "own")


@pytest.fixture
def shared(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "shared")


def test_what_is_founded_can_be_read_back(shared: FolderStore) -> None:
    founding = found(SPECIFICATION, COLUMNS, shared)
    assert founding == found(SPECIFICATION, COLUMNS, shared)
    assert pinned(pins_of(shared)) == set(shared.digests()), "the founder's are the only ones"
    assert load_specification(shared, founding.model_hash) == SPECIFICATION
    assert np.array_equal(replay(shared, founding.genesis_tip, []).columns["x"], COLUMNS["x"])
    start = load_incumbent(shared, SPECIFICATION, founding.genesis_checkpoint)
    assert all(np.array_equal(start[k], v) for k, v in SPECIFICATION.initial_parameters().items())


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"y": COLUMNS["y"]}, "'x', which is not there"),
        ({"x": COLUMNS["x"]}, "target 'y' is not there"),
        ({**COLUMNS, "x": COLUMNS["x"].astype(np.int16)}, "as uint8"),
        ({**COLUMNS, "x": COLUMNS["x"][:, :1]}, r"the data has uint8 \[1\]"),
        ({**COLUMNS, "y": COLUMNS["y"] + np.uint8(1)}, "not one of the 2 classes"),
    ],
)
def test_data_that_the_model_cannot_read_is_refused(
    columns: dict[str, np.ndarray], sentence: str, shared: FolderStore
) -> None:
    with pytest.raises(ModelError, match=sentence):
        found(SPECIFICATION, columns, shared)


def test_a_fork_names_its_parent(shared: FolderStore) -> None:
    with pytest.raises(ModelError, match="names its parent"):
        found_fork(SPECIFICATION, shared)
    fork = ModelSpecification(
        MLP((6,), 2), SPECIFICATION.columns, "y", parent=Parent(SPECIFICATION.hash, "widen")
    )
    founding = found(SPECIFICATION, COLUMNS, shared)
    assert load_specification(shared, found_fork(fork, shared)) == fork
    wide = load_incumbent(shared, fork, founding.genesis_checkpoint)
    assert wide["Dense_0/kernel"].shape == (2, 6)


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
