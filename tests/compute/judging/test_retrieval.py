"""What is fetched of a model, and by whom it is held then."""

from pathlib import Path

from compute.judging.retrieval import load_specification
from compute.models import ModelSpecification
from compute.node.mirror import Mirror
from compute.roles.founder import found
from compute.storage import FolderStore
from tests.integration.stage import SPECIFICATION, examples


def test_a_model_that_is_known_already_is_held_whole_by_whoever_loads_it(tmp_path: Path) -> None:
    """So that it outlives its founder's store: keepers serve what they hold."""
    shared = FolderStore(tmp_path / "shared")
    model = found(SPECIFICATION, examples(8), shared).model_hash
    for name in ("alice", "bob"):
        own = FolderStore(tmp_path / name)
        assert load_specification(Mirror(own, shared), model) == SPECIFICATION
        assert all(own.has(block) for block in ModelSpecification.read_names(model, shared.get))
