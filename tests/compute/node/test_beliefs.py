"""What a lie may cost whoever looks at it."""

from types import SimpleNamespace
from typing import Any

import pytest

from compute.node.beliefs import TRIED, Beliefs


def test_a_lie_is_tried_on_a_few_versions_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of hundreds of deltas does not make it outlast its challenge."""
    evaluated: list[int] = []
    evaluation = SimpleNamespace(loss=7, root=bytes(32))
    truth = SimpleNamespace(without=None, evaluation=evaluation, not_refereed=None)

    def published(self: Beliefs, name: bytes, version: int, check: Any) -> Any:
        evaluated.append(version)
        return truth

    monkeypatch.setattr(Beliefs, "belief", lambda *_: truth)
    monkeypatch.setattr(Beliefs, "_older", lambda *_: iter(range(500, 0, -1)))
    monkeypatch.setattr(Beliefs, "_published", published)
    claim: Any = SimpleNamespace(loss=3, checkpoint_hash=bytes(32))
    found = Beliefs.__new__(Beliefs).find(claim, b"\1" * 32, lambda _: None)
    assert (found.fault, found.hindrance) == ("its loss is 7, not 3", None)
    assert evaluated == list(range(500, 500 - TRIED, -1))
