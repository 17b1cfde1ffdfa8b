"""What a founder stores can be read back, and what the model cannot read is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute.judging.retrieval import load_incumbent, load_specification
from compute.models import MLP, InputColumn, ModelError, ModelSpecification, Parent
from compute.roles.founder import Origin, found, found_fork
from compute.storage import FolderStore, pinned, pins_of
from compute.training_set import SchemaError, replay

SPECIFICATION = ModelSpecification(MLP((4,), 2), (InputColumn("x", "uint8", (2,), -8),), "y")
COLUMNS = {"x": np.arange(12, dtype=np.uint8).reshape(6, 2), "y": np.array([0, 1] * 3, np.uint8)}


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


def test_the_target_may_hold_its_classes_for_ever(shared: FolderStore) -> None:
    """A delta of targets outside the classes would make every loss 0."""
    founding = found(SPECIFICATION, COLUMNS, shared)
    first = replay(shared, founding.genesis_tip, [])
    assert {c.name: c.bounds for c in first.schema.columns} == {"x": None, "y": (0, 1)}
    outside = {"x": COLUMNS["x"][:1] + np.uint8(99), "y": np.array([7], np.uint8)}
    with pytest.raises(SchemaError, match="y is not within"):
        first.schema.check(outside)
    given = found(SPECIFICATION, COLUMNS, shared, bounds={"x": (0, 200)})
    columns = replay(shared, given.genesis_tip, []).schema.columns
    assert {c.name: c.bounds for c in columns} == {"x": (0, 200), "y": (0, 1)}


def test_no_target_may_saturate_the_squared_error(shared: FolderStore) -> None:
    model = ModelSpecification(
        MLP((4,), 1), SPECIFICATION.columns, "y", loss="squared_error", target_scale_log2=0
    )
    columns = {"x": COLUMNS["x"], "y": np.arange(6, dtype=np.int32).reshape(6, 1) * 100}
    founding = found(model, columns, shared)
    bounds = {c.name: c.bounds for c in replay(shared, founding.genesis_tip, []).schema.columns}
    assert bounds["y"] == (0, 500)
    found(model, columns, shared, bounds={"y": (-2048, 2048)})
    with pytest.raises(ModelError, match="saturates the squared error"):
        found(model, columns, shared, bounds={"y": (-2049, 0)})


FORK = ModelSpecification(
    MLP((6,), 2), SPECIFICATION.columns, "y", parent=Parent(SPECIFICATION.hash, "widen")
)


def test_a_fork_goes_on_from_its_parent(shared: FolderStore) -> None:
    founding = found(SPECIFICATION, COLUMNS, shared)
    origin = Origin(founding.model_hash, founding.genesis_checkpoint, COLUMNS)
    assert load_specification(shared, found_fork(FORK, origin, shared)) == FORK
    wide = load_incumbent(shared, FORK, founding.genesis_checkpoint)
    assert wide["Dense_0/kernel"].shape == (2, 6)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"parent": None}, "names its parent"),
        ({"parent": Parent(bytes(32), "widen")}, "the group to fork trains"),
        ({"architecture": MLP((3,), 2)}, "widening only grows"),
        ({"architecture": MLP((6,), 3)}, "keeps the inputs and the classes"),
        (
            {"architecture": MLP((6,), 1), "loss": "squared_error", "target_scale_log2": 0},
            "shrinks",
        ),
        ({"columns": (InputColumn("z", "uint8", (2,), -8),)}, "'z', which is not there"),
        ({"columns": (InputColumn("x", "uint8", (2,), 64),)}, "which no network learns from"),
        ({"evaluator": "F99/1"}, "nobody could evaluate 'F99/1'"),
    ],
)
def test_a_fork_that_could_never_work_is_not_founded(
    changed: dict[str, object], sentence: str, shared: FolderStore
) -> None:
    founding = found(SPECIFICATION, COLUMNS, shared)
    origin = Origin(founding.model_hash, founding.genesis_checkpoint, COLUMNS)
    before = set(shared.digests())
    with pytest.raises(ModelError, match=sentence):
        found_fork(replace(FORK, **changed), origin, shared)
    assert set(shared.digests()) == before


def test_too_few_classes_for_the_data_are_not_founded(shared: FolderStore) -> None:
    founding = found(SPECIFICATION, COLUMNS, shared)
    more = {**COLUMNS, "y": COLUMNS["y"] + np.uint8(1)}
    with pytest.raises(ModelError, match="not one of the 2 classes"):
        found_fork(FORK, Origin(founding.model_hash, founding.genesis_checkpoint, more), shared)


def test_what_nobody_can_evaluate_is_not_founded(shared: FolderStore) -> None:
    with pytest.raises(ModelError, match="F99/1"):
        found(replace(SPECIFICATION, evaluator="F99/1"), COLUMNS, shared)
