"""What a watcher finds of claims that it cannot compare with its own evaluation."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from compute.dispute.state import NoMove
from compute.node.beliefs import Beliefs, Finding
from compute.roles.watcher import Watcher
from compute.storage import FolderStore


@pytest.fixture
def garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Beliefs, Any]:
    """A group whose genesis delta is no training set, and a claim about its model."""
    store = FolderStore(tmp_path / "store")
    genesis = store.put(b"this is no delta")
    deltas = SimpleNamespace(
        tip_at=lambda when: (0, genesis), tip_of=lambda n: genesis, lineage=lambda n: (genesis, [])
    )
    group: Any = SimpleNamespace(
        deltas=deltas, slot=lambda index: SimpleNamespace(start=7), model_hash=b"\2" * 32
    )
    seat: Any = SimpleNamespace(
        group=group, blocks=store, training_sets=tmp_path / "sets", state=tmp_path
    )
    monkeypatch.setattr("compute.node.beliefs.load_specification", lambda *_: None)
    monkeypatch.setattr(
        "compute.node.beliefs.load_checkpoint", lambda *_: SimpleNamespace(params={})
    )
    return Beliefs(seat), SimpleNamespace(checkpoint_hash=b"\1" * 32, block_index=3, loss=5)


def test_data_that_is_none_is_said_and_not_challenged(garbage: tuple[Beliefs, Any]) -> None:
    beliefs, claim = garbage
    found = beliefs.find(claim, bytes(32), lambda _: None)
    assert found == Finding(found.fault, "it cannot be evaluated here")
    assert "is not a training set" in str(found.fault)


def test_nobody_plays_on_data_that_is_none(garbage: tuple[Beliefs, Any]) -> None:
    """Who was challenged in such a group by somebody else has no move, and no traceback."""
    watcher = Watcher.__new__(Watcher)
    watcher._beliefs, claim = garbage
    watcher._group = SimpleNamespace(voting=SimpleNamespace(candidate=lambda _: claim))  # type: ignore[assignment]
    watcher._disputes = SimpleNamespace(stated_data=lambda _: None)  # type: ignore[assignment]
    with pytest.raises(NoMove, match="is not a training set"):
        watcher._belief(SimpleNamespace(checkpoint_hash=claim.checkpoint_hash))  # type: ignore[arg-type]


@pytest.mark.parametrize(("shown", "version"), [(None, 3), (b"b", 1), (b"a", 0), (b"?", 3)])
def test_only_the_data_that_a_claim_is_of_is_evaluated(
    monkeypatch: pytest.MonkeyPatch, shown: bytes | None, version: int
) -> None:
    """However many versions there are; of data that nobody adopted, the data in force."""
    evaluated: list[int] = []
    roots = (b"a", b"b", b"c", b"c")

    def data(self: Beliefs, version: int) -> Any:
        return SimpleNamespace(root=SimpleNamespace(digest=lambda: roots[version]))

    monkeypatch.setattr(Beliefs, "_version", lambda *_: 3)
    monkeypatch.setattr(Beliefs, "_set", data)
    monkeypatch.setattr(Beliefs, "_published", lambda self, name, n, check: evaluated.append(n))
    claim: Any = SimpleNamespace(checkpoint_hash=bytes(32))
    Beliefs.__new__(Beliefs).belief(claim, lambda _: None, shown)
    assert evaluated == [version]
